/**
 * The gamma function's logarithm and the regularised incomplete gamma function, from which the normal, chi-squared and
 * Poisson distributions follow. Good to about 1e-14 of the value; costs some ten steps near the ends, about the square
 * root of the shape in the middle.
 */
import { assert } from '../assert.ts';

/** log of the gamma function, of positive numbers. */
export function logGamma(x: number): number {
  assert(x > 0, `the gamma function is asked for positive numbers here, not ${x}`);
  let shift = 0;
  let z = x;
  for (; z < 15; z++) shift += Math.log(z);
  return (z - 0.5) * Math.log(z) - z + 0.5 * Math.log(2 * Math.PI) + stirlingSeries(z) - shift;
}

/** What Stirling's formula leaves out of log gamma(x + 1): log(x!) - log(sqrt(2 pi x) (x / e)^x), for x > 0. */
export function stirlingRemainder(x: number): number {
  if (x >= 15) return stirlingSeries(x);
  return logGamma(x + 1) - (x + 0.5) * Math.log(x) + x - 0.5 * Math.log(2 * Math.PI);
}

/** DLMF 5.11.1; six terms give full precision from 15 upwards. */
function stirlingSeries(x: number): number {
  const square = 1 / (x * x);
  const inner = 1 / 1260 + square * (-1 / 1680 + square * (1 / 1188 - (square * 691) / 360360));
  return (1 / 12 + square * (-1 / 360 + square * inner)) / x;
}

/** log(1 + u) - u without cancellation, for u > -1. */
export function log1pLess(u: number): number {
  if (u > 0.4 || u < -0.3) return Math.log1p(u) - u;
  // With v = u / (2 + u), log(1 + u) = 2 (v + v^3 / 3 + ...), and u = 2 v + u v.
  const v = u / (2 + u);
  const square = v * v;
  let power = v;
  let sum = 0;
  for (let k = 3; k < 60; k += 2) {
    power *= square;
    const term = power / k;
    sum += term;
    if (Math.abs(term) <= 1e-17 * Math.abs(sum)) break;
  }
  return 2 * sum - u * v;
}

/** P(a, x): the share of a gamma distribution of shape `a` and scale 1 at or below `x`. */
export function lowerGammaShare(a: number, x: number): number {
  return x < a + 1 ? lowerSeries(a, x) : 1 - upperFraction(a, x);
}

/** Q(a, x) = 1 - P(a, x), without cancellation. */
export function upperGammaShare(a: number, x: number): number {
  return x < a + 1 ? 1 - lowerSeries(a, x) : upperFraction(a, x);
}

/** x^a e^-x / gamma(a + 1). */
function front(a: number, x: number): number {
  if (a < 1) return Math.exp(a * Math.log(x) - x - logGamma(a + 1));
  const log = a * log1pLess((x - a) / a) - stirlingRemainder(a);
  return Math.exp(log) / Math.sqrt(2 * Math.PI * a);
}

/** DLMF 8.7.1. */
function lowerSeries(a: number, x: number): number {
  assert(a > 0 && x >= 0, `an incomplete gamma function of shape ${a} at ${x}`);
  if (x === 0) return 0;
  let term = 1;
  let sum = 1;
  for (let k = 1; k < 1_000_000; k++) {
    term *= x / (a + k);
    sum += term;
    if (term <= 1e-17 * sum) break;
  }
  return sum * front(a, x);
}

/** The continued fraction DLMF 8.9.2, evaluated by Lentz's method from the front. */
function upperFraction(a: number, x: number): number {
  assert(a > 0 && x > 0, `an incomplete gamma function of shape ${a} at ${x}`);
  if (x === Number.POSITIVE_INFINITY) return 0;
  let denominator = x + 1 - a;
  let c = 1e300;
  let d = 1 / denominator;
  let result = d;
  for (let k = 1; k < 1_000_000; k++) {
    const numerator = -k * (k - a);
    denominator += 2;
    d = 1 / (numerator * d + denominator);
    c = denominator + numerator / c;
    const factor = c * d;
    result *= factor;
    if (Math.abs(factor - 1) <= 1e-16) break;
  }
  return result * a * front(a, x);
}
