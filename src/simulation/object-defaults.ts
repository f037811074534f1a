/**
 * What the API server and the first passes of controllers fill into objects other than pods and nodes before anybody
 * looks at them, and the classes that every cluster of this kind has although nobody wrote them down. Pure.
 * Source: pkg/apis/core/v1/defaults.go, pkg/controller/volume/persistentvolume/pv_controller.go (v1.36.2).
 */
import { NAMESPACE_NAME_LABEL } from '../cluster/object-store.ts';
import type {
  KubernetesObject,
  PersistentVolume,
  PersistentVolumeClaim,
  PersistentVolumeClaimSpec,
  PodSpec,
  StorageClass,
  WorkloadObject,
} from '../cluster/objects.ts';
import { claimClassOf, hasNoClass, volumeClassOf, volumeNameOf } from '../cluster/volume-claims.ts';
import { PROVISIONED_BY } from '../storage/provisioned-volumes.ts';
import { podSpecOf } from './pod-places.ts';

const CLUSTER_SCOPED = new Set([
  'Namespace',
  'PriorityClass',
  'PersistentVolume',
  'StorageClass',
  'CSINode',
  'CSIDriver',
  'RuntimeClass',
  'VolumeAttachment',
]);

export function withObjectDefaults(object: KubernetesObject): KubernetesObject {
  const { kind = '', metadata } = object;
  if (kind === 'Namespace')
    return {
      ...object,
      metadata: { ...metadata, labels: { ...metadata?.labels, [NAMESPACE_NAME_LABEL]: metadata?.name ?? '' } },
    };
  if (kind === 'PersistentVolume' && (object as PersistentVolume).status?.phase === undefined)
    return { ...object, status: { phase: 'Available' } } as PersistentVolume;
  if (CLUSTER_SCOPED.has(kind)) return object;
  const placed =
    metadata?.namespace === undefined ? { ...object, metadata: { ...metadata, namespace: 'default' } } : object;
  return kind === 'ReplicationController' ? withSelector(placed) : placed;
}

/** A controller that says nothing selects what its template is labelled with. */
function withSelector(controller: WorkloadObject): WorkloadObject {
  const { spec } = controller;
  return spec === undefined || spec.selector !== undefined
    ? controller
    : { ...controller, spec: { ...spec, selector: spec.template?.metadata?.labels ?? {} } };
}

/** The class that claims without one get in files that hold no class at all. */
export const IMPLIED_DEFAULT_CLASS = 'standard';
export const IMPLIED_PROVISIONER = 'podyard.dev/provisioner';

/**
 * Classes that claims name and no file defines. Files seldom hold the classes of the cluster that they are meant for,
 * and every managed cluster has a default one. A class that volumes of the files name, none of them made by a
 * provisioner, stands for volumes made by hand: none is implied. Keys are names.
 */
export function impliedStorageClasses(
  objects: readonly KubernetesObject[],
  podSpecs: readonly PodSpec[],
): ReadonlyMap<string, StorageClass> {
  const ofKind = (kind: string): KubernetesObject[] => objects.filter((object) => object.kind === kind);
  const known = new Set(ofKind('StorageClass').map(({ metadata }) => metadata?.name ?? ''));
  const byHand = new Set(
    ofKind('PersistentVolume')
      .filter(({ metadata }) => metadata?.annotations?.[PROVISIONED_BY] === undefined)
      .map((volume) => volumeClassOf(volume)),
  );
  const implied = new Map<string, StorageClass>();
  for (const claim of claimsIn(objects, podSpecs)) {
    const isLeftOut = hasNoClass(claim) && known.size === 0 && !byHand.has('');
    const name = isLeftOut ? IMPLIED_DEFAULT_CLASS : claimClassOf(claim);
    if (name !== '' && !known.has(name) && !byHand.has(name) && !implied.has(name))
      implied.set(name, impliedClass(name, isLeftOut));
  }
  return implied;
}

function impliedClass(name: string, isDefault: boolean): StorageClass {
  const annotations = isDefault ? { 'storageclass.kubernetes.io/is-default-class': 'true' } : {};
  return {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'StorageClass',
    metadata: { name, annotations },
    provisioner: IMPLIED_PROVISIONER,
    volumeBindingMode: 'WaitForFirstConsumer',
  };
}

/** Claims of the files that have no volume, and those that StatefulSets and pods will have made. */
function* claimsIn(
  objects: readonly KubernetesObject[],
  podSpecs: readonly PodSpec[],
): Generator<PersistentVolumeClaim> {
  const ephemeral = function* (spec: PodSpec | undefined): Generator<PersistentVolumeClaim> {
    for (const volume of spec?.volumes ?? [])
      if (volume.ephemeral !== undefined) yield asClaim(volume.ephemeral.volumeClaimTemplate ?? {});
  };
  for (const object of objects) {
    if (object.kind === 'PersistentVolumeClaim' && volumeNameOf(object) === '') yield object;
    if (object.kind === 'StatefulSet')
      for (const template of (object as WorkloadObject).spec?.volumeClaimTemplates ?? []) yield asClaim(template);
    yield* ephemeral(podSpecOf(object));
  }
  for (const spec of podSpecs) yield* ephemeral(spec);
}

function asClaim({
  metadata,
  spec,
}: {
  readonly metadata?: KubernetesObject['metadata'];
  readonly spec?: PersistentVolumeClaimSpec;
}): PersistentVolumeClaim {
  return { ...(metadata === undefined ? {} : { metadata }), ...(spec === undefined ? {} : { spec }) };
}
