/**
 * Interval of the percentage difference: (mean of b - mean of a) / |mean of a|, for paired samples. By Fieller's
 * theorem (Fieller, "Some problems in interval estimation", Journal of the Royal Statistical Society B 16, 1954): all
 * shares r for which a paired t test does not tell b from (1 + r) a. Exact when the pairs are normal, and it holds 0
 * exactly when the t interval of the difference does, so that the two never contradict each other. Dividing the t
 * interval by the mean of a would leave out that this mean is uncertain, too. docs/statistics.md has what was measured.
 */
import { assert } from '../assert.ts';
import { mean, sampleCovariance, sampleVariance } from './moments.ts';
import { differencesOf } from './paired-difference.ts';
import { studentTQuantile } from './student-t.ts';

export interface PercentageDifference {
  /** As a share: 0.03 is 3 %. null: the mean of a is 0. */
  readonly estimate: number | null;
  /** null: fewer than two pairs, or the mean of a is not told from 0, so that no bounded interval exists. */
  readonly low: number | null;
  readonly high: number | null;
}

export function percentageDifference(
  a: readonly number[],
  b: readonly number[],
  confidence = 0.95,
): PercentageDifference {
  assert(confidence > 0 && confidence < 1, `a confidence is between 0 and 1, not ${confidence}`);
  const differences = differencesOf(a, b);
  const n = a.length;
  const meanA = mean(a);
  const meanDifference = mean(differences);
  const estimate = meanA === 0 ? null : meanDifference / Math.abs(meanA);
  if (n < 2 || estimate === null) return { estimate, low: null, high: null };
  // r is in the interval when (d - r a)^2 <= t^2 var(d - r a) / n, a quadratic inequality in r.
  const t = studentTQuantile(1 - (1 - confidence) / 2, n - 1);
  const weight = (t * t) / n;
  const square = meanA * meanA - weight * sampleVariance(a);
  if (!(square > 0)) return { estimate, low: null, high: null };
  const middle = meanA * meanDifference - weight * sampleCovariance(a, differences);
  const constant = meanDifference * meanDifference - weight * sampleVariance(differences);
  const root = Math.sqrt(Math.max(0, middle * middle - square * constant));
  const ends = [(middle - root) / square, (middle + root) / square] as const;
  return meanA > 0 ? { estimate, low: ends[0], high: ends[1] } : { estimate, low: -ends[1], high: -ends[0] };
}
