/**
 * Nodes on which nobody's leaving would help: without all less important pods the node still rejects the preemptor.
 * Told by one filter alone, where one decides (Profile.decidingFilter), and remembered by (template, node) until the
 * node or its pods change. The dry run, which asks every plugin on a copy, is the plain twin. 16 bytes a node and
 * template.
 */
import { WORD_BITS, WORD_MASK, lowestBit } from '../../base/bits.ts';
import { BoundedMap } from '../../base/bounded-map.ts';
import { growInt32 } from '../../base/growable.ts';
import type { SchedulerCache } from '../cache/scheduler-cache.ts';
import type { NodeInfo } from '../cache/node-info.ts';
import { CHANGE_RING } from '../cache/cached-nodes.ts';
import type { Handle, NodeStatuses, Plugin } from '../framework/plugin-api.ts';
import type { CycleState } from '../framework/cycle-state.ts';
import type { PodInfo } from '../framework/pod-info.ts';
import { countUp, isRejected } from '../framework/status.ts';
import type { Status } from '../framework/status.ts';
import { NO_VICTIMS } from '../preemption/victims.ts';
import type { NominatedNodes } from './nominated-nodes.ts';

/** In place of an index: the node is not among those of the dry run. */
const ABSENT = -1;

/** Templates that are remembered. */
const MOST_TEMPLATES = 64;

interface Verdicts {
  /** By node row: the node's generation that the verdict is of, and the verdict; null: there is hope. */
  generations: Uint32Array;
  readonly statuses: (Status | null)[];
  /**
   * The nodes that the last dry run was about, the index of each row among them (-1: none), and a bit by index: there
   * is hope.
   */
  list: readonly NodeInfo[] | null;
  indexOf: Int32Array;
  hopeful: Int32Array;
  /** By the same index why there is none, and how many nodes have which reason. */
  readonly reasons: (Status | null)[];
  readonly counts: Map<Status, number>;
  /** Changes of the node table that `hopeful` knows of. */
  seenChanges: number;
}

export interface Tries {
  /**
   * The first index from `from` on, among the nodes of the dry run, of one that has to be tried; their number: there is
   * none.
   */
  next(from: number): number;
  /** Why one of the others is hopeless. */
  why(node: NodeInfo): Status | null;
  /** Of the nodes of the dry run that are hopeless by themselves, how many are so why. */
  readonly counts: ReadonlyMap<Status, number>;
}

export class HopelessNodes {
  private readonly cluster: SchedulerCache;
  private readonly byTemplate = new BoundedMap<number, Verdicts>(MOST_TEMPLATES, noVerdicts);
  /** Bits of one dry run. */
  private bits: Int32Array = new Int32Array(0);

  constructor(cluster: SchedulerCache) {
    this.cluster = cluster;
  }

  /**
   * For one dry run over `nodes`; null: each has to be tried. Good until the next one. Looks at the nodes that have
   * changed since the last one, as long as it is about the same list. `nominated`: up to date; null: nobody follows
   * nominations. `lowest` gives the least priority on a node.
   */
  triesAmong(
    handle: Handle, state: CycleState, pod: PodInfo, cycle: NodeStatuses, nodes: readonly NodeInfo[],
    nominated: NominatedNodes | null, lowest: (node: NodeInfo) => number,
  ): Tries | null {
    const filter = handle.decidingFilter?.(pod.template) ?? null;
    if (filter === null) return null;
    const verdicts = this.of(pod.template.id);
    const why = (node: NodeInfo): Status | null =>
      lowest(node) >= pod.priority ? NO_VICTIMS : this.known(verdicts, filter, state, pod, cycle, node);
    this.bringUpToDate(verdicts, nodes, why);
    const bits = this.bitsFor(handle, verdicts, nominated);
    return { next: (from) => nextBit(bits, from, nodes.length), why, counts: verdicts.counts };
  }

  /** With the pods that are nominated to it a node says other things than by itself. */
  private bitsFor(handle: Handle, { hopeful, indexOf }: Verdicts, nominated: NominatedNodes | null): Int32Array {
    if (handle.nominationCount() === 0) return hopeful;
    if (this.bits.length < hopeful.length) this.bits = new Int32Array(hopeful.length);
    this.bits.set(hopeful);
    if (nominated === null) {
      for (const name of handle.nominations().keys()) {
        const row = handle.snapshot.find(name)?.row ?? -1;
        if (row >= 0 && indexOf[row] >= 0) setBit(this.bits, indexOf[row]);
      }
      return this.bits;
    }
    for (const row of nominated.rows) if (indexOf[row] >= 0) setBit(this.bits, indexOf[row]);
    return this.bits;
  }

  private bringUpToDate(verdicts: Verdicts, nodes: readonly NodeInfo[], why: (node: NodeInfo) => Status | null): void {
    const { changeCount, changedRows, info, capacity } = this.cluster.nodes;
    const { list, seenChanges } = verdicts;
    if (list === null || verdicts.indexOf.length < capacity || changeCount - seenChanges > CHANGE_RING) {
      verdicts.indexOf = new Int32Array(capacity).fill(ABSENT);
      verdicts.reasons.length = 0;
      verdicts.counts.clear();
      changeList(verdicts, [], nodes, why);
    } else {
      if (list !== nodes) changeList(verdicts, list, nodes, why);
      for (let i = seenChanges; i < changeCount; i++) {
        const row = changedRows[i & (CHANGE_RING - 1)];
        const index = verdicts.indexOf[row];
        if (index >= 0) note(verdicts, index, why(info[row]));
      }
    }
    verdicts.list = nodes;
    verdicts.seenChanges = changeCount;
  }

  private known(verdicts: Verdicts, filter: Plugin, state: CycleState, pod: PodInfo, cycle: NodeStatuses, node: NodeInfo): Status | null {
    const { row } = node;
    const { generation } = this.cluster.nodes;
    if (verdicts.generations[row] !== generation[row]) {
      verdicts.generations[row] = generation[row];
      verdicts.statuses[row] =
        cycle.ofNode(node)?.plugin === filter.name ? this.verdict(filter, state, pod, node) : null;
    }
    return verdicts.statuses[row];
  }

  private verdict(plugin: Plugin, state: CycleState, pod: PodInfo, live: NodeInfo): Status | null {
    const { cluster } = this;
    const node = live.whatIf(cluster.nodes.stride);
    for (const other of live.pods) {
      const template = cluster.templateOf(other);
      if (template.priority < pod.priority) node.removePod(other, template);
    }
    const status = plugin.filter?.(state, pod, node) ?? null;
    return status !== null && isRejected(status) ? status : null;
  }

  private of(template: number): Verdicts {
    const { capacity } = this.cluster.nodes;
    const verdicts = this.byTemplate.of(template);
    if (verdicts.generations.length < capacity) verdicts.generations = new Uint32Array(capacity);
    return verdicts;
  }
}

function noVerdicts(): Verdicts {
  return {
    generations: new Uint32Array(0),
    statuses: [],
    list: null,
    indexOf: new Int32Array(0),
    hopeful: new Int32Array(0),
    reasons: [],
    counts: new Map(),
    seenChanges: 0,
  };
}

/**
 * From one list of nodes to another. Mostly a few have come or gone between the others: those that stay keep their
 * verdicts, right or not.
 */
function changeList(
  verdicts: Verdicts, before: readonly NodeInfo[], nodes: readonly NodeInfo[], why: (node: NodeInfo) => Status | null,
): void {
  const { indexOf, reasons, counts } = verdicts;
  let from = 0;
  while (from < before.length && from < nodes.length && before[from] === nodes[from]) from++;
  const known = reasons.splice(from);
  for (let i = from; i < nodes.length; i++) {
    const { row } = nodes[i];
    const isNew = indexOf[row] < 0;
    const reason = isNew ? why(nodes[i]) : known[indexOf[row] - from];
    if (isNew && reason !== null) countUp(counts, reason, 1);
    reasons.push(reason);
    // Told from the places in the list before, until those that have left it are found.
    indexOf[row] = ABSENT - 1 - i;
  }
  for (let i = from; i < before.length; i++) {
    const { row } = before[i];
    if (indexOf[row] < 0) continue;
    const reason = known[i - from];
    if (reason !== null) countUp(counts, reason, -1);
    indexOf[row] = ABSENT;
  }
  const words = (nodes.length >> WORD_BITS) + 1;
  if (verdicts.hopeful.length < words) verdicts.hopeful = growInt32(verdicts.hopeful, words);
  const { hopeful } = verdicts;
  hopeful.fill(0, (from >> WORD_BITS) + 1);
  hopeful[from >> WORD_BITS] &= (1 << (from & WORD_MASK)) - 1;
  for (let i = from; i < nodes.length; i++) {
    indexOf[nodes[i].row] = i;
    if (reasons[i] === null) setBit(hopeful, i);
  }
}

/** null: there is hope. */
function note({ hopeful, reasons, counts }: Verdicts, index: number, reason: Status | null): void {
  if (reason === null) setBit(hopeful, index);
  else hopeful[index >> WORD_BITS] &= ~(1 << (index & WORD_MASK));
  const before = reasons[index];
  if (before === reason) return;
  reasons[index] = reason;
  if (before !== null) countUp(counts, before, -1);
  if (reason !== null) countUp(counts, reason, 1);
}

function setBit(bits: Int32Array, index: number): void {
  bits[index >> WORD_BITS] |= 1 << (index & WORD_MASK);
}

/** The first set bit from `from` on; `length` if there is none. */
function nextBit(bits: Int32Array, from: number, length: number): number {
  if (from >= length) return length;
  let word = from >> WORD_BITS;
  let left = bits[word] & (-1 << (from & WORD_MASK));
  const last = (length - 1) >> WORD_BITS;
  while (left === 0 && word < last) left = bits[++word];
  return left === 0 ? length : (word << WORD_BITS) + lowestBit(left);
}
