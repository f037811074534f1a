import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mean, sampleStandardDeviation } from '../../src/base/statistics/moments.ts';
import { pairedDifference } from '../../src/base/statistics/paired-difference.ts';
import { nearestRank, quantileOfSorted, quantiles } from '../../src/base/statistics/quantiles.ts';
import { studentTCdf, studentTQuantile } from '../../src/base/statistics/student-t.ts';

/** Golden values computed with 40 decimal digits (mpmath) and frozen. */
const T_QUANTILES: readonly (readonly [probability: number, degrees: number, t: number])[] = [
  [0.975, 1, 12.706204736174705],
  [0.995, 1, 63.656741162871581],
  [0.975, 2, 4.3026527297494639],
  [0.995, 2, 9.9248432009182931],
  [0.975, 3, 3.1824463052837096],
  [0.995, 3, 5.8409093097333573],
  [0.975, 4, 2.7764451051977944],
  [0.975, 5, 2.5705818356363155],
  [0.995, 7, 3.4994832973504939],
  [0.975, 9, 2.2621571627982055],
  [0.975, 19, 2.0930240544083098],
  [0.975, 29, 2.0452296421327043],
  [0.995, 30, 2.7499956535672253],
  [0.975, 99, 1.9842169515864175],
  [0.995, 100, 2.6258905214380179],
  [0.975, 999, 1.96234146113345],
  [0.975, 100000, 1.9599877075346096],
  [0.995, 100000, 2.5758784699083753],
  [0.6, 5, 0.26718086570414513],
  [0.9999, 3, 22.203742273204183],
  [0.975, 3.5, 2.9400886379827298],
  [0.025, 9, -2.2621571627982055],
  [0.9, 0.7, 5.0099479596464043],
];

const T_CDFS: readonly (readonly [t: number, degrees: number, probability: number])[] = [
  [0.5, 1, 0.64758361765043327],
  [1, 2, 0.78867513459481288],
  [-1.5, 4, 0.104],
  [2.2621571627409915, 9, 0.97499999999766214],
  [0.01, 30, 0.50395625371341115],
  [-8, 6, 0.00010173225103952536],
  [3, 100, 0.99829604232833528],
  [1.96, 100000, 0.97500071840284918],
  [-40, 3, 1.7190340394579264e-5],
  [1.2, 2.5, 0.83428058116706123],
];

describe('quantiles are nearest-rank', () => {
  it('takes the smallest sample that at least the share of the samples does not exceed', () => {
    const samples = [15, 20, 35, 40, 50];
    expect([0, 0.05, 0.2, 0.21, 0.3, 0.4, 0.5, 0.8, 0.81, 1].map((share) => quantileOfSorted(samples, share))).toEqual([15, 15, 15, 20, 20, 20, 35, 40, 50, 50]);
  });

  it('is not moved a rank by rounding: k of n samples is rank k', () => {
    for (let count = 1; count <= 300; count++) {
      for (let rank = 1; rank <= count; rank++) expect(nearestRank(rank / count, count)).toBe(rank);
    }
    expect(nearestRank(0.07, 100)).toBe(7);
    expect(nearestRank(0.29, 100)).toBe(29);
  });

  it('agrees with counting, for any samples', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ noNaN: true, noDefaultInfinity: true }), { minLength: 1, maxLength: 60 }), fc.integer({ min: 1, max: 100 }), (samples, percent) => {
        const [found] = quantiles(samples, [percent / 100]);
        expect(samples).toContain(found);
        expect(samples.filter((value) => value <= found).length * 100).toBeGreaterThanOrEqual(percent * samples.length);
        expect(samples.filter((value) => value < found).length * 100).toBeLessThan(percent * samples.length);
      }),
      { seed: 7 },
    );
  });

  it('has no answer without samples', () => {
    expect(quantileOfSorted([], 0.5)).toBeNaN();
    expect(mean([])).toBeNaN();
    expect(sampleStandardDeviation([3])).toBeNaN();
  });
});

describe("Student's t", () => {
  it.each(T_QUANTILES)('has its quantile of %f with %f degrees of freedom at %f', (probability, degrees, t) => {
    expect(Math.abs(studentTQuantile(probability, degrees) - t)).toBeLessThan(1e-11 * Math.max(1, Math.abs(t)));
  });

  it.each(T_CDFS)('puts below %f with %f degrees of freedom the share %f', (t, degrees, probability) => {
    expect(Math.abs(studentTCdf(t, degrees) - probability)).toBeLessThan(1e-13);
  });

  it('is symmetric, and quantile and distribution undo each other', () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-6, max: 0.999999, noNaN: true }), fc.double({ min: 0.5, max: 5000, noNaN: true }), (probability, degrees) => {
        expect(studentTCdf(studentTQuantile(probability, degrees), degrees)).toBeCloseTo(probability, 11);
        expect(studentTCdf(-1.3, degrees) + studentTCdf(1.3, degrees)).toBeCloseTo(1, 13);
      }),
      { seed: 7 },
    );
  });

  it('is infinite at the ends', () => {
    expect([studentTQuantile(0, 3), studentTQuantile(0.5, 3), studentTQuantile(1, 3)]).toEqual([-Infinity, 0, Infinity]);
  });
});

describe('the paired difference', () => {
  it("equals an independent computation of the paired t interval", () => {
    const a = [12.1, 9.8, 14.2, 11.0, 10.4, 13.3, 9.1, 12.7, 11.9, 10.2];
    const b = [11.2, 9.9, 12.8, 10.1, 10.0, 12.1, 9.3, 11.5, 11.0, 9.7];
    const found = pairedDifference(a, b);
    expect(found.n).toBe(10);
    expect(found.meanA).toBeCloseTo(11.47, 12);
    expect(found.meanB).toBeCloseTo(10.76, 12);
    expect(found.meanDifference).toBeCloseTo(-0.71, 12);
    expect(found.halfWidth95).toBeCloseTo(0.39101815350749114, 10);
    expect(found.low).toBeCloseTo(-1.101018153507491, 10);
    expect(found.high).toBeCloseTo(-0.3189818464925088, 10);
    expect(found.relative).toBeCloseTo(-0.71 / 11.47, 12);
  });

  it('has no interval from one pair, and no relative difference from zero', () => {
    expect(pairedDifference([0], [2])).toEqual({ n: 1, meanA: 0, meanB: 2, meanDifference: 2, halfWidth95: null, low: null, high: null, relative: null });
  });

  it('refuses samples that do not pair', () => {
    expect(() => pairedDifference([1, 2], [1])).toThrow(/differ in number/u);
  });
});
