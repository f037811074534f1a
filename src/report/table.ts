/**
 * Terminal tables as kubectl prints them: a header in capitals, columns aligned with spaces, no borders. Text columns
 * stand to the left, number columns to the right. Also the small graphs and colours that go with them.
 */

import { visibleText } from '../base/visible-text.ts';

export interface Column {
  readonly title: string;
  readonly align: 'left' | 'right';
}

export interface Paint {
  readonly strong: (text: string) => string;
  readonly faint: (text: string) => string;
  readonly good: (text: string) => string;
  readonly bad: (text: string) => string;
  readonly warn: (text: string) => string;
}

const GAP = '   ';
const BARS = '▁▂▃▄▅▆▇█';

export function textColumn(title: string): Column {
  return { title, align: 'left' };
}

export function numberColumn(title: string): Column {
  return { title, align: 'right' };
}

/** Lines without a final newline and without trailing spaces. Cells may carry colour; it takes no width. */
export function renderTable(columns: readonly Column[], rows: readonly (readonly string[])[], paint: Paint = paintFor(false)): string {
  const widths = columns.map((column, i) => Math.max(visibleWidth(column.title), ...rows.map((row) => visibleWidth(row[i] ?? ''))));
  const line = (cells: readonly string[]): string =>
    columns
      .map((column, i) => pad(cells[i] ?? '', widths[i], column.align))
      .join(GAP)
      .trimEnd();
  return [paint.strong(line(columns.map((column) => column.title))), ...rows.map(line)].join('\n');
}

/** Two columns without a header: names and values. */
export function renderFacts(facts: readonly (readonly [string, string])[], paint: Paint = paintFor(false)): string {
  const width = Math.max(0, ...facts.map(([name]) => visibleWidth(name)));
  return facts.map(([name, value]) => `${paint.faint(pad(name, width, 'left'))}${GAP}${value}`.trimEnd()).join('\n');
}

/** One character per value, from `low` to `high`; more values than `width` stand in equal groups, each shown by its mean or its peak. */
export function sparkline(values: readonly number[], width: number, low: number, high: number, groupBy: 'mean' | 'peak' = 'mean'): string {
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

export function paintFor(color: boolean): Paint {
  const code = (open: number, close: number) => (text: string): string => (color && text !== '' ? `\u001b[${open}m${text}\u001b[${close}m` : text);
  return { strong: code(1, 22), faint: code(2, 22), good: code(32, 39), bad: code(31, 39), warn: code(33, 39) };
}

/** User text that can neither move the cursor nor break the table nor turn the direction of what stands beside it. */
export function plainText(text: string): string {
  return visibleText(text.replace(/[\u0000-\u001f\u007f-\u009f]/gu, ' '));
}

function pad(text: string, width: number, align: 'left' | 'right'): string {
  const space = ' '.repeat(Math.max(0, width - visibleWidth(text)));
  return align === 'left' ? text + space : space + text;
}

function visibleWidth(text: string): number {
  return Array.from(text.replace(/\u001b\[\d+m/gu, '')).length;
}
