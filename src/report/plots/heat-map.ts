/**
 * Where room was left: every node that ever was, pool by pool, as one cell in a strip for each resource that somebody
 * requested; its shade is the node's mean utilisation. Nodes stand in the order of the pool's fullest resource, so that
 * a full strip above an empty one shows what was stranded. Many nodes share a cell by their mean: 100,000 take no more
 * room than 200.
 */
import type { NodeRecord, RunResult, Utilization } from '../../metrics/run-result.ts';
import { compareKeys, formatCount, formatPlural, formatShare } from '../format.ts';
import { FONT_SIZE, type Area, type Size } from './axes.ts';
import { drawShadedRows } from './shades.ts';
import { element, estimateWidth, shorten, text } from './svg.ts';
import { drawPicture } from './time-plot.ts';

export interface HeatStrip {
  readonly resource: string;
  /** Of the pool over the run, nodes by their size and by how long they were there. */
  readonly mean: number;
  /** One a cell. */
  readonly shares: readonly number[];
}

export interface HeatBlock {
  /** '': nodes of no pool. */
  readonly pool: string;
  readonly nodes: number;
  /** The fullest resource first. */
  readonly strips: readonly HeatStrip[];
}

export interface HeatMap {
  readonly id: string;
  readonly title: string;
  readonly caption: string;
  readonly blocks: readonly HeatBlock[];
}

/** Shares at which a darker shade begins. */
const SHADES = [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95];
const MOST_CELLS = 200;
const MOST_BLOCKS = 12;
const MOST_STRIPS = 6;
/** Cells of the largest pool may be as wide as the first, those of any other one at least as wide as the second. */
const WIDEST_CELL = 60;
const WIDE_CELL = 14;
const STRIP = 11;
const STRIP_GAP = 2;
const TITLE = 19;
const BLOCK_GAP = 9;
const LEGEND = 34;

/** null where no node says how full it was. */
export function heatMapOf({
  nodes,
  utilizationByPool,
}: Pick<RunResult, 'nodes' | 'utilizationByPool'>): HeatMap | null {
  const pools = new Map<string, NodeRecord[]>();
  for (const node of nodes) {
    const known = pools.get(node.pool);
    if (known === undefined) pools.set(node.pool, [node]);
    else known.push(node);
  }
  const blocks = [...pools]
    .map(([pool, members]) => blockOf(pool, members, utilizationByPool[pool]))
    .filter(({ strips }) => strips.length > 0);
  if (blocks.length === 0) return null;
  const largestFirst = blocks.sort((a, b) => b.nodes - a.nodes || compareKeys(a.pool, b.pool));
  const left = largestFirst.length - MOST_BLOCKS;
  const isShared = largestFirst.some(({ nodes: count }) => count > MOST_CELLS);
  const caption = [
    'Every node there was by its mean utilization, the fullest of each pool first.',
    'Resources that nobody requested are left out.',
    ...(isShared ? [`Of pools with more than ${MOST_CELLS} nodes a cell is the mean of several.`] : []),
    ...(left > 0 ? [`The ${MOST_BLOCKS} largest pools; ${formatCount(left)} more are in the table.`] : []),
  ].join(' ');
  return { id: 'heat', title: 'Nodes', caption, blocks: largestFirst.slice(0, MOST_BLOCKS) };
}

/** `overall`: the pool's utilisation as the tables have it; where it is not known the nodes count alike. */
function blockOf(
  pool: string,
  nodes: readonly NodeRecord[],
  overall: RunResult['utilizationByPool'][string] = {},
): HeatBlock {
  const means = new Map<string, { sum: number; count: number }>();
  for (const { meanUtilization } of nodes) {
    for (const [resource, share] of Object.entries(meanUtilization)) {
      const mean = means.get(resource) ?? { sum: 0, count: 0 };
      means.set(resource, { sum: mean.sum + share, count: mean.count + 1 });
    }
  }
  const resources = [...means]
    .filter(([, { sum }]) => sum > 0)
    .map(([resource, { sum, count }]) => ({
      resource,
      mean: (overall[resource] as Utilization | undefined)?.mean ?? sum / count,
    }))
    .sort((a, b) => b.mean - a.mean || compareKeys(a.resource, b.resource));
  const shareOf = (node: NodeRecord, resource: string): number => node.meanUtilization[resource] ?? 0;
  const compare = (a: NodeRecord, b: NodeRecord): number => {
    for (const { resource } of resources)
      if (shareOf(a, resource) !== shareOf(b, resource)) return shareOf(b, resource) - shareOf(a, resource);
    return compareKeys(a.name, b.name);
  };
  const sorted = [...nodes].sort(compare);
  const strips = resources
    .slice(0, MOST_STRIPS)
    .map(({ resource, mean }) => ({ resource, mean, shares: cellsOf(sorted.map((node) => shareOf(node, resource))) }));
  return { pool, nodes: nodes.length, strips };
}

function cellsOf(shares: readonly number[]): number[] {
  const cells = Math.min(MOST_CELLS, shares.length);
  return Array.from({ length: cells }, (_, cell) => {
    const part = shares.slice(
      Math.floor((cell * shares.length) / cells),
      Math.floor(((cell + 1) * shares.length) / cells),
    );
    return part.reduce((sum, share) => sum + share, 0) / part.length;
  });
}

export function drawHeatMap(map: HeatMap, size: Size): string {
  const names = map.blocks.flatMap(({ strips }) => strips.map(({ resource }) => resource));
  const longest = size.name === 'wide' ? 24 : 12;
  const left = Math.ceil(Math.max(...names.map((name) => estimateWidth(shorten(name, longest), FONT_SIZE)))) + 10;
  const right = size.width - 52;
  const most = Math.max(...map.blocks.map(({ strips }) => strips[0].shares.length));
  const widest = Math.max(WIDE_CELL, Math.min(WIDEST_CELL, (right - left) / most));
  let y = LEGEND;
  let content = '';
  map.blocks.forEach((block, index) => {
    content += drawBlock(block, index, { left, right, top: y, bottom: y }, { longest, widest });
    y += heightOf(block) + BLOCK_GAP;
  });
  const frame: Area = { left, right, top: LEGEND, bottom: y - BLOCK_GAP };
  return drawPicture(map, size, frame.bottom + 4, frame, drawShades(left, size) + content);
}

function heightOf({ strips }: HeatBlock): number {
  return TITLE + strips.length * (STRIP + STRIP_GAP);
}

/** Of names in letters, of cells in pixels. */
interface Widths {
  readonly longest: number;
  readonly widest: number;
}

function drawBlock(block: HeatBlock, index: number, { left, right, top }: Area, most: Widths): string {
  const cells = block.strips[0].shares.length;
  const cell = Math.min(most.widest, (right - left) / cells);
  const pool = block.pool === '' ? 'nodes of no pool' : shorten(block.pool, 30);
  const title = `${pool}, ${formatPlural(block.nodes, 'node')}`;
  const rows = block.strips.map(({ resource, mean, shares }, row) => {
    const y = top + TITLE + row * (STRIP + STRIP_GAP);
    return [
      text(left - 8, y + STRIP - 1.5, shorten(resource, most.longest), { class: 'tick y', 'text-anchor': 'end' }),
      drawShadedRows([{ left, top: y, height: STRIP, cell, shades: shares.map(shadeOf) }], SHADES.length),
      text(right + 8, y + STRIP - 1.5, formatShare(mean, 0), { class: 'tick mean' }),
    ].join('');
  });
  const area = {
    class: 'area',
    x: left,
    y: top + TITLE,
    width: cell * cells,
    height: block.strips.length * (STRIP + STRIP_GAP),
    'data-block': index,
  };
  return text(left, top + TITLE - 6, title, { class: 'label' }) + rows.join('') + element('rect', area);
}

export function shadeOf(share: number): number {
  return Math.max(
    0,
    SHADES.findLastIndex((least) => share >= least),
  );
}

function drawShades(left: number, size: Size): string {
  const width = size.name === 'wide' ? 44 : 30;
  const from = size.name === 'wide' ? left : 10;
  return SHADES.map((least, shade) => {
    const x = from + shade * width;
    const isNamed = shade % 2 === 0 || size.name === 'wide';
    const label = shade === 0 ? '0' : formatShare(least, 0);
    const name = isNamed
      ? text(x, 20, label, { class: 'tick x', 'text-anchor': shade === 0 ? 'start' : 'middle' })
      : '';
    return element('rect', { class: `heat h${shade}`, x, y: 0, width, height: 8 }) + name;
  }).join('');
}
