/**
 * The nodes as one scheduling cycle sees them, in the order of upstream's cache: zones in order of first appearance,
 * nodes of a zone in order of addition, dealt round-robin (pkg/scheduler/backend/cache/{node_tree,snapshot}.go).
 * State does not change within a cycle, so NodeInfos are read live; what upstream freezes per node (image counts) is
 * frozen in `images`. The order is made anew only when a name has come or gone since the last cycle: until then a node
 * whose zone label changed, or that was removed and added again under its name, keeps its place (cache.go
 * UpdateSnapshot).
 */
import type { SchedulerCache } from './scheduler-cache.ts';
import type { NodeInfo } from './node-info.ts';
import { CHANGE_RING } from './cached-nodes.ts';
import { NodeChange } from '../../cluster/observer.ts';
import type { CacheObserver } from './cache-observer.ts';
import { ImageStates } from './image-states.ts';
import type { ImageState } from './image-states.ts';

export interface SchedulerSnapshot {
  /** All nodes in cache order. */
  readonly nodes: readonly NodeInfo[];
  find(name: string): NodeInfo | undefined;
  /** What the scheduler knows of an image on a node; undefined: the node lacks it. */
  imageState(node: NodeInfo, image: string): ImageState | undefined;
  /** A number that stands for an image in `imageSpread`. */
  imageNumber(image: string): number;
  /**
   * An image's size times the share of nodes that hold it, cut to whole bytes; 0 where the node of the row lacks it.
   */
  imageSpread(row: number, imageNumber: number): number;
}

export class LiveSnapshot implements SchedulerSnapshot, CacheObserver {
  nodes: NodeInfo[] = [];
  /** Their rows; another array whenever `nodes` is rebuilt. */
  rows: Int32Array = new Int32Array(0);
  /** Index in `nodes` by node row, -1: not there. */
  positionOf: Int32Array = new Int32Array(0);
  /** Grows whenever `nodes` is rebuilt. */
  version = 0;
  /** Rows whose frozen image counts changed, in order: a ring as the node table's. */
  readonly imageChanges: { readonly rows: Int32Array; count: number } = { rows: new Int32Array(CHANGE_RING), count: 0 };
  private readonly cluster: SchedulerCache;
  private readonly images = new ImageStates((row) => {
    this.imageChanges.rows[this.imageChanges.count++ & (CHANGE_RING - 1)] = row;
  });
  /** Zone key to node rows. Map order is the zones' order. */
  private readonly zones = new Map<string, number[]>();
  private readonly zoneOfRow = new Map<number, string>();
  /** Names that are not in `nodes` yet, and names there whose nodes are gone; one that went and came is in neither. */
  private readonly came = new Set<string>();
  private readonly gone = new Set<string>();
  /** Some node came or went. */
  private stale = false;

  constructor(cluster: SchedulerCache) {
    this.cluster = cluster;
    for (let row = 0; row < cluster.nodes.length; row++) if (cluster.nodes.alive[row] === 1) this.nodeAdded(row);
    cluster.observe(this);
  }

  /** To be called at the start of a cycle. */
  refresh(): void {
    if (this.stale) this.renew();
    this.images.refresh();
  }

  find(name: string): NodeInfo | undefined {
    const row = this.cluster.nodeRow(name);
    return row < 0 || this.zoneOfRow.get(row) === undefined ? undefined : this.cluster.nodeInfo(row);
  }

  imageState(node: NodeInfo, image: string): ImageState | undefined {
    return this.images.state(node, image);
  }

  imageNumber(image: string): number {
    return this.images.number(image);
  }

  imageSpread(row: number, imageNumber: number): number {
    return this.images.spread(row, imageNumber, this.rows.length);
  }

  /** Grows when the frozen image counts of a node row change: `imageSpread` hangs on the number of nodes besides. */
  imagesVersion(row: number): number {
    return this.images.version(row);
  }

  nodeAdded(row: number): void {
    const { name } = this.cluster.nodeInfo(row);
    this.place(row);
    if (!this.gone.delete(name)) this.came.add(name);
    this.stale = true;
    this.images.addNode(this.cluster.nodeInfo(row));
  }

  nodeUpdated(row: number, changes: number, before: { readonly facts: NodeInfo['facts'] }): void {
    const info = this.cluster.nodeInfo(row);
    this.images.updateNode(info, before.facts);
    if ((changes & NodeChange.Labels) === 0 || before.facts.zoneKey === info.facts.zoneKey) return;
    this.displace(row);
    this.place(row);
  }

  nodeRemoving(row: number): void {
    const { name } = this.cluster.nodeInfo(row);
    this.displace(row);
    if (!this.came.delete(name)) this.gone.add(name);
    this.stale = true;
    this.images.removeNode(this.cluster.nodeInfo(row));
  }

  /** The node, or a pod on it, has changed. */
  touch(row: number): void {
    this.images.touch(row);
  }

  /** What has changed since the last cycle did so before it: what is frozen stays. */
  forgetTouches(): void {
    this.images.forgetTouches();
  }

  podAssumed(pod: number): void {
    this.images.touch(this.cluster.pods.node[pod]);
  }

  podForgotten(_pod: number, node: number): void {
    this.images.touch(node);
  }

  podBound(pod: number): void {
    this.images.touch(this.cluster.pods.node[pod]);
  }

  podStarted(pod: number): void {
    this.images.touch(this.cluster.pods.node[pod]);
  }

  podTerminating(pod: number): void {
    const node = this.cluster.pods.node[pod];
    if (node >= 0) this.images.touch(node);
  }

  podRemoved(_pod: number, node: number): void {
    if (node >= 0) this.images.touch(node);
  }

  podUpdated(pod: number): void {
    const node = this.cluster.pods.node[pod];
    if (node >= 0) this.images.touch(node);
  }

  podRewritten(pod: number): void {
    this.images.touch(this.cluster.pods.node[pod]);
  }

  private place(row: number): void {
    const zone = this.cluster.nodeInfo(row).facts.zoneKey;
    this.zoneOfRow.set(row, zone);
    const rows = this.zones.get(zone);
    if (rows === undefined) this.zones.set(zone, [row]);
    else rows.push(row);
  }

  private displace(row: number): void {
    const zone = this.zoneOfRow.get(row);
    if (zone === undefined) return;
    const rows = this.zones.get(zone) ?? [];
    rows.splice(rows.indexOf(row), 1);
    if (rows.length === 0) this.zones.delete(zone);
    this.zoneOfRow.delete(row);
  }

  private renew(): void {
    const { info, length } = this.cluster.nodes;
    const rows = this.came.size + this.gone.size > 0 ? this.treeOrder() : this.sameOrder();
    const nodes: NodeInfo[] = [];
    const positionOf = new Int32Array(length).fill(-1);
    for (let position = 0; position < rows.length; position++) {
      const row = rows[position];
      nodes.push(info[row]);
      positionOf[row] = position;
    }
    this.rows = rows;
    this.nodes = nodes;
    this.positionOf = positionOf;
    this.version++;
    this.came.clear();
    this.gone.clear();
    this.stale = false;
  }

  /** The same names, whichever nodes bear them now. */
  private sameOrder(): Int32Array {
    return Int32Array.from(this.nodes, ({ name }) => this.cluster.nodeRow(name));
  }

  private treeOrder(): Int32Array {
    const order = new Int32Array(this.zoneOfRow.size);
    const zones = [...this.zones.values()];
    for (let index = 0, count = 0; count < order.length; index++) {
      for (let zone = 0; zone < zones.length; zone++) {
        const rows = zones[zone];
        if (index < rows.length) order[count++] = rows[index];
      }
    }
    return order;
  }
}
