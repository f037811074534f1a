/**
 * What one scheduler believes of the cluster (pkg/scheduler/backend/cache/cache.go): the nodes and pods that its watch
 * has shown it, and the pods that it has assumed on nodes. Rows are those of the cluster's tables. Only the scheduler's
 * own choices (`assumePod`, `forgetPod`) and the notices of the watch change it. Costs an addition a resource of a pod
 * that comes to a node or leaves it, 14 bytes a pod row, a NodeInfo a node.
 */
import { assert } from '../../base/assert.ts';
import type { Micros } from '../../base/time.ts';
import { Verb } from '../../cluster/cluster.ts';
import type { Cluster } from '../../cluster/cluster.ts';
import { GPU_MILLI, devicesFor } from '../../cluster/gpu-devices.ts';
import type { KubernetesFeatures } from '../../cluster/kubernetes-versions.ts';
import { nodeAllocatable, offersTheSame } from '../../cluster/node-changes.ts';
import type { KubernetesObject, Node } from '../../cluster/objects.ts';
import type { ObjectStore } from '../../cluster/object-store.ts';
import { listen } from '../../cluster/observer.ts';
import type { ClusterObserver, NodeBefore, ObjectAction, SeenCluster, Watch } from '../../cluster/observer.ts';
import type { PodTemplate, TemplateTable } from '../../cluster/pod-template.ts';
import { FIRST_SCALAR } from '../../cluster/resources.ts';
import type { ResourceRegistry } from '../../cluster/resources.ts';
import type { Interner } from '../../base/interner.ts';
import { CacheObserverLists } from './cache-observer.ts';
import type { CacheObserver } from './cache-observer.ts';
import { CachedNodes } from './cached-nodes.ts';
import { CacheTotals, CachedPods, PodBelief } from './cached-pods.ts';
import type { NodeInfo } from './node-info.ts';

/** The watch that is never late: a notice is a call. */
export function onTime(cluster: Cluster): Watch {
  const { pods, nodes, objects } = cluster;
  const heldDevices = (pod: number): readonly number[] => nodes.heldDevices(pod, pods.node[pod]);
  return {
    seen: { pods, nodes, objects, heldDevices },
    isOnTime: true,
    pendingCount: 0,
    lastShownAt: -Infinity,
    observe: (observer) => { cluster.observe(observer); },
  };
}

export class SchedulerCache implements ClusterObserver {
  readonly nodes: CachedNodes = new CachedNodes();
  readonly pods: CachedPods;
  readonly totals: CacheTotals = new CacheTotals();
  /** Grows with each choice and each notice: while it stands still, so does everything in the cache. */
  changeCount = 0;
  private readonly cluster: Cluster;
  /** What the watch has shown; on time, the cluster itself. */
  private readonly seen: SeenCluster;
  private readonly nodesByName = new Map<string, number>();
  private readonly observers = new CacheObserverLists();

  /** Begins with what is in the cluster; from then on it has to be told: the caller registers it with the watch. */
  constructor(cluster: Cluster, watch: Watch = onTime(cluster)) {
    this.cluster = cluster;
    this.seen = watch.seen;
    this.pods = new CachedPods(cluster.pods, this.seen.pods);
    cluster.resources.onGrown(() => this.nodes.widen(cluster.resources.count));
    this.nodes.widen(cluster.resources.count);
    for (let row = 0; row < cluster.nodes.length; row++) {
      if (cluster.nodes.alive[row] === 1) this.nodeAdded(row);
      // A ghost: its pods are still there.
      else if (cluster.nodes.pods[row].length > 0) this.nodes.make(row, this.seen.nodes.facts[row]);
    }
    for (let pod = 0; pod < cluster.pods.length; pod++) {
      if (!cluster.pods.isLive(pod)) continue;
      this.podCreated(pod);
      if (cluster.pods.node[pod] >= 0) this.podBound(pod);
      if (cluster.pods.isTerminating(pod)) this.podTerminating(pod);
    }
  }

  observe(observer: CacheObserver): void {
    listen(this.observers, observer);
  }

  // ---- what can be read ------------------------------------------------------------------------------------------

  get now(): Micros {
    return this.cluster.now;
  }

  get resources(): ResourceRegistry {
    return this.cluster.resources;
  }

  get templates(): TemplateTable {
    return this.cluster.templates;
  }

  get objects(): ObjectStore {
    return this.seen.objects;
  }

  /** What is so in the cluster's version of Kubernetes. */
  get features(): KubernetesFeatures {
    return this.cluster.features;
  }

  /** Names of pods, prefixes and nodes. */
  get names(): Interner {
    return this.cluster.names;
  }

  /** Row of a node, -1 when the cache has none of this name. */
  nodeRow(name: string): number {
    const row = this.nodesByName.get(name);
    return row !== undefined && this.nodes.alive[row] === 1 ? row : -1;
  }

  nodeInfo(row: number): NodeInfo {
    return this.nodes.info[row];
  }

  /** Index in the cluster's `pools`: a node never changes its pool. For reports only; upstream has no such thing. */
  poolOf(row: number): number {
    return this.cluster.nodes.pool[row];
  }

  templateOf(pod: number): PodTemplate {
    return this.cluster.templates.get(this.pods.template[pod]);
  }

  podName(pod: number): string {
    return this.cluster.podName(pod);
  }

  /** '' when there is none. */
  nominatedNodeName(pod: number): string {
    return this.cluster.nominatedNodeName(pod);
  }

  // ---- the scheduler's choices -----------------------------------------------------------------------------------

  /** The scheduler's choice: the pod holds the node's resources from now on. */
  assumePod(pod: number, node: number): void {
    this.changeCount++;
    assert(this.pods.belief[pod] === PodBelief.Waiting, 'assumePod needs a pod without a node');
    this.cluster.feed(Verb.AssumePod, pod, node);
    this.cluster.clearNomination(pod);
    this.attach(pod, node);
    this.setBelief(pod, PodBelief.Assumed);
    this.observers.podAssumed.tell(pod);
  }

  forgetPod(pod: number): void {
    this.changeCount++;
    assert(this.pods.belief[pod] === PodBelief.Assumed, 'forgetPod needs an assumed pod');
    const { pods } = this;
    if (pods.template[pod] !== this.seen.pods.template[pod]) this.takeLatestTemplate(pod);
    this.cluster.feed(Verb.ForgetPod, pod, pods.node[pod]);
    this.giveUpNode(pod);
  }

  /** The GPUs that the pod holds on its node; null: it asks for none, or has no node. */
  devicesOf(pod: number): readonly number[] | null {
    const node = this.pods.node[pod];
    if (node < 0 || this.templateOf(pod).gpu === null) return null;
    return this.nodes.info[node].devices?.devicesOf(pod) ?? null;
  }

  /** The scheduler's choice among the GPUs of the node on which the pod is assumed. */
  assumeDevices(pod: number, devices: readonly number[]): void {
    this.changeCount++;
    assert(this.pods.belief[pod] === PodBelief.Assumed, 'assumeDevices needs an assumed pod');
    const { gpu } = this.templateOf(pod);
    const node = this.pods.node[pod];
    const { devices: held } = this.nodes.info[node];
    assert(gpu !== null && held !== null, 'assumeDevices needs a pod that asks for GPUs, on a node that has some');
    held.give(pod);
    held.take(pod, gpu, devices);
    this.nodes.touch(node);
  }

  // ---- what the watch shows --------------------------------------------------------------------------------------

  podCreated(pod: number): void {
    this.changeCount++;
    this.pods.enter(pod);
    this.totals.podsPending++;
    this.observers.podCreated.tell(pod);
  }

  podBound(pod: number): void {
    this.changeCount++;
    const { pods } = this;
    const node = this.seen.pods.node[pod];
    const isStale = pods.template[pod] !== this.seen.pods.template[pod];
    if (isStale) this.takeLatestTemplate(pod);
    if (pods.node[pod] === node) this.moveToEnd(pod);
    // Somebody else has bound it elsewhere.
    else if (pods.node[pod] >= 0) this.giveUpNode(pod);
    if (pods.node[pod] < 0) this.attach(pod, node);
    this.setBelief(pod, PodBelief.Assigned);
    this.observers.podBound.tell(pod);
  }

  /** status.startTime: what preemption compares. */
  podAcknowledged(pod: number): void {
    this.changeCount++;
    if (this.pods.node[pod] >= 0) this.nodes.reorder(this.nodes.info[this.pods.node[pod]]);
  }

  podStarted(pod: number): void {
    this.changeCount++;
    this.moveToEnd(pod);
    this.observers.podStarted.tell(pod);
  }

  podTerminating(pod: number): void {
    this.changeCount++;
    this.pods.terminating[pod] = 1;
    if (this.pods.belief[pod] === PodBelief.Assigned) this.moveToEnd(pod);
    this.observers.podTerminating.tell(pod);
  }

  podRemoved(pod: number): void {
    this.changeCount++;
    const { pods } = this;
    const node = pods.node[pod];
    if (node >= 0) this.detach(pod);
    this.setBelief(pod, PodBelief.Unknown);
    this.observers.podRemoved.tell(pod, node);
    if (node >= 0) this.releaseGhost(node);
  }

  /**
   * What is new of a pod that the scheduler has assumed is passed over, and what counts on the node is the pod as it
   * was chosen for, until it is bound or forgotten (eventhandlers.go, IsAssumedPod).
   */
  podUpdated(pod: number): void {
    this.changeCount++;
    if (this.pods.belief[pod] !== PodBelief.Assumed) this.takeLatestTemplate(pod);
  }

  nodeAdded(row: number): void {
    this.changeCount++;
    const { nodes } = this;
    const facts = this.seen.nodes.facts[row];
    const known: NodeInfo | undefined = nodes.info[row];
    const isGhost = known !== undefined && known.pods.length > 0;
    const info = isGhost ? known : nodes.make(row, facts);
    if (!isGhost) this.cluster.holdNode(row);
    info.facts = facts;
    this.nodesByName.set(facts.name, row);
    nodes.labels.write(row, facts.labels);
    nodes.labelsVersion++;
    this.writeAllocatable(info, facts.object);
    nodes.alive[row] = 1;
    nodes.factsGeneration[row]++;
    nodes.touch(row);
    this.observers.nodeAdded.tell(row);
  }

  nodeUpdated(row: number, changes: number, before: NodeBefore): void {
    this.changeCount++;
    const { nodes } = this;
    const info = nodes.info[row];
    const facts = this.seen.nodes.facts[row];
    info.facts = facts;
    if (facts.labels !== before.facts.labels) {
      nodes.labels.write(row, facts.labels);
      nodes.labelsVersion++;
    }
    if (!offersTheSame(before.facts.object, facts.object)) this.writeAllocatable(info, facts.object);
    nodes.factsGeneration[row]++;
    nodes.touch(row);
    this.observers.nodeUpdated.tell(row, changes, before);
  }

  /** Pods that are still there keep a ghost until they are removed. */
  nodeRemoving(row: number): void {
    this.changeCount++;
    this.observers.nodeRemoving.tell(row);
    this.nodes.alive[row] = 0;
    this.nodes.labelsVersion++;
    this.releaseGhost(row);
  }

  objectChanged(
    kind: string,
    action: ObjectAction,
    object: KubernetesObject,
    before: KubernetesObject | undefined,
  ): void {
    this.changeCount++;
    this.observers.objectChanged.tell(kind, action, object, before);
  }

  // ---- within ----------------------------------------------------------------------------------------------------

  private takeLatestTemplate(pod: number): void {
    const { pods } = this;
    const before = this.templateOf(pod);
    const node = pods.node[pod];
    if (node >= 0) {
      this.account(pod, node, -1);
      this.nodes.info[node].devices?.give(pod);
    }
    pods.template[pod] = this.seen.pods.template[pod];
    if (node >= 0) {
      this.account(pod, node, 1);
      this.takeDevices(pod, node);
      this.moveToEnd(pod);
    }
    if (pods.template[pod] === before.id) {
      if (node >= 0) this.observers.podRewritten.tell(pod);
      return;
    }
    this.observers.podUpdated.tell(pod, before);
  }

  private giveUpNode(pod: number): void {
    const node = this.pods.node[pod];
    this.detach(pod);
    this.setBelief(pod, PodBelief.Waiting);
    this.observers.podForgotten.tell(pod, node);
    this.releaseGhost(node);
  }

  private setBelief(pod: number, belief: PodBelief): void {
    const { pods, totals } = this;
    const before = pods.belief[pod];
    if (before === PodBelief.Waiting) totals.podsPending--;
    else if (before === PodBelief.Assumed) totals.podsAssumed--;
    if (belief === PodBelief.Waiting) totals.podsPending++;
    else if (belief === PodBelief.Assumed) totals.podsAssumed++;
    pods.belief[pod] = belief;
  }

  private attach(pod: number, node: number): void {
    const info = this.nodes.info[node];
    // The node was seen to go before its pod was seen to come.
    if (this.nodes.alive[node] === 0 && info.pods.length === 0) this.cluster.holdNode(node);
    this.pods.node[pod] = node;
    this.pods.slot[pod] = info.pods.length;
    info.pods.push(pod);
    this.nodes.countFreePods(info);
    this.account(pod, node, 1);
    this.takeDevices(pod, node);
  }

  /** The GPUs that the pod was seen to hold, where it is bound to the node already; else the node's own choice. */
  private takeDevices(pod: number, node: number): void {
    const { gpu } = this.templateOf(pod);
    const { devices } = this.nodes.info[node];
    if (gpu === null || devices === null) return;
    const held = this.seen.pods.node[pod] === node ? this.seen.heldDevices(pod) : [];
    devices.take(pod, gpu, held.length > 0 ? held : devices.choose(gpu));
  }

  private detach(pod: number): void {
    const node = this.pods.node[pod];
    const info = this.nodes.info[node];
    this.dropFromList(pod, info.pods);
    this.nodes.countFreePods(info);
    this.account(pod, node, -1);
    info.devices?.give(pod);
    this.pods.node[pod] = -1;
  }

  /**
   * A new version of a pod takes the place behind all others: upstream's cache removes the old one and adds the new.
   */
  private moveToEnd(pod: number): void {
    const info = this.nodes.info[this.pods.node[pod]];
    const list = info.pods;
    this.nodes.reorder(info);
    this.dropFromList(pod, list);
    this.pods.slot[pod] = list.length;
    list.push(pod);
  }

  private dropFromList(pod: number, list: number[]): void {
    const slot = this.pods.slot[pod];
    const last = list[list.length - 1];
    list[slot] = last;
    this.pods.slot[last] = slot;
    list.pop();
  }

  /** Adds or takes a pod's amounts in its node and in the totals. */
  private account(pod: number, node: number, sign: 1 | -1): void {
    const info = this.nodes.info[node];
    const template = this.templateOf(pod);
    info.account(template, sign);
    if (this.pods.pinnedNode[pod] < 0) info.workPods += sign;
    this.nodes.touch(node);
    this.totals.podsWithAffinity += template.hasPodAffinity ? sign : 0;
    this.totals.countPriority(template.priority, sign);
  }

  private writeAllocatable(info: NodeInfo, node: Node): void {
    const amounts = nodeAllocatable(node, this.resources);
    info.allocatable.fill(0, info.base, info.base + this.nodes.stride);
    for (const [column, amount] of amounts.columns) {
      info.allocatable[info.base + column] = amount;
      if (column >= FIRST_SCALAR && amount > 0) this.nodes.noteOffer(info.row, column);
    }
    const gpuMilli = amounts.columns.get(this.resources.find(GPU_MILLI)) ?? 0;
    if (info.devices !== null) info.devices.resize(gpuMilli);
    else info.devices = devicesFor(gpuMilli);
    info.allowedPods = amounts.pods;
    this.nodes.countFreePods(info);
  }

  private releaseGhost(row: number): void {
    const info = this.nodes.info[row];
    if (this.nodes.alive[row] === 1 || info.pods.length > 0) return;
    this.nodesByName.delete(info.name);
    this.cluster.letNodeGo(row);
  }
}
