// Statistics against values of SciPy, statsmodels, lifelines and mpmath; statistics.json has the versions and each
// call.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { lag1Correlation } from '../../src/base/statistics/batch-means.ts';
import { binomialCdf } from '../../src/base/statistics/binomial.ts';
import { bcaInterval } from '../../src/base/statistics/bootstrap.ts';
import { chiSquaredCdf, chiSquaredQuantile, chiSquaredUpperTail } from '../../src/base/statistics/chi-squared.ts';
import { equivalencePValue, relativeEquivalencePValue } from '../../src/base/statistics/equivalence.ts';
import { holmAdjusted } from '../../src/base/statistics/holm.ts';
import { normalCdf, normalQuantile } from '../../src/base/statistics/normal.ts';
import { differencesOf, meanInterval, meanTestPValue } from '../../src/base/statistics/paired-difference.ts';
import { percentageDifference } from '../../src/base/statistics/percentage-difference.ts';
import { quantileInterval } from '../../src/base/statistics/quantile-interval.ts';
import { pairedTPower, pairsToShow } from '../../src/base/statistics/sample-size.ts';
import { hodgesLehmann, signedRankTest, type ZeroMethod } from '../../src/base/statistics/signed-rank.ts';
import { studentTQuantile, studentTTwoSided } from '../../src/base/statistics/student-t.ts';
import {
  kaplanMeier,
  restrictedMean,
  survivalAt,
  survivalInterval,
  survivalQuantile,
} from '../../src/base/statistics/survival.ts';

interface Case {
  readonly call: string;
  readonly arguments: readonly number[];
  readonly value: number;
}

interface Pair {
  readonly a: readonly number[];
  readonly b: readonly number[];
}

type Known = number | 'Infinity' | null;

interface Golden {
  readonly pairs: Readonly<Record<string, Pair>>;
  readonly paired: readonly Readonly<Record<string, unknown>>[];
  readonly wilcoxon: readonly {
    readonly name: string;
    readonly zero_method: ZeroMethod;
    readonly differences: readonly number[];
    readonly call: string;
    readonly value: readonly [number, number];
  }[];
  readonly holm: readonly { readonly p: readonly number[]; readonly value: readonly number[] }[];
  readonly bootstrap: readonly {
    readonly pairs: string;
    readonly statistic: string;
    readonly value: readonly [number, number];
    readonly standardError: number;
  }[];
  readonly quantileInterval: {
    readonly samples: readonly number[];
    readonly cases: readonly {
      readonly call: string;
      readonly count: number;
      readonly share: number;
      readonly confidence: number;
      readonly value: readonly [number | null, number | null];
    }[];
  };
  readonly serial: { readonly values: readonly number[]; readonly lag1: number };
  readonly survival: readonly {
    readonly name: string;
    readonly times: readonly number[];
    readonly ended: readonly number[];
    readonly curve: readonly (readonly [number, number, number, number, number, number])[];
    readonly quantiles: readonly { readonly share: number; readonly value: readonly [Known, Known, Known] }[];
    readonly restricted: readonly { readonly limit: number; readonly value: readonly [number, number] }[];
  }[];
}

const text = readFileSync('test/golden/statistics.json', 'utf8');
const golden = JSON.parse(text) as Golden;
const casesOf = (name: string): readonly Case[] => (JSON.parse(text) as Record<string, readonly Case[]>)[name];

/** One rounding of a probability next to 1. */
const ROUNDING = 1e-16;

/** Relative to the value where it is small, too: tails count. */
function expectClose(found: number, value: number, tolerance: number): void {
  expect(Math.abs(found - value), `${found} instead of ${value}`).toBeLessThanOrEqual(
    tolerance * Math.abs(value) + ROUNDING,
  );
}

const DISTRIBUTIONS: readonly (readonly [string, (...x: number[]) => number, number])[] = [
  ['normalCdf', normalCdf, 1e-13],
  ['normalQuantile', normalQuantile, 1e-13],
  ['chiSquaredCdf', chiSquaredCdf, 1e-12],
  ['chiSquaredUpperTail', chiSquaredUpperTail, 1e-12],
  ['chiSquaredQuantile', chiSquaredQuantile, 1e-12],
  ['studentTQuantile', studentTQuantile, 1e-11],
  ['studentTTwoSided', studentTTwoSided, 1e-12],
  ['binomialCdf', binomialCdf, 1e-11],
  ['power', pairedTPower, 1e-10],
  ['pairsToShow', (effect, power, confidence) => pairsToShow(effect, power, confidence) ?? NaN, 0],
];

describe.each(DISTRIBUTIONS)('%s', (name, distribution, tolerance) => {
  test.each(casesOf(name))('is $call', (known) => {
    expectClose(distribution(...known.arguments), known.value, tolerance);
  });
});

describe.each(golden.paired)('the pairs "$pairs"', (known) => {
  const { a, b } = golden.pairs[known['pairs'] as string];
  const differences = differencesOf(a, b);
  const ends = (name: string): readonly [number, number] => known[name] as readonly [number, number];

  test('have the paired t test and intervals of scipy.stats.ttest_rel', () => {
    expectClose(meanTestPValue(differences) ?? NaN, known['ttest_rel(b, a).pvalue'] as number, 1e-10);
    for (const confidence of [0.95, 0.99]) {
      const [low, high] = ends(`ttest_rel(b, a).confidence_interval(${confidence})`);
      const found = meanInterval(differences, confidence);
      expectClose(found?.low ?? NaN, low, 1e-10);
      expectClose(found?.high ?? NaN, high, 1e-10);
    }
  });

  test('have as percentage interval what scipy.stats.ttest_1samp does not refuse', () => {
    const [low, high] = ends('roots of ttest_1samp(b - (1 + r) * a, 0).pvalue - 0.05');
    const found = percentageDifference(a, b);
    expectClose(found.estimate ?? NaN, known['estimate'] as number, 1e-12);
    expectClose(found.low ?? NaN, low, 1e-10);
    expectClose(found.high ?? NaN, high, 1e-10);
  });

  test('have the signed-rank test of scipy.stats.wilcoxon, and the interval that it does not refuse', () => {
    const [statistic, pValue] = ends('wilcoxon(b - a)');
    const found = signedRankTest(differences);
    expect(found.statistic).toBe(statistic);
    expectClose(found.pValue, pValue, 1e-13);
    const [low, high] = ends('shifts kept by wilcoxon(b - a - shift, method=exact) at 0.05');
    const shift = hodgesLehmann(differences);
    expect(shift.estimate).toBeCloseTo(known['median of walsh averages'] as number, 12);
    expect(shift.low).toBeCloseTo(low, 12);
    expect(shift.high).toBeCloseTo(high, 12);
  });

  test('are as equal as statsmodels.stats.weightstats.ttost_paired and one-sided t tests say', () => {
    for (const [margin, pValue] of known['ttost_paired(b, a, -m, m)'] as readonly (readonly [number, number])[]) {
      expectClose(equivalencePValue(a, b, margin) ?? NaN, pValue, 1e-10);
    }
    const relative = known['max of one-sided ttest_1samp(b - (1 - s) * a) and (b - (1 + s) * a)'];
    for (const [share, pValue] of relative as readonly (readonly [number, number])[]) {
      expectClose(relativeEquivalencePValue(a, b, share) ?? NaN, pValue, 1e-10);
    }
  });
});

describe('the signed-rank test with zeros and ties', () => {
  test.each(golden.wilcoxon)('of "$name", zeros $zero_method, is $call', ({ differences, zero_method, value }) => {
    const found = signedRankTest(differences, zero_method);
    expect(found.statistic).toBe(value[0]);
    expectClose(found.pValue, value[1], 1e-12);
    expect(found.isExact).toBe(differences.length <= 50);
  });
});

test.each(golden.holm)('p-values $p are adjusted as by statsmodels', ({ p, value }) => {
  holmAdjusted(p).forEach((adjusted, i) => expect(adjusted).toBeCloseTo(value[i], 14));
});

test.each(golden.bootstrap)(
  'BCa of $statistic of "$pairs" is that of scipy.stats.bootstrap on the same rows',
  (known) => {
    const { a, b } = golden.pairs[known.pairs];
    const sum = (rows: Int32Array, side: readonly number[]): number =>
      rows.reduce((total, row) => total + side[row], 0);
    const statistic =
      known.statistic === 'ratio'
        ? (rows: Int32Array): number => sum(rows, b) / sum(rows, a) - 1
        : (rows: Int32Array): number => (sum(rows, b) - sum(rows, a)) / rows.length;
    let state = 12345;
    const draw = (): number => {
      // Below 2^53: the product is exact.
      state = (state * 1664525 + 1013904223) % 4294967296;
      return state / 4294967296;
    };
    const found = bcaInterval(a.length, statistic, { draw, resamples: 499 });
    expectClose(found.low ?? NaN, known.value[0], 1e-10);
    expectClose(found.high ?? NaN, known.value[1], 1e-10);
    expectClose(found.standardError, known.standardError, 1e-10);
  },
);

test.each(golden.quantileInterval.cases)(
  '$call is bounded by the same samples',
  ({ count, share, confidence, value }) => {
    const found = quantileInterval(golden.quantileInterval.samples.slice(0, count), share, confidence);
    expect([found.low, found.high]).toEqual(value);
  },
);

test('lag-1 correlation is that of statsmodels.tsa.stattools.acf', () => {
  expectClose(lag1Correlation(golden.serial.values), golden.serial.lag1, 1e-12);
});

describe.each(golden.survival)('waits "$name"', ({ times, ended, curve, quantiles, restricted }) => {
  const found = kaplanMeier(times, ended);

  test('have the Kaplan-Meier curve of lifelines', () => {
    expect(found.times).toEqual(curve.map(([time]) => time));
    expect(found.atRisk).toEqual(curve.map(([, atRisk]) => atRisk));
    expect(found.ended).toEqual(curve.map(([, , count]) => count));
    for (const [time, , , share, low, high] of curve) {
      const interval = survivalInterval(found, time);
      expect(Math.abs(survivalAt(found, time) - share)).toBeLessThan(1e-12);
      if (share > 1e-9) expect(Math.abs(interval.low - low)).toBeLessThan(1e-10);
      if (share > 1e-9) expect(Math.abs(interval.high - high)).toBeLessThan(1e-10);
    }
  });

  test.each(quantiles)('have the quantile $share and its interval', ({ share, value }) => {
    // Lifelines is certain that no wait is longer than the longest seen; we are not.
    const longest = found.survival.at(-1) === 0 ? found.times.at(-1) : Infinity;
    const bounded = value.map((bound, i) => (bound === 'Infinity' || (i === 2 && bound === longest) ? null : bound));
    const { estimate, low, high } = survivalQuantile(found, share);
    expect([estimate, low, high]).toEqual(bounded);
  });

  test.each(restricted)('have the mean up to $limit', ({ limit, value }) => {
    const mean = restrictedMean(found, limit);
    expectClose(mean?.mean ?? NaN, value[0], 1e-12);
    expect(mean?.standardError).toBeCloseTo(value[1], 10);
  });
});
