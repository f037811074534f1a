/**
 * Sizes of a Deployment's ReplicaSets: fence posts, how far the new one may grow, and each one's part of a change of
 * scale. Pure. Source: pkg/controller/deployment/util/deployment_util.go (v1.36).
 */
import type { WorkloadSpec } from '../cluster/objects.ts';
import { percentOf, scaledAmount } from '../cluster/int-or-percent.ts';

export interface Fenceposts {
  readonly surge: number;
  readonly unavailable: number;
}

type Amount = number | string;

/** null: one of the amounts is no number and no percentage. Both 0: one pod may be unavailable. */
export function fenceposts(maxSurge: Amount, maxUnavailable: Amount, replicas: number): Fenceposts | null {
  const surge = scaledAmount(maxSurge, replicas, 'up');
  const unavailable = scaledAmount(maxUnavailable, replicas, 'down');
  if (Number.isNaN(surge) || Number.isNaN(unavailable)) return null;
  return { surge, unavailable: surge === 0 && unavailable === 0 ? 1 : unavailable };
}

/** What a Deployment's strategy comes down to at its size. */
export interface RolloutLimits {
  readonly isRolling: boolean;
  readonly maxSurge: number;
  readonly maxUnavailable: number;
  readonly minAvailable: number;
}

/** API default of both amounts (pkg/apis/apps/v1/defaults.go). */
const DEFAULT_PERCENT = 25;
const DEFAULT_AMOUNT = `${DEFAULT_PERCENT}%`;

export function rolloutLimits(spec: WorkloadSpec, replicas: number): RolloutLimits {
  const { type = 'RollingUpdate', rollingUpdate = {} } = spec.strategy ?? {};
  if (type !== 'RollingUpdate') return { isRolling: false, maxSurge: 0, maxUnavailable: 0, minAvailable: 0 };
  const { maxSurge = DEFAULT_AMOUNT, maxUnavailable = DEFAULT_AMOUNT } = rollingUpdate;
  const posts = fenceposts(maxSurge, maxUnavailable, replicas) ?? { surge: 0, unavailable: 0 };
  const most = replicas === 0 ? 0 : Math.min(posts.unavailable, replicas);
  return { isRolling: true, maxSurge: posts.surge, maxUnavailable: most, minAvailable: replicas - most };
}

/** maxUnavailable of a rolling Deployment at its size, as `rolloutLimits` has it. */
export function mostUnavailable(spec: WorkloadSpec, replicas: number): number {
  if (spec.strategy === undefined) return percentOf(DEFAULT_PERCENT, replicas, 'down');
  return rolloutLimits(spec, replicas).maxUnavailable;
}

/** maxSurge likewise. */
export function mostSurge(spec: WorkloadSpec, replicas: number): number {
  if (spec.strategy === undefined) return percentOf(DEFAULT_PERCENT, replicas, 'up');
  return rolloutLimits(spec, replicas).maxSurge;
}

/** Next size of the new ReplicaSet of a rolling update. `total`: sizes of all ReplicaSets. */
export function newReplicas(replicas: number, maxSurge: number, total: number, size: number): number {
  const most = replicas + maxSurge;
  if (total >= most) return size;
  return size + Math.min(most - total, replicas - size);
}

export interface ProportionInput {
  readonly replicas: number;
  readonly maxSurge: number;
  /** status.replicas of the Deployment. */
  readonly statusReplicas: number;
  readonly size: number;
  /** Annotation max-replicas of the ReplicaSet; -1: none. */
  readonly maxReplicasBefore: number;
  readonly toAdd: number;
  readonly added: number;
}

/** How much of a change of scale one ReplicaSet takes. */
export function proportion(input: ProportionInput): number {
  const { size, toAdd, added } = input;
  if (size === 0 || toAdd === 0 || toAdd === added) return 0;
  const share = fraction(input);
  const allowed = toAdd - added;
  return toAdd > 0 ? Math.min(share, allowed) : Math.max(share, allowed);
}

function fraction({ replicas, maxSurge, statusReplicas, size, maxReplicasBefore }: ProportionInput): number {
  if (replicas === 0) return -size;
  const before = maxReplicasBefore > 0 ? maxReplicasBefore : statusReplicas;
  if (before === 0) return 0;
  const scaled = (size * (replicas + maxSurge)) / before;
  return Math.trunc(scaled < 0 ? scaled - 0.5 : scaled + 0.5) - size;
}
