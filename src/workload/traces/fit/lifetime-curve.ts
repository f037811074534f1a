/**
 * The distribution of run times of which some were seen in part only, by the product-limit estimate (E. L. Kaplan,
 * P. Meier: Nonparametric estimation from incomplete observations, JASA 53, 1958). What is left behind the longest
 * time seen is taken to end there (B. Efron: The two sample problem with censored data, 1967). Values are held to three
 * digits, so memory is about 900 entries for each power of ten.
 */
import type { Micros } from '../../../base/time.ts';

/** Share of values that are at most so large. */
export interface CurvePoint {
  readonly value: number;
  readonly share: number;
}

interface Seen {
  ended: number;
  cutOff: number;
}

export class LifetimeCurve {
  ended = 0;
  cutOff = 0;
  private readonly seen = new Map<number, Seen>();

  addEnded(micros: Micros): void {
    this.ended++;
    this.at(micros).ended++;
  }

  /** Still ran when it had run for so long. */
  addCutOff(micros: Micros): void {
    this.cutOff++;
    this.at(micros).cutOff++;
  }

  merge(other: LifetimeCurve): void {
    this.ended += other.ended;
    this.cutOff += other.cutOff;
    for (const [value, { ended, cutOff }] of other.seen) {
      const own = this.at(value);
      own.ended += ended;
      own.cutOff += cutOff;
    }
  }

  /** Ascending in value and share, the last share being 1; empty when no end was seen. */
  points(): readonly CurvePoint[] {
    if (this.ended === 0) return [];
    const values = Array.from(this.seen).sort(([a], [b]) => a - b);
    const points: CurvePoint[] = [];
    let running = this.ended + this.cutOff;
    let survival = 1;
    for (const [value, { ended, cutOff }] of values) {
      if (ended > 0) {
        survival *= 1 - ended / running;
        points.push({ value, share: 1 - survival });
      }
      // Who was cut off at a time had run for all of it.
      running -= ended + cutOff;
    }
    const longest = values[values.length - 1][0];
    const last = points[points.length - 1];
    if (last.value === longest) points[points.length - 1] = { value: longest, share: 1 };
    else points.push({ value: longest, share: 1 });
    return points;
  }

  /** Share of the run times that are longer than any that was seen to its end. */
  tailShare(): number {
    const points = this.points();
    return points.length < 2 ? 0 : points[points.length - 1].share - points[points.length - 2].share;
  }

  private at(micros: Micros): Seen {
    const value = threeDigits(micros);
    let entry = this.seen.get(value);
    if (entry === undefined) {
      entry = { ended: 0, cutOff: 0 };
      this.seen.set(value, entry);
    }
    return entry;
  }
}

/** To three digits, for numbers from 1; smaller ones as they are. */
export function threeDigits(value: number): number {
  let unit = 1;
  while (value / unit >= 1000) unit *= 10;
  return unit === 1 ? value : Math.round(value / unit) * unit;
}

/** Counted values as a curve. */
export function curveOfCounts(counts: ReadonlyMap<number, number>): readonly CurvePoint[] {
  const values = Array.from(counts).sort(([a], [b]) => a - b);
  const total = values.reduce((sum, [, count]) => sum + count, 0);
  let sum = 0;
  return values.map(([value, count]) => ({ value, share: (sum += count) / total }));
}

/**
 * At most about `most` values with their weights whose distribution is that of the curve to 1 / most: values that are
 * common stand for themselves, of the others each stands for its neighbours.
 */
export function thinned(points: readonly CurvePoint[], most: number): readonly { value: number; weight: number }[] {
  const kept: { value: number; weight: number }[] = [];
  const step = 2 / most;
  let group: { value: number; weight: number }[] = [];
  let groupWeight = 0;
  let before = 0;
  const close = (): void => {
    if (group.length === 0) return;
    let sum = 0;
    const middle = group.find(({ weight }) => (sum += weight) >= groupWeight / 2) ?? group[group.length - 1];
    kept.push({ value: middle.value, weight: groupWeight });
    group = [];
    groupWeight = 0;
  };
  for (const { value, share } of points) {
    const weight = share - before;
    before = share;
    if (weight <= 0) continue;
    if (weight >= step) {
      close();
      kept.push({ value, weight });
      continue;
    }
    group.push({ value, weight });
    groupWeight += weight;
    if (groupWeight >= step) close();
  }
  close();
  return kept;
}

/** Kolmogorov and Smirnov's distance: the largest difference between two distributions; NaN when one is empty. */
export function largestDifference(a: readonly CurvePoint[], b: readonly CurvePoint[]): number {
  if (a.length === 0 || b.length === 0) return Number.NaN;
  let [i, j, shareA, shareB, largest] = [0, 0, 0, 0, 0];
  while (i < a.length || j < b.length) {
    const value = Math.min(i < a.length ? a[i].value : Infinity, j < b.length ? b[j].value : Infinity);
    while (i < a.length && a[i].value <= value) shareA = a[i++].share;
    while (j < b.length && b[j].value <= value) shareB = b[j++].share;
    largest = Math.max(largest, Math.abs(shareA - shareB));
  }
  return largest;
}
