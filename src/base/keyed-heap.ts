/**
 * IndexHeap for rows that three numbers put in order: a copy of these stands beside each row in heap order, so that a
 * comparison calls nobody and looks at neighbours in memory. Sifts exactly as IndexHeap does, its plain twin: the same
 * rows in the same places. push, pop, fix, remove: O(log n) comparisons of some nanoseconds. 32 bytes a row.
 * SortedRuns gives rows in the same order where no two of them are equal, and is faster where they come in order.
 */
import { growFloat64, growInt32, growUint8, grownCapacity } from './growable.ts';
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

  /** Whether the least row is less than that of another heap; neither is empty. */
  isBefore({ keys: others }: KeyedHeap): boolean {
    const { keys } = this;
    if (keys[0] !== others[0]) return keys[0] < others[0];
    if (keys[1] !== others[1]) return keys[1] < others[1];
    return keys[2] < others[2];
  }

  /** Makes `keys` those of the least row, where they are less. */
  lesserKeys(keys: Float64Array): void {
    this.lesserKeysAt(0, keys);
  }

  /** The same of the second row. */
  secondKeys(keys: Float64Array): void {
    this.lesserKeysAt(1, keys);
    this.lesserKeysAt(2, keys);
  }

  private lesserKeysAt(position: number, into: Float64Array): void {
    if (position >= this.rows.length) return;
    const { keys } = this;
    const at = position * KEYS;
    if (keys[at] > into[0]) return;
    if (keys[at] === into[0]) {
      if (keys[at + 1] > into[1]) return;
      if (keys[at + 1] === into[1] && keys[at + 2] >= into[2]) return;
    }
    into[0] = keys[at];
    into[1] = keys[at + 1];
    into[2] = keys[at + 2];
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

/** Runs that are kept apart; rows that fit on none of them stand in a heap. */
const MOST_RUNS = 32;
const NONE = -1;

/**
 * The order of a KeyedHeap (the plain twin) for rows that come in groups which are in order already: a row is appended
 * to one of a few sorted runs, and the least of the first rows of the runs comes out. push and pop: some nanoseconds
 * where rows come in order, O(log n) otherwise. Which of two equal rows comes out first is not told. 32 bytes a row and
 * no garbage.
 */
export class SortedRuns {
  size = 0;
  private readonly keysOf: KeysOf;
  private readonly runs: Run[] = [];
  /** Runs that hold rows, by their first rows. */
  private readonly firsts = new KeyedHeap((run, keys) => this.runs[run].first(keys));
  private readonly empty: number[] = [];
  private readonly strays: KeyedHeap;
  /** The run that the last row came to. */
  private latest = NONE;
  /** By row: 1 + its run, 0: it is in none; and its slot there. */
  private runOf: Uint8Array = new Uint8Array(64);
  private slotOf: Int32Array = new Int32Array(64);
  private readonly pushed: Float64Array = new Float64Array(KEYS);
  private readonly bound: Float64Array = new Float64Array(KEYS);

  constructor(keysOf: KeysOf) {
    this.keysOf = keysOf;
    this.strays = new KeyedHeap(keysOf);
  }

  /** All rows, a copy, in no order to speak of. */
  get rows(): number[] {
    const rows = [...this.strays.rows];
    for (const run of this.firsts.rows) this.runs[run].addTo(rows);
    return rows;
  }

  /** Rows that fitted on no run. */
  get strayCount(): number {
    return this.strays.size;
  }

  has(row: number): boolean {
    return (row < this.runOf.length && this.runOf[row] !== 0) || this.strays.has(row);
  }

  /** The least row, -1 when empty. */
  peek(): number {
    return this.isStrayFirst
      ? this.strays.peek()
      : this.firsts.size === 0
        ? -1
        : this.runs[this.firsts.peek()].firstRow;
  }

  push(row: number): void {
    this.keysOf(row, this.pushed);
    this.put(row);
  }

  /**
   * The same for those of a list from one place to another, by whoever knows their numbers: columns by row of the first
   * (null: all 0) and the third ones.
   */
  pushMany(
    rows: Int32Array, from: number, to: number, firsts: Float64Array | null, second: number, thirds: Float64Array,
  ): void {
    const { pushed, runs } = this;
    for (let i = from; i < to; i++) if (rows[i] >= this.runOf.length) this.grow(rows[i] + 1);
    const { runOf, slotOf } = this;
    this.size += to - from;
    for (let i = from; i < to;) {
      pushed[0] = firsts === null ? 0 : firsts[rows[i]];
      pushed[1] = second;
      pushed[2] = thirds[rows[i]];
      const run = this.latest >= 0 && runs[this.latest].fits(pushed) ? this.latest : this.runFor(pushed);
      if (run < 0) {
        this.strays.push(rows[i++]);
        continue;
      }
      this.latest = run;
      const end = runs[run].appendMany(rows, i, to, firsts, second, thirds, slotOf);
      if (runs[run].size === end - i) this.firsts.push(run);
      for (; i < end; i++) runOf[rows[i]] = run + 1;
    }
  }

  private put(row: number): void {
    const { pushed } = this;
    this.size++;
    const run = this.latest >= 0 && this.runs[this.latest].fits(pushed) ? this.latest : this.runFor(pushed);
    if (run < 0) {
      this.strays.push(row);
      return;
    }
    this.latest = run;
    if (row >= this.runOf.length) this.grow(row + 1);
    this.runOf[row] = run + 1;
    const { runs } = this;
    runs[run].append(row, pushed, this.slotOf);
    if (runs[run].size === 1) this.firsts.push(run);
  }

  /** The least row, taken out; -1 when empty. */
  pop(): number {
    if (this.size === 0) return -1;
    if (this.isStrayFirst) {
      this.size--;
      return this.strays.pop();
    }
    const row = this.runs[this.firsts.peek()].firstRow;
    this.remove(row);
    return row;
  }

  /**
   * Takes out the least rows one after the other, as long as they pass, into the beginning of a list that has room for
   * `most`. It ends sooner where another run or the heap goes on: whoever wants more asks again. Returns how many.
   */
  popWhile(passes: (row: number) => boolean, most: number, into: Int32Array): number {
    if (this.firsts.size === 0 || this.isStrayFirst) {
      if (this.size === 0 || most === 0 || !passes(this.strays.peek())) return 0;
      into[0] = this.pop();
      return 1;
    }
    const number = this.firsts.peek();
    const run = this.runs[number];
    // The numbers that another row has which may come next.
    const { bound } = this;
    bound.fill(Infinity);
    this.firsts.secondKeys(bound);
    if (this.strays.size > 0) this.strays.lesserKeys(bound);
    const count = run.popWhile(passes, most, bound, into);
    if (count === 0) return 0;
    for (let i = 0; i < count; i++) this.runOf[into[i]] = 0;
    this.size -= count;
    this.firstChanged(number);
    return count;
  }

  /** To be called after what a row compares by has changed. */
  fix(row: number): void {
    this.remove(row);
    this.push(row);
  }

  remove(row: number): void {
    this.size--;
    const number = row < this.runOf.length ? this.runOf[row] - 1 : NONE;
    if (number < 0) {
      this.strays.remove(row);
      return;
    }
    this.runOf[row] = 0;
    if (this.runs[number].remove(this.slotOf[row])) this.firstChanged(number);
  }

  private firstChanged(number: number): void {
    if (this.runs[number].size > 0) this.firsts.fix(number);
    else {
      this.firsts.remove(number);
      this.empty.push(number);
      if (this.latest === number) this.latest = NONE;
    }
  }

  private get isStrayFirst(): boolean {
    return this.strays.size > 0 && (this.firsts.size === 0 || this.strays.isBefore(this.firsts));
  }

  /** Of the runs that a row may stand at the end of the one with the greatest last row, or an empty one; NONE. */
  private runFor(keys: Float64Array): number {
    const { runs, firsts, empty } = this;
    let best = NONE;
    for (let i = 0; i < firsts.rows.length; i++) {
      const run = firsts.rows[i];
      if (runs[run].fits(keys) && (best < 0 || runs[best].endsBefore(runs[run]))) best = run;
    }
    if (best >= 0) return best;
    if (empty.length > 0) return empty.pop() as number;
    return runs.length < MOST_RUNS ? runs.push(new Run()) - 1 : NONE;
  }

  private grow(needed: number): void {
    const capacity = grownCapacity(this.runOf.length, needed);
    this.runOf = growUint8(this.runOf, capacity);
    this.slotOf = growInt32(this.slotOf, capacity);
  }
}

/** Rows in order, in a ring of slots; one that is taken out from between leaves its slot empty. */
class Run {
  size = 0;
  private rows: Int32Array = new Int32Array(64);
  private keys: Float64Array = new Float64Array(64 * KEYS);
  /** Slot of the first row, and how many slots there are from there to the last one, empty ones among them. */
  private start = 0;
  private length = 0;
  /** Those of the row appended last. */
  private readonly last: Float64Array = new Float64Array(KEYS);

  get firstRow(): number {
    return this.rows[this.start];
  }

  first(into: Float64Array): void {
    const at = this.start * KEYS;
    into[0] = this.keys[at];
    into[1] = this.keys[at + 1];
    into[2] = this.keys[at + 2];
  }

  addTo(rows: number[]): void {
    for (let i = 0; i < this.length; i++) {
      const row = this.rows[(this.start + i) & (this.rows.length - 1)];
      if (row >= 0) rows.push(row);
    }
  }

  /** Whether a row with such numbers may stand at the end. */
  fits(keys: Float64Array): boolean {
    const { last } = this;
    if (keys[0] !== last[0]) return keys[0] > last[0];
    return keys[1] === last[1] ? keys[2] >= last[2] : keys[1] > last[1];
  }

  endsBefore(other: Run): boolean {
    return other.fits(this.last);
  }

  append(row: number, keys: Float64Array, slotOf: Int32Array): void {
    if (this.length === this.rows.length) this.renew(slotOf);
    const slot = (this.start + this.length++) & (this.rows.length - 1);
    this.size++;
    this.put(slot, row, keys, 0);
    slotOf[row] = slot;
    this.last[0] = keys[0];
    this.last[1] = keys[1];
    this.last[2] = keys[2];
  }

  /** The first of the list, which fits, and those after it that do; returns the place of the next one. */
  appendMany(
    list: Int32Array, from: number, to: number, firsts: Float64Array | null, second: number, thirds: Float64Array,
    slotOf: Int32Array,
  ): number {
    if (this.rows.length - this.length < to - from) this.renew(slotOf, to - from);
    const { rows, keys, start, length, last } = this;
    const mask = rows.length - 1;
    let first = -Infinity;
    let third = -Infinity;
    let i = from;
    for (; i < to; i++) {
      const row = list[i];
      const nextFirst = firsts === null ? 0 : firsts[row];
      const nextThird = thirds[row];
      if (nextFirst < first || (nextFirst === first && nextThird < third)) break;
      first = nextFirst;
      third = nextThird;
      const slot = (start + length + i - from) & mask;
      rows[slot] = row;
      slotOf[row] = slot;
      const at = slot * KEYS;
      keys[at] = first;
      keys[at + 1] = second;
      keys[at + 2] = third;
    }
    this.length += i - from;
    this.size += i - from;
    last[0] = first;
    last[1] = second;
    last[2] = third;
    return i;
  }

  /** Whether it was the first row. */
  remove(slot: number): boolean {
    this.size--;
    this.rows[slot] = NONE;
    if (slot !== this.start) return false;
    const mask = this.rows.length - 1;
    while (this.length > 0 && this.rows[this.start] < 0) {
      this.start = (this.start + 1) & mask;
      this.length--;
    }
    return true;
  }

  /** Rows from the first one on that pass and are not greater than `bound`, at most so many. */
  popWhile(passes: (row: number) => boolean, most: number, bound: Float64Array, into: Int32Array): number {
    const { rows, keys } = this;
    const mask = rows.length - 1;
    const end = this.start + this.length;
    let slot = this.start;
    let count = 0;
    for (; slot < end; slot++) {
      const row = rows[slot & mask];
      if (row < 0) continue;
      if (count === most) break;
      const at = (slot & mask) * KEYS;
      if (keys[at] > bound[0]) break;
      if (keys[at] === bound[0]) {
        if (keys[at + 1] > bound[1]) break;
        if (keys[at + 1] === bound[1] && keys[at + 2] > bound[2]) break;
      }
      if (!passes(row)) break;
      into[count++] = row;
    }
    this.start = slot & mask;
    this.length = end - slot;
    this.size -= count;
    return count;
  }

  /** Into a ring without empty slots and with as many again, and room for so many more. */
  private renew(slotOf: Int32Array, more = 0): void {
    const { rows, keys, start, length } = this;
    const capacity = grownCapacity(64, this.size * 2 + more);
    this.rows = new Int32Array(capacity);
    this.keys = new Float64Array(capacity * KEYS);
    this.start = this.length = 0;
    for (let i = 0; i < length; i++) {
      const slot = (start + i) & (rows.length - 1);
      if (rows[slot] < 0) continue;
      slotOf[rows[slot]] = this.length;
      this.put(this.length++, rows[slot], keys, slot * KEYS);
    }
  }

  private put(slot: number, row: number, keys: Float64Array, at: number): void {
    const target = slot * KEYS;
    this.rows[slot] = row;
    this.keys[target] = keys[at];
    this.keys[target + 1] = keys[at + 1];
    this.keys[target + 2] = keys[at + 2];
  }
}
