/**
 * From a time to the row of its instant: a column of times by row, and an open-addressing hash over it with linear
 * probing and backward-shift deletion (no tombstones, so it never needs cleaning). Owns no rows: the caller numbers
 * them.
 *
 * Costs 8 bytes a row and 4 bytes a slot; there are twice as many slots as rows, so a lookup touches about 1.5 slots.
 */
import { assert } from '../base/assert.ts';
import type { Micros } from '../base/time.ts';

export class TimeIndex {
  /** Time of a row that is in the index; stale for rows that are not. */
  times: Float64Array;
  /** Row + 1; 0 is an empty slot. The length is a power of two. */
  private slots: Int32Array;

  /** `capacity`: number of rows, a power of two. */
  constructor(capacity: number) {
    assert(capacity > 0 && (capacity & (capacity - 1)) === 0, 'the capacity of a time index is a power of two');
    this.times = new Float64Array(capacity);
    this.slots = new Int32Array(capacity * 2);
  }

  get allocatedBytes(): number {
    return this.times.byteLength + this.slots.byteLength;
  }

  /** The row of a time, or -1. */
  find(time: Micros): number {
    const { slots, times } = this;
    const mask = slots.length - 1;
    for (let slot = hashTime(time) & mask; ; slot = (slot + 1) & mask) {
      const row = slots[slot] - 1;
      if (row < 0 || times[row] === time) return row;
    }
  }

  /** The time must not be in the index yet. */
  add(row: number, time: Micros): void {
    this.times[row] = time;
    this.insert(row);
  }

  /** Removes a time that is in the index; returns its row. */
  take(time: Micros): number {
    const { slots, times } = this;
    const mask = slots.length - 1;
    let hole = hashTime(time) & mask;
    let row = slots[hole] - 1;
    while (times[row] !== time) {
      assert(row >= 0, 'only a time that is in the time index can be taken');
      hole = (hole + 1) & mask;
      row = slots[hole] - 1;
    }
    // Close the gap: an entry further on moves into the hole if its home does not lie between the hole and itself.
    for (let slot = (hole + 1) & mask; slots[slot] !== 0; slot = (slot + 1) & mask) {
      const home = hashTime(times[slots[slot] - 1]) & mask;
      if (((slot - home) & mask) < ((slot - hole) & mask)) continue;
      slots[hole] = slots[slot];
      hole = slot;
    }
    slots[hole] = 0;
    return row;
  }

  /** Makes room for `capacity` rows, a power of two. */
  grow(capacity: number): void {
    const times = new Float64Array(capacity);
    times.set(this.times);
    this.times = times;
    const old = this.slots;
    this.slots = new Int32Array(capacity * 2);
    for (let slot = 0; slot < old.length; slot++) {
      if (old[slot] !== 0) this.insert(old[slot] - 1);
    }
  }

  private insert(row: number): void {
    const { slots } = this;
    const mask = slots.length - 1;
    let slot = hashTime(this.times[row]) & mask;
    while (slots[slot] !== 0) slot = (slot + 1) & mask;
    slots[slot] = row + 1;
  }
}

/** Mixes both halves of a safe integer; round times (whole seconds, whole hours) must not share low bits. */
function hashTime(time: Micros): number {
  let h = Math.imul(time | 0, 0x27d4eb2f) ^ Math.imul((time / 0x1_0000_0000) | 0, 0x165667b1);
  h = Math.imul(h ^ (h >>> 15), 0x2c1b3c6d);
  return h ^ (h >>> 14);
}
