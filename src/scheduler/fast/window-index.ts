/**
 * The nodes that one template sees, in cache order: a total score for each node that passes, in blocks of 32 with a bit
 * for each feasible node and for each of the best. Answers in a few steps a block what a scan answers in a step a node:
 * the first k feasible nodes from a start, the best total among them, and which of the equally good ones upstream's
 * heap yields. Totals are filled in when a search first needs them; whoever changes a node calls `invalidate`. About 5
 * bytes a node.
 */
import { bitCount, bitsFrom, lowestBit, nthBit } from '../../base/bits.ts';

export const INFEASIBLE = -1;
const MAX_TOTAL = 0x2000_0000;

export const BLOCK_BITS = 5;
const BLOCK = 1 << BLOCK_BITS;

/** Which nodes of a block pass something beyond the index. */
export interface BlockMask {
  /** The bits of `among` that pass. */
  of(block: number, among: number): number;
}

export class WindowIndex {
  /** By position in cache order: the total score or INFEASIBLE, as last worked out. */
  total: Int32Array = new Int32Array(0);
  /** Of the last search. */
  feasibleCount = 0;
  /** Nodes looked at: up to the one after the last that was wanted. */
  processedCount = 0;

  private length = 0;
  private mask: BlockMask | null = null;
  /** By block: bits of the positions whose node has changed since. */
  private staleBits: Int32Array = new Int32Array(0);
  /** By block: bits of its feasible nodes, of those with the greatest total, and that total. */
  private feasibleBits: Int32Array = new Int32Array(0);
  private bestBits: Int32Array = new Int32Array(0);
  private bestTotal: Int32Array = new Int32Array(0);
  private readonly resolve: (position: number) => number;
  /**
   * The window in segments, one a block that has any: block, rank of its first node, bits of the nodes and of the best,
   * their total.
   */
  private segmentCount = 0;
  private segmentBlock: Int32Array = new Int32Array(0);
  private segmentRank: Int32Array = new Int32Array(0);
  private segmentBits: Int32Array = new Int32Array(0);
  private segmentBestBits: Int32Array = new Int32Array(0);
  private segmentBest: Int32Array = new Int32Array(0);

  private greatestBits = 0;
  /** By segment, then group: the best of its nodes, and their total; which groups there are. */
  private groupBits: Int32Array = new Int32Array(0);
  private groupBest: Int32Array = new Int32Array(0);
  private present: Uint8Array = new Uint8Array(0);

  /** `resolve` works out the total at a position; INFEASIBLE: its node does not pass. */
  constructor(resolve: (position: number) => number) {
    this.resolve = resolve;
  }

  /** All stale, for `length` nodes. */
  reset(length: number): void {
    if (this.total.length < length) {
      const blocks = (length + BLOCK - 1) >> BLOCK_BITS;
      this.total = new Int32Array(blocks << BLOCK_BITS);
      this.staleBits = new Int32Array(blocks);
      this.feasibleBits = new Int32Array(blocks);
      this.bestBits = new Int32Array(blocks);
      this.bestTotal = new Int32Array(blocks);
      // The block of the start comes twice.
      this.segmentBlock = new Int32Array(blocks + 1);
      this.segmentRank = new Int32Array(blocks + 1);
      this.segmentBits = new Int32Array(blocks + 1);
      this.segmentBestBits = new Int32Array(blocks + 1);
      this.segmentBest = new Int32Array(blocks + 1);
    }
    this.length = length;
    this.total.fill(INFEASIBLE);
    this.feasibleBits.fill(0);
    this.bestBits.fill(0);
    this.bestTotal.fill(INFEASIBLE);
    this.staleBits.fill(0);
    this.staleBits.fill(-1, 0, length >> BLOCK_BITS);
    const rest = length & (BLOCK - 1);
    if (rest > 0) this.staleBits[length >> BLOCK_BITS] = (1 << rest) - 1;
  }

  /**
   * The nodes stand in another order, and some have come or gone. `before`, `positionBefore`: rows by position, and
   * positions by row (-1: none), as they were; `rows`: by position, as they are. Totals go with their rows; where there
   * is none, it is stale. Costs a comparison a node, and a few steps for each that stands elsewhere.
   */
  rearrange(before: Int32Array, positionBefore: Int32Array, rows: Int32Array): void {
    if (rows.length > this.total.length) return this.reset(rows.length);
    const { total } = this;
    const totals = total.slice(0, before.length);
    const stale = this.staleBits.slice();
    this.length = rows.length;
    let block = -1;
    for (let position = 0; position < before.length || position < rows.length; position++) {
      const row = position < rows.length ? rows[position] : -1;
      if (position < before.length && before[position] === row) continue;
      if (position >> BLOCK_BITS !== block) {
        if (block >= 0) this.findBest(block);
        block = position >> BLOCK_BITS;
      }
      const from = row >= 0 && row < positionBefore.length ? positionBefore[row] : -1;
      const isKnown = from >= 0 && ((stale[from >> BLOCK_BITS] >>> (from & (BLOCK - 1))) & 1) === 0;
      const mark = 1 << (position & (BLOCK - 1));
      total[position] = isKnown ? totals[from] : INFEASIBLE;
      if (total[position] >= 0) this.feasibleBits[block] |= mark;
      else this.feasibleBits[block] &= ~mark;
      if (row >= 0 && !isKnown) this.staleBits[block] |= mark;
      else this.staleBits[block] &= ~mark;
    }
    if (block >= 0) this.findBest(block);
  }

  /** From the totals as they were last worked out. */
  private findBest(block: number): void {
    this.bestTotal[block] = this.greatest(block, this.feasibleBits[block]);
    this.bestBits[block] = this.greatestBits;
  }

  /** Gives the totals' memory back, most of what it holds; `reset` has to be next. */
  forget(): void {
    this.total = new Int32Array(0);
    this.length = 0;
  }

  invalidate(position: number): void {
    this.staleBits[position >> BLOCK_BITS] |= 1 << (position & (BLOCK - 1));
  }

  /** Invalidates where the total is another one now: for changes that hardly ever change it. */
  recheck(position: number): void {
    if (!this.isStale(position) && this.resolve(position) !== this.total[position]) this.invalidate(position);
  }

  /** Known to be infeasible, as far as nothing has changed. */
  isOut(position: number): boolean {
    const block = position >> BLOCK_BITS;
    return ((this.feasibleBits[block] | this.staleBits[block]) & (1 << (position & (BLOCK - 1)))) === 0;
  }

  private isStale(position: number): boolean {
    return ((this.staleBits[position >> BLOCK_BITS] >>> (position & (BLOCK - 1))) & 1) === 1;
  }

  /** Rows and totals of the nodes that `find` found, in the order found; `order` gives the rows by position. */
  collect(order: Int32Array, rows: Int32Array, totals: Float64Array): void {
    const { segmentCount, segmentBlock, segmentBits, total } = this;
    let at = 0;
    for (let i = 0; i < segmentCount; i++) {
      const from = segmentBlock[i] << BLOCK_BITS;
      const bits = segmentBits[i];
      if (bits === -1) {
        for (let position = from; position < from + BLOCK; position++, at++) {
          rows[at] = order[position];
          totals[at] = total[position];
        }
        continue;
      }
      for (let left = bits; left !== 0; left &= left - 1, at++) {
        const position = from + lowestBit(left);
        rows[at] = order[position];
        totals[at] = total[position];
      }
    }
  }

  /**
   * Looks for the first `target` feasible nodes from `start` on, around the end, among those of the mask if there is
   * one.
   */
  find(start: number, target: number, mask: BlockMask | null): void {
    this.mask = mask;
    this.feasibleCount = 0;
    this.segmentCount = 0;
    const last = (this.length - 1) >> BLOCK_BITS;
    const first = start >> BLOCK_BITS;
    const head = -1 << (start & (BLOCK - 1));
    let end = this.take(first, head, target);
    for (let block = first + 1; end < 0 && block <= last; block++) end = this.take(block, -1, target);
    if (end >= 0) {
      this.processedCount = end - start;
      return;
    }
    for (let block = 0; end < 0 && block < first; block++) end = this.take(block, -1, target);
    if (end < 0) end = this.take(first, ~head, target);
    this.processedCount = end >= 0 ? this.length - start + end : this.length;
  }

  /**
   * Position of the best node that `find` found; of equals the first in pre-order of the implicit binary heap over the
   * list. On one level of the heap that is the lowest rank: one candidate a level is compared.
   */
  winner(): number {
    const { segmentCount, segmentBest, segmentBestBits, segmentBits, segmentRank, segmentBlock } = this;
    let best = INFEASIBLE;
    for (let i = 0; i < segmentCount; i++) if (segmentBest[i] > best) best = segmentBest[i];
    let winner = -1;
    let winnerRank = -1;
    /** Ranks below are on levels that have a candidate. */
    let open = 0;
    for (let i = 0; i < segmentCount; i++) {
      if (segmentBest[i] !== best) continue;
      const rank = segmentRank[i];
      const bits = segmentBits[i];
      let left = segmentBestBits[i];
      if (open > rank) left &= bitsFrom(bits, open - rank);
      while (left !== 0) {
        const bit = lowestBit(left);
        const candidate = rank + bitCount(bits & ((1 << bit) - 1));
        if (winner < 0 || precedesInHeap(candidate, winnerRank)) {
          winner = (segmentBlock[i] << BLOCK_BITS) + bit;
          winnerRank = candidate;
        }
        open = (2 << (31 - Math.clz32(candidate + 1))) - 1;
        left &= bitsFrom(bits, open - rank);
      }
    }
    return winner;
  }

  /** Position of the n-th node that `find` found, counted from 0. */
  nth(n: number): number {
    const { segmentRank, segmentBits, segmentBlock } = this;
    let segment = this.segmentCount - 1;
    while (segmentRank[segment] > n) segment--;
    return (segmentBlock[segment] << BLOCK_BITS) + nthBit(segmentBits[segment], n - segmentRank[segment]);
  }

  /** Position of the first of the best nodes in the order found. */
  firstBest(): number {
    const { segmentCount, segmentBest, segmentBestBits, segmentBlock } = this;
    let first = 0;
    for (let i = 1; i < segmentCount; i++) if (segmentBest[i] > segmentBest[first]) first = i;
    return (segmentBlock[first] << BLOCK_BITS) + lowestBit(segmentBestBits[first]);
  }

  /**
   * Each node that `find` found belongs to one of `count` groups, and its group adds to its total, for `winner` and
   * `firstBest`. Bits of group g in a block: groups[g * blocks + block]. `added` is told which groups the window has;
   * false: it knows no answer, and nothing is added.
   */
  addByGroup(
    groups: Int32Array,
    count: number,
    added: (present: Uint8Array) => Int32Array | null,
    weight: number,
  ): boolean {
    const { segmentCount, segmentBlock, segmentBits, segmentBest, segmentBestBits } = this;
    const blocks = groups.length / count;
    const room = segmentCount * count;
    if (this.groupBest.length < room) {
      this.groupBest = new Int32Array(2 * room);
      this.groupBits = new Int32Array(2 * room);
    }
    const { groupBest, groupBits } = this;
    const present = this.present.length < count ? (this.present = new Uint8Array(2 * count)) : this.present;
    present.fill(0, 0, count);
    for (let i = 0, at = 0; i < segmentCount; i++) {
      const block = segmentBlock[i];
      for (let group = 0; group < count; group++, at++) {
        const bits = segmentBits[i] & groups[group * blocks + block];
        groupBits[at] = 0;
        if (bits === 0) continue;
        present[group] = 1;
        const best = segmentBestBits[i] & bits;
        if (best !== 0) {
          groupBits[at] = best;
          groupBest[at] = segmentBest[i];
        } else {
          groupBest[at] = this.greatest(block, bits);
          groupBits[at] = this.greatestBits;
        }
      }
    }
    const table = added(present);
    if (table === null) return false;
    for (let i = 0, at = 0; i < segmentCount; i++) {
      let best = INFEASIBLE;
      let bestBits = 0;
      for (let group = 0; group < count; group++, at++) {
        if (groupBits[at] === 0) continue;
        const value = groupBest[at] + weight * table[group];
        if (value > best) {
          best = value;
          bestBits = groupBits[at];
        } else if (value === best) bestBits |= groupBits[at];
      }
      segmentBest[i] = best;
      segmentBestBits[i] = bestBits;
    }
    return true;
  }

  /**
   * Adds the nodes of a block's `range` to the window. Position of the first node that is too much, -1: there is none.
   */
  private take(block: number, range: number, target: number): number {
    if (this.staleBits[block] !== 0) this.refresh(block);
    let bits = this.feasibleBits[block] & range;
    if (bits !== 0 && this.mask !== null) bits = this.mask.of(block, bits);
    if (bits === 0) return -1;
    const count = bitCount(bits);
    const rank = this.feasibleCount;
    if (rank + count <= target) {
      this.feasibleCount = rank + count;
      this.addSegment(block, rank, bits);
      return -1;
    }
    const surplus = nthBit(bits, target - rank);
    bits &= (1 << surplus) - 1;
    this.feasibleCount = target;
    if (bits !== 0) this.addSegment(block, rank, bits);
    return (block << BLOCK_BITS) + surplus;
  }

  private addSegment(block: number, rank: number, bits: number): void {
    const at = this.segmentCount++;
    this.segmentBlock[at] = block;
    this.segmentRank[at] = rank;
    this.segmentBits[at] = bits;
    const best = this.bestBits[block] & bits;
    this.segmentBest[at] = best === 0 ? this.greatest(block, bits) : this.bestTotal[block];
    this.segmentBestBits[at] = best === 0 ? this.greatestBits : best;
  }

  /** The greatest total of some nodes of a block; `greatestBits` are those that have it. */
  private greatest(block: number, bits: number): number {
    const from = block << BLOCK_BITS;
    let best = INFEASIBLE;
    let bestBits = 0;
    for (let left = bits; left !== 0; left &= left - 1) {
      const bit = lowestBit(left);
      const value = this.total[from + bit];
      if (value > best) {
        best = value;
        bestBits = 1 << bit;
      } else if (value === best) bestBits |= 1 << bit;
    }
    this.greatestBits = bestBits;
    return best;
  }

  /** Works the stale totals of a block out; looks at the others only when the last of the best has become worse. */
  private refresh(block: number): void {
    const { total } = this;
    const from = block << BLOCK_BITS;
    let bits = this.feasibleBits[block];
    let best = this.bestTotal[block];
    let bestBits = this.bestBits[block];
    const stale = this.staleBits[block];
    this.staleBits[block] = 0;
    for (let left = stale; left !== 0; left &= left - 1) {
      const bit = lowestBit(left);
      const mark = 1 << bit;
      const value = this.resolve(from + bit);
      total[from + bit] = value;
      if (value < 0) bits &= ~mark;
      else bits |= mark;
      bestBits &= ~mark;
      if (value > best) {
        best = value;
        bestBits = mark;
      } else if (value === best && value >= 0) bestBits |= mark;
    }
    this.feasibleBits[block] = bits;
    if (bestBits === 0 && bits !== 0) {
      best = this.greatest(block, bits);
      bestBits = this.greatestBits;
    }
    this.bestBits[block] = bestBits;
    this.bestTotal[block] = bits === 0 ? INFEASIBLE : best;
  }
}

/** Whether the index can hold it as a total. */
export function isIndexable(total: number): boolean {
  return (total | 0) === total && total >= 0 && total < MAX_TOTAL;
}

/** Whether index `a` comes before another index `b` in pre-order (root, left, right) of an implicit binary heap. */
export function precedesInHeap(a: number, b: number): boolean {
  // Numbered from one, an index in binary is the path from the root, and pre-order compares paths as texts.
  const x = a + 1;
  const y = b + 1;
  const deeper = Math.clz32(x) - Math.clz32(y);
  return deeper >= 0 ? x <= y >> deeper : x >> -deeper < y;
}
