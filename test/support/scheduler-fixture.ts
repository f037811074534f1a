/**
 * A small cluster for stories about one plugin: nodes, running pods and objects as Kubernetes writes them, and functions
 * that ask the plugin about a pod on every node. Time stands still unless a story moves it.
 */
import { Digest } from '../../src/base/digest.ts';
import { Cluster } from '../../src/cluster/cluster.ts';
import type { KubernetesVersion } from '../../src/cluster/kubernetes-versions.ts';
import type { KubernetesObject, Node, Pod, PodSpec } from '../../src/cluster/objects.ts';
import { EvictionCause, PodOutcome } from '../../src/cluster/pod-table.ts';
import { RandomStreams } from '../../src/kernel/random.ts';
import { eventMatches, event } from '../../src/scheduler/framework/cluster-event.ts';
import type { EventResource, EventSubject, NodeEventView, PodEventView } from '../../src/scheduler/framework/cluster-event.ts';
import { nodeEventView } from '../../src/scheduler/framework/cluster-event.ts';
import { CycleState } from '../../src/scheduler/framework/cycle-state.ts';
import type { Handle, NodeInfo, Plugin, PluginFactory } from '../../src/scheduler/framework/plugin-api.ts';
import { Placements } from '../../src/scheduler/cache/placements.ts';
import { PodInfo } from '../../src/scheduler/framework/pod-info.ts';
import { SchedulerCache } from '../../src/scheduler/cache/scheduler-cache.ts';
import { LiveSnapshot } from '../../src/scheduler/cache/snapshot.ts';
import { CODE_NAMES, Code, statusMessage } from '../../src/scheduler/framework/status.ts';
import type { Status } from '../../src/scheduler/framework/status.ts';

export interface FixtureObjects {
  readonly nodes?: readonly Node[];
  /** With spec.nodeName: running there. */
  readonly pods?: readonly Pod[];
  /** Anything else; `kind` says what. */
  readonly objects?: readonly KubernetesObject[];
  readonly kubernetes?: KubernetesVersion | undefined;
}

export function node(name: string, labels: Readonly<Record<string, string>> = {}, more: Omit<Node, 'metadata'> = {}): Node {
  return { kind: 'Node', metadata: { name, labels }, status: { allocatable: { cpu: '8', memory: '32Gi', pods: '110' } }, ...more };
}

/** `name` may carry the namespace: `team/web`. */
export function pod(name: string, labels: Readonly<Record<string, string>> = {}, spec: PodSpec = {}): Pod {
  const slash = name.indexOf('/');
  return { kind: 'Pod', metadata: { namespace: slash < 0 ? 'default' : name.slice(0, slash), name: name.slice(slash + 1), labels }, spec: { containers: [{ name: 'main' }], ...spec } };
}

/** Pods named after the node, running there. */
export function podsOn(nodeName: string, count: number, labels: Readonly<Record<string, string>>, spec: PodSpec = {}): Pod[] {
  return Array.from({ length: count }, (_, i) => pod(`${nodeName}-${Object.values(labels).join('-')}-${i}`, labels, { ...spec, nodeName }));
}

export class SchedulerFixture {
  readonly clock = { now: 0, digest: new Digest() };
  readonly cluster: Cluster;
  readonly cache: SchedulerCache;
  readonly snapshot: LiveSnapshot;
  readonly handle: Handle;
  private readonly rows = new Map<string, number>();

  constructor({ nodes = [], pods = [], objects = [], kubernetes }: FixtureObjects) {
    this.cluster = new Cluster(this.clock, kubernetes);
    this.cache = new SchedulerCache(this.cluster);
    this.snapshot = new LiveSnapshot(this.cache);
    this.cluster.observe(this.cache);
    for (const object of objects) this.put(object);
    for (const object of nodes) this.cluster.addNode(object);
    for (const object of pods) this.addPod(object);
    this.snapshot.refresh();
    this.handle = this.makeHandle();
  }

  put(object: KubernetesObject): void {
    this.cluster.putObject(object.kind ?? '', object);
  }

  /** Its row; a pod with a node runs there. */
  addPod(object: Pod): number {
    const { cluster } = this;
    const name = object.metadata?.name ?? '';
    const row = cluster.createPod({
      template: cluster.internTemplate(object).id,
      nameBase: cluster.names.intern(name),
      nameOrdinal: -1,
      owner: -1,
      workloadClass: 0,
      durationMicros: Infinity,
      pinnedNode: -1,
    });
    this.rows.set(name, row);
    const nodeName = object.spec?.nodeName ?? '';
    if (nodeName !== '') cluster.placePod(row, cluster.nodeRow(nodeName));
    return row;
  }

  row(podName: string): number {
    return this.rows.get(podName) ?? -1;
  }

  terminate(podName: string): void {
    this.cluster.terminatePod(this.row(podName), EvictionCause.Api);
  }

  remove(podName: string): void {
    this.cluster.removePod(this.row(podName), PodOutcome.Deleted);
  }

  nodeInfo(name: string): NodeInfo {
    return this.cache.nodeInfo(this.cache.nodeRow(name));
  }

  plugin(factory: PluginFactory, args: Readonly<Record<string, unknown>> = {}): PluginStory {
    return new PluginStory(this, factory.create({ ...factory.defaultArgs, ...args }, this.handle));
  }

  private makeHandle(): Handle {
    const { cache: cluster, snapshot } = this;
    const streams = new RandomStreams('story');
    return {
      cluster,
      snapshot,
      placements: new Placements(cluster),
      filterWithNominatedPods: () => null,
      runPreFilterAddPod: () => null,
      runPreFilterRemovePod: () => null,
      nominatedPods: () => [],
      nominations: () => new Map(),
      nominationCount: () => 0,
      random: (purpose) => streams.stream(purpose),
      now: () => cluster.now,
      activate: () => undefined,
      allowWaitingPod: () => undefined,
      rejectWaitingPod: () => false,
      preemption: { execute: () => undefined, isRunningFor: () => false },
      schedulerName: 'default-scheduler',
    };
  }
}

export function fixture(objects: FixtureObjects): SchedulerFixture {
  return new SchedulerFixture(objects);
}

/** One plugin in a fixture. Statuses read `Code: reasons`; success is `ok`. */
export class PluginStory {
  readonly plugin: Plugin;
  private readonly world: SchedulerFixture;

  constructor(world: SchedulerFixture, plugin: Plugin) {
    this.world = world;
    this.plugin = plugin;
  }

  preFilter(object: Pod): string {
    return this.begin(object).preFilter;
  }

  /** The verdict on each node, or PreFilter's when that is none of success. */
  filter(object: Pod): Record<string, string> | string {
    const { state, info, preFilter } = this.begin(object);
    if (preFilter !== 'ok') return preFilter;
    return this.verdicts(state, info);
  }

  /** Like `filter`, with running pods taken off a node and others put there, as preemption and nominations do. */
  filterWhatIf(object: Pod, nodeName: string, change: { readonly without?: readonly string[]; readonly with?: readonly string[] }): string {
    const { state: original, info, preFilter } = this.begin(object);
    if (preFilter !== 'ok') return preFilter;
    const { cluster } = this.world;
    const state = original.clone();
    const copy = this.world.nodeInfo(nodeName).whatIf(cluster.nodes.stride);
    for (const name of change.without ?? []) {
      const row = this.world.row(name);
      copy.removePod(row, cluster.templateOf(row));
      this.plugin.preFilterExtensions?.removePod(state, info, row, copy);
    }
    for (const name of change.with ?? []) {
      const row = this.world.row(name);
      copy.addPod(row, cluster.templateOf(row));
      this.plugin.preFilterExtensions?.addPod(state, info, row, copy);
    }
    return text(this.plugin.filter?.(state, info, copy) ?? null);
  }

  /** Normalised scores of the nodes (all, when no names are given), or PreScore's status. */
  scores(object: Pod, names?: readonly string[]): Record<string, number> | string {
    const { raw, state, info, nodes, preScore } = this.rawScores(object, names);
    if (preScore !== 'ok') return preScore;
    this.plugin.normalizeScore?.(state, info, raw, nodes);
    return byName(nodes, raw);
  }

  /** Scores before normalisation. */
  raw(object: Pod, names?: readonly string[]): Record<string, number> | string {
    const { raw, nodes, preScore } = this.rawScores(object, names);
    return preScore === 'ok' ? byName(nodes, raw) : preScore;
  }

  /** What the plugin says of an event: the hint, or `none` when nothing that it registered matches. */
  hint(waiting: Pod | number, resource: EventResource, actions: number, subject: EventSubject): string {
    const info = this.info(waiting);
    const hints = (this.plugin.eventsToRegister?.() ?? [])
      .filter((registration) => eventMatches(registration.event, event(resource, actions)))
      .map(({ hint }) => (hint === null ? 'Queue' : hint(info, subject)));
    if (hints.length === 0) return 'none';
    return hints.includes('Queue') ? 'Queue' : 'QueueSkip';
  }

  /** The state after PreFilter (and what it said) of a fresh pod. */
  begin(object: Pod | number): { readonly state: CycleState; readonly info: PodInfo; readonly preFilter: string } {
    this.world.snapshot.refresh();
    const info = this.info(object);
    const state = new CycleState();
    const status = this.plugin.preFilter?.(state, info).status ?? null;
    return { state, info, preFilter: text(status) };
  }

  verdicts(state: CycleState, info: PodInfo): Record<string, string> {
    return Object.fromEntries(this.world.snapshot.nodes.map((each) => [each.name, text(this.plugin.filter?.(state, info, each) ?? null)]));
  }

  private info(object: Pod | number): PodInfo {
    return new PodInfo(this.world.cache, typeof object === 'number' ? object : this.world.addPod(object));
  }

  private rawScores(object: Pod, names?: readonly string[]) {
    const { state, info } = this.begin(object);
    const nodes = this.world.snapshot.nodes.filter((each) => names === undefined || names.includes(each.name));
    const preScore = text(this.plugin.preScore?.(state, info, nodes) ?? null);
    const raw = Float64Array.from(nodes, (each) => (preScore === 'ok' ? (this.plugin.score?.(state, info, each) ?? 0) : 0));
    return { raw, state, info, nodes, preScore };
  }
}

export function text(status: Status | null): string {
  if (status === null) return 'ok';
  return status.code === Code.Skip ? 'Skip' : `${CODE_NAMES[status.code]}: ${statusMessage(status)}`;
}

function byName(nodes: readonly NodeInfo[], values: Float64Array): Record<string, number> {
  return Object.fromEntries(nodes.map((each, i) => [each.name, values[i]]));
}

/** A pod as an event shows it, without a row of its own. */
export function podView(world: SchedulerFixture, object: Pod, more: Partial<PodEventView> = {}): PodEventView {
  return { row: -1, incarnation: 0, template: world.cluster.internTemplate(object), nodeName: object.spec?.nodeName ?? '', nominatedNodeName: '', ...more };
}

/** A node as an event shows it, as it stands now. */
export function nodeView(world: SchedulerFixture, name: string): NodeEventView {
  return nodeEventView(world.nodeInfo(name));
}
