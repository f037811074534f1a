/**
 * From runs to a comparison: the paired interval of each difference of the numbers of runs. Pure functions over
 * results; nothing here runs a simulation.
 */
import { assert } from '../base/assert.ts';
import { pairedDifference } from '../base/statistics/paired-difference.ts';
import { metricsOf } from '../metrics/metric-names.ts';
import type { Better } from '../metrics/metric.ts';
import type { RunResult } from '../metrics/run-result.ts';
import type { CompareResult, MetricComparison, MetricValue } from './compare-result.ts';

/** A difference this small beside the values themselves is rounding, whatever its interval says. */
const ROUNDING = 1e-12;

/** Compares one metric over paired runs; pairs in which either side has no value are left out. */
export function comparePaired(
  name: string,
  valuesA: readonly (number | null)[],
  valuesB: readonly (number | null)[],
  unit = '',
  better: Better = 'neither',
): MetricComparison {
  assert(valuesA.length === valuesB.length, `paired samples differ in number: ${valuesA.length} and ${valuesB.length}`);
  const a: number[] = [];
  const b: number[] = [];
  valuesA.forEach((value, i) => {
    const partner = valuesB[i];
    if (!isNumber(value) || !isNumber(partner)) return;
    a.push(value);
    b.push(partner);
  });
  const head = { name, unit, better };
  if (a.length === 0)
    return {
      ...head,
      a: null,
      b: null,
      meanDifference: null,
      low: null,
      high: null,
      significant: false,
      valuesA,
      valuesB,
    };
  const { meanA, meanB, meanDifference, low, high } = pairedDifference(a, b);
  const beyondRounding = Math.abs(meanDifference) > ROUNDING * Math.max(Math.abs(meanA), Math.abs(meanB));
  const significant = beyondRounding && low !== null && high !== null && (low > 0 || high < 0);
  return { ...head, a: meanA, b: meanB, meanDifference, low, high, significant, valuesA, valuesB };
}

/** Runs are paired by position: `runsA[i]` and `runsB[i]` have the seed `seeds[i]`. */
export function compareRuns(input: {
  readonly scenario: string;
  readonly labelA: string;
  readonly labelB: string;
  readonly runsA: readonly RunResult[];
  readonly runsB: readonly RunResult[];
}): CompareResult {
  const { scenario, labelA, labelB, runsA, runsB } = input;
  assert(runsA.length === runsB.length, `${runsA.length} runs of A cannot be paired with ${runsB.length} of B`);
  runsA.forEach((run, i) =>
    assert(run.seed === runsB[i].seed, `pair ${i} has two seeds: ${run.seed} and ${runsB[i].seed}`),
  );
  const seeds = runsA.map((run) => run.seed);
  return { scenario, seeds, labelA, labelB, metrics: compareValues(runsA.map(metricsOf), runsB.map(metricsOf)) };
}

/** The same from the numbers of the runs, by position. */
export function compareValues(
  runsA: readonly (readonly MetricValue[])[],
  runsB: readonly (readonly MetricValue[])[],
): MetricComparison[] {
  const valuesA = metricColumns(runsA);
  const valuesB = metricColumns(runsB);
  const none = runsA.map(() => null);
  return knownMetrics([...runsA, ...runsB]).map(({ name, unit, better }) =>
    comparePaired(name, valuesA.get(name) ?? none, valuesB.get(name) ?? none, unit, better),
  );
}

/** Every metric that any of the runs has, in the order of the first one that has it. */
export function knownMetrics(runs: readonly (readonly MetricValue[])[]): MetricValue[] {
  const known = new Map<string, MetricValue>();
  for (const run of runs) for (const metric of run) if (!known.has(metric.name)) known.set(metric.name, metric);
  return [...known.values()];
}

/** By name: a value for each run. */
export function metricColumns(runs: readonly (readonly MetricValue[])[]): Map<string, (number | null)[]> {
  const columns = new Map<string, (number | null)[]>();
  runs.forEach((run, i) => {
    for (const { name, value } of run) {
      const column = columns.get(name) ?? runs.map(() => null);
      column[i] = value;
      columns.set(name, column);
    }
  });
  return columns;
}

function isNumber(value: number | null): value is number {
  return value !== null && Number.isFinite(value);
}
