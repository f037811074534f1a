/** From templates to the objects of one op: nodes with their strategy, pods with their volumes, churned objects. */
import type {
  CSINode,
  KubernetesObject,
  Node,
  PersistentVolume,
  PersistentVolumeClaim,
  Pod,
} from '../cluster/objects.ts';
import { MIGRATED_PLUGINS } from '../scheduler/plugins/csi-volumes.ts';
import type { NodeStrategy } from './ops.ts';

const HOST_NAME = 'kubernetes.io/hostname';

/** Upstream's node without a template. */
export function baseNode(prefix: string): Node {
  return {
    kind: 'Node',
    metadata: { generateName: prefix },
    status: { capacity: { pods: '110', cpu: '4', memory: '32Gi' }, conditions: [{ type: 'Ready', status: 'True' }] },
  };
}

/** Upstream's pod without a template. */
export function basePod(): Pod {
  return {
    kind: 'Pod',
    metadata: { generateName: 'pod-' },
    spec: { containers: [{ name: 'pause', image: 'registry.k8s.io/pause:3.10.1' }] },
  };
}

/** The node under its name, with its host name label and what the strategy adds; `ordinal` counts the op's nodes. */
export function preparedNode(node: Node, name: string, strategy: NodeStrategy | null, ordinal: number): Node {
  const labels: Record<string, string> = { ...node.metadata?.labels, [HOST_NAME]: name };
  if (strategy?.kind === 'label') labels[strategy.key] = strategy.values[ordinal % strategy.values.length];
  if (strategy?.kind === 'uniqueLabel') labels[strategy.key] = name;
  const prepared: Node = { ...node, metadata: { ...node.metadata, name, labels } };
  if (strategy?.kind !== 'allocatable') return prepared;
  const { status } = node;
  return {
    ...prepared,
    status: {
      ...status,
      allocatable: {
        ...(status?.allocatable ?? status?.capacity),
        ...(strategy.node as Readonly<Record<string, string>>),
      },
    },
  };
}

/** null: the strategy speaks of no volumes. */
export function csiNodeFor(name: string, strategy: NodeStrategy | null): CSINode | null {
  if (strategy?.kind !== 'allocatable' || Object.keys(strategy.csi).length === 0) return null;
  const drivers = Object.entries(strategy.csi).map(([driver, count]) => ({
    name: driver,
    nodeID: name,
    allocatable: { count },
  }));
  const annotations =
    strategy.migratedPlugins.length === 0 ? {} : { [MIGRATED_PLUGINS]: strategy.migratedPlugins.join(',') };
  return { kind: 'CSINode', metadata: { name, annotations }, spec: { drivers } };
}

export interface PodWithVolume {
  readonly pod: Pod;
  readonly volume: PersistentVolume;
  readonly claim: PersistentVolumeClaim;
}

/** The n-th pod of an op with a volume and a claim of its own, bound to each other. */
export function podWithVolume(
  pod: Pod,
  volume: PersistentVolume,
  claim: PersistentVolumeClaim,
  namespace: string,
  ordinal: number,
): PodWithVolume {
  const claimName = `pvc-${ordinal}`;
  const handle = `vol-${ordinal}`;
  const volumeName = `${namespace}-${handle}`;
  const { csi, awsElasticBlockStore } = volume.spec ?? {};
  return {
    pod: { ...pod, spec: { ...pod.spec, volumes: [{ name: 'vol', persistentVolumeClaim: { claimName } }] } },
    volume: {
      ...volume,
      metadata: { ...volume.metadata, name: volumeName },
      spec: {
        ...volume.spec,
        claimRef: { namespace, name: claimName },
        ...(csi === undefined ? {} : { csi: { ...csi, volumeHandle: handle } }),
        ...(awsElasticBlockStore === undefined
          ? {}
          : { awsElasticBlockStore: { ...awsElasticBlockStore, volumeID: handle } }),
      },
      status: { phase: 'Bound' },
    },
    claim: {
      ...claim,
      metadata: { ...claim.metadata, name: claimName, namespace },
      spec: { ...claim.spec, volumeName },
      status: { phase: 'Bound' },
    },
  };
}

/** A pod's update by the resize subresource: the resources of its containers, nothing else. */
export function resizedPod(pod: Pod, update: Pod): Pod {
  const containers = pod.spec?.containers?.map((container) => {
    const wanted = update.spec?.containers?.find(({ name }) => name === container.name);
    return wanted?.resources === undefined ? container : { ...container, resources: wanted.resources };
  });
  return containers === undefined ? pod : { ...pod, spec: { ...pod.spec, containers } };
}

const CLUSTER_SCOPED = new Set([
  'Node',
  'Namespace',
  'PersistentVolume',
  'StorageClass',
  'CSINode',
  'CSIDriver',
  'PriorityClass',
  'RuntimeClass',
  'VolumeAttachment',
]);

/** The object under its name, in its namespace where its kind has one. */
export function placedObject(object: KubernetesObject, name: string, namespace: string): KubernetesObject {
  const place = CLUSTER_SCOPED.has(object.kind ?? '') ? {} : { namespace };
  return { ...object, metadata: { ...object.metadata, name, ...place } };
}
