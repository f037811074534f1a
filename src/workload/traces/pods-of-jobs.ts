/** The pods of jobs, one after the other: what the simulation reads. */
import type { TracePod } from './trace-pod.ts';
import type { JobStream } from './in-order.ts';
import type { TraceJob } from './trace-format.ts';
import { ProblemList, type TraceReader } from './trace-reader.ts';

export class PodsOfJobs implements TraceReader {
  podCount = 0;
  private readonly jobs: JobStream;
  private readonly file: string;
  /** Nothing is read behind the first wrong row. */
  private readonly problems = new ProblemList(100, true);
  private job: TraceJob | null = null;
  private given = 0;

  constructor(jobs: JobStream, file: string) {
    this.jobs = jobs;
    this.file = file;
  }

  next(): TracePod | null {
    while (this.job === null || this.given >= this.job.pods) {
      this.job = this.jobs.next(this.problems);
      this.problems.throwIfAny(this.file);
      if (this.job === null) return null;
      this.given = 0;
    }
    this.podCount++;
    return podOf(this.job, this.given++);
  }

  notes(): readonly string[] {
    return this.jobs.notes();
  }
}

export function nameOfPod({ name, shape, ordinal, firstPod }: TraceJob, index: number): string {
  const own = name ?? `${shape.nameBase}-${String(ordinal)}`;
  return firstPod === -1 ? own : `${own}-${String(firstPod + index)}`;
}

function podOf(job: TraceJob, index: number): TracePod {
  const { shape } = job;
  const pod: TracePod = {
    name: nameOfPod(job, index),
    namespace: shape.namespace,
    arrivalMicros: job.arrivalMicros,
    durationMicros: job.durationMicros,
    priority: shape.priority,
    class: shape.class,
    labels: shape.labels,
    nodeSelector: shape.nodeSelector,
    nodeAffinityAnyOf: shape.nodeAffinityAnyOf,
    requests: shape.requests,
  };
  return shape.spec === null ? pod : { ...pod, spec: shape.spec };
}
