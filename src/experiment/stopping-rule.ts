/**
 * When enough seeds have been run: targets such as `queueWait.p99:±3%`, looked at after 10, 15, 23, 35, ... seeds
 * (base/statistics/looks.ts has why not after each). With one variant a target is about the mean over seeds, with a
 * pair about the difference. Intervals reported after stopping must be of `lookConfidence`, as here.
 */
import { InputError, nearestName } from '../base/input-error.ts';
import { isRelativelyNarrow, lookConfidence } from '../base/statistics/looks.ts';
import { sampleStandardDeviation } from '../base/statistics/moments.ts';
import { meanInterval } from '../base/statistics/paired-difference.ts';
import { percentageDifference } from '../base/statistics/percentage-difference.ts';
import { pairsForHalfWidth } from '../base/statistics/sample-size.ts';
import { shortMetricName } from '../metrics/metric-names.ts';
import { completePairs } from './paired-analysis.ts';

export interface PrecisionTarget {
  /** Path in report.json, as `metricsOf` names it. */
  readonly metric: string;
  /** `relative`: a share of the mean, or points of the percentage difference. `absolute`: in the metric's unit. */
  readonly kind: 'relative' | 'absolute';
  /** Largest half width. 0.03 stands for ±3 %. */
  readonly halfWidth: number;
}

export { shortMetricName };

/** The path that a name stands for, spelled out or short. undefined: none of `paths`. */
export function findMetric(name: string, paths: readonly string[]): string | undefined {
  return paths.find((path) => path === name) ?? paths.find((path) => shortMetricName(path) === name);
}

/** Reads targets; throws an InputError that lists all that is wrong with them. `paths`: the metrics that there are. */
export function readPrecisionTargets(texts: readonly string[], paths: readonly string[]): PrecisionTarget[] {
  const problems: { readonly message: string; readonly suggestion?: string | undefined }[] = [];
  const targets: PrecisionTarget[] = [];
  for (const text of texts) {
    const [, name = '', number = '', percent = ''] =
      /^(.*):\s*(?:±|\+-|\+\/-)\s*(\d+(?:\.\d+)?)\s*(%?)$/.exec(text) ?? [];
    const metric = findMetric(name.trim(), paths);
    const size = Number(number);
    if (number === '') {
      problems.push({
        message: `expected a metric and how exact it is to be, such as "queueWait.p99:±3%", found "${text}"`,
      });
    } else if (metric === undefined) {
      const suggestion = nearestName(name.trim(), [...paths.map(shortMetricName), ...paths]);
      problems.push({ message: `unknown metric "${name.trim()}" in "${text}"`, suggestion });
    } else if (!(size > 0)) {
      problems.push({ message: `expected a half width above 0, found "${text}"` });
    } else
      targets.push({
        metric,
        kind: percent === '%' ? 'relative' : 'absolute',
        halfWidth: percent === '%' ? size / 100 : size,
      });
  }
  if (problems.length > 0) throw new InputError(problems);
  return targets;
}

/** Values of one metric, one a seed; `b` null: there is one variant. */
export interface SeedValues {
  readonly a: readonly (number | null)[];
  readonly b: readonly (number | null)[] | null;
}

export interface TargetState {
  /** As shares or in the metric's unit, as the target. null: not known yet, or not bounded. */
  readonly halfWidth: number | null;
  readonly isReached: boolean;
  /** Seeds in all that the target will need, by what has been seen. null: not known yet, or beyond a million. */
  readonly seedsNeeded: number | null;
}

/** How far a target is, at one of the looks. The overall confidence is 0.9, 0.95 (default) or 0.99. */
export function lookAtTarget(target: PrecisionTarget, values: SeedValues, confidence = 0.95): TargetState {
  const atLook = lookConfidence(confidence);
  return values.b === null
    ? lookAtMean(target, values.a, atLook)
    : lookAtDifference(target, { a: values.a, b: values.b }, atLook);
}

function lookAtMean(target: PrecisionTarget, values: readonly (number | null)[], confidence: number): TargetState {
  const known = values.filter((value): value is number => value !== null && Number.isFinite(value));
  const interval = meanInterval(known, confidence);
  if (interval === null) return UNKNOWN;
  const { mean, halfWidth } = interval;
  const spread = sampleStandardDeviation(known);
  const isRelative = target.kind === 'relative';
  const goal = isRelative ? (target.halfWidth / (1 + target.halfWidth)) * Math.abs(mean) : target.halfWidth;
  return {
    halfWidth: !isRelative ? halfWidth : mean === 0 ? null : halfWidth / Math.abs(mean),
    isReached: isRelative ? isRelativelyNarrow(mean, halfWidth, target.halfWidth) : halfWidth <= target.halfWidth,
    seedsNeeded: pairsForHalfWidth(known.length, spread, goal, confidence),
  };
}

function lookAtDifference(
  target: PrecisionTarget,
  values: { readonly a: readonly (number | null)[]; readonly b: readonly (number | null)[] },
  confidence: number,
): TargetState {
  const { a, b } = completePairs(values);
  const differences = b.map((value, i) => value - a[i]);
  const interval = meanInterval(differences, confidence);
  if (interval === null) return UNKNOWN;
  if (interval.halfWidth === 0) return { halfWidth: 0, isReached: true, seedsNeeded: a.length };
  let { halfWidth }: { halfWidth: number } = interval;
  if (target.kind === 'relative') {
    const { low, high } = percentageDifference(a, b, confidence);
    if (low === null || high === null) return UNKNOWN;
    halfWidth = (high - low) / 2;
  }
  // The spread that stands for the half width: it shrinks with the root of the number of pairs either way.
  const spread = (sampleStandardDeviation(differences) * halfWidth) / interval.halfWidth;
  return {
    halfWidth,
    isReached: halfWidth <= target.halfWidth,
    seedsNeeded: pairsForHalfWidth(a.length, spread, target.halfWidth, confidence),
  };
}

const UNKNOWN: TargetState = { halfWidth: null, isReached: false, seedsNeeded: null };
