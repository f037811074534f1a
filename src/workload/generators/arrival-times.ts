/**
 * Times of arrival of one workload, in order, drawn one after another. docs/formats/generators.md has the parameters
 * and their sources. An instance holds the current time and moves on by `advance`; nothing is allocated per arrival.
 *
 * Streams: gaps come from one stream, acceptance (diurnal) and sizes and gaps inside bursts from others, so that each
 * kind of draw has its own numbering.
 */
import { assert, unreachable } from '../../base/assert.ts';
import { MICROS_PER_HOUR, MICROS_PER_SECOND, type Micros } from '../../base/time.ts';
import type { Distribution } from '../../kernel/distribution.ts';
import type { RandomStream, RandomStreams } from '../../kernel/random.ts';
import { sample } from '../../kernel/sampling.ts';
import type { ArrivalProcess } from '../settings.ts';
import { TimeHeap } from './time-heap.ts';

/** A sorted sequence of times with a place in it. */
export interface ArrivalTimes {
  /** The current arrival; Infinity behind the last. */
  readonly timeMicros: Micros;
  /** Moves to the next arrival. */
  advance(): void;
}

/** The largest burst; sizes beyond it are cut to it. */
export const MAX_BURST_SIZE = 1_000_000;

/**
 * The arrivals of `process` before `horizonMicros` (null: no horizon), standing at the first. `entity` names the
 * workload: the same streams and entity give the same times.
 */
export function arrivalTimes(
  process: ArrivalProcess,
  streams: RandomStreams,
  entity: string,
  horizonMicros: Micros | null,
): ArrivalTimes {
  const horizon = horizonMicros ?? Infinity;
  switch (process.kind) {
    case 'at':
      return new FixedArrivals(process.atMicros, process.atMicros < horizon ? process.count : 0);
    case 'poisson':
      return new PoissonArrivals(
        process.ratePerHour,
        process.startMicros,
        Math.min(process.endMicros ?? Infinity, horizon),
        streams.stream('arrivals', entity),
      );
    case 'diurnal':
      return new DiurnalArrivals(process, Math.min(process.endMicros ?? Infinity, horizon), streams, entity);
    case 'hourly':
      return new HourlyArrivals(
        process.ratesPerHour,
        process.startMicros,
        Math.min(process.endMicros ?? Infinity, horizon),
        streams.stream('arrivals', entity),
      );
    case 'bursty':
      return new BurstyArrivals(process, Math.min(process.endMicros ?? Infinity, horizon), streams, entity);
    default:
      return unreachable(process);
  }
}

class FixedArrivals implements ArrivalTimes {
  timeMicros: Micros;
  private left: number;

  constructor(atMicros: Micros, count: number) {
    this.timeMicros = count > 0 ? atMicros : Infinity;
    this.left = count;
  }

  advance(): void {
    if (--this.left <= 0) this.timeMicros = Infinity;
  }
}

/** Mean gap in micros; Infinity at rate 0. */
function meanGapMicros(ratePerHour: number): number {
  assert(ratePerHour >= 0, 'a rate must not be negative');
  return MICROS_PER_HOUR / ratePerHour;
}

function exponentialGap(meanMicros: number, stream: RandomStream): number {
  return meanMicros === Infinity ? Infinity : -Math.log(1 - stream.next()) * meanMicros;
}

/**
 * A time on the continuous axis as a whole microsecond; Infinity from `end` on. Rounding down keeps it before `end`.
 */
function wholeMicros(time: number, end: number): Micros {
  return time < end ? Math.floor(time) : Infinity;
}

class PoissonArrivals implements ArrivalTimes {
  timeMicros: Micros;
  /** The current arrival before rounding: rounding errors must not add up. */
  private exact: number;
  private readonly meanGap: number;
  private readonly end: number;
  private readonly gaps: RandomStream;

  constructor(ratePerHour: number, start: Micros, end: number, gaps: RandomStream) {
    this.meanGap = meanGapMicros(ratePerHour);
    this.end = end;
    this.gaps = gaps;
    this.exact = start;
    this.timeMicros = start;
    this.advance();
  }

  advance(): void {
    if (this.timeMicros === Infinity) return;
    this.exact += exponentialGap(this.meanGap, this.gaps);
    this.timeMicros = wholeMicros(this.exact, this.end);
  }
}

/**
 * Candidates of a Poisson process at the highest rate, each kept with probability rate(t) / highest rate (Lewis and
 * Shedler 1979).
 */
class DiurnalArrivals implements ArrivalTimes {
  timeMicros: Micros;
  private exact: number;
  private readonly meanGap: number;
  private readonly end: number;
  private readonly amplitude: number;
  private readonly peak: Micros;
  private readonly radiansPerMicro: number;
  private readonly gaps: RandomStream;
  private readonly acceptance: RandomStream;

  constructor(
    process: Extract<ArrivalProcess, { kind: 'diurnal' }>,
    end: number,
    streams: RandomStreams,
    entity: string,
  ) {
    assert(process.amplitude >= 0 && process.amplitude <= 1, 'a diurnal amplitude lies between 0 and 1');
    assert(process.periodMicros > 0, 'a diurnal period must be positive');
    this.amplitude = process.amplitude;
    this.meanGap = meanGapMicros(process.meanRatePerHour * (1 + process.amplitude));
    this.peak = process.peakMicros;
    this.radiansPerMicro = (2 * Math.PI) / process.periodMicros;
    this.end = end;
    this.gaps = streams.stream('arrivals', entity);
    this.acceptance = streams.stream('arrival-acceptance', entity);
    this.exact = process.startMicros;
    this.timeMicros = process.startMicros;
    this.advance();
  }

  advance(): void {
    if (this.timeMicros === Infinity) return;
    const highest = 1 + this.amplitude;
    for (;;) {
      this.exact += exponentialGap(this.meanGap, this.gaps);
      if (this.exact >= this.end || this.exact === Infinity) break;
      const rate = 1 + this.amplitude * Math.cos(this.radiansPerMicro * (this.exact - this.peak));
      if (this.acceptance.next() * highest < rate) break;
    }
    this.timeMicros = wholeMicros(this.exact, this.end);
  }
}

/**
 * The gaps of a steady process of rate 1, each stretched over the hours by their rates: exact, and one draw an arrival
 * (E. Cinlar, Introduction to Stochastic Processes, 1975).
 */
class HourlyArrivals implements ArrivalTimes {
  timeMicros: Micros;
  private exact: number;
  private readonly rates: readonly number[];
  private readonly end: number;
  private readonly gaps: RandomStream;

  constructor(ratesPerHour: readonly number[], start: Micros, end: number, gaps: RandomStream) {
    assert(ratesPerHour.some((rate) => rate > 0), 'a rate is above 0');
    assert(ratesPerHour.every((rate) => rate >= 0), 'a rate must not be negative');
    this.rates = ratesPerHour;
    this.end = end;
    this.gaps = gaps;
    this.exact = start;
    this.timeMicros = start;
    this.advance();
  }

  advance(): void {
    if (this.timeMicros === Infinity) return;
    let left = exponentialGap(1, this.gaps);
    while (this.exact < this.end) {
      const hour = Math.floor(this.exact / MICROS_PER_HOUR);
      const hourEnd = (hour + 1) * MICROS_PER_HOUR;
      const rate = this.rates[hour % this.rates.length] / MICROS_PER_HOUR;
      const expected = (hourEnd - this.exact) * rate;
      if (left < expected) {
        this.exact += left / rate;
        break;
      }
      left -= expected;
      this.exact = hourEnd;
    }
    this.timeMicros = wholeMicros(this.exact, this.end);
  }
}

/** Bursts in progress stand in a heap by the time of their next arrival; a burst is known by its slot. */
class BurstyArrivals implements ArrivalTimes {
  timeMicros: Micros = 0;
  private readonly bursts: PoissonArrivals;
  private readonly size: Distribution;
  private readonly meanGap: number;
  private readonly end: number;
  private readonly sizes: RandomStream;
  private readonly gapsInside: RandomStream;
  private readonly active = new TimeHeap();
  /** By slot: arrivals still to come. */
  private readonly left: number[] = [];
  private readonly freeSlots: number[] = [];

  constructor(
    process: Extract<ArrivalProcess, { kind: 'bursty' }>,
    end: number,
    streams: RandomStreams,
    entity: string,
  ) {
    assert(process.gapSeconds >= 0, 'a gap must not be negative');
    this.bursts = new PoissonArrivals(
      process.burstsPerHour,
      process.startMicros,
      end,
      streams.stream('arrivals', entity),
    );
    this.size = process.size;
    this.meanGap = process.gapSeconds * MICROS_PER_SECOND;
    this.end = end;
    this.sizes = streams.stream('burst-sizes', entity);
    this.gapsInside = streams.stream('burst-gaps', entity);
    this.findNext();
  }

  advance(): void {
    if (this.timeMicros === Infinity) return;
    const slot = this.active.topId();
    if (--this.left[slot] > 0) {
      this.active.replaceTop(this.active.topTime() + exponentialGap(this.meanGap, this.gapsInside));
    } else {
      this.active.removeTop();
      this.freeSlots.push(slot);
    }
    this.findNext();
  }

  /** Begins every burst that comes before the next arrival of the bursts in progress, then stands at the earliest. */
  private findNext(): void {
    while (this.bursts.timeMicros !== Infinity && this.bursts.timeMicros <= this.active.topTime()) {
      const size = boundedCount(sample(this.size, this.sizes), 1, MAX_BURST_SIZE);
      const slot = this.freeSlots.pop() ?? this.left.length;
      this.left[slot] = size;
      this.active.push(this.bursts.timeMicros, slot);
      this.bursts.advance();
    }
    this.timeMicros = wholeMicros(this.active.topTime(), this.end);
  }
}

/** The nearest whole number within [least, most]. */
export function boundedCount(value: number, least: number, most: number): number {
  return Math.max(least, Math.min(most, Math.round(value)));
}
