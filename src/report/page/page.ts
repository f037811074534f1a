/**
 * One HTML file over what several commands wrote: verdicts first, then each scenario with its differences, waits,
 * series, nodes, cost and runs. No request leaves it and it has no script: names of plots are read out by the mouse,
 * tables are saved by links. Equal results give equal bytes.
 */
import type { VariantMetric } from '../../experiment/compare-result.ts';
import { limitSentence } from '../compare-table.ts';
import { LEAST_TO_SHOW, summarySentence, verdictSentence } from '../compare-verdict.ts';
import { formatPlural } from '../format.ts';
import { PAGE_STYLE } from '../html-style.ts';
import { REHEARSAL_STYLE, REHEARSAL_TERMS, rehearsalBody } from '../rehearsal-html.ts';
import type { DrawnPlot } from '../plots/run-plots.ts';
import { escapeText } from '../plots/svg.ts';
import { differencePlot, experimentPlots, linesText } from './experiment-plots.ts';
import { experimentTables, valueText, verdictStyle } from './experiment-tables.ts';
import { rehearsalSentence, rehearsalTables, sweepSentences, sweepTables } from './other-tables.ts';
import type { PageData, ShownExperiment, ShownRehearsal, ShownSweep } from './page-data.ts';
import { OVERVIEW_STYLE } from './page-style.ts';
import { htmlTable } from './table-forms.ts';
import type { ReportTable } from './table-forms.ts';

const POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'";

/** By the page, so that a page of another kind is never taken for one of these: whoever replaces files looks for it. */
export const PAGE_MARK = '<meta name="generator" content="Podyard report ';

export function renderPage(data: PageData): string {
  const title = titleOf(data);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
${PAGE_MARK}${escapeText(data.version)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<title>${escapeText(`${isWhole(data) ? '' : 'INCOMPLETE: '}${title}`)} - Podyard</title>
<link rel="icon" href="data:,">
<style>${PAGE_STYLE}${REHEARSAL_STYLE}${OVERVIEW_STYLE}</style>
</head>
<body>
<main>
<header>
<h1>${escapeText(title)}</h1>
<p class="about">${escapeText(aboutOf(data))}</p>
${contents(data)}</header>
${remarksOf(data)}<h2 id="verdict">Verdict</h2>
${verdicts(data)}
${data.experiments.map(experimentPart).join('\n')}
${data.rehearsals.map(rehearsalPart).join('\n')}
${data.sweeps.map(sweepPart).join('\n')}
<footer>Quantiles are nearest-rank. Utilization is requested / allocatable. Waits of pods that still waited at the end count as their wait so far.${data.rehearsals.length > 0 ? ` ${escapeText(REHEARSAL_TERMS)}` : ''}</footer>
</main>
</body>
</html>
`;
}

export function experimentId(index: number): string {
  return `e${String(index + 1)}`;
}

export function rehearsalId(index: number): string {
  return `r${String(index + 1)}`;
}

export function sweepId(index: number): string {
  return `s${String(index + 1)}`;
}

/** Of the whole page, in its order. */
export function pageTables({ experiments, rehearsals, sweeps }: PageData): ReportTable[] {
  return [
    ...experiments.flatMap((one, i) => experimentTables(one, experimentId(i))),
    ...rehearsals.flatMap((one, i) => rehearsalTables(one, rehearsalId(i))),
    ...sweeps.flatMap((one, i) => sweepTables(one.report, sweepId(i))),
  ];
}

interface Heading {
  readonly id: string;
  readonly title: string;
}

function headings({ experiments, rehearsals, sweeps }: PageData): Heading[] {
  return [
    ...experiments.map(({ scenario }, i) => ({ id: experimentId(i), title: scenario })),
    ...rehearsals.map(({ result }, i) => ({ id: rehearsalId(i), title: `Rehearsal of ${result.scenario}` })),
    ...sweeps.map(({ report }, i) => ({ id: sweepId(i), title: `Sweep ${report.name}` })),
  ];
}

function titleOf(data: PageData): string {
  const all = headings(data);
  return all.length === 1 ? all[0].title : `${formatPlural(all.length, 'result')}`;
}

function aboutOf({ experiments, rehearsals, sweeps, version }: PageData): string {
  const runs = experiments.reduce((sum, one) => sum + one.runs.length, 0);
  const parts = [
    ...(runs === 0 ? [] : [formatPlural(runs, 'run')]),
    ...(rehearsals.length === 0 ? [] : [formatPlural(rehearsals.length, 'rehearsal')]),
    ...(sweeps.length === 0 ? [] : [formatPlural(sweeps.length, 'sweep')]),
  ];
  return `${parts.join(', ')}, put together by Podyard ${version}.`;
}

function isWhole({ experiments, sweeps }: PageData): boolean {
  const areWhole = experiments.every(({ runs }) => runs.every(({ complete }) => complete));
  return areWhole && sweeps.every(({ report: { runs } }) => runs.done + runs.failed === runs.wanted);
}

function contents(data: PageData): string {
  const links = headings(data).map(({ id, title }) => `<li><a href="#${id}">${escapeText(title)}</a></li>`);
  return `<nav aria-label="Contents"><ul class="contents"><li><a href="#verdict">Verdict</a></li>${links.join('')}</ul></nav>\n`;
}

function remarksOf(data: PageData): string {
  const stopped = data.experiments.flatMap(({ scenario, runs }) =>
    runs.filter(({ complete }) => !complete).map(({ folder, seed }) => `${folder} (${scenario}, seed ${seed})`),
  );
  const alarm =
    stopped.length === 0
      ? ''
      : `<p class="alarm remarks" role="alert"><strong>Incomplete runs.</strong> ${escapeText(`Stopped before their end, and left out of means and comparisons: ${stopped.join(', ')}.`)}</p>\n`;
  const items = data.remarks.map((remark) => `<li>${escapeText(remark)}</li>`).join('');
  return `${alarm}${items === '' ? '' : `<ul class="notes remarks">${items}</ul>\n`}`;
}

function verdicts({ experiments, rehearsals, sweeps }: PageData): string {
  const box = (id: string, title: string, inner: string): string =>
    `<section class="verdict"><h3><a href="#${id}">${escapeText(title)}</a></h3>${inner}</section>`;
  return [
    ...experiments.map((one, i) => box(experimentId(i), one.scenario, experimentVerdict(one))),
    ...rehearsals.map((one, i) =>
      box(rehearsalId(i), `Rehearsal of ${one.result.scenario}`, paragraph(capital(rehearsalSentence(one)), 'strong')),
    ),
    ...sweeps.map(({ report }, i) => {
      const [head, ...others] = sweepSentences(report);
      return box(sweepId(i), `Sweep ${report.name}`, paragraph(head, 'strong') + list(others.map((text) => ({ text, style: '' }))));
    }),
  ].join('\n');
}

function experimentVerdict(experiment: ShownExperiment): string {
  const { comparison, variants } = experiment;
  if (comparison === null) return paragraph(withoutComparison(experiment), 'strong');
  const broken = comparison.limits.filter(({ state }) => state === 'broken').map((limit) => limitSentence(limit));
  const few =
    comparison.seeds.length < LEAST_TO_SHOW && !comparison.seedsChangeNothing
      ? paragraph(`With ${formatPlural(comparison.seeds.length, 'seed')} nothing can be shown: it takes ${String(LEAST_TO_SHOW)} or more.`, 'who')
      : '';
  const each = variants.slice(1).map(({ name }) => {
    const own = comparison.comparisons.filter(({ variant }) => variant === name);
    const sentence = (metric: VariantMetric): { text: string; style: string } => ({
      text: verdictSentence(metric, comparison),
      style: verdictStyle(metric),
    });
    const shown = own.filter(({ verdict }) => ['better', 'worse', 'higher', 'lower'].includes(verdict));
    const others = own.filter((metric) => !shown.includes(metric));
    const more =
      others.length === 0
        ? ''
        : `<details><summary>${escapeText(`What is said of ${formatPlural(others.length, 'other metric')}`)}</summary>${list(others.map(sentence))}</details>`;
    return paragraph(summarySentence(name, comparison.comparisons), 'strong') + list(shown.map(sentence)) + more;
  });
  const labels = variants.map(({ name, label }) => `${name}: ${label}`).join('; ');
  const alarms = broken.map((text) => ({ text: `Limit broken: ${text}`, style: 'bad' }));
  return `${paragraph(`${labels}; ${formatPlural(comparison.seeds.length, 'seed')}`, 'who')}${list(alarms)}${few}${each.join('')}`;
}

/** What there is to say of runs that have nothing beside them. */
export function withoutComparison({ runs, variants, metrics }: ShownExperiment): string {
  const whole = runs.filter(({ complete }) => complete);
  if (variants.length > 1) {
    return `${formatPlural(variants.length, 'variant')}, but fewer than two seeds that all of them have: there is no verdict. Run each with the same seeds, or use podyard compare.`;
  }
  if (whole.length !== 1) return `${formatPlural(whole.length, 'complete run')} of one variant: there is nothing to compare.`;
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

function experimentPart(experiment: ShownExperiment, index: number): string {
  const id = experimentId(index);
  const { scenario, description, variants, remarks, comparison } = experiment;
  const differences = differencePlot(experiment, id);
  const plots = experimentPlots(experiment, id);
  const full = plots.filter(({ full: isFull }) => isFull);
  const half = plots.filter(({ full: isFull }) => !isFull);
  const isCost = ({ id: own }: DrawnPlot): boolean => own.endsWith('-cost');
  const [compared, rest] = partition(experimentTables(experiment, id), ({ id: own }) => own.endsWith('-compared'));
  const about = description === '' ? '' : `<p class="about">${escapeText(description)}</p>\n`;
  const show = (plot: DrawnPlot): string => figure(plot, birthLine({ ...experiment, runs: runsOf(plot, experiment) }, id));
  const group = [
    ...(differences === null ? [] : [show(differences)]),
    ...compared.map(htmlTable),
    ...full.filter(isCost).map(show),
    ...(half.length === 0 ? [] : [`<p class="caption">${escapeText(linesText(experiment))}</p>\n<div class="plots">${half.map(show).join('\n')}</div>`]),
    ...full.filter((plot) => !isCost(plot)).map(show),
    ...rest.map(htmlTable),
  ];
  return `<h2 class="part" id="${id}">${escapeText(`${comparison === null ? 'Runs' : 'Comparison'}: ${scenario}`)}</h2>
${about}${variants.length > 1 ? variantList(variants) : ''}${notesOf(remarks)}<div class="group">
${group.join('\n')}
${repeatPart(experiment, id)}</div>`;
}

/** More notes than that are folded. */
const FEW_NOTES = 5;

function notesOf(remarks: readonly string[]): string {
  if (remarks.length === 0) return '';
  const items = `<ul class="notes remarks">${remarks.map((text) => `<li>${escapeText(text)}</li>`).join('')}</ul>\n`;
  if (remarks.length <= FEW_NOTES) return items;
  return `<details class="folded"><summary>${formatPlural(remarks.length, 'note')} of the runs</summary>${items}</details>\n`;
}

function partition<T>(items: readonly T[], isFirst: (item: T) => boolean): [T[], T[]] {
  return [items.filter(isFirst), items.filter((item) => !isFirst(item))];
}

function variantList(variants: ShownExperiment['variants']): string {
  const items = variants.map(
    ({ name, label }, i) => `<li><b class="s${String(i % 8)}">${escapeText(name)}</b> ${escapeText(label)}</li>`,
  );
  return `<ul class="variants">${items.join('')}</ul>\n`;
}

function repeatPart({ repeat, runs }: ShownExperiment, id: string): string {
  const commands = [...repeat, ...new Set(runs.map((run) => run.repeat).filter((text) => text !== ''))];
  return commands.length === 0 ? '' : repeatBox(id, commands, 'Gives the same digests with the same version of Podyard, beside the files that the scenario names.');
}

function repeatBox(id: string, commands: readonly string[], about: string): string {
  return `<section class="again" id="${id}-repeat"><h3>To repeat it</h3><p class="about">${escapeText(about)}</p><pre class="repeat" tabindex="0">${commands.map(escapeText).join('\n')}</pre></section>\n`;
}

function rehearsalPart(rehearsal: ShownRehearsal, index: number): string {
  const { result, folder, repeat } = rehearsal;
  const facts = `Seed ${result.seed}, Podyard ${result.version}, Kubernetes ${result.kubernetes}, digest ${result.digest}, from ${folder}`;
  return `<h2 class="part" id="${rehearsalId(index)}">${escapeText(`Rehearsal of ${result.scenario}`)}</h2>
<p class="about">${escapeText(facts)}</p>
${rehearsalBody(result)}${repeat === '' ? '' : repeatBox(rehearsalId(index), [repeat], 'Gives the same digest with the same version of Podyard.')}`;
}

function sweepPart({ report, folder, repeat }: ShownSweep, index: number): string {
  const facts = `${report.design}, ${formatPlural(report.seeds.length, 'seed')} (${report.seeds.slice(0, 12).join(', ')}${report.seeds.length > 12 ? ', ...' : ''}), Podyard ${report.version}, from ${folder}`;
  return `<h2 class="part" id="${sweepId(index)}">${escapeText(`Sweep ${report.name}`)}</h2>
<p class="about">${escapeText(facts)}</p>
<div class="group">
${sweepTables(report, sweepId(index)).map(htmlTable).join('\n')}
${repeatBox(sweepId(index), [repeat], 'Each cell is a file that holds its digest; cells that are there are not run again.')}</div>`;
}

/** Of a picture of nodes its one run, else all of them. */
function runsOf({ id }: DrawnPlot, { heats, runs }: ShownExperiment): ShownExperiment['runs'] {
  const index = /-heat-(\d+)$/.exec(id)?.[1];
  if (index === undefined) return runs;
  const { variant, seed } = heats[Number(index)];
  return runs.filter((run) => run.variant === variant && run.seed === seed);
}

/** So many digests stand below a figure; of more there is a link to them. */
const FEW_DIGESTS = 2;

/** Scenario, seeds, digests and command of a figure that may be cut out of the page. */
function birthLine({ scenario, runs, repeat }: ShownExperiment, id: string): string {
  const seeds = [...new Set(runs.map(({ seed }) => seed))];
  const all = seeds.length <= 12 ? seeds.join(', ') : `${seeds.slice(0, 10).join(', ')}, ... (${String(seeds.length)})`;
  const digests =
    runs.length <= FEW_DIGESTS
      ? `digest ${escapeText(runs.map(({ digest }) => digest).join(', '))}`
      : `<a href="#${id}-runs">${formatPlural(runs.length, 'digest')}</a>`;
  const hasCommand = repeat.length > 0 || runs.some((run) => run.repeat !== '');
  const command = hasCommand ? `; <a href="#${id}-repeat">command</a>` : '';
  return `<p class="birth-line">${escapeText(`${scenario}, ${seeds.length === 1 ? 'seed' : 'seeds'} ${all}`)}; ${digests}${command}</p>`;
}

function figure({ id, title, caption, svg, full }: DrawnPlot, birth: string): string {
  return `<figure class="card${full ? ' full' : ''}" id="${id}"><h3>${escapeText(title)}</h3><p class="caption">${escapeText(caption)}</p>${svg}${birth}</figure>`;
}

function paragraph(text: string, style: string): string {
  return `<p class="${style}">${escapeText(text)}</p>`;
}

function list(items: readonly { readonly text: string; readonly style: string }[]): string {
  if (items.length === 0) return '';
  const lines = items.map(({ text, style }) => `<li${style === '' ? '' : ` class="${style}"`}>${escapeText(text)}</li>`);
  return `<ul>${lines.join('')}</ul>`;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
