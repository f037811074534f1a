/**
 * The work queue of a controller, on the kernel: keys are workload rows. A key that waits already is not queued again;
 * one that is added while it is worked on comes again when that ends. AddAfter keeps the earliest of a key's times.
 * AddRateLimited waits for the longer of the key's own back-off (5 ms, doubling, at most 1000 s) and a token of the
 * bucket that all keys share (10 a second, bursts of 100).
 * Source: staging/src/k8s.io/client-go/util/workqueue/{queue,delaying_queue,default_rate_limiters}.go (v1.36).
 *
 * A sync takes no simulated time: the controller phase of the instant works the keys off in order of their coming. Per
 * workload row 33 bytes; an add costs an event, a repeated add a look at a byte. A row that was freed meanwhile is
 * left.
 */
import { assert } from '../base/assert.ts';
import { grownCapacity, growFloat64, growInt32, growUint8 } from '../base/growable.ts';
import { MICROS_PER_SECOND, doubledBackoff, type Micros } from '../base/time.ts';
import type { WorkloadTable } from '../cluster/workload-table.ts';
import type { EventKind, Kernel } from '../kernel/kernel.ts';

/** What a controller asks of its queue. */
export interface WorkloadQueue {
  add(workload: number): void;
  addAfter(workload: number, delayMicros: Micros): void;
  addRateLimited(workload: number): void;
  /** The key's back-off begins anew. */
  forget(workload: number): void;
  /**
   * To be called at the end of a sync: what the sync has written itself so far asks for no other. The key comes for
   * what others do, as early as it would have come otherwise.
   */
  settled(workload: number): void;
}

/** Makes the queue of a controller; `sync` works on one key. */
export type QueueMaker = (name: string, sync: (workload: number) => void) => WorkloadQueue;

export const BASE_BACKOFF_MICROS: Micros = 5_000;
export const MAX_BACKOFF_MICROS: Micros = 1000 * MICROS_PER_SECOND;
/** How often AddRateLimited lets a key come again. */
export interface RetryLimits {
  readonly baseMicros: Micros;
  readonly capMicros: Micros;
  /** All keys share a bucket of tokens, too. */
  readonly sharesBucket: boolean;
}
export const DEFAULT_LIMITS: RetryLimits = {
  baseMicros: BASE_BACKOFF_MICROS,
  capMicros: MAX_BACKOFF_MICROS,
  sharesBucket: true,
};
/** Of the Job controller (DefaultJobApiBackOff, MaxJobApiBackOff). */
export const JOB_LIMITS: RetryLimits = {
  baseMicros: MICROS_PER_SECOND,
  capMicros: 60 * MICROS_PER_SECOND,
  sharesBucket: false,
};

const TOKEN_MICROS: Micros = MICROS_PER_SECOND / 10;
const BURST = 100;

const Waiting = { No: 0, Queued: 1, Working: 2, Again: 3 } as const;

export class WorkQueue implements WorkloadQueue {
  private readonly kernel: Kernel;
  private readonly workloads: WorkloadTable;
  private readonly sync: (workload: number) => void;
  private readonly syncEvent: EventKind;
  private readonly delayedEvent: EventKind;
  private state: Uint8Array = new Uint8Array(0);
  private failures: Int32Array = new Int32Array(0);
  /** Of the workload that the columns speak of. */
  private incarnation: Int32Array = new Int32Array(0);
  /** When the delayed add is due, Infinity: none. */
  private dueAt: Float64Array = new Float64Array(0);
  /** When a delayed add would have been due that nobody needs by itself, -Infinity: none. */
  private idleUntil: Float64Array = new Float64Array(0);
  /** The earliest delayed add of the key that is worked on, by its sync. */
  private heldUntil: Micros = Infinity;
  /** Timer ids of the kernel. */
  private timers: Float64Array = new Float64Array(0);
  /** Keys that wait for their time. */
  waitingCount = 0;
  /** When the bucket is full again. */
  private bucketFullAt: Micros = 0;
  private readonly limits: RetryLimits;

  constructor(
    kernel: Kernel, workloads: WorkloadTable, phase: number, name: string, sync: (workload: number) => void,
    limits: RetryLimits = DEFAULT_LIMITS,
  ) {
    this.kernel = kernel;
    this.limits = limits;
    this.workloads = workloads;
    this.sync = sync;
    this.syncEvent = kernel.defineEvent(`${name} sync`, phase, (workload, incarnation) =>
      this.work(workload, incarnation),
    );
    this.delayedEvent = kernel.defineEvent(`${name} delayed`, phase, (workload, incarnation) =>
      this.delayed(workload, incarnation),
    );
  }

  add(workload: number): void {
    this.fit(workload);
    if (this.state[workload] === Waiting.Working) this.state[workload] = Waiting.Again;
    if (this.state[workload] !== Waiting.No) return;
    this.state[workload] = Waiting.Queued;
    this.kernel.after(0, this.syncEvent, workload, this.incarnation[workload]);
  }

  addAfter(workload: number, delayMicros: Micros): void {
    if (delayMicros <= 0) return this.add(workload);
    this.fit(workload);
    const { now } = this.kernel;
    const idleUntil = this.idleUntil[workload];
    const due = idleUntil >= now ? Math.min(now + delayMicros, idleUntil) : now + delayMicros;
    if (this.state[workload] >= Waiting.Working) this.heldUntil = Math.min(this.heldUntil, due);
    else this.comeAt(workload, due);
  }

  private comeAt(workload: number, due: Micros): void {
    if (due >= this.dueAt[workload]) return;
    if (this.dueAt[workload] !== Infinity && this.kernel.cancel(this.timers[workload])) this.waitingCount--;
    this.waitingCount++;
    this.dueAt[workload] = due;
    this.timers[workload] = this.kernel.timerAt(due, this.delayedEvent, workload, this.incarnation[workload]);
  }

  addRateLimited(workload: number): void {
    this.fit(workload);
    const { sharesBucket } = this.limits;
    const own = backoffMicros(this.failures[workload]++, this.limits);
    this.addAfter(workload, sharesBucket ? Math.max(own, this.takeToken()) : own);
  }

  forget(workload: number): void {
    this.fit(workload);
    this.failures[workload] = 0;
  }

  settled(workload: number): void {
    this.fit(workload);
    if (this.state[workload] === Waiting.Again) this.state[workload] = Waiting.Working;
    if (this.heldUntil !== Infinity) this.idleUntil[workload] = this.heldUntil;
    this.heldUntil = Infinity;
  }

  /** How often the key was added with its back-off since it was forgotten. */
  retries(workload: number): number {
    this.fit(workload);
    return this.failures[workload];
  }

  /** How long the next token of the bucket takes. */
  private takeToken(): Micros {
    const { now } = this.kernel;
    this.bucketFullAt = Math.max(this.bucketFullAt, now) + TOKEN_MICROS;
    return Math.max(0, this.bucketFullAt - now - BURST * TOKEN_MICROS);
  }

  private work(workload: number, incarnation: number): void {
    if (this.incarnation[workload] !== incarnation || this.workloads.incarnation[workload] !== incarnation) return;
    assert(this.state[workload] === Waiting.Queued, 'a key that is worked on was queued');
    this.state[workload] = Waiting.Working;
    this.heldUntil = Infinity;
    if (this.idleUntil[workload] <= this.kernel.now) this.idleUntil[workload] = -Infinity;
    this.sync(workload);
    const again = this.state[workload] === Waiting.Again;
    this.state[workload] = Waiting.No;
    if (this.workloads.incarnation[workload] !== incarnation) return;
    if (again) this.add(workload);
    if (this.heldUntil !== Infinity) this.comeAt(workload, this.heldUntil);
  }

  private delayed(workload: number, incarnation: number): void {
    this.waitingCount--;
    if (this.incarnation[workload] !== incarnation) return;
    this.dueAt[workload] = Infinity;
    if (this.workloads.incarnation[workload] !== incarnation || this.state[workload] !== Waiting.No) return;
    this.state[workload] = Waiting.Queued;
    this.work(workload, incarnation);
  }

  /** Room for the row; what the columns say of an earlier workload of the row is forgotten. */
  private fit(workload: number): void {
    if (workload >= this.state.length) this.grow(workload + 1);
    const incarnation = this.workloads.incarnation[workload];
    if (this.incarnation[workload] === incarnation) return;
    if (this.dueAt[workload] !== Infinity && this.kernel.cancel(this.timers[workload])) this.waitingCount--;
    this.incarnation[workload] = incarnation;
    this.state[workload] = Waiting.No;
    this.failures[workload] = 0;
    this.dueAt[workload] = Infinity;
    this.idleUntil[workload] = -Infinity;
  }

  private grow(needed: number): void {
    const capacity = grownCapacity(this.state.length, needed);
    this.state = growUint8(this.state, capacity);
    this.failures = growInt32(this.failures, capacity);
    this.incarnation = growInt32(this.incarnation, capacity);
    this.dueAt = growFloat64(this.dueAt, capacity, Infinity);
    this.idleUntil = growFloat64(this.idleUntil, capacity, -Infinity);
    this.timers = growFloat64(this.timers, capacity);
  }
}

/** Of the n-th failure in a row, counted from 0. */
export function backoffMicros(failures: number, { baseMicros, capMicros }: RetryLimits = DEFAULT_LIMITS): Micros {
  return doubledBackoff(failures + 1, baseMicros, capMicros);
}
