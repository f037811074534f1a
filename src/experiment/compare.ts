/**
 * Variants of a scenario on the same arrivals, sizes and failures: which runs that takes, and the comparison that
 * follows from them. Pure: whoever runs the cells may do so in any order, on any number of threads.
 */
import { assert } from '../base/assert.ts';
import { lookConfidence } from '../base/statistics/looks.ts';
import type { RunResult } from '../metrics/run-result.ts';
import { isMetricMeant, shortMetricName } from '../metrics/metric-names.ts';
import type { Threshold } from '../metrics/thresholds.ts';
import type { CompareResult } from './compare-result.ts';
import { judgeLimits } from './limits.ts';
import type { ChangeLimit, JudgedLimit, LimitCase } from './limits.ts';
import { measureRun } from './measured-run.ts';
import type { MeasuredRun } from './measured-run.ts';
import { compareValues, metricColumns } from './paired-statistics.ts';
import { lookAtTarget } from './stopping-rule.ts';
import type { PrecisionTarget } from './stopping-rule.ts';
import { withoutTables } from './without-tables.ts';
import { compareVariants, variantName } from './variant-comparison.ts';
import type { VariantsCompared } from './variant-comparison.ts';

export interface ComparisonPlan {
  readonly scenario: string;
  readonly labelA: string;
  readonly labelB: string;
  /** KubeSchedulerConfigurations, decoded YAML; null: upstream's defaults. */
  readonly configurationA: unknown;
  readonly configurationB: unknown;
  readonly seeds: readonly string[];
}

/** One run. */
export interface ComparisonCell {
  readonly side: 'A' | 'B';
  readonly configuration: unknown;
  readonly seed: string;
}

/** A comparison with what its numbers were made from. `metrics` and `digestsA/B` are of A and B alone. */
export interface Comparison extends CompareResult, VariantsCompared {
  readonly version: string;
  /** Digest of each run, in the order of `seeds`. */
  readonly digestsA: readonly string[];
  readonly digestsB: readonly string[];
  /** How near the targets of `--until` came, target by target and variant by variant; empty: there are none. */
  readonly precision: readonly ReachedTarget[];
  /** Limits that must not be broken, with what was found. */
  readonly limits: readonly JudgedLimit[];
}

export interface ReachedTarget extends PrecisionTarget {
  readonly shortName: string;
  readonly variant: string;
  /** Half width of the interval, as the target's. null: not bounded. */
  readonly found: number | null;
  readonly isReached: boolean;
  /** Seeds in all that it will need. null: not known. */
  readonly seedsNeeded: number | null;
}

/** What is asked of the runs of any number of variants, the base first. */
export interface VariantsPlan {
  readonly scenario: string;
  readonly labels: readonly string[];
  readonly seeds: readonly string[];
  /** Names of the metrics asked for, `*` for anything; null: all. */
  readonly metrics: readonly string[] | null;
  /** Share of the base within which two values count as equal in practice. */
  readonly margin: number;
  /** When seeds are added until an interval is narrow enough; empty: their number is given. */
  readonly targets: readonly PrecisionTarget[];
  readonly limits: readonly ChangeLimit[];
  /** By variant. */
  readonly thresholds: readonly (readonly Threshold[])[];
}

/** Of intervals, and 1 less the level of tests. */
const CONFIDENCE = 0.95;

/** Seed by seed, A before B. */
export function comparisonCells(plan: ComparisonPlan): ComparisonCell[] {
  return plan.seeds.flatMap((seed): ComparisonCell[] => [
    { side: 'A', configuration: plan.configurationA, seed },
    { side: 'B', configuration: plan.configurationB, seed },
  ]);
}

/** `runs` in the order of the plan's cells. */
export function compareOutcomes(plan: ComparisonPlan, runs: readonly RunResult[]): Comparison {
  const { scenario, labelA, labelB, seeds } = plan;
  assert(runs.length === 2 * seeds.length, `${runs.length} runs for ${seeds.length} seeds`);
  const measured = runs.map(measureRun);
  const sides = [0, 1].map((side) => measured.filter((_run, i) => i % 2 === side));
  const nothing = { metrics: null, margin: 0.01, targets: [], limits: [], thresholds: [] };
  return compareMeasured({ scenario, labels: [labelA, labelB], seeds, ...nothing }, sides);
}

/** `runs` by variant, each in the order of the plan's seeds. */
export function compareMeasured(plan: VariantsPlan, runs: readonly (readonly MeasuredRun[])[]): Comparison {
  const { scenario, labels, seeds, targets, margin } = plan;
  const confidence = targets.length === 0 ? CONFIDENCE : lookConfidence(CONFIDENCE);
  const sides = labels.map((label, i) => ({ label, runs: runs[i] }));
  const compared = compareVariants(sides, { confidence, margin, metrics: plan.metrics });
  const metrics = compareValues(runs[0].map((run) => run.metrics), runs[1].map((run) => run.metrics));
  return {
    scenario,
    seeds,
    labelA: labels[0],
    labelB: labels[1],
    metrics: metrics.filter(({ name }) => plan.metrics?.some((one) => isMetricMeant(one, name)) ?? true),
    version: runs[0][0]?.version ?? '',
    digestsA: compared.variants[0].digests,
    digestsB: compared.variants[1].digests,
    ...compared,
    precision: lookAtRuns(targets, runs),
    limits: judgeLimits(limitCases(plan, runs), { confidence, isExact: compared.seedsChangeNothing }),
  };
}

/** How near the targets are with these runs. */
export function lookAtRuns(
  targets: readonly PrecisionTarget[],
  runs: readonly (readonly MeasuredRun[])[],
): ReachedTarget[] {
  const [base, ...others] = runs.map(columnsOf);
  return targets.flatMap((target) =>
    others.map((columns, i) => {
      const { halfWidth, isReached, seedsNeeded } = lookAtTarget(target, {
        a: base(target.metric),
        b: columns(target.metric),
      }, CONFIDENCE);
      const shortName = shortMetricName(target.metric);
      return { ...target, shortName, variant: variantName(i + 1), found: halfWidth, isReached, seedsNeeded };
    }),
  );
}

/** Change by change for each variant but the base; thresholds for each variant. */
function limitCases({ limits, thresholds }: VariantsPlan, runs: readonly (readonly MeasuredRun[])[]): LimitCase[] {
  const columns = runs.map(columnsOf);
  const changes = limits.flatMap((limit) =>
    columns.slice(1).map((values, i) => ({
      variant: variantName(i + 1),
      limit,
      a: columns[0](limit.metric),
      b: values(limit.metric),
    })),
  );
  const bounds = thresholds.flatMap((own, i) =>
    own.map((limit) => ({ variant: variantName(i), limit, a: null, b: columns[i](limit.metric) })),
  );
  return [...changes, ...bounds];
}

/** Values by metric, one a seed. */
function columnsOf(runs: readonly MeasuredRun[]): (metric: string) => readonly (number | null)[] {
  const columns = metricColumns(runs.map(({ metrics }) => metrics));
  return (metric) => columns.get(metric) ?? runs.map(() => null);
}

/** All runs one after the other. */
export function compare(
  plan: ComparisonPlan, runOnce: (configuration: unknown, seed: string) => RunResult,
): Comparison {
  return compareOutcomes(
    plan,
    comparisonCells(plan).map(({ configuration, seed }) => withoutTables(runOnce(configuration, seed))),
  );
}
