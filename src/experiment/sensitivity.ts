/**
 * Which parameter moves a metric: the share of the variance of all runs that the means of the runs with one value of
 * the parameter account for, its first-order index (Sobol', Mathematical Modelling and Computational Experiments 1,
 * 1993; Saltelli et al., Global Sensitivity Analysis: The Primer, 2008, 1.2.3). On a full grid the shares of all
 * parameters, of chance and of what they do together add up to 1.
 *
 * Where values are drawn, runs are put in classes of equal size by value (Plischke, Borgonovo and Smith, European
 * Journal of Operational Research 226, 2013), and what so many classes account for by chance is taken off (Kelley,
 * PNAS 21, 1935). Costs a sort for each parameter and metric.
 */
import { mean } from '../base/statistics/moments.ts';

/** A run with the value of a metric. */
export interface Sample {
  /** Which row it belongs to: runs of one row differ in their seed alone. */
  readonly row: number;
  readonly value: number;
}

/** Classes of drawn values are at most so many. */
const MOST_CLASSES = 10;

/**
 * `levels`: a text for the value of the parameter in each row. null: the metric does not vary, so nothing moves it.
 */
export function varianceShare(samples: readonly Sample[], levels: readonly string[]): number | null {
  return shareBetween(samples, (row) => levels[row]);
}

/** The same for numbers that hardly come twice; `numbers`: by row. Not below 0. */
export function classShare(samples: readonly Sample[], numbers: readonly number[]): number | null {
  const rows = [...new Set(samples.map(({ row }) => row))].sort((a, b) => numbers[a] - numbers[b] || a - b);
  const classes = Math.min(MOST_CLASSES, Math.floor(Math.sqrt(rows.length)));
  if (classes < 2) return null;
  const classOf = new Map(rows.map((row, i) => [row, String(Math.floor((i * classes) / rows.length))]));
  const share = shareBetween(samples, (row) => classOf.get(row) ?? '');
  if (share === null) return null;
  return Math.max(0, 1 - ((1 - share) * (rows.length - 1)) / (rows.length - classes));
}

/** What seeds alone account for: the variance within rows. */
export function chanceShare(samples: readonly Sample[]): number | null {
  const between = shareBetween(samples, String);
  return between === null ? null : Math.max(0, 1 - between);
}

function shareBetween(samples: readonly Sample[], groupOf: (row: number) => string): number | null {
  if (samples.length < 2) return null;
  const center = mean(samples.map(({ value }) => value));
  const total = sumOfSquares(samples.map(({ value }) => value - center));
  const size = Math.max(...samples.map(({ value }) => Math.abs(value)));
  // Differences this small are rounding.
  if (total <= samples.length * size * size * 1e-24) return null;
  const groups = new Map<string, number[]>();
  for (const { row, value } of samples) {
    const name = groupOf(row);
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [value]);
    else group.push(value);
  }
  let between = 0;
  for (const values of groups.values()) {
    const difference = mean(values) - center;
    between += values.length * difference * difference;
  }
  return Math.min(1, between / total);
}

function sumOfSquares(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value * value, 0);
}
