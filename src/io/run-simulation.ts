/**
 * Plays a simulation to its end in slices, so that signals are heard and progress is shown in between. What the slices
 * are changes nothing in the result: only the wall clock decides how long one is.
 */
import { relative, resolve, sep } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { RunResult, RunTiming } from '../metrics/run-result.ts';
import type { TraceInput } from '../simulation/scenario.ts';
import { checkTrace, openTrace } from '../workload/traces/open-trace.ts';
import type { TraceReader } from '../workload/traces/trace-reader.ts';
import { InputError } from '../base/input-error.ts';
import type { Micros } from '../base/time.ts';
import type { ProgressFacts } from './progress.ts';
import { STANDARD_INPUT } from './spooled-streams.ts';
import { openTraceFile } from './trace-stream.ts';

export type StopSignalName = 'SIGINT' | 'SIGTERM';

/** What is driven; `simulation/simulation.ts` has it. */
export interface DrivenSimulation {
  /** True while there is more to do. */
  advance(maxEvents: number): boolean;
  progress(): ProgressFacts;
  result(complete: boolean): RunResult;
}

export interface DrivenRun {
  readonly result: RunResult;
  readonly timing: RunTiming;
  /** null: played to its end. */
  readonly stoppedBy: StopSignalName | null;
}

export interface StopRequest {
  readonly received: StopSignalName | null;
  /** Stops listening. */
  release(): void;
}

const FIRST_SLICE_EVENTS = 1000;
const MOST_SLICE_EVENTS = 1 << 20;
const SLICE_MILLIS = 40;

/** Notes the first SIGINT or SIGTERM; the second one ends the program at once. */
export function listenForStop(): StopRequest {
  let received: StopSignalName | null = null;
  const listen = (signal: StopSignalName): void => {
    if (received !== null) process.exit(received === 'SIGINT' ? 130 : 143);
    received = signal;
  };
  process.on('SIGINT', listen);
  process.on('SIGTERM', listen);
  return {
    get received(): StopSignalName | null {
      return received;
    },
    release(): void {
      process.off('SIGINT', listen);
      process.off('SIGTERM', listen);
    },
  };
}

/** `make` builds the simulation, which counts as part of the run's time. */
export async function runSimulation<S extends DrivenSimulation>(make: () => S, stop: StopRequest, onProgress: (facts: ProgressFacts) => void): Promise<DrivenRun> {
  const started = performance.now();
  const simulation = make();
  let slice = FIRST_SLICE_EVENTS;
  let hasMore = true;
  while (hasMore && stop.received === null) {
    const before = performance.now();
    hasMore = simulation.advance(slice);
    const millis = performance.now() - before;
    if (millis < SLICE_MILLIS / 2) slice = Math.min(MOST_SLICE_EVENTS, slice * 2);
    else if (millis > SLICE_MILLIS * 2) slice = Math.max(1, slice >> 1);
    onProgress(simulation.progress());
    await nextTurn();
  }
  const result = simulation.result(!hasMore);
  return { result, timing: timingOf(result, (performance.now() - started) / 1000), stoppedBy: hasMore ? stop.received : null };
}

function timingOf({ counts }: RunResult, wallSeconds: number): RunTiming {
  return {
    wallSeconds,
    eventsPerSecond: counts.events / wallSeconds,
    decisionsPerSecond: counts.decisions / wallSeconds,
    // Kilobytes on every system; of the whole process, from its start.
    peakRssBytes: process.resourceUsage().maxRSS * 1024,
  };
}

/** timing.json: whole microseconds and whole rates, more digits would be noise. */
export function timingJson(timing: RunTiming): string {
  const { wallSeconds, eventsPerSecond, decisionsPerSecond, peakRssBytes } = timing;
  const rounded: RunTiming = {
    wallSeconds: Math.round(wallSeconds * 1e6) / 1e6,
    eventsPerSecond: Math.round(eventsPerSecond),
    decisionsPerSecond: Math.round(decisionsPerSecond),
    peakRssBytes,
  };
  return `${JSON.stringify(rounded, null, 2)}\n`;
}

/** A path as it is seen from a folder, with `/` between its parts. */
export function pathFrom(folder: string, path: string): string {
  if (path === STANDARD_INPUT) return path;
  return relative(resolve(folder), resolve(path)).split(sep).join('/');
}

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

/** When the last pod of a trace arrives; -1 when there is none. Reads it to its end; throws InputError with its mistakes. */
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
