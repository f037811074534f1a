/** What the scheduling queue keeps of each pod: upstream's QueuedPodInfo (pkg/scheduler/framework/types.go). */
import { growFloat64, growInt32, growUint8, grownCapacity } from '../../base/growable.ts';
import { MICROS_PER_SECOND, type Micros } from '../../base/time.ts';
import { backoffDuration, backoffEnd, wholeSecond } from './backoff.ts';
import type { QueueSettings } from './backoff.ts';

/** Which sub-queue holds a pod. */
export const QueuePlace = { None: 0, Active: 1, Backoff: 2, ErrorBackoff: 3, Unschedulable: 4 } as const;
export type QueuePlace = (typeof QueuePlace)[keyof typeof QueuePlace];

/** Why a pod is unschedulable, as plugin masks. */
export interface Rejection {
  readonly rejectors: number;
  readonly pendings: number;
}

/** Columns by pod row, as long as the highest row that clear() has been told of. Only the queue writes them. */
export class QueuedPods {
  /** A QueuePlace. */
  place: Uint8Array = new Uint8Array(0);
  /** When the pod came into the queue, or back after its last failed attempt. */
  timestamp: Float64Array = new Float64Array(0);
  /** Of the pod's template, as of when the pod last entered a heap or was updated. */
  priority: Float64Array = new Float64Array(0);
  /** Order of setting `timestamp`, which never decreases: stands for it and breaks its ties. */
  order: Float64Array = new Float64Array(0);
  /** When the pod was last looked at because it had waited for so long. */
  lastFlush: Float64Array = new Float64Array(0);
  /** When the pod first entered the active queue; NaN: never. */
  initialAttempt: Float64Array = new Float64Array(0);
  /** Whole second at which backoff ends; NaN: not computed since the last failure. */
  expiry: Float64Array = new Float64Array(0);
  backoffSpent: Float64Array = new Float64Array(0);
  attemptCount: Int32Array = new Int32Array(0);
  /** Failed attempts that were rejections, not errors: what the backoff grows with. */
  unschedulableCount: Int32Array = new Int32Array(0);
  /** Failed attempts in a row that were errors. */
  errorCount: Int32Array = new Int32Array(0);
  /** Plugin masks. */
  rejectors: Int32Array = new Int32Array(0);
  pendings: Int32Array = new Int32Array(0);
  /** Bit of the gating plugin, 0: not gated. */
  gate: Int32Array = new Int32Array(0);
  private capacity = 0;
  private sequence = 0;
  private readonly settings: QueueSettings;

  constructor(settings: QueueSettings) {
    this.settings = settings;
  }

  placeOf(pod: number): QueuePlace {
    return pod < this.capacity ? (this.place[pod] as QueuePlace) : QueuePlace.None;
  }

  /** Of a row that a new pod has: nothing is known of it yet. */
  clear(pod: number): void {
    if (pod >= this.capacity) this.grow(pod + 1);
    this.attemptCount[pod] = this.unschedulableCount[pod] = this.errorCount[pod] = 0;
    this.rejectors[pod] = this.pendings[pod] = this.gate[pod] = 0;
    this.initialAttempt[pod] = this.expiry[pod] = NaN;
    this.backoffSpent[pod] = this.lastFlush[pod] = 0;
  }

  stamp(pod: number, now: Micros): void {
    this.timestamp[pod] = now;
    this.order[pod] = this.sequence++;
  }

  /** Empty masks mean an error. */
  noteFailure(pod: number, rejectors: number, pendings: number, now: Micros): void {
    this.rejectors[pod] = rejectors;
    this.pendings[pod] = pendings;
    if (rejectors === 0 && pendings === 0) this.errorCount[pod]++;
    else {
      this.unschedulableCount[pod]++;
      this.errorCount[pod] = 0;
    }
    this.stamp(pod, now);
    this.expiry[pod] = NaN;
  }

  /**
   * `count` rejections, the first pod's at `now`, each `every` after the one before. Where the pods come from backoff,
   * what they spent there until they were popped, `every` before they were rejected, is counted.
   */
  noteRejections(
    pods: Int32Array, count: number, wasBackingOff: boolean, every: Micros, now: Micros, by: Rejection,
  ): void {
    const { attemptCount, unschedulableCount, errorCount, backoffSpent, timestamp, order, expiry, place } = this;
    const { rejectors: rejectorsOf, pendings: pendingsOf, sequence } = this;
    const { rejectors, pendings } = by;
    let at = now;
    // Most have failed as often as the one before, and their backoff ends in the same second.
    let failures = -1;
    let end = 0;
    let endsBefore = 0;
    for (let i = 0; i < count; i++) {
      const pod = pods[i];
      if (wasBackingOff) backoffSpent[pod] += at - timestamp[pod];
      at += every;
      attemptCount[pod]++;
      errorCount[pod] = 0;
      rejectorsOf[pod] = rejectors;
      pendingsOf[pod] = pendings;
      timestamp[pod] = at;
      order[pod] = sequence + i;
      place[pod] = QueuePlace.Unschedulable;
      const failed = ++unschedulableCount[pod];
      if (failed !== failures || at >= endsBefore) {
        failures = failed;
        const duration = backoffDuration(failed, this.settings);
        end = duration === 0 ? 0 : wholeSecond(at + duration);
        endsBefore = duration === 0 ? Infinity : end + MICROS_PER_SECOND - duration;
      }
      expiry[pod] = end;
    }
    this.sequence = sequence + count;
  }

  /** Whether the last attempt failed with an error: nothing rejected the pod. */
  hasErred(pod: number): boolean {
    return this.rejectors[pod] === 0 && this.pendings[pod] === 0;
  }

  noteBackoff(pod: number, now: Micros): void {
    this.backoffSpent[pod] += now - this.timestamp[pod];
  }

  /** Whole second (in micros) at which the pod's backoff ends. */
  backoffEnd(pod: number): Micros {
    const known = this.expiry[pod];
    if (known === known) return known;
    const count = this.errorCount[pod] > 0 ? this.errorCount[pod] : this.unschedulableCount[pod];
    return (this.expiry[pod] = backoffEnd(this.timestamp[pod], count, this.settings));
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
