/**
 * Sets of nodes as bits over blocks of 32 nodes in cache order, for the index.
 *
 * By topology domain, for range tests: for keys with few values the nodes of each domain stand ready as bits, and a
 * test costs a few steps a block; for keys with many, a node is looked up at a time.
 *
 * By what the normalised score plugins give nodes raw, for one template: a kind for each combination of raw scores.
 * What normalising adds is then worked out once for each set of kinds that a window can have, not node by node;
 * scoring each node (CachedScan.score) is the plain twin. Costs a byte a node, and another with an eighth of a byte a
 * kind once there are two kinds.
 */
import { lowestBit } from '../../base/bits.ts';
import type { LabelColumn } from '../cache/label-columns.ts';
import type { CycleState } from '../framework/cycle-state.ts';
import type { PodInfo } from '../framework/pod-info.ts';
import { isValidScore } from '../framework/profile.ts';
import type { ScorePlugin } from '../framework/profile.ts';
import type { DomainTest } from './domain-answers.ts';
import { BLOCK_BITS } from './window-index.ts';
import type { BlockMask } from './window-index.ts';

const FEW_DOMAINS = 16;
/** With more, each node is looked at by itself. */
const MOST_KINDS = 8;
const MOST_ADDED = 0x1000_0000;

/** By domain + 1 (0: without the label), then block. */
interface ColumnBits {
  readonly order: Int32Array;
  readonly version: number;
  readonly bits: Int32Array;
}

export class DomainMasks implements BlockMask {
  private readonly columns = new Map<LabelColumn, ColumnBits>();
  private order: Int32Array = new Int32Array(0);
  private blocks = 0;
  /** Of the decision under way: where the bits of each failing domain start, and the tests that are looked up. */
  private readonly failingBits: Int32Array[] = [];
  private readonly failingFrom: number[] = [];
  private readonly lookups: DomainTest[] = [];
  /** By block: nodes that never pass. */
  private readonly excludedBits = new Map<number, number>();

  /** Rows in cache order, what the nodes must pass, and rows that never pass. false: every node passes. */
  begin(
    order: Int32Array,
    tests: readonly { readonly test: DomainTest }[],
    excluded: Iterable<number>,
    positionOf: Int32Array,
  ): boolean {
    this.order = order;
    this.blocks = (order.length + (1 << BLOCK_BITS) - 1) >> BLOCK_BITS;
    this.failingBits.length = this.failingFrom.length = this.lookups.length = 0;
    for (let i = 0; i < tests.length; i++) {
      const { test } = tests[i];
      if (test.column.size > FEW_DOMAINS) this.lookups.push(test);
      else this.addFailing(test);
    }
    if (this.excludedBits.size > 0) this.excludedBits.clear();
    for (const row of excluded) {
      const position = positionOf[row];
      const block = position >> BLOCK_BITS;
      this.excludedBits.set(block, (this.excludedBits.get(block) ?? 0) | (1 << (position & ((1 << BLOCK_BITS) - 1))));
    }
    return this.failingBits.length + this.lookups.length + this.excludedBits.size > 0;
  }

  of(block: number, among: number): number {
    let bits = among;
    if (this.excludedBits.size > 0) bits &= ~(this.excludedBits.get(block) ?? 0);
    const { failingBits, failingFrom, lookups } = this;
    for (let i = 0; i < failingBits.length; i++) bits &= ~failingBits[i][failingFrom[i] + block];
    for (let i = 0; i < lookups.length && bits !== 0; i++) bits = this.lookUp(lookups[i], block << BLOCK_BITS, bits);
    return bits;
  }

  private lookUp(test: DomainTest, from: number, among: number): number {
    const { order } = this;
    const { counts, least, most } = test;
    const { ids } = test.column;
    const absentPasses = test.missing === null;
    let bits = among;
    for (let left = among; left !== 0; left &= left - 1) {
      const bit = lowestBit(left);
      const domain = ids[order[from + bit]];
      if (domain < 0 ? absentPasses : counts[domain] >= least && counts[domain] <= most) continue;
      bits &= ~(1 << bit);
    }
    return bits;
  }

  private addFailing(test: DomainTest): void {
    const { column, counts, least, most } = test;
    for (let domain = test.missing === null ? 0 : -1; domain < column.size; domain++) {
      if (domain >= 0 && counts[domain] >= least && counts[domain] <= most) continue;
      this.failingBits.push(this.bitsOf(column));
      this.failingFrom.push((domain + 1) * this.blocks);
    }
  }

  /**
   * Bits of the nodes in each domain + 1 (0: without the label), `blocks` numbers each; null: there are too many
   * domains.
   */
  groups(order: Int32Array, column: LabelColumn): Int32Array | null {
    if (column.size > FEW_DOMAINS) return null;
    this.order = order;
    this.blocks = (order.length + (1 << BLOCK_BITS) - 1) >> BLOCK_BITS;
    return this.bitsOf(column);
  }

  private bitsOf(column: LabelColumn): Int32Array {
    const known = this.columns.get(column);
    if (known !== undefined && known.order === this.order && known.version === column.version) return known.bits;
    const { order, blocks } = this;
    const bits = new Int32Array((column.size + 1) * blocks);
    for (let position = 0; position < order.length; position++) {
      bits[(column.ids[order[position]] + 1) * blocks + (position >> BLOCK_BITS)] |=
        1 << (position & ((1 << BLOCK_BITS) - 1));
    }
    this.columns.set(column, { order, version: column.version, bits });
    return bits;
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

  /** `length` nodes in another order: all of the first kind until they are placed. */
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
    return (this.length + (1 << BLOCK_BITS) - 1) >> BLOCK_BITS;
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
    const { length, blocks } = this;
    this.byPosition = new Uint8Array(length);
    this.bits = new Int32Array(this.count * blocks);
    this.bits.fill(-1, 0, blocks);
  }
}

function isSame(raw: readonly number[], columns: readonly Float64Array[], row: number): boolean {
  for (let i = 0; i < columns.length; i++) if (columns[i][row] !== raw[i]) return false;
  return true;
}
