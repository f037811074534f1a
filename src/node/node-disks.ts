/**
 * Disks of nodes: a root file system with what running pods write and what others fill it with; images, there or on a
 * file system of their own. Unused images are removed by the kubelet's garbage collection (image-gc.ts) and when it
 * has to reclaim space, and are pulled again by whoever needs them. A node's capacity of ephemeral-storage is the size
 * of its root file system, of which 90 % at most can be allocated.
 *
 * Loaded only where something looks at disks. Costs nothing a node until somebody asks; an answer is a walk over the
 * node's pods and images.
 */
import { unitsFromText } from '../base/quantity.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { NodeTroubles } from '../cluster/node-troubles.ts';
import { NodeChange } from '../cluster/observer.ts';
import type { ClusterObserver } from '../cluster/observer.ts';
import type { Use } from './application-runs.ts';
import type { ImagePulls, ImageShelf } from './image-pulls.ts';
import type { PodUses } from './pod-lives.ts';
import { usesOnNode } from './pod-uses.ts';
import type { DiskSettings } from './settings.ts';

/** Of something that a node has: what is left of it, and how fast that becomes less. */
export interface Level {
  readonly left: number;
  readonly perMicro: number;
  readonly capacity: number;
}

const EPHEMERAL = 'ephemeral-storage';
/** As mke2fs makes them. */
const BYTES_PER_INODE = 16 * 1024;
/** Allocatable is what the default hard threshold of nodefs.available leaves of the capacity. */
const ALLOCATABLE_SHARE = 0.9;

export interface DiskParts {
  readonly settings: DiskSettings;
  readonly images: ImagePulls;
  /** null: nobody fills a disk. */
  readonly troubles: NodeTroubles | null;
  /** Of a running pod now. */
  readonly usesOf: (pod: number) => Pick<PodUses, 'storage' | 'inodes'>;
}

export class NodeDisks implements ClusterObserver, ImageShelf {
  /** Told of each node whose images have changed. */
  onImages: (node: number) => void = () => undefined;
  readonly isImageDiskApart: boolean;
  private readonly cluster: Cluster;
  private readonly parts: DiskParts;
  /** Image ids that Node objects name beside another name of the same image, to the id of its first name. */
  private readonly firstNames = new Map<number, number>();
  /** By image id: as Node objects tell. */
  private readonly toldSizes = new Map<number, number>();

  constructor(cluster: Cluster, parts: DiskParts) {
    this.cluster = cluster;
    this.parts = parts;
    this.isImageDiskApart = parts.settings.imageBytes !== null;
    parts.images.shelf = this;
    cluster.observe(this);
  }

  nodeAdded(node: number): void {
    this.learn(node);
  }

  nodeUpdated(node: number, changes: number): void {
    if ((changes & NodeChange.Images) !== 0) this.learn(node);
  }

  /** Which names are one image, and how large it is. */
  private learn(node: number): void {
    const { images } = this.parts;
    for (const { names = [], sizeBytes } of this.cluster.nodes.facts[node].object.status?.images ?? []) {
      const ids = names.map((name) => images.idOf(name));
      const [first = -1] = ids;
      if (first < 0) continue;
      for (const id of ids) if (id !== first) this.firstNames.set(id, first);
      if (sizeBytes !== undefined) this.toldSizes.set(first, sizeBytes);
    }
  }

  // ---- images ----------------------------------------------------------------------------------------------------

  hasRoom(node: number, bytes: number): boolean {
    return this.imageFs(node).left >= bytes;
  }

  imagesChanged(node: number): void {
    this.onImages(node);
  }

  /** Ids of the images on the node, each by its first name. */
  imagesOn(node: number): number[] {
    const ids = new Set<number>();
    for (const id of this.parts.images.imagesOn(node)) ids.add(this.firstName(id));
    return [...ids];
  }

  /** Of those that pods on the node have, whether they run by now or not. */
  imagesInUse(node: number): Set<number> {
    const { nodes, pods } = this.cluster;
    const used = new Set<number>();
    for (const pod of nodes.pods[node])
      for (const id of this.parts.images.imagesOfTemplate(pods.template[pod])) used.add(this.firstName(id));
    return used;
  }

  sizeOf(image: number): number {
    return this.toldSizes.get(image) ?? this.parts.images.sizeOf(image);
  }

  /** Images by their first names. */
  remove(node: number, gone: ReadonlySet<number>): void {
    const { images } = this.parts;
    images.remove(node, images.imagesOn(node).filter((id) => gone.has(this.firstName(id))));
    this.onImages(node);
  }

  private firstName(id: number): number {
    return this.firstNames.get(id) ?? id;
  }

  private imageBytes(node: number): number {
    return this.imagesOn(node).reduce((total, id) => total + this.sizeOf(id), 0);
  }

  // ---- file systems ----------------------------------------------------------------------------------------------

  nodeFs(node: number): Level {
    const { troubles } = this.parts;
    const capacity = this.capacityOf(node);
    const written = this.written(node, 'storage');
    const others = (troubles?.filledShare(node) ?? 0) * capacity + (this.isImageDiskApart ? 0 : this.imageBytes(node));
    return { left: Math.max(0, capacity - others - written.amount), perMicro: written.perMicro, capacity };
  }

  imageFs(node: number): Level {
    const { imageBytes } = this.parts.settings;
    if (imageBytes === null) return this.nodeFs(node);
    return { left: Math.max(0, imageBytes - this.imageBytes(node)), perMicro: 0, capacity: imageBytes };
  }

  /** Images and what others write take none. */
  inodes(node: number): Level {
    const capacity = this.parts.settings.inodes ?? Math.floor(this.capacityOf(node) / BYTES_PER_INODE);
    const { amount, perMicro } = this.written(node, 'inodes');
    return { left: Math.max(0, capacity - amount), perMicro, capacity };
  }

  private written(node: number, what: 'storage' | 'inodes'): Use {
    return usesOnNode(this.cluster, node, (pod) => this.parts.usesOf(pod)[what]);
  }

  private capacityOf(node: number): number {
    const { status } = this.cluster.nodes.facts[node].object;
    const [capacity, allocatable] = [status?.capacity?.[EPHEMERAL], status?.allocatable?.[EPHEMERAL]];
    const least = allocatable === undefined ? 0 : Math.floor(unitsFromText(allocatable) / ALLOCATABLE_SHARE);
    const told = Math.max(capacity === undefined ? 0 : unitsFromText(capacity), least);
    return told > 0 ? told : this.parts.settings.capacityBytes;
  }
}
