/**
 * The sync of a Job that asks for nothing special and of whose pods none has failed: what a whole sync comes to then is
 * a few counts. It costs no look at a pod while none has ended, and says so before it does anything where it is not
 * enough. The whole sync is job.ts; both write the same, in the same order (test/controllers/short-syncs.test.ts).
 */
import { PodPhase } from '../cluster/cluster.ts';
import { newCondition } from '../cluster/workload-details.ts';
import type { JobDetails } from '../cluster/workload-details.ts';
import type { JobPlan } from './job-policies.ts';
import { MOST_PODS_A_SYNC, createOwnedPod, slowStart } from './owned-pods.ts';
import type { ControllerContext } from './owned-pods.ts';

/** What came of it; in all but the first case the sync is done. Settled: another would do nothing more. */
export const PlainSync = { NotEnough: 0, Done: 1, Settled: 2, Refused: 3 } as const;
export type PlainSync = (typeof PlainSync)[keyof typeof PlainSync];

/** `before`: what the Job says of itself; `hasFailures`: since its last success, so that it may have to wait. */
export function syncPlainJob(
  context: ControllerContext, row: number, plan: JobPlan, before: JobDetails, hasFailures: boolean,
  templateOf: (row: number) => number,
): PlainSync {
  const { counts, requests, cluster } = context;
  const { parallelism, completions } = plan;
  if (!plan.isPlain || completions === null) return PlainSync.NotEnough;
  if (before.conditions.length > 0 || cluster.workloads.isDeleting(row)) return PlainSync.NotEnough;
  if (counts.terminating(row) > 0 || before.failed > plan.backoffLimit) return PlainSync.NotEnough;
  const active = counts.active(row);
  const ready = counts.ready(row);
  const ended = counts.uncounted(row);
  // Others than those that have succeeded count, too; a sync counts no more than so many.
  for (const pod of ended) if (cluster.pods.phase[pod] !== PodPhase.Succeeded) return PlainSync.NotEnough;
  if (ended.length >= MOST_PODS_A_SYNC) return PlainSync.NotEnough;
  const succeeded = before.succeeded + ended.length;
  const wanted = Math.max(0, Math.min(parallelism, completions - succeeded));
  if (active > wanted || (hasFailures && (active < wanted || ended.length > 0))) return PlainSync.NotEnough;
  const grown = active === wanted ? ENOUGH : grow(context, row, wanted - active, templateOf(row));
  const replicas = active + grown.made;
  const details = detailsOf(before, succeeded, succeeded >= completions && replicas === 0, cluster.now);
  requests.writeStatus(row, { replicas, ready, terminating: 0 }, details);
  for (const pod of ended) requests.countPod(pod);
  if (grown.isRefused) return PlainSync.Refused;
  return replicas === wanted ? PlainSync.Settled : PlainSync.Done;
}

const ENOUGH = { made: 0, isRefused: false } as const;
const TRACKED = { tracked: true, indexFailures: 0, ignoredFailures: 0 } as const;

function grow(
  context: ControllerContext, row: number, lacking: number, template: number,
): { readonly made: number; readonly isRefused: boolean } {
  const make = (): boolean => createOwnedPod(context, row, template, TRACKED) >= 0;
  return slowStart(Math.min(lacking, MOST_PODS_A_SYNC), make, context.requests);
}

/** `before` itself where it says the same. */
function detailsOf(before: JobDetails, succeeded: number, isDone: boolean, now: number): JobDetails {
  const { failed, completedIndexes, failedIndexes } = before;
  if (!isDone && succeeded === before.succeeded && before.startAt >= 0) return before;
  return {
    kind: 'Job',
    conditions: isDone
      ? [
          newCondition('SuccessCriteriaMet', 'True', 'CompletionsReached', now),
          newCondition('Complete', 'True', 'CompletionsReached', now),
        ]
      : before.conditions,
    succeeded, failed, completedIndexes, failedIndexes,
    startAt: before.startAt < 0 ? now : before.startAt,
    finishedAt: isDone ? now : before.finishedAt,
  };
}
