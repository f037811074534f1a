/**
 * What kubelets of nodes that are cut off from the API server keep to themselves: what has happened there and nobody
 * has heard of, and which pods have lost Ready meanwhile. Where a container runtime hangs it is the same: nothing that
 * is asked for is done, and nothing that happens is seen. Loaded only where a scenario has such failures.
 */
import type { Micros } from '../base/time.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { NodeTroubles } from '../cluster/node-troubles.ts';

export class CutNodes {
  private readonly cluster: Cluster;
  private readonly troubles: NodeTroubles;
  /** By node row: what is told when the node is back. */
  private readonly heldBack = new Map<number, (() => void)[]>();
  /** Nodes whose pods have lost Ready, and machines that came back, while nobody heard of them. */
  private readonly unreported = new Set<number>();
  private readonly returned = new Set<number>();
  private readonly since = new Map<number, Micros>();

  constructor(cluster: Cluster, troubles: NodeTroubles) {
    this.cluster = cluster;
    this.troubles = troubles;
  }

  /** Or its container runtime hangs. */
  isNodeCut(node: number): boolean {
    return this.troubles.isCut(node) || this.troubles.isHung(node);
  }

  isCut(pod: number): boolean {
    return this.isNodeCut(this.cluster.pods.node[pod]);
  }

  /** Whether the node's kubelet has told of all that became of its pods. */
  isReported(node: number): boolean {
    return !this.unreported.has(node) && !this.isNodeCut(node);
  }

  slowed(pod: number, micros: Micros): Micros {
    return Math.round(micros * this.troubles.slowFactor(this.cluster.pods.node[pod]));
  }

  begin(node: number): void {
    this.unreported.add(node);
    // Cut off while its runtime hangs: it has heard of nothing since the first of both.
    if (!this.since.has(node)) this.since.set(node, this.cluster.now);
  }

  /** Somebody has found it silent and taken Ready back from its pods. */
  foundSilent(node: number): void {
    this.unreported.add(node);
  }

  isUnreported(node: number): boolean {
    return this.unreported.has(node);
  }

  /** Its machine came back, and nobody hears of it. */
  machineReturned(node: number): void {
    this.returned.add(node);
  }

  holdBack(node: number, told: () => void): void {
    const held = this.heldBack.get(node) ?? [];
    this.heldBack.set(node, held);
    held.push(told);
  }

  machineStopped(node: number): void {
    this.heldBack.delete(node);
  }

  nodeRemoved(node: number): void {
    this.unreported.delete(node);
    this.returned.delete(node);
    this.since.delete(node);
  }

  /**
   * The node is heard of again. Tells what was held back, and since when it was cut off (Infinity: it was not); null:
   * its machine has come back meanwhile, and begins anew.
   */
  reached(node: number): Micros | null {
    this.unreported.delete(node);
    if (this.returned.delete(node)) return null;
    const since = this.since.get(node) ?? Infinity;
    this.since.delete(node);
    const told = this.heldBack.get(node) ?? [];
    this.heldBack.delete(node);
    for (const tell of told) tell();
    return since;
  }
}
