/**
 * IndexHeap for rows that three numbers put in order: a copy of these stands beside each row in heap order, so that a
 * comparison calls nobody and looks at neighbours in memory. Sifts exactly as IndexHeap does, its plain twin: the same
 * rows in the same places. push, pop, fix, remove: O(log n) comparisons of some nanoseconds. 32 bytes a row.
 */
import { growFloat64, grownCapacity } from './growable.ts';
import { positionsFor } from './index-heap.ts';

/** Numbers by which a row is put in order; the first one counts most, and less comes first. */
export type KeysOf = (row: number, keys: Float64Array) => void;

/** Numbers of a row. */
const KEYS = 3;

export class KeyedHeap {
  /** Rows in heap order; read-only for others. */
  readonly rows: number[] = [];
  private keys: Float64Array = new Float64Array(64 * KEYS);
  /** Position by row, -1 when absent. */
  private positions: Int32Array = new Int32Array(64).fill(-1);
  /** Those of the row that is being sifted. */
  private readonly sifted: Float64Array = new Float64Array(KEYS);
  private readonly keysOf: KeysOf;

  constructor(keysOf: KeysOf) {
    this.keysOf = keysOf;
  }

  get size(): number {
    return this.rows.length;
  }

  has(row: number): boolean {
    return row < this.positions.length && this.positions[row] >= 0;
  }

  /** The least row, -1 when empty. */
  peek(): number {
    return this.rows.length === 0 ? -1 : this.rows[0];
  }

  push(row: number): void {
    const { rows } = this;
    const index = rows.length;
    if (row >= this.positions.length) this.positions = positionsFor(row, this.positions);
    if ((index + 1) * KEYS > this.keys.length)
      this.keys = growFloat64(this.keys, grownCapacity(this.keys.length, (index + 1) * KEYS));
    rows.push(row);
    this.keysOf(row, this.sifted);
    this.up(index, row, false);
  }

  /** The least row, taken out; -1 when empty. */
  pop(): number {
    const { rows } = this;
    if (rows.length === 0) return -1;
    const row = rows[0];
    const last = rows.pop() as number;
    if (last !== row) {
      this.take(rows.length);
      // From a leaf, over equal rows: to where down() would have stopped.
      this.up(this.hollow(), last, true);
    }
    this.positions[row] = -1;
    return row;
  }

  /** To be called after what a row compares by has changed. */
  fix(row: number): void {
    this.keysOf(row, this.sifted);
    this.sift(this.positions[row], row);
  }

  remove(row: number): void {
    const { rows } = this;
    const index = this.positions[row];
    const last = rows.pop() as number;
    if (last !== row) {
      this.take(rows.length);
      this.sift(index, last);
    }
    this.positions[row] = -1;
  }

  /** The keys at a position become those of the row that is sifted next. */
  private take(position: number): void {
    const { keys, sifted } = this;
    const at = position * KEYS;
    sifted[0] = keys[at];
    sifted[1] = keys[at + 1];
    sifted[2] = keys[at + 2];
  }

  /** From a place that no row holds. */
  private sift(index: number, row: number): void {
    const below = this.down(index);
    if (below > index) this.put(below, row);
    else this.up(index, row, false);
  }

  /** Rises over greater rows; `overEqual`: over equal ones, too. */
  private up(start: number, row: number, overEqual: boolean): void {
    const { keys, sifted } = this;
    const first = sifted[0];
    const second = sifted[1];
    const third = sifted[2];
    let index = start;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const at = parent * KEYS;
      if (first > keys[at]) break;
      if (first === keys[at]) {
        if (second > keys[at + 1]) break;
        if (second === keys[at + 1] && (overEqual ? third > keys[at + 2] : third >= keys[at + 2])) break;
      }
      this.move(parent, index);
      index = parent;
    }
    this.put(index, row);
  }

  /** Moves lesser rows up into the place at `start`; returns the place that is then free. */
  private down(start: number): number {
    const { keys, sifted } = this;
    const length = this.rows.length;
    const first = sifted[0];
    const second = sifted[1];
    const third = sifted[2];
    let index = start;
    for (;;) {
      const left = 2 * index + 1;
      if (left >= length) return index;
      const child = left + 1 < length && this.isLess(left + 1, left) ? left + 1 : left;
      const at = child * KEYS;
      if (keys[at] > first) return index;
      if (keys[at] === first) {
        if (keys[at + 1] > second) return index;
        if (keys[at + 1] === second && keys[at + 2] >= third) return index;
      }
      this.move(child, index);
      index = child;
    }
  }

  /**
   * Moves the lesser child up into the place at the top, and so on down to a leaf, whose place is then free. The row
   * that has to come in is from a leaf and seldom rises far: half of the comparisons of down().
   */
  private hollow(): number {
    const length = this.rows.length;
    let index = 0;
    for (;;) {
      const left = 2 * index + 1;
      if (left >= length) return index;
      const child = left + 1 < length && this.isLess(left + 1, left) ? left + 1 : left;
      this.move(child, index);
      index = child;
    }
  }

  private isLess(position: number, than: number): boolean {
    const { keys } = this;
    const a = position * KEYS;
    const b = than * KEYS;
    if (keys[a] !== keys[b]) return keys[a] < keys[b];
    if (keys[a + 1] !== keys[b + 1]) return keys[a + 1] < keys[b + 1];
    return keys[a + 2] < keys[b + 2];
  }

  private move(from: number, to: number): void {
    const { keys, rows } = this;
    const row = rows[from];
    const source = from * KEYS;
    const target = to * KEYS;
    keys[target] = keys[source];
    keys[target + 1] = keys[source + 1];
    keys[target + 2] = keys[source + 2];
    rows[to] = row;
    this.positions[row] = to;
  }

  private put(position: number, row: number): void {
    const { keys, sifted } = this;
    const at = position * KEYS;
    keys[at] = sifted[0];
    keys[at + 1] = sifted[1];
    keys[at + 2] = sifted[2];
    this.rows[position] = row;
    this.positions[row] = position;
  }
}
