// `npm run mutate [FOLDER...]`: changes the code of a folder of src in small ways, one at a time, and counts how many
// of these mutants the folder's tests notice (StrykerJS). Without a folder: all of those below. Takes minutes for the
// kernel and hours for the scheduler, so it is no part of `npm test`. Scores go to results/mutation.json; what survived
// is listed with its place in out/mutation/FOLDER.json.
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';

/** Which tests judge a folder: those of its own, so that a mutant is judged in seconds. */
const TESTS = {
  kernel: ['test/laws/kernel-*.test.ts', 'test/laws/queueing-kernel.test.ts'],
  cluster: ['test/cluster/**/*.test.ts', 'test/scheduler/**/*.test.ts'],
  metrics: ['test/metrics/**/*.test.ts', 'test/scenarios/why-pods-wait.test.ts'],
  autoscaling: ['test/autoscaling/**/*.test.ts'],
  scheduler: ['test/scheduler/**/*.test.ts', 'test/plugins/**/*.test.ts'],
};
const LEAST_SCORE = 85;
const SCORES = 'results/mutation.json';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
process.chdir(root);
process.exitCode = await main(process.argv.slice(2));

async function main(folders) {
  const unknown = folders.filter((folder) => !Object.hasOwn(TESTS, folder.split('/')[0]));
  if (unknown.length > 0) {
    process.stderr.write(`no such folder: ${unknown.join(', ')}; expected ${Object.keys(TESTS).join(', ')}, or a file below one\n`);
    return 2;
  }
  let worst = 0;
  for (const folder of folders.length > 0 ? folders : Object.keys(TESTS)) worst = Math.max(worst, await mutate(folder));
  return worst;
}

/** `target`: a folder, or a file below it such as `kernel/random.ts`; a file's score is printed and not recorded. */
async function mutate(target) {
  const [folder, file] = [target.split('/')[0], target.includes('/') ? target : null];
  const workplace = join('out', 'mutation');
  mkdirSync(workplace, { recursive: true });
  const report = join(workplace, `${target.replaceAll('/', '-')}.json`);
  const config = join(workplace, `${folder}.stryker.json`);
  const settings = {
    mutate: [file === null ? `src/${folder}/**/*.ts` : `src/${file}`, '!src/**/*.d.ts'],
    testRunner: 'vitest',
    vitest: { configFile: 'scripts/mutation.vitest.config.mjs', related: false },
    plugins: ['@stryker-mutator/vitest-runner'],
    coverageAnalysis: 'perTest',
    ignoreStatic: true,
    // Texts of messages are compared where they matter; the rest would only freeze their wording.
    mutator: { excludedMutations: ['StringLiteral'] },
    concurrency: Math.max(1, availableParallelism() - 1),
    reporters: ['progress-append-only', 'json'],
    jsonReporter: { fileName: report },
    tempDirName: join(workplace, 'sandbox'),
    ignorePatterns: ['out', 'dist', 'coverage', '.git'],
    allowEmpty: false,
    disableTypeChecks: false,
  };
  writeFileSync(config, JSON.stringify(settings, null, 2));
  rmSync(report, { force: true });
  const code = await run('node', [join('node_modules', '@stryker-mutator', 'core', 'bin', 'stryker.js'), 'run', config], {
    PODYARD_MUTATION_TESTS: JSON.stringify(TESTS[folder]),
  });
  if (code !== 0) return code;
  return tell(target, file === null, JSON.parse(readFileSync(report, 'utf8')));
}

function tell(target, isWhole, { files }) {
  const mutants = Object.entries(files).flatMap(([path, { mutants: all }]) => all.map((mutant) => ({ path, ...mutant })));
  const count = (...statuses) => mutants.filter(({ status }) => statuses.includes(status)).length;
  const [killed, survived] = [count('Killed', 'Timeout'), count('Survived', 'NoCoverage')];
  const score = Math.round((1000 * killed) / Math.max(1, killed + survived)) / 10;
  for (const { path, location, mutatorName, replacement = '' } of mutants.filter(({ status }) => status === 'Survived' || status === 'NoCoverage'))
    process.stdout.write(`${path}:${location.start.line}:${location.start.column}  ${mutatorName}  ${replacement.split('\n')[0].slice(0, 80)}\n`);
  process.stdout.write(`${target}: ${killed} of ${killed + survived} mutants were noticed: ${score} %, expected at least ${LEAST_SCORE} %\n`);
  if (isWhole) record(target, { mutants: killed + survived, noticed: killed, score });
  return score < LEAST_SCORE ? 1 : 0;
}

function record(folder, result) {
  let scores = {};
  try {
    scores = JSON.parse(readFileSync(SCORES, 'utf8'));
  } catch {
    // The first record.
  }
  scores[folder] = result;
  const sorted = Object.fromEntries(Object.entries(scores).sort(([a], [b]) => (a < b ? -1 : 1)));
  writeFileSync(SCORES, `${JSON.stringify(sorted, null, 2)}\n`);
}

function run(command, options, environment) {
  return new Promise((settle) => {
    const child = spawn(command, options, { stdio: 'inherit', env: { ...process.env, ...environment } });
    child.on('exit', (code, signal) => settle(signal === null ? (code ?? 1) : 1));
  });
}
