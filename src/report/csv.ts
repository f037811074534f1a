/**
 * Results as CSV: summary.csv (long form), timeseries.csv, pods.csv and nodes.csv. Every function yields chunks of many
 * lines, so that millions of pods never stand in memory as text. Cells that a spreadsheet would run as a formula are
 * escaped with a leading apostrophe; an empty cell is a value that does not exist.
 */
import { stringify } from 'csv-stringify/sync';
import type { NodeRecord, PodTable, RunResult, TimeSeries } from '../metrics/run-result.ts';
import { nodeTable, podTable, timeSeriesTable } from './result-tables.ts';
import type { Cell, ResultTable } from './result-tables.ts';
import { summaryRows } from './summary-rows.ts';

const ROWS_PER_CHUNK = 1024;
/** Words that csv-stringify writes as they are: nothing to quote, nothing that a spreadsheet would run. */
const PLAIN = /^[A-Za-z0-9][\w ./-]*$/;

/**
 * One row per number of report.json: `metric,value,unit`; the metric is its path there. The birth certificate comes
 * first.
 */
export function* summaryCsv(result: RunResult): Generator<string> {
  const rows = summaryRows(result);
  yield* writeCsv(['metric', 'value', 'unit'], rows.length, (row) => rows[row]);
}

/** `seconds`, then one column per series. */
export function timeSeriesCsv(series: TimeSeries): Generator<string> {
  return tableCsv(timeSeriesTable(series));
}

export function podsCsv(pods: PodTable): Generator<string> {
  return tableCsv(podTable(pods));
}

/** One column `meanUtilization.<resource>` for every resource any node has. */
export function nodesCsv(nodes: readonly NodeRecord[]): Generator<string> {
  return tableCsv(nodeTable(nodes));
}

function tableCsv({ rows, columns }: ResultTable): Generator<string> {
  return writeCsv(columns.map(({ name }) => name), rows, (row) => columns.map((column) => column.at(row)));
}

function* writeCsv(
  header: readonly string[],
  rows: number,
  rowAt: (row: number) => readonly Cell[],
): Generator<string> {
  yield csvLines([header]);
  for (let from = 0; from < rows; from += ROWS_PER_CHUNK) {
    const count = Math.min(ROWS_PER_CHUNK, rows - from);
    yield csvLines(Array.from({ length: count }, (_, i) => rowAt(from + i)));
  }
}

/**
 * What `csvText` makes of the records, for tables of many rows: csv-stringify, which takes a microsecond a cell, is not
 * asked about records of nothing but numbers and plain words.
 */
export function csvLines(records: readonly (readonly Cell[])[]): string {
  let lines = '';
  for (const record of records) lines += record.every(isPlain) ? `${record.join(',')}\n` : csvText([[...record]]);
  return lines;
}

function isPlain(cell: Cell): boolean {
  return typeof cell !== 'string' || cell === '' || PLAIN.test(cell);
}

/** A carriage return alone ends a line, too, to whoever reads the file. */
export function csvText(records: (string | number | null)[][]): string {
  return stringify(records, { escape_formulas: true, quoted_match: /\r/ });
}
