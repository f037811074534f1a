// Samples summed up: exactly while they are few, within the histogram's error when they are many.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { quantiles } from '../../src/base/statistics/quantiles.ts';
import { SampleSet, sortWholeNumbers, summarizeSamples } from '../../src/metrics/sample-set.ts';

const setOf = (values: readonly number[], limit?: number): SampleSet => {
  const set = new SampleSet(limit);
  for (const value of values) set.add(value);
  return set;
};

const wholeNumbers = fc.array(fc.oneof(fc.nat(3000), fc.maxSafeNat()), { minLength: 1, maxLength: 300 });

describe('samples', () => {
  test('sorting by digits is sorting', () => {
    fc.assert(
      fc.property(wholeNumbers, (values) => {
        expect([...sortWholeNumbers(Float64Array.from(values))]).toEqual(values.toSorted((a, b) => a - b));
      }),
    );
  });

  test('quantiles of a union are those of all its samples', () => {
    fc.assert(
      fc.property(wholeNumbers, wholeNumbers, (a, b) => {
        const { quantiles: found, isExact } = summarizeSamples([setOf(a), setOf(b)], 1);
        const [p50, p99] = quantiles([...a, ...b], [0.5, 0.99]);
        expect(isExact).toBe(true);
        expect(found).toMatchObject({ count: a.length + b.length, p50, p99, max: Math.max(...a, ...b) });
      }),
    );
  });

  test('beyond the limit a histogram answers, within 0.4 %; count, mean and maximum stay exact', () => {
    const values = Array.from({ length: 5000 }, (_, i) => (i * 7919) % 100_003);
    for (const sets of [[setOf(values, 100)], [setOf(values.slice(0, 50), 100), setOf(values.slice(50), 100)]]) {
      const { quantiles: found, isExact, steps } = summarizeSamples(sets, 1, 100);
      const [p50, p999] = quantiles(values, [0.5, 0.999]);
      expect(isExact).toBe(false);
      expect(found.count).toBe(5000);
      expect(found.mean).toBeCloseTo(values.reduce((sum, value) => sum + value, 0) / 5000, 6);
      expect(Math.abs((found.p50 ?? 0) / p50 - 1)).toBeLessThan(0.004);
      expect(Math.abs((found.p999 ?? 0) / p999 - 1)).toBeLessThan(0.004);
      expect(found.max).toBe(Math.max(...values));
      expect(steps.at(-1)?.[1]).toBe(1);
    }
  });

  test('the distribution has at most 400 steps, ascending, from the first sample to the last', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5000 }), fc.integer({ min: 1, max: 3000 }), (count, spread) => {
        const values = Array.from({ length: count }, (_, i) => (i * 7919) % spread);
        const { steps } = summarizeSamples([setOf(values)], 1);
        const sorted = values.toSorted((a, b) => a - b);
        expect(steps.length).toBeLessThanOrEqual(400);
        expect(steps[0][0]).toBe(sorted[0]);
        expect(steps.at(-1)).toEqual([sorted[count - 1], 1]);
        for (const [value, share] of steps) expect(share * count).toBeCloseTo(sorted.filter((other) => other <= value).length, 6);
        for (let i = 1; i < steps.length; i++) expect(steps[i][0]).toBeGreaterThan(steps[i - 1][0]);
      }),
      { numRuns: 20 },
    );
  });

  test('no sample, no number', () => {
    expect(summarizeSamples([], 1).quantiles).toMatchObject({ count: 0, mean: null, p50: null, max: null });
  });
});
