// A sample of every suite of decisions recorded from the real kube-scheduler, and small ones of single faults whole.
// The recordings are not part of this repository: where they are missing, the tests say that they are skipped.
import { describe, expect, test } from 'vitest';
import { ConformanceRun } from '../../src/conformance/conformance-run.ts';
import type { SuiteResult } from '../../src/conformance/conformance-run.ts';
import { pluginRegistry } from '../../src/scheduler/plugins/registry.ts';
import { recordingText, recordingsBelow } from '../support/recordings.ts';

/** Of each suite: so many scenarios, and of long runs so many lines of steps; `.ci/run` replays them all. */
const SCENARIOS = 1;
const STEP_LINES = 8;
const registry = pluginRegistry();

function replay(name: string, plain: boolean, linesOf: (text: string) => readonly string[]): SuiteResult {
  const run = new ConformanceRun(name, { registry, plain, keptDifferences: 3, check: true });
  for (const line of linesOf(recordingText(name) ?? '')) run.line(line);
  return run.results()[0];
}

describe('recorded decisions, a sample of each suite', () => {
  const names = [...recordingsBelow('1.36'), ...recordingsBelow('1.37')];
  if (names.length === 0) test.skip('skipped: no recordings beside this checkout', () => undefined);
  test.each(names)('%s', (name) => {
    const { decisions, equal, differences } = replay(name, false, sampleOf);
    expect(differences).toEqual([]);
    expect(equal).toBe(decisions);
    expect(decisions).toBeGreaterThan(10);
  });
});

describe('recorded decisions, one file a fault', () => {
  const names = recordingsBelow('small');
  if (names.length === 0) test.skip('skipped: no small recordings beside this checkout', () => undefined);
  const ways = names.flatMap((name) => [[name, false], [name, true]] as const);
  test.each(ways)('%s, by the plain scan: %s', (name, plain) => {
    const { decisions, equal, differences } = replay(name, plain, (text) => text.split('\n'));
    expect(differences).toEqual([]);
    expect([decisions > 0, equal]).toEqual([true, decisions]);
  });
});

/** The first scenarios; long runs are cut off after some steps, with all that comes later, the checksum too. */
function sampleOf(text: string): string[] {
  const lines: string[] = [];
  let scenarios = 0;
  let steps = 0;
  for (const line of text.split('\n')) {
    if (line.includes('"format":"podyard-vectors/')) {
      if (++scenarios > SCENARIOS) break;
      steps = 0;
    }
    if (line.includes('"op":"steps"')) steps++;
    if (steps <= STEP_LINES && !line.includes('"op":"end"')) lines.push(line);
  }
  return lines;
}
