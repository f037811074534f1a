/**
 * Names beside the ends of lines, moved apart until none covers another; and a legend for pictures too small for that.
 */
import { FONT_SIZE, type Area } from './axes.ts';
import { element, estimateWidth, lettersIn, shorten, text } from './svg.ts';

export interface EndLabel {
  readonly text: string;
  /** Style class that carries the colour (`s0` to `s7`). */
  readonly color: string;
  /** Where the line ends. */
  readonly y: number;
}

/** Characters of a name; fits beside the drawing area of a full-width plot. */
export const LONGEST_NAME = 17;
/** The same in a legend, which has rows of its own: `priority 2000001000` stands there whole. */
const LONGEST_ENTRY = 24;

const LINE_HEIGHT = 15;
const LEADER = 14;

/** Room to the right of the drawing area. */
export function endLabelWidth(labels: readonly { readonly text: string }[]): number {
  return (
    Math.ceil(Math.max(0, ...labels.map((label) => estimateWidth(shorten(label.text, LONGEST_NAME), FONT_SIZE)))) +
    LEADER +
    6
  );
}

export function drawEndLabels(labels: readonly EndLabel[], area: Area): string {
  const ordered = labels
    .map((label, order) => ({ label, order }))
    .sort((a, b) => a.label.y - b.label.y || a.order - b.order);
  const places = spread(ordered.map(({ label }) => label.y), LINE_HEIGHT, area.top, area.bottom);
  return ordered
    .map(({ label }, i) => {
      const leader = element('path', {
        class: `leader ${label.color}`,
        d:
          `M${(area.right + 2).toFixed(1)},${label.y.toFixed(1)}` +
          `L${(area.right + LEADER - 3).toFixed(1)},${places[i].toFixed(1)}`,
      });
      return (
        leader +
        text(area.right + LEADER, places[i] + 4, shorten(label.text, LONGEST_NAME), { class: `label ${label.color}` })
      );
    })
    .join('');
}

export interface LegendEntry {
  readonly text: string;
  readonly color: string;
}

/** Each name once, where several lines share it. */
export function distinctEntries(lines: readonly { readonly name: string; readonly color: string }[]): LegendEntry[] {
  return [...new Map(lines.map(({ name, color }) => [name, { text: name, color }])).values()];
}

/** Colour keys in rows from the top left; no name is longer than a row. */
export function drawLegend(
  entries: readonly LegendEntry[],
  left: number,
  top: number,
  width: number,
  longest: number = LONGEST_ENTRY,
): { readonly svg: string; readonly height: number } {
  const characters = Math.min(longest, lettersIn(width - 30, FONT_SIZE));
  let x = left;
  let row = 0;
  let svg = '';
  for (const entry of entries) {
    const label = shorten(entry.text, characters);
    const needed = 18 + estimateWidth(label, FONT_SIZE) + 12;
    if (x > left && x + needed > left + width) {
      x = left;
      row++;
    }
    const y = top + row * 17 + 12;
    svg +=
      element('line', { class: `key ${entry.color}`, x1: x, x2: x + 12, y1: y - 4, y2: y - 4 }) +
      text(x + 17, y, label, { class: 'label' });
    x += needed;
  }
  return { svg, height: entries.length === 0 ? 0 : (row + 1) * 17 + 6 };
}

/**
 * Ascending wishes moved to places at least `gap` apart, near where they wanted to be: neighbours that touch become a
 * block around their mean. Where not all fit between `low` and `high`, they stand closer, evenly.
 */
export function spread(wishes: readonly number[], gap: number, low: number, high: number): number[] {
  if (wishes.length === 0) return [];
  const step = Math.min(gap, wishes.length > 1 ? (high - low) / (wishes.length - 1) : gap);
  interface Block {
    sum: number;
    count: number;
  }
  const blocks: Block[] = [];
  const startOf = (block: Block): number =>
    Math.min(high - (block.count - 1) * step, Math.max(low, block.sum / block.count - ((block.count - 1) * step) / 2));
  for (const wish of wishes) {
    blocks.push({ sum: wish, count: 1 });
    while (blocks.length > 1) {
      const last = blocks[blocks.length - 1];
      const before = blocks[blocks.length - 2];
      if (startOf(before) + before.count * step <= startOf(last) + 1e-9) break;
      before.sum += last.sum;
      before.count += last.count;
      blocks.pop();
    }
  }
  return blocks.flatMap((block) => Array.from({ length: block.count }, (_, i) => startOf(block) + i * step));
}
