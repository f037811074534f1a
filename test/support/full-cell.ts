/**
 * A few nodes that are full, and many more pods than they take, of few templates: nearly every attempt fails as the one
 * before it, until a pod ends, a node changes, a preemptor is nominated. All of it happens within the kernel's loop, so
 * that whole rounds of attempts lie between two events. Driven by one stream, so a seed names a case.
 */
import { Cluster, EvictionCause, PodOutcome } from '../../src/cluster/cluster.ts';
import type { KubernetesVersion } from '../../src/cluster/kubernetes-versions.ts';
import type { PodSpec } from '../../src/cluster/objects.ts';
import { Kernel } from '../../src/kernel/kernel.ts';
import { PodBelief } from '../../src/scheduler/cache/cached-pods.ts';
import type { Plugin, PluginFactory } from '../../src/scheduler/framework/plugin-api.ts';
import { SKIP, unschedulable } from '../../src/scheduler/framework/plugin-api.ts';
import { pluginRegistry } from '../../src/scheduler/plugins/registry.ts';
import { QueuePlace } from '../../src/scheduler/queue/scheduling-queue.ts';
import { NOBODY } from './churn-kinds.ts';
import { churnScheduler } from './churn-scheduler.ts';

export interface FullCellOptions {
  readonly kubernetes?: KubernetesVersion | undefined;
  readonly seed: string;
  readonly plain: boolean;
  readonly nodes: number;
  /** Pods that wait at a time, about. */
  readonly crowd: number;
  readonly seconds: number;
  /** The run is cut into pieces of so many events; they change nothing. */
  readonly slice?: number;
  /** Attempts are told with what each node said, too. */
  readonly isWatched?: boolean;
  /** With a plugin that promises nothing, whose answers change by themselves. */
  readonly moody?: 'preFilter' | 'filter' | 'inert' | 'postFilter';
}

const ZONE = 'topology.kubernetes.io/zone';
const MOODY = 'Moody';

const apart = { topologyKey: ZONE, labelSelector: { matchLabels: { app: 'apart' } } };
const labelSelector = { matchLabels: { app: 'even' } };
const even = { topologyKey: ZONE, maxSkew: 1, whenUnsatisfiable: 'DoNotSchedule', labelSelector };
/** What the templates say besides requests, and their labels. */
const SHAPES: readonly (readonly [object, Readonly<Record<string, string>>])[] = [
  [{ priority: 0 }, {}],
  [{ priority: 100 }, {}],
  [{ priority: 200, preemptionPolicy: 'Never' }, {}],
  [{ priority: 50, nodeSelector: { disk: 'ssd' } }, {}],
  [{ priority: 50, topologySpreadConstraints: [even] }, { app: 'even' }],
  [{ affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [apart] } } }, { app: 'apart' }],
  [{ priority: 10, volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'not-there' } }] }, {}],
  [{ priority: 20, volumes: [{ name: 'v', ephemeral: {} }] }, {}],
];

export function fullCellRun(options: FullCellOptions) {
  const kernel = new Kernel({ seed: options.seed });
  const cluster = new Cluster(kernel, options.kubernetes);
  const dice = kernel.random.stream('cell');
  const roll = (count: number): number => Math.floor(dice.next() * count);
  const node = (index: number): object => ({
    metadata: { name: `n${index}`, labels: { [ZONE]: `z${index % 3}`, disk: index % 4 === 0 ? 'ssd' : 'hdd' } },
    status: { allocatable: { cpu: '4', memory: '8Gi', pods: '20' } },
  });
  for (let i = 0; i < options.nodes; i++) cluster.addNode(node(i));
  const registry = new Map([...pluginRegistry(), [MOODY, moodyPlugin(options.moody)]]);
  const { moody } = options;
  const point = moody === 'inert' ? 'filter' : moody;
  const enabled = { enabled: [{ name: MOODY }] };
  const plugins = point === undefined ? {} : { [point]: enabled, ...(moody === 'inert' ? { preFilter: enabled } : {}) };
  const head = { apiVersion: 'kubescheduler.config.k8s.io/v1', kind: 'KubeSchedulerConfiguration' };
  const configuration = { ...head, profiles: [{ schedulerName: 'default-scheduler', plugins }] };
  const settings = { plain: options.plain, configuration, registry, reapMicros: 300_000 };
  const { scheduler, messages } = churnScheduler(kernel, cluster, settings);
  let blamed = 0;
  if (options.isWatched === true)
    scheduler.listeners.push({
      cycleFailed: (_pod, _message, diagnosis) => void (blamed += diagnosis?.unschedulablePlugins.size ?? 1000),
    });
  const templates = SHAPES.flatMap(([shape, labels]) =>
    ['500m', '1500m'].map((cpu) => {
      const containers = [{ name: 'c', image: 'i', resources: { requests: { cpu, memory: '100Mi' } } }];
      const spec = { containers, ...shape } as PodSpec;
      return cluster.internTemplate({ metadata: { namespace: 'default', labels }, spec }).id;
    }),
  );
  const foreign = cluster.internTemplate({ metadata: {}, spec: { containers: [], schedulerName: NOBODY } }).id;
  let made = 0;
  const create = (): void => {
    const template = dice.next() < 0.01 ? foreign : templates[roll(templates.length)];
    const someNode = (): number => (dice.next() < 0.03 ? cluster.names.intern(`n${roll(options.nodes)}`) : -1);
    const pinnedNode = someNode();
    const nominatedNode = someNode();
    const name = { nameBase: cluster.names.intern('p'), nameOrdinal: made++ };
    const seed = { owner: -1, workloadClass: 0, durationMicros: Infinity, pinnedNode, nominatedNode };
    const pod = cluster.createPod({ template, ...name, ...seed });
    if (cluster.templates.get(template).hasEphemeralVolumes) putVolume(cluster, cluster.podName(pod), `z${roll(3)}`);
  };
  const waiting = (): number[] => {
    const rows: number[] = [];
    const { belief } = scheduler.cache.pods;
    for (let pod = 0; pod < cluster.pods.length; pod++) if (belief[pod] === PodBelief.Waiting) rows.push(pod);
    return rows;
  };
  const end = kernel.defineEvent('end', 3, (pod, incarnation) => {
    const isThere = (cluster.pods.incarnation[pod] | 0) === incarnation && !cluster.pods.isTerminating(pod);
    if (isThere) cluster.removePod(pod, PodOutcome.Succeeded);
  });
  cluster.observe({
    podBound: (pod) => kernel.after(200_000 + roll(8_000_000), end, pod, cluster.pods.incarnation[pod] | 0),
  });
  const arrive = kernel.defineEvent('arrive', 2, () => {
    const rows = waiting();
    for (let i = rows.length; i < options.crowd; i++) create();
    const pod = rows[roll(rows.length)];
    if (dice.next() < 0.2 && rows.length > 0 && !cluster.pods.isTerminating(pod))
      cluster.terminatePod(pod, EvictionCause.Api);
    if (dice.next() < 0.2 && rows.length > 0 && cluster.pods.template[pod] !== foreign)
      cluster.updatePod(pod, templates[roll(templates.length)]);
    kernel.after(50_000 + roll(1_500_000), arrive);
  });
  kernel.after(1, arrive);
  const change = kernel.defineEvent('change', 1, () => {
    const row = roll(cluster.nodes.length);
    if (dice.next() < 0.7) cluster.setUnschedulable(row, !cluster.nodes.facts[row].unschedulable);
    else cluster.addNode(node(made++));
    kernel.after(2_000_000 + roll(6_000_000), change);
  });
  kernel.after(3_000_000, change);
  const until = options.seconds * 1_000_000;
  while (kernel.run({ until, maxEvents: options.slice ?? Infinity }) === 'paused');
  const { queue, algorithm } = scheduler;
  const pods = Array.from({ length: cluster.pods.length }, (_, pod) => pod);
  return {
    digest: kernel.digest.hex(),
    events: kernel.eventCount,
    messages,
    blamed,
    decisions: scheduler.decisions,
    unschedulable: scheduler.unschedulableDecisions,
    rejections: scheduler.rejectionsByPlugin,
    nodesFiltered: algorithm.nodesFiltered,
    startIndex: algorithm.nextStartNodeIndex,
    queues: Object.values(QueuePlace).map((place) => [...queue.rows(place)]),
    attempts: pods.map((pod) => [queue.attempts(pod), queue.initialAttemptAt(pod)]),
    backoffs: pods.map((pod) => [queue.backoffMicros(pod), queue.backoffUntil(pod)]),
    repeated: scheduler.repeats.repeated,
    nominated: scheduler.queue.nominator.size,
  };
}

/** A claim of the pod's own, bound to a volume that one zone can use: what a node says is not the template's alone. */
function putVolume(cluster: Cluster, pod: string, zone: string): void {
  const metadata = {
    name: `${pod}-v`,
    namespace: 'default',
    annotations: { 'pv.kubernetes.io/bind-completed': 'yes' },
    ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: pod, uid: pod, controller: true }],
  };
  const terms = [{ matchExpressions: [{ key: ZONE, operator: 'In', values: [zone] }] }];
  const volume = { kind: 'PersistentVolume', metadata: { name: `of-${pod}` } };
  const spec = { nodeAffinity: { required: { nodeSelectorTerms: terms } } };
  cluster.putObject('PersistentVolume', { ...volume, spec } as never);
  const claim = { kind: 'PersistentVolumeClaim', metadata, spec: { volumeName: `of-${pod}` } };
  cluster.putObject('PersistentVolumeClaim', claim);
}

/** Its answers hang on how often it is asked, or on the time: only who asks it each time gets the plain scan's. */
function moodyPlugin(point: FullCellOptions['moody']): PluginFactory {
  const no = unschedulable(MOODY, 'not now');
  let asked = 0;
  const isMoody = (): boolean => ++asked % 5 === 0;
  return {
    name: MOODY,
    summary: 'for tests',
    create: (_args, handle): Plugin => ({
      name: MOODY,
      ...(point === 'preFilter'
        ? { preFilter: () => ({ status: handle.now() % 5 === 0 ? no : null, nodeNames: null }) }
        : {}),
      ...(point === 'filter' ? { filter: () => (isMoody() ? no : null) } : {}),
      ...(point === 'inert' ? sleeper(() => handle.now() % 7_000_000 < 4_000_000) : {}),
      ...(point === 'postFilter'
        ? { postFilter: () => ({ status: unschedulable(MOODY, `time ${String(asked++)}`), nominatedNodeName: null }) }
        : {}),
    }),
  };
}

/** Lets everything pass while it is asleep, and nothing while it is awake. */
function sleeper(isAsleep: () => boolean): Partial<Plugin> {
  const no = unschedulable(MOODY, 'awake');
  return {
    inert: isAsleep,
    preFilter: () => ({ status: isAsleep() ? SKIP : null, nodeNames: null }),
    filter: () => no,
  };
}
