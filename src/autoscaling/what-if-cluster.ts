/**
 * The cluster with pods moved about in thought. Places 0 and up are node rows, the places after them are nodes that
 * are on their way. A node is copied when it is first changed; moves can be taken back to any mark.
 *
 * Looking for a node costs a Filter per node the first time; for a template whose filters look at the node alone, a
 * "no" is remembered until the node changes, so that a pod that fits nowhere costs a comparison per node.
 */
import { growUint32 } from '../base/growable.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { NodeInfo, compileNode } from '../cluster/node-info.ts';
import { nodeAllocatable } from '../cluster/node-changes.ts';
import type { Node } from '../cluster/objects.ts';
import type { PodTemplate } from '../cluster/pod-template.ts';
import type { DaemonPodsSource, PlacementOracle } from './node-autoscaler.ts';

interface Move {
  readonly pod: number;
  readonly place: number;
  readonly isAdded: boolean;
}

export class WhatIfCluster {
  private readonly cluster: Cluster;
  private readonly placement: PlacementOracle;
  private readonly priorityCutoff: number;
  private readonly copies = new Map<number, NodeInfo>();
  private upcoming: readonly NodeInfo[] = [];
  private rows = 0;
  private readonly moves: Move[] = [];
  /** By template: the node generation at which each row said no, 0: never. */
  private readonly refusals = new Map<number, Uint32Array>();
  private nextPlace = 0;
  private templatesSeen = 0;
  private hasExpendable = false;

  /** Pods below `priorityCutoff` are not there at all. */
  constructor(cluster: Cluster, placement: PlacementOracle, priorityCutoff: number) {
    this.cluster = cluster;
    this.placement = placement;
    this.priorityCutoff = priorityCutoff;
  }

  /** Starts from the cluster as it is, with nodes that will come. */
  begin(upcoming: readonly NodeInfo[]): void {
    this.placement.refresh();
    this.copies.clear();
    this.moves.length = 0;
    this.upcoming = upcoming;
    this.rows = this.cluster.nodes.length;
    this.leaveOutExpendable();
  }

  isThere(place: number): boolean {
    return place < this.rows ? this.cluster.nodes.alive[place] === 1 : place < this.rows + this.upcoming.length;
  }

  info(place: number): NodeInfo {
    return this.copies.get(place) ?? (place < this.rows ? this.cluster.nodes.info[place] : this.upcoming[place - this.rows]);
  }

  /** A place that takes the pod, -1 for none: the hint first, then all from where the last search ended. */
  findPlace(pod: number, hint: number, isAllowed: (place: number) => boolean): number {
    if (hint >= 0 && this.isThere(hint) && isAllowed(hint) && this.placement.fits(pod, this.info(hint))) return hint;
    const refusals = this.placement.isNodeLocal(pod) ? this.refusalsOf(this.cluster.pods.template[pod]) : null;
    const count = this.rows + this.upcoming.length;
    for (let i = 0; i < count; i++) {
      const turned = this.nextPlace + i;
      const place = turned % count;
      if (!this.isThere(place) || !isAllowed(place)) continue;
      if (!this.fitsRemembering(pod, place, refusals)) continue;
      this.nextPlace = place;
      return place;
    }
    return -1;
  }

  add(pod: number, place: number): void {
    const info = this.copyOf(place);
    info.addPod(pod, this.cluster.templateOf(pod));
    this.moves.push({ pod, place, isAdded: true });
    this.placement.podAdded(pod, info);
  }

  remove(pod: number, place: number): void {
    const info = this.copyOf(place);
    info.removePod(pod, this.cluster.templateOf(pod));
    this.moves.push({ pod, place, isAdded: false });
    this.placement.podRemoved(pod, info);
  }

  get mark(): number {
    return this.moves.length;
  }

  rollback(mark: number): void {
    const back = this.moves.length - mark;
    while (this.moves.length > mark) {
      const move = this.moves.pop();
      if (move === undefined) break;
      const template = this.cluster.templateOf(move.pod);
      if (move.isAdded) this.copyOf(move.place).removePod(move.pod, template);
      else this.copyOf(move.place).addPod(move.pod, template);
    }
    this.placement.rollback(this.placement.moveCount - back);
  }

  private fitsRemembering(pod: number, place: number, refusals: Uint32Array | null): boolean {
    if (refusals === null || place >= this.rows || this.copies.has(place)) return this.placement.fits(pod, this.info(place));
    const generation = this.cluster.nodes.generation[place];
    if (refusals[place] === generation) return false;
    if (this.placement.fits(pod, this.info(place))) return true;
    refusals[place] = generation;
    return false;
  }

  private refusalsOf(template: number): Uint32Array {
    let refusals = this.refusals.get(template);
    if (refusals === undefined || refusals.length < this.rows) {
      refusals = refusals === undefined ? new Uint32Array(this.cluster.nodes.capacity) : growUint32(refusals, this.cluster.nodes.capacity);
      this.refusals.set(template, refusals);
    }
    return refusals;
  }

  private copyOf(place: number): NodeInfo {
    const known = this.copies.get(place);
    if (known !== undefined) return known;
    const copy = this.info(place).whatIf(this.cluster.nodes.stride);
    this.copies.set(place, copy);
    return copy;
  }

  private leaveOutExpendable(): void {
    const { cluster } = this;
    for (; this.templatesSeen < cluster.templates.count; this.templatesSeen++) {
      if (cluster.templates.get(this.templatesSeen).priority < this.priorityCutoff) this.hasExpendable = true;
    }
    if (!this.hasExpendable) return;
    const { pods } = cluster;
    for (let pod = 0; pod < pods.length; pod++) {
      if (pods.phase[pod] === 0 || pods.node[pod] < 0) continue;
      const template = cluster.templateOf(pod);
      if (template.priority < this.priorityCutoff) this.copyOf(pods.node[pod]).removePod(pod, template);
    }
  }
}

/** A node that does not exist yet, with room taken for its DaemonSets' pods. */
export function nodeInThought(cluster: Cluster, node: Node, daemons: DaemonPodsSource | null): NodeInfo {
  const columns = cluster.nodes.stride;
  const info = new NodeInfo(-1, compileNode(node), {
    allocatable: new Float64Array(columns),
    requested: new Float64Array(columns),
    base: 0,
    nonZero: new Float64Array(2),
    nonZeroBase: 0,
  });
  const amounts = nodeAllocatable(node, cluster.resources);
  for (const [column, amount] of amounts.columns) if (column < columns) info.allocatable[column] = amount;
  const templates: readonly PodTemplate[] = daemons === null ? [] : daemons.templatesFor(info.facts);
  for (const template of templates) info.account(template, 1);
  info.allowedPods = Math.max(0, amounts.pods - templates.length);
  return info;
}
