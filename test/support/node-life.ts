/**
 * Text stories of node life: a script on the left, the timeline of what happened below. The world has all kubelets and
 * controllers, and a scheduler that takes the first node whose taints are tolerated and whose cpu suffices.
 *
 * Script lines (`at SECONDS` in front of any; at 0 otherwise):
 *   node NAME [zone=Z] [cpu=4] [memory=16Gi] [images=a,b] [labels=k:v,...] [taint=key:Effect] [pool=P]
 *   crash NODE | repair NODE | remove NODE | taint NODE key:Effect | untaint NODE key:Effect | cordon NODE
 *   deployment NAME replicas=N [lifetime=S] [image=I] [cpu=1] [class=C] [grace=S] [tolerate=key:Effect:seconds,...]
 *   statefulset NAME replicas=N | job NAME pods=N duration=S [later=N] [restart=Never] | daemonset NAME
 *   pod NAME [duration=S] [restart=Never] ... | terminate POD CAUSE
 */
import { MICROS_PER_SECOND } from '../../src/base/time.ts';
import { checkCluster } from '../../src/cluster/check.ts';
import { Cluster, EvictionCause, PodPhase } from '../../src/cluster/cluster.ts';
import type { Node, Pod, Taint, Toleration } from '../../src/cluster/objects.ts';
import { NodeChange } from '../../src/cluster/observer.ts';
import type { ClusterObserver } from '../../src/cluster/observer.ts';
import { EVICTION_CAUSE_NAMES, POD_OUTCOME_NAMES } from '../../src/cluster/pod-table.ts';
import { applyPodDefaults } from '../../src/control-plane/pod-defaults.ts';
import { findUntolerated } from '../../src/cluster/tolerations.ts';
import { withDaemonTolerations } from '../../src/controllers/daemon-nodes.ts';
import { jobDetails } from '../../src/controllers/job.ts';
import { replicaSetDetails } from '../../src/controllers/replica-set.ts';
import { statefulSetDetails } from '../../src/controllers/stateful-set.ts';
import { WorkloadControllers } from '../../src/controllers/workload-controllers.ts';
import { NodeLifecycle } from '../../src/controllers/node-lifecycle.ts';
import { WorkloadKind } from '../../src/cluster/workload-table.ts';
import type { WorkloadSeed, WorkloadTable } from '../../src/cluster/workload-table.ts';
import { PodGc } from '../../src/controllers/pod-gc.ts';
import { TaintEviction } from '../../src/controllers/taint-eviction.ts';
import type { Distribution } from '../../src/kernel/distribution.ts';
import { Kernel } from '../../src/kernel/kernel.ts';
import { Kubelet } from '../../src/node/kubelet.ts';
import { DEFAULT_PRESSURE } from '../../src/node/settings.ts';
import type { KubeletSettings } from '../../src/node/settings.ts';
import type { NodeLifecycleSettings } from '../../src/controllers/settings.ts';

export function fixed(value: number): Distribution {
  return { kind: 'fixed', value, atLeast: null, atMost: null };
}

export const KUBELET: KubeletSettings = {
  sandboxSeconds: fixed(0.5),
  containerStartSeconds: fixed(0.5),
  pullBaseSeconds: 1,
  pullBytesPerSecond: 100,
  unpackBytesPerSecond: 100,
  defaultImageBytes: 200,
  imageBytes: { big: 1000 },
  serializeImagePulls: true,
  shutdownGraces: [],
  pressure: DEFAULT_PRESSURE,
};

export const LIFECYCLE: NodeLifecycleSettings = {
  monitorPeriodMicros: 5 * MICROS_PER_SECOND,
  monitorGraceMicros: 50 * MICROS_PER_SECOND,
  leaseRenewMicros: 10 * MICROS_PER_SECOND,
  evictionRatePerSecond: 0.1,
  secondaryEvictionRatePerSecond: 0.01,
  largeClusterThreshold: 50,
  unhealthyZoneThreshold: 0.55,
  defaultTolerationSeconds: 300,
};

export interface WorldOptions {
  readonly seed?: string;
  readonly kubelet?: Partial<KubeletSettings>;
  readonly lifecycle?: Partial<NodeLifecycleSettings>;
  /** false: somebody else looks after workloads; two would undo each other's work. */
  readonly ownControllers?: boolean;
}

/** All parts of node life, wired as an assembly wires them. */
export class World {
  readonly kernel: Kernel;
  readonly cluster: Cluster;
  readonly owners: WorkloadTable;
  /** null: somebody else's. */
  readonly controllers: WorkloadControllers | null;
  readonly kubelet: Kubelet;
  readonly lifecycle: NodeLifecycle;
  readonly log: string[] = [];

  constructor(options: WorldOptions = {}) {
    this.kernel = new Kernel({ seed: options.seed ?? 'story' });
    const { kernel } = this;
    this.cluster = new Cluster(kernel);
    this.cluster.observe(logger(this.cluster, this.log));
    this.owners = this.cluster.workloads;
    const admit = (pod: Pod): number => this.cluster.internTemplate(applyPodDefaults(pod)).id;
    this.controllers = options.ownControllers === false ? null : new WorkloadControllers(kernel, this.cluster, admit, 4);
    this.kubelet = new Kubelet(kernel, this.cluster, { ...KUBELET, ...options.kubelet });
    new PodGc(kernel, this.cluster);
    this.lifecycle = new NodeLifecycle(kernel, this.cluster, { ...LIFECYCLE, ...options.lifecycle });
    new TaintEviction(kernel, this.cluster);
    new FirstFitScheduler(kernel, this.cluster);
  }

  run(untilSeconds: number): void {
    this.kernel.run({ until: untilSeconds * MICROS_PER_SECOND });
    checkCluster(this.cluster);
  }

  podNamed(name: string): number {
    const { pods } = this.cluster;
    for (let pod = 0; pod < pods.length; pod++) if (pods.phase[pod] !== PodPhase.Free && this.cluster.podName(pod) === name) return pod;
    throw new Error(`no pod ${name}`);
  }
}

/** Plays a script and gives the timeline; lines that `hide` matches are left out. */
export function story(
  script: string, untilSeconds: number, options: WorldOptions & { readonly hide?: RegExp } = {},
): string {
  const world = new World(options);
  playScript(world, script);
  world.run(untilSeconds);
  const hide = options.hide;
  return `\n${world.log.filter((line) => hide === undefined || !hide.test(line)).join('\n')}\n`;
}

export function playScript(world: World, script: string): void {
  const { kernel } = world;
  const lines = script.split('\n').map((line) => line.trim()).filter((line) => line !== '');
  const commands = lines.map((line) => {
    const match = /^at ([0-9.]+) (.*)$/.exec(line);
    return match === null ? { at: 0, text: line } : { at: Number(match[1]), text: match[2] };
  });
  const kinds = new Map([
    ['fault', kernel.defineEvent('story fault', 0, (index) => command(world, commands[index].text))],
    ['input', kernel.defineEvent('story input', 2, (index) => command(world, commands[index].text))],
  ]);
  commands.forEach(({ at, text }, index) => {
    const phase = /^(crash|repair) /.test(text) ? 'fault' : 'input';
    kernel.at(Math.round(at * MICROS_PER_SECOND), kinds.get(phase) ?? 0, index);
  });
}

function command(world: World, text: string): void {
  const [verb, name, ...rest] = text.split(/\s+/);
  const options = new Map(rest.map((word) => [word.slice(0, word.indexOf('=')), word.slice(word.indexOf('=') + 1)]));
  const { cluster } = world;
  const row = (): number => cluster.nodeRow(name);
  const taints = (): readonly Taint[] => cluster.nodes.facts[row()].taints;
  switch (verb) {
    case 'node':
      cluster.addNode(nodeOf(name, options), options.get('pool') ?? '');
      return;
    case 'crash':
      return cluster.setNodeHealth(row(), false);
    case 'repair':
      return cluster.setNodeHealth(row(), true);
    case 'remove':
      return cluster.removeNode(row());
    case 'taint':
      return cluster.setTaints(row(), [...taints(), taintOf(rest[0])]);
    case 'untaint':
      return cluster.setTaints(row(), taints().filter(({ key, effect }) => `${key}:${effect}` !== rest[0]));
    case 'cordon':
      return cluster.setUnschedulable(row(), true);
    case 'terminate':
      return cluster.terminatePod(world.podNamed(name), EvictionCause[rest[0] as keyof typeof EvictionCause]);
    default:
      return workload(world, verb, name, options);
  }
}

type Options = ReadonlyMap<string, string>;

function workload(world: World, verb: string, name: string, options: Options): void {
  const { cluster, controllers } = world;
  const micros = (key: string): number => Number(options.get(key) ?? Infinity) * MICROS_PER_SECOND;
  const workloadClass = cluster.classes.intern(options.get('class') ?? verb);
  const nameBase = cluster.names.intern(name);
  const pod = podOf(verb, options);
  const template = cluster.internTemplate(pod).id;
  const count = Number(options.get('replicas') ?? options.get('pods') ?? 1);
  const more = ownerParts(verb, count, Number(options.get('later') ?? 0), pod);
  if (more === null) {
    cluster.createPod({
      template, nameBase, nameOrdinal: -1, owner: -1, workloadClass, durationMicros: micros('duration'), pinnedNode: -1,
    });
    return;
  }
  const seed = {
    template, workloadClass, nameBase, parent: -1, podMicros: micros('duration'), key: `default/${name}`, ...more,
  };
  if (verb === 'daemonset') return controllers?.daemonSets.arrive(cluster.workloadWriter.stand({ ...seed, key: '' }));
  controllers?.deleteAt(cluster.workloadWriter.create(seed), cluster.now + micros('lifetime'));
}

/** null: a pod of nobody. */
function ownerParts(
  verb: string, count: number, later: number, pod: Pod,
): Pick<WorkloadSeed, 'kind' | 'wanted' | 'object' | 'details'> | null {
  switch (verb) {
    case 'deployment':
      return { kind: WorkloadKind.ReplicaSet, wanted: count, object: {}, details: replicaSetDetails({}, 0) };
    case 'statefulset':
      return {
        kind: WorkloadKind.StatefulSet, wanted: count, object: { spec: { template: pod } }, details: statefulSetDetails(),
      };
    case 'job':
      return {
        kind: WorkloadKind.Job, wanted: -1, details: jobDetails(),
        object: { spec: { parallelism: count, completions: count + later, ttlSecondsAfterFinished: 0 } },
      };
    case 'daemonset':
      return { kind: WorkloadKind.DaemonSet, wanted: -1, object: null, details: null };
    default:
      return null;
  }
}

function nodeOf(name: string, options: Options): Node {
  const zone = options.get('zone');
  const labels = Object.fromEntries((options.get('labels') ?? '').split(',').filter((text) => text !== '').map((text) => text.split(':')));
  const images = (options.get('images') ?? '').split(',').filter((text) => text !== '').map((text) => ({ names: [text], sizeBytes: 100 }));
  const taint = options.get('taint');
  return {
    metadata: { name, labels: { ...labels, ...(zone === undefined ? {} : { 'topology.kubernetes.io/zone': zone }) } },
    spec: { taints: taint === undefined ? [] : [taintOf(taint)] },
    status: {
      allocatable: { cpu: options.get('cpu') ?? '4', memory: options.get('memory') ?? '16Gi', pods: '110' },
      images,
    },
  };
}

function taintOf(text: string): Taint {
  const [key, effect] = text.split(':');
  return { key, effect };
}

function podOf(verb: string, options: Options): Pod {
  const image = options.get('image');
  const selector = options.get('selector');
  const tolerations = (options.get('tolerate') ?? '').split(',').filter((text) => text !== '').map((text): Toleration => {
    const [key, effect, seconds] = text.split(':');
    return { key, operator: 'Exists', effect, ...(seconds === undefined ? {} : { tolerationSeconds: Number(seconds) }) };
  });
  const containers = (image ?? '').split(',').map((name, index) => ({
    name: `c${index}`, ...(name === '' ? {} : { image: name }), resources: { requests: index === 0 ? { cpu: options.get('cpu') ?? '1' } : {} },
  }));
  const spec = {
    containers,
    tolerations,
    restartPolicy: options.get('restart') ?? (verb === 'job' ? 'Never' : 'Always'),
    terminationGracePeriodSeconds: Number(options.get('grace') ?? 30),
    ...(selector === undefined ? {} : { nodeSelector: Object.fromEntries([selector.split(':')]) as Record<string, string> }),
  };
  return applyPodDefaults({ spec: verb === 'daemonset' ? withDaemonTolerations(spec) : spec });
}

/** Takes pending pods in row order whenever anything changed; binds at once. */
class FirstFitScheduler implements ClusterObserver {
  private readonly kernel: Kernel;
  private readonly cluster: Cluster;
  private readonly event: number;
  private isScheduled = false;

  constructor(kernel: Kernel, cluster: Cluster) {
    this.kernel = kernel;
    this.cluster = cluster;
    this.event = kernel.defineEvent('story scheduler', 5, () => this.schedule());
    cluster.observe(this);
  }

  podCreated(): void {
    this.wake();
  }

  podRemoved(): void {
    this.wake();
  }

  nodeAdded(): void {
    this.wake();
  }

  nodeUpdated(): void {
    this.wake();
  }

  private wake(): void {
    if (this.isScheduled) return;
    this.isScheduled = true;
    this.kernel.after(0, this.event);
  }

  private schedule(): void {
    this.isScheduled = false;
    const { pods, nodes } = this.cluster;
    for (let pod = 0; pod < pods.length; pod++) {
      if (pods.phase[pod] !== PodPhase.Pending) continue;
      for (let node = 0; node < nodes.length; node++) {
        if (!this.fits(pod, node)) continue;
        this.cluster.bindPod(pod, node);
        break;
      }
    }
  }

  private fits(pod: number, node: number): boolean {
    const { pods, nodes, names } = this.cluster;
    if (nodes.alive[node] === 0) return false;
    const facts = nodes.facts[node];
    if (pods.pinnedNode[pod] >= 0 && names.text(pods.pinnedNode[pod]) !== facts.name) return false;
    const template = this.cluster.templateOf(pod);
    const free = nodes.allocatable[node * nodes.stride] - nodes.requested[node * nodes.stride];
    if (Number(template.requested.amounts[0] ?? 0) > free) return false;
    return !facts.unschedulable && findUntolerated(facts.taints, template.tolerations, ['NoSchedule', 'NoExecute']) === undefined;
  }
}

function logger(cluster: Cluster, log: string[]): ClusterObserver {
  const say = (text: string): void => {
    log.push(`${(cluster.now / MICROS_PER_SECOND).toFixed(1).padStart(7)}  ${text}`);
  };
  const on = (pod: number): string => `${cluster.podName(pod)} on ${cluster.nodes.facts[cluster.pods.node[pod]].name}`;
  const short = ({ key, effect }: Taint): string => `${key.replace('node.kubernetes.io/', '')}:${effect}`;
  return {
    podCreated: (pod) => say(`created ${cluster.podName(pod)}`),
    podBound: (pod) => say(`bound ${on(pod)}`),
    podStarted: (pod) => say(`started ${on(pod)}`),
    podInterrupted: (pod, lost) => say(`interrupted ${on(pod)}, lost ${lost / MICROS_PER_SECOND} s`),
    podTerminating: (pod) => say(`terminating ${cluster.podName(pod)}: ${EVICTION_CAUSE_NAMES[cluster.pods.cause[pod]]}`),
    podRemoved: (pod, _node, _phase, outcome) => say(`removed ${cluster.podName(pod)}: ${POD_OUTCOME_NAMES[outcome]}`),
    nodeRemoving: (node) => say(`node ${cluster.nodes.facts[node].name} removed`),
    nodeHealthChanged: (node, up) => say(`machine ${cluster.nodes.facts[node].name} ${up ? 'up' : 'down'}`),
    nodeUpdated: (node, changes) => {
      const facts = cluster.nodes.facts[node];
      const { name, images } = facts;
      const ready = facts.object.status?.conditions?.find(({ type }) => type === 'Ready')?.status;
      if ((changes & NodeChange.Images) !== 0) say(`node ${name} images ${[...images.keys()].join(' ')}`);
      if ((changes & NodeChange.Conditions) !== 0) say(`node ${name} Ready=${ready}`);
      if ((changes & NodeChange.Taints) !== 0) say(`node ${name} taints [${facts.taints.map(short).join(' ')}]`);
    },
  };
}
