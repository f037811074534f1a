// A sample of every suite of decisions recorded from the real kube-scheduler. The recordings are not part of this
// repository: where they are missing, the tests say that they are skipped.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { ConformanceRun } from '../../src/conformance/conformance-run.ts';
import { pluginRegistry } from '../../src/scheduler/plugins/registry.ts';

const FOLDER = fileURLToPath(new URL('../../../shared/vectors/', import.meta.url));
/** Of each suite: so many scenarios, and of long runs so many lines of steps. */
const SCENARIOS = 2;
const STEP_LINES = 8;

describe('recorded decisions, a sample of each suite', () => {
  if (!existsSync(FOLDER)) {
    test.skip('skipped: no recordings beside this checkout', () => undefined);
    return;
  }
  const registry = pluginRegistry();
  for (const file of readdirSync(FOLDER).filter((name) => name.endsWith('.jsonl')).sort((a, b) => (a < b ? -1 : 1))) {
    test(file, () => {
      const run = new ConformanceRun(file, { registry, keptDifferences: 3, check: true });
      for (const line of sampleOf(readFileSync(`${FOLDER}${file}`, 'utf8'))) run.line(line);
      const [{ decisions, equal, differences }] = run.results();
      expect(differences).toEqual([]);
      expect(equal).toBe(decisions);
      expect(decisions).toBeGreaterThan(10);
    });
  }
});

/** The first scenarios; long runs are cut off after some steps, and their checksum with them. */
function sampleOf(text: string): string[] {
  const lines: string[] = [];
  let scenarios = 0;
  let steps = 0;
  for (const line of text.split('\n')) {
    if (line.startsWith('{"format"')) {
      if (++scenarios > SCENARIOS) break;
      steps = 0;
    }
    const isLongRun = line.includes('"op":"steps"') || line.includes('"op":"end"');
    if (!isLongRun || steps++ < STEP_LINES) lines.push(line);
  }
  return lines;
}
