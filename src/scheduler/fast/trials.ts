/**
 * What dry runs found out on nodes: the victims, or why there are none. Remembered by (template, node) until the node,
 * its pods, their order or the nominations to it change; only where filters look at nothing else (Profile.asksNodeOnly)
 * and no disruption budget counts what is taken elsewhere. 60 bytes a node and template, and what was found.
 * Of nodes that stand as bits the best candidate among the first so many is found in a step for 32 nodes, and one for
 * each that has changed (`CandidatesByPlace`). Victims that are a matter of amounts are found without asking plugins
 * (`VictimsByRoom`). A dry run over a list, without memory, that asks them all is the plain twin.
 */
import { WORD_BITS, WORD_MASK, bitCount, bitsFrom, lowestBit, nthBit } from '../../base/bits.ts';
import { BoundedMap } from '../../base/bounded-map.ts';
import type { ResourceVector } from '../../cluster/resources.ts';
import { CHANGE_RING } from '../cache/cached-nodes.ts';
import type { SchedulerCache } from '../cache/scheduler-cache.ts';
import type { NodeInfo } from '../cache/node-info.ts';
import type { Handle, NodeBits, RoomWanted } from '../framework/plugin-api.ts';
import type { PodInfo } from '../framework/pod-info.ts';
import { countUp } from '../framework/status.ts';
import type { Status } from '../framework/status.ts';
import { compareMerits, importanceOrder, meritsOf } from '../preemption/victims.ts';
import type { Candidate } from '../preemption/victims.ts';
import type { NominationLog } from '../queue/nominator.ts';
import type { NominatedNodes } from './nominated-nodes.ts';

/** Templates that are remembered. */
const MOST_TEMPLATES = 16;

export type Trial = Candidate | Status;

const NOBODY: readonly number[] = [];

/** By node row: the trial, and the versions that it is of. */
interface Remembered {
  generations: Uint32Array;
  orders: Uint32Array;
  readonly nominated: (readonly number[])[];
  readonly trials: Trial[];
  readonly places: CandidatesByPlace;
}

export class Trials {
  private readonly cluster: SchedulerCache;
  private readonly byTemplate = new BoundedMap<number, Remembered>(MOST_TEMPLATES, () => ({
    generations: new Uint32Array(0),
    orders: new Uint32Array(0),
    nominated: [],
    trials: [],
    places: new CandidatesByPlace(),
  }));

  constructor(cluster: SchedulerCache) {
    this.cluster = cluster;
  }

  /** For one dry run; null: nothing may be remembered. `nominated`: up to date; null: nobody follows nominations. */
  of(handle: Handle, pod: PodInfo, nominated: NominatedNodes | null): TrialsOfPod | null {
    const { template } = pod;
    if (handle.asksNodeOnly?.(template) !== true || this.cluster.objects.count('PodDisruptionBudget') > 0) return null;
    return new TrialsOfPod(this.cluster, handle, nominated, pod.row, this.rememberedOf(template.id));
  }

  private rememberedOf(template: number): Remembered {
    const { capacity } = this.cluster.nodes;
    const remembered = this.byTemplate.of(template);
    if (remembered.generations.length < capacity) {
      remembered.generations = new Uint32Array(capacity);
      remembered.orders = new Uint32Array(capacity);
    }
    return remembered;
  }
}

class TrialsOfPod {
  private readonly cluster: SchedulerCache;
  private readonly handle: Handle;
  private readonly nominated: NominatedNodes | null;
  private readonly pod: number;
  private readonly remembered: Remembered;

  constructor(
    cluster: SchedulerCache, handle: Handle, nominated: NominatedNodes | null, pod: number, remembered: Remembered,
  ) {
    this.nominated = nominated;
    this.cluster = cluster;
    this.handle = handle;
    this.pod = pod;
    this.remembered = remembered;
  }

  /** Brought up to date for a dry run over these nodes. `log`: of the nominations. */
  places(listed: NodeBits, log: NominationLog): CandidatesByPlace {
    const { places } = this.remembered;
    const rowOf = (nodeName: string): number | undefined => this.handle.snapshot.find(nodeName)?.row;
    places.bringUpToDate(this.cluster.nodes, listed, log, rowOf);
    // A pod's own nomination does not count for it: what it is told there holds for nobody else.
    places.lookEachTime(rowOf(log.nodeOf(this.pod) ?? ''));
    return places;
  }

  find(node: NodeInfo): Trial | undefined {
    const { row, orderVersion } = node;
    const { generations, orders, nominated, trials } = this.remembered;
    if (generations[row] !== this.cluster.nodes.generation[row] || orders[row] !== orderVersion) return undefined;
    const pods = this.nominatedTo(node);
    return nominated[row] === pods && !pods.includes(this.pod) ? trials[row] : undefined;
  }

  /** A list that is never changed but replaced. */
  private nominatedTo({ row, name }: NodeInfo): readonly number[] {
    return this.nominated?.isNominated[row] === 0 ? NOBODY : this.handle.nominatedPods(name);
  }

  keep(node: NodeInfo, trial: Trial): void {
    const { row, orderVersion } = node;
    const pods = this.nominatedTo(node);
    // A pod's own nomination does not count for it.
    if (pods.includes(this.pod)) return;
    const { generations, orders, nominated, trials } = this.remembered;
    generations[row] = this.cluster.nodes.generation[row];
    orders[row] = orderVersion;
    nominated[row] = pods;
    trials[row] = trial;
  }
}

/** The least priority of a pod on each node, looked up once per change of the node. */
export class LowestPriorities {
  private readonly cluster: SchedulerCache;
  /** By node row: the node's generation that `lowest` is of. */
  private generations: Uint32Array = new Uint32Array(0);
  private lowest: Float64Array = new Float64Array(0);

  constructor(cluster: SchedulerCache) {
    this.cluster = cluster;
  }

  /** Infinity: there is no pod. */
  of(node: NodeInfo): number {
    const { row } = node;
    const { generation, capacity } = this.cluster.nodes;
    if (this.generations.length < capacity) {
      this.generations = new Uint32Array(capacity);
      this.lowest = new Float64Array(capacity);
    }
    if (this.generations[row] !== generation[row]) {
      this.generations[row] = generation[row];
      let lowest = Infinity;
      for (const pod of node.pods) lowest = Math.min(lowest, this.cluster.templateOf(pod).priority);
      this.lowest[row] = lowest;
    }
    return this.lowest[row];
  }
}

/** The first candidates of a walk, and the trial of each. */
export interface Walk {
  /** Index of the first node looked at, among the listed ones. */
  readonly offset: number;
  readonly candidates: number;
  /** Of victims that have not started the last node is the best, not the first. */
  readonly takesLast: boolean;
  readonly tryOn: (row: number) => Trial;
}

/** The trials of one template by place in the snapshot's order, and of each 32 places the best candidate. */
export class CandidatesByPlace {
  private rows: Int32Array = new Int32Array(0);
  /** As of the last look. */
  private readonly trials: (Trial | undefined)[] = [];
  /** A bit a place: it has to be looked at; it has a candidate; its reason is counted. */
  private stale: Int32Array = new Int32Array(0);
  private candidates: Int32Array = new Int32Array(0);
  private counted: Int32Array = new Int32Array(0);
  /** By word: the candidates of which the first and the last of the best ones are known, 0: of none. */
  private judged: Int32Array = new Int32Array(0);
  private firstBest: Int32Array = new Int32Array(0);
  private lastBest: Int32Array = new Int32Array(0);
  private readonly reasons = new Map<Status, number>();
  private seenChanges = 0;
  private seenOrders = 0;
  private seenNominations = 0;
  private readonly names = new Set<string>();
  private positionOf: Int32Array = new Int32Array(0);
  private ownRow: number | undefined = undefined;
  /** Of a walk: candidates that are wanted still, and the first and the last of the best; -1: there is none. */
  private wanted = 0;
  private best = -1;
  private last = -1;

  /** Finds the places that have to be looked at again. */
  bringUpToDate(
    nodes: SchedulerCache['nodes'], { rows, positionOf }: NodeBits, log: NominationLog,
    rowOf: (nodeName: string) => number | undefined,
  ): void {
    const { changeCount, reorderCount } = nodes;
    const isFollowed =
      changeCount - this.seenChanges <= CHANGE_RING &&
      reorderCount - this.seenOrders <= CHANGE_RING &&
      log.addChangedSince(this.seenNominations, this.names);
    if (this.rows !== rows) this.begin(rows, positionOf);
    else if (isFollowed) {
      const ring = CHANGE_RING - 1;
      for (let i = this.seenChanges; i < changeCount; i++) this.look(nodes.changedRows[i & ring]);
      for (let i = this.seenOrders; i < reorderCount; i++) this.look(nodes.reorderedRows[i & ring]);
      for (const name of this.names) this.look(rowOf(name));
    } else this.stale.fill(-1);
    this.look(this.ownRow);
    this.seenChanges = changeCount;
    this.seenOrders = reorderCount;
    this.seenNominations = log.changeCount;
    this.names.clear();
  }

  /** What this node says now holds for one walk. */
  lookEachTime(row: number | undefined): void {
    this.ownRow = row;
    this.look(row);
  }

  /** The node of a row has to be looked at. */
  look(row: number | undefined): void {
    const position = row === undefined ? -1 : this.positionOf[row];
    if (position >= 0) this.stale[position >> WORD_BITS] |= 1 << (position & WORD_MASK);
  }

  private begin(rows: Int32Array, positionOf: Int32Array): void {
    const words = (rows.length >> WORD_BITS) + 1;
    this.rows = rows;
    this.positionOf = positionOf;
    this.trials.length = 0;
    this.stale = new Int32Array(words).fill(-1);
    for (const column of ['candidates', 'counted', 'judged', 'firstBest', 'lastBest'] as const)
      this[column] = new Int32Array(words);
    this.reasons.clear();
  }

  /** The best of the first so many candidates among the listed nodes, of which the walk goes around; null: none. */
  choose({ words }: NodeBits, walk: Walk): Candidate | null {
    this.wanted = walk.candidates;
    this.best = this.last = -1;
    const start = nthPlace(words, walk.offset);
    const first = start >> WORD_BITS;
    const fromStart = -1 << (start & WORD_MASK);
    this.step(first, words[first] & fromStart, walk);
    for (let word = first + 1; word < words.length && this.wanted > 0; word++) this.step(word, words[word], walk);
    for (let word = 0; word < first && this.wanted > 0; word++) this.step(word, words[word], walk);
    if (this.wanted > 0) this.step(first, words[first] & ~fromStart, walk);
    if (this.best < 0) return null;
    const { merits } = this.candidateAt(this.best);
    return this.candidateAt(walk.takesLast && merits[merits.length - 1] === Infinity ? this.last : this.best);
  }

  /** When there is none: why, and on how many of the listed nodes. */
  reasonsOf({ words }: NodeBits): ReadonlyMap<Status, number> {
    const { counted, reasons, trials } = this;
    for (let word = 0; word < words.length; word++) {
      for (let left = words[word] ^ counted[word]; left !== 0; left &= left - 1) {
        const bit = lowestBit(left);
        const trial = trials[(word << WORD_BITS) + bit];
        if (trial !== undefined && isReason(trial)) countUp(reasons, trial, ((words[word] >>> bit) & 1) * 2 - 1);
      }
      counted[word] = words[word];
    }
    return reasons;
  }

  /** Some of 32 places. */
  private step(word: number, listed: number, walk: Walk): void {
    for (let left = this.stale[word] & listed; left !== 0; left &= left - 1)
      this.note(word, lowestBit(left), walk.tryOn);
    let found = this.candidates[word] & listed;
    if (found === 0) return;
    const count = bitCount(found);
    if (count > this.wanted) found &= ~bitsFrom(found, this.wanted);
    this.wanted = Math.max(0, this.wanted - count);
    if (this.judged[word] !== found) this.judge(word, found);
    const order = this.best < 0 ? 1 : this.compare(this.firstBest[word], this.best);
    if (order > 0) this.best = this.firstBest[word];
    if (order >= 0) this.last = this.lastBest[word];
  }

  private note(word: number, bit: number, tryOn: (row: number) => Trial): void {
    const position = (word << WORD_BITS) + bit;
    const mask = 1 << bit;
    const before = this.trials[position];
    this.stale[word] &= ~mask;
    const trial = tryOn(this.rows[position]);
    if (trial === before) return;
    this.trials[position] = trial;
    this.judged[word] = 0;
    if (isReason(trial)) this.candidates[word] &= ~mask;
    else this.candidates[word] |= mask;
    if ((this.counted[word] & mask) === 0) return;
    if (before !== undefined && isReason(before)) countUp(this.reasons, before, -1);
    if (isReason(trial)) countUp(this.reasons, trial, 1);
  }

  private judge(word: number, found: number): void {
    let first = -1;
    let last = -1;
    for (let left = found; left !== 0; left &= left - 1) {
      const position = (word << WORD_BITS) + lowestBit(left);
      const order = first < 0 ? 1 : this.compare(position, first);
      if (order > 0) first = position;
      if (order >= 0) last = position;
    }
    this.judged[word] = found;
    this.firstBest[word] = first;
    this.lastBest[word] = last;
  }

  private compare(a: number, b: number): number {
    return compareMerits(this.candidateAt(a), this.candidateAt(b));
  }

  private candidateAt(position: number): Candidate {
    return this.trials[position] as Candidate;
  }
}

export function isReason(trial: Trial): trial is Status {
  return 'code' in trial;
}

/** The place of the n-th set bit, counted from 0; there are more. */
function nthPlace(words: Int32Array, n: number): number {
  let word = 0;
  let left = n;
  for (let count = bitCount(words[0]); count <= left; count = bitCount(words[++word])) left -= count;
  return (word << WORD_BITS) + nthBit(words[word], left);
}

/** Who must go where amounts alone decide (selectVictims, which asks all filters on a copy, is the plain twin). */
export class VictimsByRoom {
  private readonly cluster: SchedulerCache;
  /** By resource column: what would be left beside the pod; Infinity where it wants nothing. */
  private slack: Float64Array = new Float64Array(0);

  constructor(cluster: SchedulerCache) {
    this.cluster = cluster;
  }

  /** null: there is no candidate, or the filters have to say. */
  on(node: NodeInfo, priority: number, wanted: RoomWanted): Candidate | null {
    const { cluster } = this;
    const slack = this.slackOn(node, wanted);
    const lower: number[] = [];
    for (const pod of node.pods) {
      const template = cluster.templateOf(pod);
      if (template.priority >= priority) continue;
      lower.push(pod);
      give(slack, template.accounted);
    }
    let places = node.allowedPods - (node.pods.length - lower.length) - 1;
    if (places < 0 || isShort(slack)) return null;
    if (lower.length > 1) importanceOrder(cluster, lower)(lower);
    const victims: number[] = [];
    for (const pod of lower) {
      if (places > 0 && take(slack, cluster.templateOf(pod).accounted)) places--;
      else victims.push(pod);
    }
    if (victims.length === 0) return null;
    return { nodeName: node.name, victims, pdbViolations: 0, merits: meritsOf(cluster, victims, 0) };
  }

  private slackOn({ allocatable, requested, base }: NodeInfo, { columns, amounts }: RoomWanted): Float64Array {
    const { stride } = this.cluster.nodes;
    if (this.slack.length !== stride) this.slack = new Float64Array(stride);
    const { slack } = this;
    slack.fill(Infinity);
    for (let i = 0; i < columns.length; i++) {
      const at = base + columns[i];
      slack[columns[i]] = allocatable[at] - requested[at] - amounts[i];
    }
    return slack;
  }
}

function isShort(slack: Float64Array): boolean {
  for (let column = 0; column < slack.length; column++) if (slack[column] < 0) return true;
  return false;
}

function give(slack: Float64Array, { columns, amounts }: ResourceVector): void {
  for (let i = 0; i < columns.length; i++) slack[columns[i]] += amounts[i];
}

/** false: it is not there, and nothing is taken. */
function take(slack: Float64Array, { columns, amounts }: ResourceVector): boolean {
  for (let i = 0; i < columns.length; i++) if (slack[columns[i]] < amounts[i]) return false;
  for (let i = 0; i < columns.length; i++) slack[columns[i]] -= amounts[i];
  return true;
}
