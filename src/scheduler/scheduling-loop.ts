/**
 * When cycles are made: one after the other as long as a pod is there, each as long as a cycle takes (scheduler.go
 * Run), and the queue's flushes beside them. Cycles that are known to fail are passed through in one step.
 */
import { assert } from '../base/assert.ts';
import type { Micros } from '../base/time.ts';
import type { EventKind, Kernel } from '../kernel/kernel.ts';
import type { SchedulerCache } from './cache/scheduler-cache.ts';
import type { FailedAttempt } from './failed-attempts.ts';
import { QueueFlushes } from './queue/backoff.ts';
import type { SchedulingQueue } from './queue/scheduling-queue.ts';
import type { RoomLooks } from './room-looks.ts';
import type { SchedulerListener, SchedulerOptions } from './scheduler-options.ts';
import type { SchedulingCycle } from './scheduling-cycle.ts';

/** What the loop needs of the scheduler. */
export interface LoopHost {
  readonly cache: SchedulerCache;
  readonly queue: SchedulingQueue;
  readonly cycle: SchedulingCycle;
  readonly room: RoomLooks;
  readonly listeners: readonly SchedulerListener[];
  /** Pops until a pod has been decided on, whose outcome is kept for settle(); -1: none is left. */
  decideNext(): number;
  /** The end of the cycle of a pod, of which it still has to be seen whether it is there. */
  settle(pod: number, incarnation: number): void;
}

export class SchedulingLoop {
  readonly flushes: QueueFlushes;
  private readonly kernel: Kernel;
  private readonly scheduler: LoopHost;
  private readonly options: SchedulerOptions;
  private readonly cycleEvent: EventKind;
  private readonly cycleEndEvent: EventKind;
  private running = false;
  /** The end of a cycle: what it patches the loop waits for. */
  private settling = false;
  private scheduled = false;
  /** The template of the pods that fail again at once, and whether a pod is one of them. */
  private repeating = -1;
  private readonly isRepeating = (pod: number): boolean => {
    const { cache, cycle } = this.scheduler;
    return cache.pods.template[pod] === this.repeating && cycle.isUndecided(pod) && cycle.repeats.canRepeat(pod);
  };

  constructor(kernel: Kernel, scheduler: LoopHost, options: SchedulerOptions) {
    const { phase } = options;
    this.kernel = kernel;
    this.scheduler = scheduler;
    this.options = options;
    this.cycleEvent = kernel.defineEvent('scheduler.cycle', phase, () => this.startCycle());
    this.cycleEndEvent = kernel.defineEvent('scheduler.cycleEnd', phase, (pod, incarnation) =>
      this.endCycle(pod, incarnation),
    );
    const { queue } = scheduler;
    this.flushes = new QueueFlushes(kernel, queue, { phase, enabled: options.autoRun });
    queue.onWork = () => this.wake();
    queue.onBackoff = (at) => this.flushes.backoffEndsAt(at);
  }

  private wake(): void {
    if (!this.options.autoRun || this.running || this.scheduled) return;
    this.scheduled = true;
    this.kernel.at(this.kernel.now, this.cycleEvent);
  }

  private startCycle(): void {
    this.scheduled = false;
    if (this.running) return;
    const pod = this.scheduler.decideNext();
    if (pod < 0) return;
    this.running = true;
    const incarnation = this.scheduler.cache.pods.incarnation[pod] | 0;
    this.kernel.after(this.options.cycleMicros, this.cycleEndEvent, pod, incarnation);
  }

  private endCycle(pod: number, incarnation: number): void {
    this.running = false;
    this.settling = true;
    this.scheduler.settle(pod, incarnation);
    this.settling = false;
    if (!this.running) this.goOn();
  }

  private goOn(): void {
    this.failAgain();
    if (this.scheduler.queue.hasWork) this.wake();
  }

  /**
   * For a request that is sent now. At the end of a cycle the loop waits for the answer: it is to be called then
   * (schedule_one.go handleSchedulingFailure, updatePod). undefined: nobody waits.
   */
  waitsForAnswer(): (() => void) | undefined {
    if (!this.settling || this.running) return undefined;
    this.running = true;
    return this.goOnAgain;
  }

  private readonly goOnAgain = (): void => {
    this.running = false;
    this.goOn();
  };

  /**
   * The cycles that come next, at once, as long as each fails as one before it has and nothing else happens meanwhile.
   * What they do and when is what startCycle and endCycle would do (the plain twin): two events a cycle.
   */
  private failAgain(): void {
    const { kernel } = this;
    const { cache, queue, cycle } = this.scheduler;
    const { plain, cycleMicros } = this.options;
    if (plain || !this.flushes.isLeftoverDue || cycle.knownFailureOf(queue.peek()) === null) return;
    const quietBefore = kernel.quietBefore();
    for (;;) {
      const pod = queue.peek();
      const known = cycle.knownFailureOf(pod);
      if (known === null) return;
      const cyclesLeft = Math.floor(kernel.eventsLeft / 2);
      const most = Math.min(this.cyclesUntil(quietBefore), this.cyclesUntilLook(pod), cyclesLeft);
      if (most <= 0) return;
      this.repeating = cache.pods.template[pod];
      const count = queue.rejectNext(this.isRepeating, most, cycleMicros, known);
      assert(count > 0, 'the pod that comes next is like itself');
      cycle.failAgain(known, count);
      this.tellRejected(count, known.attempt);
    }
  }

  /** Passes the cycles of the queue's `rejected`. */
  private tellRejected(count: number, attempt: FailedAttempt): void {
    const { kernel } = this;
    const { queue, listeners } = this.scheduler;
    const { rejected } = queue;
    const { cycleMicros } = this.options;
    let isEachTold = false;
    for (const listener of listeners) {
      if (listener.attemptsFailed !== undefined) listener.attemptsFailed(rejected, count, attempt, cycleMicros);
      else isEachTold ||= listener.attemptFailed !== undefined;
    }
    if (!isEachTold) {
      kernel.pass(kernel.now + count * cycleMicros, 2 * count);
      return;
    }
    for (let i = 0; i < count; i++) {
      kernel.pass(kernel.now + cycleMicros, 2);
      for (const listener of listeners)
        if (listener.attemptsFailed === undefined) listener.attemptFailed?.(rejected[i], attempt);
    }
  }

  /** Cycles that end before a time, if the first begins now. */
  private cyclesUntil(time: Micros): number {
    const { cycleMicros } = this.options;
    const left = time - 1 - this.kernel.now;
    return cycleMicros > 0 ? Math.floor(left / cycleMicros) : left < 0 ? 0 : Infinity;
  }

  /** Cycles that begin before somebody wants to know again what the nodes have left for pods like this one. */
  private cyclesUntilLook(pod: number): number {
    const { cache, room, listeners } = this.scheduler;
    for (let i = 0; i < listeners.length; i++) {
      if (listeners[i].roomSeen === undefined) continue;
      return this.cyclesUntil(room.dueAt(cache.templateOf(pod)) + this.options.cycleMicros);
    }
    return Infinity;
  }
}
