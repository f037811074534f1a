/**
 * One run as one HTML file: no request leaves it, no font, script or picture is loaded. Plots are drawn here as SVG, so
 * that the page is complete without its script. Equal results give equal bytes.
 */
import { stringify } from 'yaml';
import type { RunResult } from '../metrics/run-result.ts';
import { formatCount, formatPlural, formatSeconds, formatShare, sortedKeys } from './format.ts';
import { PAGE_SCRIPT } from './html-script.ts';
import { PAGE_STYLE } from './html-style.ts';
import { renderTables } from './html-tables.ts';
import { heatCard, whereRoomWasLeft, whyPodsWaited } from './html-why.ts';
import { drawNodeHeat, drawRunPlots, readOutOf, type DrawnPlot } from './plots/run-plots.ts';
import { escapeText } from './plots/svg.ts';
import { podTime, rankedReasons, scarcestResource } from './why.ts';

const POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:; base-uri 'none'; " +
    "form-action 'none'";

export function renderHtml(result: RunResult): string {
  const plots = drawRunPlots(result);
  const title = `${result.complete ? '' : 'INCOMPLETE: '}${result.scenario}, seed ${result.seed} - Podyard`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="generator" content="${escapeText(`Podyard ${result.version}`)}">
<title>${escapeText(title)}</title>
<link rel="icon" href="data:,">
<style>${PAGE_STYLE}</style>
</head>
<body>
<main>
${incompleteBanner(result)}${header(result)}
${tiles(result)}
${notes(result)}<h2>Over time</h2>
${plots.length === 0 ? '<p class="about">This run holds no samples to plot.</p>' : `<div class="plots">\n${plots.map(figure).join('\n')}\n</div>`}
${whyPodsWaited(result)}${whereRoomWasLeft(result, heatCard(drawNodeHeat(result)))}<h2>Numbers</h2>
<div class="tables">
${renderTables(result)}
</div>
${scenarioDetails(result)}
<footer>Quantiles are nearest-rank. Utilization is requested / allocatable, weighted by time. Waits of pods that still waited at the end count as their wait so far.</footer>
</main>
<div id="readout"></div>
<script type="application/json" id="series">${JSON.stringify(readOutOf(result)).replace(/</gu, '\\u003c')}</script>
<script>${PAGE_SCRIPT}</script>
</body>
</html>
`;
}

function incompleteBanner(result: RunResult): string {
  if (result.complete) return '';
  return `<p class="alarm" role="alert"><strong>Incomplete run.</strong> It was stopped before its end: every number and plot covers only the first ${formatSeconds(result.simulatedSeconds)} of simulated time.</p>\n`;
}

function header(result: RunResult): string {
  const facts: readonly (readonly [string, string, string])[] = [
    ['Seed', result.seed, ''],
    ['Podyard', result.version, ''],
    ['Kubernetes', result.kubernetes, ''],
    ['Simulated time', formatSeconds(result.simulatedSeconds), ''],
    ['State', result.complete ? 'complete' : 'incomplete', ''],
    ['Digest', result.digest, ' class="mono"'],
  ];
  const list = facts
    .map(([name, value, style]) => `<div><dt>${name}</dt><dd${style}>${escapeText(value)}</dd></div>`)
    .join('');
  const about = result.description === '' ? '' : `<p class="about">${escapeText(result.description)}</p>\n`;
  return `<header>\n<h1>${escapeText(result.scenario)}</h1>\n${about}<dl class="birth">${list}</dl>\n</header>`;
}

interface Tile {
  readonly name: string;
  readonly value: string;
  readonly more: string;
  /** Style classes of the value. */
  readonly style?: string;
}

function tiles(result: RunResult): string {
  const { counts, cost } = result;
  const wait = result.latency.queueWaitSeconds;
  const list: readonly Tile[] = [
    ...sortedKeys(result.utilization)
      .filter((name) => name === 'cpu' || name === 'memory')
      .map((name) => {
        const use = result.utilization[name];
        const title = name === 'cpu' ? 'CPU utilization' : 'Memory utilization';
        return { name: title, value: formatShare(use.mean), more: `p95 ${formatShare(use.p95)}` };
      }),
    ...scarcestTile(result),
    {
      name: 'Pods finished',
      value: formatCount(counts.podsFinished),
      more: `of ${formatCount(counts.podsArrived)} arrived`,
    },
    {
      name: 'Pending at the end',
      value: formatCount(counts.podsPending),
      more: `${formatCount(counts.podsLost)} lost`,
      style: counts.podsPending > 0 ? ' warn' : '',
    },
    { name: 'Wait, p99', value: formatSeconds(wait.p99), more: `p50 ${formatSeconds(wait.p50)}` },
    ...whyTile(result),
    {
      name: 'Node-hours',
      value: formatCount(cost.nodeHours, 1),
      more: cost.total > 0 ? `cost ${formatCount(cost.total, 2)}` : 'no prices given',
    },
  ];
  const drawn = list.map(({ name, value, more, style = '' }) => {
    const lines = `<span class="value${style}">${escapeText(value)}</span><span class="more">${escapeText(more)}</span>`;
    return `<div class="tile"><span class="name">${name}</span>${lines}</div>`;
  });
  return `<div class="tiles">\n${drawn.join('\n')}\n</div>`;
}

function scarcestTile(result: RunResult): Tile[] {
  const scarcest = scarcestResource(result);
  if (scarcest === null) return [];
  const { name, share, whilePending } = scarcest;
  const more = `${name}${whilePending ? ' while pods waited' : ', mean'}`;
  return [{ name: 'Scarcest resource', value: formatShare(share), more }];
}

/** Why beside what: the reason that took most of the pods' time. */
function whyTile(result: RunResult): Tile[] {
  const [first] = rankedReasons(result.waiting.byReason);
  if (first === undefined) return [];
  const more = `${formatPlural(first.pods, 'pod')}, ${podTime(first.podSeconds)} in all`;
  return [{ name: 'Waited most for', value: first.reason, more, style: ' words' }];
}

function notes(result: RunResult): string {
  if (result.notes.length === 0) return '';
  return `<h2>Notes</h2>\n<ul class="notes">${result.notes.map((note) => `<li>${escapeText(note)}</li>`).join('')}</ul>\n`;
}

function figure(plot: DrawnPlot): string {
  return `<figure class="card${plot.full ? ' full' : ''}"><h3>${escapeText(plot.title)}</h3><p class="caption">${escapeText(plot.caption)}</p>${plot.svg}</figure>`;
}

function scenarioDetails(result: RunResult): string {
  const yaml = stringify(shownScenario(result.resolvedScenario), { lineWidth: 0, aliasDuplicateObjects: false });
  return `<details><summary>Resolved scenario</summary><pre>${escapeText(yaml)}</pre></details>`;
}

/** A dump of thousands of objects is for report.json; of each list the page shows the first. */
const MOST_SHOWN_OBJECTS = 20;

function shownScenario(resolved: unknown): unknown {
  if (typeof resolved !== 'object' || resolved === null) return resolved;
  const shown = Object.entries(resolved).map(([key, value]): [string, unknown] => {
    if ((key !== 'nodes' && key !== 'manifests') || !Array.isArray(value) || value.length <= MOST_SHOWN_OBJECTS) {
      return [key, value];
    }
    return [
      key,
      [
        ...(value as readonly unknown[]).slice(0, MOST_SHOWN_OBJECTS),
        `... and ${formatCount(value.length - MOST_SHOWN_OBJECTS)} more, all of them in report.json`,
      ],
    ];
  });
  return Object.fromEntries(shown);
}
