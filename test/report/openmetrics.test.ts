// Results as OpenMetrics: read back by a strict reader of the format, with upstream's names where upstream has the
// number.
import { describe, expect, test } from 'vitest';
import type { RunResult } from '../../src/metrics/run-result.ts';
import { summaryRows } from '../../src/report/summary-rows.ts';
import { openMetricsText } from '../../src/report/openmetrics.ts';
import { nodeObject, playScenario } from '../support/played-scenario.ts';
import { readOpenMetrics } from '../support/openmetrics-reader.ts';
import type { MetricFamily } from '../support/openmetrics-reader.ts';

const NAME = 'a "quoted" \\ name\nof two lines';

function played(workloads: readonly unknown[] = WORKLOADS, more: Readonly<Record<string, unknown>> = {}): RunResult {
  const nodes = ['a', 'b'].map((name) => nodeObject(name));
  return playScenario({ name: NAME, duration: '1h', workloads, ...more }, nodes).result;
}

/** Eight pods of two cores: four find room on two nodes of four cores. */
const requests = { cpu: 1, memory: '1Gi' };
const WORKLOADS = [
  { name: 'web', kind: 'Deployment', replicas: 6, requests: { cpu: 2, memory: '1Gi' } },
  { name: 'job', kind: 'Pod', arrivals: { at: '10m', count: 2 }, lifetime: '1m', requests },
];

const read = (result: RunResult): Map<string, MetricFamily> =>
  new Map(readOpenMetrics(openMetricsText(result)).map((family) => [family.name, family]));

type Labels = Readonly<Record<string, string>>;

function valueOf(families: Map<string, MetricFamily>, name: string, labels: Labels = {}): number | undefined {
  const isIt = (sample: MetricFamily['samples'][number]): boolean =>
    sample.name === name && Object.entries(labels).every(([label, text]) => sample.labels[label] === text);
  return [...families.values()].flatMap(({ samples }) => samples).find(isIt)?.value;
}

describe('results as OpenMetrics', () => {
  test('have the names of the scheduler and of what looks at clusters', () => {
    const result = played();
    const families = read(result);
    const { counts, latency } = result;
    expect(counts.podsPending).toBe(4);
    const { type, unit } = families.get('scheduler_pod_scheduling_sli_duration_seconds') ?? {};
    expect([type, unit]).toEqual(['summary', 'seconds']);
    const profile = 'default-scheduler';
    const queued = (queue: string): number => valueOf(families, 'scheduler_pending_pods', { queue }) ?? NaN;
    const all = ['active', 'backoff', 'unschedulable'].map(queued);
    expect(all.reduce((sum, value) => sum + value, 0)).toBe(4);
    const attempts = (outcome: string): number | undefined =>
      valueOf(families, 'scheduler_schedule_attempts_total', { result: outcome, profile });
    expect(attempts('scheduled')).toBe(4);
    expect(attempts('unschedulable')).toBe(counts.decisionsUnschedulable);
    expect(valueOf(families, 'scheduler_pod_scheduling_sli_duration_seconds_count')).toBe(8);
    const median = valueOf(families, 'scheduler_pod_scheduling_sli_duration_seconds', { quantile: '0.5' });
    expect(median).toBeCloseTo(latency.queueWaitSeconds.p50 ?? NaN, 9);
    expect(valueOf(families, 'kube_pod_status_phase', { phase: 'Pending' })).toBe(4);
    expect(valueOf(families, 'kube_pod_status_phase', { phase: 'Running' })).toBe(4);
    expect(valueOf(families, 'kube_node_status_condition', { condition: 'Ready', status: 'true' })).toBe(2);
    expect(valueOf(families, 'kube_node_status_condition', { condition: 'Ready', status: 'unknown' })).toBe(0);
    expect(valueOf(families, 'cluster_autoscaler_scaled_up_nodes_total')).toBe(0);
  });

  test('escape labels, and name the run', () => {
    const result = played();
    const info = read(result).get('podyard_run')?.samples[0];
    expect(info?.name).toBe('podyard_run_info');
    expect(info?.labels).toMatchObject({ scenario: NAME, digest: result.digest, complete: 'true' });
  });

  test('hold every number of summary.csv', () => {
    const result = played();
    const samples = read(result).get('podyard_result')?.samples ?? [];
    const numbers = summaryRows(result).filter(([, value]) => typeof value === 'number');
    expect(samples.map(({ labels, value }) => [labels['metric'], value, labels['unit']])).toEqual(
      numbers.map(([metric, value, unit]) => [metric, value, unit ?? '']),
    );
    expect(samples.length).toBeGreaterThan(50);
  });

  test('of a run without pods have no quantiles', () => {
    const summary = read(played([])).get('scheduler_pod_scheduling_sli_duration_seconds');
    const shown = summary?.samples.map(({ name, value }) => [name.replace(/^.*seconds/, ''), value]);
    expect(shown).toEqual([['_count', 0], ['_sum', 0]]);
  });

  test('of several profiles do not say which one tried', () => {
    const profiles = [{ schedulerName: 'default-scheduler' }, { schedulerName: 'other' }];
    const config = { apiVersion: 'kubescheduler.config.k8s.io/v1', kind: 'KubeSchedulerConfiguration', profiles };
    const families = read(played(WORKLOADS, { scheduler: { config } }));
    const samples = families.get('scheduler_schedule_attempts')?.samples ?? [];
    expect(samples.map(({ labels }) => Object.keys(labels))).toEqual([['result'], ['result']]);
  });
});

describe('the reader', () => {
  const END = '# EOF\n';
  const COUNTER = '# HELP a Help.\n# TYPE a counter\n';

  test('takes what the specification shows', () => {
    const first = `${COUNTER}a_total{b="c\\"\\\\\\n",d="}"} 1.5e+3\n`;
    const text = `${first}# TYPE e_seconds gauge\n# UNIT e_seconds seconds\ne_seconds -1\n${END}`;
    expect(readOpenMetrics(text).map(({ samples }) => samples)).toEqual([
      [{ name: 'a_total', labels: { b: 'c"\\\n', d: '}' }, value: 1500 }],
      [{ name: 'e_seconds', labels: {}, value: -1 }],
    ]);
  });

  test.each([
    ['no end', `${COUNTER}a_total 1\n`, 'EOF'],
    ['text behind the end', `${END}a 1\n`, 'EOF'],
    ['no metadata', `a 1\n${END}`, 'before its metadata'],
    ['a counter without its suffix', `${COUNTER}a 1\n${END}`, 'not a sample of counter a'],
    ['metadata behind samples', `${COUNTER}a_total 1\n# UNIT a a\n${END}`, 'metadata behind samples'],
    ['a family in two places', `${COUNTER}# TYPE b gauge\n${COUNTER}${END}`, 'two places'],
    ['a unit that is not in the name', `# UNIT a seconds\n${END}`, 'unit'],
    ['a type that is none', `# TYPE a meter\n${END}`, 'no such type'],
    ['a bare quote', `${COUNTER}a_total{b="c"d"} 1\n${END}`, 'comma'],
    ['an unknown escape', `${COUNTER}a_total{b="\\t"} 1\n${END}`, 'unknown escape'],
    ['a label twice', `${COUNTER}a_total{b="1",b="2"} 1\n${END}`, 'a label twice'],
    ['a sample twice', `${COUNTER}a_total 1\na_total 1\n${END}`, 'a sample twice'],
    ['a number that is none', `${COUNTER}a_total null\n${END}`, 'not a number'],
    ['a counter below 0', `${COUNTER}a_total -1\n${END}`, 'below 0'],
    ['two spaces', `${COUNTER}a_total  1\n${END}`, 'neither'],
    ['an empty line', `\n${END}`, 'neither'],
    ['a summary without quantile', `# TYPE a summary\na 1\n${END}`, 'quantile'],
    ['an info of 2', `# TYPE a info\na_info 2\n${END}`, 'not 1'],
    ['names that clash', `${COUNTER}# TYPE a_total gauge\n${END}`, 'clash'],
  ])('refuses %s', (_, text, message) => {
    expect(() => readOpenMetrics(text)).toThrow(message);
  });
});
