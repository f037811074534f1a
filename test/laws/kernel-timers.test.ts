import { describe, expect, it } from 'vitest';
import { EventQueue } from '../../src/kernel/event-queue.ts';
import { Kernel } from '../../src/kernel/kernel.ts';

function timerKernel() {
  const kernel = new Kernel({ seed: 'timers' });
  const fired: number[] = [];
  const kind = kernel.defineEvent('fire', 2, (a) => void fired.push(a));
  return { kernel, fired, kind };
}

describe('timers', () => {
  it('can be cancelled once, before they fire, and then do not fire', () => {
    const { kernel, fired, kind } = timerKernel();
    const first = kernel.timerAt(10, kind, 1);
    const second = kernel.timerAt(10, kind, 2);
    expect(kernel.pendingCount).toBe(2);
    expect(kernel.cancel(first)).toBe(true);
    expect(kernel.cancel(first)).toBe(false);
    expect(kernel.pendingCount).toBe(1);
    kernel.run();
    expect(fired).toEqual([2]);
    expect(kernel.cancel(second)).toBe(false);
    expect(kernel.eventCount).toBe(1);
  });

  it('can be cancelled at the instant itself while they still wait in a later place, but not by their own handler', () => {
    const { kernel, fired, kind } = timerKernel();
    const answers: boolean[] = [];
    let own = 0;
    let later = 0;
    const canceller = kernel.defineEvent('cancel', 1, () => answers.push(kernel.cancel(own), kernel.cancel(later)));
    own = kernel.timerAt(10, canceller);
    later = kernel.timerAt(10, kind, 1);
    kernel.at(10, kind, 2);
    kernel.run();
    expect(answers).toEqual([false, true]);
    expect(fired).toEqual([2]);
    expect(kernel.eventCount).toBe(2);
  });

  it('leave no trace on the clock when cancelled, as if they had never been set', () => {
    const { kernel, kind } = timerKernel();
    kernel.at(10, kind);
    kernel.cancel(kernel.timerAt(50, kind));
    expect(kernel.run()).toBe('exhausted');
    expect(kernel.now).toBe(10);
    kernel.at(100, kind);
    expect(kernel.run({ until: 60 })).toBe('horizon');
    kernel.cancel(kernel.timerAt(70, kind));
    expect(kernel.run({ until: 65 })).toBe('horizon');
    expect(kernel.run()).toBe('exhausted');
    expect(kernel.now).toBe(100);
  });

  it('share an instant with events that were scheduled after the cancelled one', () => {
    const { kernel, fired, kind } = timerKernel();
    const ids = [1, 2, 3].map((a) => kernel.timerAt(10, kind, a));
    for (const id of ids) kernel.cancel(id);
    kernel.at(10, kind, 4);
    kernel.run();
    expect(fired).toEqual([4]);
  });

  it('have ids that are never 0, never unknown numbers and never name a plain event', () => {
    const { kernel, fired, kind } = timerKernel();
    for (const id of [0, -1, 0.5, NaN, Infinity, 1, 2 ** 28, 2 ** 28 + 63, 2 ** 60]) expect(kernel.cancel(id)).toBe(false);
    kernel.at(10, kind, 1);
    for (const id of [0, 1, 2 ** 28, 2 ** 29, 3 * 2 ** 28]) expect(kernel.cancel(id)).toBe(false);
    const id = kernel.timerAt(5, kind, 2);
    expect(id).toBeGreaterThan(0);
    expect(Number.isSafeInteger(id)).toBe(true);
    kernel.run();
    expect(fired).toEqual([2, 1]);
  });

  it('have ids that never alias a later event in the same row, timer or plain', () => {
    const { kernel, kind } = timerKernel();
    const ids: number[] = [];
    for (let round = 0; round < 3000; round++) {
      const id = kernel.timerAt(kernel.now + 1, kind, round);
      ids.push(id);
      if (round % 3 === 0) expect(kernel.cancel(id)).toBe(true);
      kernel.run();
      if (round % 2 === 0) kernel.after(1, kind, round);
      expect(kernel.cancel(ids[Math.floor(round / 2)])).toBe(false);
      kernel.run();
    }
    expect(new Set(ids).size).toBe(ids.length);
    for (const id of ids) expect(kernel.cancel(id)).toBe(false);
  });

  it('retire a row for good before its generations run out', () => {
    const queue = new EventQueue(1);
    const kind = queue.defineKind(0);
    // Ages the one row by hand: 16 million real timers would take seconds.
    const inside = queue as unknown as { generations: Uint32Array };
    const first = queue.pushTimer(0, kind, 0, 0);
    queue.take(queue.lowestPhase());
    inside.generations[0] = 0x1ff_fffc;
    const last = queue.pushTimer(0, kind, 0, 0);
    expect(last % 2 ** 28).toBe(0);
    expect(Number.isSafeInteger(last)).toBe(true);
    queue.take(queue.lowestPhase());
    const next = queue.pushTimer(0, kind, 0, 0);
    expect(next % 2 ** 28).toBe(1);
    expect([queue.cancel(first), queue.cancel(last), queue.cancel(next)]).toEqual([false, false, true]);
  });

  it('retire the row of a cancelled timer as well', () => {
    const queue = new EventQueue(1);
    const kind = queue.defineKind(0);
    const inside = queue as unknown as { generations: Uint32Array };
    inside.generations[0] = 0x1ff_fffc;
    const last = queue.pushTimer(1, kind, 0, 0);
    expect(queue.cancel(last)).toBe(true);
    queue.openNext();
    const next = queue.pushTimer(1, kind, 0, 0);
    expect([last % 2 ** 28, next % 2 ** 28]).toEqual([0, 1]);
  });

  it('leave an instant that only they held as free as before, so that it can be used again', () => {
    const queue = new EventQueue(1);
    const kind = queue.defineKind(0);
    queue.push(90, kind, 1, 0);
    queue.cancel(queue.pushTimer(50, kind, 2, 0));
    queue.openNext();
    expect([queue.currentTime, queue.nextTime()]).toEqual([0, 90]);
    queue.push(50, kind, 3, 0);
    expect(queue.nextTime()).toBe(50);
    queue.openNext();
    queue.take(queue.lowestPhase());
    expect([queue.currentTime, queue.takenA, queue.nextTime()]).toEqual([50, 3, 90]);
  });

  it('give their rows back: a long life of set and cancelled timers does not grow the queue', () => {
    const queue = new EventQueue(2);
    const kind = queue.defineKind(1);
    const emptyBytes = queue.allocatedBytes;
    for (let time = 1; time <= 20_000; time++) {
      const id = queue.pushTimer(time, kind, 0, 0);
      queue.push(time, kind, 1, 0);
      if (time % 2 === 0) queue.cancel(id);
      queue.openNext();
      for (let phase = queue.lowestPhase(); phase < 2; phase = queue.lowestPhase()) queue.take(phase);
    }
    expect(queue.pendingCount).toBe(0);
    expect(queue.allocatedBytes).toBe(emptyBytes);
  });
});

describe('the memory of the queue', () => {
  it('stays below 70 bytes a far event, and below 100 a near one whose instant is its own', () => {
    const bytesPerEvent = (instantCount: number, place: 'near' | 'far') => {
      const queue = new EventQueue(8);
      const kind = queue.defineKind(3);
      if (place === 'near') {
        // The only event: asked for, it takes the horizon beyond all the others.
        queue.push(2 ** 50, kind, 0, 0);
        queue.nextTime();
      }
      // Just past a doubling: the worst case.
      const eventCount = 2 ** 17 + 1;
      for (let i = 0; i < eventCount; i++) queue.push(1 + (i % instantCount) * 1_000_000, kind, i, 0);
      return queue.allocatedBytes / eventCount;
    };
    expect(bytesPerEvent(2 ** 18, 'far')).toBeLessThan(70);
    expect(bytesPerEvent(100, 'far')).toBeLessThan(70);
    expect(bytesPerEvent(2 ** 18, 'near')).toBeLessThan(100);
    expect(bytesPerEvent(100, 'near')).toBeLessThan(42);
  });
});
