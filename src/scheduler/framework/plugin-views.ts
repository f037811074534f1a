/**
 * Nodes and pods as a user's plugin sees them: the same names, live, and nothing can be written. Amounts are lent
 * as copies, and looked at again when the call is over. One look costs some billionths of a second; what is not
 * asked at every node goes through `read-only.ts`, which costs a hundred times as much.
 */
import type { NodeDevices } from '../../cluster/gpu-devices.ts';
import type { NodeFacts } from '../../cluster/node-facts.ts';
import type { HostPort, PodTemplate } from '../../cluster/pod-template.ts';
import type { NodeInfo } from '../cache/node-info.ts';
import type { SchedulerCache } from '../cache/scheduler-cache.ts';
import type { PodInfo } from './pod-info.ts';
import { refuseWrite } from './plugin-watch.ts';
import type { PluginWatch } from './plugin-watch.ts';

/** Views of everything else. */
export type ReadOnlyOf = <Value>(value: Value) => Value;

/** A map that is looked at only. */
export class MapView<Key, Value> implements ReadonlyMap<Key, Value> {
  readonly #map: ReadonlyMap<Key, Value>;
  readonly #of: ReadOnlyOf;

  constructor(map: ReadonlyMap<Key, Value>, of: ReadOnlyOf) {
    this.#map = map;
    this.#of = of;
  }

  get size(): number {
    return this.#map.size;
  }

  get(key: Key): Value | undefined {
    const value = this.#map.get(key);
    return typeof value === 'object' ? this.#of(value) : value;
  }

  has(key: Key): boolean {
    return this.#map.has(key);
  }

  forEach(act: (value: Value, key: Key, map: ReadonlyMap<Key, Value>) => void): void {
    for (const [key, value] of this.entries()) act(value, key, this);
  }

  *entries(): MapIterator<[Key, Value]> {
    for (const [key, value] of this.#map) yield [key, this.#of(value)];
  }

  keys(): MapIterator<Key> {
    return this.#map.keys();
  }

  *values(): MapIterator<Value> {
    for (const value of this.#map.values()) yield this.#of(value);
  }

  [Symbol.iterator](): MapIterator<[Key, Value]> {
    return this.entries();
  }

  set(): never {
    return refuseWrite('a map (set)');
  }

  delete(): never {
    return refuseWrite('a map (delete)');
  }

  clear(): never {
    return refuseWrite('a map (clear)');
  }

  get [Symbol.toStringTag](): string {
    return 'Map';
  }
}

type Labels = ReadonlyMap<string, string>;

export class NodeView {
  readonly #node: NodeInfo;
  readonly #watch: PluginWatch;
  readonly #of: ReadOnlyOf;
  readonly #cluster: SchedulerCache;
  #labelsOf: Labels | null = null;
  #labels: Labels | null = null;
  /** The call that the copies were made in. */
  #lentAt = -1;
  readonly #lent: Map<string, Float64Array> = new Map();
  #pods: number[] | null = null;
  /** The node's versions when `#pods` was copied. */
  #podsAt = -1;
  #orderAt = -1;

  constructor(node: NodeInfo, watch: PluginWatch, of: ReadOnlyOf, cluster: SchedulerCache) {
    this.#node = node;
    this.#watch = watch;
    this.#of = of;
    this.#cluster = cluster;
  }

  /** The node behind the view; what is no view comes back as it is. */
  static behind(node: NodeInfo | NodeView): NodeInfo {
    return #node in node ? node.#node : (node);
  }

  get row(): number {
    return this.#node.row;
  }

  get name(): string {
    return this.#node.facts.name;
  }

  get labels(): Labels {
    const { labels } = this.#node.facts;
    if (this.#labelsOf === labels && this.#labels !== null) return this.#labels;
    this.#labelsOf = labels;
    return (this.#labels = new MapView(labels, this.#of));
  }

  get facts(): NodeFacts {
    return this.#of(this.#node.facts);
  }

  /** A frozen copy, the same one until the node's pods change. */
  get pods(): number[] {
    const { row, pods, orderVersion } = this.#node;
    const { info, generation } = this.#cluster.nodes;
    const isLive = row >= 0 && info[row] === this.#node;
    const isKnown = isLive && this.#podsAt === generation[row] && this.#orderAt === orderVersion;
    if (isKnown && this.#pods !== null) return this.#pods;
    const copy = pods.slice();
    Object.freeze(copy);
    this.#pods = copy;
    this.#podsAt = isLive ? generation[row] : -1;
    this.#orderAt = orderVersion;
    return copy;
  }

  get orderVersion(): number {
    return this.#node.orderVersion;
  }

  get allowedPods(): number {
    return this.#node.allowedPods;
  }

  get allocatable(): Float64Array {
    const { allocatable, base } = this.#node;
    return this.#lend('allocatable', base + this.#cluster.nodes.stride, allocatable, base);
  }

  get requested(): Float64Array {
    const { requested, base } = this.#node;
    return this.#lend('requested', base + this.#cluster.nodes.stride, requested, base);
  }

  /** The columns of a view's own amounts begin here. */
  get base(): number {
    return 0;
  }

  get nonZero(): Float64Array {
    const { nonZero, nonZeroBase } = this.#node;
    return this.#lend('nonZero', nonZeroBase + 2, nonZero, nonZeroBase);
  }

  get nonZeroBase(): number {
    return 0;
  }

  get usedPorts(): Map<string, HostPort> | null {
    return this.#of(this.#node.usedPorts);
  }

  get workPods(): number {
    return this.#node.workPods;
  }

  get devices(): NodeDevices | null {
    return this.#of(this.#node.devices);
  }

  get podsWithAffinity(): number {
    return this.#node.podsWithAffinity;
  }

  get podsWithRequiredAntiAffinity(): number {
    return this.#node.podsWithRequiredAntiAffinity;
  }

  get podsWithClaims(): number {
    return this.#node.podsWithClaims;
  }

  /** The plugin's own copy, which it may change. */
  whatIf(columns: number): NodeInfo {
    return this.#node.whatIf(columns);
  }

  takeOver(): never {
    return refuseWrite(`node ${this.name} (takeOver)`);
  }

  addPod(): never {
    return refuseWrite(`node ${this.name} (addPod)`);
  }

  removePod(): never {
    return refuseWrite(`node ${this.name} (removePod)`);
  }

  account(): never {
    return refuseWrite(`node ${this.name} (account)`);
  }

  /** The same copy as long as the call lasts. */
  #lend(name: string, end: number, source: Float64Array, base: number): Float64Array {
    if (this.#lentAt !== this.#watch.calls) {
      this.#lent.clear();
      this.#lentAt = this.#watch.calls;
    }
    const known = this.#lent.get(name);
    if (known !== undefined) return known;
    const copy = source.slice(base, end);
    this.#lent.set(name, copy);
    this.#watch.lend({ copy, source, base, what: `${name} of node ${this.name}` });
    return copy;
  }
}

export class PodView {
  readonly #pod: PodInfo;
  readonly #of: ReadOnlyOf;
  #labelsOf: Labels | null = null;
  #labels: Labels | null = null;

  constructor(pod: PodInfo, of: ReadOnlyOf) {
    this.#pod = pod;
    this.#of = of;
  }

  /** The pod behind the view; what is no view comes back as it is. */
  static behind(pod: PodInfo | PodView): PodInfo {
    return #pod in pod ? pod.#pod : (pod);
  }

  get row(): number {
    return this.#pod.row;
  }

  get template(): PodTemplate {
    return this.#of(this.#pod.template);
  }

  get incarnation(): number {
    return this.#pod.incarnation;
  }

  get name(): string {
    return this.#pod.name;
  }

  get namespace(): string {
    return this.#pod.namespace;
  }

  get labels(): Labels {
    const { labels } = this.#pod;
    if (this.#labelsOf === labels && this.#labels !== null) return this.#labels;
    this.#labelsOf = labels;
    return (this.#labels = new MapView(labels, this.#of));
  }

  get priority(): number {
    return this.#pod.priority;
  }

  get nominatedNodeName(): string {
    return this.#pod.nominatedNodeName;
  }

  get pinnedNodeName(): string {
    return this.#pod.pinnedNodeName;
  }

  get createdAt(): number {
    return this.#pod.createdAt;
  }
}

/** A handle as a plugin has it; `freeOn` and its like find through it what is behind its views. */
export class HandleView {
  readonly #cluster: SchedulerCache;
  readonly #podView: (pod: PodInfo) => PodInfo;

  constructor(cluster: SchedulerCache, podView: (pod: PodInfo) => PodInfo) {
    this.#cluster = cluster;
    this.#podView = podView;
  }

  static clusterBehind(handle: { readonly cluster: SchedulerCache }): SchedulerCache {
    return #cluster in handle ? handle.#cluster : handle.cluster;
  }

  /** The pod as the owner of the handle may see it. */
  static shown(handle: object, pod: PodInfo): PodInfo {
    return #podView in handle ? handle.#podView(pod) : pod;
  }
}

for (const view of [NodeView, PodView]) {
  for (const [name, member] of Object.entries(Object.getOwnPropertyDescriptors(view.prototype))) {
    if (member.get === undefined) continue;
    const set = (): never => refuseWrite(`${name} of a ${view === NodeView ? 'node' : 'pod'}`);
    Object.defineProperty(view.prototype, name, { ...member, set });
  }
}
