/**
 * One decision: the algorithm, Reserve and Permit, and where no node was found PostFilter (schedule_one.go
 * schedulingCycle, v1.36, v1.37). What follows from it is the scheduler's. An attempt that can only say what one before
 * it said is not made again.
 */
import { assert } from '../base/assert.ts';
import type { Bindings } from './bindings.ts';
import { PodBelief } from './cache/cached-pods.ts';
import type { SchedulerCache } from './cache/scheduler-cache.ts';
import { FailedAttempts, plainFailure } from './failed-attempts.ts';
import type { FailedAttempt } from './failed-attempts.ts';
import { RepeatedFailures } from './fast/repeated-failures.ts';
import type { KnownFailure } from './fast/repeated-failures.ts';
import type { Algorithm, ScheduleResult } from './framework/algorithm.ts';
import { CycleState } from './framework/cycle-state.ts';
import { Diagnosis } from './framework/diagnosis.ts';
import type { PostFilterResult } from './framework/plugin-api.ts';
import { PodInfo } from './framework/pod-info.ts';
import type { Profile } from './framework/profile.ts';
import { Code, isRejected, statusMessage } from './framework/status.ts';
import type { Status } from './framework/status.ts';
import type { SchedulingQueue } from './queue/scheduling-queue.ts';
import type { RoomLooks } from './room-looks.ts';
import type { SchedulerListener } from './scheduler-options.ts';

export type CycleOutcome =
  | { readonly ok: true; readonly state: CycleState; readonly profile: Profile }
  | { readonly ok: false; readonly failure: CycleFailure };

export interface CycleFailure {
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

/** What a decision needs of the scheduler. */
export interface CycleParts {
  readonly cache: SchedulerCache;
  readonly queue: SchedulingQueue;
  readonly algorithm: Algorithm;
  readonly bindings: Bindings;
  readonly room: RoomLooks;
  readonly listeners: readonly SchedulerListener[];
  /** true: each attempt is made. */
  readonly plain: boolean;
}

export class SchedulingCycle {
  /** Cycles begun, and those that found no node. */
  decisions = 0;
  unschedulableDecisions = 0;
  /** What failed attempts said, to be said again. */
  readonly repeats: RepeatedFailures;
  private readonly parts: CycleParts;
  private readonly attempts = new FailedAttempts();
  private readonly view: PodInfo;
  private spareState = new CycleState();

  constructor(parts: CycleParts) {
    this.parts = parts;
    this.repeats = new RepeatedFailures(parts.cache, parts.queue.nominator);
    this.view = new PodInfo(parts.cache, -1);
  }

  /** Nobody has bound the pod, assumed it or begun to delete it since it came into the queue. */
  isUndecided(pod: number): boolean {
    const { pods } = this.parts.cache;
    return !pods.isTerminating(pod) && pods.belief[pod] === PodBelief.Waiting;
  }

  /** What the pod's next attempt would say, if there is nothing else to it; null: it has to be made. */
  knownFailureOf(pod: number): KnownFailure | null {
    const { cache, listeners, room } = this.parts;
    if (pod < 0 || !this.isUndecided(pod)) return null;
    const known = this.repeats.of(pod);
    if (known === null) return null;
    for (let i = 0; i < listeners.length; i++) {
      if (listeners[i].cycleFailed !== undefined || listeners[i].deciding !== undefined) return null;
      if (listeners[i].roomSeen !== undefined && room.isDue(cache.templateOf(pod))) return null;
    }
    return known;
  }

  /** So many cycles in a row that fail as one before them. */
  failAgain(known: KnownFailure, times: number): void {
    this.decisions += times;
    this.countRepeats(known, times);
  }

  private countRepeats(known: KnownFailure, times: number): void {
    this.unschedulableDecisions += times;
    this.parts.algorithm.nodesFiltered += known.nodesFiltered * times;
    this.repeats.note(known, times);
    for (let i = 0; i < times; i++) known.askPostFilter();
  }

  /** A pod that is undecided; where it fits it is assumed on its node. */
  decide(profile: Profile, pod: number): CycleOutcome {
    const { listeners } = this.parts;
    this.decisions++;
    for (let i = 0; i < listeners.length; i++) {
      listeners[i].deciding?.(pod);
      listeners[i].cycleBegins?.(pod);
    }
    const known = this.knownFailureOf(pod);
    if (known === null) return this.attempt(profile, pod);
    this.countRepeats(known, 1);
    return { ok: false, failure: { attempt: known.attempt, diagnosis: null, known, nominate: '', rejected: true } };
  }

  private attempt(profile: Profile, pod: number): CycleOutcome {
    const { cache, queue, algorithm, bindings } = this.parts;
    this.view.row = pod;
    const state = this.spareState;
    state.reset();
    const result = algorithm.schedule(profile, state, this.view);
    if (result.kind !== 'scheduled') return { ok: false, failure: this.failureOf(profile, state, result) };
    cache.assumePod(pod, result.node.row);
    queue.nominator.remove(pod);
    const failure = bindings.reserveAndPermit(profile, state, this.view, result.node);
    if (failure !== null) {
      cache.forgetPod(pod);
      return { ok: false, failure: this.afterChoice(failure) };
    }
    if (bindings.keepsState(pod, profile)) this.spareState = new CycleState();
    return { ok: true, state, profile };
  }

  private failureOf(profile: Profile, state: CycleState, result: ScheduleResult): CycleFailure {
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

  private fitFailure(profile: Profile, state: CycleState, { diagnosis, repeats }: FitError): CycleFailure {
    this.repeats.countRejections(diagnosis.unschedulablePlugins, 1);
    const known = repeats && !this.parts.plain ? this.repeats.asBefore(this.view.row, diagnosis) : null;
    if (known !== null) {
      this.tellRoom(diagnosis);
      return { attempt: known.attempt, diagnosis, known, nominate: '', rejected: true };
    }
    const answer = profile.postFilter.length === 0 ? NOT_ASKED : profile.runPostFilter(state, this.view, diagnosis);
    const { status, nominatedNodeName, message, again, settled = false } = answer;
    const said = status ?? (message === undefined ? null : { code: Code.Success, reasons: [message], plugin: '' });
    const failure = this.rejection(diagnosis, said, nominatedNodeName);
    if (repeats && again !== undefined && !this.parts.plain)
      this.repeats.keep(this.view.row, failure.attempt, diagnosis, this.parts.queue.hints, { again, settled });
    return failure;
  }

  /** `postFilter`: what PostFilter has to say; null: nothing. */
  private rejection(diagnosis: Diagnosis, postFilter: Status | null, nominate: string | null): CycleFailure {
    this.tellRoom(diagnosis);
    const attempt = this.attempts.fitError(this.view.template.id, diagnosis, postFilter);
    return { attempt, diagnosis, nominate, rejected: true };
  }

  private tellRoom(diagnosis: Diagnosis): void {
    const { template } = this.view;
    const { listeners, room } = this.parts;
    for (const listener of listeners) {
      if (listener.roomSeen === undefined || !room.isDue(template)) continue;
      listener.roomSeen(template, room.look(template, diagnosis));
    }
  }

  /** Reserve or Permit said no. */
  private afterChoice(status: Status): CycleFailure {
    this.unschedulableDecisions++;
    return isRejected(status)
      ? this.rejectionAfterChoice(this.view.template.id, status)
      : { attempt: plainFailure(statusMessage(status)), diagnosis: null, nominate: '', rejected: false };
  }

  /** Permit after a wait, PreBind or Bind said no; only a rejection after a wait counts as its plugin's. */
  failureToBind(template: number, status: Status, waited: boolean): CycleFailure {
    const rejected = isRejected(status);
    return waited && rejected
      ? this.rejectionAfterChoice(template, status)
      : { attempt: plainFailure(statusMessage(status)), diagnosis: null, nominate: '', rejected };
  }

  /** A FitError over the one node that had been chosen. */
  private rejectionAfterChoice(template: number, status: Status): CycleFailure {
    const diagnosis = new Diagnosis(1);
    diagnosis.set('', status);
    return { attempt: this.attempts.fitError(template, diagnosis, null), diagnosis, nominate: '', rejected: true };
  }
}
