// A vitest reporter that writes what `scripts/test.mjs` needs as JSON to the file named in PODYARD_TEST_SUMMARY:
// counts, failures in words, and skipped tests with the reason their `ctx.skip('...')` gave.
import { writeFileSync } from 'node:fs';
import { relative } from 'node:path';

export default class SummaryReporter {
  onTestRunEnd(testModules, unhandledErrors) {
    const summary = { passed: 0, failures: [], skipped: [] };
    for (const module of testModules) addModule(summary, module);
    for (const error of unhandledErrors) summary.failures.push({ name: 'outside any test', message: firstLines(error) });
    const file = process.env.PODYARD_TEST_SUMMARY;
    if (file !== undefined) writeFileSync(file, JSON.stringify(summary));
  }
}

function addModule(summary, module) {
  const file = relative(process.cwd(), module.moduleId);
  const before = summary.failures.length;
  for (const test of module.children.allTests()) {
    const result = test.result();
    const name = `${file} > ${test.fullName}`;
    if (result.state === 'passed') summary.passed++;
    else if (result.state === 'failed') summary.failures.push({ name, message: firstLines(result.errors[0]) });
    else summary.skipped.push({ name, reason: result.note ?? '' });
  }
  for (const suite of module.children.allSuites()) {
    for (const error of suite.errors()) summary.failures.push({ name: `${file} > ${suite.fullName}`, message: firstLines(error) });
  }
  for (const error of module.errors()) summary.failures.push({ name: file, message: firstLines(error) });
  if (module.state() === 'failed' && summary.failures.length === before) summary.failures.push({ name: file, message: 'the file failed' });
}

/** Colours off, two lines at most: the whole of it stands in vitest's own output. */
function firstLines(error) {
  const text = String(error?.message ?? error ?? 'no message').replace(/\u001b\[[0-9;]*m/g, '');
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  return lines.slice(0, 2).join(' / ').slice(0, 300);
}
