/**
 * What a workload's status and annotations say beside the counts that are columns, by kind. Immutable: a change puts
 * another object in its place. Times are microseconds of the run.
 * Source: staging/src/k8s.io/api/{apps,batch}/v1/types.go (v1.36).
 */
import { assert } from '../base/assert.ts';
import type { Micros } from '../base/time.ts';
import type { PodTemplateSpec } from './objects.ts';

export interface WorkloadCondition {
  readonly type: string;
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason: string;
  readonly lastUpdateAt: Micros;
  readonly lastTransitionAt: Micros;
}

export interface DeploymentDetails {
  readonly kind: 'Deployment';
  readonly conditions: readonly WorkloadCondition[];
  readonly unavailable: number;
  readonly collisionCount: number;
  /** Annotation deployment.kubernetes.io/revision; 0: none yet. */
  readonly revision: number;
}

/** A ReplicaSet's template and the annotations of its Deployment. */
export interface ReplicaSetDetails {
  readonly kind: 'ReplicaSet';
  readonly template: PodTemplateSpec;
  readonly minReadySeconds: number;
  /** deployment.kubernetes.io/revision, 0: none. */
  readonly revision: number;
  readonly revisionHistory: readonly number[];
  /** deployment.kubernetes.io/desired-replicas and max-replicas, -1: none. */
  readonly desiredReplicas: number;
  readonly maxReplicas: number;
}

/** A ControllerRevision: what a StatefulSet or DaemonSet was at some time. */
export interface Revision {
  readonly name: string;
  readonly number: number;
  readonly template: PodTemplateSpec;
}

export interface StatefulSetDetails {
  readonly kind: 'StatefulSet';
  readonly revisions: readonly Revision[];
  readonly currentRevision: string;
  readonly updateRevision: string;
  readonly currentReplicas: number;
}

export interface DaemonSetDetails {
  readonly kind: 'DaemonSet';
  readonly revisions: readonly Revision[];
  readonly desired: number;
  readonly misscheduled: number;
  readonly unavailable: number;
}

export interface JobDetails {
  readonly kind: 'Job';
  readonly conditions: readonly WorkloadCondition[];
  readonly succeeded: number;
  readonly failed: number;
  readonly completedIndexes: string;
  /** null: the Job has no backoffLimitPerIndex. */
  readonly failedIndexes: string | null;
  /** -1: not started, or suspended. */
  readonly startAt: Micros;
  /** When it became Complete or Failed, -1 before. */
  readonly finishedAt: Micros;
}

export interface CronJobDetails {
  readonly kind: 'CronJob';
  /** Names of Jobs that run. */
  readonly active: readonly string[];
  /** Seconds since 1970, -1: none yet. */
  readonly lastScheduleSeconds: number;
}

export type WorkloadDetails =
  | DeploymentDetails | ReplicaSetDetails | StatefulSetDetails | DaemonSetDetails | JobDetails | CronJobDetails;

type DetailsOf<K extends WorkloadDetails['kind']> = Extract<WorkloadDetails, { readonly kind: K }>;

/**
 * The details, known to be of this kind. Each sync and each notice asks, so what is wrong is put into words only then.
 */
export function detailsAs<K extends WorkloadDetails['kind']>(kind: K, details: WorkloadDetails | null): DetailsOf<K> {
  const found = details?.kind;
  if (found !== kind) assert(false, `details of a ${kind} were expected, found ${found ?? 'none'}`);
  return details as DetailsOf<K>;
}

export function conditionOf(conditions: readonly WorkloadCondition[], type: string): WorkloadCondition | undefined {
  return conditions.find((condition) => condition.type === type);
}

// ---- conditions, as upstream's setters treat them: what says the same is left alone
// -----------------------------------

export type Conditions = readonly WorkloadCondition[];

export function newCondition(
  type: string,
  status: WorkloadCondition['status'],
  reason: string,
  now: Micros,
): WorkloadCondition {
  return { type, status, reason, lastUpdateAt: now, lastTransitionAt: now };
}

/**
 * Replaces the condition of its type, last in the list. One of the same status and reason stays; one of the same status
 * keeps the time of its transition (pkg/controller/deployment/util, SetDeploymentCondition).
 */
export function withCondition(conditions: Conditions, condition: WorkloadCondition): Conditions {
  const current = conditionOf(conditions, condition.type);
  if (current?.status === condition.status && current.reason === condition.reason) return conditions;
  const lastTransitionAt = current?.status === condition.status ? current.lastTransitionAt : condition.lastTransitionAt;
  return [...withoutCondition(conditions, condition.type), { ...condition, lastTransitionAt }];
}

export function withoutCondition(conditions: Conditions, type: string): Conditions {
  return conditionOf(conditions, type) === undefined ? conditions : conditions.filter((each) => each.type !== type);
}

/** Whether two lists say the same. */
export function sameConditions(a: Conditions, b: Conditions): boolean {
  if (a === b) return true;
  return a.length === b.length && a.every((condition, index) => sameCondition(condition, b[index]));
}

function sameCondition(a: WorkloadCondition, b: WorkloadCondition): boolean {
  return (
    a.type === b.type && a.status === b.status && a.reason === b.reason &&
    a.lastUpdateAt === b.lastUpdateAt && a.lastTransitionAt === b.lastTransitionAt
  );
}
