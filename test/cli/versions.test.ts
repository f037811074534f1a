// The version of Kubernetes on the command line.
import { expect, test } from 'vitest';
import { cliFolder } from './podyard.ts';

const SCENARIO = `
duration: 30m
nodePools: [{name: general, count: 2, allocatable: {cpu: 4, memory: 8Gi, pods: 20}}]
workloads:
  - {name: job, kind: Job, arrivals: {poisson: {ratePerHour: 60}}, lifetime: 4m, requests: {cpu: 1}}
`;
const cli = cliFolder();

test('versions lists what differs, and refuses what it does not know', () => {
  const { code, out } = cli.run('versions', '1.36', '1.37', '-o', 'csv');
  expect(code).toBe(0);
  expect(out).toMatch(/^part,gate,1\.36,1\.37,files,here\nVolumeBinding,StorageCapacityScoring,/);
  expect(cli.run('versions', '1.37', '1.37').out).toBe('No difference between Kubernetes 1.37 and 1.37 is modelled.\n');
  const wrong = cli.run('versions', '1.35');
  expect([wrong.code, wrong.err]).toEqual([2, 'error: expected a version of Kubernetes (1.36, 1.37), found 1.35\n']);
});

test('the option counts before the scenario, which counts before the default', () => {
  cli.write('s.yaml', SCENARIO);
  cli.write('old.yaml', `kubernetes: 1.36\n${SCENARIO}`);
  const versionOf = (...words: string[]): unknown =>
    (JSON.parse(cli.run('run', ...words, '-o', 'json', '-q').out) as { readonly kubernetes: string }).kubernetes;
  expect(versionOf('s.yaml')).toBe('1.37');
  expect(versionOf('old.yaml')).toBe('1.36');
  expect(versionOf('old.yaml', '--kubernetes', '1.37')).toBe('1.37');
  expect(cli.run('validate', 's.yaml', '--set', 'kubernetes=1.3').err).toContain('expected a version of Kubernetes');
});

test('compare takes changes of either side, and tells the mistakes of both', () => {
  cli.write('s.yaml', SCENARIO);
  const words = ['compare', 's.yaml', '--seeds', '2', '-q', '-o', 'json'];
  const { code, out } = cli.run(
    ...words,
    '--a',
    'kubernetes=1.36',
    '--b',
    'kubernetes=1.37',
    '--b',
    'nodePools[general].count=3',
  );
  expect(code).toBe(0);
  expect(JSON.parse(out)).toMatchObject({
    labelA: 'kubernetes=1.36',
    labelB: 'kubernetes=1.37, nodePools[general].count=3',
    changesA: ['kubernetes=1.36'],
    resolvedScenario: { kubernetes: '1.36' },
    resolvedScenarioB: { kubernetes: '1.37', nodePools: [{ count: 3 }] },
  });
  const wrong = cli.run(...words, '--a', 'kubernetes=1.35', '--b', 'kubernets=1.37');
  expect(wrong.code).toBe(2);
  expect(wrong.err).toContain('--a kubernetes=1.35: expected a version of Kubernetes');
  expect(wrong.err).toContain('--b kubernets=1.37: unknown field "kubernets"');
});
