/** Rows of shaded cells. */
import { element } from './svg.ts';

export interface ShadedRow {
  readonly left: number;
  readonly top: number;
  readonly height: number;
  /** Width of each. */
  readonly cell: number;
  /** One a cell, `h0` to `h10` of the style sheet; -1: blank. */
  readonly shades: readonly number[];
}

/** Neighbours of one shade are one piece, and all pieces of a shade one path. `count`: shades there are. */
export function drawShadedRows(rows: readonly ShadedRow[], count: number): string {
  const paths = Array.from({ length: count }, () => '');
  for (const { left, top, height, cell, shades } of rows) {
    for (let from = 0, i = 1; i <= shades.length; i++) {
      const shade = shades[from];
      if (i < shades.length && shades[i] === shade) continue;
      if (shade >= 0) {
        const [x, end] = [left + from * cell, left + i * cell];
        paths[shade] += `M${x.toFixed(1)},${top.toFixed(1)}H${end.toFixed(1)}v${height}H${x.toFixed(1)}z`;
      }
      from = i;
    }
  }
  return paths
    .map((path, shade) => (path === '' ? '' : element('path', { class: `mark heat h${shade}`, d: path })))
    .join('');
}
