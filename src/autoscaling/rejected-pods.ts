/**
 * The pods whose last scheduling attempt failed: what the API shows as PodScheduled=False, Unschedulable. A pod stays
 * so while it waits to be tried again and while it is tried, until it has a node.
 */
import type { Cluster } from '../cluster/cluster.ts';
import type { ClusterObserver } from '../cluster/observer.ts';
import type { UnschedulablePodsSource } from './node-autoscaler.ts';

export class RejectedPods implements UnschedulablePodsSource, ClusterObserver {
  private readonly rows = new Set<number>();

  constructor(cluster: Cluster) {
    cluster.observe(this);
  }

  /** A cycle for this pod found no node. */
  noteRejected(pod: number): void {
    this.rows.add(pod);
  }

  pods(): Iterable<number> {
    return this.rows;
  }

  podAssumed(pod: number): void {
    if (this.rows.size > 0) this.rows.delete(pod);
  }

  podBound(pod: number): void {
    if (this.rows.size > 0) this.rows.delete(pod);
  }

  podRemoved(pod: number): void {
    if (this.rows.size > 0) this.rows.delete(pod);
  }
}
