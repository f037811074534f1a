import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EventQueue, NO_PHASE, type TimerId } from '../../src/kernel/event-queue.ts';
import { FarEvents } from '../../src/kernel/far-events.ts';

/** Small whole numbers that depend on the seed alone: an example of thousands of steps is one integer to fast-check. */
function drawer(seed: number) {
  let state = seed | 0;
  return (count: number): number => {
    state = (state + 0x6d2b79f5) | 0;
    let h = Math.imul(state ^ (state >>> 15), state | 1);
    h ^= h + Math.imul(h ^ (h >>> 7), h | 61);
    return Math.floor((((h ^ (h >>> 14)) >>> 0) / 2 ** 32) * count);
  };
}

/** One microsecond, the widths of bins of all levels, and all of time. */
const WIDTHS = [1, ...Array.from({ length: 5 }, (_, level) => 2 ** (13 + 10 * level))];

/** A time not before `from`: near or in another bin of any level, at the borders of bins, or the same time again. */
function timeDrawer(draw: (count: number) => number) {
  let last = 0;
  return (from: number): number => {
    const width = WIDTHS[draw(WIDTHS.length)];
    const choice = draw(8);
    if (choice <= 1) last = from + draw(6);
    else if (choice <= 4) last = from + draw(1024) * width + draw(3);
    else if (choice <= 6) last = (Math.floor(from / width) + draw(3)) * width - 1 + draw(3);
    last = Math.min(Math.max(last, from), Number.MAX_SAFE_INTEGER);
    return last;
  };
}

/** How long a burst is: mostly less than what a bin may hold to be opened as it is, sometimes more. */
const burstLength = (draw: (count: number) => number) => [2, 5, 20, 400][draw(4)];

/** An `expect` takes microseconds, and there are many. */
function same(actual: number, expected: number): void {
  if (actual !== expected) expect(actual).toBe(expected);
}

const PHASE_COUNT = 3;
interface Entry {
  readonly time: number;
  readonly phase: number;
  readonly a: number;
  readonly id: TimerId;
  live: boolean;
}

/** A queue and its twin, one array in the order (time, phase, sequence) in which cancelled events stay until their time. */
class Pair {
  readonly queue = new EventQueue(PHASE_COUNT);
  readonly entries: Entry[] = [];
  private readonly kinds = Array.from({ length: PHASE_COUNT }, (_, phase) => this.queue.defineKind(phase));
  private readonly timers: Entry[] = [];
  private sequence = 0;
  private liveCount = 0;

  push(time: number, phase: number, timer: boolean): void {
    const a = this.sequence++;
    let id = 0;
    if (timer) id = this.queue.pushTimer(time, this.kinds[phase], a, ~a);
    else this.queue.push(time, this.kinds[phase], a, ~a);
    const entry: Entry = { time, phase, a, id, live: true };
    let [low, high] = [0, this.entries.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      const other = this.entries[middle];
      if (other.time < time || (other.time === time && other.phase <= phase)) low = middle + 1;
      else high = middle;
    }
    this.entries.splice(low, 0, entry);
    if (timer) this.timers.push(entry);
    this.liveCount++;
  }

  cancel(index: number): void {
    const timer = this.timers[index % this.timers.length];
    expect(this.queue.cancel(timer.id)).toBe(timer.live);
    this.end(timer);
  }

  /** An entry that was taken or cancelled. */
  end(entry: Entry): void {
    if (entry.live) this.liveCount--;
    entry.live = false;
  }

  get timerCount(): number {
    return this.timers.length;
  }

  nextTime(): number {
    return this.entries.find(({ time }) => time > this.queue.currentTime)?.time ?? Infinity;
  }

  checkNextTime(limit: number): void {
    const next = this.nextTime();
    if (next <= limit) expect(this.queue.nextTime(limit)).toBe(next);
    else expect(this.queue.nextTime(limit)).toBeGreaterThan(limit);
    expect(this.queue.pendingCount).toBe(this.liveCount);
  }

  /** Opens the next instant and takes all its events; `meanwhile` may push and cancel in between. */
  playNext(meanwhile: () => void): void {
    const { queue, entries } = this;
    const time = this.nextTime();
    const before = queue.currentTime;
    while (entries[0].time <= before) expect(entries.shift()!.live).toBe(false);
    let alive = false;
    for (let i = 0; entries[i]?.time === time; i++) alive ||= entries[i].live;
    queue.openNext();
    same(queue.currentTime, alive ? time : before);
    if (!alive) {
      while (entries[0]?.time === time) entries.shift();
      return;
    }
    for (;;) {
      const phase = queue.lowestPhase();
      while (entries[0]?.time === time && !entries[0].live) entries.shift();
      const first = entries[0]?.time === time ? entries.shift() : undefined;
      same(phase, first?.phase ?? NO_PHASE);
      if (first === undefined) return;
      same(queue.take(phase), this.kinds[phase]);
      same(queue.takenA, first.a);
      same(queue.takenB, ~first.a);
      this.end(first);
      meanwhile();
    }
  }
}

function pushSome(pair: Pair, draw: (count: number) => number, drawTime: (from: number) => number): void {
  const { queue } = pair;
  if (draw(6) > 0) {
    pair.push(drawTime(queue.currentTime), draw(PHASE_COUNT), draw(3) === 0);
    return;
  }
  const start = drawTime(queue.currentTime);
  const spread = [1, 3, 8192, 100_000, 2 ** 32][draw(5)];
  for (let left = burstLength(draw); left > 0; left--) {
    pair.push(Math.min(start + draw(spread), Number.MAX_SAFE_INTEGER), draw(PHASE_COUNT), draw(5) === 0);
  }
}

describe('the event queue', () => {
  it('gives the order of a sorted array, near and far, whatever is pushed, cancelled and asked for in between', () => {
    const play = (seed: number) => {
      const draw = drawer(seed);
      const drawTime = timeDrawer(draw);
      const pair = new Pair();
      const { queue } = pair;
      const cancelOne = () => {
        if (pair.timerCount > 0) pair.cancel(draw(pair.timerCount));
      };
      for (let step = 0; step < 250; step++) {
        const choice = draw(12);
        if (choice <= 4) pushSome(pair, draw, drawTime);
        else if (choice === 5) cancelOne();
        else if (choice === 6) pair.checkNextTime(draw(3) === 0 ? Infinity : drawTime(queue.currentTime));
        else if (choice === 7) {
          // As the kernel does it for an input, or for the end of a run.
          const target = Math.min(drawTime(queue.currentTime), pair.nextTime() - 1);
          if (queue.lowestPhase() === NO_PHASE && target >= queue.currentTime) queue.moveTo(target);
        } else if (queue.lowestPhase() === NO_PHASE && pair.nextTime() < Infinity) {
          let pushes = 3;
          pair.playNext(() => {
            if (draw(4) === 0) cancelOne();
            if (draw(4) === 0 && pushes-- > 0) pushSome(pair, draw, drawTime);
          });
        } else {
          playCurrent(pair);
        }
      }
      playCurrent(pair);
      while (pair.entries.length > 0) pair.playNext(() => undefined);
      expect([queue.pendingCount, queue.nextTime()]).toEqual([0, Infinity]);
    };
    fc.assert(fc.property(fc.integer(), play), { numRuns: 60 });
  });
});

/** Takes what was pushed at the current time from outside. */
function playCurrent(pair: Pair): void {
  const { queue, entries } = pair;
  for (let phase = queue.lowestPhase(); phase !== NO_PHASE; phase = queue.lowestPhase()) {
    while (!entries[0].live) entries.shift();
    const first = entries.shift()!;
    queue.take(phase);
    expect([phase, queue.takenA, queue.currentTime]).toEqual([first.phase, first.a, first.time]);
    pair.end(first);
  }
  while (entries[0]?.time === queue.currentTime && !entries[0].live) entries.shift();
}

describe('far events', () => {
  const opened = (far: FarEvents, limit: number) => {
    const events: [time: number, row: number][] = [];
    for (let entry = far.open(limit); entry >= 0; entry = far.after(entry)) events.push([far.timeOf(entry), far.rowOf(entry)]);
    return events;
  };

  const inOrder = (list: [number, number][]) => [...list].sort((x, y) => x[0] - y[0]);

  it('are handed over up to a horizon that only grows, none left behind, equal times in the order they came', () => {
    const play = (seed: number) => {
      const draw = drawer(seed);
      const drawTime = timeDrawer(draw);
      const far = new FarEvents();
      let twin: [time: number, row: number][] = [];
      let row = 0;
      const add = (time: number) => {
        far.add(time, row);
        twin.push([time, row++]);
      };
      const openAndCheck = (limit: number) => {
        const before = far.horizon;
        const events = opened(far, limit);
        expect(far.horizon).toBeGreaterThanOrEqual(before);
        expect(far.horizon).toBeLessThanOrEqual(Math.max(before, limit + 8192));
        if (events.length === 0) expect(twin.every(([time]) => time > limit)).toBe(true);
        const due = twin.filter(([time]) => time < far.horizon);
        twin = twin.filter(([time]) => time >= far.horizon);
        expect(inOrder(events)).toEqual(inOrder(due));
      };
      for (let step = 0; step < 150; step++) {
        if (draw(3) === 0) openAndCheck(draw(3) === 0 ? Infinity : drawTime(far.horizon));
        else if (far.horizon > Number.MAX_SAFE_INTEGER) break;
        else if (draw(5) > 0) add(drawTime(far.horizon));
        else {
          const start = drawTime(far.horizon);
          const spread = [1, 1000, 1_000_000, 2 ** 35][draw(4)];
          for (let left = burstLength(draw); left > 0; left--) add(Math.min(start + draw(spread), Number.MAX_SAFE_INTEGER));
        }
      }
      for (let left = 20; left > 0; left--) openAndCheck(Infinity);
      const rest: [number, number][] = [];
      for (let events = opened(far, Infinity); events.length > 0; events = opened(far, Infinity)) rest.push(...inOrder(events));
      expect(rest).toEqual(inOrder(twin));
      expect(far.open(Infinity)).toBe(-1);
    };
    fc.assert(fc.property(fc.integer(), play), { numRuns: 60 });
  });

  it('come down through all levels, up to the last time there is', () => {
    const far = new FarEvents();
    const last = Number.MAX_SAFE_INTEGER;
    const times = [last, last - 1, last - 3000, 2 ** 50 + 2 ** 40, 2 ** 50, 2 ** 50 - 1, last - 2 ** 31, 5_000_000, 4_999_999, last];
    times.forEach((time, row) => far.add(time, row));
    const all: [number, number][] = [];
    for (let events = opened(far, Infinity); events.length > 0; events = opened(far, Infinity)) {
      all.push(...inOrder(events));
    }
    expect(all.map(([time]) => time)).toEqual([...times].sort((x, y) => x - y));
    expect(all.slice(-2)).toEqual([[last, 0], [last, 9]]);
  });

  it('stay where they are while they lie beyond the limit: what comes before them later is still binned', () => {
    const far = new FarEvents();
    const day = 86_400_000_000;
    far.add(day, 1);
    far.add(day + 1, 2);
    expect(far.open(day / 2)).toBe(-1);
    expect(far.horizon).toBeLessThanOrEqual(day / 2);
    far.add(day - 60_000_000, 3);
    expect(opened(far, Infinity)).toEqual([[day - 60_000_000, 3]]);
    expect(opened(far, Infinity).map(([, row]) => row)).toEqual([1, 2]);
  });
});
