/**
 * A Deployment's status: counts over its ReplicaSets, whether it is available, complete, making progress or late. Pure.
 * Source: pkg/controller/deployment/{sync,progress}.go, .../util/deployment_util.go (v1.36).
 */
import { MICROS_PER_SECOND, type Micros } from '../base/time.ts';
import { conditionOf, newCondition, withCondition, withoutCondition } from '../cluster/workload-details.ts';
import type { Conditions } from '../cluster/workload-details.ts';

/** What of a ReplicaSet counts. */
export interface SetCounts {
  readonly spec: number;
  readonly replicas: number;
  readonly ready: number;
  readonly available: number;
  readonly terminating: number;
}

export interface DeploymentCounts {
  readonly replicas: number;
  readonly updated: number;
  readonly ready: number;
  readonly available: number;
  readonly unavailable: number;
  readonly terminating: number;
}

export const Reason = {
  Available: 'MinimumReplicasAvailable',
  Unavailable: 'MinimumReplicasUnavailable',
  NewReplicaSet: 'NewReplicaSetCreated',
  FoundReplicaSet: 'FoundNewReplicaSet',
  Updated: 'ReplicaSetUpdated',
  Complete: 'NewReplicaSetAvailable',
  TimedOut: 'ProgressDeadlineExceeded',
  Paused: 'DeploymentPaused',
  Resumed: 'DeploymentResumed',
} as const;

export function countSets(all: readonly SetCounts[], newest: SetCounts | null): DeploymentCounts {
  const sum = (count: (set: SetCounts) => number): number => all.reduce((total, set) => total + count(set), 0);
  const available = sum((set) => set.available);
  return {
    replicas: sum((set) => set.replicas),
    updated: newest === null ? 0 : newest.replicas,
    ready: sum((set) => set.ready),
    available,
    unavailable: Math.max(0, sum((set) => set.spec) - available),
    terminating: sum((set) => set.terminating),
  };
}

export function withAvailability(
  conditions: Conditions,
  available: number,
  minAvailable: number,
  now: Micros,
): Conditions {
  const condition =
    available >= minAvailable
      ? newCondition('Available', 'True', Reason.Available, now)
      : newCondition('Available', 'False', Reason.Unavailable, now);
  return withCondition(conditions, condition);
}

/** Terminating pods are not asked about. */
export function isComplete(
  counts: Pick<DeploymentCounts, 'replicas' | 'updated' | 'available'>,
  wanted: number,
): boolean {
  return counts.updated === wanted && counts.replicas === wanted && counts.available === wanted;
}

function makesProgress(before: DeploymentCounts, after: DeploymentCounts): boolean {
  const oldBefore = before.replicas - before.updated;
  const oldAfter = after.replicas - after.updated;
  return (
    after.updated > before.updated ||
    oldAfter < oldBefore ||
    after.ready > before.ready ||
    after.available > before.available
  );
}

export interface ProgressInput {
  /** Of the status as it stands, and with availability as it is now. */
  readonly current: Conditions;
  readonly next: Conditions;
  readonly before: DeploymentCounts;
  readonly after: DeploymentCounts;
  readonly wanted: number;
  /** null: no deadline, and then no condition Progressing. */
  readonly deadlineSeconds: number | null;
  readonly now: Micros;
}

/** The conditions with Progressing as it is now. */
export function withProgress({
  current,
  next,
  before,
  after,
  wanted,
  deadlineSeconds,
  now,
}: ProgressInput): Conditions {
  if (deadlineSeconds === null) return withoutCondition(next, 'Progressing');
  const progressing = conditionOf(current, 'Progressing');
  if (after.replicas === after.updated && progressing?.reason === Reason.Complete) return next;
  if (isComplete(after, wanted)) return withCondition(next, newCondition('Progressing', 'True', Reason.Complete, now));
  if (makesProgress(before, after)) {
    const condition = newCondition('Progressing', 'True', Reason.Updated, now);
    // Each progress starts the clock anew, so the condition before it does not stand in the way.
    const lastTransitionAt = progressing?.status === 'True' ? progressing.lastTransitionAt : now;
    return [...withoutCondition(next, 'Progressing'), { ...condition, lastTransitionAt }];
  }
  if (hasTimedOut(next, deadlineSeconds, now))
    return withCondition(next, newCondition('Progressing', 'False', Reason.TimedOut, now));
  return next;
}

function hasTimedOut(conditions: Conditions, deadlineSeconds: number, now: Micros): boolean {
  const condition = conditionOf(conditions, 'Progressing');
  if (condition === undefined || condition.reason === Reason.Complete) return false;
  return condition.reason === Reason.TimedOut || condition.lastUpdateAt + deadlineSeconds * MICROS_PER_SECOND < now;
}

/**
 * When a Deployment that does not move is looked at again, from now: a second after its deadline. null: not by itself.
 */
export function stuckRecheckMicros(
  conditions: Conditions,
  counts: DeploymentCounts,
  wanted: number,
  deadlineSeconds: number | null,
  now: Micros,
): Micros | null {
  const condition = conditionOf(conditions, 'Progressing');
  if (deadlineSeconds === null || condition === undefined) return null;
  if (isComplete(counts, wanted) || condition.reason === Reason.TimedOut) return null;
  return Math.max(0, condition.lastUpdateAt + deadlineSeconds * MICROS_PER_SECOND - now);
}
