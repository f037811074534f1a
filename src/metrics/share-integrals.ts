/**
 * Shares (requested of allocatable) over time, one cell each: exact integrals, also over the time in which pods were
 * pending, and a time-weighted histogram in bins of 0.0005. A cell is settled only when its own value changes, so a
 * change costs two cache lines and some 10 ns; nothing is done for cells that keep still.
 *
 * Time in which a cell has nothing allocatable does not count: neither for its mean nor for its quantiles.
 */
import { grownCapacity, growFloat64 } from '../base/growable.ts';
import type { Micros } from '../base/time.ts';
import type { Utilization } from './run-result.ts';

const BINS = 2000;
/** Fields of a cell in `cells`. */
const SHARE = 0;
const SINCE = 1;
const SINCE_PENDING = 2;
const WEIGHTED = 3;
const WEIGHTED_PENDING = 4;
const TIME = 5;
const TIME_PENDING = 6;
const MAX = 7;
const FIELDS = 8;
/** Of `input`. */
export const NOW = 0;
export const PENDING_CLOCK = 1;
export const REQUESTED = 2;
export const ALLOCATABLE = 3;

export class ShareIntegrals {
  /** FIELDS numbers a cell. The share is -1 while nothing is allocatable. */
  private cells: Float64Array = new Float64Array(0);
  private capacity = 0;
  private count = 0;
  /** Micros by bin, the last bin holds shares of 1 and more; made at first use. */
  private readonly histograms: (Float64Array | null)[] = [];

  /**
   * What `set` and `settle` go by: the time now, how long pods have been pending up to now, then for `set` the
   * requested and the allocatable amount. An array, because numbers handed over as arguments would be boxed at each
   * call.
   */
  readonly input: Float64Array = new Float64Array(4);

  /** A new cell's number; it begins at the time of `input`. */
  add(): number {
    const cell = this.count++;
    if (this.count > this.capacity) {
      this.capacity = grownCapacity(this.capacity, this.count);
      this.cells = growFloat64(this.cells, this.capacity * FIELDS);
    }
    this.histograms.push(null);
    const at = cell * FIELDS;
    this.cells[at + SHARE] = -1;
    this.cells[at + SINCE] = this.input[NOW];
    this.cells[at + SINCE_PENDING] = this.input[PENDING_CLOCK];
    return cell;
  }

  set(cell: number): void {
    const { cells, input } = this;
    const at = cell * FIELDS;
    if (input[NOW] > cells[at + SINCE]) this.settle(cell);
    const allocatable = input[ALLOCATABLE];
    cells[at + SHARE] = allocatable > 0 ? input[REQUESTED] / allocatable : -1;
  }

  settle(cell: number): void {
    const { cells, input } = this;
    const at = cell * FIELDS;
    const share = cells[at + SHARE];
    const span = input[NOW] - cells[at + SINCE];
    const pending = input[PENDING_CLOCK] - cells[at + SINCE_PENDING];
    cells[at + SINCE] = input[NOW];
    cells[at + SINCE_PENDING] = input[PENDING_CLOCK];
    if (share < 0 || span <= 0) return;
    cells[at + WEIGHTED] += share * span;
    cells[at + TIME] += span;
    if (pending > 0) {
      cells[at + WEIGHTED_PENDING] += share * pending;
      cells[at + TIME_PENDING] += pending;
    }
    if (share > cells[at + MAX]) cells[at + MAX] = share;
    const bins = (this.histograms[cell] ??= new Float64Array(BINS + 1));
    bins[share < 1 ? Math.floor(share * BINS) : BINS] += span;
  }

  /** null when nothing was ever allocatable for any time. The cell must be settled. */
  summary(cell: number): Utilization | null {
    const { cells } = this;
    const at = cell * FIELDS;
    const time = cells[at + TIME];
    const bins = this.histograms[cell];
    if (time === 0 || bins === null) return null;
    const max = cells[at + MAX];
    const pending = cells[at + TIME_PENDING];
    return {
      mean: cells[at + WEIGHTED] / time,
      p5: quantileOfBins(bins, time, 0.05, max),
      p50: quantileOfBins(bins, time, 0.5, max),
      p95: quantileOfBins(bins, time, 0.95, max),
      max,
      meanWhilePending: pending > 0 ? cells[at + WEIGHTED_PENDING] / pending : null,
    };
  }
}

/** The middle of the bin in which the share of the time is reached; 0 and 1 stand for themselves. */
function quantileOfBins(bins: Float64Array, time: number, share: number, max: number): number {
  const wanted = time * share * (1 - 1e-12);
  let below = 0;
  for (let bin = 0; bin <= BINS; bin++) {
    below += bins[bin];
    if (below < wanted || below === 0) continue;
    if (bin === 0) return 0;
    return bin === BINS ? Math.min(1, max) : Math.min(max, (bin + 0.5) / BINS);
  }
  return max;
}

/** A number over time: its integral and its peak. */
export class LevelIntegral {
  value = 0;
  peak = 0;
  private since: Micros = 0;
  private weighted = 0;

  set(value: number, now: Micros): void {
    if (value === this.value) return;
    this.weighted += this.value * (now - this.since);
    this.since = now;
    this.value = value;
    if (value > this.peak) this.peak = value;
  }

  /** Value times micros up to now. */
  integral(now: Micros): number {
    return this.weighted + this.value * (now - this.since);
  }
}

/** How many nodes there are, and how many of them are empty, over time. */
export class NodeLevels {
  readonly alive = new LevelIntegral();
  readonly empty = new LevelIntegral();
  atStart = 0;
  failures = 0;

  changed(alive: number, empty: number, now: Micros): void {
    this.alive.set(alive, now);
    this.empty.set(empty, now);
    if (now === 0) this.atStart = alive;
  }

  /** Time-weighted means up to now. */
  means(now: Micros): { readonly meanEmptyNodes: number; readonly meanNodes: number } {
    const mean = (level: LevelIntegral): number => (now > 0 ? level.integral(now) / now : level.value);
    return { meanEmptyNodes: mean(this.empty), meanNodes: mean(this.alive) };
  }
}
