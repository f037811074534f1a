/**
 * The disruption controller: how many of the pods that a budget covers are healthy, and how many more may go. Status is
 * written in the controller phase of the instant in which a count changed. Running is Ready here.
 * Counts are kept pod by pod; a pod that no budget covers costs a look-up by its template, and nothing without budgets.
 * Source: pkg/controller/disruption/disruption.go (v1.36.2).
 */
import { PodPhase } from '../cluster/cluster.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { selectsOtherwise } from '../cluster/disruption-budgets.ts';
import type { DisruptionBudgets } from '../cluster/disruption-budgets.ts';
import type { KubernetesObject, PodDisruptionBudget } from '../cluster/objects.ts';
import type { ClusterObserver, ObjectAction } from '../cluster/observer.ts';
import type { PodTemplate } from '../cluster/pod-template.ts';
import type { EventKind, Kernel } from '../kernel/kernel.ts';
import type { WorkloadTable } from '../cluster/workload-table.ts';

interface Tally {
  pods: number;
  healthy: number;
  /** Pods whose controller is not among the owners: each stands for one of its replicas. */
  ofUnknownController: number;
  /** Owner row to how many of its pods are covered. */
  readonly byOwner: Map<number, number>;
}

type Status = NonNullable<PodDisruptionBudget['status']>;

export class Disruption implements ClusterObserver {
  private readonly kernel: Kernel;
  private readonly cluster: Cluster;
  private readonly owners: WorkloadTable;
  private readonly budgets: DisruptionBudgets;
  private readonly syncEvent: EventKind;
  /** By key of the budget; empty and to be counted anew when `isStale`. */
  private readonly tallies = new Map<string, Tally>();
  private readonly dirty = new Set<string>();
  private isStale = false;
  private isSyncDue = false;

  constructor(kernel: Kernel, cluster: Cluster, budgets: DisruptionBudgets, phase: number) {
    this.kernel = kernel;
    this.cluster = cluster;
    this.owners = cluster.workloads;
    this.budgets = budgets;
    this.syncEvent = kernel.defineEvent('disruption sync', phase, () => this.sync());
    cluster.observe(this);
  }

  objectChanged(
    kind: string,
    _action: ObjectAction,
    object: KubernetesObject,
    before: KubernetesObject | undefined,
  ): void {
    if (kind !== 'PodDisruptionBudget' || !selectsOtherwise(object, before)) return;
    this.isStale = true;
    this.soon();
  }

  podCreated(pod: number): void {
    this.count(pod, this.cluster.templateOf(pod), 1, 0);
  }

  podStarted(pod: number): void {
    if (!this.cluster.pods.isTerminating(pod)) this.count(pod, this.cluster.templateOf(pod), 0, 1);
  }

  podInterrupted(pod: number): void {
    if (!this.cluster.pods.isTerminating(pod)) this.count(pod, this.cluster.templateOf(pod), 0, -1);
  }

  podTerminating(pod: number): void {
    if (this.cluster.pods.phase[pod] === PodPhase.Running) this.count(pod, this.cluster.templateOf(pod), 0, -1);
  }

  podRemoved(pod: number, _node: number, phaseBefore: number): void {
    const wasHealthy = phaseBefore === PodPhase.Running && !this.cluster.pods.isTerminating(pod);
    this.count(pod, this.cluster.templateOf(pod), -1, wasHealthy ? -1 : 0);
  }

  podUpdated(pod: number, before: PodTemplate): void {
    const healthy = this.isHealthy(pod) ? 1 : 0;
    this.count(pod, before, -1, -healthy);
    this.count(pod, this.cluster.templateOf(pod), 1, healthy);
  }

  // ---- counting --------------------------------------------------------------------------------------------------

  private isHealthy(pod: number): boolean {
    const { pods } = this.cluster;
    return pods.phase[pod] === PodPhase.Running && !pods.isTerminating(pod);
  }

  private count(pod: number, template: PodTemplate, pods: -1 | 0 | 1, healthy: number): void {
    if (this.isStale || this.budgets.isEmpty) return;
    for (const key of this.budgets.coveringKeys(template)) {
      this.tally(key, pod, template, pods, healthy);
      this.dirty.add(key);
      this.soon();
    }
  }

  private tally(key: string, pod: number, template: PodTemplate, pods: number, healthy: number): void {
    let tally = this.tallies.get(key);
    if (tally === undefined)
      this.tallies.set(key, (tally = { pods: 0, healthy: 0, ofUnknownController: 0, byOwner: new Map() }));
    tally.pods += pods;
    tally.healthy += healthy;
    const owner = this.cluster.pods.owner[pod];
    if (owner < 0) tally.ofUnknownController += template.controller === null ? 0 : pods;
    else {
      const count = (tally.byOwner.get(owner) ?? 0) + pods;
      if (count === 0) tally.byOwner.delete(owner);
      else tally.byOwner.set(owner, count);
    }
  }

  private countAll(): void {
    const { pods } = this.cluster;
    this.isStale = false;
    this.tallies.clear();
    for (const budget of this.cluster.objects.list<PodDisruptionBudget>('PodDisruptionBudget'))
      this.dirty.add(`${budget.metadata?.namespace ?? 'default'}/${budget.metadata?.name ?? ''}`);
    for (let pod = 0; pod < pods.length; pod++) {
      if (!pods.isLive(pod)) continue;
      const template = this.cluster.templateOf(pod);
      for (const key of this.budgets.coveringKeys(template))
        this.tally(key, pod, template, 1, this.isHealthy(pod) ? 1 : 0);
    }
  }

  // ---- writing ---------------------------------------------------------------------------------------------------

  private soon(): void {
    if (this.isSyncDue) return;
    this.isSyncDue = true;
    this.kernel.after(0, this.syncEvent);
  }

  private sync(): void {
    this.isSyncDue = false;
    if (this.isStale) this.countAll();
    const keys = [...this.dirty];
    this.dirty.clear();
    for (const key of keys) {
      const budget = this.budgets.get(key);
      if (budget === undefined) continue;
      const status = { ...budget.status, ...this.statusOf(budget, this.tallies.get(key)) };
      if (STATUS_FIELDS.some((field) => status[field] !== budget.status?.[field]))
        this.cluster.putObject('PodDisruptionBudget', { ...budget, status } as PodDisruptionBudget);
    }
  }

  private statusOf({ spec }: PodDisruptionBudget, tally: Tally | undefined): Partial<Status> {
    const { minAvailable, maxUnavailable } = spec ?? {};
    let expectedPods = tally?.pods ?? 0;
    let desiredHealthy = typeof minAvailable === 'number' ? minAvailable : 0;
    if (maxUnavailable !== undefined || typeof minAvailable === 'string') {
      const scale = this.scaleOf(tally);
      if (scale === null) return { disruptionsAllowed: 0 };
      expectedPods = scale;
      desiredHealthy =
        maxUnavailable !== undefined
          ? Math.max(0, scale - shareOf(maxUnavailable, scale))
          : shareOf(minAvailable ?? 0, scale);
    } else if (minAvailable === undefined) expectedPods = 0;
    const currentHealthy = tally?.healthy ?? 0;
    const spare = expectedPods > 0 ? Math.max(0, currentHealthy - desiredHealthy) : 0;
    return { currentHealthy, desiredHealthy, expectedPods, disruptionsAllowed: spare };
  }

  /** Replicas of the pods' controllers; null: one of them has none (Jobs, DaemonSets), a failure upstream. */
  private scaleOf(tally: Tally | undefined): number | null {
    let sum = tally?.ofUnknownController ?? 0;
    for (const owner of tally?.byOwner.keys() ?? []) {
      const scale = this.owners.wanted[owner];
      if (scale < 0) return null;
      sum += scale;
    }
    return sum;
  }
}

const STATUS_FIELDS = ['currentHealthy', 'desiredHealthy', 'expectedPods', 'disruptionsAllowed'] as const;

/** A number, or a percentage rounded up. */
function shareOf(amount: number | string, total: number): number {
  return typeof amount === 'number' ? amount : Math.ceil((Number(amount.slice(0, -1)) * total) / 100);
}
