// Shares of variance against sums that are known: additive effects on a grid, drawn values of which one counts.
import { expect, test } from 'vitest';
import { chanceShare, classShare, varianceShare } from '../../src/experiment/sensitivity.ts';
import { RandomStreams } from '../../src/kernel/random.ts';

test('on a full grid, effects that add up have the shares of their squares', () => {
  const rows = [0, 1].flatMap((a) => [0, 1].map((b) => ({ a, b })));
  const samples = rows.map(({ a, b }, row) => ({ row, value: 7 + 3 * a + 4 * b }));
  expect(varianceShare(samples, rows.map(({ a }) => String(a)))).toBeCloseTo(9 / 25, 12);
  expect(varianceShare(samples, rows.map(({ b }) => String(b)))).toBeCloseTo(16 / 25, 12);
});

test('what two do only together is nobody\'s own share', () => {
  const rows = [0, 1].flatMap((a) => [0, 1].map((b) => ({ a, b })));
  const samples = rows.map(({ a, b }, row) => ({ row, value: a === b ? 1 : 0 }));
  expect(varianceShare(samples, rows.map(({ a }) => String(a)))).toBe(0);
  expect(varianceShare(samples, rows.map(({ b }) => String(b)))).toBe(0);
});

test('chance is what runs of one row differ in', () => {
  // Rows at 0 and 10, each with runs at -1 and +1: within 1, between 25.
  const samples = [0, 1].flatMap((row) => [-1, 1].map((noise) => ({ row, value: 10 * row + noise })));
  expect(chanceShare(samples)).toBeCloseTo(1 / 26, 12);
  expect(varianceShare(samples, ['low', 'high'])).toBeCloseTo(25 / 26, 12);
});

test('a metric that does not vary is moved by nothing', () => {
  const samples = [0, 1, 2].map((row) => ({ row, value: 0.1 + 0.2 }));
  expect(varianceShare(samples, ['a', 'b', 'c'])).toBeNull();
  expect(chanceShare(samples)).toBeNull();
  expect(chanceShare([{ row: 0, value: 1 }])).toBeNull();
});

test('of drawn values, the one that counts has nearly all, the other next to nothing', () => {
  const streams = new RandomStreams('sensitivity');
  const drawn = (name: string): number[] => {
    const stream = streams.stream(name);
    return Array.from({ length: 400 }, () => stream.next());
  };
  const [counts, idle] = [drawn('counts'), drawn('idle')];
  const samples = counts.map((value, row) => ({ row, value: 5 * value }));
  // Ten classes of a uniform leave a hundredth within.
  expect(classShare(samples, counts)).toBeGreaterThan(0.98);
  expect(classShare(samples, idle)).toBeLessThan(0.05);
  expect(classShare(samples.slice(0, 3), counts)).toBeNull();
});
