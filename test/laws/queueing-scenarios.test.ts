// Queues with known answers, played as whole scenarios: arrivals, scheduler, kubelets and metrics together.
import { describe, expect, test } from 'vitest';
import { binomialMass } from '../../src/base/statistics/binomial.ts';
import { sampleVariance } from '../../src/base/statistics/moments.ts';
import type { Played, PlayedPod } from '../support/played-scenario.ts';
import { playScenario } from '../support/played-scenario.ts';
import { BARE_QUEUE, cohortMeans, playQueueScenario, STEADY_BACKOFF, waitsInOrder } from '../support/queue-scenario.ts';
import { erlangB, erlangC, erlangWait, poissonMasses, pollaczekKhinchineWait } from '../support/queueing-formulas.ts';
import { expectMean } from '../support/replications.ts';

const MEAN_SECONDS = 10;
const exponentialLifetime = { exponential: { mean: `${MEAN_SECONDS}s` } };
const waitOf = ({ created, bound }: PlayedPod): number => bound - created;
const waitsOf = ({ pods }: Played): number[] => pods.map(waitOf).filter((wait) => !Number.isNaN(wait));
const hasEnded = ({ ended }: PlayedPod): boolean => !Number.isNaN(ended);

/** M/M/c with 0.7 of all nodes busy. */
const queueOf = (nodes: number, configuration: unknown): Played =>
  playQueueScenario({
    seed: 'erlang',
    nodes,
    arrivalsPerSecond: (0.7 * nodes) / MEAN_SECONDS,
    lifetime: exponentialLifetime,
    arrivals: 10_000,
    configuration,
  });

describe('pods that fill a node each', () => {
  test.each([1, 3])('are an M/M/c queue on %d nodes, first come, first served', (nodes) => {
    const played = queueOf(nodes, STEADY_BACKOFF);
    // Pod by pod: from the first that had not ended at the end, what comes after it is not known.
    const known = played.pods.slice(
      0,
      played.pods.findIndex((pod) => !hasEnded(pod)),
    );
    expect(known.length).toBeGreaterThan(9500);
    const expected = waitsInOrder(known, nodes);
    const worst = known.reduce((most, pod, i) => Math.max(most, Math.abs(waitOf(pod) - expected[i])), 0);
    expect(worst).toBeLessThan(2e-6);
    const waits = waitsOf(played);
    expectMean(cohortMeans(waits, 500, 500), MEAN_SECONDS * erlangWait(nodes, 0.7 * nodes), 0.35);
    expectMean(
      cohortMeans(
        waits.map((wait) => (wait > 0 ? 1 : 0)),
        500,
        500,
      ),
      erlangC(nodes, 0.7 * nodes),
      0.15,
    );
  });

  test("wait as long on average with upstream's growing backoff, but no longer in order", () => {
    const inOrder = queueOf(3, BARE_QUEUE);
    const backingOff = queueOf(3, { ...BARE_QUEUE, podMaxBackoffSeconds: 10 });
    expect(waitsOf(inOrder)).toEqual(waitsOf(queueOf(3, STEADY_BACKOFF)));
    const waits = waitsOf(backingOff);
    expectMean(
      cohortMeans(
        waits.map((wait) => (wait > 0 ? 1 : 0)),
        500,
        500,
      ),
      erlangC(3, 2.1),
      0.15,
    );
    expectMean(cohortMeans(waits, 500, 500), MEAN_SECONDS * erlangWait(3, 2.1), 0.35);
    // Who overtakes makes waits less even.
    expect(sampleVariance(waits)).toBeGreaterThan(1.1 * sampleVariance(waitsOf(inOrder)));
  });

  test.each([
    ['fixed', { fixed: '10s' }, 100],
    ['lognormal', { lognormal: { median: `${10 * Math.exp(-0.32)}s`, sigma: 0.8 } }, 100 * Math.exp(0.64)],
  ])('of %s run times are an M/G/1 queue on one node', (_, lifetime, secondMoment) => {
    const played = playQueueScenario({
      seed: 'khinchine',
      nodes: 1,
      arrivalsPerSecond: 0.06,
      lifetime,
      arrivals: 10_000,
      configuration: BARE_QUEUE,
    });
    const waits = waitsOf(played);
    expectMean(cohortMeans(waits, 500, 500), pollaczekKhinchineWait(0.06, 10, secondMoment), 0.35);
    expectMean(
      cohortMeans(
        waits.map((wait) => (wait > 0 ? 1 : 0)),
        500,
        500,
      ),
      0.6,
      0.1,
    );
  });
});

test('pods that need not wait are M/G/infinity: a Poisson number runs, whatever the run times', () => {
  const played = playQueueScenario(
    {
      seed: 'poisson',
      nodes: 1,
      arrivalsPerSecond: 0.4,
      arrivals: 19_000,
      configuration: BARE_QUEUE,
      lifetime: { lognormal: { median: `${10 * Math.exp(-0.32)}s`, sigma: 0.8 } },
    },
    {
      nodePools: [{ name: 'server', count: 1, allocatable: { cpu: 1000, memory: '1Ti', pods: 1000 } }],
      metrics: { pods: 'all', checkEvery: 0, sampleInterval: '25s' },
    },
  );
  const running = played.result.timeseries.columns['pods.running'];
  expect(running.length).toBeGreaterThan(1500);
  poissonMasses(4, 8).forEach((chance, level) => {
    const atLevel = running.map((count) => (count === level ? 1 : 0));
    expectMean(cohortMeans(atLevel, 10, 100), chance, level > 0 && level < 7 ? 0.4 : 0.8);
  });
  expectMean(cohortMeans([...running], 10, 100), 4, 0.08);
  expect(Math.max(...waitsOf(played))).toBe(0);
});

test('pods go elsewhere when the nodes they prefer are full as often as Erlang B says, whatever the run times', () => {
  const plugins = {
    multiPoint: BARE_QUEUE.profiles[0].plugins.multiPoint,
    score: { enabled: [{ name: 'NodeAffinity' }] },
  };
  const preference = {
    weight: 100,
    preference: { matchExpressions: [{ key: 'pool', operator: 'In', values: ['line'] }] },
  };
  const played = playQueueScenario(
    {
      seed: 'overflow',
      nodes: 5,
      arrivalsPerSecond: 0.4,
      arrivals: 24_000,
      configuration: { ...BARE_QUEUE, profiles: [{ plugins }] },
      lifetime: null,
    },
    {
      nodePools: [
        {
          name: 'elsewhere',
          count: 1,
          labels: { pool: 'elsewhere' },
          allocatable: { cpu: 1000, memory: '1Ti', pods: 1000 },
        },
        { name: 'line', count: 5, labels: { pool: 'line' }, allocatable: { cpu: 1, memory: '1Gi', pods: 110 } },
      ],
      workloads: [
        {
          name: 'call',
          kind: 'Pod',
          arrivals: { poisson: { ratePerHour: 1440 } },
          lifetime: { weibull: { scale: '5s', shape: 0.5 } },
          template: {
            spec: {
              containers: [{ name: 'main', image: 'i', resources: { requests: { cpu: '1' } } }],
              affinity: { nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [preference] } },
            },
          },
        },
      ],
    },
  );
  const overflowed = played.pods.map(({ node }) => (node === 'elsewhere-0' ? 1 : 0));
  expectMean(cohortMeans(overflowed, 500, 500), erlangB(5, 4), 0.15);
});

test('nodes with a repair crew each are down independently, and for the share of time that the means say', () => {
  const nodes = 12;
  const hours = 3000;
  const { result } = playScenario({
    seed: 'repair',
    duration: `${hours}h`,
    nodePools: [{ name: 'machine', count: nodes, allocatable: { cpu: 1, memory: '1Gi', pods: 110 } }],
    failures: [
      {
        name: 'crash',
        uptime: { exponential: { mean: '9h' } },
        repair: { lognormal: { median: `${3600 * Math.exp(-0.5)}s`, sigma: 1 } },
      },
    ],
    metrics: { pods: 'none', checkEvery: 0, sampleInterval: '2h' },
  });
  expect(Math.abs(result.failures.nodeDownSeconds / (nodes * hours * 3600) / 0.1 - 1)).toBeLessThan(0.05);
  const down = result.timeseries.columns['nodes.ready'].map((ready) => nodes - ready);
  expect(down.length).toBe(hours / 2);
  for (const count of [0, 1, 2, 3]) {
    expectMean(
      cohortMeans(
        down.map((found) => (found === count ? 1 : 0)),
        20,
        74,
      ),
      binomialMass(count, nodes, 0.1),
      0.5,
    );
  }
});
