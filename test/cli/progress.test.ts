// Progress: one rewritten line on a terminal, a line each ten seconds in a log, JSON for programs, nothing when quiet.
import { expect, test } from 'vitest';
import { createProgress, createRunsProgress } from '../../src/io/progress.ts';
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
  expect(written('plain', true, 10)).toEqual([
    'run 1 of 2   1h00m of 2h00m (50%)   ETA 10s   50,000 events, 5000/s   pods 90, pending 3\n',
  ]);
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
    { run: 'run 1 of 2', ...FACTS, eventsPerSecond: 50_000, etaSeconds: null },
    { run: 'run 1 of 2', ...FACTS, eventsPerSecond: 25_000, etaSeconds: 2 },
  ]);
});

test('a run without a horizon has no end to tell', () => {
  const parts: string[] = [];
  let now = 0;
  const progress = createProgress({ mode: 'plain', stream: { write: (text) => parts.push(text) }, now: () => now });
  now = 10_000;
  progress.update({ ...FACTS, horizonMicros: null });
  expect(parts).toEqual(['1h00m   50,000 events, 5000/s   pods 90, pending 3\n']);
});

/** What a terminal shows of several runs; `at`: seconds. */
function shownOf(
  labels: readonly string[],
  isTTY = true,
): {
  at(seconds: number): void;
  readonly runs: ReturnType<typeof createRunsProgress>;
  last(): string | undefined;
  readonly parts: string[];
} {
  const parts: string[] = [];
  let now = 0;
  const runs = createRunsProgress({
    mode: 'auto',
    stream: { isTTY, columns: 200, write: (text) => parts.push(text) },
    labels,
    now: () => now,
  });
  return {
    at: (seconds) => {
      now = seconds * 1000;
    },
    runs,
    last: () => parts.at(-1)?.replace('\r\u001b[2K', ''),
    parts,
  };
}

test('several runs in turn: each with its own progress, the end is that of the last', () => {
  const { at, runs, last } = shownOf(['run 1 of 4', 'run 2 of 4', 'run 3 of 4', 'run 4 of 4']);
  at(4);
  runs.update(0, FACTS);
  expect(last()).toBe('run 1 of 4   1h00m of 2h00m (50%)   ETA 28s   50,000 events, 12,500/s   pods 90, pending 3');
  at(8);
  runs.end(0);
  expect(last()).toBe('');
  at(12);
  runs.update(1, FACTS);
  expect(last()).toBe('run 2 of 4   1h00m of 2h00m (50%)   ETA 20s   50,000 events, 12,500/s   pods 90, pending 3');
});

test('several runs at a time: how many are done and under way, and how far all are together', () => {
  const { at, runs, last, parts } = shownOf(['a', 'b', 'c', 'd']);
  runs.update(0, FACTS);
  runs.update(1, FACTS);
  at(10);
  runs.update(1, { ...FACTS, simulatedMicros: 3_600_000_000 });
  expect(last()).toBe('0 of 4 runs done, 2 under way (25%)   ETA 30s   10,000 events/s');
  runs.end(1);
  runs.update(2, { ...FACTS, simulatedMicros: 0, events: 0 });
  at(15);
  runs.update(0, FACTS);
  expect(last()).toBe('1 of 4 runs done, 2 under way (37%)   ETA 25s   3333 events/s');
  runs.done();
  expect(parts.at(-1)).toBe('\r\u001b[2K');
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
