/** What a batch log comes to under a backfilling policy: waits, slowdown, use of the machine. Plain data, JSON-safe. */
import { mean } from '../base/statistics/moments.ts';
import { quantiles } from '../base/statistics/quantiles.ts';
import type { BatchLog } from '../workload/traces/batch-log.ts';
import { backfill } from './backfill.ts';
import type { BackfillPolicy } from './backfill.ts';

/** Run times below this count as so long in a slowdown, in seconds (Feitelson et al. 1997). */
const SLOWDOWN_BOUND_SECONDS = 10;

export interface BatchReport {
  readonly schemaVersion: 1;
  readonly log: string;
  readonly policy: BackfillPolicy;
  readonly version: string;
  readonly processors: number;
  readonly jobs: number;
  readonly waitSeconds: {
    readonly mean: number;
    readonly p50: number;
    readonly p90: number;
    readonly p99: number;
    readonly max: number;
  };
  /** Mean of max(1, (wait + run) / max(run, 10 s)). */
  readonly meanBoundedSlowdown: number;
  /** Share of the machine's time between the first submission and the last end in which processors ran. */
  readonly utilization: number;
  readonly makespanSeconds: number;
  readonly notes: readonly string[];
}

/** One job of the schedule; seconds. */
export interface ScheduledJob {
  readonly job: number;
  readonly processors: number;
  readonly submitSeconds: number;
  readonly waitSeconds: number;
  readonly runSeconds: number;
  readonly requestedSeconds: number;
}

export function batchSchedule(
  log: BatchLog,
  name: string,
  policy: BackfillPolicy,
  version: string,
): { readonly report: BatchReport; readonly jobs: readonly ScheduledJob[] } {
  const starts = backfill(log.jobs, log.processors, policy);
  const jobs = log.jobs.map(({ number, submit, run, requested, processors }, i): ScheduledJob => {
    return {
      job: number,
      processors,
      submitSeconds: submit,
      waitSeconds: starts[i] - submit,
      runSeconds: run,
      requestedSeconds: requested,
    };
  });
  const waits = jobs.map(({ waitSeconds }) => waitSeconds);
  const [p50, p90, p99, max] = quantiles(waits, [0.5, 0.9, 0.99, 1]);
  const slowdowns = jobs.map(({ waitSeconds, runSeconds }) =>
    Math.max(1, (waitSeconds + runSeconds) / Math.max(runSeconds, SLOWDOWN_BOUND_SECONDS)),
  );
  const end = jobs.reduce(
    (latest, { submitSeconds, waitSeconds, runSeconds }) => Math.max(latest, submitSeconds + waitSeconds + runSeconds),
    0,
  );
  const makespanSeconds = end - jobs[0].submitSeconds;
  const work = jobs.reduce((sum, { processors, runSeconds }) => sum + processors * runSeconds, 0);
  const report: BatchReport = {
    schemaVersion: 1,
    log: name,
    policy,
    version,
    processors: log.processors,
    jobs: jobs.length,
    waitSeconds: { mean: mean(waits), p50, p90, p99, max },
    meanBoundedSlowdown: mean(slowdowns),
    utilization: work / (makespanSeconds * log.processors),
    makespanSeconds,
    notes: log.notes,
  };
  return { report, jobs };
}
