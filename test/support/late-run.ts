/** A small cluster with every kind of workload, rollouts, a drain and crashes, whose components are told late. */
import { TO_BE_DELETED_TAINT } from '../../src/autoscaling/node-deletions.ts';
import { keepers } from '../../src/autoscaling/node-requests.ts';
import type { PodDisruptionBudget } from '../../src/cluster/objects.ts';
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

/** A pool that grows and shrinks with Jobs that come and end; nothing fails. */
export const AUTOSCALED: More = {
  nodePools: [
    { name: 'n', count: 2, zones: ['a', 'b'], allocatable: { cpu: 4, memory: '16Gi', pods: 30 } },
    { name: 'g', count: 1, zones: ['a', 'b'], allocatable: { cpu: 4, memory: '16Gi', pods: 30 },
      autoscaling: { min: 0, max: 6, provisioning: '40s' } },
  ],
  autoscaler: { scaleDownUnneededTime: '1m', scaleDownDelayAfterAdd: '30s', scaleDownDelayAfterFailure: '30s' },
  failures: [],
  steps: [
    { at: '10m', scale: { workload: 'deployment/web', replicas: 7 } },
    { at: '15m', drain: { nodes: ['n-1'] } },
    { at: '20m', uncordon: { nodes: ['n-1'] } },
  ],
  workloads: [
    { name: 'shop', kind: 'Deployment', arrivals: { at: '0s' }, replicas: 3, requests: { cpu: '200m', memory: '64Mi' } },
    { name: 'sum', kind: 'Job', arrivals: { poisson: { ratePerHour: 500, until: '12m' } }, lifetime: '3m',
      requests: { cpu: '700m', memory: '1Gi' } },
    { name: 'late', kind: 'Job', arrivals: { poisson: { ratePerHour: 60, until: '55m' } }, lifetime: '4m',
      requests: { cpu: 1, memory: '1Gi' } },
    { name: 'log', kind: 'DaemonSet', arrivals: { at: '1m' }, requests: { cpu: '50m', memory: '16Mi' } },
  ],
};

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
  /** Nodes that an autoscaler has taken away with pods that had to go first. */
  readonly removedWithPods: readonly string[];
  /** Of the budget of `web`: disruptions that its status allows at the end. */
  readonly allowed: number | undefined;
}

/** `more`: members of the scenario that replace those of the story. */
export function lateRun(seed: string, controlPlane: object, plain = false, more: More = {}): LateRun {
  const files = memoryFiles({
    's.json': JSON.stringify(tree(seed, controlPlane, more)),
    'objects.json': JSON.stringify({ apiVersion: 'v1', kind: 'List', items: OBJECTS }),
  });
  const { scenario } = readScenario({ file: 's.json' }, files);
  const removedWithPods: string[] = [];
  const simulation = new Simulation(scenario, {
    version: 't', userPlugins: [], openTrace: null, plain,
    makeLives: livingPods, makeIllnesses: nodeIllnesses, makePressure: nodePressure, makeReports: statusReports,
    watch: ({ cluster }) => {
      cluster.observe({ nodeRemoving: (row) => {
        const { name, taints } = cluster.nodes.facts[row];
        const isByAutoscaler = taints.some(({ key }) => key === TO_BE_DELETED_TAINT.key);
        if (isByAutoscaler && keepers(cluster, row).length > 0) removedWithPods.push(name);
      } });
    },
  });
  while (simulation.advance(100_000));
  const { pods, workloads, classes, objects } = simulation.parts.cluster;
  const allowed = objects.get<PodDisruptionBudget>('PodDisruptionBudget', 'default/web')?.status?.disruptionsAllowed;
  const ready: Record<string, number> = {};
  for (let pod = 0; pod < pods.length; pod++) {
    if (!pods.isLive(pod) || !pods.isReady(pod) || pods.isTerminating(pod)) continue;
    const owner = pods.owner[pod];
    const name = workloads.isObject(owner) ? workloads.nameOf(owner) : classes.text(pods.workloadClass[pod]);
    const key = name.replace(/^web-.*/, 'web').replace(/^tick-.*/, 'tick');
    ready[key] = (ready[key] ?? 0) + 1;
  }
  return { result: simulation.result(true), ready, removedWithPods, allowed };
}
