/**
 * What a page draws of one run: how long pods waited, and a few series over time. Thinned so that many runs fit into
 * one file, with every peak kept. Plain data, JSON-safe.
 */
import { thinOut } from '../base/thin-out.ts';
import type { RunResult } from '../metrics/run-result.ts';

export type CurvePoint = readonly [number, number];

export interface RunCurves {
  /** Simulated seconds. */
  readonly endSeconds: number;
  /** (seconds, share of pods that waited at most so long). */
  readonly waits: readonly CurvePoint[];
  /** (seconds, value) by name of the series, as in timeseries.csv. */
  readonly series: Readonly<Record<string, readonly CurvePoint[]>>;
}

/** Parts of the run of which the first, lowest, highest and last value of a series are kept: 15 minutes of a day. */
const PARTS = 96;
const MOST_WAITS = 100;
/** Of a share, a duration or a count: no plot shows more. */
const DIGITS = 4;

const SERIES = ['pods.pending', 'pods.running', 'nodes.total', 'nodes.ready'];

function isDrawnSeries(name: string): boolean {
  return name.startsWith('utilization.') || SERIES.includes(name);
}

export function curvesOf({
  simulatedSeconds,
  latency,
  timeseries: { seconds, columns },
}: Pick<RunResult, 'simulatedSeconds' | 'latency' | 'timeseries'>): RunCurves {
  const names = Object.keys(columns)
    .filter(isDrawnSeries)
    .sort((a, b) => (a < b ? -1 : 1));
  const series = names.map((name) => [
    name,
    thinOut(seconds, columns[name], PARTS).map(({ x, y }): CurvePoint => [rounded(x, 9), rounded(y, DIGITS)]),
  ]);
  return {
    endSeconds: simulatedSeconds,
    waits: thinnedWaits(latency.queueWaitCdf),
    series: Object.fromEntries(series) as RunCurves['series'],
  };
}

/** Steps of equal height, and the longest wait. */
function thinnedWaits(steps: readonly CurvePoint[]): CurvePoint[] {
  let last = -1;
  return steps.flatMap(([seconds, share], i): CurvePoint[] => {
    if (share - last < 1 / MOST_WAITS && i < steps.length - 1) return [];
    last = share;
    return [[rounded(seconds, DIGITS), rounded(share, DIGITS)]];
  });
}

function rounded(value: number, digits: number): number {
  return Number(value.toPrecision(digits));
}
