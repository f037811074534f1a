// Random clusters with everything on: no budget is broken by an eviction that the API would have refused, no pod stands
// twice, and every controller comes to rest once inputs stop; whether components are told at once or late.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { everythingArbitrary, playEverything } from '../support/everything-on.ts';
import { sized } from '../support/thorough.ts';

const RUNS = Number(process.env['PODYARD_RUNS'] ?? sized(8, 100));

describe.each([['at once', false], ['late', true]] as const)('components that are told %s', (_name, isLate) => {
  test('break no budget, run no pod twice, and come to rest', () => {
    let evictions = 0;
    const budgets = new Set<string>();
    fc.assert(fc.property(everythingArbitrary(isLate), (drawn) => {
      const seen = playEverything(drawn);
      expect(seen.wrongs).toEqual([]);
      expect(seen.unrest).toEqual([]);
      evictions += seen.evictions;
      for (const key of seen.kinds) budgets.add(key);
    }), { numRuns: RUNS, seed: 14, endOnFailure: true });
    expect(evictions).toBeGreaterThan(0);
    expect([...budgets].sort((a, b) => (a < b ? -1 : 1))).toEqual(['default/db', 'default/web']);
  });
});
