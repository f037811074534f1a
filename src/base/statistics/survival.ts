/**
 * Waits of which some are only known to be at least so long (the pod still waited at the end, or left): the
 * Kaplan-Meier estimate (Kaplan and Meier, "Nonparametric estimation from incomplete observations", JASA 53, 1958) with
 * Greenwood's variance and intervals by log(-log) (Kalbfleisch and Prentice, The Statistical Analysis of Failure Time
 * Data, 2nd edition, 2002, section 1.4; quantiles as Brookmeyer and Crowley, Biometrics 38, 1982). Assumes that what
 * cut a wait off did not depend on how long it would still have been. O(n log n).
 */
import { assert } from '../assert.ts';
import { normalQuantile } from './normal.ts';

/** One row for each time at which a wait ended, ascending. */
export interface SurvivalCurve {
  readonly times: readonly number[];
  /** Waits that were still going on just before. */
  readonly atRisk: readonly number[];
  /** Waits that ended then. */
  readonly ended: readonly number[];
  /** Share that waits longer. */
  readonly survival: readonly number[];
  /** Greenwood's sum: the variance of log(survival). Infinity once the survival is 0. */
  readonly greenwood: readonly number[];
  readonly count: number;
  readonly censored: number;
  /** The longest time known, ended or cut off. NaN without waits. */
  readonly longest: number;
}

/**
 * `hasEnded[i]`: the wait ended at `waits[i]`; false: it was cut off there. At one time, what ends counts before what
 * is cut off.
 */
export function kaplanMeier(waits: ArrayLike<number>, hasEnded: ArrayLike<boolean | number>): SurvivalCurve {
  const count = waits.length;
  assert(hasEnded.length === count, `${count} waits, ${hasEnded.length} of which it is said whether they ended`);
  const order = Array.from({ length: count }, (_, i) => i).sort((a, b) => waits[a] - waits[b]);
  const [times, atRisk, ended, survival, greenwood]: number[][] = [[], [], [], [], []];
  let share = 1;
  let variance = 0;
  let censored = 0;
  for (let first = 0; first < count; ) {
    const time = waits[order[first]];
    let end = first;
    let deaths = 0;
    for (; end < count && waits[order[end]] === time; end++) if (hasEnded[order[end]]) deaths++;
    censored += end - first - deaths;
    if (deaths > 0) {
      const waiting = count - first;
      share *= (waiting - deaths) / waiting;
      variance += deaths / (waiting * (waiting - deaths));
      times.push(time);
      atRisk.push(waiting);
      ended.push(deaths);
      survival.push(share);
      greenwood.push(variance);
    }
    first = end;
  }
  const longest = count === 0 ? Number.NaN : waits[order[count - 1]];
  return { times, atRisk, ended, survival, greenwood, count, censored, longest };
}

/**
 * Share that waits longer than `time`. Beyond the longest time known, when that one was cut off, nothing is known: NaN.
 */
export function survivalAt(curve: SurvivalCurve, time: number): number {
  const row = lastRowAt(curve, time);
  const share = row < 0 ? 1 : curve.survival[row];
  return time > curve.longest && share > 0 ? Number.NaN : share;
}

export interface SurvivalInterval {
  readonly low: number;
  readonly high: number;
}

/** Interval of the share that waits longer than `time`. */
export function survivalInterval(curve: SurvivalCurve, time: number, confidence = 0.95): SurvivalInterval {
  const row = lastRowAt(curve, time);
  return row < 0 ? { low: 1, high: 1 } : boundsAtRow(curve, row, confidence);
}

export interface SurvivalQuantile {
  /**
   * The smallest time that at most 1 - share of the waits outlast: without cut-off waits the nearest-rank quantile.
   * null: not reached.
   */
  readonly estimate: number | null;
  /** null: not bounded on this side by what is known. */
  readonly low: number | null;
  readonly high: number | null;
}

/** Quantile of the waits with the interval of all times whose survival's interval holds 1 - share. */
export function survivalQuantile(curve: SurvivalCurve, share: number, confidence = 0.95): SurvivalQuantile {
  assert(share > 0 && share < 1, `a quantile of waits has a share between 0 and 1, not ${share}`);
  // The same slack as nearest rank has: 1 - share is rarely a number that the product of shares meets exactly.
  const level = (1 - share) * (1 + 1e-12);
  const firstTime = (isBelow: (row: number) => boolean): number | null => {
    const row = curve.times.findIndex((_, index) => isBelow(index));
    return row < 0 ? null : curve.times[row];
  };
  return {
    estimate: firstTime((row) => curve.survival[row] <= level),
    low: firstTime((row) => boundsAtRow(curve, row, confidence).low <= level),
    high: firstTime((row) => boundsAtRow(curve, row, confidence).high <= level),
  };
}

export interface RestrictedMean {
  readonly mean: number;
  readonly standardError: number;
}

/**
 * Mean of the waits, each counted up to `limit` at most: the area under the curve up to there. The mean of the whole
 * waits is not known when some were cut off. null: `limit` lies beyond the longest time known, which was cut off.
 */
export function restrictedMean(curve: SurvivalCurve, limit: number): RestrictedMean | null {
  assert(limit >= 0, `a limit of waits is not negative, unlike ${limit}`);
  if (Number.isNaN(survivalAt(curve, limit))) return null;
  const rows = lastRowAt(curve, limit) + 1;
  let area = 0;
  let variance = 0;
  // From the right, so that the area beyond each time is at hand for its part of the variance.
  for (let row = rows - 1, right = limit; row >= 0; row--) {
    area += curve.survival[row] * (right - curve.times[row]);
    right = curve.times[row];
    const left = curve.atRisk[row] - curve.ended[row];
    if (left > 0) variance += (area * area * curve.ended[row]) / (curve.atRisk[row] * left);
  }
  return { mean: area + (rows === 0 ? limit : curve.times[0]), standardError: Math.sqrt(variance) };
}

/** -1: before the first. */
function lastRowAt(curve: SurvivalCurve, time: number): number {
  let [low, high] = [0, curve.times.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (curve.times[middle] <= time) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** survival ^ exp(±z s / log(survival)). */
function boundsAtRow(curve: SurvivalCurve, row: number, confidence: number): SurvivalInterval {
  assert(confidence > 0 && confidence < 1, `a confidence is between 0 and 1, not ${confidence}`);
  if (curve.survival[row] === 0) return { low: 0, high: highestAtZero(curve, row, confidence) };
  const log = Math.log(curve.survival[row]);
  const z = normalQuantile(1 - (1 - confidence) / 2);
  const exponent = Math.exp((z * Math.sqrt(curve.greenwood[row])) / Math.abs(log));
  return { low: Math.exp(log * exponent), high: Math.exp(log / exponent) };
}

/**
 * A curve that has come down to 0 has no variance by Greenwood, but that no wait seen was longer is no proof that none
 * can be. Of those still waiting all ended: by the binomial distribution at most a share p outlasts that, with
 * (1 - p) ^ waiting = half of the rest of the confidence; times the bound before.
 */
function highestAtZero(curve: SurvivalCurve, row: number, confidence: number): number {
  const before = row === 0 ? 1 : boundsAtRow(curve, row - 1, confidence).high;
  return before * (1 - Math.exp(Math.log((1 - confidence) / 2) / curve.atRisk[row]));
}
