/**
 * The recorded suite cron, played by the parts of the CronJob controller of a run: times of schedules, which start is
 * due, and whole sequences, which are all in UTC.
 */
import { MICROS_PER_MINUTE, MICROS_PER_SECOND, type Micros } from '../base/time.ts';
import type { WorkloadObject, WorkloadSpec } from '../cluster/objects.ts';
import { detailsAs, newCondition } from '../cluster/workload-details.ts';
import { WorkloadKind } from '../cluster/workload-table.ts';
import { CronJobController, cronJobDetails, dueStart, nextLookMicros } from '../controllers/cron-job.ts';
import { parseTimestamp, timestampText } from '../base/timestamp.ts';
import { parseSchedule, parseUtcSchedule } from '../controllers/utc-schedule.ts';
import type { Fields, ReplayContext, SuiteReplay } from './recorded-fields.ts';
import { WorkloadWorld } from './workload-world.ts';

export const CRON_SUITE: SuiteReplay = {
  suite: 'cron',
  kinds: { next: { got: replayNext }, missed: { got: replayMissed } },
};

const TIMES_RECORDED = 6;

function replayNext(input: Fields, _out: Fields, { timeZones }: ReplayContext): Fields {
  const schedule = parseSchedule(String(input.schedule), (input.timeZone as string | null) ?? undefined, timeZones);
  if (schedule === null) return { ok: false };
  const next: string[] = [];
  let at: Micros | null = microsOf(String(input.from));
  while (next.length < TIMES_RECORDED) {
    at = schedule.next(at);
    if (at === null) break;
    next.push(timestampText(at));
  }
  return { ok: true, next };
}

function replayMissed(input: Fields, out: Fields, { timeZones }: ReplayContext): Fields {
  const schedule = parseSchedule(String(input.schedule), (input.timeZone as string | null) ?? undefined, timeZones);
  if (schedule === null) return { error: true };
  const now = microsOf(String(input.now));
  const since = microsOf(String(input.lastSchedule ?? input.created));
  const due = dueStart(schedule, since, now, input.startingDeadlineSeconds as number | null);
  return {
    earliest: timestampText(due.earliest),
    error: due.error,
    missed: due.missed,
    mostRecent: due.mostRecent === null ? null : timestampText(due.mostRecent),
    requeueSeconds: nextLookMicros(schedule, since, now) / MICROS_PER_SECOND,
    ...('jobName' in out && due.mostRecent !== null
      ? { jobName: `c-${String(Math.floor(due.mostRecent / MICROS_PER_MINUTE))}` } : {}),
  };
}

interface CronStep {
  readonly dt: number;
  readonly finish?: readonly (readonly [string, 'Complete' | 'Failed'])[];
  readonly suspend?: boolean;
}

export function replayCronJob(input: Fields): Fields {
  const replay = new CronJobReplay(withoutNulls(input.spec as Fields), microsOf(String(input.start)));
  return { steps: (input.steps as readonly CronStep[]).map((step) => replay.play(step)) };
}

class CronJobReplay {
  private readonly world = new WorkloadWorld(false);
  private readonly controller: CronJobController;
  private readonly row: number;
  private spec: WorkloadSpec;

  constructor(spec: WorkloadSpec, start: Micros) {
    const { cluster, makeQueue } = this.world;
    this.controller = new CronJobController(cluster, makeQueue, start, (text) => parseUtcSchedule(text));
    this.spec = spec;
    this.row = cluster.workloadWriter.create({
      kind: WorkloadKind.CronJob,
      object: this.object(),
      key: 'default/c',
      parent: -1,
      wanted: -1,
      template: -1,
      workloadClass: 0,
      nameBase: cluster.names.intern('c'),
      podMicros: Infinity,
      details: cronJobDetails(),
    });
  }

  play({ dt, finish = [], suspend }: CronStep): Fields {
    const { world } = this;
    const { cluster } = world;
    world.wait(dt);
    for (const [name, how] of finish) this.finish(name, how);
    if (suspend !== undefined) {
      this.spec = { ...this.spec, suspend };
      cluster.workloadWriter.update(this.row, this.object(), -1);
    }
    const before = this.jobNames();
    world.requeues = [];
    this.controller.sync(this.row);
    const after = this.jobNames();
    const created = after.filter((name) => !before.includes(name));
    for (const name of created) this.start(name);
    world.settle();
    const { active, lastScheduleSeconds } = detailsAs('CronJob', cluster.workloads.details[this.row]);
    return {
      created,
      deleted: before.filter((name) => !after.includes(name)).sort((a, b) => (a < b ? -1 : 1)),
      active: [...active].sort((a, b) => (a < b ? -1 : 1)),
      lastSchedule: lastScheduleSeconds < 0 ? null : timestampText(lastScheduleSeconds * MICROS_PER_SECOND),
      requeueSeconds: world.requeues.at(-1) ?? null,
    };
  }

  private object(): WorkloadObject {
    return { apiVersion: 'batch/v1', kind: 'CronJob', metadata: { name: 'c', namespace: 'default' }, spec: this.spec };
  }

  private jobNames(): readonly string[] {
    const { workloads } = this.world.cluster;
    const jobs = workloads.children[this.row].filter((job) => !workloads.isDeleting(job));
    return jobs.map((job) => workloads.key[job].slice('default/'.length));
  }

  private job(name: string): number {
    return this.world.cluster.workloads.find(WorkloadKind.Job, `default/${name}`);
  }

  /** A Job's start time is its creation time here. */
  private start(name: string): void {
    const { workloads, workloadWriter, now } = this.world.cluster;
    const job = this.job(name);
    workloadWriter.annotate(job, { ...detailsAs('Job', workloads.details[job]), startAt: now });
  }

  private finish(name: string, how: 'Complete' | 'Failed'): void {
    const { workloads, workloadWriter, now } = this.world.cluster;
    const job = this.job(name);
    if (job < 0) return;
    const details = detailsAs('Job', workloads.details[job]);
    workloadWriter.annotate(job, { ...details, conditions: [newCondition(how, 'True', '', now)], finishedAt: now });
  }
}

function withoutNulls(fields: Fields): WorkloadSpec {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null));
}

function microsOf(text: string): Micros {
  const micros = parseTimestamp(text);
  if (micros === undefined) throw new RangeError(`no time in UTC: ${text}`);
  return micros;
}
