/**
 * Which new pods stand in for lost ones, told from what happens: a pod that a workload object makes after one of its
 * pods was made to go, or has failed, stands in for the one that was lost first. Told by the collector. Costs an entry
 * for each lost pod.
 */
import { EvictionCause, PodOutcome } from '../cluster/cluster.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { WorkloadKind } from '../cluster/workload-table.ts';

interface LostPod {
  readonly pod: number;
  readonly incarnation: number;
}

export class Replacements {
  private readonly cluster: Cluster;
  /** Told the row of the lost pod, -1 when it has left already. */
  private readonly replaced: (lost: number) => void;
  /** By owner row. */
  private readonly lost = new Map<number, LostPod[]>();

  constructor(cluster: Cluster, replaced: (lost: number) => void) {
    this.cluster = cluster;
    this.replaced = replaced;
  }

  podTerminating(pod: number): void {
    if (this.cluster.pods.cause[pod] !== EvictionCause.None) this.note(pod);
  }

  podRemoved(pod: number, outcome: PodOutcome): void {
    const wasAsked = this.cluster.pods.isTerminating(pod);
    // It was asked to go, and had ended by itself before its kubelet heard of it.
    if (wasAsked && outcome === PodOutcome.Succeeded) this.forget(pod);
    if (!wasAsked && (outcome === PodOutcome.Failed || outcome === PodOutcome.Evicted)) this.note(pod);
  }

  podCreated(pod: number): void {
    const { pods } = this.cluster;
    const owner = pods.owner[pod];
    const first = this.lost.size === 0 ? undefined : this.lost.get(owner)?.shift();
    if (first === undefined) return;
    const isThere = pods.incarnation[first.pod] === first.incarnation && pods.isLive(first.pod);
    this.replaced(isThere ? first.pod : -1);
  }

  workloadChanged(row: number, change: string): void {
    if (change === 'gone' || change === 'deleting') this.lost.delete(row);
  }

  private forget(pod: number): void {
    const list = this.lost.get(this.cluster.pods.owner[pod]);
    const at = list?.findIndex((entry) => entry.pod === pod) ?? -1;
    if (at >= 0) list?.splice(at, 1);
  }

  private note(pod: number): void {
    const { pods, workloads } = this.cluster;
    const owner = pods.owner[pod];
    if (owner < 0 || !workloads.isObject(owner) || workloads.isDeleting(owner)) return;
    // A DaemonSet's pods belong to their nodes: one on another node stands in for nobody.
    if (workloads.kind[owner] === WorkloadKind.DaemonSet) return;
    const entry = { pod, incarnation: pods.incarnation[pod] };
    const list = this.lost.get(owner);
    if (list === undefined) this.lost.set(owner, [entry]);
    else list.push(entry);
  }
}
