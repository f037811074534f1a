/**
 * The controllers of workload objects in a run, each on a work queue of its own, and the notices that fill the queues:
 * a notice only says whose turn it is. Owners that are no objects (generated DaemonSets) are not looked at here. Costs
 * each pod notice a look at its owner.
 */
import { MICROS_PER_HOUR, MICROS_PER_SECOND, type Micros } from '../base/time.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { ClusterObserver, WorkloadChange } from '../cluster/observer.ts';
import { detailsAs } from '../cluster/workload-details.ts';
import { WorkloadKind } from '../cluster/workload-table.ts';
import type { EventKind, Kernel } from '../kernel/kernel.ts';
import { dayNumberOf } from '../base/civil-date.ts';
import { CronJobController } from './cron-job.ts';
import type { ScheduleParser } from './cron-job.ts';
import { DeploymentController } from './deployment.ts';
import { DaemonSetController } from './daemon-set.ts';
import { GarbageCollector } from './garbage-collector.ts';
import { JobController, isFinished } from './job.ts';
import { ApiRequests, OPEN_GATE } from './owned-pods.ts';
import type { ControllerContext, CreationGate, LateTold, Sync } from './owned-pods.ts';
import { OwnedPodCounts } from './owned-pod-counts.ts';
import { ReplicaSetController } from './replica-set.ts';
import { StatefulSetController } from './stateful-set.ts';
import { parseSchedule } from './utc-schedule.ts';
import { ONLY_UTC } from './zoned-time.ts';
import type { TimeZones } from './zoned-time.ts';
import { WorkItems } from './work-items.ts';
import { DEFAULT_LIMITS, JOB_LIMITS, WorkQueue } from './work-queue.ts';

/** Pod events of a Job are collected for so long (SyncJobBatchPeriod). */
const JOB_BATCH_MICROS: Micros = MICROS_PER_SECOND;

/** --concurrent-*-syncs; those of CronJobs and DaemonSets likewise (cmd/kube-controller-manager/app). */
const WORKERS: Readonly<Record<WorkloadKind, number>> = {
  [WorkloadKind.Deployment]: 5,
  [WorkloadKind.ReplicaSet]: 5,
  [WorkloadKind.StatefulSet]: 5,
  [WorkloadKind.DaemonSet]: 2,
  [WorkloadKind.Job]: 5,
  [WorkloadKind.CronJob]: 5,
};

/** The wall clock at time 0, for schedules: midnight UTC of a Monday that begins a year. */
export const RUN_BEGINS_MICROS: Micros = dayNumberOf(2024, 1, 1) * 24 * MICROS_PER_HOUR;

export class WorkloadControllers implements ClusterObserver {
  private readonly kernel: Kernel;
  private readonly cluster: Cluster;
  private readonly requests: ApiRequests;
  /** By WorkloadKind; undefined: nobody looks after objects of this kind here. */
  private readonly queues: (WorkQueue | undefined)[] = [];
  private readonly deleteEvent: EventKind;
  private deletionsDue = 0;
  /** When workloads were last refused a pod, by row; those that were not at their last sync are left out. */
  private readonly refusedAt = new Map<number, Micros>();
  private readonly gate: CreationGate;
  /** By row: the last change that a sync has made itself, by its number. */
  private readonly ownWrites = new Map<number, number>();
  /** Rows whose turn came before they saw what they had written. */
  private readonly unseeing = new Set<number>();
  /** Rows whose last sync ended in a conflict. */
  private readonly conflicting = new Set<number>();
  /** Rows whose last sync waits for answers; workers that do so, and keys that wait for one, by WorkloadKind. */
  private readonly unanswered = new Set<number>();
  private readonly busyWorkers: number[] = [];
  private readonly waiting: Set<number>[] = [];
  /** Their pods follow nodes; those of generators have no objects, and are looked after all the same. */
  readonly daemonSets: DaemonSetController;
  readonly workItems: WorkItems;
  private readonly counts: OwnedPodCounts;

  /** `cluster`: what the controllers see. `timeZones`: those that CronJobs name. */
  constructor(
    kernel: Kernel, cluster: Cluster, admit: ControllerContext['admit'], phase: number, gate: CreationGate = OPEN_GATE,
    timeZones: TimeZones = ONLY_UTC, requests: ApiRequests = new ApiRequests(cluster),
  ) {
    this.requests = requests;
    this.kernel = kernel;
    this.cluster = cluster;
    this.gate = gate;
    this.workItems = new WorkItems(requests.api);
    this.counts = new OwnedPodCounts(cluster, false);
    const context: ControllerContext = {
      cluster, requests, admit,
      counts: this.counts,
      runMicros: (owner, item) => this.workItems.runMicros(owner, item),
      nextItem: (owner) => this.workItems.next(owner),
      isRefused: (template) => gate.isRefused(template),
      refusedAt: this.refusedAt,
    };
    const queueOf = (kind: WorkloadKind) => (name: string, sync: (workload: number) => void): WorkQueue => {
      const limits = kind === WorkloadKind.Job ? JOB_LIMITS : DEFAULT_LIMITS;
      const turn = requests.late === null ? sync : this.syncOf(kind, sync, requests.late);
      return (this.queues[kind] = new WorkQueue(kernel, cluster.workloads, phase, name, turn, limits));
    };
    new DeploymentController(context, queueOf(WorkloadKind.Deployment));
    new ReplicaSetController(context, queueOf(WorkloadKind.ReplicaSet));
    const updates = cluster.features.statefulSetMaxUnavailable ? 'uselessFirst' : 'one';
    new StatefulSetController(context, queueOf(WorkloadKind.StatefulSet), updates);
    this.daemonSets = new DaemonSetController(context, queueOf(WorkloadKind.DaemonSet));
    new JobController(context, queueOf(WorkloadKind.Job));
    const parse: ScheduleParser = (schedule, zone) => parseSchedule(schedule, zone, timeZones);
    new CronJobController(cluster, queueOf(WorkloadKind.CronJob), RUN_BEGINS_MICROS, parse, requests);
    this.deleteEvent = kernel.defineEvent('workload deletion', phase, (row, incarnation) =>
      this.delete(row, incarnation),
    );
    cluster.observe(this);
    new GarbageCollector(kernel, cluster, phase, requests);
    if (requests.late !== null) requests.late.onShown = () => { this.lookAgain(); };
  }

  /** Somebody deletes the workload then, and its pods with it. */
  deleteAt(row: number, time: Micros): void {
    if (time === Infinity) return;
    this.deletionsDue++;
    const { incarnation } = this.requests.api.workloads;
    this.kernel.at(Math.max(time, this.kernel.now), this.deleteEvent, row, incarnation[row]);
  }

  // ---- what is seen late -----------------------------------------------------------------------------------------

  /**
   * A sync has to see what the last one of its key has written: until then its turn is put off, as upstream's stale
   * caches put it off (pkg/controller/util/consistency, v1.36). After a conflict it comes again with the key's
   * back-off.
   */
  private syncOf(kind: WorkloadKind, sync: (row: number) => void, late: LateTold): (row: number) => void {
    return (row) => {
      if (this.unanswered.has(row) || (this.ownWrites.get(row) ?? 0) > late.shownCount) {
        this.unseeing.add(row);
        return;
      }
      if (this.requests.areDelayed) return this.syncAndWait(kind, row, sync, late);
      const before = late.notedCount;
      sync(row);
      const hasConflict = this.requests.endSync();
      if (late.notedCount > before) this.ownWrites.set(row, late.notedCount);
      if (hasConflict) {
        this.conflicting.add(row);
        this.queues[kind]?.addRateLimited(row);
      } else if (this.conflicting.delete(row)) this.queues[kind]?.forget(row);
    };
  }

  /** A worker takes the key, and has its hands full until all that the sync has asked for is answered. */
  private syncAndWait(kind: WorkloadKind, row: number, sync: (row: number) => void, late: LateTold): void {
    const waiting = (this.waiting[kind] ??= new Set());
    if ((this.busyWorkers[kind] ?? 0) >= WORKERS[kind]) {
      waiting.add(row);
      return;
    }
    waiting.delete(row);
    this.busyWorkers[kind] = (this.busyWorkers[kind] ?? 0) + 1;
    this.unanswered.add(row);
    const { workloads } = this.cluster;
    const incarnation = workloads.incarnation[row];
    this.requests.beginSync((done) => {
      this.busyWorkers[kind] = (this.busyWorkers[kind] ?? 0) - 1;
      this.unanswered.delete(row);
      if (workloads.incarnation[row] === incarnation) this.settle(kind, row, done, late);
      this.lookAgain();
      for (const next of waiting) {
        waiting.delete(next);
        this.queues[kind]?.add(next);
        break;
      }
    });
    sync(row);
    this.requests.endSync();
  }

  private settle(kind: WorkloadKind, row: number, { wroteAny, hasConflict, isRefused }: Sync, late: LateTold): void {
    const queue = this.queues[kind];
    if (wroteAny) this.ownWrites.set(row, late.notedCount);
    const hadRefusal = this.refusedAt.delete(row);
    const hadConflict = this.conflicting.delete(row);
    if (isRefused) this.refusedAt.set(row, this.kernel.now);
    if (hasConflict) this.conflicting.add(row);
    if (isRefused || hasConflict) queue?.addRateLimited(row);
    else if (hadRefusal || hadConflict) queue?.forget(row);
  }

  private lookAgain(): void {
    const { late } = this.requests;
    const { workloads } = this.cluster;
    for (const row of this.unseeing) {
      if (this.unanswered.has(row)) continue;
      if ((this.ownWrites.get(row) ?? 0) > (late?.shownCount ?? Infinity)) continue;
      this.unseeing.delete(row);
      this.queues[workloads.kind[row]]?.add(row);
    }
  }

  /**
   * Whether a key or a deletion waits for its time: something will happen without anybody's doing. Schedules, which
   * never end, do not count, nor do requests for pods that will be refused again as nothing has changed.
   */
  get isBusy(): boolean {
    const { late, underWay } = this.requests;
    if (this.deletionsDue > 0 || underWay > 0 || (late?.pendingCount ?? 0) > 0) return true;
    let waiting = 0;
    for (const [kind, queue] of this.queues.entries())
      if (kind !== WorkloadKind.CronJob) waiting += queue?.waitingCount ?? 0;
    if (waiting === 0 || this.refusedAt.size === 0) return waiting > 0;
    let vain = 0;
    for (const at of this.refusedAt.values()) if (at > this.gate.roomAt()) vain++;
    return waiting > vain;
  }

  /** Asserts that what is kept of the workloads' pods is what a walk over them finds. */
  check(): void {
    this.counts.check();
  }

  private delete(row: number, incarnation: number): void {
    this.deletionsDue--;
    const { workloads, workloadWriter } = this.requests.api;
    if (workloads.incarnation[row] === incarnation) workloadWriter.delete(row);
  }

  // ---- notices ---------------------------------------------------------------------------------------------------

  podCreated(pod: number): void {
    this.podChanged(pod);
  }

  podStarted(pod: number): void {
    this.podChanged(pod);
  }

  podReadyChanged(pod: number): void {
    this.podChanged(pod);
  }

  podInterrupted(pod: number): void {
    this.podChanged(pod);
  }

  podTerminating(pod: number): void {
    this.podChanged(pod);
  }

  podRemoved(pod: number): void {
    this.podChanged(pod);
  }

  podDeleted(pod: number): void {
    this.podChanged(pod);
  }

  private podChanged(pod: number): void {
    const { pods, workloads } = this.cluster;
    const owner = pods.owner[pod];
    if (owner < 0 || !workloads.isObject(owner)) return;
    this.counts.noteFor(pod, owner);
    if (workloads.isDeleting(owner)) return;
    const kind = workloads.kind[owner];
    if (kind !== WorkloadKind.Job) this.queues[kind]?.add(owner);
    else if (!this.hasFinished(owner)) this.queues[kind]?.addAfter(owner, JOB_BATCH_MICROS);
  }

  /** A Job, for good: its sync does nothing any more. */
  private hasFinished(job: number): boolean {
    return isFinished(detailsAs('Job', this.cluster.workloads.details[job]));
  }

  workloadChanged(row: number, change: WorkloadChange): void {
    const { workloads } = this.cluster;
    if (!workloads.isObject(row)) return;
    if (change === 'gone') this.forget(row);
    const kind = workloads.kind[row];
    // What is being deleted is gone for controllers; the garbage collector alone sees to it.
    if (change !== 'gone' && !workloads.isDeleting(row)) this.enqueue(row, kind, change);
    const parent = workloads.parent[row];
    if (parent >= 0 && !workloads.isDeleting(parent)) this.queues[workloads.kind[parent]]?.add(parent);
    if (change === 'status' && kind === WorkloadKind.Job) this.considerTtl(row);
  }

  private enqueue(row: number, kind: number, change: WorkloadChange): void {
    if (kind === WorkloadKind.Job && this.hasFinished(row)) return;
    if (change !== 'status') this.queues[kind]?.add(row);
    else if (kind === WorkloadKind.Job) this.queues[kind]?.addAfter(row, JOB_BATCH_MICROS);
    // A ReplicaSet's own status tells its controller nothing new.
    else if (kind !== WorkloadKind.ReplicaSet) this.queues[kind]?.add(row);
  }

  private forget(row: number): void {
    this.counts.forget(row);
    this.refusedAt.delete(row);
    this.ownWrites.delete(row);
    this.unseeing.delete(row);
    this.conflicting.delete(row);
  }

  /** ttlSecondsAfterFinished, from the moment in which the end is written (pkg/controller/ttlafterfinished). */
  private considerTtl(row: number): void {
    const { workloads } = this.cluster;
    const { ttlSecondsAfterFinished } = workloads.object[row]?.spec ?? {};
    const { finishedAt } = detailsAs('Job', workloads.details[row]);
    if (ttlSecondsAfterFinished === undefined || finishedAt !== this.cluster.now) return;
    if (this.requests.hasWorkload(row)) this.deleteAt(row, finishedAt + ttlSecondsAfterFinished * MICROS_PER_SECOND);
  }
}
