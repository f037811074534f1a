// Random programs in random pods on machines that fail: every sum and every state is recomputed as the run goes on, and
// the same seed gives the same run.
import { describe, expect, test } from 'vitest';
import { playScenario } from '../support/played-scenario.ts';

const SEEDS = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];

function scenarioOf(seed: string, index: number): Record<string, unknown> {
  const rough = index % 2 === 0;
  const probes = {
    readinessProbe: { periodSeconds: 3, initialDelaySeconds: index },
    livenessProbe: { periodSeconds: 4, failureThreshold: 2, terminationGracePeriodSeconds: 3 },
    ...(rough ? { startupProbe: { periodSeconds: 2, failureThreshold: 6 } } : {}),
  };
  return {
    seed, duration: '2h',
    kubelet: {
      sandbox: '400ms', containerStart: '150ms', disk: { capacity: '60Gi', ...(rough ? { imageCapacity: '3Gi' } : {}) },
      evictionHard: { 'memory.available': '100Mi', 'nodefs.available': '10%', 'imagefs.available': '15%', 'pid.available': '20%' },
      evictionSoft: { 'nodefs.available': '20%' }, evictionSoftGracePeriod: { 'nodefs.available': '40s' },
      evictionMinimumReclaim: { 'nodefs.available': '1Gi' }, maxPids: 2000,
      ...(index % 4 === 1 ? { shutdownGracePeriod: '9s', shutdownGracePeriodCriticalPods: '2s' } : {}),
    },
    // Some are told late of what happens, from 5 ms to 5 s.
    ...(index < 4 ? {} : { controlPlane: { watchDelay: index === 4 ? '5ms' : { uniform: { min: '5ms', max: '5s' } } } }),
    metrics: { pods: 'all', checkEvery: 7 },
    nodePools: [{ name: 'general', count: 4, zones: ['a', 'b'], allocatable: { cpu: 4, memory: '16Gi', pods: 20 } }],
    failures: [
      { name: 'crash', uptime: { exponential: { mean: '1h' } }, repair: { exponential: { mean: '3m' } } },
      // Runtimes that hang and disks that fill, some of them at once with all else.
      ...(index % 3 === 0 ? [] : [
        { name: 'hang', kind: 'hang', uptime: { exponential: { mean: '1h' } }, repair: { uniform: { min: '10s', max: '9m' } } },
        {
          name: 'disk', kind: 'diskFull', scope: 'zone', share: 0.5, fill: 0.84, uptime: { exponential: { mean: '50m' } },
          repair: { uniform: { min: '20s', max: '6m' } },
        },
      ]),
      ...(rough ? [] : [
        { name: 'spot', kind: 'reclaim', notice: '20s', uptime: { exponential: { mean: '40m' } }, repair: '2m' },
        { name: 'cut', kind: 'partition', uptime: { exponential: { mean: '1h' } }, repair: { uniform: { min: '5s', max: '8m' } } },
      ]),
    ],
    workloads: [
      {
        name: 'web', kind: 'Deployment', replicas: 6, requests: { cpu: '500m', memory: '2Gi' }, lifetime: '110m',
        template: {
          spec: {
            terminationGracePeriodSeconds: 10,
            initContainers: [{ name: 'proxy', restartPolicy: 'Always', ...probes }, { name: 'migrate' }],
            containers: [
              { name: 'main', ...probes, lifecycle: { preStop: { sleep: { seconds: 2 } } } }, { name: 'log' },
            ],
          },
        },
        application: {
          startup: { uniform: { min: '0s', max: '15s' } },
          failure: { after: { exponential: { mean: '10m' } }, probability: 0.7, exitCode: index % 3 },
          hang: { after: { exponential: { mean: '20m' } }, probability: 0.3 },
          stop: { exponential: { mean: '6s' } },
          memory: { use: { uniform: { min: 0.3, max: 1.5 } }, growthPerHour: rough ? 2 : 0 },
          storage: { use: { uniform: { min: 0, max: 2 } }, growthPerHour: rough ? 6 : 0 },
          pids: { use: { uniform: { min: 1, max: 90 } }, growthPerHour: rough ? 100 : 0 },
          containers: { migrate: { init: '7s', failure: { after: '3s', probability: 0.4 } } },
        },
      },
      {
        name: 'batch', kind: 'Job', replicas: 5, lifetime: { uniform: { min: '1m', max: '9m' } },
        arrivals: { poisson: { ratePerHour: 6, until: '90m' } }, requests: { cpu: '300m', memory: '1Gi' },
        template: {
          spec: {
            restartPolicy: rough ? 'OnFailure' : 'Never', containers: [{ name: 'main' }],
            initContainers: [{ name: 'proxy', restartPolicy: 'Always' }],
          },
        },
        application: { failure: { after: { exponential: { mean: '6m' } }, probability: 0.5 } },
      },
    ],
  };
}

describe.each(SEEDS.map((seed, index) => ({ seed, index })))('seed $seed', ({ seed, index }) => {
  test('states and sums agree all along', () => {
    const { result, pods } = playScenario(scenarioOf(seed, index));
    expect(result.failures.containers?.restarts).toBeGreaterThan(0);
    const { podsArrived, podsFinished, podsRunning, podsPending, podsLost } = result.counts;
    expect(podsFinished + podsRunning + podsPending + podsLost).toBe(podsArrived);
    expect(pods.length).toBeGreaterThan(10);
    // What campaigns have taken is not more than what was evicted or died with its machine.
    const { campaigns = [], evictionsByCause } = result.failures;
    const evicted = Object.values(evictionsByCause).reduce((sum, count) => sum + count, 0);
    for (const { name, podsDisrupted, strikes } of campaigns) {
      if (name !== 'crash') expect(podsDisrupted, name).toBeLessThanOrEqual(evicted);
      if (strikes === 0) expect(podsDisrupted, name).toBe(0);
    }
  });
});

test('the same seed gives the same run', () => {
  const digest = (): string => playScenario(scenarioOf('again', 4)).result.digest;
  expect(digest()).toBe(digest());
});
