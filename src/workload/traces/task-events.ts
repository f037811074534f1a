/**
 * Tasks of Google's clusters from the events of their lives. A task is known when its run has ended, so its job comes
 * out behind its last event; what has not ended at the end of the file comes last. Memory: about 200 bytes for each
 * task that is alive.
 */
import { detached } from './cells.ts';
import type { Micros } from '../../base/time.ts';
import { makeJob } from './make-job.ts';
import type { RunTimeRule } from './run-time-rule.ts';
import type { Tally } from './tally.ts';
import type { JobShape, TraceJob } from './trace-format.ts';

/** What the events of both traces come down to. */
export type TaskVerb = 'submit' | 'schedule' | 'end' | 'update' | 'wait';

/** Both traces begin 600 s after the zero of their clock. */
const TRACE_START: Micros = 600_000_000;

interface LivingTask {
  readonly shape: JobShape;
  readonly ordinal: number;
  readonly submittedMicros: Micros;
  /** -1: not yet. */
  scheduledMicros: Micros;
}

export class TaskLives {
  private readonly living = new Map<string, LivingTask>();
  private readonly rule: RunTimeRule;
  private readonly tally: Tally;
  private lastMicros: Micros = 0;
  private count = 0;

  constructor(rule: RunTimeRule, tally: Tally) {
    this.rule = rule;
    this.tally = tally;
  }

  /** `micros` on the trace's clock. */
  take(micros: Micros, task: string, verb: TaskVerb, shape: JobShape, jobs: TraceJob[]): void {
    if (micros < this.lastMicros) this.tally.count('Events out of order of time, taken in the order of the file');
    else this.lastMicros = micros;
    const known = this.living.get(task);
    if (verb === 'submit') return this.submit(micros, task, shape, known);
    if (verb === 'update') return this.tally.count('Events that change the request of a task (UPDATE), not followed');
    if (verb === 'wait') return;
    if (verb === 'schedule') return this.schedule(micros, task, shape, known);
    if (known === undefined) return this.tally.count('Ends of tasks whose beginning is not in the file, left out');
    this.living.delete(task);
    this.end(micros, known, jobs);
  }

  /** Tasks that have not ended. */
  finish(jobs: TraceJob[]): void {
    for (const task of this.living.values()) {
      const started = task.scheduledMicros;
      const runTime = started === -1 ? this.rule.unknown() : this.rule.censored(Math.max(0, this.lastMicros - started));
      if (runTime !== null) jobs.push(this.job(task, runTime));
    }
    this.living.clear();
  }

  private submit(micros: Micros, task: string, shape: JobShape, known: LivingTask | undefined): void {
    if (known !== undefined) return this.tally.count('Repeated SUBMIT of a task that has not ended, taken once');
    this.begin(micros, task, shape, -1);
  }

  private schedule(micros: Micros, task: string, shape: JobShape, known: LivingTask | undefined): void {
    if (known === undefined) {
      this.tally.count('Tasks that were scheduled without a SUBMIT before, and here arrive when they were scheduled');
      this.begin(micros, task, shape, micros);
    } else if (known.scheduledMicros !== -1) this.tally.count('Repeated SCHEDULE of a task that runs, taken once');
    else known.scheduledMicros = micros;
  }

  private begin(micros: Micros, task: string, shape: JobShape, scheduledMicros: Micros): void {
    this.living.set(detached(task), { shape, ordinal: ++this.count, submittedMicros: micros, scheduledMicros });
  }

  private end(micros: Micros, task: LivingTask, jobs: TraceJob[]): void {
    // It ended before it ran: how long it would have run is not known.
    const runTime =
      task.scheduledMicros === -1 ? this.rule.unknown() : this.rule.known(Math.max(0, micros - task.scheduledMicros));
    if (runTime !== null) jobs.push(this.job(task, runTime));
  }

  private job({ shape, ordinal, submittedMicros }: LivingTask, runTime: ReturnType<RunTimeRule['known']>): TraceJob {
    const startedBefore = submittedMicros < TRACE_START;
    if (startedBefore)
      this.tally.count('Tasks that were there before the recording began, and here arrive at its beginning');
    const arrivalMicros = Math.max(0, submittedMicros - TRACE_START);
    return makeJob(shape, ordinal, arrivalMicros, runTime, { startedBefore });
  }
}
