/** Laws of the generators: order, rates, independence of streams; and first draws frozen for a seed. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MICROS_PER_HOUR, MICROS_PER_SECOND, type Micros } from '../../src/base/time.ts';
import type { Distribution } from '../../src/kernel/distribution.ts';
import { RandomStreams } from '../../src/kernel/random.ts';
import type { ArrivalProcess, PodShape, Workload } from '../../src/workload/settings.ts';
import { arrivalTimes } from '../../src/workload/generators/arrival-times.ts';
import { ShapePicker } from '../../src/workload/generators/shape-picker.ts';
import { TimeHeap } from '../../src/workload/generators/time-heap.ts';
import { WorkloadSource } from '../../src/workload/generators/workload-source.ts';

const HOUR = MICROS_PER_HOUR;
const DAY = 24 * HOUR;

function fixed(value: number): Distribution {
  return { kind: 'fixed', value, atLeast: null, atMost: null };
}

const LOGNORMAL: Distribution = { kind: 'lognormal', median: 100, sigma: 1.5, atLeast: null, atMost: null };
const ONE_TO_NINE: Distribution = { kind: 'uniform', min: 1, max: 9, atLeast: null, atMost: null };
const POISSON: ArrivalProcess = { kind: 'poisson', ratePerHour: 3600, startMicros: 0, endMicros: null };
const DIURNAL: ArrivalProcess = { kind: 'diurnal', meanRatePerHour: 2000, amplitude: 0.8, periodMicros: DAY, peakMicros: 14 * HOUR, startMicros: 0, endMicros: null };
const BURSTY: ArrivalProcess = { kind: 'bursty', burstsPerHour: 60, size: ONE_TO_NINE, gapSeconds: 20, startMicros: 0, endMicros: null };

function workload(name: string, change: Partial<Workload> = {}): Workload {
  return {
    name,
    kind: 'Job',
    class: 'batch',
    arrivals: POISSON,
    replicas: ONE_TO_NINE,
    lifetimeSeconds: LOGNORMAL,
    shapes: [],
    namespace: 'default',
    priorityClassName: null,
    application: null,
    template: {},
    ...change,
  };
}

function timesOf(process: ArrivalProcess, seed: string, horizon: Micros | null, limit = Infinity): Micros[] {
  const arrivals = arrivalTimes(process, new RandomStreams(seed), 'w', horizon);
  const times: Micros[] = [];
  for (; arrivals.timeMicros !== Infinity && times.length < limit; arrivals.advance()) times.push(arrivals.timeMicros);
  return times;
}

interface Arrival {
  readonly workload: string;
  readonly index: number;
  readonly time: Micros;
  readonly replicas: number;
  readonly shape: number;
  readonly lifetimes: readonly Micros[];
}

function arrivalsOf(workloads: readonly Workload[], seed: string, horizon: Micros | null, limit = Infinity): Arrival[] {
  const source = new WorkloadSource(workloads, new RandomStreams(seed), horizon);
  const arrivals: Arrival[] = [];
  while (arrivals.length < limit) {
    const due = source.peekTime();
    if (!source.advance()) break;
    expect(source.timeMicros).toBe(due);
    const { kind, name } = workloads[source.workloadIndex];
    const lifetimes = kind === 'Job' || kind === 'Pod' ? [...source.podLifetimesMicros.subarray(0, source.replicas)] : [source.lifetimeMicros];
    arrivals.push({ workload: name, index: source.arrivalIndex, time: source.timeMicros, replicas: source.replicas, shape: source.shapeIndex, lifetimes });
  }
  return arrivals;
}

const anyProcess = fc.oneof(
  fc.record({ kind: fc.constant('at' as const), atMicros: fc.nat(HOUR), count: fc.nat(20) }),
  fc.record({ kind: fc.constant('poisson' as const), ratePerHour: fc.double({ min: 0, max: 2000, noNaN: true }), startMicros: fc.nat(HOUR), endMicros: fc.option(fc.nat(2 * HOUR)) }),
  fc.record({
    kind: fc.constant('diurnal' as const),
    meanRatePerHour: fc.double({ min: 0, max: 2000, noNaN: true }),
    amplitude: fc.double({ min: 0, max: 1, noNaN: true }),
    periodMicros: fc.integer({ min: 1, max: DAY }),
    peakMicros: fc.nat(DAY),
    startMicros: fc.nat(HOUR),
    endMicros: fc.option(fc.nat(2 * HOUR)),
  }),
  fc.record({
    kind: fc.constant('bursty' as const),
    burstsPerHour: fc.double({ min: 0, max: 100, noNaN: true }),
    size: fc.constantFrom(fixed(3), ONE_TO_NINE, fixed(0)),
    gapSeconds: fc.double({ min: 0, max: 600, noNaN: true }),
    startMicros: fc.nat(HOUR),
    endMicros: fc.option(fc.nat(2 * HOUR)),
  }),
) as fc.Arbitrary<ArrivalProcess>;

describe('every arrival process', () => {
  it('gives whole microseconds in order, from its start and before its end and the horizon', () => {
    fc.assert(
      fc.property(anyProcess, fc.string(), fc.nat(3 * HOUR), (process, seed, horizon) => {
        const times = timesOf(process, seed, horizon);
        const start = process.kind === 'at' ? process.atMicros : process.startMicros;
        const end = process.kind === 'at' ? Infinity : (process.endMicros ?? Infinity);
        let previous = start;
        for (const time of times) {
          expect(Number.isSafeInteger(time) && time >= previous && time < Math.min(end, horizon)).toBe(true);
          previous = time;
        }
      }),
    );
  });

  it('gives the same times for a seed, others for another, and a longer horizon only adds', () => {
    for (const process of [POISSON, DIURNAL, BURSTY]) {
      const times = timesOf(process, 'a', 4 * HOUR);
      expect(timesOf(process, 'a', 4 * HOUR)).toEqual(times);
      expect(timesOf(process, 'b', 4 * HOUR)).not.toEqual(times);
      expect(timesOf(process, 'a', 8 * HOUR).slice(0, times.length)).toEqual(times);
    }
  });

  it('has its rate: counts lie within five standard deviations', () => {
    const hours = 24 * 10;
    const within = (count: number, mean: number, deviation: number): void => {
      expect(Math.abs(count - mean)).toBeLessThan(5 * deviation);
    };
    const poisson = timesOf({ kind: 'poisson', ratePerHour: 500, startMicros: 0, endMicros: null }, 'rate', hours * HOUR).length;
    within(poisson, 500 * hours, Math.sqrt(500 * hours));
    within(timesOf(DIURNAL, 'rate', hours * HOUR).length, 2000 * hours, Math.sqrt(2000 * hours));
    // Each of 60 * hours bursts brings 5 on average; the variance of the sum is the number of bursts times E[size
    // squared].
    within(timesOf(BURSTY, 'rate', hours * HOUR).length, 300 * hours, Math.sqrt(60 * hours * (25 + 64 / 12 + 1)));
  });

  it('diurnal follows its cosine: each two hours of the day hold what the rate says', () => {
    const days = 40;
    const counts = new Float64Array(12);
    for (const time of timesOf(DIURNAL, 'cosine', days * DAY)) counts[Math.floor((time % DAY) / (2 * HOUR))]++;
    counts.forEach((count, part) => {
      const [from, to] = [2 * part - 14, 2 * part - 12].map((hour) => (2 * Math.PI * hour) / 24);
      const mean = days * 2000 * (2 + (0.8 * (Math.sin(to) - Math.sin(from)) * 24) / (2 * Math.PI));
      expect(Math.abs(count - mean)).toBeLessThan(5 * Math.sqrt(mean));
    });
  });

  it('hourly follows its rates, hour by hour and over again, with none where the rate is 0', () => {
    const ratesPerHour = [0, 40, 900, 0, 7];
    const rounds = 400;
    const process: ArrivalProcess = { kind: 'hourly', ratesPerHour, startMicros: 0, endMicros: null };
    const times = timesOf(process, 'hours', rounds * ratesPerHour.length * HOUR);
    const counts = new Float64Array(ratesPerHour.length);
    let squares = 0;
    let before = 0;
    for (const time of times) counts[Math.floor(time / HOUR) % ratesPerHour.length]++;
    counts.forEach((count, hour) => {
      const mean = rounds * ratesPerHour[hour];
      expect(Math.abs(count - mean), String(hour)).toBeLessThanOrEqual(5 * Math.sqrt(mean));
    });
    // Within the hour of 900 the gaps are those of a Poisson process.
    const gaps = times.flatMap((time) => {
      const isInside = Math.floor(time / HOUR) === Math.floor(before / HOUR) && Math.floor(time / HOUR) % 5 === 2;
      const gap = (time - before) / (HOUR / 900);
      before = time;
      return isInside ? [gap] : [];
    });
    const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
    for (const gap of gaps) squares += (gap - mean) * (gap - mean);
    expect(Math.abs(mean - 1)).toBeLessThan(0.02);
    expect(Math.abs(Math.sqrt(squares / gaps.length) - 1)).toBeLessThan(0.02);
  });

  it('hourly keeps to its window, and equal rates are a poisson process', () => {
    const times = timesOf(
      { kind: 'hourly', ratesPerHour: [60], startMicros: HOUR, endMicros: 3 * HOUR },
      'window',
      null,
    );
    const same = timesOf({ kind: 'poisson', ratePerHour: 60, startMicros: HOUR, endMicros: 3 * HOUR }, 'window', null);
    expect(times.length).toBeGreaterThan(60);
    expect(times.length).toBe(same.length);
    times.forEach((time, i) => { expect(Math.abs(time - same[i])).toBeLessThanOrEqual(1); });
  });

  it('poisson has exponential gaps: mean, deviation and the share above the mean', () => {
    const times = timesOf(POISSON, 'gaps', null, 200_000);
    const gaps = times.map((time, i) => (time - (times[i - 1] ?? 0)) / MICROS_PER_SECOND);
    const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
    const variance = gaps.reduce((sum, gap) => sum + (gap - mean) * (gap - mean), 0) / gaps.length;
    expect(Math.abs(mean - 1)).toBeLessThan(0.012);
    expect(Math.abs(Math.sqrt(variance) - 1)).toBeLessThan(0.02);
    expect(Math.abs(gaps.filter((gap) => gap > 1).length / gaps.length - Math.exp(-1))).toBeLessThan(0.006);
  });

  it('bursts that overlap are merged in order, and none of their arrivals is lost', () => {
    const process: ArrivalProcess = { kind: 'bursty', burstsPerHour: 3600, size: fixed(50), gapSeconds: 30, startMicros: 0, endMicros: null };
    const times = timesOf(process, 'overlap', null, 20_000);
    expect(times.every((time, i) => i === 0 || time >= times[i - 1])).toBe(true);
    const bursts = timesOf({ kind: 'poisson', ratePerHour: 3600, startMicros: 0, endMicros: null }, 'overlap', null, 100);
    const all = new Set(times);
    expect(bursts.every((time) => all.has(time))).toBe(true);
  });
});

describe('the stream of all workloads', () => {
  const mix = [
    workload('jobs', { shapes: [{ weight: 1, requests: {} }, { weight: 3, requests: {} }] }),
    workload('services', { kind: 'Deployment', arrivals: DIURNAL, replicas: fixed(3), lifetimeSeconds: null }),
    workload('bursts', { kind: 'Pod', arrivals: BURSTY, replicas: fixed(1), lifetimeSeconds: fixed(0.0000004) }),
    workload('agents', { kind: 'DaemonSet', arrivals: { kind: 'at', atMicros: 0, count: 7 } }),
  ];

  it('is in order of time, ties in order of the scenario, and every arrival is numbered within its workload', () => {
    const arrivals = arrivalsOf(mix, 'order', 4 * HOUR);
    const counts = new Map<string, number>();
    arrivals.forEach((arrival, i) => {
      if (i > 0) expect(arrival.time).toBeGreaterThanOrEqual(arrivals[i - 1].time);
      expect(arrival.index).toBe(counts.get(arrival.workload) ?? 0);
      counts.set(arrival.workload, arrival.index + 1);
    });
    expect([...counts.keys()].sort((a, b) => (a < b ? -1 : 1))).toEqual(['agents', 'bursts', 'jobs', 'services']);
    const tied = ['a', 'b', 'c'].map((name) => workload(name, { arrivals: { kind: 'at', atMicros: 5, count: 2 } }));
    expect(arrivalsOf(tied, 'x', null).map((arrival) => arrival.workload + String(arrival.index))).toEqual(['a0', 'a1', 'b0', 'b1', 'c0', 'c1']);
  });

  it('of a workload does not change when others are added, removed or moved', () => {
    fc.assert(
      fc.property(fc.string(), fc.shuffledSubarray(mix, { minLength: 1 }), (seed, some) => {
        const all = arrivalsOf(mix, seed, HOUR / 4);
        const fewer = arrivalsOf(some, seed, HOUR / 4);
        for (const { name } of some) {
          expect(fewer.filter((arrival) => arrival.workload === name)).toEqual(all.filter((arrival) => arrival.workload === name));
        }
      }),
      { numRuns: 30 },
    );
  });

  it('keeps its times when only sizes or lifetimes change', () => {
    const changed = { replicas: fixed(1), lifetimeSeconds: null };
    const times = (w: Workload): Micros[] => arrivalsOf([w], 's', HOUR).map((arrival) => arrival.time);
    expect(times(workload('w', changed))).toEqual(times(workload('w')));
  });

  it('gives a Deployment one lifetime, a Job one per pod, a DaemonSet a single arrival', () => {
    const arrivals = arrivalsOf(mix, 'kinds', HOUR);
    const of = (name: string): Arrival[] => arrivals.filter((arrival) => arrival.workload === name);
    expect(of('agents')).toEqual([{ workload: 'agents', index: 0, time: 0, replicas: 0, shape: -1, lifetimes: [expect.any(Number)] }]);
    expect(of('services').every((arrival) => arrival.replicas === 3 && arrival.lifetimes[0] === Infinity)).toBe(true);
    expect(of('jobs').every((arrival) => arrival.lifetimes.length === arrival.replicas && arrival.lifetimes.every((micros) => Number.isSafeInteger(micros)))).toBe(true);
    expect(new Set(of('jobs').flatMap((arrival) => arrival.lifetimes)).size).toBeGreaterThan(10_000);
    expect(of('bursts').every((arrival) => arrival.lifetimes[0] === 0)).toBe(true);
  });

  it('has at least one pod an arrival, and lifetimes that cannot be counted last for ever', () => {
    expect(arrivalsOf([workload('w', { replicas: fixed(0), lifetimeSeconds: fixed(1e12) })], 'x', null, 1)[0]).toMatchObject({ replicas: 1, lifetimes: [Infinity] });
  });

  it('refuses two workloads of one name', () => {
    expect(() => new WorkloadSource([workload('w'), workload('w')], new RandomStreams('x'), null)).toThrow('two workloads have one name');
  });

  it('begins as it always did for a seed', () => {
    const first = arrivalsOf(mix, 'podyard', null, 8).map(({ workload: name, time, replicas, shape, lifetimes }) => `${String(time)} ${name} ${String(replicas)} ${String(shape)} ${lifetimes.slice(0, 3).join(' ')}`);
    expect(first).toMatchInlineSnapshot(`
      [
        "0 agents 0 -1 2147495429",
        "742368 jobs 2 1 1020469054 41069721",
        "1206687 jobs 2 1 734609642 38506661",
        "2619112 jobs 6 0 357377392 30244297 10018331",
        "3613768 jobs 6 1 3850223 608059240 602884198",
        "3974963 jobs 4 1 543183351 59657539 19330642",
        "4931358 jobs 2 1 186268662 580510803",
        "5055262 jobs 3 1 7822944 12155523 156687271",
      ]
    `);
  });
});

describe('shapes', () => {
  it('are drawn as the running sums of the weights say', () => {
    const weights = fc.array(fc.oneof(fc.nat(5), fc.double({ min: 0, max: 10, noNaN: true })), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(weights, fc.string(), (list, seed) => {
        fc.pre(list.some((weight) => weight > 1e-9));
        const shapes: PodShape[] = list.map((weight) => ({ weight, requests: {} }));
        const picker = new ShapePicker(shapes, new RandomStreams(seed).stream('shapes'));
        const draws = new RandomStreams(seed).stream('shapes');
        const bounds = list.map((_, i) => list.slice(0, i + 1).reduce((sum, weight) => sum + weight, 0));
        for (let i = 0; i < 50; i++) {
          const point = draws.next() * bounds[bounds.length - 1];
          expect(picker.pick()).toBe(bounds.findIndex((bound) => bound > point));
        }
      }),
    );
  });
});

describe('the heap of times', () => {
  it('equals a sorted list, ties by id', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.record({ push: fc.nat(9) }), fc.record({ later: fc.nat(5) }), fc.constant({ remove: true })), { maxLength: 60 }), (steps) => {
        const heap = new TimeHeap(1);
        let list: [number, number][] = [];
        steps.forEach((step, id) => {
          if ('push' in step) {
            heap.push(step.push, id);
            list.push([step.push, id]);
          } else if (list.length > 0) {
            const [time, top] = list[0];
            if ('later' in step) {
              heap.replaceTop(time + step.later);
              list[0] = [time + step.later, top];
            } else {
              heap.removeTop();
              list = list.slice(1);
            }
          }
          list.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
          expect(heap.size).toBe(list.length);
          expect(heap.topTime()).toBe(list.length === 0 ? Infinity : list[0][0]);
          if (list.length > 0) expect(heap.topId()).toBe(list[0][1]);
        });
      }),
    );
  });
});
