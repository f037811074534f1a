/** KeyedHeap holds the same rows in the same places as its twin, IndexHeap, which sifts as Go's container/heap does. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { IndexHeap } from '../../src/base/index-heap.ts';
import { KeyedHeap } from '../../src/base/keyed-heap.ts';

const ROWS = 300;
const key = fc.constantFrom(0, 1, 2, 3);
const keys = fc.tuple(key, key, key);
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ verb: fc.constant('push' as const), row: fc.nat(ROWS - 1), keys }) },
  { weight: 2, arbitrary: fc.record({ verb: fc.constant('pop' as const), row: fc.constant(0), keys }) },
  {
    weight: 1,
    arbitrary: fc.record({ verb: fc.constantFrom('fix' as const, 'remove' as const), row: fc.nat(ROWS - 1), keys }),
  },
);

describe('the heap of rows with numbers', () => {
  test('keeps them where the heap that compares rows keeps them, equal ones, too', () => {
    let deepest = 0;
    fc.assert(
      fc.property(fc.array(step, { maxLength: 600, size: 'max' }), (steps) => {
        const known: (readonly [number, number, number])[] = [];
        const less = (a: number, b: number): boolean => {
          const index = known[a].findIndex((value, i) => value !== known[b][i]);
          return index >= 0 && known[a][index] < known[b][index];
        };
        const twin = new IndexHeap(less);
        const heap = new KeyedHeap((row, into) => into.set(known[row]));
        for (const { verb, row, keys: drawn } of steps) {
          if (verb === 'pop') expect(heap.pop()).toBe(twin.pop());
          else if (verb === 'push' && !twin.has(row)) {
            known[row] = drawn;
            twin.push(row);
            heap.push(row);
          } else if (verb !== 'push' && twin.has(row)) {
            if (verb === 'fix') known[row] = drawn;
            twin[verb](row);
            heap[verb](row);
          }
          expect(heap.peek()).toBe(twin.peek());
          expect(heap.has(row)).toBe(twin.has(row));
          deepest = Math.max(deepest, heap.size);
        }
        expect(heap.rows).toEqual(twin.rows);
      }),
      { numRuns: 40 },
    );
    expect(deepest).toBeGreaterThan(64);
  });
});
