/**
 * A rehearsal as one HTML file: nodes over time with the moments at which a budget is broken, who was in the way, how
 * many pods were available. No request leaves it and it needs no script. Equal results give equal bytes.
 */
import type { Blocker, GroupAvailability, RehearsalResult } from '../experiment/rehearsal-result.ts';
import { formatCount, formatNumber, formatPlural, formatSeconds, formatShare } from './format.ts';
import { PAGE_STYLE, SCRIPTLESS_POLICY } from './html-style.ts';
import { card, section, table } from './html-tables.ts';
import { HALF, NARROW, WIDE } from './plots/axes.ts';
import { drawGantt, MOST_LANES } from './plots/gantt-plot.ts';
import type { GanttPlot } from './plots/gantt-plot.ts';
import { escapeText } from './plots/svg.ts';
import { drawTimePlot } from './plots/time-plot.ts';
import type { TimePlot } from './plots/time-plot.ts';
import { REHEARSAL_ENDS, brokenBudgets, groupName, worstFirst } from './rehearsal-table.ts';

/** Plots of budgets, Services and workloads; tables and files have the others. */
const MOST_PLOTS = 8;
const MOST_ROWS = 100;

export const REHEARSAL_TERMS =
  'Times count from the first step. Available: Running, Ready, not terminating. ' +
  "A budget's floor is its desiredHealthy; without a budget it is one pod.";

/** What a rehearsal needs besides the style of every page. */
export const REHEARSAL_STYLE = `
svg .bar { fill: var(--c); }
svg .bar.s2 { opacity: 0.28; }
.broken { --c: var(--alarm); }
svg .band { fill: var(--alarm); opacity: 0.12; pointer-events: none; }
.blockers { margin: 0; padding: 0; list-style: none; }
.blockers li { padding: 8px 0; border-top: 1px solid var(--rule); overflow-wrap: anywhere; }
.blockers li:first-child { border-top: 0; }
.blockers .left { color: var(--alarm); font-weight: 550; }
.blockers .more { color: var(--soft); font-size: 13px; }
`;

export function renderRehearsalHtml(result: RehearsalResult): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${SCRIPTLESS_POLICY}">
<meta name="generator" content="${escapeText(`Podyard ${result.version}`)}">
<title>${escapeText(`Rehearsal of ${result.scenario} - Podyard`)}</title>
<link rel="icon" href="data:,">
<style>${PAGE_STYLE}${REHEARSAL_STYLE}</style>
</head>
<body>
<main>
${header(result)}
${rehearsalBody(result)}<footer>${REHEARSAL_TERMS}</footer>
</main>
</body>
</html>
`;
}

/** All but the head of the page. */
export function rehearsalBody(result: RehearsalResult): string {
  const { worst } = worstFirst(result);
  return `${tiles(result)}
<h2>Steps</h2>
${stepsCard(result)}
<h2>Nodes over time</h2>
${gantt(result)}
<h2>Blocked by</h2>
${blockers(result.blockers)}
<h2>Available pods</h2>
${availabilityPlots(worst, result)}
${availabilityTable(worst)}
${pendingCard(result)}${lostCard(result)}`;
}

function header(result: RehearsalResult): string {
  const facts: readonly (readonly [string, string, string])[] = [
    ['Cluster', `${formatPlural(result.nodesAtStart, 'node')}, ${formatPlural(result.podsAtStart, 'pod')}`, ''],
    ['Seed', result.seed, ''],
    ['Podyard', result.version, ''],
    ['Kubernetes', result.kubernetes, ''],
    ['Simulated', `${formatSeconds(result.endSeconds - result.startSeconds)}: ${REHEARSAL_ENDS[result.end]}`, ''],
    ['Digest', result.digest, ' class="mono"'],
  ];
  const list = facts
    .map(([name, value, style]) => `<div><dt>${name}</dt><dd${style}>${escapeText(value)}</dd></div>`)
    .join('');
  return `<header>\n<h1>Rehearsal of ${escapeText(result.scenario)}</h1>\n<dl class="birth">${list}</dl>\n</header>`;
}

function tiles(result: RehearsalResult): string {
  const { healSeconds, blockers: all, pending, unavailablePodSeconds, extraNodeHours, extraCost } = result;
  const left = all.filter(({ endSeconds }) => endSeconds === null).length;
  const still = pending.reduce((sum, { stillPending }) => sum + stillPending, 0);
  const broken = brokenBudgets(result);
  const worst = result.availability.reduce((least, group) => Math.min(least, group.availability), 1);
  const list: readonly (readonly [string, string, string, boolean])[] = [
    [
      'Time to heal',
      healSeconds === null ? 'never' : formatSeconds(healSeconds),
      `${formatNumber(unavailablePodSeconds)} pod-seconds missing`,
      healSeconds === null,
    ],
    ['Budgets broken', formatCount(broken.length), `least availability ${formatShare(worst, 2)}`, broken.length > 0],
    ['Blocked at the end', formatCount(left), `${formatCount(all.length - left)} on the way`, left > 0],
    [
      'Pending at the end',
      formatCount(still),
      extraNodeHours > 0
        ? `${formatNumber(extraNodeHours)} extra node-hours${extraCost > 0 ? `, cost ${formatNumber(extraCost)}` : ''}`
        : 'no extra nodes',
      still > 0,
    ],
  ];
  const part = (style: string, inner: string): string => `<span class="${style}">${inner}</span>`;
  const drawn = list.map(([name, value, more, isBad]) => {
    const shown = part(isBad ? 'value warn' : 'value', escapeText(value));
    return `<div class="tile">${part('name', name)}${shown}${part('more', escapeText(more))}</div>`;
  });
  return `<div class="tiles">\n${drawn.join('\n')}\n</div>`;
}

function stepsCard(result: RehearsalResult): string {
  const rows = result.steps.map(({ text, beginSeconds, endSeconds, outcome, message }) => [
    text, `+${formatSeconds(beginSeconds - result.startSeconds)}`,
    endSeconds === null ? 'never' : formatSeconds(endSeconds - beginSeconds), outcome, { text: message },
  ]);
  return card(
    true,
    table('What was done', ['Step', 'At', 'Took', 'Outcome', { text: 'Message' }], section('', rows, 5)),
  );
}

function gantt(result: RehearsalResult): string {
  const { startSeconds: start, endSeconds, nodes } = result;
  if (nodes.length === 0) return '<p class="about">Nothing happened to any node.</p>';
  const rest = nodes.length > MOST_LANES ? ` ${formatCount(MOST_LANES)} of them are drawn.` : '';
  const plot: GanttPlot = {
    id: 'nodes',
    title: 'Nodes',
    caption: `${formatPlural(nodes.length, 'node')} to which something happened.${rest} Red: a disruption budget is below its floor.`,
    endSeconds: endSeconds - start,
    lanes: nodes.map(({ name, spans }) => ({
      name,
      spans: spans.map(({ state, from, to }) => ({ state, from: from - start, to: to - start })),
    })),
    broken: brokenBudgets(result).flatMap(({ key, broken }) =>
      broken.map(([from, to]) => ({ name: `PDB ${key}`, from: from - start, to: to - start })),
    ),
  };
  return figure(plot, drawGantt(plot, WIDE) + drawGantt(plot, NARROW), true);
}

function figure(
  { title, caption }: { readonly title: string; readonly caption: string },
  svg: string,
  full: boolean,
): string {
  return `<figure class="card${full ? ' full' : ''}"><h3>${escapeText(title)}</h3><p class="caption">${escapeText(caption)}</p>${svg}</figure>`;
}

function blockers(all: readonly Blocker[]): string {
  if (all.length === 0) return '<p class="about">Nobody was in the way.</p>';
  const items = all.slice(0, MOST_ROWS).map(({ text, pods, refusals, endSeconds }) => {
    const named = `${pods.slice(0, 5).join(', ')}${pods.length > 5 ? ` and ${formatCount(pods.length - 5)} more` : ''}`;
    const asked = refusals === 0 ? '' : `; refused ${formatPlural(refusals, 'time')}`;
    return `<li><span${endSeconds === null ? ' class="left"' : ''}>${escapeText(text)}</span><br><span class="more">${escapeText(`${named}${asked}`)}</span></li>`;
  });
  return `<section class="card full"><ul class="blockers">${items.join('')}</ul>${moreRows(all.length)}</section>`;
}

function moreRows(count: number): string {
  return count > MOST_ROWS ? `<p class="caption">and ${formatCount(count - MOST_ROWS)} more, in report.json</p>` : '';
}

function availabilityPlots(worst: readonly GroupAvailability[], result: RehearsalResult): string {
  if (worst.length === 0) return '<p class="about">Every budget, Service and workload kept all its pods.</p>';
  const drawn = worst.slice(0, MOST_PLOTS).map((group, i) => availabilityPlot(group, i, result));
  return `<div class="plots">\n${drawn.join('\n')}\n</div>`;
}

function availabilityPlot(
  group: GroupAvailability,
  index: number,
  { startSeconds, endSeconds }: RehearsalResult,
): string {
  const { series, belowSeconds, rule } = group;
  const last = series.seconds.length - 1;
  const closed = (values: readonly number[]): number[] => [...values, values[last] ?? 0];
  const below = belowSeconds > 0 ? `below its floor for ${formatSeconds(belowSeconds)}` : 'never below its floor';
  const plot: TimePlot = {
    id: `group${index}`,
    title: groupName(group),
    caption: `${rule === '' ? 'No budget: the floor is one pod' : rule}; ${below}.`,
    quantity: 'count',
    seconds: [...series.seconds.map((seconds) => seconds - startSeconds), endSeconds - startSeconds],
    endSeconds: endSeconds - startSeconds,
    lines: [
      { name: 'wanted', color: 's6', values: closed(series.wanted), filled: false, dashed: true },
      { name: 'floor', color: 'broken', values: closed(series.needed), filled: false, dashed: true },
      { name: 'available', color: 's0', values: closed(series.available), filled: true, dashed: false },
    ],
    longNames: false,
    alike: false,
  };
  return figure(plot, drawTimePlot(plot, HALF) + drawTimePlot(plot, NARROW), false);
}

function availabilityTable(worst: readonly GroupAvailability[]): string {
  if (worst.length === 0) return '';
  const rows = worst
    .slice(0, MOST_ROWS)
    .map((group) => [
      groupName(group),
      group.rule,
      formatCount(group.availableAtStart),
      formatCount(group.leastAvailable),
      formatCount(group.availableAtEnd),
      formatCount(group.neededAtStart),
      formatSeconds(group.belowSeconds),
      formatShare(group.availability, 2),
      formatNumber(group.unavailablePodSeconds),
    ]);
  const heads = [
    'Pods of',
    'Budget',
    'Start',
    'Least',
    'End',
    'Floor',
    'Below it',
    'Availability',
    'Pod-seconds missing',
  ];
  return `<div class="tables">${card(true, table('Budgets, Services, workloads', heads, section('', rows, heads.length)) + moreRows(worst.length))}</div>`;
}

function pendingCard({ pending }: RehearsalResult): string {
  if (pending.length === 0) return '';
  const rows = pending.slice(0, MOST_ROWS).map(({ owner, pods, stillPending, longestSeconds, message }) => [
    owner, formatCount(pods), formatCount(stillPending), formatSeconds(longestSeconds), { text: message },
  ]);
  const heads = ['Pods of', 'Waited', 'Still', 'Longest', { text: 'FailedScheduling' }];
  return `<h2>Pending pods</h2>\n${card(true, table('Pods that found no node at once', heads, section('', rows, heads.length)) + moreRows(pending.length))}\n`;
}

function lostCard({ lost }: RehearsalResult): string {
  if (lost.length === 0) return '';
  const rows = lost.map(({ reason, controller, pods }) => [
    reason === 'bare' ? 'no controller' : controller, formatCount(pods.length), { text: pods.slice(0, 20).join(', ') },
  ]);
  const heads = ['Controller', 'Pods', { text: 'Names' }];
  return `<h2>Lost pods</h2>\n${card(true, table('Pods that nobody makes anew here', heads, section('', rows, heads.length)))}\n`;
}
