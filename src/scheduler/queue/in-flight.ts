/**
 * Events that happened while pods were being scheduled, in order, so that a pod that fails can be asked whether one of
 * them helps (pkg/scheduler/backend/queue/active_queue.go). Leading events are dropped when the oldest pod leaves.
 */
import { growUint8, grownCapacity } from '../../base/growable.ts';
import type { ClusterEvent, EventSubject } from '../framework/cluster-event.ts';

export interface RecordedEvent {
  readonly event: ClusterEvent;
  readonly subject: EventSubject;
}

export class InFlight {
  /** A pod row (its marker) or an event. */
  private entries: (number | RecordedEvent)[] = [];
  /** By pod row: 1 while in flight. */
  private flies: Uint8Array = new Uint8Array(64);
  podCount = 0;

  has(pod: number): boolean {
    return pod < this.flies.length && this.flies[pod] === 1;
  }

  start(pod: number): void {
    if (pod >= this.flies.length) this.flies = growUint8(this.flies, grownCapacity(this.flies.length, pod + 1));
    if (this.flies[pod] === 0) this.podCount++;
    this.flies[pod] = 1;
    this.entries.push(pod);
  }

  /** No event is kept for any pod. */
  get hasNoEvents(): boolean {
    return this.entries.length === this.podCount;
  }

  /** Rows, in the order in which they were popped. */
  *pods(): Generator<number> {
    for (const entry of this.entries) if (typeof entry === 'number') yield entry;
  }

  /** Nothing is kept while no pod is in flight. */
  record(event: ClusterEvent, subject: EventSubject): void {
    if (this.podCount > 0) this.entries.push({ event, subject });
  }

  /** Events since the pod was popped, oldest first. */
  *eventsSince(pod: number): Generator<RecordedEvent> {
    const at = this.entries.indexOf(pod);
    for (let i = at + 1; i > 0 && i < this.entries.length; i++) {
      const entry = this.entries[i];
      if (typeof entry !== 'number') yield entry;
    }
  }

  done(pod: number): void {
    if (!this.has(pod)) return;
    this.flies[pod] = 0;
    if (--this.podCount === 0) {
      if (this.entries.length === 1) this.entries.pop();
      else this.entries = [];
      return;
    }
    this.entries = this.entries.filter((entry) => entry !== pod);
    const first = this.entries.findIndex((entry) => typeof entry === 'number');
    if (first > 0) this.entries = this.entries.slice(first);
  }
}
