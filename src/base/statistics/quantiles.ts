/**
 * Quantiles by nearest rank (definition 1 of Hyndman and Fan, "Sample quantiles in statistical packages", The American
 * Statistician 50, 1996: the inverse of the empirical distribution function). A quantile is always one of the samples.
 */
import { assert } from '../assert.ts';

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

export function sortedCopy(samples: ArrayLike<number>): Float64Array {
  const sorted = Float64Array.from(samples);
  sorted.sort((a, b) => a - b);
  return sorted;
}
