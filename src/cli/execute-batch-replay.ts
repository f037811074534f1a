/** `podyard replay swf --policy`: a batch log on the machine of its header, as batch systems schedule it. */
import { stringify as stringifyCsv } from 'csv-stringify/sync';
import { stringify as stringifyYaml } from 'yaml';
import { InputError } from '../base/input-error.ts';
import type { BackfillPolicy } from '../experiment/backfill.ts';
import { batchSchedule } from '../experiment/batch-report.ts';
import type { BatchReport, ScheduledJob } from '../experiment/batch-report.ts';
import type { OutputFolder } from '../io/output-folder.ts';
import { openTraceFile } from '../io/trace-stream.ts';
import { formatCount, formatSeconds, formatShare } from '../report/format.ts';
import { roundNumber, writeJson } from '../report/json.ts';
import { paintFor, plainText, renderFacts } from '../report/table.ts';
import { readBatchLog, type BatchLog } from '../workload/traces/batch-log.ts';
import type { CommandContext } from './command.ts';
import { claimFolder, tellWritten } from './execute-run.ts';
import { refuseFormsOfRuns } from './options.ts';
import type { GivenOptions } from './options.ts';

/** Options that speak of a Kubernetes cluster. */
const OF_CLUSTERS = ['nodes', 'machines', 'scheduler'] as const;

export function replayBatch(policy: BackfillPolicy, given: GivenOptions, context: CommandContext): number {
  const strange = [
    ...OF_CLUSTERS.filter((name) => given.text(name) !== null),
    ...(['node-pool', 'set', 'plugin'] as const).filter((name) => given.list(name).length > 0),
  ];
  if (strange.length > 0) {
    throw new InputError(
      strange.map((name) => ({
        message: `--${name} does not go with --policy: the machine is the one that the header of the log names`,
      })),
    );
  }
  refuseFormsOfRuns(given);
  const folder = claimFolder(given);
  const file = given.positional('file');
  const source = openTraceFile(file);
  const log = (() => {
    try {
      return readBatchLog(source, file);
    } finally {
      source.close();
    }
  })();
  folder?.lock();
  try {
    return scheduleAndTell(log, file, policy, { folder, given, context });
  } finally {
    folder?.release();
  }
}

function scheduleAndTell(
  log: BatchLog,
  file: string,
  policy: BackfillPolicy,
  { folder, given, context }: Surroundings,
): number {
  const { report, jobs } = batchSchedule(log, file.slice(file.lastIndexOf('/') + 1), policy, context.version);
  const written =
    folder?.write([
      { name: 'report.json', chunks: [jsonOf(report)] },
      { name: 'pods.csv', chunks: [csvOf(jobs)] },
    ]) ?? null;
  context.terminal.out(textOf(report, jobs, given.text('output') ?? 'table', context.terminal.hasColor('out')));
  return tellWritten(written, given, context);
}

interface Surroundings {
  readonly folder: OutputFolder | null;
  readonly given: GivenOptions;
  readonly context: CommandContext;
}

function textOf(report: BatchReport, jobs: readonly ScheduledJob[], format: string, color: boolean): string {
  if (format === 'json') return jsonOf(report);
  if (format === 'yaml') return stringifyYaml(JSON.parse(jsonOf(report)), { lineWidth: 0 });
  return format === 'csv' ? csvOf(jobs) : tableOf(report, color);
}

function jsonOf(report: BatchReport): string {
  const waits = Object.entries(report.waitSeconds).map(([name, value]) => [name, roundNumber(value)]);
  return `${writeJson(
    {
      ...report,
      waitSeconds: Object.fromEntries(waits) as BatchReport['waitSeconds'],
      meanBoundedSlowdown: roundNumber(report.meanBoundedSlowdown),
      utilization: roundNumber(report.utilization),
    },
    '',
  )}\n`;
}

/** A line for each job, in order of submission. */
function csvOf(jobs: readonly ScheduledJob[]): string {
  const header = ['job', 'processors', 'submitSeconds', 'waitSeconds', 'runSeconds', 'requestedSeconds'];
  const rows = jobs.map(({ job, processors, submitSeconds, waitSeconds, runSeconds, requestedSeconds }) => [
    job,
    processors,
    submitSeconds,
    waitSeconds,
    runSeconds,
    requestedSeconds,
  ]);
  return stringifyCsv([header, ...rows], { escape_formulas: true });
}

function tableOf(report: BatchReport, color: boolean): string {
  const paint = paintFor(color);
  const { waitSeconds: wait } = report;
  const facts = renderFacts(
    [
      ['Log', paint.strong(plainText(report.log))],
      ['Policy', report.policy],
      ['Machine', `${formatCount(report.processors)} processors`],
      ['Jobs', formatCount(report.jobs)],
      ['Mean wait', `${formatCount(wait.mean, 1)} s (${formatSeconds(wait.mean)})`],
      [
        'Wait',
        (['p50', 'p90', 'p99', 'max'] as const).map((name) => `${name} ${formatSeconds(wait[name])}`).join(', '),
      ],
      ['Bounded slowdown', `mean ${formatCount(report.meanBoundedSlowdown, 2)}`],
      ['Utilization', formatShare(report.utilization)],
      ['Makespan', formatSeconds(report.makespanSeconds)],
    ],
    paint,
  );
  const notes = report.notes.map((note) => `Note: ${plainText(note)}\n`).join('');
  return `${facts}\n${notes === '' ? '' : `\n${notes}`}`;
}
