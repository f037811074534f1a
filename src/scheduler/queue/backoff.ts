/** How long a pod that failed stays away (pkg/scheduler/backend/queue/backoff_queue.go). */
import { MICROS_PER_SECOND } from '../../base/time.ts';
import type { Micros } from '../../base/time.ts';

export interface QueueSettings {
  readonly podInitialBackoffMicros: Micros;
  /** 0 disables backoff. */
  readonly podMaxBackoffMicros: Micros;
  /** Upstream's --pod-max-in-unschedulable-pods-duration. */
  readonly maxUnschedulableMicros: Micros;
}

/** When a pod may come back that failed then, after so many failures in a row, cut to the second; 0: at once. */
export function backoffEnd(failedAt: Micros, failures: number, settings: QueueSettings): Micros {
  const { podInitialBackoffMicros, podMaxBackoffMicros } = settings;
  const duration = backoffDuration(failures, podInitialBackoffMicros, podMaxBackoffMicros);
  return duration === 0 ? 0 : wholeSecond(failedAt + duration);
}

/** After so many failures in a row: `initial`, doubled with each more, at most `max`. 0: there is none. */
function backoffDuration(failures: number, initial: Micros, max: Micros): Micros {
  if (failures === 0 || max === 0) return 0;
  let duration = initial;
  for (let i = 1; i < failures && duration < max; i++) duration *= 2;
  return Math.min(duration, max);
}

/** Cut to the second, as ends of backoff are compared. Exact for all whole micros, and faster than a remainder. */
export function wholeSecond(at: Micros): Micros {
  return Math.floor(at / MICROS_PER_SECOND) * MICROS_PER_SECOND;
}
