/**
 * However late the cluster autoscaler learns of what happens, alone or with all other components, and however long its
 * requests take: the books balance, every table adds up, what is seen at the end is what is there, the cluster grows and
 * shrinks to what it needs, no node goes with pods that had to go first, no pod is lost, and caches decide as the plain
 * scan does.
 */
import { describe, expect, test } from 'vitest';
import { AUTOSCALED, lateRun } from '../support/late-run.ts';
import type { LateRun } from '../support/late-run.ts';

const SEEDS = ['b', 'd'];
const run = (seed: string, plane: object, plain = false): LateRun => lateRun(seed, plane, plain, AUTOSCALED);

const ways = (delay: unknown): readonly (readonly [string, object])[] => [
  ['watch of the autoscaler', { watchDelay: { autoscaler: delay } }],
  ['requests of the autoscaler', { requestLatency: { autoscaler: delay } }],
  ['all watches', { watchDelay: delay }],
  ['all requests', { requestLatency: delay }],
  ['all watches and requests', { watchDelay: delay, requestLatency: delay }],
];
const BY_CHANCE = { exponential: { mean: '300ms' } };
const planes: readonly (readonly [string, object])[] = [
  ...['5ms', '100ms', '5s'].flatMap((delay) => ways(delay).map(([name, plane]) => [`${name} ${delay}`, plane] as const)),
  ['all by chance', { watchDelay: BY_CHANCE, requestLatency: BY_CHANCE }],
];

/** Ready pods of what runs for ever. */
const wanted = ({ ready }: LateRun): Readonly<Record<string, number>> => (
  Object.fromEntries(Object.entries(ready).filter(([name]) => !/^(sum|late)(-\d+)?$/.test(name)))
);

describe.each(SEEDS)('seed %s', (seed) => {
  const onTime = run(seed, {});

  test('the story grows and shrinks, on time', () => {
    const { autoscaling, counts } = onTime.result;
    expect(autoscaling.nodesAdded).toBeGreaterThan(5);
    expect(autoscaling.nodesRemoved).toBeGreaterThan(5);
    expect([counts.podsLost, counts.podsPending, counts.nodes, onTime.removedWithPods]).toEqual([0, 0, 2, []]);
  });

  test.each(planes)('%s', (_name, plane) => {
    const late = run(seed, plane);
    const { counts, autoscaling } = late.result;
    expect(wanted(late)).toEqual(wanted(onTime));
    expect([counts.podsLost, counts.podsPending, counts.nodes]).toEqual([0, 0, 2]);
    expect(late.removedWithPods).toEqual([]);
    expect(late.allowed).toBe(onTime.allowed);
    expect(autoscaling.nodesAdded).toBeGreaterThan(4);
  });
});

test('a delay of nothing is none', () => {
  const { digest } = run('a', {}).result;
  expect(run('a', { watchDelay: { autoscaler: '0s' }, requestLatency: { autoscaler: '0s' } }).result.digest).toBe(digest);
});

test.each(['100ms', '5s'])('all %s late, caches decide as the plain scan does', (delay) => {
  const plane = { watchDelay: delay, requestLatency: delay };
  expect(run('c', plane).result.digest).toBe(run('c', plane, true).result.digest);
});
