/**
 * Generators fitted to traces: run times that were cut off count for what they tell, and the fit draws what it was
 * fitted to.
 */
import { describe, expect, test } from 'vitest';
import { MICROS_PER_SECOND } from '../../src/base/time.ts';
import { RandomStream } from '../../src/kernel/random.ts';
import { ratesOf } from '../../src/workload/traces/fit/fitted-scenario.ts';
import {
  curveOfCounts,
  largestDifference,
  LifetimeCurve,
  thinned,
  threeDigits,
  type CurvePoint,
} from '../../src/workload/traces/fit/lifetime-curve.ts';

const shareAt = (points: readonly CurvePoint[], value: number): number =>
  points.findLast((point) => point.value <= value)?.share ?? 0;

describe('the curve of run times', () => {
  test('is the product-limit estimate: remission times of 21 patients with 6-mercaptopurine (Freireich et al., 1963)', () => {
    const curve = new LifetimeCurve();
    for (const ended of [6, 6, 6, 7, 10, 13, 16, 22, 23]) curve.addEnded(ended);
    for (const cut of [6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35]) curve.addCutOff(cut);
    const published = [
      [6, 0.857],
      [7, 0.807],
      [10, 0.753],
      [13, 0.69],
      [16, 0.627],
      [22, 0.538],
      [23, 0.448],
    ] as const;
    const points = curve.points();
    for (const [weeks, survival] of published) expect(1 - shareAt(points, weeks)).toBeCloseTo(survival, 3);
    // What is left ends with the longest time seen.
    expect(points.at(-1)).toEqual({ value: 35, share: 1 });
    expect(curve.tailShare()).toBeCloseTo(0.448, 3);
  });

  test('without cut-off times is the share of those that ended', () => {
    const curve = new LifetimeCurve();
    for (const value of [5, 1, 1, 9]) curve.addEnded(value);
    const expected = [{ value: 1, share: 0.5 }, { value: 5, share: 0.75 }, { value: 9, share: 1 }];
    curve.points().forEach(({ value, share }, i) => {
      expect(value).toBe(expected[i].value);
      expect(share).toBeCloseTo(expected[i].share, 12);
    });
    expect(curve.tailShare()).toBeCloseTo(0.25, 12);
  });

  test('finds the run times behind a recording that cuts half of them off, where counting the ends does not', () => {
    const draws = new RandomStream('cut-off');
    const meanMicros = 1000 * MICROS_PER_SECOND;
    const curve = new LifetimeCurve();
    const ends = new Map<number, number>();
    for (let i = 0; i < 40_000; i++) {
      const lifetime = Math.round(-Math.log(1 - draws.next()) * meanMicros);
      const left = Math.round(draws.next() * 1500 * MICROS_PER_SECOND);
      if (lifetime <= left) {
        curve.addEnded(lifetime);
        ends.set(lifetime, (ends.get(lifetime) ?? 0) + 1);
      } else curve.addCutOff(left);
    }
    expect(curve.cutOff).toBeGreaterThan(15_000);
    const truth = Array.from({ length: 140 }, (_, i) => {
      const value = (i + 1) * 10 * MICROS_PER_SECOND;
      return { value, share: 1 - Math.exp(-value / meanMicros) };
    });
    const points = curve.points();
    for (const { value, share } of truth) expect(Math.abs(shareAt(points, value) - share)).toBeLessThan(0.02);
    const naive = curveOfCounts(ends);
    expect(Math.max(...truth.map(({ value, share }) => Math.abs(shareAt(naive, value) - share)))).toBeGreaterThan(0.1);
  });

  test('merged is the curve of all', () => {
    const [all, a, b] = [new LifetimeCurve(), new LifetimeCurve(), new LifetimeCurve()];
    for (let i = 1; i < 200; i++) {
      const part = i % 3 === 0 ? a : b;
      for (const curve of [all, part]) {
        if (i % 5 === 0) curve.addCutOff(i * 7);
        else curve.addEnded(i * 7);
      }
    }
    a.merge(b);
    expect(a.points()).toEqual(all.points());
  });

  test('nothing that ended gives no curve', () => {
    const curve = new LifetimeCurve();
    curve.addCutOff(5);
    expect(curve.points()).toEqual([]);
  });
});

test('values are held to three digits', () => {
  expect([0, 7, 999, 1000, 123_456, 999_999, 5e12].map(threeDigits)).toEqual([
    0, 7, 999, 1000, 123_000, 1_000_000, 5e12,
  ]);
});

test('a thinned distribution is the same to its step, and common values stand for themselves', () => {
  const counts = new Map(Array.from({ length: 5000 }, (_, i) => [i * i, 1 + (i % 4)]));
  counts.set(77, 6000);
  const points = curveOfCounts(counts);
  const kept = thinned(points, 500);
  expect(kept.length).toBeLessThanOrEqual(510);
  const weights = kept.reduce((sum, { weight }) => sum + weight, 0);
  expect(weights).toBeCloseTo(1, 9);
  let share = 0;
  const curve = kept.map(({ value, weight }) => ({ value, share: (share += weight) }));
  expect(largestDifference(points, curve)).toBeLessThan(1 / 250);
  expect(kept.find(({ value }) => value === 77)?.weight).toBeCloseTo(6000 / (12_500 + 6000 - 2), 3);
});

test('the largest difference of two distributions, of equal ones and of such as do not meet', () => {
  const curve = curveOfCounts(new Map([[1, 1], [2, 1], [3, 2]]));
  expect(largestDifference(curve, curve)).toBe(0);
  expect(largestDifference(curve, curveOfCounts(new Map([[9, 5]])))).toBe(1);
  expect(largestDifference(curve, curveOfCounts(new Map([[1, 1], [3, 1]])))).toBe(0.25);
  expect(largestDifference(curve, [])).toBeNaN();
});

test('rates by hour are means over the hours that fall on them', () => {
  const hours = Array.from({ length: 50 }, (_, hour) => (hour % 24 === 3 ? 10 : hour >= 48 ? 4 : 1));
  const rates = ratesOf(hours, 50, 24);
  expect(rates).toHaveLength(24);
  expect(rates[3]).toBe(10);
  expect(rates[0]).toBe(2);
  expect(rates[5]).toBe(1);
  expect(ratesOf(hours, 50, null)).toEqual(hours);
  expect(ratesOf([3], 1, 168)).toEqual([3]);
});
