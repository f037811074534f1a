/**
 * Conditions on the numbers of a run: `queueWait.p99 < 30s`, `cost <= 120`, `utilization.cpu >= 60%`. Written in the
 * line of k6's thresholds. Reading tells each mistake with its column; judging takes a value and says whether it holds.
 */
import { parseDuration } from '../base/duration.ts';
import type { Dimension } from './metric-names.ts';
import { metricNamed, nearestMetric } from './metric-names.ts';

export const THRESHOLD_OPERATORS = ['<=', '>=', '==', '<', '>'] as const;
export type ThresholdOperator = (typeof THRESHOLD_OPERATORS)[number];

export interface Threshold {
  /** As it was written. */
  readonly text: string;
  /** Path in report.json. */
  readonly metric: string;
  readonly operator: ThresholdOperator;
  /** In the metric's unit: seconds, a share of 1, or a number. */
  readonly limit: number;
}

/** What is wrong with an expression, and where; columns count from 1. */
export interface ExpressionMistake {
  readonly message: string;
  readonly column: number;
  readonly suggestion?: string | undefined;
}

export type ReadThreshold = { readonly threshold: Threshold } | { readonly mistake: ExpressionMistake };

export function readThreshold(text: string): ReadThreshold {
  const parts = /^(\s*)([^<>=!\s]*)(\s*)(<=|>=|==|<|>)?(\s*)(.*?)\s*$/s.exec(text);
  const [, lead = '', name = '', gap = '', operator = '', space = '', amount = ''] = parts ?? [];
  const nameColumn = lead.length + 1;
  const operatorColumn = nameColumn + name.length + gap.length;
  const amountColumn = operatorColumn + operator.length + space.length;
  if (name === '') {
    return mistake('expected a metric and its limit, such as queueWait.p99 < 30s', nameColumn);
  }
  const metric = metricNamed(name);
  if (metric === undefined) {
    return mistake(`there is no metric ${name}`, nameColumn, nearestMetric(name));
  }
  if (operator === '') {
    const found = amount === '' ? 'nothing' : `"${amount}"`;
    const known = THRESHOLD_OPERATORS.join(' ');
    return mistake(`expected one of ${known} behind the metric, found ${found}`, operatorColumn);
  }
  const limit = readAmount(amount, metric.dimension);
  if (limit === undefined) {
    const found = amount === '' ? 'nothing' : `"${amount}"`;
    return mistake(`expected ${AMOUNTS[metric.dimension]} behind ${operator}, found ${found}`, amountColumn);
  }
  const threshold = { text: text.trim(), metric: metric.path, operator: operator as ThresholdOperator, limit };
  return { threshold };
}

function mistake(message: string, column: number, suggestion?: string): ReadThreshold {
  return { mistake: { message, column, suggestion } };
}

/** What may be written for a limit. */
export const AMOUNTS: Readonly<Record<Dimension, string>> = {
  seconds: 'a duration such as 30s or 5m',
  share: 'a share such as 80% or 0.8',
  plain: 'a number',
};

/** In the metric's unit. undefined: this is no such amount. */
export function readAmount(text: string, dimension: Dimension): number | undefined {
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text);
  if (dimension === 'share' && /^\d+(\.\d+)?\s*%$/.test(text)) return Number.parseFloat(text) / 100;
  const micros = dimension === 'seconds' ? parseDuration(text.replaceAll('µs', 'us')) : undefined;
  return micros === undefined ? undefined : micros / 1_000_000;
}

export function holds({ operator, limit }: Pick<Threshold, 'operator' | 'limit'>, value: number): boolean {
  switch (operator) {
    case '<':
      return value < limit;
    case '<=':
      return value <= limit;
    case '>':
      return value > limit;
    case '>=':
      return value >= limit;
    case '==':
      return value === limit;
  }
}
