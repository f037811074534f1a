/** Tables of runs and of comparisons: what was compared, each run with its digest, means by variant. */
import type { VariantMetric } from '../../experiment/compare-result.ts';
import { mean } from '../../base/statistics/moments.ts';
import type { ShownComparison } from '../compare-table.ts';
import { footOf } from '../compare-table.ts';
import { displayUnit, scaled, shortPercent, shownChange, shownInterval, signed } from '../compare-values.ts';
import { ABSENT, formatCount, formatNumber, formatPlural, formatSeconds, formatShare } from '../format.ts';
import type { ShownExperiment, ShownMetric, ShownRun } from './page-data.ts';
import { numberHead, textCell, textHead } from './table-forms.ts';
import type { ReportTable, TableCell, TableColumn } from './table-forms.ts';

/** `id`: what the names of the tables begin with. */
export function experimentTables(experiment: ShownExperiment, id: string): ReportTable[] {
  return [...comparedTables(experiment, id), ...runTables(experiment, id)];
}

export function comparedTables({ comparison }: ShownExperiment, id: string): ReportTable[] {
  return comparison === null ? [] : [comparedTable(comparison, `${id}-compared`)];
}

export function runTables(experiment: ShownExperiment, id: string): ReportTable[] {
  const { variants, runs } = experiment;
  const means = variants.length > 1 || runs.length > 1 ? [meansTable(experiment, `${id}-means`)] : [];
  return [...means, runsTable(experiment, `${id}-runs`)];
}

/** In words, with its unit. */
export function valueText(unit: string, value: number | null): string {
  if (value === null) return ABSENT;
  if (unit === 's') return formatSeconds(value);
  if (unit === 'share') return formatShare(value);
  return Number.isInteger(value) ? formatCount(value) : formatNumber(value);
}

function comparedTable(comparison: ShownComparison, id: string): ReportTable {
  const { variants } = comparison;
  const isPair = variants.length === 2;
  const columns = [
    textHead('Metric', 'metric'),
    { ...textHead('Variant', 'variant'), isOnlyInFiles: isPair },
    numberHead('A', 'a'),
    numberHead(isPair ? variants[1].name : 'Mean', 'value'),
    numberHead('Difference', 'difference'),
    numberHead('Change', 'change'),
    numberHead(`${shortPercent(comparison.confidence)} interval`, 'interval'),
    textHead('Verdict', 'verdict'),
    fileOnly('low', 'differenceLow'),
    fileOnly('high', 'differenceHigh'),
    fileOnly('change, low', 'changeLow'),
    fileOnly('change, high', 'changeHigh'),
    fileOnly('p', 'adjustedPValue'),
    fileOnly('pairs', 'pairs'),
  ];
  const rows = comparison.comparisons.map((metric) => comparedRow(metric, comparison));
  return { id, title: 'Every metric compared', columns, rows, foot: footOf(comparison).join(' ') };
}

function comparedRow(metric: VariantMetric, { seedsChangeNothing }: ShownComparison): TableCell[] {
  const { base, value, difference, verdict } = metric;
  const unit = displayUnit(metric.unit, [base, value]);
  const named = unit.text === '' ? metric.shortName : `${metric.shortName} (${unit.text})`;
  const interval = shownInterval(metric, unit, seedsChangeNothing);
  return [
    { text: named, value: metric.metric },
    textCell(metric.variant),
    { text: scaled(base, unit), value: base },
    { text: scaled(value, unit), value },
    { text: signed(difference, unit), value: difference },
    { text: verdict === 'absent' ? ABSENT : shownChange(metric), value: metric.change },
    { text: interval, value: interval },
    { text: verdictText(metric), value: verdict, style: `whole ${verdictStyle(metric)}`.trim() },
    ...[metric.differenceLow, metric.differenceHigh, metric.changeLow, metric.changeHigh, metric.adjustedPValue].map(
      (one): TableCell => ({ text: formatNumber(one), value: one }),
    ),
    { text: formatCount(metric.pairs), value: metric.pairs },
  ];
}

export function verdictStyle({ verdict }: Pick<VariantMetric, 'verdict'>): string {
  return verdict === 'better' ? 'good' : verdict === 'worse' ? 'bad' : '';
}

export function verdictText({ verdict, moreSeeds }: Pick<VariantMetric, 'verdict' | 'moreSeeds'>): string {
  if (verdict === 'unknown') return moreSeeds === null ? 'not shown' : `not shown, +${formatPlural(moreSeeds, 'seed')}`;
  if (verdict === 'absent') return 'no values';
  return verdict === 'equal' ? 'equal in practice' : verdict;
}

/** Shown on the page; files hold all metrics. */
const TELLING: readonly RegExp[] = [
  /^utilization\.(cpu|memory)\.mean$/u,
  /^latency\.queueWaitSeconds\.(p50|p99)$/u,
  /^counts\.pods(Finished|Pending|Lost)$/u,
  /^packing\.meanNodes$/u,
  /^cost\./u,
];

const TITLES: Readonly<Record<string, string>> = {
  'utilization.cpu.mean': 'CPU',
  'utilization.memory.mean': 'Memory',
  'latency.queueWaitSeconds.p50': 'Wait p50',
  'latency.queueWaitSeconds.p99': 'Wait p99',
  'counts.podsFinished': 'Finished',
  'counts.podsPending': 'Pending',
  'counts.podsLost': 'Lost',
  'packing.meanNodes': 'Nodes',
  'cost.nodeHours': 'Node-hours',
  'cost.total': 'Cost',
};

/** Columns of zeros are for files. */
function metricColumns({ metrics, runs }: ShownExperiment): TableColumn[] {
  return metrics.map(({ name, shortName }, i) => {
    const isTelling =
      TELLING.some((pattern) => pattern.test(name)) && runs.some(({ values }) => (values[i] ?? 0) !== 0);
    const column = numberHead(TITLES[name] ?? shortName, name);
    return isTelling ? column : { ...column, isOnlyInFiles: true };
  });
}

function fileOnly(title: string, name: string): TableColumn {
  return { ...numberHead(title, name), isOnlyInFiles: true };
}

function meansTable(experiment: ShownExperiment, id: string): ReportTable {
  const { variants, metrics, runs } = experiment;
  const rows = variants.map(({ name, label }): TableCell[] => {
    const own = runs.filter(({ variant, complete }) => variant === name && complete);
    return [
      textCell(name),
      textCell(label),
      { text: formatCount(own.length), value: own.length },
      ...metrics.map((metric, i) => meanCell(metric, own, i)),
    ];
  });
  const columns = [...variantHeads(variants.length > 1), numberHead('Runs', 'runs'), ...metricColumns(experiment)];
  return { id, title: 'Means over the seeds', columns, rows, foot: 'Of runs that are complete.' };
}

/** Files have them in any case. */
function variantHeads(isShown: boolean): TableColumn[] {
  const heads = [textHead('Variant', 'variant'), textHead('What it is', 'label')];
  return isShown ? heads : heads.map((head) => ({ ...head, isOnlyInFiles: true }));
}

function meanCell({ unit }: ShownMetric, runs: readonly ShownRun[], index: number): TableCell {
  const known = runs.flatMap(({ values }) => values[index] ?? []);
  const value = known.length === 0 ? null : mean(known);
  return { text: valueText(unit, value), value };
}

function runsTable(experiment: ShownExperiment, id: string): ReportTable {
  const { scenario, metrics, runs, variants } = experiment;
  const columns = [
    ...variantHeads(variants.length > 1).slice(0, 1),
    textHead('Seed', 'seed'),
    fileOnly('Scenario', 'scenario'),
    { ...textHead('State', 'state'), isOnlyInFiles: runs.every(({ complete }) => complete) },
    ...metricColumns(experiment),
    textHead('Digest', 'digest'),
    { ...textHead('Folder', 'folder'), isOnlyInFiles: runs.every(({ folder }) => folder === runs[0].folder) },
    fileOnly('Podyard', 'version'),
    fileOnly('Repeat', 'repeat'),
  ];
  const rows = runs.map((run): TableCell[] => [
    textCell(run.variant),
    textCell(run.seed),
    textCell(scenario),
    run.complete
      ? textCell('complete')
      : textCell(`INCOMPLETE${run.simulatedSeconds === null ? '' : `, ${formatSeconds(run.simulatedSeconds)}`}`, 'bad'),
    ...metrics.map(({ unit }, i) => ({ text: valueText(unit, run.values[i]), value: run.values[i] })),
    textCell(run.digest, 'mono'),
    textCell(run.folder),
    textCell(run.version),
    textCell(run.repeat),
  ]);
  return { id, title: 'Every run', columns, rows, foot: 'Equal digests mean equal runs. Files hold every metric.' };
}
