/**
 * Quantiles by nearest rank (definition 1 of Hyndman and Fan, "Sample quantiles in statistical packages", The American
 * Statistician 50, 1996: the inverse of the empirical distribution function), and what can be said of the quantile of
 * the distribution that independent samples come from. A quantile is always one of the samples.
 */
import { assert } from '../assert.ts';
import { binomialCdf } from './binomial.ts';

/**
 * Nearest-rank position of a quantile among `count` ordered samples: the smallest rank r (from 1) with r / count >=
 * share, and 1 for share 0. The small slack keeps 0.07 of 100 samples at rank 7 although 0.07 * 100 > 7 in floating
 * point.
 */
export function nearestRank(share: number, count: number): number {
  assert(share >= 0 && share <= 1, `a quantile's share is from 0 to 1, not ${share}`);
  const exact = share * count;
  return Math.min(count, Math.max(1, Math.ceil(exact - exact * 1e-12)));
}

/**
 * Nearest-rank quantile of samples in ascending order: always one of the samples, never a value between two. NaN when
 * empty.
 */
export function quantileOfSorted(sorted: ArrayLike<number>, share: number): number {
  if (sorted.length === 0) return Number.NaN;
  return sorted[nearestRank(share, sorted.length) - 1];
}

/** Nearest-rank quantiles of samples in any order, one per share. O(n log n); copies the samples. */
export function quantiles(samples: ArrayLike<number>, shares: readonly number[]): number[] {
  const sorted = sortedCopy(samples);
  return shares.map((share) => quantileOfSorted(sorted, share));
}

export interface QuantileInterval {
  readonly estimate: number;
  /** null: so few samples bound the quantile on neither side with this confidence, or not on this one. */
  readonly low: number | null;
  readonly high: number | null;
}

/**
 * Interval of a quantile of the distribution from independent samples: the order statistics that leave at most half of
 * the rest of the confidence out at either end, by the binomial distribution. Holds for any distribution; covers at
 * least with `confidence`. Source: Conover, Practical Nonparametric Statistics (3rd edition, 1999), section 3.2. For
 * one number a run over independent runs; the waits of one run are not independent.
 */
export function quantileInterval(samples: ArrayLike<number>, share: number, confidence = 0.95): QuantileInterval {
  assert(share > 0 && share < 1, `a quantile with an interval has a share between 0 and 1, not ${share}`);
  assert(confidence > 0 && confidence < 1, `a confidence is between 0 and 1, not ${confidence}`);
  const sorted = sortedCopy(samples);
  const count = sorted.length;
  const outside = (1 - confidence) / 2;
  // Of `count` samples a binomial number lies below the quantile.
  let below = -1;
  while (below + 1 < count && binomialCdf(below + 1, count, share) <= outside) below++;
  let above = count;
  while (above > 0 && 1 - binomialCdf(above - 1, count, share) <= outside) above--;
  return {
    estimate: quantileOfSorted(sorted, share),
    low: below < 0 ? null : sorted[below],
    high: above >= count ? null : sorted[above],
  };
}

function sortedCopy(samples: ArrayLike<number>): Float64Array {
  const sorted = Float64Array.from(samples);
  sorted.sort((a, b) => a - b);
  return sorted;
}
