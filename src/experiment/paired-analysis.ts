/**
 * All that is said of variants against a base over the same seeds: for each variant and metric the interval of the
 * difference and of the percentage, whether a difference is shown, whether the two are shown to be practically equal,
 * and how many seeds would show the difference that was seen. One family of tests: p-values are adjusted by Holm over
 * all metrics and variants given, so that comparing a thing with itself shows anything at all in at most 5 % of cases.
 *
 * Pure and deterministic: the bootstrap's stream is named by variant and metric. A few milliseconds a metric.
 */
import { assert } from '../base/assert.ts';
import { bcaInterval } from '../base/statistics/bootstrap.ts';
import { relativeEquivalencePValue } from '../base/statistics/equivalence.ts';
import { holmAdjusted } from '../base/statistics/holm.ts';
import { mean, sampleStandardDeviation } from '../base/statistics/moments.ts';
import { meanInterval, meanTestPValue } from '../base/statistics/paired-difference.ts';
import { percentageDifference, type PercentageDifference } from '../base/statistics/percentage-difference.ts';
import { pairsToShow } from '../base/statistics/sample-size.ts';
import { hodgesLehmann, signedRankTest, type HodgesLehmann } from '../base/statistics/signed-rank.ts';
import { RandomStream } from '../kernel/random.ts';

/** A difference this small beside the values themselves is rounding. */
const ROUNDING = 1e-12;

/**
 * Fewer pairs show nothing, neither a difference nor equality. Counts and quantiles of a run take few values, so that
 * two or three differences are often the same by chance; the t test then has no doubt, and no adjustment helps. Of runs
 * that differed in nothing but the seed, 18 % showed a difference with two pairs, 6 % with three, 2 % with five.
 */
export const LEAST_PAIRS = 5;

/**
 * One metric of one variant (b) beside the base's (a): a value per seed, by position. null: the run has no such value.
 */
export interface PairedValues {
  readonly variant: string;
  readonly metric: string;
  readonly a: readonly (number | null)[];
  readonly b: readonly (number | null)[];
}

export interface AnalysisOptions {
  /** Of each interval by itself, and 1 less the level of the tests. Default 0.95. */
  readonly confidence?: number;
  /** Share of the base's mean within which two values count as equal in practice. Default 0.01. */
  readonly margin?: number;
  /** With which the seeds of `pairsToShow` show the difference. Default 0.8. */
  readonly power?: number;
  /** Of the bootstrap. Default 9999; 0: no bootstrap. */
  readonly resamples?: number;
}

/** null: not bounded on this side, or too few pairs. */
export interface Bounds {
  readonly low: number | null;
  readonly high: number | null;
}

export interface PairedAnalysis {
  readonly variant: string;
  readonly metric: string;
  /** Seeds for which both have a value; all below is about these. */
  readonly pairs: number;
  /** null: there are none. */
  readonly meanA: number | null;
  readonly meanB: number | null;
  readonly meanDifference: number | null;
  /** Student t interval of the mean difference, and the same by BCa bootstrap, which does not take it for normal. */
  readonly difference: Bounds;
  readonly bootstrap: Bounds;
  /** Shares of |meanA|; Fieller's interval. */
  readonly percentage: PercentageDifference;
  /** Middle of the differences, with the signed-rank test's interval. */
  readonly shift: HodgesLehmann | null;
  /**
   * Of the paired t test, as it is and adjusted for the whole family; of the signed-rank test, as it is. null: fewer
   * than two pairs.
   */
  readonly pValue: number | null;
  readonly adjustedPValue: number | null;
  readonly signedRankPValue: number | null;
  /** Of two one-sided tests against the margin, adjusted likewise. */
  readonly adjustedEquivalencePValue: number | null;
  /** A difference is shown. Never with fewer than five pairs. */
  readonly isDifferent: boolean;
  /** It is shown to be within the margin; can be true beside `isDifferent`. Never with fewer than five pairs. */
  readonly isEqual: boolean;
  /**
   * Seeds in all that would show the difference seen, if it is the true one, at the level that Holm leaves to it beside
   * all that is not shown either. At least five. null: none was seen, or beyond a million.
   */
  readonly pairsToShow: number | null;
}

/** In the order given. */
export function analyzePairs(family: readonly PairedValues[], options: AnalysisOptions = {}): PairedAnalysis[] {
  const { confidence = 0.95, margin = 0.01, power = 0.8, resamples = 9999 } = options;
  assert(margin >= 0, `a margin is not negative, unlike ${margin}`);
  const found = family.map((values) => analyzeOne(values, { confidence, margin, resamples }));
  const adjusted = holmOfKnown(found.map(({ pValue }) => pValue));
  const adjustedEquivalence = holmOfKnown(found.map(({ equivalencePValue }) => equivalencePValue));
  const isShown = (i: number, pValue: number | null): boolean =>
    found[i].pairs >= LEAST_PAIRS && pValue !== null && pValue <= 1 - confidence;
  const open = adjusted.filter((pValue, i) => pValue !== null && !isShown(i, pValue)).length;
  return found.map(({ equivalencePValue: _own, effect, ...analysis }, i) => {
    const isDifferent = isShown(i, adjusted[i]);
    const level = (1 - confidence) / (open + (isDifferent ? 1 : 0));
    const pairs = effect === null ? null : pairsToShow(effect, power, 1 - level);
    return {
      ...analysis,
      adjustedPValue: adjusted[i],
      adjustedEquivalencePValue: adjustedEquivalence[i],
      isDifferent,
      isEqual: isShown(i, adjustedEquivalence[i]),
      pairsToShow: pairs === null ? null : Math.max(LEAST_PAIRS, pairs),
    };
  });
}

interface OwnAnalysis extends Omit<
  PairedAnalysis,
  'adjustedPValue' | 'adjustedEquivalencePValue' | 'isDifferent' | 'isEqual' | 'pairsToShow'
> {
  readonly equivalencePValue: number | null;
  /** Mean difference over the standard deviation of the differences. null: fewer than two pairs. */
  readonly effect: number | null;
}

function analyzeOne(values: PairedValues, options: Omit<Required<AnalysisOptions>, 'power'>): OwnAnalysis {
  const { variant, metric } = values;
  const { confidence, margin, resamples } = options;
  const { a, b } = completePairs(values);
  const pairs = a.length;
  const differences = b.map((value, i) => value - a[i]);
  if (pairs === 0) return { variant, metric, ...NOTHING };
  const interval = meanInterval(differences, confidence);
  const isSame = differences.every((difference) => difference === 0);
  const meanDifference = mean(differences);
  return {
    variant,
    metric,
    pairs,
    meanA: mean(a),
    meanB: mean(b),
    meanDifference,
    difference: interval === null ? UNBOUNDED : { low: interval.low, high: interval.high },
    bootstrap: bootstrapBounds(values, differences, { confidence, resamples }),
    percentage: percentageDifference(a, b, confidence),
    shift: hodgesLehmann(differences, confidence),
    pValue: meanTestPValue(differences),
    signedRankPValue: pairs < 2 ? null : signedRankTest(differences).pValue,
    equivalencePValue: isSame && pairs > 1 ? 0 : relativeEquivalencePValue(a, b, margin),
    effect: pairs < 2 ? null : meanDifference / sampleStandardDeviation(differences),
  };
}

const UNBOUNDED: Bounds = { low: null, high: null };
const NOTHING = {
  pairs: 0,
  meanA: null,
  meanB: null,
  meanDifference: null,
  difference: UNBOUNDED,
  bootstrap: UNBOUNDED,
  percentage: { estimate: null, low: null, high: null },
  shift: null,
  pValue: null,
  signedRankPValue: null,
  equivalencePValue: null,
  effect: null,
} as const;

/** Pairs in which both sides have a value; of values that differ by rounding only, b is taken for a. */
export function completePairs({ a, b }: Pick<PairedValues, 'a' | 'b'>): { readonly a: number[]; readonly b: number[] } {
  assert(a.length === b.length, `paired samples differ in number: ${a.length} and ${b.length}`);
  const kept: { readonly a: number[]; readonly b: number[] } = { a: [], b: [] };
  a.forEach((left, i) => {
    const right = b[i];
    if (left === null || right === null || !Number.isFinite(left) || !Number.isFinite(right)) return;
    kept.a.push(left);
    kept.b.push(Math.abs(right - left) <= ROUNDING * Math.max(Math.abs(left), Math.abs(right)) ? left : right);
  });
  return kept;
}

function bootstrapBounds(
  { variant, metric }: PairedValues,
  differences: readonly number[],
  options: { readonly confidence: number; readonly resamples: number },
): Bounds {
  if (differences.length < 2 || options.resamples === 0) return UNBOUNDED;
  const stream = new RandomStream(`bootstrap/${variant}/${metric}`);
  const meanOf = (rows: Int32Array): number => {
    let sum = 0;
    for (const row of rows) sum += differences[row];
    return sum / rows.length;
  };
  const { low, high } = bcaInterval(differences.length, meanOf, { draw: () => stream.next(), ...options });
  return { low, high };
}

function holmOfKnown(pValues: readonly (number | null)[]): (number | null)[] {
  const adjusted = holmAdjusted(pValues.filter((pValue) => pValue !== null));
  let at = 0;
  return pValues.map((pValue) => (pValue === null ? null : adjusted[at++]));
}
