/** What a trace holds, printed; and a trace written as a table of our own. */
import { quantileOfSorted } from '../base/statistics/quantiles.ts';
import { accountOfTrace, checkTraceInput, isSeriesFile, readSeriesFile, type TraceFacts } from '../io/trace-input.ts';
import { NewFileStream } from '../io/new-file-stream.ts';
import { listenForStop } from '../io/run-simulation.ts';
import { streamNamed } from '../io/spooled-streams.ts';
import { writeTable } from '../io/trace-table.ts';
import { formatCount, formatSeconds, sortedKeys } from '../report/format.ts';
import {
  numberColumn,
  paintFor,
  plainText,
  renderFacts,
  renderTable,
  textColumn,
  type Paint,
} from '../report/table.ts';
import type { TableCounts } from '../workload/traces/table-text.ts';
import type { CommandContext } from './command.ts';
import { EXIT_OK, exitCodeOf } from './command.ts';
import { tellWarnings } from './failures.ts';
import type { GivenOptions } from './options.ts';
import { traceRequest } from './trace-request.ts';

const GIBIBYTE = 1_073_741_824;
const MOST_CLASSES = 12;

export function traceInfo(given: GivenOptions, context: CommandContext): Promise<number> {
  const path = streamNamed(given.positional('file'));
  if (given.text('format') === null && isSeriesFile(path)) return seriesInfo(path, given, context);
  const { trace, seed } = traceRequest(given, context);
  const facts = accountOfTrace(trace, seed);
  const { terminal } = context;
  if (given.text('output') === 'json') {
    const { format, file } = trace;
    terminal.out(`${JSON.stringify({ file, format, ...facts }, finite, 2)}\n`);
  } else terminal.out(`${traceTable(trace.file, trace.format, facts, paintFor(terminal.hasColor('out')))}\n`);
  return Promise.resolve(EXIT_OK);
}

/** Measurements, such as waits in a queue or times to load a model: in the unit of the file. */
function seriesInfo(file: string, given: GivenOptions, context: CommandContext): Promise<number> {
  const values = readSeriesFile(file);
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const [p50, p90, p99] = [0.5, 0.9, 0.99].map((share) => quantileOfSorted(values, share));
  const numbers = { count: values.length, mean, p50, p90, p99, max: values[values.length - 1] };
  const { terminal } = context;
  if (given.text('output') === 'json') terminal.out(`${JSON.stringify({ file, measurements: numbers }, null, 2)}\n`);
  else {
    const facts = Object.entries(numbers).map(([name, value]) => [name, formatCount(value, 3)] as const);
    const head = [['File', file], ['Holds', 'measurements, no arrivals']] as const;
    terminal.out(`${renderFacts([...head, ...facts], paintFor(terminal.hasColor('out')))}\n`);
  }
  return Promise.resolve(EXIT_OK);
}

/** JSON has no NaN: what is not known is null. */
function finite(_key: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isFinite(value) ? null : value;
}

function traceTable(file: string, format: string, facts: TraceFacts, paint: Paint): string {
  const parts = [renderFacts(headOf(file, format, facts), paint), resourcesOf(facts, paint), classesOf(facts, paint)];
  const notes = facts.notes.map((note) => `Note: ${note}`).join('\n');
  return [...parts, notes].filter((part) => part !== '').join('\n\n');
}

function headOf(file: string, format: string, facts: TraceFacts): readonly (readonly [string, string])[] {
  const { runTimes, machine, firstArrivalSeconds: first, lastArrivalSeconds: last } = facts;
  const times = [runTimes.meanSeconds, runTimes.medianSeconds, runTimes.p90Seconds, runTimes.p99Seconds];
  const [mean, median, p90, p99] = times.map(duration);
  const own = Object.entries(facts.facts).map(([name, count]) => `${name} ${formatCount(count)}`);
  return [
    ['File', file],
    ['Format', format],
    ['Rows', `${formatCount(facts.rows)}, of which ${formatCount(facts.rowsLeftOut)} give no job`],
    ['Jobs', `${formatCount(facts.jobs)} with ${formatCount(facts.pods)} pods, ${formatCount(facts.batches)} arrivals`],
    ['Shapes', `${formatCount(facts.shapes)} kinds of pods`],
    ['Arrivals', facts.jobs === 0 ? 'none' : `${duration(first)} to ${duration(last)}`],
    ['Last end', duration(facts.lastEndSeconds)],
    ['Run times', runTimes.count === 0 ? 'none' : `mean ${mean}, median ${median}, p90 ${p90}, p99 ${p99}`],
    ['', `${formatCount(runTimes.count)} seen whole, ${formatCount(facts.jobsOfNoTime)} of them or of the rules 0`],
    ['Cut off', `${formatCount(facts.jobsCensored)} still ran at the end of the recording`],
    ['Unknown', `${formatCount(facts.jobsUnknown)} without a run time`],
    ['Before', `${formatCount(facts.jobsStartedBefore)} ran already when the recording began`],
    ['Most at once', `${formatCount(facts.peakPods)} pods, if none ever waited`],
    ...(machine === null
      ? []
      : [['Machine', `${formatCount(machine.nodes)} nodes of ${formatCount(machine.cpuPerNode)} CPUs`] as const]),
    ...(own.length === 0 ? [] : [['Of the format', own.join(', ')] as const]),
  ];
}

function duration(seconds: number): string {
  return Number.isFinite(seconds) ? formatSeconds(seconds) : '-';
}

function resourcesOf({ resources, resourceSeconds }: TraceFacts, paint: Paint): string {
  const columns = ['PODS', 'SUM', 'SMALLEST', 'LARGEST', 'MOST AT ONCE', 'HOURS'].map(numberColumn);
  const rows = sortedKeys(resources).map((name) => {
    const { pods, sum, smallest, largest, peak } = resources[name];
    const isBytes = name === 'memory' || name === 'ephemeral-storage';
    const amounts = [sum, smallest, largest, peak, resourceSeconds[name] / 3600];
    const texts = amounts.map((amount) => formatCount(isBytes ? amount / GIBIBYTE : amount, 2));
    return [isBytes ? `${name} (GiB)` : name, formatCount(pods), ...texts];
  });
  return rows.length === 0 ? '' : renderTable([textColumn('RESOURCE'), ...columns], rows, paint);
}

function classesOf({ classes }: TraceFacts, paint: Paint): string {
  const names = sortedKeys(classes).sort((a, b) => classes[b] - classes[a]);
  const rows = names.slice(0, MOST_CLASSES).map((name) => [name, formatCount(classes[name])]);
  if (names.length > MOST_CLASSES) rows.push([`(${formatCount(names.length - MOST_CLASSES)} more)`, '']);
  return rows.length === 0 ? '' : renderTable([textColumn('CLASS'), numberColumn('PODS')], rows, paint);
}

export async function traceConvert(given: GivenOptions, context: CommandContext): Promise<number> {
  const { trace, seed } = traceRequest(given, context);
  checkTraceInput(trace);
  const { terminal } = context;
  const out = given.text('out');
  // Before there is anything that a signal could leave behind.
  const stop = listenForStop();
  let file: NewFileStream | null = null;
  try {
    if (out !== null && out !== '-') file = new NewFileStream(out, { force: given.flag('force') });
    const target = file ?? { write: (text: string) => { terminal.out(text); }, flush: () => terminal.flush() };
    const counts = await writeTable(trace, seed, { target, isStopped: () => stop.received !== null });
    if (counts === null) return tellStopped(stop.received ?? 'SIGTERM', context);
    await file?.commit();
    tellLosses(counts, context);
    if (out === null || file === null) return EXIT_OK;
    const next = `Next: podyard replay csv ${plainText(out)} --node-pool ...`;
    terminal.err(`Wrote ${plainText(out)}: ${formatCount(counts.pods)} pods. ${next}\n`);
    return EXIT_OK;
  } finally {
    stop.release();
    file?.abandon();
  }
}

function tellStopped(signal: 'SIGINT' | 'SIGTERM', context: CommandContext): number {
  tellWarnings([`stopped by ${signal} before the end: no file was written`], context);
  return exitCodeOf(signal);
}

function tellLosses({ affinities, specs }: TableCounts, context: CommandContext): void {
  const losses: string[] = [];
  if (affinities > 0)
    losses.push(`node affinities that the table cannot hold are left out: ${String(affinities)} pods`);
  if (specs > 0) losses.push(`of specs only requests, labels and selectors are kept: ${String(specs)} pods`);
  if (losses.length > 0) tellWarnings(losses, context);
}
