/**
 * Sets of completion indexes as a Job's status writes them: `0,2-5,7`; two neighbours are told one by one. Pure.
 * Source: pkg/controller/job/indexed_job_utils.go (v1.36).
 */
export interface IndexInterval {
  readonly first: number;
  readonly last: number;
}
/** Ascending, apart from each other. */
export type IndexIntervals = readonly IndexInterval[];

/** Indexes from `completions` on are left out, and so is what is no number. */
export function parseIntervals(text: string, completions: number): IndexIntervals {
  if (text === '') return [];
  const intervals: IndexInterval[] = [];
  for (const part of text.split(',')) {
    const [from, to = from] = part.split('-');
    if (!/^\d+$/.test(from) || !/^\d+$/.test(to)) continue;
    const first = Number(from);
    if (first >= completions) break;
    const last = Math.min(Number(to), completions - 1);
    const before = intervals[intervals.length - 1];
    if (before?.last === first - 1) intervals[intervals.length - 1] = { first: before.first, last };
    else intervals.push({ first, last });
  }
  return intervals;
}

export function intervalsText(intervals: IndexIntervals): string {
  return intervals
    .map(({ first, last }) =>
      first === last ? String(first) : `${String(first)}${last === first + 1 ? ',' : '-'}${String(last)}`,
    )
    .join(',');
}

export function countIndexes(intervals: IndexIntervals): number {
  return intervals.reduce((count, { first, last }) => count + last - first + 1, 0);
}

export function hasIndex(intervals: IndexIntervals, index: number): boolean {
  let low = 0;
  let high = intervals.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (intervals[middle].last >= index) high = middle;
    else low = middle + 1;
  }
  return low < intervals.length && intervals[low].first <= index;
}

/** With more indexes, in whatever order. */
export function withIndexes(intervals: IndexIntervals, indexes: Iterable<number>): IndexIntervals {
  const more = [...new Set(indexes)]
    .sort((a, b) => a - b)
    .map((index): IndexInterval => ({ first: index, last: index }));
  return more.length === 0 ? intervals : mergeIntervals(intervals, more);
}

export function mergeIntervals(a: IndexIntervals, b: IndexIntervals): IndexIntervals {
  const all = [...a, ...b].sort((x, y) => x.first - y.first);
  const merged: IndexInterval[] = [];
  for (const interval of all) {
    const before = merged[merged.length - 1];
    if (before === undefined || interval.first > before.last + 1) merged.push(interval);
    else if (interval.last > before.last) merged[merged.length - 1] = { first: before.first, last: interval.last };
  }
  return merged;
}

/** The first `count` indexes below `completions` that are not among these. */
export function firstMissing(intervals: IndexIntervals, count: number, completions: number): readonly number[] {
  const missing: number[] = [];
  let candidate = 0;
  for (const { first, last } of intervals) {
    for (; candidate < Math.min(first, completions) && missing.length < count; candidate++) missing.push(candidate);
    candidate = Math.max(candidate, last + 1);
  }
  for (; candidate < completions && missing.length < count; candidate++) missing.push(candidate);
  return missing;
}

/** How many indexes are in both. */
export function countCommon(a: IndexIntervals, b: IndexIntervals): number {
  let count = 0;
  for (const x of a) for (const y of b) count += Math.max(0, Math.min(x.last, y.last) - Math.max(x.first, y.first) + 1);
  return count;
}
