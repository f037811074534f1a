/**
 * However long the writes of components take to reach the API server: the books balance, every table adds up,
 * controllers reach what is wanted, nothing is lost that would not be lost otherwise, and the scheduler's caches decide
 * as the plain scan does.
 */
import { describe, expect, test } from 'vitest';
import { LATE_PARTS } from '../../src/control-plane/settings.ts';
import { lateRun } from '../support/late-run.ts';
import type { LateRun } from '../support/late-run.ts';

const run = (seed: string, requestLatency: unknown, plain = false): LateRun => lateRun(seed, { requestLatency }, plain);

const latencies: readonly (readonly [string, unknown])[] = [
  ...['5ms', '100ms', '5s'].flatMap((latency) => [
    // What an autoscaler asks for has a law of its own.
    ...LATE_PARTS.filter((name) => name !== 'autoscaler').map((name) => [`${name} ${latency}`, { [name]: latency }] as const),
    [`all ${latency}`, latency] as const,
  ]),
  ['all by chance', { exponential: { mean: '300ms' } }],
];

describe('requests that take time', () => {
  const atOnce = new Map(['a', 'b'].map((seed) => [seed, run(seed, '0s')]));

  describe.each(['a', 'b'])('seed %s', (seed) => {
    test.each(latencies)('%s: nothing is lost, all that is wanted runs at the end', (_name, latency) => {
      const { result, ready } = run(seed, latency);
      const wanted = atOnce.get(seed);
      expect(ready).toEqual(wanted?.ready);
      expect(result.counts.podsLost).toBe(wanted?.result.counts.podsLost);
      expect(result.counts.podsPending).toBe(wanted?.result.counts.podsPending);
    });
  });

  test.each(['100ms', '5s'])('by %s, caches decide as the plain scan does', (latency) => {
    expect(run('c', latency).result.digest).toBe(run('c', latency, true).result.digest);
  });
});
