/**
 * Which pods keep a node from being drained, as far as they are simulated.
 * Source: cluster-autoscaler simulator/drainability/rules (replicated, system, localstorage, terminating, daemonset).
 */
import { MICROS_PER_HOUR, MICROS_PER_SECOND } from '../base/time.ts';
import type { Micros } from '../base/time.ts';
import type { Cluster } from '../cluster/cluster.ts';

export type DrainVerdict =
  /** Goes without a new place: a DaemonSet's pod, or one that should have been gone long ago. */
  | 'skip'
  | 'move'
  | 'block';

const SYSTEM_NAMESPACE = 'kube-system';
const TERMINATION_SLACK_MICROS: Micros = 30 * MICROS_PER_SECOND;
const SYSTEM_POD_TIMEOUT_MICROS: Micros = MICROS_PER_HOUR;

export function drainVerdict(cluster: Cluster, pod: number): DrainVerdict {
  const { pods } = cluster;
  const template = cluster.templateOf(pod);
  if (pods.isTerminating(pod) && cluster.now - pods.deletionAt[pod] > template.graceMicros + TERMINATION_SLACK_MICROS) return 'skip';
  if (pods.pinnedNode[pod] >= 0) return 'skip';
  if (pods.owner[pod] < 0) return 'block';
  if (template.namespace === SYSTEM_NAMESPACE && cluster.now - pods.createdAt[pod] < SYSTEM_POD_TIMEOUT_MICROS) return 'block';
  const hasLocalStorage = template.spec.volumes?.some((volume) => volume.emptyDir !== undefined || volume.hostPath !== undefined) ?? false;
  return hasLocalStorage ? 'block' : 'move';
}
