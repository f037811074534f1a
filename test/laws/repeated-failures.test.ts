/**
 * Attempts that fail as the one before are not made again, and rounds of them pass in one step: the twin is the plain
 * scan, which makes each. Same digest, words, counts, random numbers, places in the queue, backoffs.
 */
import { describe, expect, test } from 'vitest';
import { KUBERNETES_VERSIONS } from '../../src/cluster/kubernetes-versions.ts';
import { fullCellRun } from '../support/full-cell.ts';
import type { FullCellOptions } from '../support/full-cell.ts';

const CELLS = [
  { seed: 'small', nodes: 6, crowd: 40, seconds: 60 },
  { seed: 'wide', nodes: 30, crowd: 120, seconds: 40 },
  { seed: 'narrow', nodes: 2, crowd: 60, seconds: 60 },
] as const;

/** The part of the failed attempts that was not made. */
function expectEqual(options: Omit<FullCellOptions, 'plain'>): number {
  return expectSame(options).share;
}

function expectSame(options: Omit<FullCellOptions, 'plain'>) {
  const { repeated, longest, ...fast } = fullCellRun({ ...options, plain: false });
  const { repeated: inPlain, longest: longestInPlain, ...plain } = fullCellRun({ ...options, plain: true });
  expect([inPlain, longestInPlain]).toEqual([0, 0]);
  expect(fast).toEqual(plain);
  expect(fast.unschedulable).toBeGreaterThan(400);
  return { share: repeated / fast.unschedulable, longest, rooms: fast.rooms.length };
}

describe('failed attempts that are not made again', () => {
  test.each(KUBERNETES_VERSIONS.flatMap((kubernetes) => CELLS.map((cell) => ({ kubernetes, ...cell }))))(
    'leave the same as if they had been made: $seed cell, $kubernetes',
    (cell) => {
      expect(expectEqual(cell)).toBeGreaterThan(0.3);
    },
  );

  test.each([1, 2, 3, 7, 100])('are the same in a run that is cut after every %i events', (slice) => {
    const { longest: _whole, ...whole } = fullCellRun({ ...CELLS[0], plain: false });
    const { longest: _cut, ...cut } = fullCellRun({ ...CELLS[0], plain: false, slice });
    expect(cut).toEqual(whole);
  });

  test.each(['preFilter', 'filter', 'inert', 'postFilter'] as const)(
    'are made where a plugin that promises nothing has a %s',
    (moody) => {
      expect(expectEqual({ ...CELLS[0], moody })).toBe(0);
    },
  );

  test.each<[string, Partial<FullCellOptions>]>([
    ['two profiles', { packer: 'profile' }],
    ['two schedulers', { packer: 'process' }],
    ['a scheduler that sees all of it late', { lateMicros: 700_000 }],
    ["two late schedulers that take each other's nodes", { packer: 'process', lateMicros: 300_000 }],
    ['gates', { isGated: true, crowd: 150 }],
    ['cycles that take no time', { cycleMicros: 0 }],
    ['cycles longer than from one event to the next', { cycleMicros: 60_000 }],
    ["a QueueSort of one's own", { isLastFirst: true }],
    [
      'all of them',
      { packer: 'process', lateMicros: 50_000, isGated: true, crowd: 150, looks: true, cycleMicros: 700 },
    ],
  ])('leave the same with %s', (_what, more) => {
    for (const seed of ['one', 'other']) {
      const { share, longest } = expectSame({ ...CELLS[0], seconds: 40, seed, ...more });
      expect(share).toBeGreaterThan(0.1);
      if (more.cycleMicros !== 60_000 && more.isLastFirst !== true) expect(longest).toBeGreaterThan(3);
    }
  });

  test.each([0, 1, 2])('stop for a look at what nodes have left, which is told at the same moments (%i)', (seed) => {
    const options = { ...CELLS[2], seed: `looks-${seed}`, seconds: 600, cycleMicros: 50_000, kinds: 1, looks: true };
    const { longest, rooms } = expectSame(options);
    expect(longest).toBeGreaterThan(3);
    // When it first fails, and then every minute or more: most are due within a stretch.
    expect(rooms).toBeGreaterThan(5);
  });

  test('are made where somebody wants to know what each node said', () => {
    expect(expectEqual({ ...CELLS[0], isWatched: true })).toBe(0);
  });
});
