/**
 * However late components are told of what happens: the books balance, every table adds up, what is seen at the end is
 * what is there, controllers reach what is wanted, and the scheduler's caches decide as the plain scan does.
 */
import { describe, expect, test } from 'vitest';
import { readScenario } from '../../src/simulation/scenario-reader.ts';
import { Simulation } from '../../src/simulation/simulation.ts';
import type { RunResult } from '../../src/metrics/run-result.ts';
import { memoryFiles } from '../input/memory-files.ts';

const template = (app: string, more: object = {}): object => ({
  metadata: { labels: { app } },
  spec: {
    containers: [{ name: 'main', image: 'i', resources: { requests: { cpu: '200m', memory: '64Mi' } } }],
    ...more,
  },
});
const selected = (app: string, more: object = {}): object => (
  { selector: { matchLabels: { app } }, template: template(app), ...more }
);
const object = (kind: string, name: string, spec: object, duration?: string): object => ({
  apiVersion: kind.endsWith('Job') ? 'batch/v1' : 'apps/v1',
  kind,
  spec,
  metadata: {
    name,
    namespace: 'default',
    ...(duration === undefined ? {} : { annotations: { 'podyard.dev/duration': duration } }),
  },
});
const OBJECTS = [
  object('Deployment', 'web', selected('web', { replicas: 4 })),
  object('StatefulSet', 'db', selected('db', { replicas: 3, serviceName: 'db' })),
  object('DaemonSet', 'agent', selected('agent')),
  object(
    'Job',
    'batch',
    {
      completions: 6,
      parallelism: 2,
      template: template('batch', { restartPolicy: 'Never' }),
      ttlSecondsAfterFinished: 60,
    },
    '30s',
  ),
  object(
    'CronJob',
    'tick',
    {
      schedule: '*/10 * * * *',
      jobTemplate: { spec: { completions: 2, parallelism: 2, template: template('tick', { restartPolicy: 'Never' }) } },
    },
    '20s',
  ),
  {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: { name: 'web', namespace: 'default' },
    spec: { maxUnavailable: 1, selector: { matchLabels: { app: 'web' } } },
  },
];
const tree = (seed: string, watchDelay: unknown): object => ({
  seed, duration: '1h', controlPlane: { watchDelay }, manifests: 'objects.json',
  metrics: { pods: 'none', checkEvery: 100 },
  nodePools: [{ name: 'n', count: 4, zones: ['a', 'b'], allocatable: { cpu: 4, memory: '16Gi', pods: 30 } }],
  nodeLifecycle: { defaultTolerationSeconds: 30 },
  failures: [{ name: 'crash', uptime: { exponential: { mean: '40m' } }, repair: '2m' }],
  workloads: [
    { name: 'shop', kind: 'Deployment', arrivals: { at: '0s' }, replicas: 3, lifetime: '40m',
      requests: { cpu: '200m', memory: '64Mi' } },
    { name: 'sum', kind: 'Job', arrivals: { poisson: { ratePerHour: 60, until: '40m' } }, lifetime: '2m',
      requests: { cpu: '500m', memory: '1Gi' } },
    { name: 'log', kind: 'DaemonSet', arrivals: { at: '1m' }, requests: { cpu: '50m', memory: '16Mi' } },
  ],
  steps: [
    { at: '10m', scale: { workload: 'deployment/web', replicas: 7 } },
    { at: '15m', drain: { nodes: ['n-1'] } },
    { at: '20m', uncordon: { nodes: ['n-1'] } },
    { at: '25m', scale: { workload: 'deployment/web', replicas: 3 } },
    { at: '30m', scale: { workload: 'statefulset/db', replicas: 1 } },
  ],
});

interface Run {
  readonly result: RunResult;
  /** Ready pods by workload at the end. */
  readonly ready: Readonly<Record<string, number>>;
}

function run(seed: string, watchDelay: unknown, plain = false): Run {
  const files = memoryFiles({
    's.json': JSON.stringify(tree(seed, watchDelay)),
    'objects.json': JSON.stringify({ apiVersion: 'v1', kind: 'List', items: OBJECTS }),
  });
  const { scenario } = readScenario({ file: 's.json' }, files);
  const simulation = new Simulation(scenario, { version: 't', userPlugins: [], openTrace: null, plain });
  while (simulation.advance(100_000));
  const { pods, workloads, classes } = simulation.parts.cluster;
  const ready: Record<string, number> = {};
  for (let pod = 0; pod < pods.length; pod++) {
    if (!pods.isLive(pod) || !pods.isReady(pod) || pods.isTerminating(pod)) continue;
    const owner = pods.owner[pod];
    const name = workloads.isObject(owner) ? workloads.nameOf(owner) : classes.text(pods.workloadClass[pod]);
    const key = name.replace(/^web-.*/, 'web').replace(/^tick-.*/, 'tick');
    ready[key] = (ready[key] ?? 0) + 1;
  }
  return { result: simulation.result(true), ready };
}

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
