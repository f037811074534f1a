/**
 * One HTML file over what several commands wrote: verdicts first, then each scenario with its differences, waits,
 * series, nodes, cost and runs. No request leaves it and it has no script: names of plots are read out by the mouse,
 * tables are saved by links. Equal results give equal bytes.
 */
import { formatPlural } from '../format.ts';
import { PAGE_STYLE, SCRIPTLESS_POLICY } from '../html-style.ts';
import { REHEARSAL_STYLE, REHEARSAL_TERMS, rehearsalBody } from '../rehearsal-html.ts';
import type { DrawnPlot } from '../plots/run-plots.ts';
import { escapeText } from '../plots/svg.ts';
import { costPlot, differencePlot, heatPlots, linePlots, linesText, variantColor } from './experiment-plots.ts';
import { comparedTables, runTables } from './experiment-tables.ts';
import { headingsOf } from './headings.ts';
import type { Heading } from './headings.ts';
import { sweepTables } from './other-tables.ts';
import type { PageData, ShownExperiment, ShownRehearsal, ShownSweep } from './page-data.ts';
import { OVERVIEW_STYLE } from './page-style.ts';
import { htmlTable } from './table-forms.ts';
import { verdicts } from './verdict.ts';

/** By the page, so that a page of another kind is never taken for one of these: whoever replaces files looks for it. */
export const PAGE_MARK = '<meta name="generator" content="Podyard report ';

const TERMS =
  'Quantiles are nearest-rank. Utilization is requested / allocatable. ' +
  'Waits of pods that still waited at the end count as their wait so far.';

export function renderPage(data: PageData): string {
  const { experiments, rehearsals, sweeps } = headingsOf(data);
  const all = [...experiments, ...rehearsals, ...sweeps];
  const title = titleOf(all);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
${PAGE_MARK}${escapeText(data.version)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${SCRIPTLESS_POLICY}">
<title>${escapeText(`${isWhole(data) ? '' : 'INCOMPLETE: '}${title}`)} - Podyard</title>
<link rel="icon" href="data:,">
<style>${PAGE_STYLE}${REHEARSAL_STYLE}${OVERVIEW_STYLE}</style>
</head>
<body>
<main>
<header>
<h1>${escapeText(title)}</h1>
<p class="about">${escapeText(aboutOf(data))}</p>
${contents(all)}</header>
${remarksOf(data)}<h2 id="verdict">Verdict</h2>
${verdicts(data)}
${data.experiments.map((one, i) => experimentPart(one, experiments[i])).join('\n')}
${data.rehearsals.map((one, i) => rehearsalPart(one, rehearsals[i])).join('\n')}
${data.sweeps.map((one, i) => sweepPart(one, sweeps[i])).join('\n')}
<footer>${escapeText([TERMS, ...(data.rehearsals.length > 0 ? [REHEARSAL_TERMS] : [])].join(' '))}</footer>
</main>
</body>
</html>
`;
}

function titleOf(all: readonly Heading[]): string {
  return all.length === 1 ? all[0].title : formatPlural(all.length, 'result');
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

function contents(headings: readonly Heading[]): string {
  const links = headings.map(({ id, title }) => `<li><a href="#${id}">${escapeText(title)}</a></li>`);
  const all = `<li><a href="#verdict">Verdict</a></li>${links.join('')}`;
  return `<nav aria-label="Contents"><ul class="contents">${all}</ul></nav>\n`;
}

function remarksOf(data: PageData): string {
  const stopped = data.experiments.flatMap(({ scenario, runs }) =>
    runs.filter(({ complete }) => !complete).map(({ folder, seed }) => `${folder} (${scenario}, seed ${seed})`),
  );
  const told = `Stopped before their end, and left out of means and comparisons: ${stopped.join(', ')}.`;
  const text = `<strong>Incomplete runs.</strong> ${escapeText(told)}`;
  const alarm = stopped.length === 0 ? '' : `<p class="alarm remarks" role="alert">${text}</p>\n`;
  const items = data.remarks.map((remark) => `<li>${escapeText(remark)}</li>`).join('');
  return `${alarm}${items === '' ? '' : `<ul class="notes remarks">${items}</ul>\n`}`;
}

function experimentPart(experiment: ShownExperiment, { id, title }: Heading): string {
  const { description, variants, remarks, comparison, heats, runs } = experiment;
  const differences = differencePlot(experiment, id);
  const cost = costPlot(experiment, id);
  const lines = linePlots(experiment, id);
  const about = description === '' ? '' : `<p class="about">${escapeText(description)}</p>\n`;
  const birth = birthLine(experiment, id);
  const show = (plot: DrawnPlot): string => figure(plot, birth);
  const showHeat = (plot: DrawnPlot, i: number): string => {
    const { variant, seed } = heats[i];
    const own = runs.filter((run) => run.variant === variant && run.seed === seed);
    return figure(plot, birthLine({ ...experiment, runs: own }, id));
  };
  const group = [
    ...(differences === null ? [] : [show(differences)]),
    ...comparedTables(experiment, id).map(htmlTable),
    ...(cost === null ? [] : [show(cost)]),
    ...(lines.length === 0
      ? []
      : [
          `<p class="caption">${escapeText(linesText(experiment))}</p>`,
          `<div class="plots">${lines.map(show).join('\n')}</div>`,
        ]),
    ...heatPlots(experiment, id).map(showHeat),
    ...runTables(experiment, id).map(htmlTable),
  ];
  return `<h2 class="part" id="${id}">${escapeText(`${comparison === null ? 'Runs' : 'Comparison'}: ${title}`)}</h2>
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
  const summary = `<summary>${formatPlural(remarks.length, 'note')} of the runs</summary>`;
  return `<details class="folded">${summary}${items}</details>\n`;
}

function variantList(variants: ShownExperiment['variants']): string {
  const items = variants.map(
    ({ name, label }, i) => `<li><b class="${variantColor(i)}">${escapeText(name)}</b> ${escapeText(label)}</li>`,
  );
  return `<ul class="variants">${items.join('')}</ul>\n`;
}

function repeatPart({ repeat, runs }: ShownExperiment, id: string): string {
  const commands = [...repeat, ...new Set(runs.map((run) => run.repeat).filter((text) => text !== ''))];
  return commands.length === 0
    ? ''
    : repeatBox(
        id,
        commands,
        'Gives the same digests with the same version of Podyard, beside the files that the scenario names.',
      );
}

function repeatBox(id: string, commands: readonly string[], about: string): string {
  const lines = `<pre class="repeat" tabindex="0">${commands.map(escapeText).join('\n')}</pre>`;
  const head = `<h3>To repeat it</h3><p class="about">${escapeText(about)}</p>`;
  return `<section class="again" id="${id}-repeat">${head}${lines}</section>\n`;
}

function rehearsalPart({ result, folder, repeat }: ShownRehearsal, { id, title }: Heading): string {
  const versions = `Podyard ${result.version}, Kubernetes ${result.kubernetes}`;
  const facts = `Seed ${result.seed}, ${versions}, digest ${result.digest}, from ${folder}`;
  const about = 'Gives the same digest with the same version of Podyard.';
  return `<h2 class="part" id="${id}">${escapeText(title)}</h2>
<p class="about">${escapeText(facts)}</p>
${rehearsalBody(result)}${repeat === '' ? '' : repeatBox(id, [repeat], about)}`;
}

function sweepPart({ report, folder, repeat }: ShownSweep, { id, title }: Heading): string {
  const { seeds, design, version } = report;
  const named = `${seeds.slice(0, 12).join(', ')}${seeds.length > 12 ? ', ...' : ''}`;
  const facts = `${design}, ${formatPlural(seeds.length, 'seed')} (${named}), Podyard ${version}, from ${folder}`;
  const about = 'Each cell is a file that holds its digest; cells that are there are not run again.';
  return `<h2 class="part" id="${id}">${escapeText(title)}</h2>
<p class="about">${escapeText(facts)}</p>
<div class="group">
${sweepTables(report, id).map(htmlTable).join('\n')}
${repeatBox(id, [repeat], about)}</div>`;
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
  const whose = `${scenario}, ${seeds.length === 1 ? 'seed' : 'seeds'} ${all}`;
  return `<p class="birth-line">${escapeText(whose)}; ${digests}${command}</p>`;
}

function figure({ id, title, caption, svg, full }: DrawnPlot, birth: string): string {
  const head = `<h3>${escapeText(title)}</h3><p class="caption">${escapeText(caption)}</p>`;
  return `<figure class="card${full ? ' full' : ''}" id="${id}">${head}${svg}${birth}</figure>`;
}
