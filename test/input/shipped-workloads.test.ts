// What ships in workloads/ reads without a word, and the large cell is what its head says it is.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { milliFromText } from '../../src/base/quantity.ts';
import { isInflation } from '../../src/experiment/inflation-plan.ts';
import { createInputFiles } from '../../src/io/input-files.ts';
import { meanOf } from '../../src/kernel/sampling.ts';
import { readScenario } from '../../src/simulation/scenario-reader.ts';
import type { Scenario } from '../../src/simulation/scenario.ts';
import type { Workload } from '../../src/workload/settings.ts';
import { filesBelow } from '../support/tracked-files.ts';

/**
 * Experiments and manifests of traces are checked where they are tested: the lists that they name are not shipped. So are
 * the suite of the standing benchmark and its schedulers.
 */
const SHIPPED = filesBelow('workloads', '.yaml')
  .filter((file) => !/^workloads\/(?:traces|bench\/schedulers)\/|^workloads\/bench\/suite\.yaml$/.test(file))
  .filter((file) => !isInflation(readFileSync(file, 'utf8'), file));

test('scenarios ship', () => {
  expect(SHIPPED).toContain('workloads/default.yaml');
});

test.each(SHIPPED)('%s reads without a word', (file) => {
  expect(readScenario({ file }, createInputFiles()).warnings).toEqual([]);
});

describe('workloads/borg-month.yaml', () => {
  const { scenario } = readScenario({ file: 'workloads/borg-month.yaml' }, createInputFiles());
  const hours = (scenario.durationMicros ?? 0) / 3_600_000_000;

  test('has the machines of the trace', () => {
    const { nodePools } = scenario;
    const byPlatform = new Map<string, number>();
    for (const { labels, count } of nodePools) byPlatform.set(labels['platform'], (byPlatform.get(labels['platform']) ?? 0) + count);
    expect(nodePools).toHaveLength(10);
    expect([...byPlatform]).toEqual([['p1', 11_659], ['p2', 798], ['p3', 126]]);
  });

  test('has 25 million pods of two thirds of a million jobs, in 36 templates', () => {
    const pods = totalOf(scenario, (workload) => arrivalsOf(workload, hours) * meanOf(workload.replicas));
    const jobs = totalOf(scenario, (workload) => arrivalsOf(workload, hours));
    expect(pods / 1e6).toBeCloseTo(25.1, 1);
    expect(jobs / 1e3).toBeCloseTo(662, -1);
    const templates = scenario.workloads.flatMap((workload) => workload.shapes.map(({ requests }) => JSON.stringify([workload.template, workload.priorityClassName, requests])));
    expect(new Set(templates).size).toBe(36);
  });

  // Little's law: pods that stand at one time are arrivals per hour times hours of life.
  test('asks for 60 to 80 percent of its cores', () => {
    const capacity = scenario.nodePools.reduce((sum, { count, allocatable }) => sum + count * cores(allocatable['cpu']), 0);
    const byClass = Object.fromEntries(
      [...new Set(scenario.workloads.map((workload) => workload.class))].map((name) => {
        const asked = totalOf(scenario, (workload) => (workload.class === name ? standingPods(workload, hours) * meanCores(workload) : 0));
        return [name, Math.round((100 * asked) / capacity)];
      }),
    );
    expect(byClass).toEqual({ monitoring: 7, production: 35, batch: 14, free: 16 });
  });
});

function totalOf({ workloads }: Scenario, amount: (workload: Workload) => number): number {
  return workloads.reduce((sum, workload) => sum + amount(workload), 0);
}

function arrivalsOf({ name, arrivals }: Workload, hours: number): number {
  if (arrivals.kind === 'at') return arrivals.count;
  if (arrivals.kind === 'diurnal') return arrivals.meanRatePerHour * hours;
  throw new Error(`${name} arrives in a way this test does not know`);
}

function standingPods(workload: Workload, hours: number): number {
  const pods = arrivalsOf(workload, hours) * meanOf(workload.replicas);
  return workload.lifetimeSeconds === null || workload.arrivals.kind === 'at' ? pods : (pods / hours) * (meanOf(workload.lifetimeSeconds) / 3600);
}

function meanCores({ shapes }: Workload): number {
  const weights = shapes.reduce((sum, { weight }) => sum + weight, 0);
  return shapes.reduce((sum, { weight, requests }) => sum + weight * cores(requests['cpu']), 0) / weights;
}

function cores(quantity: string | number): number {
  return milliFromText(quantity) / 1000;
}
