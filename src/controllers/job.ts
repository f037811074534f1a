/**
 * The Job controller: pods until enough have succeeded, or too many have failed. A sync judges the pods it sees, makes
 * or deletes some, counts those that have ended and lets go of them.
 * Source: pkg/controller/job/{job_controller,indexed_job_utils,backoff_utils}.go (v1.36). Requests take no time.
 * Upstream collects a Job's pod events for a second, which the queue's caller does. Costs the Job's pods a sync.
 */
import { MICROS_PER_SECOND, type Micros } from '../base/time.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { EvictionCause, PodPhase } from '../cluster/cluster.ts';
import { conditionOf, detailsAs, newCondition } from '../cluster/workload-details.ts';
import type { JobDetails, WorkloadCondition } from '../cluster/workload-details.ts';
import {
  countIndexes,
  firstMissing,
  hasIndex,
  intervalsText,
  mergeIntervals,
  parseIntervals,
  withIndexes,
} from './index-intervals.ts';
import type { IndexIntervals } from './index-intervals.ts';
import {
  INDEX_LABEL, NO_FAILURES, asksForIndex, failureAction, isSuccess, jobPlan, remainingBackoff, replaceCondition,
  sameJob, withFinished,
} from './job-policies.ts';
import type { BackoffRecord, FailureAction, JobPlan } from './job-policies.ts';
import {
  createOwnedPod,
  isTerminatingStill,
  MOST_PODS_A_SYNC,
  nameOf,
  podOf,
  settleSync,
  slowStart,
} from './owned-pods.ts';
import type { ControllerContext } from './owned-pods.ts';
import { PlainSync, syncPlainJob } from './plain-job.ts';
import { comparePlain, rankedPod } from './pod-ranking.ts';
import type { QueueMaker, WorkloadQueue } from './work-queue.ts';

/** Most pods that a sync counts (MaxUncountedPods). */
const MOST_COUNTED = 500;
/** The Job controller leaves Jobs of other managers alone (pkg/apis/batch/types.go, JobControllerName). */
const JOB_CONTROLLER = 'kubernetes.io/job-controller';

/** A Job in the middle of a sync. */
interface JobPass {
  readonly row: number;
  readonly plan: JobPlan;
  /** Its pods that are neither active nor counted, oldest first. */
  readonly uncounted: readonly number[];
  /** Pods that were active when it began, oldest first: a walk when it is asked for first. */
  readonly activePods: () => readonly number[];
  readonly before: JobDetails;
  readonly previousSucceeded: IndexIntervals;
  succeededIndexes: IndexIntervals;
  /** null: no limit per index. */
  readonly failedIndexes: IndexIntervals | null;
  /** The last failed pod of an index, kept until another takes its count over. */
  readonly delayed: ReadonlyMap<number, number>;
  readonly backoff: BackoffRecord;
  succeeded: number;
  active: number;
  ready: number;
  terminating: number;
  conditions: readonly WorkloadCondition[];
  startAt: Micros;
  /** The API server has refused a pod: the sync ends with an error. */
  isRefused: boolean;
  /** Why the Job ends, once it does. */
  finish: WorkloadCondition | null;
}

export function jobDetails(hasLimitPerIndex = false): JobDetails {
  return {
    kind: 'Job',
    conditions: [],
    succeeded: 0,
    failed: 0,
    completedIndexes: '',
    failedIndexes: hasLimitPerIndex ? '' : null,
    startAt: -1,
    finishedAt: -1,
  };
}

/** Complete or Failed. */
export function isFinished({ conditions }: JobDetails): boolean {
  for (const { type, status } of conditions)
    if ((type === 'Complete' || type === 'Failed') && status === 'True') return true;
  return false;
}

export class JobController {
  readonly queue: WorkloadQueue;
  private readonly context: ControllerContext;
  private readonly cluster: Cluster;
  private readonly isShort: boolean;
  /** By row; kept by the controller, not by the API, as upstream has it. */
  private readonly backoffs = new Map<number, BackoffRecord & { readonly incarnation: number }>();

  /** By row: whether somebody selects by the completion index of its pods. `serial`: the Job's. */
  private readonly indexAsked = new Map<number, { readonly serial: number; readonly isAsked: boolean }>();

  /** `isShort`: plain Jobs are worked on by their counts; both ways write the same. */
  constructor(context: ControllerContext, makeQueue: QueueMaker, isShort = true) {
    this.context = context;
    this.isShort = isShort;
    this.cluster = context.cluster;
    this.queue = makeQueue('job', (row) => this.sync(row));
  }

  sync(row: number): void {
    const { workloads } = this.cluster;
    const details = this.details(row);
    const spec = workloads.object[row]?.spec ?? {};
    if ((spec.managedBy ?? JOB_CONTROLLER) !== JOB_CONTROLLER) return;
    if (isFinished(details)) return;
    const plan = jobPlan(spec);
    const short = this.isShort ? this.syncPlain(row, plan, details) : PlainSync.NotEnough;
    if (short !== PlainSync.NotEnough) {
      settleSync(this.context, this.queue, row, short === PlainSync.Refused);
      if (short === PlainSync.Settled) this.queue.settled(row);
      return;
    }
    const pass = this.begin(row, plan, details);
    this.judge(pass);
    if (pass.finish !== null) this.deleteActive(pass);
    else if (!workloads.isDeleting(row)) this.proceed(pass);
    this.settle(pass);
    settleSync(this.context, this.queue, row, pass.isRefused);
  }

  private syncPlain(row: number, plan: JobPlan, details: JobDetails): PlainSync {
    const record = this.backoffs.get(row);
    const hasFailures =
      record !== undefined && record.failures > 0 && record.incarnation === this.cluster.workloads.incarnation[row];
    const done = syncPlainJob(this.context, row, plan, details, hasFailures, this.templateOf);
    if (record !== undefined && isFinished(this.details(row))) this.backoffs.delete(row);
    return done;
  }

  private details(row: number): JobDetails {
    return detailsAs('Job', this.cluster.workloads.details[row]);
  }

  // ---- what there is ---------------------------------------------------------------------------------------------

  private begin(row: number, plan: JobPlan, before: JobDetails): JobPass {
    const { cluster } = this;
    const { pods } = cluster;
    const { counts } = this.context;
    const uncounted = counts.uncounted(row);
    const activePods = once(() => cluster.workloads.podsOf(row).filter((pod) => pods.isActive(pod)));
    const completions = plan.completions ?? 0;
    const counted = uncounted.filter((pod) => this.hasValidIndex(plan, pod));
    const succeededNow = counted.filter((pod) => pods.phase[pod] === PodPhase.Succeeded);
    const failedNow = counted.filter((pod) => this.isFailed(plan, pod));
    const previousSucceeded = parseIntervals(before.completedIndexes, completions);
    const succeededIndexes = plan.isIndexed
      ? withIndexes(
          previousSucceeded,
          succeededNow.map((pod) => pods.item[pod]),
        )
      : [];
    const failedIndexes =
      plan.isIndexed && plan.backoffLimitPerIndex !== null
        ? withIndexes(
            parseIntervals(before.failedIndexes ?? '', completions),
            failedNow.filter((pod) => this.failsIndex(plan, pod)).map((pod) => pods.item[pod]),
          )
        : null;
    const record = this.backoffs.get(row);
    const known = record?.incarnation === cluster.workloads.incarnation[row] ? record : NO_FAILURES;
    return {
      row,
      plan,
      uncounted,
      activePods,
      before,
      previousSucceeded,
      succeededIndexes,
      failedIndexes,
      delayed:
        failedIndexes === null
          ? new Map<number, number>()
          : this.delayedPods(failedNow, activePods(), succeededIndexes, failedIndexes),
      backoff: withFinished(
        known,
        succeededNow.map((pod) => this.finishedAt(pod)),
        failedNow.map((pod) => this.finishedAt(pod)),
      ),
      succeeded: plan.isIndexed ? countIndexes(succeededIndexes) : before.succeeded + succeededNow.length,
      active: counts.active(row),
      ready: counts.ready(row),
      terminating: counts.terminating(row),
      conditions: before.conditions,
      startAt: before.startAt < 0 && !plan.isSuspended ? cluster.now : before.startAt,
      isRefused: false,
      finish: null,
    };
  }

  private hasValidIndex({ isIndexed, completions }: JobPlan, pod: number): boolean {
    const index = this.cluster.pods.item[pod];
    return !isIndexed || (index >= 0 && index < (completions ?? 0));
  }

  /** A deleted pod may never reach phase Failed, so it counts unless only failed ones are replaced. */
  private isFailed({ replacesFailedOnly }: JobPlan, pod: number): boolean {
    const { pods } = this.cluster;
    if (pods.phase[pod] === PodPhase.Failed) return true;
    return !replacesFailedOnly && pods.isTerminating(pod) && pods.phase[pod] !== PodPhase.Succeeded;
  }

  private actionOn({ failureRules }: JobPlan, pod: number): FailureAction {
    const { cluster } = this;
    const { pods } = cluster;
    return failureAction(failureRules, {
      exitCode: pods.hasEnded(pod) ? pods.history(pod).exitCode : -1,
      containerName: cluster.templateOf(pod).spec.containers?.[0].name ?? '',
      conditions: pods.cause[pod] === EvictionCause.None ? [] : ['DisruptionTarget'],
    });
  }

  private failsIndex(plan: JobPlan, pod: number): boolean {
    const action = this.actionOn(plan, pod);
    if (action === 'FailIndex') return true;
    return action !== 'Ignore' && this.cluster.pods.history(pod).indexFailures >= (plan.backoffLimitPerIndex ?? 0);
  }

  /** Failures of the index up to and with this pod, ignored ones among them. */
  private failureNumber(pod: number): number {
    const { indexFailures, ignoredFailures } = this.cluster.pods.history(pod);
    return indexFailures + ignoredFailures + 1;
  }

  private delayedPods(
    failed: readonly number[], active: readonly number[], succeeded: IndexIntervals, failedIndexes: IndexIntervals,
  ): ReadonlyMap<number, number> {
    const { item } = this.cluster.pods;
    const activeIndexes = new Set(active.map((pod) => item[pod]));
    const delayed = new Map<number, number>();
    for (const pod of failed) {
      const index = item[pod];
      if (activeIndexes.has(index) || hasIndex(succeeded, index) || hasIndex(failedIndexes, index)) continue;
      const last = delayed.get(index);
      const isLater = last === undefined ||
        (this.failureNumber(last) <= this.failureNumber(pod) && this.finishedAt(pod) >= this.finishedAt(last));
      if (isLater) delayed.set(index, pod);
    }
    return delayed;
  }

  /** When its containers ended, else when Ready turned, else when somebody deleted it. */
  private finishedAt(pod: number): Micros {
    const { pods } = this.cluster;
    if (pods.hasEnded(pod)) return pods.endedAt[pod];
    if (!pods.isReady(pod) && !Number.isNaN(pods.readyAt[pod])) return pods.readyAt[pod];
    return pods.isTerminating(pod) ? pods.deletionAt[pod] : pods.createdAt[pod];
  }

  // ---- whether it ends -------------------------------------------------------------------------------------------

  private judge(pass: JobPass): void {
    const { plan, conditions } = pass;
    const met = conditionOf(conditions, 'SuccessCriteriaMet');
    const target = conditionOf(conditions, 'FailureTarget');
    if (met !== undefined) pass.finish = met;
    else if (target !== undefined) pass.finish = this.condition('Failed', target.reason);
    else if (this.failsByPolicy(pass)) pass.finish = this.condition('FailureTarget', 'PodFailurePolicy');
    else this.judgeLimits(pass);
    if (!plan.isIndexed || pass.finish !== null) return;
    this.judgeIndexes(pass);
    if (pass.finish === null && isSuccess(plan.successRules, plan.completions ?? 0, pass.succeededIndexes))
      pass.finish = this.condition('SuccessCriteriaMet', 'SuccessPolicy');
  }

  private condition(type: string, reason: string): WorkloadCondition {
    return newCondition(type, 'True', reason, this.cluster.now);
  }

  /** Any of its pods, counted before or not. */
  private failsByPolicy({ plan, row }: JobPass): boolean {
    if (plan.failureRules === null) return false;
    const pods = this.cluster.workloads.podsOf(row);
    return pods.some((pod) => this.isFailed(plan, pod) && this.actionOn(plan, pod) === 'FailJob');
  }

  private judgeLimits(pass: JobPass): void {
    const { plan, row, startAt } = pass;
    if (this.failuresOf(pass) > plan.backoffLimit || this.restartsTooOften(pass)) {
      pass.finish = this.condition('FailureTarget', 'BackoffLimitExceeded');
      return;
    }
    if (plan.activeDeadlineSeconds === null || plan.isSuspended || startAt < 0) return;
    const left = startAt + plan.activeDeadlineSeconds * MICROS_PER_SECOND - this.cluster.now;
    // The status of a Job that starts in this sync has no start time yet when the deadline is looked at.
    if (left <= 0) pass.finish = this.condition('FailureTarget', 'DeadlineExceeded');
    else this.queue.addAfter(row, left);
  }

  private failuresOf({ plan, uncounted, before }: JobPass): number {
    const newly = uncounted.filter((pod) => this.hasValidIndex(plan, pod) && this.isFailed(plan, pod));
    return before.failed + newly.filter((pod) => this.actionOn(plan, pod) !== 'Ignore').length;
  }

  /** With restartPolicy OnFailure containers are started again in place, which counts, too. */
  private restartsTooOften({ plan, row }: JobPass): boolean {
    if (!plan.restartsContainers) return false;
    const { pods: table, workloads } = this.cluster;
    const restarts = workloads.podsOf(row)
      .filter((pod) => !table.hasEnded(pod))
      .reduce((sum, pod) => sum + table.history(pod).restarts, 0);
    return plan.backoffLimit === 0 ? restarts > 0 : restarts >= plan.backoffLimit;
  }

  private judgeIndexes(pass: JobPass): void {
    const { plan, failedIndexes, succeededIndexes } = pass;
    if (failedIndexes === null) return;
    const failed = countIndexes(failedIndexes);
    if (plan.maxFailedIndexes !== null && failed > plan.maxFailedIndexes)
      pass.finish = this.condition('FailureTarget', 'MaxFailedIndexesExceeded');
    else if (failed > 0 && failed + countIndexes(succeededIndexes) >= (plan.completions ?? 0))
      pass.finish = this.condition('FailureTarget', 'FailedIndexes');
  }

  /** The end of the Job is the end of its pods; they are counted before they may go. */
  private deleteActive(pass: JobPass): void {
    for (const pod of pass.activePods()) this.context.requests.deletePod(pod);
    pass.terminating += pass.active;
    pass.active = pass.ready = 0;
  }

  // ---- as many pods as are wanted --------------------------------------------------------------------------------

  private proceed(pass: JobPass): void {
    const { plan } = pass;
    this.manage(pass);
    const isComplete = plan.completions === null ? pass.succeeded > 0 : pass.succeeded >= plan.completions;
    if (isComplete && pass.active === 0) {
      pass.finish = this.condition('SuccessCriteriaMet', 'CompletionsReached');
      return;
    }
    const suspended = conditionOf(pass.conditions, 'Suspended');
    if (plan.isSuspended) {
      if (suspended?.status === 'True') return;
      pass.conditions = replaceCondition(
        pass.conditions,
        newCondition('Suspended', 'True', 'JobSuspended', this.cluster.now),
      );
      pass.startAt = -1;
    } else if (suspended?.status === 'True') {
      pass.conditions = replaceCondition(
        pass.conditions,
        newCondition('Suspended', 'False', 'JobResumed', this.cluster.now),
      );
      pass.startAt = this.cluster.now;
    }
  }

  private manage(pass: JobPass): void {
    const { plan } = pass;
    if (plan.isSuspended) return this.remove(pass, pass.active);
    const wanted = this.wantedActive(pass);
    const surplus = this.surplus(pass, Math.max(0, pass.active - wanted));
    if (surplus.length > 0) return this.removePods(pass, surplus.slice(0, MOST_PODS_A_SYNC));
    const lacking = wanted - pass.active - (plan.replacesFailedOnly ? pass.terminating : 0);
    if (lacking > 0) this.create(pass, lacking);
  }

  private wantedActive({ plan, succeeded, active }: JobPass): number {
    if (plan.completions === null) return succeeded > 0 ? active : plan.parallelism;
    return Math.max(0, Math.min(plan.parallelism, plan.completions - succeeded));
  }

  private remove(pass: JobPass, count: number): void {
    this.removePods(pass, this.surplus(pass, count));
  }

  /** At least so many active pods; of an index all but one, and all without a valid index. */
  private surplus({ plan, activePods }: JobPass, count: number): readonly number[] {
    const { cluster } = this;
    if (count === 0 && !plan.isIndexed) return [];
    const order = (rows: readonly number[]): number[] =>
      rows.map((pod) => rankedPod(cluster, pod, 0)).sort(comparePlain).map(({ pod }) => pod);
    const removed: number[] = [];
    let left = activePods();
    if (plan.isIndexed) {
      const byIndex = new Map<number, number[]>();
      for (const pod of left) {
        if (!this.hasValidIndex(plan, pod)) removed.push(pod);
        else byIndex.set(cluster.pods.item[pod], [...(byIndex.get(cluster.pods.item[pod]) ?? []), pod]);
      }
      const indexes = [...byIndex.keys()].sort((a, b) => a - b);
      const groups = indexes.map((index) => order(byIndex.get(index) ?? []));
      for (const group of groups) removed.push(...group.slice(0, -1));
      left = groups.map((group) => group[group.length - 1]);
    }
    if (removed.length < count) removed.push(...order(left).slice(0, count - removed.length));
    return removed;
  }

  /** Pods that nobody wants any more are let go of uncounted. */
  private removePods(pass: JobPass, rows: readonly number[]): void {
    const { cluster } = this;
    const { requests } = this.context;
    for (const pod of rows) {
      if (cluster.pods.isReady(pod)) pass.ready--;
      if (cluster.pods.isTracked(pod)) requests.countPod(pod);
      requests.deletePod(pod);
    }
    pass.active -= rows.length;
    pass.terminating += rows.length;
  }

  private create(pass: JobPass, lacking: number): void {
    const { plan, row } = pass;
    const { now } = this.cluster;
    const wait = plan.backoffLimitPerIndex === null ? remainingBackoff(pass.backoff, now) : 0;
    if (wait > 0) return this.queue.addAfter(row, wait);
    const count = Math.min(lacking, MOST_PODS_A_SYNC);
    if (!plan.isIndexed) {
      return this.createAll(pass, new Array<number>(count).fill(-1));
    }
    const { ready, waitMicros } = this.readyIndexes(pass, this.pendingIndexes(pass, count));
    if (waitMicros > 0) return this.queue.addAfter(row, waitMicros);
    this.createAll(pass, ready);
  }

  private createAll(pass: JobPass, indexes: readonly number[]): void {
    const make = (at: number): boolean => this.createPod(pass, indexes[at]) >= 0;
    const { made, isRefused } = slowStart(indexes.length, make, this.context.requests);
    pass.active += made;
    pass.isRefused = isRefused;
  }

  private pendingIndexes(
    { plan, row, activePods, succeededIndexes, failedIndexes }: JobPass, count: number,
  ): readonly number[] {
    const { cluster } = this;
    const { item } = cluster.pods;
    const busy = activePods().map((pod) => item[pod]).filter((index) => index >= 0);
    if (plan.replacesFailedOnly) {
      const terminating = cluster.workloads.podsOf(row).filter((pod) => isTerminatingStill(cluster, pod));
      busy.push(...terminating.map((pod) => item[pod]));
    }
    const taken = mergeIntervals(withIndexes(succeededIndexes, busy), failedIndexes ?? []);
    return firstMissing(taken, count, plan.completions ?? 0);
  }

  /** Indexes whose own back-off is over; when there are none, how long the first of them takes. */
  private readyIndexes(
    { plan, delayed }: JobPass, indexes: readonly number[],
  ): { readonly ready: readonly number[]; readonly waitMicros: Micros } {
    if (plan.backoffLimitPerIndex === null) return { ready: indexes, waitMicros: 0 };
    const waits = indexes.map((index) => {
      const pod = delayed.get(index);
      if (pod === undefined) return 0;
      return remainingBackoff(
        { failures: this.failureNumber(pod), lastFailureAt: this.finishedAt(pod) },
        this.cluster.now,
      );
    });
    const ready = indexes.filter((_index, at) => waits[at] === 0);
    return { ready, waitMicros: ready.length > 0 || waits.length === 0 ? 0 : Math.min(...waits) };
  }

  private createPod({ row, plan, delayed }: JobPass, index: number): number {
    const { cluster } = this;
    const name = nameOf(cluster, row);
    const lost = index < 0 ? undefined : delayed.get(index);
    const history = lost === undefined ? { indexFailures: 0, ignoredFailures: 0 } : cluster.pods.history(lost);
    const isIgnored = lost !== undefined && this.actionOn(plan, lost) === 'Ignore';
    return createOwnedPod(this.context, row, this.templateOf(row, index), {
      tracked: true,
      ...(index < 0 ? {} : { item: index, nameBase: cluster.names.intern(`${name}-${String(index)}`) }),
      indexFailures: history.indexFailures + (lost !== undefined && !isIgnored ? 1 : 0),
      ignoredFailures: history.ignoredFailures + (isIgnored ? 1 : 0),
    });
  }

  /**
   * Interned at the first pod. Where somebody selects by the completion index each index has a template of its own,
   * with the label; elsewhere nobody could tell, and all share one.
   */
  private readonly templateOf = (row: number, index = -1): number => {
    const { cluster, context } = this;
    const known = cluster.workloads.template[row];
    if (known >= 0 && (index < 0 || !this.isIndexAsked(row))) return known;
    const name = nameOf(cluster, row);
    const template = cluster.workloads.object[row]?.spec?.template ?? {};
    const restartPolicy = template.spec?.restartPolicy === 'OnFailure' ? 'OnFailure' : 'Never';
    const pod = podOf(cluster, row, { ...template, spec: { ...template.spec, restartPolicy } }, {
      'batch.kubernetes.io/job-name': name, 'job-name': name,
      ...(index >= 0 && this.isIndexAsked(row) ? { [INDEX_LABEL]: String(index) } : {}),
    });
    const id = context.admit(pod);
    if (known < 0) context.requests.noteTemplate(row, id);
    return id;
  };

  private isIndexAsked(row: number): boolean {
    const serial = this.cluster.workloads.serial[row];
    let known = this.indexAsked.get(row);
    if (known?.serial !== serial) {
      known = { serial, isAsked: asksForIndex(this.cluster, row) };
      this.indexAsked.set(row, known);
    }
    return known.isAsked;
  }

  // ---- counting and status ---------------------------------------------------------------------------------------

  /** Counts pods that have ended, lets go of them, and ends the Job once all of them are gone. */
  private settle(pass: JobPass): void {
    const { cluster } = this;
    const { row, plan, before } = pass;
    // When the Job ends, those that are active are counted, too.
    const isAll = pass.finish !== null || cluster.workloads.isDeleting(row);
    const wasActive = new Set(isAll ? pass.activePods() : NO_PODS);
    const newIndexes: number[] = [];
    let succeeded = 0;
    let failed = 0;
    let isFull = false;
    const rows = [...pass.uncounted, ...wasActive];
    const { item, serial } = cluster.pods;
    rows.sort((a, b) => (plan.isIndexed ? item[a] - item[b] : 0) || serial[a] - serial[b]);
    const counted: number[] = [];
    for (const pod of rows) {
      if (!cluster.pods.isTracked(pod) || !this.mayGo(pass, pod)) continue;
      counted.push(pod);
      if (cluster.pods.phase[pod] === PodPhase.Succeeded) {
        if (!plan.isIndexed) succeeded++;
        else if (this.hasValidIndex(plan, pod) && !hasIndex(pass.previousSucceeded, cluster.pods.item[pod]))
          newIndexes.push(cluster.pods.item[pod]);
      } else if (this.countsAsFailed(pass, pod, wasActive.has(pod))) failed++;
      if ((isFull = newIndexes.length + succeeded + failed >= MOST_COUNTED)) break;
    }
    pass.succeededIndexes = withIndexes(pass.succeededIndexes, newIndexes);
    this.noteFinish(pass);
    const details: JobDetails = {
      kind: 'Job',
      conditions: pass.conditions,
      succeeded: plan.isIndexed ? countIndexes(pass.succeededIndexes) : before.succeeded + succeeded,
      failed: before.failed + failed,
      completedIndexes: plan.isIndexed ? intervalsText(pass.succeededIndexes) : before.completedIndexes,
      failedIndexes: pass.failedIndexes === null ? before.failedIndexes : intervalsText(pass.failedIndexes),
      startAt: pass.startAt,
      finishedAt: before.finishedAt,
    };
    const final =
      pass.finish !== null && !isFull && pass.terminating === 0 ? this.withEnd(details, pass.finish) : details;
    const isWritten = this.write(row, pass, sameJob(before, final) ? before : final);
    if (final.finishedAt >= 0) this.backoffs.delete(row);
    else if (isWritten || counted.length > 0)
      this.backoffs.set(row, { ...pass.backoff, incarnation: cluster.workloads.incarnation[row] });
    for (const pod of counted) this.context.requests.countPod(pod);
  }

  private write(row: number, { active, ready, terminating }: JobPass, details: JobDetails): boolean {
    return this.context.requests.writeStatus(row, { replicas: active, ready, terminating }, details);
  }

  /** A pod of an index with a limit of its own stays until another has taken its count over. */
  private mayGo(pass: JobPass, pod: number): boolean {
    const { pods, workloads } = this.cluster;
    if (workloads.isDeleting(pass.row) || pass.finish !== null || pods.phase[pod] === PodPhase.Succeeded) return true;
    return this.isFailed(pass.plan, pod) && pass.delayed.get(pods.item[pod]) !== pod;
  }

  /** When the Job has failed, every pod that has not ended is a failure. */
  private countsAsFailed({ plan, finish }: JobPass, pod: number, wasActive: boolean): boolean {
    // What this sync has deleted itself was active when it began.
    const isFailure =
      (!wasActive && this.isFailed(plan, pod)) || (finish !== null && finish.type !== 'SuccessCriteriaMet');
    return isFailure && this.hasValidIndex(plan, pod) && this.actionOn(plan, pod) !== 'Ignore';
  }

  /** FailureTarget and SuccessCriteriaMet stand in the status before the last word does. */
  private noteFinish(pass: JobPass): void {
    const { finish } = pass;
    if (finish === null || finish.type === 'Failed') return;
    if (conditionOf(pass.conditions, finish.type) === undefined) pass.conditions = [...pass.conditions, finish];
    pass.finish = this.condition(finish.type === 'FailureTarget' ? 'Failed' : 'Complete', finish.reason);
  }

  private withEnd(details: JobDetails, finish: WorkloadCondition): JobDetails {
    return { ...details, conditions: replaceCondition(details.conditions, finish), finishedAt: this.cluster.now };
  }
}

const NO_PODS: readonly number[] = [];

/** What `make` gives, which is asked once. */
function once<Value>(make: () => Value): () => Value {
  let made: { readonly value: Value } | null = null;
  return () => (made ??= { value: make() }).value;
}
