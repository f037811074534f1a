/** Tables of measurements of GenTD26: a value and a time a row, such as the time to load a model. */
import { InputError } from '../../base/input-error.ts';
import { quantileOfSorted } from '../../base/statistics/quantiles.ts';
import { clip } from './cells.ts';
import { csvRows, headerTable } from './table-source.ts';
import { Tally } from './tally.ts';
import type { FormatFile } from './trace-format.ts';
import { ProblemList } from './trace-reader.ts';

const MOST_VALUES = 50_000_000;

/** Whether the first bytes of a file look like such a table. */
export function isSeries(head: string): boolean {
  const header = head.slice(0, head.search(/[\r\n]|$/)).split(',');
  return header.includes('timestamp_anon') && header.includes('value') && !header.includes('request_type');
}

/** All values, ascending. Throws InputError with all mistakes of the table. */
export function readSeries(file: FormatFile): Float64Array {
  const table = headerTable(csvRows(file), ['timestamp_anon', 'value'], ['container_ip'], new Tally(), file.name);
  const problems = new ProblemList();
  const values: number[] = [];
  const { cells } = table;
  while (table.rows.nextInto(cells)) {
    cells.startRow(table.rows.line, problems);
    if (cells.fieldCount !== table.width)
      cells.complain(-1, `expected ${String(table.width)} fields, found ${String(cells.fieldCount)}`);
    else values.push(cells.decimal(table.at.value));
    if (values.length > MOST_VALUES)
      throw new InputError({ file: file.name, message: `more than ${String(MOST_VALUES)} values: ${clip(file.name)}` });
  }
  if (values.length === 0) problems.add({ file: file.name, line: 2, message: 'no rows below the header' });
  problems.throwIfAny(file.name);
  return Float64Array.from(values).sort((a, b) => a - b);
}

/** So many values that stand for all of `sorted`: the middles of equal shares. */
export function middlesOf(sorted: Float64Array, count: number): number[] {
  const middles = Math.min(count, sorted.length);
  return Array.from({ length: middles }, (_, i) => quantileOfSorted(sorted, (i + 0.5) / middles));
}
