/**
 * What ails nodes whose machines run: cut off from the API server, a slow kubelet, a container runtime that hangs, a
 * registry that pulls do not reach, a disk that somebody fills. No object tells of it: it is the truth of the machines,
 * which kubelets and heartbeats follow. Causes overlap and are counted; of several slownesses, and of several fillings,
 * the worst counts. Loaded only where a scenario has such failures.
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
  /** Its container runtime no longer, or again, answers. */
  runtimeHung?(node: number, isHung: boolean): void;
  /** So large a share of its root file system is taken by others than pods and images; 0: none. */
  diskFilled?(node: number, share: number): void;
}

/** For the digest. */
const Trouble = { Cut: 1, Slow: 2, Registry: 3, Hang: 4, Disk: 5 } as const;

export class NodeTroubles implements ClusterObserver {
  readonly listeners: TroubleListener[] = [];
  private readonly cluster: Cluster;
  /** By node row: causes. */
  private readonly cuts = new Map<number, number>();
  private readonly registries = new Map<number, number>();
  private readonly hangs = new Map<number, number>();
  private readonly slowings = new Map<number, number[]>();
  private readonly fillings = new Map<number, number[]>();

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

  isHung(node: number): boolean {
    return this.hangs.has(node);
  }

  slowFactor(node: number): number {
    return worstOf(this.slowings, node, 1);
  }

  /** Of its root file system, from 0 to 1. */
  filledShare(node: number): number {
    return worstOf(this.fillings, node, 0);
  }

  /** A new machine has no troubles of the old one. */
  nodeRemoving(node: number): void {
    this.cuts.delete(node);
    this.registries.delete(node);
    this.hangs.delete(node);
    this.slowings.delete(node);
    this.fillings.delete(node);
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

  hang(node: number): boolean {
    if (!count(this.hangs, node)) return false;
    return this.tell(node, Trouble.Hang, (listener) => listener.runtimeHung?.(node, true));
  }

  answer(node: number): boolean {
    if (!discount(this.hangs, node)) return false;
    return this.tell(node, -Trouble.Hang, (listener) => listener.runtimeHung?.(node, false));
  }

  slow(node: number, factor: number): boolean {
    const before = this.slowFactor(node);
    addTo(this.slowings, node, factor);
    return this.tellFactor(node, before);
  }

  /** `factor`: one that was given to `slow`. */
  hasten(node: number, factor: number): boolean {
    const before = this.slowFactor(node);
    takeFrom(this.slowings, node, factor);
    return this.tellFactor(node, before);
  }

  fillDisk(node: number, share: number): boolean {
    const before = this.filledShare(node);
    addTo(this.fillings, node, share);
    return this.tellFilled(node, before);
  }

  /** `share`: one that was given to `fillDisk`. */
  emptyDisk(node: number, share: number): boolean {
    const before = this.filledShare(node);
    takeFrom(this.fillings, node, share);
    return this.tellFilled(node, before);
  }

  private tellFilled(node: number, before: number): boolean {
    const share = this.filledShare(node);
    return share !== before && this.tell(node, Trouble.Disk, (listener) => listener.diskFilled?.(node, share));
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

function worstOf(causes: ReadonlyMap<number, readonly number[]>, node: number, none: number): number {
  const found = causes.get(node);
  return found === undefined ? none : Math.max(...found);
}

function addTo(causes: Map<number, number[]>, node: number, cause: number): void {
  causes.set(node, [...(causes.get(node) ?? []), cause]);
}

function takeFrom(causes: Map<number, number[]>, node: number, cause: number): void {
  const left = [...(causes.get(node) ?? [])];
  const at = left.indexOf(cause);
  assert(at >= 0, `node row ${String(node)} has no such trouble as ${String(cause)}`);
  left.splice(at, 1);
  if (left.length === 0) causes.delete(node);
  else causes.set(node, left);
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
