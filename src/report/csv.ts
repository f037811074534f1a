/**
 * Results as CSV: summary.csv (long form), timeseries.csv, pods.csv and nodes.csv. Every function yields chunks of many
 * lines, so that millions of pods never stand in memory as text. Cells that a spreadsheet would run as a formula are
 * escaped with a leading apostrophe; an empty cell is a value that does not exist.
 */
import { stringify } from 'csv-stringify/sync';
import type { NodeRecord, PodTable, RunResult, TimeSeries } from '../metrics/run-result.ts';
import { compareKeys } from './format.ts';
import { reportOf, roundNumber } from './json.ts';

type Cell = string | number | null;

const ROWS_PER_CHUNK = 1024;

const POD_COLUMNS = [
  'name',
  'namespace',
  'class',
  'priority',
  'node',
  'createdSeconds',
  'boundSeconds',
  'startedSeconds',
  'endedSeconds',
  'attempts',
  'outcome',
  'waitReason',
] as const satisfies readonly (keyof PodTable)[];

/** Report members that hold lists, texts or settings rather than measured numbers. */
const NOT_SUMMARY = new RegExp(
  '^(schemaVersion|description|notes|notSimulated|refusedPods|events|resolvedScenario|scheduling\\.profile|' +
    '.*\\.queueWaitCdf|conflicts\\.firstMessage|waiting\\.(templates|.*\\.(nearest|barredBy)))$',
  'u',
);

/**
 * One row per number of report.json: `metric,value,unit`; the metric is its path there. The birth certificate comes
 * first.
 */
export function* summaryCsv(result: RunResult): Generator<string> {
  const rows = summaryRows(result);
  yield* writeCsv(['metric', 'value', 'unit'], rows.length, (row) => rows[row]);
}

/** `metric`, `value`, `unit` of each number. */
export function summaryRows(result: RunResult): (string | number | null)[][] {
  const rows: Cell[][] = [];
  collectSummary(reportOf(result), '', rows);
  return rows;
}

/** `seconds`, then one column per series. */
export function* timeSeriesCsv(series: TimeSeries): Generator<string> {
  const names = Object.keys(series.columns);
  const columns = names.map((name) => series.columns[name]);
  yield *
    writeCsv(['seconds', ...names], series.seconds.length, (row) => [
      number(series.seconds[row]),
      ...columns.map((column) => number(column[row])),
    ]);
}

export function* podsCsv(pods: PodTable): Generator<string> {
  yield* writeCsv(POD_COLUMNS, pods.name.length, (row) =>
    POD_COLUMNS.map((column) => {
      const value = pods[column][row];
      return typeof value === 'number' ? number(value) : value;
    }),
  );
}

/** One column `meanUtilization.<resource>` for every resource any node has. */
export function* nodesCsv(nodes: readonly NodeRecord[]): Generator<string> {
  const resources = Array.from(new Set(nodes.flatMap((node) => Object.keys(node.meanUtilization)))).sort(compareKeys);
  const header = [
    'name',
    'pool',
    'zone',
    'createdSeconds',
    'removedSeconds',
    'podsHosted',
    'failures',
    'downSeconds',
    'cost',
    ...resources.map((name) => `meanUtilization.${name}`),
  ];
  yield* writeCsv(header, nodes.length, (row) => {
    const node = nodes[row];
    return [
      node.name,
      node.pool,
      node.zone,
      number(node.createdSeconds),
      number(node.removedSeconds),
      node.podsHosted,
      node.failures,
      number(node.downSeconds),
      number(node.cost),
      ...resources.map((name) => number(node.meanUtilization[name] ?? null)),
    ];
  });
}

function* writeCsv(
  header: readonly string[],
  rows: number,
  rowAt: (row: number) => readonly Cell[],
): Generator<string> {
  const text = (records: readonly (readonly Cell[])[]): string => csvText(records as Cell[][]);
  yield text([header]);
  for (let from = 0; from < rows; from += ROWS_PER_CHUNK) {
    const count = Math.min(ROWS_PER_CHUNK, rows - from);
    yield text(Array.from({ length: count }, (_, i) => rowAt(from + i)));
  }
}

/** A carriage return alone ends a line, too, to whoever reads the file. */
export function csvText(records: (string | number | null)[][]): string {
  return stringify(records, { escape_formulas: true, quoted_match: /\r/ });
}

function number(value: number | null): number | null {
  return value === null ? null : roundNumber(value);
}

function collectSummary(value: unknown, path: string, rows: Cell[][]): void {
  if (value !== null && typeof value === 'object') {
    for (const [key, entry] of Object.entries(value)) {
      const inner = path === '' ? key : `${path}.${key}`;
      if (!NOT_SUMMARY.test(inner)) collectSummary(entry, inner, rows);
    }
    return;
  }
  const cell = typeof value === 'boolean' ? String(value) : (value as Cell);
  rows.push([path, cell, unitOf(path)]);
}

const COUNT_UNITS: readonly (readonly [RegExp, string])[] = [
  [/PodSeconds$|^waiting\..*\.podSeconds\w*$/u, 'pod-seconds'],
  [/^waiting\..*\.pods\w*$/u, 'pods'],
  [/nodeDownSeconds$/u, 'node-seconds'],
  [/backoffSeconds\.(count|censored)$/u, 'count'],
  [/Seconds\.(count|censored)$/u, 'pods'],
  [/attemptsPerPod\.(count|censored)$/u, 'pods'],
  [/attemptsPerPod\./u, 'attempts'],
  [/Seconds(\.|$)/u, 's'],
  [/^utilization|^packing\.(densityOfNonEmptyNodes|strandedShare|fragmentation\.gpuFragmentedShare)/u, 'share'],
  [/^packing\.fragmentation\.room\.\d+\.pods/u, 'pods'],
  [/^packing\.fragmentation\..*\.cpu$/u, 'cores'],
  [/^packing\.fragmentation\..*\.(memory|ephemeral-storage)$/u, 'bytes'],
  [/^packing\.fragmentation\./u, 'count'],
  [/^cost\.nodeHours/u, 'node-hours'],
  [/^counts\.pods/u, 'pods'],
  [/^counts\.nodes|^packing\.mean|^autoscaling\.nodes/u, 'nodes'],
  [/^counts\.|^failures\.evictionsByCause|^autoscaling\.|^scheduling\.|^waiting\./u, 'count'],
];

/** Follows from the name, as names end in their unit. Empty: text, a yes or no, or money of any currency. */
function unitOf(path: string): string {
  return COUNT_UNITS.find(([pattern]) => pattern.test(path))?.[1] ?? '';
}
