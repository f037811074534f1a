// Targets such as `queueWait.p99:±3%`: how they are read, and when they are reached.
import { describe, expect, test } from 'vitest';
import { InputError } from '../../src/base/input-error.ts';
import { meanInterval } from '../../src/base/statistics/paired-difference.ts';
import { percentageDifference } from '../../src/base/statistics/percentage-difference.ts';
import { metricsOf } from '../../src/metrics/metric-names.ts';
import { findMetric, lookAtTarget, readPrecisionTargets, shortMetricName } from '../../src/experiment/stopping-rule.ts';
import { makeRunResult } from '../support/run-result.ts';

const paths = metricsOf(makeRunResult()).map(({ name }) => name);

describe('a target', () => {
  test('is a metric, by its path or shorter, and how exact it is to be', () => {
    expect(
      readPrecisionTargets(
        ['queueWait.p99:±3%', 'latency.queueWaitSeconds.mean: +- 0.5', 'cost:+/-1.5%', 'utilization.cpu:±0.01'],
        paths,
      ),
    ).toEqual([
      { metric: 'latency.queueWaitSeconds.p99', kind: 'relative', halfWidth: 0.03 },
      { metric: 'latency.queueWaitSeconds.mean', kind: 'absolute', halfWidth: 0.5 },
      { metric: 'cost.total', kind: 'relative', halfWidth: 0.015 },
      { metric: 'utilization.cpu.mean', kind: 'absolute', halfWidth: 0.01 },
    ]);
  });

  test('short names tell all metrics of a run apart', () => {
    expect(new Set(paths.map(shortMetricName)).size).toBe(paths.length);
    for (const path of paths) expect(findMetric(shortMetricName(path), paths)).toBe(path);
    expect(findMetric('queueWait', paths)).toBe('latency.queueWaitSeconds.mean');
  });

  test('all mistakes are told at once', () => {
    const read = (): unknown =>
      readPrecisionTargets(['queueWait.p99', 'queueWiat.p99:±3%', 'cost:±0%', 'cost:±three'], paths);
    expect(read).toThrow(InputError);
    expect(read).toThrow(
      [
        'expected a metric and how exact it is to be, such as "queueWait.p99:±3%", found "queueWait.p99"',
        'unknown metric "queueWiat.p99" in "queueWiat.p99:±3%" — did you mean "queueWait.p99"?',
        'expected a half width above 0, found "cost:±0%"',
        'expected a metric and how exact it is to be, such as "queueWait.p99:±3%", found "cost:±three"',
      ].join('\n'),
    );
  });
});

describe('a look', () => {
  const a = [100, 104, 97, 101, 99, 103, 98, 102, 100, 96];
  const b = a.map((value, i) => value * 1.1 + [1, -2, 2, 0, -1, 1, 0, -1, 2, -2][i]);
  const relative = (halfWidth: number) => ({ metric: 'm', kind: 'relative', halfWidth }) as const;
  const absolute = (halfWidth: number) => ({ metric: 'm', kind: 'absolute', halfWidth }) as const;

  test('at one variant is about the mean, with the confidence that looks need', () => {
    const interval = meanInterval(a, 0.9625);
    const found = lookAtTarget(relative(0.03), { a, b: null });
    expect(found.halfWidth).toBeCloseTo((interval?.halfWidth ?? NaN) / 100, 12);
    expect(found).toMatchObject({ isReached: true, seedsNeeded: 10 });
    const finer = lookAtTarget(relative(0.005), { a, b: null });
    expect(finer).toMatchObject({ isReached: false });
    expect(finer.seedsNeeded).toBeGreaterThan(100);
    expect(lookAtTarget(absolute(interval?.halfWidth ?? NaN), { a, b: null }).isReached).toBe(true);
    expect(lookAtTarget(absolute((interval?.halfWidth ?? NaN) * 0.99), { a, b: null }).isReached).toBe(false);
  });

  test('at a pair is about the percentage difference, or the difference', () => {
    const { low, high } = percentageDifference(a, b, 0.9625);
    const width = ((high ?? NaN) - (low ?? NaN)) / 2;
    expect(lookAtTarget(relative(width * 1.001), { a, b })).toMatchObject({ halfWidth: width, isReached: true });
    expect(lookAtTarget(relative(width * 0.999), { a, b }).isReached).toBe(false);
    expect(lookAtTarget(absolute(2), { a, b }).isReached).toBe(true);
    expect(lookAtTarget(relative(0.01), { a, b: a })).toEqual({ halfWidth: 0, isReached: true, seedsNeeded: 10 });
  });

  test('knows nothing before there are two values, nor of a percentage of what may be 0', () => {
    const unknown = { halfWidth: null, isReached: false, seedsNeeded: null };
    expect(lookAtTarget(relative(0.03), { a: [1, null], b: null })).toEqual(unknown);
    expect(lookAtTarget(relative(0.03), { a: [1, null], b: [2, 3] })).toEqual(unknown);
    expect(lookAtTarget(relative(0.03), { a: [-1, 1, 2], b: [1, 2, 5] })).toEqual(unknown);
    expect(lookAtTarget(relative(0.03), { a: [0, 0, 0], b: null })).toMatchObject({ halfWidth: null, isReached: true });
  });
});
