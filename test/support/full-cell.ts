/**
 * A few nodes that are full, and many more pods than they take, of few templates: nearly every attempt fails as the one
 * before it, until a pod ends, a node changes, a preemptor is nominated. All of it happens within the kernel's loop, so
 * that whole rounds of attempts lie between two events. Driven by one stream, so a seed names a case.
 */
import { assert } from '../../src/base/assert.ts';
import { Cluster, EvictionCause, PodOutcome, PodPhase } from '../../src/cluster/cluster.ts';
import type { KubernetesVersion } from '../../src/cluster/kubernetes-versions.ts';
import type { PodSpec } from '../../src/cluster/objects.ts';
import { Kernel } from '../../src/kernel/kernel.ts';
import { PodBelief } from '../../src/scheduler/cache/cached-pods.ts';
import type { Plugin, PluginFactory } from '../../src/scheduler/framework/plugin-api.ts';
import { SKIP, unschedulable } from '../../src/scheduler/framework/plugin-api.ts';
import { pluginRegistry } from '../../src/scheduler/plugins/registry.ts';
import { QueuePlace } from '../../src/scheduler/queue/scheduling-queue.ts';
import type { Scheduler } from '../../src/scheduler/scheduler.ts';
import { NOBODY, PACKER, packerProfile } from './churn-kinds.ts';
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
  /** Half of the templates ask for a second profile: of the same scheduler, or of a process beside it. */
  readonly packer?: 'profile' | 'process';
  /** Pods with scheduling gates, which an update may take away or put back. */
  readonly isGated?: boolean;
  /** Somebody wants to know what nodes have left. */
  readonly looks?: boolean;
  /** The last pod goes first: a QueueSort of one's own. */
  readonly isLastFirst?: boolean;
  /** How late schedulers see each change, at most; absent: they are on time. */
  readonly lateMicros?: number;
  readonly cycleMicros?: number;
  /** Only so many of the templates; absent: all of them. */
  readonly kinds?: number;
}

const ZONE = 'topology.kubernetes.io/zone';
const MOODY = 'Moody';
const LAST_FIRST = 'LastFirst';

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
  const own: readonly PluginFactory[] = [moodyPlugin(options.moody), lastFirst];
  const registry = new Map([...pluginRegistry(), ...own.map((plugin) => [plugin.name, plugin] as const)]);
  const { moody, packer, lateMicros, cycleMicros } = options;
  const point = moody === 'inert' ? 'filter' : moody;
  const enabled = { enabled: [{ name: MOODY }] };
  const queueSort = { enabled: [{ name: LAST_FIRST }], disabled: [{ name: '*' }] };
  const plugins = {
    ...(point === undefined ? {} : { [point]: enabled, ...(moody === 'inert' ? { preFilter: enabled } : {}) }),
    ...(options.isLastFirst === true ? { queueSort } : {}),
  };
  const head = { apiVersion: 'kubescheduler.config.k8s.io/v1', kind: 'KubeSchedulerConfiguration' };
  const profiles: readonly object[] = [{ schedulerName: 'default-scheduler', plugins }];
  const settings = { plain: options.plain, registry, reapMicros: 300_000, cycleMicros };
  const start = (process: string, served: readonly object[]): Started => {
    const stream = kernel.random.stream('late', process);
    const delay = lateMicros === undefined ? undefined : () => Math.floor(stream.next() * lateMicros);
    const configuration = { ...head, profiles: served };
    return churnScheduler(kernel, cluster, { ...settings, configuration, process, delay });
  };
  const second = packer === undefined ? [] : [packerProfile(100)];
  const started = packer === 'process'
    ? [start('', profiles), start(PACKER, second)]
    : [start('', [...profiles, ...second])];
  const [{ scheduler }] = started;
  let blamed = 0;
  const rooms: string[] = [];
  let longest = 0;
  for (const [index, { scheduler: each }] of started.entries()) {
    if (options.isWatched === true)
      each.listeners.push({
        cycleFailed: (_pod, _message, diagnosis) => void (blamed += diagnosis?.unschedulablePlugins.size ?? 1000),
      });
    if (options.looks === true)
      each.listeners.push({ roomSeen: ({ id }, room) => void rooms.push(`${index} ${id} ${JSON.stringify(room)}`) });
    const { queue } = each;
    const rejectNext = queue.rejectNext.bind(queue);
    queue.rejectNext = (...given) => {
      const count = rejectNext(...given);
      longest = Math.max(longest, count);
      return count;
    };
  }
  const gates = options.isGated === true ? [[], [], [{ name: 'later' }]] : [[]];
  const all = SHAPES.flatMap(([shape, labels], index) =>
    ['500m', '1500m'].flatMap((cpu) => gates.map((schedulingGates) => {
      const containers = [{ name: 'c', image: 'i', resources: { requests: { cpu, memory: '100Mi' } } }];
      const schedulerName = packer !== undefined && index % 2 === 1 ? PACKER : 'default-scheduler';
      const spec = { containers, schedulerName, schedulingGates, ...shape } as PodSpec;
      return cluster.internTemplate({ metadata: { namespace: 'default', labels }, spec }).id;
    })),
  );
  const templates = all.slice(0, options.kinds);
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
    for (let pod = 0; pod < cluster.pods.length; pod++) {
      if (cluster.pods.phase[pod] !== PodPhase.Pending) continue;
      if (started.some((each) => each.scheduler.cache.pods.belief[pod] === PodBelief.Waiting)) rows.push(pod);
    }
    return rows;
  };
  /** The API server lets nobody change a pod's scheduler. */
  const update = (pod: number): void => {
    const template = templates[roll(templates.length)];
    if (cluster.templates.get(template).schedulerName === cluster.templateOf(pod).schedulerName)
      cluster.updatePod(pod, template);
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
    if (dice.next() < 0.2 && rows.length > 0) update(pod);
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
  for (const { scheduler: { queue } } of started) {
    for (const [pod, name] of queue.nominator.entries())
      assert(cluster.nominatedNodeName(pod) === name, 'the status of a pod tells where it is nominated');
  }
  const sum = (of: (each: Scheduler) => number): number => started.reduce((all, each) => all + of(each.scheduler), 0);
  return {
    digest: kernel.digest.hex(),
    events: kernel.eventCount,
    blamed,
    rooms,
    unschedulable: sum((each) => each.unschedulableDecisions),
    schedulers: started.map((each) => ({ messages: each.messages, ...leftBy(each.scheduler, cluster.pods.length) })),
    nominated: scheduler.queue.nominator.size,
    /** How: not the same in the plain run. */
    repeated: sum((each) => each.cycle.repeats.repeated),
    longest,
  };
}

type Started = ReturnType<typeof churnScheduler>;

function leftBy({ queue, algorithm, decisions, rejectionsByPlugin }: Scheduler, rows: number) {
  const pods = Array.from({ length: rows }, (_, pod) => pod).filter((pod) => queue.attempts(pod) > 0);
  return {
    decisions,
    rejections: rejectionsByPlugin,
    nodesFiltered: algorithm.nodesFiltered,
    startIndex: algorithm.nextStartNodeIndex,
    queues: Object.values(QueuePlace).map((place) => [...queue.rows(place)]),
    attempts: pods.map((pod) => [pod, queue.attempts(pod), queue.initialAttemptAt(pod), queue.lastFailureAt(pod)]),
    backoffs: pods.map((pod) => [queue.backoffMicros(pod), queue.backoffUntil(pod), queue.unschedulableAttempts(pod)]),
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

const lastFirst: PluginFactory = {
  name: LAST_FIRST,
  summary: 'for tests',
  create: (): Plugin => ({ name: LAST_FIRST, less: (a, b) => a.timestamp > b.timestamp }),
};

/** Lets everything pass while it is asleep, and nothing while it is awake. */
function sleeper(isAsleep: () => boolean): Partial<Plugin> {
  const no = unschedulable(MOODY, 'awake');
  return {
    inert: isAsleep,
    preFilter: () => ({ status: isAsleep() ? SKIP : null, nodeNames: null }),
    filter: () => no,
  };
}
