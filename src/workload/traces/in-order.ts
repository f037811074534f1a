/**
 * Jobs in order of arrival. Rows are held in columns until so many wait that none can come before them; what arrives in
 * the file's own order passes through a ring, the rest through a heap. Equal times keep the order of the file. About 70
 * bytes a held row, and never more rows than the file has.
 */
import { assert } from '../../base/assert.ts';
import { grownCapacity, growFloat64, growInt32, growUint8 } from '../../base/growable.ts';
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
    if (this.zero > 0) notes.push(`Times count from the first arrival, which is second ${String(this.zero / MICROS_PER_SECOND)} of the trace`);
    if (this.outOfOrder > 0) notes.push(`Rows out of order of time, put in order: ${String(this.outOfOrder)}`);
    return notes;
  }

  private take(job: TraceJob, problems: ProblemList): void {
    if (job.arrivalMicros < this.latest) this.outOfOrder++;
    else this.latest = job.arrivalMicros;
    if (job.arrivalMicros < this.lastGiven) {
      const window = String(this.options.window);
      const [time, given] = [job.arrivalMicros, this.lastGiven].map((micros) => String(micros / MICROS_PER_SECOND));
      const message = `expected rows at most ${window} rows out of order of time: second ${time} comes behind second ${given}; the setting reorder holds more rows`;
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
  nameBase: '', namespace: '', priority: 0, class: '', labels: {}, nodeSelector: {}, nodeAffinityAnyOf: [], requests: {}, spec: null,
};

const FIRST_CAPACITY = 1024;

class HeldJobs {
  private arrival: Float64Array = new Float64Array(FIRST_CAPACITY);
  /** Infinity: for ever. */
  private duration: Float64Array = new Float64Array(FIRST_CAPACITY);
  private observed: Float64Array = new Float64Array(FIRST_CAPACITY);
  private ordinal: Float64Array = new Float64Array(FIRST_CAPACITY);
  private batch: Float64Array = new Float64Array(FIRST_CAPACITY);
  /** Order of the file: settles equal times. */
  private sequence: Float64Array = new Float64Array(FIRST_CAPACITY);
  private pods: Int32Array = new Int32Array(FIRST_CAPACITY);
  private firstPod: Int32Array = new Int32Array(FIRST_CAPACITY);
  private flags: Uint8Array = new Uint8Array(FIRST_CAPACITY);
  private readonly shapes: JobShape[] = [];
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
  /** Slots of the others: the first is the earliest. */
  private heap: Int32Array = new Int32Array(FIRST_CAPACITY);
  private heapCount = 0;

  get count(): number {
    return this.ringCount + this.heapCount;
  }

  add(job: TraceJob): void {
    const slot = this.freeCount > 0 ? this.free[--this.freeCount] : this.newSlot();
    this.arrival[slot] = job.arrivalMicros;
    this.duration[slot] = job.durationMicros ?? Infinity;
    this.observed[slot] = job.observedMicros;
    this.ordinal[slot] = job.ordinal;
    this.batch[slot] = job.batch;
    this.sequence[slot] = this.nextSequence++;
    this.pods[slot] = job.pods;
    this.firstPod[slot] = job.firstPod;
    this.flags[slot] = RUN_TIMES.indexOf(job.runTime) + (job.startedBefore ? STARTED_BEFORE : 0);
    this.shapes[slot] = job.shape;
    this.names[slot] = job.name;
    if (job.arrivalMicros >= this.ringLast || this.ringCount === 0) this.append(slot);
    else this.push(slot);
  }

  /** Takes the earliest out, into `job`. */
  removeFirst(job: HeldJob): void {
    const slot = this.takeFirst();
    job.shape = this.shapes[slot];
    job.name = this.names[slot];
    job.ordinal = this.ordinal[slot];
    job.batch = this.batch[slot];
    job.arrivalMicros = this.arrival[slot];
    job.durationMicros = this.duration[slot] === Infinity ? null : this.duration[slot];
    job.runTime = RUN_TIMES[this.flags[slot] & 3];
    job.observedMicros = this.observed[slot];
    job.startedBefore = (this.flags[slot] & STARTED_BEFORE) !== 0;
    job.pods = this.pods[slot];
    job.firstPod = this.firstPod[slot];
    this.free[this.freeCount++] = slot;
  }

  private takeFirst(): number {
    const first = this.ringCount > 0 ? this.ring[this.ringStart] : -1;
    if (first === -1 || (this.heapCount > 0 && this.isBefore(this.heap[0], first))) return this.pop();
    this.ringStart = (this.ringStart + 1) % this.ring.length;
    this.ringCount--;
    return first;
  }

  private newSlot(): number {
    if (this.slotCount === this.arrival.length) {
      const capacity = grownCapacity(this.slotCount, this.slotCount + 1);
      this.arrival = growFloat64(this.arrival, capacity);
      this.duration = growFloat64(this.duration, capacity);
      this.observed = growFloat64(this.observed, capacity);
      this.ordinal = growFloat64(this.ordinal, capacity);
      this.batch = growFloat64(this.batch, capacity);
      this.sequence = growFloat64(this.sequence, capacity);
      this.pods = growInt32(this.pods, capacity);
      this.firstPod = growInt32(this.firstPod, capacity);
      this.flags = growUint8(this.flags, capacity);
      this.free = growInt32(this.free, capacity);
    }
    return this.slotCount++;
  }

  private append(slot: number): void {
    if (this.ringCount === this.ring.length) {
      const grown = new Int32Array(this.ring.length * 2);
      grown.set(this.ring.subarray(this.ringStart));
      grown.set(this.ring.subarray(0, this.ringStart), this.ring.length - this.ringStart);
      this.ring = grown;
      this.ringStart = 0;
    }
    this.ring[(this.ringStart + this.ringCount) % this.ring.length] = slot;
    this.ringCount++;
    this.ringLast = this.arrival[slot];
  }

  private isBefore(a: number, b: number): boolean {
    const { arrival } = this;
    return arrival[a] < arrival[b] || (arrival[a] === arrival[b] && this.sequence[a] < this.sequence[b]);
  }

  private push(slot: number): void {
    if (this.heapCount === this.heap.length) this.heap = growInt32(this.heap, this.heap.length * 2);
    const { heap } = this;
    let at = this.heapCount++;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.isBefore(slot, heap[parent])) break;
      heap[at] = heap[parent];
      at = parent;
    }
    heap[at] = slot;
  }

  private pop(): number {
    const { heap } = this;
    const first = heap[0];
    const last = heap[--this.heapCount];
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= this.heapCount) break;
      if (child + 1 < this.heapCount && this.isBefore(heap[child + 1], heap[child])) child++;
      if (!this.isBefore(heap[child], last)) break;
      heap[at] = heap[child];
      at = child;
    }
    heap[at] = last;
    return first;
  }
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
