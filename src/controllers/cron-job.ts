/**
 * The CronJob controller: a Job at each time of a schedule, named after its minute, as the concurrency policy allows; a
 * few of those that have finished are kept.
 * Source: pkg/controller/cronjob/{cronjob_controllerv2,utils}.go (v1.36). Costs the CronJob's Jobs a sync.
 */
import { MICROS_PER_SECOND, type Micros } from '../base/time.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { WorkloadObject, WorkloadSpec } from '../cluster/objects.ts';
import { conditionOf, detailsAs } from '../cluster/workload-details.ts';
import type { CronJobDetails } from '../cluster/workload-details.ts';
import { WorkloadKind } from '../cluster/workload-table.ts';
import { isFinished, jobDetails } from './job.ts';
import { withJobDefaults } from './job-policies.ts';
import { ApiRequests, controllerReference, nameOf, namespaceOf } from './owned-pods.ts';
import type { CronSchedule } from './utc-schedule.ts';
import type { QueueMaker, WorkloadQueue } from './work-queue.ts';

/** API defaults (pkg/apis/batch/v1/defaults.go). */
const DEFAULT_SUCCESSFUL = 3;
const DEFAULT_FAILED = 1;

export function cronJobDetails(): CronJobDetails {
  return { kind: 'CronJob', active: [], lastScheduleSeconds: -1 };
}

/** Of a schedule and a time zone; null: no schedule, or a zone that is not known. */
export type ScheduleParser = (schedule: string, timeZone: string | undefined) => CronSchedule | null;

/** A CronJob in the middle of a sync. */
interface CronPass {
  readonly row: number;
  readonly spec: WorkloadSpec;
  active: readonly string[];
  lastSchedule: Micros | null;
}

export class CronJobController {
  readonly queue: WorkloadQueue;
  private readonly cluster: Cluster;
  private readonly requests: ApiRequests;
  private readonly epochMicros: Micros;
  private readonly parse: ScheduleParser;

  /** `epochMicros`: the time of day at the beginning of the run, since 1970. */
  constructor(
    cluster: Cluster, makeQueue: QueueMaker, epochMicros: Micros, parse: ScheduleParser,
    requests: ApiRequests = new ApiRequests(cluster),
  ) {
    this.requests = requests;
    this.cluster = cluster;
    this.epochMicros = epochMicros;
    this.parse = parse;
    this.queue = makeQueue('cronjob', (row) => this.sync(row));
  }

  sync(row: number): void {
    const { workloads } = this.cluster;
    const details = this.details(row);
    const lastSchedule = details.lastScheduleSeconds < 0 ? null : details.lastScheduleSeconds * MICROS_PER_SECOND;
    const pass: CronPass = { row, spec: workloads.object[row]?.spec ?? {}, active: details.active, lastSchedule };
    const jobs = this.jobs(row);
    this.forgetFinished(pass, jobs);
    const look = workloads.isDeleting(row) || pass.spec.suspend === true ? null : this.start(pass);
    this.cutHistory(pass, jobs);
    this.write(pass, details);
    if (look !== null) this.queue.addAfter(row, look);
  }

  private details(row: number): CronJobDetails {
    return detailsAs('CronJob', this.cluster.workloads.details[row]);
  }

  /** Its Jobs that are not being deleted, oldest first. */
  private jobs(row: number): readonly number[] {
    const { workloads } = this.cluster;
    return workloads.children[row].filter((job) => !workloads.isDeleting(job));
  }

  private hasFinished(job: number): boolean {
    return isFinished(detailsAs('Job', this.cluster.workloads.details[job]));
  }

  private forgetFinished(pass: CronPass, jobs: readonly number[]): void {
    const running = new Set(jobs.filter((job) => !this.hasFinished(job)).map((job) => nameOf(this.cluster, job)));
    if (pass.active.some((name) => !running.has(name))) pass.active = pass.active.filter((name) => running.has(name));
  }

  /** Starts the Job that is due; returns how long until the next look, null: not by itself. */
  private start(pass: CronPass): Micros | null {
    const { spec, row } = pass;
    const schedule = this.parse(spec.schedule ?? '', spec.timeZone);
    if (schedule === null) return null;
    const now = this.epochMicros + this.cluster.now;
    const since = (): Micros => pass.lastSchedule ?? this.epochMicros + this.cluster.workloads.createdAt[row];
    const deadlineSeconds = spec.startingDeadlineSeconds ?? null;
    const due = dueStart(schedule, since(), now, deadlineSeconds);
    if (due.error) return null;
    if (due.mostRecent !== null && this.mayStart(pass, due.mostRecent, now)) {
      if (spec.concurrencyPolicy === 'Replace') this.deleteActive(pass);
      this.createJob(pass, due.mostRecent);
    }
    return nextLookMicros(schedule, since(), now);
  }

  private mayStart({ row, spec, active, lastSchedule }: CronPass, time: Micros, now: Micros): boolean {
    const { startingDeadlineSeconds } = spec;
    if (startingDeadlineSeconds !== undefined && time + startingDeadlineSeconds * MICROS_PER_SECOND < now) return false;
    if (active.includes(this.jobName(row, time)) || lastSchedule === time) return false;
    return spec.concurrencyPolicy !== 'Forbid' || active.length === 0;
  }

  private jobName(row: number, time: Micros): string {
    return `${nameOf(this.cluster, row)}-${String(Math.floor(time / (60 * MICROS_PER_SECOND)))}`;
  }

  private deleteActive(pass: CronPass): void {
    const { workloads } = this.cluster;
    for (const name of pass.active) {
      const job = workloads.find(WorkloadKind.Job, `${namespaceOf(this.cluster, pass.row)}/${name}`);
      if (job >= 0) this.requests.deleteWorkload(job);
    }
    pass.active = [];
  }

  private createJob(pass: CronPass, time: Micros): void {
    const { cluster } = this;
    const { workloads, names } = cluster;
    const { row } = pass;
    const { metadata, spec = {} } = pass.spec.jobTemplate ?? {};
    const name = this.jobName(row, time);
    const namespace = namespaceOf(cluster, row);
    const key = `${namespace}/${name}`;
    // A Job of this minute that is there already is the one (its creation is answered with "already exists").
    if (this.requests.api.workloads.find(WorkloadKind.Job, key) < 0) {
      const object: WorkloadObject = {
        apiVersion: 'batch/v1',
        kind: 'Job',
        metadata: { ...metadata, name, namespace, ownerReferences: [controllerReference(cluster, row)] },
        spec: withJobDefaults(spec),
      };
      this.requests.createWorkload({
        kind: WorkloadKind.Job,
        object,
        key,
        parent: row,
        wanted: -1,
        template: -1,
        workloadClass: workloads.workloadClass[row],
        nameBase: names.intern(name),
        podMicros: workloads.podMicros[row],
        details: jobDetails(spec.backoffLimitPerIndex !== undefined),
      }, object);
    }
    pass.active = [...pass.active, name];
    pass.lastSchedule = time;
  }

  /** Of the Jobs that had finished before this sync the youngest stay. */
  private cutHistory(pass: CronPass, jobs: readonly number[]): void {
    const { workloads } = this.cluster;
    const finished = jobs.filter((job) => this.hasFinished(job) && !workloads.isDeleting(job));
    const failed = finished.filter(
      (job) => conditionOf(detailsAs('Job', workloads.details[job]).conditions, 'Failed') !== undefined,
    );
    const succeeded = finished.filter((job) => !failed.includes(job));
    const { successfulJobsHistoryLimit = DEFAULT_SUCCESSFUL, failedJobsHistoryLimit = DEFAULT_FAILED } = pass.spec;
    this.deleteOldest(succeeded, successfulJobsHistoryLimit);
    this.deleteOldest(failed, failedJobsHistoryLimit);
  }

  private deleteOldest(jobs: readonly number[], limit: number): void {
    const { workloads } = this.cluster;
    const startOf = (job: number): Micros => detailsAs('Job', workloads.details[job]).startAt;
    const order = [...jobs].sort((a, b) => startOf(a) - startOf(b) || (workloads.key[a] < workloads.key[b] ? -1 : 1));
    for (const job of order.slice(0, Math.max(0, jobs.length - limit))) this.requests.deleteWorkload(job);
  }

  private write({ row, active, lastSchedule }: CronPass, before: CronJobDetails): void {
    const lastScheduleSeconds = lastSchedule === null ? -1 : Math.floor(lastSchedule / MICROS_PER_SECOND);
    const isSame = before.active === active && before.lastScheduleSeconds === lastScheduleSeconds;
    this.requests.writeStatus(
      row,
      {},
      isSame ? before : { kind: 'CronJob', active, lastScheduleSeconds },
    );
  }
}

// ---- which start is due --------------------------------------------------------------------------------------------
// utils.go mostRecentScheduleTime, nextScheduleTimeDuration. Pure; times are microseconds since 1970. More than 100
// missed starts do not always mean that one is due: with irregular schedules the estimate may jump past the last one.

/** What upstream adds, so that the next look does not come a moment too early. */
const LOOK_AFTER_MICROS: Micros = 100_000;
const MANY = 100;

export interface DueStart {
  readonly earliest: Micros;
  /** null: none. */
  readonly mostRecent: Micros | null;
  readonly missed: 'none' | 'few' | 'many';
  /** Two starts less than a second apart. */
  readonly error: boolean;
}

/** `since`: the last start, or the creation. `deadlineSeconds`: how late a start may be, null: any. */
export function dueStart(schedule: CronSchedule, since: Micros, now: Micros, deadlineSeconds: number | null): DueStart {
  const earliest = deadlineSeconds === null ? since : Math.max(since, now - deadlineSeconds * MICROS_PER_SECOND);
  const nothing = { earliest, mostRecent: null, missed: 'none', error: false } as const;
  const first = schedule.next(earliest);
  // Upstream's library answers with the year 1 when it finds none, which is before any time.
  const second = first === null ? null : schedule.next(first);
  if (first !== null && now < first) return nothing;
  if (first !== null && second !== null && now < second) return { ...nothing, mostRecent: first };
  if (first === null || second === null) return { ...nothing, error: true };
  const gap = Math.round((second - first) / MICROS_PER_SECOND);
  if (gap < 1) return { ...nothing, error: true };
  const count = Math.floor(Math.floor((now - first) / MICROS_PER_SECOND) / gap) + 1;
  let mostRecent: Micros | null = null;
  let start = schedule.next(first + (count - 2) * gap * MICROS_PER_SECOND);
  while (start !== null && start <= now) {
    mostRecent = start;
    start = schedule.next(start);
  }
  return { earliest, mostRecent, missed: count > MANY ? 'many' : 'few', error: false };
}

/** How long until the next look; the deadline does not matter for it. */
export function nextLookMicros(schedule: CronSchedule, since: Micros, now: Micros): Micros {
  const { earliest, mostRecent, missed, error } = dueStart(schedule, since, now, null);
  const from = error ? now : (mostRecent ?? (missed === 'none' ? earliest : now));
  const next = schedule.next(from);
  return next === null ? 0 : next + LOOK_AFTER_MICROS - now;
}
