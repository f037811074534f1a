/**
 * The normal distribution with mean 0 and standard deviation 1. Good to about 1e-14 of the value, in the tails, too.
 */
import { assert } from '../assert.ts';
import { lowerGammaShare, upperGammaShare } from './gamma.ts';

export function normalDensity(z: number): number {
  return Math.exp(-0.5 * z * z) / Math.sqrt(2 * Math.PI);
}

/** Probability of at most `z`. */
export function normalCdf(z: number): number {
  return normalUpperTail(-z);
}

/** Probability of more than `z`. */
export function normalUpperTail(z: number): number {
  if (Number.isNaN(z)) return Number.NaN;
  const half = 0.5 * z * z;
  if (half < 1.5) {
    const within = 0.5 * lowerGammaShare(0.5, half);
    return z > 0 ? 0.5 - within : 0.5 + within;
  }
  const tail = 0.5 * upperGammaShare(0.5, half);
  return z > 0 ? tail : 1 - tail;
}

/** The z that a share `probability` of the distribution does not exceed. Infinite at 0 and 1. */
export function normalQuantile(probability: number): number {
  assert(probability >= 0 && probability <= 1, `a probability is from 0 to 1, not ${probability}`);
  if (probability === 0.5) return 0;
  const tail = probability > 0.5 ? 1 - probability : probability;
  const z = tail === 0 ? Number.POSITIVE_INFINITY : positiveQuantile(tail);
  return probability > 0.5 ? z : -z;
}

/** Solves normalUpperTail(z) = tail for z > 0: Hastings' rational approximation, then Halley steps. */
function positiveQuantile(tail: number): number {
  const t = Math.sqrt(-2 * Math.log(tail));
  const above = 2.515517 + t * (0.802853 + t * 0.010328);
  const below = 1 + t * (1.432788 + t * (0.189269 + t * 0.001308));
  let z = t - above / below;
  for (let step = 0; step < 10; step++) {
    const excess = (normalUpperTail(z) - tail) / normalDensity(z);
    const move = (2 * excess) / (2 - z * excess);
    z += move;
    if (Math.abs(move) <= 1e-15 * z) break;
  }
  return z;
}
