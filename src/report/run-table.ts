/** One run for the terminal: what happened, how full the cluster was, who waited how long, what it cost. */
import { metricRows } from '../metrics/declared-metrics.ts';
import type { CampaignFacts, LatencyGroup, Quantiles, RunResult } from '../metrics/run-result.ts';
import { formatAmount, formatCount, formatNumber, formatSeconds, formatShare, humanize, sortedKeys } from './format.ts';
import {
  graphColumn,
  numberColumn,
  paintFor,
  plainText,
  renderFacts,
  renderTable,
  renderText,
  sparkline,
  textColumn,
  type Paint,
} from './table.ts';
import { waitingText, whyText } from './why-table.ts';
import { usedResources } from './why.ts';

export interface TableOptions {
  /** More columns and rows; lines may be longer than 100 characters. */
  readonly wide: boolean;
  readonly color: boolean;
  /** Columns of the terminal; null or absent: none. */
  readonly width?: number | null;
}

const GRAPH_WIDTH = 40;

/** Ends in a newline. */
export function renderRunTable(result: RunResult, options: TableOptions): string {
  const paint = paintFor(options.color, options.width);
  const sections = [
    headText(result, paint),
    podsText(result, paint),
    nodesText(result, paint),
    utilizationText(result, options, paint),
    waitsText(result, options, paint),
    whyText(result, options.wide, paint),
    waitingText(result, options.wide, paint),
    campaignsText(result, options.wide, paint),
    ...(options.wide ? [rejectionsText(result, paint)] : []),
    totalsText(result, paint),
    notesText(result, paint),
  ];
  return `${sections.filter((section) => section !== '').join('\n\n')}\n`;
}

function headText(result: RunResult, paint: Paint): string {
  const time = formatSeconds(result.simulatedSeconds);
  return renderFacts(
    [
      ['Scenario', paint.strong(plainText(result.scenario))],
      ['Seed', plainText(result.seed)],
      ['Version', plainText(result.version)],
      ['Kubernetes', plainText(result.kubernetes)],
      [
        'Simulated',
        result.complete
          ? time
          : paint.bad(`${time} — INCOMPLETE: stopped before its end, all numbers are up to this time`),
      ],
      ['Digest', plainText(result.digest)],
    ],
    paint,
  );
}

function podsText(result: RunResult, paint: Paint): string {
  const { counts } = result;
  const titles = ['ARRIVED', 'SCHEDULED', 'FINISHED', 'RUNNING', 'PENDING', 'LOST', 'REPLACED', 'EVICTIONS'];
  const alarm = (count: number, color: (text: string) => string): string =>
    count > 0 ? color(formatCount(count)) : formatCount(count);
  const row = [
    formatCount(counts.podsArrived),
    formatCount(counts.podsScheduled),
    formatCount(counts.podsFinished),
    formatCount(counts.podsRunning),
    alarm(counts.podsPending, paint.warn),
    alarm(counts.podsLost, paint.bad),
    formatCount(counts.podsReplaced),
    formatCount(counts.evictions),
  ];
  return renderTable([textColumn('PODS'), ...titles.map(numberColumn)], [['', ...row]], paint);
}

function nodesText(result: RunResult, paint: Paint): string {
  const { counts, packing, autoscaling, cost } = result;
  const titles = ['START', 'PEAK', 'END', 'MEAN', 'MEAN EMPTY', 'ADDED', 'REMOVED', 'FAILURES', 'HOURS', 'COST'];
  const row = [
    formatCount(counts.nodesAtStart),
    formatCount(counts.nodesPeak),
    formatCount(counts.nodes),
    formatCount(packing.meanNodes, 1),
    formatCount(packing.meanEmptyNodes, 1),
    formatCount(autoscaling.nodesAdded),
    formatCount(autoscaling.nodesRemoved),
    formatCount(counts.nodeFailures),
    formatCount(cost.nodeHours, 1),
    formatCount(cost.total, 2),
  ];
  return renderTable([textColumn('NODES'), ...titles.map(numberColumn)], [['', ...row]], paint);
}

function utilizationText(result: RunResult, options: TableOptions, paint: Paint): string {
  const resources = usedResources(result.utilization);
  if (resources.length === 0) return '';
  const columns = [
    textColumn('UTILIZATION'), numberColumn('MEAN'),
    ...(options.wide ? [numberColumn('P5')] : []),
    numberColumn('P50'), numberColumn('P95'),
    ...(options.wide ? [numberColumn('MAX'), numberColumn('WHILE PENDING')] : []),
    numberColumn('PACKED'), numberColumn('STRANDED'), graphColumn('0% TO 100% OVER TIME'),
  ];
  const rows = resources.map((name) => {
    const use = result.utilization[name];
    return [
      plainText(name),
      formatShare(use.mean),
      ...(options.wide ? [formatShare(use.p5)] : []),
      formatShare(use.p50),
      formatShare(use.p95),
      ...(options.wide ? [formatShare(use.max), formatShare(use.meanWhilePending)] : []),
      formatShare(result.packing.densityOfNonEmptyNodes[name] ?? null),
      formatShare(result.packing.strandedShare[name] ?? null),
      sparkline(result.timeseries.columns[`utilization.${name}`] ?? [], GRAPH_WIDTH, 0, 1),
    ];
  });
  return renderTable(columns, rows, paint);
}

function waitsText(result: RunResult, options: TableOptions, paint: Paint): string {
  const columns = [
    textColumn('WAIT'), numberColumn('PODS'),
    ...(options.wide ? [numberColumn('WAITING')] : []),
    numberColumn('MEAN'), numberColumn('P50'), numberColumn('P90'), numberColumn('P95'), numberColumn('P99'),
    ...(options.wide ? [numberColumn('P99.9')] : []),
    numberColumn('MAX'),
  ];
  const row = (label: string, times: Quantiles): string[] => [
    label,
    formatCount(times.count),
    ...(options.wide ? [formatCount(times.censored)] : []),
    formatSeconds(times.mean),
    formatSeconds(times.p50),
    formatSeconds(times.p90),
    formatSeconds(times.p95),
    formatSeconds(times.p99),
    ...(options.wide ? [formatSeconds(times.p999)] : []),
    formatSeconds(times.max),
  ];
  const grouped = (word: string, groups: Readonly<Record<string, LatencyGroup>>): string[][] =>
    sortedKeys(groups).map((key) => row(`${word} ${plainText(key)}`, groups[key].queueWaitSeconds));
  return renderTable(
    columns,
    [
      row('all pods', result.latency.queueWaitSeconds),
      row('all pods, until running', result.latency.startSeconds),
      ...grouped('priority', result.latencyByPriority),
      ...grouped('class', result.latencyByClass),
    ],
    paint,
  );
}

function rejectionsText(result: RunResult, paint: Paint): string {
  const { rejectionsByPlugin } = result.scheduling;
  const rows = sortedKeys(rejectionsByPlugin).map((plugin) => [
    plainText(plugin),
    formatCount(rejectionsByPlugin[plugin]),
  ]);
  return rows.length === 0 ? '' : renderTable([textColumn('REJECTED BY'), numberColumn('VERDICTS')], rows, paint);
}

interface CampaignColumn {
  readonly title: string;
  readonly isText?: boolean;
  readonly isWide?: boolean;
  readonly cell: (campaign: CampaignFacts) => string;
}

/** Beside the name; of the page, too. */
export const CAMPAIGN_COLUMNS: readonly CampaignColumn[] = [
  { title: 'Kind', isText: true, cell: ({ kind, scope }) => `${scope} ${kind}` },
  { title: 'Strikes', cell: ({ strikes }) => formatCount(strikes) },
  { title: 'Nodes struck', cell: ({ nodesStruck }) => formatCount(nodesStruck) },
  { title: 'Struck at the end', isWide: true, cell: ({ nodesStruckAtEnd }) => formatCount(nodesStruckAtEnd) },
  { title: 'Node-hours', cell: ({ nodeSeconds }) => formatNumber(nodeSeconds / 3600) },
  { title: 'Median', cell: ({ medianSeconds }) => formatSeconds(medianSeconds) },
  { title: 'Longest', cell: ({ longestSeconds }) => formatSeconds(longestSeconds) },
  { title: 'Pods disrupted', cell: ({ podsDisrupted }) => formatCount(podsDisrupted) },
  { title: 'Restarted', cell: ({ podsRestarted }) => formatCount(podsRestarted) },
];

/** '' where none has struck. */
function campaignsText({ failures: { campaigns } }: RunResult, wide: boolean, paint: Paint): string {
  if (campaigns === undefined) return '';
  const shown = CAMPAIGN_COLUMNS.filter(({ isWide = false }) => wide || !isWide);
  const columns = shown.map(({ title, isText = false }) => (isText ? textColumn : numberColumn)(title.toUpperCase()));
  const rows = campaigns.map((campaign) => [plainText(campaign.name), ...shown.map(({ cell }) => cell(campaign))]);
  return renderTable([textColumn('FAILURES BY CAMPAIGN'), ...columns], rows, paint);
}

function totalsText(result: RunResult, paint: Paint): string {
  const { counts, scheduling, failures } = result;
  const fragmented = result.packing.fragmentation.gpuFragmentedShare;
  const pending = result.timeseries.columns['pods.pending'] ?? [];
  const peak = pending.reduce((most, value) => Math.max(most, value), 0);
  const evictions = sortedKeys(failures.evictionsByCause).map(
    (cause) => `${plainText(humanize(cause))} ${formatCount(failures.evictionsByCause[cause])}`,
  );
  return renderFacts(
    [
      [
        'Pending over time',
        `${sparkline(pending, GRAPH_WIDTH, 0, Math.max(1, peak), 'peak')}   0 to ${formatCount(peak)}`.trim(),
      ],
      [
        'Decisions',
        `${formatCount(counts.decisions)}, of which ${formatCount(counts.decisionsUnschedulable)} unschedulable`,
      ],
      ...(fragmented === null
        ? []
        : [
            [
              'Shared GPUs in fragments',
              `mean ${formatShare(fragmented.mean)}, at the end ${formatShare(fragmented.end)}`,
            ] as const,
          ]),
      [
        'Attempts per pod',
        `mean ${formatNumber(scheduling.attemptsPerPod.mean)}, p99 ${formatNumber(scheduling.attemptsPerPod.p99)}, most ${formatNumber(scheduling.attemptsPerPod.max)}`,
      ],
      ...(evictions.length === 0 ? [] : [['Evictions by cause', evictions.join(', ')] as const]),
      ...(failures.wastedPodSeconds === 0
        ? []
        : [['Pod time thrown away', wastedText(failures.wastedPodSeconds, failures.usefulPodSeconds)] as const]),
      ...(failures.containers === undefined
        ? []
        : ([
            ['Containers started again', formatCount(failures.containers.restarts)],
            ['Pods ran unready', `${formatNumber(failures.containers.unreadyPodSeconds / 3600)} pod-hours`],
          ] as const)),
      ...metricRows(result).map(({ row, unit, value }) => [row.label, formatAmount(value, unit)] as const),
    ],
    paint,
  );
}

/** Wasted run time, and its share of all run time. */
export function wastedText(wastedPodSeconds: number, usefulPodSeconds: number): string {
  const all = wastedPodSeconds + usefulPodSeconds;
  return `${formatNumber(wastedPodSeconds / 3600)} pod-hours${all > 0 ? ` (${formatShare(wastedPodSeconds / all, 2)})` : ''}`;
}

function notesText(result: RunResult, paint: Paint): string {
  return result.notes.map((note) => renderText(`${paint.warn('Note:')} ${plainText(note)}`, paint)).join('\n');
}
