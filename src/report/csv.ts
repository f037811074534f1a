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
/** Texts that are kept as they are written; beyond that the memory is emptied. */
const KEPT_TEXTS = 10_000;

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
  const written = new Map<string, string>();
  yield csvLines([header], written);
  for (let from = 0; from < rows; from += ROWS_PER_CHUNK) {
    const count = Math.min(ROWS_PER_CHUNK, rows - from);
    yield csvLines(Array.from({ length: count }, (_, i) => rowAt(from + i)), written);
  }
}

/**
 * What `csvText` makes of the records, for tables of many rows: csv-stringify is asked once for each text, of all new
 * ones together, and not for numbers, which it leaves as they are. `written`: each text as it was written before.
 */
export function csvLines(records: readonly (readonly Cell[])[], written: Map<string, string>): string {
  if (written.size > KEPT_TEXTS) written.clear();
  writeTexts(records, written);
  let lines = '';
  for (const record of records) {
    for (let i = 0; i < record.length; i++) {
      const cell = record[i];
      if (i > 0) lines += ',';
      if (cell !== null) lines += typeof cell === 'number' ? cell : written.get(cell) ?? '';
    }
    lines += '\n';
  }
  return lines;
}

/** Adds the texts that are new. */
function writeTexts(records: readonly (readonly Cell[])[], written: Map<string, string>): void {
  const asked = new Set<string>();
  for (const record of records)
    for (const cell of record) if (typeof cell === 'string' && !written.has(cell)) asked.add(cell);
  const texts = [...asked];
  const lines = csvText(texts.map((text) => [text])).split('\n');
  // Else some text has lines itself.
  const isLineEach = lines.length === texts.length + 1;
  texts.forEach((text, i) => written.set(text, isLineEach ? lines[i] : csvText([[text]]).slice(0, -1)));
}

/** A carriage return alone ends a line, too, to whoever reads the file. */
export function csvText(records: (string | number | null)[][]): string {
  return stringify(records, { escape_formulas: true, quoted_match: /\r/ });
}
