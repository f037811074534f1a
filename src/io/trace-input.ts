/**
 * The trace and the machine list of a scenario, opened, checked or read to their end. Apart from the rest of io: only
 * who has one loads its readers.
 */
import { InputError } from '../base/input-error.ts';
import type { Micros } from '../base/time.ts';
import type { MachineInput, TraceInput } from '../workload/trace-settings.ts';
import { TraceAccounting, type TraceAccount } from '../workload/traces/account.ts';
import type { TraceFormatName } from '../workload/traces/catalog.ts';
import { recognisedFormats } from '../workload/traces/registry.ts';
import { isSeries, readSeries } from '../workload/traces/series-values.ts';
import { checkTrace, openJobs, openLoadedJobs, openTrace, type TraceOptions } from '../workload/traces/open-trace.ts';
import { readMachines } from '../workload/traces/machines/read-machines.ts';
import type { MachineList } from '../workload/traces/machines/machine-list.ts';
import type { FormatFile, TraceJob, TraceMachine } from '../workload/traces/trace-format.ts';
import { ProblemList, type TraceReader } from '../workload/traces/trace-reader.ts';
import { openTraceFile } from './trace-stream.ts';

const DEFAULT_SEED = 'podyard';

/** The scenario's trace as the simulation reads it. `seed`: root of the random streams. */
export function openTraceInput(trace: TraceInput, seed = DEFAULT_SEED): TraceReader {
  return openTrace(trace.format, openTraceFile(trace.file), trace.file, optionsOf(trace, seed));
}

/** Reads a whole trace before anything runs. Throws InputError with its mistakes. */
export function checkTraceInput(trace: TraceInput | null): void {
  if (trace === null) return;
  const source = openTraceFile(trace.file);
  try {
    const problems = checkTrace(trace.format, source, trace.file, optionsOf(trace, DEFAULT_SEED));
    if (problems.length > 0) throw new InputError(problems);
  } finally {
    source.close();
  }
}

/**
 * When the last pod of a trace arrives; -1 when there is none. Reads it to its end; throws InputError with its
 * mistakes.
 */
export function lastArrivalOf(trace: TraceInput, seed = DEFAULT_SEED): Micros {
  const source = openTraceFile(trace.file);
  try {
    const pods = openTrace(trace.format, source, trace.file, optionsOf(trace, seed));
    let last: Micros = -1;
    for (let pod = pods.next(); pod !== null; pod = pods.next()) last = pod.arrivalMicros;
    return last;
  } finally {
    source.close();
  }
}

/** The values of a table of measurements, ascending. Throws InputError with its mistakes. */
export function readSeriesFile(file: string): Float64Array {
  const bytes = openTraceFile(file);
  try {
    return readSeries({ bytes, name: file });
  } finally {
    bytes.close();
  }
}

/** Whether a file is such a table, which holds no arrivals. */
export function isSeriesFile(file: string): boolean {
  return isSeries(headOf(file));
}

const HEAD_BYTES = 4096;

/** Formats that a file looks like. Throws InputError when it cannot be read. */
export function recognisedTrace(file: string): readonly TraceFormatName[] {
  return recognisedFormats(headOf(file));
}

/** The first bytes as Latin-1. */
function headOf(file: string): string {
  const source = openTraceFile(file);
  try {
    let head = '';
    for (let bytes = source.read(); bytes !== null && head.length < HEAD_BYTES; bytes = source.read()) {
      head += Buffer.from(bytes.subarray(0, HEAD_BYTES - head.length)).toString('latin1');
    }
    return head;
  } finally {
    source.close();
  }
}

/** What a trace holds under its load. Throws InputError with its mistakes. */
export function accountOfTrace(trace: TraceInput, seed = DEFAULT_SEED, each: EachJob = () => undefined): TraceFacts {
  const source = openTraceFile(trace.file);
  try {
    const problems = new ProblemList();
    const options = optionsOf(trace, seed);
    const { reader, jobs } = openLoadedJobs(trace.format, source, trace.file, options);
    const accounting = new TraceAccounting();
    for (let job = jobs.next(problems); job !== null; job = jobs.next(problems)) {
      accounting.add(job);
      each(job);
    }
    problems.throwIfAny(trace.file);
    return {
      ...accounting.account(),
      rows: reader.rowCount,
      rowsLeftOut: reader.leftOutRows(),
      facts: reader.facts(),
      notes: jobs.notes(),
      machine: reader.machine(),
    };
  } finally {
    source.close();
  }
}

export type EachJob = (job: TraceJob) => void;

export interface TraceFacts extends TraceAccount {
  readonly rows: number;
  /** Rows that give no job, for reasons that `notes` tells. */
  readonly rowsLeftOut: number;
  readonly facts: Readonly<Record<string, number>>;
  readonly notes: readonly string[];
  readonly machine: TraceMachine | null;
}

/** The machine that the trace's header tells; null where it does not. Throws InputError for a wrong first job. */
export function machineOfTrace(trace: TraceInput, seed = DEFAULT_SEED): TraceMachine | null {
  const source = openTraceFile(trace.file);
  try {
    const problems = new ProblemList(1, true);
    const { reader } = openJobs(trace.format, source, trace.file, optionsOf(trace, seed));
    reader.next(problems);
    problems.throwIfAny(trace.file);
    return reader.machine();
  } finally {
    source.close();
  }
}

/** The nodes of a machine list. Throws InputError with its mistakes. */
export function readMachineInput(machines: MachineInput): MachineList {
  const bytes = openTraceFile(machines.file);
  try {
    return readMachines(machines, { bytes, name: machines.file });
  } finally {
    bytes.close();
  }
}

/** How the trace's format is to be opened. */
export function optionsOf(trace: TraceInput, seed: string): TraceOptions {
  const { format: _format, file: _file, files, ...rest } = trace;
  const other = (role: string): FormatFile | null =>
    Object.hasOwn(files, role) ? { bytes: openTraceFile(files[role]), name: files[role] } : null;
  return { ...rest, other, seed };
}
