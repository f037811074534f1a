/**
 * Student's t distribution. Good to about 1e-12 for any positive degrees of freedom; its cost grows with the square
 * root of the degrees of freedom.
 */
import { assert } from '../assert.ts';

/** Probability that a Student t variable with `degrees` of freedom (positive, whole or not) is at most `t`. */
export function studentTCdf(t: number, degrees: number): number {
  assert(degrees > 0, `degrees of freedom are positive, not ${degrees}`);
  if (Number.isNaN(t)) return Number.NaN;
  return t >= 0 ? 1 - upperTail(t, degrees) : upperTail(-t, degrees);
}

/** Probability that it is farther from 0 than `t`, on either side: the p-value of a two-sided test. */
export function studentTTwoSided(t: number, degrees: number): number {
  assert(degrees > 0, `degrees of freedom are positive, not ${degrees}`);
  return Number.isNaN(t) ? Number.NaN : 2 * upperTail(Math.abs(t), degrees);
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

/**
 * P(T > t) for t >= 0, through the regularised incomplete beta function I_x(degrees / 2, 1 / 2), x = degrees / (degrees
 * + t^2).
 */
function upperTail(t: number, degrees: number): number {
  if (t === Number.POSITIVE_INFINITY) return 0;
  const a = degrees / 2;
  const square = t * t;
  if (square === 0) return 0.5;
  const x = degrees / (degrees + square);
  const y = square / (degrees + square);
  // log of x^a y^(1/2) / B(a, 1/2); x is close to 1 for small t, where log1p keeps its digits.
  const logFront =
    -a * Math.log1p(square / degrees) + 0.5 * Math.log(y) + logGammaHalfStep(a) - 0.5 * Math.log(Math.PI);
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
  const series =
    inverse * (-1 / 8 + square * (1 / 192 + square * (-1 / 640 + square * (17 / 14336 - (square * 31) / 18432))));
  return shift + 0.5 * Math.log(z) + series;
}

/**
 * The continued fraction of the incomplete beta function (DLMF 8.17.22), evaluated by Lentz's method from the front.
 */
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
