/** One way of making jobs: all of them have their fields in one order, which is what makes them fast to read. */
import type { Micros } from '../../base/time.ts';
import type { RunTime } from './run-time-rule.ts';
import type { JobShape, TraceJob } from './trace-format.ts';

/** What most jobs leave as it is. */
export interface JobExtras {
  readonly name?: string;
  readonly batch?: number;
  readonly startedBefore?: boolean;
  readonly pods?: number;
  readonly firstPod?: number;
}

const NO_EXTRAS: JobExtras = {};

/** A job of one pod that bears the job's name, an arrival of its own, unless `extras` say otherwise. */
export function makeJob(
  shape: JobShape,
  ordinal: number,
  arrivalMicros: Micros,
  runTime: RunTime,
  extras: JobExtras = NO_EXTRAS,
): TraceJob {
  return {
    shape,
    name: extras.name ?? null,
    ordinal,
    batch: extras.batch ?? ordinal,
    arrivalMicros,
    durationMicros: runTime.durationMicros,
    runTime: runTime.runTime,
    observedMicros: runTime.observedMicros,
    startedBefore: extras.startedBefore ?? false,
    pods: extras.pods ?? 1,
    firstPod: extras.firstPod ?? -1,
  };
}
