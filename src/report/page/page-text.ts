/** The page without its pictures: for the terminal, as Markdown, and its verdicts for programs. */
import { isDifferent } from '../compare-values.ts';
import { summarySentence, verdictSentence } from '../compare-verdict.ts';
import { plainText, renderText } from '../table.ts';
import type { Paint } from '../table.ts';
import { experimentTables } from './experiment-tables.ts';
import { headingsOf } from './headings.ts';
import { rehearsalSentence, rehearsalTables, sweepSentences, sweepTables } from './other-tables.ts';
import type { PageData, ShownExperiment } from './page-data.ts';
import { markdownTable, markdownText, terminalTable } from './table-forms.ts';
import type { ReportTable } from './table-forms.ts';
import { brokenLimits, withoutComparison } from './verdict.ts';

export interface PagePart {
  readonly title: string;
  readonly sentences: readonly string[];
  readonly tables: readonly ReportTable[];
}

/** In the order of the page. */
export function pageParts(data: PageData): PagePart[] {
  const { experiments, rehearsals, sweeps } = headingsOf(data);
  return [
    ...data.experiments.map((one, i) => ({
      title: experiments[i].title,
      sentences: experimentSentences(one),
      tables: experimentTables(one, experiments[i].id),
    })),
    ...data.rehearsals.map((one, i) => ({
      title: rehearsals[i].title,
      sentences: [rehearsalSentence(one)],
      tables: rehearsalTables(one, rehearsals[i].id),
    })),
    ...data.sweeps.map(({ report }, i) => ({
      title: sweeps[i].title,
      sentences: sweepSentences(report),
      tables: sweepTables(report, sweeps[i].id),
    })),
  ];
}

/** Limits that are broken, then of each variant all in one sentence and what is shown. */
function experimentSentences(experiment: ShownExperiment): string[] {
  const { comparison, variants } = experiment;
  if (comparison === null) return [withoutComparison(experiment)];
  return [
    ...variants.map(({ name, label }) => `${name}: ${label}`),
    ...brokenLimits(comparison),
    ...variants
      .slice(1)
      .flatMap(({ name }) => [
        summarySentence(name, comparison.comparisons),
        ...comparison.comparisons
          .filter((metric) => metric.variant === name && isDifferent(metric))
          .map((metric) => verdictSentence(metric, comparison)),
      ]),
  ];
}

/** Ends in a newline. */
export function pageText(data: PageData, paint: Paint): string {
  const parts = pageParts(data).map(({ title, sentences, tables }) => [
    paint.strong(plainText(title)),
    sentences.map((text) => renderText(plainText(text), paint)).join('\n'),
    ...tables.map((table) => terminalTable(table, paint)),
  ]);
  return `${parts.flat().join('\n\n')}\n`;
}

/** Ends in a newline. */
export function pageMarkdown(data: PageData): string {
  const parts = pageParts(data).map(({ title, sentences, tables }) => [
    `## ${markdownText(title)}\n`,
    `${sentences.map((text) => `- ${markdownText(text)}`).join('\n')}\n`,
    ...tables.map(markdownTable),
  ]);
  const remarks = data.remarks.map((text) => `> ${markdownText(text)}\n`);
  return [...remarks, ...parts.flat()].join('\n');
}
