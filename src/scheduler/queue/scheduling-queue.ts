/**
 * The scheduling queue: active, backoff and unschedulable pods, gating, in-flight events and queueing hints
 * (pkg/scheduler/backend/queue, v1.36 and v1.37; feature gates SchedulerQueueingHints and SchedulerPopFromBackoffQ on).
 * Per-pod bookkeeping stands in columns by pod row. Unschedulable pods of one template and the same rejectors form a
 * group that is asked once per event, because in-tree hints look at the template only (own-pod events apart).
 */
import { assert } from '../../base/assert.ts';
import { grownCapacity } from '../../base/growable.ts';
import { IndexHeap } from '../../base/index-heap.ts';
import { KeyedHeap, SortedRuns } from '../../base/keyed-heap.ts';
import { MICROS_PER_SECOND, type Micros } from '../../base/time.ts';
import type { SchedulerCache } from '../cache/scheduler-cache.ts';
import { UNSCHEDULABLE_TIMEOUT, isWildcard, podEventView } from '../framework/cluster-event.ts';
import type { ClusterEvent, EventSubject, PodEventView } from '../framework/cluster-event.ts';
import { PodInfo } from '../framework/pod-info.ts';
import { orderBefore, type Profile } from '../framework/profile.ts';
import type { Status } from '../framework/status.ts';
import { wholeSecond } from './backoff.ts';
import type { QueueSettings } from './backoff.ts';
import { HintTable } from './hint-table.ts';
import type { QueueStrategy } from './hint-table.ts';
import { InFlight } from './in-flight.ts';
import { Nominator } from './nominator.ts';
import { QueuePlace, QueuedPods, type Rejection } from './queued-pods.ts';
import { UnschedulablePods, type PodGroup } from './unschedulable-pods.ts';

export { QueuePlace };
export type { QueueSettings, QueueStrategy };

const FORCE_ACTIVATE = { resource: '*', actions: 8191, label: 'ForceActivate' } as const;

export class SchedulingQueue {
  readonly nominator: Nominator = new Nominator();
  readonly inFlight: InFlight = new InFlight();
  readonly hints: HintTable;
  /** Called when a pod enters an empty active queue or backoff queue: the loop may have something to do. */
  onWork: () => void = () => undefined;
  /** Called with the instant at which the backoff flush next has something to do, when a pod brings it forward. */
  onBackoff: (at: Micros) => void = () => undefined;
  /** Called when PreEnqueue keeps a pod out. */
  onGated: (pod: number, refusal: Status) => void = () => undefined;

  readonly podView = (pod: number): PodEventView => podEventView(this.cluster, pod);
  private readonly cluster: SchedulerCache;
  private readonly profiles: ReadonlyMap<string, Profile>;
  private readonly profileByTemplate: (Profile | undefined)[] = [];
  private readonly settings: QueueSettings;
  private readonly view: PodInfo;
  private readonly active: Heap;
  private readonly backoff: Heap;
  private readonly errorBackoff: Heap;
  private readonly waiting = new UnschedulablePods();
  private readonly pods: QueuedPods;
  /** What rejectNext() has rejected. */
  rejected: Int32Array = new Int32Array(64);

  constructor(cluster: SchedulerCache, profiles: ReadonlyMap<string, Profile>, settings: QueueSettings) {
    this.cluster = cluster;
    this.profiles = profiles;
    this.settings = settings;
    this.pods = new QueuedPods(settings);
    this.view = new PodInfo(cluster, -1);
    this.hints = new HintTable(profiles.values(), cluster.features.taintUpdatesHinted);
    const before = orderBefore(profiles, cluster, (pod) => this.pods.timestamp[pod]);
    this.active = before === null ? new SortedRuns((pod, keys) => this.writeKeys(pod, 0, keys)) : new IndexHeap(before);
    this.backoff =
      before === null
        ? new SortedRuns((pod, keys) => this.writeKeys(pod, this.pods.backoffEnd(pod), keys))
        : new IndexHeap((a, b) => {
            const difference = this.pods.backoffEnd(a) - this.pods.backoffEnd(b);
            return difference < 0 || (difference === 0 && before(a, b));
          });
    this.errorBackoff = new KeyedHeap((pod, keys) => keys.fill(0).fill(this.pods.backoffEnd(pod), 0, 1));
  }

  get activeCount(): number {
    return this.active.size;
  }

  get backoffCount(): number {
    return this.backoff.size + this.errorBackoff.size;
  }

  /** Without gated pods. */
  get unschedulableCountNow(): number {
    return this.waiting.size - this.waiting.gatedCount;
  }

  get gatedCount(): number {
    return this.waiting.gatedCount;
  }

  /** Whether some pod waits that flushUnschedulable will come to. */
  get hasLeftovers(): boolean {
    return this.cluster.features.gatedPodsFlushed ? this.waiting.size > 0 : this.unschedulableCountNow > 0;
  }

  /** false: no event can matter now (nobody waits, nobody is in flight). */
  get listens(): boolean {
    return this.waiting.size > 0 || this.inFlight.podCount > 0;
  }

  /** Whether pop() would give a pod. */
  get hasWork(): boolean {
    return this.active.size > 0 || this.backoff.size > 0;
  }

  placeOf(pod: number): QueuePlace {
    return this.pods.placeOf(pod);
  }

  attempts(pod: number): number {
    return this.pods.attemptCount[pod];
  }

  /** Failed attempts that were rejections, not errors: what the backoff grows with. */
  unschedulableAttempts(pod: number): number {
    return this.pods.unschedulableCount[pod];
  }

  /** When the pod's last attempt but one under way failed; -Infinity: none has. */
  lastFailureAt(pod: number): Micros {
    const ended = this.pods.attemptCount[pod] - (this.inFlight.has(pod) ? 1 : 0);
    return ended > 0 ? this.pods.timestamp[pod] : -Infinity;
  }

  /** When the pod first entered the active queue; NaN: never. */
  initialAttemptAt(pod: number): Micros {
    return this.pods.initialAttempt[pod];
  }

  /** Simulated time that the pod has spent backing off. */
  backoffMicros(pod: number): Micros {
    return this.pods.backoffSpent[pod];
  }

  /** Failed attempts in a row that were errors. */
  errorAttempts(pod: number): number {
    return this.pods.errorCount[pod];
  }

  unschedulablePlugins(pod: number): string[] {
    return this.hints.names(this.pods.rejectors[pod]);
  }

  isGated(pod: number): boolean {
    return this.placeOf(pod) === QueuePlace.Unschedulable && this.pods.gate[pod] !== 0;
  }

  gatingPlugin(pod: number): string {
    return this.hints.names(this.pods.gate[pod])[0] ?? '';
  }

  /** Whole second (in micros) at which the pod's backoff ends. */
  backoffUntil(pod: number): Micros {
    return this.pods.backoffEnd(pod);
  }

  /** Rows of a sub-queue, those of the unschedulable ones in the order in which they came. */
  rows(place: QueuePlace): readonly number[] {
    if (place === QueuePlace.Active) return this.active.rows;
    if (place === QueuePlace.Backoff) return this.backoff.rows;
    return place === QueuePlace.ErrorBackoff ? this.errorBackoff.rows : this.waiting.rows();
  }

  // ---- in and out ------------------------------------------------------------------------------------------------

  /** A pod without a node that has come into being (or was updated while in no queue). */
  add(pod: number): void {
    this.pods.clear(pod);
    this.pods.stamp(pod, this.cluster.now);
    this.enter(pod, QueuePlace.Active);
    const nominated = this.cluster.nominatedNodeName(pod);
    if (nominated !== '' && (this.cluster.features.gatedNominationsCount || this.pods.place[pod] === QueuePlace.Active))
      this.nominator.add(pod, nominated);
  }

  /** A pod of another scheduler: it stands in no sub-queue and is never tried. */
  ignore(pod: number): void {
    this.pods.clear(pod);
  }

  /**
   * The next pod to schedule, now in flight; -1 when there is none. When nothing is active, a pod leaves backoff
   * early.
   */
  pop(): number {
    let pod = this.active.pop();
    if (pod < 0) {
      pod = this.backoff.pop();
      if (pod < 0) return -1;
      this.pods.noteBackoff(pod, this.cluster.now);
    }
    this.pods.place[pod] = QueuePlace.None;
    this.pods.attemptCount[pod]++;
    this.inFlight.start(pod);
    return pod;
  }

  /** The pod that pop() would give. */
  peek(): number {
    const pod = this.active.peek();
    return pod < 0 ? this.backoff.peek() : pod;
  }

  /**
   * The next pods of one template, as long as they pass, at most `most`: each is popped `every` after the one before,
   * the first one now, and each is rejected `every` after it was popped, as pop() and reject() would have it if nothing
   * else happened meanwhile. Returns how many; they stand at the beginning of `rejected`. There may be more.
   */
  rejectNext(passes: (pod: number) => boolean, most: number, every: Micros, by: Rejection): number {
    const { active, backoff } = this;
    const heap = active.size > 0 ? active : backoff;
    const room = Math.min(most, heap.size);
    if (this.rejected.length < room) this.rejected = new Int32Array(grownCapacity(64, room));
    const { rejected } = this;
    let count = 0;
    if (heap instanceof SortedRuns) count = heap.popWhile(passes, room, rejected);
    else if (room > 0 && passes(heap.peek())) rejected[count++] = heap.pop();
    if (count === 0) return 0;
    this.pods.noteRejections(rejected, count, heap === backoff, every, this.cluster.now, by);
    this.waiting.addMany(rejected, count, this.cluster.pods.template[rejected[0]], by.rejectors, by.pendings);
    return count;
  }

  /** The pod's cycle is over; events after this are not replayed for it. */
  done(pod: number): void {
    this.inFlight.done(pod);
  }

  /** A pod that failed. Both sets empty means an error: retried after an error backoff whatever happens. */
  addUnschedulable(pod: number, unschedulable: Iterable<string>, pending: Iterable<string>): void {
    this.reject(pod, this.hints.mask(unschedulable), this.hints.mask(pending));
  }

  /** The same, with the plugins as masks of `hints`. */
  reject(pod: number, rejectors: number, pendings: number): void {
    if (this.pods.place[pod] !== QueuePlace.None) {
      this.done(pod);
      return;
    }
    this.pods.noteFailure(pod, rejectors, pendings, this.cluster.now);
    const strategy = this.strategyAfterFailure(pod);
    this.done(pod);
    this.requeue(pod, strategy);
  }

  /** A queued pod's object changed: the events say how, in the order to be tried. */
  update(pod: number, events: readonly ClusterEvent[], subject: EventSubject): void {
    if (this.inFlight.has(pod)) {
      for (const event of events) this.inFlight.record(event, subject);
      return;
    }
    const nominated = this.cluster.nominatedNodeName(pod);
    if (nominated !== '' && this.nominator.nodeOf(pod) !== nominated) this.nominator.add(pod, nominated);
    const place = this.placeOf(pod);
    if (place !== QueuePlace.None) this.pods.priority[pod] = this.cluster.templateOf(pod).priority;
    if (place === QueuePlace.None) this.add(pod);
    else if (place === QueuePlace.Active) this.active.fix(pod);
    else if (place === QueuePlace.Backoff) this.backoff.fix(pod);
    else if (place === QueuePlace.ErrorBackoff) this.errorBackoff.fix(pod);
    else this.updateUnschedulable(pod, events, subject);
  }

  /** The pod is gone (deleted or bound by somebody else). */
  remove(pod: number): void {
    this.nominator.remove(pod);
    if (this.placeOf(pod) !== QueuePlace.None) this.takeOut(pod);
  }

  /** Moves pods to the active queue, ignoring backoff. A pod in flight is tried again at once if it fails. */
  activate(pods: readonly number[]): void {
    for (const pod of pods) {
      const place = this.placeOf(pod);
      if (place === QueuePlace.Active) continue;
      if (place !== QueuePlace.None) {
        if (place !== QueuePlace.Unschedulable) this.pods.noteBackoff(pod, this.cluster.now);
        this.takeOut(pod);
        this.enter(pod, QueuePlace.Active);
      } else if (this.inFlight.has(pod))
        this.inFlight.record(FORCE_ACTIVATE, { pod: podEventView(this.cluster, pod) });
    }
  }

  /** Asks all unschedulable pods whether an event helps them, and keeps it for the pods in flight. */
  moveOnEvent(event: ClusterEvent, subject: EventSubject, only: (pod: number) => boolean = everyPod): void {
    if (!isWildcard(event) && !this.hints.isOfInterest(event)) return;
    for (const group of this.waiting.groups()) this.moveGroup(group, event, subject, only);
    this.inFlight.record(event, subject);
  }

  /** Backoffs that have ended: to be called at every whole second, or whenever `onBackoff` says. */
  flushBackoff(): void {
    this.flushHeap(this.backoff);
    this.flushHeap(this.errorBackoff);
    this.announceBackoff();
  }

  /**
   * Every 30 s: pods that have waited for more than five minutes, or so long since they were last looked at here, are
   * tried again.
   */
  flushUnschedulable(): void {
    const now = this.cluster.now;
    const { timestamp, lastFlush, gate } = this.pods;
    const { gatedPodsFlushed } = this.cluster.features;
    const { maxUnschedulableMicros } = this.settings;
    const isLate = (pod: number): boolean => now - Math.max(timestamp[pod], lastFlush[pod]) > maxUnschedulableMicros;
    const late = this.waiting.filter((pod) => (gatedPodsFlushed || gate[pod] === 0) && isLate(pod));
    for (const pod of late) {
      lastFlush[pod] = now;
      this.waiting.remove(pod);
      this.pods.place[pod] = QueuePlace.None;
      this.requeue(pod, 'afterBackoff');
    }
    if (late.length > 0) this.inFlight.record(UNSCHEDULABLE_TIMEOUT, {});
  }

  // ---- within ----------------------------------------------------------------------------------------------------

  /** `first` counts before priority and time. */
  private writeKeys(pod: number, first: number, keys: Float64Array): void {
    keys[0] = first;
    keys[1] = -this.pods.priority[pod];
    keys[2] = this.pods.order[pod];
  }

  /** Into active or a backoff heap, unless PreEnqueue gates the pod. */
  private enter(pod: number, place: QueuePlace): void {
    this.view.row = pod;
    this.pods.priority[pod] = this.cluster.templateOf(pod).priority;
    const refusal = this.profileOf(pod)?.runPreEnqueue(this.view) ?? null;
    if (refusal !== null) return this.keepOut(pod, refusal);
    this.pods.gate[pod] = 0;
    this.pods.place[pod] = place;
    if (place === QueuePlace.Active) {
      if (Number.isNaN(this.pods.initialAttempt[pod])) this.pods.initialAttempt[pod] = this.cluster.now;
      this.active.push(pod);
    } else if (place === QueuePlace.Backoff) this.backoff.push(pod);
    else this.errorBackoff.push(pod);
    const isFirst = this.backoff.peek() === pod || this.errorBackoff.peek() === pod;
    if (place !== QueuePlace.Active && isFirst) this.announceBackoff();
    this.onWork();
  }

  private keepOut(pod: number, refusal: Status): void {
    this.pods.gate[pod] = this.hints.bit(refusal.plugin);
    this.pods.rejectors[pod] |= this.pods.gate[pod];
    this.wait(pod);
    this.onGated(pod, refusal);
  }

  private wait(pod: number): void {
    this.pods.place[pod] = QueuePlace.Unschedulable;
    const { rejectors, pendings, gate } = this.pods;
    this.waiting.add(pod, this.cluster.pods.template[pod], rejectors[pod], pendings[pod], gate[pod]);
  }

  private takeOut(pod: number): void {
    const place = this.pods.place[pod];
    if (place === QueuePlace.Active) this.active.remove(pod);
    else if (place === QueuePlace.Backoff) this.backoff.remove(pod);
    else if (place === QueuePlace.ErrorBackoff) this.errorBackoff.remove(pod);
    else this.waiting.remove(pod);
    this.pods.place[pod] = QueuePlace.None;
  }

  private requeue(pod: number, strategy: QueueStrategy): void {
    if (strategy === 'skip') this.wait(pod);
    else if (strategy === 'immediately' || !this.isBackingOff(pod)) this.enter(pod, QueuePlace.Active);
    else this.enter(pod, this.pods.hasErred(pod) ? QueuePlace.ErrorBackoff : QueuePlace.Backoff);
  }

  private strategyAfterFailure(pod: number): QueueStrategy {
    if (this.pods.hasErred(pod)) return 'afterBackoff';
    if (this.inFlight.hasNoEvents || !this.inFlight.has(pod)) return 'skip';
    let strategy: QueueStrategy = 'skip';
    for (const { event, subject } of this.inFlight.eventsSince(pod)) {
      const verdict = this.strategyOn(pod, event, subject);
      if (verdict === 'immediately') return verdict;
      if (verdict === 'afterBackoff') strategy = verdict;
    }
    return strategy;
  }

  /** Whether an event is worth a new attempt of an unschedulable pod (isPodWorthRequeuing). */
  private strategyOn(pod: number, event: ClusterEvent, subject: EventSubject): QueueStrategy {
    this.view.row = pod;
    return this.hints.strategy(this.view, event, subject, this.pods.rejectors[pod], this.pods.pendings[pod]);
  }

  private updateUnschedulable(pod: number, events: readonly ClusterEvent[], subject: EventSubject): void {
    this.waiting.remove(pod);
    this.wait(pod);
    for (const event of events) {
      if (this.pods.gate[pod] !== 0 && !this.gateCares(this.pods.gate[pod], pod, event)) continue;
      const strategy = this.strategyOn(pod, event, subject);
      if (strategy === 'skip') continue;
      this.waiting.remove(pod);
      this.pods.place[pod] = QueuePlace.None;
      this.requeue(pod, strategy);
      if (this.placeOf(pod) !== QueuePlace.Unschedulable) return;
    }
  }

  private gateCares(gate: number, pod: number, event: ClusterEvent): boolean {
    return isWildcard(event)
      ? this.cluster.features.gatedPodsFlushed
      : this.hints.matching(this.cluster.templateOf(pod).schedulerName, event, gate).length > 0;
  }

  private moveGroup(group: PodGroup, event: ClusterEvent, subject: EventSubject, only: (pod: number) => boolean): void {
    const first = this.waiting.firstOf(group);
    if (first < 0 || (group.gate !== 0 && !this.gateCares(group.gate, first, event))) return;
    const concernsOne = event.resource === 'UnschedulablePod' || (isWildcard(event) && subject.pod !== undefined);
    if (group.gate === 0 && only === everyPod && !concernsOne)
      return this.moveAll(group, this.strategyOn(first, event, subject));
    let shared: QueueStrategy | null = null;
    for (const pod of this.waiting.podsOf(group)) {
      if (!only(pod)) continue;
      const strategy: QueueStrategy = concernsOne
        ? this.strategyOn(pod, event, subject)
        : (shared ??= this.strategyOn(pod, event, subject));
      if (strategy === 'skip') {
        if (concernsOne) continue;
        return;
      }
      this.waiting.remove(pod);
      this.pods.place[pod] = QueuePlace.None;
      this.requeue(pod, strategy);
    }
  }

  /** As requeue() of each, which has been tried before. Whoever of them is gated now comes into another group. */
  private moveAll(group: PodGroup, strategy: QueueStrategy): void {
    if (strategy === 'skip') return;
    assert((group.rejectors | group.pendings) !== 0, 'a pod that failed with an error does not wait for events');
    const { view, active, backoff } = this;
    const { place, gate } = this.pods;
    const count = group.size;
    const rows = this.waiting.takeAll(group);
    const template = this.cluster.templateOf(rows[0]);
    const { priority } = template;
    const profile = this.profileOf(rows[0]);
    const now = wholeSecond(this.cluster.now);
    if (active instanceof SortedRuns && backoff instanceof SortedRuns && profile?.letsAllIn(template) !== false) {
      this.moveMany(rows, count, priority, strategy === 'immediately' ? Infinity : now, active, backoff);
      this.waiting.giveBack(rows);
      if (this.hasWork) this.onWork();
      return;
    }
    let earliest = this.firstBackoffEnd();
    for (let i = 0; i < count; i++) {
      const pod = (view.row = rows[i]);
      this.pods.priority[pod] = priority;
      const refusal = profile?.runPreEnqueue(view) ?? null;
      if (refusal !== null) {
        this.keepOut(pod, refusal);
        continue;
      }
      gate[pod] = 0;
      const expiry = strategy === 'immediately' ? 0 : this.pods.backoffEnd(pod);
      const isBackingOff = expiry > 0 && expiry >= now;
      place[pod] = isBackingOff ? QueuePlace.Backoff : QueuePlace.Active;
      (isBackingOff ? backoff : active).push(pod);
      if (isBackingOff && expiry < earliest) {
        earliest = expiry;
        this.announceBackoff();
      }
    }
    this.waiting.giveBack(rows);
    if (this.hasWork) this.onWork();
  }

  /** As moveAll() of pods that are not gated; whose backoff ends at `from` or later goes on backing off. */
  private moveMany(
    rows: Int32Array, count: number, priority: number, from: Micros, active: SortedRuns, backoff: SortedRuns,
  ): void {
    const { pods } = this;
    const { order, place, expiry } = pods;
    let earliest = this.firstBackoffEnd();
    let start = 0;
    let isBackingOff = false;
    for (let i = 0; i < count; i++) {
      const pod = rows[i];
      const end = pods.backoffEnd(pod);
      const staysAway = end > 0 && end >= from;
      if (staysAway !== isBackingOff) {
        if (isBackingOff) backoff.pushMany(rows, start, i, expiry, -priority, order);
        else active.pushMany(rows, start, i, null, -priority, order);
        isBackingOff = staysAway;
        start = i;
      }
      pods.priority[pod] = priority;
      place[pod] = staysAway ? QueuePlace.Backoff : QueuePlace.Active;
      if (!staysAway || end >= earliest) continue;
      earliest = end;
      this.announceBackoff(end);
    }
    if (isBackingOff) backoff.pushMany(rows, start, count, expiry, -priority, order);
    else active.pushMany(rows, start, count, null, -priority, order);
  }

  private flushHeap(heap: Heap): void {
    for (let pod = heap.peek(); pod >= 0 && !this.isBackingOff(pod); pod = heap.peek()) {
      heap.pop();
      this.pods.noteBackoff(pod, this.cluster.now);
      this.pods.place[pod] = QueuePlace.Active;
      this.active.push(pod);
      if (Number.isNaN(this.pods.initialAttempt[pod])) this.pods.initialAttempt[pod] = this.cluster.now;
      this.onWork();
    }
  }

  /** `ofFirst`: the least of pods that fail without errors. */
  private announceBackoff(ofFirst: Micros = this.firstBackoffEnd()): void {
    const second = this.errorBackoff.peek();
    const at = Math.min(ofFirst, second < 0 ? Infinity : this.pods.backoffEnd(second));
    if (at < Infinity) this.onBackoff(at + MICROS_PER_SECOND);
  }

  private firstBackoffEnd(): Micros {
    const first = this.backoff.peek();
    return first < 0 ? Infinity : this.pods.backoffEnd(first);
  }

  /** Ends of backoff and now are compared in whole seconds, truncated. */
  private isBackingOff(pod: number): boolean {
    const expiry = this.pods.backoffEnd(pod);
    return expiry > 0 && expiry >= wholeSecond(this.cluster.now);
  }

  private profileOf(pod: number): Profile | undefined {
    const template = this.cluster.pods.template[pod];
    return (this.profileByTemplate[template] ??= this.profiles.get(this.cluster.templateOf(pod).schedulerName));
  }
}

type Heap = IndexHeap | KeyedHeap | SortedRuns;

const everyPod = (): boolean => true;
