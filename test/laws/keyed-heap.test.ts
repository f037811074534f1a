/**
 * KeyedHeap holds the same rows in the same places as its twin, IndexHeap, which sifts as Go's container/heap does.
 * SortedRuns gives rows in the order of its twin, KeyedHeap.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { IndexHeap } from '../../src/base/index-heap.ts';
import { KeyedHeap, SortedRuns } from '../../src/base/keyed-heap.ts';

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

/** Rows that come in order for a while, with numbers from around a place that moves on. */
const stretch = fc.record({
  verb: fc.constant('stretch' as const),
  count: fc.integer({ min: 1, max: 150 }),
  from: fc.nat(40),
  apart: fc.constantFrom(0, 0, 1, 3, -1),
  second: key,
  /** One by one; or in one call, with or without numbers of their own that come first. */
  how: fc.constantFrom('each' as const, 'many' as const, 'many of the first 0' as const),
});
const one = fc.record({
  verb: fc.constantFrom('push' as const, 'fix' as const, 'remove' as const, 'removeFirst' as const),
  row: fc.nat(2 * ROWS - 1),
  keys: fc.tuple(fc.nat(60), key),
});
const some = fc.record({
  verb: fc.constantFrom('pop' as const, 'popWhile' as const),
  count: fc.integer({ min: 1, max: 120 }),
});

describe('the sorted runs of rows with numbers', () => {
  test('give rows in the order of the heap, whatever is put in, changed or taken out between', () => {
    let most = 0;
    let strays = 0;
    let longest = 0;
    const popped = new Int32Array(120);
    fc.assert(
      fc.property(fc.array(fc.oneof(stretch, one, one, one, some), { maxLength: 120, size: 'max' }), (steps) => {
        const known: (readonly [number, number, number])[] = [];
        const keysOf = (row: number, into: Float64Array): void => into.set(known[row]);
        const twin = new KeyedHeap(keysOf);
        const runs = new SortedRuns(keysOf);
        let made = 0;
        const put = (row: number, first: number, second: number): void => {
          if (twin.has(row)) return;
          known[row] = [first, second, made++];
          twin.push(row);
          runs.push(row);
        };
        const take = (): void => expect(runs.pop()).toBe(twin.pop());
        for (const step of steps) {
          if (step.verb === 'stretch' && step.how === 'each') {
            for (let i = 0; i < step.count; i++) put((made * 7) % (2 * ROWS), step.from + i * step.apart, step.second);
          } else if (step.verb === 'stretch') {
            const list: number[] = [];
            for (let i = 0; i < step.count; i++) {
              const row = ((made + i) * 7) % (2 * ROWS);
              if (twin.has(row) || list.includes(row)) continue;
              // Now and then the third numbers are not in order either.
              const third = made + list.length / 1000 + (step.count % 5 === 0 ? (list.length % 7) + 0.0005 : 0);
              known[row] = [step.how === 'many' ? step.from + i * step.apart : 0, step.second, third];
              list.push(row);
            }
            made += step.count;
            const column = (index: number): Float64Array =>
              Float64Array.from({ length: 2 * ROWS }, (_, row) => known[row]?.[index] ?? NaN);
            for (const row of list) twin.push(row);
            const [before, after] = [[5, 6, 7].slice(0, step.from % 4), [8, 9]];
            const rows = Int32Array.from([...before, ...list, ...after]);
            const firsts = step.how === 'many' ? column(0) : null;
            runs.pushMany(rows, before.length, before.length + list.length, firsts, step.second, column(2));
          } else if (step.verb === 'pop') for (let i = 0; i < step.count; i++) take();
          else if ('count' in step) {
            const passes = (row: number): boolean => row % 11 !== 0;
            for (let left = step.count; left > 0 && twin.size > 0 && passes(twin.peek()); ) {
              const count = runs.popWhile(passes, left, popped);
              expect(count).toBeGreaterThan(0);
              for (let i = 0; i < count; i++) expect(popped[i]).toBe(twin.pop());
              longest = Math.max(longest, count);
              left -= count;
            }
            if (twin.size === 0 || !passes(twin.peek())) expect(runs.popWhile(passes, 1, popped)).toBe(0);
          } else if (step.verb === 'push') put(step.row, ...step.keys);
          else {
            const row = step.verb === 'removeFirst' ? twin.peek() : step.row;
            if (row < 0 || !twin.has(row)) continue;
            if (step.verb === 'fix') known[row] = [...step.keys, made++];
            const verb = step.verb === 'fix' ? 'fix' : 'remove';
            twin[verb](row);
            runs[verb](row);
          }
          expect(runs.size).toBe(twin.size);
          expect(runs.peek()).toBe(twin.peek());
          if ('row' in step) expect(runs.has(step.row)).toBe(twin.has(step.row));
          most = Math.max(most, runs.size);
        }
        expect([...runs.rows].sort((a, b) => a - b)).toEqual([...twin.rows].sort((a, b) => a - b));
        strays = Math.max(strays, runs.strayCount);
        while (twin.size > 0) take();
        expect(runs.pop()).toBe(-1);
      }),
      { numRuns: 60 },
    );
    expect(most).toBeGreaterThan(300);
    expect(strays).toBeGreaterThan(0);
    expect(longest).toBeGreaterThan(10);
  });
});
