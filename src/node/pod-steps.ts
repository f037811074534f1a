/**
 * What comes next for each pod on its node: seen by the kubelet, sandbox ready, started, finished, stopped. Every step
 * carries the ticket of the pod row at the time when it was set. Whatever makes steps to come void (the pod is bound,
 * stops, is removed, its machine dies) takes the next ticket. A step costs one event; a pod row four bytes.
 */
import { growUint32 } from '../base/growable.ts';
import type { Micros } from '../base/time.ts';
import type { EventKind, Kernel } from '../kernel/kernel.ts';

/** Called when a step is due and its ticket still counts. */
type OnStep = (pod: number, ticket: number) => void;

export interface PodStepHandlers {
  readonly seen: OnStep;
  readonly sandboxReady: OnStep;
  readonly start: OnStep;
  readonly finish: OnStep;
  readonly stop: OnStep;
}

export class PodSteps {
  readonly seen: EventKind;
  readonly sandboxReady: EventKind;
  readonly start: EventKind;
  readonly finish: EventKind;
  readonly stop: EventKind;
  private readonly kernel: Kernel;
  /** By pod row; never set back, so it outlives the pods of the row. */
  private tickets: Uint32Array = new Uint32Array(0);

  constructor(kernel: Kernel, { seen, sandboxReady, start, finish, stop }: PodStepHandlers) {
    this.kernel = kernel;
    const step = (name: string, take: OnStep): EventKind => (
      kernel.defineEvent(name, 3, (pod, ticket) => { if (this.isCurrent(pod, ticket)) take(pod, ticket); })
    );
    this.seen = step('pod seen', seen);
    this.sandboxReady = step('pod sandbox ready', sandboxReady);
    this.start = step('pod start', start);
    this.finish = step('pod finish', finish);
    this.stop = step('pod stop', stop);
  }

  /** A pod came; `capacity` of the pod table. */
  podCreated(pod: number, capacity: number): void {
    if (pod >= this.tickets.length) this.tickets = growUint32(this.tickets, capacity);
  }

  /** Makes the pod's steps to come void. */
  nextTicket(pod: number): number {
    return ++this.tickets[pod] | 0;
  }

  isCurrent(pod: number, ticket: number): boolean {
    return (this.tickets[pod] | 0) === ticket;
  }

  /** Sets the pod's next step; in place of those to come, or with the ticket that they have. */
  after(micros: Micros, step: EventKind, pod: number, ticket: number = this.nextTicket(pod)): void {
    this.kernel.after(micros, step, pod, ticket);
  }
}
