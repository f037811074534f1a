/**
 * Which CSI volume stands behind a claim, a volume or an in-tree volume of a pod. Upstream translates in-tree volumes
 * with tables of its own; here the volumes that Podyard reads (GCE persistent disk, AWS EBS) are translated, other
 * in-tree drivers by name only. Source: plugins/nodevolumelimits/{csi,utils}.go,
 * staging/src/k8s.io/csi-translation-lib/plugins.
 */
import type { SchedulerCache } from '../cache/scheduler-cache.ts';
import type { CSINode, PersistentVolumeClaim } from '../../cluster/objects.ts';
import {
  CSI_MIGRATIONS,
  claimClassOf,
  findClass,
  findVolume,
  namespaceOf,
  volumeNameOf,
} from '../../cluster/volume-claims.ts';
import type { InTreeSources } from '../../cluster/volume-claims.ts';

export const MIGRATED_PLUGINS = 'storage.alpha.kubernetes.io/migrated-plugins';

export interface CsiVolume {
  readonly driver: string;
  readonly handle: string;
}

export function isMigratable(volume: InTreeSources): boolean {
  return volume.gcePersistentDisk !== undefined || volume.awsElasticBlockStore !== undefined;
}

/** undefined: no CSI volume on this node. */
export function inTreeVolume(volume: InTreeSources, csiNode: CSINode | undefined): CsiVolume | undefined {
  if (volume.awsElasticBlockStore !== undefined) {
    const { volumeID } = volume.awsElasticBlockStore;
    return migrated('kubernetes.io/aws-ebs', volumeID.slice(volumeID.lastIndexOf('/') + 1), csiNode);
  }
  if (volume.gcePersistentDisk === undefined) return undefined;
  return migrated(
    'kubernetes.io/gce-pd',
    `projects/UNSPECIFIED/zones/UNSPECIFIED/disks/${volume.gcePersistentDisk.pdName}`,
    csiNode,
  );
}

/** Of an unbound claim: the driver of its class, and a handle that no other volume has. undefined: not counted. */
export function claimedVolume(
  claim: PersistentVolumeClaim,
  csiNode: CSINode | undefined,
  cluster: SchedulerCache,
): CsiVolume | undefined {
  const volume = findVolume(cluster, volumeNameOf(claim));
  if (volume === undefined) return volumeToProvision(claim, csiNode, cluster);
  const { csi } = volume.spec ?? {};
  if (csi !== undefined) return { driver: csi.driver, handle: csi.volumeHandle };
  return inTreeVolume(volume.spec ?? {}, csiNode);
}

function volumeToProvision(
  claim: PersistentVolumeClaim,
  csiNode: CSINode | undefined,
  cluster: SchedulerCache,
): CsiVolume | undefined {
  const provisioner = findClass(cluster, claimClassOf(claim))?.provisioner;
  if (provisioner === undefined || provisioner === '') return undefined;
  const handle = `unbound-${namespaceOf(claim)}/${claim.metadata?.name ?? ''}`;
  return CSI_MIGRATIONS.has(provisioner) ? migrated(provisioner, handle, csiNode) : { driver: provisioner, handle };
}

/** A node says in an annotation which in-tree drivers are served by CSI there. */
function migrated(inTree: string, handle: string, csiNode: CSINode | undefined): CsiVolume | undefined {
  const driver = CSI_MIGRATIONS.get(inTree);
  const served = (csiNode?.metadata?.annotations?.[MIGRATED_PLUGINS] ?? '').split(',');
  return driver !== undefined && served.includes(inTree) ? { driver, handle } : undefined;
}
