/**
 * Tables that are wider than the terminal: first less space between columns, then narrower graphs, then text over
 * several lines, and at last several tables below each other, each with the first column. Nothing is left out but
 * detail of graphs.
 */

/** A column as `table.ts` describes it. */
export interface FittedColumn {
  readonly title: string;
  readonly align: 'left' | 'right' | 'graph';
}

export interface FittedTable {
  readonly columns: readonly FittedColumn[];
  /** Lines of cells: a row whose text is wrapped takes several. */
  readonly lines: readonly (readonly string[])[];
  readonly gap: string;
}

const GAPS = ['   ', '  '];
const LEAST_GRAPH = 10;
const LEAST_TEXT = 18;
/** A word is broken only beyond this. */
const MOST_WORD = 32;
/** From the lowest to the highest. */
export const BARS = '▁▂▃▄▅▆▇█';

/** One table, or several below each other. `width`: columns of the terminal; null: as wide as it comes. */
export function fitTable(
  columns: readonly FittedColumn[],
  rows: readonly (readonly string[])[],
  width: number | null,
): FittedTable[] {
  const natural = columns.map((column, i) => widthOf(column, i, rows));
  if (width === null) return [{ columns, lines: rows, gap: GAPS[0] }];
  for (const gap of GAPS) if (total(natural, gap) <= width) return [{ columns, lines: rows, gap }];
  const gap = GAPS[GAPS.length - 1];
  const least = columns.map(({ align }, i) => (align === 'left' ? leastText(i, rows) : Infinity));
  const narrowed = narrowedText(least, narrowedGraphs(columns, natural, width, gap), width, gap);
  if (total(narrowed, gap) <= width || columns.length === 1) return [fitInto(columns, rows, narrowed, gap)];
  // With room of their own, graphs need not be narrow.
  const inBands = narrowed.map((each, i) =>
    columns[i].align === 'graph' ? Math.max(each, Math.min(natural[i], width - narrowed[0] - gap.length)) : each,
  );
  return evenBands(inBands, width, gap).map((band) => fitInto(
    band.map((i) => columns[i]), rows.map((row) => band.map((i) => row[i] ?? '')), band.map((i) => inBands[i]), gap,
  ));
}

function widthOf({ title }: FittedColumn, index: number, rows: readonly (readonly string[])[]): number {
  return rows.reduce((most, row) => Math.max(most, visibleWidth(row[index] ?? '')), visibleWidth(title));
}

function total(widths: readonly number[], gap: string): number {
  return widths.reduce((sum, width) => sum + width, gap.length * (widths.length - 1));
}

/** Graphs give way first: half a graph still has its shape. */
function narrowedGraphs(
  columns: readonly FittedColumn[],
  widths: readonly number[],
  room: number,
  gap: string,
): number[] {
  let excess = total(widths, gap) - room;
  return widths.map((width, i) => {
    if (columns[i].align !== 'graph' || excess <= 0) return width;
    const narrowed = Math.max(Math.min(width, Math.max(LEAST_GRAPH, columns[i].title.length)), width - excess);
    excess -= width - narrowed;
    return narrowed;
  });
}

/** The widest text gives way to the next widest, and so on, as far as it stays readable. */
function narrowedText(least: readonly number[], widths: readonly number[], room: number, gap: string): number[] {
  const narrowed = [...widths];
  while (total(narrowed, gap) > room) {
    const widest = narrowed.reduce(
      (best, width, i) => (width > least[i] && (best === -1 || width > narrowed[best]) ? i : best),
      -1,
    );
    if (widest === -1) break;
    narrowed[widest]--;
  }
  return narrowed;
}

/** The longest word of a column, within reason. */
function leastText(index: number, rows: readonly (readonly string[])[]): number {
  const words = rows.flatMap((row) => (row[index] ?? '').split(/(?<=[.,/])| /)).map(visibleWidth);
  return Math.max(LEAST_TEXT, Math.min(MOST_WORD, words.reduce((most, width) => Math.max(most, width), 0)));
}

/** As few tables as there must be, none much wider than another. */
function evenBands(widths: readonly number[], room: number, gap: string): number[][] {
  let bands = bandsOf(widths, room, gap);
  for (let less = room - 1; less > 0; less--) {
    const narrower = bandsOf(widths, less, gap);
    if (narrower.length > bands.length) break;
    bands = narrower;
  }
  return bands;
}

/** Column numbers of each table: the first column, and as many others as have room. */
function bandsOf(widths: readonly number[], room: number, gap: string): number[][] {
  const bands: number[][] = [];
  let used = Infinity;
  for (let i = 1; i < widths.length; i++) {
    if (used + gap.length + widths[i] > room) {
      bands.push([0]);
      used = widths[0];
    }
    bands[bands.length - 1].push(i);
    used += gap.length + widths[i];
  }
  return bands;
}

function fitInto(
  columns: readonly FittedColumn[],
  rows: readonly (readonly string[])[],
  widths: readonly number[],
  gap: string,
): FittedTable {
  const lines = rows.flatMap((row) => {
    const cells = columns.map(({ align }, i) => {
      const cell = row[i] ?? '';
      return align === 'graph'
        ? [squeezed(cell, widths[i])]
        : align === 'left'
          ? wrapped(cell, widths[i], '  ')
          : [cell];
    });
    const height = Math.max(1, ...cells.map((parts) => parts.length));
    return Array.from({ length: height }, (_, line) => cells.map((parts) => parts[line] ?? ''));
  });
  return {
    columns: columns.map((column, i) => ({ ...column, title: wrapped(column.title, widths[i], '')[0] })),
    lines,
    gap,
  };
}

/** The same bars in fewer: each the mean of a group of them. */
function squeezed(bars: string, width: number): string {
  const levels = Array.from(bars, (bar) => BARS.indexOf(bar));
  if (levels.length <= width) return bars;
  return Array.from({ length: width }, (_, cell) => {
    const group = levels
      .slice(Math.floor((cell * levels.length) / width), Math.floor(((cell + 1) * levels.length) / width))
      .filter((level) => level >= 0);
    return group.length === 0 ? ' ' : BARS[Math.round(group.reduce((sum, level) => sum + level, 0) / group.length)];
  }).join('');
}

// ---- text with colours ----------------------------------------------------------------------------------------------

export function visibleWidth(text: string): number {
  return Array.from(text.replace(/\u001b\[\d+m/gu, '')).length;
}

/** A character with the colour it stands in, as the codes that open it. */
interface Styled {
  readonly character: string;
  readonly style: string;
}

/**
 * Lines of at most `width` columns, broken behind spaces, dots, commas and slashes, and anywhere in what has none of
 * them; lines after the first are indented. Colours end with their line and begin anew on the next.
 */
export function wrapped(text: string, width: number, indent: string): string[] {
  if (visibleWidth(text) <= width) return [text];
  const lines: string[] = [];
  let rest = styled(text);
  while (rest.length > 0) {
    const room = Math.max(1, width - (lines.length === 0 ? 0 : indent.length));
    const end = rest.length <= room ? rest.length : breakOf(rest, room);
    let [last, next] = [end, end];
    while (last > 0 && rest[last - 1].character === ' ') last--;
    while (next < rest.length && rest[next].character === ' ') next++;
    lines.push((lines.length === 0 ? '' : indent) + painted(rest.slice(0, last)));
    rest = rest.slice(next);
  }
  return lines;
}

function breakOf(text: readonly Styled[], room: number): number {
  for (let at = room; at > 0; at--) {
    const before = text[at - 1].character;
    if (before === ' ' || text[at].character === ' ' || (at > 3 && /[.,/]/.test(before))) return at;
  }
  return room;
}

function styled(text: string): Styled[] {
  const characters: Styled[] = [];
  let style = '';
  for (const [token, code] of text.matchAll(/\u001b\[(\d+)m|./gsu)) {
    if (code === undefined) characters.push({ character: token, style });
    else style = code === '22' || code === '39' ? '' : token;
  }
  return characters;
}

function painted(characters: readonly Styled[]): string {
  let text = '';
  let open = '';
  for (const { character, style } of characters) {
    if (style !== open) text += closing(open) + style;
    open = style;
    text += character;
  }
  return text + closing(open);
}

/** Bold and faint end with 22, colours with 39. */
function closing(style: string): string {
  return style === '' ? '' : /\[[12]m/.test(style) ? '\u001b[22m' : '\u001b[39m';
}
