/**
 * The pod table: one row a pod, columns as typed arrays, freed rows reused. 115 bytes a row; what few pods have
 * (restarts, an exit code, failures before it) stands apart.
 * A row number with its incarnation names a pod for ever: events that were meant for an earlier pod of the row compare
 * incarnations and do nothing. Only Cluster writes here.
 */
import { assert } from '../base/assert.ts';
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
  /** It has ended and is on no node any more; the object is kept until somebody deletes it. */
  Succeeded: 4,
  Failed: 5,
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
  /** By the kubelet, whose node ran out of something. */
  NodePressure: 6,
  /** By the kubelet of a node that shuts down. */
  NodeShutdown: 7,
  /** By the kubelet, for a critical pod. */
  KubeletPreemption: 8,
} as const;
export type EvictionCause = (typeof EvictionCause)[keyof typeof EvictionCause];
export const EVICTION_CAUSE_NAMES: readonly string[] = [
  'none', 'taint', 'nodeFailure', 'preemption', 'scaleDown', 'api', 'nodePressure', 'nodeShutdown', 'kubeletPreemption',
];

/** Bits of PodTable.flags. */
export const PodFlag = {
  /** Condition Ready is True. */
  Ready: 1,
  /** Finalizer batch.kubernetes.io/job-tracking: the Job controller has not counted it yet. */
  Tracked: 2,
} as const;

/** What few pods have. */
export interface PodHistory {
  /** Restarts of its containers, all together. */
  readonly restarts: number;
  /** Of the container that ended. */
  readonly exitCode: number;
  /** Failures of the same completion index before this pod (annotation batch.kubernetes.io/job-index-failure-count). */
  readonly indexFailures: number;
  /** Of those, the ones that a podFailurePolicy ignores. */
  readonly ignoredFailures: number;
  /** Why its containers wait, when its kubelet has said so: `ImagePullBackOff`; '': nothing was said. */
  readonly waits: string;
  /** status.reason and status.message of a pod that its kubelet has made fail; '': it has not. */
  readonly reason: string;
  readonly message: string;
}
export const NO_HISTORY: PodHistory = {
  restarts: 0, exitCode: 0, indexFailures: 0, ignoredFailures: 0, waits: '', reason: '', message: '',
};

export interface EndNote extends Partial<Pick<PodHistory, 'exitCode' | 'reason' | 'message'>> {
  /** Other than None: condition DisruptionTarget. */
  readonly cause?: EvictionCause;
}

/** Names an object for as long as anybody speaks of it: its row, and the number of those that have lived there. */
export interface RowName {
  readonly row: number;
  readonly incarnation: number;
}

/** With the place in the order of creation. */
export interface PodRowName extends RowName {
  readonly serial: number;
}

export class PodTable {
  capacity = 0;
  /** Rows ever used; rows below it are live or on the free list. */
  length = 0;
  private freeHead = -1;
  private serials = 0;
  /** Those who learn late that a pod is gone, and by row how many have not yet. */
  private holders = 0;
  private readonly held = new Map<number, number>();
  private readonly histories = new Map<number, PodHistory>();

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
  /**
   * Interned name of the only node this pod may go to (a DaemonSet pod), -1: any. Stands for required affinity to
   * `metadata.name In [name]`.
   */
  pinnedNode: Int32Array = new Int32Array(0);
  /** Completion index of a Job's pod, or ordinal of a StatefulSet's; -1: its work has no number. */
  item: Int32Array = new Int32Array(0);
  /** Counts pods in order of creation: the order of their UIDs. */
  serial: Uint32Array = new Uint32Array(0);
  /** PodFlag bits. */
  flags: Uint8Array = new Uint8Array(0);
  /** EvictionCause of a terminating pod, or of one that has failed for it (condition DisruptionTarget). */
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
  /** lastTransitionTime of the condition Ready. */
  readyAt: Float64Array = new Float64Array(0);
  /** When its containers had ended for good. */
  endedAt: Float64Array = new Float64Array(0);
  /** Run time known to the simulator only; Infinity: for ever. */
  durationMicros: Float64Array = new Float64Array(0);

  /** A cleared row; its incarnation is one more than the last pod's there. `as`: the row to be taken, which is free. */
  allocate(as?: PodRowName): number {
    if (as !== undefined) return this.take(as);
    let row = this.freeHead;
    if (row >= 0) this.freeHead = this.owner[row];
    else {
      row = this.length++;
      if (row >= this.capacity) this.grow(row + 1);
    }
    this.incarnation[row]++;
    this.serial[row] = this.serials++;
    return this.clear(row);
  }

  private take({ row, incarnation, serial }: PodRowName): number {
    if (row >= this.capacity) this.grow(row + 1);
    this.length = Math.max(this.length, row + 1);
    assert(this.phase[row] === PodPhase.Free, 'a row that is taken is free');
    this.incarnation[row] = incarnation;
    this.serial[row] = serial;
    return this.clear(row);
  }

  private clear(row: number): number {
    this.node[row] = this.slot[row] = this.owner[row] = this.nominatedNode[row] = this.pinnedNode[row] = -1;
    this.item[row] = -1;
    this.cause[row] = this.flags[row] = 0;
    this.readyAt[row] = this.endedAt[row] = NaN;
    this.boundAt[row] = this.startedAt[row] = this.deletionAt[row] = this.acknowledgedAt[row] = NaN;
    this.durationMicros[row] = Infinity;
    return row;
  }

  /** The row may be used again, at once or when all holders have let it go. */
  free(row: number): void {
    this.phase[row] = PodPhase.Free;
    if (this.holders > 0) this.held.set(row, this.holders);
    else this.reuse(row);
  }

  /** One more who learns late: no row is used again before it has let the pod go. */
  hold(): void {
    this.holders++;
  }

  letGo(row: number): void {
    const left = (this.held.get(row) ?? 0) - 1;
    assert(left >= 0, 'a row that nobody holds is not let go');
    if (left > 0) this.held.set(row, left);
    else if (this.held.delete(row)) this.reuse(row);
  }

  private reuse(row: number): void {
    if (this.histories.size > 0) this.histories.delete(row);
    this.owner[row] = this.freeHead;
    this.freeHead = row;
  }

  /** Pods that have ever been. */
  get createdCount(): number {
    return this.serials;
  }

  isTerminating(row: number): boolean {
    return this.deletionAt[row] === this.deletionAt[row];
  }

  /** A pod that has not ended. */
  isLive(row: number): boolean {
    return this.phase[row] !== PodPhase.Free && this.phase[row] < PodPhase.Succeeded;
  }

  /** Succeeded or Failed. */
  hasEnded(row: number): boolean {
    return this.phase[row] >= PodPhase.Succeeded;
  }

  isReady(row: number): boolean {
    return (this.flags[row] & PodFlag.Ready) !== 0;
  }

  isTracked(row: number): boolean {
    return (this.flags[row] & PodFlag.Tracked) !== 0;
  }

  /** Neither ended nor terminating (pkg/controller/controller_utils.go, IsPodActive). */
  isActive(row: number): boolean {
    return this.phase[row] < PodPhase.Succeeded && !this.isTerminating(row);
  }

  history(row: number): PodHistory {
    return this.histories.get(row) ?? NO_HISTORY;
  }

  note(row: number, changes: Partial<PodHistory>): void {
    this.histories.set(row, { ...this.history(row), ...changes });
  }

  /** What is said of its end. */
  noteEnd(row: number, { cause = EvictionCause.None, exitCode = 0, reason = '', message = '' }: EndNote): void {
    if (cause !== EvictionCause.None) this.cause[row] = cause;
    if (exitCode !== 0 || reason !== '') this.note(row, { exitCode, reason, message });
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
    this.item = growInt32(this.item, capacity);
    this.serial = growUint32(this.serial, capacity);
    this.flags = growUint8(this.flags, capacity);
    this.cause = growUint8(this.cause, capacity);
    this.createdAt = growFloat64(this.createdAt, capacity);
    this.boundAt = growFloat64(this.boundAt, capacity);
    this.startedAt = growFloat64(this.startedAt, capacity);
    this.deletionAt = growFloat64(this.deletionAt, capacity);
    this.acknowledgedAt = growFloat64(this.acknowledgedAt, capacity);
    this.readyAt = growFloat64(this.readyAt, capacity);
    this.endedAt = growFloat64(this.endedAt, capacity);
    this.durationMicros = growFloat64(this.durationMicros, capacity);
    this.capacity = capacity;
  }
}
