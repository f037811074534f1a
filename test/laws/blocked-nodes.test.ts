/**
 * Of a template that no node takes it is known so without another walk, for as long as it is so: also after a few nodes have
 * taken it for a while, whatever has changed meanwhile. What is counted by verdict is what a walk counts.
 */
import { expect, test } from 'vitest';
import { RandomStreams } from '../../src/kernel/random.ts';
import { CHANGE_RING } from '../../src/scheduler/cache/cached-nodes.ts';
import type { SchedulerCache } from '../../src/scheduler/cache/scheduler-cache.ts';
import type { LiveSnapshot } from '../../src/scheduler/cache/snapshot.ts';
import { BlockedNodes } from '../../src/scheduler/fast/blocked-nodes.ts';
import type { RememberedVerdicts } from '../../src/scheduler/fast/blocked-nodes.ts';
import { unresolvable, unschedulable } from '../../src/scheduler/framework/status.ts';
import type { Status } from '../../src/scheduler/framework/status.ts';

const NODES = 60;
const STATUSES = [null, unschedulable('A', 'full'), unresolvable('B', 'wrong'), unschedulable('C', 'taken')];

function world(seed: string) {
  const dice = new RandomStreams(seed).stream('nodes');
  const roll = (count: number): number => Math.floor(dice.next() * count);
  const nodes = { changeCount: 0, changedRows: new Int32Array(CHANGE_RING), capacity: NODES };
  const rows = Int32Array.from({ length: NODES }, (_, row) => row);
  const info = [...rows].map((row) => ({ row }));
  const snapshot = { rows, positionOf: rows, nodes: info };
  const actual = [...rows].map(() => 1 + roll(3));
  const known = [...actual];
  const seen = [...rows].map(() => true);
  let looks = 0;
  const verdicts: RememberedVerdicts = {
    statuses: STATUSES,
    hasErrors: false,
    verdictAt: (row) => {
      looks++;
      return known[row];
    },
    isUpToDate: (row) => seen[row],
    look: (row) => {
      seen[row] = true;
      return (known[row] = actual[row]);
    },
  };
  const blocked = new BlockedNodes({ nodes } as unknown as SchedulerCache, snapshot as unknown as LiveSnapshot, verdicts);
  const change = (row: number, verdict: number): void => {
    actual[row] = verdict;
    seen[row] = false;
    nodes.changedRows[nodes.changeCount++ & (CHANGE_RING - 1)] = row;
  };
  const walk = (): void => { for (const row of rows) verdicts.look(row); };
  const looksOf = (act: () => void): number => {
    looks = 0;
    act();
    return looks;
  };
  return { roll, actual, blocked, change, walk, looksOf };
}

test.each(['a', 'b', 'c', 'd'])('while few nodes take it (%s)', (seed) => {
  const { roll, actual, blocked, change, walk, looksOf } = world(seed);
  blocked.begin();
  const answers = { yes: 0, no: 0 };
  for (let round = 0; round < 2000; round++) {
    for (let i = roll(4); i > 0; i--) {
      const isFew = actual.filter((verdict) => verdict === 0).length < 12;
      change(roll(NODES), isFew && roll(3) === 0 ? 0 : 1 + roll(3));
    }
    // Taken again at once, as a rule.
    for (const [row, verdict] of actual.entries()) if (verdict === 0 && roll(3) > 0) change(row, 1 + roll(3));
    const passing = actual.flatMap((verdict, row) => (verdict === 0 ? [row] : []));
    const except = new Map<number, Status>(passing.filter(() => roll(2) === 0).map((row) => [row, STATUSES[1] as Status]));
    const isBlocked = passing.every((row) => except.has(row));
    expect(blocked.stillHolds(except)).toBe(isBlocked);
    expect(blocked.holds).toBe(isBlocked);
    answers[isBlocked ? 'yes' : 'no']++;
    if (!isBlocked) continue;
    expect(STATUSES.map((_, verdict) => blocked.verdictCounts[verdict] ?? 0))
      .toEqual(STATUSES.map((_, verdict) => actual.filter((other) => other === verdict).length));
    const listed = blocked.unschedulableNodes(except).map(({ row }) => row);
    expect(listed).toEqual(actual.flatMap((verdict, row) => (except.has(row) || verdict % 2 === 1 ? [row] : [])));
    const { words, count } = blocked.unschedulableBits(except);
    expect([...actual.keys()].filter((row) => ((words[row >> 5] >> (row & 31)) & 1) === 1)).toEqual(listed);
    expect(count).toBe(listed.length);
    // Nothing is counted anew where it is right.
    walk();
    expect(looksOf(() => { blocked.begin(); })).toBe(0);
  }
  expect(Math.min(answers.yes, answers.no)).toBeGreaterThan(200);
});

test('when many take it, when more has changed than is known, and when others ask for verdicts, it begins anew', () => {
  const endings: readonly ((given: ReturnType<typeof world>) => void)[] = [
    ({ change }) => { for (let row = 0; row < 17; row++) change(row, 0); },
    ({ change }) => { for (let i = 0; i <= CHANGE_RING; i++) change(i % NODES, 1 + (i % 2)); },
    ({ blocked }) => { blocked.drop(); },
  ];
  for (const end of endings) {
    const given = world('end');
    const { blocked, change, walk, looksOf } = given;
    blocked.begin();
    expect(blocked.stillHolds(new Map())).toBe(true);
    end(given);
    expect(blocked.stillHolds(new Map())).toBe(false);
    for (let row = 0; row < 17; row++) change(row, 1);
    walk();
    expect(looksOf(() => { blocked.begin(); })).toBe(NODES);
    expect(blocked.stillHolds(new Map())).toBe(true);
  }
});
