/**
 * The eviction subresource of a pod: a deletion that asks the disruption budgets first. A granted eviction of a pod
 * that counts lowers `disruptionsAllowed` at once and puts the pod on record; the disruption controller counts anew
 * later.
 * Source: pkg/registry/core/pod/storage/eviction.go (v1.36.3).
 */
import { PodPhase } from '../cluster/cluster.ts';
import type { Cluster, EvictionCause } from '../cluster/cluster.ts';
import type { DisruptionBudgets } from '../cluster/disruption-budgets.ts';
import type { PodDisruptionBudget } from '../cluster/objects.ts';

/** More pods on record than this, and a budget grants nothing (MaxDisruptedPodSize). */
const MOST_DISRUPTED_PODS = 2000;

export interface EvictionAnswer {
  /**
   * HTTP status. 201: the pod is terminating, with condition DisruptionTarget. 429: its budget allows none now. 403:
   * the budget's status is out of bounds. 500: more than one budget covers it.
   */
  readonly code: 201 | 403 | 429 | 500;
  /** Machine-readable cause, '' for none. */
  readonly cause: '' | 'DisruptionBudget';
}

const GRANTED: EvictionAnswer = { code: 201, cause: '' };
const REFUSED: EvictionAnswer = { code: 429, cause: 'DisruptionBudget' };
const FORBIDDEN: EvictionAnswer = { code: 403, cause: '' };
const SEVERAL_BUDGETS: EvictionAnswer = { code: 500, cause: '' };

/** Asks for the pod's deletion; false: it stays. */
export function evictPod(cluster: Cluster, budgets: DisruptionBudgets, pod: number, cause: EvictionCause): boolean {
  return requestEviction(cluster, budgets, pod, cause).code === 201;
}

/** The same with the API's answer. Pods that do not run yet, have ended or are terminating go without a question. */
export function requestEviction(
  cluster: Cluster, budgets: DisruptionBudgets, pod: number, cause: EvictionCause,
): EvictionAnswer {
  const answer = mustAsk(cluster, pod) ? askBudgets(cluster, budgets, pod) : GRANTED;
  if (answer.code === 201) cluster.terminatePod(pod, cause);
  return answer;
}

function mustAsk({ pods }: Cluster, pod: number): boolean {
  return pods.phase[pod] === PodPhase.Running && !pods.isTerminating(pod);
}

function askBudgets(cluster: Cluster, budgets: DisruptionBudgets, pod: number): EvictionAnswer {
  const keys = budgets.coveringKeys(cluster.templateOf(pod));
  if (keys.length === 0) return GRANTED;
  if (keys.length > 1) return SEVERAL_BUDGETS;
  const budget = budgets.get(keys[0]);
  if (budget === undefined) return REFUSED;
  if (!cluster.pods.isReady(pod) && mayGoUnhealthy(budget)) return GRANTED;
  return spend(cluster, budget, pod);
}

/** A pod that is not Ready spends nothing where the policy says so, or where enough others are healthy. */
function mayGoUnhealthy({ spec, status }: PodDisruptionBudget): boolean {
  if (spec?.unhealthyPodEvictionPolicy === 'AlwaysAllow') return true;
  const desired = status?.desiredHealthy ?? 0;
  return desired > 0 && (status?.currentHealthy ?? 0) >= desired;
}

function spend(cluster: Cluster, budget: PodDisruptionBudget, pod: number): EvictionAnswer {
  const { metadata, status } = budget;
  const allowed = status?.disruptionsAllowed ?? 0;
  const disruptedPods = status?.disruptedPods ?? {};
  if (isOutdated(metadata?.generation, status?.observedGeneration)) return REFUSED;
  if (allowed < 0 || Object.keys(disruptedPods).length > MOST_DISRUPTED_PODS) return FORBIDDEN;
  if (allowed === 0) return REFUSED;
  const spent = {
    ...status,
    disruptionsAllowed: allowed - 1,
    disruptedPods: { ...disruptedPods, [cluster.podName(pod)]: cluster.now },
    ...(allowed > 1
      ? {}
      : { conditions: [{ type: 'DisruptionAllowed', status: 'False', reason: 'InsufficientPods' }] }),
  };
  cluster.putObject('PodDisruptionBudget', { ...budget, status: spent } as PodDisruptionBudget);
  return GRANTED;
}

/** The controller has not looked at the budget's latest spec. Objects without a generation are never outdated. */
function isOutdated(generation: number | undefined, observed: number | undefined): boolean {
  return generation !== undefined && (observed ?? 0) < generation;
}
