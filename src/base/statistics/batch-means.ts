/**
 * Interval of the long-run mean from one long run, whose observations depend on their neighbours: the t interval of the
 * means of 20 long batches that hardly do. Whether the run is long enough is checked on a tenth of the batches' length:
 * 200 short batches must have a lag-1 correlation of at most 0.2 (the idea of Law and Carson, "A sequential procedure
 * for determining the length of a steady-state simulation", Operations Research 27, 1979, who take 400 short batches,
 * 0.4 and 40 long ones). Warm-up must be cut before.
 *
 * A run that is too short passes the check by luck now and then, and then mostly with an interval that is too narrow;
 * docs/statistics.md has how often.
 */
import { mean } from './moments.ts';
import { meanInterval, type MeanInterval } from './paired-difference.ts';
import { batchAverages } from './warm-up.ts';

const BATCHES = 20;
const SHORT_PER_BATCH = 10;
const MOST_LAG1 = 0.2;

export interface BatchMeans {
  /** null: fewer than 200 observations, or even short batches depend too much on each other. A longer run is needed. */
  readonly interval: MeanInterval | null;
  /** Observations of one of the 20 batches; the rest, at the beginning, is left out. */
  readonly batchSize: number;
  /** Lag-1 correlation of the short batches. NaN: fewer than 200 observations. */
  readonly lag1: number;
}

export function batchMeans(observations: ArrayLike<number>, confidence = 0.95): BatchMeans {
  const size = Math.floor(observations.length / (BATCHES * SHORT_PER_BATCH));
  if (size < 1) return { interval: null, batchSize: 0, lag1: Number.NaN };
  const used = BATCHES * SHORT_PER_BATCH * size;
  const kept = Float64Array.from({ length: used }, (_, i) => observations[observations.length - used + i]);
  const short = batchAverages(kept, size);
  const lag1 = lag1Correlation(short);
  const interval = lag1 <= MOST_LAG1 ? meanInterval(batchAverages(short, SHORT_PER_BATCH), confidence) : null;
  return { interval, batchSize: size * SHORT_PER_BATCH, lag1 };
}

/**
 * Sum of products of neighbours' distances from the mean over the sum of squared distances; 0 when all values are
 * equal.
 */
export function lag1Correlation(values: ArrayLike<number>): number {
  const center = mean(values);
  let squares = 0;
  let products = 0;
  for (let i = 0; i < values.length; i++) {
    const distance = values[i] - center;
    squares += distance * distance;
    if (i > 0) products += distance * (values[i - 1] - center);
  }
  return squares === 0 ? 0 : products / squares;
}
