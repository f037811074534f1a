/**
 * The pod table: one row a pod, columns as typed arrays, freed rows reused. About 110 bytes a row.
 * A row number with its incarnation names a pod for ever: events that were meant for an earlier pod of the row compare
 * incarnations and do nothing. Only Cluster writes here.
 */
import { growFloat64, growInt32, growUint32, growUint8, grownCapacity } from '../base/growable.ts';

/** Where a pod stands in its life. Terminating is a property beside it (`deletionAt`). */
export const PodPhase = {
  /** The row is not in use. */
  Free: 0,
  /** Created, no node. */
  Pending: 1,
  /** Bound; images, sandbox, containers on their way. */
  Bound: 2,
  Running: 3,
} as const;
export type PodPhase = (typeof PodPhase)[keyof typeof PodPhase];

/** How a pod left the system. */
export const PodOutcome = {
  Succeeded: 0,
  Failed: 1,
  /** Deleted by its owner or user in the normal course. */
  Deleted: 2,
  /** Deleted against its will; see EvictionCause. */
  Evicted: 3,
} as const;
export type PodOutcome = (typeof PodOutcome)[keyof typeof PodOutcome];
export const POD_OUTCOME_NAMES: readonly string[] = ['Succeeded', 'Failed', 'Deleted', 'Evicted'];

/** Why a pod is made to go. */
export const EvictionCause = {
  None: 0,
  /** NoExecute taint not (or no longer) tolerated: what a dead node leads to. */
  Taint: 1,
  /** The node was removed, or restarted under a pod that does not restart. */
  NodeFailure: 2,
  Preemption: 3,
  ScaleDown: 4,
  Api: 5,
} as const;
export type EvictionCause = (typeof EvictionCause)[keyof typeof EvictionCause];
export const EVICTION_CAUSE_NAMES: readonly string[] = ['none', 'taint', 'nodeFailure', 'preemption', 'scaleDown', 'api'];

export class PodTable {
  capacity = 0;
  /** Rows ever used; rows below it are live or on the free list. */
  length = 0;
  private freeHead = -1;

  /** PodPhase. */
  phase: Uint8Array = new Uint8Array(0);
  template: Int32Array = new Int32Array(0);
  /** Node row, -1 while there is none. */
  node: Int32Array = new Int32Array(0);
  /** Index in the node's pod list. */
  slot: Int32Array = new Int32Array(0);
  /** Row in the owner table of whoever made the pod, -1: nobody. On a free row: the next free row. */
  owner: Int32Array = new Int32Array(0);
  /** Index into Cluster.classes. */
  workloadClass: Int32Array = new Int32Array(0);
  /** Counts the pods that have lived in this row. */
  incarnation: Uint32Array = new Uint32Array(0);
  /** Interned name, or name prefix when `nameOrdinal` is not negative. */
  nameBase: Int32Array = new Int32Array(0);
  nameOrdinal: Int32Array = new Int32Array(0);
  /** Interned name of status.nominatedNodeName, -1: none. */
  nominatedNode: Int32Array = new Int32Array(0);
  /** Interned name of the only node this pod may go to (a DaemonSet pod), -1: any. Stands for required affinity to `metadata.name In [name]`. */
  pinnedNode: Int32Array = new Int32Array(0);
  /** EvictionCause of a terminating pod. */
  cause: Uint8Array = new Uint8Array(0);
  /** Micros; NaN until it happened. */
  createdAt: Float64Array = new Float64Array(0);
  boundAt: Float64Array = new Float64Array(0);
  /** Start of the current run. */
  startedAt: Float64Array = new Float64Array(0);
  /** deletionTimestamp (when deletion was asked for), NaN while not terminating. */
  deletionAt: Float64Array = new Float64Array(0);
  /** status.startTime: when the kubelet acknowledged the pod; what preemption compares. */
  acknowledgedAt: Float64Array = new Float64Array(0);
  /** Run time known to the simulator only; Infinity: for ever. */
  durationMicros: Float64Array = new Float64Array(0);

  /** A cleared row; its incarnation is one more than the last pod's there. */
  allocate(): number {
    let row = this.freeHead;
    if (row >= 0) this.freeHead = this.owner[row];
    else {
      row = this.length++;
      if (row >= this.capacity) this.grow(row + 1);
    }
    this.incarnation[row]++;
    this.node[row] = this.slot[row] = this.owner[row] = this.nominatedNode[row] = this.pinnedNode[row] = -1;
    this.cause[row] = 0;
    this.boundAt[row] = this.startedAt[row] = this.deletionAt[row] = this.acknowledgedAt[row] = NaN;
    this.durationMicros[row] = Infinity;
    return row;
  }

  free(row: number): void {
    this.phase[row] = PodPhase.Free;
    this.owner[row] = this.freeHead;
    this.freeHead = row;
  }

  isTerminating(row: number): boolean {
    return this.deletionAt[row] === this.deletionAt[row];
  }

  private grow(needed: number): void {
    const capacity = grownCapacity(this.capacity, needed);
    this.phase = growUint8(this.phase, capacity);
    this.template = growInt32(this.template, capacity);
    this.node = growInt32(this.node, capacity);
    this.slot = growInt32(this.slot, capacity);
    this.owner = growInt32(this.owner, capacity);
    this.workloadClass = growInt32(this.workloadClass, capacity);
    this.incarnation = growUint32(this.incarnation, capacity);
    this.nameBase = growInt32(this.nameBase, capacity);
    this.nameOrdinal = growInt32(this.nameOrdinal, capacity);
    this.nominatedNode = growInt32(this.nominatedNode, capacity);
    this.pinnedNode = growInt32(this.pinnedNode, capacity);
    this.cause = growUint8(this.cause, capacity);
    this.createdAt = growFloat64(this.createdAt, capacity);
    this.boundAt = growFloat64(this.boundAt, capacity);
    this.startedAt = growFloat64(this.startedAt, capacity);
    this.deletionAt = growFloat64(this.deletionAt, capacity);
    this.acknowledgedAt = growFloat64(this.acknowledgedAt, capacity);
    this.durationMicros = growFloat64(this.durationMicros, capacity);
    this.capacity = capacity;
  }
}
