/**
 * Plays the selected workloads of scheduler_perf files one by one and prints their rates beside the calibration
 * loop's.
 */
import { CALIBRATION_PENDING, Calibration } from '../scheduler-perf/calibration.ts';
import { dataItemsOf } from '../scheduler-perf/data-items.ts';
import { measureWorkload, planPerf } from '../scheduler-perf/scheduler-perf.ts';
import type { UnsupportedWorkload, WorkloadResult } from '../scheduler-perf/workload-result.ts';
import { createInputFiles } from '../io/input-files.ts';
import { formatCount } from '../report/format.ts';
import { writeJson } from '../report/json.ts';
import { numberColumn, paintFor, plainText, renderTable, textColumn } from '../report/table.ts';
import type { Paint } from '../report/table.ts';
import type { CommandContext } from './command.ts';
import { EXIT_OK } from './command.ts';
import type { GivenOptions } from './options.ts';

/** A result with the rate of the calibration loop just before it. */
interface CalibratedResult extends WorkloadResult {
  readonly calibrationEventsPerSecond: number;
}

interface Outcome {
  readonly results: readonly CalibratedResult[];
  readonly unsupported: readonly UnsupportedWorkload[];
}

export function executePerf(given: GivenOptions, context: CommandContext): number {
  const selection = { cases: given.list('case'), workloads: given.list('workload'), labels: given.list('label') };
  const plan = planPerf(given.positionals('files'), selection, createInputFiles());
  const now = (): number => performance.now();
  const calibration = new Calibration(now);
  const isShown = !given.flag('quiet') && context.terminal.errorStream.isTTY === true;
  const results: CalibratedResult[] = [];
  for (const [i, planned] of plan.workloads.entries()) {
    if (isShown)
      context.terminal.err(
        `\r\u001b[2K${String(i + 1)} of ${String(plan.workloads.length)}   ${plainText(`${planned.perfCase.name}/${planned.workload.name}`)}`,
      );
    const calibrationEventsPerSecond = calibration.measure();
    results.push({
      ...measureWorkload(planned, { plain: given.flag('plain'), now, runs: given.number('runs') }),
      calibrationEventsPerSecond,
    });
  }
  if (isShown) context.terminal.err('\r\u001b[2K');
  context.terminal.out(
    textOf(
      { results, unsupported: plan.unsupported },
      given.text('output') ?? 'table',
      paintFor(context.terminal.hasColor('out'), context.terminal.width),
    ),
  );
  return EXIT_OK;
}

function textOf(outcome: Outcome, format: string, paint: Paint): string {
  if (format === 'json') return `${writeJson(jsonOf(outcome), '')}\n`;
  if (format === 'scheduler-perf') return `${JSON.stringify(dataItemsOf(outcome.results), null, 2)}\n`;
  return tableOf(outcome, paint);
}

function jsonOf({ results, unsupported }: Outcome): unknown {
  return {
    workloads: results.map((result) => ({
      case: result.case,
      workload: result.workload,
      nodes: result.nodes,
      pods: result.pods,
      scheduled: result.scheduled,
      decisions: result.decisions,
      seconds: rounded(result.seconds),
      decisionsPerSecond: Math.round(result.decisionsPerSecond),
      podsPerSecond: Math.round(result.podsPerSecond),
      threshold: result.threshold,
      calibrationEventsPerSecond: Math.round(result.calibrationEventsPerSecond),
      digest: result.digest,
      notes: result.notes,
    })),
    unsupported,
  };
}

function rounded(seconds: number): number {
  return Math.round(seconds * 1e6) / 1e6;
}

function tableOf({ results, unsupported }: Outcome, paint: Paint): string {
  const sections: string[] = [];
  if (results.length > 0) sections.push(ratesTable(results, paint), calibrationLine(results));
  const notes = results.flatMap((result) =>
    result.notes.map((note) => `  ${plainText(`${result.case}/${result.workload}: ${note}`)}`),
  );
  if (notes.length > 0) sections.push(['Notes:', ...new Set(notes)].join('\n'));
  if (unsupported.length > 0) sections.push(['Not supported:', ...unsupported.flatMap(unsupportedLines)].join('\n'));
  return `${sections.join('\n\n')}\n`;
}

function ratesTable(results: readonly CalibratedResult[], paint: Paint): string {
  const columns = [
    textColumn('CASE'),
    textColumn('WORKLOAD'),
    numberColumn('NODES'),
    numberColumn('PODS'),
    numberColumn('SCHEDULED'),
    numberColumn('DECISIONS'),
    numberColumn('SECONDS'),
    numberColumn('DECISIONS/S'),
    numberColumn('PODS/S'),
    numberColumn('THRESHOLD'),
    textColumn('DIGEST'),
  ];
  const rows = results.map((result) => [
    plainText(result.case),
    plainText(result.workload),
    formatCount(result.nodes),
    formatCount(result.pods),
    result.scheduled === result.pods ? formatCount(result.scheduled) : paint.bad(formatCount(result.scheduled)),
    formatCount(result.decisions),
    result.seconds.toFixed(3),
    formatCount(Math.round(result.decisionsPerSecond)),
    formatCount(Math.round(result.podsPerSecond)),
    result.threshold === null ? '' : formatCount(result.threshold),
    result.digest.slice(0, 16),
  ]);
  return renderTable(columns, rows, paint);
}

function calibrationLine(results: readonly CalibratedResult[]): string {
  const rates = results.map((result) => Math.round(result.calibrationEventsPerSecond)).sort((a, b) => a - b);
  const least = formatCount(rates[0]);
  const most = formatCount(rates[rates.length - 1]);
  const range = rates.length === 1 ? least : `${least} to ${most}`;
  return [
    `Calibration: ${range} events/s with ${formatCount(CALIBRATION_PENDING)} pending; compare rates only beside equal ones.`,
    "THRESHOLD is upstream's, in pods/s, for the real scheduler with API server and etcd; here nothing is bound anywhere.",
  ].join('\n');
}

function unsupportedLines(workload: UnsupportedWorkload): string[] {
  return workload.reasons.map((reason) => `  ${plainText(`${workload.case}/${workload.workload}: ${reason}`)}`);
}
