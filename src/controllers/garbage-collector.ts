/**
 * What is deleted takes along what it owns: a workload's row goes once nothing of it is left; its pods and the
 * workloads that name it as their controller are deleted with it (background deletion, the API's default).
 * Works in the controller phase of the instant; costs nothing while nothing is deleted.
 * Source: pkg/controller/garbagecollector/garbagecollector.go (v1.36). Not modelled: foreground deletion, orphans.
 */
import type { Cluster } from '../cluster/cluster.ts';
import type { ClusterObserver, WorkloadChange } from '../cluster/observer.ts';
import type { EventKind, Kernel } from '../kernel/kernel.ts';
import { ApiRequests } from './owned-pods.ts';

export class GarbageCollector implements ClusterObserver {
  readonly ignoresStatus = true;
  private readonly kernel: Kernel;
  private readonly cluster: Cluster;
  private readonly requests: ApiRequests;
  private readonly collectEvent: EventKind;
  private readonly removeEvent: EventKind;

  constructor(kernel: Kernel, cluster: Cluster, phase: number, requests: ApiRequests = new ApiRequests(cluster)) {
    this.requests = requests;
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
    if (change === 'deleting') this.collectSoon(row);
    else if (change === 'created') this.collectSoonIfDeleting(workloads.parent[row]);
    else if (change === 'gone') this.lookAgain(workloads.parent[row]);
  }

  /** By somebody who did not know yet that the owner goes. */
  podCreated(pod: number): void {
    this.collectSoonIfDeleting(this.cluster.pods.owner[pod]);
  }

  podDeleted(pod: number): void {
    this.lookAgain(this.cluster.pods.owner[pod]);
  }

  private collectSoon(row: number): void {
    this.kernel.after(0, this.collectEvent, row, this.cluster.workloads.incarnation[row]);
  }

  private collectSoonIfDeleting(row: number): void {
    if (row >= 0 && this.cluster.workloads.isDeleting(row)) this.collectSoon(row);
  }

  private lookAgain(row: number): void {
    const { workloads } = this.cluster;
    // While other pods of it are left, their ends will tell.
    if (row < 0 || workloads.alive[row] > 1) return;
    if (workloads.isDeleting(row)) this.kernel.after(0, this.removeEvent, row, workloads.incarnation[row]);
  }

  private collect(row: number, incarnation: number): void {
    const { workloads, pods } = this.cluster;
    const { requests } = this;
    if (workloads.incarnation[row] !== incarnation) return;
    for (const child of workloads.children[row]) requests.deleteWorkload(child);
    for (const pod of workloads.podsOf(row)) {
      requests.deletePod(pod);
      if (pods.isTracked(pod)) requests.countPod(pod);
    }
    this.removeWhenEmpty(row, incarnation);
  }

  private removeWhenEmpty(row: number, incarnation: number): void {
    if (this.cluster.workloads.incarnation[row] === incarnation) this.requests.removeWorkload(row);
  }
}
