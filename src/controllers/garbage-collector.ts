/**
 * What is deleted takes along what it owns: a workload's row goes once nothing of it is left; its pods and the
 * workloads that name it as their controller are deleted with it (background deletion, the API's default).
 * Works in the controller phase of the instant; costs nothing while nothing is deleted.
 * Source: pkg/controller/garbagecollector/garbagecollector.go (v1.36). Not modelled: foreground deletion, orphans.
 */
import type { Cluster } from '../cluster/cluster.ts';
import type { ClusterObserver, WorkloadChange } from '../cluster/observer.ts';
import { WORKLOAD_KIND_NAMES } from '../cluster/workload-table.ts';
import type { EventKind, Kernel } from '../kernel/kernel.ts';
import { deletePod } from './owned-pods.ts';

export class GarbageCollector implements ClusterObserver {
  private readonly kernel: Kernel;
  private readonly cluster: Cluster;
  private readonly collectEvent: EventKind;
  private readonly removeEvent: EventKind;

  constructor(kernel: Kernel, cluster: Cluster, phase: number) {
    this.kernel = kernel;
    this.cluster = cluster;
    this.collectEvent = kernel.defineEvent('dependents collection', phase, (row, incarnation) =>
      this.collect(row, incarnation),
    );
    this.removeEvent = kernel.defineEvent('workload removal', phase, (row, incarnation) =>
      this.removeWhenEmpty(row, incarnation),
    );
    cluster.observe(this);
  }

  workloadChanged(row: number, change: WorkloadChange): void {
    const { workloads } = this.cluster;
    if (change === 'deleting') this.kernel.after(0, this.collectEvent, row, workloads.incarnation[row]);
    else if (change === 'gone') this.lookAgain(workloads.parent[row]);
  }

  podDeleted(pod: number): void {
    this.lookAgain(this.cluster.pods.owner[pod]);
  }

  private lookAgain(row: number): void {
    const { workloads } = this.cluster;
    if (row >= 0 && workloads.isDeleting(row)) this.kernel.after(0, this.removeEvent, row, workloads.incarnation[row]);
  }

  private collect(row: number, incarnation: number): void {
    const { workloads, pods, workloadWriter } = this.cluster;
    if (workloads.incarnation[row] !== incarnation) return;
    for (const child of workloads.children[row]) workloadWriter.delete(child);
    for (const pod of workloads.podsOf(row)) {
      deletePod(this.cluster, pod);
      if (pods.isTracked(pod)) this.cluster.countPod(pod);
    }
    this.removeWhenEmpty(row, incarnation);
  }

  private removeWhenEmpty(row: number, incarnation: number): void {
    const { workloads, workloadWriter } = this.cluster;
    if (workloads.incarnation[row] !== incarnation || workloads.alive[row] > 0 || workloads.children[row].length > 0)
      return;
    const kind = workloads.object[row]?.kind ?? WORKLOAD_KIND_NAMES[workloads.kind[row]];
    this.cluster.removeObject(kind, workloads.key[row]);
    workloadWriter.remove(row);
  }
}
