/**
 * Events that happened while pods were being scheduled, in order, so that a pod that fails can be asked whether one of
 * them helps (pkg/scheduler/backend/queue/active_queue.go). Leading events are dropped when the oldest pod leaves.
 */
import type { ClusterEvent, EventSubject } from '../framework/cluster-event.ts';

export interface RecordedEvent {
  readonly event: ClusterEvent;
  readonly subject: EventSubject;
}

export class InFlight {
  /** A pod row (its marker) or an event. */
  private entries: (number | RecordedEvent)[] = [];
  private readonly pods = new Set<number>();

  get podCount(): number {
    return this.pods.size;
  }

  has(pod: number): boolean {
    return this.pods.has(pod);
  }

  start(pod: number): void {
    this.pods.add(pod);
    this.entries.push(pod);
  }

  /** Nothing is kept while no pod is in flight. */
  record(event: ClusterEvent, subject: EventSubject): void {
    if (this.pods.size > 0) this.entries.push({ event, subject });
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
    if (!this.pods.delete(pod)) return;
    if (this.pods.size === 0) {
      this.entries.length = 0;
      return;
    }
    this.entries = this.entries.filter((entry) => entry !== pod);
    const first = this.entries.findIndex((entry) => typeof entry === 'number');
    if (first > 0) this.entries = this.entries.slice(first);
  }
}
