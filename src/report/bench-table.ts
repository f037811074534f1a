/** Result cards as tables: one, one beside another, and many side by side. Reads cards only. */
import type { BenchCard, CardFigure, ComparedFigure } from '../experiment/bench-card.ts';
import type { Verdict } from '../experiment/compare-result.ts';
import { changeText, displayUnit, intervalText, scaled } from './compare-values.ts';
import type { DisplayUnit } from './compare-values.ts';
import { ABSENT, formatPlural } from './format.ts';
import {
  numberColumn, paintFor, plainText, renderFacts, renderMarkdownTable, renderTable, renderText, textColumn,
} from './table.ts';
import type { Column, Paint } from './table.ts';

/** A card, and how it compares with another; null: it stands alone. Ends in a newline. */
export interface ShownCard {
  readonly card: BenchCard;
  readonly against: { readonly label: string; readonly figures: readonly ComparedFigure[] } | null;
}

const COLUMNS = [
  textColumn('scenario'),
  textColumn('figure'),
  textColumn('better'),
  numberColumn('mean'),
  numberColumn('±'),
];
const AGAINST_COLUMNS = [numberColumn('base'), numberColumn('change'), numberColumn('interval'), textColumn('')];

function columnsOf({ against }: ShownCard): Column[] {
  return [...COLUMNS, ...(against === null ? [] : AGAINST_COLUMNS)];
}

export function renderCardTable(shown: ShownCard, paint: Paint = paintFor(false)): string {
  const columns = columnsOf(shown).map((column) => ({ ...column, title: column.title.toUpperCase() }));
  const parts = [
    renderFacts(factsOf(shown), paint),
    renderTable(columns, rowsOf(shown), paint),
    ...sentencesOf(shown).map((line) => renderText(line, paint)),
  ];
  return `${parts.join('\n\n')}\n`;
}

export function renderCardMarkdown(shown: ShownCard): string {
  const facts = factsOf(shown).map(([name, value]) => `- ${name}: ${value}`);
  const table = renderMarkdownTable(columnsOf(shown), rowsOf(shown));
  return `${[facts.join('\n'), table, ...sentencesOf(shown)].join('\n\n')}\n`;
}

/**
 * Cards side by side, the first one as the base of the others: `+` where a figure is shown to be better than its, `-`
 * where worse. `comparisons`: of each of the others with the first.
 */
export function renderCardsMarkdown(
  cards: readonly BenchCard[],
  comparisons: readonly (readonly ComparedFigure[])[],
): string {
  const [first, ...others] = cards;
  const schedulers = cards.map(({ scheduler }) => numberColumn(plainText(scheduler.label)));
  const columns = [textColumn('scenario'), textColumn('figure'), ...schedulers];
  const rows = first.scenarios.flatMap(({ scenario, figures }) =>
    figures.map((figure, i) => {
      const all = [figure, ...others.map((card) => figureOf(card, scenario, figure.metric))];
      const unit = displayUnit(figure.unit, all.map((one) => one?.mean ?? null));
      const name = `${figure.shortName}${unit.text === '' ? '' : `, ${unit.text}`}`;
      const cells = all.map(
        (one, k) => `${scaled(one?.mean ?? null, unit)}${k === 0 ? '' : markOf(comparisons[k - 1], scenario, figure)}`,
      );
      return [i === 0 ? scenario : '', `${name} (${figure.better === 'lower' ? 'less' : 'more'})`, ...cells];
    }),
  );
  return `${renderMarkdownTable(columns, rows)}\n`;
}

function markOf(figures: readonly ComparedFigure[], scenario: string, { metric }: CardFigure): string {
  const verdict = figures.find((one) => one.scenario === scenario && one.metric === metric)?.verdict;
  return verdict === 'better' ? ' **+**' : verdict === 'worse' ? ' **-**' : '';
}

function figureOf(card: BenchCard, scenario: string, metric: string): CardFigure | undefined {
  return card.scenarios.find((one) => one.scenario === scenario)?.figures.find((one) => one.metric === metric);
}

function factsOf({ card: { suite, podyard, scheduler, scenarios }, against }: ShownCard): [string, string][] {
  const plugins = scheduler.plugins.map(({ file, sha256 }) => `${plainText(file)} (sha256 ${sha256.slice(0, 12)})`);
  const seeds = scenarios[0]?.seeds.length ?? 0;
  return [
    ['Scheduler', plainText(scheduler.label)],
    ...(plugins.length === 0 ? [] : [['Plugins', plugins.join(', ')] satisfies [string, string]]),
    [
      'Suite',
      `${plainText(suite.name)} ${String(suite.version)}, ${formatPlural(scenarios.length, 'scenario')}, ` +
        `${formatPlural(seeds, 'seed')} each`,
    ],
    ['Podyard', plainText(podyard)],
    ...(against === null ? [] : [['Base', plainText(against.label)] satisfies [string, string]]),
  ];
}

function rowsOf({ card, against }: ShownCard): string[][] {
  return card.scenarios.flatMap(({ scenario, figures }) =>
    figures.map((figure, i) => {
      const compared = against?.figures.find((one) => one.scenario === scenario && one.metric === figure.metric);
      const unit = displayUnit(figure.unit, [figure.mean, compared?.base ?? null]);
      const half = figure.mean === null || figure.high === null ? null : figure.high - figure.mean;
      return [
        i === 0 ? plainText(scenario) : '',
        figure.shortName,
        figure.better,
        withUnit(figure.mean, unit),
        scaled(half, unit),
        ...(against === null ? [] : comparedCells(compared)),
      ];
    }),
  );
}

function withUnit(value: number | null, unit: DisplayUnit): string {
  return value === null ? ABSENT : `${scaled(value, unit)} ${unit.text}`.trimEnd();
}

/** Verdicts are their own words, but where nothing can be said. */
function verdictText(verdict: Verdict): string {
  return verdict === 'unknown' ? '~' : verdict === 'absent' ? '' : verdict;
}

function comparedCells(compared: ComparedFigure | undefined): string[] {
  if (compared === undefined) return [ABSENT, ABSENT, '', ''];
  const unit = displayUnit(compared.unit, [compared.base, compared.value]);
  return [
    withUnit(compared.base, unit),
    changeText(compared.change, compared.base),
    intervalText(compared, unit) ?? '',
    verdictText(compared.verdict),
  ];
}

function sentencesOf({ against }: ShownCard): string[] {
  if (against === null) return [];
  const count = (verdict: string): number => against.figures.filter((one) => one.verdict === verdict).length;
  const all = formatPlural(against.figures.length, 'figure');
  const same = count('equal') + count('same');
  return [
    `Of ${all}, ${String(count('better'))} better, ${String(count('worse'))} worse, ${String(same)} equal; of ` +
      `${String(count('unknown'))} nothing is shown (~), at 95 % over all of them (Holm).`,
  ];
}
