/**
 * Nodes over time as bars: booting, ready, cordoned, draining, down; red over all of them where a budget is broken.
 * Rows get thinner the more nodes there are; beyond what a page can show, evenly spread ones stand for all.
 */
import { formatSeconds } from '../format.ts';
import { drawHorizontalAxis, linear, timeAxis, FONT_SIZE, FULL_RIGHT, WIDE, type Area, type Size } from './axes.ts';
import { spreadRows } from './downsample.ts';
import { drawLegend } from './labels.ts';
import { element, estimateWidth, escapeText, shorten, text } from './svg.ts';
import { drawPicture } from './time-plot.ts';

export interface GanttSpan {
  /** `booting`, `ready`, `cordoned`, `draining` or `down`. */
  readonly state: string;
  readonly from: number;
  readonly to: number;
}

export interface GanttPlot {
  readonly id: string;
  readonly title: string;
  readonly caption: string;
  readonly endSeconds: number;
  readonly lanes: readonly { readonly name: string; readonly spans: readonly GanttSpan[] }[];
  /** When a budget is broken: which, for the mouse. */
  readonly broken: readonly { readonly name: string; readonly from: number; readonly to: number }[];
}

/** Rows that a page shows. */
export const MOST_LANES = 160;
/** Style class of the colour, by state. */
const COLORS: Readonly<Record<string, string>> = {
  booting: 's5', ready: 's2', cordoned: 's4', draining: 's1', down: 's6',
};
const LONGEST_LANE = 20;
const LEAST_LABELLED = 12;

export function drawGantt(plot: GanttPlot, size: Size): string {
  const full = size === WIDE;
  const rows = spreadRows(plot.lanes.length, MOST_LANES);
  const lanes = rows.map((row) => plot.lanes[row]);
  const rowHeight = lanes.length <= 40 ? 16 : lanes.length <= 80 ? 9 : 6;
  // One name for as many rows as it is high.
  const step = Math.ceil(LEAST_LABELLED / rowHeight);
  const names = lanes.map(({ name }, i) => (i % step === 0 ? shorten(name, full ? LONGEST_LANE : 12) : ''));
  const left = Math.ceil(Math.max(...['budgets', ...names].map((name) => estimateWidth(name, FONT_SIZE)))) + 12;
  const right = full ? FULL_RIGHT + 136 : size.width - 10;
  const states = Object.keys(COLORS).filter((state) =>
    lanes.some(({ spans }) => spans.some((span) => span.state === state)),
  );
  const entries = [
    ...states.map((state) => ({ text: state, color: COLORS[state] })),
    ...(plot.broken.length === 0 ? [] : [{ text: 'budget broken', color: 'broken' }]),
  ];
  const legend = drawLegend(entries, left, 0, size.width - left);
  const top = legend.height + 6;
  const frame: Area = { left, right, top, bottom: top + BUDGET_ROW + lanes.length * rowHeight + 4 };
  const horizontal = timeAxis(plot.endSeconds, frame.right - frame.left);
  const x = linear(horizontal, frame.left, frame.right);
  const drawn = lanes.map(({ name, spans }, i) => {
    const y = top + BUDGET_ROW + i * rowHeight;
    const label =
      names[i] === ''
        ? ''
        : text(left - 8, y + Math.min(rowHeight, LEAST_LABELLED) / 2 + 4, names[i], {
            class: 'label row',
            'text-anchor': 'end',
          });
    return (
      label +
      spans
        .map((span) =>
          bar(`${name} ${span.state}`, COLORS[span.state] ?? 's6', span, x, y + 1, rowHeight - (rowHeight > 8 ? 4 : 1)),
        )
        .join('')
    );
  });
  const budgets = text(left - 8, top + 10, 'budgets', { class: 'label row', 'text-anchor': 'end' }) +
    element('line', { class: 'grid', x1: left, x2: right, y1: top + 6, y2: top + 6 });
  const bands = [
    ...plot.broken.map((span) => bar(`${span.name} below its floor`, 'broken', span, x, top + 1, BUDGET_ROW - 6)),
    ...united(plot.broken).map(({ from, to }) =>
      element('rect', {
        class: 'band',
        x: x(from),
        y: top,
        width: Math.max(1, x(to) - x(from)),
        height: frame.bottom - top,
      }),
    ),
  ];
  const content = [legend.svg, budgets, ...drawn, ...bands, drawHorizontalAxis(horizontal, x, frame, size.width)].join(
    '',
  );
  return drawPicture(plot, size, frame.bottom + 26, frame, content);
}

/** Spans that overlap or touch as one: a band over a band would be darker. */
function united(
  spans: readonly { readonly from: number; readonly to: number }[],
): { readonly from: number; readonly to: number }[] {
  const all: { from: number; to: number }[] = [];
  for (const { from, to } of [...spans].sort((a, b) => a.from - b.from)) {
    const last = all.at(-1);
    if (last !== undefined && from <= last.to) last.to = Math.max(last.to, to);
    else all.push({ from, to });
  }
  return all;
}

/** Above the nodes: one row for all budgets. */
const BUDGET_ROW = 18;

function bar(
  name: string,
  color: string,
  span: { readonly from: number; readonly to: number },
  x: (seconds: number) => number,
  y: number,
  height: number,
): string {
  const title = `<title>${escapeText(`${name} ${formatSeconds(span.from)} to ${formatSeconds(span.to)}`)}</title>`;
  return element(
    'rect',
    { class: `mark bar ${color}`, x: x(span.from), y, width: Math.max(1, x(span.to) - x(span.from)), height },
    title,
  );
}
