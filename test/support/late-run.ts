/** A small cluster with every kind of workload, rollouts, a drain and crashes, whose components are told late. */
import { livingPods } from '../../src/node/living-pods.ts';
import { nodePressure } from '../../src/node/node-pressure.ts';
import { statusReports } from '../../src/node/status-reports.ts';
import { nodeIllnesses } from '../../src/simulation/illness-assembly.ts';
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
export interface More extends Readonly<Record<string, unknown>> {
  readonly moreSteps?: readonly object[];
}

const tree = (seed: string, controlPlane: object, { moreSteps = [], ...more }: More): object => ({
  seed, duration: '1h', controlPlane, manifests: 'objects.json',
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
    ...moreSteps,
    { at: '10m', scale: { workload: 'deployment/web', replicas: 7 } },
    { at: '15m', drain: { nodes: ['n-1'] } },
    { at: '20m', uncordon: { nodes: ['n-1'] } },
    { at: '25m', scale: { workload: 'deployment/web', replicas: 3 } },
    { at: '30m', scale: { workload: 'statefulset/db', replicas: 1 } },
  ],
  ...more,
});

export interface LateRun {
  readonly result: RunResult;
  /** Ready pods by workload at the end. */
  readonly ready: Readonly<Record<string, number>>;
}

/** `more`: members of the scenario that replace those of the story. */
export function lateRun(seed: string, controlPlane: object, plain = false, more: More = {}): LateRun {
  const files = memoryFiles({
    's.json': JSON.stringify(tree(seed, controlPlane, more)),
    'objects.json': JSON.stringify({ apiVersion: 'v1', kind: 'List', items: OBJECTS }),
  });
  const { scenario } = readScenario({ file: 's.json' }, files);
  const simulation = new Simulation(scenario, {
    version: 't', userPlugins: [], openTrace: null, plain,
    makeLives: livingPods, makeIllnesses: nodeIllnesses, makePressure: nodePressure, makeReports: statusReports,
  });
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
