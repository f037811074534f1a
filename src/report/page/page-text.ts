/** The page without its pictures: for the terminal, as Markdown, and its verdicts for programs. */
import { limitSentence } from '../compare-table.ts';
import { summarySentence, verdictSentence } from '../compare-verdict.ts';
import { plainText, renderText } from '../table.ts';
import type { Paint } from '../table.ts';
import { rehearsalSentence, rehearsalTables, sweepSentences, sweepTables } from './other-tables.ts';
import { experimentTables } from './experiment-tables.ts';
import type { PageData, ShownExperiment } from './page-data.ts';
import { experimentId, rehearsalId, sweepId, withoutComparison } from './verdict.ts';
import { markdownTable, markdownText, terminalTable } from './table-forms.ts';
import type { ReportTable } from './table-forms.ts';

export interface PageVerdict {
  readonly of: string;
  readonly sentences: readonly string[];
}

interface Part extends PageVerdict {
  readonly tables: readonly ReportTable[];
}

function partsOf({ experiments, rehearsals, sweeps }: PageData): Part[] {
  return [
    ...experiments.map((one, i) => ({
      of: one.scenario,
      sentences: experimentSentences(one),
      tables: experimentTables(one, experimentId(i)),
    })),
    ...rehearsals.map((one, i) => ({
      of: `Rehearsal of ${one.result.scenario}`,
      sentences: [rehearsalSentence(one)],
      tables: rehearsalTables(one, rehearsalId(i)),
    })),
    ...sweeps.map(({ report }, i) => ({
      of: `Sweep ${report.name}`,
      sentences: sweepSentences(report),
      tables: sweepTables(report, sweepId(i)),
    })),
  ];
}

export function pageVerdicts(data: PageData): PageVerdict[] {
  return partsOf(data).map(({ of, sentences }) => ({ of, sentences }));
}

/** Limits that are broken, then of each variant all in one sentence and what is shown. */
function experimentSentences(experiment: ShownExperiment): string[] {
  const { comparison, variants } = experiment;
  if (comparison === null) return [withoutComparison(experiment)];
  const broken = comparison.limits
    .filter(({ state }) => state === 'broken')
    .map((limit) => `Limit broken: ${limitSentence(limit)}`);
  const isShown = ['better', 'worse', 'higher', 'lower'];
  return [
    ...variants.map(({ name, label }) => `${name}: ${label}`),
    ...broken,
    ...variants
      .slice(1)
      .flatMap(({ name }) => [
        summarySentence(name, comparison.comparisons),
        ...comparison.comparisons
          .filter(({ variant, verdict }) => variant === name && isShown.includes(verdict))
          .map((metric) => verdictSentence(metric, comparison)),
      ]),
  ];
}

/** Ends in a newline. */
export function pageText(data: PageData, paint: Paint): string {
  const parts = partsOf(data).map(({ of, sentences, tables }) => [
    paint.strong(plainText(of)),
    sentences.map((text) => renderText(plainText(text), paint)).join('\n'),
    ...tables.map((table) => terminalTable(table, paint)),
  ]);
  return `${parts.flat().join('\n\n')}\n`;
}

/** Ends in a newline. */
export function pageMarkdown(data: PageData): string {
  const parts = partsOf(data).map(({ of, sentences, tables }) => [
    `## ${markdownText(of)}\n`,
    `${sentences.map((text) => `- ${markdownText(text)}`).join('\n')}\n`,
    ...tables.map(markdownTable),
  ]);
  const remarks = data.remarks.map((text) => `> ${markdownText(text)}\n`);
  return [...remarks, ...parts.flat()].join('\n');
}
