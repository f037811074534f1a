/**
 * Clusters in which pods of a few templates come and go while nodes, namespaces and services change: what caches, indexes and
 * counts by domain have to keep up with. Every in-tree plugin has something to say. Driven by one stream, so a seed names a case.
 */
import { Cluster, EvictionCause, PodOutcome } from '../../src/cluster/cluster.ts';
import type { KubernetesVersion } from '../../src/cluster/kubernetes-versions.ts';
import type { Node, Pod, PodSpec } from '../../src/cluster/objects.ts';
import { Kernel } from '../../src/kernel/kernel.ts';
import type { RandomStream } from '../../src/kernel/random.ts';
import { pluginRegistry } from '../../src/scheduler/plugins/registry.ts';
import type { NodeInfo, Plugin, PluginFactory } from '../../src/scheduler/framework/plugin-api.ts';
import { errorStatus, unschedulable } from '../../src/scheduler/framework/plugin-api.ts';
import {
  Groups, NOBODY, PACKER, aliveNodes, assertForeignPodsLeftAlone, packerProfile, replaceNodes, updatePod,
} from './churn-kinds.ts';
import { PodBelief } from '../../src/scheduler/cache/cached-pods.ts';
import type { Scheduler } from '../../src/scheduler/scheduler.ts';
import { churnScheduler } from './churn-scheduler.ts';

export interface ChurnOptions {
  readonly kubernetes?: KubernetesVersion | undefined;
  readonly seed: string;
  readonly plain: boolean;
  readonly nodes: number;
  readonly steps: number;
  /** Pods differ in priority: preemption and nominated pods. */
  readonly priorities: boolean;
  /** No pod looks at other pods: what is told by a node alone decides, preemption included. */
  readonly isolated?: boolean;
  /** No node is replaced under its name, and no pod is updated: nominated pods wait longer. */
  readonly calm?: boolean;
  /** Nodes offer one of a dozen devices, which pods ask for: few nodes take a pod. */
  readonly devices?: boolean;
  /** What remembered answers may hold. */
  readonly cacheBytes?: number;
  /** From the order to delete a pod until it is gone, 20 ms unless given: nominated pods wait as long. */
  readonly reapMicros?: number;
  /** percentageOfNodesToScore; 0: adaptive. */
  readonly percentage: number;
  /** With a plugin that declares nothing, looks at the whole cluster and draws lots, at these points. */
  readonly moody?: readonly MoodyPoint[];
}

export type MoodyPoint = 'filter' | 'preScore' | 'score';

export interface ChurnResult {
  readonly digest: string;
  readonly decisions: number;
  readonly unschedulable: number;
  /** Pods nominated, and terminating, at one time. */
  readonly mostNominated: number;
  readonly mostTerminating: number;
  /** Nodes replaced under their names, and groups that came back after they had gone. */
  readonly replacedNodes: number;
  readonly returnedGroups: number;
  readonly messages: readonly string[];
}

const APPS = ['web', 'api', 'db'];
const DEFAULT = 'default-scheduler';
const ZONE = 'topology.kubernetes.io/zone';
const HOST = 'kubernetes.io/hostname';

const term = (app: string, topologyKey: string, more: object = {}): object => ({ topologyKey, labelSelector: { matchLabels: { app } }, ...more });
const preferred = (weight: number, podAffinityTerm: object): object => ({ weight, podAffinityTerm });
const spread = (app: string, topologyKey: string, whenUnsatisfiable: string, more: object = {}): object => ({ maxSkew: 1, topologyKey, whenUnsatisfiable, labelSelector: { matchLabels: { app } }, ...more });

/** What the templates say besides requests. */
const SHAPES: readonly object[] = [
  {},
  {},
  { nodeSelector: { disk: 'ssd' } },
  { tolerations: [{ key: 'dedicated', operator: 'Exists' }], affinity: { nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 10, preference: { matchExpressions: [{ key: 'disk', operator: 'In', values: ['hdd'] }] } }] } } },
  { affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term('web', HOST)] } } },
  { affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term('db', 'rack', { namespaceSelector: { matchLabels: { team: 'a' } } })] } } },
  { affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term('api', ZONE)] } } },
  { affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term('web', 'rack'), term('web', ZONE, { namespaceSelector: {} })] } } },
  { affinity: { podAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [preferred(30, term('web', HOST)), preferred(7, term('api', ZONE))] } } },
  { affinity: { podAntiAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [preferred(50, term('db', HOST)), preferred(3, term('web', 'rack'))] } } },
  { topologySpreadConstraints: [spread('web', ZONE, 'DoNotSchedule')] },
  { topologySpreadConstraints: [spread('api', 'rack', 'DoNotSchedule', { maxSkew: 2, nodeTaintsPolicy: 'Honor' }), spread('api', HOST, 'ScheduleAnyway')] },
  { topologySpreadConstraints: [spread('db', HOST, 'DoNotSchedule', { maxSkew: 2, minDomains: 4 }), spread('db', ZONE, 'ScheduleAnyway', { maxSkew: 3 })] },
  { topologySpreadConstraints: [spread('web', ZONE, 'ScheduleAnyway'), spread('web', 'rack', 'ScheduleAnyway', { nodeAffinityPolicy: 'Ignore' })], nodeSelector: { disk: 'hdd' } },
];

/** The first ones do not look at other pods. */
const ISOLATED_SHAPES = 4;

export function churnRun(options: ChurnOptions): ChurnResult {
  const { steps } = options;
  const kernel = new Kernel({ seed: options.seed });
  const cluster = new Cluster(kernel, options.kubernetes);
  const dice = kernel.random.stream('churn');
  const { moody = [] } = options;
  const registry = new Map([...pluginRegistry(), [MOODY, moodyPlugin(moody)]]);
  const weight = (point: string): object => (point === 'score' ? { weight: 2 } : {});
  const moods = Object.fromEntries(moody.map((point) => [point, { enabled: [{ name: MOODY, ...weight(point) }] }]));
  const { percentage } = options;
  const profiles = [{ schedulerName: DEFAULT, plugins: moods }, packerProfile(percentage === 0 ? 60 : percentage + 25)];
  const nodeOf = (index: number): Node => {
    const node = randomNode(dice, index);
    return options.devices === true ? withDevice(node, index % DEVICES) : node;
  };
  const renewed = (name: string): Node => nodeOf(Number(name.slice('node-'.length)));
  let made = 0;
  const addNode = (): void => void cluster.addNode(nodeOf(made++));
  for (let i = 0; i < options.nodes; i++) addNode();
  for (const namespace of ['default', 'other']) putNamespace(cluster, namespace, 'a');
  putService(cluster, 'web');
  const group = { apiVersion: 'kubescheduler.config.k8s.io/v1', kind: 'KubeSchedulerConfiguration' };
  const configuration = { ...group, percentageOfNodesToScore: percentage, profiles };
  const { scheduler, messages } = churnScheduler(kernel, cluster, { plain: options.plain, configuration, registry, reapMicros: options.reapMicros ?? 20_000, cacheBytes: options.cacheBytes });
  const shapes = options.isolated === true ? SHAPES.slice(0, ISOLATED_SHAPES) : SHAPES;
  const templates = shapes.flatMap((shape, i) => {
    const pods = [0, 1].flatMap((size) => schedulersOf(i, options).map((name) => podOf(shape, i, size, options, name)));
    return pods.map((pod) => cluster.internTemplate(pod).id);
  });
  if (options.devices === true) for (let device = 0; device <= DEVICES; device++) templates.push(cluster.internTemplate(devicePod(device)).id);
  const groups = options.isolated === true ? null : new Groups(cluster, [[ZONE], ['rack'], [ZONE, HOST]]);
  let [mostNominated, mostTerminating, replacedNodes] = [0, 0, 0];
  for (let step = 0; step < steps; step++) {
    const roll = dice.next();
    if (roll < 0.55) createPods(cluster, dice, templates, step);
    else if (roll < 0.9) endPod(cluster, scheduler, dice);
    else if (roll < 0.957 || (roll < 0.97 && options.calm === true)) changeNode(cluster, dice);
    else if (roll < 0.964) updatePod(cluster, dice, templates);
    else if (roll < 0.97) replacedNodes += replaceNodes(cluster, dice, renewed);
    else if (roll < 0.98) addNode();
    else if (roll < 0.985) removeNode(cluster, dice);
    else if (roll < 0.99) putNamespace(cluster, 'other', pick(dice, ['a', 'b']));
    else if (roll < 0.995) putService(cluster, pick(dice, APPS));
    else kernel.run({ until: kernel.now + 3_000_000 });
    if (groups !== null && dice.next() < 0.08) groups.change(dice, step);
    kernel.run({ until: kernel.now + Math.floor(dice.next() * 12_000) });
    mostTerminating = Math.max(mostTerminating, cluster.totals.podsTerminating);
    mostNominated = Math.max(mostNominated, scheduler.queue.nominator.size);
  }
  kernel.run({ until: kernel.now + 20_000_000 });
  assertForeignPodsLeftAlone(cluster, scheduler);
  return {
    digest: kernel.digest.hex(), decisions: scheduler.decisions, unschedulable: scheduler.unschedulableDecisions,
    mostNominated, mostTerminating, replacedNodes, returnedGroups: groups?.returns ?? 0, messages,
  };
}

const DEVICES = 12;
const deviceName = (device: number): string => `example.com/device-${device}`;

function withDevice(node: Node, device: number): Node {
  return { ...node, status: { ...node.status, allocatable: { ...node.status?.allocatable, [deviceName(device)]: '2' } } };
}

function devicePod(device: number): Pod {
  const requests = { cpu: '100m', [deviceName(device)]: '1' };
  return { metadata: { namespace: 'default', labels: {} }, spec: { containers: [{ name: 'c', image: 'registry/web:v1', resources: { requests, limits: requests } }] } };
}

const MOODY = 'Moody';

/** Its answers hang on how often and in which order it is asked: both must be as in the plain scan. */
function moodyPlugin(points: readonly MoodyPoint[]): PluginFactory {
  const crowded = unschedulable(MOODY, 'node(s) were not to its liking');
  return {
    name: MOODY,
    summary: 'for tests',
    create: (_args, handle): Plugin => ({
      name: MOODY,
      ...(points.includes('filter') ? { filter: (_state: unknown, _pod: unknown, node: NodeInfo) => ((node.pods.length + handle.cluster.totals.podsPending) % 7 === 0 || handle.random('filter').next() < 0.05 ? crowded : null) } : {}),
      ...(points.includes('preScore') ? { preScore: () => (handle.random('preScore').next() < 0.05 ? errorStatus(MOODY, 'it is not in the mood') : null) } : {}),
      ...(points.includes('score') ? { score: (_state: unknown, _pod: unknown, node: NodeInfo) => (node.row + Math.floor(handle.random('score').next() * 5)) % 40 } : {}),
    }),
  };
}

function pick<T>(dice: RandomStream, list: readonly T[]): T {
  return list[Math.floor(dice.next() * list.length)];
}

function randomNode(dice: RandomStream, index: number): Node {
  const name = `node-${index}`;
  const labels: Record<string, string> = { [HOST]: name, [ZONE]: `z${index % 3}`, disk: pick(dice, ['ssd', 'hdd']) };
  if (dice.next() < 0.9) labels['rack'] = `r${Math.floor(index / 2) % 20}`;
  const images = dice.next() < 0.4 ? [{ names: ['registry/web:v1'], sizeBytes: 400_000_000 }] : [];
  return {
    metadata: { name, labels },
    spec: { taints: dice.next() < 0.15 ? [{ key: 'dedicated', value: 'x', effect: pick(dice, ['NoSchedule', 'PreferNoSchedule']) }] : [] },
    status: { allocatable: { cpu: pick(dice, ['2', '4']), memory: pick(dice, ['4Gi', '8Gi']), pods: '20' }, images },
  };
}

function podOf(shape: object, index: number, size: number, { priorities }: ChurnOptions, schedulerName: string): Pod {
  const app = APPS[index % APPS.length];
  const requests = size === 0 ? { cpu: '100m', memory: '200Mi' } : { cpu: '700m', memory: '500Mi' };
  const ports = index === 2 ? [{ hostPort: 80, containerPort: 80 }] : [];
  const containers = [{ name: 'c', image: `registry/${app}:v1`, resources: { requests }, ports }];
  const spec = { containers, priority: priorities ? (index % 3) * 100 : 0, schedulerName, ...shape } as PodSpec;
  return { metadata: { namespace: index % 5 === 4 ? 'other' : 'default', labels: { app } }, spec };
}

/** Every third kind of pod is there for the second profile, too, and one for a scheduler that is not there. */
function schedulersOf(shape: number, { isolated = false }: ChurnOptions): readonly string[] {
  if (isolated) return [DEFAULT];
  return shape === 1 ? [DEFAULT, NOBODY] : shape % 3 === 2 ? [DEFAULT, PACKER] : [DEFAULT];
}

function createPods(cluster: Cluster, dice: RandomStream, templates: readonly number[], step: number): void {
  const template = pick(dice, templates);
  const copies = 1 + Math.floor(dice.next() * 6);
  for (let i = 0; i < copies; i++) {
    cluster.createPod({ template, nameBase: cluster.names.intern(`p${step}`), nameOrdinal: i, owner: -1, workloadClass: 0, durationMicros: Infinity, pinnedNode: -1 });
  }
}

/** Bound pods end, or are deleted with a little delay; pods that wait are deleted, too. */
function endPod(cluster: Cluster, { cache }: Scheduler, dice: RandomStream): void {
  const { pods } = cluster;
  const { belief } = cache.pods;
  for (let tries = 0; tries < 8; tries++) {
    const pod = Math.floor(dice.next() * pods.length);
    if (pod >= pods.length || pods.isTerminating(pod)) continue;
    if (belief[pod] === PodBelief.Waiting && dice.next() < 0.7) cluster.terminatePod(pod, EvictionCause.Api);
    else if (belief[pod] === PodBelief.Assigned) {
      if (dice.next() < 0.5) cluster.removePod(pod, PodOutcome.Succeeded);
      else cluster.terminatePod(pod, EvictionCause.Api);
    }
  }
}

function changeNode(cluster: Cluster, dice: RandomStream): void {
  const row = pick(dice, aliveNodes(cluster));
  const { object } = cluster.nodes.facts[row];
  const roll = dice.next();
  if (roll < 0.3) cluster.setUnschedulable(row, !cluster.nodes.facts[row].unschedulable);
  else if (roll < 0.6) cluster.setTaints(row, dice.next() < 0.6 ? [] : [{ key: 'dedicated', value: 'x', effect: 'NoSchedule' }]);
  else if (roll < 0.8) {
    const labels = { ...object.metadata?.labels, disk: pick(dice, ['ssd', 'hdd']), [ZONE]: `z${Math.floor(dice.next() * 3)}`, rack: `r${Math.floor(dice.next() * 20)}` };
    cluster.updateNode(row, { ...object, metadata: { ...object.metadata, labels } });
  } else cluster.updateNode(row, { ...object, status: { ...object.status, images: dice.next() < 0.5 ? [] : [{ names: [`registry/${pick(dice, APPS)}:v1`], sizeBytes: 700_000_000 }] } });
}

function removeNode(cluster: Cluster, dice: RandomStream): void {
  const rows = aliveNodes(cluster);
  if (rows.length < 4) return;
  const row = pick(dice, rows);
  for (const pod of cluster.nodes.pods[row].slice()) if (!cluster.pods.isTerminating(pod)) cluster.terminatePod(pod, EvictionCause.NodeFailure);
  cluster.removeNode(row);
}

function putNamespace(cluster: Cluster, name: string, team: string): void {
  cluster.putObject('Namespace', { kind: 'Namespace', metadata: { name, labels: { team } } });
}

function putService(cluster: Cluster, app: string): void {
  cluster.putObject('Service', { kind: 'Service', metadata: { name: 'service', namespace: 'default' }, spec: { selector: { app } } } as never);
}
