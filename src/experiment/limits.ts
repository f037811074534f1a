/**
 * Limits that a comparison must not break: how much a variant may be worse than the base (`cost:+2%`), and the
 * thresholds of the scenario. A limit is broken when the runs leave no doubt: a one-sided t test at half of 5 %, that
 * is when the whole 95 % interval lies beyond it, with all limits and variants counted together (Holm). It holds when
 * the same can be said of the other side. In between nothing is said, and more seeds would tell.
 */
import { InputError } from '../base/input-error.ts';
import type { Problem } from '../base/input-error.ts';
import { positiveMeanPValue } from '../base/statistics/equivalence.ts';
import { holmAdjusted } from '../base/statistics/holm.ts';
import { mean } from '../base/statistics/moments.ts';
import { metricNamed, nearestMetric } from '../metrics/metric-names.ts';
import { AMOUNTS, readAmount } from '../metrics/thresholds.ts';
import type { Threshold } from '../metrics/thresholds.ts';
import { LEAST_PAIRS, completePairs } from './paired-analysis.ts';

/** How far a variant may be from the base. */
export interface ChangeLimit {
  readonly text: string;
  /** Path in report.json. */
  readonly metric: string;
  /** `relative`: a share of the base's mean. `absolute`: in the metric's unit. */
  readonly kind: 'relative' | 'absolute';
  /** Which way breaks it: above `+amount`, below `-amount`, or either. */
  readonly direction: 'above' | 'below' | 'either';
  readonly amount: number;
}

const EXPECTED = 'expected a metric and its largest change, such as cost:+2% or queueWait.p99:+30s';

/** Reads `--fail-if`; throws an InputError that lists all that is wrong. */
export function readChangeLimits(texts: readonly string[]): ChangeLimit[] {
  const problems: Problem[] = [];
  const limits = texts.flatMap((text) => {
    const read = readChangeLimit(text);
    if ('amount' in read) return [read];
    const { column, ...problem } = read;
    problems.push({ ...problem, message: `--fail-if "${text}", character ${column}: ${problem.message}` });
    return [];
  });
  if (problems.length > 0) throw new InputError(problems);
  return limits;
}

function readChangeLimit(text: string): ChangeLimit | (Problem & { readonly column: number }) {
  const colon = text.lastIndexOf(':');
  const name = (colon === -1 ? text : text.slice(0, colon)).trim();
  const column = text.length - text.trimStart().length + 1;
  if (name === '') return { message: EXPECTED, column };
  const metric = metricNamed(name);
  if (metric === undefined) {
    return { message: `there is no metric ${name}`, suggestion: nearestMetric(name), column };
  }
  if (colon === -1) {
    const message = `expected ":" and the largest change behind ${name}, such as ${name}:+2%`;
    return { message, column: text.length + 1 };
  }
  const tail = text.slice(colon + 1);
  const start = colon + 2 + (tail.length - tail.trimStart().length);
  const [, sign, amount] = /^(±|\+-|\+\/-|\+|-|−)?\s*(.*)$/s.exec(tail.trim()) ?? [];
  if (sign === undefined) {
    const found = tail.trim() === '' ? 'nothing' : `"${tail.trim()}"`;
    return { message: `expected +, - or ± and how much, such as +2%, found ${found}`, column: start };
  }
  const direction = sign === '+' ? 'above' : sign === '-' || sign === '−' ? 'below' : 'either';
  const common = { text: text.trim(), metric: metric.path, direction } as const;
  if (/^\d+(\.\d+)?\s*%$/.test(amount)) return { ...common, kind: 'relative', amount: Number.parseFloat(amount) / 100 };
  const size = readAmount(amount, metric.dimension === 'seconds' ? 'seconds' : 'plain');
  if (size !== undefined) return { ...common, kind: 'absolute', amount: size };
  const found = amount === '' ? 'nothing' : `"${amount}"`;
  const wanted = metric.dimension === 'seconds' ? AMOUNTS.seconds : AMOUNTS.plain;
  return { message: `expected a percentage such as 2%, or ${wanted}, found ${found}`, column: start + sign.length };
}

/** `absent`: no run has the number. */
export type LimitState = 'broken' | 'held' | 'open' | 'absent';

export interface JudgedLimit {
  /** As it was written. */
  readonly text: string;
  readonly kind: 'change' | 'threshold';
  /** Of which variant. */
  readonly variant: string;
  readonly metric: string;
  /** `s`, `share`, or empty. */
  readonly unit: string;
  readonly state: LimitState;
  /** Mean change (share, or in the metric's unit), or mean value of a threshold. null: no run has the number. */
  readonly found: number | null;
  readonly isRelative: boolean;
}

/** One limit of one variant with the values it is about, one a seed. `a` of the base; thresholds have none. */
export interface LimitCase {
  readonly variant: string;
  readonly limit: ChangeLimit | Threshold;
  readonly a: readonly (number | null)[] | null;
  readonly b: readonly (number | null)[];
}

/** In the order given. `isExact`: nothing was left to chance, so that a mean is a fact. */
export function judgeLimits(
  cases: readonly LimitCase[],
  { confidence, isExact }: { readonly confidence: number; readonly isExact: boolean },
): JudgedLimit[] {
  const evidence = cases.map(evidenceOf);
  const adjust = (pick: (found: Evidence) => number | null): (number | null)[] => {
    const known = evidence.flatMap((found) => pick(found) ?? []);
    const adjusted = holmAdjusted(known);
    let at = 0;
    return evidence.map((found) => (pick(found) === null ? null : adjusted[at++]));
  };
  const broken = adjust(({ beyond }) => beyond);
  const held = adjust(({ within }) => within);
  const level = (1 - confidence) / 2;
  return cases.map(({ variant, limit }, i) => {
    const { found, samples, isBeyond } = evidence[i];
    const isShown = (pValue: number | null): boolean => pValue !== null && samples >= LEAST_PAIRS && pValue <= level;
    const state: LimitState =
      samples === 0 ? 'absent'
      : isExact ? (isBeyond ? 'broken' : 'held')
      : isShown(broken[i]) ? 'broken'
      : isShown(held[i]) ? 'held'
      : 'open';
    const kind = 'direction' in limit ? 'change' : 'threshold';
    const isRelative = 'direction' in limit && limit.kind === 'relative';
    const { text, metric } = limit;
    return { text, kind, variant, metric, unit: unitOf(metric), state, found, isRelative };
  });
}

function unitOf(metric: string): string {
  const dimension = metricNamed(metric)?.dimension;
  return dimension === 'seconds' ? 's' : dimension === 'share' ? 'share' : '';
}

interface Evidence {
  readonly samples: number;
  readonly found: number | null;
  /** The mean is beyond the limit. */
  readonly isBeyond: boolean;
  /** p-values against "not beyond" and "not within". null: fewer than two samples. */
  readonly beyond: number | null;
  readonly within: number | null;
}

const NO_EVIDENCE: Evidence = { samples: 0, found: null, isBeyond: false, beyond: null, within: null };

function evidenceOf({ limit, a, b }: LimitCase): Evidence {
  return 'direction' in limit ? evidenceOfChange(limit, a ?? [], b) : evidenceOfThreshold(limit, b);
}

function evidenceOfChange(
  limit: ChangeLimit,
  baseValues: readonly (number | null)[],
  values: readonly (number | null)[],
): Evidence {
  const { a, b } = completePairs({ a: baseValues, b: values });
  if (a.length === 0) return NO_EVIDENCE;
  const { kind, direction, amount } = limit;
  const differences = b.map((value, i) => value - a[i]);
  const meanA = mean(a);
  const scale = Math.abs(meanA);
  const found = kind === 'absolute' ? mean(differences) : scale === 0 ? null : mean(differences) / scale;
  const room = a.map((value) => (kind === 'absolute' ? amount : amount * (meanA < 0 ? -value : value)));
  const above = differences.map((difference, i) => difference - room[i]);
  const below = differences.map((difference, i) => -difference - room[i]);
  const sides = direction === 'above' ? [above] : direction === 'below' ? [below] : [above, below];
  return evidenceOfSides(sides, found);
}

/** How far the values are beyond a limit, for each side that it has. */
function evidenceOfSides(sides: readonly (readonly number[])[], found: number | null): Evidence {
  const samples = sides[0].length;
  const beyond = sides.map((side) => positiveMeanPValue(side));
  // What is at the limit with every seed is not beyond it.
  const isAt = (side: readonly number[]): boolean => side.every((value) => value === 0);
  const within = sides.map((side) => (isAt(side) ? 0 : positiveMeanPValue(side.map((value) => -value))));
  if (beyond.includes(null) || within.includes(null)) {
    return { samples, found, isBeyond: sides.some((side) => mean(side) > 0), beyond: null, within: null };
  }
  const shares = beyond.map((pValue) => (pValue ?? 1) * sides.length);
  return {
    samples,
    found,
    isBeyond: sides.some((side) => mean(side) > 0),
    beyond: Math.min(1, ...shares),
    within: Math.max(...within.map((pValue) => pValue ?? 1)),
  };
}

function evidenceOfThreshold({ operator, limit }: Threshold, values: readonly (number | null)[]): Evidence {
  const known = values.filter((value): value is number => value !== null && Number.isFinite(value));
  if (known.length === 0) return NO_EVIDENCE;
  const above = known.map((value) => value - limit);
  const below = known.map((value) => limit - value);
  const isUpper = operator === '<' || operator === '<=';
  const sides = operator === '==' ? [above, below] : [isUpper ? above : below];
  const evidence = evidenceOfSides(sides, mean(known));
  const isAtLimit = known.every((value) => value === limit);
  // All at the limit: it holds, or is broken, without a doubt, as the operator says.
  if (!isAtLimit) return evidence;
  const isBroken = operator === '<' || operator === '>';
  return { ...evidence, isBeyond: isBroken, beyond: isBroken ? 0 : 1, within: isBroken ? 1 : 0 };
}
