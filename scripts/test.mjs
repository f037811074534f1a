// `npm test`: types, lint and all tests at once; says in words what failed and what was skipped, and ends standard
// output with `N passed, N failed`. Types and lint count as one check each. Arguments go to vitest
// (`npm test -- test/kernel -t "cancel"`); then only the tests they name run. `--coverage` adds line coverage by folder
// and fails when a domain folder is under 90 %. `--only-tests` leaves types and lint out. `--thorough` runs the files
// that have a thorough part (test/support/thorough.ts) with it, and nothing else.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const DOMAIN_FOLDERS = ['kernel', 'cluster', 'scheduler', 'controllers', 'node', 'storage', 'failures', 'autoscaling', 'workload', 'metrics'];
const LEAST_COVERAGE = 90;

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const modules = join(root, 'node_modules');
const children = new Set();

process.on('SIGINT', () => stop(130));
process.on('SIGTERM', () => stop(143));
await main();

async function main() {
  const own = ['--coverage', '--only-tests', '--thorough'];
  const withCoverage = process.argv.includes('--coverage');
  const rest = process.argv.slice(2).filter((argument) => !own.includes(argument));
  if (process.argv.includes('--thorough')) {
    process.env.PODYARD_THOROUGH = '1';
    if (rest.length === 0) rest.push(...filesWithThoroughPart());
  }
  const everything = rest.length === 0;
  const temporary = mkdtempSync(join(tmpdir(), 'podyard-test-'));
  const checks = [];
  try {
    const withChecks = everything && !process.argv.includes('--only-tests');
    const lane = withChecks ? staticChecks(checks) : Promise.resolve();
    if (!withChecks && !everything) say('types and lint are left out: only the named tests run');
    const summary = await runVitest(rest, withCoverage, join(temporary, 'summary.json'));
    await lane;
    if (withCoverage) checks.push(coverageCheck(everything));
    process.exitCode = report(checks, summary);
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

function filesWithThoroughPart() {
  const files = readdirSync(join(root, 'test'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.test.ts'))
    .map((file) => join('test', file));
  return files.filter((file) => readFileSync(join(root, file), 'utf8').includes("/support/thorough.ts'"));
}

/** One process, which asks the compiler once, on one core, while vitest has the other. */
async function staticChecks(checks) {
  let started = Date.now();
  const told = [];
  const { code, output } = await run([join(root, 'scripts', 'static-checks.mjs')], 'pipe', {}, (check) => {
    const seconds = ((Date.now() - started) / 1000).toFixed(1);
    started = Date.now();
    told.push(check.name);
    if (!check.passed) process.stdout.write(`\n${check.name}:\n${check.output.trimEnd()}\n\n`);
    say(`${check.name} ${check.passed ? 'passed' : 'FAILED'} (${seconds} s)`);
    checks.push({ name: check.name, passed: check.passed, message: inWords(check.output) });
  });
  for (const name of ['types', 'lint'].filter((check) => !told.includes(check))) {
    const message = `not checked: the checks ended with exit code ${code}`;
    process.stdout.write(`\n${name}: ${message}\n${output.trimEnd()}\n\n`);
    checks.push({ name, passed: false, message });
  }
}

async function runVitest(rest, withCoverage, summaryFile) {
  const options = [
    join(modules, 'vitest', 'vitest.mjs'),
    'run',
    '--reporter=default',
    `--reporter=${join(root, 'scripts', 'vitest-summary-reporter.mjs')}`,
    ...(withCoverage ? ['--coverage.enabled', '--coverage.reporter=json-summary', '--coverage.reportOnFailure'] : []),
    ...rest,
  ];
  const { code } = await run(options, 'inherit', { PODYARD_TEST_SUMMARY: summaryFile });
  let summary;
  try {
    summary = JSON.parse(readFileSync(summaryFile, 'utf8'));
  } catch {
    return { passed: 0, failures: [{ name: 'vitest', message: `it ended with exit code ${code} and no summary` }], skipped: [] };
  }
  if (code !== 0 && summary.failures.length === 0) {
    const message = summary.passed + summary.skipped.length === 0 ? 'no test ran' : `it ended with exit code ${code} though no test failed`;
    summary.failures.push({ name: 'vitest', message });
  }
  return summary;
}

function run(options, output, extraEnvironment, onMessage = null) {
  return new Promise((done) => {
    const stdio = output === 'inherit' ? 'inherit' : ['ignore', 'pipe', 'pipe', ...(onMessage === null ? [] : ['ipc'])];
    const child = spawn(process.execPath, options, { cwd: root, stdio, env: { ...process.env, ...extraEnvironment } });
    children.add(child);
    const parts = [];
    child.stdout?.on('data', (part) => parts.push(part));
    child.stderr?.on('data', (part) => parts.push(part));
    if (onMessage !== null) child.on('message', onMessage);
    child.on('error', (error) => parts.push(Buffer.from(error.message)));
    child.on('close', (code) => {
      children.delete(child);
      done({ code: code ?? 1, output: Buffer.concat(parts).toString('utf8') });
    });
  });
}

// --------------------------------------------------------------------------------------------------------- coverage

function coverageCheck(everything) {
  let files;
  try {
    files = JSON.parse(readFileSync(join(root, 'coverage', 'coverage-summary.json'), 'utf8'));
  } catch {
    return { name: 'coverage', passed: false, message: 'no coverage was written' };
  }
  const folders = new Map();
  for (const [path, figures] of Object.entries(files)) {
    if (path === 'total') continue;
    const folder = relative(join(root, 'src'), path).split(sep)[0];
    const sum = folders.get(folder) ?? { covered: 0, total: 0 };
    sum.covered += figures.lines.covered;
    sum.total += figures.lines.total;
    folders.set(folder, sum);
  }
  process.stdout.write('\nLine coverage by folder:\n');
  const low = [];
  for (const [folder, { covered, total }] of [...folders].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const percent = total === 0 ? 100 : (100 * covered) / total;
    const demanded = DOMAIN_FOLDERS.includes(folder);
    if (demanded && percent < LEAST_COVERAGE) low.push(`src/${folder} ${percent.toFixed(1)} %`);
    process.stdout.write(`  ${`src/${folder}`.padEnd(20)} ${percent.toFixed(1).padStart(5)} %  ${covered} of ${total}${demanded ? '' : '  (not gated)'}\n`);
  }
  if (!everything) return { name: 'coverage', passed: true, message: 'not gated: only some tests ran' };
  return { name: 'coverage', passed: low.length === 0, message: `under ${LEAST_COVERAGE} % of lines: ${low.join(', ')}` };
}

// ----------------------------------------------------------------------------------------------------------- report

function report(checks, summary) {
  const failures = [...checks.filter((check) => !check.passed), ...summary.failures];
  const passed = checks.filter((check) => check.passed).length + summary.passed;
  const lines = [''];
  if (summary.skipped.length > 0) {
    lines.push(`${summary.skipped.length} skipped:`);
    for (const { name, reason } of summary.skipped) lines.push(`  ${name}${reason === '' ? '' : `: ${reason}`}`);
  }
  if (failures.length > 0) {
    lines.push('Failed:');
    for (const { name, message } of failures) lines.push(`  ${name}: ${message}`);
  }
  const ran = summary.passed + summary.failures.length > 0;
  if (!ran) lines.push('No test ran: that counts as a failure.');
  const failed = failures.length + (ran ? 0 : 1);
  lines.push(`${passed} passed, ${failed} failed`);
  process.stdout.write(`${lines.join('\n')}\n`);
  return failed === 0 ? 0 : 1;
}

/** ESLint's own sum, or the number of the compiler's errors, or whatever came last. */
function inWords(output) {
  const lines = output.trimEnd().split('\n');
  const errors = lines.filter((line) => /: error TS\d+:/.test(line)).length;
  return lines.find((line) => line.startsWith('✖')) ?? (errors > 0 ? `${errors} type errors` : (lines.at(-1) ?? ''));
}

function say(sentence) {
  process.stdout.write(`test: ${sentence}\n`);
}

function stop(code) {
  for (const child of children) child.kill('SIGTERM');
  process.exit(code);
}
