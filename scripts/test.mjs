// `npm test`: types, lint and all tests at once; says in words what failed and what was skipped, and ends standard
// output with `N passed, N failed`. Types and lint count as one check each. Arguments go to vitest
// (`npm test -- test/kernel -t "cancel"`); then only the tests they name run. `--coverage` adds line coverage by folder
// and fails when a domain folder is under 90 %. `--only-tests` leaves types and lint out.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
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
  const own = ['--coverage', '--only-tests'];
  const withCoverage = process.argv.includes('--coverage');
  const rest = process.argv.slice(2).filter((argument) => !own.includes(argument));
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

/** One after the other on one core, while vitest has the other; what they print is kept until they end. */
async function staticChecks(checks) {
  checks.push(await runCheck('types', [join(modules, 'typescript', 'lib', 'tsc.js'), '-p', 'tsconfig.json', '--noEmit', '--pretty', 'false']));
  checks.push(await runCheck('lint', [join(modules, 'eslint', 'bin', 'eslint.js'), '.', '--max-warnings', '0']));
}

async function runCheck(name, options) {
  const started = Date.now();
  const { code, output } = await run(options, 'pipe', {});
  const seconds = ((Date.now() - started) / 1000).toFixed(1);
  if (code !== 0) process.stdout.write(`\n${name}:\n${output.trimEnd()}\n\n`);
  say(`${name} ${code === 0 ? 'passed' : 'FAILED'} (${seconds} s)`);
  return { name, passed: code === 0, message: inWords(output) };
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

function run(options, output, extraEnvironment) {
  return new Promise((done) => {
    const stdio = output === 'inherit' ? 'inherit' : ['ignore', 'pipe', 'pipe'];
    const child = spawn(process.execPath, options, { cwd: root, stdio, env: { ...process.env, ...extraEnvironment } });
    children.add(child);
    const parts = [];
    child.stdout?.on('data', (part) => parts.push(part));
    child.stderr?.on('data', (part) => parts.push(part));
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
