/**
 * The cluster with pods moved about in thought. Places 0 and up are node rows, the places after them are nodes that
 * are on their way. A node is copied when it is first changed; moves can be taken back to any mark.
 *
 * Looking for a node costs a Filter per node the first time; for a template whose filters look at the node alone, a
 * "no" is remembered until the node changes, so that a pod that fits nowhere costs a comparison per node. Moves that
 * are known to fit can be put off until somebody looks at one of their places.
 */
import { growUint32, growUint8 } from '../../base/growable.ts';
import type { SchedulerCache } from '../cache/scheduler-cache.ts';
import { GPU_MILLI, devicesFor } from '../../cluster/gpu-devices.ts';
import { compileNode } from '../../cluster/node-facts.ts';
import { NodeInfo } from '../cache/node-info.ts';
import { nodeAllocatable } from '../../cluster/node-changes.ts';
import type { Node } from '../../cluster/objects.ts';
import type { PodTemplate } from '../../cluster/pod-template.ts';
import type { DaemonPodsSource, PlacementOracle } from './placement-oracle.ts';
import { ThoughtCopies } from './thought-copies.ts';

/** Pods of one node that have found another place each, in order. */
export interface Moves {
  readonly row: number;
  readonly pods: readonly number[];
  /** As long as `pods`. */
  readonly places: readonly number[];
}

export class WhatIfCluster {
  private readonly cluster: SchedulerCache;
  private readonly placement: PlacementOracle;
  private readonly priorityCutoff: number;
  private readonly copies = new ThoughtCopies();
  private upcoming: readonly NodeInfo[] = [];
  private rows = 0;
  /** The moves, one entry in each below `mark`: a pod, its place, 1 when it was added there. */
  private readonly movedPods: number[] = [];
  private readonly movedPlaces: number[] = [];
  private readonly movedIn: (0 | 1)[] = [];
  /** By local kind of pods: the node generation at which each row said no, 0: never. */
  private readonly refusals = new Map<number, Uint32Array>();
  private moveCount = 0;
  /** By place: what was put off there, in order; and 1 where that is anything. */
  private readonly putOffAt: Moves[][] = [];
  private isPutOff: Uint8Array = new Uint8Array(0);
  private nextPlace = 0;
  private templatesSeen = 0;
  private hasExpendable = false;

  /** Pods below `priorityCutoff` are not there at all. */
  constructor(cluster: SchedulerCache, placement: PlacementOracle, priorityCutoff: number) {
    this.cluster = cluster;
    this.placement = placement;
    this.priorityCutoff = priorityCutoff;
  }

  /** Starts from the cluster as it is, with nodes that will come. */
  begin(upcoming: readonly NodeInfo[]): void {
    this.placement.refresh();
    this.moveCount = 0;
    this.upcoming = upcoming;
    this.rows = this.cluster.nodes.length;
    this.copies.clear(this.rows + upcoming.length);
    if (this.rows > this.isPutOff.length) this.isPutOff = growUint8(this.isPutOff, this.cluster.nodes.capacity);
    this.isPutOff.fill(0);
    this.leaveOutExpendable();
  }

  isThere(place: number): boolean {
    return place < this.rows ? this.cluster.nodes.alive[place] === 1 : place < this.rows + this.upcoming.length;
  }

  info(place: number): NodeInfo {
    if (this.isPutOff[place] === 1) this.carryOut(place);
    if (this.copies.has(place)) return this.copies.get(place);
    return place < this.rows ? this.cluster.nodes.info[place] : this.upcoming[place - this.rows];
  }

  /** A place that takes the pod, -1 for none: the hint first, then all from where the last search ended. */
  findPlace(pod: number, hint: number, isAllowed: (place: number) => boolean): number {
    if (hint >= 0 && this.isThere(hint) && isAllowed(hint) && this.placement.fits(pod, this.info(hint))) return hint;
    const kind = this.placement.localKind(pod);
    const refusals = kind < 0 ? null : this.refusalsOf(kind);
    const count = this.rows + this.upcoming.length;
    let place = count > 0 ? this.nextPlace % count : 0;
    for (let i = 0; i < count; i++, place = place + 1 < count ? place + 1 : 0) {
      if (refusals !== null && this.isRefused(place, refusals)) continue;
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
    this.noteMove(pod, place, 1);
    this.placement.podAdded(pod, info);
  }

  remove(pod: number, place: number): void {
    const info = this.copyOf(place);
    info.removePod(pod, this.cluster.templateOf(pod));
    this.noteMove(pod, place, 0);
    this.placement.podRemoved(pod, info);
  }

  /** Whether the pod's template and a node alone decide if it may go there, whichever node it is. */
  isOpen(pod: number): boolean {
    return this.placement.isOpen(pod);
  }

  /** Whether filters that look at no more than a node decide where those of `pods` may go that are on `row`. */
  areLocal(row: number, pods: readonly number[]): boolean {
    const { node, pinnedNode } = this.cluster.pods;
    return pods.every((pod) => node[pod] !== row || pinnedNode[pod] >= 0 || this.placement.localKind(pod) >= 0);
  }

  /** The first pod of each template. */
  oneOfEachTemplate(pods: readonly number[]): number[] {
    const { template } = this.cluster.pods;
    return pods.filter((pod, index) => pods.findIndex((other) => template[other] === template[pod]) === index);
  }

  /** Grows with every change of the node or its pods; -1 for a node that is on its way. */
  generation(place: number): number {
    return place < this.rows ? this.cluster.nodes.generation[place] : -1;
  }

  /** Grows when the order of the node's pods changes otherwise. */
  orderVersion(row: number): number {
    return this.cluster.nodes.info[row].orderVersion;
  }

  fits(pod: number, place: number): boolean {
    return this.placement.fits(pod, this.info(place));
  }

  /**
   * What moves among nodes that are there, and are known to fit, mean for one of the nodes. Nothing is done before it
   * is looked at; it cannot be taken back, and filters that look beyond a node do not learn of it.
   */
  putOff(place: number, moves: Moves): void {
    if (this.isPutOff[place] === 1) this.putOffAt[place].push(moves);
    else {
      this.isPutOff[place] = 1;
      this.putOffAt[place] = [moves];
    }
  }

  get mark(): number {
    return this.moveCount;
  }

  rollback(mark: number): void {
    const back = this.moveCount - mark;
    for (let move = this.moveCount - 1; move >= mark; move--) {
      const pod = this.movedPods[move];
      const copy = this.copyOf(this.movedPlaces[move]);
      if (this.movedIn[move] === 1) copy.removePod(pod, this.cluster.templateOf(pod));
      else copy.addPod(pod, this.cluster.templateOf(pod));
    }
    this.moveCount = mark;
    this.placement.rollback(this.placement.moveCount - back);
  }

  private noteMove(pod: number, place: number, isIn: 0 | 1): void {
    const move = this.moveCount++;
    this.movedPods[move] = pod;
    this.movedPlaces[move] = place;
    this.movedIn[move] = isIn;
  }

  /** Whether the place said no to the template and has not changed since, in thought or otherwise. */
  private isRefused(place: number, refusals: Uint32Array): boolean {
    return place < this.rows && refusals[place] === this.cluster.nodes.generation[place] && !this.isMoved(place);
  }

  private isMoved(place: number): boolean {
    return this.copies.has(place) || this.isPutOff[place] === 1;
  }

  private carryOut(place: number): void {
    this.isPutOff[place] = 0;
    const copy = this.copyOf(place);
    for (const { row, pods, places } of this.putOffAt[place]) {
      for (let i = 0; i < pods.length; i++) {
        if (row === place) copy.removePod(pods[i], this.cluster.templateOf(pods[i]));
        else if (places[i] === place) copy.addPod(pods[i], this.cluster.templateOf(pods[i]));
      }
    }
  }

  /** For a place that is not known to refuse. */
  private fitsRemembering(pod: number, place: number, refusals: Uint32Array | null): boolean {
    if (this.placement.fits(pod, this.info(place))) return true;
    if (refusals !== null && place < this.rows && !this.copies.has(place))
      refusals[place] = this.cluster.nodes.generation[place];
    return false;
  }

  private refusalsOf(kind: number): Uint32Array {
    let refusals = this.refusals.get(kind);
    if (refusals === undefined || refusals.length < this.rows) {
      refusals =
        refusals === undefined
          ? new Uint32Array(this.cluster.nodes.capacity)
          : growUint32(refusals, this.cluster.nodes.capacity);
      this.refusals.set(kind, refusals);
    }
    return refusals;
  }

  private copyOf(place: number): NodeInfo {
    if (this.isPutOff[place] === 1) this.carryOut(place);
    return this.copies.has(place)
      ? this.copies.get(place)
      : this.copies.make(place, this.info(place), this.cluster.nodes.stride);
  }

  private leaveOutExpendable(): void {
    const { cluster } = this;
    for (; this.templatesSeen < cluster.templates.count; this.templatesSeen++) {
      if (cluster.templates.get(this.templatesSeen).priority < this.priorityCutoff) this.hasExpendable = true;
    }
    if (!this.hasExpendable) return;
    const { pods } = cluster;
    for (let pod = 0; pod < pods.length; pod++) {
      if (pods.node[pod] < 0) continue;
      const template = cluster.templateOf(pod);
      if (template.priority < this.priorityCutoff) this.copyOf(pods.node[pod]).removePod(pod, template);
    }
  }
}

/** A node that does not exist yet, with room taken for its DaemonSets' pods. */
export function nodeInThought(cluster: SchedulerCache, node: Node, daemons: DaemonPodsSource | null): NodeInfo {
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
  info.devices = devicesFor(amounts.columns.get(cluster.resources.find(GPU_MILLI)) ?? 0);
  templates.forEach((template, index) => {
    info.account(template, 1);
    // No pod has a row below 0.
    if (template.gpu !== null) info.devices?.takeChosen(-1 - index, template.gpu);
  });
  info.allowedPods = Math.max(0, amounts.pods - templates.length);
  return info;
}
