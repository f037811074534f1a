/**
 * Carries out preemptions: clears lower nominations on the node, deletes the victims, the last one last
 * (pkg/scheduler/framework/preemption/executor.go, gate SchedulerAsyncPreemption on). The calls go out after the
 * preemptor's cycle; until they are done PreEnqueue gates the preemptor. Where requests take time, each victim costs
 * two of them (its condition, its deletion); those of the last one follow the answers to all others.
 */
import { assert } from '../../base/assert.ts';
import { EvictionCause, PodPhase } from '../../cluster/cluster.ts';
import type { Cluster } from '../../cluster/cluster.ts';
import type { Micros } from '../../base/time.ts';
import type { DelayedCalls, EventKind, Kernel } from '../../kernel/kernel.ts';
import { PodBelief } from '../cache/cached-pods.ts';
import type { SchedulerCache } from '../cache/scheduler-cache.ts';
import type { PreemptionPort } from '../framework/plugin-api.ts';
import type { PodEventView } from '../framework/cluster-event.ts';
import type { SchedulingQueue } from '../queue/scheduling-queue.ts';

/** What preemption needs of the scheduler. */
export interface PreemptionHost {
  readonly cache: SchedulerCache;
  readonly queue: SchedulingQueue;
  readonly cycleMicros: Micros;
  readonly listeners: readonly { preempted?(preemptor: number, victim: number): void }[];
  podView(pod: number): PodEventView;
  announceFreedNomination(before: PodEventView): void;
  preemptWaiting(pod: number): boolean;
}

interface Order {
  readonly preemptor: number;
  readonly incarnation: number;
  /** Rows with the incarnation they had. */
  readonly victims: readonly (readonly [row: number, incarnation: number])[];
  readonly nodeName: string;
}

export class PreemptionExecutor implements PreemptionPort {
  private readonly kernel: Kernel;
  private readonly cluster: Cluster;
  private readonly scheduler: PreemptionHost;
  /** Whether a preemptor is tried again at once when its last victim had no binding yet. */
  private readonly activates: boolean;
  private readonly orders: Order[] = [];
  /** Preemptors whose calls are not done, by row. */
  private readonly running = new Map<number, Order>();
  private readonly afterCycleEvent: EventKind;
  private readonly executeEvent: EventKind;
  /** null: they take no time. */
  private readonly requests: DelayedCalls | null;

  constructor(
    kernel: Kernel, cluster: Cluster, scheduler: PreemptionHost, phase: number, requests: DelayedCalls | null = null,
  ) {
    this.requests = requests;
    this.kernel = kernel;
    this.cluster = cluster;
    this.scheduler = scheduler;
    this.activates = cluster.features.preemptorActivated;
    this.afterCycleEvent = kernel.defineEvent('scheduler.preemptionDue', phase, () =>
      kernel.at(kernel.now, this.executeEvent),
    );
    this.executeEvent = kernel.defineEvent('scheduler.preempt', phase, () => this.executeNext());
  }

  execute(preemptor: number, victims: readonly number[], nodeName: string): void {
    const incarnations = this.cluster.pods.incarnation;
    const order: Order = {
      preemptor,
      incarnation: incarnations[preemptor],
      victims: victims.map((row) => [row, incarnations[row]] as const),
      nodeName,
    };
    this.orders.push(order);
    this.running.set(preemptor, order);
    this.kernel.after(this.scheduler.cycleMicros, this.afterCycleEvent);
  }

  /**
   * false as soon as no victim is left to be deleted: without a call there would be no event to lift the gate
   * (executor.go IsPodRunningPreemption).
   */
  isRunningFor(pod: number): boolean {
    const order = this.running.size === 0 ? undefined : this.running.get(pod);
    return (
      order !== undefined &&
      order.incarnation === this.cluster.pods.incarnation[pod] &&
      order.victims.some((victim) => this.isToGo(victim))
    );
  }

  get isIdle(): boolean {
    return this.running.size === 0;
  }

  /** A preemptor that goes away needs no gate. */
  podTerminating(pod: number): void {
    if (this.running.size > 0) this.running.delete(pod);
  }

  private executeNext(): void {
    const order = this.orders.shift();
    assert(order !== undefined, 'each order has one event');
    this.clearLowerNominations(order);
    const { victims } = order;
    if (this.requests !== null) return this.request(order, this.requests);
    for (let i = 0; i < victims.length; i++) {
      if (i === victims.length - 1) this.running.delete(order.preemptor);
      const wasWaiting = this.preempt(order.preemptor, victims[i]);
      // No deletion follows that could wake the preemptor.
      if (wasWaiting && i === victims.length - 1 && this.activates && this.isCurrent(order))
        this.scheduler.queue.activate([order.preemptor]);
    }
    this.running.delete(order.preemptor);
  }

  /** The same by requests that take their time: all others first, the last victim when they are answered. */
  private request(order: Order, requests: DelayedCalls): void {
    const last = order.victims.length - 1;
    let answeredAfter = 0;
    for (const [i, victim] of order.victims.entries()) {
      const isLast = i === last;
      // Waits of pods without a binding end in the scheduler's memory.
      const isDeleted = this.isToGo(victim) && (isLast || !this.scheduler.preemptWaiting(victim[0]));
      const takes = isDeleted ? requests.draw() + requests.draw() : 0;
      if (!isLast) answeredAfter = Math.max(answeredAfter, takes);
      else requests.call(() => { this.finish(order, victim); }, answeredAfter + takes);
      if (!isLast && isDeleted) requests.call(() => { this.preempt(order.preemptor, victim); }, takes);
    }
    if (last < 0) this.stopRunning(order);
  }

  private finish(order: Order, victim: readonly [row: number, incarnation: number]): void {
    this.stopRunning(order);
    // No deletion follows that could wake the preemptor.
    if (this.preempt(order.preemptor, victim) && this.activates && this.isCurrent(order))
      this.scheduler.queue.activate([order.preemptor]);
  }

  private stopRunning(order: Order): void {
    if (this.running.get(order.preemptor) === order) this.running.delete(order.preemptor);
  }

  private isCurrent({ preemptor, incarnation }: Order): boolean {
    return this.cluster.pods.incarnation[preemptor] === incarnation;
  }

  /** true: the victim had no binding yet, so that there is nothing to delete. */
  private preempt(preemptor: number, [victim, incarnation]: readonly [number, number]): boolean {
    if (!this.isToGo([victim, incarnation])) return false;
    if (this.scheduler.preemptWaiting(victim)) return true;
    // Gone or asked to go already, which the scheduler has not seen yet: the deletion changes nothing.
    const { pods } = this.cluster;
    if (!pods.isLive(victim) || pods.isTerminating(victim)) return false;
    this.cluster.terminatePod(victim, EvictionCause.Preemption);
    for (const listener of this.scheduler.listeners) listener.preempted?.(preemptor, victim);
    return false;
  }

  /** As the scheduler has seen it. */
  private isToGo([victim, incarnation]: readonly [number, number]): boolean {
    const { pods } = this.scheduler.cache;
    const isKnown = pods.incarnation[victim] === incarnation && pods.belief[victim] !== PodBelief.Unknown;
    return isKnown && !pods.isTerminating(victim);
  }

  /**
   * The patch of status.nominatedNodeName. `freed`: the pod as it was, where others may want the node that it gives up;
   * `answered` is called when a patch that takes time has been answered.
   */
  patchNomination(
    pod: number, nodeName: string, freed: PodEventView | null, answered: () => void = () => undefined,
  ): void {
    const { cluster, requests, scheduler } = this;
    const { pods } = cluster;
    const write = (): void => {
      cluster.nominatePod(pod, nodeName);
      if (freed !== null) scheduler.announceFreedNomination(freed);
    };
    if (requests === null) return write();
    const incarnation = pods.incarnation[pod];
    requests.call(() => {
      // Gone meanwhile: not found, and nothing to be done. On a node it is nominated to none.
      if (pods.incarnation[pod] === incarnation && pods.phase[pod] === PodPhase.Pending) write();
      answered();
    });
  }

  /** Pods nominated to the node with less priority than the preemptor are to look elsewhere. */
  private clearLowerNominations(order: Order): void {
    const { cluster, scheduler } = this;
    const { preemptor, nodeName } = order;
    if (!this.isCurrent(order)) return;
    const { priority } = cluster.templateOf(preemptor);
    for (const pod of scheduler.queue.nominator.podsOf(nodeName)) {
      if (pod === preemptor || cluster.templateOf(pod).priority >= priority) continue;
      const before = scheduler.podView(pod);
      scheduler.queue.nominator.remove(pod);
      this.patchNomination(pod, '', before);
    }
  }
}
