// Queues with known answers, played on the kernel alone. Each law: independent repetitions with the seeds 1, 2, 3, ...,
// whose t interval of 99.9 % holds the closed form and is narrow. The unit of time is the mean service time, 1 s.
import { describe, expect, test } from 'vitest';
import { meanOf } from '../../src/kernel/sampling.ts';
import { mean } from '../../src/base/statistics/moments.ts';
import type { Distribution } from '../../src/kernel/distribution.ts';
import {
  exponential,
  fixed,
  playQueue,
  playRepairs,
  type QueueOptions,
  type QueuePlayed,
} from '../support/kernel-queue.ts';
import {
  brokenMachines,
  deterministicWaitCdf,
  erlangB,
  erlangC,
  erlangTail,
  erlangWait,
  meanOfMasses,
  poissonMasses,
  pollaczekKhinchineWait,
} from '../support/queueing-formulas.ts';
import { expectMean, replicate } from '../support/replications.ts';
import { playTokenBucket, playZoneQueue, type TokenTimes } from '../support/token-buckets.ts';

const REPETITIONS = 20;
const share = (values: readonly number[], isCounted: (value: number) => boolean): number =>
  values.filter(isCounted).length / values.length;

function queues(load: number, options: Omit<QueueOptions, 'seed' | 'gaps' | 'warmUp'>): QueuePlayed[] {
  return replicate(REPETITIONS, (seed) => playQueue({ seed, gaps: exponential(1 / load), warmUp: 1000, ...options }));
}

describe('on the kernel', () => {
  test.each([
    [1, 0.7, 0.1],
    [3, 2.1, 0.1],
    [10, 8, 0.2],
  ])('M/M/c with %d servers and load %d waits as Erlang C says', (servers, load, precision) => {
    const played = queues(load, { servers, services: exponential(1), arrivals: 8000 });
    expectMean(
      played.map(({ waits }) => mean(waits)),
      erlangWait(servers, load),
      precision,
    );
    expectMean(
      played.map(({ waits }) => share(waits, (wait) => wait > 0)),
      erlangC(servers, load),
      0.08,
    );
    const long = 3 / servers;
    expectMean(
      played.map(({ waits }) => share(waits, (wait) => wait > long)),
      erlangTail(servers, load, long),
      0.2,
    );
    expectMean(
      played.map(({ meanWaiting }) => meanWaiting),
      load * erlangWait(servers, load),
      1.2 * precision,
    );
    // Poisson arrivals see time averages.
    for (const { found, levels } of played) expect(Math.abs(found[0] - levels[0])).toBeLessThan(0.03);
  });

  test('M/M/1 has geometrically many in the system', () => {
    const played = queues(0.6, { servers: 1, services: exponential(1), arrivals: 8000 });
    for (let level = 0, chance = 0.4; level < 5; level++, chance *= 0.6) {
      expectMean(
        played.map(({ levels }) => levels[level] ?? 0),
        chance,
        0.08,
      );
    }
  });

  const lognormal: Distribution = {
    kind: 'lognormal',
    median: Math.exp(-0.32),
    sigma: 0.8,
    atLeast: null,
    atMost: null,
  };
  const twoSizes: Distribution = { kind: 'choice', values: [0.2, 4.2], weights: [4, 1], atLeast: null, atMost: null };
  const SERVICES: readonly (readonly [name: string, times: Distribution, secondMoment: number])[] = [
    ['fixed', fixed(1), 1],
    ['lognormal', lognormal, Math.exp(0.64)],
    ['two sizes of', twoSizes, 0.8 * 0.04 + 0.2 * 17.64],
  ];

  test.each(SERVICES)(
    'M/G/1 with %s service times waits as Pollaczek and Khinchine say',
    (_, services, secondMoment) => {
      expect(meanOf(services)).toBeCloseTo(1, 12);
      const played = queues(0.6, { servers: 1, services, arrivals: 8000 });
      expectMean(
        played.map(({ waits }) => mean(waits)),
        pollaczekKhinchineWait(0.6, 1, secondMoment),
        0.1,
      );
      expectMean(
        played.map(({ waits }) => share(waits, (wait) => wait > 0)),
        0.6,
        0.03,
      );
    },
  );

  test.each(SERVICES)('M/G/c/c with %s service times loses as Erlang B says', (_, services) => {
    const played = queues(4, { servers: 5, room: 5, services, arrivals: 7000 });
    expectMean(
      played.map(({ lost, noted }) => lost / noted),
      erlangB(5, 4),
      0.06,
    );
  });

  test.each(SERVICES)('M/G/infinity with %s service times has a Poisson number in the system', (_, services) => {
    const played = queues(3, { servers: Infinity, services, arrivals: 6000 });
    poissonMasses(3, 6).forEach((chance, level) => {
      expectMean(
        played.map(({ levels }) => levels[level] ?? 0),
        chance,
        0.12,
      );
    });
    expect(played.every(({ waits }) => waits.every((wait) => wait === 0))).toBe(true);
  });

  test.each([
    [6, 1],
    [6, 6],
    [12, 3],
  ])('%d machines with %d crews are broken as the birth-death process says', (machines, crews) => {
    const masses = brokenMachines(machines, crews, 5, 1);
    const played = replicate(REPETITIONS, (seed) =>
      playRepairs({
        seed,
        machines,
        crews,
        uptimes: exponential(5),
        repairs: exponential(1),
        seconds: 4000,
        warmUpSeconds: 100,
      }),
    );
    expectMean(played.map(meanOfMasses), meanOfMasses(masses), 0.06);
    masses.slice(0, 4).forEach((chance, broken) =>
      expectMean(
        played.map((shares) => shares[broken]),
        chance,
        0.1,
      ),
    );
  });

  test('with a crew for each machine, only the mean of up and repair times matters', () => {
    const played = replicate(REPETITIONS, (seed) =>
      playRepairs({
        seed,
        machines: 6,
        crews: 6,
        uptimes: fixed(5),
        repairs: lognormal,
        seconds: 4000,
        warmUpSeconds: 400,
      }),
    );
    expectMean(played.map(meanOfMasses), 1, 0.02);
  });

  test('a wrong law is found out: these runs do not wait as a queue of 5 % more load would', () => {
    const played = queues(0.6, { servers: 1, services: fixed(1), arrivals: 8000 });
    const waits = played.map(({ waits: own }) => mean(own));
    expect(() => expectMean(waits, pollaczekKhinchineWait(0.63, 1, 1), 0.1)).toThrow();
    expect(() => expectMean(waits.slice(0, 3), pollaczekKhinchineWait(0.6, 1, 1), 0.1)).toThrow();
  });
});

describe('a token bucket', () => {
  const requests = (seed: string, load: number) => ({
    seed,
    ratePerSecond: 1,
    gaps: exponential(1 / load),
    requests: 7000,
  });
  const delaysOf = ({ arrived, passed }: TokenTimes): number[] =>
    passed.map((time, i) => time - arrived[i]).slice(1000);

  test.each([1, 4])('of %d tokens makes requests wait as M/D/1 does, less what the spare tokens are worth', (size) => {
    const delays = replicate(REPETITIONS, (seed) => delaysOf(playTokenBucket(requests(seed, 0.8), size)));
    for (const delay of [0, 1, 2.5]) {
      const truth = deterministicWaitCdf(0.8, delay + size - 1);
      expectMean(
        delays.map((own) => share(own, (value) => value <= delay + 1e-9)),
        truth,
        0.08,
      );
    }
  });

  test.each([1, 4])(
    'of %d tokens never lets through more than its size and its rate, and its rate when asked for more',
    (size) => {
      const { passed } = playTokenBucket(requests('1', 3), size);
      const steps = passed.slice(size).map((time, i) => time - passed[i]);
      expect(Math.min(...steps)).toBeGreaterThan(1 - 1e-9);
      expect((passed.length - 1001) / (passed[passed.length - 1] - passed[1000])).toBeCloseTo(1, 9);
    },
  );

  test('of the node-lifecycle controller is one of one token', () => {
    for (const load of [0.5, 0.9, 2])
      expect(playZoneQueue(requests('1', load))).toEqual(playTokenBucket(requests('1', load), 1));
  });
});
