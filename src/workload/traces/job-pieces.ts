/** Jobs that are larger than a node become several pods: as many full ones as there are, and one for the rest. */
import type { Micros } from '../../base/time.ts';
import { makeJob } from './make-job.ts';
import type { RunTime } from './run-time-rule.ts';
import type { JobShape, TraceJob } from './trace-format.ts';

/** A job before it is cut. */
export interface WholeJob {
  readonly ordinal: number;
  readonly batch: number;
  readonly arrivalMicros: Micros;
  readonly runTime: RunTime;
}

/**
 * Appends the pods of a job of `size` units (processors, GPUs), at most `perNode` in each. `shape`: of a pod of so many
 * units.
 */
export function appendPieces(
  job: WholeJob,
  size: number,
  perNode: number,
  shape: (units: number) => JobShape,
  jobs: TraceJob[],
): void {
  const { ordinal, arrivalMicros, runTime, batch } = job;
  const full = Math.floor(size / perNode);
  const rest = size - full * perNode;
  const isOne = full + (rest > 0 ? 1 : 0) <= 1;
  if (full > 0)
    jobs.push(
      makeJob(shape(perNode), ordinal, arrivalMicros, runTime, { batch, pods: full, firstPod: isOne ? -1 : 0 }),
    );
  if (rest > 0)
    jobs.push(makeJob(shape(rest), ordinal, arrivalMicros, runTime, { batch, pods: 1, firstPod: isOne ? -1 : full }));
}
