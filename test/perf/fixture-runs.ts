/** The fixtures beside this file, planned and played with a clock that moves a millisecond at each look. */
import { planPerf, playWorkload } from '../../src/scheduler-perf/scheduler-perf.ts';
import type { PerfPlan, PerfSelection } from '../../src/scheduler-perf/scheduler-perf.ts';
import type { WorkloadResult } from '../../src/scheduler-perf/workload-result.ts';
import { createInputFiles } from '../../src/io/input-files.ts';

export const FIXTURE = 'test/perf/fixtures/performance-config.yaml';
export const UPSTREAM = '../shared/scheduler_perf';

export function tickingClock(): () => number {
  let millis = 0;
  return () => ++millis;
}

export function planOf(file: string, selection: Partial<PerfSelection> = {}): PerfPlan {
  return planPerf([file], { cases: [], workloads: [], labels: [], ...selection }, createInputFiles());
}

export function playCase(name: string, plain = false): WorkloadResult {
  const [planned] = planOf(FIXTURE, { cases: [name] }).workloads;
  return playWorkload(planned, { plain, now: tickingClock() });
}
