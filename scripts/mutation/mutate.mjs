// `npm run mutate [-- [FOLDER ...] [--sample N] [--seed S] [--minutes M] [--survivors]]`: changes the code of a folder
// of src/ in small ways, one at a time, and counts how many of these mutants the tests near it notice (StrykerJS).
// Whole folders take hours, so a seeded random sample can be drawn; the score comes with its Wilson 95 % interval.
// No part of `npm test`. A stop (Ctrl+C, --minutes) keeps what was measured: mutants are judged in random order.
// Scores of whole folders and samples go to results/mutation.json, what survived to out/mutation/FOLDER.jsonl.
// `--survivors` judges those again, for the time after a test was written: it prints, and records nothing.
// Mutants that change nothing that can be seen are listed in equivalent.json, each with the reason, and left out.
import { spawn, spawnSync } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { FOLDERS } from './folders.mjs';

const LEAST_SCORE = 85;
const SCORES = 'results/mutation.json';
const OUT = join('out', 'mutation');
const USAGE = 'Usage: npm run mutate -- [FOLDER ...] [--sample N] [--seed S] [--minutes M] [--survivors]';

const here = dirname(fileURLToPath(import.meta.url));
process.chdir(resolve(here, '..', '..'));
// Beside the checkout, as for `npm test`: mutants run on a copy of the sources. Without them their tests are skipped.
const RECORDINGS = resolve('..', 'shared', 'recordings');
process.exitCode = await main();

async function main() {
  let wish;
  try {
    wish = readWish(process.argv.slice(2));
  } catch (error) {
    process.stderr.write(`${error.message}\n${USAGE}\n`);
    return 2;
  }
  if (!install()) return 1;
  mkdirSync(OUT, { recursive: true });
  let worst = 0;
  for (const target of wish.targets) worst = Math.max(worst, await mutate(target, wish));
  return worst;
}

function readWish(given) {
  const options = {
    sample: { type: 'string' },
    seed: { type: 'string', default: '1' },
    minutes: { type: 'string' },
    survivors: { type: 'boolean' },
  };
  const { values, positionals } = parseArgs({ args: given, options, allowPositionals: true });
  const unknown = positionals.filter((target) => folderOf(target) === undefined);
  if (unknown.length > 0) {
    const known = Object.keys(FOLDERS).join(', ');
    throw new Error(`No such folder: ${unknown.join(', ')}; expected ${known}, or a file in one.`);
  }
  return {
    targets: positionals.length > 0 ? positionals : Object.keys(FOLDERS),
    sample: positive('sample', values.sample),
    minutes: positive('minutes', values.minutes),
    seed: values.seed,
    survivors: values.survivors === true,
  };
}

function positive(name, text) {
  if (text === undefined) return null;
  const value = Number(text);
  const isRight = value > 0 && (name !== 'sample' || Number.isInteger(value));
  if (!isRight) throw new Error(`--${name} ${text}: expected a number above 0`);
  return value;
}

function folderOf(target) {
  const holds = (folder) => target === folder || (target.startsWith(`${folder}/`) && existsSync(join('src', target)));
  return Object.keys(FOLDERS).find(holds);
}

/** From a lockfile of its own: StrykerJS brings more packages than half of all others together. */
function install() {
  if (existsSync(join(here, 'node_modules', '@stryker-mutator', 'vitest-runner', 'package.json'))) return true;
  process.stderr.write('mutate: installing StrykerJS from scripts/mutation/package-lock.json (once)\n');
  const isWindows = process.platform === 'win32';
  const options = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  const settings = { cwd: here, stdio: ['ignore', 2, 2], shell: isWindows };
  const { status } = spawnSync(isWindows ? 'npm.cmd' : 'npm', options, settings);
  return status === 0;
}

/** `target`: a folder, or a file in one such as `kernel/random.ts`; a file's score is printed and not recorded. */
async function mutate(target, wish) {
  const folder = folderOf(target);
  const name = target.replaceAll('/', '-');
  const ledger = join(OUT, `${name}.jsonl`);
  const drawn = join(OUT, `${name}.drawn.json`);
  const before = wish.survivors ? read(ledger).filter(isUnnoticed) : [];
  const only = wish.survivors ? before.map(({ place }) => place) : null;
  if (only?.length === 0) return say(target, 'nothing survived the last run, or there was none');
  for (const file of [ledger, drawn]) rmSync(file, { force: true });
  const settings = {
    // What users write is read by test/input, on whole scenarios.
    mutate: [target === folder ? `src/${folder}/**/*.ts` : `src/${target}`, '!src/**/*.d.ts', '!src/**/settings.ts'],
    testRunner: 'vitest',
    vitest: { configFile: 'scripts/mutation/vitest-config.mjs', related: false },
    plugins: ['@stryker-mutator/vitest-runner', join(here, 'sample.mjs')],
    checkers: ['sample'],
    ignorers: ['assertions'],
    coverageAnalysis: 'perTest',
    // What runs once when a module is loaded (tables, constants) would need a new process a mutant.
    ignoreStatic: true,
    // Texts of messages are compared where they matter; the rest would only freeze their wording.
    mutator: { excludedMutations: ['StringLiteral'] },
    concurrency: 1,
    reporters: ['progress-append-only', 'ledger'],
    tempDirName: join(OUT, 'sandbox'),
    ignorePatterns: ['out', 'dist', 'coverage', '.git', 'scripts/mutation/node_modules'],
    disableTypeChecks: false,
    warnings: { unknownOptions: false },
    podyard: { seed: wish.seed, sample: wish.sample, only, drawn: resolve(drawn), ledger: resolve(ledger) },
  };
  const config = join(OUT, `${name}.stryker.json`);
  writeFileSync(config, `${JSON.stringify(settings, null, 2)}\n`);
  const ended = await runStryker(config, FOLDERS[folder], wish.minutes);
  const judged = read(ledger);
  keepOpen(ledger, before, judged);
  if (!existsSync(drawn)) return ended === 0 ? 1 : ended;
  const found = JSON.parse(readFileSync(drawn, 'utf8'));
  if (only !== null && found.population < only.length)
    say(target, `${only.length - found.population} of ${only.length} survivors are no longer found: their lines moved`);
  return tell({ target, folder, wish, ledger: judged, drawn: found, ended });
}

/** A stop leaves some survivors unjudged: they stay on record for the next time. */
function keepOpen(ledger, before, judged) {
  const done = new Set(judged.map(({ place }) => place));
  for (const mutant of before) if (!done.has(mutant.place)) appendFileSync(ledger, `${JSON.stringify(mutant)}\n`);
}

/** Resolves to the exit code, or to null when it was stopped. It leads a group, so that its workers end with it. */
function runStryker(config, tests, minutes) {
  return new Promise((settle) => {
    const script = join(here, 'node_modules', '@stryker-mutator', 'core', 'bin', 'stryker.js');
    const child = spawn(process.execPath, [script, 'run', config], {
      stdio: ['ignore', 'inherit', 'inherit'],
      detached: process.platform !== 'win32',
      // A sixth of the decisions that `npm test` compares between the fast paths and the plain scan: seconds a mutant.
      env: {
        PODYARD_DECISIONS: '2000',
        ...process.env,
        PODYARD_MUTATION_TESTS: JSON.stringify(tests),
        PODYARD_RECORDINGS: RECORDINGS,
      },
    });
    const stop = () => {
      if (process.platform === 'win32') child.kill();
      else process.kill(-child.pid, 'SIGTERM');
    };
    const timer = minutes === null ? null : setTimeout(stop, minutes * 60_000);
    process.on('SIGINT', stop);
    process.on('SIGTERM', stop);
    child.on('exit', (code, signal) => {
      if (timer !== null) clearTimeout(timer);
      process.off('SIGINT', stop);
      process.off('SIGTERM', stop);
      settle(signal === null && code !== 130 && code !== 143 ? (code ?? 1) : null);
    });
  });
}

function tell({ target, folder, wish, ledger, drawn, ended }) {
  const equivalents = JSON.parse(readFileSync(join(here, 'equivalent.json'), 'utf8'));
  const survived = ledger.filter(isUnnoticed);
  const open = survived.filter((mutant) => !equivalents.some((known) => isSame(known, mutant)));
  for (const mutant of open) process.stdout.write(`${describe(mutant)}\n`);
  // A mutant that breaks the runner itself is neither noticed nor unnoticed.
  const noticed = ledger.filter(({ status }) => status === 'Killed' || status === 'Timeout').length;
  const [judged, equivalent] = [noticed + open.length, survived.length - open.length];
  const [low, high] = wilson(noticed, judged);
  const score = percent(noticed / Math.max(1, judged));
  const notes = [
    `of ${drawn.population} in all`,
    ...(equivalent > 0 ? [`${equivalent} more are equivalent`] : []),
    ...(ledger.length < drawn.sampled ? [`stopped before the ${drawn.sampled} drawn`] : []),
  ];
  const interval = `95 % interval ${low} to ${high}`;
  say(target, `${noticed} of ${judged} mutants were noticed (${notes.join('; ')}): ${score} % (${interval})`);
  const isOfFolder = target === folder && !wish.survivors && judged > 0;
  const { population } = drawn;
  const { seed } = wish;
  if (isOfFolder)
    record(folder, { population, judged, noticed, equivalent, score, interval: [low, high], seed, commit: commit() });
  if (ended !== 0 && ended !== null) return ended;
  if (score < LEAST_SCORE) say(target, `expected at least ${LEAST_SCORE} %`);
  return score < LEAST_SCORE ? 1 : 0;
}

function describe({ fileName, location: { start }, mutatorName, replacement, status }) {
  const place = `${below(fileName)}:${start.line}:${start.column}`;
  const how = status === 'NoCoverage' ? `${mutatorName} (not reached)` : mutatorName;
  return `${place}  ${how}  ${replacement.split('\n')[0].slice(0, 80)}`;
}

/** By what stands in the line, not by its number: code above it moves. */
function isSame({ file, code, mutant }, { fileName, location: { start }, replacement }) {
  if (file !== below(fileName) || mutant !== replacement) return false;
  const line = readFileSync(file, 'utf8').split('\n')[start.line - 1] ?? '';
  return line.slice(start.column - 1).startsWith(code);
}

function below(fileName) {
  return fileName.replaceAll('\\', '/').replace(/^.*?(?=src\/)/, '');
}

function isUnnoticed({ status }) {
  return status === 'Survived' || status === 'NoCoverage';
}

/** Wilson's 95 % interval of a share, in per cent (Wilson 1927). */
function wilson(hits, all) {
  if (all === 0) return [0, 100];
  const z = 1.959964;
  const [share, square] = [hits / all, (z * z) / all];
  const middle = (share + square / 2) / (1 + square);
  const half = (z * Math.sqrt((share * (1 - share)) / all + square / (4 * all))) / (1 + square);
  return [percent(middle - half), percent(middle + half)];
}

function percent(share) {
  return Math.round(1000 * share) / 10;
}

/** The commit that was judged; `+` where files differed from it. */
function commit() {
  const git = (...words) => spawnSync('git', words, { encoding: 'utf8' }).stdout?.trim() ?? '';
  return git('rev-parse', '--short', 'HEAD') + (git('status', '--porcelain', '--', 'src', 'test') === '' ? '' : '+');
}

function record(folder, result) {
  const scores = existsSync(SCORES) ? JSON.parse(readFileSync(SCORES, 'utf8')) : { schemaVersion: 1, folders: {} };
  const all = Object.entries({ ...scores.folders, [folder]: result });
  scores.folders = Object.fromEntries(all.sort(([a], [b]) => (a < b ? -1 : 1)));
  writeFileSync(SCORES, `${JSON.stringify(scores, null, 2)}\n`);
}

function read(ledger) {
  if (!existsSync(ledger)) return [];
  return readFileSync(ledger, 'utf8').split('\n').filter((line) => line !== '').map((line) => JSON.parse(line));
}

function say(target, sentence) {
  process.stdout.write(`${target}: ${sentence}\n`);
  return 0;
}
