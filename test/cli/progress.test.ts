// Progress: one rewritten line on a terminal, a line each ten seconds in a log, JSON for programs, nothing when quiet.
import { expect, test } from 'vitest';
import { createProgress } from '../../src/io/progress.ts';
import type { ProgressMode } from '../../src/io/progress.ts';
import { takesColor } from '../../src/cli/terminal.ts';

const FACTS = { simulatedMicros: 3_600_000_000, horizonMicros: 7_200_000_000, events: 50_000, decisions: 700, podsPending: 3, podsArrived: 90 };

/** What is written when progress is told every 50 ms for so many seconds. */
function written(mode: ProgressMode, isTTY: boolean, seconds: number): string[] {
  const parts: string[] = [];
  let now = 0;
  const progress = createProgress({ mode, stream: { isTTY, columns: 60, write: (text) => parts.push(text) }, label: 'run 1 of 2', now: () => now });
  for (let step = 0; step < seconds * 20; step++) {
    now += 50;
    progress.update(FACTS);
  }
  progress.done();
  return parts;
}

test('a log gets one line each ten seconds', () => {
  expect(written('auto', false, 9)).toEqual([]);
  expect(written('auto', false, 25)).toHaveLength(2);
  expect(written('plain', true, 10)).toEqual(['run 1 of 2   1h00m of 2h00m (50%)   50,000 events, 5000/s   pods 90, pending 3\n']);
});

test('a terminal gets one line that is rewritten, no wider than it is, and cleared at the end', () => {
  const parts = written('auto', true, 1);
  expect(parts).toHaveLength(11);
  for (const part of parts) expect(part).toMatch(/^\r\u001b\[2K[^\n]{0,59}$/);
  expect(parts.at(-1)).toBe('\r\u001b[2K');
});

test('programs get one JSON object a second', () => {
  const lines = written('json', true, 2);
  expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
    { run: 'run 1 of 2', ...FACTS, eventsPerSecond: 50_000 },
    { run: 'run 1 of 2', ...FACTS, eventsPerSecond: 25_000 },
  ]);
});

test('none is none', () => {
  expect(written('none', true, 30)).toEqual([]);
});

test.each([
  ['always', false, { NO_COLOR: '1' }, true],
  ['never', true, { FORCE_COLOR: '1' }, false],
  ['auto', true, {}, true],
  ['auto', false, {}, false],
  ['auto', true, { NO_COLOR: '1' }, false],
  ['auto', true, { NO_COLOR: '1', FORCE_COLOR: '1' }, false],
  ['auto', false, { FORCE_COLOR: '1' }, true],
  ['auto', true, { FORCE_COLOR: '0' }, false],
  ['auto', true, { TERM: 'dumb' }, false],
] as const)('colour %s, terminal %s, %j: %s', (choice, isTerminal, environment, expected) => {
  expect(takesColor(choice, isTerminal, environment)).toBe(expected);
});
