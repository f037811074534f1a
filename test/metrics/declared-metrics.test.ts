// What is declared of the numbers of a run, and what follows from it.
import { expect, test } from 'vitest';
import { METRICS, metricAt, metricRows, metricsIn, numbersOf } from '../../src/metrics/declared-metrics.ts';
import type { MetricGroup } from '../../src/metrics/declared-metrics.ts';
import type { FailureFacts } from '../../src/metrics/run-result.ts';
import { commonMetrics, metricNamed, metricsOf } from '../../src/metrics/metric-names.ts';
import { renderHtml } from '../../src/report/html.ts';
import { renderRunTable } from '../../src/report/run-table.ts';
import { summaryRows } from '../../src/report/summary-rows.ts';
import { makeRunResult } from '../support/run-result.ts';

const base = makeRunResult();
const result = makeRunResult({
  overrides: { failures: { ...base.failures, containers: { restarts: 7, unreadyPodSeconds: 120.5 } } },
});
const GROUPS = Object.keys(METRICS) as MetricGroup[];
const paths = GROUPS.flatMap((group) => metricsIn(group).map(([name, metric]) => ({ path: `${group}.${name}`, metric })));

test('what can be asked for by name has a value where the run has it, and what has one can be asked for', () => {
  const values = new Map(metricsOf(result).map((metric) => [metric.name, metric.value]));
  expect(commonMetrics().filter((path) => typeof values.get(path) !== 'number')).toEqual([]);
  expect([...values.keys()].filter((path) => metricNamed(path)?.path !== path)).toEqual([]);
  expect(values.get('failures.containers.restarts')).toBe(7);
  expect(values.get('failures.containers.unreadyPodSeconds')).toBe(120.5);
  expect(metricsOf(base).some(({ name }) => name.startsWith('failures.containers'))).toBe(false);
});

test('what is declared with a direction is compared, in its unit, and nothing else', () => {
  const compared = new Map(metricsOf(result).map((metric) => [metric.name, metric]));
  for (const { path, metric } of paths) {
    if (metric.better === null) expect(compared.has(path), path).toBe(false);
    else expect(compared.get(path), path).toMatchObject({ unit: metric.unit, better: metric.better });
  }
  const names = [...compared.keys()].filter((path) => path.startsWith('counts.'));
  expect(names.at(-1)).toBe('counts.decisionsUnschedulable');
});

test('each is in summary.csv with its unit', () => {
  const rows = new Map(summaryRows(result).map(([path, value, unit]) => [path, { value, unit }]));
  for (const { path, metric } of paths) expect(rows.get(path), path).toMatchObject({ unit: metric.unit });
  expect(metricAt('counts.events')?.unit).toBe('count');
  for (const path of ['counts.', 'counts.toString', 'toString.x', 'nodes', 'failures.containers.restarts'])
    expect(metricAt(path), path).toBeUndefined();
});

test('one with a row is told by the terminal and on its card of the page', () => {
  expect(metricRows(result)).toEqual([{ row: METRICS.counts.events.row, unit: 'count', value: 151_902 }]);
  expect(renderRunTable(result, { wide: false, color: false })).toMatch(/^Simulation events +151,902$/m);
  expect(renderHtml(result)).toContain('<tr><td>Simulation events</td><td>151,902</td></tr>');
});

test('numbers of a group come in the declared order, and no others', () => {
  const turned = Object.fromEntries(Object.entries(result.failures).toReversed()) as unknown as FailureFacts;
  expect(Object.keys(numbersOf('failures', turned))).toEqual(Object.keys(METRICS.failures));
});
