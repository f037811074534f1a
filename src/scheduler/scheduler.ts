/**
 * The scheduler: one cycle at a time, bindings beside it (pkg/scheduler/{scheduler,schedule_one}.go, v1.36, v1.37).
 * A cycle decides on the state at its start and holds the chosen node from then on; what follows from the decision
 * (binding, or the failure's consequences) comes when the cycle's simulated time has passed. Bindings take their own
 * time.
 */
import { assert } from '../base/assert.ts';
import { MICROS_PER_SECOND } from '../base/time.ts';
import type { Micros } from '../base/time.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { NodeInfo } from './cache/node-info.ts';
import type { NodeBefore, ObjectAction, Watch } from '../cluster/observer.ts';
import type { KubernetesObject } from '../cluster/objects.ts';
import type { PodTemplate } from '../cluster/pod-template.ts';
import type { DelayedCalls, Kernel } from '../kernel/kernel.ts';
import { Bindings } from './bindings.ts';
import {
  ASSIGNED_POD_ADD,
  ASSIGNED_POD_DELETE,
  ASSIGNED_POD_UPDATE,
  NODE_ADD,
  NODE_DELETE,
  nodeUpdateEvents,
  objectEvent,
  podUpdateEvents,
} from './cluster-events.ts';
import { Algorithm } from './framework/algorithm.ts';
import { nodeEventView, podEventView } from './framework/cluster-event.ts';
import type { NodeEventView, PodEventView } from './framework/cluster-event.ts';
import type { CacheObserver } from './cache/cache-observer.ts';
import { PodBelief } from './cache/cached-pods.ts';
import { Placements } from './cache/placements.ts';
import { SchedulerCache, onTime } from './cache/scheduler-cache.ts';
import type { Handle } from './framework/plugin-api.ts';
import { Profile } from './framework/profile.ts';
import type { ProfileSpec } from './framework/profile.ts';
import { LiveSnapshot } from './cache/snapshot.ts';
import { isRejected } from './framework/status.ts';
import type { Status } from './framework/status.ts';
import { PreemptionExecutor } from './preemption/executor.ts';
import { SchedulingQueue } from './queue/scheduling-queue.ts';
import type { SchedulerConfigurationView, SchedulerListener, SchedulerOptions } from './scheduler-options.ts';
import { SchedulingCycle } from './scheduling-cycle.ts';
import type { CycleFailure, CycleOutcome } from './scheduling-cycle.ts';
import { SchedulingLoop } from './scheduling-loop.ts';
import { RoomLooks } from './room-looks.ts';

const MAX_UNSCHEDULABLE_MICROS = 300 * MICROS_PER_SECOND;

export class Scheduler implements CacheObserver {
  /** What the scheduler believes of the cluster. */
  readonly cache: SchedulerCache;
  readonly watch: Watch;
  readonly queue: SchedulingQueue;
  readonly profiles: ReadonlyMap<string, Profile>;
  readonly snapshot: LiveSnapshot;
  private readonly placements: Placements;
  readonly algorithm: Algorithm;
  readonly listeners: SchedulerListener[] = [];
  readonly room: RoomLooks;
  readonly cycle: SchedulingCycle;
  private readonly kernel: Kernel;
  private readonly cluster: Cluster;
  private readonly options: SchedulerOptions;
  private readonly bindings: Bindings;
  private readonly preemption: PreemptionExecutor;
  /** On their way to the API server, but for Bindings; null: they take no time. */
  readonly requests: DelayedCalls | null;
  private readonly loop: SchedulingLoop;
  private outcome: CycleOutcome | null = null;

  constructor(kernel: Kernel, cluster: Cluster, options: SchedulerOptions) {
    this.kernel = kernel;
    this.cluster = cluster;
    this.options = options;
    this.watch = options.watch ?? onTime(cluster);
    const cache = (this.cache = new SchedulerCache(cluster, this.watch));
    this.snapshot = new LiveSnapshot(cache);
    this.placements = new Placements(cache);
    const { configuration, phase } = options;
    assert(configuration.kubernetes === cluster.kubernetes, 'a scheduler is configured for the version of its cluster');
    this.requests = options.requests ?? null;
    this.preemption = new PreemptionExecutor(kernel, cluster, this, phase, this.requests);
    this.profiles = new Map(configuration.profiles.map((spec) => [spec.schedulerName, this.makeProfile(spec)]));
    this.queue = new SchedulingQueue(cache, this.profiles, {
      podInitialBackoffMicros: configuration.podInitialBackoffSeconds * MICROS_PER_SECOND,
      podMaxBackoffMicros: configuration.podMaxBackoffSeconds * MICROS_PER_SECOND,
      maxUnschedulableMicros: MAX_UNSCHEDULABLE_MICROS,
    });
    this.algorithm = new Algorithm(cache, this.snapshot, {
      percentageOfNodesToScore: configuration.percentageOfNodesToScore,
      sampling: options.sampling,
      tieBreak: options.tieBreak,
      tieStream: kernel.random.stream('tie-break', options.process),
      plain: options.plain,
      cacheBytes: options.cacheBytes,
    });
    this.room = new RoomLooks(cache, this.snapshot);
    this.bindings = new Bindings(kernel, cluster, this, {
      bindMicros: options.bindMicros,
      phase,
      calls: options.bindingCalls,
      refusalOf: options.bindingRefusals,
      requests: this.requests,
    });
    const { algorithm, bindings, room, listeners, queue } = this;
    this.cycle = new SchedulingCycle({ cache, queue, algorithm, bindings, room, listeners, plain: options.plain });
    this.loop = new SchedulingLoop(kernel, this, options);
    queue.onGated = (gated, { reasons }) => this.hold(gated, reasons.join(', '));
    cache.observe(this);
    this.watch.observe(cache);
  }

  /** Failed cycles by plugin that rejected. */
  get rejectionsByPlugin(): ReadonlyMap<string, number> {
    return this.cycle.repeats.rejections;
  }

  /** Cycles begun. */
  get decisions(): number {
    return this.cycle.decisions;
  }

  /** Cycles that found no node. */
  get unschedulableDecisions(): number {
    return this.cycle.unschedulableDecisions;
  }

  // ---- cycles ----------------------------------------------------------------------------------------------------

  /**
   * One whole cycle now, its consequences included as far as they take no time. Returns the pod popped, -1 for none.
   */
  scheduleOne(): number {
    const pod = this.decideNext();
    if (pod >= 0) this.settle(pod, this.cluster.pods.incarnation[pod] | 0);
    return pod;
  }

  /** Pops until a pod has been decided on; its outcome is kept for the end of the cycle. */
  decideNext(): number {
    for (let pod = this.queue.pop(); pod >= 0; pod = this.queue.pop()) {
      const profile = this.profiles.get(this.cache.templateOf(pod).schedulerName);
      if (profile !== undefined && this.cycle.isUndecided(pod)) {
        this.outcome = this.cycle.decide(profile, pod);
        return pod;
      }
      this.queue.done(pod);
    }
    return -1;
  }

  /** The end of a cycle: binding, or back to the queue. */
  settle(pod: number, incarnation: number): void {
    const outcome = this.outcome;
    this.outcome = null;
    if (outcome === null) return;
    if ((this.cluster.pods.incarnation[pod] | 0) !== incarnation || this.cache.pods.belief[pod] === PodBelief.Unknown) {
      this.queue.done(pod);
      return;
    }
    if (!outcome.ok) {
      this.fail(pod, outcome.failure);
      return;
    }
    if (this.cache.pods.belief[pod] !== PodBelief.Assumed) {
      this.queue.done(pod);
      return;
    }
    for (const listener of this.listeners) listener.cycleSucceeded?.(pod, this.cache.pods.node[pod]);
    this.bindings.start(pod, outcome.profile, outcome.state);
  }

  /** The failure handler (schedule_one.go handleSchedulingFailure). */
  fail(pod: number, failure: CycleFailure): void {
    const { diagnosis, known } = failure;
    if (this.cache.pods.isTerminating(pod)) {
      this.queue.done(pod);
      return;
    }
    if (known === undefined)
      this.queue.addUnschedulable(pod, diagnosis?.unschedulablePlugins ?? [], diagnosis?.pendingPlugins ?? []);
    else this.queue.reject(pod, known.rejectors, known.pendings);
    this.loop.flushes.scheduleLeftovers();
    this.nominate(pod, failure.nominate);
    for (const listener of this.listeners) {
      listener.attemptFailed?.(pod, failure.attempt);
      if (listener.cycleFailed !== undefined) listener.cycleFailed(pod, failure.attempt.message, diagnosis);
    }
  }

  private nominate(pod: number, nodeName: string | null): void {
    const { nominator } = this.queue;
    const known = this.cluster.nominatedNodeName(pod);
    if (nodeName === null) {
      if (known !== '') nominator.add(pod, known);
      return;
    }
    if (nodeName === '') nominator.remove(pod);
    else nominator.add(pod, nodeName);
    if (known === nodeName) return;
    const freed = known === '' ? null : this.podView(pod);
    const answered = this.requests === null ? undefined : this.loop.waitsForAnswer();
    this.preemption.patchNomination(pod, nodeName, freed, answered);
  }

  /** A nomination went away: pods of no higher priority may try (eventhandlers.go). */
  announceFreedNomination(before: PodEventView): void {
    const { priority } = before.template;
    const isNoHigher = (pod: number): boolean => this.cache.templateOf(pod).priority <= priority;
    this.queue.moveOnEvent(ASSIGNED_POD_DELETE, { pod: before, podBefore: before }, isNoHigher);
  }

  /**
   * Binding failed after the choice: the node is free again, the pod goes back (schedule_one.go
   * handleBindingCycleError).
   */
  bindingFailed(pod: number, status: Status, waited: boolean): void {
    const rejected = isRejected(status);
    const forgotten = this.podView(pod);
    this.cache.forgetPod(pod);
    const subject = { pod: forgotten, podBefore: forgotten };
    if (!rejected) this.queue.moveOnEvent(ASSIGNED_POD_DELETE, subject);
    this.fail(pod, this.cycle.failureToBind(forgotten.template.id, status, waited));
    if (rejected) this.queue.moveOnEvent(ASSIGNED_POD_DELETE, subject, (other) => other !== pod);
  }

  // ---- what happens in the cluster -------------------------------------------------------------------------------

  podCreated(pod: number): void {
    if (this.isResponsibleFor(pod)) {
      this.queue.add(pod);
      this.loop.flushes.scheduleLeftovers();
      return;
    }
    this.queue.ignore(pod);
    const { schedulerName } = this.cache.templateOf(pod);
    if (this.options.isServedElsewhere?.(schedulerName) === true) return;
    this.hold(pod, `no scheduler profile is called "${schedulerName}"`);
  }

  /** Something else than a failed attempt keeps the pod waiting. */
  hold(pod: number, why: string): void {
    for (const listener of this.listeners) listener.podHeld?.(pod, why);
  }

  /** Pods without a node that name another scheduler are nothing to this one (eventhandlers.go responsibleForPod). */
  private isResponsibleFor(pod: number): boolean {
    return this.profiles.has(this.cache.templateOf(pod).schedulerName);
  }

  podUpdated(pod: number, before: PodTemplate): void {
    this.queue.nominator.refresh(pod);
    // What has been assumed stays in the cache as it was.
    if (this.cache.pods.belief[pod] === PodBelief.Assumed) return;
    const view = this.podView(pod);
    const subject = { pod: view, podBefore: { ...view, template: before } };
    if (view.nodeName === '') {
      if (!this.isResponsibleFor(pod)) return;
      this.queue.update(pod, podUpdateEvents('UnschedulablePod', before, view.template), subject);
      this.loop.flushes.scheduleLeftovers();
      return;
    }
    if (!this.queue.listens) return;
    for (const event of podUpdateEvents('AssignedPod', before, view.template)) this.queue.moveOnEvent(event, subject);
  }

  podBound(pod: number): void {
    this.queue.remove(pod);
    if (this.queue.listens) this.queue.moveOnEvent(ASSIGNED_POD_ADD, { pod: this.podView(pod) });
  }

  podTerminating(pod: number): void {
    if (this.cache.pods.belief[pod] === PodBelief.Assigned && this.queue.listens) {
      this.queue.moveOnEvent(ASSIGNED_POD_UPDATE, { pod: this.podView(pod), podBefore: this.podView(pod) });
    }
    this.preemption.podTerminating(pod);
  }

  podRemoved(pod: number, node: number): void {
    const nominated = this.cluster.nominatedNodeName(pod);
    this.queue.remove(pod);
    this.bindings.drop(pod);
    this.preemption.podTerminating(pod);
    if (!this.queue.listens) return;
    const nodeName = node < 0 ? '' : this.cache.nodeInfo(node).name;
    const view = { ...this.podView(pod), nodeName };
    if (node >= 0) this.queue.moveOnEvent(ASSIGNED_POD_DELETE, { pod: view, podBefore: view });
    else if (nominated !== '' && this.isResponsibleFor(pod)) this.announceFreedNomination(view);
  }

  nodeAdded(node: number): void {
    if (this.queue.listens) this.queue.moveOnEvent(NODE_ADD, { node: this.nodeView(node) });
  }

  nodeUpdated(node: number, changes: number, before: NodeBefore): void {
    if (!this.queue.listens) return;
    const { facts, allocatable, allowedPods } = before;
    const subject = { node: this.nodeView(node), nodeBefore: { facts, allocatable, base: 0, allowedPods } };
    for (const event of nodeUpdateEvents(changes)) this.queue.moveOnEvent(event, subject);
  }

  nodeRemoving(node: number): void {
    if (this.queue.listens) this.queue.moveOnEvent(NODE_DELETE, { nodeBefore: this.nodeView(node) });
  }

  objectChanged(
    kind: string, action: ObjectAction, object: KubernetesObject, before: KubernetesObject | undefined,
  ): void {
    const happened = this.queue.listens ? objectEvent(kind, action) : undefined;
    if (happened === undefined) return;
    const changed = before === undefined ? { object } : { object, objectBefore: before };
    this.queue.moveOnEvent(happened, action === 'delete' ? { objectBefore: object } : changed);
  }

  private nodeView(node: number): NodeEventView {
    return nodeEventView(this.cache.nodeInfo(node));
  }

  podView(pod: number): PodEventView {
    return podEventView(this.cache, pod);
  }

  /** Of its random streams; '' for the first. */
  get process(): string {
    return this.options.process ?? '';
  }

  get cycleMicros(): Micros {
    return this.options.cycleMicros;
  }

  /** A pod that waits on Permit is sent back to the queue; false when it is not waiting. */
  preemptWaiting(pod: number): boolean {
    return this.bindings.preempt(pod);
  }

  // ---- set-up ----------------------------------------------------------------------------------------------------

  private makeProfile(spec: ProfileSpec): Profile {
    const { kernel, cache, snapshot } = this;
    const profile = (): Profile => {
      const made = this.profiles.get(spec.schedulerName);
      assert(made !== undefined, 'a plugin may call the framework only after it has been set up');
      return made;
    };
    const handle: Handle = {
      cluster: cache,
      snapshot,
      placements: this.placements,
      schedulerName: spec.schedulerName,
      preemption: this.preemption,
      filterWithNominatedPods: (state, pod, node: NodeInfo) => profile().runFilterWithNominatedPods(state, pod, node),
      decidingFilter: (template) => (this.options.plain ? null : profile().decidingFilter(template)),
      decidingRoom: (state, template) => (this.options.plain ? null : profile().decidingRoom(state, template)),
      asksNodeOnly: (template) => !this.options.plain && profile().asksNodeOnly(template),
      runPreFilterAddPod: (state, pod, podToAdd, node) => profile().runPreFilterAddPod(state, pod, podToAdd, node),
      runPreFilterRemovePod: (state, pod, podToRemove, node) =>
        profile().runPreFilterRemovePod(state, pod, podToRemove, node),
      nominatedPods: (nodeName) => this.queue.nominator.podsOf(nodeName),
      nominations: () => this.queue.nominator.byNode(),
      nominationCount: () => this.queue.nominator.size,
      nominationLog: () => this.queue.nominator,
      random: (purpose) => kernel.random.stream(`plugin:${purpose}`, this.options.process),
      bindVolumes: this.options.bindVolumes,
      now: () => kernel.now,
      activate: (pods) => this.queue.activate(pods),
      allowWaitingPod: (pod, plugin) => this.bindings.allow(pod, plugin),
      rejectWaitingPod: (pod, plugin, message) => this.bindings.reject(pod, plugin, message),
    };
    return new Profile(spec, this.options.registry, handle);
  }
}

export type { CycleFailure, SchedulerConfigurationView, SchedulerListener, SchedulerOptions };
