/** What stands first on the page: what is shown of each result, in sentences. */
import type { VariantMetric } from '../../experiment/compare-result.ts';
import type { ShownComparison } from '../compare-table.ts';
import { limitSentence } from '../compare-table.ts';
import { isDifferent } from '../compare-values.ts';
import { LEAST_TO_SHOW, summarySentence, verdictSentence } from '../compare-verdict.ts';
import { formatPlural } from '../format.ts';
import { escapeText } from '../plots/svg.ts';
import { valueText, verdictStyle } from './experiment-tables.ts';
import { headingsOf } from './headings.ts';
import type { Heading } from './headings.ts';
import { rehearsalSentence, sweepSentences } from './other-tables.ts';
import type { PageData, ShownExperiment } from './page-data.ts';

/** A box for each result, in the order of the page. */
export function verdicts(data: PageData): string {
  const { experiments, rehearsals, sweeps } = headingsOf(data);
  const box = ({ id, title }: Heading, inner: string): string =>
    `<section class="verdict"><h3><a href="#${id}">${escapeText(title)}</a></h3>${inner}</section>`;
  return [
    ...data.experiments.map((one, i) => box(experiments[i], experimentVerdict(one))),
    ...data.rehearsals.map((one, i) => box(rehearsals[i], paragraph(capital(rehearsalSentence(one)), 'strong'))),
    ...data.sweeps.map(({ report }, i) => {
      const [head, ...others] = sweepSentences(report);
      return box(sweeps[i], paragraph(head, 'strong') + list(others.map((text) => ({ text, style: '' }))));
    }),
  ].join('\n');
}

/** A sentence each. */
export function brokenLimits({ limits }: ShownComparison): string[] {
  return limits
    .filter(({ state }) => state === 'broken')
    .map((limit) => `Limit broken: ${limitSentence(limit)}`);
}

function experimentVerdict(experiment: ShownExperiment): string {
  const { comparison, variants } = experiment;
  if (comparison === null) return paragraph(withoutComparison(experiment), 'strong');
  const seeds = formatPlural(comparison.seeds.length, 'seed');
  const few =
    comparison.seeds.length < LEAST_TO_SHOW && !comparison.seedsChangeNothing
      ? paragraph(`With ${seeds} nothing can be shown: it takes ${String(LEAST_TO_SHOW)} or more.`, 'who')
      : '';
  const each = variants.slice(1).map(({ name }) => {
    const own = comparison.comparisons.filter(({ variant }) => variant === name);
    const sentence = (metric: VariantMetric): { text: string; style: string } => ({
      text: verdictSentence(metric, comparison),
      style: verdictStyle(metric),
    });
    const shown = own.filter(isDifferent);
    const others = own.filter((metric) => !isDifferent(metric));
    const summary = `What is said of ${formatPlural(others.length, 'other metric')}`;
    const inner = `<summary>${escapeText(summary)}</summary>${list(others.map(sentence))}`;
    const more = others.length === 0 ? '' : `<details>${inner}</details>`;
    return paragraph(summarySentence(name, comparison.comparisons), 'strong') + list(shown.map(sentence)) + more;
  });
  const labels = variants.map(({ name, label }) => `${name}: ${label}`).join('; ');
  const alarms = brokenLimits(comparison).map((text) => ({ text, style: 'bad' }));
  return `${paragraph(`${labels}; ${seeds}`, 'who')}${list(alarms)}${few}${each.join('')}`;
}

/** What there is to say of runs that have nothing beside them. */
export function withoutComparison({ runs, variants, metrics }: ShownExperiment): string {
  const whole = runs.filter(({ complete }) => complete);
  if (variants.length > 1) {
    const few = `${formatPlural(variants.length, 'variant')}, but fewer than two seeds that all of them have`;
    return `${few}: there is no verdict. Run each with the same seeds, or use podyard compare.`;
  }
  if (whole.length !== 1)
    return `${formatPlural(whole.length, 'complete run')} of one variant: there is nothing to compare.`;
  const [{ values }] = whole;
  const told = (name: string, word: string): string[] => {
    const index = metrics.findIndex((metric) => metric.name === name);
    const value = index === -1 ? null : values[index];
    return value === null ? [] : [`${word} ${valueText(metrics[index].unit, value)}`];
  };
  const facts = [
    ...told('utilization.cpu.mean', 'mean CPU utilization'),
    ...told('latency.queueWaitSeconds.p99', 'wait p99'),
    ...told('counts.podsPending', 'pods pending at the end'),
    ...told('cost.total', 'cost'),
  ];
  return `One run, and nothing beside it: ${facts.join(', ')}.`;
}

function paragraph(text: string, style: string): string {
  return `<p class="${style}">${escapeText(text)}</p>`;
}

function list(items: readonly { readonly text: string; readonly style: string }[]): string {
  if (items.length === 0) return '';
  const lines = items.map(
    ({ text, style }) => `<li${style === '' ? '' : ` class="${style}"`}>${escapeText(text)}</li>`,
  );
  return `<ul>${lines.join('')}</ul>`;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
