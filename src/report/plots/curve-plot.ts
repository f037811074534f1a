/** Lines over percent of demand, drawn like the plots over time: once for a page, once for a phone. */
import { curveLinear, line as lineShape } from 'd3-shape';
import {
  drawHorizontalAxis,
  drawVerticalAxis,
  linear,
  verticalAxisWidth,
  FULL_LEFT,
  FULL_RIGHT,
  NARROW,
  WIDE,
  type Area,
  type Axis,
  type Size,
} from './axes.ts';
import { drawEndLabels, drawLegend } from './labels.ts';
import { drawPicture } from './time-plot.ts';
import { element } from './svg.ts';

export interface CurveLine {
  readonly name: string;
  /** Style class of the colour, `s0` to `s7`. */
  readonly color: string;
  /** By percent from 0. */
  readonly values: readonly number[];
}

export interface CurvePlot {
  readonly id: string;
  readonly title: string;
  readonly caption: string;
  /** Percent shown, from and to. */
  readonly from: number;
  readonly to: number;
  readonly lines: readonly CurveLine[];
}

/** Both sizes. */
export function drawCurvePlot(plot: CurvePlot): string {
  return drawSize(plot, WIDE) + drawSize(plot, { ...NARROW, height: 260 });
}

function drawSize(plot: CurvePlot, size: Size): string {
  const roomy = size.name === 'wide';
  const vertical = valueAxis(plot);
  const left = Math.max(roomy ? FULL_LEFT : 0, verticalAxisWidth(vertical));
  const right = roomy ? FULL_RIGHT : size.width - 14;
  const legend = roomy
    ? { svg: '', height: 0 }
    : drawLegend(
        plot.lines.map(({ name, color }) => ({ text: name, color })),
        left,
        0,
        right - left,
      );
  const height = size.height + legend.height;
  const frame: Area = { left, right, top: 8 + legend.height, bottom: height - 26 };
  const horizontal = percentAxis(plot.from, plot.to, right - left);
  const x = linear(horizontal, frame.left, frame.right);
  const y = linear(vertical, frame.bottom, frame.top);
  const ends = plot.lines.map((line) => ({
    text: line.name,
    color: line.color,
    y: y(shownValues(plot, line).at(-1) ?? 0),
  }));
  const content = [
    legend.svg,
    drawVerticalAxis(vertical, frame),
    drawHorizontalAxis(horizontal, x, frame, size.width),
    ...plot.lines.map((line) => drawLine(plot, line, x, y)),
    roomy ? drawEndLabels(ends, frame) : '',
  ].join('');
  return drawPicture(plot, size, height, frame, content);
}

function shownValues({ from, to }: CurvePlot, { values }: CurveLine): readonly number[] {
  return values.slice(from, to + 1);
}

function drawLine(
  plot: CurvePlot,
  line: CurveLine,
  x: (value: number) => number,
  y: (value: number) => number,
): string {
  const points = shownValues(plot, line).map((value, i) => ({ percent: plot.from + i, value }));
  const path = lineShape<(typeof points)[number]>(
    (point) => x(point.percent),
    (point) => y(point.value),
  )
    .curve(curveLinear)
    .digits(1)(points);
  return element('path', { class: `mark line ${line.color}`, d: path ?? '' });
}

/** From 0 where the values come near it, else from a round number below them. */
function valueAxis(plot: CurvePlot): Axis {
  const all = plot.lines.flatMap((line) => shownValues(plot, line));
  const low = Math.min(...all);
  const high = Math.max(...all);
  const step = STEPS.find((candidate) => (high - low) / candidate <= 6) ?? 20;
  const from = low < high / 2 ? 0 : Math.floor(low / step) * step;
  const to = Math.max(from + step, Math.ceil(high / step) * step);
  return { low: from, high: to, ticks: ticksBetween(from, to, step) };
}

const STEPS: readonly number[] = [0.5, 1, 2, 5, 10, 20];

function percentAxis(from: number, to: number, pixels: number): Axis {
  const step = [5, 10, 20, 50].find((candidate) => (to - from) / candidate <= pixels / 50) ?? 100;
  return { low: from, high: to, ticks: ticksBetween(Math.ceil(from / step) * step, to, step) };
}

function ticksBetween(from: number, to: number, step: number): Axis['ticks'] {
  const ticks: { value: number; label: string }[] = [];
  for (let value = from; value <= to; value += step) ticks.push({ value, label: `${String(value)}%` });
  return ticks;
}
