/**
 * The frame of a plot: its two sizes, its scales and its axes. Ticks of time are whole seconds, minutes, hours or days;
 * ticks of a logarithmic time axis are the durations people use (10 ms, 1 s, 1 min, 1 h), not powers with SI prefixes.
 */
import { format } from 'd3-format';
import { scaleLinear } from 'd3-scale';
import { element, estimateWidth, text } from './svg.ts';

/** Each plot is drawn twice: for a page and for a phone. The style sheet shows one of them. */
export interface Size {
  readonly name: 'wide' | 'narrow';
  readonly width: number;
  readonly height: number;
}

export const WIDE: Size = { name: 'wide', width: 1000, height: 250 };
export const HALF: Size = { name: 'wide', width: 490, height: 300 };
export const NARROW: Size = { name: 'narrow', width: 380, height: 230 };

export const FONT_SIZE = 12;

/** Full-width plots share their left and right edges, so that one moment stands at one place down the page. */
export const FULL_LEFT = 52;
export const FULL_RIGHT = WIDE.width - 150;

/** The drawing area in the coordinates of the viewBox; y grows downwards. */
export interface Area {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

export interface Tick {
  readonly value: number;
  readonly label: string;
}

export interface Axis {
  readonly low: number;
  readonly high: number;
  readonly ticks: readonly Tick[];
  /** A scale from zero on which each doubling takes as much room, but for the first few; absent: linear. */
  readonly isLogarithmic?: boolean;
}

const TIME_STEPS = [
  1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400, 172_800, 432_000,
  604_800, 1_209_600, 2_592_000, 7_776_000, 15_552_000, 31_536_000,
];

const DURATIONS: readonly Tick[] = [
  { value: 0.000_001, label: '1 µs' },
  { value: 0.000_01, label: '10 µs' },
  { value: 0.000_1, label: '100 µs' },
  { value: 0.001, label: '1 ms' },
  { value: 0.01, label: '10 ms' },
  { value: 0.1, label: '100 ms' },
  { value: 1, label: '1 s' },
  { value: 10, label: '10 s' },
  { value: 60, label: '1 min' },
  { value: 600, label: '10 min' },
  { value: 3600, label: '1 h' },
  { value: 36_000, label: '10 h' },
  { value: 345_600, label: '4 d' },
  { value: 3_456_000, label: '40 d' },
  { value: 31_536_000, label: '1 y' },
];

/** From 0 to the end of the run, with about one tick per 72 pixels. */
export function timeAxis(endSeconds: number, pixels: number): Axis {
  const high = endSeconds > 0 ? endSeconds : 1;
  const wanted = Math.max(2, Math.floor(pixels / 72));
  const step =
    TIME_STEPS.find((candidate) => high / candidate <= wanted) ??
    TIME_STEPS[TIME_STEPS.length - 1] * Math.ceil(high / 31_536_000 / wanted);
  const ticks: Tick[] = [];
  for (let k = 0; k * step <= high * (1 + 1e-9); k++)
    ticks.push({ value: k * step, label: k === 0 ? '0' : timeLabel(k * step, step) });
  return { low: 0, high, ticks };
}

/** 0 to 100 %. */
export function shareAxis(): Axis {
  return { low: 0, high: 1, ticks: [0, 0.25, 0.5, 0.75, 1].map((value) => ({ value, label: `${value * 100}%` })) };
}

/** From 0 to a round number at or above the largest value; ticks are whole numbers. */
export function countAxis(largest: number): Axis {
  const scale = scaleLinear().domain([0, Math.max(1, largest)]).nice(4);
  const high = scale.domain()[1];
  const short = format('~s');
  const ticks = scale
    .ticks(4)
    .filter((value) => Number.isInteger(value))
    .map((value) => ({ value, label: value >= 10_000 ? short(value) : String(value) }));
  return { low: 0, high, ticks };
}

/** From 0 to a 1, 2 or 5 with zeros at or above the largest value; ticks are powers of ten. */
export function logCountAxis(largest: number): Axis {
  const ticks: Tick[] = [{ value: 0, label: '0' }];
  const short = format('~s');
  let high = 1;
  for (let power = 1; high < largest || power === 1; power *= 10) {
    ticks.push({ value: power, label: power >= 10_000 ? short(power) : String(power) });
    high = [1, 2, 5, 10].map((digit) => digit * power).find((value) => value >= largest) ?? 10 * power;
  }
  if (high > ticks[ticks.length - 1].value)
    ticks.push({ value: high, label: high >= 10_000 ? short(high) : String(high) });
  return { low: 0, high, ticks, isLogarithmic: true };
}

/** A logarithmic axis between two of the usual durations. Values at or below the lowest stand at the left edge. */
export function durationAxis(smallest: number, largest: number, pixels: number): Axis {
  const from = Math.max(0, DURATIONS.findLastIndex((tick) => tick.value <= smallest));
  const found = DURATIONS.findIndex((tick) => tick.value >= largest);
  const to = Math.max(from + 1, found === -1 ? DURATIONS.length - 1 : found);
  const inside = DURATIONS.slice(from, to + 1);
  const every = Math.max(1, Math.ceil((inside.length * 52) / pixels));
  const ticks = inside
    .filter((_, i) => i % every === 0)
    .map((tick, i) => (i === 0 ? { value: tick.value, label: `≤ ${tick.label}` } : tick));
  return { low: inside[0].value, high: inside[inside.length - 1].value, ticks };
}

export function linear(axis: Axis, from: number, to: number): (value: number) => number {
  const scale = scaleLinear().domain([axis.low, axis.high]).range([from, to]).clamp(true);
  return (value) => scale(value);
}

/** The scale of a vertical axis. */
export function vertical(axis: Axis, from: number, to: number): (value: number) => number {
  if (axis.isLogarithmic !== true) return linear(axis, from, to);
  const span = Math.log(1 + axis.high);
  return (value) => from + ((to - from) * Math.log(1 + Math.min(axis.high, Math.max(0, value)))) / span;
}

/** Its own logarithm instead of scaleLog, whose ticks and clamping are made for powers of ten. */
export function logarithmic(axis: Axis, from: number, to: number): (value: number) => number {
  const low = Math.log(axis.low);
  const span = Math.log(axis.high) - low;
  return (value) => from + ((to - from) * (Math.log(Math.min(axis.high, Math.max(axis.low, value))) - low)) / span;
}

/** Room for the labels of a vertical axis. */
export function verticalAxisWidth(axis: Axis): number {
  return Math.ceil(Math.max(...axis.ticks.map((tick) => estimateWidth(tick.label, FONT_SIZE)))) + 10;
}

export function drawVerticalAxis(axis: Axis, area: Area): string {
  const y = vertical(axis, area.bottom, area.top);
  return axis.ticks
    .map((tick) => {
      const at = y(tick.value);
      const line = element('line', {
        class: tick.value === axis.low ? 'base' : 'grid',
        x1: area.left,
        x2: area.right,
        y1: at,
        y2: at,
      });
      return line + text(area.left - 8, at + 4, tick.label, { class: 'tick y', 'text-anchor': 'end' });
    })
    .join('');
}

/** The first and the last label are turned inwards where they would leave the picture. */
export function drawHorizontalAxis(axis: Axis, x: (value: number) => number, area: Area, width: number): string {
  return axis.ticks
    .map((tick) => {
      const at = x(tick.value);
      const half = estimateWidth(tick.label, FONT_SIZE) / 2;
      const anchor = at + half > width ? 'end' : at - half < 0 ? 'start' : 'middle';
      const line = element('line', { class: 'grid', x1: at, x2: at, y1: area.bottom, y2: area.bottom + 4 });
      return line + text(at, area.bottom + 18, tick.label, { class: 'tick x', 'text-anchor': anchor });
    })
    .join('');
}

function timeLabel(seconds: number, step: number): string {
  if (step >= 86_400) return `${seconds / 86_400} d`;
  if (step >= 3600) return `${seconds / 3600} h`;
  if (step >= 60) return `${seconds / 60} min`;
  return `${seconds} s`;
}
