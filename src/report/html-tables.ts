/** The tables of the HTML page. */
import { metricRows } from '../metrics/declared-metrics.ts';
import type { MetricRow } from '../metrics/metric.ts';
import type { CampaignFacts, LatencyGroup, Quantiles, RunResult, Utilization } from '../metrics/run-result.ts';
import {
  formatAmount, formatCount, formatNumber, formatPlural, formatSeconds, formatShare, humanize, sortedKeys,
} from './format.ts';
import { escapeText } from './plots/svg.ts';
import { CAMPAIGN_COLUMNS } from './run-table.ts';
import { usedResources } from './why.ts';

/** A cell of numbers or a name; or a text, which stands to the left and may take several lines. */
export type Cell = string | { readonly text: string };
export type Row = readonly Cell[];

/** Cards in the order of the page; an empty table is left out. */
export function renderTables(result: RunResult): string {
  return [
    card(true, waitTable(result)),
    card(true, utilizationTable(result)),
    card(false, countTable(result)),
    card(false, schedulingTable(result)),
    ...(hadFailures(result) ? [card(false, failureTable(result))] : []),
    ...(result.failures.campaigns === undefined ? [] : [card(true, campaignTable(result.failures.campaigns))]),
    card(false, costTable(result)),
  ].join('\n');
}

function waitTable(result: RunResult): string {
  const times = (label: string, value: Quantiles): Row => [
    label,
    formatCount(value.count),
    formatCount(value.censored),
    formatSeconds(value.mean),
    formatSeconds(value.p50),
    formatSeconds(value.p90),
    formatSeconds(value.p95),
    formatSeconds(value.p99),
    formatSeconds(value.p999),
    formatSeconds(value.max),
  ];
  const groups = (title: string, record: Readonly<Record<string, LatencyGroup>>): string =>
    section(
      title,
      sortedKeys(record).map((key) => times(key === '' ? '(none)' : key, record[key].queueWaitSeconds)),
      10,
    );
  const body = [
    section(
      '',
      [
        times('Until bound to a node', result.latency.queueWaitSeconds),
        times('Until running', result.latency.startSeconds),
      ],
      10,
    ),
    groups('Until bound, by priority', result.latencyByPriority),
    groups('Until bound, by class', result.latencyByClass),
  ].join('');
  return table(
    'Waits',
    ['All pods', 'Pods', 'Still waiting', 'Mean', 'p50', 'p90', 'p95', 'p99', 'p99.9', 'Max'],
    body,
  );
}

function utilizationTable(result: RunResult): string {
  const { packing } = result;
  const row = (name: string, use: Utilization, density: number | null, stranded: number | null): Row => [
    name,
    formatShare(use.mean),
    formatShare(use.p5),
    formatShare(use.p50),
    formatShare(use.p95),
    formatShare(use.max),
    formatShare(use.meanWhilePending),
    formatShare(density),
    formatShare(stranded),
  ];
  const all = usedResources(result.utilization).map((name) =>
    row(
      name,
      result.utilization[name],
      packing.densityOfNonEmptyNodes[name] ?? null,
      packing.strandedShare[name] ?? null,
    ),
  );
  const pools = poolsOf(result.utilizationByPool).map((pool) =>
    section(
      pool === '' ? NO_POOL : `Pool ${pool}`,
      usedResources(result.utilizationByPool[pool]).map((name) =>
        row(name, result.utilizationByPool[pool][name], null, null),
      ),
      9,
    ),
  );
  const heads = ['All nodes', 'Mean', 'p5', 'p50', 'p95', 'Max', 'While pods waited', 'On non-empty nodes', 'Stranded'];
  return table('Utilization and packing', heads, section('', all, 9) + pools.join(''));
}

function countTable(result: RunResult): string {
  const { counts, packing, autoscaling } = result;
  const pods: Row[] = [
    ['Arrived', formatCount(counts.podsArrived)],
    ...unlessZero('Created to replace lost ones', counts.podsReplaced),
    ['Bound to a node at least once', formatCount(counts.podsScheduled)],
    ['Finished', formatCount(counts.podsFinished)],
    ['Running at the end', formatCount(counts.podsRunning)],
    ['Pending at the end', formatCount(counts.podsPending)],
    ...unlessZero('Lost', counts.podsLost),
  ];
  const nodes: Row[] = [
    ['At the start', formatCount(counts.nodesAtStart)],
    ['Most at one time', formatCount(counts.nodesPeak)],
    ['At the end', formatCount(counts.nodes)],
    ['Mean', formatCount(packing.meanNodes, 1)],
    ...(packing.meanEmptyNodes > 0 ? [['Mean without pods', formatCount(packing.meanEmptyNodes, 1)]] : []),
    ...steps('Added by the autoscaler', autoscaling.nodesAdded, autoscaling.scaleUpEvents),
    ...steps('Removed by the autoscaler', autoscaling.nodesRemoved, autoscaling.scaleDownEvents),
    ...ownRows(result, 'nodes'),
  ];
  return table('Pods and nodes', ['Pods', ''], section('', pods, 2) + section('Nodes', nodes, 2));
}

/** Of metrics that are declared with one on this card. */
function ownRows(result: RunResult, card: MetricRow['card']): Row[] {
  const rows = metricRows(result).filter(({ row }) => row.card === card);
  return rows.map(({ row, unit, value }) => [row.label, formatAmount(value, unit)]);
}

/** Nothing of what did not happen: tables have no rows of zeros. */
function unlessZero(name: string, count: number): Row[] {
  return count === 0 ? [] : [[name, formatCount(count)]];
}

function steps(name: string, nodes: number, events: number): Row[] {
  return events === 0 ? [] : [[name, `${formatCount(nodes)} in ${formatPlural(events, 'step')}`]];
}

function hadFailures(result: RunResult): boolean {
  const { failures, counts } = result;
  return counts.nodeFailures + counts.evictions + failures.wastedPodSeconds + failures.nodeDownSeconds > 0 ||
    failures.containers !== undefined || ownRows(result, 'failures').length > 0;
}

function schedulingTable(result: RunResult): string {
  const { scheduling, counts } = result;
  const facts: Row[] = [
    ['Decisions', formatCount(counts.decisions)],
    ...unlessZero('of which unschedulable', counts.decisionsUnschedulable),
    ['Attempts per bound pod, mean', formatNumber(scheduling.attemptsPerPod.mean)],
    ['Attempts per bound pod, p99', formatNumber(scheduling.attemptsPerPod.p99)],
    ['Backoff, mean', formatSeconds(scheduling.backoffSeconds.mean)],
    ['Nodes filtered', formatCount(scheduling.nodesFiltered)],
    ['Nodes scored', formatCount(scheduling.nodesScored)],
    ...ownRows(result, 'scheduling'),
  ];
  const rejections = counted(scheduling.rejectionsByPlugin, (name) => name);
  return table(
    'Scheduling',
    ['Scheduler', ''],
    section('', facts, 2) + section('Unschedulable, by rejecting plugin', rejections, 2),
  );
}

function failureTable(result: RunResult): string {
  const { failures, counts } = result;
  const all = failures.wastedPodSeconds + failures.usefulPodSeconds;
  const facts: Row[] = [
    ...unlessZero('Node failures', counts.nodeFailures),
    ...(failures.nodeDownSeconds === 0
      ? []
      : [['Node time down', `${formatNumber(failures.nodeDownSeconds / 3600)} node-hours`]]),
    ...unlessZero('Evictions', counts.evictions),
    ...(failures.wastedPodSeconds === 0
      ? []
      : [
          ['Pod time thrown away', `${formatNumber(failures.wastedPodSeconds / 3600)} pod-hours`],
          ['Share of all pod time', all > 0 ? formatShare(failures.wastedPodSeconds / all, 2) : formatShare(null)],
        ]),
    ...unlessZero('Containers started again', failures.containers?.restarts ?? 0),
    ...(failures.containers === undefined
      ? []
      : [['Pods ran unready', `${formatNumber(failures.containers.unreadyPodSeconds / 3600)} pod-hours`]]),
    ...ownRows(result, 'failures'),
  ];
  return table(
    'Failures',
    ['Cluster', ''],
    section('', facts, 2) + section('Evictions by cause', counted(failures.evictionsByCause, humanize), 2),
  );
}

function campaignTable(campaigns: readonly CampaignFacts[]): string {
  const rows = campaigns.map((campaign): Row => [
    campaign.name,
    ...CAMPAIGN_COLUMNS.map(({ cell }) => cell(campaign)),
  ]);
  const heads = ['Campaign', ...CAMPAIGN_COLUMNS.map(({ title }) => title)];
  return table('Failures by campaign', heads, section('', rows, heads.length));
}

function costTable(result: RunResult): string {
  const { cost } = result;
  const facts: Row[] = [
    ...(cost.total === 0 ? [] : [['Total', formatCount(cost.total, 2)]]),
    ['Node-hours', formatCount(cost.nodeHours, 1)],
    ...ownRows(result, 'cost'),
  ];
  const pools = poolsOf(cost.nodeHoursByPool).map(
    (pool): Row => [pool === '' ? NO_POOL : pool, formatCount(cost.nodeHoursByPool[pool], 1)],
  );
  return table('Cost', ['Cluster', ''], section('', facts, 2) + section('Node-hours by pool', pools, 2));
}

const NO_POOL = 'Nodes of no pool';

/** Nodes from files belong to no pool: they have a row of their own only beside pools. */
function poolsOf(record: Readonly<Record<string, unknown>>): string[] {
  const pools = sortedKeys(record);
  return pools.every((pool) => pool === '') ? [] : pools;
}

function counted(record: Readonly<Record<string, number>>, nameOf: (key: string) => string): Row[] {
  return sortedKeys(record).map((key): Row => [nameOf(key), formatCount(record[key])]);
}

export function card(full: boolean, content: string): string {
  return `<section class="card${full ? ' full' : ''}"><div class="scroll">${content}</div></section>`;
}

export function table(title: string, heads: Row, body: string): string {
  const head = heads.map((cell) =>
    typeof cell === 'string'
      ? `<th scope="col">${escapeText(cell)}</th>`
      : `<th scope="col" class="text">${escapeText(cell.text)}</th>`,
  );
  return `<table><caption>${escapeText(title)}</caption><thead><tr>${head.join('')}</tr></thead><tbody>${body}</tbody></table>`;
}

export function section(title: string, rows: readonly Row[], columns: number): string {
  if (rows.length === 0) return '';
  const head = title === '' ? '' : `<tr class="group"><td colspan="${columns}">${escapeText(title)}</td></tr>`;
  return head + rows.map((row) => `<tr>${row.map(cellText).join('')}</tr>`).join('');
}

function cellText(cell: Cell): string {
  return typeof cell === 'string' ? `<td>${escapeText(cell)}</td>` : `<td class="text">${escapeText(cell.text)}</td>`;
}
