/**
 * What the nodes give the pods of one template, by position in cache order, kept from search to search: their totals
 * (WindowIndex), and what kind each is of. Follows what changes of the nodes, of the images on them and of their order;
 * looking at all of them anew is the plain twin.
 *
 * A kind is a combination of raw scores of the normalised score plugins. What normalising adds is worked out once for
 * each set of kinds that a window can have, not node by node; scoring each node (CachedScan.score) is the plain twin.
 * Costs a byte a node, and another with an eighth of a byte a kind once there are two kinds.
 */
import { CHANGE_RING } from '../cache/cached-nodes.ts';
import type { SchedulerCache } from '../cache/scheduler-cache.ts';
import type { LiveSnapshot } from '../cache/snapshot.ts';
import type { CycleState } from '../framework/cycle-state.ts';
import type { PodInfo } from '../framework/pod-info.ts';
import { isValidScore } from '../framework/profile.ts';
import type { ScorePlugin } from '../framework/profile.ts';
import { BLOCK_BITS, WindowIndex } from './window-index.ts';

/** With more, each node is looked at by itself. */
const MOST_KINDS = 8;
const MOST_ADDED = 0x1000_0000;

/** Who knows what a node gives. */
export interface NodeTotals {
  /** Brought up to date; INFEASIBLE: the node does not take the pod. */
  total(position: number): number;
  /** Whether the node's total, as it was last worked out, hangs on image counts and the number of nodes. */
  countsNodes(row: number): boolean;
  /** Whether the number of nodes is one with which such a total may be another one. */
  isUnsteady(row: number): boolean;
  /** Whether the node still does not take the pod, whatever has changed of the pods on it. */
  isKeptOutByFacts(row: number): boolean;
}

/** Rows by position, and positions by row (-1: none). */
interface Order {
  readonly rows: Int32Array;
  readonly positionOf: Int32Array;
}

export class TemplateIndex {
  readonly window: WindowIndex;
  readonly kinds: RawKinds;
  private readonly cluster: SchedulerCache;
  private readonly snapshot: LiveSnapshot;
  private readonly totals: NodeTotals;
  /** As of which order, change of the node table and change of image counts; null: nothing is known. */
  private order: Order | null = null;
  private nodeChanges = 0;
  private imageChanges = 0;

  constructor(cluster: SchedulerCache, snapshot: LiveSnapshot, normalized: readonly ScorePlugin[], totals: NodeTotals) {
    this.cluster = cluster;
    this.snapshot = snapshot;
    this.totals = totals;
    this.window = new WindowIndex((position) => totals.total(position));
    this.kinds = new RawKinds(normalized);
  }

  /** Gives the memory back. */
  forget(): void {
    this.order = null;
    this.window.forget();
    this.kinds.forget();
  }

  /** Nodes were looked at without the index: it begins anew, as it cannot tell what it has not seen of that. */
  bypassed(): void {
    this.order = null;
  }

  /** What has changed since the last time is stale. */
  bringUpToDate(): void {
    const { window, kinds, totals } = this;
    const { rows, positionOf, imageChanges } = this.snapshot;
    const { changedRows, changeCount } = this.cluster.nodes;
    const behind = Math.max(changeCount - this.nodeChanges, imageChanges.count - this.imageChanges);
    if (this.order === null || behind > CHANGE_RING) {
      window.reset(rows.length);
      kinds.reset(rows.length);
    } else {
      if (this.order.rows !== rows) this.rearrange(this.order);
      for (let i = this.nodeChanges; i < changeCount; i++) {
        const row = changedRows[i & (CHANGE_RING - 1)];
        const position = row < positionOf.length ? positionOf[row] : -1;
        if (position < 0 || (window.isOut(position) && totals.isKeptOutByFacts(row))) continue;
        window.invalidate(position);
      }
      for (let i = this.imageChanges; i < imageChanges.count; i++) {
        const row = imageChanges.rows[i & (CHANGE_RING - 1)];
        const position = row < positionOf.length ? positionOf[row] : -1;
        if (position >= 0 && totals.countsNodes(row)) window.recheck(position);
      }
    }
    if (this.order?.rows !== rows) this.order = { rows, positionOf };
    this.nodeChanges = changeCount;
    this.imageChanges = imageChanges.count;
  }

  private rearrange(before: Order): void {
    const { window, kinds, totals } = this;
    const { rows, positionOf } = this.snapshot;
    window.rearrange(before.rows, before.positionOf, rows);
    kinds.rearrange(before.rows, rows);
    if (before.rows.length === rows.length) return;
    // In the order of rows, as they stand in memory.
    for (let row = 0; row < positionOf.length; row++)
      if (positionOf[row] >= 0 && totals.isUnsteady(row)) window.invalidate(positionOf[row]);
  }
}

export class RawKinds {
  /** So many combinations have been seen; above MOST_KINDS the nodes are not told apart any more. */
  count = 0;
  /** Bits of kind k in a block: bits[k * blocks + block], once there are two. Of nodes that pass, each is in one. */
  bits: Int32Array = new Int32Array(0);
  private readonly plugins: readonly ScorePlugin[];
  private readonly byValue: boolean;
  /** By kind: the raw scores, one a plugin. */
  private readonly raw: number[][] = [];
  private byRow: Uint8Array = new Uint8Array(0);
  private byPosition: Uint8Array = new Uint8Array(0);
  private length = 0;
  /** By the set of kinds, as bits: what is added to each; null: some score is not one that the index can hold. */
  private readonly tables: (Int32Array | null | undefined)[] = [];

  constructor(plugins: readonly ScorePlugin[]) {
    this.plugins = plugins;
    this.byValue = plugins.every(({ plugin }) => plugin.normalizeByValue === true);
  }

  /** The raw scores of the first node that was scored; undefined: none was. */
  get first(): readonly number[] | undefined {
    return this.raw[0];
  }

  /** There are several, and their bits tell them apart. */
  get areKnown(): boolean {
    return this.byValue && this.count > 1 && this.count <= MOST_KINDS;
  }

  /** For so many node rows; none has been scored yet. */
  makeRoom(rows: number): void {
    this.byRow = new Uint8Array(rows);
  }

  /** Gives the memory back; `makeRoom` and `reset` have to be next. */
  forget(): void {
    this.byRow = this.byPosition = new Uint8Array(0);
    this.bits = new Int32Array(0);
    this.length = 0;
  }

  /** A node has got its raw scores: `columns` has one column a plugin, by row. */
  note(row: number, columns: readonly Float64Array[]): void {
    const { raw } = this;
    if (this.count > MOST_KINDS) return;
    let kind = 0;
    while (kind < raw.length && !isSame(raw[kind], columns, row)) kind++;
    if (kind === raw.length) this.begin(columns.map((column) => column[row]));
    this.byRow[row] = kind;
  }

  /** Rows by position, as they were and as they are. */
  rearrange(before: Int32Array, rows: Int32Array): void {
    const isLaidOut = this.areKnown && blocksOf(rows.length) === this.blocks;
    if (isLaidOut) this.length = rows.length;
    else this.reset(rows.length);
    if (!this.areKnown) return;
    for (let position = 0; position < rows.length; position++)
      if (!isLaidOut || before[position] !== rows[position]) this.place(position, rows[position]);
  }

  /** `length` nodes, all of the first kind until they are placed. */
  reset(length: number): void {
    this.length = length;
    if (this.areKnown) this.layOut();
    else this.bits = new Int32Array(0);
  }

  /** The node of a row, which passes, stands at this position. */
  place(position: number, row: number): void {
    if (!this.areKnown) return;
    const { bits, byPosition } = this;
    const before = byPosition[position];
    const kind = this.byRow[row];
    if (before === kind) return;
    const { blocks } = this;
    const block = position >> BLOCK_BITS;
    const mark = 1 << (position & ((1 << BLOCK_BITS) - 1));
    bits[before * blocks + block] &= ~mark;
    bits[kind * blocks + block] |= mark;
    byPosition[position] = kind;
  }

  /** By kind: weighted normalised scores where the nodes are of the kinds that are 1 in `present`. */
  added(present: Uint8Array, state: CycleState, pod: PodInfo): Int32Array | null {
    let set = 0;
    for (let kind = 0; kind < this.count; kind++) set |= present[kind] << kind;
    let table = this.tables[set];
    if (table === undefined) this.tables[set] = table = this.work(set, state, pod);
    return table;
  }

  private work(set: number, state: CycleState, pod: PodInfo): Int32Array | null {
    const kinds = this.raw.flatMap((_, kind) => (((set >> kind) & 1) === 1 ? [kind] : []));
    const table = new Float64Array(MOST_KINDS);
    for (const [i, { plugin, weight }] of this.plugins.entries()) {
      const scores = Float64Array.from(kinds, (kind) => this.raw[kind][i]);
      plugin.normalizeScore?.(state, pod, scores, []);
      for (let at = 0; at < kinds.length; at++) {
        if (!isValidScore(scores[at])) return null;
        table[kinds[at]] += weight * scores[at];
      }
    }
    const isWhole = table.every((value) => value >= 0 && value < MOST_ADDED && (value | 0) === value);
    return isWhole ? Int32Array.from(table) : null;
  }

  private get blocks(): number {
    return blocksOf(this.length);
  }

  private begin(raw: number[]): void {
    this.count++;
    if (this.count > MOST_KINDS) {
      this.bits = new Int32Array(0);
      return;
    }
    this.raw.push(raw);
    if (!this.byValue) return;
    if (this.count === 2) this.layOut();
    else if (this.count > 2) {
      const bits = new Int32Array(this.count * this.blocks);
      bits.set(this.bits);
      this.bits = bits;
    }
  }

  private layOut(): void {
    const { blocks } = this;
    this.byPosition = new Uint8Array(blocks << BLOCK_BITS);
    this.bits = new Int32Array(this.count * blocks);
    this.bits.fill(-1, 0, blocks);
  }
}

function blocksOf(length: number): number {
  return (length + (1 << BLOCK_BITS) - 1) >> BLOCK_BITS;
}

function isSame(raw: readonly number[], columns: readonly Float64Array[], row: number): boolean {
  for (let i = 0; i < columns.length; i++) if (columns[i][row] !== raw[i]) return false;
  return true;
}
