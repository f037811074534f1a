/**
 * Which lines over simulated time a run has. A line that is zero throughout is not drawn, and one that another covers
 * cannot be seen: both are told below the title, so that nobody looks for them.
 */
import type { RunResult } from '../../metrics/run-result.ts';
import { compareKeys, formatCount, formatSeconds, sortedKeys } from '../format.ts';
import { vertical } from './axes.ts';
import { verticalAxisOf, type TimePlot, type TimeSeriesLine } from './time-plot.ts';

type Columns = RunResult['timeseries']['columns'];

/** Colours follow the thing, not its place in the list: cpu is the same in every report. */
const RESOURCE_COLORS: Readonly<Record<string, string>> = {
  cpu: 's0',
  memory: 's1',
  pods: 's6',
  'ephemeral-storage': 's4',
};
const SPARE_COLORS = ['s2', 's3', 's5', 's7', 's4', 's6'];
const REASON_COLORS = ['s1', 's0', 's2', 's3', 's4', 's5', 's7'];
/**
 * Lines nearer than this share of the height lie on each other; one covers another where they do in so great a part of
 * the samples.
 */
const TOUCHING = 0.006;
const COVERED = 0.5;

/** In the order of the page; a plot without data is left out. */
export function timePlotsOf(result: RunResult): TimePlot[] {
  const { seconds, columns } = result.timeseries;
  if (seconds.length === 0) return [];
  const shared = { seconds, endSeconds: result.simulatedSeconds, longNames: false, alike: false };
  const reasons = reasonLines(result);
  const plots: TimePlot[] = [
    {
      ...shared,
      id: 'utilization',
      title: 'Utilization',
      caption: 'Requested share of allocatable, by resource.',
      quantity: 'share',
      lines: resourceLines(columns),
    },
    {
      ...shared,
      id: 'queue',
      title: 'Waiting pods',
      caption: 'Pods without a node, and where in the scheduling queue they stand.',
      quantity: 'count',
      lines: linesOf(columns, [
        ['pods.pending', 'pending', 's6', 'filled'],
        ['queue.active', 'active', 's2'],
        ['queue.backoff', 'backoff', 's0'],
        ['queue.unschedulable', 'unschedulable', 's1'],
      ]),
    },
    {
      ...shared,
      id: 'reasons',
      title: 'Why they waited',
      caption: reasons.caption,
      quantity: 'count',
      lines: reasons.lines,
      longNames: true,
      alike: true,
    },
    {
      ...shared,
      id: 'running',
      title: 'Running pods',
      caption: 'Pods whose containers run.',
      quantity: 'count',
      lines: linesOf(columns, [['pods.running', 'running', 's2', 'filled']]),
    },
    {
      ...shared,
      id: 'nodes',
      title: 'Nodes',
      caption: 'Nodes that exist, that are ready, and that run no pod.',
      quantity: 'count',
      lines: linesOf(columns, [
        ['nodes.total', 'total', 's6', 'dashed'],
        ['nodes.ready', 'ready', 's0'],
        ['nodes.empty', 'empty', 's1'],
      ]),
    },
  ];
  return plots
    .filter((plot) => plot.lines.length > 0)
    .map(withoutZeros)
    .map(withNotes);
}

function linesOf(
  columns: Columns,
  specs: readonly (readonly [column: string, name: string, color: string, look?: 'filled' | 'dashed'])[],
): TimeSeriesLine[] {
  return specs
    .filter(([column]) => columns[column] !== undefined)
    .map(([column, name, color, look]) => ({
      name,
      color,
      values: columns[column],
      filled: look === 'filled',
      dashed: look === 'dashed',
    }));
}

function resourceLines(columns: Columns): TimeSeriesLine[] {
  const prefix = 'utilization.';
  const names = Object.keys(columns)
    .filter((name) => name.startsWith(prefix))
    .map((name) => name.slice(prefix.length))
    .sort(compareKeys);
  let spare = 0;
  return names.map((name) => {
    const color = RESOURCE_COLORS[name] ?? SPARE_COLORS[spare++ % SPARE_COLORS.length];
    return { name, color, values: columns[prefix + name], filled: false, dashed: false };
  });
}

/** As many reasons as there are colours, those that took most of the pods' time first; the others are one line. */
function reasonLines({ timeseries: { columns, seconds }, waiting: { byReason } }: RunResult): {
  readonly lines: TimeSeriesLine[];
  readonly caption: string;
} {
  const known = sortedKeys(byReason)
    .filter((reason) => columns[`waiting.${reason}`] !== undefined)
    .sort((a, b) => byReason[b].podSeconds - byReason[a].podSeconds || compareKeys(a, b));
  const shown = known.slice(0, REASON_COLORS.length);
  const rest = known.slice(REASON_COLORS.length);
  const lines = shown.map((name, i): TimeSeriesLine => ({
    name,
    color: REASON_COLORS[i],
    values: columns[`waiting.${name}`],
    filled: false,
    dashed: false,
  }));
  const caption = 'Waiting pods by the main reason of their last failed attempt.';
  if (rest.length === 0) return { lines, caption };
  const values = seconds.map((_, row) => rest.reduce((sum, name) => sum + columns[`waiting.${name}`][row], 0));
  lines.push({ name: `${formatCount(rest.length)} other reasons`, color: 's6', values, filled: false, dashed: true });
  return {
    lines,
    caption:
      `${caption} The ${shown.length} largest; ${formatCount(rest.length)} more are one line, and stand in the table.`,
  };
}

/** One line stays in any case. */
function withoutZeros(plot: TimePlot): TimePlot {
  const drawn = plot.lines.filter(
    (line, i) =>
      line.values.some((value) => value !== 0) ||
      (i === 0 && plot.lines.every(({ values }) => values.every((value) => value === 0))),
  );
  const zeros = plot.lines.filter((line) => !drawn.includes(line)).map(({ name }) => name);
  return zeros.length === 0
    ? plot
    : { ...plot, lines: drawn, caption: `${plot.caption} Not drawn, as always zero: ${zeros.join(', ')}.` };
}

function withNotes(plot: TimePlot): TimePlot {
  const notes = [...(verticalAxisOf(plot).isLogarithmic === true ? [peakNote(plot)] : []), ...coveredNotes(plot)];
  return notes.length === 0 ? plot : { ...plot, caption: `${plot.caption} ${notes.join(' ')}` };
}

function peakNote({ lines, seconds }: TimePlot): string {
  let peak = 0;
  let at = 0;
  for (const { values } of lines) {
    values.forEach((value, row) => {
      if (value <= peak) return;
      peak = value;
      at = seconds[row];
    });
  }
  return `Logarithmic scale, as the peak of ${formatCount(peak)} at ${formatSeconds(at)} would flatten the rest.`;
}

/** Later lines are drawn over earlier ones. */
function coveredNotes(plot: TimePlot): string[] {
  const y = vertical(verticalAxisOf(plot), 0, 1);
  return plot.lines.flatMap((line, i) => {
    const cover = plot.lines.slice(i + 1).find((other) => covers(other.values, line.values, y));
    return cover === undefined ? [] : [`${cover.name} covers ${line.name} where the two are the same.`];
  });
}

function covers(over: readonly number[], under: readonly number[], y: (value: number) => number): boolean {
  let touching = 0;
  let count = 0;
  for (let row = 0; row < under.length; row++) {
    if (under[row] === 0 && over[row] === 0) continue;
    count++;
    if (Math.abs(y(over[row]) - y(under[row])) < TOUCHING) touching++;
  }
  return count > 0 && touching >= COVERED * count;
}
