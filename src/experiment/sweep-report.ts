/**
 * The report of a sweep from what is there of its cells: a mean with its interval for each row and metric, which
 * parameter moves which metric, the Pareto front of two metrics, and why cells failed. Pure; costs one look at each
 * cell.
 */
import { meanHalfWidth } from '../base/statistics/mean-interval.ts';
import { mean } from '../base/statistics/moments.ts';
import { isMetricMeant, shortMetricName } from '../metrics/metric-names.ts';
import type { Better, MetricValue } from './compare-result.ts';
import { chanceShare, classShare, varianceShare } from './sensitivity.ts';
import type { Sample } from './sensitivity.ts';
import { measured } from './sweep-parameters.ts';
import type { CellOutcome, SweepRecord } from './sweep-record.ts';

export interface SweepReport {
  readonly schemaVersion: 1;
  readonly name: string;
  /** Podyard's. */
  readonly version: string;
  readonly design: SweepRecord['design'];
  readonly parameters: readonly string[];
  /** The shortest endings that tell them apart. */
  readonly parameterLabels: readonly string[];
  readonly variants: readonly string[];
  readonly seeds: readonly string[];
  /** Runs: wanted, ended, failed. */
  readonly runs: { readonly wanted: number; readonly done: number; readonly failed: number };
  readonly metrics: readonly ReportedMetric[];
  readonly rows: readonly ReportedRow[];
  /** null: parameters of a list move together, so none can be told from the others. */
  readonly sensitivity: Sensitivity | null;
  readonly pareto: ParetoFront | null;
  readonly failures: readonly { readonly row: number; readonly seed: string; readonly reason: string }[];
}

export interface ReportedMetric {
  /** Its path in report.json of a run. */
  readonly name: string;
  /** Without what goes without saying: `queueWait.p99`. */
  readonly label: string;
  readonly unit: string;
  readonly better: Better;
}

export interface ReportedRow {
  /** Values of the parameters, in their order. */
  readonly point: readonly unknown[];
  readonly variant: string;
  readonly done: number;
  readonly failed: number;
  /** By metric. */
  readonly values: readonly ReportedValue[];
}

export interface ReportedValue {
  /** Over the seeds that have it. null: none has. */
  readonly mean: number | null;
  /** 95 % Student t interval of the mean. null: fewer than two seeds. */
  readonly low: number | null;
  readonly high: number | null;
}

export interface Sensitivity {
  /** `values`: by equal values; `classes`: drawn numbers in classes of equal size. */
  readonly method: 'values' | 'classes';
  /** false: some combinations are missing, so that shares of several parameters may overlap. */
  readonly balanced: boolean;
  /** Parameters with more than one value, `variant` behind them. */
  readonly factors: readonly string[];
  readonly metrics: readonly {
    readonly metric: string;
    /** By factor, 0 to 1; null: the metric does not vary, or there is too little to tell. */
    readonly shares: readonly (number | null)[];
    /** Of the seeds; null with one seed. */
    readonly chance: number | null;
  }[];
}

export interface ParetoFront {
  readonly metrics: readonly [string, string];
  /** Indices of the rows that no other row beats in one metric without losing in the other. */
  readonly rows: readonly number[];
}

export interface ReportAsked {
  /** Names, `*` for anything. */
  readonly metrics: readonly string[];
  /** Paths; their better side must be known. null: no front. */
  readonly pareto: readonly [string, string] | null;
}

/** `outcomeOf`: what there is of a cell. */
export function sweepReport(
  record: SweepRecord,
  outcomeOf: (cell: string) => CellOutcome,
  { metrics: names, pareto }: ReportAsked,
): SweepReport {
  const outcomes = record.rows.map(({ cells }) => cells.map(outcomeOf));
  const metrics = reportedMetrics(outcomes, [...names, ...(pareto ?? [])]);
  const rows = record.rows.map(({ point, variant }, i): ReportedRow => ({
    point,
    variant: record.variants[variant],
    done: outcomes[i].filter((outcome) => outcome !== null && 'run' in outcome).length,
    failed: outcomes[i].filter((outcome) => outcome !== null && 'failure' in outcome).length,
    values: metrics.map(({ name }) => summaryOf(valuesOf(outcomes[i], name))),
  }));
  const { name, version, design, parameters, variants, seeds } = record;
  return {
    schemaVersion: 1, name, version, design, parameters,
    parameterLabels: shortParameterNames(parameters),
    variants, seeds,
    runs: {
      wanted: outcomes.reduce((sum, row) => sum + row.length, 0),
      done: rows.reduce((sum, { done }) => sum + done, 0),
      failed: rows.reduce((sum, { failed }) => sum + failed, 0),
    },
    metrics,
    rows,
    sensitivity: design === 'list' ? null : sensitivityOf(record, outcomes, metrics),
    pareto: pareto === null ? null : { metrics: pareto, rows: frontOf(rows, metrics, pareto) },
    failures: outcomes.flatMap((row, i) => row.flatMap((outcome, seed) =>
      outcome !== null && 'failure' in outcome ? [{ row: i, seed: seeds[seed], reason: outcome.failure }] : [],
    )),
  };
}

type Outcomes = readonly (readonly CellOutcome[])[];

/** By path, in the order of the runs: every metric that some run has. */
export function measuredMetrics(outcomes: Iterable<CellOutcome>): ReadonlyMap<string, MetricValue> {
  const known = new Map<string, MetricValue>();
  for (const outcome of outcomes) {
    if (outcome === null || !('run' in outcome)) continue;
    for (const metric of outcome.run.metrics) if (!known.has(metric.name)) known.set(metric.name, metric);
  }
  return known;
}

/** In the order of the names; those of `*` in that of a run. */
function reportedMetrics(outcomes: Outcomes, names: readonly string[]): ReportedMetric[] {
  const known = measuredMetrics(outcomes.flat());
  const meant = names.flatMap((name) => [...known.keys()].filter((path) => isMetricMeant(name, path)));
  return [...new Set(meant)].flatMap((path) => {
    const metric = known.get(path);
    if (metric === undefined) return [];
    return [{ name: path, label: shortMetricName(path), unit: metric.unit, better: metric.better }];
  });
}

function valuesOf(row: readonly CellOutcome[], name: string): number[] {
  return row.flatMap((outcome) => {
    const value = outcome !== null && 'run' in outcome ? valueIn(outcome.run.metrics, name) : null;
    return value === null ? [] : [value];
  });
}

function valueIn(metrics: readonly MetricValue[], name: string): number | null {
  return metrics.find((metric) => metric.name === name)?.value ?? null;
}

function summaryOf(values: readonly number[]): ReportedValue {
  if (values.length === 0) return { mean: null, low: null, high: null };
  const center = mean(values);
  const half = meanHalfWidth(values, 0.95);
  return half === null
    ? { mean: center, low: null, high: null }
    : { mean: center, low: center - half, high: center + half };
}

function sensitivityOf(
  record: SweepRecord,
  outcomes: Outcomes,
  metrics: readonly ReportedMetric[],
): Sensitivity {
  const columns = [
    ...record.parameters.map((name, i) => ({ name, values: record.rows.map(({ point }) => point[i]) })),
    { name: 'variant', values: record.rows.map(({ variant }) => record.variants[variant]) },
  ];
  const factors = columns
    .map(({ name, values }) => ({ name, levels: values.map((value) => JSON.stringify(value)), values }))
    .filter(({ levels }) => new Set(levels).size > 1)
    .map((factor) => ({ ...factor, numbers: numbersOf(factor.values) }));
  const isDrawn = record.design !== 'grid';
  const full = factors.reduce((product, { levels }) => product * new Set(levels).size, 1);
  const isWhole = outcomes.every((row) => row.every((outcome) => outcome !== null && 'run' in outcome));
  return {
    method: isDrawn ? 'classes' : 'values',
    balanced: !isDrawn && isWhole && record.rows.length === full,
    factors: factors.map(({ name }) => name),
    metrics: metrics.map(({ name }) => {
      const samples = outcomes.flatMap((row, i) => valuesOf(row, name).map((value): Sample => ({ row: i, value })));
      return {
        metric: name,
        shares: factors.map(({ levels, numbers }) =>
          isDrawn && numbers !== null && new Set(levels).size > levels.length / 2
            ? classShare(samples, numbers)
            : varianceShare(samples, levels),
        ),
        chance: record.seeds.length < 2 ? null : chanceShare(samples),
      };
    }),
  };
}

/** null: not all of them are numbers of one unit. */
function numbersOf(values: readonly unknown[]): number[] | null {
  const parts = values.map(measured);
  const unit = parts[0]?.unit;
  return parts.every((part) => part !== null && part.unit === unit) ? parts.map((part) => part?.number ?? 0) : null;
}

function frontOf(
  rows: readonly ReportedRow[],
  metrics: readonly ReportedMetric[],
  pair: readonly [string, string],
): number[] {
  const sides = pair.map((name) => metrics.findIndex((metric) => metric.name === name));
  if (sides.includes(-1)) return [];
  // Less is better, on both sides.
  const costs = rows.map(({ values }) => sides.map((side) => {
    const { mean: value } = values[side];
    return value === null || metrics[side].better !== 'higher' ? value : -value;
  }));
  const isBeaten = ([x, y]: readonly (number | null)[]): boolean =>
    x === null || y === null || costs.some(([u, v]) =>
      u !== null && v !== null && u <= x && v <= y && (u < x || v < y));
  return rows.flatMap((_, i) => (isBeaten(costs[i]) ? [] : [i]));
}

/** The shortest ending of each path that tells it from the others: `count` of `nodePools[general].count`. */
export function shortParameterNames(paths: readonly string[]): string[] {
  const endings = paths.map((path) => path.split(/(?<=.)\.(?![^[]*\])/u));
  return endings.map((parts, i) => {
    for (let length = 1; length < parts.length; length++) {
      const name = parts.slice(-length).join('.');
      const isOwn = endings.every((other, j) => j === i || other.slice(-length).join('.') !== name);
      if (isOwn) return name;
    }
    return paths[i];
  });
}
