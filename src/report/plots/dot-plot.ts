/**
 * Rows of dots, one a run, with their mean and its interval. Each row has a scale of its own, whose ends are told below
 * it: what is a lot for one metric is nothing for another.
 */
import { FONT_SIZE, type Size } from './axes.ts';
import { element, escapeText, estimateWidth, lettersIn, shorten, text } from './svg.ts';
import { drawPicture } from './time-plot.ts';

export interface DotRow {
  readonly name: string;
  /** Of the row, in words: `19.0% lower`. */
  readonly note: string;
  /** Style class of the colour. */
  readonly color: string;
  /** With what the mouse tells of each. */
  readonly dots: readonly { readonly value: number; readonly note: string }[];
  readonly mean: number | null;
  /** Of the mean; null: none. */
  readonly low: number | null;
  readonly high: number | null;
  readonly format: (value: number) => string;
  /** Ends of the scale for several rows alike; absent: from the row's own values. */
  readonly scale?: readonly [number, number];
}

export interface DotPlot {
  readonly id: string;
  readonly title: string;
  readonly caption: string;
  readonly rows: readonly DotRow[];
  /** Whether zero is marked, and always within the scale. */
  readonly hasZero: boolean;
}

const ROW = 46;
const NARROW_ROW = 78;
const RADIUS = 3.4;
/** Of the strips on a page: left of them stand names, right of them notes. */
const STRIP_LEFT = 262;
const STRIP_RIGHT = 690;
const EDGE = 10;

export function drawDotPlot(plot: DotPlot, size: Size): string {
  const isWide = size.name === 'wide';
  const [left, right] = isWide ? [STRIP_LEFT, STRIP_RIGHT] : [EDGE, size.width - EDGE];
  const step = isWide ? ROW : NARROW_ROW;
  const rows = plot.rows.map((row, i) => drawRow(row, plot.hasZero, { left, right, top: i * step, isWide, size }));
  const height = Math.max(1, plot.rows.length) * step;
  return drawPicture(plot, size, height, { left, right, top: 0, bottom: height }, rows.join(''));
}

interface Place {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly isWide: boolean;
  readonly size: Size;
}

function drawRow(row: DotRow, hasZero: boolean, place: Place): string {
  const { left, right, top, isWide, size } = place;
  const middle = top + (isWide ? 15 : 46);
  const [low, high] = row.scale ?? scaleOf(row, hasZero);
  const x = (value: number): number => left + EDGE + ((value - low) / (high - low)) * (right - left - 2 * EDGE);
  const name = shorten(row.name, lettersIn(isWide ? left - 12 : size.width, FONT_SIZE));
  const note = shorten(row.note, lettersIn(isWide ? size.width - right - 18 : size.width, FONT_SIZE));
  const names =
    text(0, isWide ? middle + 4 : top + 13, name, { class: 'label row' }) +
    text(isWide ? right + 18 : 0, isWide ? middle + 4 : top + 29, note, { class: `label ${row.color}` });
  const base = element('line', { class: 'grid', x1: left, x2: right, y1: middle, y2: middle });
  const zero = hasZero ? element('line', { class: 'base', x1: x(0), x2: x(0), y1: middle - 12, y2: middle + 12 }) : '';
  return (
    names + base + zero + interval(row, x, middle) + dots(row, x, middle) + ends(row, [low, high], x, middle, hasZero)
  );
}

function interval({ low, high, mean, color, format }: DotRow, x: (value: number) => number, y: number): string {
  const bar =
    low === null || high === null
      ? ''
      : element(
          'line',
          { class: `mark interval ${color}`, x1: x(low), x2: Math.max(x(low) + 1, x(high)), y1: y, y2: y },
          `<title>${escapeText(`${format(low)} to ${format(high)}`)}</title>`,
        );
  const tick =
    mean === null ? '' : element('line', { class: `mean ${color}`, x1: x(mean), x2: x(mean), y1: y - 9, y2: y + 9 });
  return bar + tick;
}

/** Dots lie in five lanes in turn, so that equal values do not hide one another. */
function dots(row: DotRow, x: (value: number) => number, y: number): string {
  return row.dots
    .map(({ value, note }, i) =>
      element(
        'circle',
        { class: `mark dot ${row.color}`, cx: x(value), cy: y + (((i * 2) % 5) - 2) * 2.4, r: RADIUS },
        `<title>${escapeText(note)}</title>`,
      ),
    )
    .join('');
}

/** The values at both ends, and zero between them where there is room for it. */
function ends(
  { format, dots: all }: DotRow,
  [low, high]: readonly [number, number],
  x: (value: number) => number,
  y: number,
  hasZero: boolean,
): string {
  if (all.length === 0) return '';
  const labels: { at: number; label: string; anchor: string }[] = [
    { at: x(low), label: format(low), anchor: 'start' },
    { at: x(high), label: format(high), anchor: 'end' },
  ];
  const inner = [x(low) + widthOf(labels[0].label) + 8, x(high) - widthOf(labels[1].label) - 8];
  if (hasZero && x(0) - 4 > inner[0] && x(0) + 4 < inner[1]) labels.push({ at: x(0), label: '0', anchor: 'middle' });
  return labels
    .map(({ at, label, anchor }) => text(at, y + 25, label, { class: 'tick x', 'text-anchor': anchor }))
    .join('');
}

function widthOf(label: string): number {
  return estimateWidth(label, FONT_SIZE);
}

/** With zero where it is asked for; never of no width. */
export function scaleOf(
  { dots: all, low, high, mean }: Pick<DotRow, 'dots' | 'low' | 'high' | 'mean'>,
  hasZero: boolean,
): readonly [number, number] {
  const values = [...all.map(({ value }) => value), ...[low, high, mean].flatMap((value) => value ?? [])];
  const from = values.reduce((least, value) => Math.min(least, value), hasZero ? 0 : Infinity);
  const to = values.reduce((most, value) => Math.max(most, value), hasZero ? 0 : -Infinity);
  if (from < to) return [from, to];
  const size = Number.isFinite(from) && from !== 0 ? Math.abs(from) * 0.1 : 1;
  return Number.isFinite(from) ? [from - size, from + size] : [0, 1];
}
