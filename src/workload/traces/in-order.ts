/**
 * Jobs in order of arrival. Rows are held in columns until so many wait that none can come before them; what arrives in
 * the file's own order passes through a ring, the rest through a heap. Equal times keep the order of the file. About 80
 * bytes a held row, and never more rows than the file has.
 */
import { assert } from '../../base/assert.ts';
import { grownCapacity, growFloat64, growInt32 } from '../../base/growable.ts';
import { MICROS_PER_SECOND, type Micros } from '../../base/time.ts';
import type { JobReader, JobShape, TraceJob } from './trace-format.ts';
import type { ProblemList } from './trace-reader.ts';

/** Jobs that come one after the other, with what there is to say about them. */
export interface JobStream {
  /** The next job; null at the end. Valid until the next call. */
  next(problems: ProblemList): TraceJob | null;
  /** Complete at the end. */
  notes(): readonly string[];
}

export interface InOrderOptions {
  /** Rows held at most; at least 1. */
  readonly window: number;
  /** `first`: the first arrival is at time 0. */
  readonly origin: 'zero' | 'first';
  readonly file: string;
}

const RUN_TIMES = ['whole', 'censored', 'unknown'] as const;
const STARTED_BEFORE = 4;

export class InOrder implements JobStream {
  private readonly jobs: JobReader;
  private readonly options: InOrderOptions;
  private readonly held = new HeldJobs();
  private readonly current = new HeldJob();
  private atEnd = false;
  private latest: Micros = -Infinity;
  private lastGiven: Micros = -Infinity;
  private outOfOrder = 0;
  /** Time of the file that is 0 here; NaN until it is known. */
  private zero: Micros;

  constructor(jobs: JobReader, options: InOrderOptions) {
    assert(options.window >= 1, 'at least one row is held');
    this.jobs = jobs;
    this.options = options;
    this.zero = options.origin === 'zero' ? 0 : Number.NaN;
  }

  next(problems: ProblemList): TraceJob | null {
    const { held, current } = this;
    while (!this.atEnd && held.count < this.options.window) {
      const job = this.jobs.next(problems);
      if (job === null) {
        if (problems.stopsAtFirst && problems.count > 0) return null;
        this.atEnd = true;
      } else this.take(job, problems);
    }
    if (held.count === 0) return null;
    held.removeFirst(current);
    this.lastGiven = current.arrivalMicros;
    if (Number.isNaN(this.zero)) this.zero = current.arrivalMicros;
    current.arrivalMicros -= this.zero;
    return current;
  }

  notes(): readonly string[] {
    const notes = [...this.jobs.notes()];
    if (this.zero > 0)
      notes.push(
        `Times count from the first arrival, which is second ${String(this.zero / MICROS_PER_SECOND)} of the trace`,
      );
    if (this.outOfOrder > 0) notes.push(`Rows out of order of time, put in order: ${String(this.outOfOrder)}`);
    return notes;
  }

  private take(job: TraceJob, problems: ProblemList): void {
    if (job.arrivalMicros >= this.latest) this.latest = job.arrivalMicros;
    else if (job.firstPod <= 0) this.outOfOrder++;
    if (job.arrivalMicros < this.lastGiven) {
      const window = String(this.options.window);
      const [time, given] = [job.arrivalMicros, this.lastGiven].map((micros) => String(micros / MICROS_PER_SECOND));
      const message =
        `expected rows at most ${window} rows out of order of time: second ${time} comes behind second ${given}; ` +
        'the setting reorder holds more rows';
      problems.add({ file: this.options.file, line: this.jobs.line, message });
      return;
    }
    this.held.add(job);
  }
}

/** A job taken out of the columns. */
class HeldJob implements TraceJob {
  shape = NO_SHAPE;
  name: string | null = null;
  ordinal = 0;
  batch = 0;
  arrivalMicros: Micros = 0;
  durationMicros: Micros | null = 0;
  runTime: TraceJob['runTime'] = 'whole';
  observedMicros: Micros = 0;
  startedBefore = false;
  pods = 0;
  firstPod = -1;
}

const NO_SHAPE: JobShape = {
  nameBase: '',
  namespace: '',
  priority: 0,
  class: '',
  labels: {},
  nodeSelector: {},
  nodeAffinityAnyOf: [],
  requests: {},
  spec: null,
};

const FIRST_CAPACITY = 1024;
/** Numbers of a held job: one line of the processor's cache. */
const STRIDE = 8;
const ARRIVAL = 0;
/** Infinity: for ever. */
const DURATION = 1;
const OBSERVED = 2;
const ORDINAL = 3;
const BATCH = 4;
/** Order of the file: settles equal times. */
const SEQUENCE = 5;
const PODS = 6;
/** What is known of the run time, whether it started before, and eight times the first pod's number plus one. */
const FLAGS = 7;

class HeldJobs {
  /** By slot, STRIDE numbers each. */
  private numbers: Float64Array = new Float64Array(FIRST_CAPACITY * STRIDE);
  private readonly shapes: JobShape[] = [];
  /** Empty as long as no job has a name of its own. */
  private readonly names: (string | null)[] = [];
  /** Slots that hold nothing, the first `freeCount`. */
  private free: Int32Array = new Int32Array(FIRST_CAPACITY);
  private freeCount = 0;
  private slotCount = 0;
  private nextSequence = 0;

  /** Slots of rows that came in order, as a ring: arrivals never decrease along it. */
  private ring: Int32Array = new Int32Array(FIRST_CAPACITY);
  private ringStart = 0;
  private ringCount = 0;
  private ringLast: Micros = -Infinity;
  /**
   * Slots of the others, each with its arrival beside it: the first is the earliest. Four children a place: a heap of a
   * million is ten places deep, and the children of one stand in one line of the processor's cache.
   */
  private heap: Int32Array = new Int32Array(FIRST_CAPACITY);
  private heapTimes: Float64Array = new Float64Array(FIRST_CAPACITY);
  private heapCount = 0;

  get count(): number {
    return this.ringCount + this.heapCount;
  }

  add(job: TraceJob): void {
    const slot = this.freeCount > 0 ? this.free[--this.freeCount] : this.newSlot();
    const { numbers } = this;
    const at = slot * STRIDE;
    numbers[at + ARRIVAL] = job.arrivalMicros;
    numbers[at + DURATION] = job.durationMicros ?? Infinity;
    numbers[at + OBSERVED] = job.observedMicros;
    numbers[at + ORDINAL] = job.ordinal;
    numbers[at + BATCH] = job.batch;
    numbers[at + SEQUENCE] = this.nextSequence++;
    numbers[at + PODS] = job.pods;
    numbers[at + FLAGS] = (job.firstPod + 1) * 8 + (job.startedBefore ? STARTED_BEFORE : 0) + codeOf(job.runTime);
    this.shapes[slot] = job.shape;
    if (job.name !== null || this.names.length > 0) this.names[slot] = job.name;
    if (job.arrivalMicros >= this.ringLast || this.ringCount === 0) this.append(slot, job.arrivalMicros);
    else this.push(slot, job.arrivalMicros);
  }

  /** Takes the earliest out, into `job`. */
  removeFirst(job: HeldJob): void {
    const slot = this.takeFirst();
    const { numbers } = this;
    const at = slot * STRIDE;
    const flags = numbers[at + FLAGS];
    job.shape = this.shapes[slot];
    job.name = this.names.length > slot ? (this.names[slot] ?? null) : null;
    job.ordinal = numbers[at + ORDINAL];
    job.batch = numbers[at + BATCH];
    job.arrivalMicros = numbers[at + ARRIVAL];
    job.durationMicros = numbers[at + DURATION] === Infinity ? null : numbers[at + DURATION];
    job.runTime = RUN_TIMES[flags & 3];
    job.observedMicros = numbers[at + OBSERVED];
    job.startedBefore = (flags & STARTED_BEFORE) !== 0;
    job.pods = numbers[at + PODS];
    job.firstPod = (flags >> 3) - 1;
    this.free[this.freeCount++] = slot;
  }

  private takeFirst(): number {
    const first = this.ringCount > 0 ? this.ring[this.ringStart] : -1;
    if (first === -1 || (this.heapCount > 0 && !this.isBefore(this.numbers[first * STRIDE + ARRIVAL], first, 0)))
      return this.pop();
    this.ringStart = (this.ringStart + 1) % this.ring.length;
    this.ringCount--;
    return first;
  }

  private newSlot(): number {
    if (this.slotCount === this.free.length) {
      const capacity = grownCapacity(this.slotCount, this.slotCount + 1);
      this.numbers = growFloat64(this.numbers, capacity * STRIDE);
      this.free = growInt32(this.free, capacity);
    }
    return this.slotCount++;
  }

  private append(slot: number, arrivalMicros: Micros): void {
    if (this.ringCount === this.ring.length) {
      const grown = new Int32Array(this.ring.length * 2);
      grown.set(this.ring.subarray(this.ringStart));
      grown.set(this.ring.subarray(0, this.ringStart), this.ring.length - this.ringStart);
      this.ring = grown;
      this.ringStart = 0;
    }
    this.ring[(this.ringStart + this.ringCount) % this.ring.length] = slot;
    this.ringCount++;
    this.ringLast = arrivalMicros;
  }

  /** A slot that arrives at `time`, before the one that stands at a place of the heap. */
  private isBefore(time: Micros, slot: number, place: number): boolean {
    const other = this.heapTimes[place];
    if (time !== other) return time < other;
    const { numbers, heap } = this;
    return numbers[slot * STRIDE + SEQUENCE] < numbers[heap[place] * STRIDE + SEQUENCE];
  }

  private push(slot: number, time: Micros): void {
    if (this.heapCount === this.heap.length) {
      this.heap = growInt32(this.heap, this.heapCount * 2);
      this.heapTimes = growFloat64(this.heapTimes, this.heapCount * 2);
    }
    const { heap, heapTimes } = this;
    let at = this.heapCount++;
    while (at > 0) {
      const parent = (at - 1) >> 2;
      if (!this.isBefore(time, slot, parent)) break;
      heap[at] = heap[parent];
      heapTimes[at] = heapTimes[parent];
      at = parent;
    }
    heap[at] = slot;
    heapTimes[at] = time;
  }

  private pop(): number {
    const { heap, heapTimes } = this;
    const first = heap[0];
    const last = heap[--this.heapCount];
    const time = heapTimes[this.heapCount];
    let at = 0;
    for (;;) {
      const child = this.earliestChild(at);
      if (child === -1 || this.isBefore(time, last, child)) break;
      heap[at] = heap[child];
      heapTimes[at] = heapTimes[child];
      at = child;
    }
    heap[at] = last;
    heapTimes[at] = time;
    return first;
  }

  /** Its place; -1: there is none. */
  private earliestChild(place: number): number {
    const from = 4 * place + 1;
    const to = Math.min(from + 4, this.heapCount);
    if (from >= to) return -1;
    let earliest = from;
    for (let child = from + 1; child < to; child++)
      if (this.isBefore(this.heapTimes[child], this.heap[child], earliest)) earliest = child;
    return earliest;
  }
}

function codeOf(runTime: TraceJob['runTime']): number {
  return runTime === 'whole' ? 0 : runTime === 'censored' ? 1 : 2;
}

/** A format that gives its jobs in order already. */
export class AsGiven implements JobStream {
  private readonly jobs: JobReader;

  constructor(jobs: JobReader) {
    this.jobs = jobs;
  }

  next(problems: ProblemList): TraceJob | null {
    return this.jobs.next(problems);
  }

  notes(): readonly string[] {
    return this.jobs.notes();
  }
}
