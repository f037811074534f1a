/**
 * A comparison for the terminal: one line per metric with both means, the mean difference with half its 95 % interval,
 * and the relative change. `~` stands where the interval holds zero: the runs do not show a difference.
 */
import type { Better, CompareResult, MetricComparison } from '../experiment/compare-result.ts';
import { ABSENT, formatCount, formatNumber, formatPlural } from './format.ts';
import {
  numberColumn,
  paintFor,
  plainText,
  renderFacts,
  renderTable,
  renderText,
  textColumn,
  type Paint,
} from './table.ts';

/** Fewer seeds than this make an interval so wide that only large differences show. */
const FEW_SEEDS = 5;
const SEEDS_SHOWN = 12;
/** A larger change only says that A is as good as zero. */
const TELLING_PERCENT = 1_000_000;

/** Ends in a newline. */
export function renderCompareTable(
  result: CompareResult & { readonly seedsChangeNothing?: boolean },
  options: { readonly color: boolean; readonly width?: number | null },
): string {
  const paint = paintFor(options.color, options.width);
  const n = result.seeds.length;
  const head = renderFacts(
    [
      ['Scenario', paint.strong(plainText(result.scenario))],
      ['A', plainText(result.labelA)],
      ['B', plainText(result.labelB)],
      ['Pairs', `${formatPlural(n, 'seed')}: ${seedsText(result.seeds)}`],
    ],
    paint,
  );
  const columns = [textColumn('METRIC'), numberColumn('A'), numberColumn('B'), numberColumn('B - A'), numberColumn('CHANGE'), textColumn('')];
  const table = renderTable(columns, result.metrics.map((metric) => rowOf(metric, paint)), paint);
  const foot = footText(n, result.seedsChangeNothing === true).map((line) => renderText(line, paint));
  return `${[head, table, foot.join('\n')].join('\n\n')}\n`;
}

function seedsText(seeds: readonly string[]): string {
  const shown = seeds.slice(0, SEEDS_SHOWN).map(plainText).join(', ');
  return seeds.length > SEEDS_SHOWN ? `${shown}, ...` : shown;
}

function rowOf(metric: MetricComparison, paint: Paint): string[] {
  const unit = displayUnit(metric);
  const { a, b, meanDifference, low, high } = metric;
  const name = unit.text === '' ? plainText(metric.name) : `${plainText(metric.name)} ${paint.faint(`(${unit.text})`)}`;
  if (a === null || b === null || meanDifference === null) return [name, ABSENT, ABSENT, ABSENT, ABSENT, ''];
  const scaled = (value: number): string => formatScaled(value * unit.factor, unit.decimals);
  const signed = (value: number): string => `${value > 0 ? '+' : ''}${scaled(value)}`;
  const interval = low === null || high === null ? '' : ` ± ${scaled((high - low) / 2)}`;
  return [name, scaled(a), scaled(b), `${signed(meanDifference)}${interval}`, changeText(metric), verdictText(metric, paint)];
}

function changeText({ a, meanDifference, low, significant }: MetricComparison): string {
  if (a === null || meanDifference === null) return ABSENT;
  if (low !== null && !significant) return '~';
  if (a === 0) return ABSENT;
  const percent = (meanDifference / Math.abs(a)) * 100;
  if (percent > TELLING_PERCENT) return ABSENT;
  if (percent >= 1000 && a > 0) return `×${formatNumber(1 + percent / 100)}`;
  return `${percent > 0 ? '+' : ''}${percent.toFixed(Math.abs(percent) < 10 ? 2 : 1)}%`;
}

function verdictText({ better, meanDifference, significant }: MetricComparison, paint: Paint): string {
  if (!significant || meanDifference === null || better === 'neither') return '';
  return isBetter(better, meanDifference) ? paint.good('better') : paint.bad('worse');
}

function isBetter(better: Better, difference: number): boolean {
  return better === 'lower' ? difference < 0 : difference > 0;
}

interface DisplayUnit {
  readonly text: string;
  readonly factor: number;
  /** Of values below 10; null: as many as the number needs. */
  readonly decimals: number | null;
}

/** One unit per line, so that A, B and their difference can be compared by eye. */
function displayUnit({ unit, a, b }: MetricComparison): DisplayUnit {
  if (unit === 'share') return { text: '%', factor: 100, decimals: 2 };
  if (unit !== 's') return { text: unit, factor: 1, decimals: null };
  const size = Math.max(Math.abs(a ?? 0), Math.abs(b ?? 0));
  if (size > 0 && size < 0.001) return { text: 'µs', factor: 1_000_000, decimals: null };
  if (size > 0 && size < 1) return { text: 'ms', factor: 1000, decimals: null };
  if (size < 600) return { text: 's', factor: 1, decimals: null };
  return size < 36_000 ? { text: 'min', factor: 1 / 60, decimals: null } : { text: 'h', factor: 1 / 3600, decimals: null };
}

function formatScaled(value: number, decimals: number | null): string {
  return decimals === null ? formatNumber(value) : formatCount(value, decimals);
}

function footText(seeds: number, changeNothing: boolean): string[] {
  if (changeNothing) {
    return [
      'Every seed gave the same run, of A and of B: nothing here is left to chance. ' +
        'The differences are exact, and more seeds would show no more.',
    ];
  }
  if (seeds < 2) return ['One seed gives no interval: a difference may be chance. Run more seeds to know.'];
  const lines = ['B - A: mean of the differences within each seed, ± half of the 95 % paired t interval. ~: that interval holds zero.'];
  if (seeds < FEW_SEEDS) lines.push(`With only ${seeds} seeds small differences do not show; ten or more are a good number.`);
  return lines;
}
