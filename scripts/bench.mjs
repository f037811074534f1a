// `npm run bench [-- --smoke] [-- --write] [name ...]`: runs the benchmarks of bench/micro and bench/macro, one process
// each, prints each row's digest before its figure, and compares with results/<bench>.json. Digests or counts that differ
// from the recorded ones are a failure: times of different work are not compared; `--write` records the new ones.
// Results are written for the full size only, and the figures in README and docs follow them (a smoke size with
// `--write` goes to results/<bench>.smoke.json).
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const compiled = join(root, 'node_modules', '.cache', 'podyard-bench');
const RUN_ONE = '--run-one';
/** Results written for the full size: README and docs take their figures from them. */
let written = 0;

process.chdir(root);
const options = process.argv.slice(2);
if (options[0] === RUN_ONE) await runOne(options[1], options[2]);
else process.exitCode = main();

function main() {
  const size = options.includes('--smoke') ? 'smoke' : 'full';
  const write = options.includes('--write');
  const unknown = options.filter((option) => option.startsWith('-') && !['--smoke', '--write'].includes(option));
  if (unknown.length > 0) return complain(2, `Unknown option ${unknown.join(' ')}. Usage: npm run bench [-- [--smoke] [--write] [name ...]]`);
  const names = options.filter((option) => !option.startsWith('-'));
  const all = benches();
  const missing = names.filter((name) => !all.some((bench) => bench.name === name));
  if (missing.length > 0) return complain(2, `No benchmark is named ${missing.join(' or ')}; there are: ${all.map(({ name }) => name).join(', ')}.`);
  if (all.length === 0) return complain(2, 'There is no benchmark in bench/micro or bench/macro.');
  if (!compile()) return complain(1, 'The benchmarks could not be compiled.');
  let failures = 0;
  for (const bench of all.filter(({ name }) => names.length === 0 || names.includes(name))) {
    if (!measure(bench, size, write)) failures++;
  }
  if (written > 0 && spawnSync(process.execPath, [join(root, 'scripts', 'figures.mjs')], { stdio: ['ignore', 2, 2] }).status !== 0) failures++;
  return failures === 0 ? 0 : 1;
}

function benches() {
  const found = ['micro', 'macro'].flatMap((folder) => {
    const path = join(root, 'bench', folder);
    if (!existsSync(path)) return [];
    const files = readdirSync(path).filter((file) => file.endsWith('.ts')).sort();
    return files.map((file) => ({ name: basename(file, '.ts'), file: `bench/${folder}/${file}` }));
  });
  const names = found.map(({ name }) => name);
  if (new Set(names).size !== names.length) throw new Error(`two benchmarks have one name: ${names.join(', ')}`);
  return found;
}

/** To plain modules, as users run them: a loader that rewrites imports would be measured along with the code. */
function compile() {
  mkdirSync(compiled, { recursive: true });
  // The compiled command line tells its version from here.
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  writeFileSync(join(compiled, 'package.json'), `${JSON.stringify({ type: 'module', version })}\n`);
  const settings = {
    extends: '../../../tsconfig.json',
    compilerOptions: { noEmit: false, noCheck: true, rootDir: '../../..', outDir: '.', types: ['node'], typeRoots: ['../../@types'] },
    include: ['../../../bench', '../../../src/cli/main.ts'],
    exclude: [],
  };
  writeFileSync(join(compiled, 'tsconfig.json'), JSON.stringify(settings));
  for (const folder of ['src', 'bench']) rmSync(join(compiled, folder), { recursive: true, force: true });
  const compiler = join(root, 'node_modules', 'typescript', 'lib', 'tsc.js');
  return spawnSync(process.execPath, [compiler, '-p', compiled], { stdio: ['ignore', 2, 2] }).status === 0;
}

/** In a process of its own: one benchmark's heap and compiled code must not colour the next one's figures. */
function measure(bench, size, write) {
  process.stdout.write(`\n${bench.name} (${size})\n`);
  const output = join(compiled, `${bench.name}.${process.pid}.json`);
  const self = fileURLToPath(import.meta.url);
  const child = spawnSync(process.execPath, ['--expose-gc', self, RUN_ONE, join(compiled, bench.file.replace(/\.ts$/, '.js')), size], {
    stdio: ['ignore', 2, 2],
    env: { ...process.env, PODYARD_BENCH_OUTPUT: output },
  });
  if (child.status !== 0) return complain(false, `  failed: it ended with ${child.signal ?? `exit code ${child.status}`}`);
  const rows = JSON.parse(readFileSync(output, 'utf8'));
  rmSync(output);
  const file = join(root, 'results', size === 'full' ? `${bench.name}.json` : `${bench.name}.smoke.json`);
  const recorded = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : null;
  const differences = printRows(rows, recorded);
  if (differences.length > 0) {
    process.stdout.write(`  not the recorded work: ${differences.join('; ')}\n  times are not compared${write ? '; recorded anew' : ' and nothing is recorded (--write records anew)'}\n`);
  }
  if (write || (size === 'full' && differences.length === 0)) record(file, bench, size, rows);
  return differences.length === 0 || write;
}

/** Prints digest, counts, figure; returns what differs from the recorded work, in words. */
function printRows(rows, recorded) {
  const differences = [];
  for (const row of rows) {
    const before = recorded?.rows.find(({ name }) => name === row.name);
    const found = before === undefined ? [] : differencesOf(before, row);
    differences.push(...found);
    const counts = Object.entries(row.counts).map(([name, count]) => ` ${name}=${count}`).join('');
    const change = before === undefined || found.length > 0 ? '' : `  (recorded ${figure(before.value)}, ${percent(row.value / before.value - 1)})`;
    process.stdout.write(`  ${row.digest}  ${row.name}${counts}  ${figure(row.value)} ${row.unit}${change}\n`);
  }
  for (const { name } of recorded?.rows ?? []) if (!rows.some((row) => row.name === name)) differences.push(`"${name}" is gone`);
  return differences;
}

function differencesOf(before, row) {
  const differences = [];
  if (before.digest !== row.digest) differences.push(`"${row.name}" has digest ${row.digest}, recorded ${before.digest}`);
  if (before.unit !== row.unit) differences.push(`"${row.name}" is in ${row.unit}, recorded in ${before.unit}`);
  for (const key of new Set([...Object.keys(before.counts), ...Object.keys(row.counts)])) {
    if (before.counts[key] !== row.counts[key]) differences.push(`"${row.name}" has ${key}=${row.counts[key]}, recorded ${before.counts[key]}`);
  }
  return differences;
}

/** Machine facts stand apart from the rows: they belong to the figures, not to the work. */
function record(file, bench, size, rows) {
  const machine = { cpu: cpus()[0]?.model ?? 'unknown', cores: cpus().length, memoryBytes: totalmem(), node: process.version, v8: process.versions.v8, platform: `${process.platform}-${process.arch}` };
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(`${file}.tmp`, `${JSON.stringify({ schemaVersion: 1, bench: bench.name, size, rows, machine }, null, 2)}\n`);
  renameSync(`${file}.tmp`, file);
  if (size === 'full') written++;
  process.stdout.write(`  written to results/${basename(file)}\n`);
}

async function runOne(file, size) {
  const bench = await import(pathToFileURL(file).href);
  if (typeof bench.run !== 'function') throw new Error(`${file} exports no function run(size)`);
  writeFileSync(process.env.PODYARD_BENCH_OUTPUT, JSON.stringify(await bench.run(size)));
}

function figure(value) {
  return Number(value.toPrecision(4)).toString();
}

function percent(share) {
  return `${share >= 0 ? '+' : ''}${(100 * share).toFixed(1)} %`;
}

function complain(result, sentence) {
  process.stderr.write(`${sentence}\n`);
  return result;
}
