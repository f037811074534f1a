/**
 * The taint-eviction controller: deletes pods that do not, or no longer, tolerate the NoExecute taints of their node.
 * A pod that tolerates all of them stays as long as the shortest tolerationSeconds among the tolerations used, the
 * first fitting one for each taint; a timer that runs is kept whatever its length.
 * Source: pkg/controller/tainteviction/taint_eviction.go, timed_workers.go (v1.36).
 *
 * Costs nothing for pods on nodes without such taints but a look at one byte when they are bound; 8 bytes a pod row.
 */
import { growFloat64, growUint8 } from '../base/growable.ts';
import { MICROS_PER_SECOND, type Micros } from '../base/time.ts';
import { EvictionCause, PodPhase } from '../cluster/cluster.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { NodeChange } from '../cluster/observer.ts';
import type { ClusterObserver } from '../cluster/observer.ts';
import type { Taint, Toleration } from '../cluster/objects.ts';
import { tolerates } from '../cluster/tolerations.ts';
import type { EventKind, Kernel, TimerId } from '../kernel/kernel.ts';
import { ApiRequests } from './owned-pods.ts';

/** How long the pod may stay: -1 not a moment, 0 neither (its time is up at once), Infinity for ever. */
export function tolerationMicros(taints: readonly Taint[], tolerations: readonly Toleration[]): Micros {
  let shortest = Infinity;
  for (const taint of taints) {
    if (taint.effect !== 'NoExecute') continue;
    const used = tolerations.find((toleration) => tolerates(toleration, taint));
    if (used === undefined) return -1;
    const seconds = used.tolerationSeconds ?? Infinity;
    shortest = Math.min(shortest, Math.max(0, seconds) * MICROS_PER_SECOND);
  }
  return shortest;
}

export class TaintEviction implements ClusterObserver {
  private readonly kernel: Kernel;
  private readonly cluster: Cluster;
  private readonly requests: ApiRequests;
  private readonly nodeEvent: EventKind;
  private readonly podEvent: EventKind;
  private readonly evictEvent: EventKind;
  /** By node row: has a NoExecute taint. */
  private tainted: Uint8Array = new Uint8Array(0);
  /** By pod row: the timer, 0: none. */
  private timer: Float64Array = new Float64Array(0);
  private taintedNodes = 0;
  private timers = 0;

  constructor(kernel: Kernel, cluster: Cluster, requests: ApiRequests = new ApiRequests(cluster)) {
    this.requests = requests;
    this.kernel = kernel;
    this.cluster = cluster;
    this.nodeEvent = kernel.defineEvent('node taints changed', 4, (node, incarnation) =>
      this.processNode(node, incarnation),
    );
    this.podEvent = kernel.defineEvent('pod on tainted node', 4, (pod, incarnation) =>
      this.processIfCurrent(pod, incarnation),
    );
    this.evictEvent = kernel.defineEvent('taint eviction', 4, (pod, incarnation) => this.evict(pod, incarnation));
    cluster.observe(this);
    this.hush();
  }

  /** Who has no node to look at, and nobody to evict later, need not hear of each pod. */
  private hush(): void {
    this.cluster.hush(this, ['podBound', 'podUpdated'], this.taintedNodes === 0);
    this.cluster.hush(this, ['podRemoved'], this.timers === 0);
  }

  /** Whether a pod is to be evicted later. */
  hasTimers(): boolean {
    return this.timers > 0;
  }

  podBound(pod: number): void {
    if (this.tainted[this.cluster.pods.node[pod]] === 1) this.schedulePod(pod);
  }

  podUpdated(pod: number): void {
    const node = this.cluster.pods.node[pod];
    if (node >= 0 && this.tainted[node] === 1) this.schedulePod(pod);
  }

  podRemoved(pod: number): void {
    if (pod < this.timer.length && this.timer[pod] !== 0) this.cancel(pod);
  }

  nodeAdded(node: number): void {
    if (node >= this.tainted.length) this.tainted = growUint8(this.tainted, this.cluster.nodes.capacity);
    this.setTainted(node);
    // Pods of an earlier node of this name may wait for their eviction.
    if (this.cluster.nodes.pods[node].length > 0) this.scheduleNode(node);
  }

  nodeUpdated(node: number, changes: number): void {
    if ((changes & NodeChange.Taints) === 0) return;
    const before = this.tainted[node];
    this.setTainted(node);
    if (before === 1 || this.tainted[node] === 1) this.scheduleNode(node);
  }

  private setTainted(node: number): void {
    const isTainted = this.cluster.nodes.facts[node].taints.some(({ effect }) => effect === 'NoExecute') ? 1 : 0;
    if (this.tainted[node] === isTainted) return;
    this.tainted[node] = isTainted;
    this.taintedNodes += isTainted === 1 ? 1 : -1;
    this.hush();
  }

  private setTimer(pod: number, timer: TimerId): void {
    if (this.timer[pod] !== 0) this.timers--;
    if (timer !== 0) this.timers++;
    this.timer[pod] = timer;
    if (this.timers <= 1) this.hush();
  }

  private scheduleNode(node: number): void {
    this.kernel.after(0, this.nodeEvent, node, this.cluster.nodes.incarnation[node]);
  }

  private schedulePod(pod: number): void {
    this.kernel.after(0, this.podEvent, pod, this.cluster.pods.incarnation[pod] | 0);
  }

  private processNode(node: number, incarnation: number): void {
    const { nodes } = this.cluster;
    if (nodes.incarnation[node] !== incarnation) return;
    const { taints } = nodes.facts[node];
    for (const pod of nodes.pods[node].slice()) this.process(pod, taints);
  }

  private processIfCurrent(pod: number, incarnation: number): void {
    const { pods, nodes } = this.cluster;
    if ((pods.incarnation[pod] | 0) !== incarnation || pods.node[pod] < 0) return;
    this.process(pod, nodes.facts[pods.node[pod]].taints);
  }

  private process(pod: number, taints: readonly Taint[]): void {
    // An assumed pod is not bound for anybody but the scheduler; its turn comes with the binding.
    if (this.cluster.pods.phase[pod] < PodPhase.Bound) return;
    if (pod >= this.timer.length) this.timer = growFloat64(this.timer, this.cluster.pods.capacity);
    const stay = tolerationMicros(taints, this.cluster.templateOf(pod).tolerations);
    if (stay === Infinity || stay < 0) {
      this.cancel(pod);
      if (stay < 0) this.requests.deletePod(pod, EvictionCause.Taint);
      return;
    }
    if (this.timer[pod] !== 0) return;
    if (stay === 0) this.requests.deletePod(pod, EvictionCause.Taint);
    else
      this.setTimer(pod, this.kernel.timerAt(
        this.kernel.now + stay,
        this.evictEvent,
        pod,
        this.cluster.pods.incarnation[pod] | 0,
      ));
  }

  private cancel(pod: number): void {
    if (this.timer[pod] === 0) return;
    this.kernel.cancel(this.timer[pod]);
    this.setTimer(pod, 0);
  }

  private evict(pod: number, incarnation: number): void {
    if ((this.cluster.pods.incarnation[pod] | 0) !== incarnation) return;
    this.setTimer(pod, 0);
    this.requests.deletePod(pod, EvictionCause.Taint);
  }
}
