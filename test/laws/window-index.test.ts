/**
 * The index over totals in cache order answers as a walk over the nodes does, whatever has changed in between: which nodes
 * the window holds, how many were looked at, and whom upstream's heap yields.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { firstInHeapOrder } from '../../src/scheduler/framework/algorithm.ts';
import { INFEASIBLE, WindowIndex } from '../../src/scheduler/fast/window-index.ts';

/** PODYARD_RUNS=5000 for a long hunt. */
const RUNS = { numRuns: Number(process.env['PODYARD_RUNS'] ?? 300) };

const totalArbitrary = fc.oneof({ weight: 2, arbitrary: fc.constant(INFEASIBLE) }, { weight: 5, arbitrary: fc.integer({ min: 0, max: 4 }) }, { weight: 1, arbitrary: fc.integer({ min: 0, max: 700 }) });
const stepArbitrary = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('change' as const), at: fc.nat(), total: totalArbitrary }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('find' as const), at: fc.nat(), total: fc.integer({ min: 1, max: 260 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('resize' as const), at: fc.integer({ min: 1, max: 250 }), total: totalArbitrary }) },
);

interface Found {
  readonly feasible: readonly number[];
  readonly processed: number;
  readonly winner: number;
}

/** One node after the other; the one too many that ends the search is not counted. */
function walk(totals: readonly number[], start: number, target: number): Found {
  const feasible: number[] = [];
  let processed = 0;
  for (let i = 0; i < totals.length; i++) {
    const position = (start + i) % totals.length;
    if (totals[position] !== INFEASIBLE) {
      if (feasible.length === target) break;
      feasible.push(position);
    }
    processed++;
  }
  const found = feasible.map((position) => totals[position]);
  return { feasible, processed, winner: feasible.length === 0 ? -1 : feasible[firstInHeapOrder(found, found.length, Math.max(...found))] };
}

test('a search finds what a walk finds', () => {
  let searches = 0;
  fc.assert(
    fc.property(fc.array(totalArbitrary, { minLength: 1, maxLength: 250 }), fc.array(stepArbitrary, { minLength: 1, maxLength: 60 }), (initial, steps) => {
      let totals = [...initial];
      let asked = 0;
      const index = new WindowIndex((position) => {
        asked++;
        return totals[position];
      });
      index.reset(totals.length);
      for (const { kind, at, total } of steps) {
        if (kind === 'change') {
          totals[at % totals.length] = total;
          index.invalidate(at % totals.length);
        } else if (kind === 'resize') {
          totals = Array.from({ length: at }, (_, i) => initial[i % initial.length]);
          index.reset(at);
        } else {
          searches++;
          const start = at % totals.length;
          const expected = walk(totals, start, total);
          index.find(start, total, null);
          const order = Int32Array.from(totals, (_, position) => position);
          const rows = new Int32Array(totals.length);
          const values = new Float64Array(totals.length);
          index.collect(order, rows, values);
          expect([...rows.subarray(0, index.feasibleCount)]).toEqual(expected.feasible);
          expect([...values.subarray(0, index.feasibleCount)]).toEqual(expected.feasible.map((position) => totals[position]));
          expect(index.processedCount).toBe(expected.processed);
          expect(index.feasibleCount === 0 ? -1 : index.winner()).toBe(expected.winner);
          expect(expected.feasible.map((_, n) => index.nth(n))).toEqual(expected.feasible);
        }
      }
      asked = 0;
      index.find(0, totals.length, null);
      index.find(0, totals.length, null);
      expect(asked).toBeLessThanOrEqual(totals.length);
    }),
    RUNS,
  );
  expect(searches).toBeGreaterThan(500);
});

const orderArbitrary = fc.record({
  removed: fc.array(fc.nat(), { maxLength: 3 }),
  added: fc.array(fc.record({ at: fc.nat(), total: totalArbitrary, takesRow: fc.boolean() }), { maxLength: 3 }),
  /** A part that is turned round. */
  turned: fc.option(fc.record({ from: fc.nat(), length: fc.integer({ min: 2, max: 70 }) }), { nil: null }),
});
const movesArbitrary = fc.array(fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('order' as const), order: orderArbitrary }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('change' as const), at: fc.nat(), total: totalArbitrary }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('find' as const), at: fc.nat(), target: fc.integer({ min: 1, max: 120 }) }) },
), { minLength: 1, maxLength: 40 });

/** Nodes that come, go and change places: by row, and rows by position. */
class Places {
  rows: number[];
  readonly totals: number[];
  private readonly free: number[] = [];

  constructor(totals: readonly number[]) {
    this.totals = [...totals];
    this.rows = totals.map((_, row) => row);
  }

  /** Rows of nodes that have come. */
  reorder({ removed, added, turned }: { removed: number[]; added: { at: number; total: number; takesRow: boolean }[]; turned: { from: number; length: number } | null }): number[] {
    for (const at of removed) if (this.rows.length > 1) this.free.push(...this.rows.splice(at % this.rows.length, 1));
    const came = added.map(({ at, total, takesRow }) => {
      const row = (takesRow ? this.free.pop() : undefined) ?? this.totals.length;
      this.totals[row] = total;
      this.rows.splice(at % (this.rows.length + 1), 0, row);
      return row;
    });
    if (turned !== null) {
      const from = turned.from % this.rows.length;
      this.rows.splice(from, turned.length, ...this.rows.slice(from, from + turned.length).reverse());
    }
    return came;
  }

  positions(): Int32Array {
    const positionOf = new Int32Array(this.totals.length).fill(-1);
    this.rows.forEach((row, position) => (positionOf[row] = position));
    return positionOf;
  }
}

test('totals go with nodes that change places', () => {
  let [resolved, moved] = [0, 0];
  fc.assert(
    fc.property(fc.array(totalArbitrary, { minLength: 1, maxLength: 130 }), movesArbitrary, (initial, moves) => {
      const places = new Places(initial);
      const index = new WindowIndex((position) => {
        resolved++;
        return places.totals[places.rows[position]];
      });
      index.reset(initial.length);
      for (const move of moves) {
        const { rows } = places;
        if (move.kind === 'change') {
          places.totals[rows[move.at % rows.length]] = move.total;
          index.invalidate(move.at % rows.length);
        } else if (move.kind === 'order') {
          const [before, positionBefore] = [Int32Array.from(rows), places.positions()];
          const came = places.reorder(move.order);
          index.rearrange(before, positionBefore, Int32Array.from(places.rows));
          // A row may have been another node's.
          for (const row of came) index.invalidate(places.positions()[row]);
          moved++;
        } else {
          const totals = rows.map((row) => places.totals[row]);
          const expected = walk(totals, move.at % rows.length, move.target);
          index.find(move.at % rows.length, move.target, null);
          expect(index.processedCount).toBe(expected.processed);
          expect(expected.feasible.map((_, n) => index.nth(n))).toEqual(expected.feasible);
          expect(index.feasibleCount).toBe(expected.feasible.length);
          expect(index.feasibleCount === 0 ? -1 : index.winner()).toBe(expected.winner);
        }
      }
    }),
    RUNS,
  );
  expect(moved).toBeGreaterThan(500);
  expect(resolved).toBeGreaterThan(500);
});

test('nodes that change places are not worked out anew', () => {
  const rows = Int32Array.from({ length: 500 }, (_, row) => row);
  const asked: number[] = [];
  const index = new WindowIndex((position) => {
    asked.push(position);
    return 1;
  });
  index.reset(500);
  index.find(0, 500, null);
  asked.length = 0;
  // The node of row 100 goes, one of row 500 comes.
  index.rearrange(rows, rows, rows.map((row) => (row < 100 ? row : row + 1)));
  index.find(0, 500, null);
  expect(asked).toEqual([499]);
});

test('a group that adds to its nodes\' totals is as if each node had more', () => {
  const caseArbitrary = fc.record({
    nodes: fc.array(fc.record({ total: totalArbitrary, group: fc.nat(3) }), { minLength: 1, maxLength: 250 }),
    added: fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 4, maxLength: 4 }),
    start: fc.nat(),
    target: fc.integer({ min: 1, max: 260 }),
  });
  fc.assert(
    fc.property(caseArbitrary, ({ nodes, added, start, target }) => {
      const from = start % nodes.length;
      const index = new WindowIndex((position) => nodes[position].total);
      index.reset(nodes.length);
      index.find(from, target, null);
      const { feasible } = walk(nodes.map(({ total }) => total), from, target);
      const sums = feasible.map((position) => nodes[position].total + 2 * added[nodes[position].group]);
      const blocks = Math.ceil(nodes.length / 32);
      const groups = new Int32Array(4 * blocks);
      nodes.forEach(({ group }, position) => (groups[group * blocks + (position >> 5)] |= 1 << (position & 31)));
      let told: number[] = [];
      const table = (present: Uint8Array): Int32Array => {
        told = [...present.subarray(0, 4)];
        return Int32Array.from(added);
      };
      const winner = feasible.length === 0 ? -1 : feasible[firstInHeapOrder(sums, sums.length, Math.max(...sums))];
      expect(index.addByGroup(groups, 4, table, 2)).toBe(true);
      expect(feasible.length === 0 ? -1 : index.winner()).toBe(winner);
      expect(told).toEqual([0, 1, 2, 3].map((group) => (feasible.some((position) => nodes[position].group === group) ? 1 : 0)));
    }),
    RUNS,
  );
});

test('a change costs one total, however many nodes there are', () => {
  const totals = Array.from({ length: 5000 }, (_, i) => i % 7);
  const asked: number[] = [];
  const index = new WindowIndex((position) => {
    asked.push(position);
    return totals[position];
  });
  index.reset(totals.length);
  index.find(0, 5000, null);
  expect(asked).toHaveLength(5000);
  asked.length = 0;
  index.invalidate(17);
  index.invalidate(4711);
  index.find(0, 5000, null);
  expect(asked).toEqual([17, 4711]);
});
