/**
 * Late components on a cluster in which nodes fail: machines that crash and nodes that are cut off, pods whose
 * containers fail and are probed, and preemption. The books balance, every table adds up, what is wanted runs at the
 * end, and nothing is lost for good; caches decide as the plain scan does.
 */
import { describe, expect, test } from 'vitest';
import { lateRun } from '../support/late-run.ts';
import type { More } from '../support/late-run.ts';

const moreSteps = [
  { at: '5m', partition: { nodes: ['n-0', 'n-2'], for: '4m' } },
  { at: '12m', partition: { nodes: ['n-1'], for: '30s' } },
  { at: '35m', partition: { nodes: ['n-0', 'n-1', 'n-2', 'n-3'], for: '3m' } },
];
const stories: readonly (readonly [string, More])[] = [
  ['partition', { failures: [], moreSteps }],
  ['partition and crash', { moreSteps }],
  ['containers that fail, and preemption', {
    priorityClasses: { high: 1000 },
    workloads: [
      { name: 'shop', kind: 'Deployment', arrivals: { at: '0s' }, replicas: 3, lifetime: '40m',
        application: { startup: '3s', failure: { after: { exponential: { mean: '2m' } } } },
        requests: { cpu: '2500m', memory: '64Mi' } },
      { name: 'urgent', kind: 'Job', arrivals: { poisson: { ratePerHour: 60, until: '40m' } }, lifetime: '2m',
        requests: { cpu: 3, memory: '1Gi' }, priorityClass: 'high' },
    ],
  }],
];
const planes: readonly (readonly [string, object])[] = [
  ['all watches 100ms late', { watchDelay: '100ms' }],
  ['all watches 5s late', { watchDelay: '5s' }],
  ['requests take 100ms', { requestLatency: '100ms' }],
  ['requests take 5s', { requestLatency: '5s' }],
  ['both by chance', {
    watchDelay: { exponential: { mean: '300ms' } }, requestLatency: { exponential: { mean: '300ms' } },
  }],
];

describe.each(stories)('%s', (_story, more) => {
  test.each(planes)('%s: all that is wanted runs at the end', (_plane, plane) => {
    for (const seed of ['a', 'b']) {
      const onTime = lateRun(seed, {}, false, more);
      const { result, ready } = lateRun(seed, plane, false, more);
      expect(ready, seed).toEqual(onTime.ready);
      expect(result.counts.podsPending, seed).toBe(onTime.result.counts.podsPending);
      // A daemon's pod that was preempted counts as lost, and the next one as an arrival.
      const { podsLost } = result.counts;
      const { preemption = 0 } = result.failures.evictionsByCause;
      if (preemption === 0) expect(podsLost, seed).toBe(onTime.result.counts.podsLost);
      else expect(podsLost, seed).toBeLessThanOrEqual(preemption);
    }
  });

  test('caches decide as the plain scan does', () => {
    const [, plane] = planes[4];
    expect(lateRun('c', plane, false, more).result.digest).toBe(lateRun('c', plane, true, more).result.digest);
  });
});
