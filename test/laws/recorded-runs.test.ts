/** Recordings that mix everything, from their first line to their last, with all aggregates recomputed after each decision (or line of steps). */
import { describe, expect, test } from 'vitest';
import { ConformanceRun } from '../../src/conformance/conformance-run.ts';
import { pluginRegistry } from '../../src/scheduler/plugins/registry.ts';
import { recordingText } from '../support/recordings.ts';
import { sized } from '../support/thorough.ts';

const SUITES = [
  '1.36/again-mixed', '1.36/stream-mixed',
  '1.36/queue-affinity', '1.36/queue-preemption', '1.36/queue-graceful', '1.36/queue-nominated',
  '1.37/stream-mixed', '1.37/queue-rising-1.37.2', '1.37/queue-gated-1.37.2',
];
/** Longer than those and alike; samples of them are replayed with all checks in test/conformance. */
const LONG_SUITES = ['1.36/mixed', '1.36/stream-sampled', '1.37/mixed'];

describe('recorded runs balance their books', () => {
  test.for(sized(SUITES, [...SUITES, ...LONG_SUITES]))('%s', (suite, context) => {
    const text = recordingText(`${suite}.jsonl.gz`);
    if (text === null) return context.skip('no recordings beside this checkout');
    const run = new ConformanceRun(suite, { registry: pluginRegistry(), keptDifferences: 3, check: true });
    for (const line of text.split('\n')) run.line(line);
    const [{ decisions, equal, differences }] = run.results();
    expect(differences).toEqual([]);
    expect([decisions > 400, equal]).toEqual([true, decisions]);
  });
});
