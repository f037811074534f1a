/** Jobs that are larger than a node become several pods: as many full ones as there are, and one for the rest. */
import type { JobShape, TraceJob } from './trace-format.ts';

/** A job before it is cut. */
export type WholeJob = Omit<TraceJob, 'shape' | 'pods' | 'firstPod' | 'name'>;

/** Appends the pods of a job of `size` units (processors, GPUs), at most `perNode` in each. `shape`: of a pod of so many units. */
export function appendPieces(job: WholeJob, size: number, perNode: number, shape: (units: number) => JobShape, jobs: TraceJob[]): void {
  const full = Math.floor(size / perNode);
  const rest = size - full * perNode;
  const isOne = full + (rest > 0 ? 1 : 0) <= 1;
  if (full > 0) jobs.push({ ...job, name: null, shape: shape(perNode), pods: full, firstPod: isOne ? -1 : 0 });
  if (rest > 0) jobs.push({ ...job, name: null, shape: shape(rest), pods: 1, firstPod: isOne ? -1 : full });
}
