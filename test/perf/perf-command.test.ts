// `podyard perf` from the words of a command line to what it prints.
import { expect, test } from 'vitest';
import { podyardHere } from '../cli/podyard.ts';
import { FIXTURE } from './fixture-runs.ts';

const podyard = (...words: string[]) => podyardHere(words);

test('JSON holds a row for each workload, and what is not supported with its reasons', async () => {
  const { code, out } = await podyard('perf', FIXTURE, '--case', 'Nodes', '--case', 'Steady', '-o', 'json', '-q');
  expect(code).toBe(0);
  const { workloads, unsupported } = JSON.parse(out);
  expect(workloads).toEqual([
    {
      case: 'Nodes',
      workload: 'three',
      nodes: 6,
      pods: 3,
      scheduled: 3,
      decisions: 3,
      seconds: expect.any(Number),
      decisionsPerSecond: expect.any(Number),
      podsPerSecond: expect.any(Number),
      threshold: 12,
      calibrationEventsPerSecond: expect.any(Number),
      digest: expect.stringMatching(/^[0-9a-f]{32}$/),
      notes: [],
    },
  ]);
  expect(unsupported.map((entry: { case: string }) => entry.case)).toEqual(['Steady']);
});

test('the table tells rates, thresholds, calibration, notes and what is not supported', async () => {
  const { code, out } = await podyard('perf', FIXTURE, '--label=-short', '--runs', '1', '-q');
  expect(code).toBe(0);
  expect(out.replace(/ {2,}/g, '  ')).toMatch(/^CASE  WORKLOAD  NODES  PODS  SCHEDULED  DECISIONS  SECONDS  DECISIONS\/S  PODS\/S  THRESHOLD  DIGEST\nTooLarge  two-of-nine-cores  1  2  0  /);
  expect(out).toMatch(/Calibration: [\d,]+ events\/s with 100,000 pending/);
  expect(out).toContain('  TooLarge/two-of-nine-cores: op 1: 2 pods in namespace-1 got no node in 600 simulated seconds: upstream would fail here');
  expect(out).toContain('  Claims/driver: op 1 (createResourceDriver): resource drivers (DRA) are not simulated');
});

test('DataItems are one for each measured phase', async () => {
  const { out } = await podyard('perf', FIXTURE, '--workload', 'three', '-o', 'scheduler-perf', '-q');
  expect(JSON.parse(out)).toMatchObject({ version: 'v1', dataItems: [{ unit: 'pods/s', labels: { Metric: 'SchedulingThroughput', Name: 'Nodes/three/namespace-3' } }] });
});

test('a wrong command line or file is exit code 2 and says why', async () => {
  expect(await podyard('perf', 'gone.yaml', '-q')).toMatchObject({ code: 2, out: '', err: expect.stringContaining('gone.yaml: no such file or folder') });
  expect(await podyard('perf', FIXTURE, '--case', 'Node', '-q')).toMatchObject({ code: 2, err: expect.stringContaining('did you mean') });
  expect(await podyard('perf', FIXTURE, '--runs', '0', '-q')).toMatchObject({ code: 2, err: expect.stringContaining('--runs') });
});
