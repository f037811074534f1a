/**
 * What ails nodes whose machines run: cut off from the API server, a slow kubelet, a registry that pulls do not reach.
 * No object tells of it: it is the truth of the machines, which kubelets and heartbeats follow. Causes overlap and are
 * counted; of several slownesses the worst counts. Loaded only where a scenario has such failures.
 *
 * Costs an entry for each node that something ails, and a question about one is a look into an empty map otherwise.
 */
import { assert } from '../base/assert.ts';
import type { Cluster } from './cluster.ts';
import type { ClusterObserver } from './observer.ts';
import { Verb } from './verb.ts';

export interface TroubleListener {
  /** The node can no longer, or again, reach the API server. */
  nodeCut?(node: number, isCut: boolean): void;
  /** Whatever its kubelet does takes so many times as long; 1: as usual. */
  nodeSlowed?(node: number, factor: number): void;
  registryLost?(node: number, isLost: boolean): void;
}

/** For the digest. */
const Trouble = { Cut: 1, Slow: 2, Registry: 3 } as const;

export class NodeTroubles implements ClusterObserver {
  readonly listeners: TroubleListener[] = [];
  private readonly cluster: Cluster;
  /** By node row: causes. */
  private readonly cuts = new Map<number, number>();
  private readonly registries = new Map<number, number>();
  private readonly slowings = new Map<number, number[]>();

  constructor(cluster: Cluster) {
    this.cluster = cluster;
    cluster.observe(this);
  }

  isCut(node: number): boolean {
    return this.cuts.has(node);
  }

  isRegistryLost(node: number): boolean {
    return this.registries.has(node);
  }

  slowFactor(node: number): number {
    const factors = this.slowings.get(node);
    return factors === undefined ? 1 : Math.max(...factors);
  }

  /** A new machine has no troubles of the old one. */
  nodeRemoving(node: number): void {
    this.cuts.delete(node);
    this.registries.delete(node);
    this.slowings.delete(node);
  }

  /** true: it was not cut off before. */
  cut(node: number): boolean {
    return count(this.cuts, node) && this.tell(node, Trouble.Cut, (listener) => listener.nodeCut?.(node, true));
  }

  mend(node: number): boolean {
    return discount(this.cuts, node) && this.tell(node, -Trouble.Cut, (listener) => listener.nodeCut?.(node, false));
  }

  loseRegistry(node: number): boolean {
    if (!count(this.registries, node)) return false;
    return this.tell(node, Trouble.Registry, (listener) => listener.registryLost?.(node, true));
  }

  findRegistry(node: number): boolean {
    if (!discount(this.registries, node)) return false;
    return this.tell(node, -Trouble.Registry, (listener) => listener.registryLost?.(node, false));
  }

  slow(node: number, factor: number): boolean {
    const before = this.slowFactor(node);
    this.slowings.set(node, [...(this.slowings.get(node) ?? []), factor]);
    return this.tellFactor(node, before);
  }

  /** `factor`: one that was given to `slow`. */
  hasten(node: number, factor: number): boolean {
    const before = this.slowFactor(node);
    const left = [...(this.slowings.get(node) ?? [])];
    const at = left.indexOf(factor);
    assert(at >= 0, `node row ${String(node)} was never made slower by ${String(factor)}`);
    left.splice(at, 1);
    if (left.length === 0) this.slowings.delete(node);
    else this.slowings.set(node, left);
    return this.tellFactor(node, before);
  }

  private tellFactor(node: number, before: number): boolean {
    const factor = this.slowFactor(node);
    return factor !== before && this.tell(node, Trouble.Slow, (listener) => listener.nodeSlowed?.(node, factor));
  }

  /** true, for whoever has changed something. */
  private tell(node: number, trouble: number, notice: (listener: TroubleListener) => void): true {
    this.cluster.feed(Verb.NodeTrouble, node, trouble);
    this.listeners.forEach(notice);
    return true;
  }
}

/** true: it is the first cause. */
function count(causes: Map<number, number>, node: number): boolean {
  const before = causes.get(node) ?? 0;
  causes.set(node, before + 1);
  return before === 0;
}

/** true: it was the last one. */
function discount(causes: Map<number, number>, node: number): boolean {
  const before = causes.get(node) ?? 0;
  assert(before > 0, `nothing of the kind ails node row ${String(node)}`);
  if (before > 1) causes.set(node, before - 1);
  else causes.delete(node);
  return before === 1;
}
