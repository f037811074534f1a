/**
 * The trace of a scenario, opened, checked or read to its end. Apart from the rest of io: only who has a trace loads
 * its readers.
 */
import { InputError } from '../base/input-error.ts';
import type { Micros } from '../base/time.ts';
import type { TraceInput } from '../simulation/scenario.ts';
import { checkTrace, openTrace } from '../workload/traces/open-trace.ts';
import type { TraceReader } from '../workload/traces/trace-reader.ts';
import { openTraceFile } from './trace-stream.ts';

/** The scenario's trace as the simulation reads it. */
export function openTraceInput(trace: TraceInput): TraceReader {
  return openTrace(trace.format, openTraceFile(trace.file), trace.file, { compress: trace.compress });
}

/** Reads a whole trace before anything runs. Throws InputError with its mistakes. */
export function checkTraceInput(trace: TraceInput | null): void {
  if (trace === null) return;
  const source = openTraceFile(trace.file);
  try {
    const problems = checkTrace(trace.format, source, trace.file);
    if (problems.length > 0) throw new InputError(problems);
  } finally {
    source.close();
  }
}

/**
 * When the last pod of a trace arrives; -1 when there is none. Reads it to its end; throws InputError with its
 * mistakes.
 */
export function lastArrivalOf(trace: TraceInput): Micros {
  const source = openTraceFile(trace.file);
  try {
    const pods = openTrace(trace.format, source, trace.file, { compress: trace.compress });
    let last: Micros = -1;
    for (let pod = pods.next(); pod !== null; pod = pods.next()) last = pod.arrivalMicros;
    return last;
  } finally {
    source.close();
  }
}
