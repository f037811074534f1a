/**
 * A binary heap of row numbers that knows where each row stands, so that rows can be moved or taken out. Sifts exactly
 * as Go's container/heap does, so that rows that compare equal come out in the same order as upstream's.
 * push, pop, fix, remove: O(log n) comparisons.
 */
import { growInt32 } from './growable.ts';

/** Room for the row, too; rows that are in no heap stand at -1. */
export function positionsFor(row: number, positions: Int32Array): Int32Array {
  return growInt32(positions, Math.max(row + 1, positions.length * 2), -1);
}

export class IndexHeap {
  /** Rows in heap order; read-only for others. */
  readonly rows: number[] = [];
  /** Position by row, -1 when absent. */
  private positions: Int32Array = new Int32Array(64).fill(-1);
  private readonly less: (a: number, b: number) => boolean;

  constructor(less: (a: number, b: number) => boolean) {
    this.less = less;
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
    if (row >= this.positions.length) this.positions = positionsFor(row, this.positions);
    this.positions[row] = this.rows.length;
    this.rows.push(row);
    this.up(this.rows.length - 1);
  }

  /** The least row, taken out; -1 when empty. */
  pop(): number {
    const last = this.rows.length - 1;
    if (last < 0) return -1;
    this.swap(0, last);
    this.down(0, last);
    return this.dropLast();
  }

  /** To be called after what a row compares by has changed. */
  fix(row: number): void {
    const index = this.positions[row];
    if (!this.down(index, this.rows.length)) this.up(index);
  }

  remove(row: number): void {
    const index = this.positions[row];
    const last = this.rows.length - 1;
    if (last !== index) {
      this.swap(index, last);
      if (!this.down(index, last)) this.up(index);
    }
    this.dropLast();
  }

  private dropLast(): number {
    const row = this.rows[this.rows.length - 1];
    this.rows.pop();
    this.positions[row] = -1;
    return row;
  }

  private swap(i: number, j: number): void {
    const { rows, positions } = this;
    const row = rows[i];
    rows[i] = rows[j];
    rows[j] = row;
    positions[rows[i]] = i;
    positions[row] = j;
  }

  private up(start: number): void {
    let index = start;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!this.less(this.rows[index], this.rows[parent])) break;
      this.swap(parent, index);
      index = parent;
    }
  }

  private down(start: number, length: number): boolean {
    let index = start;
    for (;;) {
      const left = 2 * index + 1;
      if (left >= length) break;
      const right = left + 1;
      const child = right < length && this.less(this.rows[right], this.rows[left]) ? right : left;
      if (!this.less(this.rows[child], this.rows[index])) break;
      this.swap(index, child);
      index = child;
    }
    return index > start;
  }
}
