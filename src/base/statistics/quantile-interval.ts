/** What can be said of the quantile of the distribution that independent samples come from. */
import { assert } from '../assert.ts';
import { binomialCdf } from './binomial.ts';
import { quantileOfSorted, sortedCopy } from './quantiles.ts';

export interface QuantileInterval {
  readonly estimate: number;
  /** null: so few samples bound the quantile on neither side with this confidence, or not on this one. */
  readonly low: number | null;
  readonly high: number | null;
}

/**
 * Interval of a quantile of the distribution from independent samples: the order statistics that leave at most half of
 * the rest of the confidence out at either end, by the binomial distribution. Holds for any distribution; covers at
 * least with `confidence`. Source: Conover, Practical Nonparametric Statistics (3rd edition, 1999), section 3.2. For
 * one number a run over independent runs; the waits of one run are not independent.
 */
export function quantileInterval(samples: ArrayLike<number>, share: number, confidence = 0.95): QuantileInterval {
  assert(share > 0 && share < 1, `a quantile with an interval has a share between 0 and 1, not ${share}`);
  assert(confidence > 0 && confidence < 1, `a confidence is between 0 and 1, not ${confidence}`);
  const sorted = sortedCopy(samples);
  const count = sorted.length;
  const outside = (1 - confidence) / 2;
  // Of `count` samples a binomial number lies below the quantile.
  let below = -1;
  while (below + 1 < count && binomialCdf(below + 1, count, share) <= outside) below++;
  let above = count;
  while (above > 0 && 1 - binomialCdf(above - 1, count, share) <= outside) above--;
  return {
    estimate: quantileOfSorted(sorted, share),
    low: below < 0 ? null : sorted[below],
    high: above >= count ? null : sorted[above],
  };
}
