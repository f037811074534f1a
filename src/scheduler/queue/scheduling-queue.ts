/**
 * The scheduling queue: active, backoff and unschedulable pods, gating, in-flight events and queueing hints
 * (pkg/scheduler/backend/queue, v1.36 and v1.37; feature gates SchedulerQueueingHints and SchedulerPopFromBackoffQ on).
 * Per-pod bookkeeping stands in columns by pod row. Unschedulable pods of one template and the same rejectors form a
 * group that is asked once per event, because in-tree hints look at the template only (own-pod events apart).
 */
import { assert } from '../../base/assert.ts';
import { growFloat64, growInt32, growUint8, grownCapacity } from '../../base/growable.ts';
import { IndexHeap } from '../../base/index-heap.ts';
import { KeyedHeap, SortedRuns } from '../../base/keyed-heap.ts';
import { MICROS_PER_SECOND, type Micros } from '../../base/time.ts';
import type { SchedulerCache } from '../cache/scheduler-cache.ts';
import { UNSCHEDULABLE_TIMEOUT, isWildcard, podEventView } from '../framework/cluster-event.ts';
import type { ClusterEvent, EventSubject, PodEventView } from '../framework/cluster-event.ts';
import { PodInfo } from '../framework/pod-info.ts';
import { orderBefore, type Profile } from '../framework/profile.ts';
import type { Status } from '../framework/status.ts';
import { backoffEnd, wholeSecond } from './backoff.ts';
import type { QueueSettings } from './backoff.ts';
import { HintTable } from './hint-table.ts';
import type { QueueStrategy } from './hint-table.ts';
import { InFlight } from './in-flight.ts';
import { Nominator } from './nominator.ts';
import { UnschedulablePods, type PodGroup } from './unschedulable-pods.ts';

/** Which sub-queue holds a pod. */
export const QueuePlace = { None: 0, Active: 1, Backoff: 2, ErrorBackoff: 3, Unschedulable: 4 } as const;
export type QueuePlace = (typeof QueuePlace)[keyof typeof QueuePlace];

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
  /** Whether a pod that arrives gated counts where it is nominated; whether time alone has gated pods asked again. */
  private readonly nominatesGated: boolean;
  private readonly flushesGated: boolean;
  private readonly active: Heap;
  private readonly backoff: Heap;
  private readonly errorBackoff: Heap;
  private readonly waiting = new UnschedulablePods();
  /** What rejectNext() has rejected. */
  rejected: Int32Array = new Int32Array(64);
  private capacity = 0;
  private sequence = 0;
  private place: Uint8Array = new Uint8Array(0);
  /** When the pod came into the queue, or back after its last failed attempt. */
  private timestamp: Float64Array = new Float64Array(0);
  /** Of the pod's template, as of when the pod last entered a heap or was updated. */
  private priority: Float64Array = new Float64Array(0);
  /** Order of setting `timestamp`, which never decreases: stands for it and breaks its ties. */
  private order: Float64Array = new Float64Array(0);
  /** When the pod was last looked at because it had waited for so long. */
  private lastFlush: Float64Array = new Float64Array(0);
  private initialAttempt: Float64Array = new Float64Array(0);
  /** Whole second at which backoff ends; NaN: not computed since the last failure. */
  private expiry: Float64Array = new Float64Array(0);
  private backoffSpent: Float64Array = new Float64Array(0);
  private attemptCount: Int32Array = new Int32Array(0);
  private unschedulableCount: Int32Array = new Int32Array(0);
  private errorCount: Int32Array = new Int32Array(0);
  /** Plugin masks. */
  private rejectors: Int32Array = new Int32Array(0);
  private pendings: Int32Array = new Int32Array(0);
  /** Bit of the gating plugin, 0: not gated. */
  private gate: Int32Array = new Int32Array(0);

  constructor(cluster: SchedulerCache, profiles: ReadonlyMap<string, Profile>, settings: QueueSettings) {
    this.cluster = cluster;
    this.profiles = profiles;
    this.settings = settings;
    this.view = new PodInfo(cluster, -1);
    const { features } = cluster;
    this.nominatesGated = features.gatedNominationsCount;
    this.flushesGated = features.gatedPodsFlushed;
    this.hints = new HintTable(profiles.values(), features.taintUpdatesHinted);
    const before = orderBefore(profiles, cluster, (pod) => this.timestamp[pod]);
    this.active = before === null ? new SortedRuns((pod, keys) => this.writeKeys(pod, 0, keys)) : new IndexHeap(before);
    this.backoff =
      before === null
        ? new SortedRuns((pod, keys) => this.writeKeys(pod, this.expiryOf(pod), keys))
        : new IndexHeap((a, b) => {
            const difference = this.expiryOf(a) - this.expiryOf(b);
            return difference < 0 || (difference === 0 && before(a, b));
          });
    this.errorBackoff = new KeyedHeap((pod, keys) => keys.fill(0).fill(this.expiryOf(pod), 0, 1));
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
    return this.flushesGated ? this.waiting.size > 0 : this.unschedulableCountNow > 0;
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
    return pod < this.capacity ? (this.place[pod] as QueuePlace) : QueuePlace.None;
  }

  attempts(pod: number): number {
    return this.attemptCount[pod];
  }

  /** Failed attempts that were rejections, not errors: what the backoff grows with. */
  unschedulableAttempts(pod: number): number {
    return this.unschedulableCount[pod];
  }

  /** When the pod's last attempt but one under way failed; -Infinity: none has. */
  lastFailureAt(pod: number): Micros {
    const ended = this.attemptCount[pod] - (this.inFlight.has(pod) ? 1 : 0);
    return ended > 0 ? this.timestamp[pod] : -Infinity;
  }

  /** When the pod first entered the active queue; NaN: never. */
  initialAttemptAt(pod: number): Micros {
    return this.initialAttempt[pod];
  }

  /** Simulated time that the pod has spent backing off. */
  backoffMicros(pod: number): Micros {
    return this.backoffSpent[pod];
  }

  /** Failed attempts in a row that were errors. */
  errorAttempts(pod: number): number {
    return this.errorCount[pod];
  }

  unschedulablePlugins(pod: number): string[] {
    return this.hints.names(this.rejectors[pod]);
  }

  isGated(pod: number): boolean {
    return this.placeOf(pod) === QueuePlace.Unschedulable && this.gate[pod] !== 0;
  }

  gatingPlugin(pod: number): string {
    return this.hints.names(this.gate[pod])[0] ?? '';
  }

  /** Whole second (in micros) at which the pod's backoff ends. */
  backoffUntil(pod: number): Micros {
    return this.expiryOf(pod);
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
    this.clear(pod);
    this.stamp(pod);
    this.enter(pod, QueuePlace.Active);
    const nominated = this.cluster.nominatedNodeName(pod);
    if (nominated !== '' && (this.nominatesGated || this.place[pod] === QueuePlace.Active))
      this.nominator.add(pod, nominated);
  }

  /** A pod of another scheduler: it stands in no sub-queue and is never tried. */
  ignore(pod: number): void {
    this.clear(pod);
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
      this.noteBackoff(pod);
    }
    this.place[pod] = QueuePlace.None;
    this.attemptCount[pod]++;
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
  rejectNext(
    passes: (pod: number) => boolean, most: number, every: Micros, rejectors: number, pendings: number,
  ): number {
    const { active, backoff } = this;
    const heap = active.size > 0 ? active : backoff;
    const room = Math.min(most, heap.size);
    if (this.rejected.length < room) this.rejected = new Int32Array(grownCapacity(64, room));
    const { rejected } = this;
    let count = 0;
    if (heap instanceof SortedRuns) count = heap.popWhile(passes, room, rejected);
    else if (room > 0 && passes(heap.peek())) rejected[count++] = heap.pop();
    if (count === 0) return 0;
    const wasBackingOff = heap === backoff;
    const { attemptCount, unschedulableCount, errorCount, backoffSpent, timestamp, order, expiry, place } = this;
    let now = this.cluster.now;
    for (let i = 0; i < count; i++) {
      const pod = rejected[i];
      if (wasBackingOff) backoffSpent[pod] += now - timestamp[pod];
      now += every;
      attemptCount[pod]++;
      unschedulableCount[pod]++;
      errorCount[pod] = 0;
      this.rejectors[pod] = rejectors;
      this.pendings[pod] = pendings;
      timestamp[pod] = now;
      order[pod] = this.sequence++;
      expiry[pod] = backoffEnd(now, unschedulableCount[pod], this.settings);
      place[pod] = QueuePlace.Unschedulable;
    }
    this.waiting.addMany(rejected, count, this.cluster.pods.template[rejected[0]], rejectors, pendings);
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
    if (this.place[pod] !== QueuePlace.None) {
      this.done(pod);
      return;
    }
    this.noteFailure(pod, rejectors, pendings);
    const strategy = this.strategyAfterFailure(pod);
    this.done(pod);
    this.requeue(pod, strategy);
  }

  private noteFailure(pod: number, rejectors: number, pendings: number): void {
    this.rejectors[pod] = rejectors;
    this.pendings[pod] = pendings;
    if (rejectors === 0 && pendings === 0) this.errorCount[pod]++;
    else {
      this.unschedulableCount[pod]++;
      this.errorCount[pod] = 0;
    }
    this.stamp(pod);
    this.expiry[pod] = NaN;
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
    if (place !== QueuePlace.None) this.priority[pod] = this.cluster.templateOf(pod).priority;
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
        if (place !== QueuePlace.Unschedulable) this.noteBackoff(pod);
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
    const { timestamp, lastFlush, gate, flushesGated } = this;
    const { maxUnschedulableMicros } = this.settings;
    const isLate = (pod: number): boolean => now - Math.max(timestamp[pod], lastFlush[pod]) > maxUnschedulableMicros;
    const late = this.waiting.filter((pod) => (flushesGated || gate[pod] === 0) && isLate(pod));
    for (const pod of late) {
      lastFlush[pod] = now;
      this.waiting.remove(pod);
      this.place[pod] = QueuePlace.None;
      this.requeue(pod, 'afterBackoff');
    }
    if (late.length > 0) this.inFlight.record(UNSCHEDULABLE_TIMEOUT, {});
  }

  // ---- within ----------------------------------------------------------------------------------------------------

  /** `first` counts before priority and time. */
  private writeKeys(pod: number, first: number, keys: Float64Array): void {
    keys[0] = first;
    keys[1] = -this.priority[pod];
    keys[2] = this.order[pod];
  }

  private clear(pod: number): void {
    if (pod >= this.capacity) this.grow(pod + 1);
    this.attemptCount[pod] = this.unschedulableCount[pod] = this.errorCount[pod] = 0;
    this.rejectors[pod] = this.pendings[pod] = this.gate[pod] = 0;
    this.initialAttempt[pod] = this.expiry[pod] = NaN;
    this.backoffSpent[pod] = this.lastFlush[pod] = 0;
  }

  private stamp(pod: number): void {
    this.timestamp[pod] = this.cluster.now;
    this.order[pod] = this.sequence++;
  }

  /** Into active or a backoff heap, unless PreEnqueue gates the pod. */
  private enter(pod: number, place: QueuePlace): void {
    this.view.row = pod;
    this.priority[pod] = this.cluster.templateOf(pod).priority;
    const refusal = this.profileOf(pod)?.runPreEnqueue(this.view) ?? null;
    if (refusal !== null) return this.keepOut(pod, refusal);
    this.gate[pod] = 0;
    this.place[pod] = place;
    if (place === QueuePlace.Active) {
      if (Number.isNaN(this.initialAttempt[pod])) this.initialAttempt[pod] = this.cluster.now;
      this.active.push(pod);
    } else if (place === QueuePlace.Backoff) this.backoff.push(pod);
    else this.errorBackoff.push(pod);
    const isFirst = this.backoff.peek() === pod || this.errorBackoff.peek() === pod;
    if (place !== QueuePlace.Active && isFirst) this.announceBackoff();
    this.onWork();
  }

  private keepOut(pod: number, refusal: Status): void {
    this.gate[pod] = this.hints.bit(refusal.plugin);
    this.rejectors[pod] |= this.gate[pod];
    this.wait(pod);
    this.onGated(pod, refusal);
  }

  private wait(pod: number): void {
    this.place[pod] = QueuePlace.Unschedulable;
    this.waiting.add(pod, this.cluster.pods.template[pod], this.rejectors[pod], this.pendings[pod], this.gate[pod]);
  }

  private takeOut(pod: number): void {
    const place = this.place[pod];
    if (place === QueuePlace.Active) this.active.remove(pod);
    else if (place === QueuePlace.Backoff) this.backoff.remove(pod);
    else if (place === QueuePlace.ErrorBackoff) this.errorBackoff.remove(pod);
    else this.waiting.remove(pod);
    this.place[pod] = QueuePlace.None;
  }

  private requeue(pod: number, strategy: QueueStrategy): void {
    if (strategy === 'skip') this.wait(pod);
    else if (strategy === 'immediately' || !this.isBackingOff(pod)) this.enter(pod, QueuePlace.Active);
    else this.enter(pod, this.rejectors[pod] === 0 && this.pendings[pod] === 0 ? QueuePlace.ErrorBackoff : QueuePlace.Backoff);
  }

  private strategyAfterFailure(pod: number): QueueStrategy {
    if (this.rejectors[pod] === 0 && this.pendings[pod] === 0) return 'afterBackoff';
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
    return this.hints.strategy(this.view, event, subject, this.rejectors[pod], this.pendings[pod]);
  }

  private updateUnschedulable(pod: number, events: readonly ClusterEvent[], subject: EventSubject): void {
    this.waiting.remove(pod);
    this.wait(pod);
    for (const event of events) {
      if (this.gate[pod] !== 0 && !this.gateCares(this.gate[pod], pod, event)) continue;
      const strategy = this.strategyOn(pod, event, subject);
      if (strategy === 'skip') continue;
      this.waiting.remove(pod);
      this.place[pod] = QueuePlace.None;
      this.requeue(pod, strategy);
      if (this.placeOf(pod) !== QueuePlace.Unschedulable) return;
    }
  }

  private gateCares(gate: number, pod: number, event: ClusterEvent): boolean {
    return isWildcard(event)
      ? this.flushesGated
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
      const strategy: QueueStrategy = concernsOne ? this.strategyOn(pod, event, subject) : (shared ??= this.strategyOn(pod, event, subject));
      if (strategy === 'skip') {
        if (concernsOne) continue;
        return;
      }
      this.waiting.remove(pod);
      this.place[pod] = QueuePlace.None;
      this.requeue(pod, strategy);
    }
  }

  /** As requeue() of each, which has been tried before. Whoever of them is gated now comes into another group. */
  private moveAll(group: PodGroup, strategy: QueueStrategy): void {
    if (strategy === 'skip') return;
    assert((group.rejectors | group.pendings) !== 0, 'a pod that failed with an error does not wait for events');
    const { view, order, place, gate, active, backoff } = this;
    const count = group.size;
    const rows = this.waiting.takeAll(group);
    const { priority } = this.cluster.templateOf(rows[0]);
    const profile = this.profileOf(rows[0]);
    const now = wholeSecond(this.cluster.now);
    const first = backoff.peek();
    let earliest = first < 0 ? Infinity : this.expiryOf(first);
    for (let i = 0; i < count; i++) {
      const pod = (view.row = rows[i]);
      this.priority[pod] = priority;
      const refusal = profile?.runPreEnqueue(view) ?? null;
      if (refusal !== null) {
        this.keepOut(pod, refusal);
        continue;
      }
      gate[pod] = 0;
      const expiry = strategy === 'immediately' ? 0 : this.expiryOf(pod);
      const isBackingOff = expiry > 0 && expiry >= now;
      place[pod] = isBackingOff ? QueuePlace.Backoff : QueuePlace.Active;
      const heap = isBackingOff ? backoff : active;
      if (heap instanceof SortedRuns) heap.pushKeyed(pod, isBackingOff ? expiry : 0, -priority, order[pod]);
      else heap.push(pod);
      if (isBackingOff && expiry < earliest) {
        earliest = expiry;
        this.announceBackoff();
      }
    }
    this.waiting.giveBack(rows);
    if (this.hasWork) this.onWork();
  }

  private flushHeap(heap: Heap): void {
    for (let pod = heap.peek(); pod >= 0 && !this.isBackingOff(pod); pod = heap.peek()) {
      heap.pop();
      this.noteBackoff(pod);
      this.place[pod] = QueuePlace.Active;
      this.active.push(pod);
      if (Number.isNaN(this.initialAttempt[pod])) this.initialAttempt[pod] = this.cluster.now;
      this.onWork();
    }
  }

  private announceBackoff(): void {
    const first = this.backoff.peek();
    const second = this.errorBackoff.peek();
    const at = Math.min(first < 0 ? Infinity : this.expiryOf(first), second < 0 ? Infinity : this.expiryOf(second));
    if (at < Infinity) this.onBackoff(at + MICROS_PER_SECOND);
  }

  private noteBackoff(pod: number): void {
    this.backoffSpent[pod] += this.cluster.now - this.timestamp[pod];
  }

  /** Ends of backoff and now are compared in whole seconds, truncated. */
  private isBackingOff(pod: number): boolean {
    const expiry = this.expiryOf(pod);
    return expiry > 0 && expiry >= wholeSecond(this.cluster.now);
  }

  private expiryOf(pod: number): Micros {
    const known = this.expiry[pod];
    if (known === known) return known;
    const count = this.errorCount[pod] > 0 ? this.errorCount[pod] : this.unschedulableCount[pod];
    return (this.expiry[pod] = backoffEnd(this.timestamp[pod], count, this.settings));
  }

  private profileOf(pod: number): Profile | undefined {
    const template = this.cluster.pods.template[pod];
    return (this.profileByTemplate[template] ??= this.profiles.get(this.cluster.templateOf(pod).schedulerName));
  }

  private grow(needed: number): void {
    const capacity = grownCapacity(this.capacity, needed);
    this.place = growUint8(this.place, capacity);
    this.timestamp = growFloat64(this.timestamp, capacity);
    this.priority = growFloat64(this.priority, capacity);
    this.order = growFloat64(this.order, capacity);
    this.lastFlush = growFloat64(this.lastFlush, capacity);
    this.initialAttempt = growFloat64(this.initialAttempt, capacity);
    this.expiry = growFloat64(this.expiry, capacity);
    this.backoffSpent = growFloat64(this.backoffSpent, capacity);
    this.attemptCount = growInt32(this.attemptCount, capacity);
    this.unschedulableCount = growInt32(this.unschedulableCount, capacity);
    this.errorCount = growInt32(this.errorCount, capacity);
    this.rejectors = growInt32(this.rejectors, capacity);
    this.pendings = growInt32(this.pendings, capacity);
    this.gate = growInt32(this.gate, capacity);
    this.capacity = capacity;
  }
}

type Heap = IndexHeap | KeyedHeap | SortedRuns;

const everyPod = (): boolean => true;
