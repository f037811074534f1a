/** Lines over simulated time, with an optional band of event marks above them. */
import { area as areaShape, curveLinear, curveStepAfter, line as lineShape } from 'd3-shape';
import { countAxis, drawHorizontalAxis, drawVerticalAxis, linear, shareAxis, timeAxis, verticalAxisWidth, FULL_LEFT, FULL_RIGHT, WIDE, type Area, type Axis, type Size } from './axes.ts';
import { thinOut, type Point } from './downsample.ts';
import { binEvents, drawMark, type EventRow } from './event-marks.ts';
import { drawEndLabels, drawLegend, endLabelWidth, LONGEST_NAME } from './labels.ts';
import { element, shorten, text } from './svg.ts';

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
  readonly events: readonly EventRow[];
}

const LANE_HEIGHT = 15;
const MARK_PIXELS = 9;
/** More faults than this would fill the plot with their lines. */
const MOST_DROPS = 24;

export function drawTimePlot(plot: TimePlot, size: Size): string {
  const vertical = verticalAxisOf(plot);
  const labelled = plot.lines.length > 1;
  const roomy = size.name === 'wide';
  const full = size === WIDE;
  const left = Math.max(full ? FULL_LEFT : 0, verticalAxisWidth(vertical));
  const right = full ? FULL_RIGHT : size.width - (roomy && labelled ? endLabelWidth(plot.lines.map((line) => ({ text: line.name }))) : 14);
  const legend = labelled && !roomy ? drawLegend(plot.lines.map((line) => ({ text: line.name, color: line.color })), left, 0, right - left) : { svg: '', height: 0 };
  const lanesTop = 8 + legend.height;
  const height = size.height + (roomy ? 0 : legend.height) + plot.events.length * LANE_HEIGHT;
  const frame: Area = { left, right, top: lanesTop + plot.events.length * LANE_HEIGHT + (plot.events.length > 0 ? 6 : 0), bottom: height - 26 };
  const horizontal = timeAxis(plot.endSeconds, frame.right - frame.left);
  const x = linear(horizontal, frame.left, frame.right);
  const y = linear(vertical, frame.bottom, frame.top);
  const ends = plot.lines.filter((line) => line.values.length > 0).map((line) => ({ text: line.name, color: line.color, y: y(lastNumber(line.values)) }));
  const content = [
    legend.svg,
    drawVerticalAxis(vertical, frame),
    drawHorizontalAxis(horizontal, x, frame, size.width),
    drawLanes(plot.events, x, frame, lanesTop, roomy),
    ...plot.lines.map((line) => drawLine(plot, line, x, y, frame)),
    labelled && roomy ? drawEndLabels(ends, frame) : '',
  ].join('');
  return drawPicture(plot, size, height, frame, content);
}

export function verticalAxisOf(plot: TimePlot): Axis {
  if (plot.quantity === 'share') return shareAxis();
  let largest = 0;
  for (const line of plot.lines) for (const value of line.values) if (value > largest) largest = value;
  return countAxis(largest);
}

/** The root element; the `data-` attributes tell the page's script where the drawing area is. */
export function drawPicture(plot: { readonly id: string; readonly title: string; readonly caption: string }, size: Size, height: number, frame: Area, content: string): string {
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

function drawLine(plot: TimePlot, line: TimeSeriesLine, x: (value: number) => number, y: (value: number) => number, frame: Area): string {
  const points = thinOut(plot.seconds, line.values, Math.round(frame.right - frame.left));
  const curve = plot.quantity === 'share' ? curveLinear : curveStepAfter;
  const path = lineShape<Point>((point) => x(point.x), (point) => y(point.y)).curve(curve).digits(1)(points) ?? '';
  const stroke = element('path', { class: `mark line ${line.color}${line.dashed ? ' dashed' : ''}`, d: path });
  if (!line.filled) return stroke;
  const fill = areaShape<Point>((point) => x(point.x), frame.bottom, (point) => y(point.y)).curve(curve).digits(1)(points) ?? '';
  return element('path', { class: `fill ${line.color}`, d: fill }) + stroke;
}

function drawLanes(rows: readonly EventRow[], x: (value: number) => number, frame: Area, top: number, named: boolean): string {
  return rows
    .map((row, lane) => {
      const y = top + lane * LANE_HEIGHT + LANE_HEIGHT / 2;
      const bins = binEvents(row, x, MARK_PIXELS);
      const drops = row.style === 'fault' && bins.length <= MOST_DROPS ? bins.map((bin) => element('line', { class: 'drop', x1: bin.x, x2: bin.x, y1: y + 6, y2: frame.bottom })).join('') : '';
      const name = named ? text(frame.right + 14, y + 4, shorten(row.label, LONGEST_NAME), { class: 'label lane' }) : '';
      return drops + bins.map((bin) => drawMark(row.style, bin.x, y, 4, bin.note)).join('') + name;
    })
    .join('');
}

function lastNumber(values: readonly number[]): number {
  return values.findLast((value) => Number.isFinite(value)) ?? 0;
}
