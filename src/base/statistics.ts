/**
 * Small exact statistics: nearest-rank quantiles, moments, Student's t, the paired difference of two samples. No
 * `Math.pow`, no chance: the same samples in the same order give the same bits on every machine. Student's t is good to
 * about 1e-12 for any positive degrees of freedom; its cost grows with the square root of the degrees of freedom.
 */
import { assert } from './assert.ts';

/**
 * Nearest-rank position of a quantile among `count` ordered samples: the smallest rank r (from 1) with r / count >=
 * share, and 1 for share 0. The small slack keeps 0.07 of 100 samples at rank 7 although 0.07 * 100 > 7 in floating point.
 */
export function nearestRank(share: number, count: number): number {
  assert(share >= 0 && share <= 1, `a quantile's share is from 0 to 1, not ${share}`);
  const exact = share * count;
  return Math.min(count, Math.max(1, Math.ceil(exact - exact * 1e-12)));
}

/** Nearest-rank quantile of samples in ascending order: always one of the samples, never a value between two. NaN when empty. */
export function quantileOfSorted(sorted: ArrayLike<number>, share: number): number {
  if (sorted.length === 0) return Number.NaN;
  return sorted[nearestRank(share, sorted.length) - 1];
}

/** Nearest-rank quantiles of samples in any order, one per share. O(n log n); copies the samples. */
export function quantiles(samples: ArrayLike<number>, shares: readonly number[]): number[] {
  const sorted = Float64Array.from(samples);
  sorted.sort((a, b) => a - b);
  return shares.map((share) => quantileOfSorted(sorted, share));
}

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
export function sampleStandardDeviation(samples: ArrayLike<number>): number {
  const count = samples.length;
  if (count < 2) return Number.NaN;
  const center = mean(samples);
  let squares = 0;
  for (let i = 0; i < count; i++) {
    const distance = samples[i] - center;
    squares += distance * distance;
  }
  return Math.sqrt(squares / (count - 1));
}

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
  assert(a.length === b.length, `paired samples differ in number: ${a.length} and ${b.length}`);
  assert(a.length > 0, 'a paired difference needs at least one pair');
  const n = a.length;
  const differences = a.map((value, i) => b[i] - value);
  const meanA = mean(a);
  const meanDifference = mean(differences);
  const shared = { n, meanA, meanB: mean(b), meanDifference, relative: meanA === 0 ? null : meanDifference / Math.abs(meanA) };
  if (n < 2) return { ...shared, halfWidth95: null, low: null, high: null };
  const halfWidth95 = (studentTQuantile(0.975, n - 1) * sampleStandardDeviation(differences)) / Math.sqrt(n);
  return { ...shared, halfWidth95, low: meanDifference - halfWidth95, high: meanDifference + halfWidth95 };
}

/** Probability that a Student t variable with `degrees` of freedom (positive, whole or not) is at most `t`. */
export function studentTCdf(t: number, degrees: number): number {
  assert(degrees > 0, `degrees of freedom are positive, not ${degrees}`);
  if (Number.isNaN(t)) return Number.NaN;
  return t >= 0 ? 1 - upperTail(t, degrees) : upperTail(-t, degrees);
}

/** The t that a share `probability` of the distribution does not exceed. Infinite at 0 and 1. */
export function studentTQuantile(probability: number, degrees: number): number {
  assert(degrees > 0, `degrees of freedom are positive, not ${degrees}`);
  assert(probability >= 0 && probability <= 1, `a probability is from 0 to 1, not ${probability}`);
  if (probability === 0.5) return 0;
  const tail = probability > 0.5 ? 1 - probability : probability;
  const t = tail === 0 ? Number.POSITIVE_INFINITY : positiveQuantile(tail, degrees);
  return probability > 0.5 ? t : -t;
}

/** Solves upperTail(t) = tail for t > 0: Newton steps, halved whenever one leaves the bracket. */
function positiveQuantile(tail: number, degrees: number): number {
  let low = 0;
  let high = 2;
  while (upperTail(high, degrees) > tail && high < 1e300) {
    low = high;
    high *= 4;
  }
  let t = (low + high) / 2;
  for (let step = 0; step < 400; step++) {
    const excess = upperTail(t, degrees) - tail;
    if (excess === 0) return t;
    if (excess > 0) low = t;
    else high = t;
    const newton = t + excess / density(t, degrees);
    const next = newton > low && newton < high ? newton : (low + high) / 2;
    if (Math.abs(next - t) <= 1e-15 * t) return next;
    t = next;
  }
  return t;
}

function density(t: number, degrees: number): number {
  const logScale = logGammaHalfStep(degrees / 2) - 0.5 * Math.log(degrees * Math.PI);
  return Math.exp(logScale - ((degrees + 1) / 2) * Math.log1p((t * t) / degrees));
}

/** P(T > t) for t >= 0, through the regularised incomplete beta function I_x(degrees / 2, 1 / 2), x = degrees / (degrees + t^2). */
function upperTail(t: number, degrees: number): number {
  if (t === Number.POSITIVE_INFINITY) return 0;
  const a = degrees / 2;
  const square = t * t;
  if (square === 0) return 0.5;
  const x = degrees / (degrees + square);
  const y = square / (degrees + square);
  // log of x^a y^(1/2) / B(a, 1/2); x is close to 1 for small t, where log1p keeps its digits.
  const logFront = -a * Math.log1p(square / degrees) + 0.5 * Math.log(y) + logGammaHalfStep(a) - 0.5 * Math.log(Math.PI);
  const front = Math.exp(logFront);
  if (x < (a + 1) / (a + 2.5)) return (0.5 * front * betaFraction(x, a, 0.5)) / a;
  return 0.5 - front * betaFraction(y, 0.5, a);
}

/** log(gamma(a + 1/2) / gamma(a)): shifted upwards until the asymptotic series is exact to the last bits. */
function logGammaHalfStep(a: number): number {
  let shift = 0;
  let z = a;
  for (; z < 20; z++) shift += Math.log(z / (z + 0.5));
  const inverse = 1 / z;
  const square = inverse * inverse;
  const series = inverse * (-1 / 8 + square * (1 / 192 + square * (-1 / 640 + square * (17 / 14336 - (square * 31) / 18432))));
  return shift + 0.5 * Math.log(z) + series;
}

/** The continued fraction of the incomplete beta function (DLMF 8.17.22), evaluated by Lentz's method from the front. */
function betaFraction(x: number, a: number, b: number): number {
  const tiny = 1e-300;
  const awayFromZero = (value: number): number => (Math.abs(value) < tiny ? tiny : value);
  let c = 1;
  let d = 1 / awayFromZero(1 - ((a + b) * x) / (a + 1));
  let result = d;
  for (let m = 1; m <= 100_000; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / awayFromZero(1 + even * d);
    c = awayFromZero(1 + even / c);
    result *= d * c;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / awayFromZero(1 + odd * d);
    c = awayFromZero(1 + odd / c);
    const factor = d * c;
    result *= factor;
    if (Math.abs(factor - 1) < 1e-16) return result;
  }
  return result;
}
