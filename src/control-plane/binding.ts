/**
 * The binding subresource of a pod: what a scheduler is told that has not seen yet what became of the pod.
 * Source: pkg/registry/core/pod/storage/storage.go BindingREST.assignPod, setPodNodeAndMetadata (v1.36.3). Whether the
 * node is there is not asked.
 */
import { PodPhase } from '../cluster/cluster.ts';
import type { Cluster } from '../cluster/cluster.ts';

export interface BindingRefusal {
  readonly reason: 'NotFound' | 'Conflict';
  readonly message: string;
}

/** null: the Binding is written. */
export function bindingRefusal(cluster: Cluster, pod: number): BindingRefusal | null {
  const { pods, nodes } = cluster;
  const isGated = cluster.templateOf(pod).gates.length > 0;
  if (pods.phase[pod] === PodPhase.Pending && !pods.isTerminating(pod) && !isGated) return null;
  const name = cluster.podName(pod);
  if (pods.phase[pod] === PodPhase.Free) return { reason: 'NotFound', message: `pods "${name}" not found` };
  if (pods.isTerminating(pod)) return conflict(name, `pod ${name} is being deleted, cannot be assigned to a host`);
  const node = pods.node[pod];
  if (node >= 0) return conflict(name, `pod ${name} is already assigned to node "${nodes.facts[node].name}"`);
  return conflict(name, `pod ${name} has non-empty .spec.schedulingGates`);
}

function conflict(name: string, why: string): BindingRefusal {
  return { reason: 'Conflict', message: `Operation cannot be fulfilled on pods/binding "${name}": ${why}` };
}
