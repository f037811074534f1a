/** The report of a sweep as a terminal table, as CSV and as JSON. Reads the report only. */
import type { CollectedRuns } from '../experiment/collected-runs.ts';
import type { ReportedMetric, ReportedRow, ReportedValue, SweepReport } from '../experiment/sweep-report.ts';
import { csvText } from './csv.ts';
import { ABSENT, formatNumber, formatPlural, formatSeconds, formatShare } from './format.ts';
import { roundNumber, roundNumbers, writeJson } from './json.ts';
import { numberColumn, paintFor, plainText, renderFacts, renderTable, renderText, textColumn } from './table.ts';
import type { Paint } from './table.ts';

/** Ends in a newline. */
export function renderSweepTable(report: SweepReport, paint: Paint = paintFor(false)): string {
  const parts = [
    renderFacts(factsOf(report), paint),
    renderTable(columnsOf(report), report.rows.map((row, i) => lineOf(report, row, i)), paint),
    ...sensitivityParts(report, paint),
    ...paretoParts(report, paint),
    ...failureParts(report, paint),
  ];
  return `${parts.join('\n\n')}\n`;
}

function factsOf({ name, design, runs, seeds, parameters, parameterLabels }: SweepReport): [string, string][] {
  const { wanted, done, failed } = runs;
  const open = wanted - done - failed;
  const failing = failed === 0 ? '' : `, ${String(failed)} failed`;
  const missing = open === 0 ? '' : `, ${String(open)} to go`;
  return [
    ['Sweep', `${plainText(name)} (${design}, ${formatPlural(seeds.length, 'seed')})`],
    ['Runs', `${String(done)} of ${String(wanted)}${failing}${missing}`],
    ...parameters.flatMap((path, i): [string, string][] =>
      path === parameterLabels[i] ? [] : [[`  ${plainText(parameterLabels[i])}`, plainText(path)]],
    ),
  ];
}

function columnsOf({ parameterLabels, variants, metrics, pareto, rows }: SweepReport): ReturnType<typeof textColumn>[] {
  return [
    ...parameterLabels.map((label, i) => {
      const isNumeric = rows.every(({ point }) => typeof point[i] === 'number');
      return isNumeric ? numberColumn(plainText(label)) : textColumn(plainText(label));
    }),
    ...(variants.length > 1 ? [textColumn('VARIANT')] : []),
    ...metrics.map(({ label }) => numberColumn(label)),
    ...(pareto === null ? [] : [textColumn('PARETO')]),
  ];
}

function lineOf({ variants, metrics, pareto }: SweepReport, row: ReportedRow, index: number): string[] {
  return [
    ...row.point.map(valueText),
    ...(variants.length > 1 ? [plainText(row.variant)] : []),
    ...row.values.map((value, i) => cellOf(value, metrics[i], row)),
    ...(pareto === null ? [] : [pareto.rows.includes(index) ? '*' : '']),
  ];
}

function cellOf({ mean, low, high }: ReportedValue, metric: ReportedMetric, { done, failed }: ReportedRow): string {
  if (mean === null) return done === 0 && failed > 0 ? 'failed' : ABSENT;
  const text = formatted(metric, mean);
  return low === null || high === null ? text : `${text} ±${formatted(metric, (high - low) / 2)}`;
}

function formatted({ unit }: ReportedMetric, value: number): string {
  if (unit === 's') return formatSeconds(value);
  return unit === 'share' ? formatShare(value) : formatNumber(value);
}

function valueText(value: unknown): string {
  return plainText(typeof value === 'string' ? value : JSON.stringify(value));
}

const MISSING = 'Some combinations are missing: shares of several parameters may overlap.';
const DRAWN = 'Values are drawn: shares are estimates, by classes of equal size.';

function sensitivityParts({ sensitivity, parameters, parameterLabels }: SweepReport, paint: Paint): string[] {
  if (sensitivity === null || sensitivity.factors.length === 0) return [];
  const { factors, metrics, method, balanced } = sensitivity;
  const hasChance = metrics.some(({ chance }) => chance !== null);
  const labelOf = (factor: string): string => {
    const index = parameters.indexOf(factor);
    return index === -1 ? factor : parameterLabels[index];
  };
  const columns = [textColumn('METRIC'), ...factors.map((factor) => numberColumn(plainText(labelOf(factor)))),
    ...(hasChance ? [numberColumn('SEEDS')] : [])];
  const lines = metrics.map(({ metric, shares, chance }) => [
    metric, ...shares.map((share) => formatShare(share, 0)), ...(hasChance ? [formatShare(chance, 0)] : []),
  ]);
  const remark = method === 'classes' ? DRAWN : balanced ? '' : MISSING;
  const heading = `Share of each metric's variance that a parameter accounts for by itself (first-order index).`;
  return [
    `${renderText(heading, paint)}\n${remark === '' ? '' : `${renderText(remark, paint)}\n`}` +
      renderTable(columns, lines, paint),
  ];
}

function paretoParts({ pareto, metrics }: SweepReport, paint: Paint): string[] {
  if (pareto === null) return [];
  const [first, second] = pareto.metrics.map((name) => metrics.find((metric) => metric.name === name)?.label ?? name);
  const rows = formatPlural(pareto.rows.length, 'row');
  return [renderText(`${rows} marked *: no other is better in ${first} or ${second} without being worse in the other.`,
    paint)];
}

/** Rows that failed for the same reason stand together. */
function failureParts({ failures, rows, parameterLabels, variants }: SweepReport, paint: Paint): string[] {
  if (failures.length === 0) return [];
  const byReason = new Map<string, string[]>();
  for (const { row, seed, reason } of failures) {
    const { point, variant } = rows[row];
    const words = [
      ...point.map((value, i) => `${parameterLabels[i]}=${valueText(value)}`),
      ...(variants.length > 1 ? [variant] : []),
      `seed ${seed}`,
    ];
    byReason.set(reason, [...(byReason.get(reason) ?? []), plainText(words.join(', '))]);
  }
  const lines = Array.from(byReason, ([reason, cells]) =>
    renderText(`  ${plainText(reason)}: ${formatPlural(cells.length, 'run')} (${cells.join('; ')})`, paint),
  );
  return [`Failed:\n${lines.join('\n')}`];
}

/**
 * A row for each row of the report; an empty cell is a value that does not exist. Full paths, so that files can be
 * joined.
 */
export function sweepCsv({ parameters, metrics, rows, pareto }: SweepReport): string {
  const header = [
    ...parameters, 'variant', 'runs', 'failed',
    ...metrics.flatMap(({ name }) => [name, `${name}.low`, `${name}.high`]),
    ...(pareto === null ? [] : ['pareto']),
  ];
  const lines = rows.map(({ point, variant, done, failed, values }, i) => [
    ...point.map(pointCell),
    variant,
    done,
    failed,
    ...values.flatMap(({ mean, low, high }) =>
      [mean, low, high].map((each) => (each === null ? null : roundNumber(each))),
    ),
    ...(pareto === null ? [] : [String(pareto.rows.includes(i))]),
  ]);
  return csvText([header, ...lines]);
}

function pointCell(value: unknown): string | number {
  return typeof value === 'number' || typeof value === 'string' ? value : JSON.stringify(value);
}

/** A row for each run, in the same columns, with its digest, or why it failed. */
export function collectedCsv({ parameters, metrics, runs }: CollectedRuns): string {
  const header = [...parameters, 'variant', 'seed', ...metrics, 'digest', 'failure'];
  const lines = runs.map(({ point, variant, seed, values, digest, failure }) => [
    ...point.map(pointCell),
    variant,
    seed,
    ...values.map((value) => (value === null ? null : roundNumber(value))),
    digest,
    failure,
  ]);
  return csvText([header, ...lines]);
}

/** Each run with its values by name. Ends in a newline. */
export function collectedJson({ parameters, metrics, runs, ...facts }: CollectedRuns): string {
  const named = runs.map(({ point, values, ...run }) => ({
    parameters: Object.fromEntries(parameters.map((path, i) => [path, point[i]])),
    ...run,
    metrics: Object.fromEntries(metrics.map((path, i) => [path, values[i]])),
  }));
  return `${writeJson(roundNumbers({ ...facts, runs: named }), '')}\n`;
}

/** Ends in a newline. */
export function sweepJson(report: SweepReport): string {
  return `${writeJson(roundNumbers(report), '')}\n`;
}
