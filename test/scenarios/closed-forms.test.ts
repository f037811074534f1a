// Workload controllers against formulas: how often a Job fails whose pods may fail so many times.
import { expect, test } from 'vitest';
import { binomialCdf } from '../../src/base/statistics/binomial.ts';
import { nodeObject, playScenario } from '../support/played-scenario.ts';

const JOBS = 400;

test.each([
  [0, 0.3], [1, 0.5], [2, 0.5], [3, 0.6],
])('a Job with backoffLimit %i whose pods fail with probability %f fails with that probability to the power of the tries it has', (backoffLimit, probability) => {
  const jobs = Array.from({ length: JOBS }, (_, i) => ({
    apiVersion: 'batch/v1', kind: 'Job',
    metadata: { name: `try-${String(i)}`, annotations: { 'podyard.dev/duration': '10s' } },
    spec: {
      backoffLimit,
      template: {
        metadata: { labels: { app: 'try' } },
        spec: { restartPolicy: 'Never', containers: [{ name: 'main', resources: { requests: { cpu: '10m' } } }] },
      },
    },
  }));
  const applications = [{ name: 'try', selector: 'app=try', failure: { after: '5s', probability } }];
  const { pods } = playScenario({ duration: '1h', applications }, [nodeObject('n', { cpu: '8' }), ...jobs]);
  const byJob = new Map<string, string[]>();
  for (const { name, outcome } of pods) {
    const job = /^try-\d+/.exec(name)?.[0] ?? '';
    byJob.set(job, [...(byJob.get(job) ?? []), outcome]);
  }
  expect(byJob.size).toBe(JOBS);
  let failed = 0;
  for (const outcomes of byJob.values()) {
    // Failures, and then a success, or the last failure that was allowed.
    const isFailed = outcomes.at(-1) === 'Failed';
    expect(outcomes.slice(0, -1).every((outcome) => outcome === 'Failed')).toBe(true);
    expect(outcomes.length).toBeLessThanOrEqual(backoffLimit + 1);
    if (isFailed) expect(outcomes).toHaveLength(backoffLimit + 1);
    failed += Number(isFailed);
  }
  // One seed, so it passes always or never: what it shows is within what chance does in 999 of 1,000 cases.
  const chance = probability ** (backoffLimit + 1);
  expect(binomialCdf(failed, JOBS, chance)).toBeGreaterThan(0.0005);
  expect(binomialCdf(failed - 1, JOBS, chance)).toBeLessThan(0.9995);
});
