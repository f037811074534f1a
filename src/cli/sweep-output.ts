/** What is printed and written of a sweep. */
import { sweepReport } from '../experiment/sweep-report.ts';
import type { ReportAsked, SweepReport } from '../experiment/sweep-report.ts';
import type { SweepRecord } from '../experiment/sweep-record.ts';
import type { SweepFolder } from '../io/sweep-folder.ts';
import { renderSweepTable, sweepCsv, sweepJson } from '../report/sweep-table.ts';
import { paintFor } from '../report/table.ts';
import type { Terminal } from './terminal.ts';

export function reportIn(
  folder: SweepFolder,
  record: SweepRecord,
  { metrics, pareto }: { readonly metrics: readonly string[] | null; readonly pareto: ReportAsked['pareto'] },
): SweepReport {
  return sweepReport(record, (cell) => folder.outcomeOf(cell), { metrics: metrics ?? record.metrics, pareto });
}

export function sweepText(report: SweepReport, format: string, terminal: Terminal): string {
  if (format === 'json') return sweepJson(report);
  if (format === 'csv') return sweepCsv(report);
  return renderSweepTable(report, paintFor(terminal.hasColor('out'), terminal.width));
}

/** As soon as every cell has its outcome: report.json and table.csv, of the sweep's own metrics. */
export function writeWhenComplete(folder: SweepFolder, record: SweepRecord): boolean {
  if (!folder.isComplete(record)) return false;
  const report = reportIn(folder, record, { metrics: null, pareto: null });
  folder.write('report.json', sweepJson(report));
  folder.write('table.csv', sweepCsv(report));
  return true;
}
