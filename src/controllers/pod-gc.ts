/**
 * Pods that nobody else will remove: terminating ones that no kubelet ever saw (removed in the same instant: the API
 * server deletes unscheduled pods without grace), and those whose Node object is gone. The latter are found at the
 * first 20 s tick after the node's removal and, after 40 s of quarantine, removed unless the node has come back.
 * They count as evicted by NodeFailure, but for DaemonSet pods, which are deleted with their node.
 * Pods that have ended are kept until their owner deletes them; beyond 12,500 of them the oldest go at the next tick,
 * those that kubelets have evicted first.
 * A pod that the Job controller has not counted yet stays until it is.
 * Pods that are terminating on a node that is not Ready and has the out-of-service taint go at the next tick: nobody
 * else will stop them there.
 * Source: pkg/controller/podgc/gc_controller.go, pkg/controller/podgc/config/v1alpha1/defaults.go,
 * pkg/registry/core/pod/strategy.go (v1.36).
 */
import { growInt32, growUint8, grownCapacity } from '../base/growable.ts';
import { MICROS_PER_SECOND, type Micros } from '../base/time.ts';
import { EvictionCause, PodOutcome, PodPhase } from '../cluster/cluster.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { isOutOfService } from '../cluster/node-facts.ts';
import { NodeChange } from '../cluster/observer.ts';
import type { ClusterObserver } from '../cluster/observer.ts';
import type { EventKind, Kernel } from '../kernel/kernel.ts';
import { ApiRequests } from './owned-pods.ts';
import { nthSmallest } from './pods-to-give-up.ts';

const PERIOD_MICROS: Micros = 20 * MICROS_PER_SECOND;
/** terminatedPodGCThreshold. */
const MOST_ENDED_PODS = 12_500;
const QUARANTINE_MICROS: Micros = 40 * MICROS_PER_SECOND;

export class PodGc implements ClusterObserver {
  private readonly kernel: Kernel;
  /** What the controller sees. */
  private readonly cluster: Cluster;
  private readonly requests: ApiRequests;
  private readonly removeEvent: EventKind;
  private readonly orphansEvent: EventKind;
  private readonly endedEvent: EventKind;
  private readonly terminatingEvent: EventKind;
  private isCollectionDue = false;
  /** The last tick at which those that have ended were counted: it looks once. */
  private collectedAt: Micros = -1;
  private readonly ended = new EndedPods();
  /** Of the pods among which the oldest are looked for. */
  private times: Float64Array = new Float64Array(0);
  /** Node rows with a tick to come that looks for terminating pods. */
  private readonly lookedAt = new Set<number>();

  constructor(kernel: Kernel, cluster: Cluster, requests: ApiRequests = new ApiRequests(cluster)) {
    this.requests = requests;
    this.kernel = kernel;
    this.cluster = cluster;
    this.removeEvent = kernel.defineEvent('unscheduled pod deletion', 4, (pod, incarnation) =>
      this.removeUnscheduled(pod, incarnation),
    );
    this.orphansEvent = kernel.defineEvent('orphan removal', 4, (node, incarnation) =>
      this.removeOrphans(node, incarnation),
    );
    this.terminatingEvent = kernel.defineEvent('terminating pods collection', 4, (node, incarnation) =>
      this.removeTerminating(node, incarnation),
    );
    this.endedEvent = kernel.defineEvent('ended pods collection', 4, () => this.collectEnded());
    cluster.observe(this);
    this.observeApi(requests.api);
  }

  /** What the API server does itself, whatever the controller knows. */
  private observeApi(api: Cluster): void {
    const { pods } = api;
    api.observe({
      podTerminating: (pod) => {
        if (pods.phase[pod] < PodPhase.Bound && !pods.isTracked(pod)) this.scheduleRemoval(pod);
      },
      endedPodTerminating: (pod) => {
        if (!pods.isTracked(pod)) this.scheduleRemoval(pod);
      },
      podCounted: (pod) => {
        if (pods.isTerminating(pod) && pods.node[pod] < 0) this.scheduleRemoval(pod);
      },
    });
  }

  podRemoved(pod: number): void {
    if (this.cluster.pods.hasEnded(pod)) this.ended.add(pod);
    if (this.isCollectionDue || this.endedCount() <= MOST_ENDED_PODS) return;
    this.isCollectionDue = true;
    const tick = this.nextTick();
    this.kernel.at(tick === this.collectedAt ? tick + PERIOD_MICROS : tick, this.endedEvent);
  }

  /** This instant, if it is one. */
  private nextTick(): Micros {
    return Math.ceil(this.kernel.now / PERIOD_MICROS) * PERIOD_MICROS;
  }

  podBound(pod: number): void {
    const node = this.cluster.pods.node[pod];
    if (this.cluster.nodes.alive[node] === 0) this.scheduleOrphans(node);
  }

  podTerminating(pod: number): void {
    const node = this.cluster.pods.node[pod];
    if (node >= 0) this.lookForTerminating(node);
  }

  nodeUpdated(node: number, changes: number): void {
    if ((changes & (NodeChange.Taints | NodeChange.Conditions)) !== 0) this.lookForTerminating(node);
  }

  nodeRemoving(node: number): void {
    this.lookedAt.delete(node);
    if (this.cluster.nodes.pods[node].length > 0) this.scheduleOrphans(node);
  }

  /** Nobody stops pods there any more. */
  private isAbandoned(node: number): boolean {
    const facts = this.cluster.nodes.facts[node];
    const { conditions = [] } = facts.object.status ?? {};
    return isOutOfService(facts) && conditions.some(({ type, status }) => type === 'Ready' && status !== 'True');
  }

  private lookForTerminating(node: number): void {
    if (this.lookedAt.has(node) || !this.isAbandoned(node)) return;
    this.lookedAt.add(node);
    this.kernel.at(this.nextTick(), this.terminatingEvent, node, this.cluster.nodes.incarnation[node]);
  }

  private removeTerminating(node: number, incarnation: number): void {
    const { nodes, pods } = this.cluster;
    if (nodes.incarnation[node] !== incarnation) return;
    this.lookedAt.delete(node);
    if (nodes.alive[node] === 0 || !this.isAbandoned(node)) return;
    for (const pod of nodes.pods[node].slice())
      if (pods.isTerminating(pod)) this.requests.withPod(pod, (row) => { this.remove(row); });
  }

  private scheduleOrphans(node: number): void {
    this.kernel.at(this.nextTick() + QUARANTINE_MICROS, this.orphansEvent, node, this.cluster.nodes.incarnation[node]);
  }

  private removeUnscheduled(pod: number, incarnation: number): void {
    const { pods } = this.requests.api;
    const phase = pods.phase[pod];
    // Whoever terminated it may have removed it, too: a free row keeps its incarnation until it is taken again.
    if ((pods.incarnation[pod] | 0) === incarnation && phase !== PodPhase.Free && pods.node[pod] < 0) this.remove(pod);
  }

  private removeOrphans(node: number, incarnation: number): void {
    const { nodes, pods } = this.cluster;
    if (nodes.incarnation[node] !== incarnation || nodes.alive[node] === 1) return;
    // A pod that is still assumed here is found when it is bound.
    for (const pod of nodes.pods[node].filter((row) => pods.phase[row] >= PodPhase.Bound)) {
      this.requests.withPod(pod, (row) => {
        const { api } = this.requests;
        if (pods.pinnedNode[row] < 0) api.terminatePod(row, EvictionCause.NodeFailure);
        if (api.pods.phase[row] !== PodPhase.Free) this.remove(row);
      });
    }
  }

  private scheduleRemoval(pod: number): void {
    this.kernel.after(0, this.removeEvent, pod, this.requests.api.pods.incarnation[pod] | 0);
  }

  private endedCount(): number {
    const { podsByPhase } = this.cluster.totals;
    return podsByPhase[PodPhase.Succeeded] + podsByPhase[PodPhase.Failed];
  }

  /** The oldest of those that have ended go until the limit is kept. */
  private collectEnded(): void {
    this.isCollectionDue = false;
    this.collectedAt = this.kernel.now;
    const { pods } = this.cluster;
    const surplus = this.endedCount() - MOST_ENDED_PODS;
    if (surplus <= 0) return;
    const evicted: number[] = [];
    const others: number[] = [];
    const { phase } = pods;
    const { rows, count } = this.ended.upToDate(pods);
    for (let i = 0; i < count; i++) {
      const pod = rows[i];
      if (pods.isTerminating(pod)) continue;
      const isEvicted = phase[pod] === PodPhase.Failed && pods.history(pod).reason === 'Evicted';
      (isEvicted ? evicted : others).push(pod);
    }
    const first = this.oldest(evicted, surplus);
    for (const pod of [...first, ...this.oldest(others, surplus - first.length)]) this.requests.deletePod(pod);
  }

  /** In order of age. They are few beside the rest: only they are put in order. */
  private oldest(rows: readonly number[], count: number): readonly number[] {
    if (count === 0 || rows.length === 0) return [];
    const { createdAt, serial } = this.cluster.pods;
    if (this.times.length < rows.length) this.times = new Float64Array(grownCapacity(this.times.length, rows.length));
    const { times } = this;
    for (let i = 0; i < rows.length; i++) times[i] = createdAt[rows[i]];
    const last = nthSmallest(times, rows.length, Math.min(count, rows.length) - 1);
    const old: number[] = [];
    for (let i = 0; i < rows.length; i++) if (createdAt[rows[i]] <= last) old.push(rows[i]);
    return old.sort((a, b) => createdAt[a] - createdAt[b] || serial[a] - serial[b]).slice(0, count);
  }

  private remove(pod: number): void {
    const { api } = this.requests;
    const { pods } = api;
    const outcome = pods.cause[pod] === EvictionCause.None ? PodOutcome.Deleted : PodOutcome.Evicted;
    // Its end is written first; the object goes when the Job controller has counted it.
    if (pods.isTracked(pod) && !pods.hasEnded(pod)) api.endPod(pod, { phase: PodPhase.Failed, outcome });
    else if (!pods.isTracked(pod)) api.removePod(pod, outcome);
  }
}

/** The rows of pods that have ended and are kept. 5 bytes a row. */
class EndedPods {
  rows: Int32Array = new Int32Array(0);
  /** Of `rows`: how many are in use. */
  count = 0;
  /** By row: 1 where it is among them. */
  private isListed: Uint8Array = new Uint8Array(0);

  add(pod: number): void {
    if (pod >= this.isListed.length)
      this.isListed = growUint8(this.isListed, grownCapacity(this.isListed.length, pod + 1));
    if (this.isListed[pod] === 1) return;
    this.isListed[pod] = 1;
    if (this.count === this.rows.length)
      this.rows = growInt32(this.rows, grownCapacity(this.rows.length, this.count + 1));
    this.rows[this.count++] = pod;
  }

  /** Without those that are gone. */
  upToDate(pods: Cluster['pods']): this {
    const { rows, count, isListed } = this;
    this.count = 0;
    for (let i = 0; i < count; i++) {
      if (pods.hasEnded(rows[i])) rows[this.count++] = rows[i];
      else isListed[rows[i]] = 0;
    }
    return this;
  }
}
