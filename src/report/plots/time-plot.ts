/**
 * Lines over simulated time. Where one peak would flatten the rest of the run, or one line the others, counts stand
 * on a logarithmic scale, and the caption says so.
 */
import { area as areaShape, curveLinear, curveStepAfter, line as lineShape, type CurveFactory } from 'd3-shape';
import {
  countAxis,
  drawHorizontalAxis,
  drawVerticalAxis,
  linear,
  logCountAxis,
  shareAxis,
  timeAxis,
  vertical,
  verticalAxisWidth,
  FULL_LEFT,
  FULL_RIGHT,
  WIDE,
  type Area,
  type Axis,
  type Size,
} from './axes.ts';
import { thinOut, type Point } from '../../base/thin-out.ts';
import { drawEndLabels, drawLegend, endLabelWidth } from './labels.ts';
import { element } from './svg.ts';

export interface TimeSeriesLine {
  readonly name: string;
  /** Style class of the colour, `s0` to `s7`. */
  readonly color: string;
  readonly values: readonly number[];
  readonly filled: boolean;
  readonly dashed: boolean;
}

export interface TimePlot {
  readonly id: string;
  readonly title: string;
  /** One line below the title: what exactly is drawn, in which unit. */
  readonly caption: string;
  readonly quantity: 'share' | 'count';
  readonly seconds: readonly number[];
  readonly endSeconds: number;
  readonly lines: readonly TimeSeriesLine[];
  /** Names too long to stand beside the ends of their lines: they stand above, on a page, too. */
  readonly longNames: boolean;
  /** Lines of one kind: the largest must not flatten the others. */
  readonly alike: boolean;
}

/** A smaller peak than that flattens nothing. */
const LEAST_PEAK = 20;
/** So many times what is usual is a peak that flattens the rest; usual is what 95 % of the samples do not exceed. */
const FLATTENING = 8;
const USUAL = 0.95;
/** A line whose peak is a smaller part of the highest one lies flat on a linear scale. */
const FLAT = 0.02;
const LONG_NAME = 64;

export function drawTimePlot(plot: TimePlot, size: Size): string {
  const axis = verticalAxisOf(plot);
  const labelled = plot.lines.length > 1;
  const besides = size.name === 'wide' && labelled && !plot.longNames;
  const full = size === WIDE;
  const left = Math.max(full ? FULL_LEFT : 0, verticalAxisWidth(axis));
  const right = full
    ? FULL_RIGHT
    : size.width - (besides ? endLabelWidth(plot.lines.map((line) => ({ text: line.name }))) : 14);
  const inLegend = (labelled && !besides) || plot.longNames;
  const entries = plot.lines.map((line) => ({ text: line.name, color: line.color }));
  const legend = inLegend
    ? drawLegend(entries, left, 0, size.width - left, plot.longNames ? LONG_NAME : undefined)
    : { svg: '', height: 0 };
  const height = size.height + legend.height;
  const frame: Area = { left, right, top: 8 + legend.height, bottom: height - 26 };
  const horizontal = timeAxis(plot.endSeconds, frame.right - frame.left);
  const x = linear(horizontal, frame.left, frame.right);
  const y = vertical(axis, frame.bottom, frame.top);
  const ends = plot.lines
    .filter((line) => line.values.length > 0)
    .map((line) => ({ text: line.name, color: line.color, y: y(lastNumber(line.values)) }));
  const content = [
    legend.svg,
    drawVerticalAxis(axis, frame),
    drawHorizontalAxis(horizontal, x, frame, size.width),
    ...plot.lines.map((line) => drawLine(plot, line, x, y, frame)),
    besides ? drawEndLabels(ends, frame) : '',
  ].join('');
  return drawPicture(plot, size, height, frame, content);
}

export function verticalAxisOf(plot: TimePlot): Axis {
  if (plot.quantity === 'share') return shareAxis();
  const highest = highestBySample(plot.lines);
  const peak = highest[highest.length - 1] ?? 0;
  const usual = highest[Math.max(0, Math.ceil(highest.length * USUAL) - 1)] ?? 0;
  const hasFlatLine = plot.alike && plot.lines.some(({ values }) => peakOf(values) < FLAT * peak);
  const isFlattened = hasFlatLine || peak > FLATTENING * Math.max(1, usual);
  return peak >= LEAST_PEAK && isFlattened ? logCountAxis(peak) : countAxis(peak);
}

export function peakOf(values: readonly number[]): number {
  return values.reduce((most, value) => Math.max(most, value), 0);
}

/** Of each sample the largest value of any line, ascending. */
function highestBySample(lines: readonly TimeSeriesLine[]): Float64Array {
  const highest = new Float64Array(Math.max(0, ...lines.map(({ values }) => values.length)));
  for (const { values } of lines) values.forEach((value, i) => { if (value > highest[i]) highest[i] = value; });
  return highest.sort();
}

/** The root element; the `data-` attributes tell the page's script where the drawing area is. */
export function drawPicture(
  plot: { readonly id: string; readonly title: string; readonly caption: string },
  size: Size,
  height: number,
  frame: Area,
  content: string,
): string {
  return element(
    'svg',
    {
      class: `plot ${size.name}`,
      viewBox: `0 0 ${size.width} ${Math.ceil(height)}`,
      role: 'img',
      'aria-label': `${plot.title}. ${plot.caption}`,
      'data-plot': plot.id,
      'data-left': frame.left,
      'data-right': frame.right,
      'data-top': frame.top,
      'data-bottom': frame.bottom,
    },
    content,
  );
}

function drawLine(
  plot: TimePlot, line: TimeSeriesLine, x: (value: number) => number, y: (value: number) => number, frame: Area,
): string {
  const points = thinOut(plot.seconds, line.values, Math.round(frame.right - frame.left));
  const curve = curveOf(plot.quantity);
  const path = linePath(points, x, y, curve);
  const stroke = element('path', { class: `mark line ${line.color}${line.dashed ? ' dashed' : ''}`, d: path });
  if (!line.filled) return stroke;
  const fill =
    areaShape<Point>(
      (point) => x(point.x),
      frame.bottom,
      (point) => y(point.y),
    )
      .curve(curve)
      .digits(1)(points) ?? '';
  return element('path', { class: `fill ${line.color}`, d: fill }) + stroke;
}

/** Shares go gradually, counts at once. */
export function curveOf(quantity: TimePlot['quantity']): CurveFactory {
  return quantity === 'share' ? curveLinear : curveStepAfter;
}

export function linePath(
  points: readonly Point[], x: (value: number) => number, y: (value: number) => number, curve: CurveFactory,
): string {
  return lineShape<Point>((point) => x(point.x), (point) => y(point.y)).curve(curve).digits(1)(points) ?? '';
}

function lastNumber(values: readonly number[]): number {
  return values.findLast((value) => Number.isFinite(value)) ?? 0;
}
