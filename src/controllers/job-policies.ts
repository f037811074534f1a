/**
 * What a Job's policies say: defaults of its spec, which failures count, when it has succeeded, how long it waits after
 * failures. Pure. Source: pkg/controller/job/{pod_failure_policy,success_policy,backoff_utils}.go,
 * pkg/apis/batch/v1/defaults.go (v1.36).
 */
import { MICROS_PER_MINUTE, MICROS_PER_SECOND, doubledBackoff, type Micros } from '../base/time.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { PodFailurePolicyRule, WorkloadSpec } from '../cluster/objects.ts';
import { namespaceOf } from '../cluster/volume-claims.ts';
import { conditionOf } from '../cluster/workload-details.ts';
import type { JobDetails, WorkloadCondition } from '../cluster/workload-details.ts';
import { countCommon, countIndexes, parseIntervals } from './index-intervals.ts';
import type { IndexIntervals } from './index-intervals.ts';

const NO_LIMIT = 2_147_483_647;
const DEFAULT_BACKOFF_LIMIT = 6;
const BASE_BACKOFF_MICROS: Micros = 10 * MICROS_PER_SECOND;
const MAX_BACKOFF_MICROS: Micros = 10 * MICROS_PER_MINUTE;

/** A Job's spec with its defaults. */
export interface JobPlan {
  /** null: a work queue, which is done when its pods have ended and one has succeeded. */
  readonly completions: number | null;
  readonly parallelism: number;
  readonly backoffLimit: number;
  readonly isIndexed: boolean;
  /** null: failures count for the Job, not for each index. */
  readonly backoffLimitPerIndex: number | null;
  readonly maxFailedIndexes: number | null;
  readonly activeDeadlineSeconds: number | null;
  readonly isSuspended: boolean;
  /** Pods are replaced once they have failed, not as soon as they are terminating. */
  readonly replacesFailedOnly: boolean;
  readonly failureRules: readonly PodFailurePolicyRule[] | null;
  readonly successRules: NonNullable<WorkloadSpec['successPolicy']>['rules'] | null;
  readonly restartsContainers: boolean;
  /** Neither indexes, policies, deadlines nor restarts matter. */
  readonly isPlain: boolean;
}

/** The spec as the API server keeps it. */
export function withJobDefaults(spec: WorkloadSpec): WorkloadSpec {
  const isSingle = spec.completions === undefined && spec.parallelism === undefined;
  return {
    ...spec,
    ...(isSingle ? { completions: 1 } : {}),
    parallelism: spec.parallelism ?? 1,
    backoffLimit: spec.backoffLimit ?? (spec.backoffLimitPerIndex === undefined ? DEFAULT_BACKOFF_LIMIT : NO_LIMIT),
    completionMode: spec.completionMode ?? 'NonIndexed',
    suspend: spec.suspend ?? false,
    podReplacementPolicy:
      spec.podReplacementPolicy ?? (spec.podFailurePolicy === undefined ? 'TerminatingOrFailed' : 'Failed'),
  };
}

const plans = new WeakMap<WorkloadSpec, JobPlan>();

/** Worked out once for each object. */
export function jobPlan(written: WorkloadSpec): JobPlan {
  let plan = plans.get(written);
  if (plan === undefined) plans.set(written, (plan = planOf(withJobDefaults(written))));
  return plan;
}

function planOf(spec: WorkloadSpec): JobPlan {
  const special = [
    spec.activeDeadlineSeconds, spec.backoffLimitPerIndex, spec.maxFailedIndexes, spec.podFailurePolicy,
    spec.successPolicy,
  ];
  const restartsContainers = spec.template?.spec?.restartPolicy === 'OnFailure';
  const isPlain =
    special.every((value) => value === undefined) && spec.completionMode !== 'Indexed' && spec.suspend !== true;
  return {
    completions: spec.completions ?? null,
    parallelism: spec.parallelism ?? 1,
    backoffLimit: spec.backoffLimit ?? DEFAULT_BACKOFF_LIMIT,
    isIndexed: spec.completionMode === 'Indexed',
    backoffLimitPerIndex: spec.backoffLimitPerIndex ?? null,
    maxFailedIndexes: spec.maxFailedIndexes ?? null,
    activeDeadlineSeconds: spec.activeDeadlineSeconds ?? null,
    isSuspended: spec.suspend === true,
    replacesFailedOnly: spec.podReplacementPolicy === 'Failed' || spec.podFailurePolicy !== undefined,
    failureRules: spec.podFailurePolicy?.rules ?? null,
    successRules: spec.successPolicy?.rules ?? null,
    restartsContainers,
    isPlain: isPlain && !restartsContainers,
  };
}

// ---- podFailurePolicy ----------------------------------------------------------------------------------------------

/** A failed pod as the rules see it. */
export interface FailedPod {
  /** Of its container that ended, -1: none has ended. */
  readonly exitCode: number;
  readonly containerName: string;
  /** Conditions that are True. */
  readonly conditions: readonly string[];
}

export type FailureAction = 'Ignore' | 'Count' | 'FailIndex' | 'FailJob';

/** What the first rule that matches says; Count when none does. */
export function failureAction(rules: readonly PodFailurePolicyRule[] | null, pod: FailedPod): FailureAction {
  for (const rule of rules ?? []) if (matches(rule, pod)) return (rule.action ?? 'Count') as FailureAction;
  return 'Count';
}

function matches({ onExitCodes, onPodConditions }: PodFailurePolicyRule, pod: FailedPod): boolean {
  if (onExitCodes !== undefined) {
    const { containerName = pod.containerName, operator, values = [] } = onExitCodes;
    if (pod.exitCode <= 0 || containerName !== pod.containerName) return false;
    return operator === 'In' ? values.includes(pod.exitCode) : operator === 'NotIn' && !values.includes(pod.exitCode);
  }
  return (onPodConditions ?? []).some(
    ({ type = '', status = 'True' }) => status === 'True' && pod.conditions.includes(type),
  );
}

// ---- successPolicy -------------------------------------------------------------------------------------------------

/** Whether a rule of the success policy holds. */
export function isSuccess(rules: JobPlan['successRules'], completions: number, succeeded: IndexIntervals): boolean {
  if (succeeded.length === 0) return false;
  return (rules ?? []).some(({ succeededIndexes, succeededCount }) => {
    if (succeededIndexes === undefined)
      return succeededCount !== undefined && countIndexes(succeeded) >= succeededCount;
    const wanted = parseIntervals(succeededIndexes, completions);
    if (wanted.length === 0) return false;
    const common = countCommon(wanted, succeeded);
    return common === countIndexes(wanted) || (succeededCount !== undefined && common >= succeededCount);
  });
}

// ---- back-off ------------------------------------------------------------------------------------------------------

/** Failures since the last success. */
export interface BackoffRecord {
  readonly failures: number;
  /** When the last of them finished; NaN: none. */
  readonly lastFailureAt: Micros;
}

export const NO_FAILURES: BackoffRecord = { failures: 0, lastFailureAt: NaN };

/** The record with pods that have newly finished, by when they did. */
export function withFinished(
  record: BackoffRecord,
  succeededAt: readonly Micros[],
  failedAt: readonly Micros[],
): BackoffRecord {
  if (succeededAt.length === 0) {
    if (failedAt.length === 0) return record;
    return { failures: record.failures + failedAt.length, lastFailureAt: Math.max(...failedAt) };
  }
  const lastSuccessAt = Math.max(...succeededAt);
  const later = failedAt.filter((at) => at > lastSuccessAt);
  return later.length === 0 ? NO_FAILURES : { failures: later.length, lastFailureAt: Math.max(...later) };
}

/** How long until the next pod may be made: 10 s after the first failure in a row, doubling, at most 10 minutes. */
export function remainingBackoff({ failures, lastFailureAt }: BackoffRecord, now: Micros): Micros {
  if (failures === 0) return 0;
  return Math.max(0, lastFailureAt + doubledBackoff(failures, BASE_BACKOFF_MICROS, MAX_BACKOFF_MICROS) - now);
}

// ---- the label with the completion index ---------------------------------------------------------------------------

export const INDEX_LABEL = 'batch.kubernetes.io/job-completion-index';
const SELECTING_KINDS = ['Service', 'PodDisruptionBudget'];

/** Whether the Job's own template, or a Service or budget of its namespace, speaks of the label. */
export function asksForIndex({ workloads, objects }: Cluster, row: number): boolean {
  const job = workloads.object[row] ?? undefined;
  const asks = (value: unknown): boolean => (JSON.stringify(value) ?? '').includes(INDEX_LABEL);
  if (asks(job?.spec?.template)) return true;
  return SELECTING_KINDS.some((kind) => [...objects.list(kind)].some((object) => (
    namespaceOf(object) === namespaceOf(job) && asks((object as { readonly spec?: object }).spec)
  )));
}

/** Lists by identity. */
export function sameJob(a: JobDetails, b: JobDetails): boolean {
  return (
    a.conditions === b.conditions &&
    a.succeeded === b.succeeded &&
    a.failed === b.failed &&
    a.completedIndexes === b.completedIndexes &&
    a.failedIndexes === b.failedIndexes &&
    a.startAt === b.startAt &&
    a.finishedAt === b.finishedAt
  );
}

/** In place of the one of its type, else last. */
export function replaceCondition(
  conditions: readonly WorkloadCondition[],
  condition: WorkloadCondition,
): readonly WorkloadCondition[] {
  if (conditionOf(conditions, condition.type) === undefined) return [...conditions, condition];
  return conditions.map((each) => (each.type === condition.type ? condition : each));
}
