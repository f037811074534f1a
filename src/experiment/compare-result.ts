/**
 * The result of comparing variants (A, B, C, ...) over the same seeds: what `experiment` hands to `report`. Plain data,
 * deterministic, JSON-safe. A is the base; a difference is always another variant less A, pair by pair: all variants
 * met the same arrivals and the same failures.
 */
import type { MetricValue } from '../metrics/metric-names.ts';
import type { Better } from '../metrics/metric.ts';

export type { Better, MetricValue };

export interface MetricComparison {
  readonly name: string;
  readonly unit: string;
  readonly better: Better;
  /** Means over the pairs in which both variants have a value. null: there is no such pair. */
  readonly a: number | null;
  readonly b: number | null;
  /** Mean of B - A over those pairs. */
  readonly meanDifference: number | null;
  /** Two-sided 95 % paired Student t interval of the mean difference. null: fewer than two pairs. */
  readonly low: number | null;
  readonly high: number | null;
  /** The interval exists and does not hold zero. */
  readonly significant: boolean;
  /** One value per seed, in the order of `CompareResult.seeds`. */
  readonly valuesA: readonly (number | null)[];
  readonly valuesB: readonly (number | null)[];
}

export interface CompareResult {
  readonly scenario: string;
  readonly seeds: readonly string[];
  readonly labelA: string;
  readonly labelB: string;
  readonly metrics: readonly MetricComparison[];
}

/**
 * What is said of one metric of one variant beside the base, with all metrics and variants counted together (Holm):
 *
 * - `better`, `worse`: a difference is shown, and it is good or bad news; `higher`, `lower`: shown, and neither.
 * - `same`: every pair has equal values. `equal`: shown to be within the margin of the base.
 * - `unknown`: neither a difference nor equality is shown. `absent`: no pair of runs has a value on both sides.
 */
export type Verdict = 'better' | 'worse' | 'higher' | 'lower' | 'same' | 'equal' | 'unknown' | 'absent';

/** One metric of one variant beside the base. */
export interface VariantMetric {
  /** `B`, `C`, ... */
  readonly variant: string;
  /** Path in report.json, and the same as it is told and may be asked for: `queueWait.p99`. */
  readonly metric: string;
  readonly shortName: string;
  readonly unit: string;
  readonly better: Better;
  /** Seeds for which both have a value. */
  readonly pairs: number;
  /** Means over these pairs. null: there are none. */
  readonly base: number | null;
  readonly value: number | null;
  /** Mean difference, and its t interval. Ends that are null: not known. */
  readonly difference: number | null;
  readonly differenceLow: number | null;
  readonly differenceHigh: number | null;
  /** The same as shares of the base's mean (Fieller's interval): 0.03 is 3 %. Ends that are null: not bounded. */
  readonly change: number | null;
  readonly changeLow: number | null;
  readonly changeHigh: number | null;
  /** Of the paired t test; adjusted for all metrics and variants. null: fewer than two pairs. */
  readonly pValue: number | null;
  readonly adjustedPValue: number | null;
  readonly verdict: Verdict;
  /** Shown to be within the margin of the base; may be true beside a difference. */
  readonly isWithinMargin: boolean;
  /** Further seeds that would show the difference seen, if it is the true one. null: it is shown, or none would do. */
  readonly moreSeeds: number | null;
}

/** A variant, as it is called and as it was written. */
export interface ComparedVariant {
  /** `A` is the base. */
  readonly name: string;
  readonly label: string;
  /** Of each run, in the order of the seeds. */
  readonly digests: readonly string[];
}
