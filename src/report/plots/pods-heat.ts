/** Nodes over time: a row a node, a cell a stretch of time, the shade tells how many pods were on the node. */
import { formatNumber } from '../format.ts';
import { drawHorizontalAxis, linear, timeAxis, FONT_SIZE, type Area, type Size } from './axes.ts';
import { drawShadedRows } from './shades.ts';
import { element, estimateWidth, shorten, text } from './svg.ts';
import { drawPicture } from './time-plot.ts';

interface PodsHeat {
  readonly id: string;
  readonly title: string;
  readonly caption: string;
  readonly endSeconds: number;
  readonly nodes: readonly { readonly name: string; readonly pods: readonly (number | null)[] }[];
  /** Of the darkest shade: the same for pictures that are to be compared. */
  readonly most: number;
}

/** `h0` to `h9` of the style sheet; the last of its shades is an alarm. */
const SHADES = 10;
const LEAST_LABELLED = 13;

export function drawPodsHeat(plot: PodsHeat, size: Size): string {
  const { nodes, most } = plot;
  const rowHeight = nodes.length <= 24 ? 14 : nodes.length <= 48 ? 9 : 6;
  const step = Math.ceil(LEAST_LABELLED / rowHeight);
  const names = nodes.map(({ name }, i) => (i % step === 0 ? shorten(name, size.name === 'wide' ? 20 : 11) : ''));
  const left = Math.ceil(Math.max(0, ...names.map((name) => estimateWidth(name, FONT_SIZE)))) + 12;
  const right = size.width - 14;
  const top = 34;
  const frame: Area = { left, right, top, bottom: top + nodes.length * rowHeight };
  const horizontal = timeAxis(plot.endSeconds, right - left);
  const x = linear(horizontal, left, right);
  const labels = names.map((name, i) =>
    name === ''
      ? ''
      : text(left - 8, top + i * rowHeight + Math.min(rowHeight, LEAST_LABELLED) / 2 + 4, name, {
          class: 'label row',
          'text-anchor': 'end',
        }),
  );
  const rows = nodes.map(({ pods }, row) => ({
    left,
    top: top + row * rowHeight + 0.5,
    height: rowHeight - 1,
    cell: (right - left) / pods.length,
    shades: pods.map((value) => shadeOf(value, most)),
  }));
  const content = [
    drawKey(most, left, right),
    ...labels,
    drawShadedRows(rows, SHADES),
    drawHorizontalAxis(horizontal, x, frame, size.width),
  ];
  return drawPicture(plot, size, frame.bottom + 26, frame, content.join(''));
}

/**
 * -1: the node was not there. No pod has a shade of its own; the others go by the square root, so that small nodes are
 * not all alike beside a large one.
 */
function shadeOf(pods: number | null, most: number): number {
  if (pods === null) return -1;
  if (pods <= 0 || most <= 0) return 0;
  return Math.max(1, Math.min(SHADES - 1, Math.ceil(Math.sqrt(pods / most) * (SHADES - 1))));
}

function drawKey(most: number, left: number, right: number): string {
  const width = Math.min(30, Math.floor((right - left) / (SHADES + 1)));
  const boxes = Array.from({ length: SHADES }, (_, shade) =>
    element('rect', { class: `heat h${String(shade)}`, x: left + shade * width, y: 2, width, height: 8 }),
  );
  const end = left + SHADES * width;
  const middle = Math.floor(SHADES / 2);
  const atMiddle = (most * middle * middle) / ((SHADES - 1) * (SHADES - 1));
  return [
    ...boxes,
    text(left, 24, 'no pod', { class: 'tick x', 'text-anchor': 'start' }),
    text(left + (middle + 1) * width, 24, formatNumber(Number(atMiddle.toPrecision(2))), {
      class: 'tick x',
      'text-anchor': 'middle',
    }),
    text(end, 24, `${formatNumber(most)} pods`, { class: 'tick x', 'text-anchor': 'end' }),
  ].join('');
}
