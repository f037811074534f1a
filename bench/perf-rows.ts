/** Workloads in scheduler_perf's format as rows: decisions/s of the measured phases, with the calibration loop's rate beside. */
import { CALIBRATION_PENDING, Calibration } from '../src/scheduler-perf/calibration.ts';
import { measureWorkload, planPerf } from '../src/scheduler-perf/scheduler-perf.ts';
import { createInputFiles } from '../src/io/input-files.ts';
import { assert } from '../src/base/assert.ts';
import type { BenchRow, BenchSize } from './bench-row.ts';

const SHAPES = 'bench/macro/scheduler-perf/performance-config.yaml';

/** Of the shapes in this folder, those with the label. In full size there are `runs` of each; the first warms up, the fastest counts. */
export function perfRows(label: string, size: BenchSize, runs: number): BenchRow[] {
  const now = (): number => performance.now();
  const plan = planPerf([SHAPES], { cases: [], workloads: [], labels: [label] }, createInputFiles());
  assert(plan.unsupported.length === 0, 'our own shapes are supported');
  const calibration = size === 'full' ? new Calibration(now) : new Calibration(now, 1_000);
  return plan.workloads.flatMap((planned) => {
    const rate = calibration.measure();
    const result = measureWorkload(planned, { plain: false, now, runs: size === 'full' ? runs : 1 });
    const { nodes, pods, scheduled, decisions, nodesFiltered, nodesEvaluated, digest } = result;
    const name = `${result.case}/${result.workload}`;
    return [
      { name, digest, value: result.decisionsPerSecond, unit: 'decisions/s', counts: { nodes, pods, scheduled, decisions, nodesFiltered, nodesEvaluated } },
      { name: `${name}, calibration before it`, digest: `hold ${CALIBRATION_PENDING}`, value: rate, unit: 'events/s', counts: {} },
    ];
  });
}
