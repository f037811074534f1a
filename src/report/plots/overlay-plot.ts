/** One series of many runs over simulated time: thin lines in the colours of their variants, one legend a variant. */
import { curveLinear, curveStepAfter, line as lineShape } from 'd3-shape';
import { thinOut, type Point } from '../../base/thin-out.ts';
import {
  countAxis, drawHorizontalAxis, drawVerticalAxis, linear, shareAxis, timeAxis, verticalAxisWidth, type Area, type Size,
} from './axes.ts';
import { distinctEntries, drawLegend } from './labels.ts';
import { element } from './svg.ts';
import { drawPicture } from './time-plot.ts';

export interface OverlayLine {
  /** Of its variant, or of the run where there are few. */
  readonly name: string;
  readonly color: string;
  readonly points: readonly (readonly [number, number])[];
}

export interface OverlayPlot {
  readonly id: string;
  readonly title: string;
  readonly caption: string;
  readonly quantity: 'share' | 'count';
  readonly endSeconds: number;
  readonly lines: readonly OverlayLine[];
}

/** Columns that the lines of a plot have together: the more lines, the coarser each, so that pages stay small. */
const MOST_COLUMNS = 2400;
const LEAST_COLUMNS = 24;

export function overlayColumns(lines: number, pixels: number): number {
  return Math.max(LEAST_COLUMNS, Math.min(Math.round(pixels), Math.floor(MOST_COLUMNS / Math.max(1, lines))));
}

export function drawOverlayPlot(plot: OverlayPlot, size: Size): string {
  const peak = plot.lines.reduce((most, line) => line.points.reduce((high, [, y]) => Math.max(high, y), most), 0);
  const vertical = plot.quantity === 'share' ? shareAxis() : countAxis(peak);
  const left = verticalAxisWidth(vertical);
  const right = size.width - 14;
  const legend = drawLegend(distinctEntries(plot.lines), left, 0, right - left);
  const height = size.height + legend.height;
  const frame: Area = { left, right, top: 8 + legend.height, bottom: height - 26 };
  const horizontal = timeAxis(plot.endSeconds, right - left);
  const x = linear(horizontal, left, right);
  const y = linear(vertical, frame.bottom, frame.top);
  const columns = overlayColumns(plot.lines.length, right - left);
  const thin = plot.lines.length > 2 ? ' thin' : '';
  const paths = plot.lines.map(({ color, points }) => {
    const kept = thinOut(points.map(([seconds]) => seconds), points.map(([, value]) => value), columns);
    const curve = plot.quantity === 'share' ? curveLinear : curveStepAfter;
    const path = lineShape<Point>((point) => x(point.x), (point) => y(point.y)).curve(curve).digits(1)(kept) ?? '';
    return element('path', { class: `mark line${thin} ${color}`, d: path });
  });
  const axes = drawVerticalAxis(vertical, frame) + drawHorizontalAxis(horizontal, x, frame, size.width);
  return drawPicture(plot, size, height, frame, legend.svg + axes + paths.join(''));
}
