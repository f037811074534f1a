/**
 * Practically equal: two one-sided t tests (Schuirmann, "A comparison of the two one-sided tests procedure ...",
 * Journal of Pharmacokinetics and Biopharmaceutics 15, 1987). A difference is shown to lie within a margin when both
 * "at least the margin below" and "at least the margin above" are refused; that is when the interval of confidence
 * 1 - 2 alpha lies within the margin. Not showing a difference is not this: with few seeds neither may be shown.
 */
import { assert } from '../assert.ts';
import { mean, sampleStandardDeviation } from './moments.ts';
import { differencesOf } from './paired-difference.ts';
import { studentTCdf } from './student-t.ts';

/**
 * p-value of the claim that the mean of b - a is farther from 0 than `margin` (in the samples' unit, not negative): at
 * most alpha means shown to be practically equal. null: fewer than two pairs.
 */
export function equivalencePValue(a: readonly number[], b: readonly number[], margin: number): number | null {
  assert(margin >= 0, `a margin is not negative, unlike ${margin}`);
  const differences = differencesOf(a, b);
  const above = positiveMeanPValue(differences.map((difference) => difference + margin));
  const below = positiveMeanPValue(differences.map((difference) => margin - difference));
  return above === null || below === null ? null : Math.max(above, below);
}

/**
 * The same with a margin relative to the mean of a: `share` 0.01 is 1 %. Compares b with (1 - share) a and (1 + share)
 * a, pair by pair, so that the mean of a need not be known (the relation of Fieller's interval to the t test).
 */
export function relativeEquivalencePValue(a: readonly number[], b: readonly number[], share: number): number | null {
  assert(share >= 0, `a margin is not negative, unlike ${share}`);
  const differences = differencesOf(a, b);
  const sign = mean(a) < 0 ? -1 : 1;
  const above = positiveMeanPValue(differences.map((difference, i) => difference + share * sign * a[i]));
  const below = positiveMeanPValue(differences.map((difference, i) => share * sign * a[i] - difference));
  return above === null || below === null ? null : Math.max(above, below);
}

/** p-value against "the mean is not positive". Equal samples leave no doubt. null: fewer than two samples. */
export function positiveMeanPValue(samples: readonly number[]): number | null {
  if (samples.length < 2) return null;
  const center = mean(samples);
  const spread = sampleStandardDeviation(samples);
  if (spread === 0) return center > 0 ? 0 : 1;
  return studentTCdf((-center / spread) * Math.sqrt(samples.length), samples.length - 1);
}
