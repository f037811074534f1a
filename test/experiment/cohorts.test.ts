// The same pods in several runs, and their waits with what was cut off; warm-up over variants and seeds.
import { describe, expect, test } from 'vitest';
import { survivalQuantile } from '../../src/base/statistics/survival.ts';
import { cohortSlice, commonArrivals, waitCurve, waitsOf } from '../../src/experiment/cohorts.ts';
import { commonWarmUp } from '../../src/experiment/steady-state.ts';
import type { PodTable } from '../../src/metrics/run-result.ts';
import { playScenario } from '../support/played-scenario.ts';

/** `name created bound ended`, one pod a line in the order of the table; `-`: never. */
function tableOf(text: string): PodTable {
  const rows = text
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/));
  const numbers = (column: number): Float64Array =>
    Float64Array.from(rows, (cells) => (cells[column] === '-' ? NaN : Number(cells[column])));
  const constant = (value: string): string[] => rows.map(() => value);
  return {
    name: rows.map(([name]) => name),
    namespace: constant('default'),
    class: constant(''),
    priority: numbers(1).fill(0),
    node: constant('n'),
    createdSeconds: numbers(1),
    boundSeconds: numbers(2),
    startedSeconds: numbers(2),
    endedSeconds: numbers(3),
    attempts: numbers(1).fill(1),
    outcome: constant('Succeeded'),
    waitReason: constant(''),
  };
}

const FIRST = tableOf(`
  job-10  0   1  5
  job-2   0   2  8
  web-0   7   7  -
  web-1   9   -  12
  web-2   14  -  -`);
const SECOND = tableOf(`
  job-2   0   0  3
  web-9   11  12 -
  job-10  0   3  9
  web-0   7   8  -
  web-2   14  15 -
  web-1   9   9  -`);

describe('a cohort', () => {
  test('is what all runs have, by arrival, numbers read as numbers; replacements drop out', () => {
    const cohort = commonArrivals([FIRST, SECOND]);
    const names = [FIRST, SECOND].map((table, i) => Array.from(cohort.rows[i], (row) => table.name[row]));
    expect(names[0]).toEqual(['job-2', 'job-10', 'web-0', 'web-1', 'web-2']);
    expect(names[1]).toEqual(names[0]);
    const slice = cohortSlice(cohort, 1, 3);
    expect(slice.size).toBe(2);
    expect(Array.from(slice.rows[1], (row) => SECOND.name[row])).toEqual(['job-10', 'web-0']);
    expect(cohortSlice(cohort, 4, 100).size).toBe(1);
    expect(commonArrivals([FIRST]).size).toBe(5);
  });

  test('has waits of which those cut off are lower bounds', () => {
    const { rows } = commonArrivals([FIRST, SECOND]);
    const waits = waitsOf(FIRST, rows[0], 20);
    expect([...waits.seconds]).toEqual([2, 1, 0, 3, 6]);
    expect([...waits.hasEnded]).toEqual([1, 1, 1, 0, 0]);
    const curve = waitCurve(waits);
    expect(curve).toMatchObject({ count: 5, censored: 2, longest: 6 });
    expect(survivalQuantile(curve, 0.6).estimate).toBe(2);
    // What would be said if the pods that never got a node were dropped, or taken as if they had.
    expect(survivalQuantile(curve, 0.9).estimate).toBeNull();
  });

  test('is the same pods in two runs of a scenario whose schedulers differ', () => {
    const tables = ['LeastAllocated', 'MostAllocated'].map((type) => {
      const args = { scoringStrategy: { type, resources: [{ name: 'cpu', weight: 1 }] } };
      const config = {
        apiVersion: 'kubescheduler.config.k8s.io/v1',
        kind: 'KubeSchedulerConfiguration',
        profiles: [{ pluginConfig: [{ name: 'NodeResourcesFit', args }] }],
      };
      const { result } = playScenario({
        duration: '20m',
        scheduler: { config },
        metrics: { pods: 'all', checkEvery: 0 },
        nodePools: [{ name: 'p', count: 3, allocatable: { cpu: 4, memory: '8Gi' } }],
        workloads: [
          {
            name: 'job',
            kind: 'Job',
            arrivals: { poisson: { ratePerHour: 200 } },
            replicas: 2,
            lifetime: { exponential: { mean: '90s' } },
            requests: { cpu: 1 },
          },
          { name: 'web', kind: 'Deployment', arrivals: { at: '1m', count: 1 }, replicas: 3, requests: { cpu: '500m' } },
        ],
        failures: [{ name: 'crash', uptime: { exponential: { mean: '15m' } }, repair: { fixed: '9m' } }],
      });
      return result.pods as PodTable;
    });
    const { size, rows } = commonArrivals(tables);
    expect(size).toBeGreaterThan(100);
    // Crashes make different replacements.
    expect(tables.some((table) => table.name.length > size)).toBe(true);
    for (let i = 0; i < size; i++) {
      expect(tables[0].name[rows[0][i]]).toBe(tables[1].name[rows[1][i]]);
      if (i > 0)
        expect(tables[0].createdSeconds[rows[0][i]]).toBeGreaterThanOrEqual(tables[0].createdSeconds[rows[0][i - 1]]);
    }
  });
});

describe('a warm-up for all', () => {
  const run = (seed: number, warming: number): number[] =>
    Array.from(
      { length: 600 },
      (_, i) => (i < warming ? 20 : 0) + Math.sin(i * 12.9898 + seed) + Math.sin(i * 78.233 * seed),
    );

  test('is the longest of any variant, found in the mean over seeds', () => {
    const quick = [1, 2, 3].map((seed) => run(seed, 30));
    const slow = [1, 2, 3].map((seed) => run(seed, 120));
    const found = commonWarmUp([quick, slow]);
    expect(found.isSettled).toBe(true);
    expect(Math.abs(found.cut - 120)).toBeLessThan(15);
    expect(Math.abs(commonWarmUp([quick]).cut - 30)).toBeLessThan(15);
  });

  test('is not settled when any variant keeps growing; runs are compared as far as the shortest goes', () => {
    const growing = [Array.from({ length: 600 }, (_, i) => i)];
    expect(commonWarmUp([[run(1, 0)], growing]).isSettled).toBe(false);
    expect(commonWarmUp([[run(1, 0), [...run(2, 0).slice(0, 300)]]]).cut).toBeLessThan(150);
  });
});
