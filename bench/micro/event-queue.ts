/**
 * The hold model: with n events pending, each event schedules one more at a random later time, so n stays. One
 * operation is a pop, a handler call and a push. Two spreads of time: nearly all instants distinct (the queue's worst
 * case), and about ten events to an instant (ticks, batches).
 *
 * The digest covers (time, kind, a) of a fixed number of first events and does not depend on speed; the handler goes on
 * feeding it while the clock runs, which is part of the time (about 6 ns).
 */
import { Bench } from 'tinybench';
import { assert } from '../../src/base/assert.ts';
import { Kernel } from '../../src/kernel/kernel.ts';
import type { BenchRow, BenchSize } from '../bench-row.ts';

export interface EventQueueRow {
  readonly name: string;
  readonly opsPerSecond: number;
  readonly digest: string;
}

/** Events of one timed iteration: enough to make the timer's own cost vanish. */
const CHUNK_COUNT = 10_000;
const DELAY_COUNT = 1 << 16;

export async function benchEventQueue(size: 'smoke' | 'full'): Promise<EventQueueRow[]> {
  const pendingCounts = size === 'smoke' ? [1_000, 10_000] : [1_000, 100_000, 1_000_000, 10_000_000];
  const rows: EventQueueRow[] = [];
  for (const pendingCount of pendingCounts) {
    for (const eventsPerInstant of [1, 10]) {
      const { kernel, digest } = startHold(pendingCount, eventsPerInstant);
      const name = `hold, ${pendingCount} pending, ${eventsPerInstant === 1 ? 'distinct instants' : 'ten to an instant'}`;
      const bench = new Bench({ throws: true, time: size === 'smoke' ? 20 : 1_000, warmupTime: 0, iterations: 5, warmupIterations: 1 });
      bench.add(name, () => {
        kernel.run({ maxEvents: CHUNK_COUNT });
      });
      const [task] = await bench.run();
      assert(task.result.state === 'completed', `the benchmark "${name}" did not complete`);
      rows.push({ name, opsPerSecond: (CHUNK_COUNT * 1000) / task.result.period, digest });
    }
  }
  return rows;
}

export async function run(size: BenchSize): Promise<BenchRow[]> {
  const rows = await benchEventQueue(size);
  return rows.map(({ name, digest, opsPerSecond }) => ({ name, digest, value: opsPerSecond, unit: 'events/s', counts: {} }));
}

/** A kernel in the steady state: filled, then run until every event has been replaced about once. */
function startHold(pendingCount: number, eventsPerInstant: number): { kernel: Kernel; digest: string } {
  const kernel = new Kernel({ seed: `hold/${pendingCount}/${eventsPerInstant}` });
  const delays = drawDelays(kernel, 'delays', pendingCount, eventsPerInstant, DELAY_COUNT);
  let drawn = 0;
  const hold = kernel.defineEvent('hold', 3, (a) => {
    kernel.digest.addNumber(kernel.now);
    kernel.digest.addInt(hold);
    kernel.digest.addInt(a);
    kernel.after(delays[drawn++ & (DELAY_COUNT - 1)], hold, a);
  });
  const start = drawDelays(kernel, 'start', pendingCount, eventsPerInstant, pendingCount);
  for (let a = 0; a < pendingCount; a++) kernel.at(start[a], hold, a);
  const outcome = kernel.run({ maxEvents: pendingCount });
  assert(outcome === 'paused' && kernel.pendingCount === pendingCount, 'the hold model keeps its number of events');
  return { kernel, digest: kernel.digest.hex() };
}

/** Delays of one microsecond up to 2000 a pending event; rounded up to a common grain if instants are to be shared. */
function drawDelays(kernel: Kernel, purpose: string, pendingCount: number, eventsPerInstant: number, length: number): Float64Array {
  const stream = kernel.random.stream(purpose);
  const grain = eventsPerInstant === 1 ? 1 : eventsPerInstant * 1_000;
  const span = 2_000 * pendingCount;
  return Float64Array.from({ length }, () => grain * (1 + Math.floor((stream.next() * span) / grain)));
}
