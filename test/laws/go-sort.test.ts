/**
 * goSort against sort.Slice of the Go standard library. The golden file holds, for each way of making keys and comparing
 * them, one digest per length from 0 to 300 (and some longer ones) over every pair that was compared, in sequence, and
 * the resulting order; and some orders in full. The keys are made here and there by the same formulas.
 */
import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { goSort } from '../../src/base/go-sort.ts';

interface Sweep {
  readonly pattern: string;
  readonly comparison: string;
  /** Eight hexadecimal digits per length. */
  readonly digests: string;
}

interface Single {
  readonly pattern: string;
  readonly comparison: string;
  readonly length: number;
  readonly digest?: string;
  readonly order?: readonly number[];
}

type Less = (a: number, b: number) => boolean;

const golden = JSON.parse(readFileSync(new URL('../golden/go-sort.json', import.meta.url), 'utf8')) as { readonly sweeps: readonly Sweep[]; readonly singles: readonly Single[] };

function mix(value: number): number {
  let mixed = value | 0;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x7feb352d);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x846ca68b);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

const KEYS: Readonly<Record<string, (length: number, i: number) => number>> = {
  random: (length, i) => mix(length * 1000 + i) >>> 8,
  threeKeys: (length, i) => mix(length * 1000 + i) % 3,
  allEqual: () => 0,
  sorted: (_length, i) => i,
  reversed: (length, i) => length - i,
  organPipe: (length, i) => Math.min(i, length - i),
  almostSorted: (length, i) => (mix(length * 1000 + i) % 40 === 0 ? mix(i) % length : i),
  saw: (_length, i) => i % 17,
  none: () => 0,
};

/** M. D. McIlroy's adversary against quicksorts: a value is decided only when a comparison forces it. */
function adversary(length: number): Less {
  const values = new Array<number>(length).fill(length);
  let decided = 0;
  let candidate = 0;
  return (a, b) => {
    if (values[a] === length && values[b] === length) values[a === candidate ? a : b] = decided++;
    if (values[a] === length) candidate = a;
    else if (values[b] === length) candidate = b;
    return values[a] < values[b];
  };
}

function lessOf(pattern: string, comparison: string, length: number): Less {
  const key = KEYS[pattern];
  switch (comparison) {
    case 'strict':
      return (a, b) => key(length, a) < key(length, b);
    case 'tiesToo':
      return (a, b) => key(length, a) <= key(length, b);
    case 'coin':
      return (a, b) => mix(a * 65537 + b) % 2 === 1;
    default:
      return adversary(length);
  }
}

function sorted(pattern: string, comparison: string, length: number): { readonly order: number[]; readonly digest: string; readonly comparisons: number } {
  const order = Array.from({ length }, (_, i) => i);
  const less = lessOf(pattern, comparison, length);
  let hash = 2166136261;
  let comparisons = 0;
  const add = (value: number): void => {
    hash = Math.imul(hash ^ value, 16777619);
  };
  goSort(order, (a, b) => {
    comparisons++;
    add(a);
    add(b);
    return less(a, b);
  });
  order.forEach(add);
  return { order, digest: (hash >>> 0).toString(16).padStart(8, '0'), comparisons };
}

describe('goSort and sort.Slice', () => {
  test.each(golden.sweeps)('$pattern keys, $comparison: the same comparisons and order at every length to 300', ({ pattern, comparison, digests }) => {
    const own = Array.from({ length: digests.length / 8 }, (_, length) => sorted(pattern, comparison, length).digest);
    const wanted = own.map((_, length) => digests.slice(8 * length, 8 * length + 8));
    expect(own.length).toBe(301);
    expect(own).toEqual(wanted);
  });

  test('long ones, which exhaust patience and fall back to the heap', () => {
    for (const { pattern, comparison, length, digest } of golden.singles) {
      if (digest !== undefined) expect({ pattern, comparison, length, digest: sorted(pattern, comparison, length).digest }).toEqual({ pattern, comparison, length, digest });
    }
  });

  test('orders in full', () => {
    for (const { pattern, comparison, length, order } of golden.singles) {
      if (order !== undefined) expect({ pattern, comparison, order: sorted(pattern, comparison, length).order }).toEqual({ pattern, comparison, order });
    }
  });
});

describe('goSort', () => {
  test('sorts, and loses nothing', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 60 }), { maxLength: 400 }), (items) => {
        const own = [...items];
        goSort(own, (a, b) => a < b);
        expect(own).toEqual([...items].sort((a, b) => a - b));
      }),
    );
  });

  test('ends with a permutation under any comparison', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 500 }), fc.integer(), (length, salt) => {
        const items = Array.from({ length }, (_, i) => i);
        goSort(items, (a, b) => mix(a * 7919 + b + salt) % 3 !== 0);
        expect([...items].sort((a, b) => a - b)).toEqual(Array.from({ length }, (_, i) => i));
      }),
    );
  });

  test('stays within n log n comparisons against an adversary', () => {
    for (const length of [1000, 10_000]) expect(sorted('none', 'adversary', length).comparisons).toBeLessThan(6 * length * Math.log2(length));
  });
});
