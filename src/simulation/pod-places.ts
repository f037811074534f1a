/** Where the pods of an object are described. */
import type { KubernetesObject, Pod, PodSpec, WorkloadObject } from '../cluster/objects.ts';
import { OwnerKind } from '../controllers/owners.ts';

export const KIND_OF_OWNER: ReadonlyMap<string, OwnerKind> = new Map([
  ['Deployment', OwnerKind.ReplicaSet],
  ['ReplicaSet', OwnerKind.ReplicaSet],
  ['ReplicationController', OwnerKind.ReplicaSet],
  ['StatefulSet', OwnerKind.StatefulSet],
  ['DaemonSet', OwnerKind.DaemonSet],
  ['Job', OwnerKind.Job],
]);

/** Steps from the object to its pod spec; null: an object without pods. */
export function podSpecSteps(kind: string): readonly string[] | null {
  if (kind === 'Pod') return ['spec'];
  return KIND_OF_OWNER.has(kind) ? ['spec', 'template', 'spec'] : null;
}

export function podSpecOf(object: KubernetesObject): PodSpec | undefined {
  if (object.kind === 'Pod') return (object as Pod).spec;
  return KIND_OF_OWNER.has(object.kind ?? '') ? (object as WorkloadObject).spec?.template?.spec : undefined;
}
