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
import type { DelayedCalls, EventKind, Kernel } from '../kernel/kernel.ts';
import { Bindings } from './bindings.ts';
import { FailedAttempts, plainFailure } from './failed-attempts.ts';
import type { FailedAttempt } from './failed-attempts.ts';
import { ASSIGNED_POD_ADD, ASSIGNED_POD_DELETE, ASSIGNED_POD_UPDATE, NODE_ADD, NODE_DELETE, nodeUpdateEvents, objectEvent, podUpdateEvents } from './cluster-events.ts';
import { Algorithm } from './framework/algorithm.ts';
import type { ScheduleResult } from './framework/algorithm.ts';
import { nodeEventView, podEventView } from './framework/cluster-event.ts';
import type { PodEventView } from './framework/cluster-event.ts';
import { CycleState } from './framework/cycle-state.ts';
import { Diagnosis } from './framework/diagnosis.ts';
import type { CacheObserver } from './cache/cache-observer.ts';
import { PodBelief } from './cache/cached-pods.ts';
import { RepeatedFailures } from './fast/repeated-failures.ts';
import type { KnownFailure } from './fast/repeated-failures.ts';
import { Placements } from './cache/placements.ts';
import { SchedulerCache, onTime } from './cache/scheduler-cache.ts';
import { PodInfo } from './framework/pod-info.ts';
import type { Handle, PostFilterResult } from './framework/plugin-api.ts';
import { Profile } from './framework/profile.ts';
import type { ProfileSpec } from './framework/profile.ts';
import { LiveSnapshot } from './cache/snapshot.ts';
import { Code, isRejected, statusMessage } from './framework/status.ts';
import type { Status } from './framework/status.ts';
import { PreemptionExecutor } from './preemption/executor.ts';
import { QueueFlushes } from './queue/backoff.ts';
import { SchedulingQueue } from './queue/scheduling-queue.ts';
import type { SchedulerConfigurationView, SchedulerListener, SchedulerOptions } from './scheduler-options.ts';
import { RoomLooks } from './room-looks.ts';

type Outcome = { readonly ok: true; readonly state: CycleState; readonly profile: Profile } | { readonly ok: false; readonly failure: Failure };

interface Failure {
  readonly attempt: FailedAttempt;
  readonly diagnosis: Diagnosis | null;
  /** In place of a diagnosis: what an attempt before this one found, and this one would find again. */
  readonly known?: KnownFailure;
  /** null: leave the nomination as it is. */
  readonly nominate: string | null;
  readonly rejected: boolean;
}

type FitError = ScheduleResult & { readonly kind: 'fitError' };

/** Of a profile without PostFilter. */
const NOT_ASKED: PostFilterResult = { status: null, nominatedNodeName: '', again: () => undefined };

const NO_NODES = plainFailure('no nodes available to schedule pods');
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
  /** What failed attempts said, to be said again. */
  readonly repeats: RepeatedFailures;
  /** Cycles begun, and those that found no node. */
  decisions = 0;
  unschedulableDecisions = 0;

  private readonly kernel: Kernel;
  private readonly cluster: Cluster;
  private readonly options: SchedulerOptions;
  private readonly bindings: Bindings;
  private readonly preemption: PreemptionExecutor;
  private readonly attempts = new FailedAttempts();
  private readonly room: RoomLooks;
  private readonly view: PodInfo;
  private readonly cycleEvent: EventKind;
  private readonly cycleEndEvent: EventKind;
  private readonly flushes: QueueFlushes;
  /** On their way to the API server, but for Bindings; null: they take no time. */
  readonly requests: DelayedCalls | null;
  private running = false;
  /** The end of a cycle: what it patches the loop waits for. */
  private settling = false;
  private cycleScheduled = false;
  private outcome: Outcome | null = null;
  private spareState = new CycleState();
  /** The template of the pods that fail again at once, and whether a pod is one of them. */
  private repeating = -1;
  private readonly isRepeating = (pod: number): boolean =>
    this.cache.pods.template[pod] === this.repeating && this.isUndecided(pod) && this.repeats.canRepeat(pod);

  constructor(kernel: Kernel, cluster: Cluster, options: SchedulerOptions) {
    this.kernel = kernel;
    this.cluster = cluster;
    this.options = options;
    this.watch = options.watch ?? onTime(cluster);
    const cache = (this.cache = new SchedulerCache(cluster, this.watch));
    this.view = new PodInfo(cache, -1);
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
    this.repeats = new RepeatedFailures(cache, this.queue.nominator);
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
    this.cycleEvent = kernel.defineEvent('scheduler.cycle', phase, () => this.startCycle());
    this.cycleEndEvent = kernel.defineEvent('scheduler.cycleEnd', phase, (pod, incarnation) => this.endCycle(pod, incarnation));
    this.flushes = new QueueFlushes(kernel, this.queue, { phase, enabled: options.autoRun });
    this.queue.onWork = () => this.wake();
    this.queue.onBackoff = (at) => this.flushes.backoffEndsAt(at);
    this.queue.onGated = (gated, { reasons }) => this.hold(gated, reasons.join(', '));
    cache.observe(this);
    this.watch.observe(cache);
  }

  /** Failed cycles by plugin that rejected. */
  get rejectionsByPlugin(): ReadonlyMap<string, number> {
    return this.repeats.rejections;
  }

  // ---- the loop --------------------------------------------------------------------------------------------------

  /**
   * One whole cycle now, its consequences included as far as they take no time. Returns the pod popped, -1 for none.
   */
  scheduleOne(): number {
    const pod = this.decideNext();
    if (pod >= 0) this.settle(pod, this.cluster.pods.incarnation[pod] | 0);
    return pod;
  }

  private wake(): void {
    if (!this.options.autoRun || this.running || this.cycleScheduled) return;
    this.cycleScheduled = true;
    this.kernel.at(this.kernel.now, this.cycleEvent);
  }

  private startCycle(): void {
    this.cycleScheduled = false;
    if (this.running) return;
    const pod = this.decideNext();
    if (pod < 0) return;
    this.running = true;
    this.kernel.after(this.options.cycleMicros, this.cycleEndEvent, pod, this.cluster.pods.incarnation[pod] | 0);
  }

  private endCycle(pod: number, incarnation: number): void {
    this.running = false;
    this.settling = true;
    this.settle(pod, incarnation);
    this.settling = false;
    if (!this.running) this.goOn();
  }

  private goOn(): void {
    this.failAgain();
    if (this.queue.hasWork) this.wake();
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
    const { kernel, queue } = this;
    const { plain, cycleMicros } = this.options;
    if (plain || !this.flushes.isLeftoverDue || this.knownFailureOf(queue.peek()) === null) return;
    const quietBefore = kernel.quietBefore();
    for (;;) {
      const pod = queue.peek();
      const known = this.knownFailureOf(pod);
      if (known === null) return;
      const cyclesLeft = Math.floor(kernel.eventsLeft / 2);
      const most = Math.min(this.cyclesUntil(quietBefore), this.cyclesUntilLook(pod), cyclesLeft);
      if (most <= 0) return;
      this.repeating = this.cache.pods.template[pod];
      const count = queue.rejectNext(this.isRepeating, most, cycleMicros, known);
      assert(count > 0, 'the pod that comes next is like itself');
      this.decisions += count;
      this.countRepeats(known, count);
      this.tellRejected(count, known.attempt);
    }
  }

  /** Passes the cycles of the queue's `rejected`. */
  private tellRejected(count: number, attempt: FailedAttempt): void {
    const { kernel, listeners } = this;
    const { rejected } = this.queue;
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
    for (let i = 0; i < this.listeners.length; i++) {
      if (this.listeners[i].roomSeen === undefined) continue;
      return this.cyclesUntil(this.room.dueAt(this.cache.templateOf(pod)) + this.options.cycleMicros);
    }
    return Infinity;
  }

  /** What the pod's next attempt would say, if there is nothing else to it; null: it has to be made. */
  private knownFailureOf(pod: number): KnownFailure | null {
    const { cache, listeners } = this;
    if (pod < 0 || !this.isUndecided(pod)) return null;
    const known = this.repeats.of(pod);
    if (known === null) return null;
    for (let i = 0; i < listeners.length; i++) {
      if (listeners[i].cycleFailed !== undefined || listeners[i].deciding !== undefined) return null;
      if (listeners[i].roomSeen !== undefined && this.room.isDue(cache.templateOf(pod))) return null;
    }
    return known;
  }

  private isUndecided(pod: number): boolean {
    const { pods } = this.cache;
    return !pods.isTerminating(pod) && pods.belief[pod] === PodBelief.Waiting;
  }

  private countRepeats(known: KnownFailure, times: number): void {
    this.unschedulableDecisions += times;
    this.algorithm.nodesFiltered += known.nodesFiltered * times;
    this.repeats.note(known, times);
    for (let i = 0; i < times; i++) known.askPostFilter();
  }

  /** Pops until a pod has been decided on; its outcome is kept for the end of the cycle. */
  private decideNext(): number {
    for (let pod = this.queue.pop(); pod >= 0; pod = this.queue.pop()) {
      const profile = this.profiles.get(this.cache.templateOf(pod).schedulerName);
      if (profile === undefined || !this.isUndecided(pod)) {
        this.queue.done(pod);
        continue;
      }
      this.decisions++;
      const { listeners } = this;
      for (let i = 0; i < listeners.length; i++) {
        listeners[i].deciding?.(pod);
        listeners[i].cycleBegins?.(pod);
      }
      const known = this.knownFailureOf(pod);
      if (known === null) this.outcome = this.decide(profile, pod);
      else {
        this.countRepeats(known, 1);
        const failure = { attempt: known.attempt, diagnosis: null, known, nominate: '', rejected: true };
        this.outcome = { ok: false, failure };
      }
      return pod;
    }
    return -1;
  }

  private decide(profile: Profile, pod: number): Outcome {
    this.view.row = pod;
    const state = this.spareState;
    state.reset();
    const result = this.algorithm.schedule(profile, state, this.view);
    if (result.kind !== 'scheduled') return { ok: false, failure: this.failureOf(profile, state, result) };
    this.cache.assumePod(pod, result.node.row);
    this.queue.nominator.remove(pod);
    const failure = this.bindings.reserveAndPermit(profile, state, this.view, result.node);
    if (failure !== null) {
      this.cache.forgetPod(pod);
      return { ok: false, failure: this.afterChoice(failure) };
    }
    if (this.bindings.keepsState(pod)) this.spareState = new CycleState();
    return { ok: true, state, profile };
  }

  private failureOf(profile: Profile, state: CycleState, result: ScheduleResult): Failure {
    this.unschedulableDecisions++;
    switch (result.kind) {
      case 'noNodes':
        return { attempt: NO_NODES, diagnosis: null, nominate: '', rejected: true };
      case 'error':
        return { attempt: plainFailure(statusMessage(result.status)), diagnosis: null, nominate: '', rejected: false };
      case 'fitError':
        return this.fitFailure(profile, state, result);
      case 'scheduled':
        assert(false, 'a scheduled pod has not failed');
    }
    return assert(false, 'no such result') as never;
  }

  private fitFailure(profile: Profile, state: CycleState, { diagnosis, repeats }: FitError): Failure {
    this.repeats.countRejections(diagnosis.unschedulablePlugins, 1);
    const answer = profile.postFilter.length === 0 ? NOT_ASKED : profile.runPostFilter(state, this.view, diagnosis);
    const { status, nominatedNodeName, message, again } = answer;
    const said = status ?? (message === undefined ? null : { code: Code.Success, reasons: [message], plugin: '' });
    const failure = this.rejection(diagnosis, said, nominatedNodeName);
    if (repeats && again !== undefined && !this.options.plain)
      this.repeats.keep(this.view.row, failure.attempt, diagnosis, this.queue.hints, again);
    return failure;
  }

  /** `postFilter`: what PostFilter has to say; null: nothing. */
  private rejection(diagnosis: Diagnosis, postFilter: Status | null, nominate: string | null): Failure {
    const { template } = this.view;
    for (const listener of this.listeners) {
      if (listener.roomSeen === undefined || !this.room.isDue(template)) continue;
      listener.roomSeen(template, this.room.look(template, diagnosis));
    }
    return { attempt: this.attempts.fitError(template.id, diagnosis, postFilter), diagnosis, nominate, rejected: true };
  }

  /** Reserve or Permit said no: a FitError over the one node that had been chosen, or an error. */
  private afterChoice(status: Status): Failure {
    this.unschedulableDecisions++;
    if (!isRejected(status)) {
      return { attempt: plainFailure(statusMessage(status)), diagnosis: null, nominate: '', rejected: false };
    }
    const diagnosis = new Diagnosis(1);
    diagnosis.set('', status);
    const attempt = this.attempts.fitError(this.view.template.id, diagnosis, null);
    return { attempt, diagnosis, nominate: '', rejected: true };
  }

  /** The end of a cycle: binding, or back to the queue. */
  private settle(pod: number, incarnation: number): void {
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
  fail(pod: number, failure: Failure): void {
    const { diagnosis, known } = failure;
    if (this.cache.pods.isTerminating(pod)) {
      this.queue.done(pod);
      return;
    }
    if (known === undefined)
      this.queue.addUnschedulable(pod, diagnosis?.unschedulablePlugins ?? [], diagnosis?.pendingPlugins ?? []);
    else this.queue.reject(pod, known.rejectors, known.pendings);
    this.flushes.scheduleLeftovers();
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
    // At the end of a cycle the loop waits for the answer (schedule_one.go handleSchedulingFailure, updatePod).
    const waits = this.requests !== null && this.settling && !this.running;
    if (waits) this.running = true;
    this.preemption.patchNomination(pod, nodeName, freed, waits ? this.goOnAgain : undefined);
  }

  /** A nomination went away: pods of no higher priority may try (eventhandlers.go). */
  announceFreedNomination(before: PodEventView): void {
    const { priority } = before.template;
    this.queue.moveOnEvent(ASSIGNED_POD_DELETE, { pod: before, podBefore: before }, (other) => this.cache.templateOf(other).priority <= priority);
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
    const diagnosis = waited && rejected ? new Diagnosis(1) : null;
    diagnosis?.set('', status);
    const attempt =
      diagnosis === null
        ? plainFailure(statusMessage(status))
        : this.attempts.fitError(forgotten.template.id, diagnosis, null);
    this.fail(pod, { attempt, diagnosis, nominate: '', rejected });
    if (rejected) this.queue.moveOnEvent(ASSIGNED_POD_DELETE, subject, (other) => other !== pod);
  }

  // ---- what happens in the cluster -------------------------------------------------------------------------------

  podCreated(pod: number): void {
    if (this.isResponsibleFor(pod)) {
      this.queue.add(pod);
      this.flushes.scheduleLeftovers();
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
      this.flushes.scheduleLeftovers();
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
    if (this.queue.listens) this.queue.moveOnEvent(NODE_ADD, { node: nodeEventView(this.cache.nodeInfo(node)) });
  }

  nodeUpdated(node: number, changes: number, before: NodeBefore): void {
    if (!this.queue.listens) return;
    const nodeBefore = { facts: before.facts, allocatable: before.allocatable, base: 0, allowedPods: before.allowedPods };
    for (const event of nodeUpdateEvents(changes)) this.queue.moveOnEvent(event, { node: nodeEventView(this.cache.nodeInfo(node)), nodeBefore });
  }

  nodeRemoving(node: number): void {
    if (this.queue.listens) this.queue.moveOnEvent(NODE_DELETE, { nodeBefore: nodeEventView(this.cache.nodeInfo(node)) });
  }

  objectChanged(
    kind: string, action: ObjectAction, object: KubernetesObject, before: KubernetesObject | undefined,
  ): void {
    const happened = this.queue.listens ? objectEvent(kind, action) : undefined;
    if (happened === undefined) return;
    const subject = action === 'delete' ? { objectBefore: object } : before === undefined ? { object } : { object, objectBefore: before };
    this.queue.moveOnEvent(happened, subject);
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
      asksNodeOnly: (template) => !this.options.plain && profile().asksNodeOnly(template),
      runPreFilterAddPod: (state, pod, podToAdd, node) => profile().runPreFilterAddPod(state, pod, podToAdd, node),
      runPreFilterRemovePod: (state, pod, podToRemove, node) => profile().runPreFilterRemovePod(state, pod, podToRemove, node),
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

export type { Failure as CycleFailure, SchedulerConfigurationView, SchedulerListener, SchedulerOptions };
