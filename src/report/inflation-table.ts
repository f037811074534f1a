/** An inflation experiment for the terminal: a line for each policy, at some points of growing demand. */
import type { CurvePoint, InflationReport } from '../experiment/inflation-report.ts';
import { ABSENT, formatCount, formatPlural } from './format.ts';
import { numberColumn, paintFor, plainText, renderFacts, renderTable, textColumn } from './table.ts';
import type { Paint } from './table.ts';

/** Percent of the capacity that has arrived. */
const POINTS: readonly number[] = [50, 80, 90, 100, 130];
const RUNS_SHOWN = 12;

/** Ends in a newline. */
export function renderInflationTable(report: InflationReport, options: { readonly color: boolean }): string {
  const paint = paintFor(options.color);
  const runs = report.policies[0]?.runs.map(({ run }) => run) ?? [];
  const shown = `${runs.slice(0, RUNS_SHOWN).map(plainText).join(', ')}${runs.length > RUNS_SHOWN ? ', ...' : ''}`;
  const head = renderFacts(
    [
      ['Experiment', paint.strong(plainText(report.experiment))],
      ['Cluster', `${formatPlural(report.nodes, 'node')}, ${formatCount(report.capacity / 1000)} GPUs`],
      ['Pods', `${formatCount(report.listedPods)} on the list`],
      ['Runs', `${formatCount(runs.length)} for each policy: ${shown}`],
    ],
    paint,
  );
  const last = Math.min(...report.policies.map(({ allocation }) => allocation.length)) - 1;
  const points = POINTS.filter((percent) => percent <= last);
  if (!points.includes(last)) points.push(last);
  return `${[
    head,
    section(
      report,
      'GPU allocation, % of the cluster, when so many % of it have been asked for',
      points,
      (policy) => policy.allocation,
      paint,
    ),
    section(report, 'GPUs fragmented, % of the cluster', points, (policy) => policy.fragmentation, paint),
    runs.length < 2
      ? 'One run gives no interval.'
      : `± half of the 95 % t interval over ${formatCount(runs.length)} runs.`,
  ].join('\n\n')}\n`;
}

function section(
  report: InflationReport,
  title: string,
  points: readonly number[],
  pick: (policy: InflationReport['policies'][number]) => readonly CurvePoint[],
  paint: Paint,
): string {
  const columns = [textColumn('POLICY'), ...points.map((percent) => numberColumn(`${formatCount(percent)} %`))];
  const rows = report.policies.map((policy) => [
    plainText(policy.policy),
    ...points.map((percent) => pointText(pick(policy)[percent] as CurvePoint | undefined)),
  ]);
  return `${title}\n${renderTable(columns, rows, paint)}`;
}

function pointText(point: CurvePoint | undefined): string {
  if (point === undefined) return ABSENT;
  const { mean, halfWidth } = point;
  return `${mean.toFixed(2)}${halfWidth === null ? '' : ` ± ${halfWidth.toFixed(2)}`}`;
}
