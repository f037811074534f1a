/**
 * A binary heap of (time, id) pairs in two typed columns: the least time first, ties by the least id, so the order is
 * total. No allocation but for growth. For merging sorted streams: read the top, then replace or remove it.
 */
import { assert } from '../../base/assert.ts';
import { grownCapacity, growFloat64, growInt32 } from '../../base/growable.ts';

export class TimeHeap {
  private times: Float64Array;
  private ids: Int32Array;
  private length = 0;

  constructor(capacity = 16) {
    this.times = new Float64Array(capacity);
    this.ids = new Int32Array(capacity);
  }

  get size(): number {
    return this.length;
  }

  /** The least time; Infinity when empty. */
  topTime(): number {
    return this.length === 0 ? Infinity : this.times[0];
  }

  /** The id at the least time. Only when not empty. */
  topId(): number {
    assert(this.length > 0, 'topId of an empty heap');
    return this.ids[0];
  }

  push(time: number, id: number): void {
    if (this.length === this.times.length) {
      const capacity = grownCapacity(this.times.length, this.length + 1);
      this.times = growFloat64(this.times, capacity);
      this.ids = growInt32(this.ids, capacity);
    }
    let at = this.length++;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(time, id, this.times[parent], this.ids[parent])) break;
      this.times[at] = this.times[parent];
      this.ids[at] = this.ids[parent];
      at = parent;
    }
    this.times[at] = time;
    this.ids[at] = id;
  }

  /** Gives the top entry a later time. */
  replaceTop(time: number): void {
    assert(this.length > 0, 'replaceTop of an empty heap');
    this.sink(time, this.ids[0]);
  }

  removeTop(): void {
    assert(this.length > 0, 'removeTop of an empty heap');
    this.length--;
    if (this.length > 0) this.sink(this.times[this.length], this.ids[this.length]);
  }

  /** Puts (time, id) where the top stood and lets it sink. */
  private sink(time: number, id: number): void {
    const { times, ids, length } = this;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= length) break;
      if (child + 1 < length && isBefore(times[child + 1], ids[child + 1], times[child], ids[child])) child++;
      if (!isBefore(times[child], ids[child], time, id)) break;
      times[at] = times[child];
      ids[at] = ids[child];
      at = child;
    }
    times[at] = time;
    ids[at] = id;
  }
}

function isBefore(time: number, id: number, otherTime: number, otherId: number): boolean {
  return time < otherTime || (time === otherTime && id < otherId);
}
