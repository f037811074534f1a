import { describe, expect, it } from 'vitest';
import { Kernel, type InputSource } from '../../src/kernel/kernel.ts';

/** A kernel whose events write what ran, as `name:a@time`; one kind for each of the eight phases. */
function loggingKernel() {
  const kernel = new Kernel({ seed: 'test' });
  const log: string[] = [];
  const kinds = Array.from({ length: 8 }, (_, phase) => {
    const name = `p${phase}`;
    return kernel.defineEvent(name, phase, (a) => void log.push(`${name}:${a}@${kernel.now}`));
  });
  return { kernel, log, kinds };
}

function listInput(times: readonly number[], deliverItem: (index: number) => void): InputSource {
  let index = 0;
  return {
    nextTime: () => (index < times.length ? times[index] : Infinity),
    deliver: () => deliverItem(index++),
  };
}

describe('the kernel loop', () => {
  it('executes events by time, then phase, then in the order they were scheduled', () => {
    const { kernel, log, kinds } = loggingKernel();
    kernel.at(20, kinds[3], 1);
    kernel.at(10, kinds[5], 2);
    kernel.at(20, kinds[1], 3);
    kernel.at(10, kinds[5], 4);
    kernel.at(0, kinds[7], 5);
    kernel.at(20, kinds[3], 6);
    expect(kernel.run()).toBe('exhausted');
    expect(log).toEqual(['p7:5@0', 'p5:2@10', 'p5:4@10', 'p1:3@20', 'p3:1@20', 'p3:6@20']);
    expect(kernel.now).toBe(20);
    expect(kernel.eventCount).toBe(6);
    expect(kernel.pendingCount).toBe(0);
  });

  it('goes back to a lower phase when a later phase schedules into it at the same instant', () => {
    const { kernel, log, kinds } = loggingKernel();
    const spawn = kernel.defineEvent('spawn', 4, () => {
      log.push('spawn');
      kernel.after(0, kinds[6], 1);
      kernel.after(0, kinds[0], 2);
      kernel.after(0, kinds[4], 3);
    });
    kernel.at(5, spawn);
    kernel.at(5, kinds[4], 9);
    kernel.run();
    expect(log).toEqual(['spawn', 'p0:2@5', 'p4:9@5', 'p4:3@5', 'p6:1@5']);
  });

  it('serves inputs before queued events of their phase and in order of registration', () => {
    const { kernel, log, kinds } = loggingKernel();
    kernel.addInput(5, listInput([7], () => log.push('late')));
    kernel.addInput(2, listInput([0, 7, 7], (i) => log.push(`first:${i}`)));
    kernel.addInput(2, listInput([7, 8], (i) => {
      log.push(`second:${i}`);
      if (i === 0) kernel.after(0, kinds[1], 9);
    }));
    kernel.at(7, kinds[2], 1);
    kernel.at(7, kinds[1], 2);
    kernel.at(7, kinds[5], 3);
    expect(kernel.run()).toBe('exhausted');
    expect(log).toEqual([
      'first:0', 'p1:2@7', 'first:1', 'first:2', 'second:0', 'p1:9@7', 'p2:1@7', 'late', 'p5:3@7', 'second:1',
    ]);
    expect(kernel.eventCount).toBe(10);
  });

  it('executes events at exactly the horizon, keeps later ones and moves the clock to the horizon', () => {
    const { kernel, log, kinds } = loggingKernel();
    kernel.at(10, kinds[0], 1);
    kernel.at(11, kinds[0], 2);
    kernel.addInput(2, listInput([10, 40], (i) => log.push(`input:${i}`)));
    expect(kernel.run({ until: 10 })).toBe('horizon');
    expect(log).toEqual(['p0:1@10', 'input:0']);
    kernel.at(10, kinds[7], 3);
    expect(kernel.run({ until: 10 })).toBe('horizon');
    expect(kernel.run({ until: 30 })).toBe('horizon');
    expect(kernel.now).toBe(30);
    expect(kernel.run({ until: 50 })).toBe('exhausted');
    expect(kernel.now).toBe(40);
    expect(log).toEqual(['p0:1@10', 'input:0', 'p7:3@10', 'p0:2@11', 'input:1']);
  });

  it('pauses when a handler asks for it or the event budget is used up, and goes on in the same order', () => {
    const { kernel, log, kinds } = loggingKernel();
    const halt = kernel.defineEvent('halt', 3, () => kernel.stop());
    kernel.at(1, kinds[0], 1);
    kernel.at(1, halt);
    kernel.at(1, kinds[5], 2);
    expect(kernel.run({ maxEvents: 0 })).toBe('paused');
    expect(kernel.run({ maxEvents: 1 })).toBe('paused');
    expect(log).toEqual(['p0:1@1']);
    expect(kernel.run()).toBe('paused');
    expect(log).toEqual(['p0:1@1']);
    expect(kernel.run({ maxEvents: 1 })).toBe('exhausted');
    expect(log).toEqual(['p0:1@1', 'p5:2@1']);
  });

  it('can go on after a handler threw', () => {
    const { kernel, log, kinds } = loggingKernel();
    const fail = kernel.defineEvent('fail', 0, () => {
      throw new Error('handler failed');
    });
    kernel.at(1, fail);
    kernel.at(1, kinds[1], 1);
    expect(() => kernel.run()).toThrow('handler failed');
    expect(kernel.run()).toBe('exhausted');
    expect(log).toEqual(['p1:1@1']);
  });

  it('refuses times that are past, fractional, unsafe or not numbers, and numbers that are not int32', () => {
    const { kernel, kinds } = loggingKernel();
    kernel.at(10, kinds[0]);
    kernel.run();
    for (const time of [9, -1, 10.5, NaN, Infinity, Number.MAX_SAFE_INTEGER + 1]) {
      expect(() => kernel.at(time, kinds[0])).toThrow(/whole microseconds not before 10/);
      expect(() => kernel.timerAt(time, kinds[0])).toThrow(/whole microseconds not before 10/);
    }
    for (const delay of [-1, 0.5, NaN, Infinity]) expect(() => kernel.after(delay, kinds[0])).toThrow(/whole microseconds/);
    for (const bad of [0.5, NaN, 2147483648, -2147483649]) {
      expect(() => kernel.at(11, kinds[0], bad)).toThrow(/two int32/);
      expect(() => kernel.at(11, kinds[0], 0, bad)).toThrow(/two int32/);
    }
    for (const kind of [0, -1, 99, 1.5, NaN]) expect(() => kernel.at(11, kind)).toThrow();
    expect(kernel.pendingCount).toBe(0);
  });

  it('refuses bad phases, bad horizons, a run inside a run and inputs that fall behind', () => {
    const { kernel, kinds } = loggingKernel();
    for (const phase of [-1, 8, 0.5, NaN]) {
      expect(() => kernel.defineEvent('x', phase, () => undefined)).toThrow(/phase/);
      expect(() => kernel.addInput(phase, listInput([], () => undefined))).toThrow(/phase/);
    }
    const nested = kernel.defineEvent('nested', 0, () => void kernel.run());
    kernel.at(5, nested);
    expect(() => kernel.run()).toThrow(/from a handler/);
    expect(() => kernel.run({ until: 4 })).toThrow(/past/);
    expect(() => kernel.run({ until: 5.5 })).toThrow(/whole/);
    expect(() => kernel.run({ maxEvents: -1 })).toThrow(/whole/);
    expect(() => kernel.addInput(2, listInput([4], () => undefined))).toThrow(/behind/);
    kernel.addInput(2, listInput([8, 7], () => undefined));
    kernel.at(6, kinds[0]);
    expect(() => kernel.run()).toThrow(/behind/);
    expect(() => new Kernel({ seed: '', phaseCount: 32 })).toThrow(/phases/);
  });

  it('tells a handler until when nothing else happens, and passes events that the handler stands for', () => {
    const { kernel, log, kinds } = loggingKernel();
    const seen: number[][] = [];
    const look = kernel.defineEvent('look', 5, () => {
      const quiet = kernel.quietBefore();
      seen.push([kernel.now, quiet, kernel.eventsLeft]);
      if (quiet > kernel.now + 3 && kernel.eventsLeft >= 2) kernel.pass(kernel.now + 3, 2);
    });
    kernel.addInput(2, listInput([40], () => void log.push(`input@${kernel.now}`)));
    kernel.at(10, look);
    kernel.at(20, look);
    kernel.at(20, kinds[7], 1);
    kernel.at(30, look);
    kernel.at(90, look);
    expect(kernel.run({ until: 60, maxEvents: 6 })).toBe('paused');
    expect(log).toEqual(['p7:1@20']);
    // The second look is followed by another event of its instant, the third by the input; one event is left for that.
    expect(seen).toEqual([[10, 20, 5], [20, 20, 2], [30, 40, 0]]);
    expect(kernel.run({ until: 60 })).toBe('horizon');
    expect(log).toEqual(['p7:1@20', 'input@40']);
    expect(kernel.run({ until: 90 })).toBe('exhausted');
    expect(seen[3]).toEqual([90, 91, Infinity]);
    expect(kernel.eventCount).toBe(8);
  });

  it('lets nobody pass what is pending, an input, or the end of the run', () => {
    const { kernel, kinds } = loggingKernel();
    let to = 0;
    const pass = kernel.defineEvent('pass', 5, () => {
      kernel.quietBefore();
      kernel.pass(to, 1);
    });
    const attempt = (time: number, run: { until?: number; maxEvents?: number }): (() => void) => () => {
      to = time;
      kernel.at(kernel.now, pass);
      kernel.run(run);
    };
    kernel.at(50, kinds[3]);
    expect(attempt(50, { until: 49 })).toThrow('must not pass');
    expect(attempt(50, { until: 60 })).toThrow('must not pass');
    expect(attempt(40, { maxEvents: 1 })).toThrow('no more events');
    kernel.addInput(2, listInput([30], () => undefined));
    expect(attempt(30, { until: 60 })).toThrow('must not pass');
    const hasty = kernel.defineEvent('hasty', 5, () => kernel.pass(kernel.now, 1));
    kernel.at(kernel.now, hasty);
    expect(() => kernel.run()).toThrow('must not pass');
    const busy = kernel.defineEvent('busy', 5, () => {
      kernel.at(kernel.quietBefore() - 1, kinds[3]);
      kernel.pass(kernel.now, 1);
    });
    kernel.at(kernel.now, busy);
    expect(() => kernel.run()).toThrow('has to ask again');
  });
});
