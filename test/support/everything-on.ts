/**
 * A random scenario with every kind of workload, budgets, volumes, partitions, reclaims and what people do to a cluster;
 * then an hour in which nothing more is asked for and nothing fails. `watchEverything` looks on.
 */
import fc from 'fast-check';
import { PodPhase } from '../../src/cluster/cluster.ts';
import type { Cluster } from '../../src/cluster/cluster.ts';
import type { DisruptionBudgets } from '../../src/cluster/disruption-budgets.ts';
import type { PodDisruptionBudget } from '../../src/cluster/objects.ts';
import { EvictionCause } from '../../src/cluster/pod-table.ts';
import { WORKLOAD_KIND_NAMES, WorkloadKind } from '../../src/cluster/workload-table.ts';
import { livingPods } from '../../src/node/living-pods.ts';
import { statusReports } from '../../src/node/status-reports.ts';
import { nodeIllnesses } from '../../src/simulation/illness-assembly.ts';
import { readScenario } from '../../src/simulation/scenario-reader.ts';
import { Simulation } from '../../src/simulation/simulation.ts';
import { attachDetach } from '../../src/storage/attach-detach.ts';
import { memoryFiles } from '../input/memory-files.ts';

export interface Everything {
  readonly seed: string;
  readonly kubernetes: string;
  /** '0s', a duration, or a distribution. */
  readonly watchDelay: unknown;
  readonly replicas: number;
  readonly podManagementPolicy: string;
  readonly maxUnavailable: number | string;
  readonly restartPolicy: string;
  readonly backoffLimit: number;
  readonly failures: number;
  readonly steps: readonly { readonly minute: number; readonly what: number; readonly node: number }[];
}

const LATE: readonly unknown[] = ['5ms', '100ms', '5s', { uniform: { min: '5ms', max: '5s' } }];

export const everythingArbitrary = (isLate: boolean): fc.Arbitrary<Everything> => fc.record({
  seed: fc.nat(1_000_000).map(String),
  kubernetes: fc.constantFrom('1.36', '1.37'),
  watchDelay: isLate ? fc.constantFrom(...LATE) : fc.constant('0s'),
  replicas: fc.integer({ min: 1, max: 4 }),
  podManagementPolicy: fc.constantFrom('OrderedReady', 'Parallel'),
  maxUnavailable: fc.constantFrom<number | string>(0, 1, '50%'),
  restartPolicy: fc.constantFrom('Never', 'OnFailure'),
  backoffLimit: fc.nat(3),
  failures: fc.constantFrom(0, 0.3),
  steps: fc.array(fc.record({ minute: fc.integer({ min: 1, max: 28 }), what: fc.nat(9), node: fc.nat(4) }), { minLength: 3, maxLength: 8 }),
});

const pods = (app: string, more: object = {}): object => ({
  metadata: { labels: { app } },
  spec: { containers: [{ name: 'main', image: 'i', resources: { requests: { cpu: '200m', memory: '64Mi' } } }], ...more },
});
const selected = (app: string, more: object): object => ({ selector: { matchLabels: { app } }, template: pods(app), ...more });
const object = (kind: string, name: string, spec: object, annotations: object = {}): object => ({
  apiVersion: kind.endsWith('Job') ? 'batch/v1' : kind === 'PodDisruptionBudget' ? 'policy/v1' : 'apps/v1',
  kind, spec, metadata: { name, namespace: 'default', annotations },
});

function objectsOf({ replicas, podManagementPolicy, maxUnavailable, restartPolicy, backoffLimit }: Everything): object[] {
  const claim = {
    metadata: { name: 'data' },
    spec: { accessModes: ['ReadWriteOnce'], storageClassName: 'fast', resources: { requests: { storage: '1Gi' } } },
  };
  const job = (more: object): object => ({ template: pods('batch', { restartPolicy }), backoffLimit, ...more });
  return [
    object('Deployment', 'web', selected('web', { replicas: replicas + 2 })),
    object('StatefulSet', 'db', selected('db', { replicas, podManagementPolicy, serviceName: 'db', volumeClaimTemplates: [claim] })),
    object('DaemonSet', 'agent', selected('agent', {})),
    object('Job', 'sum', job({ completions: 4, parallelism: 2 }), { 'podyard.dev/duration': '50s' }),
    object('Job', 'parts', job({ completions: 3, parallelism: 3, completionMode: 'Indexed' }), { 'podyard.dev/duration': '70s' }),
    object('PodDisruptionBudget', 'web', { maxUnavailable, selector: { matchLabels: { app: 'web' } } }),
    object('PodDisruptionBudget', 'db', { minAvailable: 1, selector: { matchLabels: { app: 'db' } } }),
  ];
}

/** The verbs that a step may have. */
function stepOf({ minute, what, node }: Everything['steps'][number], index: number): object {
  const nodes = [`n-${String(node)}`];
  const verbs: object[] = [
    { drain: { nodes } }, { cordon: { nodes } }, { uncordon: { nodes } },
    { scale: { workload: 'deployment/web', replicas: 1 + node } }, { scale: { workload: 'statefulset/db', replicas: node } },
    { rollout: { workload: 'deployment/web', image: `:v${String(index)}` } },
    { rollout: { workload: 'statefulset/db', image: `:v${String(index)}` } },
    { rollout: { workload: 'daemonset/agent', image: `:v${String(index)}` } },
    { partition: { nodes, for: '3m' } }, { reclaim: { nodes, notice: '30s', for: '2m' } },
  ];
  return { at: `${String(minute)}m`, ...verbs[what] };
}

/** Inputs and failures end within 40 minutes; the nodes are uncordoned then. */
const END_OF_INPUTS = '40m';

function treeOf(drawn: Everything): object {
  const nodes = [0, 1, 2, 3, 4].map((node) => `n-${String(node)}`);
  return {
    seed: drawn.seed, kubernetes: drawn.kubernetes, duration: '2h', manifests: 'objects.json',
    metrics: { pods: 'none', checkEvery: 200 }, controlPlane: { watchDelay: drawn.watchDelay },
    nodeLifecycle: { defaultTolerationSeconds: 60 },
    storage: { failures: { provision: drawn.failures, attach: drawn.failures, detach: drawn.failures, mount: drawn.failures } },
    nodePools: [{ name: 'n', count: 5, zones: ['a', 'b'], allocatable: { cpu: 4, memory: '16Gi', pods: 30 } }],
    steps: [...drawn.steps.map(stepOf), { at: END_OF_INPUTS, uncordon: { nodes } }],
  };
}

export interface Seen {
  /** What broke a law, in words. */
  readonly wrongs: string[];
  evictions: number;
  readonly kinds: Set<string>;
  /** What controllers have written after the end of inputs and its half hour, and what is not as it is wanted. */
  readonly unrest: string[];
}

/** Plays one, and looks at every eviction as the API has the budgets at that instant, and at every binding. */
export function playEverything(drawn: Everything): Seen {
  const files = memoryFiles({
    's.json': JSON.stringify(treeOf(drawn)),
    'objects.json': JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objectsOf(drawn) }),
  });
  const { scenario } = readScenario({ file: 's.json' }, files);
  const seen: Seen = { wrongs: [], evictions: 0, kinds: new Set(), unrest: [] };
  const simulation = new Simulation(scenario, {
    version: 't', userPlugins: [], openTrace: null, plain: false, makeLives: livingPods, makeIllnesses: nodeIllnesses,
    makeVolumes: attachDetach, makeReports: statusReports,
    watch: ({ cluster, budgets }) => watchEverything(cluster, budgets, seen),
  });
  while (simulation.advance(100_000));
  simulation.result(true);
  noteUnrest(simulation.parts.cluster, seen);
  return seen;
}

const HALF_HOUR_LATER = 90 * 60 * 1_000_000;

function watchEverything(cluster: Cluster, budgets: DisruptionBudgets, seen: Seen): void {
  const budgetBefore = new Map<string, PodDisruptionBudget>();
  const names = new Map<string, number>();
  cluster.observe({
    objectChanged: (kind, _action, now, before) => {
      if (kind === 'PodDisruptionBudget' && before !== undefined) budgetBefore.set(now.metadata?.name ?? '', before);
    },
    podCreated: (pod) => {
      const name = `${cluster.templateOf(pod).namespace}/${cluster.podName(pod)}`;
      if (names.has(name)) seen.wrongs.push(`two pods are called ${name}`);
      names.set(name, pod);
      if (cluster.now > HALF_HOUR_LATER) seen.unrest.push(`${name} was made`);
    },
    podDeleted: (pod) => void names.delete(`${cluster.templateOf(pod).namespace}/${cluster.podName(pod)}`),
    podBound: (pod) => {
      const node = cluster.pods.node[pod];
      const others = [...Array(cluster.nodes.length).keys()].filter((row) => (
        row !== node && cluster.nodes.alive[row] === 1 && cluster.nodes.pods[row].includes(pod)
      ));
      if (others.length > 0) seen.wrongs.push(`${cluster.podName(pod)} is on two nodes`);
    },
    podTerminating: (pod) => {
      if (cluster.pods.cause[pod] !== EvictionCause.Api || cluster.pods.phase[pod] !== PodPhase.Running) return;
      seen.evictions++;
      noteEviction(cluster, budgets, budgetBefore, pod, seen);
    },
  });
}

/** The eviction has lowered its budget by then, so the budget as it was says what it allowed. */
function noteEviction(
  cluster: Cluster, budgets: DisruptionBudgets, before: ReadonlyMap<string, PodDisruptionBudget>, pod: number, seen: Seen,
): void {
  const keys = budgets.coveringKeys(cluster.templateOf(pod));
  const name = cluster.podName(pod);
  if (keys.length > 1) seen.wrongs.push(`${name} was evicted under two budgets`);
  for (const key of keys) {
    const now = budgets.get(key)?.status;
    const was = before.get(key.slice(key.indexOf('/') + 1))?.status;
    seen.kinds.add(key);
    const isUnhealthy = !cluster.pods.isReady(pod) && (now?.currentHealthy ?? 0) >= (now?.desiredHealthy ?? 0);
    if (isUnhealthy) continue;
    const isSpent = now?.disruptedPods?.[name] !== undefined && was?.disruptedPods?.[name] === undefined;
    const allowed = was?.disruptionsAllowed ?? 0;
    if (!isSpent || allowed < 1 || now.disruptionsAllowed !== allowed - 1)
      seen.wrongs.push(`${name} was evicted though ${key} allowed ${String(allowed)}`);
  }
}

/** With nothing asked for and nothing failing every workload has what it wants, and its status says so. */
function noteUnrest(cluster: Cluster, { unrest }: Seen): void {
  const { workloads, pods: table } = cluster;
  for (let row = 0; row < workloads.length; row++) {
    if (workloads.used[row] === 0 || !workloads.isObject(row)) continue;
    const live = workloads.podsOf(row).filter((pod) => table.isLive(pod));
    const what = `${WORKLOAD_KIND_NAMES[workloads.kind[row]]} ${workloads.nameOf(row)}`;
    if (live.some((pod) => table.isTerminating(pod))) unrest.push(`${what} has a pod that is terminating`);
    if (workloads.kind[row] === WorkloadKind.Job) {
      if (live.length > 0) unrest.push(`${what} has pods yet`);
      continue;
    }
    if (workloads.kind[row] === WorkloadKind.Deployment) {
      if (workloads.ready[row] !== workloads.wanted[row]) unrest.push(`${what} is not complete`);
      continue;
    }
    const ready = live.filter((pod) => table.isReady(pod)).length;
    const wanted = workloads.kind[row] === WorkloadKind.DaemonSet ? 5 : workloads.wanted[row];
    if (ready !== wanted) unrest.push(`${what} has ${String(ready)} of ${String(wanted)}`);
  }
}
