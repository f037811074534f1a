/** How long a pod that failed stays away (pkg/scheduler/backend/queue/backoff_queue.go), and who brings it back. */
import { MICROS_PER_SECOND, doubledBackoff } from '../../base/time.ts';
import type { Micros } from '../../base/time.ts';
import type { EventKind, Kernel } from '../../kernel/kernel.ts';

const UNSCHEDULABLE_FLUSH_MICROS = 30 * MICROS_PER_SECOND;

export interface QueueSettings {
  readonly podInitialBackoffMicros: Micros;
  /** 0 disables backoff. */
  readonly podMaxBackoffMicros: Micros;
  /** Upstream's --pod-max-in-unschedulable-pods-duration. */
  readonly maxUnschedulableMicros: Micros;
}

/** When a pod may come back that failed then, after so many failures in a row, cut to the second; 0: at once. */
export function backoffEnd(failedAt: Micros, failures: number, settings: QueueSettings): Micros {
  const duration = backoffDuration(failures, settings);
  return duration === 0 ? 0 : wholeSecond(failedAt + duration);
}

/** After so many failures in a row: the initial one, doubled with each more, at most the longest. 0: there is none. */
export function backoffDuration(failures: number, settings: QueueSettings): Micros {
  const { podInitialBackoffMicros, podMaxBackoffMicros } = settings;
  if (failures === 0 || podMaxBackoffMicros === 0) return 0;
  return doubledBackoff(failures, podInitialBackoffMicros, podMaxBackoffMicros);
}

/** Cut to the second, as ends of backoff are compared. Exact for all whole micros, and faster than a remainder. */
export function wholeSecond(at: Micros): Micros {
  return Math.floor(at / MICROS_PER_SECOND) * MICROS_PER_SECOND;
}

/** What the flushes need of the queue. */
export interface FlushedQueue {
  readonly hasLeftovers: boolean;
  flushBackoff(): void;
  flushUnschedulable(): void;
}

/** The events that look at what has waited its time (scheduling_queue.go Run). */
export class QueueFlushes {
  /** The look at pods that have waited for long is on its way. */
  isLeftoverDue = false;
  private readonly kernel: Kernel;
  private readonly queue: FlushedQueue;
  private readonly enabled: boolean;
  private readonly flushEvent: EventKind;
  private readonly leftoverEvent: EventKind;
  private nextFlush: Micros = Infinity;

  /** `enabled` false: whoever drives the queue flushes it. */
  constructor(
    kernel: Kernel, queue: FlushedQueue, { phase, enabled }: { readonly phase: number; readonly enabled: boolean },
  ) {
    this.kernel = kernel;
    this.queue = queue;
    this.enabled = enabled;
    this.flushEvent = kernel.defineEvent('scheduler.backoffFlush', phase, () => this.flush());
    this.leftoverEvent = kernel.defineEvent('scheduler.unschedulableFlush', phase, () => this.flushLeftovers());
  }

  backoffEndsAt(at: Micros): void {
    if (!this.enabled || at >= this.nextFlush) return;
    this.nextFlush = Math.max(at, this.kernel.now);
    this.kernel.at(this.nextFlush, this.flushEvent);
  }

  scheduleLeftovers(): void {
    if (!this.enabled || this.isLeftoverDue || !this.queue.hasLeftovers) return;
    this.isLeftoverDue = true;
    const { now } = this.kernel;
    this.kernel.at(now - (now % UNSCHEDULABLE_FLUSH_MICROS) + UNSCHEDULABLE_FLUSH_MICROS, this.leftoverEvent);
  }

  private flush(): void {
    if (this.kernel.now < this.nextFlush) return;
    this.nextFlush = Infinity;
    this.queue.flushBackoff();
  }

  private flushLeftovers(): void {
    this.isLeftoverDue = false;
    this.queue.flushUnschedulable();
    this.scheduleLeftovers();
  }
}
