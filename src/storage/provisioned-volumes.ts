/**
 * What a provisioner makes for a claim: the volume, and which nodes can use it. Pure.
 * The topology follows the driver where a CSINode tells its keys, else the class's allowedTopologies, else the node's
 * zone, as most disks do; a volume that many nodes may use at once is taken for a network share that every node
 * reaches. Source: kubernetes-csi/external-provisioner pkg/controller/{controller,topology}.go;
 * pkg/controller/volume/persistentvolume/pv_controller.go (v1.36.2).
 */
import type { Cluster } from '../cluster/cluster.ts';
import { ZONE_LABEL } from '../cluster/node-facts.ts';
import { objectKey } from '../cluster/object-store.ts';
import type {
  CSINode,
  NodeSelector,
  PersistentVolume,
  PersistentVolumeClaim,
  StorageClass,
} from '../cluster/objects.ts';
import { CSI_MIGRATIONS, claimClassOf, namespaceOf } from '../cluster/volume-claims.ts';

/** On volumes that a provisioner made: they go with their claim. */
export const PROVISIONED_BY = 'pv.kubernetes.io/provisioned-by';

export interface ChosenNode {
  readonly name: string;
  readonly labels: ReadonlyMap<string, string>;
}

/** `node` null: the class binds at once, nobody knows yet where the volume will be used. */
export function provisionedVolume(
  cluster: Cluster,
  claim: PersistentVolumeClaim,
  storageClass: StorageClass,
  node: ChosenNode | null,
): PersistentVolume {
  const { metadata, spec } = claim;
  const provisioner = storageClass.provisioner ?? '';
  const driver = CSI_MIGRATIONS.get(provisioner) ?? provisioner;
  const required = node === null ? undefined : topologyOf(cluster, claim, storageClass, driver, node);
  // No namespace holds a dot: the name belongs to this claim alone.
  const name = `pvc-${namespaceOf(claim)}.${metadata?.name ?? ''}`;
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name, annotations: { [PROVISIONED_BY]: driver } },
    spec: {
      capacity: { storage: spec?.resources?.requests?.['storage'] ?? '0' },
      accessModes: spec?.accessModes ?? [],
      storageClassName: claimClassOf(claim),
      ...(spec?.volumeMode === undefined ? {} : { volumeMode: spec.volumeMode }),
      ...(spec?.volumeAttributesClassName === undefined
        ? {}
        : { volumeAttributesClassName: spec.volumeAttributesClassName }),
      ...(storageClass.reclaimPolicy === undefined
        ? {}
        : { persistentVolumeReclaimPolicy: storageClass.reclaimPolicy }),
      csi: { driver, volumeHandle: objectKey(claim) },
      ...(required === undefined ? {} : { nodeAffinity: { required } }),
    },
  };
}

function topologyOf(
  cluster: Cluster,
  claim: PersistentVolumeClaim,
  storageClass: StorageClass,
  driver: string,
  node: ChosenNode,
): NodeSelector | undefined {
  const matchExpressions = topologyKeys(cluster, claim, storageClass, driver, node).flatMap((key) => {
    const value = node.labels.get(key);
    return value === undefined ? [] : [{ key, operator: 'In', values: [value] }];
  });
  return matchExpressions.length === 0 ? undefined : { nodeSelectorTerms: [{ matchExpressions }] };
}

function topologyKeys(
  cluster: Cluster,
  claim: PersistentVolumeClaim,
  { allowedTopologies = [] }: StorageClass,
  driver: string,
  node: ChosenNode,
): readonly string[] {
  const csiNode = cluster.objects.get<CSINode>('CSINode', node.name);
  const known = csiNode?.spec?.drivers?.find(({ name }) => name === driver);
  if (known !== undefined) return known.topologyKeys ?? [];
  const allowed = allowedTopologies.flatMap(({ matchLabelExpressions = [] }) =>
    matchLabelExpressions.map(({ key }) => key),
  );
  if (allowed.length > 0) return [...new Set(allowed)];
  const isShared =
    claim.spec?.accessModes?.some((mode) => mode === 'ReadWriteMany' || mode === 'ReadOnlyMany') ?? false;
  return isShared ? [] : [ZONE_LABEL];
}

// ---- the default class (pkg/volume/util/storageclass.go: GetDefaultClass) ------------------------------------------

const IS_DEFAULT = ['storageclass.kubernetes.io/is-default-class', 'storageclass.beta.kubernetes.io/is-default-class'];

export function isDefaultClass({ metadata }: StorageClass): boolean {
  return IS_DEFAULT.some((key) => metadata?.annotations?.[key] === 'true');
}

/** Of several the newest, of equally old ones the first by name; undefined: none. */
export function defaultClass(classes: Iterable<StorageClass>): StorageClass | undefined {
  let best: StorageClass | undefined;
  for (const candidate of classes)
    if (isDefaultClass(candidate) && (best === undefined || isBefore(candidate, best))) best = candidate;
  return best;
}

function isBefore(a: StorageClass, b: StorageClass): boolean {
  const [madeA, madeB] = [a, b].map(({ metadata }) => metadata?.creationTimestamp ?? '');
  if (madeA !== madeB) return madeA > madeB;
  return (a.metadata?.name ?? '') < (b.metadata?.name ?? '');
}
