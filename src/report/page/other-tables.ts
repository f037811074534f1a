/** Tables of sweeps and rehearsals. */
import type { ReportedMetric, ReportedValue, SweepReport } from '../../experiment/sweep-report.ts';
import { ABSENT, formatCount, formatNumber, formatPlural, formatSeconds, formatShare } from '../format.ts';
import { brokenBudgets } from '../rehearsal-table.ts';
import { valueText } from './experiment-tables.ts';
import type { ShownRehearsal } from './page-data.ts';
import { numberHead, textCell, textHead } from './table-forms.ts';
import type { ReportTable, TableCell, TableColumn } from './table-forms.ts';

export function sweepTables(report: SweepReport, id: string): ReportTable[] {
  const { failures } = report;
  return [
    rowsTable(report, `${id}-rows`),
    ...(report.sensitivity === null || report.sensitivity.factors.length === 0
      ? []
      : [factorTable(report, `${id}-factors`)]),
    ...(failures.length === 0 ? [] : [failureTable(report, `${id}-failures`)]),
  ];
}

function rowsTable({ parameters, parameterLabels, variants, metrics, rows }: SweepReport, id: string): ReportTable {
  const columns: TableColumn[] = [
    ...parameters.map((path, i) => textHead(parameterLabels[i], path)),
    { ...textHead('Variant', 'variant'), isOnlyInFiles: variants.length < 2 },
    numberHead('Runs', 'runs'),
    numberHead('Failed', 'failed'),
    ...metrics.flatMap(({ name, label }): TableColumn[] => [
      numberHead(label, name),
      { ...numberHead(`${label}, low`, `${name}.low`), isOnlyInFiles: true },
      { ...numberHead(`${label}, high`, `${name}.high`), isOnlyInFiles: true },
    ]),
  ];
  const lines = rows.map(({ point, variant, done, failed, values }): TableCell[] => [
    ...point.map((value) => textCell(wordsOf(value))),
    textCell(variant),
    { text: formatCount(done), value: done },
    { text: formatCount(failed), value: failed, ...(failed > 0 ? { style: 'bad' } : {}) },
    ...values.flatMap((value, i) => valueCells(value, metrics[i])),
  ]);
  return {
    id,
    title: 'Every point',
    columns,
    rows: lines,
    foot: 'Means over the seeds, ± half of their 95% interval.',
  };
}

function valueCells({ mean, low, high }: ReportedValue, { unit }: ReportedMetric): TableCell[] {
  const spread = low === null || high === null ? '' : ` ±${valueText(unit, (high - low) / 2)}`;
  return [
    { text: `${valueText(unit, mean)}${spread}`, value: mean },
    { text: valueText(unit, low), value: low },
    { text: valueText(unit, high), value: high },
  ];
}

function wordsOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function factorTable({ sensitivity, parameters, parameterLabels }: SweepReport, id: string): ReportTable {
  const { factors = [], metrics = [], method = 'values', balanced = true } = sensitivity ?? {};
  const labelOf = (factor: string): string => parameterLabels[parameters.indexOf(factor)] ?? factor;
  const share = (value: number | null): TableCell => ({ text: formatShare(value, 0), value });
  const rows = metrics.map(({ metric, shares, chance }) => [textCell(metric), ...shares.map(share), share(chance)]);
  const columns = [
    textHead('Metric', 'metric'),
    ...factors.map((factor) => numberHead(labelOf(factor), factor)),
    numberHead('Seeds', 'seeds'),
  ];
  const remark =
    method === 'classes'
      ? ' Values are drawn: shares are estimates, by classes of equal size.'
      : balanced
        ? ''
        : ' Some combinations are missing: shares of several parameters may overlap.';
  const foot = `Share of the variance that a parameter accounts for by itself (first-order index).${remark}`;
  return { id, title: 'What moves what', columns, rows, foot };
}

function failureTable({ failures, rows, parameterLabels }: SweepReport, id: string): ReportTable {
  const columns = [
    textHead('Point', 'point'),
    textHead('Variant', 'variant'),
    textHead('Seed', 'seed'),
    textHead('Reason', 'reason'),
  ];
  const lines = failures.map(({ row, seed, reason }) => {
    const { point, variant } = rows[row];
    const where = point.map((value, i) => `${parameterLabels[i]}=${wordsOf(value)}`).join(', ');
    return [textCell(where), textCell(variant), textCell(seed), textCell(reason)];
  });
  return { id, title: 'Failed runs', columns, rows: lines, foot: '' };
}

/** What the page draws and lists in its own words; for Markdown, CSV and JSON. */
export function rehearsalTables({ result }: ShownRehearsal, id: string): ReportTable[] {
  const { steps, availability, startSeconds } = result;
  const stepRows = steps.map(({ text, beginSeconds, endSeconds, outcome, message }): TableCell[] => [
    textCell(text),
    { text: `+${formatSeconds(beginSeconds - startSeconds)}`, value: beginSeconds - startSeconds },
    endSeconds === null
      ? { text: 'never', value: null }
      : { text: formatSeconds(endSeconds - beginSeconds), value: endSeconds - beginSeconds },
    textCell(outcome, outcome === 'failed' ? 'bad' : ''),
    textCell(message),
  ]);
  const groupRows = availability.map((group): TableCell[] => [
    textCell(`${group.kind} ${group.key}`),
    textCell(group.rule),
    ...[group.availableAtStart, group.leastAvailable, group.availableAtEnd, group.neededAtStart].map((value) => ({
      text: formatCount(value),
      value,
    })),
    { text: formatSeconds(group.belowSeconds), value: group.belowSeconds },
    { text: formatShare(group.availability, 2), value: group.availability },
    { text: formatNumber(group.unavailablePodSeconds), value: group.unavailablePodSeconds },
  ]);
  const stepHeads = [
    textHead('Step', 'step'),
    numberHead('At', 'atSeconds'),
    numberHead('Took', 'tookSeconds'),
    textHead('Outcome', 'outcome'),
    textHead('Message', 'message'),
  ];
  const groupHeads = [
    textHead('Pods of', 'object'),
    textHead('Budget', 'rule'),
    numberHead('Start', 'availableAtStart'),
    numberHead('Least', 'leastAvailable'),
    numberHead('End', 'availableAtEnd'),
    numberHead('Floor', 'neededAtStart'),
    numberHead('Below it', 'belowSeconds'),
    numberHead('Availability', 'availability'),
    numberHead('Pod-seconds missing', 'unavailablePodSeconds'),
  ];
  return [
    { id: `${id}-steps`, title: 'Steps', columns: stepHeads, rows: stepRows, foot: '' },
    { id: `${id}-pods`, title: 'Budgets, Services, workloads', columns: groupHeads, rows: groupRows, foot: '' },
  ];
}

/** `healed after 12m00s; no budget broken; nobody blocked at the end`. */
export function rehearsalSentence({ result }: ShownRehearsal): string {
  const { healSeconds, end, blockers, pending } = result;
  const broken = brokenBudgets(result).length;
  const blocked = blockers.filter(({ endSeconds }) => endSeconds === null).length;
  const still = pending.reduce((sum, { stillPending }) => sum + stillPending, 0);
  const healed = healSeconds === null ? `not healed (${end})` : `healed after ${formatSeconds(healSeconds)}`;
  const count = (number: number, word: string): string =>
    number === 0 ? `no ${word}` : formatPlural(number, word);
  const parts = [healed, `${count(broken, 'budget')} broken`, `${count(blocked, 'eviction')} blocked at the end`];
  return `${[...parts, ...(still > 0 ? [`${count(still, 'pod')} pending at the end`] : [])].join('; ')}.`;
}

/** Runs there are, and what moves each metric most. */
export function sweepSentences({ runs, sensitivity, parameters, parameterLabels }: SweepReport): string[] {
  const { wanted, done, failed } = runs;
  const open = wanted - done - failed;
  const state = open > 0 ? `INCOMPLETE: ${formatCount(open)} to go, ` : '';
  const lost = failed > 0 ? `, ${formatCount(failed)} failed` : '';
  const head = `${state}${formatCount(done)} of ${formatCount(wanted)} runs${lost}.`;
  const moved = (sensitivity?.metrics ?? []).flatMap(({ metric, shares }) => {
    const best = shares.reduce<number>((most, share, i) => ((share ?? 0) > (shares[most] ?? 0) ? i : most), 0);
    const share = shares[best] ?? 0;
    const factor = sensitivity?.factors[best] ?? ABSENT;
    const label = parameterLabels[parameters.indexOf(factor)] ?? factor;
    return share < 0.1 ? [] : [`${metric} moves most with ${label}: ${formatShare(share, 0)} of its variance.`];
  });
  return [head, ...moved];
}
