/**
 * The nodes of each topology domain as bits over blocks of 32 nodes in cache order, for range tests: for keys with few
 * values they stand ready, and a test costs a few steps a block; for keys with many, a node is looked up at a time.
 */
import { lowestBit } from '../../base/bits.ts';
import type { LabelColumn } from '../cache/label-columns.ts';
import type { DomainTest } from './domain-answers.ts';
import { BLOCK_BITS } from './window-index.ts';
import type { BlockMask } from './window-index.ts';

const FEW_DOMAINS = 16;

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
