/**
 * However late components are told of what happens: the books balance, every table adds up, what is seen at the end is
 * what is there, controllers reach what is wanted, and the scheduler's caches decide as the plain scan does.
 */
import { describe, expect, test } from 'vitest';
import { lateRun } from '../support/late-run.ts';
import type { LateRun } from '../support/late-run.ts';

const run = (seed: string, watchDelay: unknown, plain = false): LateRun => lateRun(seed, { watchDelay }, plain);

const COMPONENTS = ['scheduler', 'controllers', 'kubelets'] as const;
const delays: readonly (readonly [string, unknown])[] = [
  ...['5ms', '100ms', '5s'].flatMap((delay) => [
    ...COMPONENTS.map((name) => [`${name} ${delay}`, { [name]: delay }] as const),
    [`all ${delay}`, delay] as const,
  ]),
  ['all by chance', { exponential: { mean: '300ms' } }],
];

describe('components that are told late', () => {
  const onTime = new Map(['a', 'b'].map((seed) => [seed, run(seed, '0s')]));

  describe.each(['a', 'b'])('seed %s', (seed) => {
    test.each(delays)('%s: nothing is lost, all that is wanted runs at the end', (_name, delay) => {
      const { result, ready } = run(seed, delay);
      const wanted = onTime.get(seed);
      expect(ready).toEqual(wanted?.ready);
      expect(result.counts.podsLost).toBe(wanted?.result.counts.podsLost);
      expect(result.counts.podsPending).toBe(wanted?.result.counts.podsPending);
    });
  });

  test.each(['100ms', '5s'])('%s late, caches decide as the plain scan does', (delay) => {
    expect(run('c', delay).result.digest).toBe(run('c', delay, true).result.digest);
  });
});
