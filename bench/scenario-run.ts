/** Whole scenarios as benchmarks: read, scaled down for the smoke size, played to their end, in rows. */
import type { RunResult } from '../src/metrics/run-result.ts';
import { createInputFiles } from '../src/io/input-files.ts';
import { livingPods } from '../src/node/living-pods.ts';
import { nodeIllnesses } from '../src/simulation/illness-assembly.ts';
import { readScenario } from '../src/simulation/scenario-reader.ts';
import type { ArrivalProcess } from '../src/workload/settings.ts';
import type { Scenario } from '../src/simulation/scenario.ts';
import { Simulation } from '../src/simulation/simulation.ts';
import { attachDetach } from '../src/storage/attach-detach.ts';
import type { BenchRow } from './bench-row.ts';

const SLICE_EVENTS = 1 << 20;

export function scenarioFile(file: string): Scenario {
  return readScenario({ file }, createInputFiles(), []).scenario;
}

/** The scenario at `share` of its nodes and arrivals, cut off at `hours`. */
export function scaledDown(scenario: Scenario, share: number, hours: number): Scenario {
  const endMicros = hours * 3_600_000_000;
  const few = (count: number): number => Math.max(1, Math.round(count * share));
  const fewArrivals = (arrivals: ArrivalProcess): ArrivalProcess => {
    switch (arrivals.kind) {
      case 'at':
        return { ...arrivals, count: few(arrivals.count) };
      case 'poisson':
        return { ...arrivals, ratePerHour: arrivals.ratePerHour * share, endMicros };
      case 'diurnal':
        return { ...arrivals, meanRatePerHour: arrivals.meanRatePerHour * share, endMicros };
      case 'hourly':
        return { ...arrivals, ratesPerHour: arrivals.ratesPerHour.map((rate) => rate * share), endMicros };
      case 'bursty':
        return { ...arrivals, burstsPerHour: arrivals.burstsPerHour * share, endMicros };
    }
  };
  return {
    ...scenario,
    durationMicros: endMicros,
    nodePools: scenario.nodePools.map((pool) => {
      const scaling = pool.autoscaling;
      return { ...pool, count: few(pool.count), autoscaling: scaling === null ? null : { ...scaling, min: few(scaling.min), max: few(scaling.max) } };
    }),
    workloads: scenario.workloads.map((workload) => ({ ...workload, arrivals: fewArrivals(workload.arrivals) })),
  };
}

/** Seconds of wall time from the resolved scenario to the result, and the peak memory of the whole process so far. */
export function scenarioRows(name: string, scenario: Scenario): BenchRow[] {
  const started = performance.now();
  const simulation = new Simulation(scenario, {
    version: 'bench', userPlugins: [], openTrace: null, plain: false, makeLives: livingPods,
    makeIllnesses: nodeIllnesses, makeVolumes: attachDetach,
  });
  while (simulation.advance(SLICE_EVENTS));
  const result = simulation.result(true);
  const seconds = (performance.now() - started) / 1000;
  const { digest } = result;
  const counts = countsOf(result);
  return [
    { name, digest, value: seconds, unit: 's', counts },
    { name: `${name}, events`, digest, value: result.counts.events / seconds, unit: 'events/s', counts },
    // Kilobytes on every system; of the whole process, from its start.
    { name: `${name}, peak memory`, digest, value: process.resourceUsage().maxRSS / 1024, unit: 'MiB', counts: {} },
  ];
}

function countsOf({ counts, scheduling }: RunResult): Record<string, number> {
  const { events, decisions, decisionsUnschedulable, podsArrived, podsScheduled, podsFinished, podsPending } = counts;
  const { nodesFiltered, nodesScored } = scheduling;
  return { events, decisions, decisionsUnschedulable, podsArrived, podsScheduled, podsFinished, podsPending, nodesFiltered, nodesScored };
}
