/**
 * The nodes that one template sees, in cache order: a total score for each node that passes, kept in blocks with counts
 * and maxima. Answers in a few steps a block what a scan answers in a step a node: the first k feasible nodes from a
 * start, the best total among them, and which of the equally good ones upstream's heap yields.
 * Totals are filled in when a search first needs them; whoever changes a node calls `invalidate`.
 */

/** Not worked out since the node last changed. */
export const STALE = -2;
export const INFEASIBLE = -1;

const BLOCK_BITS = 5;
const BLOCK = 1 << BLOCK_BITS;
/** Candidates tried in heap order before the ties are gone through one by one. */
const TRIES = 24;

export class WindowIndex {
  /** By position in cache order: the total score, INFEASIBLE or STALE. */
  total: Int32Array = new Int32Array(0);
  /** Of the last search. */
  feasibleCount = 0;
  /** Nodes looked at: up to the one after the last that was wanted. */
  processedCount = 0;

  private length = 0;
  private dirty: Uint8Array = new Uint8Array(0);
  private blockCount: Uint8Array = new Uint8Array(0);
  private blockMax: Int32Array = new Int32Array(0);
  private readonly resolve: (position: number) => number;
  /** The window in segments: first position, end, rank of the first feasible node, greatest total, 1 when all are feasible. */
  private segmentCount = 0;
  private segmentFrom: Int32Array = new Int32Array(0);
  private segmentTo: Int32Array = new Int32Array(0);
  private segmentRank: Int32Array = new Int32Array(0);
  private segmentMax: Int32Array = new Int32Array(0);
  private segmentFull: Uint8Array = new Uint8Array(0);
  private readonly stack: Int32Array = new Int32Array(64);

  /** `resolve` works out, stores and returns the total at a stale position. */
  constructor(resolve: (position: number) => number) {
    this.resolve = resolve;
  }

  /** All stale, for `length` nodes. */
  reset(length: number): void {
    if (this.total.length < length) {
      this.total = new Int32Array(length);
      const blocks = (length + BLOCK - 1) >> BLOCK_BITS;
      this.dirty = new Uint8Array(blocks);
      this.blockCount = new Uint8Array(blocks);
      this.blockMax = new Int32Array(blocks);
      // Two ends and a wrap may cut blocks in two.
      this.segmentFrom = new Int32Array(blocks + 4);
      this.segmentTo = new Int32Array(blocks + 4);
      this.segmentRank = new Int32Array(blocks + 4);
      this.segmentMax = new Int32Array(blocks + 4);
      this.segmentFull = new Uint8Array(blocks + 4);
    }
    this.length = length;
    this.total.fill(STALE);
    this.dirty.fill(1);
  }

  invalidate(position: number): void {
    this.total[position] = STALE;
    this.dirty[position >> BLOCK_BITS] = 1;
  }

  /** Looks for the first `target` feasible nodes from `start` on, around the end. */
  find(start: number, target: number): void {
    this.feasibleCount = 0;
    this.segmentCount = 0;
    let end = this.walk(start, this.length, target);
    if (end >= 0) {
      this.processedCount = end - start;
      return;
    }
    end = this.walk(0, start, target);
    this.processedCount = end >= 0 ? this.length - start + end : this.length;
  }

  /** Position of the best node that `find` found; of equals the first in pre-order of the implicit binary heap over the list. */
  winner(): number {
    const { segmentCount, segmentMax } = this;
    let best = INFEASIBLE;
    for (let i = 0; i < segmentCount; i++) if (segmentMax[i] > best) best = segmentMax[i];
    const found = this.tryHeapOrder(best);
    return found >= 0 ? found : this.firstOfTies(best);
  }

  /** The position where the node after the last wanted one stands, -1: `to` was reached. */
  private walk(from: number, to: number, target: number): number {
    const { total, dirty, blockCount } = this;
    let position = from;
    while (position < to) {
      const block = position >> BLOCK_BITS;
      const blockEnd = (block + 1) << BLOCK_BITS;
      if ((position & (BLOCK - 1)) === 0 && blockEnd <= to) {
        if (dirty[block] === 1) this.refresh(block);
        const count = blockCount[block];
        if (this.feasibleCount + count <= target) {
          if (count > 0) this.addSegment(position, blockEnd, count, this.blockMax[block]);
          position = blockEnd;
          continue;
        }
      }
      const end = blockEnd < to ? blockEnd : to;
      const first = position;
      const rank = this.feasibleCount;
      let count = 0;
      let max = INFEASIBLE;
      let stopped = false;
      for (; position < end; position++) {
        let value = total[position];
        if (value === STALE) value = this.resolve(position);
        if (value < 0) continue;
        if (rank + count === target) {
          stopped = true;
          break;
        }
        count++;
        if (value > max) max = value;
      }
      if (count > 0) this.addSegment(first, position, count, max);
      if (stopped) return position;
    }
    return -1;
  }

  private addSegment(from: number, to: number, count: number, max: number): void {
    const at = this.segmentCount++;
    this.segmentFrom[at] = from;
    this.segmentTo[at] = to;
    this.segmentRank[at] = this.feasibleCount;
    this.segmentMax[at] = max;
    this.segmentFull[at] = count === to - from ? 1 : 0;
    this.feasibleCount += count;
  }

  private refresh(block: number): void {
    const { total } = this;
    const from = block << BLOCK_BITS;
    let count = 0;
    let max = INFEASIBLE;
    for (let position = from; position < from + BLOCK; position++) {
      let value = total[position];
      if (value === STALE) value = this.resolve(position);
      if (value < 0) continue;
      count++;
      if (value > max) max = value;
    }
    this.blockCount[block] = count;
    this.blockMax[block] = max;
    this.dirty[block] = 0;
  }

  /** The first ranks in pre-order, as long as that is cheaper than going through all ties; -1: none of them is best. */
  private tryHeapOrder(best: number): number {
    const { stack, feasibleCount, total } = this;
    let depth = 0;
    stack[depth++] = 0;
    for (let tries = 0; depth > 0 && tries < TRIES; tries++) {
      const rank = stack[--depth];
      const position = this.positionOfRank(rank);
      if (total[position] === best) return position;
      const left = 2 * rank + 1;
      if (left + 1 < feasibleCount) stack[depth++] = left + 1;
      if (left < feasibleCount) stack[depth++] = left;
    }
    return -1;
  }

  private positionOfRank(rank: number): number {
    const { segmentRank, total } = this;
    let low = 0;
    let high = this.segmentCount - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (segmentRank[middle] <= rank) low = middle;
      else high = middle - 1;
    }
    let position = this.segmentFrom[low];
    let left = rank - segmentRank[low];
    if (this.segmentFull[low] === 1) return position + left;
    for (;; position++) if (total[position] >= 0 && left-- === 0) return position;
  }

  private firstOfTies(best: number): number {
    const { segmentCount, segmentMax, segmentFrom, segmentTo, segmentRank, total } = this;
    let winner = -1;
    let winnerRank = -1;
    for (let i = 0; i < segmentCount; i++) {
      if (segmentMax[i] !== best) continue;
      let rank = segmentRank[i];
      for (let position = segmentFrom[i]; position < segmentTo[i]; position++) {
        if (total[position] === best && (winner < 0 || precedesInHeap(rank, winnerRank))) {
          winner = position;
          winnerRank = rank;
        }
        if (total[position] >= 0) rank++;
      }
    }
    return winner;
  }
}

/** Whether index `a` comes before `b` in pre-order (root, left, right) of an implicit binary heap. */
export function precedesInHeap(a: number, b: number): boolean {
  // Numbered from one, an index in binary is the path from the root; pre-order compares paths as texts.
  let x = a + 1;
  let y = b + 1;
  const difference = Math.clz32(x) - Math.clz32(y);
  if (difference > 0) {
    y >>= difference;
    return x <= y;
  }
  x >>= -difference;
  return x < y;
}
