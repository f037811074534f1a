/**
 * What a StatefulSet gives each of its pods: name, labels, and claims that outlive the pod, with their owners as the
 * retention policy wants them.
 * Source: pkg/controller/statefulset/{stateful_set_utils,stateful_pod_control}.go (v1.36).
 */
import type { Cluster } from '../cluster/cluster.ts';
import { keyOf } from '../cluster/object-store.ts';
import type {
  ObjectMeta,
  OwnerReference,
  PersistentVolumeClaim,
  Pod,
  Volume,
  WorkloadSpec,
} from '../cluster/objects.ts';
import type { Revision } from '../cluster/workload-details.ts';
import { controllerReference, nameOf, namespaceOf, podOf } from './owned-pods.ts';
import type { ControllerContext } from './owned-pods.ts';

/** Which revision a pod is of. */
export const REVISION_LABEL = 'controller-revision-hash';

export interface ClaimTemplate {
  readonly metadata?: ObjectMeta;
  readonly spec?: PersistentVolumeClaim['spec'];
}

export interface RetentionPolicy {
  readonly deletesWithSet: boolean;
  readonly deletesWhenScaled: boolean;
}

export function retentionPolicy({ persistentVolumeClaimRetentionPolicy: policy }: WorkloadSpec): RetentionPolicy {
  return { deletesWithSet: policy?.whenDeleted === 'Delete', deletesWhenScaled: policy?.whenScaled === 'Delete' };
}

/** The pod of an ordinal at a revision. */
export function statefulPod(cluster: Cluster, row: number, revision: Revision, ordinal: number): Pod {
  const name = `${nameOf(cluster, row)}-${String(ordinal)}`;
  const pod = podOf(cluster, row, revision.template, {
    [REVISION_LABEL]: revision.name,
    'apps.kubernetes.io/pod-index': String(ordinal),
    'statefulset.kubernetes.io/pod-name': name,
  });
  const claims = claimTemplates(cluster, row).map((template): Volume => ({
    name: template.metadata?.name ?? '',
    persistentVolumeClaim: { claimName: claimName(template, name) },
  }));
  if (claims.length === 0) return pod;
  const others = (pod.spec?.volumes ?? []).filter((volume) => !claims.some((claim) => claim.name === volume.name));
  return { ...pod, spec: { ...pod.spec, volumes: [...claims, ...others] } };
}

function claimTemplates({ workloads }: Cluster, row: number): readonly ClaimTemplate[] {
  return workloads.object[row]?.spec?.volumeClaimTemplates ?? [];
}

function claimName(template: ClaimTemplate, podName: string): string {
  return `${template.metadata?.name ?? ''}-${podName}`;
}

/** `namespace/name` of the claims of an ordinal. */
export function claimKeys(cluster: Cluster, row: number, ordinal: number): readonly string[] {
  const podName = `${nameOf(cluster, row)}-${String(ordinal)}`;
  return claimTemplates(cluster, row).map((template) => keyOf(namespaceOf(cluster, row), claimName(template, podName)));
}

/** Makes those that are lacking; returns their keys. */
export function createClaims(
  { cluster, requests }: ControllerContext, row: number, ordinal: number,
): readonly string[] {
  const namespace = namespaceOf(cluster, row);
  const podName = `${nameOf(cluster, row)}-${String(ordinal)}`;
  const created: string[] = [];
  for (const template of claimTemplates(cluster, row)) {
    const name = claimName(template, podName);
    const key = keyOf(namespace, name);
    if (cluster.objects.get('PersistentVolumeClaim', key) !== undefined) continue;
    const labels = { ...template.metadata?.labels, ...matchLabelsOf(cluster.workloads.object[row]?.spec?.selector) };
    const metadata: ObjectMeta = { ...template.metadata, name, namespace, labels };
    const claim: PersistentVolumeClaim = {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata,
      spec: template.spec ?? {},
    };
    if (requests.putObject('PersistentVolumeClaim', claim)) created.push(key);
  }
  return created;
}

function matchLabelsOf(selector: WorkloadSpec['selector']): Readonly<Record<string, string>> {
  const matchLabels = selector?.['matchLabels'];
  return typeof matchLabels === 'object' ? matchLabels : {};
}

// ---- owners of claims ----------------------------------------------------------------------------------------------

/** A pod as the owner of its claims. `uid` tells a pod from the one that had its name before. */
export interface ClaimPod {
  readonly name: string;
  readonly uid: string;
  /** The pod is beyond the set's size. */
  readonly isCondemned: boolean;
}

/** A claim that goes with a pod of the same name that was there before: the new pod waits until it is gone. */
export function isStale({ metadata }: PersistentVolumeClaim, { name, uid }: Pick<ClaimPod, 'name' | 'uid'>): boolean {
  const reference = metadata?.ownerReferences?.find((owner) => owner.kind === 'Pod' && owner.name === name);
  return reference !== undefined && reference.uid !== uid;
}

/** The claim with its owners as the policy wants them; itself when it has them. */
export function withOwners(
  claim: PersistentVolumeClaim,
  set: OwnerReference,
  pod: ClaimPod,
  policy: RetentionPolicy,
): PersistentVolumeClaim {
  const isPods = policy.deletesWhenScaled && pod.isCondemned;
  const isSets = policy.deletesWithSet && !isPods;
  const before = claim.metadata?.ownerReferences ?? [];
  const hasSet = before.some((owner) => owner.kind === set.kind && owner.name === set.name);
  const hasPod = before.some((owner) => owner.kind === 'Pod' && owner.name === pod.name && owner.uid === pod.uid);
  const hasOtherPod = before.some((owner) => owner.kind === 'Pod' && owner.name === pod.name && owner.uid !== pod.uid);
  if (hasSet === isSets && hasPod === isPods && !hasOtherPod) return claim;
  const others = before.filter(
    (owner) =>
      !(owner.name === set.name && owner.kind === set.kind) && !(owner.kind === 'Pod' && owner.name === pod.name),
  );
  const { controller: _neverIts, ...setReference } = set;
  const ownerReferences: readonly OwnerReference[] = [
    ...others,
    ...(isSets ? [setReference] : []),
    ...(isPods ? [{ kind: 'Pod', name: pod.name, uid: pod.uid }] : []),
  ];
  return { ...claim, metadata: { ...claim.metadata, ownerReferences } };
}

/**
 * Brings the owners of an ordinal's claims up to date; `unseen`: claims that this sync has made and does not see yet.
 */
export function updateClaimOwners(
  { cluster, requests }: ControllerContext,
  row: number,
  ordinal: number,
  pod: ClaimPod,
  unseen: ReadonlySet<string>,
): void {
  const policy = retentionPolicy(cluster.workloads.object[row]?.spec ?? {});
  const set = controllerReference(cluster, row);
  for (const key of claimKeys(cluster, row, ordinal)) {
    const claim = cluster.objects.get<PersistentVolumeClaim>('PersistentVolumeClaim', key);
    if (claim === undefined || unseen.has(key)) continue;
    const updated = withOwners(claim, set, pod, policy);
    if (updated !== claim) requests.putObject('PersistentVolumeClaim', updated);
  }
}
