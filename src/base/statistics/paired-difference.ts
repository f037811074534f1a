/**
 * The difference of two paired samples: a[i] and b[i] come from one seed, hence met the same arrivals and failures. The
 * interval is Student's t on the differences, exact when these are normal; what they come from need not be. Source: any
 * textbook; Law, Simulation Modeling and Analysis (5th edition, 2015), section 10.2.1.
 */
import { assert } from '../assert.ts';
import { mean, sampleStandardDeviation } from './moments.ts';
import { studentTQuantile, studentTTwoSided } from './student-t.ts';

export interface PairedDifference {
  readonly n: number;
  readonly meanA: number;
  readonly meanB: number;
  /** Mean of b - a. */
  readonly meanDifference: number;
  /** Half the width of the two-sided 95 % Student t interval of the mean difference. null: fewer than two pairs. */
  readonly halfWidth95: number | null;
  readonly low: number | null;
  readonly high: number | null;
  /** meanDifference / |meanA|. null: meanA is 0. */
  readonly relative: number | null;
}

/** Pairs are by position: a[i] and b[i] come from the same seed. The samples must be equally many and at least one. */
export function pairedDifference(a: readonly number[], b: readonly number[]): PairedDifference {
  const differences = differencesOf(a, b);
  const n = a.length;
  const meanA = mean(a);
  const meanDifference = mean(differences);
  const relative = meanA === 0 ? null : meanDifference / Math.abs(meanA);
  const shared = { n, meanA, meanB: mean(b), meanDifference, relative };
  const interval = meanInterval(differences, 0.95);
  if (interval === null) return { ...shared, halfWidth95: null, low: null, high: null };
  return { ...shared, halfWidth95: interval.halfWidth, low: interval.low, high: interval.high };
}

/** b - a, pair by pair. */
export function differencesOf(a: readonly number[], b: readonly number[]): number[] {
  assert(a.length === b.length, `paired samples differ in number: ${a.length} and ${b.length}`);
  assert(a.length > 0, 'a paired difference needs at least one pair');
  return a.map((value, i) => b[i] - value);
}

export interface MeanInterval {
  readonly mean: number;
  readonly halfWidth: number;
  readonly low: number;
  readonly high: number;
}

/** Two-sided Student t interval of the mean of independent samples. null: fewer than two. */
export function meanInterval(samples: ArrayLike<number>, confidence = 0.95): MeanInterval | null {
  assert(confidence > 0 && confidence < 1, `a confidence is between 0 and 1, not ${confidence}`);
  const n = samples.length;
  if (n < 2) return null;
  const center = mean(samples);
  const t = studentTQuantile(1 - (1 - confidence) / 2, n - 1);
  const halfWidth = (t * sampleStandardDeviation(samples)) / Math.sqrt(n);
  return { mean: center, halfWidth, low: center - halfWidth, high: center + halfWidth };
}

/**
 * p-value of the two-sided t test that the mean of the samples is `center`. Equal samples: 1 at their value, 0
 * elsewhere. null: fewer than two samples.
 */
export function meanTestPValue(samples: ArrayLike<number>, center = 0): number | null {
  if (samples.length < 2) return null;
  const distance = mean(samples) - center;
  if (distance === 0) return 1;
  const t = distance / (sampleStandardDeviation(samples) / Math.sqrt(samples.length));
  return studentTTwoSided(t, samples.length - 1);
}
