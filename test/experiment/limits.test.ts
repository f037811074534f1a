// Limits of comparisons: how they are written, and that they are broken only where the runs leave no doubt.
import { expect, test } from 'vitest';
import { judgeLimits, readChangeLimits } from '../../src/experiment/limits.ts';
import type { LimitCase } from '../../src/experiment/limits.ts';
import { RandomStream } from '../../src/kernel/random.ts';
import { readThreshold } from '../../src/metrics/thresholds.ts';
import type { Threshold } from '../../src/metrics/thresholds.ts';

test.each([
  ['cost:+2%', { metric: 'cost.total', kind: 'relative', direction: 'above', amount: 0.02 }],
  ['utilization.cpu: -1.5 %', { metric: 'utilization.cpu.mean', kind: 'relative', direction: 'below', amount: 0.015 }],
  ['queueWait.p99:+30s', { metric: 'latency.queueWaitSeconds.p99', kind: 'absolute', direction: 'above', amount: 30 }],
  ['counts.evictions:±10', { metric: 'counts.evictions', kind: 'absolute', direction: 'either', amount: 10 }],
  ['cost:+-3%', { metric: 'cost.total', kind: 'relative', direction: 'either', amount: 0.03 }],
  ['cost:+0%', { metric: 'cost.total', kind: 'relative', direction: 'above', amount: 0 }],
])('reads %s', (text, expected) => {
  expect(readChangeLimits([text])).toEqual([{ text, ...expected }]);
});

test('tells everything that is wrong, each at its character', () => {
  const wrong = ['', 'cots:+2%', 'cost', 'cost:', 'cost:2%', 'cost:+2s', 'queueWait.p99:+much'];
  let message = '';
  try {
    readChangeLimits(wrong);
  } catch (error) {
    message = (error as Error).message;
  }
  expect(message.split('\n')).toEqual([
    '--fail-if "", character 1: expected a metric and its largest change, such as cost:+2% or queueWait.p99:+30s',
    '--fail-if "cots:+2%", character 1: there is no metric cots — did you mean "cost"?',
    '--fail-if "cost", character 5: expected ":" and the largest change behind cost, such as cost:+2%',
    '--fail-if "cost:", character 6: expected +, - or ± and how much, such as +2%, found nothing',
    '--fail-if "cost:2%", character 6: expected +, - or ± and how much, such as +2%, found "2%"',
    '--fail-if "cost:+2s", character 7: expected a percentage such as 2%, or a number, found "2s"',
    '--fail-if "queueWait.p99:+much", character 16: ' +
      'expected a percentage such as 2%, or a duration such as 30s or 5m, found "much"',
  ]);
});

const BASE = [100, 104, 97, 101, 99, 103, 98, 102];
const CHANCE = { confidence: 0.95, isExact: false };

function stateOf(limit: string, b: readonly number[], a: readonly number[] = BASE, options = CHANCE): string {
  const [read] = readChangeLimits([limit]);
  return judgeLimits([{ variant: 'B', limit: read, a, b }], options)[0].state;
}

test('a limit is broken when all of the interval is beyond it, holds when all is within, and else is open', () => {
  expect(stateOf('cost:+2%', BASE.map((value, i) => value * (1.05 + 0.001 * (i % 3))))).toBe('broken');
  expect(stateOf('cost:+2%', BASE.map((value, i) => value * (1.005 + 0.001 * (i % 3))))).toBe('held');
  expect(stateOf('cost:+2%', BASE.map((value, i) => value * (1 + 0.01 * (i % 5))))).toBe('open');
  expect(stateOf('cost:-2%', BASE.map((value, i) => value * (0.95 + 0.001 * (i % 3))))).toBe('broken');
  expect(stateOf('cost:+2%', BASE.map((value, i) => value * (0.95 + 0.001 * (i % 3))))).toBe('held');
  expect(stateOf('cost:±2%', BASE.map((value, i) => value * (0.95 + 0.001 * (i % 3))))).toBe('broken');
  expect(stateOf('cost:+3', BASE.map((value, i) => value + 5 + 0.1 * (i % 3)))).toBe('broken');
});

test('of a base below zero the percentage is of its size', () => {
  const a = BASE.map((value) => -value);
  expect(stateOf('cost:+2%', a.map((value, i) => value + 5 + 0.1 * (i % 3)), a)).toBe('broken');
  expect(stateOf('cost:+2%', a.map((value, i) => value - 5 - 0.1 * (i % 3)), a)).toBe('held');
});

test('a thing breaks no limit beside itself', () => {
  for (const limit of ['cost:+0%', 'cost:-0%', 'cost:±0%', 'cost:+2%', 'cost:+0']) {
    expect(stateOf(limit, BASE)).toBe('held');
  }
});

test('fewer than five pairs break nothing, unless nothing is left to chance', () => {
  const worse = [110, 115, 107, 111];
  expect(stateOf('cost:+2%', worse, BASE.slice(0, 4))).toBe('open');
  expect(stateOf('cost:+2%', [110, 110], [100, 100], { ...CHANCE, isExact: true })).toBe('broken');
  expect(stateOf('cost:+10%', [110, 110], [100, 100], { ...CHANCE, isExact: true })).toBe('held');
});

test('what no run has is said to be absent', () => {
  const [limit] = readChangeLimits(['cost:+2%']);
  expect(judgeLimits([{ variant: 'B', limit, a: [null, null], b: [1, 2] }], CHANCE)[0].state).toBe('absent');
});

function threshold(text: string): Threshold {
  const read = readThreshold(text);
  if ('mistake' in read) throw new Error(read.mistake.message);
  return read.threshold;
}

test('thresholds are about the mean over seeds', () => {
  const judged = (text: string, b: readonly number[]): string =>
    judgeLimits([{ variant: 'A', limit: threshold(text), a: null, b }], CHANCE)[0].state;
  expect(judged('cost < 90', BASE)).toBe('broken');
  expect(judged('cost < 110', BASE)).toBe('held');
  expect(judged('cost < 100', BASE)).toBe('open');
  expect(judged('cost > 110', BASE)).toBe('broken');
  expect(judged('cost == 5', BASE)).toBe('broken');
  expect(judged('counts.podsPending == 0', [0, 0, 0, 0, 0])).toBe('held');
  expect(judged('counts.podsPending <= 0', [0, 0, 0, 0, 0])).toBe('held');
  expect(judged('counts.podsPending < 0', [0, 0, 0, 0, 0])).toBe('broken');
});

test('of many limits that are just kept, hardly one run in twenty is told to break any', () => {
  const stream = new RandomStream('limits');
  const normal = (): number => Math.sqrt(-2 * Math.log(1 - stream.next())) * Math.cos(2 * Math.PI * stream.next());
  const repetitions = 400;
  let broken = 0;
  for (let i = 0; i < repetitions; i++) {
    const cases: LimitCase[] = Array.from({ length: 5 }, () => {
      const a = Array.from({ length: 10 }, () => 100 + 5 * normal());
      const b = a.map((value) => 1.02 * value + 2 * normal());
      return { variant: 'B', limit: readChangeLimits(['cost:+2%'])[0], a, b };
    });
    if (judgeLimits(cases, CHANCE).some(({ state }) => state === 'broken')) broken++;
  }
  expect(broken / repetitions).toBeLessThan(0.05);
  expect(broken).toBeGreaterThan(0);
});
