/**
 * What the volume plugins and the volume controller share: the claims of a pod, the state of a claim, the texts for
 * what is not there.
 * Source: staging/src/k8s.io/component-helpers/storage/{volume/helpers.go,volume/pv_helpers.go,ephemeral/ephemeral.go}.
 */
import { keyOf } from './object-store.ts';
import type { ObjectStore } from './object-store.ts';
import type { KubernetesObject, PersistentVolume, PersistentVolumeClaim, StorageClass, Volume } from './objects.ts';
import type { PodTemplate } from './pod-template.ts';

export const BIND_COMPLETED = 'pv.kubernetes.io/bind-completed';
const BETA_STORAGE_CLASS = 'volume.beta.kubernetes.io/storage-class';
/** Provisioner of classes whose volumes somebody makes by hand. */
export const NO_PROVISIONER = 'kubernetes.io/no-provisioner';
export const SELECTED_NODE = 'volume.kubernetes.io/selected-node';
const WAIT_FOR_FIRST_CONSUMER = 'WaitForFirstConsumer';

/** In-tree driver to the CSI driver that took over (staging/src/k8s.io/csi-translation-lib/plugins). */
export const CSI_MIGRATIONS: ReadonlyMap<string, string> = new Map([
  ['kubernetes.io/aws-ebs', 'ebs.csi.aws.com'],
  ['kubernetes.io/azure-disk', 'disk.csi.azure.com'],
  ['kubernetes.io/azure-file', 'file.csi.azure.com'],
  ['kubernetes.io/cinder', 'cinder.csi.openstack.org'],
  ['kubernetes.io/gce-pd', 'pd.csi.storage.gke.io'],
  ['kubernetes.io/portworx-volume', 'pxd.portworx.com'],
  ['kubernetes.io/vsphere-volume', 'csi.vsphere.vmware.com'],
]);

export type InTreeSources = Pick<Volume, 'gcePersistentDisk' | 'awsElasticBlockStore'>;

/** The CSI driver that has taken over from that of an in-tree volume, whatever the node. */
export function inTreeDriver(volume: InTreeSources): string | undefined {
  if (volume.awsElasticBlockStore !== undefined) return CSI_MIGRATIONS.get('kubernetes.io/aws-ebs');
  return volume.gcePersistentDisk === undefined ? undefined : CSI_MIGRATIONS.get('kubernetes.io/gce-pd');
}

/** Whoever has a picture of the API objects. */
export interface HasObjects {
  readonly objects: ObjectStore;
}

export interface PodClaim {
  readonly name: string;
  /** Made for the pod by the ephemeral volume controller. */
  readonly isEphemeral: boolean;
}

export function usesClaim(volume: Volume): boolean {
  return volume.persistentVolumeClaim !== undefined || volume.ephemeral !== undefined;
}

/** In order of the pod's volumes, repetitions included. */
export function podClaims(template: PodTemplate, podName: string): PodClaim[] {
  const claims: PodClaim[] = [];
  for (const volume of template.spec.volumes ?? []) {
    if (volume.persistentVolumeClaim !== undefined)
      claims.push({ name: volume.persistentVolumeClaim.claimName, isEphemeral: false });
    else if (volume.ephemeral !== undefined)
      claims.push({ name: `${podName}-${volume.name ?? ''}`, isEphemeral: true });
  }
  return claims;
}

/** Whether a claim is one of a pod's. */
export function isClaimOf(claim: KubernetesObject | undefined, template: PodTemplate, podName: string): boolean {
  const name = claim?.metadata?.name;
  if (name === undefined || namespaceOf(claim) !== template.namespace) return false;
  return podClaims(template, podName).some((used) => used.name === name);
}

export function namespaceOf(object: KubernetesObject | undefined): string {
  return object?.metadata?.namespace ?? 'default';
}

export function findClaim({ objects }: HasObjects, namespace: string, name: string): PersistentVolumeClaim | undefined {
  return objects.get<PersistentVolumeClaim>('PersistentVolumeClaim', keyOf(namespace, name));
}

export function findVolume({ objects }: HasObjects, name: string): PersistentVolume | undefined {
  return objects.get<PersistentVolume>('PersistentVolume', name);
}

export function findClass({ objects }: HasObjects, name: string): StorageClass | undefined {
  return objects.get<StorageClass>('StorageClass', name);
}

/** The API server's text for an object that is not there. */
export function notFound(
  resource: 'persistentvolumeclaim' | 'persistentvolume' | 'storageclass.storage.k8s.io',
  name: string,
): string {
  return `${resource} ${JSON.stringify(name)} not found`;
}

/** Bound for good: not merely reserved for a volume. */
export function isFullyBound(claim: PersistentVolumeClaim): boolean {
  return volumeNameOf(claim) !== '' && claim.metadata?.annotations?.[BIND_COMPLETED] !== undefined;
}

export function volumeNameOf(claim: PersistentVolumeClaim): string {
  return claim.spec?.volumeName ?? '';
}

export function claimClassOf(claim: PersistentVolumeClaim): string {
  return claim.metadata?.annotations?.[BETA_STORAGE_CLASS] ?? claim.spec?.storageClassName ?? '';
}

/** Neither a class nor the empty text, which asks for volumes without one. */
export function hasNoClass(claim: PersistentVolumeClaim): boolean {
  return claim.spec?.storageClassName === undefined && claim.metadata?.annotations?.[BETA_STORAGE_CLASS] === undefined;
}

export function volumeClassOf(volume: PersistentVolume): string {
  return volume.metadata?.annotations?.[BETA_STORAGE_CLASS] ?? volume.spec?.storageClassName ?? '';
}

/** A class that names no mode binds at once. */
export function waitsForFirstConsumer(storageClass: StorageClass): boolean {
  return storageClass.volumeBindingMode === WAIT_FOR_FIRST_CONSUMER;
}

/** Why an ephemeral volume's claim is not the pod's own; '' when it is. Owners are compared by kind and name. */
export function foreignClaimProblem(claim: PersistentVolumeClaim, template: PodTemplate, podName: string): string {
  const owner = claim.metadata?.ownerReferences?.find((reference) => reference.controller === true);
  if (owner?.kind === 'Pod' && owner.name === podName) return '';
  const { namespace } = template;
  return `PVC ${namespace}/${claim.metadata?.name ?? ''} was not created for pod ${namespace}/${podName} (pod is not owner)`;
}
