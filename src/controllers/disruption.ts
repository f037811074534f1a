/**
 * The disruption controller: how many of the pods that a budget covers are healthy, and how many more may go. Status is
 * written in the controller phase of the instant in which a count changed. A pod is healthy while it is Ready, not
 * terminating, and not on record as about to go.
 * Counts are kept pod by pod; a pod that no budget covers costs a look-up by its template, and nothing without budgets.
 * Source: pkg/controller/disruption/disruption.go (v1.36.3).
 */
import { grownCapacity, growUint8 } from '../base/growable.ts';
import { MICROS_PER_SECOND } from '../base/time.ts';
import type { Micros } from '../base/time.ts';
import { PodPhase } from '../cluster/cluster.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { recordedAt, selectsOtherwise } from '../cluster/disruption-budgets.ts';
import type { DisruptionBudgets } from '../cluster/disruption-budgets.ts';
import { objectKey } from '../cluster/object-store.ts';
import { scaledAmount } from '../cluster/int-or-percent.ts';
import type { KubernetesObject, PodDisruptionBudget } from '../cluster/objects.ts';
import type { ClusterObserver, Notice, ObjectAction } from '../cluster/observer.ts';
import type { PodTemplate } from '../cluster/pod-template.ts';
import type { EventKind, Kernel } from '../kernel/kernel.ts';
import { ApiRequests } from './owned-pods.ts';
import { WorkloadKind } from '../cluster/workload-table.ts';
import type { WorkloadTable } from '../cluster/workload-table.ts';

/** A pod that was to go and is still there counts again after this long. */
const DELETION_TIMEOUT_MICROS: Micros = 120 * MICROS_PER_SECOND;

interface Tally {
  pods: number;
  healthy: number;
  /** Pods whose controller is not among the owners: each stands for one of its replicas. */
  ofUnknownController: number;
  /** Owner row to how many of its pods are covered. */
  readonly byOwner: Map<number, number>;
}

type Status = NonNullable<PodDisruptionBudget['status']>;

/** What a pod counts for by the budgets that cover it. */
const Counted = { No: 0, Unhealthy: 1, Healthy: 2 } as const;
type Counted = (typeof Counted)[keyof typeof Counted];

/** What is nothing to the controller while there are no budgets. */
const POD_NOTICES: readonly Notice[] = [
  'podCreated', 'podStarted', 'podInterrupted', 'podReadyChanged', 'podTerminating', 'endedPodTerminating',
  'podRemoved', 'podDeleted', 'podUpdated',
];

export interface DisruptionOptions {
  /**
   * Pods whose controller is not among the workloads. `ownReplica`: each stands for one of its replicas (pods of a dump
   * that left their controllers out). `noScale`: the controller is gone and the budget cannot be worked out, as
   * upstream has it. Default `ownReplica`.
   */
  readonly unknownControllers?: 'ownReplica' | 'noScale';
  /** Where the controller is told late of what it looks at. */
  readonly requests?: ApiRequests;
}

export class Disruption implements ClusterObserver {
  private readonly kernel: Kernel;
  private readonly cluster: Cluster;
  private readonly requests: ApiRequests;
  private readonly owners: WorkloadTable;
  private readonly budgets: DisruptionBudgets;
  private readonly unknownHasScale: boolean;
  private readonly syncEvent: EventKind;
  private readonly recheckEvent: EventKind;
  /** By key of the budget; empty and to be counted anew when `isStale`. */
  private readonly tallies = new Map<string, Tally>();
  private readonly dirty = new Set<string>();
  /** By pod row. */
  private counted: Uint8Array = new Uint8Array(0);
  /** By key of the budget: rows of the pods that its status has on record, by name. */
  private readonly onRecord = new Map<string, ReadonlyMap<string, number>>();
  private recheckAt: Micros = Infinity;
  private isStale = false;
  private isSyncDue = false;

  constructor(
    kernel: Kernel, cluster: Cluster, budgets: DisruptionBudgets, phase: number, options: DisruptionOptions = {},
  ) {
    this.kernel = kernel;
    this.cluster = cluster;
    this.requests = options.requests ?? new ApiRequests(cluster);
    this.owners = cluster.workloads;
    this.budgets = budgets;
    this.unknownHasScale = options.unknownControllers !== 'noScale';
    this.syncEvent = kernel.defineEvent('disruption sync', phase, () => this.sync());
    this.recheckEvent = kernel.defineEvent('disruption recheck', phase, () => this.recheck());
    cluster.observe(this);
    this.hushPods();
  }

  private hushPods(): void {
    this.cluster.hush(this, POD_NOTICES, this.budgets.isEmpty);
  }

  objectChanged(
    kind: string,
    _action: ObjectAction,
    object: KubernetesObject,
    before: KubernetesObject | undefined,
  ): void {
    if (kind !== 'PodDisruptionBudget') return;
    this.hushPods();
    // What was written on the way here may be out of date, or may have been refused because of this.
    if (this.requests.late !== null) this.lookAgain(objectKey(object));
    if (!selectsOtherwise(object, before)) return;
    this.isStale = true;
    this.soon();
  }

  podCreated(pod: number): void {
    this.recount(pod);
  }

  podStarted(pod: number): void {
    this.recount(pod);
  }

  podInterrupted(pod: number): void {
    this.recount(pod);
  }

  podReadyChanged(pod: number): void {
    this.recount(pod);
  }

  podTerminating(pod: number): void {
    this.recount(pod);
  }

  endedPodTerminating(pod: number): void {
    this.recount(pod);
  }

  /** Ended pods are counted as long as their object is there. */
  podRemoved(pod: number): void {
    if (this.cluster.pods.phase[pod] !== PodPhase.Free) this.recount(pod);
  }

  podDeleted(pod: number): void {
    this.turn(pod, this.cluster.templateOf(pod), Counted.No);
  }

  podUpdated(pod: number, before: PodTemplate): void {
    this.turn(pod, before, Counted.No);
    this.recount(pod);
  }

  // ---- counting --------------------------------------------------------------------------------------------------

  private verdictOf(pod: number): Counted {
    const { pods } = this.cluster;
    return pods.isReady(pod) && !pods.isTerminating(pod) ? Counted.Healthy : Counted.Unhealthy;
  }

  private recount(pod: number): void {
    if (!this.isStale && !this.budgets.isEmpty) this.turn(pod, this.cluster.templateOf(pod), this.verdictOf(pod));
  }

  /** Every notice of a pod that a budget covers has its status written anew, as upstream's queue has it. */
  private turn(pod: number, template: PodTemplate, verdict: Counted): void {
    if (this.isStale || this.budgets.isEmpty) return;
    if (pod >= this.counted.length)
      this.counted = growUint8(this.counted, grownCapacity(this.counted.length, pod + 1));
    const before = this.counted[pod];
    this.counted[pod] = verdict;
    const pods = Number(verdict !== Counted.No) - Number(before !== Counted.No);
    const healthy = Number(verdict === Counted.Healthy) - Number(before === Counted.Healthy);
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
    this.onRecord.clear();
    this.counted.fill(Counted.No);
    const named = new Map<string, Map<string, number>>();
    for (const budget of this.cluster.objects.list<PodDisruptionBudget>('PodDisruptionBudget')) {
      const key = objectKey(budget);
      this.dirty.add(key);
      if (Object.keys(budget.status?.disruptedPods ?? {}).length > 0) named.set(key, new Map());
    }
    for (let pod = 0; pod < pods.length; pod++) {
      if (pods.phase[pod] === PodPhase.Free) continue;
      const template = this.cluster.templateOf(pod);
      this.turn(pod, template, this.verdictOf(pod));
      if (named.size === 0) continue;
      for (const key of this.budgets.coveringKeys(template)) named.get(key)?.set(this.cluster.podName(pod), pod);
    }
    for (const [key, rows] of named) this.onRecord.set(key, rows);
  }

  // ---- writing ---------------------------------------------------------------------------------------------------

  private soon(): void {
    if (this.isSyncDue) return;
    this.isSyncDue = true;
    this.kernel.after(0, this.syncEvent);
  }

  private lookAgain(key: string): void {
    this.dirty.add(key);
    this.soon();
  }

  /** The change that was in the way brings the next look when it is seen, unless it has been already. */
  private conflicted(key: string): void {
    const { api } = this.requests;
    if (api.objects.get('PodDisruptionBudget', key) === this.budgets.get(key)) this.lookAgain(key);
  }

  /** What was on record has had its time. */
  private recheck(): void {
    if (this.kernel.now === this.recheckAt) this.recheckAt = Infinity;
    for (const key of this.onRecord.keys()) this.dirty.add(key);
    this.soon();
  }

  private sync(): void {
    if (this.isStale) this.countAll();
    this.isSyncDue = false;
    const keys = [...this.dirty];
    this.dirty.clear();
    for (const key of keys) {
      const budget = this.budgets.get(key);
      if (budget === undefined) continue;
      const status = { ...budget.status, ...this.statusOf(key, budget, this.tallies.get(key)) };
      const { generation } = budget.metadata ?? {};
      if (generation !== undefined) status.observedGeneration = generation;
      if (!saysOtherwise(status, budget.status)) continue;
      const written = { ...budget, status } as PodDisruptionBudget;
      this.requests.putObject('PodDisruptionBudget', written, () => { this.conflicted(key); });
    }
    this.requests.endSync();
  }

  private statusOf(key: string, { spec, status }: PodDisruptionBudget, tally: Tally | undefined): Writable<Status> {
    const { minAvailable, maxUnavailable } = spec ?? {};
    let expectedPods = tally?.pods ?? 0;
    let desiredHealthy = typeof minAvailable === 'number' ? minAvailable : 0;
    if (maxUnavailable !== undefined || typeof minAvailable === 'string') {
      const scale = this.scaleOf(tally);
      if (scale === null) return { disruptionsAllowed: 0, conditions: conditionsOf(false, 'SyncFailed') };
      expectedPods = scale;
      desiredHealthy =
        maxUnavailable !== undefined
          ? Math.max(0, scale - scaledAmount(maxUnavailable, scale, 'up'))
          : scaledAmount(minAvailable ?? 0, scale, 'up');
    } else if (minAvailable === undefined) expectedPods = 0;
    const disruptedPods = this.stillDisrupted(key, status);
    const currentHealthy = (tally?.healthy ?? 0) - this.healthyOf(key, disruptedPods);
    const disruptionsAllowed = expectedPods > 0 ? Math.max(0, currentHealthy - desiredHealthy) : 0;
    const isEnough = disruptionsAllowed > 0;
    return {
      currentHealthy, desiredHealthy, expectedPods, disruptionsAllowed,
      ...(status?.disruptedPods === undefined ? {} : { disruptedPods }),
      conditions: conditionsOf(isEnough, isEnough ? 'SufficientPods' : 'InsufficientPods'),
    };
  }

  /** The entries whose pod is there, not terminating, and was put on record within the last two minutes. */
  private stillDisrupted(key: string, status: Status | undefined): NonNullable<Status['disruptedPods']> {
    const { pods } = this.cluster;
    const rows = this.onRecord.get(key);
    const kept: Record<string, string | Micros> = {};
    let recheckAt = Infinity;
    for (const [name, time] of Object.entries(status?.disruptedPods ?? {})) {
      const pod = rows?.get(name) ?? -1;
      if (pod < 0 || this.counted[pod] === Counted.No || pods.isTerminating(pod)) continue;
      if (this.cluster.podName(pod) !== name) continue;
      const until = recordedAt(time) + DELETION_TIMEOUT_MICROS;
      if (until < this.kernel.now) continue;
      kept[name] = time;
      recheckAt = Math.min(recheckAt, until);
    }
    if (recheckAt === Infinity) this.onRecord.delete(key);
    else this.recheckLater(recheckAt);
    return kept;
  }

  private recheckLater(time: Micros): void {
    // One microsecond later than upstream, whose clock has moved on when it looks again.
    const due = Math.max(time, this.kernel.now) + 1;
    if (due >= this.recheckAt) return;
    this.recheckAt = due;
    this.kernel.at(due, this.recheckEvent);
  }

  /**
   * Pods on record that would be healthy; in the very instant in which its time is up an entry does not count any more.
   */
  private healthyOf(key: string, disrupted: NonNullable<Status['disruptedPods']>): number {
    const rows = this.onRecord.get(key);
    const { now } = this.kernel;
    const counts = ([name, time]: readonly [string, string | Micros]): boolean =>
      this.counted[rows?.get(name) ?? -1] === Counted.Healthy && recordedAt(time) + DELETION_TIMEOUT_MICROS > now;
    return Object.entries(disrupted).filter(counts).length;
  }

  /** Replicas of the pods' controllers; null: one of them has none (Jobs, DaemonSets), a failure upstream. */
  private scaleOf(tally: Tally | undefined): number | null {
    const unknown = tally?.ofUnknownController ?? 0;
    if (unknown > 0 && !this.unknownHasScale) return null;
    let sum = unknown;
    for (const row of new Set([...(tally?.byOwner.keys() ?? [])].map((owner) => this.scaledBy(owner)))) {
      const scale = this.owners.wanted[row];
      if (scale < 0) return null;
      sum += scale;
    }
    return sum;
  }

  /** A ReplicaSet of a Deployment is scaled by that. */
  private scaledBy(owner: number): number {
    const { kind, parent } = this.owners;
    const above = parent[owner];
    return kind[owner] === WorkloadKind.ReplicaSet && above >= 0 && kind[above] === WorkloadKind.Deployment
      ? above
      : owner;
  }
}

type Writable<T> = { -readonly [Name in keyof T]: T[Name] };

const STATUS_FIELDS = [
  'currentHealthy', 'desiredHealthy', 'expectedPods', 'disruptionsAllowed', 'observedGeneration',
] as const;

function saysOtherwise(status: Status, before: Status | undefined): boolean {
  if (STATUS_FIELDS.some((field) => status[field] !== before?.[field])) return true;
  const condition = (of: Status | undefined): string => {
    const [found] = of?.conditions ?? [];
    return found === undefined ? '' : `${found.status} ${found.reason}`;
  };
  const names = (of: Status | undefined): string => Object.keys(of?.disruptedPods ?? {}).join(' ');
  return condition(status) !== condition(before) || names(status) !== names(before);
}

function conditionsOf(isAllowed: boolean, reason: string): NonNullable<Status['conditions']> {
  return [{ type: 'DisruptionAllowed', status: isAllowed ? 'True' : 'False', reason }];
}
