/**
 * VolumeAttachment objects, and how many volumes of a CSI driver a node has beside how many its CSINode object allows.
 * Loaded with attach-detach.ts. Two objects written for each time a volume is attached.
 * Source: pkg/volume/csi/csi_attacher.go (v1.36). An object stands while the volume is attached or is to be; its status
 * is not kept, and its name tells volume and node where upstream has a hash of them.
 */
import type { Cluster } from '../cluster/cluster.ts';
import type { CSINode, PersistentVolume, VolumeAttachment } from '../cluster/objects.ts';
import { inTreeDriver } from '../cluster/volume-claims.ts';

/** '': volumes of a node's own disk, of a host's path or of a network's share are attached to nothing. */
export function driverOf(volume: PersistentVolume | undefined): string {
  const { spec } = volume ?? {};
  return spec?.csi?.driver ?? inTreeDriver(spec ?? {}) ?? '';
}

export interface AttachedVolume {
  readonly volume: string;
  readonly node: string;
  readonly driver: string;
}

export class VolumeAttachments {
  private readonly cluster: Cluster;
  /** By `node/driver`: volumes that hold one of the node's slots. */
  private readonly held = new Map<string, number>();
  /** By `volume/node`: names of objects that others have made. */
  private readonly given = new Map<string, string>();

  constructor(cluster: Cluster) {
    this.cluster = cluster;
  }

  hasRoom({ node, driver }: AttachedVolume): boolean {
    const { spec } = this.cluster.objects.get<CSINode>('CSINode', node) ?? {};
    const most = spec?.drivers?.find(({ name }) => name === driver)?.allocatable?.count ?? Infinity;
    return (this.held.get(`${node}/${driver}`) ?? 0) < most;
  }

  hold({ node, driver }: AttachedVolume, change: 1 | -1): void {
    const key = `${node}/${driver}`;
    const held = (this.held.get(key) ?? 0) + change;
    if (held === 0) this.held.delete(key);
    else this.held.set(key, held);
  }

  /** What a dump has. undefined: it says nothing of a volume and a node. */
  noteGiven({ metadata, spec }: VolumeAttachment): AttachedVolume | undefined {
    const [volume, node] = [spec?.source?.persistentVolumeName ?? '', spec?.nodeName ?? ''];
    if (volume === '' || node === '') return undefined;
    this.given.set(`${volume}/${node}`, metadata?.name ?? '');
    return { volume, node, driver: spec?.attacher ?? '' };
  }

  write(attached: AttachedVolume): void {
    const { volume, node, driver } = attached;
    const name = this.nameOf(attached);
    if (this.cluster.objects.get('VolumeAttachment', name) !== undefined) return;
    const spec = { attacher: driver, nodeName: node, source: { persistentVolumeName: volume } };
    this.cluster.putObject('VolumeAttachment', {
      apiVersion: 'storage.k8s.io/v1', kind: 'VolumeAttachment', metadata: { name }, spec,
    } as VolumeAttachment);
  }

  remove(attached: AttachedVolume): void {
    this.cluster.removeObject('VolumeAttachment', this.nameOf(attached));
    this.given.delete(`${attached.volume}/${attached.node}`);
  }

  private nameOf({ volume, node }: AttachedVolume): string {
    return this.given.get(`${volume}/${node}`) ?? `csi-${volume}.${node}`;
  }
}
