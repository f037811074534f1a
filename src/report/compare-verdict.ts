/** What a comparison shows, in sentences: one a metric and variant, and one of all. Plain text, without colour. */
import type { VariantMetric, Verdict } from '../experiment/compare-result.ts';
import {
  changeText, differenceUnit, displayUnit, hasPercentage, intervalText, percentText, scaled, shortPercent, signed,
} from './compare-values.ts';
import type { DisplayUnit } from './compare-values.ts';
import { formatCount } from './format.ts';

/** Fewer pairs show nothing (docs/statistics.md). */
export const LEAST_TO_SHOW = 5;

export interface VerdictContext {
  readonly margin: number;
  /** Nothing was left to chance: differences are exact. */
  readonly seedsChangeNothing: boolean;
}

/** `queueWait.p99: B is better: 19.0% lower than A (22.1% to 15.6% lower).` */
export function verdictSentence(metric: VariantMetric, context: VerdictContext): string {
  const { shortName, variant, verdict } = metric;
  const unit = displayUnit(metric.unit, [metric.base, metric.value]);
  switch (verdict) {
    case 'absent':
      return `${shortName}: not known of ${variant}: no seed gave a value both of A and of ${variant}.`;
    case 'same':
      return `${shortName}: ${variant} is the same as A with every seed.`;
    case 'equal':
      return (
        `${shortName}: ${variant} equals A for practical purposes: ` +
        `the difference is within ±${shortPercent(context.margin)} (${intervalText(metric, unit) ?? 'all seeds'}).`
      );
    case 'unknown':
      return `${shortName}: ${unknownText(metric, unit)}`;
    default:
      return `${shortName}: ${differenceText(metric, unit, context)}`;
  }
}

const SAYS: Readonly<Record<string, string>> = {
  better: ' is better: ', worse: ' is worse: ', higher: ' is ', lower: ' is ',
};

function differenceText(metric: VariantMetric, unit: DisplayUnit, context: VerdictContext): string {
  const { variant, verdict, difference, isWithinMargin } = metric;
  const direction = (difference ?? 0) > 0 ? 'higher' : 'lower';
  const range = context.seedsChangeNothing ? 'exactly' : rangeText(metric, unit, direction);
  const within = isWithinMargin ? `; that is within the ±${shortPercent(context.margin)} that count as equal` : '';
  return `${variant}${SAYS[verdict]}${amountText(metric, unit)} ${direction} than A (${range})${within}.`;
}

/** Without a sign. */
function amountText(metric: VariantMetric, unit: DisplayUnit): string {
  const { change, difference, base } = metric;
  if (change !== null && changeText(change, base).endsWith('%')) return percentText(Math.abs(change));
  return `${scaled(Math.abs(difference ?? 0), unit)} ${differenceUnit(metric, unit)}`.trimEnd();
}

/** `15.6% to 22.1% lower`: both ends are on one side. */
function rangeText(metric: VariantMetric, unit: DisplayUnit, direction: string): string {
  const { changeLow, changeHigh, differenceLow, differenceHigh } = metric;
  if (changeLow !== null && changeHigh !== null && hasPercentage(metric)) {
    const [near, far] = [Math.abs(changeLow), Math.abs(changeHigh)].sort((a, b) => a - b);
    return `${percentText(near)} to ${percentText(far)} ${direction}`;
  }
  const [near, far] = [Math.abs(differenceLow ?? 0), Math.abs(differenceHigh ?? 0)].sort((a, b) => a - b);
  const ends = `${scaled(near, unit)} to ${scaled(far, unit)}`;
  return `${[ends, differenceUnit(metric, unit), direction].filter((word) => word !== '').join(' ')}`;
}

function unknownText(metric: VariantMetric, unit: DisplayUnit): string {
  const { variant, pairs, moreSeeds, change, base, difference } = metric;
  if (pairs < LEAST_TO_SHOW) {
    const few = pairs === 1 ? 'one seed is' : `${formatCount(pairs)} seeds are`;
    return `${few} too few to show anything of ${variant}; it takes ${LEAST_TO_SHOW} or more.`;
  }
  const interval = intervalText(metric, unit);
  const where = interval === null ? '' : `: ${variant} less A may be ${interval}`;
  const percent = changeText(change, base);
  const amount = `${signed(difference, unit)} ${differenceUnit(metric, unit)}`.trimEnd();
  const seen = percent.endsWith('%') ? percent : amount;
  const seeds = moreSeeds === 1 ? '1 more seed' : `${formatCount(moreSeeds)} more seeds`;
  const more = moreSeeds === null ? '' : `; about ${seeds} would show the ${seen} seen, if that is true`;
  return `no difference is shown, and none is ruled out${where}${more}.`;
}

/** `B is better than A in 3 metrics and worse in 1; ...`: one sentence a variant. */
export function summarySentence(variant: string, comparisons: readonly VariantMetric[]): string {
  const own = comparisons.filter((metric) => metric.variant === variant);
  const count = (...verdicts: readonly Verdict[]): number =>
    own.filter(({ verdict }) => verdicts.includes(verdict)).length;
  const metrics = (n: number): string => `${formatCount(n)} ${n === 1 ? 'metric' : 'metrics'}`;
  const shown = [
    ...part(count('better'), (n) => `better than A in ${metrics(n)}`),
    ...part(count('worse'), (n) => `worse in ${metrics(n)}`),
    ...part(count('higher', 'lower'), (n) => `different in ${metrics(n)} of which neither way is good in itself`),
  ];
  const rest = [
    ...part(count('same'), (n) => `${metrics(n)} ${n === 1 ? 'is' : 'are'} the same with every seed`),
    ...part(count('equal'), (n) => `${metrics(n)} ${n === 1 ? 'is' : 'are'} equal for practical purposes`),
    ...part(count('unknown'), (n) => `of ${metrics(n)} nothing is shown either way`),
    ...part(count('absent'), (n) => `${metrics(n)} ${n === 1 ? 'has' : 'have'} no values`),
  ];
  const head = shown.length === 0 ? `${variant} is not shown to differ from A` : `${variant} is ${joined(shown)}`;
  return `${[head, ...rest].join('; ')}.`;
}

function part(count: number, say: (count: number) => string): string[] {
  return count === 0 ? [] : [say(count)];
}

function joined(parts: readonly string[]): string {
  return parts.length < 2 ? parts.join('') : `${parts.slice(0, -1).join(', ')} and ${parts.at(-1) ?? ''}`;
}
