// Events that pods meet while they are being scheduled, against a diary of everything that happened, read from the
// start for each question.
import { expect, test } from 'vitest';
import { RandomStream } from '../../../src/kernel/random.ts';
import { Action, event } from '../../../src/scheduler/framework/cluster-event.ts';
import { InFlight } from '../../../src/scheduler/queue/in-flight.ts';
import { NODE_ADD } from './queue-story.ts';

const STEPS = 250;

test.each(['flights-a', 'flights-b'])('%s', (seed) => {
  const dice = new RandomStream(seed);
  const roll = (sides: number): number => Math.floor(dice.next() * sides);
  const flights = new InFlight();
  /** Every start and event; a pod that is done loses its mark. */
  const diary: { readonly pod?: number; readonly told?: string }[] = [];
  const flying: number[] = [];
  const startOf = (pod: number): number => diary.findLastIndex((entry) => entry.pod === pod);
  let most = 0;
  for (let step = 0; step < STEPS; step++) {
    const verb = roll(10);
    // Rows are used again, and some lie far beyond the first.
    const pod = roll(12) === 0 ? 64 + roll(300) : roll(14);
    if (verb < 3 && !flying.includes(pod)) {
      flights.start(pod);
      flying.push(pod);
      diary.push({ pod });
    } else if (verb < 6) {
      const told = event('Node', Action.Add, `event ${String(step)}`);
      flights.record(told, {});
      if (flying.length > 0) diary.push({ told: told.label });
    } else if (verb < 8) {
      flights.done(pod);
      if (flying.includes(pod)) flying.splice(flying.indexOf(pod), 1);
    }
    most = Math.max(most, flying.length);
    expect(flights.podCount).toBe(flying.length);
    expect([...flights.pods()]).toEqual(flying);
    expect(flights.has(pod)).toBe(flying.includes(pod));
    expect([64, 65, 1000].map((row) => flights.has(row))).toEqual([64, 65, 1000].map((row) => flying.includes(row)));
    for (const each of flying) {
      const since = diary.slice(startOf(each) + 1).flatMap(({ told }) => told ?? []);
      expect([...flights.eventsSince(each)].map((entry) => entry.event.label), `pod ${String(each)}`).toEqual(since);
    }
    const first = flying.length === 0 ? diary.length : startOf(flying[0]);
    expect(flights.hasNoEvents).toBe(!diary.slice(first).some(({ told }) => told !== undefined));
  }
  expect(most).toBeGreaterThan(3);
});

test('a pod that does not fly has met nothing, and is done without a word', () => {
  const flights = new InFlight();
  flights.start(1);
  flights.record(NODE_ADD, {});
  expect([...flights.eventsSince(2)]).toEqual([]);
  flights.done(2);
  expect([flights.podCount, [...flights.eventsSince(1)].length]).toEqual([1, 1]);
  // The first of a batch is told of once, whatever its row was before.
  flights.done(1);
  flights.record(NODE_ADD, {});
  flights.start(1);
  expect([flights.podCount, [...flights.eventsSince(1)].length]).toEqual([1, 0]);
});
