/**
 * The node table. Amounts stand row-major (`row * stride + resource column`) in two Float64Arrays; a resource seen for
 * the first time widens all rows. NodeInfo objects, one a node, point into them. Only Cluster writes here.
 */
import { growFloat64, growInt32, growUint32, growUint8, grownCapacity } from '../base/growable.ts';
import { LabelColumns } from './label-columns.ts';
import type { LabelColumn } from './label-columns.ts';
import { NodeInfo } from './node-info.ts';
import type { NodeFacts } from './node-info.ts';

/** Length of the ring of changed rows; a power of two. Whoever is further behind has to look at all nodes. */
export const CHANGE_RING = 4096;

export class NodeTable {
  capacity = 0;
  /** Rows ever used. */
  length = 0;
  /** Resource columns a row has room for. */
  stride = 4;
  private readonly freeRows: number[] = [];

  /** undefined on free rows. */
  readonly info: NodeInfo[] = [];
  allocatable: Float64Array = new Float64Array(0);
  requested: Float64Array = new Float64Array(0);
  nonZero: Float64Array = new Float64Array(0);
  /** 1: a Node object exists. 0: free, or a ghost that still has pods. */
  alive: Uint8Array = new Uint8Array(0);
  /** 1: the machine works (the simulator's truth, not the Ready condition). */
  up: Uint8Array = new Uint8Array(0);
  /** Index into Cluster.pools. */
  pool: Int32Array = new Int32Array(0);
  /** Counts the nodes that have lived in this row. */
  incarnation: Int32Array = new Int32Array(0);
  createdAt: Float64Array = new Float64Array(0);
  /** Grows with every change of the node or its pods; what caches per node compare with. Never 0 on a used row. */
  generation: Uint32Array = new Uint32Array(0);
  /** Grows with every change of the node's object. Never 0 on a used row. */
  factsGeneration: Uint32Array = new Uint32Array(0);
  /** Label values as numbers; use `labelColumn`. */
  readonly labels: LabelColumns = new LabelColumns();
  /** Rows whose generation grew, in order: a ring, `changeCount` is where the next one goes (modulo CHANGE_RING). */
  readonly changedRows: Int32Array = new Int32Array(CHANGE_RING);
  changeCount = 0;

  /** The node or its pods changed. */
  touch(row: number): void {
    this.generation[row]++;
    this.changedRows[this.changeCount++ & (CHANGE_RING - 1)] = row;
  }

  /** The nodes' values of a label as numbers, kept up to date. */
  labelColumn(key: string): LabelColumn {
    return this.labels.column(key, this.info);
  }

  allocate(facts: NodeFacts): number {
    const reused = this.freeRows.pop();
    const row = reused ?? this.length++;
    if (row >= this.capacity) this.grow(row + 1);
    this.incarnation[row]++;
    const { allocatable, requested, nonZero, stride } = this;
    allocatable.fill(0, row * stride, (row + 1) * stride);
    requested.fill(0, row * stride, (row + 1) * stride);
    nonZero.fill(0, row * 2, row * 2 + 2);
    this.info[row] = new NodeInfo(row, facts, { allocatable, requested, base: row * stride, nonZero, nonZeroBase: row * 2 });
    return row;
  }

  free(row: number): void {
    this.alive[row] = 0;
    this.freeRows.push(row);
  }

  /** Makes room for resource columns below `count`. */
  widen(count: number): void {
    if (count <= this.stride) return;
    const stride = grownCapacity(this.stride, count);
    this.allocatable = restride(this.allocatable, this.capacity, this.stride, stride);
    this.requested = restride(this.requested, this.capacity, this.stride, stride);
    this.stride = stride;
    this.repoint();
  }

  private grow(needed: number): void {
    const capacity = grownCapacity(this.capacity, needed);
    this.allocatable = growFloat64(this.allocatable, capacity * this.stride);
    this.requested = growFloat64(this.requested, capacity * this.stride);
    this.nonZero = growFloat64(this.nonZero, capacity * 2);
    this.alive = growUint8(this.alive, capacity);
    this.up = growUint8(this.up, capacity);
    this.pool = growInt32(this.pool, capacity);
    this.incarnation = growInt32(this.incarnation, capacity);
    this.createdAt = growFloat64(this.createdAt, capacity);
    this.generation = growUint32(this.generation, capacity);
    this.factsGeneration = growUint32(this.factsGeneration, capacity);
    this.labels.grow(capacity);
    this.capacity = capacity;
    this.repoint();
  }

  private repoint(): void {
    for (let row = 0; row < this.info.length; row++) {
      const info = this.info[row];
      info.allocatable = this.allocatable;
      info.requested = this.requested;
      info.base = row * this.stride;
      info.nonZero = this.nonZero;
    }
  }
}

function restride(source: Float64Array, rows: number, from: number, to: number): Float64Array {
  const next = new Float64Array(rows * to);
  for (let row = 0; row < rows; row++) next.set(source.subarray(row * from, (row + 1) * from), row * to);
  return next;
}
