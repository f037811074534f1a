import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LogHistogram } from '../../src/base/log-histogram.ts';
import { quantiles } from '../../src/base/statistics/quantiles.ts';

const SHARES = [0, 0.01, 0.25, 0.5, 0.9, 0.95, 0.99, 0.999, 1];

const wide = fc.oneof(
  fc.double({ min: 1e-8, max: 1e12, noNaN: true }),
  fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
  fc.integer({ min: 0, max: 1000 }),
  fc.constantFrom(0, 1, 2, 127, 128, 129, 255, 256, Number.MAX_SAFE_INTEGER),
);

function filled(values: readonly number[]): LogHistogram {
  const histogram = new LogHistogram();
  for (const value of values) histogram.add(value);
  return histogram;
}

describe('the log-bucket histogram', () => {
  it('answers every quantile within half a percent of the exact sample', () => {
    fc.assert(
      fc.property(fc.array(wide, { minLength: 1, maxLength: 300 }), (values) => {
        const exact = quantiles(values, SHARES);
        const histogram = filled(values);
        SHARES.forEach((share, i) => {
          expect(Math.abs(histogram.quantile(share) - exact[i])).toBeLessThanOrEqual(0.004 * exact[i] + 1e-9);
        });
        expect([histogram.count, histogram.min, histogram.max]).toEqual([values.length, exact[0], exact[SHARES.length - 1]]);
      }),
      { seed: 7 },
    );
  });

  it('holds the sum of whole numbers exactly, far beyond 2^53', () => {
    const histogram = new LogHistogram();
    let exact = 0n;
    for (let i = 0; i < 5000; i++) {
      const value = Number.MAX_SAFE_INTEGER - i * 977;
      histogram.add(value);
      exact += BigInt(value);
    }
    histogram.add(3, 281_474_976_710_655);
    exact += 3n * 281_474_976_710_655n;
    expect(Math.abs(histogram.sum / Number(exact) - 1)).toBeLessThan(1e-15);
    const limbs = histogram.toJSON().sumLimbs;
    const held = limbs.reduce((sum, limb, i) => sum + (BigInt(limb) << BigInt(24 * i)), 0n);
    expect(held >> 48n).toBe(exact);
  });

  it('is the same, bit for bit, in whatever order and grouping values are added and merged', () => {
    fc.assert(
      fc.property(fc.array(wide, { minLength: 3, maxLength: 80 }), fc.nat(), fc.nat(), (values, x, y) => {
        const first = x % values.length;
        const second = first + (y % (values.length - first));
        const parts = [values.slice(0, first), values.slice(first, second), values.slice(second)].map(filled);
        const together = filled(values);
        const backwards = filled(values.toReversed());
        const left = new LogHistogram();
        for (const part of parts) left.merge(part);
        const right = new LogHistogram();
        for (const part of parts.toReversed()) right.merge(part);
        for (const other of [backwards, left, right]) {
          expect(JSON.stringify(other)).toBe(JSON.stringify(together));
          expect(other.mean).toBe(together.mean);
        }
      }),
      { seed: 7 },
    );
  });

  it('takes a weight for that many equal values', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(wide, fc.integer({ min: 0, max: 9 })), { minLength: 1, maxLength: 30 }), (rows) => {
        const weighted = new LogHistogram();
        for (const [value, times] of rows) weighted.add(value, times);
        const repeated = filled(rows.flatMap(([value, times]) => Array.from({ length: times }, () => value)));
        expect(JSON.stringify(weighted)).toBe(JSON.stringify(repeated));
      }),
      { seed: 7 },
    );
  });

  it('survives a trip through JSON', () => {
    const histogram = filled([0, 0.25, 3, 3, 1e9]);
    const copy = LogHistogram.fromJSON(JSON.parse(JSON.stringify(histogram)));
    expect(JSON.stringify(copy)).toBe(JSON.stringify(histogram));
    expect([copy.mean, copy.quantile(0.5), copy.max]).toEqual([histogram.mean, 3.0078125, 1e9]);
  });

  it('gives its distribution as steps that end at the largest value and the count', () => {
    expect(filled([1, 1, 2, 1000]).steps()).toEqual([[1.0078125, 2], [2.015625, 3], [1000, 4]]);
  });

  it('has no answers while empty, and refuses what is no non-negative number', () => {
    const empty = new LogHistogram();
    expect([empty.quantile(0.5), empty.mean, empty.max, empty.min]).toEqual([NaN, NaN, NaN, NaN]);
    expect(JSON.stringify(empty)).toContain('"max":null');
    for (const bad of [-1, NaN, Infinity, 1e17]) expect(() => empty.add(bad)).toThrow(/from 0 to 2\^53/u);
    expect(() => empty.add(1, 0.5)).toThrow(/whole number/u);
  });
});
