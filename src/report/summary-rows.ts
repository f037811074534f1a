/** Every number of report.json on a line of its own, with its unit: the birth certificate first. */
import { metricAt } from '../metrics/declared-metrics.ts';
import type { RunResult } from '../metrics/run-result.ts';
import { reportOf } from './json.ts';
import type { Cell, ResultTable, TableColumn } from './result-tables.ts';

/** Report members that hold lists, texts or settings rather than measured numbers. */
const NOT_SUMMARY = new RegExp(
  '^(schemaVersion|description|notes|notSimulated|refusedPods|events|resolvedScenario|scheduling\\.profile|' +
    '.*\\.queueWaitCdf|conflicts\\.firstMessage|failures\\.campaigns|waiting\\.(templates|.*\\.(nearest|barredBy)))$',
  'u',
);

/** `metric`, `value`, `unit` of each number. */
export function summaryRows(result: RunResult): Cell[][] {
  const rows: Cell[][] = [];
  collectSummary(reportOf(result), '', rows);
  return rows;
}

/** The same with numbers and texts in columns of their own: where columns have types, a cell is of one of them. */
export function summaryTable(result: RunResult): ResultTable {
  const rows = summaryRows(result);
  const text = (name: string, cell: number): TableColumn => (
    { name, type: 'text', unit: '', at: (row) => (typeof rows[row][cell] === 'string' ? rows[row][cell] : null) }
  );
  const value: TableColumn = {
    name: 'value', type: 'number', unit: '',
    at: (row) => (typeof rows[row][1] === 'number' ? rows[row][1] : null),
  };
  return { name: 'summary', rows: rows.length, columns: [text('metric', 0), value, text('text', 1), text('unit', 2)] };
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
  [/^failures\.containers\.unreadyPodSeconds$|^waiting\..*\.podSeconds\w*$/u, 'pod-seconds'],
  [/^waiting\..*\.pods\w*$/u, 'pods'],
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
  [/^failures\.evictionsByCause|^scheduling\.|^waiting\./u, 'count'],
];

/** As declared, or by the name, as names end in their unit. Empty: text, a yes or no, or money of any currency. */
function unitOf(path: string): string {
  return metricAt(path)?.unit ?? COUNT_UNITS.find(([pattern]) => pattern.test(path))?.[1] ?? '';
}
