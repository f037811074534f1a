// Names of metrics and conditions on them, before there is a run.
import { expect, test } from 'vitest';
import { metricsOf } from '../../src/metrics/metric-names.ts';
import { commonMetrics, isMetricMeant, metricNamed, shortMetricName } from '../../src/metrics/metric-names.ts';
import { holds, readThreshold } from '../../src/metrics/thresholds.ts';
import { makeRunResult } from '../support/run-result.ts';

test('every number that is compared can be asked for, by its path and by its short name', () => {
  const names = metricsOf(makeRunResult()).map(({ name }) => name);
  expect(names.length).toBeGreaterThan(25);
  for (const name of names) {
    expect(metricNamed(name)?.path).toBe(name);
    expect(metricNamed(shortMetricName(name))?.path).toBe(name);
  }
  for (const path of commonMetrics()) expect(metricNamed(shortMetricName(path))?.path).toBe(path);
});

test('the dimension is the unit of the number', () => {
  const expected = { s: 'seconds', share: 'share' } as Readonly<Record<string, string>>;
  for (const { name, unit } of metricsOf(makeRunResult())) {
    expect([name, metricNamed(name)?.dimension]).toEqual([name, expected[unit] ?? 'plain']);
  }
});

test('a star stands for anything', () => {
  expect(isMetricMeant('queueWait.*', 'latency.queueWaitSeconds.p99')).toBe(true);
  expect(isMetricMeant('*p99', 'latency.startSeconds.p99')).toBe(true);
  expect(isMetricMeant('queueWait.p99', 'latency.startSeconds.p99')).toBe(false);
  expect(isMetricMeant('cost.*', 'cost.total')).toBe(true);
  expect(isMetricMeant('co.t*', 'cost.total')).toBe(false);
  expect(isMetricMeant('co*t.*ot*', 'cost.total')).toBe(true);
  expect(isMetricMeant('cost*total', 'cost.total')).toBe(true);
  expect(isMetricMeant('cost.t*total', 'cost.total')).toBe(false);
  expect(isMetricMeant('*l*a*', 'cost.total')).toBe(false);
  expect(isMetricMeant(`${' '.repeat(60_000)}*`, 'cost.total')).toBe(false);
  expect(isMetricMeant(`${'*t'.repeat(30_000)}z`, 'latency.queueWaitSeconds.p99')).toBe(false);
});

test.each([
  ['queueWait.p99 < 30s', 'latency.queueWaitSeconds.p99', '<', 30],
  ['queueWait.p99<1m30s', 'latency.queueWaitSeconds.p99', '<', 90],
  ['latency.queueWaitSeconds.p99 <= 0.5', 'latency.queueWaitSeconds.p99', '<=', 0.5],
  ['utilization.cpu >= 60%', 'utilization.cpu.mean', '>=', 0.6],
  ['utilization.nvidia.com/gpu > 0.5', 'utilization.nvidia.com/gpu.mean', '>', 0.5],
  [' cost <= 120 ', 'cost.total', '<=', 120],
  ['counts.podsPending == 0', 'counts.podsPending', '==', 0],
])('reads %s', (text, metric, operator, limit) => {
  expect(readThreshold(text)).toEqual({ threshold: { text: text.trim(), metric, operator, limit } });
});

test.each([
  ['', 1, 'expected a metric and its limit, such as queueWait.p99 < 30s'],
  ['queueWait.p9 < 30s', 1, 'there is no metric queueWait.p9'],
  ['utilization.cpu.p99 < 1', 1, 'there is no metric utilization.cpu.p99'],
  ['cost', 5, 'expected one of <= >= == < > behind the metric, found nothing'],
  ['cost = 5', 6, 'expected one of <= >= == < > behind the metric, found "= 5"'],
  ['cost < ', 8, 'expected a number behind <, found nothing'],
  ['cost < 5s', 8, 'expected a number behind <, found "5s"'],
  ['queueWait.p99 <= 30 sec', 18, 'expected a duration such as 30s or 5m behind <=, found "30 sec"'],
  ['utilization.cpu >= much', 20, 'expected a share such as 80% or 0.8 behind >=, found "much"'],
])('tells what is wrong with "%s", and where', (text, column, message) => {
  expect(readThreshold(text)).toMatchObject({ mistake: { column, message } });
});

test('names the nearest metric', () => {
  expect(readThreshold('queueWait.p9 < 30s')).toMatchObject({ mistake: { suggestion: 'queueWait.p90' } });
  expect(readThreshold('nodeHours < 3')).toMatchObject({ mistake: { suggestion: 'cost.nodeHours' } });
});

test('a condition holds up to its limit', () => {
  const held = (operator: '<' | '<=' | '>' | '>=' | '=='): boolean[] =>
    [1, 2, 3].map((value) => holds({ operator, limit: 2 }, value));
  expect(held('<')).toEqual([true, false, false]);
  expect(held('<=')).toEqual([true, true, false]);
  expect(held('>')).toEqual([false, false, true]);
  expect(held('>=')).toEqual([false, true, true]);
  expect(held('==')).toEqual([false, true, false]);
});
