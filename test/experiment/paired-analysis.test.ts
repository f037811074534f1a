// What is said of variants against a base: the family of tests, the verdicts, the gaps in the data.
import { describe, expect, test } from 'vitest';
import { holmAdjusted } from '../../src/base/statistics/holm.ts';
import { mean, sampleStandardDeviation } from '../../src/base/statistics/moments.ts';
import { pairedDifference } from '../../src/base/statistics/paired-difference.ts';
import { pairsToShow } from '../../src/base/statistics/sample-size.ts';
import { analyzePairs, completePairs } from '../../src/experiment/paired-analysis.ts';

const A = [101, 99, 103, 98, 100, 102, 97, 104, 100, 101];
const clearlyMore = A.map((value, i) => value * 1.05 + (i % 3) * 0.1);
const justMore = A.map((value, i) => value * 1.001 + (i % 2) * 0.05);
const unclear = A.map((value, i) => value + [3, -4, 6, -5, 2, -1, 4, -3, 1, -6][i]);
const of = (metric: string, b: readonly (number | null)[], a: readonly (number | null)[] = A) => ({
  variant: 'mine',
  metric,
  a,
  b,
});

describe('variants against a base', () => {
  test('a clear difference, one within the margin, one that is not shown', () => {
    const [clear, little, none] = analyzePairs([of('wait', clearlyMore), of('cost', justMore), of('use', unclear)], {
      margin: 0.02,
    });
    expect(clear).toMatchObject({ pairs: 10, isDifferent: true, isEqual: false });
    expect(clear.percentage.low).toBeGreaterThan(0.045);
    expect(clear.percentage.high).toBeLessThan(0.055);
    // Shown to be there, and shown to be too small to matter.
    expect(little).toMatchObject({ isDifferent: true, isEqual: true });
    expect(none).toMatchObject({ isDifferent: false, isEqual: false });
    expect(none.pairsToShow).toBeGreaterThan(10);
  });

  test('the t interval, the percentage, the shift and the bootstrap are about the same differences', () => {
    const [found] = analyzePairs([of('wait', clearlyMore)]);
    const { low, high, meanDifference } = pairedDifference(A, clearlyMore);
    expect(found).toMatchObject({ meanDifference, difference: { low, high } });
    for (const interval of [found.bootstrap, found.shift, found.difference]) {
      expect(interval?.low ?? NaN).toBeLessThan(meanDifference);
      expect(interval?.high ?? NaN).toBeGreaterThan(meanDifference);
    }
    expect(found.signedRankPValue).toBe(2 / 1024);
  });

  test('p-values are adjusted over all metrics and variants at once', () => {
    const family = [of('wait', clearlyMore), of('use', unclear), { ...of('cost', justMore), variant: 'other' }];
    const found = analyzePairs(family, { resamples: 0 });
    expect(found.map(({ adjustedPValue }) => adjustedPValue)).toEqual(
      holmAdjusted(found.map(({ pValue }) => pValue ?? NaN)),
    );
    expect(found.map(({ variant, metric }) => `${variant} ${metric}`)).toEqual(['mine wait', 'mine use', 'other cost']);
  });

  test('the same values, or such that differ by rounding, are equal and not different', () => {
    const rounded = A.map((value) => value * (1 + 1e-15));
    for (const b of [A, rounded]) {
      expect(analyzePairs([of('wait', b)])).toMatchObject([
        { isDifferent: false, isEqual: true, pValue: 1, difference: { low: 0, high: 0 } },
      ]);
    }
    const zeros = A.map(() => 0);
    expect(analyzePairs([of('evictions', zeros, zeros)])).toMatchObject([
      { isDifferent: false, isEqual: true, percentage: { estimate: null } },
    ]);
  });

  test('seeds without a value on either side are left out, and one pair alone says nothing', () => {
    expect(completePairs({ a: [1, null, 3, NaN, 5], b: [2, 2, null, 4, 6] })).toEqual({ a: [1, 5], b: [2, 6] });
    expect(analyzePairs([of('wait', [2, null], [1, 1])])).toMatchObject([
      {
        pairs: 1,
        meanDifference: 1,
        difference: { low: null, high: null },
        pValue: null,
        adjustedPValue: null,
        isDifferent: false,
        isEqual: false,
        pairsToShow: null,
      },
    ]);
    expect(analyzePairs([of('wait', [null], [1]), of('use', unclear)])[0]).toMatchObject({
      pairs: 0,
      meanA: null,
      shift: null,
      isDifferent: false,
    });
    expect(() => analyzePairs([of('wait', [1], [1, 2])])).toThrow('differ in number');
  });

  test('fewer than five pairs show nothing: few values of a count are the same by chance', () => {
    const fixed = (seeds: number, value: number) => A.slice(0, seeds).map(() => value);
    const evictions = (seeds: number) => [of('evictions', fixed(seeds, 3), fixed(seeds, 2))];
    for (const seeds of [2, 3, 4]) {
      const found = { pValue: 0, isDifferent: false, isEqual: false, pairsToShow: 5 };
      expect(analyzePairs(evictions(seeds))).toMatchObject([found]);
      const same = [of('wait', A.slice(0, seeds), A.slice(0, seeds))];
      expect(analyzePairs(same)).toMatchObject([{ isDifferent: false, isEqual: false }]);
    }
    expect(analyzePairs(evictions(5))).toMatchObject([{ isDifferent: true, pairsToShow: 5 }]);
  });

  test('the seeds that would show a difference are more, the more else is not shown', () => {
    const alone = analyzePairs([of('use', unclear)])[0].pairsToShow ?? NaN;
    const differences = unclear.map((value, i) => value - A[i]);
    expect(alone).toBe(pairsToShow(mean(differences) / sampleStandardDeviation(differences)));
    const shown = analyzePairs([of('use', unclear), of('wait', clearlyMore)]);
    expect(shown.map(({ isDifferent }) => isDifferent)).toEqual([false, true]);
    expect(shown[0].pairsToShow).toBe(alone);
    const other = { ...of('use', unclear), variant: 'other' };
    expect(analyzePairs([of('use', unclear), other])[0].pairsToShow ?? NaN).toBeGreaterThan(1.2 * alone);
  });

  test('is the same in any order of the family', () => {
    const family = [of('wait', clearlyMore), of('use', unclear)];
    expect(analyzePairs(family)).toEqual(analyzePairs(family.toReversed()).toReversed());
  });
});
