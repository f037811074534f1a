/** Where the pods of an object are described. */
import type { KubernetesObject, ObjectMeta, Pod, PodSpec, WorkloadObject } from '../cluster/objects.ts';
import { WorkloadKind } from '../cluster/workload-table.ts';

export const KIND_OF_OWNER: ReadonlyMap<string, WorkloadKind> = new Map([
  ['Deployment', WorkloadKind.ReplicaSet],
  ['ReplicaSet', WorkloadKind.ReplicaSet],
  ['ReplicationController', WorkloadKind.ReplicaSet],
  ['StatefulSet', WorkloadKind.StatefulSet],
  ['DaemonSet', WorkloadKind.DaemonSet],
  ['Job', WorkloadKind.Job],
]);

/** Steps from the object to its pod spec; null: an object without pods. */
export function podSpecSteps(kind: string): readonly string[] | null {
  if (kind === 'Pod') return ['spec'];
  if (kind === 'CronJob') return ['spec', 'jobTemplate', 'spec', 'template', 'spec'];
  return KIND_OF_OWNER.has(kind) ? ['spec', 'template', 'spec'] : null;
}

/** Labels, annotations and namespace of its pods; undefined: an object without pods. */
export function podMetadataOf(object: KubernetesObject): ObjectMeta | undefined {
  const { kind = '', metadata } = object;
  if (kind === 'Pod') return metadata;
  const { spec } = object as WorkloadObject;
  const template = kind === 'CronJob' ? spec?.jobTemplate?.spec?.template : spec?.template;
  if (kind !== 'CronJob' && !KIND_OF_OWNER.has(kind)) return undefined;
  return { ...template?.metadata, ...(metadata?.namespace === undefined ? {} : { namespace: metadata.namespace }) };
}

export function podSpecOf(object: KubernetesObject): PodSpec | undefined {
  if (object.kind === 'Pod') return (object as Pod).spec;
  if (object.kind === 'CronJob') return (object as WorkloadObject).spec?.jobTemplate?.spec?.template?.spec;
  return KIND_OF_OWNER.has(object.kind ?? '') ? (object as WorkloadObject).spec?.template?.spec : undefined;
}
