/**
 * Interval of the long-run mean from one long run, whose observations depend on their neighbours: means of long batches
 * that hardly do. Whether the batches are long enough is checked: a quarter of their length must already pass von
 * Neumann's test of lag-1 correlation, and then the batches themselves are used (the idea of Law and Carson, "A
 * sequential procedure for determining the length of a steady-state simulation", Operations Research 27, 1979; the test
 * as in Fishman, "Grouping observations in digital simulation", Management Science 24, 1978). Warm-up must be cut before.
 */
import { assert } from '../assert.ts';
import { mean } from './moments.ts';
import { normalUpperTail } from './normal.ts';
import { meanInterval, type MeanInterval } from './paired-difference.ts';
import { batchAverages } from './warm-up.ts';

/** Batches used, most first, and short batches tested for each. */
const BATCHES = [20, 10];
const SHORT_PER_BATCH = 4;
/** The test passes when correlation as large as found has this probability without any. */
const LEAST_P_VALUE = 0.1;

export interface BatchMeans {
  readonly interval: MeanInterval;
  readonly batches: number;
  readonly batchSize: number;
  /** Lag-1 autocorrelation of the short batches, and the p-value of von Neumann's test. */
  readonly lag1: number;
  readonly pValue: number;
}

/**
 * null: the run is too short. Either there are fewer than 40 observations, or even the longest batches depend on each
 * other. The observations that do not fill a batch are left out at the beginning.
 */
export function batchMeans(observations: ArrayLike<number>, confidence = 0.95): BatchMeans | null {
  for (const batches of BATCHES) {
    const size = Math.floor(observations.length / (batches * SHORT_PER_BATCH));
    if (size < 1) continue;
    const used = batches * SHORT_PER_BATCH * size;
    const kept = Float64Array.from({ length: used }, (_, i) => observations[observations.length - used + i]);
    const short = batchAverages(kept, size);
    const { lag1, pValue } = vonNeumannTest(short);
    if (pValue < LEAST_P_VALUE) continue;
    const interval = meanInterval(batchAverages(short, SHORT_PER_BATCH), confidence);
    if (interval !== null) return { interval, batches, batchSize: size * SHORT_PER_BATCH, lag1, pValue };
  }
  return null;
}

export interface SerialCorrelation {
  /** Sum of products of neighbours' distances from the mean over the sum of squared distances; 0 when all are equal. */
  readonly lag1: number;
  /** Probability of at least so much positive correlation if there is none. */
  readonly pValue: number;
}

/**
 * von Neumann's ratio of squared successive differences ("Distribution of the ratio of the mean square successive
 * difference to the variance", Annals of Mathematical Statistics 12, 1941) as a one-sided test of positive lag-1
 * correlation. Normal approximation, good from some ten values.
 */
export function vonNeumannTest(values: ArrayLike<number>): SerialCorrelation {
  const count = values.length;
  assert(count >= 3, `serial correlation needs three values, not ${count}`);
  const center = mean(values);
  let squares = 0;
  let products = 0;
  let successive = 0;
  for (let i = 0; i < count; i++) {
    const distance = values[i] - center;
    squares += distance * distance;
    if (i === 0) continue;
    const before = values[i - 1] - center;
    products += distance * before;
    successive += (distance - before) * (distance - before);
  }
  if (squares === 0) return { lag1: 0, pValue: 1 };
  const z = (1 - successive / (2 * squares)) / Math.sqrt((count - 2) / (count * count - 1));
  return { lag1: products / squares, pValue: normalUpperTail(z) };
}
