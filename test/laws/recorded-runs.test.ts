/** Recordings that mix everything, from their first line to their last, with all aggregates recomputed after each decision (or line of steps). */
import { describe, expect, test } from 'vitest';
import { ConformanceRun } from '../../src/conformance/conformance-run.ts';
import { pluginRegistry } from '../../src/scheduler/plugins/registry.ts';
import { recordingText } from '../support/recordings.ts';

const SUITES = [
  'mixed', 'again-mixed', 'stream-mixed', 'stream-sampled',
  'queue-affinity', 'queue-preemption', 'queue-graceful', 'queue-nominated',
];

describe('recorded runs balance their books', () => {
  test.for(SUITES)('%s', (suite, context) => {
    const text = recordingText(`1.36/${suite}.jsonl.gz`);
    if (text === null) return context.skip('no recordings beside this checkout');
    const run = new ConformanceRun(suite, { registry: pluginRegistry(), keptDifferences: 3, check: true });
    for (const line of text.split('\n')) run.line(line);
    const [{ decisions, equal, differences }] = run.results();
    expect(differences).toEqual([]);
    expect([decisions > 400, equal]).toEqual([true, decisions]);
  });
});
