/**
 * A comparison for the terminal, in the shape of Go's benchstat: one line a metric (of several variants: one a
 * variant), `~` where no difference is shown, then what is shown in sentences.
 */
import type { VariantMetric } from '../experiment/compare-result.ts';
import type { Comparison } from '../experiment/compare.ts';
import type { JudgedLimit } from '../experiment/limits.ts';
import {
  changeText, displayUnit, scaled, shortPercent, shownChange, shownInterval, signed,
} from './compare-values.ts';
import type { DisplayUnit } from './compare-values.ts';
import { LEAST_TO_SHOW, summarySentence, verdictSentence } from './compare-verdict.ts';
import { ABSENT, formatCount, formatPlural } from './format.ts';
import {
  numberColumn,
  paintFor,
  plainText,
  renderFacts,
  renderMarkdownTable,
  renderTable,
  renderText,
  textColumn,
  type Column,
  type Paint,
} from './table.ts';

const SEEDS_SHOWN = 12;

/** What is shown: everything that the runs say, less what they were made from. */
export type ShownComparison = Omit<Comparison, 'labelA' | 'labelB' | 'metrics' | 'version' | 'digestsA' | 'digestsB'>;

/** Ends in a newline. */
export function renderCompareTable(
  result: ShownComparison,
  options: { readonly color: boolean; readonly width?: number | null },
): string {
  const paint = paintFor(options.color, options.width);
  const blocks = [
    headOf(result, paint),
    renderMetrics(result, paint),
    ...limitsBlock(result, paint),
    sentencesOf(result).map((line) => renderText(plainText(line), paint)).join('\n'),
    footOf(result).map((line) => renderText(line, paint)).join('\n'),
  ];
  return `${blocks.filter((block) => block !== '').join('\n\n')}\n`;
}

/** The tables alone, in Markdown. Ends in a newline. */
export function renderCompareMarkdown(result: ShownComparison): string {
  const paint = paintFor(false);
  const columns = columnsOf(result);
  const facts = result.variants.map(({ name, label }) => `- ${name}: \`${plainText(label)}\``);
  const sentences = sentencesOf(result).map((line) => `${line.startsWith(' ') ? '  ' : ''}- ${plainText(line).trim()}`);
  const limits = result.limits.map((limit) => `- ${limitSentence(limit)}`);
  const parts = [
    `**${plainText(result.scenario)}**, ${formatPlural(result.seeds.length, 'seed')}`,
    facts.join('\n'),
    renderMarkdownTable(columns, rowsOf(result, paint)),
    ...(limits.length === 0 ? [] : [limits.join('\n')]),
    sentences.join('\n'),
    footOf(result).join(' '),
  ];
  return `${parts.join('\n\n')}\n`;
}

/** Narrow terminals do without the difference, which A and B tell, rather than have two tables. */
const WIDE_FROM = 100;

function renderMetrics(result: ShownComparison, paint: Paint): string {
  const columns = columnsOf(result);
  const dropped = paint.width === null || paint.width >= WIDE_FROM ? -1 : 3;
  const kept = <T>(cells: readonly T[]): T[] => cells.filter((_cell, i) => i !== dropped);
  return renderTable(kept(columns), rowsOf(result, paint).map(kept), paint);
}

function headOf({ scenario, variants, seeds, precision }: ShownComparison, paint: Paint): string {
  const shown = seeds.slice(0, SEEDS_SHOWN).map(plainText).join(', ');
  const list = seeds.length > SEEDS_SHOWN ? `${shown}, ...` : shown;
  const facts: [string, string][] = [
    ['Scenario', paint.strong(plainText(scenario))],
    ...variants.map(({ name, label }): [string, string] => [name, plainText(label)]),
    ['Pairs', `${formatPlural(seeds.length, 'seed')}: ${list}`],
    ...precision.map((target): [string, string] => ['Target', targetText(target, seeds.length, variants.length > 2)]),
  ];
  return renderFacts(facts, paint);
}

function targetText(target: ShownComparison['precision'][number], seeds: number, isNamed: boolean): string {
  const half = (value: number): string => {
    const short = Number(value.toPrecision(3));
    return target.kind === 'relative' ? shortPercent(short) : String(short);
  };
  const whose = isNamed ? ` of ${target.variant}` : '';
  const found = target.found === null ? 'not bounded' : `±${half(target.found)}`;
  const wanted = `${target.shortName}${whose} to ±${half(target.halfWidth)}`;
  if (target.isReached) return `${wanted}: reached, ${found}`;
  const needed = target.seedsNeeded === null ? '' : `; about ${formatCount(target.seedsNeeded)} would do`;
  return `${wanted}: NOT reached with ${formatPlural(seeds, 'seed')}, ${found}${needed}`;
}

function columnsOf({ variants, confidence }: ShownComparison): Column[] {
  const interval = numberColumn(`${shortPercent(confidence)} INTERVAL`);
  if (variants.length === 2) {
    const values = [numberColumn('A'), numberColumn('B'), numberColumn('B - A')];
    return [textColumn('METRIC'), ...values, numberColumn('CHANGE'), interval, textColumn('')];
  }
  const values = [numberColumn('MEAN'), numberColumn('LESS A')];
  return [textColumn('METRIC'), textColumn(''), ...values, numberColumn('CHANGE'), interval, textColumn('')];
}

function rowsOf(result: ShownComparison, paint: Paint): string[][] {
  const byMetric = new Map<string, VariantMetric[]>();
  for (const metric of result.comparisons) {
    byMetric.set(metric.metric, [...(byMetric.get(metric.metric) ?? []), metric]);
  }
  return [...byMetric.values()].flatMap((metrics) => rowsOfMetric(metrics, result, paint));
}

function rowsOfMetric(metrics: readonly VariantMetric[], result: ShownComparison, paint: Paint): string[][] {
  const [first] = metrics;
  const unit = displayUnit(first.unit, metrics.flatMap(({ base, value }) => [base, value]));
  const name = plainText(first.shortName);
  const title = unit.text === '' ? name : `${name} ${paint.faint(`(${unit.text})`)}`;
  if (result.variants.length === 2) return [[title, scaled(first.base, unit), ...cellsOf(first, unit, result, paint)]];
  const base = metrics.find((metric) => metric.base !== null)?.base ?? null;
  return [
    [title, 'A', scaled(base, unit), '', '', '', ''],
    ...metrics.map((metric) => ['', metric.variant, ...cellsOf(metric, unit, result, paint)]),
  ];
}

/** Mean, difference, change, interval, verdict. */
function cellsOf(metric: VariantMetric, unit: DisplayUnit, result: ShownComparison, paint: Paint): string[] {
  if (metric.verdict === 'absent') return [ABSENT, ABSENT, ABSENT, '', ''];
  return [
    scaled(metric.value, unit),
    signed(metric.difference, unit),
    shownChange(metric),
    shownInterval(metric, unit, result.seedsChangeNothing),
    noteOf(metric, result.margin, paint),
  ];
}

function noteOf({ verdict, moreSeeds, pairs }: VariantMetric, margin: number, paint: Paint): string {
  if (verdict === 'better') return paint.good('better');
  if (verdict === 'worse') return paint.bad('worse');
  if (verdict === 'same') return 'same';
  if (verdict === 'equal') return `within ${shortPercent(margin)}`;
  if (verdict !== 'unknown') return verdict;
  if (pairs < LEAST_TO_SHOW) return 'few seeds';
  return moreSeeds === null ? '' : paint.faint(`+${formatCount(moreSeeds)} ${moreSeeds === 1 ? 'seed' : 'seeds'}`);
}

function limitsBlock({ limits }: ShownComparison, paint: Paint): string[] {
  if (limits.length === 0) return [];
  const columns = [textColumn('LIMIT'), textColumn('VARIANT'), numberColumn('FOUND'), textColumn('')];
  const rows = limits.map((limit) => [
    plainText(limit.text),
    limit.variant,
    foundText(limit),
    limit.state === 'broken' ? paint.bad('BROKEN') : LIMIT_STATES[limit.state],
  ]);
  return [renderTable(columns, rows, paint)];
}

const LIMIT_STATES: Readonly<Record<JudgedLimit['state'], string>> = {
  broken: 'BROKEN',
  held: 'holds',
  open: 'not shown either way',
  absent: 'no value',
};

function foundText({ found, isRelative, kind, unit }: JudgedLimit): string {
  if (found === null) return ABSENT;
  if (isRelative) return changeText(found, 1);
  const shown = displayUnit(unit, [found]);
  return `${kind === 'change' ? signed(found, shown) : scaled(found, shown)} ${shown.text}`.trimEnd();
}

/** `cost:+2%: B: BROKEN (found +3.10%)`. */
export function limitSentence(limit: JudgedLimit): string {
  const found = limit.found === null ? '' : ` (found ${foundText(limit)})`;
  return `${plainText(limit.text)}: ${limit.variant}: ${LIMIT_STATES[limit.state]}${found}`;
}

/** Of all first; then metric by metric, what is the same with every seed in one sentence. */
function sentencesOf(result: ShownComparison): string[] {
  const { comparisons, variants } = result;
  return variants.slice(1).flatMap(({ name }) => {
    const own = comparisons.filter(({ variant }) => variant === name);
    const isFew = ({ verdict, pairs }: VariantMetric): boolean => verdict === 'unknown' && pairs < LEAST_TO_SHOW;
    const told = own.filter((metric) => metric.verdict !== 'same' && !isFew(metric));
    const same = own.filter(({ verdict }) => verdict === 'same').map(({ shortName }) => shortName);
    const few = own.filter(isFew).map(({ shortName }) => shortName);
    return [
      summarySentence(name, comparisons),
      ...told.map((metric) => `  ${verdictSentence(metric, result)}`),
      ...listed(few, `Too few seeds to show anything (it takes ${LEAST_TO_SHOW} or more)`),
      ...(same.length === own.length ? [] : listed(same, `${name} is the same as A with every seed`)),
    ];
  });
}

function listed(names: readonly string[], what: string): string[] {
  return names.length === 0 ? [] : [`  ${what}: ${names.join(', ')}.`];
}

export function footOf({ seeds, seedsChangeNothing, confidence, comparisons, variants }: ShownComparison): string[] {
  if (seedsChangeNothing) {
    const whose = variants.length === 2 ? 'of A and of B' : 'of every variant';
    return [
      `Every seed gave the same run, ${whose}: nothing here is left to chance. ` +
        'The differences are exact, and more seeds would show no more.',
    ];
  }
  if (seeds.length < 2) return ['One seed gives no interval: a difference may be chance. Run more seeds to know.'];
  const lines = [
    `${shortPercent(confidence)} INTERVAL: where the change of the mean lies, from differences within each seed. ` +
      `~: no difference is shown, all ${formatCount(comparisons.length)} lines counted together (Holm). ` +
      '+N seeds: so many more would show the difference seen.',
  ];
  if (seeds.length < LEAST_TO_SHOW) {
    const least = `${LEAST_TO_SHOW} is the least, ten or more are a good number`;
    lines.push(`With only ${seeds.length} seeds nothing is shown: ${least}.`);
  }
  return lines;
}
