/** Mean, variance and covariance of samples, in two passes: good to the last digits however far the mean is from 0. */
import { assert } from '../assert.ts';

/** NaN when empty. */
export function mean(samples: ArrayLike<number>): number {
  const count = samples.length;
  if (count === 0) return Number.NaN;
  let sum = 0;
  for (let i = 0; i < count; i++) sum += samples[i];
  const rough = sum / count;
  // A second pass over the remainders takes back what the first lost to rounding.
  let remainder = 0;
  for (let i = 0; i < count; i++) remainder += samples[i] - rough;
  return rough + remainder / count;
}

/** With n - 1 below the line. NaN for fewer than two samples. */
export function sampleVariance(samples: ArrayLike<number>): number {
  const count = samples.length;
  if (count < 2) return Number.NaN;
  const center = mean(samples);
  let squares = 0;
  for (let i = 0; i < count; i++) {
    const distance = samples[i] - center;
    squares += distance * distance;
  }
  return squares / (count - 1);
}

export function sampleStandardDeviation(samples: ArrayLike<number>): number {
  return Math.sqrt(sampleVariance(samples));
}

/** Of pairs by position, with n - 1 below the line. NaN for fewer than two pairs. */
export function sampleCovariance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const count = a.length;
  assert(b.length === count, `paired samples differ in number: ${count} and ${b.length}`);
  if (count < 2) return Number.NaN;
  const centerA = mean(a);
  const centerB = mean(b);
  let products = 0;
  for (let i = 0; i < count; i++) products += (a[i] - centerA) * (b[i] - centerB);
  return products / (count - 1);
}
