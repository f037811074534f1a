/** Sums over the tables, kept by the verbs so that metrics never scan. `check.ts` recomputes them from the rows. */
import { PodPhase } from './pod-table.ts';

export class Totals {
  /** Pods by PodPhase. */
  readonly podsByPhase: Float64Array = new Float64Array(5);
  podsTerminating = 0;
  /** Pods on nodes that have any inter-pod affinity or anti-affinity. */
  podsWithAffinity = 0;
  nodesAlive = 0;
  nodesUp = 0;
  /** Alive nodes without pods other than DaemonSets' (pinned ones). */
  nodesEmpty = 0;
  /** By pool, then resource column: `pool * stride + column`, over alive nodes. */
  allocatable: Float64Array = new Float64Array(0);
  requested: Float64Array = new Float64Array(0);
  /** The same over alive nodes that are not empty. */
  allocatableNonEmpty: Float64Array = new Float64Array(0);
  requestedNonEmpty: Float64Array = new Float64Array(0);
  nodesByPool: Float64Array = new Float64Array(0);
  stride = 0;

  /** Pods on nodes by priority, in ascending order of priority. */
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
    if (at === priorities.length || priorities[at].priority !== priority) priorities.splice(at, 0, { priority, count: 0 });
    priorities[at].count += sign;
  }

  get podsPending(): number {
    return this.podsByPhase[PodPhase.Pending];
  }

  /** Makes room; keeps what is there. */
  resize(pools: number, stride: number): void {
    if (stride === this.stride && pools <= this.nodesByPool.length) return;
    const widen = (source: Float64Array): Float64Array => {
      const next = new Float64Array(pools * stride);
      const known = Math.min(pools, this.nodesByPool.length);
      for (let pool = 0; pool < known; pool++) next.set(source.subarray(pool * this.stride, (pool + 1) * this.stride), pool * stride);
      return next;
    };
    this.allocatable = widen(this.allocatable);
    this.requested = widen(this.requested);
    this.allocatableNonEmpty = widen(this.allocatableNonEmpty);
    this.requestedNonEmpty = widen(this.requestedNonEmpty);
    const nodes = new Float64Array(pools);
    nodes.set(this.nodesByPool.subarray(0, Math.min(pools, this.nodesByPool.length)));
    this.nodesByPool = nodes;
    this.stride = stride;
  }
}
