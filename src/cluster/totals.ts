/** Sums over the tables, kept by the verbs so that metrics never scan. `check.ts` recomputes them from the rows. */
import type { NodeTable } from './node-table.ts';
import { PodPhase } from './pod-table.ts';
import type { ResourceVector } from './resources.ts';

export class Totals {
  /** Pods by PodPhase. */
  readonly podsByPhase: Float64Array = new Float64Array(6);
  podsTerminating = 0;
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

  /**
   * Adds or takes a pod's amounts in its node and in the sums, and tracks whether the node is empty. `work`: what it
   * adds to the node's pods that are not DaemonSets'.
   */
  accountPod(nodes: NodeTable, node: number, { columns, amounts }: ResourceVector, work: number, sign: 1 | -1): void {
    const isEmpty = nodes.workPods[node] + work === 0;
    const flips = isEmpty !== (nodes.workPods[node] === 0);
    const counts = nodes.alive[node] === 1;
    if (flips && counts) this.countNode(nodes, node, -1);
    const base = node * nodes.stride;
    for (let i = 0; i < columns.length; i++) nodes.requested[base + columns[i]] += sign * amounts[i];
    nodes.workPods[node] += work;
    if (!counts) return;
    if (flips) {
      this.countNode(nodes, node, 1);
      return;
    }
    const at = nodes.pool[node] * this.stride;
    for (let i = 0; i < columns.length; i++) {
      this.requested[at + columns[i]] += sign * amounts[i];
      if (!isEmpty) this.requestedNonEmpty[at + columns[i]] += sign * amounts[i];
    }
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
      for (let pool = 0; pool < known; pool++)
        next.set(source.subarray(pool * this.stride, (pool + 1) * this.stride), pool * stride);
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

  /** Adds or takes a node's amounts. */
  countNode(nodes: NodeTable, row: number, sign: 1 | -1): void {
    const isEmpty = nodes.workPods[row] === 0;
    const from = row * nodes.stride;
    const at = nodes.pool[row] * this.stride;
    if (isEmpty) this.nodesEmpty += sign;
    for (let column = 0; column < nodes.stride; column++) {
      const allocatable = sign * nodes.allocatable[from + column];
      const requested = sign * nodes.requested[from + column];
      this.allocatable[at + column] += allocatable;
      this.requested[at + column] += requested;
      if (isEmpty) continue;
      this.allocatableNonEmpty[at + column] += allocatable;
      this.requestedNonEmpty[at + column] += requested;
    }
  }
}
