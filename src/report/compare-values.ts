/** Values, differences and intervals of a comparison as text: one unit a metric, so that they compare by eye. */
import type { VariantMetric, Verdict } from '../experiment/compare-result.ts';
import { ABSENT, formatCount, formatNumber } from './format.ts';

/** A larger change only says that the base is as good as zero. */
const TELLING_PERCENT = 1_000_000;

export interface DisplayUnit {
  readonly text: string;
  readonly factor: number;
  /** Of values below 10; null: as many as the number needs. */
  readonly decimals: number | null;
}

/** `values`: all that are shown with it. */
export function displayUnit(unit: string, values: readonly (number | null)[]): DisplayUnit {
  if (unit === 'share') return { text: '%', factor: 100, decimals: 2 };
  if (unit !== 's') return { text: unit, factor: 1, decimals: null };
  const size = Math.max(...values.map((value) => Math.abs(value ?? 0)));
  if (size > 0 && size < 0.001) return { text: 'µs', factor: 1_000_000, decimals: null };
  if (size > 0 && size < 1) return { text: 'ms', factor: 1000, decimals: null };
  if (size < 600) return { text: 's', factor: 1, decimals: null };
  return size < 36_000
    ? { text: 'min', factor: 1 / 60, decimals: null }
    : { text: 'h', factor: 1 / 3600, decimals: null };
}

export function scaled(value: number | null, { factor, decimals }: DisplayUnit): string {
  if (value === null) return ABSENT;
  return decimals === null ? formatNumber(value * factor) : formatCount(value * factor, decimals);
}

export function signed(value: number | null, unit: DisplayUnit): string {
  return `${value !== null && value > 0 ? '+' : ''}${scaled(value, unit)}`;
}

/** `-20.0%`, `+0.40%`, `×100`; null, or of next to nothing: `-`. */
export function changeText(share: number | null, base: number | null): string {
  if (share === null) return ABSENT;
  const percent = share * 100;
  if (percent > TELLING_PERCENT) return ABSENT;
  if (percent >= 1000 && (base ?? 0) > 0) return `×${formatNumber(1 + percent / 100)}`;
  return `${percent > 0 ? '+' : ''}${percentText(share)}`;
}

/** `19.0%`, `0.40%`. */
export function percentText(share: number): string {
  const percent = share * 100;
  return `${percent.toFixed(Math.abs(percent) < 9.995 ? 2 : 1)}%`;
}

/** `5%`, `2.5%`: as few digits as tell it. */
export function shortPercent(share: number): string {
  return `${String(Number((share * 100).toPrecision(6)))}%`;
}

const DIFFERENCES: readonly Verdict[] = ['better', 'worse', 'higher', 'lower'];

/** Whether the metric is shown to differ from A. */
export function isDifferent({ verdict }: Pick<VariantMetric, 'verdict'>): boolean {
  return DIFFERENCES.includes(verdict);
}

/** `~`: no difference is shown. */
export function shownChange(metric: VariantMetric): string {
  return isDifferent(metric) || metric.pairs < 2 ? changeText(metric.change, metric.base) : '~';
}

/** '': there is none, or nothing was left to chance. */
export function shownInterval(metric: VariantMetric, unit: DisplayUnit, seedsChangeNothing: boolean): string {
  if (metric.verdict === 'same' || metric.verdict === 'absent' || seedsChangeNothing) return '';
  return intervalText(metric, unit) ?? '';
}

/** What an amount of the difference is counted in: shares in points of a per cent. */
export function differenceUnit(metric: Pick<VariantMetric, 'unit'>, unit: DisplayUnit): string {
  return metric.unit === 'share' ? 'points' : unit.text;
}

/** Whether the change is told in per cent: its base is not as good as zero. */
export function hasPercentage({ change, changeLow, changeHigh, base }: VariantMetric): boolean {
  const isTold = (share: number | null): boolean => share !== null && changeText(share, base).endsWith('%');
  return isTold(change) && isTold(changeLow) && isTold(changeHigh);
}

/**
 * `-22.1% to -15.6%`; where the percentage has no bounded interval, or a huge one, that of the difference:
 * `-0.3 to +2 pods`. null: there is none.
 */
export function intervalText(metric: VariantMetric, unit: DisplayUnit): string | null {
  const { changeLow, changeHigh, differenceLow, differenceHigh, base } = metric;
  if (hasPercentage(metric)) return `${changeText(changeLow, base)} to ${changeText(changeHigh, base)}`;
  if (differenceLow === null || differenceHigh === null) return null;
  const ends = `${signed(differenceLow, unit)} to ${signed(differenceHigh, unit)}`;
  return `${ends} ${differenceUnit(metric, unit)}`.trimEnd();
}
