/**
 * Fewer points that draw the same picture: of every column of pixels the first, smallest, largest and last value are
 * kept, so that no peak is lost, however short.
 */

export interface Point {
  readonly x: number;
  readonly y: number;
}

/**
 * `columns` is the width in pixels. Keeps at most four points per column, in their order, and of a run of equal values
 * the first and the last. Points without a number are left out.
 */
export function thinOut(xs: readonly number[], ys: readonly number[], columns: number): Point[] {
  const rows: number[] = [];
  for (let i = 0; i < xs.length; i++) if (Number.isFinite(xs[i]) && Number.isFinite(ys[i])) rows.push(i);
  const pointOf = (row: number): Point => ({ x: xs[row], y: ys[row] });
  if (rows.length <= columns * 2) return withoutRuns(rows.map(pointOf));
  const kept: Point[] = [];
  for (let column = 0; column < columns; column++) {
    const from = Math.floor((column * rows.length) / columns);
    const to = Math.floor(((column + 1) * rows.length) / columns) - 1;
    if (to < from) continue;
    let smallest = from;
    let largest = from;
    for (let i = from; i <= to; i++) {
      if (ys[rows[i]] < ys[rows[smallest]]) smallest = i;
      if (ys[rows[i]] > ys[rows[largest]]) largest = i;
    }
    let previous = -1;
    for (const i of [from, Math.min(smallest, largest), Math.max(smallest, largest), to]) {
      if (i > previous) kept.push(pointOf(rows[i]));
      previous = Math.max(previous, i);
    }
  }
  return withoutRuns(kept);
}

function withoutRuns(points: readonly Point[]): Point[] {
  const isEnd = (i: number): boolean => i === 0 || i === points.length - 1;
  return points.filter(({ y }, i) => isEnd(i) || y !== points[i - 1].y || y !== points[i + 1].y);
}
