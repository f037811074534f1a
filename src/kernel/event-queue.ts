/**
 * Pending events in the order (time, phase, first in first out).
 *
 * Owns the event rows: four int32 each, plus a generation that makes timer ids unique. A pending event stands in one of
 * three places. Far from now, its row lies with `FarEvents`, sorted no finer than needed. Before that object's horizon,
 * it is in the list of its *instant*: there is an instant row for each distinct time, a priority queue of those times
 * and a hash from time to row. And the events of the *current* instant stand in one bucket per phase: an instant's list
 * is dealt out to the buckets when the instant opens, and events pushed at the current time go straight to their
 * bucket. Instants come from the far events when the queue has run out of them, so there are few at a time.
 *
 * Costs: O(1) for a far event; a push to a known instant is O(1), to a new one O(log instants), and so is a pop, once
 * per instant. 33 to 66 bytes a far event, however many share an instant, and at most about 90 a near one. Columns grow
 * by doubling and never shrink; freed rows are reused; nothing is allocated per event otherwise. A cancelled timer
 * keeps its row until its time comes.
 *
 * Invariant: every instant in the priority queue lies after `currentTime` and before the horizon of the far events, and
 * they all lie at or after it. The horizon never moves back, so the events of one time are never in two places.
 */
import FastPriorityQueue from 'fastpriorityqueue';
import { assert } from '../base/assert.ts';
import { lowestBit } from '../base/bits.ts';
import type { Micros } from '../base/time.ts';
import { FarEvents } from './far-events.ts';
import { TimeIndex } from './time-index.ts';

/** generation * 2^28 + row. Live timers have an odd generation, so an id is never 0 and never names a plain event. */
export type TimerId = number;

/** What `lowestPhase` says when the current instant is empty: larger than any phase. */
export const NO_PHASE = 32;

/** The kind of a cancelled event. */
const CANCELLED = 0;
const NONE = -1;
const MAX_KIND = 0xffff;
/** Added to the kind of a live timer in its row: a plain event is told from it without a look at the generations. */
const TIMER = 0x1_0000;
const ROW_LIMIT = 0x1000_0000;
/** Generations are 25 bits, so that an id is a safe integer. A row that has used them all up is never used again. */
const LAST_GENERATION = 0x1ff_fffe;
const INITIAL_CAPACITY = 64;

/** Layout of an event row in `events`: row * 4 + field. */
const NEXT = 0;
const KIND = 1;
const A = 2;
const B = 3;

export class EventQueue {
  /** Moved by `openNext` and `moveTo`, and by Kernel.pass over time in which nothing is pending. */
  currentTime: Micros = 0;
  /** Pending events without the cancelled ones. */
  pendingCount = 0;
  /** The numbers of the event that `take` took last. */
  takenA = 0;
  takenB = 0;

  private readonly phaseOfKind: number[] = [0];

  private events = new Int32Array(INITIAL_CAPACITY * 4);
  /** Odd while the row holds a live timer, else even. */
  private generations = new Uint32Array(INITIAL_CAPACITY);
  /** Rows from here on were never used. */
  private eventHighWater = 0;
  private freeEvent = NONE;

  private readonly far = new FarEvents();

  /** First and last event of an instant: row * 2, row * 2 + 1. A free row holds the next free row in the first. */
  private ends = new Int32Array(INITIAL_CAPACITY * 2);
  private freeInstant = NONE;
  private instantHighWater = 0;
  private readonly instants = new TimeIndex(INITIAL_CAPACITY);
  /** The times themselves, not rows: V8 keeps an array of doubles flat, and comparing two needs no second column. */
  private readonly heap = new FastPriorityQueue<Micros>((x, y) => x < y);
  /** The instant that was pushed to last: bursts to one time need no lookup. */
  private lastTime: Micros = NaN;
  private lastInstant = NONE;

  private readonly bucketHeads: Int32Array;
  private readonly bucketTails: Int32Array;
  /** Bit p is set while the bucket of phase p holds a row. */
  private bucketMask = 0;

  constructor(phaseCount: number) {
    assert(Number.isInteger(phaseCount) && phaseCount >= 1 && phaseCount < NO_PHASE, 'there are 1 to 31 phases');
    this.bucketHeads = new Int32Array(phaseCount).fill(NONE);
    this.bucketTails = new Int32Array(phaseCount).fill(NONE);
  }

  defineKind(phase: number): number {
    assert(
      Number.isInteger(phase) && phase >= 0 && phase < this.bucketHeads.length,
      'a kind of event needs a phase of the queue',
    );
    assert(this.phaseOfKind.length <= MAX_KIND, 'too many kinds of events');
    return this.phaseOfKind.push(phase) - 1;
  }

  /** The caller has checked: time is a safe integer not before `currentTime`, kind is defined, a and b are int32. */
  push(time: Micros, kind: number, a: number, b: number): void {
    this.place(time, kind, this.newEvent(kind, a, b));
  }

  pushTimer(time: Micros, kind: number, a: number, b: number): TimerId {
    const row = this.newEvent(kind + TIMER, a, b);
    const generation = ++this.generations[row];
    this.place(time, kind, row);
    return generation * ROW_LIMIT + row;
  }

  cancel(id: TimerId): boolean {
    if (!Number.isSafeInteger(id) || id < ROW_LIMIT) return false;
    const row = id % ROW_LIMIT;
    const generation = (id - row) / ROW_LIMIT;
    if (row >= this.eventHighWater || (generation & 1) === 0 || this.generations[row] !== generation) return false;
    this.generations[row]++;
    this.events[row * 4 + KIND] = CANCELLED;
    this.pendingCount--;
    return true;
  }

  /**
   * The first instant after the current one, cancelled events included; Infinity if there is none. If it lies after
   * `limit`, the answer may be any time after the limit. The clock should be about to go up to the limit: a limit far
   * ahead brings far events near before they need to be.
   */
  nextTime(limit: Micros = Infinity): Micros {
    const time = this.heap.peek();
    return time === undefined ? this.nextFarTime(limit) : time;
  }

  /** Deals the events of the next instant out to their phases; the clock moves there if any of them is alive. */
  openNext(): void {
    if (this.heap.size === 0) this.nextFarTime(Infinity);
    const time = this.heap.poll();
    assert(time !== undefined && this.bucketMask === 0, 'an instant opens only when the one before is done');
    const instant = this.instants.take(time);
    if (instant === this.lastInstant) this.forgetLast();
    const { events, phaseOfKind } = this;
    let row = this.ends[instant * 2];
    this.ends[instant * 2] = this.freeInstant;
    this.freeInstant = instant;
    while (row !== NONE) {
      const next = events[row * 4 + NEXT];
      const kind = events[row * 4 + KIND];
      if (kind === CANCELLED) {
        this.releaseTimer(row);
      } else {
        events[row * 4 + NEXT] = NONE;
        this.append(phaseOfKind[kind & MAX_KIND], row);
      }
      row = next;
    }
    if (this.bucketMask !== 0) this.currentTime = time;
  }

  /** Sets the clock to a time before the next instant, when the current instant is done. */
  moveTo(time: Micros): void {
    assert(time >= this.currentTime && time < this.nextTime(time), 'the clock must not pass an event');
    assert(this.bucketMask === 0 || time === this.currentTime, 'the clock must not leave an instant that is not done');
    this.currentTime = time;
  }

  /** The lowest phase that holds an event at the current instant, or NO_PHASE. Drops cancelled events on the way. */
  lowestPhase(): number {
    while (this.bucketMask !== 0) {
      const phase = lowestBit(this.bucketMask);
      const row = this.bucketHeads[phase];
      if (this.events[row * 4 + KIND] !== CANCELLED) return phase;
      this.unlinkHead(phase, row);
      this.releaseTimer(row);
    }
    return NO_PHASE;
  }

  /**
   * Takes the first event of a phase that `lowestPhase` gave; returns its kind and leaves its numbers in takenA and
   * takenB.
   */
  take(phase: number): number {
    const row = this.bucketHeads[phase];
    const base = row * 4;
    const kind = this.events[base + KIND];
    this.takenA = this.events[base + A];
    this.takenB = this.events[base + B];
    this.unlinkHead(phase, row);
    if (kind > MAX_KIND) this.releaseTimer(row);
    else this.release(row);
    this.pendingCount--;
    return kind & MAX_KIND;
  }

  /**
   * Bytes held by the columns, the far events, the hash and the priority queue's array (8 a slot). For measurements.
   */
  get allocatedBytes(): number {
    const columnBytes = this.events.byteLength + this.generations.byteLength + this.ends.byteLength;
    return columnBytes + this.far.allocatedBytes + this.instants.allocatedBytes + this.heap.size * 8;
  }

  private newEvent(kind: number, a: number, b: number): number {
    let row = this.freeEvent;
    if (row !== NONE) {
      this.freeEvent = this.events[row * 4 + NEXT];
    } else {
      if (this.eventHighWater === this.generations.length) this.growEvents();
      row = this.eventHighWater++;
    }
    const events = this.events;
    const base = row * 4;
    events[base + NEXT] = NONE;
    events[base + KIND] = kind;
    events[base + A] = a;
    events[base + B] = b;
    this.pendingCount++;
    return row;
  }

  private place(time: Micros, kind: number, row: number): void {
    if (time === this.currentTime) this.append(this.phaseOfKind[kind], row);
    else if (time < this.far.horizon) this.link(time, row);
    else this.far.add(time, row);
  }

  /**
   * When there is no instant left: makes the next far events instants, unless they lie after `limit`. The first, or
   * Infinity.
   */
  private nextFarTime(limit: Micros): Micros {
    const { far } = this;
    for (let entry = far.open(limit); entry !== NONE; entry = far.after(entry))
      this.link(far.timeOf(entry), far.rowOf(entry));
    return this.heap.peek() ?? Infinity;
  }

  private link(time: Micros, row: number): void {
    let instant = this.lastInstant;
    if (time !== this.lastTime) {
      instant = this.instants.find(time);
      if (instant === NONE) {
        this.startInstant(time, row);
        return;
      }
      this.lastTime = time;
      this.lastInstant = instant;
    }
    const tail = this.ends[instant * 2 + 1];
    this.events[tail * 4 + NEXT] = row;
    this.ends[instant * 2 + 1] = row;
  }

  private startInstant(time: Micros, row: number): void {
    let instant = this.freeInstant;
    if (instant !== NONE) {
      this.freeInstant = this.ends[instant * 2];
    } else {
      instant = this.instantHighWater++;
      if (instant * 2 === this.ends.length) this.growInstants();
    }
    this.ends[instant * 2] = row;
    this.ends[instant * 2 + 1] = row;
    this.instants.add(instant, time);
    this.heap.add(time);
    this.lastTime = time;
    this.lastInstant = instant;
  }

  private append(phase: number, row: number): void {
    const bit = 1 << phase;
    if ((this.bucketMask & bit) === 0) {
      this.bucketMask |= bit;
      this.bucketHeads[phase] = row;
    } else {
      this.events[this.bucketTails[phase] * 4 + NEXT] = row;
    }
    this.bucketTails[phase] = row;
  }

  private unlinkHead(phase: number, row: number): void {
    const next = this.events[row * 4 + NEXT];
    this.bucketHeads[phase] = next;
    if (next === NONE) this.bucketMask &= ~(1 << phase);
  }

  /** Puts a row back on the free list. */
  private release(row: number): void {
    this.events[row * 4 + NEXT] = this.freeEvent;
    this.freeEvent = row;
  }

  /** The same for a timer, cancelled or not: ends the life of the id that named it. */
  private releaseTimer(row: number): void {
    const generation = (this.generations[row] + 1) & ~1;
    this.generations[row] = generation;
    if (generation < LAST_GENERATION) this.release(row);
  }

  private forgetLast(): void {
    this.lastTime = NaN;
    this.lastInstant = NONE;
  }

  private growEvents(): void {
    const capacity = this.generations.length * 2;
    assert(capacity <= ROW_LIMIT, 'too many pending events');
    const events = new Int32Array(capacity * 4);
    events.set(this.events);
    this.events = events;
    const generations = new Uint32Array(capacity);
    generations.set(this.generations);
    this.generations = generations;
  }

  private growInstants(): void {
    const ends = new Int32Array(this.ends.length * 2);
    ends.set(this.ends);
    this.ends = ends;
    this.instants.grow(ends.length / 2);
  }
}
