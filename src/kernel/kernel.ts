/**
 * The clock and the loop. Owns simulated time, the kinds of events with their handlers, the queue, the inputs that are
 * merged from outside it, the random streams and the digest of a run.
 *
 * Order is total: (time, phase, sequence). At one instant the lowest phase that holds anything always goes next, even
 * if a handler of a later phase put it there; inputs of a phase go before queued events of that phase. The kernel feeds
 * nothing into the digest itself: a digest speaks of what happened to the world, not of how the loop was driven.
 *
 * An event costs a push and a pop of `EventQueue` and one call; nothing is allocated for it.
 */
import { assert, AssertionFailure } from '../base/assert.ts';
import { Digest } from '../base/digest.ts';
import type { Micros } from '../base/time.ts';
import { EventQueue, NO_PHASE, type TimerId } from './event-queue.ts';
import { RandomStreams } from './random.ts';

export type { TimerId } from './event-queue.ts';

/** A small integer handed out by `defineEvent`, from 1 upwards in order of definition. */
export type EventKind = number;

/** `a` and `b` are the two int32 given when the event was scheduled, mostly row numbers. */
export type EventHandler = (a: number, b: number) => void;

/** A sorted stream of timed items that stays outside the queue. */
export interface InputSource {
  /** When the next item is due; Infinity when exhausted. Never decreases, and changes only by `deliver`. */
  nextTime(): Micros;
  /** Delivers the next item. Called again while `nextTime()` stays the same; each call counts as one event. */
  deliver(): void;
}

/** Why `run` came back: nothing left at all; nothing left up to `until`; asked to by `maxEvents` or `stop`. */
export type RunOutcome = 'exhausted' | 'horizon' | 'paused';

export interface RunOptions {
  readonly until?: Micros | undefined;
  readonly maxEvents?: number | undefined;
}

interface Input {
  readonly phase: number;
  readonly source: InputSource;
  /** What `source.nextTime()` said last. */
  nextTime: Micros;
}

export class Kernel {
  readonly digest = new Digest();
  readonly random: RandomStreams;
  private readonly phaseCount: number;
  private readonly queue: EventQueue;
  private readonly handlers: EventHandler[] = [];
  private readonly names: string[] = [];
  /** By phase, then by registration. */
  private readonly inputs: Input[] = [];
  /** The earliest of all inputs; Infinity when all are exhausted. */
  private inputTime: Micros = Infinity;
  private executedCount = 0;
  private running = false;
  private stopRequested = false;
  /** Of the run under way: its last instant, and how many events it may still execute. */
  private until: Micros = Infinity;
  private leftCount = 0;
  /** What quietBefore() has told the handler under way, and the number of pending events then; 0: it has not asked. */
  private quietEnd: Micros = 0;
  private quietPending = 0;

  constructor(options: { readonly seed: string; readonly phaseCount?: number }) {
    this.phaseCount = options.phaseCount ?? 8;
    this.random = new RandomStreams(options.seed);
    this.queue = new EventQueue(this.phaseCount);
    this.handlers.push(() => assert(false, 'event kind 0 is never executed'));
    this.names.push('');
  }

  get now(): Micros {
    return this.queue.currentTime;
  }

  /** Events executed so far, input deliveries included, cancelled timers not. */
  get eventCount(): number {
    return this.executedCount;
  }

  /** Events that stand in the queue and were not cancelled; inputs are not counted. */
  get pendingCount(): number {
    return this.queue.pendingCount;
  }

  /** Registers a kind of event. All events of a kind belong to one phase, 0 <= phase < phaseCount. */
  defineEvent(name: string, phase: number, handler: EventHandler): EventKind {
    const kind = this.queue.defineKind(phase);
    this.handlers[kind] = handler;
    this.names[kind] = name;
    return kind;
  }

  eventName(kind: EventKind): string {
    assert(kind > 0 && kind < this.names.length, 'unknown event kind');
    return this.names[kind];
  }

  /** Schedules an event at an absolute time, not before `now`. `a` and `b` are int32. */
  at(time: Micros, kind: EventKind, a = 0, b = 0): void {
    this.checkEvent(time, kind, a, b);
    this.queue.push(time, kind, a, b);
  }

  /** Schedules an event `delay` microseconds from now. */
  after(delay: Micros, kind: EventKind, a = 0, b = 0): void {
    const time = this.queue.currentTime + delay;
    this.checkEvent(time, kind, a, b);
    this.queue.push(time, kind, a, b);
  }

  /** Like `at`, and can be cancelled. Ids are positive; 0 is free for "no timer". */
  timerAt(time: Micros, kind: EventKind, a = 0, b = 0): TimerId {
    this.checkEvent(time, kind, a, b);
    return this.queue.pushTimer(time, kind, a, b);
  }

  /** False when the timer has fired, was cancelled before, or never was. A timer has fired when its handler begins. */
  cancel(id: TimerId): boolean {
    return this.queue.cancel(id);
  }

  /** Merges a sorted stream into the order of events. Sources of one phase are served in order of registration. */
  addInput(phase: number, source: InputSource): void {
    assert(Number.isInteger(phase) && phase >= 0 && phase < this.phaseCount, 'an input needs a phase of the kernel');
    let place = this.inputs.length;
    while (place > 0 && this.inputs[place - 1].phase > phase) place--;
    const input: Input = { phase, source, nextTime: Infinity };
    this.inputs.splice(place, 0, input);
    this.refreshInput(input);
  }

  /**
   * Executes events in order. With `until`, events at exactly `until` are executed, later ones stay, and `now` becomes
   * `until` on 'horizon'; on 'exhausted' and 'paused' it stays at the last event. May be called again to go on.
   */
  run(options: RunOptions = {}): RunOutcome {
    const until = options.until ?? Infinity;
    const maxEvents = options.maxEvents ?? Infinity;
    assert(!this.running, 'run must not be called from a handler');
    assert(until === Infinity || Number.isSafeInteger(until), 'until must be whole microseconds');
    assert(until >= this.now, 'until must not lie in the past');
    assert(
      maxEvents === Infinity || (Number.isSafeInteger(maxEvents) && maxEvents >= 0),
      'maxEvents must be a whole number',
    );
    this.running = true;
    this.stopRequested = false;
    this.until = until;
    this.leftCount = maxEvents;
    try {
      return this.loop(until);
    } finally {
      this.running = false;
    }
  }

  /**
   * Executes up to so many events of this instant and those that follow, and gives the names of their kinds, the most
   * frequent first, equals as they were defined; inputs are left out. For a run that is about to be given up.
   */
  census(events: number): string[] {
    const { handlers } = this;
    const counts = handlers.map((handler, kind) => ({ name: this.names[kind], handler, count: 0 }));
    counts.forEach((entry, kind) => {
      handlers[kind] = (a, b) => {
        entry.count++;
        entry.handler(a, b);
      };
    });
    try {
      this.run({ maxEvents: events });
    } finally {
      counts.forEach(({ handler }, kind) => {
        handlers[kind] = handler;
      });
    }
    const seen = counts.filter(({ count }) => count > 0);
    return seen.sort((a, b) => b.count - a.count).map(({ name }) => name);
  }

  /** Called by a handler: `run` returns 'paused' after the current event. Without effect outside `run`. */
  stop(): void {
    this.stopRequested = true;
  }

  /**
   * For a handler that does at once what a chain of its own events would do one after the other: the time before which
   * nothing else happens. `now` where something else waits at this instant, or the run is about to pause.
   */
  quietBefore(): Micros {
    const { queue, inputTime, until } = this;
    const now = queue.currentTime;
    if (!this.running || this.stopRequested || queue.lowestPhase() !== NO_PHASE) return now;
    const next = queue.nextTime(inputTime < until ? inputTime : until);
    this.quietPending = queue.pendingCount;
    return (this.quietEnd = Math.min(next, inputTime, until + 1));
  }

  /** How many events the run under way may still execute. */
  get eventsLeft(): number {
    return this.leftCount;
  }

  /**
   * Moves the clock to a time before what `quietBefore()` has said in the same handler, as so many events would have
   * done on the way there that the caller has not scheduled because it does their work itself. They count as executed.
   */
  pass(time: Micros, events: number): void {
    const { queue } = this;
    assert(events <= this.leftCount, 'a run passes no more events than it may execute');
    assert(time < this.quietEnd && time >= queue.currentTime, 'the clock must not pass what happens next');
    assert(queue.pendingCount === this.quietPending, 'whoever has scheduled something has to ask again');
    queue.currentTime = time;
    this.leftCount -= events;
    this.executedCount += events;
  }

  private loop(until: Micros): RunOutcome {
    const queue = this.queue;
    for (;;) {
      const phase = queue.lowestPhase();
      const inputDue = this.inputTime === queue.currentTime;
      if (phase === NO_PHASE && !inputDue) {
        if (queue.pendingCount === 0 && this.inputTime === Infinity) return 'exhausted';
        if (!this.advance(until)) return 'horizon';
        continue;
      }
      if (this.leftCount === 0) return 'paused';
      this.leftCount--;
      this.quietEnd = 0;
      this.executedCount++;
      if (!inputDue || !this.deliverInput(phase)) {
        const kind = queue.take(phase);
        this.handlers[kind](queue.takenA, queue.takenB);
      }
      if (this.stopRequested) return 'paused';
    }
  }

  /** Moves on to the next instant that holds anything; false, and on to `until`, if that lies beyond `until`. */
  private advance(until: Micros): boolean {
    // Whatever comes first, the clock goes no further than this.
    const limit = this.inputTime < until ? this.inputTime : until;
    const queueTime = this.queue.nextTime(limit);
    const next = this.inputTime < queueTime ? this.inputTime : queueTime;
    if (next > until) {
      this.queue.moveTo(until);
      return false;
    }
    // An instant of cancelled timers alone does not move the clock: it must not be told from one that never was.
    if (queueTime === next) this.queue.openNext();
    if (this.inputTime === next) this.queue.moveTo(next);
    return true;
  }

  /** Delivers the first input due now in a phase not after `queuedPhase`; false if there is none. */
  private deliverInput(queuedPhase: number): boolean {
    const now = this.queue.currentTime;
    for (const input of this.inputs) {
      if (input.phase > queuedPhase) return false;
      if (input.nextTime !== now) continue;
      input.source.deliver();
      this.refreshInput(input);
      return true;
    }
    return false;
  }

  private refreshInput(input: Input): void {
    const time = input.source.nextTime();
    assert(time === Infinity || Number.isSafeInteger(time), 'an input must give whole microseconds or Infinity');
    assert(time >= this.queue.currentTime, 'an input must not fall behind the clock');
    input.nextTime = time;
    let earliest = Infinity;
    for (const each of this.inputs) if (each.nextTime < earliest) earliest = each.nextTime;
    this.inputTime = earliest;
  }

  private checkEvent(time: Micros, kind: EventKind, a: number, b: number): void {
    const known = kind > 0 && this.handlers[kind] !== undefined;
    const inTime = Number.isSafeInteger(time) && time >= this.queue.currentTime;
    if (known && inTime && (a | 0) === a && (b | 0) === b) return;
    const name = known ? this.names[kind] : `unknown kind ${kind}`;
    throw new AssertionFailure(
      `event "${name}" at ${time} with (${a}, ${b}): needs a defined kind, whole microseconds not before ${this.now}, and two int32`,
    );
  }
}

/**
 * Calls that arrive some time after they were made: each draws how long it takes, and is carried out then. One caller's
 * calls overtake each other unless it waits for their answers. A call costs an event and a closure.
 */
export class DelayedCalls {
  private readonly kernel: Kernel;
  private readonly takes: () => Micros;
  private readonly event: EventKind;
  private readonly underWay = new Map<number, () => void>();
  private lastId = 0;

  /** `takes`: how long the next call takes. */
  constructor(kernel: Kernel, name: string, phase: number, takes: () => Micros) {
    this.kernel = kernel;
    this.takes = takes;
    this.event = kernel.defineEvent(name, phase, (id) => this.arrive(id));
  }

  /** Calls that have not arrived yet. */
  get count(): number {
    return this.underWay.size;
  }

  /** How long a call takes that is about to be made. */
  draw(): Micros {
    return this.takes();
  }

  /** Returns when it arrives: after so long, by default as long as a call takes. */
  call(carryOut: () => void, after: Micros = this.takes()): Micros {
    const id = (this.lastId = (this.lastId + 1) | 0);
    assert(!this.underWay.has(id), 'a call has a number of its own');
    this.underWay.set(id, carryOut);
    this.kernel.after(after, this.event, id);
    return this.kernel.now + after;
  }

  private arrive(id: number): void {
    const carryOut = this.underWay.get(id);
    assert(carryOut !== undefined, 'a call arrives once');
    this.underWay.delete(id);
    carryOut();
  }
}
