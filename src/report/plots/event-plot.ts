/** One row per kind of event over simulated time; the size of a mark grows with how many happened at once. */
import { formatCount } from '../format.ts';
import {
  drawHorizontalAxis,
  linear,
  timeAxis,
  FONT_SIZE,
  FULL_LEFT,
  FULL_RIGHT,
  WIDE,
  type Area,
  type Size,
} from './axes.ts';
import { binEvents, drawMark, type EventRow } from './event-marks.ts';
import { LONGEST_NAME } from './labels.ts';
import { element, estimateWidth, shorten, text } from './svg.ts';
import { drawPicture } from './time-plot.ts';

export interface EventPlot {
  readonly id: string;
  readonly title: string;
  readonly caption: string;
  readonly endSeconds: number;
  readonly rows: readonly EventRow[];
}

const ROW_HEIGHT = 28;
const LARGEST_RADIUS = 7.5;
const SMALLEST_RADIUS = 4.5;

export function drawEventPlot(plot: EventPlot, size: Size): string {
  const full = size === WIDE;
  const totals = plot.rows.map((row) => `×${formatCount(row.total)}`);
  const names = plot.rows.map((row, i) => shorten(row.label, full ? Math.max(6, LONGEST_NAME - totals[i].length) : 15));
  const widest = (words: readonly string[]): number =>
    Math.ceil(Math.max(...words.map((word) => estimateWidth(word, FONT_SIZE))));
  const left = full ? FULL_LEFT : widest(names) + 14;
  const right = full ? FULL_RIGHT : size.width - widest(totals) - 14;
  const frame: Area = { left, right, top: 4, bottom: 4 + plot.rows.length * ROW_HEIGHT };
  const horizontal = timeAxis(plot.endSeconds, frame.right - frame.left);
  const x = linear(horizontal, frame.left, frame.right);
  const rows = plot.rows.map((row, i) => {
    const y = frame.top + (i + 0.5) * ROW_HEIGHT;
    const bins = binEvents(row, x, 12);
    const most = Math.max(1, ...bins.map((bin) => bin.count));
    const marks = bins.map((bin) =>
      drawMark(
        row.style,
        bin.x,
        y,
        SMALLEST_RADIUS +
          (LARGEST_RADIUS - SMALLEST_RADIUS) *
            Math.sqrt((bin.count - 1) / Math.max(1, most - 1)) *
            Math.min(1, most / 10),
        bin.note,
      ),
    );
    return [
      element('line', { class: 'grid', x1: frame.left, x2: frame.right, y1: y, y2: y }),
      // A phone has no room to the right: there the names stand before their rows.
      full
        ? text(frame.right + 14, y + 4, `${names[i]} ${totals[i]}`, { class: 'label row' })
        : text(frame.left - 10, y + 4, names[i], { class: 'label row', 'text-anchor': 'end' }) +
          text(frame.right + 8, y + 4, totals[i], { class: 'count' }),
      ...marks,
    ].join('');
  });
  return drawPicture(
    plot,
    size,
    frame.bottom + 26,
    frame,
    rows.join('') + drawHorizontalAxis(horizontal, x, frame, size.width),
  );
}
