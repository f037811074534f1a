/**
 * Where the warm-up of a run ends: MSER-5 (White, Cobb and Spratt, "A comparison of five steady-state truncation
 * heuristics for simulation", Winter Simulation Conference 2000). The observations are averaged by fives; the cut is
 * where the standard error of what is left, taken as if it were independent, is least. O(n).
 */
import { assert } from '../assert.ts';

export interface WarmUp {
  /** Leading observations to leave out: a multiple of the batch size. */
  readonly cut: number;
  /**
   * false: the least error is in the second half, so the run was too short or has no steady state (a queue that grows).
   * `cut` is then the best one of the first half, and should not be relied on.
   */
  readonly isSettled: boolean;
}

/** Batches at the end that are never all that is left: the error of so few says nothing. */
const LEAST_LEFT = 5;

/** `batchSize` 5 makes it MSER-5, 1 plain MSER. Observations that do not fill a batch at the end are left aside. */
export function warmUpCut(observations: ArrayLike<number>, batchSize = 5): WarmUp {
  assert(Number.isInteger(batchSize) && batchSize > 0, `a batch has a whole number of observations, not ${batchSize}`);
  const batches = batchAverages(observations, batchSize);
  const count = batches.length;
  if (count < 2 * LEAST_LEFT) return { cut: 0, isSettled: false };
  const half = Math.floor(count / 2);
  let [best, bestOfHalf, least, leastOfHalf] = [count, half, Infinity, Infinity];
  // Backwards, with mean and squared distances brought up to date by each batch (Welford).
  let mean = 0;
  let squares = 0;
  for (let start = count - 1; start >= 0; start--) {
    const left = count - start;
    const distance = batches[start] - mean;
    mean += distance / left;
    squares += distance * (batches[start] - mean);
    if (left < LEAST_LEFT) continue;
    const error = squares / (left * left);
    if (error <= least) [best, least] = [start, error];
    if (start <= half && error <= leastOfHalf) [bestOfHalf, leastOfHalf] = [start, error];
  }
  return { cut: bestOfHalf * batchSize, isSettled: best <= half };
}

/** Means of consecutive observations, `size` each; a rest at the end is left aside. */
export function batchAverages(observations: ArrayLike<number>, size: number): Float64Array {
  const averages = new Float64Array(Math.floor(observations.length / size));
  for (let batch = 0, at = 0; batch < averages.length; batch++) {
    let sum = 0;
    for (let i = 0; i < size; i++) sum += observations[at++];
    averages[batch] = sum / size;
  }
  return averages;
}
