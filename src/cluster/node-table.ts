/**
 * The node table: what the API server holds of nodes and what their machines do. One row a node, freed rows reused;
 * amounts stand in rows of `stride` columns. Only Cluster writes here. About 50 bytes a node and 16 a resource column.
 */
import { assert } from '../base/assert.ts';
import { growFloat64, growInt32, growUint8, grownCapacity } from '../base/growable.ts';
import type { NodeDevices } from './gpu-devices.ts';
import type { NodeFacts } from './node-facts.ts';
import type { RowName } from './pod-table.ts';

export class NodeTable {
  capacity = 0;
  /** Rows ever used. */
  length = 0;
  /** Resource columns a row has room for. */
  stride = 4;
  private readonly freeRows: number[] = [];
  /** 1: the row stands for a node or a ghost. */
  used: Uint8Array = new Uint8Array(0);

  /** Of the Node object, or of the last one of a ghost. */
  readonly facts: NodeFacts[] = [];
  /** Rows of the pods bound here: appended on arrival, the last one fills the hole on removal. */
  readonly pods: number[][] = [];
  /** GPUs that pods share, and who holds what of them; null: the node offers none. */
  readonly devices: (NodeDevices | null)[] = [];
  /** By resource column: what the Node object offers, and what the pods bound here take. */
  allocatable: Float64Array = new Float64Array(0);
  requested: Float64Array = new Float64Array(0);
  /** Pods that the Node object allows. */
  allowedPods: Float64Array = new Float64Array(0);
  /** How many `pods` there are, for those who look at the nodes in a row. */
  podCount: Int32Array = new Int32Array(0);
  /** Pods here other than DaemonSets' (pinned ones). */
  workPods: Int32Array = new Int32Array(0);
  /** 1: a Node object exists. 0: free, or a ghost that still has pods. */
  alive: Uint8Array = new Uint8Array(0);
  /** 1: the machine works (the simulator's truth, not the Ready condition). */
  up: Uint8Array = new Uint8Array(0);
  /** Index into Cluster.pools. */
  pool: Int32Array = new Int32Array(0);
  /** Counts the nodes that have lived in this row. */
  incarnation: Int32Array = new Int32Array(0);
  /** Pictures of the cluster that have this node: the row is not reused before they have let it go. */
  holds: Int32Array = new Int32Array(0);
  createdAt: Float64Array = new Float64Array(0);

  /** `as`: the row to be taken, which is free. */
  allocate(facts: NodeFacts, as?: RowName): number {
    const row = as?.row ?? this.freeRows.pop() ?? this.length++;
    if (row >= this.capacity) this.grow(row + 1);
    assert(this.used[row] === 0, 'a row that is taken is free');
    // Rows between are filled when their time comes.
    for (; this.length <= row; this.length++) this.pods[this.length] = [];
    this.incarnation[row] = as?.incarnation ?? this.incarnation[row] + 1;
    this.used[row] = 1;
    this.facts[row] = facts;
    this.pods[row] = [];
    this.devices[row] = null;
    this.requested.fill(0, row * this.stride, (row + 1) * this.stride);
    this.podCount[row] = this.workPods[row] = 0;
    return row;
  }

  /** The GPUs that a pod holds on the node of a row; none where that is -1. */
  heldDevices(pod: number, row: number): readonly number[] {
    return this.devices[row]?.devicesOf(pod) ?? [];
  }

  free(row: number): void {
    assert(this.used[row] === 1 && this.alive[row] === 0, 'only a row without a node is freed, and once');
    this.used[row] = 0;
    this.freeRows.push(row);
  }

  /** Makes room for resource columns below `count`. */
  widen(count: number): void {
    if (count <= this.stride) return;
    const before = this.stride;
    this.stride = grownCapacity(before, count);
    this.allocatable = restride(this.allocatable, this.capacity, before, this.stride);
    this.requested = restride(this.requested, this.capacity, before, this.stride);
  }

  private grow(needed: number): void {
    const capacity = grownCapacity(this.capacity, needed);
    this.allocatable = growFloat64(this.allocatable, capacity * this.stride);
    this.requested = growFloat64(this.requested, capacity * this.stride);
    this.allowedPods = growFloat64(this.allowedPods, capacity);
    this.podCount = growInt32(this.podCount, capacity);
    this.workPods = growInt32(this.workPods, capacity);
    this.used = growUint8(this.used, capacity);
    this.alive = growUint8(this.alive, capacity);
    this.up = growUint8(this.up, capacity);
    this.pool = growInt32(this.pool, capacity);
    this.incarnation = growInt32(this.incarnation, capacity);
    this.holds = growInt32(this.holds, capacity);
    this.createdAt = growFloat64(this.createdAt, capacity);
    this.capacity = capacity;
  }
}

/** Rows with room for `to` columns in place of `from`. */
function restride(source: Float64Array, rows: number, from: number, to: number): Float64Array {
  const next = new Float64Array(rows * to);
  for (let row = 0; row < rows; row++) next.set(source.subarray(row * from, (row + 1) * from), row * to);
  return next;
}
