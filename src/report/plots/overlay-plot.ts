/** One series of many runs over simulated time: thin lines in the colours of their variants, one legend a variant. */
import { curveLinear } from 'd3-shape';
import { thinOut, type Point } from '../../base/thin-out.ts';
import {
  countAxis,
  drawHorizontalAxis,
  drawVerticalAxis,
  linear,
  shareAxis,
  timeAxis,
  verticalAxisWidth,
  type Area,
  type Size,
} from './axes.ts';
import { distinctEntries, drawLegend } from './labels.ts';
import { element } from './svg.ts';
import { curveOf, drawPicture, linePath } from './time-plot.ts';

interface OverlayLine {
  /** Of its variant, or of the run where there are few. */
  readonly name: string;
  readonly color: string;
  readonly points: readonly (readonly [number, number])[];
}

interface OverlayPlot {
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

function overlayColumns(lines: number, pixels: number): number {
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
  const middles = middleLines(plot);
  const thin = middles.length > 0 ? ' faint' : plot.lines.length > 2 ? ' thin' : '';
  const curve = curveOf(plot.quantity);
  const paths = plot.lines.map(({ color, points }) => {
    const kept = thinOut(
      points.map(([seconds]) => seconds),
      points.map(([, value]) => value),
      columns,
    );
    return element('path', { class: `mark line${thin} ${color}`, d: linePath(kept, x, y, curve) });
  });
  const bold = middles.map(({ color, points }) =>
    element('path', { class: `mark line middle ${color}`, d: linePath(points, x, y, curveLinear) }),
  );
  const axes = drawVerticalAxis(vertical, frame) + drawHorizontalAxis(horizontal, x, frame, size.width);
  return drawPicture(plot, size, height, frame, legend.svg + axes + paths.join('') + bold.join(''));
}

/** Fewer lines of one name are read without help. */
const LEAST_AVERAGED = 3;
/** Moments of the mean: a thinned series has a true sample at the end of each such part. */
const MOMENTS = 96;

export function hasMiddles(lines: readonly Omit<OverlayLine, 'points'>[]): boolean {
  return distinctEntries(lines).some(({ text }) => lines.filter(({ name }) => name === text).length >= LEAST_AVERAGED);
}

/** Of each name with several lines the mean of them, as long as all of them go on. */
function middleLines({ lines, endSeconds }: OverlayPlot): { readonly color: string; readonly points: Point[] }[] {
  return distinctEntries(lines).flatMap(({ text, color }) => {
    const own = lines.filter(({ name, points }) => name === text && points.length > 0);
    if (own.length < LEAST_AVERAGED) return [];
    const last = own.reduce((least, { points }) => Math.min(least, points[points.length - 1][0]), endSeconds);
    const first = own.reduce((most, { points }) => Math.max(most, points[0][0]), 0);
    const moments = Array.from({ length: MOMENTS + 1 }, (_, i) => (i * endSeconds) / MOMENTS);
    const points = moments
      .filter((moment) => moment >= first && moment <= last)
      .map((moment) => ({
        x: moment,
        y: own.reduce((sum, line) => sum + valueAt(line.points, moment), 0) / own.length,
      }));
    return [{ color, points }];
  });
}

/** Of the last sample up to then. */
function valueAt(points: OverlayLine['points'], moment: number): number {
  let [low, high] = [0, points.length - 1];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (points[middle][0] <= moment) low = middle;
    else high = middle - 1;
  }
  return points[low][1];
}
