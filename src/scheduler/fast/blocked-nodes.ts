/**
 * A template that no node takes, from the walk that found it so: how many nodes have which verdict, which of them
 * something else than the verdict keeps the pod from, and the list of those that preemption may be tried on. Follows
 * the node table's changes; a walk over all nodes is the plain twin. A step a changed node, and one a node where a list
 * is made; the same nodes as bits cost a step for each verdict that something takes the place of.
 */
import { WORD_BITS, WORD_MASK } from '../../base/bits.ts';
import type { SchedulerCache } from '../cache/scheduler-cache.ts';
import type { NodeInfo } from '../cache/node-info.ts';
import { CHANGE_RING } from '../cache/cached-nodes.ts';
import type { LiveSnapshot } from '../cache/snapshot.ts';
import type { NodeBits } from '../framework/plugin-api.ts';
import { Code } from '../framework/status.ts';
import type { Status } from '../framework/status.ts';

/** Remembered verdicts by node row: indexes into `statuses`, 0 where the node takes the pod. */
export interface RememberedVerdicts {
  readonly statuses: readonly (Status | null)[];
  readonly hasErrors: boolean;
  /** The last one, up to date or not. */
  verdictAt(row: number): number;
  isUpToDate(row: number): boolean;
  /** Brought up to date. */
  look(row: number): number;
}

/** A list of nodes, and the rows on which something took the place of the verdict when it was made. */
interface NodeList {
  readonly replaced: readonly number[];
  readonly nodes: readonly NodeInfo[];
}

/** With more nodes that take it most pods of the template find one, and nobody asks for the counts. */
const MOST_FREE = 16;

export class BlockedNodes {
  /** No node takes such a pod, but those that something else keeps it from. */
  holds = false;
  /** The counts are followed: a full walk has found no node, and few have come to pass since. */
  private isFollowed = false;
  /** Nodes by verdict, as of the last look. */
  readonly verdictCounts: number[] = [];
  private readonly cluster: SchedulerCache;
  private readonly snapshot: LiveSnapshot;
  private readonly verdicts: RememberedVerdicts;
  /** Rows that pass, but for something that the verdicts do not know. */
  private readonly passing = new Set<number>();
  /** Of which nodes the counts are, and the change of the node table up to which they hold. */
  private rows: Int32Array = new Int32Array(0);
  private seenChanges = 0;
  private unschedulable: NodeList | null = null;
  private readonly bits = new UnschedulableBits();
  /** By row: 1 while a list is made in which the row's verdict is replaced. */
  private isReplaced: Uint8Array = new Uint8Array(0);

  constructor(cluster: SchedulerCache, snapshot: LiveSnapshot, verdicts: RememberedVerdicts) {
    this.cluster = cluster;
    this.snapshot = snapshot;
    this.verdicts = verdicts;
  }

  /** To be called after a walk over all nodes in which none passed that something else does not keep the pod from. */
  begin(): void {
    this.holds = true;
    if (this.isFollowed) return;
    const { verdictCounts, passing, verdicts } = this;
    verdictCounts.length = 0;
    passing.clear();
    const { rows } = this.snapshot;
    this.bits.begin(this.snapshot);
    for (let position = 0; position < rows.length; position++) {
      const row = rows[position];
      const verdict = verdicts.verdictAt(row);
      verdictCounts[verdict] = (verdictCounts[verdict] ?? 0) + 1;
      if (verdict === 0) passing.add(row);
      if (isUnschedulable(verdicts.statuses[verdict])) this.bits.flip(position);
    }
    this.isFollowed = true;
    this.rows = rows;
    this.unschedulable = null;
    this.seenChanges = this.cluster.nodes.changeCount;
  }

  /** Gives its memory back. */
  forget(): void {
    this.drop();
    this.unschedulable = null;
    this.isReplaced = new Uint8Array(0);
    this.bits.forget();
  }

  /**
   * Whether it is known that no node passes but those that something else keeps the pod from (`except`, by row). Looks
   * again at the nodes that have changed since the last time.
   */
  stillHolds(except: ReadonlyMap<number, unknown>): boolean {
    let free = 0;
    if (this.isFollowed && this.follow()) for (const row of this.passing) if (!except.has(row)) free++;
    this.isFollowed &&= free <= MOST_FREE;
    return (this.holds = this.isFollowed && free === 0);
  }

  /** Verdicts are asked for without `stillHolds`: what is counted is not right any more. */
  drop(): void {
    this.holds = this.isFollowed = false;
  }

  /** Brings the counts up to date; false: they cannot be. */
  private follow(): boolean {
    return (this.isFollowed = this.rows === this.snapshot.rows && this.lookAtChanged());
  }

  private lookAtChanged(): boolean {
    const { nodes } = this.cluster;
    const { positionOf } = this.snapshot;
    const { verdicts, passing, verdictCounts } = this;
    const behind = nodes.changeCount - this.seenChanges;
    if (behind > CHANGE_RING) return false;
    for (let i = this.seenChanges; i < nodes.changeCount; i++) {
      const row = nodes.changedRows[i & (CHANGE_RING - 1)];
      if (row >= positionOf.length || positionOf[row] < 0 || verdicts.isUpToDate(row)) continue;
      const before = verdicts.verdictAt(row);
      const after = verdicts.look(row);
      if (verdicts.hasErrors) return false;
      if (before === after) continue;
      if (before === 0) passing.delete(row);
      if (after === 0) passing.add(row);
      const { [before]: was, [after]: is } = verdicts.statuses;
      if (was?.code !== is?.code) this.unschedulable = null;
      if (isUnschedulable(was) !== isUnschedulable(is)) this.bits.flip(positionOf[row]);
      verdictCounts[before]--;
      verdictCounts[after] = (verdictCounts[after] ?? 0) + 1;
    }
    this.seenChanges = nodes.changeCount;
    return true;
  }

  /** The nodes of `unschedulableNodes`, as bits that are good until it is asked again. */
  unschedulableBits(instead: ReadonlyMap<number, Status>): NodeBits {
    const { bits, verdicts } = this;
    const { positionOf } = this.snapshot;
    bits.restore();
    for (const [row, status] of instead) {
      if (isUnschedulable(status) !== isUnschedulable(verdicts.statuses[verdicts.verdictAt(row)]))
        bits.replace(positionOf[row]);
    }
    return bits;
  }

  /**
   * While it holds: the nodes whose verdict is Unschedulable, in cache order; `instead` has verdicts, by row, that take
   * the place of the remembered ones. The same list as long as the same nodes are in it for the same reasons.
   */
  unschedulableNodes(instead: ReadonlyMap<number, Status>): readonly NodeInfo[] {
    const { verdicts } = this;
    const isOne = verdicts.statuses.map((status) => status?.code === Code.Unschedulable);
    const replaced: number[] = [];
    for (const [row, { code }] of instead)
      if ((code === Code.Unschedulable) !== isOne[verdicts.verdictAt(row)]) replaced.push(row);
    const known = this.unschedulable;
    if (known !== null && isSameList(known.replaced, replaced)) return known.nodes;
    const nodes = this.listOf(isOne, replaced);
    this.unschedulable = { replaced, nodes };
    return nodes;
  }

  /** The nodes with such verdicts, but where they are replaced those without. */
  private listOf(isOne: readonly boolean[], replaced: readonly number[]): readonly NodeInfo[] {
    const { capacity } = this.cluster.nodes;
    const { nodes, rows } = this.snapshot;
    const { verdicts } = this;
    if (this.isReplaced.length < capacity) this.isReplaced = new Uint8Array(capacity);
    const { isReplaced } = this;
    for (const row of replaced) isReplaced[row] = 1;
    const list: NodeInfo[] = [];
    for (let position = 0; position < rows.length; position++) {
      const row = rows[position];
      if (isOne[verdicts.verdictAt(row)] !== (isReplaced[row] === 1)) list.push(nodes[position]);
    }
    for (const row of replaced) isReplaced[row] = 0;
    return list;
  }
}

/**
 * By position in cache order: the nodes whose verdict is Unschedulable, but where another takes its place for a while.
 */
class UnschedulableBits implements NodeBits {
  words: Int32Array = new Int32Array(0);
  count = 0;
  rows: Int32Array = NO_ROWS;
  positionOf: Int32Array = NO_ROWS;
  private readonly replaced: number[] = [];

  begin({ rows, positionOf }: LiveSnapshot): void {
    this.rows = rows;
    this.positionOf = positionOf;
    this.words = new Int32Array((rows.length >> WORD_BITS) + 1);
    this.count = this.replaced.length = 0;
  }

  flip(position: number): void {
    const word = (this.words[position >> WORD_BITS] ^= 1 << (position & WORD_MASK));
    this.count += ((word >>> (position & WORD_MASK)) & 1) === 1 ? 1 : -1;
  }

  replace(position: number): void {
    this.flip(position);
    this.replaced.push(position);
  }

  /** What took the place of verdicts does so no longer. */
  restore(): void {
    for (const position of this.replaced) this.flip(position);
    this.replaced.length = 0;
  }

  forget(): void {
    this.words = new Int32Array(0);
    this.rows = this.positionOf = NO_ROWS;
    this.replaced.length = 0;
  }
}

const NO_ROWS = new Int32Array(0);

function isUnschedulable(status: Status | null | undefined): boolean {
  return status?.code === Code.Unschedulable;
}

function isSameList(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((row, index) => row === b[index]);
}
