/**
 * Plays a simulation to its end in slices, so that signals are heard and progress is shown in between. What the slices
 * are changes nothing in the result: only the wall clock decides how long one is. And loads what not every scenario
 * needs, before it is made.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { RunResult, RunTiming } from '../metrics/run-result.ts';
import { hasIllnesses, watchedResources } from '../simulation/fault-assembly.ts';
import type { Scenario } from '../simulation/scenario.ts';
import type { SimulationOptions } from '../simulation/simulation.ts';
import { tellsOfApplications } from '../simulation/workload-input.ts';
import type { ProgressFacts } from './progress.ts';

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

/**
 * How traces and machine lists are read, null where there are none; and what makes the parts that few scenarios have.
 */
export type ScenarioParts = Pick<
  SimulationOptions,
  'openTrace' | 'readMachines' | 'makeLives' | 'makeIllnesses' | 'makePressure' | 'makeVolumes' | 'makeReports'
>;

/** Loads what the scenario needs, and nothing else. Its trace is not looked at. */
export async function scenarioParts(scenario: Scenario): Promise<ScenarioParts> {
  const { trace, machines } = scenario;
  const lives = tellsOfApplications(scenario) ? { makeLives: (await import('../node/living-pods.ts')).livingPods } : {};
  const illnesses = hasIllnesses(scenario)
    ? { makeIllnesses: (await import('../simulation/illness-assembly.ts')).nodeIllnesses }
    : {};
  const pressure = watchedResources(scenario) === null
    ? {}
    : { makePressure: (await import('../node/node-pressure.ts')).nodePressure };
  const volumes =
    scenario.storage === null ? {} : { makeVolumes: (await import('../storage/attach-detach.ts')).attachDetach };
  const reports =
    scenario.controlPlane.requestLatencySeconds.kubelets === null
      ? {}
      : { makeReports: (await import('../node/status-reports.ts')).statusReports };
  const parts = { ...lives, ...illnesses, ...pressure, ...volumes, ...reports };
  if (trace === null && machines === null) return { openTrace: null, ...parts };
  const { openTraceInput, readMachineInput } = await import('./trace-input.ts');
  return { openTrace: openTraceInput, readMachines: readMachineInput, ...parts };
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

/**
 * `make` builds the simulation, which counts as part of the run's time. `turn` lets others work between slices: the
 * whole process unless given.
 */
export async function runSimulation<S extends DrivenSimulation>(
  make: () => S,
  stop: Pick<StopRequest, 'received'>,
  onProgress: (facts: ProgressFacts) => void,
  turn: () => unknown = nextTurn,
): Promise<DrivenRun> {
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
    await turn();
  }
  const result = simulation.result(!hasMore);
  return {
    result,
    timing: timingOf(result, (performance.now() - started) / 1000),
    stoppedBy: hasMore ? stop.received : null,
  };
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
