/** How things that happen to a cluster are marked: faults, repairs, growth, shrinking, evictions, anything else. */
import { symbol, symbolCircle, symbolDiamond2, symbolSquare, symbolTimes, symbolTriangle } from 'd3-shape';
import type { MarkedEvent } from '../../metrics/run-result.ts';
import { compareKeys, formatCount, formatSeconds, humanize } from '../format.ts';
import { element, escapeText } from './svg.ts';

export type MarkStyle = 'fault' | 'repair' | 'up' | 'down' | 'evict' | 'other';

/** Events of one kind that fall on the same few pixels. */
export interface EventBin {
  readonly x: number;
  readonly count: number;
  readonly note: string;
}

export interface EventRow {
  readonly kind: string;
  readonly label: string;
  readonly style: MarkStyle;
  readonly total: number;
  readonly events: readonly MarkedEvent[];
}

const STYLE_ORDER: readonly MarkStyle[] = ['fault', 'repair', 'up', 'down', 'evict', 'other'];

/** First match wins. The words of a kind are compared, however it is spelt. */
const STYLE_WORDS: readonly (readonly [RegExp, MarkStyle])[] = [
  [/scale ?up|grow|node added/u, 'up'],
  [/scale ?down|shrink|node removed|consolidat/u, 'down'],
  [/repair|recover|restor|ended|ready again|back/u, 'repair'],
  [/evict|preempt/u, 'evict'],
  [/crash|fail|outage|partition|reclaim|down|lost/u, 'fault'],
];

const NOTES_SHOWN = 3;

/** One row per kind, faults first; rows of one style by name. */
export function eventRows(events: readonly MarkedEvent[]): EventRow[] {
  const byKind = new Map<string, MarkedEvent[]>();
  for (const event of events) {
    const list = byKind.get(event.kind);
    if (list === undefined) byKind.set(event.kind, [event]);
    else list.push(event);
  }
  const rows = Array.from(byKind, ([kind, list]) => {
    const label = humanize(kind);
    return {
      kind,
      label,
      style: styleOf(label),
      total: list.reduce((sum, event) => sum + event.count, 0),
      events: list,
    };
  });
  return rows.sort(
    (a, b) => STYLE_ORDER.indexOf(a.style) - STYLE_ORDER.indexOf(b.style) || compareKeys(a.kind, b.kind),
  );
}

/** Events nearer than `pixels` to the first of their group are drawn as one mark. */
export function binEvents(row: EventRow, x: (seconds: number) => number, pixels: number): EventBin[] {
  const sorted = row.events
    .map((event, order) => ({ event, order }))
    .sort((a, b) => a.event.seconds - b.event.seconds || a.order - b.order);
  const groups: MarkedEvent[][] = [];
  for (const { event } of sorted) {
    const open = groups[groups.length - 1];
    if (open !== undefined && x(event.seconds) - x(open[0].seconds) < pixels) open.push(event);
    else groups.push([event]);
  }
  return groups.map((group) => ({
    x: (x(group[0].seconds) + x(group[group.length - 1].seconds)) / 2,
    count: group.reduce((sum, event) => sum + event.count, 0),
    note: noteOf(row.label, group),
  }));
}

/** `radius` in pixels. The note shows when the pointer rests on the mark. */
export function drawMark(style: MarkStyle, x: number, y: number, radius: number, note: string): string {
  const shape = {
    fault: symbolTimes,
    repair: symbolCircle,
    up: symbolTriangle,
    down: symbolTriangle,
    evict: symbolSquare,
    other: symbolDiamond2,
  }[style];
  const path = symbol(shape, radius * radius * 2.4).digits(1)() ?? '';
  const turn = style === 'down' ? ' rotate(180)' : '';
  return element(
    'path',
    { class: `mark event ${style}`, transform: `translate(${x.toFixed(1)},${y.toFixed(1)})${turn}`, d: path },
    `<title>${escapeText(note)}</title>`,
  );
}

function styleOf(label: string): MarkStyle {
  return STYLE_WORDS.find(([words]) => words.test(label))?.[1] ?? 'other';
}

function noteOf(label: string, group: readonly MarkedEvent[]): string {
  const lines = group
    .slice(0, NOTES_SHOWN)
    .map(
      (event) =>
        `${formatSeconds(event.seconds)} ${label}${event.count === 1 ? '' : ` ×${formatCount(event.count)}`}` +
        (event.label === '' ? '' : `: ${event.label}`),
    );
  return [
    ...lines,
    ...(group.length > NOTES_SHOWN ? [`and ${formatCount(group.length - NOTES_SHOWN)} more`] : []),
  ].join('\n');
}
