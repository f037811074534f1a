/**
 * Draws from a `Distribution`, and its mean in closed form.
 *
 * Every kind takes a fixed number of `stream.next()` per sample, whatever comes out: fixed none, lognormal two, all
 * others one. So changing the parameters of one quantity never shifts the later draws of its stream. Powers are written
 * as exp(y log x): the built-in power gives different last bits on different engines.
 */
import { assert, unreachable } from '../base/assert.ts';
import { microsFromSeconds } from '../base/time.ts';
import type { Micros } from '../base/time.ts';
import type { Distribution } from './distribution.ts';
import type { RandomStream } from './random.ts';

/** One value, in the unit of the field that holds the distribution, clamped to its bounds. */
export function sample(distribution: Distribution, stream: RandomStream): number {
  let value = sampleShape(distribution, stream);
  const { atLeast, atMost } = distribution;
  if (atLeast !== null && value < atLeast) value = atLeast;
  if (atMost !== null && value > atMost) value = atMost;
  return value;
}

/** One time, of a distribution of seconds: to the nearest whole microsecond, at least 0. */
export function sampleMicros(distributionSeconds: Distribution, stream: RandomStream): Micros {
  return Math.max(0, microsFromSeconds(sample(distributionSeconds, stream)));
}

function sampleShape(distribution: Distribution, stream: RandomStream): number {
  switch (distribution.kind) {
    case 'fixed':
      return distribution.value;
    case 'uniform':
      return distribution.min + (distribution.max - distribution.min) * stream.next();
    case 'exponential':
      return distribution.mean * unitExponential(stream);
    case 'lognormal':
      return distribution.median * Math.exp(distribution.sigma * standardNormal(stream));
    case 'weibull':
      return distribution.scale * power(unitExponential(stream), 1 / distribution.shape);
    case 'boundedPareto': {
      const { min, max, alpha } = distribution;
      const remainder = 1 - stream.next() * (1 - power(min / max, alpha));
      return Math.min(max, min * power(remainder, -1 / alpha));
    }
    case 'choice':
      return choose(distribution.values, distribution.weights, stream);
    default:
      return unreachable(distribution);
  }
}

/**
 * The mean before clamping; Infinity where it diverges. Exact up to rounding (the gamma function of weibull to about
 * 1e-13). For load estimates and tests.
 */
export function meanOf(distribution: Distribution): number {
  switch (distribution.kind) {
    case 'fixed':
      return distribution.value;
    case 'uniform':
      return (distribution.min + distribution.max) / 2;
    case 'exponential':
      return distribution.mean;
    case 'lognormal':
      return distribution.median * Math.exp((distribution.sigma * distribution.sigma) / 2);
    case 'weibull':
      return distribution.scale * gammaOfOnePlus(1 / distribution.shape);
    case 'boundedPareto':
      return boundedParetoMean(distribution.min, distribution.max, distribution.alpha);
    case 'choice': {
      const { values, weights } = distribution;
      let sum = 0;
      for (let i = 0; i < values.length; i++) sum += values[i] * weights[i];
      return sum / totalOf(weights);
    }
    default:
      return unreachable(distribution);
  }
}

/** One draw in a thousand lies beyond each end. */
const RARE = 0.001;
/** The standard normal is below this in all but one of a thousand draws. */
const RARE_DEVIATION = 3.0902;

/** From what all but one in a thousand draws exceed to what all but one in a thousand fall short of, bounds applied. */
export function usualRange(distribution: Distribution): { readonly least: number; readonly most: number } {
  const { atLeast, atMost } = distribution;
  const bounded = (value: number): number => Math.min(atMost ?? Infinity, Math.max(atLeast ?? -Infinity, value));
  return { least: bounded(usualEnd(distribution, RARE)), most: bounded(usualEnd(distribution, 1 - RARE)) };
}

/** The quantile at one of the two ends. */
function usualEnd(distribution: Distribution, share: number): number {
  const isHigh = share > RARE;
  switch (distribution.kind) {
    case 'fixed':
      return distribution.value;
    case 'uniform':
      return distribution.min + (distribution.max - distribution.min) * share;
    case 'exponential':
      return -distribution.mean * Math.log1p(-share);
    case 'lognormal':
      return distribution.median * Math.exp(distribution.sigma * (isHigh ? RARE_DEVIATION : -RARE_DEVIATION));
    case 'weibull':
      return distribution.scale * power(-Math.log1p(-share), 1 / distribution.shape);
    case 'boundedPareto': {
      const { min, max, alpha } = distribution;
      return min * power(1 - share * (1 - power(min / max, alpha)), -1 / alpha);
    }
    case 'choice': {
      const possible = distribution.values.filter((_, index) => distribution.weights[index] > 0);
      return isHigh ? Math.max(...possible) : Math.min(...possible);
    }
    default:
      return unreachable(distribution);
  }
}

/** Inverse of the exponential distribution of mean 1; one draw. The draw is below 1, so the result is finite. */
function unitExponential(stream: RandomStream): number {
  return -Math.log1p(-stream.next());
}

/** Box-Muller, the cosine half only; two draws. */
function standardNormal(stream: RandomStream): number {
  const radius = Math.sqrt(2 * unitExponential(stream));
  return radius * Math.cos(2 * Math.PI * stream.next());
}

function choose(values: readonly number[], weights: readonly number[], stream: RandomStream): number {
  assert(values.length > 0 && values.length === weights.length, 'a choice needs a weight for each of its values');
  const total = totalOf(weights);
  let left = stream.next() * total;
  let last = -1;
  for (let i = 0; i < values.length; i++) {
    if (weights[i] === 0) continue;
    last = i;
    if (left < weights[i]) return values[i];
    left -= weights[i];
  }
  // Rounding can leave a crumb beyond the end.
  return values[last];
}

function totalOf(weights: readonly number[]): number {
  let total = 0;
  for (const weight of weights) {
    assert(weight >= 0, 'weights are not negative');
    total += weight;
  }
  assert(total > 0 && total < Infinity, 'weights need a positive, finite sum');
  return total;
}

function boundedParetoMean(min: number, max: number, alpha: number): number {
  if (min === max) return min;
  const kept = 1 - power(min / max, alpha);
  // Near alpha = 1 the quotient is 0/0; expm1(x)/x goes through its limit smoothly.
  const span = Math.log(max / min);
  const bend = (1 - alpha) * span;
  if (span === Infinity) return alpha > 1 ? (min * alpha) / (alpha - 1) : Infinity;
  const integral = bend === 0 ? span : (Math.expm1(bend) / bend) * span;
  return (min * alpha * integral) / kept;
}

/** x to the y for x >= 0. */
function power(x: number, y: number): number {
  if (x === 0) return y > 0 ? 0 : y === 0 ? 1 : Infinity;
  return Math.exp(y * Math.log(x));
}

/**
 * Gamma(1 + x) for x >= 0: Stirling's series of the logarithm at x + 12 or above, where seven terms give full
 * precision, divided back down by the recurrence Gamma(z + 1) = z Gamma(z).
 */
function gammaOfOnePlus(x: number): number {
  let z = 1 + x;
  let divisor = 1;
  while (z < 12) {
    divisor *= z;
    z++;
  }
  const inverse = 1 / z;
  const square = inverse * inverse;
  const coefficients = [1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360, 1 / 156];
  let series = 0;
  for (let i = coefficients.length - 1; i >= 0; i--) series = series * square + coefficients[i];
  const logGamma = (z - 0.5) * Math.log(z) - z + 0.5 * Math.log(2 * Math.PI) + series * inverse;
  return Math.exp(logGamma) / divisor;
}
