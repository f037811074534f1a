/**
 * The three scoring strategies of NodeResourcesFit as formulas on (requested, allocatable). Source:
 * plugins/noderesources/{least_allocated,most_allocated,requested_to_capacity_ratio,resource_allocation}.go,
 * plugins/helper/shape_score.go.
 */
export interface ShapePoint {
  readonly utilization: number;
  /** 0 to 10. */
  readonly score: number;
}

/** Products up to here, times 100, stay exact and quotients floor correctly; beyond, BigInt takes over. */
const EXACT_LIMIT = 0x400000000000;

/** floor(part * 100 / whole) on non-negative integers of any size. */
export function percentOf(part: number, whole: number): number {
  if (whole < EXACT_LIMIT && part < EXACT_LIMIT) return Math.floor((part * 100) / whole);
  return Number((BigInt(part) * 100n) / BigInt(whole));
}

export function leastRequestedScore(requested: number, allocatable: number): number {
  return requested > allocatable ? 0 : percentOf(allocatable - requested, allocatable);
}

export function mostRequestedScore(requested: number, allocatable: number): number {
  return percentOf(Math.min(requested, allocatable), allocatable);
}

/** Piecewise linear through the points, scores times 10, truncated toward zero between them. */
export function shapeScore(points: readonly ShapePoint[], percent: number): number {
  const at = (index: number): number => points[index].score * 10;
  for (let i = 0; i < points.length; i++) {
    if (percent > points[i].utilization) continue;
    if (i === 0) return at(0);
    const from = points[i - 1].utilization;
    return at(i - 1) + Math.trunc(((at(i) - at(i - 1)) * (percent - from)) / (points[i].utilization - from));
  }
  return at(points.length - 1);
}

export function capacityRatioScore(points: readonly ShapePoint[], requested: number, allocatable: number): number {
  return shapeScore(points, requested > allocatable ? 100 : percentOf(requested, allocatable));
}
