/**
 * From the choice to the binding: Reserve, Permit and waiting, PreBind, Bind, PostBind (schedule_one.go bindingCycle).
 * Plugins that care only for claims are not called for pods without any; such pods keep no cycle state. DefaultBinder's
 * Binding is a call to the API server, which may fail where somebody says so (plugins/defaultbinder/default_binder.go).
 */
import { durationText } from '../base/duration.ts';
import type { Micros } from '../base/time.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { NodeInfo } from './cache/node-info.ts';
import type { DelayedCalls, EventKind, Kernel, TimerId } from '../kernel/kernel.ts';
import { PodBelief } from './cache/cached-pods.ts';
import type { SchedulerCache } from './cache/scheduler-cache.ts';
import type { CycleState } from './framework/cycle-state.ts';
import { PodInfo } from './framework/pod-info.ts';
import type { Plugin } from './framework/plugin-api.ts';
import type { Profile } from './framework/profile.ts';
import { Code, errorStatus, isRejected, statusMessage, unschedulable } from './framework/status.ts';
import type { Status } from './framework/status.ts';
import type { SchedulingQueue } from './queue/scheduling-queue.ts';

/** What bindings need of the scheduler. */
export interface BindingHost {
  readonly cache: SchedulerCache;
  readonly queue: SchedulingQueue;
  readonly profiles: ReadonlyMap<string, Profile>;
  /** `waited`: Permit said no after a wait, which counts as a rejection by its plugin. */
  bindingFailed(pod: number, status: Status, waited: boolean): void;
  /** The pod is chosen for a node, and something else than time keeps it from being bound. */
  hold(pod: number, why: string): void;
}

/** A pod between its choice and its binding that some plugin has something to do for. */
interface Pending {
  readonly profile: Profile;
  readonly state: CycleState;
  /** Permit plugins still to be waited for, and for how long. */
  readonly waitingFor: Map<string, Wait>;
}

interface Wait {
  readonly timeoutMicros: Micros;
  readonly endsAt: Micros;
  readonly timer: TimerId;
}

/** What the API server answers to a call that it does not carry out. */
export interface ApiFailure {
  /** Of metav1.Status, or that nobody answered. */
  readonly reason: 'InternalError' | 'ServiceUnavailable' | 'ConnectionRefused' | 'Conflict' | 'NotFound' | 'Forbidden';
  readonly message: string;
}

export interface BindingCalls {
  /** Called for each Binding; null: it is written. */
  answer(pod: number): ApiFailure | null;
  /** false: another try follows at once. */
  readonly pauses: boolean;
}

export interface BindingOptions {
  readonly bindMicros: Micros;
  readonly phase: number;
  /** Absent: Bindings do not fail. */
  readonly calls?: BindingCalls | undefined;
  /** What the API server says to a Binding of a pod as it stands now; null: it takes it. Absent: it takes all. */
  readonly refusalOf?: BindingRefusals | undefined;
  /** null or absent: a Binding takes no time on its way to the API server. */
  readonly requests?: DelayedCalls | null | undefined;
}

export type BindingRefusals = (pod: number) => ApiFailure | null;

/** Failures that may pass (util.RetriableError). */
const PASSING: readonly ApiFailure['reason'][] = ['InternalError', 'ServiceUnavailable', 'ConnectionRefused'];
/**
 * client-go's retry.DefaultBackoff: four tries in all, the first pause, what it grows by, and the most that chance
 * adds.
 */
const MOST_CALLS = 4;
const FIRST_PAUSE_MICROS = 10_000;
const PAUSE_FACTOR = 5;
const PAUSE_JITTER = 0.1;

/** Permit never waits longer than this (framework maxTimeout). */
const MAX_PERMIT_MICROS = 15 * 60 * 1_000_000;

export class Bindings {
  private readonly kernel: Kernel;
  private readonly cluster: Cluster;
  private readonly scheduler: BindingHost;
  private readonly bindMicros: Micros;
  private readonly bindEvent: EventKind;
  private readonly permitEvent: EventKind;
  private readonly callEvent: EventKind;
  private readonly calls: BindingCalls | undefined;
  private readonly refusalOf: BindingRefusals | undefined;
  private readonly requests: DelayedCalls | null;
  private readonly mostCalls: number;
  /** Calls made for pods whose Binding has failed and is tried again, by row. */
  private readonly callsMade = new Map<number, number>();
  private readonly view: PodInfo;
  private readonly pending = new Map<number, Pending>();
  /** The profile that was asked about last, and the answer. */
  private askedProfile: Profile | null = null;
  private bindsEvery = false;
  /** Permit verdicts of the cycle under way. */
  private readonly permitWaits = new Map<string, Micros>();

  constructor(kernel: Kernel, cluster: Cluster, scheduler: BindingHost, options: BindingOptions) {
    this.kernel = kernel;
    this.cluster = cluster;
    this.scheduler = scheduler;
    this.bindMicros = options.bindMicros;
    this.calls = options.calls;
    this.refusalOf = options.refusalOf;
    this.requests = options.requests ?? null;
    this.mostCalls = cluster.features.bindingRetried ? MOST_CALLS : 1;
    this.view = new PodInfo(scheduler.cache, -1);
    this.bindEvent = kernel.defineEvent('scheduler.bind', options.phase, (pod, incarnation) =>
      this.bind(pod, incarnation),
    );
    this.permitEvent = kernel.defineEvent('scheduler.permitTimeout', options.phase, (pod, incarnation) =>
      this.permitTimedOut(pod, incarnation),
    );
    this.callEvent = kernel.defineEvent('scheduler.bindAgain', options.phase, (pod, incarnation) =>
      this.callAgain(pod, incarnation),
    );
  }

  /** After the pod was assumed. A status: it was refused, Unreserve has run, the pod is still assumed. */
  reserveAndPermit(profile: Profile, state: CycleState, pod: PodInfo, node: NodeInfo): Status | null {
    if (this.permitWaits.size > 0) this.permitWaits.clear();
    const claims = hasClaims(pod);
    if (!claims && profile.permit.length === 0 && !this.bindsEveryPod(profile)) return null;
    for (const plugin of profile.reserve) {
      if (!concerns(plugin, claims)) continue;
      const status = plugin.reserve?.(state, pod, node.name) ?? null;
      if (status === null) continue;
      this.unreserve(profile, state, pod, node.name);
      return isRejected(status)
        ? status
        : errorStatus(plugin.name, `running Reserve plugin "${plugin.name}": ${status.reasons.join(', ')}`);
    }
    for (const plugin of profile.permit) {
      const { status, timeoutMicros } = plugin.permit(state, pod, node.name);
      if (status === null) continue;
      if (status.code === Code.Wait) {
        this.permitWaits.set(plugin.name, Math.min(timeoutMicros, MAX_PERMIT_MICROS));
        continue;
      }
      this.unreserve(profile, state, pod, node.name);
      return isRejected(status)
        ? status
        : errorStatus(plugin.name, `running Permit plugin "${plugin.name}": ${statusMessage(status)}`);
    }
    return null;
  }

  /** Whether the pod's cycle state is needed after its cycle: some plugin reserves, waits or binds for it. */
  keepsState(pod: number, profile: Profile): boolean {
    if (this.permitWaits.size > 0) return true;
    this.view.row = pod;
    return hasClaims(this.view) || this.bindsEveryPod(profile);
  }

  /** Whether some plugin of the profile has something to do for pods without claims, too. */
  private bindsEveryPod(profile: Profile): boolean {
    if (profile === this.askedProfile) return this.bindsEvery;
    this.askedProfile = profile;
    return (this.bindsEvery =
      profile.postBind.length > 0 ||
      profile.bind.some((plugin) => plugin.name !== 'DefaultBinder') ||
      [...profile.reserve, ...profile.preBind].some((plugin) => concerns(plugin, false)));
  }

  /** The cycle has ended well: wait on Permit or go on to the binding. */
  start(pod: number, profile: Profile, state: CycleState): void {
    const incarnation = this.cluster.pods.incarnation[pod] | 0;
    if (!this.keepsState(pod, profile)) {
      this.scheduler.queue.done(pod);
      this.kernel.after(this.bindMicros, this.bindEvent, pod, incarnation);
      return;
    }
    const waitingFor = new Map<string, Wait>();
    for (const [plugin, timeoutMicros] of this.permitWaits) {
      const endsAt = this.kernel.now + timeoutMicros;
      waitingFor.set(plugin, {
        timeoutMicros,
        endsAt,
        timer: this.kernel.timerAt(endsAt, this.permitEvent, pod, incarnation),
      });
    }
    this.pending.set(pod, { profile, state, waitingFor });
    this.permitWaits.clear();
    if (waitingFor.size > 0) {
      this.scheduler.hold(pod, `waiting on Permit of [${[...waitingFor.keys()].join(' ')}]`);
      return;
    }
    this.scheduler.queue.done(pod);
    this.kernel.after(this.bindMicros, this.bindEvent, pod, incarnation);
  }

  allow(pod: number, plugin: string): void {
    const entry = this.pending.get(pod);
    const wait = entry?.waitingFor.get(plugin);
    if (entry === undefined || wait === undefined) return;
    this.kernel.cancel(wait.timer);
    entry.waitingFor.delete(plugin);
    if (entry.waitingFor.size > 0) return;
    this.scheduler.queue.done(pod);
    this.kernel.after(this.bindMicros, this.bindEvent, pod, this.cluster.pods.incarnation[pod] | 0);
  }

  /** false when the pod is not waiting. */
  reject(pod: number, plugin: string, message: string): boolean {
    const entry = this.pending.get(pod);
    if (entry === undefined || entry.waitingFor.size === 0) return false;
    this.abandon(pod, entry, unschedulable(plugin, message));
    return true;
  }

  /**
   * A preemptor wants the node: an error to the waiting pod, so that it is tried again. false when it is not waiting.
   */
  preempt(pod: number): boolean {
    const entry = this.pending.get(pod);
    if (entry === undefined || entry.waitingFor.size === 0) return false;
    this.abandon(pod, entry, errorStatus('', 'preempted'));
    return true;
  }

  /** The pod is gone. */
  drop(pod: number): void {
    if (this.callsMade.size > 0) this.callsMade.delete(pod);
    const entry = this.pendingOf(pod);
    if (entry === undefined) return;
    this.pending.delete(pod);
    this.stopWaiting(entry);
    this.scheduler.queue.done(pod);
    this.view.row = pod;
    this.unreserve(entry.profile, entry.state, this.view, '');
  }

  /** Of most pods nothing is kept. */
  private pendingOf(pod: number): Pending | undefined {
    return this.pending.size === 0 ? undefined : this.pending.get(pod);
  }

  private bind(pod: number, incarnation: number): void {
    if (!this.isCurrent(pod, incarnation)) return;
    const entry = this.pendingOf(pod);
    this.view.row = pod;
    if (entry !== undefined) {
      const nodeName = this.nodeNameOf(pod);
      for (const plugin of entry.profile.preBind) {
        if (!concerns(plugin, hasClaims(this.view))) continue;
        const verdict = plugin.preBind(entry.state, this.view, nodeName);
        if (verdict === null) continue;
        if ('afterMicros' in verdict) {
          this.scheduler.hold(pod, `waiting on PreBind of ${plugin.name}`);
          this.kernel.after(verdict.afterMicros, this.bindEvent, pod, incarnation);
          return;
        }
        const error = `running PreBind plugin "${plugin.name}": ${statusMessage(verdict)}`;
        this.abandon(pod, entry, isRejected(verdict) ? verdict : errorStatus(plugin.name, error));
        return;
      }
    }
    const profile = entry?.profile ?? this.scheduler.profiles.get(this.view.template.schedulerName);
    const refusal = profile === undefined ? null : this.runBind(profile, entry);
    if (refusal !== BY_API && refusal !== null) this.refuse(pod, entry, refusal);
    else if (this.requests !== null) this.kernel.after(this.requests.draw(), this.callEvent, pod, incarnation);
    else if (refusal === BY_API) this.callBinding(pod, entry);
    else this.writeBinding(pod, entry);
  }

  /** The Binding reaches the API server, which knows of the pod what its scheduler may not have seen yet. */
  private writeBinding(pod: number, entry: Pending | undefined): void {
    const refusal = this.refusalOf === undefined ? null : this.refusalOf(pod);
    if (refusal === null) this.bound(pod, entry);
    else this.refuse(pod, entry, bindError(refusal.message));
  }

  private refuse(pod: number, entry: Pending | undefined, refusal: Status): void {
    if (entry !== undefined) this.abandon(pod, entry, refusal);
    else this.scheduler.bindingFailed(pod, refusal, false);
  }

  private bound(pod: number, entry: Pending | undefined): void {
    if (entry !== undefined) this.pending.delete(pod);
    const { cache } = this.scheduler;
    this.cluster.bindPod(pod, cache.pods.node[pod], cache.devicesOf(pod));
    if (entry === undefined) return;
    const nodeName = this.nodeNameOf(pod);
    for (const plugin of entry.profile.postBind) plugin.postBind(entry.state, this.view, nodeName);
  }

  /** DefaultBinder's call; one that failed for now is made again after a pause. */
  private callBinding(pod: number, entry: Pending | undefined): void {
    const { calls, callsMade } = this;
    const failure = calls === undefined ? null : calls.answer(pod);
    if (calls === undefined || failure === null) {
      if (callsMade.size > 0) callsMade.delete(pod);
      this.writeBinding(pod, entry);
      return;
    }
    const made = (callsMade.get(pod) ?? 0) + 1;
    if (made < this.mostCalls && PASSING.includes(failure.reason)) {
      callsMade.set(pod, made);
      this.kernel.after(
        (calls.pauses ? this.pauseAfter(made) : 0) + (this.requests?.draw() ?? 0),
        this.callEvent,
        pod,
        this.cluster.pods.incarnation[pod] | 0,
      );
      return;
    }
    callsMade.delete(pod);
    this.refuse(pod, entry, bindError(failure.message));
  }

  private callAgain(pod: number, incarnation: number): void {
    if (!this.isCurrent(pod, incarnation)) return;
    this.view.row = pod;
    this.callBinding(pod, this.pending.get(pod));
  }

  private pauseAfter(callsMade: number): Micros {
    let micros = FIRST_PAUSE_MICROS;
    for (let i = 1; i < callsMade; i++) micros *= PAUSE_FACTOR;
    return Math.floor(micros * (1 + PAUSE_JITTER * this.kernel.random.stream('binding-retry').next()));
  }

  /**
   * Bind plugins until one does not skip; when all do, nobody has bound the pod. null: one of them has; BY_API: the
   * API server is to.
   */
  private runBind(profile: Profile, entry: Pending | undefined): Status | typeof BY_API | null {
    for (const plugin of profile.bind) {
      if (plugin.name === 'DefaultBinder') return BY_API;
      if (entry === undefined) continue;
      const status = plugin.bind(entry.state, this.view, this.nodeNameOf(this.view.row));
      if (status === null) return null;
      if (status.code === Code.Skip) continue;
      return isRejected(status)
        ? status
        : errorStatus(plugin.name, `running Bind plugin "${plugin.name}": ${statusMessage(status)}`);
    }
    return errorStatus('', '');
  }

  private permitTimedOut(pod: number, incarnation: number): void {
    const entry = this.pending.get(pod);
    if (!this.isCurrent(pod, incarnation) || entry === undefined || entry.waitingFor.size === 0) return;
    const [plugin, { timeoutMicros }] =
      [...entry.waitingFor].find(([, wait]) => wait.endsAt <= this.kernel.now) ?? [...entry.waitingFor][0];
    this.abandon(
      pod,
      entry,
      unschedulable(plugin, `rejected due to timeout after waiting ${durationText(timeoutMicros)} at plugin ${plugin}`),
    );
  }

  private abandon(pod: number, entry: Pending, status: Status): void {
    this.view.row = pod;
    this.unreserve(entry.profile, entry.state, this.view, this.nodeNameOf(pod));
    this.pending.delete(pod);
    this.stopWaiting(entry);
    this.scheduler.bindingFailed(pod, status, entry.waitingFor.size > 0);
  }

  private stopWaiting(entry: Pending): void {
    for (const { timer } of entry.waitingFor.values()) this.kernel.cancel(timer);
  }

  private unreserve(profile: Profile, state: CycleState, pod: PodInfo, nodeName: string): void {
    const claims = hasClaims(pod);
    for (let i = profile.reserve.length - 1; i >= 0; i--) {
      if (concerns(profile.reserve[i], claims)) profile.reserve[i].unreserve?.(state, pod, nodeName);
    }
  }

  private nodeNameOf(pod: number): string {
    const { cache } = this.scheduler;
    return cache.nodeInfo(cache.pods.node[pod]).name;
  }

  private isCurrent(pod: number, incarnation: number): boolean {
    return (
      (this.cluster.pods.incarnation[pod] | 0) === incarnation &&
      this.scheduler.cache.pods.belief[pod] === PodBelief.Assumed
    );
  }
}

const BY_API = 'byApi';

function bindError(message: string): Status {
  return errorStatus('DefaultBinder', `running Bind plugin "DefaultBinder": ${message}`);
}

function concerns(plugin: Plugin, claims: boolean): boolean {
  return claims || plugin.claimsOnly !== true;
}

function hasClaims(pod: PodInfo): boolean {
  const { spec } = pod.template;
  return (spec.volumes?.length ?? 0) > 0 || (spec.resourceClaims?.length ?? 0) > 0;
}
