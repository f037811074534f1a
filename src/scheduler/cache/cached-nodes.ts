/**
 * The nodes as the scheduler's cache has them, by the rows of the node table. A node's amounts stand side by side in
 * one block of doubles: allocatable by resource column, requested by resource column, non-zero requests, room for pods.
 * `allocatable`, `requested` and `nonZero` are views of all blocks, shifted so that `row * rowStride` is a node's place
 * in each. A resource seen for the first time widens all rows. NodeInfo objects, one a node, point into them. Only
 * SchedulerCache writes here.
 */
import { growFloat64, growUint32, growUint8, grownCapacity } from '../../base/growable.ts';
import { LabelColumns } from './label-columns.ts';
import type { LabelColumn } from './label-columns.ts';
import { NodeInfo } from './node-info.ts';
import type { NodeFacts } from '../../cluster/node-facts.ts';

/** Length of the ring of changed rows; a power of two. Whoever is further behind has to look at all nodes. */
export const CHANGE_RING = 4096;

/** Place in `nonZero` of the number of pods that a node has room for. */
export const FREE_PODS = 2;

export class CachedNodes {
  capacity = 0;
  /** Rows ever used. */
  length = 0;
  /** Resource columns a row has room for. */
  stride = 4;
  /** Doubles of a row. */
  rowStride: number = rowLength(4);

  /** undefined on rows of which the cache knows no node. */
  readonly info: NodeInfo[] = [];
  allocatable: Float64Array = new Float64Array(0);
  requested: Float64Array = new Float64Array(0);
  /** Milli-cores, bytes, and at FREE_PODS how many more pods the node takes. */
  nonZero: Float64Array = new Float64Array(0);
  /** 1: the cache has a Node object. 0: none, or a ghost that still has pods. */
  alive: Uint8Array = new Uint8Array(0);
  /** Grows with every change of the node or its pods; what caches per node compare with. Never 0 on a used row. */
  generation: Uint32Array = new Uint32Array(0);
  /** Grows with every change of the node's object. Never 0 on a used row. */
  factsGeneration: Uint32Array = new Uint32Array(0);
  /** By column of an extended resource or the like: rows of the nodes that offer it, or have done so. */
  readonly offering: Map<number, Set<number>> = new Map();
  /** Label values as numbers; use `labelColumn`. */
  readonly labels: LabelColumns = new LabelColumns();
  /** Rows whose generation grew, in order: a ring, `changeCount` is where the next one goes (modulo CHANGE_RING). */
  readonly changedRows: Int32Array = new Int32Array(CHANGE_RING);
  changeCount = 0;
  /** The same of rows whose `orderVersion` grew. */
  readonly reorderedRows: Int32Array = new Int32Array(CHANGE_RING);
  reorderCount = 0;
  /** Grows when a node comes or goes, or has other labels. */
  labelsVersion = 0;

  /** The node or its pods changed. */
  touch(row: number): void {
    this.generation[row]++;
    this.changedRows[this.changeCount++ & (CHANGE_RING - 1)] = row;
  }

  /** The order of the node's pods, or when one of them was acknowledged, has changed. */
  reorder(info: NodeInfo): void {
    info.orderVersion++;
    this.reorderedRows[this.reorderCount++ & (CHANGE_RING - 1)] = info.row;
  }

  /** To be called when the node's pods, or how many it allows, have changed in number. */
  countFreePods({ row, allowedPods, pods }: NodeInfo): void {
    this.nonZero[row * this.rowStride + FREE_PODS] = allowedPods - pods.length;
  }

  /** To be called when a node offers some of a resource that not all nodes have. */
  noteOffer(row: number, column: number): void {
    const rows = this.offering.get(column);
    if (rows === undefined) this.offering.set(column, new Set([row]));
    else rows.add(row);
  }

  /** The nodes' values of a label as numbers, kept up to date. */
  labelColumn(key: string): LabelColumn {
    return this.labels.column(key, this.info);
  }

  /** A NodeInfo for a row that has none. */
  make(row: number, facts: NodeFacts): NodeInfo {
    if (row >= this.capacity) this.grow(row + 1);
    this.length = Math.max(this.length, row + 1);
    const { allocatable, requested, nonZero, rowStride } = this;
    const base = row * rowStride;
    allocatable.fill(0, base, base + rowStride);
    return (this.info[row] = new NodeInfo(row, facts, { allocatable, requested, base, nonZero, nonZeroBase: base }));
  }

  /** Makes room for resource columns below `count`. */
  widen(count: number): void {
    if (count <= this.stride) return;
    const before = this.stride;
    this.stride = grownCapacity(before, count);
    this.rowStride = rowLength(this.stride);
    // Before the first node there is no block that a view could point into.
    if (this.capacity > 0) this.lay(restride(this.allocatable, this.capacity, before, this.stride));
  }

  private grow(needed: number): void {
    const capacity = grownCapacity(this.capacity, needed);
    this.alive = growUint8(this.alive, capacity);
    this.generation = growUint32(this.generation, capacity);
    this.factsGeneration = growUint32(this.factsGeneration, capacity);
    this.labels.grow(capacity);
    this.capacity = capacity;
    this.lay(growFloat64(this.allocatable, capacity * this.rowStride));
  }

  /** Points all views and nodes to new blocks. */
  private lay(blocks: Float64Array): void {
    const { stride, rowStride } = this;
    this.allocatable = blocks;
    this.requested = new Float64Array(blocks.buffer, stride * 8);
    this.nonZero = new Float64Array(blocks.buffer, 2 * stride * 8);
    for (let row = 0; row < this.info.length; row++) {
      const info: NodeInfo | undefined = this.info[row];
      if (info === undefined) continue;
      info.allocatable = this.allocatable;
      info.requested = this.requested;
      info.base = info.nonZeroBase = row * rowStride;
      info.nonZero = this.nonZero;
    }
  }
}

/** Doubles of a row with so many resource columns. */
function rowLength(columns: number): number {
  return 2 * columns + 3;
}

/** Blocks with room for `to` columns in place of `from`. */
function restride(source: Float64Array, rows: number, from: number, to: number): Float64Array {
  const width = rowLength(to);
  const next = new Float64Array(rows * width);
  for (let row = 0; row < rows; row++) {
    const at = row * rowLength(from);
    next.set(source.subarray(at, at + from), row * width);
    next.set(source.subarray(at + from, at + 2 * from), row * width + to);
    next.set(source.subarray(at + 2 * from, at + rowLength(from)), row * width + 2 * to);
  }
  return next;
}
