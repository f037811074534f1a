/**
 * Any number of variants beside a base: from the numbers of their runs to what is shown of each metric. All metrics
 * and variants asked for are one family of tests, so that asking for more makes each answer a little harder to get.
 * Pure. Costs milliseconds a metric.
 */
import { assert } from '../base/assert.ts';
import { isMetricMeant, shortMetricName } from '../metrics/metric-names.ts';
import type { Better, ComparedVariant, MetricValue, VariantMetric, Verdict } from './compare-result.ts';
import type { MeasuredRun } from './measured-run.ts';
import { analyzePairs } from './paired-analysis.ts';
import type { PairedAnalysis } from './paired-analysis.ts';
import { knownMetrics, metricColumns } from './paired-statistics.ts';

/** A, B, ..., Z, AA, AB, ... */
export function variantName(index: number): string {
  const letter = String.fromCharCode(65 + (index % 26));
  return index < 26 ? letter : `${variantName(Math.floor(index / 26) - 1)}${letter}`;
}

export interface VariantRuns {
  readonly label: string;
  /** One a seed, in the same order for all variants. */
  readonly runs: readonly MeasuredRun[];
}

export interface VariantOptions {
  /** Of each interval by itself, and 1 less the level of the tests. Default 0.95. */
  readonly confidence?: number;
  /** Share of the base within which two values count as equal in practice. Default 0.01. */
  readonly margin?: number;
  /** Names of metrics, `*` for anything; null (default): all. */
  readonly metrics?: readonly string[] | null;
}

export interface VariantsCompared {
  readonly variants: readonly ComparedVariant[];
  /** Metric by metric, in each the variants in turn. */
  readonly comparisons: readonly VariantMetric[];
  /** Several seeds, and all gave the same run of each variant: nothing was left to chance. */
  readonly seedsChangeNothing: boolean;
  readonly confidence: number;
  readonly margin: number;
}

/** The first variant is the base. */
export function compareVariants(variants: readonly VariantRuns[], options: VariantOptions = {}): VariantsCompared {
  const { confidence = 0.95, margin = 0.01, metrics = null } = options;
  const [base, ...others] = variants;
  checkPairs(variants);
  const known = knownMetrics(variants.flatMap(({ runs }) => runs.map((run) => run.metrics)));
  const asked = metrics === null ? known : known.filter(({ name }) => metrics.some((one) => isMetricMeant(one, name)));
  const columns = variants.map(({ runs }) => metricColumns(runs.map((run) => run.metrics)));
  const none = base.runs.map(() => null);
  const family = asked.flatMap(({ name }) =>
    others.map((_other, i) => ({
      variant: variantName(i + 1),
      metric: name,
      a: columns[0].get(name) ?? none,
      b: columns[i + 1].get(name) ?? none,
    })),
  );
  const compared = variants.map(({ label, runs }, i) => ({
    name: variantName(i),
    label,
    digests: runs.map(({ digest }) => digest),
  }));
  const isExact = base.runs.length > 1 && compared.every(({ digests }) => new Set(digests).size === 1);
  const byName = new Map(asked.map((metric) => [metric.name, metric]));
  const comparisons = analyzePairs(family, { confidence, margin, resamples: 0 }).map((analysis) =>
    told(analysis, byName.get(analysis.metric), isExact, margin),
  );
  return { variants: compared, comparisons, seedsChangeNothing: isExact, confidence, margin };
}

function checkPairs(variants: readonly VariantRuns[]): void {
  const [base, ...others] = variants;
  assert(others.length > 0, 'a comparison needs two variants');
  for (const { runs } of variants) {
    assert(runs.length === base.runs.length, `${runs.length} runs cannot be paired with ${base.runs.length}`);
    assert(runs.every((run) => run.complete), 'a run that was stopped cannot be compared');
    const isPaired = runs.every(({ seed }, i) => seed === base.runs[i].seed);
    assert(isPaired, 'the seeds of a pair are two');
  }
}

function told(
  analysis: PairedAnalysis,
  metric: MetricValue | undefined,
  isExact: boolean,
  margin: number,
): VariantMetric {
  const { difference, percentage, pairs } = analysis;
  const better = metric?.better ?? 'neither';
  const { low, high } = percentage;
  // Not even the interval of this metric alone may reach beyond what is called equal.
  const isInside = low === null || high === null || (low >= -margin && high <= margin);
  const isWithinMargin = isExact ? isExactlyWithin(analysis, margin) : analysis.isEqual && isInside;
  const verdict = verdictOf(analysis, better, isExact, isWithinMargin);
  const isOpen = verdict === 'unknown' || verdict === 'equal';
  return {
    variant: analysis.variant,
    metric: analysis.metric,
    shortName: shortMetricName(analysis.metric),
    unit: metric?.unit ?? '',
    better,
    pairs,
    base: analysis.meanA,
    value: analysis.meanB,
    difference: analysis.meanDifference,
    differenceLow: difference.low,
    differenceHigh: difference.high,
    change: percentage.estimate,
    changeLow: percentage.low,
    changeHigh: percentage.high,
    pValue: analysis.pValue,
    adjustedPValue: analysis.adjustedPValue,
    verdict,
    isWithinMargin,
    moreSeeds: !isOpen || analysis.pairsToShow === null ? null : Math.max(1, analysis.pairsToShow - pairs),
  };
}

function verdictOf(
  { pairs, meanDifference, pValue, isDifferent, difference }: PairedAnalysis,
  better: Better,
  isExact: boolean,
  isWithinMargin: boolean,
): Verdict {
  if (pairs === 0 || meanDifference === null) return 'absent';
  const isSame = meanDifference === 0 && difference.low === 0 && difference.high === 0;
  if (isSame || (isExact && meanDifference === 0)) return 'same';
  if (isExact || (isDifferent && pValue !== null)) return directionOf(meanDifference, better);
  return isWithinMargin ? 'equal' : 'unknown';
}

function directionOf(difference: number, better: Better): Verdict {
  if (better === 'neither') return difference > 0 ? 'higher' : 'lower';
  return difference > 0 === (better === 'higher') ? 'better' : 'worse';
}

function isExactlyWithin({ meanA, meanDifference }: PairedAnalysis, margin: number): boolean {
  return meanA !== null && meanDifference !== null && Math.abs(meanDifference) <= margin * Math.abs(meanA);
}
