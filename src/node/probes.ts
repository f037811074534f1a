/**
 * What probes find during one run of a container, worked out when the run begins: nothing ticks. A program answers from
 * `answersAt` until it hangs or ends. Startup and liveness probes ask every period since the kubelet has seen the pod;
 * a readiness probe asks as soon as the container has started, and every period from then on. Each result has to come
 * `failureThreshold` or `successThreshold` times in a row. Startup comes first; the others wait for it.
 * Source: pkg/kubelet/prober/{worker,prober_manager}.go, pkg/apis/core/v1/defaults.go (v1.36).
 */
import { MICROS_PER_SECOND, type Micros } from '../base/time.ts';
import type { LivingContainer, Probe } from '../cluster/objects.ts';

export interface ProbePlan {
  readonly delayMicros: Micros;
  readonly periodMicros: Micros;
  readonly successThreshold: number;
  readonly failureThreshold: number;
  /** Of the container that it has killed; null: the pod's. */
  readonly graceMicros: Micros | null;
}

export interface ContainerProbes {
  readonly startup: ProbePlan | null;
  readonly readiness: ProbePlan | null;
  readonly liveness: ProbePlan | null;
}

/** What the program of one run does, whoever asks. */
export interface Answers {
  readonly startedAt: Micros;
  /** Infinity: never. */
  readonly answersAt: Micros;
  readonly hangsAt: Micros;
}

/** What the kubelet makes of it. Infinity: it does not happen. */
export interface ProbeFindings {
  /** The container counts as started. */
  readonly startedAt: Micros;
  readonly readyAt: Micros;
  /** Ready no more. */
  readonly unreadyAt: Micros;
  /** It is killed, and the grace that it has then; null: the pod's. */
  readonly killedAt: Micros;
  readonly killGraceMicros: Micros | null;
}

export function containerProbes({ startupProbe, readinessProbe, livenessProbe }: LivingContainer): ContainerProbes {
  return { startup: planOf(startupProbe), readiness: planOf(readinessProbe), liveness: planOf(livenessProbe) };
}

/** 0 counts as not given. */
function planOf(probe: Probe | undefined): ProbePlan | null {
  if (probe === undefined) return null;
  const { initialDelaySeconds = 0, terminationGracePeriodSeconds: grace } = probe;
  const positive = (value: number | undefined, otherwise: number): number =>
    value === undefined || value === 0 ? otherwise : value;
  return {
    delayMicros: initialDelaySeconds * MICROS_PER_SECOND,
    periodMicros: positive(probe.periodSeconds, 10) * MICROS_PER_SECOND,
    successThreshold: positive(probe.successThreshold, 1),
    failureThreshold: positive(probe.failureThreshold, 3),
    graceMicros: grace === undefined ? null : grace * MICROS_PER_SECOND,
  };
}

/** `watchedFrom`: when the kubelet saw the pod and its probes began. */
export function probeFindings(probes: ContainerProbes, answers: Answers, watchedFrom: Micros): ProbeFindings {
  const { startup, readiness, liveness } = probes;
  const begun =
    startup === null ? { at: answers.startedAt, isKilled: false } : startupEnd(startup, answers, watchedFrom);
  if (startup !== null && begun.isKilled) {
    const never = { startedAt: Infinity, readyAt: Infinity, unreadyAt: Infinity };
    return { ...never, killedAt: begun.at, killGraceMicros: startup.graceMicros };
  }
  const startedAt = begun.at;
  const killedAt = liveness === null ? Infinity : livenessEnd(liveness, answers, startedAt, watchedFrom);
  const killGraceMicros = liveness?.graceMicros ?? null;
  if (readiness === null)
    return { startedAt, readyAt: startedAt, unreadyAt: Infinity, killedAt, killGraceMicros };
  return { startedAt, ...readyTimes(readiness, answers, startedAt), killedAt, killGraceMicros };
}

/** The first time the probe asks at or after `time`; it asks at `from` and every period after that. */
function tickFrom(from: Micros, { periodMicros }: ProbePlan, time: Micros): Micros {
  return time <= from ? from : from + Math.ceil((time - from) / periodMicros) * periodMicros;
}

/** When the container is old enough to be asked: the kubelet counts whole seconds, and so does the delay. */
function askedFrom({ delayMicros }: ProbePlan, { startedAt }: Answers): Micros {
  return startedAt + delayMicros;
}

function startupEnd(
  probe: ProbePlan, answers: Answers, watchedFrom: Micros,
): { readonly at: Micros; readonly isKilled: boolean } {
  const first = tickFrom(watchedFrom, probe, askedFrom(probe, answers));
  const last = first + (probe.failureThreshold - 1) * probe.periodMicros;
  const answered = tickFrom(watchedFrom, probe, Math.max(first, answers.answersAt));
  // A first success ends it; a program that hangs at once never gives one.
  const isUp = answered <= last && answered < answers.hangsAt;
  return { at: isUp ? answered : last, isKilled: !isUp };
}

function readyTimes(
  probe: ProbePlan, answers: Answers, startedAt: Micros,
): Pick<ProbeFindings, 'readyAt' | 'unreadyAt'> {
  const { successThreshold, failureThreshold, periodMicros } = probe;
  const first = tickFrom(startedAt, probe, Math.max(startedAt, askedFrom(probe, answers), answers.answersAt));
  const readyAt = first + (successThreshold - 1) * periodMicros;
  if (!(readyAt < answers.hangsAt)) return { readyAt: Infinity, unreadyAt: Infinity };
  const failing = tickFrom(startedAt, probe, answers.hangsAt);
  return { readyAt, unreadyAt: failing + (failureThreshold - 1) * periodMicros };
}

/** A program that takes too long to answer is killed like one that has hung. */
function livenessEnd(probe: ProbePlan, answers: Answers, startedAt: Micros, watchedFrom: Micros): Micros {
  const { failureThreshold, periodMicros } = probe;
  const first = tickFrom(watchedFrom, probe, Math.max(startedAt, askedFrom(probe, answers)));
  const patience = (failureThreshold - 1) * periodMicros;
  const answered = tickFrom(watchedFrom, probe, Math.max(first, answers.answersAt));
  if (!(answered < answers.hangsAt) || answered > first + patience) return first + patience;
  return tickFrom(watchedFrom, probe, answers.hangsAt) + patience;
}
