/**
 * Results in the form that upstream's benchmark writes for its dashboards: DataItems with mean and percentiles of the
 * scheduling throughput, one for each measured phase. Source: test/integration/scheduler_perf/util.go (v1.36).
 */
import type { PhaseMeasurement } from './phase-meter.ts';
import type { WorkloadResult } from './workload-result.ts';

export interface DataItem {
  readonly data: Readonly<Record<'Average' | 'Perc50' | 'Perc90' | 'Perc95' | 'Perc99', number>>;
  readonly unit: string;
  readonly labels: Readonly<Record<string, string>>;
}

export interface DataItems {
  readonly version: 'v1';
  readonly dataItems: readonly DataItem[];
}

export function dataItemsOf(workloads: readonly WorkloadResult[]): DataItems {
  return {
    version: 'v1',
    dataItems: workloads.flatMap((workload) => workload.phases.map((phase) => dataItem(workload, phase))),
  };
}

function dataItem(workload: WorkloadResult, phase: PhaseMeasurement): DataItem {
  const sorted = phase.samples.slice().sort((a, b) => a - b);
  const percentile = (share: number): number => sorted[Math.max(0, Math.ceil((sorted.length * share) / 100) - 1)] ?? 0;
  return {
    data: {
      Average: phase.seconds > 0 ? phase.scheduled / phase.seconds : 0,
      Perc50: percentile(50),
      Perc90: percentile(90),
      Perc95: percentile(95),
      Perc99: percentile(99),
    },
    unit: 'pods/s',
    labels: { Metric: 'SchedulingThroughput', Name: `${workload.case}/${workload.workload}/${phase.name}` },
  };
}
