// The closed forms that other laws rely on, against published tables, each other, and direct sums.
import { describe, expect, test } from 'vitest';
import { binomialMass } from '../../src/base/statistics/binomial.ts';
import {
  brokenMachines, deterministicWaitCdf, erlangB, erlangC, erlangTail, erlangWait, meanOfMasses, poissonMasses,
  pollaczekKhinchineWait,
} from '../support/queueing-formulas.ts';

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

describe('closed forms of queues', () => {
  test('Erlang B is the truncated Poisson distribution, and has the values of published tables', () => {
    for (const [servers, load] of [[1, 0.5], [4, 3], [10, 12], [50, 40]]) {
      const masses = poissonMasses(load, servers);
      expect(erlangB(servers, load)).toBeCloseTo(masses[servers] / sum(masses), 13);
    }
    // Traffic tables: 5 lines carry 1.361 Erlang with 1 % lost, 10 carry 4.461, 20 carry 12.03.
    expect(erlangB(5, 1.361)).toBeCloseTo(0.01, 4);
    expect(erlangB(10, 4.461)).toBeCloseTo(0.01, 4);
    expect(erlangB(20, 12.03)).toBeCloseTo(0.01, 4);
  });

  test('M/M/1 is M/M/c with one server and M/G/1 with exponential service times', () => {
    for (const load of [0.1, 0.5, 0.9]) {
      expect(erlangC(1, load)).toBeCloseTo(load, 14);
      expect(erlangWait(1, load)).toBeCloseTo(load / (1 - load), 12);
      expect(pollaczekKhinchineWait(load, 1, 2)).toBeCloseTo(erlangWait(1, load), 12);
    }
    expect(erlangC(2, 1.2)).toBeCloseTo(0.45, 14);
    expect(erlangTail(3, 2, 0)).toBe(erlangC(3, 2));
    expect(erlangC(2, 2)).toBe(1);
  });

  test('the waits of M/D/1 have the mean of Pollaczek and Khinchine', () => {
    for (const load of [0.3, 0.6]) {
      let mean = 0;
      const step = 1 / 512;
      for (let wait = step / 2; wait < 14; wait += step) mean += (1 - deterministicWaitCdf(load, wait)) * step;
      expect(Math.abs(mean / pollaczekKhinchineWait(load, 1, 1) - 1)).toBeLessThan(1e-3);
      expect(deterministicWaitCdf(load, 0)).toBeCloseTo(1 - load, 14);
    }
  });

  test('machines with a crew each break independently; with one crew they are Erlang B turned round', () => {
    const each = brokenMachines(6, 6, 9, 1);
    each.forEach((chance, broken) => expect(chance).toBeCloseTo(binomialMass(broken, 6, 0.1), 13));
    expect(sum(brokenMachines(8, 2, 5, 1))).toBeCloseTo(1, 13);
    // One crew: the number that works is a Poisson variable cut off at the number of machines.
    expect(brokenMachines(4, 1, 5, 2)[0]).toBeCloseTo(erlangB(4, 5 / 2), 13);
    expect(meanOfMasses([0.5, 0.25, 0.25])).toBe(0.75);
  });
});
