/** What the options of `podyard compare` ask for, checked before anything runs. */
import { InputError } from '../base/input-error.ts';
import type { Problem } from '../base/input-error.ts';
import { lookSchedule } from '../base/statistics/looks.ts';
import { readChangeLimits } from '../experiment/limits.ts';
import type { ChangeLimit } from '../experiment/limits.ts';
import { readPrecisionTargets } from '../experiment/stopping-rule.ts';
import type { PrecisionTarget } from '../experiment/stopping-rule.ts';
import { commonMetrics, isMetricMeant, metricNamed, nearestMetric } from '../metrics/metric-names.ts';
import type { GivenOptions } from './options.ts';
import { gathering } from './scenario-input.ts';

export interface ComparisonRequest {
  /** Numbers of seeds after which the targets are looked at, ascending; one when the number is given. */
  readonly looks: readonly number[];
  readonly seedOf: (index: number) => string;
  /** null: all. */
  readonly metrics: readonly string[] | null;
  readonly margin: number;
  readonly targets: readonly PrecisionTarget[];
  readonly limits: readonly ChangeLimit[];
}

const DEFAULT_SEEDS = 10;
/** With `--until`, unless `--seeds` says otherwise. */
const MOST_SEEDS = 200;

/** Throws an InputError with all that is wrong. */
export function comparisonRequest(given: GivenOptions): ComparisonRequest {
  const problems: Problem[] = [];
  const metrics = gathering(problems, () => metricsAsked(given.list('metric')));
  const margin = gathering(problems, () => marginOf(given.text('margin') ?? '1%'));
  const targets = gathering(problems, () => targetsOf(given.list('until')));
  const limits = gathering(problems, () => readChangeLimits(given.list('fail-if')));
  if (problems.length > 0 || margin === undefined || targets === undefined || limits === undefined) {
    throw new InputError(problems);
  }
  const prefix = given.text('seed-prefix') ?? '';
  const seeds = given.number('seeds');
  return {
    looks: targets.length === 0 ? [seeds ?? DEFAULT_SEEDS] : lookSchedule(seeds ?? MOST_SEEDS),
    seedOf: (index) => `${prefix}${String(index + 1)}`,
    metrics: metrics ?? null,
    margin,
    targets,
    limits,
  };
}

/** Names, several with commas; null: none. Throws InputError for names that no run knows. */
export function metricsAsked(words: readonly string[]): string[] | null {
  const names = words.flatMap((word) => word.split(',')).map((name) => name.trim());
  const problems = names.flatMap((name): Problem[] => {
    const isKnown = name.includes('*')
      ? commonMetrics().some((path) => isMetricMeant(name, path))
      : metricNamed(name) !== undefined;
    return isKnown ? [] : [{ message: `--metric: there is no metric ${name}`, suggestion: nearestMetric(name) }];
  });
  if (problems.length > 0) throw new InputError(problems);
  return names.length === 0 ? null : names;
}

function marginOf(text: string): number {
  const percent = /^(\d+(?:\.\d+)?)\s*%$/.exec(text)?.[1];
  if (percent === undefined) {
    throw new InputError({ message: `--margin: expected a percentage such as 1%, found "${text}"` });
  }
  return Number(percent) / 100;
}

function targetsOf(texts: readonly string[]): PrecisionTarget[] {
  const nameOf = (text: string): string => text.slice(0, Math.max(0, text.lastIndexOf(':'))).trim();
  const named = texts.flatMap((text) => metricNamed(nameOf(text))?.path ?? []);
  try {
    return readPrecisionTargets(texts, [...new Set([...commonMetrics(), ...named])]);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    throw new InputError(error.problems.map((problem) => ({ ...problem, message: `--until: ${problem.message}` })));
  }
}
