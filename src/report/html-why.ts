/**
 * The sections "Why pods waited" and "Where room was left" of the HTML page: its tables, and the texts of pods that
 * still wait.
 */
import type { PoolWait, RunResult, WaitingTemplate } from '../metrics/run-result.ts';
import { ABSENT, compareKeys, formatCount, formatPlural, formatSeconds, formatShare, sortedKeys } from './format.ts';
import { card, section, table, type Row } from './html-tables.ts';
import { escapeText } from './plots/svg.ts';
import type { DrawnPlot } from './plots/run-plots.ts';
import { nearestText, podsText, podTime, rankedReasons, usedResources } from './why.ts';

/** Rows of the table by reason, of all pods and of each class. */
const MOST_REASONS = 10;
const MOST_TEMPLATES = 12;
const REASON_HEADS: Row = [
  'All pods',
  'Pods',
  'Still waiting',
  'Failed attempts',
  'Waited in all',
  { text: 'Largest node that almost fitted' },
];

/** '' where nobody waited for anything. */
export function whyPodsWaited(result: RunResult): string {
  const { waiting } = result;
  if (Object.keys(waiting.byReason).length === 0) return '';
  const classes = sortedKeys(waiting.byClass);
  const rows = [
    reasonSection('', waiting.byReason),
    ...(classes.length > 1
      ? classes.map((name) => reasonSection(`Class ${name === '' ? '(none)' : name}`, waiting.byClass[name]))
      : []),
  ];
  const about =
    'A pod counts under the main reason of its last failed attempt: of the nodes that could take it as things ' +
    'change, what most of them said. Its time runs from a failed attempt to the next one, its binding or its end.';
  const byReason = card(true, table('By reason', REASON_HEADS, rows.join('')));
  const head = `<h2 id="why">Why pods waited</h2>\n<p class="about">${about}</p>\n`;
  return `${head}<div class="tables">\n${byReason}\n${stillWaiting(waiting)}</div>\n`;
}

function reasonSection(title: string, byReason: RunResult['waiting']['byReason']): string {
  const ranked = rankedReasons(byReason);
  const rows = ranked
    .slice(0, MOST_REASONS)
    .map(({ reason, pods, podsPending, attempts, podSeconds, nearest }): Row => [
      reason,
      formatCount(pods),
      formatCount(podsPending),
      formatCount(attempts),
      podTime(podSeconds),
      { text: nearestText(nearest) },
    ]);
  const more = ranked.length - rows.length;
  return section(
    title,
    more > 0 ? [...rows, [`and ${formatPlural(more, 'more reason')}`, '', '', '', '', '']] : rows,
    REASON_HEADS.length,
  );
}

function stillWaiting({ templates, templatesNotListed }: RunResult['waiting']): string {
  if (templates.length === 0) return '';
  const shown = templates.slice(0, MOST_TEMPLATES);
  const more = templates.length + templatesNotListed - shown.length;
  const told = `report.json lists the first ${templates.length}, pods.csv every pod`;
  const foot =
    more > 0 ? `<p class="caption">${formatPlural(more, 'more kind')} of pods still waited; ${told}.</p>` : '';
  const list = `<ol class="stuck">${shown.map(stuckItem).join('')}</ol>`;
  return `${card(true, `<h3>Still waiting at the end</h3>${list}${foot}`)}\n`;
}

function stuckItem({
  namespace,
  oldestPod,
  class: workloadClass,
  priority,
  pods,
  waitedSeconds,
  reason,
  message,
  nearest,
}: WaitingTemplate): string {
  const about = [
    formatPlural(pods, 'pod'),
    ...(workloadClass === '' ? [] : [`class ${workloadClass}`]),
    `priority ${priority}`,
    `oldest has waited ${formatSeconds(waitedSeconds)}`,
  ].join(', ');
  const said = message === '' ? '' : `<p class="said">${escapeText(message)}</p>`;
  const main = message === reason ? '' : `<p class="main">${escapeText(reason)}</p>`;
  const almost = nearest === null ? '' : `<p class="caption">Almost fitted: ${escapeText(nearestText(nearest))}</p>`;
  const who = `<strong>${escapeText(podsText(namespace, oldestPod, pods))}</strong>`;
  return `<li><p>${who} <span class="more">${escapeText(about)}</span></p>${main}${said}${almost}</li>`;
}

/** Pools by how full they were beside who waited for their room; and every node. '' where there is nothing to show. */
export function whereRoomWasLeft(result: RunResult, heat: string): string {
  const pools = poolTable(result);
  if (pools === '' && heat === '') return '';
  return `<h2>Where room was left</h2>\n<div class="tables">\n${pools}${heat}</div>\n`;
}

const NOBODY: PoolWait = {
  podSecondsForRoom: 0,
  podsPendingForRoom: 0,
  podSecondsBarred: 0,
  podsPendingBarred: 0,
  barredBy: '',
};

function poolTable({ utilizationByPool, waiting, cost, simulatedSeconds }: RunResult): string {
  const pools = sortedKeys(utilizationByPool);
  if (pools.length < 2) return '';
  const resources = [...new Set(pools.flatMap((pool) => usedResources(utilizationByPool[pool])))].sort(compareKeys);
  const anyoneWaited = Object.keys(waiting.byPool).length > 0;
  const hours = simulatedSeconds / 3600;
  const rows = pools.map((pool): Row => {
    const { podSecondsForRoom, podSecondsBarred, barredBy } = waiting.byPool[pool] ?? NOBODY;
    const nodes = hours > 0 ? (cost.nodeHoursByPool[pool] ?? 0) / hours : null;
    const time = (podSeconds: number): string => (podSeconds > 0 ? podTime(podSeconds) : ABSENT);
    const shares = resources.map((name) => formatShare(utilizationByPool[pool][name]?.mean ?? null));
    const waits = anyoneWaited ? [time(podSecondsForRoom), time(podSecondsBarred), { text: barredBy }] : [];
    return [pool === '' ? 'Nodes of no pool' : pool, formatCount(nodes, 1), ...shares, ...waits];
  });
  const heads: Row = [
    'Pool',
    'Nodes',
    ...resources,
    ...(anyoneWaited ? ['Waited for room', 'Kept out', { text: 'Mostly because' }] : []),
  ];
  const waits =
    ' Waited for room: time of pods for which some node of the pool lacked nothing but room. ' +
    'Kept out: of pods that even an empty one would not have taken. A pod counts in every pool.';
  const about = `<p class="caption">Means over the run.${anyoneWaited ? waits : ''}</p>`;
  const title = anyoneWaited ? 'Pools, and who waited for them' : 'Pools by utilization';
  return `${card(true, table(title, heads, section('', rows, heads.length)) + about)}\n`;
}

export function heatCard(heat: DrawnPlot | null): string {
  if (heat === null) return '';
  const head = `<h3>${escapeText(heat.title)}</h3><p class="caption">${escapeText(heat.caption)}</p>`;
  return `<figure class="card full">${head}${heat.svg}</figure>\n`;
}
