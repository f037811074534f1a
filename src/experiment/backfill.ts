/**
 * EASY backfilling on a machine of processors that jobs take whole, as batch systems do it (Lifka 1995; Mu'alem and
 * Feitelson 2001): first come, first served, the first job in the queue has a reservation at the earliest time at which
 * enough processors will be free by the running jobs' estimates, and later jobs may start at once if that does not
 * delay it. Costs a look at the running jobs and at the queue for each event.
 *
 * Details that decide single seconds are those of the pyss simulator, whose schedules were published with "Improving
 * Backfilling by using Machine Learning to Predict Running Times" (SC'15): at one second submissions come before ends,
 * in the order of the log, and ends in the order of the starts; the queue is looked at after each of them, after a
 * submission only when the new job itself finds enough processors free; a job whose estimate has run out counts as
 * ended.
 */
import { assert } from '../base/assert.ts';

export interface BatchJob {
  /** Seconds. */
  readonly submit: number;
  /** Seconds, above 0 and at most `requested`. */
  readonly run: number;
  /** Seconds; what the user said beforehand. */
  readonly requested: number;
  /** Above 0 and at most those of the machine. */
  readonly processors: number;
}

/**
 * `easy-clairvoyant` knows run times beforehand; `easy-sjbf` does, too, and looks at short jobs first when it
 * backfills.
 */
export const BACKFILL_POLICIES = ['easy', 'easy-clairvoyant', 'easy-sjbf'] as const;
export type BackfillPolicy = (typeof BACKFILL_POLICIES)[number];

/** When each job starts, in seconds; in the order of `jobs`, which are in order of submission. */
export function backfill(jobs: readonly BatchJob[], processors: number, policy: BackfillPolicy): Float64Array {
  const machine = new BackfillMachine(jobs, processors, policy);
  for (let next = 0; next < jobs.length; next++) {
    machine.endBefore(jobs[next].submit);
    machine.submit(next);
  }
  machine.endBefore(Infinity);
  return machine.starts;
}

/** A running job, by index. */
interface Running {
  readonly job: number;
  readonly processors: number;
  readonly estimatedEnd: number;
}

class BackfillMachine {
  readonly starts: Float64Array;
  private readonly jobs: readonly BatchJob[];
  private readonly processors: number;
  private readonly knowsRunTimes: boolean;
  private readonly shortestFirst: boolean;
  private now = 0;
  /** Indices of waiting jobs, in order of submission. */
  private readonly queue: number[] = [];
  /** In order of their estimated ends, latest first: what is over goes from the end. */
  private readonly running: Running[] = [];
  private free: number;
  /** Jobs in order of their ends, and among equals in order of their starts; the latest first. */
  private readonly ends: number[] = [];

  constructor(jobs: readonly BatchJob[], processors: number, policy: BackfillPolicy) {
    this.jobs = jobs;
    this.processors = this.free = processors;
    this.starts = new Float64Array(jobs.length).fill(NaN);
    this.knowsRunTimes = policy !== 'easy';
    this.shortestFirst = policy === 'easy-sjbf';
  }

  submit(job: number): void {
    const { submit, processors, run, requested } = this.jobs[job];
    assert(submit >= this.now, 'jobs are submitted in order of time');
    assert(processors > 0 && processors <= this.processors, 'a job takes some processors, and at most all');
    assert(run > 0 && run <= requested, 'a job runs for some time, and at most as long as it asked for');
    this.moveTo(submit);
    this.queue.push(job);
    if (processors <= this.free) this.schedule();
  }

  /** Jobs end that do so before a time; after each of them the queue is looked at. */
  endBefore(time: number): void {
    for (let job = this.ends.at(-1); job !== undefined && this.endOf(job) < time; job = this.ends.at(-1)) {
      this.ends.pop();
      this.moveTo(this.endOf(job));
      this.release(job);
      this.schedule();
    }
  }

  private endOf(job: number): number {
    return this.starts[job] + this.jobs[job].run;
  }

  private estimateOf(job: number): number {
    return this.knowsRunTimes ? this.jobs[job].run : this.jobs[job].requested;
  }

  /** Whose estimate has run out counts as ended. */
  private moveTo(time: number): void {
    this.now = time;
    for (let last = this.running.at(-1); last !== undefined && last.estimatedEnd <= time; last = this.running.at(-1)) {
      this.running.pop();
      this.free += last.processors;
    }
  }

  /** Ended before its estimate. */
  private release(job: number): void {
    const place = this.running.findLastIndex((entry) => entry.job === job);
    if (place < 0) return;
    this.free += this.running[place].processors;
    this.running.splice(place, 1);
  }

  private schedule(): void {
    const { queue } = this;
    let first = 0;
    while (first < queue.length && this.jobs[queue[first]].processors <= this.free) this.start(queue[first++]);
    queue.splice(0, first);
    if (queue.length > 1 && this.free > 0) this.backfillBehind(queue[0]);
  }

  private backfillBehind(head: number): void {
    const { queue, jobs } = this;
    const { time, extra } = this.reservationOf(head);
    let spare = extra;
    const candidates = queue.slice(1);
    if (this.shortestFirst) candidates.sort((a, b) => jobs[a].run - jobs[b].run || a - b);
    const started = new Set<number>();
    for (const job of candidates) {
      if (this.free === 0) break;
      const { processors } = jobs[job];
      if (processors > this.free) continue;
      const endsInTime = this.now + this.estimateOf(job) <= time;
      if (!endsInTime && processors > spare) continue;
      if (!endsInTime) spare -= processors;
      this.start(job);
      started.add(job);
    }
    if (started.size === 0) return;
    let kept = 0;
    for (const job of queue) if (!started.has(job)) queue[kept++] = job;
    queue.length = kept;
  }

  /** When the job will have enough processors by all estimates, and how many will be left beside it then. */
  private reservationOf(head: number): { readonly time: number; readonly extra: number } {
    const { processors } = this.jobs[head];
    let available = this.free;
    for (let i = this.running.length - 1; i >= 0; i--) {
      available += this.running[i].processors;
      const time = this.running[i].estimatedEnd;
      if (available < processors || (i > 0 && this.running[i - 1].estimatedEnd === time)) continue;
      return { time, extra: available - processors };
    }
    return assert(false, 'the running jobs and what is free are the whole machine') as never;
  }

  private start(job: number): void {
    const { processors } = this.jobs[job];
    this.starts[job] = this.now;
    this.free -= processors;
    const estimatedEnd = this.now + this.estimateOf(job);
    insert(this.running, { job, processors, estimatedEnd }, (entry) => entry.estimatedEnd <= estimatedEnd);
    const end = this.endOf(job);
    insert(this.ends, job, (other) => this.endOf(other) <= end);
  }
}

/** Puts an item before the first one for which `isBehind` holds; they stand in descending order. */
function insert<T>(list: T[], item: T, isBehind: (other: T) => boolean): void {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (isBehind(list[middle])) high = middle;
    else low = middle + 1;
  }
  list.splice(low, 0, item);
}
