/**
 * Pods that nobody else will remove: terminating ones that no kubelet ever saw (removed in the same instant: the API
 * server deletes unscheduled pods without grace), and those whose Node object is gone. The latter are found at the
 * first 20 s tick after the node's removal and, after 40 s of quarantine, removed unless the node has come back.
 * They count as evicted by NodeFailure, but for DaemonSet pods, which are deleted with their node.
 * Source: pkg/controller/podgc/gc_controller.go, pkg/registry/core/pod/strategy.go (v1.36).
 * Not modelled: the limit on terminated pods (Podyard keeps none), the out-of-service taint.
 */
import { MICROS_PER_SECOND, type Micros } from '../base/time.ts';
import { EvictionCause, PodOutcome, PodPhase } from '../cluster/cluster.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { ClusterObserver } from '../cluster/observer.ts';
import type { EventKind, Kernel } from '../kernel/kernel.ts';

const PERIOD_MICROS: Micros = 20 * MICROS_PER_SECOND;
const QUARANTINE_MICROS: Micros = 40 * MICROS_PER_SECOND;

export class PodGc implements ClusterObserver {
  private readonly kernel: Kernel;
  private readonly cluster: Cluster;
  private readonly removeEvent: EventKind;
  private readonly orphansEvent: EventKind;

  constructor(kernel: Kernel, cluster: Cluster) {
    this.kernel = kernel;
    this.cluster = cluster;
    this.removeEvent = kernel.defineEvent('unscheduled pod deletion', 4, (pod, incarnation) => this.removeUnscheduled(pod, incarnation));
    this.orphansEvent = kernel.defineEvent('orphan removal', 4, (node, incarnation) => this.removeOrphans(node, incarnation));
    cluster.observe(this);
  }

  podTerminating(pod: number): void {
    const { pods } = this.cluster;
    if (pods.phase[pod] < PodPhase.Bound) this.kernel.after(0, this.removeEvent, pod, pods.incarnation[pod] | 0);
  }

  podBound(pod: number): void {
    const node = this.cluster.pods.node[pod];
    if (this.cluster.nodes.alive[node] === 0) this.scheduleOrphans(node);
  }

  nodeRemoving(node: number): void {
    if (this.cluster.nodes.pods[node].length > 0) this.scheduleOrphans(node);
  }

  private scheduleOrphans(node: number): void {
    const found = Math.ceil(this.kernel.now / PERIOD_MICROS) * PERIOD_MICROS;
    this.kernel.at(found + QUARANTINE_MICROS, this.orphansEvent, node, this.cluster.nodes.incarnation[node]);
  }

  private removeUnscheduled(pod: number, incarnation: number): void {
    const { pods } = this.cluster;
    const phase = pods.phase[pod];
    // Whoever terminated it may have removed it, too: a free row keeps its incarnation until it is taken again.
    if ((pods.incarnation[pod] | 0) === incarnation && phase !== PodPhase.Free && phase < PodPhase.Bound) this.remove(pod);
  }

  private removeOrphans(node: number, incarnation: number): void {
    const { nodes, pods } = this.cluster;
    if (nodes.incarnation[node] !== incarnation || nodes.alive[node] === 1) return;
    // A pod that is still assumed here is found when it is bound.
    for (const pod of nodes.pods[node].filter((row) => pods.phase[row] >= PodPhase.Bound)) {
      if (pods.pinnedNode[pod] < 0) this.cluster.terminatePod(pod, EvictionCause.NodeFailure);
      this.remove(pod);
    }
  }

  private remove(pod: number): void {
    const isWanted = this.cluster.pods.cause[pod] === EvictionCause.None;
    this.cluster.removePod(pod, isWanted ? PodOutcome.Deleted : PodOutcome.Evicted);
  }
}
