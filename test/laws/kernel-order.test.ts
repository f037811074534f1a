import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Kernel, type EventKind, type TimerId } from '../../src/kernel/kernel.ts';

/** What a random program does when it begins, and what its events do when they run. */
interface Step {
  readonly op: 'event' | 'timer' | 'cancel';
  readonly delay: number;
  readonly phase: number;
  /** Which of the timers made so far a cancel aims at, modulo their number. */
  readonly target: number;
}
interface Program {
  readonly start: readonly Step[];
  /** Event number n does what `reactions[n mod length]` says, until `spawnLimit` events were made. */
  readonly reactions: readonly (readonly Step[])[];
  readonly inputs: readonly { readonly phase: number; readonly gaps: readonly number[] }[];
  readonly spawnLimit: number;
}

const PHASE_COUNT = 4;
/** Few bins of each level of `FarEvents`, few places in each. */
const farDelay = fc.tuple(fc.nat(3), fc.nat(3), fc.nat(2)).map(([bin, level, place]) => bin * 2 ** (13 + 10 * level) + place);
const stepArbitrary: fc.Arbitrary<Step> = fc.record({
  op: fc.constantFrom('event', 'event', 'timer', 'timer', 'cancel'),
  delay: fc.oneof({ weight: 3, arbitrary: fc.nat(3) }, { weight: 1, arbitrary: fc.constantFrom(1000, 3_600_000_000, 2 ** 40) }, { weight: 1, arbitrary: farDelay }),
  phase: fc.nat(PHASE_COUNT - 1),
  target: fc.nat(50),
});
const programArbitrary: fc.Arbitrary<Program> = fc.record({
  start: fc.array(stepArbitrary, { maxLength: 40 }),
  reactions: fc.array(fc.array(stepArbitrary, { maxLength: 4 }), { minLength: 1, maxLength: 8 }),
  inputs: fc.array(fc.record({ phase: fc.nat(PHASE_COUNT - 1), gaps: fc.array(fc.nat(3), { maxLength: 12 }) }), { maxLength: 3 }),
  spawnLimit: fc.nat(150),
});

/** What a program needs of whoever executes it. */
interface Machine {
  now(): number;
  schedule(delay: number, phase: number, number: number): void;
  timer(delay: number, phase: number, number: number): TimerId;
  cancel(id: TimerId): boolean;
}

/** The part of a program that both machines share: reacts to events and writes the log that is compared. */
class ProgramRun {
  readonly log: string[] = [];
  private readonly timers: TimerId[] = [];
  private eventNumber = 0;
  private readonly program: Program;
  private readonly machine: Machine;

  constructor(program: Program, machine: Machine) {
    this.program = program;
    this.machine = machine;
  }

  perform(steps: readonly Step[]): void {
    for (const step of steps) {
      if (step.op === 'cancel') {
        if (this.timers.length === 0) continue;
        const index = step.target % this.timers.length;
        this.log.push(`cancel ${index}: ${this.machine.cancel(this.timers[index])}`);
      } else if (this.eventNumber < this.program.spawnLimit) {
        const number = this.eventNumber++;
        if (step.op === 'timer') this.timers.push(this.machine.timer(step.delay, step.phase, number));
        else this.machine.schedule(step.delay, step.phase, number);
      }
    }
  }

  execute(phase: number, number: number): void {
    this.log.push(`event ${number} of phase ${phase} at ${this.machine.now()}`);
    this.perform(this.program.reactions[number % this.program.reactions.length]);
  }

  input(source: number, item: number): void {
    this.log.push(`input ${source}/${item} at ${this.machine.now()}`);
    this.perform(this.program.reactions[(source + item) % this.program.reactions.length]);
  }
}

function onKernel(program: Program, drive: (kernel: Kernel) => void): readonly string[] {
  const kernel = new Kernel({ seed: 'order', phaseCount: PHASE_COUNT });
  const kinds: EventKind[] = [];
  const run: ProgramRun = new ProgramRun(program, {
    now: () => kernel.now,
    schedule: (delay, phase, number) => kernel.after(delay, kinds[phase], number, ~number),
    timer: (delay, phase, number) => kernel.timerAt(kernel.now + delay, kinds[phase], number, ~number),
    cancel: (id) => kernel.cancel(id),
  });
  for (let phase = 0; phase < PHASE_COUNT; phase++) {
    kinds.push(
      kernel.defineEvent(`phase ${phase}`, phase, (a, b) => {
        expect(b).toBe(~a);
        run.execute(phase, a);
      }),
    );
  }
  program.inputs.forEach(({ phase, gaps }, source) => {
    const times = timesOf(gaps);
    let item = 0;
    kernel.addInput(phase, { nextTime: () => times[item] ?? Infinity, deliver: () => run.input(source, item++) });
  });
  run.perform(program.start);
  drive(kernel);
  run.log.push(`end at ${kernel.now} after ${kernel.eventCount}, ${kernel.pendingCount} left`);
  return run.log;
}

/** The slow twin: everything in one array, sorted by (time, phase, input before queued, source or sequence). */
function onSortedArray(program: Program): readonly string[] {
  type Entry = { time: number; phase: number; queued: number; sequence: number; item: number; id: TimerId; go: () => void };
  const entries: Entry[] = [];
  let now = 0;
  let sequence = 0;
  let executedCount = 0;
  const schedule = (delay: number, phase: number, number: number): TimerId => {
    const id = ++sequence;
    entries.push({ time: now + delay, phase, queued: 1, sequence: id, item: 0, id, go: () => run.execute(phase, number) });
    return id;
  };
  const run: ProgramRun = new ProgramRun(program, {
    now: () => now,
    schedule,
    timer: schedule,
    cancel: (id) => {
      const index = entries.findIndex((entry) => entry.id === id);
      if (index >= 0) entries.splice(index, 1);
      return index >= 0;
    },
  });
  program.inputs.forEach(({ phase, gaps }, source) => {
    timesOf(gaps).forEach((time, item) => {
      entries.push({ time, phase, queued: 0, sequence: source, item, id: -1, go: () => run.input(source, item) });
    });
  });
  run.perform(program.start);
  while (entries.length > 0) {
    entries.sort((x, y) => x.time - y.time || x.phase - y.phase || x.queued - y.queued || x.sequence - y.sequence || x.item - y.item);
    const entry = entries.shift()!;
    now = entry.time;
    executedCount++;
    entry.go();
  }
  run.log.push(`end at ${now} after ${executedCount}, 0 left`);
  return run.log;
}

function timesOf(gaps: readonly number[]): readonly number[] {
  let time = 0;
  return gaps.map((gap) => (time += gap));
}

describe('the order of events', () => {
  it('is that of an array sorted by time, phase and sequence, for random programs with timers, cancels and inputs', () => {
    fc.assert(
      fc.property(programArbitrary, (program) => {
        expect(onKernel(program, (kernel) => expect(kernel.run()).toBe('exhausted'))).toEqual(onSortedArray(program));
      }),
      { numRuns: 600 },
    );
  });

  it('does not depend on how the run is cut into pieces', () => {
    fc.assert(
      fc.property(programArbitrary, fc.array(fc.record({ events: fc.nat(9), span: fc.nat(4) })), (program, pieces) => {
        const whole = onKernel(program, (kernel) => void kernel.run());
        const byCount = onKernel(program, (kernel) => {
          for (const { events } of pieces) kernel.run({ maxEvents: events });
          while (kernel.run({ maxEvents: 3 }) === 'paused');
        });
        expect(byCount).toEqual(whole);
        const byTime = onKernel(program, (kernel) => {
          for (const { events, span } of pieces) kernel.run({ until: kernel.now + span, maxEvents: events });
          kernel.run();
        });
        // A horizon beyond the last event leaves the clock there, so the last line may name another end.
        expect(byTime.slice(0, -1)).toEqual(whole.slice(0, -1));
      }),
      { numRuns: 200 },
    );
  });

  it('gives one digest however insertions at distinct instants are shuffled', () => {
    const digestOf = (times: readonly number[]) => {
      const kernel = new Kernel({ seed: 'x' });
      const kind = kernel.defineEvent('mark', 0, (a) => {
        kernel.digest.addNumber(kernel.now);
        kernel.digest.addInt(a);
      });
      for (const time of times) kernel.at(time, kind, time % 1000);
      kernel.run();
      return kernel.digest.hex();
    };
    const shuffles = fc
      .uniqueArray(fc.nat(Number.MAX_SAFE_INTEGER), { minLength: 2, maxLength: 100 })
      .chain((times) => fc.tuple(fc.constant(times), fc.shuffledSubarray(times, { minLength: times.length })));
    fc.assert(
      fc.property(shuffles, ([times, shuffled]) => {
        expect(digestOf(shuffled)).toBe(digestOf(times));
      }),
      { numRuns: 100 },
    );
  });
});
