// The points of a sweep, by design.
import { expect, test } from 'vitest';
import type { SweepParameter } from '../../src/experiment/sweep-parameters.ts';
import { isExcluded, sweepPoints } from '../../src/experiment/sweep-points.ts';

const listed = (path: string, ...values: unknown[]): SweepParameter => ({ path, values: { kind: 'listed', values } });
const uniform = (path: string, min: number, max: number, unit = ''): SweepParameter => ({
  path,
  values: { kind: 'drawn', shape: { kind: 'uniform', min, max }, unit, whole: false },
});
const asked = { samples: 0, seed: 's' };

test('a grid has every value with every other, the last parameter fastest', () => {
  const points = sweepPoints({ ...asked, design: 'grid', parameters: [listed('a', 1, 2), listed('b', 'x', 'y')] });
  expect(points).toEqual([[1, 'x'], [1, 'y'], [2, 'x'], [2, 'y']]);
});

test('a list takes the values side by side', () => {
  const points = sweepPoints({ ...asked, design: 'list', parameters: [listed('a', 1, 2), listed('b', 'x', 'y')] });
  expect(points).toEqual([[1, 'x'], [2, 'y']]);
});

test('a Latin hypercube has one draw in each equal share of each parameter; random draws need not', () => {
  const parameters = [uniform('a', 0, 10), uniform('b', 0, 10)];
  const sharesOf = (design: 'random' | 'latinHypercube', column: number): number[] => {
    const points = sweepPoints({ parameters, design, samples: 10, seed: 'lhs' });
    return points.map((point) => Math.floor(Number(point[column]))).sort((x, y) => x - y);
  };
  const all = Array.from({ length: 10 }, (_, i) => i);
  expect(sharesOf('latinHypercube', 0)).toEqual(all);
  expect(sharesOf('latinHypercube', 1)).toEqual(all);
  expect(sharesOf('random', 0)).not.toEqual(all);
});

test('draws depend on seed and path alone, and carry their unit', () => {
  const draw = (seed: string, ...parameters: SweepParameter[]): unknown[] =>
    sweepPoints({ parameters, design: 'random', samples: 5, seed }).map((point) => point.at(-1));
  const lone = draw('s', uniform('a', 1, 2, 'm'));
  expect(draw('s', uniform('other', 0, 1), uniform('a', 1, 2, 'm'))).toEqual(lone);
  expect(draw('t', uniform('a', 1, 2, 'm'))).not.toEqual(lone);
  for (const value of lone) expect(value).toMatch(/^1\.\d+m$/);
});

test('drawn shapes follow their quantiles', () => {
  const meanOf = (shape: Extract<SweepParameter['values'], { kind: 'drawn' }>['shape']): number => {
    const parameters: SweepParameter[] = [{ path: 'x', values: { kind: 'drawn', shape, unit: '', whole: false } }];
    const values = sweepPoints({ parameters, design: 'latinHypercube', samples: 4000, seed: 'q' }).map(Number);
    return values.reduce((sum, value) => sum + value, 0) / values.length;
  };
  expect(meanOf({ kind: 'uniform', min: 2, max: 6 })).toBeCloseTo(4, 2);
  expect(meanOf({ kind: 'exponential', mean: 3 })).toBeCloseTo(3, 1);
  expect(meanOf({ kind: 'logUniform', min: 1, max: Math.E })).toBeCloseTo(Math.E - 1, 2);
  expect(meanOf({ kind: 'lognormal', median: 1, sigma: 0.5 })).toBeCloseTo(Math.exp(0.125), 2);
});

test('an exclusion names a part of a point, the variant among it', () => {
  const parameters = [listed('a', 1, 2), listed('b', 'x', 'y')];
  const excluded = (...rules: Record<string, unknown>[]): boolean => isExcluded([1, 'x'], 'base', parameters, rules);
  expect(excluded({ a: 1 })).toBe(true);
  expect(excluded({ a: 1, b: 'y' }, { b: 'x', variant: 'base' })).toBe(true);
  expect(excluded({ a: 2 }, { variant: 'other' })).toBe(false);
});
