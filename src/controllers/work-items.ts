/**
 * The work items of Jobs whose pods run for different times: a pod takes the first item that nobody has taken, or one
 * whose pod was lost. So an item runs for as long as it does, whichever pod carries it and however often it is begun.
 * Costs eight bytes an item; Jobs of one item, and those whose items are alike, are not kept here.
 */
import type { Micros } from '../base/time.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { ClusterObserver, WorkloadChange } from '../cluster/observer.ts';
import { PodOutcome } from '../cluster/pod-table.ts';

interface Items {
  readonly micros: Float64Array;
  /** How many were ever taken. */
  taken: number;
  /** Those whose pods were lost, in order. */
  readonly lost: number[];
}

export class WorkItems implements ClusterObserver {
  readonly ignoresStatus = true;
  private readonly cluster: Cluster;
  /** By row. */
  private readonly byJob = new Map<number, Items>();

  /** `cluster`: what there is, whatever controllers have seen of it. */
  constructor(cluster: Cluster) {
    this.cluster = cluster;
    cluster.observe(this);
  }

  /** Run time of each item; Infinity: for ever. */
  add(job: number, micros: Float64Array): void {
    this.byJob.set(job, { micros, taken: 0, lost: [] });
  }

  runMicros(owner: number, item: number): Micros {
    return this.byJob.get(owner)?.micros[item] ?? this.cluster.workloads.podMicros[owner];
  }

  /** For the next pod; -1: all of its items are alike. */
  next(owner: number): number {
    const items = this.byJob.get(owner);
    return items === undefined ? -1 : (items.lost.shift() ?? items.taken++);
  }

  podTerminating(pod: number): void {
    this.lose(pod);
  }

  podRemoved(pod: number, _node: number, _phase: number, outcome: PodOutcome): void {
    const isTerminating = this.cluster.pods.isTerminating(pod);
    if (outcome !== PodOutcome.Succeeded && !isTerminating) this.lose(pod);
    // It was done before its kubelet heard of the deletion.
    else if (outcome === PodOutcome.Succeeded && isTerminating) this.find(pod);
  }

  workloadChanged(row: number, change: WorkloadChange): void {
    if (change === 'gone') this.byJob.delete(row);
  }

  private lose(pod: number): void {
    if (this.byJob.size === 0) return;
    const { owner, item } = this.cluster.pods;
    this.byJob.get(owner[pod])?.lost.push(item[pod]);
  }

  /** Its item is not lost, unless another pod has taken it meanwhile. */
  private find(pod: number): void {
    const { owner, item } = this.cluster.pods;
    const lost = this.byJob.get(owner[pod])?.lost ?? [];
    const at = lost.indexOf(item[pod]);
    if (at >= 0) lost.splice(at, 1);
  }
}
