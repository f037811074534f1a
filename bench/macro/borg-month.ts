/** A month of a cell of 12,583 machines and 25 million pods. Smoke: a hundredth of the cell for two hours. */
import { meanOf } from '../../src/kernel/sampling.ts';
import type { ArrivalProcess, Workload } from '../../src/workload/settings.ts';
import type { Scenario } from '../../src/simulation/scenario.ts';
import type { BenchRow, BenchSize } from '../bench-row.ts';
import { scaledDown, scenarioFile, scenarioRows } from '../scenario-run.ts';

export async function run(size: BenchSize): Promise<BenchRow[]> {
  const scenario = scenarioFile('workloads/borg-month.yaml');
  return scenarioRows('borg month', size === 'full' ? scenario : smallerCell(scenario, 0.01, 2));
}

/**
 * The scenario at `share` of its nodes and of its pods, cut off at `hours`. The largest jobs shrink with the cell, which
 * could not hold them otherwise; more of the smaller ones keep the load. Also what a run at other sizes starts from.
 */
export function smallerCell(scenario: Scenario, share: number, hours: number): Scenario {
  return scaledDown({ ...scenario, workloads: scenario.workloads.map((workload) => smallerJobs(workload, share)) }, share, hours);
}

function smallerJobs(workload: Workload, share: number): Workload {
  const { replicas } = workload;
  // One wide job for the whole run: fewer pods, not fewer jobs (one arrival stays one when scaled down).
  if (replicas.kind === 'fixed') return { ...workload, replicas: { ...replicas, value: Math.max(1, Math.round(replicas.value * share)) } };
  if (replicas.kind !== 'boundedPareto') return workload;
  const smaller = { ...replicas, max: Math.max(replicas.min * 2, replicas.max * share) };
  return { ...workload, replicas: smaller, arrivals: moreArrivals(workload.arrivals, meanOf(replicas) / meanOf(smaller)) };
}

function moreArrivals(arrivals: ArrivalProcess, factor: number): ArrivalProcess {
  switch (arrivals.kind) {
    case 'at':
      return { ...arrivals, count: Math.round(arrivals.count * factor) };
    case 'poisson':
      return { ...arrivals, ratePerHour: arrivals.ratePerHour * factor };
    case 'diurnal':
      return { ...arrivals, meanRatePerHour: arrivals.meanRatePerHour * factor };
    case 'hourly':
      return { ...arrivals, ratesPerHour: arrivals.ratesPerHour.map((rate) => rate * factor) };
    case 'bursty':
      return { ...arrivals, burstsPerHour: arrivals.burstsPerHour * factor };
  }
}
