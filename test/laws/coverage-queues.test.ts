// The whole way from a scenario to a verdict, where the truth is known: M/M/2 against M/M/3 in Podyard, on the same
// arrivals and run times. 1,000 comparisons; each takes its "seeds" from cohorts of one long run in steady state that
// lie thousands of arrivals apart, which is as good as runs of their own and needs no warm-up for each.
import { beforeAll, describe, expect, test } from 'vitest';
import { meanInterval } from '../../src/base/statistics/paired-difference.ts';
import { percentageDifference } from '../../src/base/statistics/percentage-difference.ts';
import { cohortSlice, commonArrivals, waitsOf, type Cohort } from '../../src/experiment/cohorts.ts';
import { analyzePairs } from '../../src/experiment/paired-analysis.ts';
import { RandomStream } from '../../src/kernel/random.ts';
import type { PodTable } from '../../src/metrics/run-result.ts';
import { BARE_QUEUE, playQueueScenario } from '../support/queue-scenario.ts';
import { erlangC, erlangWait } from '../support/queueing-formulas.ts';

const COMPARISONS = 1000;
const LOAD = 1.2;
const WARM_UP = 1000;
const mean = (values: ArrayLike<number>): number =>
  Array.from(values).reduce((sum, value) => sum + value, 0) / values.length;

describe('M/M/2 against M/M/3 in Podyard', () => {
  const COHORT = 20;
  const SEEDS = 5;
  const variants: { table: PodTable; waits: Float64Array }[] = [];
  let arrivals: Cohort;

  beforeAll(() => {
    const tables = [2, 3].map((nodes) => {
      const { result } = playQueueScenario({
        seed: 'coverage',
        nodes,
        arrivalsPerSecond: LOAD / 10,
        lifetime: { exponential: { mean: '10s' } },
        arrivals: WARM_UP + COMPARISONS * SEEDS * COHORT * 1.02,
        configuration: BARE_QUEUE,
      });
      return result.pods as PodTable;
    });
    arrivals = cohortSlice(commonArrivals(tables), WARM_UP, WARM_UP + COMPARISONS * SEEDS * COHORT);
    tables.forEach((table, variant) => {
      const { seconds, hasEnded } = waitsOf(table, arrivals.rows[variant], NaN);
      expect(hasEnded.every((ended) => ended === 1)).toBe(true);
      variants.push({ table, waits: seconds });
    });
  });

  /** Of comparison number `comparison`: one number a cohort. */
  const valuesOf = (comparison: number, of: (from: number, to: number) => number): number[] =>
    Array.from({ length: SEEDS }, (_, seed) => {
      const from = (seed * COMPARISONS + comparison) * COHORT;
      return of(from, from + COHORT);
    });
  const waitingShare =
    (variant: number) =>
    (from: number, to: number): number =>
      mean(variants[variant].waits.subarray(from, to).map((wait) => (wait > 0 ? 1 : 0)));

  test('both see the same arrivals and run times', () => {
    expect(arrivals.size).toBe(COMPARISONS * SEEDS * COHORT);
    const [two, three] = variants.map(({ table }, variant) => ({ table, rows: arrivals.rows[variant] }));
    for (let i = 0; i < arrivals.size; i += 97) {
      const [a, b] = [two.rows[i], three.rows[i]];
      expect(two.table.createdSeconds[a]).toBe(three.table.createdSeconds[b]);
      const runs = [
        two.table.endedSeconds[a] - two.table.startedSeconds[a],
        three.table.endedSeconds[b] - three.table.startedSeconds[b],
      ];
      expect(Math.abs(runs[0] - runs[1])).toBeLessThan(1e-6);
    }
  });

  test('the interval of the difference covers the difference of Erlang C in 93 to 97 % of 1,000 comparisons', () => {
    const truth = erlangC(3, LOAD) - erlangC(2, LOAD);
    let covered = 0;
    let shown = 0;
    for (let comparison = 0; comparison < COMPARISONS; comparison++) {
      const a = valuesOf(comparison, waitingShare(0));
      const b = valuesOf(comparison, waitingShare(1));
      const interval = meanInterval(b.map((value, i) => value - a[i]));
      if (interval === null) continue;
      if (interval.low <= truth && truth <= interval.high) covered++;
      if (interval.high < 0) shown++;
    }
    expect(covered).toBeGreaterThanOrEqual(930);
    expect(covered).toBeLessThanOrEqual(970);
    // Five cohorts of twenty arrivals are mostly enough to see that a third node helps.
    expect(shown).toBeGreaterThan(800);
  });

  test('A against A with other seeds shows a difference in at most 5 % of comparisons, all metrics after Holm', () => {
    const { table, waits } = variants[0];
    const rows = arrivals.rows[0];
    const metrics: Readonly<Record<string, (from: number, to: number) => number>> = {
      'waiting share': waitingShare(0),
      'mean wait': (from, to) => mean(waits.subarray(from, to)),
      'mean attempts': (from, to) => mean(Array.from(rows.subarray(from, to), (row) => table.attempts[row])),
    };
    let shown = 0;
    let shownUnadjusted = 0;
    for (let comparison = 0; comparison < COMPARISONS; comparison++) {
      const family = Object.entries(metrics).map(([metric, of]) => {
        // No arrival is used twice, and the two of a pair are hundreds of cohorts apart.
        const far = (comparison + COMPARISONS / 2) % COMPARISONS;
        return {
          variant: 'A',
          metric,
          a: valuesOf(comparison, (from, to) => of(from, to - COHORT / 2)),
          b: valuesOf(far, (from, to) => of(from + COHORT / 2, to)),
        };
      });
      const found = analyzePairs(family, { resamples: 0 });
      if (found.some(({ isDifferent }) => isDifferent)) shown++;
      if (found.some(({ pValue }) => pValue !== null && pValue <= 0.05)) shownUnadjusted++;
    }
    expect(shown).toBeLessThanOrEqual(50);
    expect(shownUnadjusted).toBeGreaterThan(shown);
  });

  test('A against A with the same seeds shows nothing, and that they are equal', () => {
    const values = valuesOf(0, waitingShare(0));
    expect(analyzePairs([{ variant: 'A', metric: 'waiting share', a: values, b: values }])).toMatchObject([
      {
        isDifferent: false,
        isEqual: true,
        meanDifference: 0,
        difference: { low: 0, high: 0 },
        pValue: 1,
        pairsToShow: null,
      },
    ]);
  });
});

describe('mean waits of M/M/2 against M/M/3, 20 seeds of 100 arrivals each', () => {
  const COHORT = 100;
  const SEEDS = 20;

  /**
   * Waits of arrivals at these times (Kiefer and Wolfowitz); whole scenarios wait just so (queueing-scenarios.test.ts).
   */
  function waitsFor(servers: number, gaps: Float64Array, services: Float64Array): Float64Array {
    const freeIn = new Float64Array(servers);
    const waits = new Float64Array(gaps.length);
    for (let i = 0; i < gaps.length; i++) {
      let first = 0;
      for (let server = 0; server < servers; server++) {
        freeIn[server] = Math.max(0, freeIn[server] - gaps[i]);
        if (freeIn[server] < freeIn[first]) first = server;
      }
      waits[i] = freeIn[first];
      freeIn[first] += services[i];
    }
    return waits;
  }

  test('the interval of the percentage covers the percentage of Erlang C in 93 to 97 % of 1,000 comparisons', () => {
    const stream = new RandomStream('coverage/mean-waits');
    const count = WARM_UP + COMPARISONS * SEEDS * COHORT;
    const gaps = new Float64Array(count);
    const services = new Float64Array(count);
    for (let i = 0; i < count; i++) {
      gaps[i] = -Math.log1p(-stream.next()) / LOAD;
      services[i] = -Math.log1p(-stream.next());
    }
    const means = [2, 3].map((servers) => {
      const waits = waitsFor(servers, gaps, services);
      return Array.from({ length: COMPARISONS * SEEDS }, (_, cohort) => {
        let sum = 0;
        for (let i = 0; i < COHORT; i++) sum += waits[WARM_UP + cohort * COHORT + i];
        return sum / COHORT;
      });
    });
    const truth = erlangWait(3, LOAD) / erlangWait(2, LOAD) - 1;
    let covered = 0;
    for (let comparison = 0; comparison < COMPARISONS; comparison++) {
      const [a, b] = means.map((values) =>
        Array.from({ length: SEEDS }, (_, seed) => values[seed * COMPARISONS + comparison]),
      );
      const { low, high } = percentageDifference(a, b);
      if (low !== null && high !== null && low <= truth && truth <= high) covered++;
    }
    expect(covered).toBeGreaterThanOrEqual(930);
    expect(covered).toBeLessThanOrEqual(970);
  });
});
