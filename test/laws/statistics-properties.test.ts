// What statistics must do for any samples: slow twins, and agreements between them. Values from elsewhere: test/golden.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { batchMeans, lag1Correlation } from '../../src/base/statistics/batch-means.ts';
import { binomialCdf, binomialMass } from '../../src/base/statistics/binomial.ts';
import { bcaInterval } from '../../src/base/statistics/bootstrap.ts';
import { chiSquaredCdf, chiSquaredQuantile } from '../../src/base/statistics/chi-squared.ts';
import { equivalencePValue, relativeEquivalencePValue } from '../../src/base/statistics/equivalence.ts';
import { holmAdjusted } from '../../src/base/statistics/holm.ts';
import { isRelativelyNarrow, lookConfidence, lookSchedule } from '../../src/base/statistics/looks.ts';
import { mean, sampleVariance } from '../../src/base/statistics/moments.ts';
import { normalCdf, normalQuantile } from '../../src/base/statistics/normal.ts';
import { meanInterval, meanTestPValue, pairedDifference } from '../../src/base/statistics/paired-difference.ts';
import { percentageDifference } from '../../src/base/statistics/percentage-difference.ts';
import { quantileInterval } from '../../src/base/statistics/quantile-interval.ts';
import { quantiles } from '../../src/base/statistics/quantiles.ts';
import { pairedTPower, pairsForHalfWidth, pairsToShow } from '../../src/base/statistics/sample-size.ts';
import { hodgesLehmann, signedRankTest, type ZeroMethod } from '../../src/base/statistics/signed-rank.ts';
import {
  kaplanMeier,
  restrictedMean,
  survivalAt,
  survivalInterval,
  survivalQuantile,
} from '../../src/base/statistics/survival.ts';
import { batchAverages, warmUpCut } from '../../src/base/statistics/warm-up.ts';

const value = fc.double({ min: -1000, max: 1000, noNaN: true });
const pairsOf = (least: number, one: fc.Arbitrary<number> = value) =>
  fc
    .array(fc.tuple(one, one), { minLength: least, maxLength: 30 })
    .map((rows) => ({ a: rows.map(([a]) => a), b: rows.map(([, b]) => b) }));
const small = fc.integer({ min: -4, max: 4 });

describe('distributions', () => {
  test('quantile and distribution undo each other', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 1e-9, max: 1 - 1e-9, noNaN: true }),
        fc.double({ min: 0.3, max: 3000, noNaN: true }),
        (share, degrees) => {
          expect(normalCdf(normalQuantile(share))).toBeCloseTo(share, 13);
          expect(chiSquaredCdf(chiSquaredQuantile(share, degrees), degrees)).toBeCloseTo(share, 11);
        },
      ),
    );
    expect([
      normalQuantile(0),
      normalQuantile(0.5),
      normalQuantile(1),
      chiSquaredQuantile(0, 3),
      chiSquaredQuantile(1, 3),
    ]).toEqual([-Infinity, 0, Infinity, 0, Infinity]);
  });

  test('the binomial distribution adds up, term by term', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60 }), fc.double({ min: 0, max: 1, noNaN: true }), (trials, chance) => {
        let sum = 0;
        for (let k = 0; k <= trials; k++) {
          sum += binomialMass(k, trials, chance);
          expect(binomialCdf(k, trials, chance)).toBeCloseTo(Math.min(1, sum), 12);
        }
        expect(sum).toBeCloseTo(1, 12);
      }),
    );
  });
});

describe('the percentage interval', () => {
  test('holds 0 exactly when the t interval of the difference does, if it is bounded', () => {
    let bounded = 0;
    fc.assert(
      fc.property(pairsOf(3, fc.double({ min: 1, max: 1000, noNaN: true })), ({ a, b }) => {
        const { low, high, estimate } = percentageDifference(a, b);
        const difference = pairedDifference(a, b);
        if (low === null || high === null || difference.low === null || difference.high === null) return;
        bounded++;
        expect(low <= 0 && high >= 0).toBe(difference.low <= 0 && difference.high >= 0);
        expect(estimate).toBeGreaterThanOrEqual(low - 1e-9);
        expect(estimate).toBeLessThanOrEqual(high + 1e-9);
      }),
    );
    expect(bounded).toBeGreaterThan(20);
  });

  test('does not depend on the unit, and turns round with the sign', () => {
    const [a, b] = [
      [10, 12, 11, 13, 12],
      [11, 12.5, 11.5, 14, 13],
    ];
    const { low, high } = percentageDifference(a, b);
    const scaled = percentageDifference(
      a.map((x) => x * 60),
      b.map((x) => x * 60),
    );
    expect(scaled.low).toBeCloseTo(low ?? NaN, 12);
    const negative = percentageDifference(
      a.map((x) => -x),
      b.map((x) => -x),
    );
    expect([negative.low, negative.high]).toEqual([-(high ?? NaN), -(low ?? NaN)]);
  });

  test('is unbounded when the base is not told from 0, and has no estimate at 0', () => {
    expect(percentageDifference([-1, 2, -3, 4], [1, 2, 3, 4])).toEqual({ estimate: 4, low: null, high: null });
    expect(percentageDifference([-1, 1], [1, 2])).toEqual({ estimate: null, low: null, high: null });
    expect(percentageDifference([2], [3])).toEqual({ estimate: 0.5, low: null, high: null });
    expect(percentageDifference([2, 2], [3, 3])).toEqual({ estimate: 0.5, low: 0.5, high: 0.5 });
  });
});

describe('the t test', () => {
  test('agrees with its interval, and with the two one-sided tests', () => {
    fc.assert(
      fc.property(pairsOf(3), fc.double({ min: 0, max: 500, noNaN: true }), ({ a, b }, margin) => {
        const differences = b.map((x, i) => x - a[i]);
        const p = meanTestPValue(differences) ?? NaN;
        const interval = meanInterval(differences, 0.95);
        if (Math.abs(p - 0.05) > 1e-9)
          expect(p < 0.05).toBe(interval !== null && (interval.low > 0 || interval.high < 0));
        const equivalence = equivalencePValue(a, b, margin) ?? NaN;
        const inner = meanInterval(differences, 0.9);
        if (Math.abs(equivalence - 0.05) > 1e-9)
          expect(equivalence < 0.05).toBe(inner !== null && inner.low > -margin && inner.high < margin);
      }),
    );
  });

  test('of equal differences leaves no doubt', () => {
    expect([meanTestPValue([0, 0, 0]), meanTestPValue([2, 2]), meanTestPValue([5])]).toEqual([1, 0, null]);
    expect([
      equivalencePValue([1, 1], [2, 2], 1.5),
      equivalencePValue([1, 1], [2, 2], 1),
      relativeEquivalencePValue([1], [2], 1),
    ]).toEqual([0, 1, null]);
    expect(relativeEquivalencePValue([-100, -100], [-101, -101], 0.02)).toBe(0);
  });
});

describe('the signed-rank test', () => {
  /** Every choice of signs, one by one. */
  function slowPValue(differences: readonly number[], zeros: ZeroMethod): number {
    const kept = zeros === 'wilcox' ? differences.filter((x) => x !== 0) : differences;
    const rankOf = (x: number): number =>
      kept.filter((y) => Math.abs(y) < Math.abs(x)).length +
      (kept.filter((y) => Math.abs(y) === Math.abs(x)).length + 1) / 2;
    const signed = kept.filter((x) => x !== 0);
    const ranks = signed.map(rankOf);
    const found = ranks.reduce((sum, rank, i) => sum + (signed[i] > 0 ? rank : 0), 0);
    let [below, above] = [0, 0];
    for (let signs = 0; signs < 1 << ranks.length; signs++) {
      const sum = ranks.reduce((total, rank, i) => total + (signs & (1 << i) ? rank : 0), 0);
      if (sum <= found) below++;
      if (sum >= found) above++;
    }
    return Math.min(1, (2 * Math.min(below, above)) / (1 << ranks.length));
  }

  test('counts as trying all signs does, with ties and zeros', () => {
    fc.assert(
      fc.property(
        fc.array(small, { minLength: 1, maxLength: 9 }),
        fc.constantFrom<ZeroMethod>('wilcox', 'pratt', 'zsplit'),
        (differences, zeros) => {
          expect(signedRankTest(differences, zeros).pValue).toBeCloseTo(slowPValue(differences, zeros), 13);
        },
      ),
    );
  });

  test('does not refuse what its interval holds', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: -5000, max: 5000 }), { minLength: 6, maxLength: 15 }), (found) => {
        // Irrational steps apart: neither zeros nor ties after a shift.
        const differences = found.map((x) => x * Math.SQRT2);
        const { low, high, estimate } = hodgesLehmann(differences);
        if (low === null || high === null) throw new Error('six pairs bound a shift');
        const pOf = (shift: number): number => signedRankTest(differences.map((x) => x - shift)).pValue;
        expect(low).toBeLessThanOrEqual(estimate);
        expect(pOf(low + (high - low) * 0.37)).toBeGreaterThan(0.05);
        for (const outside of [low - 1e-3, high + 1e-3]) expect(pOf(outside)).toBeLessThanOrEqual(0.05);
      }),
    );
    expect(hodgesLehmann([1, 2, 3, 4, 5])).toEqual({ estimate: 3, low: null, high: null });
  });

  test('goes on smoothly where counting ends', () => {
    const differences = Array.from({ length: 51 }, (_, i) => (i % 3 === 0 ? -1 : 1) * (i + 1));
    const [counted, approximated] = [signedRankTest(differences.slice(0, 50)), signedRankTest(differences)];
    expect([counted.isExact, approximated.isExact]).toEqual([true, false]);
    expect(Math.abs(counted.pValue - approximated.pValue)).toBeLessThan(0.03);
    const [before, after] = [hodgesLehmann(differences.slice(0, 50)), hodgesLehmann(differences)];
    expect(Math.abs((before.low ?? NaN) - (after.low ?? NaN))).toBeLessThan(3);
  });
});

test('Holm refuses as the step-down procedure does', () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: 0, max: 0.2, noNaN: true }), { minLength: 1, maxLength: 8 }), (pValues) => {
      const sorted = [...pValues].sort((a, b) => a - b);
      const stop = sorted.findIndex((p, i) => p * (sorted.length - i) > 0.05);
      const refused = stop < 0 ? sorted.length : stop;
      expect(holmAdjusted(pValues).filter((p) => p <= 0.05).length).toBe(refused);
    }),
  );
  expect(holmAdjusted([])).toEqual([]);
});

describe('the bootstrap', () => {
  test('gives the same from the same draws, follows a change of unit, and says so when it has no bounds', () => {
    const rows = [3, 1, 4, 1, 5, 9, 2, 6];
    const drawing = (): (() => number) => {
      let at = 0;
      return () => (at = (at + 0.6180339887498949) % 1);
    };
    const meanOf =
      (factor: number) =>
      (chosen: Int32Array): number =>
        (factor * chosen.reduce((sum, row) => sum + rows[row], 0)) / chosen.length;
    const found = bcaInterval(rows.length, meanOf(1), { draw: drawing(), resamples: 200 });
    expect(bcaInterval(rows.length, meanOf(1), { draw: drawing(), resamples: 200 })).toEqual(found);
    expect(bcaInterval(rows.length, meanOf(2), { draw: drawing(), resamples: 200 }).high).toBeCloseTo(
      2 * (found.high ?? NaN),
      12,
    );
    expect(bcaInterval(3, () => 7, { draw: drawing(), resamples: 50 })).toEqual({
      estimate: 7,
      standardError: 0,
      low: 7,
      high: 7,
    });
    expect(
      bcaInterval(3, (chosen) => (new Set(chosen).size === 3 ? 1 : 0), { draw: () => 0, resamples: 50 }),
    ).toMatchObject({ low: null, high: null });
  });
});

describe('numbers of pairs', () => {
  test('are the least that suffice', () => {
    fc.assert(
      fc.property(fc.double({ min: 0.15, max: 4, noNaN: true }), fc.constantFrom(0.5, 0.8, 0.95), (effect, power) => {
        const pairs = pairsToShow(effect, power) ?? NaN;
        expect(pairedTPower(effect, pairs)).toBeGreaterThanOrEqual(power);
        if (pairs > 2) expect(pairedTPower(effect, pairs - 1)).toBeLessThan(power);
      }),
      { numRuns: 30 },
    );
    expect([pairsToShow(0), pairsToShow(NaN), pairsToShow(1e-6), pairsToShow(Infinity)]).toEqual([null, null, null, 2]);
  });

  test('for a half width follow Stein', () => {
    // t of 9 degrees is 2.262157: (2.262157 * 3 / 0.5)^2 = 184.2.
    expect(pairsForHalfWidth(10, 3, 0.5)).toBe(185);
    expect([pairsForHalfWidth(10, 3, 50), pairsForHalfWidth(10, 0, 0), pairsForHalfWidth(10, 3, 0)]).toEqual([
      10,
      10,
      null,
    ]);
  });

  test('are looked at with half as many more each time', () => {
    expect(lookSchedule(100)).toEqual([10, 15, 23, 35, 53, 80, 100]);
    expect([lookSchedule(10), lookSchedule(5)]).toEqual([[10], [5]]);
    expect([0.9, 0.95, 0.99].map(lookConfidence)).toEqual([0.92, 0.9625, 0.9935]);
    expect(() => lookConfidence(0.8)).toThrow('0.9, 0.95 and 0.99');
    expect([
      isRelativelyNarrow(104, 3, 0.03),
      isRelativelyNarrow(102, 3, 0.03),
      isRelativelyNarrow(0, 0, 0.03),
    ]).toEqual([true, false, true]);
  });
});

describe('one long run', () => {
  test('is cut where the slow way cuts it', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -50, max: 50 }), { minLength: 50, maxLength: 200 }), (observations) => {
        const batches = [...batchAverages(observations, 5)];
        const errorAt = (start: number): number => {
          const left = batches.slice(start);
          return (sampleVariance(left) * (left.length - 1)) / (left.length * left.length);
        };
        const starts = batches.map((_, start) => start).filter((start) => batches.length - start >= 5);
        const best = starts.reduce((least, start) => (errorAt(start) < errorAt(least) - 1e-9 ? start : least), 0);
        const found = warmUpCut(observations);
        expect(found.isSettled).toBe(best <= Math.floor(batches.length / 2));
        if (found.isSettled) expect(errorAt(found.cut / 5)).toBeCloseTo(errorAt(best), 6);
      }),
    );
  });

  test('loses its warm-up, and is not called settled while it grows', () => {
    const noise = (i: number): number => Math.sin(i * 12.9898) + Math.sin(i * 78.233);
    const warming = Array.from({ length: 1000 }, (_, i) => (i < 150 ? 30 - i / 5 : 0) + noise(i));
    const { cut, isSettled } = warmUpCut(warming);
    expect(isSettled).toBe(true);
    expect(Math.abs(cut - 150)).toBeLessThan(25);
    expect(warmUpCut(Array.from({ length: 1000 }, (_, i) => i / 10 + noise(i))).isSettled).toBe(false);
    expect(warmUpCut(Array.from({ length: 1000 }, () => 4))).toEqual({ cut: 0, isSettled: true });
    expect(warmUpCut([1, 2, 3])).toEqual({ cut: 0, isSettled: false });
  });

  test('has batch means when its batches hardly depend on each other, and else none', () => {
    const noise = Array.from({ length: 1005 }, (_, i) => Math.sin(i * i));
    const found = batchMeans(noise);
    expect(found.batchSize).toBe(50);
    expect(found.interval?.mean).toBeCloseTo(mean(noise.slice(5)), 12);
    expect(batchMeans(Array.from({ length: 1000 }, (_, i) => i)).interval).toBeNull();
    expect(batchMeans(noise.slice(0, 199))).toEqual({ interval: null, batchSize: 0, lag1: NaN });
    expect(lag1Correlation([1, -1, 1, -1])).toBe(-0.75);
  });
});

describe('waits that are all known', () => {
  const waits = fc.array(fc.integer({ min: 0, max: 20 }), { minLength: 1, maxLength: 40 });

  test('have the nearest-rank quantiles, the share above and the mean of the samples', () => {
    fc.assert(
      fc.property(waits, fc.integer({ min: 1, max: 99 }), (samples, percent) => {
        const curve = kaplanMeier(
          samples,
          samples.map(() => true),
        );
        expect(survivalQuantile(curve, percent / 100).estimate).toBe(quantiles(samples, [percent / 100])[0]);
        expect(survivalAt(curve, 7)).toBeCloseTo(samples.filter((wait) => wait > 7).length / samples.length, 12);
        const bounded = samples.map((wait) => Math.min(wait, 12));
        const found = restrictedMean(curve, 12);
        expect(found?.mean).toBeCloseTo(mean(bounded), 10);
        // Greenwood's variance without cut-off waits is that of a mean, with n below the line.
        const variance =
          samples.length < 2 ? 0 : (sampleVariance(bounded) * (samples.length - 1)) / (samples.length * samples.length);
        expect(found?.standardError).toBeCloseTo(Math.sqrt(variance), 10);
      }),
    );
  });

  test('bound what can be longer than the longest by how many there are, however equal they are', () => {
    const equal = (count: number) =>
      kaplanMeier(
        Array.from({ length: count }, () => 7),
        Array.from({ length: count }, () => true),
      );
    // 0.975 = 1 - 0.025 ^ (1 / 1), 0.00368... = 1 - 0.025 ^ (1 / 1000).
    expect(survivalInterval(equal(1), 7)).toEqual({ low: 0, high: expect.closeTo(0.975, 12) as number });
    expect(survivalInterval(equal(1000), 7).high).toBeCloseTo(0.0036821, 7);
    expect(survivalQuantile(equal(1000), 0.99)).toEqual({ estimate: 7, low: 7, high: 7 });
    expect(survivalQuantile(equal(1000), 0.999)).toEqual({ estimate: 7, low: 7, high: null });
    expect(survivalQuantile(equal(5), 0.5).high).toBeNull();
    expect(survivalQuantile(equal(6), 0.5)).toEqual(quantileInterval([7, 7, 7, 7, 7, 7], 0.5));
  });

  test('in part are shorter than what is not known, and nothing is said beyond it', () => {
    const curve = kaplanMeier([1, 2, 3, 4], [true, true, false, false]);
    expect([survivalAt(curve, 0), survivalAt(curve, 2), survivalAt(curve, 4), survivalAt(curve, 5)]).toEqual([
      1,
      0.5,
      0.5,
      NaN,
    ]);
    expect([survivalQuantile(curve, 0.5).estimate, survivalQuantile(curve, 0.6).estimate]).toEqual([2, null]);
    expect([restrictedMean(curve, 4)?.mean, restrictedMean(curve, 5)]).toEqual([2.75, null]);
    expect(kaplanMeier([], [])).toMatchObject({ count: 0, times: [], longest: NaN });
    expect(kaplanMeier([5, 5], [false, true])).toMatchObject({ atRisk: [2], ended: [1], censored: 1, survival: [0.5] });
  });
});

test('a quantile has bounds only when there are enough samples', () => {
  expect(quantileInterval([1, 2, 3, 4, 5], 0.5)).toEqual({ estimate: 3, low: null, high: null });
  expect(quantileInterval([6, 5, 4, 3, 2, 1], 0.5)).toEqual({ estimate: 3, low: 1, high: 6 });
});
