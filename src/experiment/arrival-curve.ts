/**
 * A curve by percent of a capacity that has been asked for: each value goes to the bin of its percent, a bin is their
 * mean.
 */
import { assert } from '../base/assert.ts';

export class ArrivalCurve {
  private readonly sums: number[] = [];
  private readonly counts: number[] = [];

  /** Values are rounded to two decimals before the mean is made, and so is the mean: as the published curves were. */
  add(percent: number, value: number): void {
    const bin = roundHalfEven(percent);
    assert(bin >= 0, 'demand is not negative');
    while (this.sums.length <= bin) {
      this.sums.push(0);
      this.counts.push(0);
    }
    this.sums[bin] += roundHalfEven(value * 100);
    this.counts[bin]++;
  }

  /**
   * By percent from 0. A percent that no value fell on has the mean of its neighbours'; without those, what the one
   * before has.
   */
  means(): number[] {
    let last = 0;
    return this.sums.map((_, bin) => {
      const from = this.counts[bin] > 0 ? bin : bin - 1;
      const to = this.counts[bin] > 0 ? bin : bin + 1;
      let sum = 0;
      let count = 0;
      for (let i = Math.max(0, from); i <= Math.min(to, this.sums.length - 1); i++) {
        sum += this.sums[i];
        count += this.counts[i];
      }
      if (count > 0) last = roundHalfEven(sum / count) / 100;
      return last;
    });
  }
}

/** The nearest whole number, of two equally near the even one. */
export function roundHalfEven(value: number): number {
  const below = Math.floor(value);
  const rest = value - below;
  if (rest !== 0.5) return Math.round(value);
  return below % 2 === 0 ? below : below + 1;
}

export function twoDecimals(value: number): number {
  return roundHalfEven(value * 100) / 100;
}
