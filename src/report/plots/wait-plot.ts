/** Distribution of waits: the share of pods that waited at most so long, on a logarithmic axis of durations. */
import { curveStepAfter, line as lineShape } from 'd3-shape';
import {
  durationAxis,
  drawHorizontalAxis,
  drawVerticalAxis,
  linear,
  logarithmic,
  shareAxis,
  verticalAxisWidth,
  type Area,
  type Axis,
  type Size,
} from './axes.ts';
import { distinctEntries, drawLegend } from './labels.ts';
import { element } from './svg.ts';
import { drawPicture } from './time-plot.ts';

export interface WaitCurve {
  readonly name: string;
  readonly color: string;
  readonly steps: readonly (readonly [number, number])[];
  /** One of many. */
  readonly isThin?: boolean;
}

export interface WaitPlot {
  readonly id: string;
  readonly title: string;
  readonly caption: string;
  readonly curves: readonly WaitCurve[];
}

/** Waits shorter than this look like no wait at all. */
const SHORTEST_SHOWN = 0.001;

export function waitAxis(plot: WaitPlot, pixels: number): Axis {
  let smallest = Number.POSITIVE_INFINITY;
  let largest = 0;
  for (const curve of plot.curves) {
    for (const [seconds] of curve.steps) {
      if (seconds > 0 && seconds < smallest) smallest = seconds;
      if (seconds > largest) largest = seconds;
    }
  }
  return durationAxis(Math.max(SHORTEST_SHOWN, Math.min(smallest, 1)), Math.max(largest, 1), pixels);
}

export function drawWaitPlot(plot: WaitPlot, size: Size): string {
  const vertical = shareAxis();
  const left = verticalAxisWidth(vertical);
  const right = size.width - 14;
  const entries = plot.curves.length > 1 ? distinctEntries(plot.curves) : [];
  const legend = drawLegend(entries, left, 0, right - left);
  const height = size.height + legend.height;
  const frame: Area = { left, right, top: 10 + legend.height, bottom: height - 26 };
  const horizontal = waitAxis(plot, frame.right - frame.left);
  const x = logarithmic(horizontal, frame.left, frame.right);
  const y = linear(vertical, frame.bottom, frame.top);
  const curves = plot.curves.map((curve) => {
    // Waits left of the axis are all at its left edge: the curve begins with their share.
    const atLeft = curve.steps.findLast(([seconds]) => seconds <= horizontal.low)?.[1] ?? 0;
    const points: (readonly [number, number])[] = [
      [horizontal.low, atLeft],
      ...curve.steps.filter(([seconds]) => seconds > horizontal.low),
      [horizontal.high, 1],
    ];
    const path =
      lineShape<readonly [number, number]>(
        ([seconds]) => x(seconds),
        ([, share]) => y(share),
      )
        .curve(curveStepAfter)
        .digits(1)(points) ?? '';
    return element('path', { class: `mark line${curve.isThin === true ? ' thin' : ''} ${curve.color}`, d: path });
  });
  const verticals = horizontal.ticks
    .map((tick) =>
      element('line', { class: 'grid', x1: x(tick.value), x2: x(tick.value), y1: frame.top, y2: frame.bottom }),
    )
    .join('');
  return drawPicture(
    plot,
    size,
    height,
    frame,
    [
      legend.svg,
      verticals,
      drawVerticalAxis(vertical, frame),
      drawHorizontalAxis(horizontal, x, frame, size.width),
      ...curves,
    ].join(''),
  );
}
