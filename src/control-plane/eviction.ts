/**
 * The eviction subresource of a pod: a deletion that asks the disruption budgets first.
 * Source: pkg/registry/core/pod/storage/eviction.go (v1.36.2).
 */
import { PodPhase } from '../cluster/cluster.ts';
import type { Cluster, EvictionCause } from '../cluster/cluster.ts';
import type { DisruptionBudgets } from '../cluster/disruption-budgets.ts';
import type { PodDisruptionBudget } from '../cluster/objects.ts';

/**
 * Asks for the pod's deletion; false: its budget allows none now, or it has more than one, which never allow any.
 * Pods that do not run yet and terminating ones go without a question.
 */
export function evictPod(cluster: Cluster, budgets: DisruptionBudgets, pod: number, cause: EvictionCause): boolean {
  const keys = budgets.coveringKeys(cluster.templateOf(pod));
  if (keys.length > 0 && cluster.pods.phase[pod] === PodPhase.Running && !cluster.pods.isTerminating(pod)) {
    const [key] = keys;
    const budget = budgets.get(key);
    const disruptionsAllowed = budgets.allowed(key);
    if (budget === undefined || keys.length > 1 || disruptionsAllowed <= 0) return false;
    cluster.putObject('PodDisruptionBudget', {
      ...budget,
      status: { ...budget.status, disruptionsAllowed: disruptionsAllowed - 1 },
    } as PodDisruptionBudget);
  }
  cluster.terminatePod(pod, cause);
  return true;
}
