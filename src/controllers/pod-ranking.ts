/**
 * Which pods are given up first, as upstream's controllers compare them: ReplicaSets by cost, by how many of the same
 * owner share the node and by rough ages; Jobs plainly. Pure, on rows of the pod table.
 * Source: pkg/controller/controller_utils.go, ActivePodsWithRanks and ActivePods (v1.36); a comparison that is no
 * strict order there (equal ready times fall through, others are decided by UID) is none here.
 */
import type { Micros } from '../base/time.ts';
import { PodPhase } from '../cluster/cluster.ts';
import type { Cluster } from '../cluster/cluster.ts';

/** What the comparison looks at. */
export interface RankedPod {
  readonly isAssigned: boolean;
  /** PodPhase of the API: Bound counts as Pending. */
  readonly phase: 'Pending' | 'Unknown' | 'Running';
  readonly isReady: boolean;
  /** When Ready turned last; NaN: no time recorded. */
  readonly readyAt: Micros;
  /** Annotation controller.kubernetes.io/pod-deletion-cost. */
  readonly deletionCost: number;
  /** Active pods of the same owner on its node. */
  readonly rank: number;
  /** The most restarts of a regular container, and of a restartable init container. */
  readonly restarts: number;
  readonly sidecarRestarts: number;
  readonly createdAt: Micros;
  /** Order of UIDs. */
  compareUid(other: RankedPod): number;
}

const PHASE_ORDER = { Pending: 0, Unknown: 1, Running: 2 } as const;

/** Negative: `a` is given up first. `now`: ages are taken from it. */
export function compareRanked(a: RankedPod, b: RankedPod, now: Micros): number {
  const first = compareStages(a, b);
  if (first !== 0) return first;
  if (a.deletionCost !== b.deletionCost) return a.deletionCost - b.deletionCost;
  if (a.rank !== b.rank) return b.rank - a.rank;
  if (a.isReady && b.isReady && !sameTime(a.readyAt, b.readyAt)) return compareAges(a.readyAt, b.readyAt, a, b, now);
  const restarts = compareRestarts(a, b);
  if (restarts !== 0) return restarts;
  return a.createdAt === b.createdAt ? 0 : compareAges(a.createdAt, b.createdAt, a, b, now);
}

/** The plain order: younger first. */
export function comparePlain(a: RankedPod, b: RankedPod): number {
  const first = compareStages(a, b);
  if (first !== 0) return first;
  if (a.isReady && b.isReady && !sameTime(a.readyAt, b.readyAt)) return afterOrEmpty(a.readyAt, b.readyAt);
  const restarts = compareRestarts(a, b);
  if (restarts !== 0) return restarts;
  return a.createdAt === b.createdAt ? 0 : afterOrEmpty(a.createdAt, b.createdAt);
}

function compareStages(a: RankedPod, b: RankedPod): number {
  if (a.isAssigned !== b.isAssigned) return a.isAssigned ? 1 : -1;
  if (a.phase !== b.phase) return PHASE_ORDER[a.phase] - PHASE_ORDER[b.phase];
  if (a.isReady !== b.isReady) return a.isReady ? 1 : -1;
  return 0;
}

function compareRestarts(a: RankedPod, b: RankedPod): number {
  return b.restarts - a.restarts || b.sidecarRestarts - a.sidecarRestarts;
}

function sameTime(a: Micros, b: Micros): boolean {
  return a === b || (Number.isNaN(a) && Number.isNaN(b));
}

/** The younger first; no time at all counts as younger than any. */
function afterOrEmpty(a: Micros, b: Micros): number {
  if (Number.isNaN(a)) return -1;
  if (Number.isNaN(b)) return 1;
  return a > b ? -1 : 1;
}

/** By powers of two of the age; in the same bucket the smaller UID goes first. */
function compareAges(aAt: Micros, bAt: Micros, a: RankedPod, b: RankedPod, now: Micros): number {
  if (Number.isNaN(aAt) || Number.isNaN(bAt)) return afterOrEmpty(aAt, bAt);
  return ageBucket(now - aAt) - ageBucket(now - bAt) || a.compareUid(b);
}

const TWO_TO_THE_32 = 4_294_967_296;

/** floor(log2(nanoseconds)), -1 for none. */
export function ageBucket(age: Micros): number {
  const nanos = age * 1000;
  if (nanos <= 0) return -1;
  const high = Math.floor(nanos / TWO_TO_THE_32);
  return high > 0 ? 63 - Math.clz32(high) : 31 - Math.clz32(nanos >>> 0);
}

/** Of a row: Bound is Pending to the API. */
export function apiPhase(phase: number): RankedPod['phase'] {
  return phase === PodPhase.Running ? 'Running' : 'Pending';
}

/** A row as the ranking sees it. */
export function rankedPod(cluster: Cluster, pod: number, rank: number): RankedPod & { readonly pod: number } {
  const { pods } = cluster;
  const { restarts } = pods.history(pod);
  return {
    pod,
    isAssigned: pods.node[pod] >= 0,
    phase: apiPhase(pods.phase[pod]),
    isReady: pods.isReady(pod),
    readyAt: pods.readyAt[pod],
    deletionCost: cluster.templateOf(pod).deletionCost,
    rank,
    restarts,
    sidecarRestarts: 0,
    createdAt: pods.createdAt[pod],
    compareUid: (other) => pods.serial[pod] - pods.serial[(other as { readonly pod?: number }).pod ?? pod],
  };
}
