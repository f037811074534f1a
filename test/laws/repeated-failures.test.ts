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

function expectEqual(options: Omit<FullCellOptions, 'plain'>): number {
  const { repeated, ...fast } = fullCellRun({ ...options, plain: false });
  const { repeated: inPlain, slice: _slice, ...plain } = { slice: 0, ...fullCellRun({ ...options, plain: true }) };
  expect(inPlain).toBe(0);
  expect(fast).toEqual(plain);
  expect(fast.unschedulable).toBeGreaterThan(500);
  return repeated / fast.unschedulable;
}

describe('failed attempts that are not made again', () => {
  test.each(KUBERNETES_VERSIONS.flatMap((kubernetes) => CELLS.map((cell) => ({ kubernetes, ...cell }))))(
    'leave the same as if they had been made: $seed cell, $kubernetes',
    (cell) => {
      expect(expectEqual(cell)).toBeGreaterThan(0.3);
    },
  );

  test.each([1, 2, 3, 7, 100])('are the same in a run that is cut after every %i events', (slice) => {
    const whole = fullCellRun({ ...CELLS[0], plain: false });
    expect(fullCellRun({ ...CELLS[0], plain: false, slice })).toEqual(whole);
  });

  test.each(['preFilter', 'filter', 'inert', 'postFilter'] as const)(
    'are made where a plugin that promises nothing has a %s',
    (moody) => {
      expect(expectEqual({ ...CELLS[0], moody })).toBe(0);
    },
  );

  test('are made where somebody wants to know what each node said', () => {
    expect(expectEqual({ ...CELLS[0], isWatched: true })).toBe(0);
  });
});
