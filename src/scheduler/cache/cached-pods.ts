/**
 * The pods as the scheduler's cache has them, by the rows of the pod table: what was seen of each, and the node that
 * the scheduler has chosen for it. What never changes of a pod is read from the pod table. 14 bytes a pod row. Only
 * SchedulerCache writes here.
 */
import { growInt32, growUint8, grownCapacity } from '../../base/growable.ts';
import type { SeenPods } from '../../cluster/observer.ts';
import type { PodTable } from '../../cluster/pod-table.ts';

/** What the scheduler believes of a pod. */
export const PodBelief = {
  /** It has not been seen, or is gone. */
  Unknown: 0,
  /** It has no node. */
  Waiting: 1,
  /** The scheduler has chosen its node; the binding has not been seen yet. */
  Assumed: 2,
  /** It was seen to have a node. */
  Assigned: 3,
} as const;
export type PodBelief = (typeof PodBelief)[keyof typeof PodBelief];

export class CachedPods {
  /** PodBelief. */
  belief: Uint8Array = new Uint8Array(0);
  /** Node row, -1 while there is none. */
  node: Int32Array = new Int32Array(0);
  /** Index in the node's pod list. */
  slot: Int32Array = new Int32Array(0);
  /** Template id as last seen. */
  template: Int32Array = new Int32Array(0);
  /** 1: its deletion was seen to be asked for. */
  terminating: Uint8Array = new Uint8Array(0);
  private readonly table: PodTable;
  private readonly seen: SeenPods;

  constructor(table: PodTable, seen: SeenPods = table) {
    this.table = table;
    this.seen = seen;
  }

  /** Rows ever used. */
  get length(): number {
    return Math.min(this.table.length, this.node.length);
  }

  get incarnation(): Uint32Array {
    return this.table.incarnation;
  }

  /** Micros: when the pod was created. */
  get createdAt(): Float64Array {
    return this.table.createdAt;
  }

  /** Micros: status.startTime; NaN until the kubelet has acknowledged the pod. */
  get acknowledgedAt(): Float64Array {
    return this.seen.acknowledgedAt;
  }

  /** Interned name of status.nominatedNodeName, -1: none. */
  get nominatedNode(): Int32Array {
    return this.table.nominatedNode;
  }

  /** Interned name of the only node that this pod may go to, -1: any. */
  get pinnedNode(): Int32Array {
    return this.table.pinnedNode;
  }

  /** EvictionCause of a terminating pod. */
  get cause(): Uint8Array {
    return this.seen.cause;
  }

  isTerminating(row: number): boolean {
    return this.terminating[row] === 1;
  }

  /** Starts a row anew. */
  enter(row: number): void {
    if (row >= this.node.length) this.grow(row + 1);
    this.belief[row] = PodBelief.Waiting;
    this.node[row] = -1;
    this.template[row] = this.seen.template[row];
    this.terminating[row] = 0;
  }

  private grow(needed: number): void {
    const capacity = grownCapacity(this.node.length, Math.max(needed, this.table.capacity));
    this.belief = growUint8(this.belief, capacity);
    this.node = growInt32(this.node, capacity, -1);
    this.slot = growInt32(this.slot, capacity);
    this.template = growInt32(this.template, capacity);
    this.terminating = growUint8(this.terminating, capacity);
  }
}

/** Sums over the pods that the scheduler's cache has, kept so that plugins never scan. */
export class CacheTotals {
  /** Pods that have any inter-pod affinity or anti-affinity. */
  podsWithAffinity = 0;
  /** Pods that have no node, not even an assumed one. */
  podsPending = 0;
  /** Pods whose binding has not been seen yet. */
  podsAssumed = 0;
  /** Pods by priority, in ascending order of priority. */
  private readonly priorities: { readonly priority: number; count: number }[] = [];

  /** The least priority of a pod on a node; Infinity when there is none. */
  get lowestPriority(): number {
    for (const entry of this.priorities) if (entry.count > 0) return entry.priority;
    return Infinity;
  }

  countPriority(priority: number, sign: 1 | -1): void {
    const { priorities } = this;
    let at = 0;
    while (at < priorities.length && priorities[at].priority < priority) at++;
    if (at === priorities.length || priorities[at].priority !== priority)
      priorities.splice(at, 0, { priority, count: 0 });
    priorities[at].count += sign;
  }
}
