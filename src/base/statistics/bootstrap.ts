/**
 * BCa bootstrap interval (bias-corrected and accelerated; Efron, "Better bootstrap confidence intervals", Journal of
 * the American Statistical Association 82, 1987; Efron and Tibshirani, An Introduction to the Bootstrap, 1993, section
 * 14.3) of any number computed from independent rows. Step by step as scipy.stats.bootstrap computes it, its
 * interpolation between resampled values included. With few rows it covers less than it says: docs/statistics.md has
 * how much less.
 *
 * Costs one evaluation of the statistic a resample and a sort: 9,999 resamples of 20 rows take a few milliseconds.
 */
import { assert } from '../assert.ts';
import { mean } from './moments.ts';
import { normalCdf, normalQuantile } from './normal.ts';

/** Rows by number, from 0; a row may come several times or not at all. Valid during the call only. */
export type RowStatistic = (rows: Int32Array) => number;

export interface BootstrapOptions {
  /** Uniform numbers in [0, 1): a named random stream's `next`, so that the interval is the same in every run. */
  readonly draw: () => number;
  readonly confidence?: number;
  /** Default 9999, as in SciPy. */
  readonly resamples?: number;
}

export interface BootstrapInterval {
  readonly estimate: number;
  /** Standard deviation of the resampled values. */
  readonly standardError: number;
  /** null: all resampled values lie on one side of the estimate, or fewer than two rows. */
  readonly low: number | null;
  readonly high: number | null;
}

export function bcaInterval(rowCount: number, statistic: RowStatistic, options: BootstrapOptions): BootstrapInterval {
  const { draw, confidence = 0.95, resamples = 9999 } = options;
  assert(Number.isInteger(rowCount) && rowCount > 0, `a bootstrap needs rows, not ${rowCount}`);
  assert(Number.isInteger(resamples) && resamples > 1, `a bootstrap needs resamples, not ${resamples}`);
  assert(confidence > 0 && confidence < 1, `a confidence is between 0 and 1, not ${confidence}`);
  const estimate = statistic(Int32Array.from({ length: rowCount }, (_, row) => row));
  const values = resampledValues(rowCount, statistic, draw, resamples);
  const standardError = Math.sqrt(squaresAround(values, mean(values)) / (resamples - 1));
  const bias = normalQuantile(shareBelow(values, estimate));
  if (rowCount < 2 || !Number.isFinite(bias)) return { estimate, standardError, low: null, high: null };
  const acceleration = accelerationOf(rowCount, statistic);
  const z = normalQuantile((1 - confidence) / 2);
  const end = (quantile: number): number => {
    const shifted = bias + quantile;
    return interpolated(values, normalCdf(bias + shifted / (1 - acceleration * shifted)));
  };
  return { estimate, standardError, low: end(z), high: end(-z) };
}

/** In ascending order. */
function resampledValues(
  rowCount: number,
  statistic: RowStatistic,
  draw: () => number,
  resamples: number,
): Float64Array {
  const rows = new Int32Array(rowCount);
  const values = new Float64Array(resamples);
  for (let resample = 0; resample < resamples; resample++) {
    for (let i = 0; i < rowCount; i++) rows[i] = Math.floor(draw() * rowCount);
    values[resample] = statistic(rows);
  }
  values.sort((a, b) => a - b);
  return values;
}

/** Values equal to the estimate count by half. */
function shareBelow(sorted: Float64Array, estimate: number): number {
  let below = 0;
  let notAbove = 0;
  for (const value of sorted) {
    if (value < estimate) below++;
    if (value <= estimate) notAbove++;
  }
  return (below + notAbove) / (2 * sorted.length);
}

/** A sixth of the skewness of the estimate, from leaving out one row at a time. 0 when no row matters. */
function accelerationOf(rowCount: number, statistic: RowStatistic): number {
  const rows = new Int32Array(rowCount - 1);
  const without = Float64Array.from({ length: rowCount }, (_, left) => {
    for (let i = 0; i < rowCount - 1; i++) rows[i] = i < left ? i : i + 1;
    return statistic(rows);
  });
  const center = mean(without);
  let squares = 0;
  let cubes = 0;
  for (const value of without) {
    const distance = center - value;
    squares += distance * distance;
    cubes += distance * distance * distance;
  }
  return squares === 0 ? 0 : cubes / (6 * squares * Math.sqrt(squares));
}

function squaresAround(values: Float64Array, center: number): number {
  let squares = 0;
  for (const value of values) squares += (value - center) * (value - center);
  return squares;
}

/**
 * Between the two resampled values next to the place (definition 7 of Hyndman and Fan), unlike quantiles of metrics.
 */
function interpolated(sorted: Float64Array, share: number): number {
  const place = share * (sorted.length - 1);
  const index = Math.min(sorted.length - 2, Math.floor(place));
  return sorted[index] + (place - index) * (sorted[index + 1] - sorted[index]);
}
