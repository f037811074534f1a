/**
 * How long a container that has ended waits before it is started again: not at all the first time, then 10 s, doubling
 * up to 300 s; after more than 600 s between a start and the end that follows it the count begins anew.
 * Source: pkg/kubelet/kuberuntime/kuberuntime_manager.go (doBackOff), pkg/kubelet/kubelet.go (MaxContainerBackOff),
 * staging/src/k8s.io/client-go/util/flowcontrol/backoff.go (v1.36). The reason is CrashLoopBackOff meanwhile.
 */
import { MICROS_PER_SECOND, type Micros } from '../base/time.ts';

export const FIRST_BACKOFF_MICROS: Micros = 10 * MICROS_PER_SECOND;
export const MOST_BACKOFF_MICROS: Micros = 300 * MICROS_PER_SECOND;

/** Of one container of one pod; the kubelet's memory, which is lost with its machine. */
export interface CrashLoop {
  /** When it was last decided to start the container again; -Infinity: never. */
  readonly restartedAt: Micros;
  /** What the next restart waits for. */
  readonly backoffMicros: Micros;
}

export const NO_CRASHES: CrashLoop = { restartedAt: -Infinity, backoffMicros: 0 };

/** The decision about a container that ended at `endedAt`: `restartedAt` of the answer is when it is started. */
export function nextRestart({ restartedAt, backoffMicros }: CrashLoop, endedAt: Micros): CrashLoop {
  const isForgotten = endedAt - restartedAt > 2 * MOST_BACKOFF_MICROS;
  if (isForgotten) return { restartedAt: endedAt, backoffMicros: FIRST_BACKOFF_MICROS };
  return {
    restartedAt: endedAt + backoffMicros,
    backoffMicros: Math.min(2 * backoffMicros, MOST_BACKOFF_MICROS),
  };
}
