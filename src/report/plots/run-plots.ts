/** Which plots a run has, and the numbers behind them for the page's read-out. A plot without data is left out. */
import type { LatencyGroup, RunResult } from '../../metrics/run-result.ts';
import { compareKeys, formatCount, sortedKeys } from '../format.ts';
import { HALF, NARROW, WIDE, type Size } from './axes.ts';
import { spreadRows } from './downsample.ts';
import { eventRows } from './event-marks.ts';
import { drawEventPlot } from './event-plot.ts';
import { timePlotsOf } from './series-plots.ts';
import { drawHeatMap, heatMapOf } from './heat-map.ts';
import { drawTimePlot, type TimePlot } from './time-plot.ts';
import { drawWaitPlot, waitAxis, type WaitPlot } from './wait-plot.ts';

/** A drawn plot: both sizes of it, and whether it takes the page's full width. */
export interface DrawnPlot {
  readonly id: string;
  readonly title: string;
  readonly caption: string;
  readonly full: boolean;
  readonly svg: string;
}

/** What the page's script reads; short names, since it is written into the page. */
export interface ReadOut {
  readonly end: number;
  readonly seconds: readonly (number | null)[];
  readonly plots: Readonly<Record<string, ReadOutPlot>>;
  /** Of the heat map, pool by pool; shares in per cent. */
  readonly heat: readonly ReadOutPool[];
}

export interface ReadOutPool {
  readonly pool: string;
  readonly nodes: number;
  readonly strips: readonly { readonly name: string; readonly values: readonly number[] }[];
}

export interface ReadOutPlot {
  readonly kind: 'time' | 'wait';
  readonly quantity: 'share' | 'count';
  /** Ends of the logarithmic axis of a wait plot. */
  readonly low: number;
  readonly high: number;
  readonly lines: readonly { readonly name: string; readonly color: string; readonly values: readonly unknown[] }[];
}

const GROUP_COLORS = ['s0', 's1', 's2', 's3', 's4', 's5', 's6', 's7'];
const READ_OUT_ROWS = 720;
const FULL_WIDTH = ['utilization', 'queue', 'reasons'];

export function drawRunPlots(result: RunResult): DrawnPlot[] {
  const drawn = timePlotsOf(result).map((plot) => drawnTime(plot));
  const rows = eventRows(result.events);
  const events =
    rows.length === 0
      ? []
      : [
          drawnPlot(
            {
              id: 'events',
              title: 'Events',
              caption: 'What happened to nodes; larger marks stand for more at once, × is the total.',
              endSeconds: result.simulatedSeconds,
              rows,
            },
            drawEventPlot,
            WIDE,
          ),
        ];
  const waits = waitPlotsOf(result).map(drawnWaits);
  const [full, half] = [drawn.filter((plot) => plot.full), drawn.filter((plot) => !plot.full)];
  // Events stand right below the utilisation, so that one can be read by the other.
  return [...full.slice(0, 1), ...events, ...full.slice(1), ...waits, ...half];
}

export function readOutOf(result: RunResult): ReadOut {
  const { seconds } = result.timeseries;
  const rows = spreadRows(seconds.length, READ_OUT_ROWS);
  const plots: Record<string, ReadOutPlot> = {};
  for (const plot of timePlotsOf(result)) {
    const lines = plot.lines.map((line) => ({
      name: line.name,
      color: line.color,
      values: rows.map((row) => compact(line.values[row])),
    }));
    plots[plot.id] = { kind: 'time', quantity: plot.quantity, low: 0, high: 0, lines };
  }
  for (const plot of waitPlotsOf(result)) {
    const axis = waitAxis(plot, 1);
    const lines = plot.curves.map((curve) => ({
      name: curve.name,
      color: curve.color,
      values: curve.steps.map(([wait, share]) => [compact(wait), compact(share)]),
    }));
    plots[plot.id] = { kind: 'wait', quantity: 'share', low: axis.low, high: axis.high, lines };
  }
  const heat = (heatMapOf(result)?.blocks ?? []).map(({ pool, nodes, strips }) => ({
    pool,
    nodes,
    strips: strips.map(({ resource, shares }) => ({
      name: resource,
      values: shares.map((share) => Math.round(share * 100)),
    })),
  }));
  return { end: result.simulatedSeconds, seconds: rows.map((row) => compact(seconds[row])), plots, heat };
}

/** null where there is nothing to draw. */
export function drawNodeHeat(result: RunResult): DrawnPlot | null {
  const map = heatMapOf(result);
  return map === null ? null : drawnPlot(map, drawHeatMap, WIDE);
}

/** Six significant digits are more than a read-out shows. */
function compact(value: number): number | null {
  return Number.isFinite(value) ? Number(value.toPrecision(6)) : null;
}

function waitPlotsOf(result: RunResult): WaitPlot[] {
  const caption = 'Share of pods that found a node within this time of their arrival.';
  const byPriority = groupPlot(
    'wait-priority',
    'Wait by priority',
    caption,
    result.latencyByPriority,
    (key) => `priority ${key}`,
  );
  const byClass = groupPlot('wait-class', 'Wait by class', caption, result.latencyByClass, (key) => key);
  const plots = [byPriority, byClass].filter((plot) => plot.curves.length > 0);
  if (plots.length > 0 || result.latency.queueWaitCdf.length === 0) return plots;
  return [
    {
      id: 'wait',
      title: 'Wait',
      caption,
      curves: [{ name: 'all pods', color: 's0', steps: result.latency.queueWaitCdf }],
    },
  ];
}

/** At most as many groups as there are colours: those with most pods, in the order of their names. */
function groupPlot(
  id: string,
  title: string,
  caption: string,
  groups: Readonly<Record<string, LatencyGroup>>,
  nameOf: (key: string) => string,
): WaitPlot {
  const keys = sortedKeys(groups).filter((key) => groups[key].queueWaitCdf.length > 0);
  const largest = keys
    .toSorted((a, b) => groups[b].queueWaitSeconds.count - groups[a].queueWaitSeconds.count || compareKeys(a, b))
    .slice(0, GROUP_COLORS.length);
  const shown = keys.filter((key) => largest.includes(key));
  const left = keys.length - shown.length;
  return {
    id,
    title,
    caption:
      left === 0
        ? caption
        : `${caption} The ${shown.length} largest groups; ${formatCount(left)} smaller ones are in the table.`,
    curves: shown.map((key, i) => ({
      name: nameOf(key).trim() === '' ? 'without a class' : nameOf(key),
      color: GROUP_COLORS[i],
      steps: groups[key].queueWaitCdf,
    })),
  };
}

function drawnTime(plot: TimePlot): DrawnPlot {
  return drawnPlot(plot, drawTimePlot, FULL_WIDTH.includes(plot.id) ? WIDE : { ...HALF, height: 260 });
}

export function drawnWaits(plot: WaitPlot): DrawnPlot {
  return drawnPlot(plot, drawWaitPlot, HALF, { ...NARROW, height: 260 });
}

/** For a page and for a phone. */
export function drawnPlot<Plot extends Pick<DrawnPlot, 'id' | 'title' | 'caption'>>(
  plot: Plot,
  draw: (plot: Plot, size: Size) => string,
  wide: Size,
  narrow: Size = NARROW,
): DrawnPlot {
  const { id, title, caption } = plot;
  return { id, title, caption, full: wide === WIDE, svg: draw(plot, wide) + draw(plot, narrow) };
}
