/** Conditions of workloads, as upstream's setters treat them: what says the same is left alone. Pure. */
import type { Micros } from '../base/time.ts';
import { conditionOf } from '../cluster/workload-details.ts';
import type { WorkloadCondition } from '../cluster/workload-details.ts';

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
