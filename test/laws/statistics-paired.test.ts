import { describe, expect, it } from 'vitest';
import { comparePaired, compareRuns } from '../../src/experiment/paired-statistics.ts';
import { metricsOf } from '../../src/metrics/metric-names.ts';
import { makeRunResult } from '../support/run-result.ts';

describe('a paired comparison', () => {
  it('calls a difference significant when its interval leaves zero out', () => {
    const found = comparePaired('m', [10, 12, 11, 13], [9, 10.8, 10.1, 11.9], 's', 'lower');
    expect(found.significant).toBe(true);
    expect(found.high).toBeLessThan(0);
    expect(comparePaired('m', [10, 12, 11, 13], [11, 11, 12, 12.1]).significant).toBe(false);
  });

  it('has neither interval nor verdict from a single pair', () => {
    expect(comparePaired('m', [10], [20])).toMatchObject({ a: 10, b: 20, meanDifference: 10, low: null, high: null, significant: false });
  });

  it('leaves out pairs that lack a value, and keeps what was given', () => {
    const found = comparePaired('m', [1, null, 3, 4], [2, 5, Number.NaN, 6]);
    expect(found).toMatchObject({ a: 2.5, b: 4, meanDifference: 1.5, valuesA: [1, null, 3, 4] });
    expect(comparePaired('m', [null], [1])).toMatchObject({ a: null, b: null, meanDifference: null, significant: false });
  });

  it('does not take equal values or rounding for a difference', () => {
    expect(comparePaired('m', [0.3, 0.3], [0.3, 0.3]).significant).toBe(false);
    expect(comparePaired('m', [0.3, 0.3], [0.1 + 0.2, 0.1 + 0.2]).significant).toBe(false);
  });

  it('names every metric of a run once', () => {
    const metrics = metricsOf(makeRunResult());
    const names = metrics.map((entry) => entry.name);
    expect(new Set(names).size).toBe(names.length);
    for (const name of ['utilization.cpu.mean', 'latency.queueWaitSeconds.p99', 'latency.startSeconds.p99', 'counts.podsPending', 'counts.evictions', 'failures.wastedPodSeconds', 'packing.densityOfNonEmptyNodes.cpu', 'packing.strandedShare.memory', 'packing.meanEmptyNodes', 'cost.nodeHours', 'cost.total']) {
      expect(names).toContain(name);
    }
  });

  it('pairs runs by seed and refuses others', () => {
    const runs = ['1', '2', '3'].map((seed) => makeRunResult({ seed }));
    const result = compareRuns({ scenario: 's', labelA: 'A', labelB: 'B', runsA: runs, runsB: runs });
    expect(result.seeds).toEqual(['1', '2', '3']);
    expect(result.metrics.filter((entry) => entry.significant)).toEqual([]);
    expect(() => compareRuns({ scenario: 's', labelA: 'A', labelB: 'B', runsA: runs, runsB: runs.toReversed() })).toThrow(/two seeds/u);
  });
});
