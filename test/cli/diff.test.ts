// diff from the command line: the first decision in which two runs part, by a planted change of one weight.
import { expect, test } from 'vitest';
import { cliFolder } from './podyard.ts';

const folder = cliFolder();

const SCENARIO = `name: small
duration: 1h
nodePools:
  - {name: general, count: 4, allocatable: {cpu: 8, memory: 8Gi}}
workloads:
  - {name: a, kind: Pod, arrivals: {at: 1s, count: 3}, lifetime: 50m, requests: {cpu: 3, memory: 256Mi}}
  - {name: b, kind: Pod, arrivals: {at: 5m, count: 6}, lifetime: 30m, requests: {cpu: 500m, memory: 3Gi}}
`;

function configuration(weight: number): string {
  return `apiVersion: kubescheduler.config.k8s.io/v1
kind: KubeSchedulerConfiguration
profiles:
  - schedulerName: default-scheduler
    plugins:
      score:
        disabled: [{name: NodeResourcesBalancedAllocation}]
        enabled: [{name: NodeResourcesBalancedAllocation, weight: ${String(weight)}}]
`;
}

test('runs that decide alike are told to', async () => {
  folder.write('scenario.yaml', SCENARIO);
  folder.write('one.yaml', configuration(1));
  const { code, out } = await folder.here('diff', 'scenario.yaml', 'one.yaml');
  expect([code, out]).toEqual([0, 'The runs decide alike: 9 decisions.\n']);
});

test('a weight that is changed shows where the runs part, and in which plugin', async () => {
  folder.write('scenario.yaml', SCENARIO);
  folder.write('ten.yaml', configuration(10));
  const { code, out } = await folder.here('diff', 'scenario.yaml', 'ten.yaml');
  expect(code).toBe(0);
  expect(out).toMatch(/^The runs decide alike \d+ times, then part:\n {2}A: default\/b-\d goes to general-\d \(at 5m/);
  const { out: json } = await folder.here('diff', 'scenario.yaml', 'ten.yaml', '-o', 'json');
  const { parting, why } = JSON.parse(json) as {
    parting: { alike: number; a: { pod: string; node: string }; b: { pod: string; node: string } };
    why: Record<'a' | 'b', { node: string; nodes: { node: string; scores: { plugin: string; weighted: number }[] }[] }>;
  };
  expect(parting.alike).toBeGreaterThanOrEqual(3);
  expect(parting.a.pod).toBe(parting.b.pod);
  expect(parting.a.node).not.toBe(parting.b.node);
  expect([why.a.node, why.b.node]).toEqual([parting.a.node, parting.b.node]);
  // The cluster is the same: of all plugins only the one whose weight was changed scores otherwise.
  const scores = (side: 'a' | 'b'): Map<string, number> =>
    new Map(why[side].nodes.flatMap(({ node, scores: own }) =>
      own.map(({ plugin, weighted }): [string, number] => [`${node} ${plugin}`, weighted]),
    ));
  const [ofA, ofB] = [scores('a'), scores('b')];
  const changed = [...ofA].filter(([key, weighted]) => ofB.get(key) !== weighted).map(([key]) => key.split(' ')[1]);
  expect(new Set(changed)).toEqual(new Set(['NodeResourcesBalancedAllocation']));
});

test('two scenarios are compared, too', async () => {
  folder.write('scenario.yaml', SCENARIO);
  folder.write('five.yaml', SCENARIO.replace('count: 4', 'count: 2'));
  const { code, out } = await folder.here('diff', 'scenario.yaml', 'five.yaml');
  expect(code).toBe(0);
  expect(out).toContain('then part:');
});

test('wrong files are refused', async () => {
  folder.write('scenario.yaml', SCENARIO);
  folder.write(
    'wrong.yaml',
    'apiVersion: kubescheduler.config.k8s.io/v1\nkind: KubeSchedulerConfiguration\nprofile: []\n',
  );
  for (const other of ['nowhere.yaml', 'wrong.yaml', '-']) {
    const { code, out, err } = await folder.here('diff', 'scenario.yaml', other);
    expect([code, out]).toEqual([2, '']);
    expect(err).toMatch(/nowhere\.yaml|wrong\.yaml:3:|diff reads files/);
  }
});
