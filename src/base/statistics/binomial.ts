/**
 * The binomial distribution: how often something of a known chance happens in a number of trials. Costs one step a
 * term.
 */
import { assert } from '../assert.ts';
import { log1pLess, stirlingRemainder } from './gamma.ts';

/**
 * Probability of exactly `k`; by Loader's saddle point ("Fast and accurate computation of binomial probabilities",
 * 2000).
 */
export function binomialMass(k: number, trials: number, chance: number): number {
  assert(Number.isInteger(trials) && trials >= 0, `trials are a whole number, not ${trials}`);
  assert(chance >= 0 && chance <= 1, `a chance is from 0 to 1, not ${chance}`);
  if (k < 0 || k > trials || !Number.isInteger(k)) return 0;
  if (chance === 0 || chance === 1) return k === trials * chance ? 1 : 0;
  if (k === 0) return Math.exp(trials * Math.log1p(-chance));
  if (k === trials) return Math.exp(trials * Math.log(chance));
  const rest = trials - k;
  const remainders = stirlingRemainder(trials) - stirlingRemainder(k) - stirlingRemainder(rest);
  const deviance = devianceOf(k, trials * chance) + devianceOf(rest, trials * (1 - chance));
  return Math.exp(remainders - deviance) * Math.sqrt(trials / (2 * Math.PI * k * rest));
}

/** Probability of at most `k`. */
export function binomialCdf(k: number, trials: number, chance: number): number {
  const most = Math.floor(k);
  if (most < 0) return 0;
  if (most >= trials) return 1;
  return most <= trials * chance ? sumDown(most, trials, chance) : 1 - sumDown(trials - most - 1, trials, 1 - chance);
}

/** Sum of the masses from `k` down to 0; `k` is not above the mean, so that they get smaller. */
function sumDown(k: number, trials: number, chance: number): number {
  let term = binomialMass(k, trials, chance);
  let sum = term;
  for (let i = k; i > 0 && term > 1e-18 * sum; i--) {
    term *= (i * (1 - chance)) / ((trials - i + 1) * chance);
    sum += term;
  }
  return sum;
}

/** x log(x / m) + m - x. */
function devianceOf(x: number, m: number): number {
  return -x * log1pLess((m - x) / x);
}
