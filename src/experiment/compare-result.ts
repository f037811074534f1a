/**
 * The result of comparing two variants (A and B) over the same seeds: what `experiment` hands to `report`. Plain data,
 * deterministic, JSON-safe. A difference is always B less A, pair by pair: both variants met the same arrivals and the
 * same failures.
 */

/** Which direction of a metric is good news. `neither`: it depends on what the reader wants. */
export type Better = 'lower' | 'higher' | 'neither';

/** One number of one run. */
export interface MetricValue {
  /** Its path in report.json, dots between the steps. */
  readonly name: string;
  /** `s`, `share` (0 to 1), `pods`, `nodes`, `pod-seconds`, `node-hours`, `count`, or empty (cost: any currency). */
  readonly unit: string;
  readonly better: Better;
  /** null: the run has no such sample. */
  readonly value: number | null;
}

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
