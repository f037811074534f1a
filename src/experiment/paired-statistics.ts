/**
 * From runs to a comparison: which numbers of a run are compared, and the paired interval of each difference. Pure
 * functions over results; nothing here runs a simulation.
 */
import { assert } from '../base/assert.ts';
import { pairedDifference } from '../base/statistics/paired-difference.ts';
import type { FragmentationFacts, LatencyGroup, PackingFacts, RunResult } from '../metrics/run-result.ts';
import type { Better, CompareResult, MetricComparison, MetricValue } from './compare-result.ts';

/** A difference this small beside the values themselves is rounding, whatever its interval says. */
const ROUNDING = 1e-12;

const WAIT_POINTS = ['mean', 'p50', 'p90', 'p95', 'p99', 'max'] as const;

/** What these numbers are taken from: a part of a run's result. */
export type MeasuredFacts = Pick<
  RunResult,
  'utilization' | 'latency' | 'latencyByPriority' | 'counts' | 'failures' | 'cost'
> & {
  readonly packing: Omit<PackingFacts, 'fragmentation'> & {
    readonly fragmentation: Pick<FragmentationFacts, 'gpuFragmentedShare'>;
  };
};

/** The numbers of one run that are worth comparing, in the order of a report. Names are paths in report.json. */
export function metricsOf(result: MeasuredFacts): MetricValue[] {
  const { counts, packing, failures, cost } = result;
  return [
    ...byResource(
      'utilization',
      '.mean',
      'higher',
      mapValues(result.utilization, (use) => use.mean),
    ),
    ...waitMetrics('latency', result.latency),
    metric('latency.startSeconds.p50', 's', 'lower', result.latency.startSeconds.p50),
    metric('latency.startSeconds.p99', 's', 'lower', result.latency.startSeconds.p99),
    ...sortedKeys(result.latencyByPriority).map((priority) =>
      metric(
        `latencyByPriority.${priority}.queueWaitSeconds.p99`,
        's',
        'lower',
        result.latencyByPriority[priority].queueWaitSeconds.p99,
      ),
    ),
    metric('counts.podsFinished', 'pods', 'higher', counts.podsFinished),
    metric('counts.podsPending', 'pods', 'lower', counts.podsPending),
    metric('counts.podsLost', 'pods', 'lower', counts.podsLost),
    metric('counts.evictions', 'count', 'lower', counts.evictions),
    metric('counts.decisionsUnschedulable', 'count', 'lower', counts.decisionsUnschedulable),
    metric('failures.wastedPodSeconds', 'pod-seconds', 'lower', failures.wastedPodSeconds),
    ...byResource('packing.densityOfNonEmptyNodes', '', 'higher', packing.densityOfNonEmptyNodes),
    ...byResource('packing.strandedShare', '', 'lower', packing.strandedShare),
    ...fragmentation(packing.fragmentation),
    metric('packing.meanEmptyNodes', 'nodes', 'neither', packing.meanEmptyNodes),
    metric('packing.meanNodes', 'nodes', 'lower', packing.meanNodes),
    metric('cost.nodeHours', 'node-hours', 'lower', cost.nodeHours),
    metric('cost.total', '', 'lower', cost.total),
  ];
}

/** Only of runs in which nodes share GPUs. */
function fragmentation({ gpuFragmentedShare }: MeasuredFacts['packing']['fragmentation']): MetricValue[] {
  if (gpuFragmentedShare === null) return [];
  return [metric('packing.fragmentation.gpuFragmentedShare.mean', 'share', 'lower', gpuFragmentedShare.mean)];
}

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

function waitMetrics(prefix: string, group: LatencyGroup): MetricValue[] {
  return WAIT_POINTS.map((point) =>
    metric(`${prefix}.queueWaitSeconds.${point}`, 's', 'lower', group.queueWaitSeconds[point]),
  );
}

function byResource(
  prefix: string, suffix: string, better: Better, shares: Readonly<Record<string, number>>,
): MetricValue[] {
  return sortedKeys(shares).map((resource) =>
    metric(`${prefix}.${resource}${suffix}`, 'share', better, shares[resource]),
  );
}

function metric(name: string, unit: string, better: Better, value: number | null): MetricValue {
  return { name, unit, better, value: isNumber(value) ? value : null };
}

function isNumber(value: number | null): value is number {
  return value !== null && Number.isFinite(value);
}

function mapValues<T>(record: Readonly<Record<string, T>>, pick: (value: T) => number): Record<string, number> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, pick(value)]));
}

function sortedKeys(record: Readonly<Record<string, unknown>>): string[] {
  return Object.keys(record).sort((a, b) => (a < b ? -1 : 1));
}
