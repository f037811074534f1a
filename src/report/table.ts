/**
 * Terminal tables as kubectl prints them: a header in capitals, columns aligned with spaces, no borders. Text columns
 * stand to the left, number columns to the right. Also the small graphs and colours that go with them.
 */
import { visibleText } from '../base/visible-text.ts';
import { BARS, fitTable, visibleWidth, wrapped } from './table-fit.ts';
import type { FittedColumn } from './table-fit.ts';

export type Column = FittedColumn;

/** How a text is laid out where it is printed. */
export interface Paint {
  /** Columns of the terminal, which tables are fitted to; null: none, tables are as wide as they come. */
  readonly width: number | null;
  readonly strong: (text: string) => string;
  readonly faint: (text: string) => string;
  readonly good: (text: string) => string;
  readonly bad: (text: string) => string;
  readonly warn: (text: string) => string;
}

export function textColumn(title: string): Column {
  return { title, align: 'left' };
}

export function numberColumn(title: string): Column {
  return { title, align: 'right' };
}

/** Bars as `sparkline` gives them: they may be made fewer where there is no room. */
export function graphColumn(title: string): Column {
  return { title, align: 'graph' };
}

/** Lines without a final newline and without trailing spaces. Cells may carry colour; it takes no width. */
export function renderTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  paint: Paint = paintFor(false),
): string {
  const tables = fitTable(columns, rows, paint.width).map((table) => {
    const widths = table.columns.map(({ title }, i) =>
      table.lines.reduce((most, line) => Math.max(most, visibleWidth(line[i] ?? '')), visibleWidth(title)),
    );
    const line = (cells: readonly string[]): string =>
      table.columns
        .map(({ align }, i) => pad(cells[i] ?? '', widths[i], align))
        .join(table.gap)
        .trimEnd();
    return [paint.strong(line(table.columns.map(({ title }) => title))), ...table.lines.map(line)].join('\n');
  });
  return tables.join('\n\n');
}

/** The same in Markdown. */
export function renderMarkdownTable(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((text) => text.replaceAll('|', '\\|')).join(' | ')} |`;
  const rules = columns.map(({ align }) => (align === 'right' ? '---:' : '---'));
  return [line(columns.map(({ title }) => title)), line(rules), ...rows.map(line)].join('\n');
}

/** Two columns without a header: names and values. */
export function renderFacts(facts: readonly (readonly [string, string])[], paint: Paint = paintFor(false)): string {
  const width = Math.max(0, ...facts.map(([name]) => visibleWidth(name)));
  const room = paint.width === null ? Infinity : Math.max(LEAST_VALUE, paint.width - width - GAP.length);
  return facts
    .flatMap(([name, value]) =>
      wrapped(value, room, '').map((part, i) =>
        `${paint.faint(pad(i === 0 ? name : '', width, 'left'))}${GAP}${part}`.trimEnd(),
      ),
    )
    .join('\n');
}

/** A sentence or more, broken where the terminal ends; lines after the first are indented. */
export function renderText(text: string, paint: Paint): string {
  return paint.width === null ? text : wrapped(text, Math.max(LEAST_VALUE, paint.width), '  ').join('\n');
}

const GAP = '   ';
/** Columns of a value, however narrow the terminal. */
const LEAST_VALUE = 20;

/**
 * One character per value, from `low` to `high`; more values than `width` stand in equal groups, each shown by its mean
 * or its peak.
 */
export function sparkline(
  values: readonly number[],
  width: number,
  low: number,
  high: number,
  groupBy: 'mean' | 'peak' = 'mean',
): string {
  const cells = Math.min(width, values.length);
  let line = '';
  for (let cell = 0; cell < cells; cell++) {
    const from = Math.floor((cell * values.length) / cells);
    const to = Math.floor(((cell + 1) * values.length) / cells);
    let sum = 0;
    let peak = Number.NEGATIVE_INFINITY;
    for (let i = from; i < to; i++) {
      sum += values[i];
      peak = Math.max(peak, values[i]);
    }
    const shown = groupBy === 'peak' ? peak : sum / (to - from);
    const share = high > low ? (shown - low) / (high - low) : 0;
    const step = Math.round(Math.min(1, Math.max(0, share)) * (BARS.length - 1));
    line += Number.isNaN(share) ? ' ' : BARS[step];
  }
  return line;
}

export function paintFor(color: boolean, width: number | null = null): Paint {
  const code =
    (open: number, close: number) =>
    (text: string): string =>
      color && text !== '' ? `\u001b[${open}m${text}\u001b[${close}m` : text;
  return { width, strong: code(1, 22), faint: code(2, 22), good: code(32, 39), bad: code(31, 39), warn: code(33, 39) };
}

/** User text that can neither move the cursor nor break the table nor turn the direction of what stands beside it. */
export function plainText(text: string): string {
  return visibleText(text.replace(/[\u0000-\u001f\u007f-\u009f]/gu, ' '));
}

function pad(text: string, width: number, align: Column['align']): string {
  const space = ' '.repeat(Math.max(0, width - visibleWidth(text)));
  return align === 'right' ? space + text : text + space;
}
