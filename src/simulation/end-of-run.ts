/**
 * When a run without a duration is over: no input is left, nothing that ends by itself is on a node, and of the pods
 * that still wait none can ever get one. What that means is told in docs/model.md ("When a run ends").
 *
 * Costs a few column reads a look while there is work, and a walk over the waiting pods when there is none.
 */
import type { NodeAutoscaler } from '../autoscaling/node-autoscaler.ts';
import { formatDuration } from '../base/duration.ts';
import { InputError } from '../base/input-error.ts';
import { MICROS_PER_HOUR, MICROS_PER_MINUTE } from '../base/time.ts';
import type { Micros } from '../base/time.ts';
import { PodPhase } from '../cluster/cluster.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { ClusterObserver } from '../cluster/observer.ts';
import type { Totals } from '../cluster/totals.ts';
import type { WorkloadControllers } from '../controllers/workload-controllers.ts';
import type { Operations } from '../operations/operations.ts';
import type { CrashProcesses } from '../failures/crash-processes.ts';
import type { InputSource, Kernel } from '../kernel/kernel.ts';
import { QueuePlace } from '../scheduler/queue/scheduling-queue.ts';
import type { Scheduler } from '../scheduler/scheduler.ts';
import type { Controller } from './parts.ts';

export interface EndParts {
  readonly inputs: readonly InputSource[];
  readonly schedulers: readonly Scheduler[];
  readonly controllers: WorkloadControllers;
  readonly kubelet: { readonly reportsUnderWay: number };
  /** Beside those of workloads. */
  readonly nodeControllers: readonly Controller[];
  readonly crashes: CrashProcesses | null;
  readonly operations: Operations | null;
  readonly autoscaler: NodeAutoscaler | null;
}

/** Longer than anything that follows from a change without being one: monitor grace, rates of tainting, orphans. */
const QUIET_MICROS: Micros = 5 * MICROS_PER_MINUTE;
/**
 * What has not moved for so long goes round in circles: a Permit plugin that never lets go, a group that grows in
 * vain.
 */
const FRUITLESS_MICROS: Micros = 7 * 24 * MICROS_PER_HOUR;

export class EndOfRun implements ClusterObserver {
  private readonly cluster: Cluster;
  private readonly parts: EndParts;
  private lastChangeAt: Micros = 0;
  /** When work that ends by itself was last on a node or about to come. */
  private lastWorkAt: Micros = 0;
  /** The pod on a node that was last seen to end by itself. */
  private finitePod = 0;

  constructor(cluster: Cluster, parts: EndParts) {
    this.cluster = cluster;
    this.parts = parts;
    cluster.observe(this);
    const observer = { podAssumed: () => { this.changed(); }, podForgotten: () => { this.changed(); } };
    for (const { cache } of parts.schedulers) cache.observe(observer);
  }

  /** To be asked at the end of an instant. */
  isOver(): boolean {
    const { cluster, parts } = this;
    const { totals, now } = cluster;
    if (
      parts.inputs.some((input) => input.nextTime() !== Infinity) ||
      this.hasFinitePods() ||
      parts.controllers.isBusy ||
      parts.kubelet.reportsUnderWay > 0 ||
      parts.operations?.isBusy(now) === true
    ) {
      this.lastWorkAt = now;
      return false;
    }
    if (now - this.lastWorkAt >= FRUITLESS_MICROS) return true;
    const isAtWork = ({ watch, cache, requests }: Scheduler): boolean => (
      watch.pendingCount + cache.totals.podsAssumed + (requests?.count ?? 0) > 0
    );
    if (parts.schedulers.some(isAtWork) || totals.podsTerminating > 0) return false;
    return totals.podsPending === 0 || this.waitsAreVain(now);
  }

  podCreated(): void { this.changed(); }
  podUpdated(): void { this.changed(); }
  podInterrupted(): void { this.changed(); }
  podTerminating(): void { this.changed(); }
  podRemoved(): void { this.changed(); }
  nodeAdded(): void { this.changed(); }
  nodeUpdated(): void { this.changed(); }
  nodeRemoving(): void { this.changed(); }
  nodeHealthChanged(): void { this.changed(); }
  objectChanged(): void { this.changed(); }
  workloadChanged(): void { this.changed(); }

  podBound(pod: number): void {
    this.changed();
    if (this.cluster.pods.durationMicros[pod] !== Infinity) this.lastWorkAt = this.cluster.now;
  }

  private changed(): void {
    this.lastChangeAt = this.cluster.now;
  }

  /**
   * Whether every waiting pod was tried in vain since anything changed, and nothing that may help one is on its way.
   */
  private waitsAreVain(now: Micros): boolean {
    const { nodeControllers, crashes, operations, autoscaler, schedulers } = this.parts;
    if (now - this.lastChangeAt < QUIET_MICROS) return false;
    if (
      nodeControllers.some((controller) => controller.hasTimers?.() === true) ||
      crashes?.hasRepairsDue() === true ||
      operations?.hasEndsDue() === true ||
      autoscaler?.isAtRest(now, this.lastChangeAt) === false
    )
      return false;
    return schedulers.every((scheduler) => this.triesInVain(scheduler));
  }

  private triesInVain({ queue, cycleMicros, watch }: Scheduler): boolean {
    const lastSeenAt = Math.max(this.lastChangeAt, watch.lastShownAt);
    const isVain = (pod: number): boolean =>
      queue.isGated(pod) || queue.lastFailureAt(pod) - cycleMicros > lastSeenAt;
    const places = [QueuePlace.Active, QueuePlace.Backoff, QueuePlace.ErrorBackoff, QueuePlace.Unschedulable] as const;
    return places.every((place) => queue.rows(place).every(isVain)) && [...queue.inFlight.pods()].every(isVain);
  }

  /** Whether a pod on a node ends by itself. Asked only when no input is left, so nobody keeps count of them. */
  private hasFinitePods(): boolean {
    const { phase, durationMicros, length } = this.cluster.pods;
    for (let i = 0; i < length; i++) {
      const pod = (this.finitePod + i) % length;
      if ((phase[pod] !== PodPhase.Bound && phase[pod] !== PodPhase.Running) || durationMicros[pod] === Infinity)
        continue;
      this.finitePod = pod;
      return true;
    }
    return false;
  }
}

/** How often to look, in events. */
export const LOOK_EVENTS = 500_000;
/** An instant may take so many events, and so many for each node and pod: a million pods may arrive at once. */
const MOST_EVENTS = 2_000_000;
const MOST_EVENTS_EACH = 100;
/** So many more are played to see what repeats. */
const CENSUS_EVENTS = 10_000;

/**
 * Finds an instant that does not end: parts that answer each other without taking any time, as an owner that makes a
 * new pod for each one that a kubelet refuses. Looked at between stretches of events, so it costs a run nothing.
 */
export class InstantWatch {
  private readonly kernel: Kernel;
  private instant: Micros = -1;
  /** Events executed when the instant was seen first. */
  private seenAt = 0;

  constructor(kernel: Kernel) {
    this.kernel = kernel;
  }

  /** Throws an InputError when the clock has stood still for too long. */
  look(totals: Totals): void {
    const { kernel } = this;
    if (kernel.now !== this.instant) {
      this.instant = kernel.now;
      this.seenAt = kernel.eventCount;
      return;
    }
    const { nodesAlive, podsByPhase } = totals;
    const all =
      nodesAlive + podsByPhase[PodPhase.Pending] + podsByPhase[PodPhase.Bound] + podsByPhase[PodPhase.Running];
    if (kernel.eventCount - this.seenAt <= MOST_EVENTS + MOST_EVENTS_EACH * all) return;
    const names = kernel.census(CENSUS_EVENTS).slice(0, 5).join(', ');
    throw new InputError({
      message:
        `simulated time stands still at ${formatDuration(kernel.now)}: parts of the cluster answer each other for ` +
        'ever, ' +
        `by these events: ${names}; expected scheduler.cycleTime, scheduler.bindTime or another time between them ` +
          'above 0',
    });
  }
}
