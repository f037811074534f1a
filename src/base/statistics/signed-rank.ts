/**
 * Wilcoxon's signed-rank test of paired differences, and the Hodges-Lehmann estimate that belongs to it. Sources:
 * Wilcoxon, "Individual comparisons by ranking methods", Biometrics Bulletin 1, 1945; Pratt, "Remarks on zeros and ties
 * in the Wilcoxon signed rank procedures", JASA 54, 1959; Cureton, JASA 62, 1967; Hodges and Lehmann, "Estimates of
 * location based on rank tests", Annals of Mathematical Statistics 34, 1963; Hollander and Wolfe, Nonparametric
 * Statistical Methods, section 3.
 *
 * Up to 50 pairs everything is exact, with ties and zeros, too: the distribution of the sum of ranks over all 2^n signs
 * is counted in whole numbers below 2^53. Beyond, the normal approximation without continuity correction, as SciPy
 * does.
 */
import { assert } from '../assert.ts';
import { normalQuantile, normalUpperTail } from './normal.ts';

/** Most pairs for which the distribution is counted out. */
export const EXACT_PAIRS = 50;

/**
 * What becomes of pairs without a difference. `wilcox`: left out. `pratt`: ranked, then left out. `zsplit`: ranked, and
 * their ranks split evenly between the signs. As in scipy.stats.wilcoxon.
 */
export type ZeroMethod = 'wilcox' | 'pratt' | 'zsplit';

export interface SignedRankTest {
  /** The smaller of the two sums of ranks. */
  readonly statistic: number;
  /** Two-sided. 1 when there is no difference at all. */
  readonly pValue: number;
  readonly isExact: boolean;
}

export function signedRankTest(differences: readonly number[], zeros: ZeroMethod = 'wilcox'): SignedRankTest {
  assert(differences.length > 0, 'a signed-rank test needs at least one pair');
  const ranks = signedRanks(differences, zeros);
  const isExact = differences.length <= EXACT_PAIRS;
  const statistic = Math.min(ranks.above, ranks.below);
  if (ranks.doubled.length === 0) return { statistic, pValue: 1, isExact: true };
  return { statistic, pValue: isExact ? exactPValue(ranks) : normalPValue(ranks, differences, zeros), isExact };
}

interface SignedRanks {
  /** Twice the average rank of each difference that has a sign: whole numbers. */
  readonly doubled: readonly number[];
  /** Sums of ranks of positive and of negative differences, split zeros included. */
  readonly above: number;
  readonly below: number;
  /** Split zeros' part of `above`. */
  readonly split: number;
  /** Sizes of groups of equal non-zero ranks. */
  readonly ties: readonly number[];
  readonly zeroCount: number;
}

function signedRanks(differences: readonly number[], zeros: ZeroMethod): SignedRanks {
  const kept = zeros === 'wilcox' ? differences.filter((difference) => difference !== 0) : differences;
  const sorted = [...kept].sort((a, b) => Math.abs(a) - Math.abs(b));
  const doubled: number[] = [];
  const ties: number[] = [];
  let [above, below, zeroRanks, zeroCount] = [0, 0, 0, 0];
  for (let first = 0; first < sorted.length;) {
    let end = first + 1;
    while (end < sorted.length && Math.abs(sorted[end]) === Math.abs(sorted[first])) end++;
    const twice = first + 1 + end;
    if (sorted[first] === 0) {
      zeroCount = end - first;
      zeroRanks = (zeroCount * twice) / 2;
    } else {
      ties.push(end - first);
      for (let i = first; i < end; i++) {
        doubled.push(twice);
        if (sorted[i] > 0) above += twice / 2;
        else below += twice / 2;
      }
    }
    first = end;
  }
  const split = zeros === 'zsplit' ? zeroRanks / 2 : 0;
  return { doubled, above: above + split, below: below + split, split, ties, zeroCount };
}

/**
 * How many of the 2^n choices of signs give the positive ranks each doubled sum. Whole numbers, exact up to 53 ranks.
 */
function signCounts(doubled: readonly number[]): Float64Array {
  const most = doubled.reduce((sum, rank) => sum + rank, 0);
  const counts = new Float64Array(most + 1);
  counts[0] = 1;
  let reached = 0;
  for (const rank of doubled) {
    reached += rank;
    for (let sum = reached; sum >= rank; sum--) counts[sum] += counts[sum - rank];
  }
  return counts;
}

function exactPValue({ doubled, above, split }: SignedRanks): number {
  const counts = signCounts(doubled);
  const found = Math.round(2 * (above - split));
  let atMost = 0;
  let total = 0;
  for (let sum = 0; sum < counts.length; sum++) {
    total += counts[sum];
    if (sum <= found) atMost += counts[sum];
  }
  const atLeast = total - atMost + counts[found];
  return Math.min(1, (2 * Math.min(atMost, atLeast)) / total);
}

function normalPValue(
  { above, ties, zeroCount }: SignedRanks,
  differences: readonly number[],
  zeros: ZeroMethod,
): number {
  const n = zeros === 'wilcox' ? differences.filter((difference) => difference !== 0).length : differences.length;
  let center = (n * (n + 1)) / 4;
  let squares = n * (n + 1) * (2 * n + 1);
  if (zeros === 'pratt') {
    center -= (zeroCount * (zeroCount + 1)) / 4;
    squares -= zeroCount * (zeroCount + 1) * (2 * zeroCount + 1);
  }
  const tied = zeros === 'zsplit' && zeroCount > 0 ? [...ties, zeroCount] : ties;
  const tieCorrection = tied.reduce((sum, size) => sum + size * size * size - size, 0);
  const z = (above - center) / Math.sqrt((squares - tieCorrection / 2) / 24);
  return 2 * normalUpperTail(Math.abs(z));
}

export interface HodgesLehmann {
  /** Median of the means of all pairs of differences, each with itself included; between two, their mean. */
  readonly estimate: number;
  /** null: too few pairs for this confidence (six for 95 %). */
  readonly low: number | null;
  readonly high: number | null;
}

/**
 * The middle of the differences and the interval of all shifts that the signed-rank test does not refuse: two of the
 * means of pairs. Covers at least with `confidence` when differences are symmetric. n (n + 1) / 2 numbers are sorted.
 */
export function hodgesLehmann(differences: readonly number[], confidence = 0.95): HodgesLehmann {
  assert(differences.length > 0, 'a Hodges-Lehmann estimate needs at least one pair');
  assert(confidence > 0 && confidence < 1, `a confidence is between 0 and 1, not ${confidence}`);
  const n = differences.length;
  const means = new Float64Array((n * (n + 1)) / 2);
  for (let i = 0, at = 0; i < n; i++) for (let j = i; j < n; j++) means[at++] = (differences[i] + differences[j]) / 2;
  means.sort((a, b) => a - b);
  const upper = means[Math.floor(means.length / 2)];
  const estimate = means.length % 2 === 1 ? upper : (means[means.length / 2 - 1] + upper) / 2;
  const cut = ranksCutOff(n, (1 - confidence) / 2);
  if (cut < 1) return { estimate, low: null, high: null };
  return { estimate, low: means[cut - 1], high: means[means.length - cut] };
}

/** Largest k for which a sum of ranks below k has at most the given probability. */
function ranksCutOff(n: number, outside: number): number {
  if (n > EXACT_PAIRS) {
    const spread = Math.sqrt((n * (n + 1) * (2 * n + 1)) / 24);
    return Math.max(1, Math.round((n * (n + 1)) / 4 + normalQuantile(outside) * spread));
  }
  const counts = signCounts(Array.from({ length: n }, (_, i) => i + 1));
  const limit = outside * counts.reduce((sum, count) => sum + count, 0);
  let below = 0;
  for (let k = 0; k < counts.length; k++) {
    below += counts[k];
    if (below > limit) return k;
  }
  return counts.length;
}
