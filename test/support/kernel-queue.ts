/**
 * Plain queues played on the kernel: Poisson arrivals, any service times, some servers, room for so many. Nothing of
 * Kubernetes; so a law that fails here is a fault of clock, event order or random streams.
 */
import { MICROS_PER_SECOND } from '../../src/base/time.ts';
import type { Distribution } from '../../src/kernel/distribution.ts';
import { Kernel } from '../../src/kernel/kernel.ts';
import { sample } from '../../src/kernel/sampling.ts';

export const exponential = (mean: number): Distribution => ({ kind: 'exponential', mean, atLeast: null, atMost: null });
export const fixed = (value: number): Distribution => ({ kind: 'fixed', value, atLeast: null, atMost: null });

const microsOf = (seconds: number): number => Math.round(seconds * MICROS_PER_SECOND);

export interface QueueOptions {
  readonly seed: string;
  readonly servers: number;
  /** Most in the system, those in service included; who finds it full is lost. */
  readonly room?: number;
  /** Seconds. */
  readonly gaps: Distribution;
  readonly services: Distribution;
  readonly arrivals: number;
  /** Arrivals at the beginning of which nothing is noted. */
  readonly warmUp: number;
}

export interface QueuePlayed {
  /** Seconds between arrival and service, of noted arrivals that were not lost, by arrival. */
  readonly waits: readonly number[];
  readonly noted: number;
  readonly lost: number;
  /** Share of the noted time (from the first noted arrival to the last arrival) with 0, 1, 2, ... in the system. */
  readonly levels: readonly number[];
  /** Of noted arrivals, the share that found 0, 1, 2, ... in the system. */
  readonly found: readonly number[];
  /** Mean number waiting over the noted time. */
  readonly meanWaiting: number;
}

/** First come, first served. */
export function playQueue(options: QueueOptions): QueuePlayed {
  const { servers, room = Infinity, arrivals, warmUp } = options;
  const kernel = new Kernel({ seed: options.seed, phaseCount: 2 });
  const gaps = kernel.random.stream('gaps');
  const services = kernel.random.stream('services');
  const [arrivedAt, serviceMicros, startedAt]: number[][] = [[], [], []];
  const waiting: number[] = [];
  let head = 0;
  let busy = 0;
  let [notedSince, levelSince] = [0, 0];
  const levelMicros: number[] = [];
  const foundCounts: number[] = [];
  const inSystem = (): number => busy + waiting.length - head;
  const noteLevel = (): void => {
    if (arrivedAt.length > warmUp) levelMicros[inSystem()] = (levelMicros[inSystem()] ?? 0) + kernel.now - levelSince;
    levelSince = kernel.now;
  };
  const begin = (customer: number): void => {
    busy++;
    startedAt[customer] = kernel.now;
    kernel.after(serviceMicros[customer], departure);
  };
  const arrival = kernel.defineEvent('arrival', 1, () => {
    const customer = arrivedAt.length;
    noteLevel();
    if (customer === warmUp) notedSince = kernel.now;
    if (customer >= warmUp) foundCounts[inSystem()] = (foundCounts[inSystem()] ?? 0) + 1;
    arrivedAt.push(kernel.now);
    serviceMicros.push(microsOf(sample(options.services, services)));
    if (inSystem() < room) {
      if (busy < servers) begin(customer);
      else waiting.push(customer);
    }
    if (customer + 1 < arrivals) kernel.after(microsOf(sample(options.gaps, gaps)), arrival);
    else kernel.stop();
  });
  const departure = kernel.defineEvent('departure', 0, () => {
    noteLevel();
    busy--;
    if (head < waiting.length) begin(waiting[head++]);
  });
  kernel.after(microsOf(sample(options.gaps, gaps)), arrival);
  kernel.run();
  const notedMicros = kernel.now - notedSince;
  // Customers still there at the last arrival go on, unobserved, so that every wait is known.
  const levels = filled(levelMicros).map((micros) => micros / notedMicros);
  kernel.run();
  const served = arrivedAt.map((_, customer) => customer).filter(
    (customer) => customer >= warmUp && startedAt[customer] !== undefined,
  );
  const noted = arrivals - warmUp;
  return {
    waits: served.map((customer) => (startedAt[customer] - arrivedAt[customer]) / MICROS_PER_SECOND),
    noted,
    lost: noted - served.length,
    levels,
    found: filled(foundCounts).map((count) => count / noted),
    meanWaiting: levels.reduce((sum, share, level) => sum + share * Math.max(0, level - servers), 0),
  };
}

/** Machines that break after an up time and wait for one of so many crews. Shares of time with 0, 1, ... broken. */
export function playRepairs(options: {
  readonly seed: string;
  readonly machines: number;
  readonly crews: number;
  readonly uptimes: Distribution;
  readonly repairs: Distribution;
  readonly seconds: number;
  readonly warmUpSeconds: number;
}): readonly number[] {
  const kernel = new Kernel({ seed: options.seed, phaseCount: 1 });
  const draw = (purpose: string, machine: number, times: Distribution): number =>
    microsOf(sample(times, kernel.random.stream(purpose, String(machine))));
  const waiting: number[] = [];
  let [broken, mending, since] = [0, 0, 0];
  const micros = new Array<number>(options.machines + 1).fill(0);
  const from = microsOf(options.warmUpSeconds);
  const note = (): void => {
    micros[broken] += Math.max(0, kernel.now - Math.max(since, from));
    since = kernel.now;
  };
  const mend = (machine: number): void => {
    mending++;
    kernel.after(draw('repair', machine, options.repairs), repaired, machine);
  };
  const failed = kernel.defineEvent('failure', 0, (machine) => {
    note();
    broken++;
    if (mending < options.crews) mend(machine);
    else waiting.push(machine);
  });
  const repaired = kernel.defineEvent('repair', 0, (machine) => {
    note();
    broken--;
    mending--;
    const next = waiting.shift();
    if (next !== undefined) mend(next);
    kernel.after(draw('uptime', machine, options.uptimes), failed, machine);
  });
  for (let machine = 0; machine < options.machines; machine++) {
    kernel.after(draw('uptime', machine, options.uptimes), failed, machine);
  }
  kernel.run({ until: microsOf(options.seconds) });
  note();
  return micros.map((spent) => spent / (microsOf(options.seconds) - from));
}

function filled(sparse: readonly number[]): number[] {
  return Array.from(sparse, (value: number | undefined) => value ?? 0);
}
