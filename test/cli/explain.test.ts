// explain from the command line: the pod's node, tables that are sorted and cut, another configuration, wrong input.
import { describe, expect, test } from 'vitest';
import { cliFolder } from './podyard.ts';

const folder = cliFolder();

const SCENARIO = `name: small
duration: 1h
nodePools:
  - {name: big, count: 1, allocatable: {cpu: 8, memory: 8Gi}}
  - {name: small, count: 2, allocatable: {cpu: 4, memory: 8Gi}}
  - {name: tiny, count: 1, allocatable: {cpu: 1, memory: 8Gi}}
workloads:
  - {name: task, kind: Pod, arrivals: {at: 1s}, lifetime: 30m, requests: {cpu: 2, memory: 1Gi}}
  - {name: late, kind: Pod, arrivals: {at: 10m, count: 9}, lifetime: 10m, requests: {cpu: 2, memory: 1Gi}}
`;
const PACK = `apiVersion: kubescheduler.config.k8s.io/v1
kind: KubeSchedulerConfiguration
profiles:
  - schedulerName: default-scheduler
    plugins: {score: {disabled: [{name: NodeResourcesBalancedAllocation}]}}
    pluginConfig:
      - name: NodeResourcesFit
        args: {scoringStrategy: {type: MostAllocated, resources: [{name: cpu, weight: 1}]}}
`;

function begin(): void {
  folder.write('scenario.yaml', SCENARIO);
  folder.write('pack.yaml', PACK);
}

interface Told {
  readonly node: string | null;
  readonly atMicros: number;
  readonly message: string;
  readonly nodes: readonly { readonly node: string; readonly verdict: string; readonly total: number | null }[];
  readonly counterfactual: Told | null;
}

async function told(...args: readonly string[]): Promise<Told> {
  const { out, err } = await folder.here('explain', 'scenario.yaml', ...args, '-o', 'json');
  expect(err).toBe('');
  return JSON.parse(out) as Told;
}

describe('explain', () => {
  test('tells why here and why not there', async () => {
    begin();
    const { code, out } = await folder.here('explain', 'scenario.yaml', 'task-0');
    expect(code).toBe(0);
    expect(out).toContain('default/task-0 goes to big-0 at 1s: 4 nodes looked at, 3 of them would do.');
    expect(out).toMatch(/^big-0 +chosen +\d+ /m);
    expect(out).toMatch(/^tiny-0 +rejected +Insufficient cpu$/m);
  });

  test('a pod that waits: its last decision, or the one at a time', async () => {
    begin();
    const last = await told('default/late-8');
    const first = await told('default/late-8', '--at', '11m');
    expect(first.node).toBeNull();
    expect(first.message).toBe('0/4 nodes are available: 4 Insufficient cpu.');
    expect(last.node).not.toBeNull();
    expect(last.atMicros).toBeGreaterThan(first.atMicros);
  });

  test('another configuration: where it would have put the pod, and the same one puts it there again', async () => {
    begin();
    const other = await told('task-0', '--counterfactual', 'pack.yaml');
    expect([other.node, other.counterfactual?.node]).toEqual(['big-0', 'small-0']);
    folder.write('same.yaml', 'apiVersion: kubescheduler.config.k8s.io/v1\nkind: KubeSchedulerConfiguration\n');
    for (const pod of ['task-0', 'late-0', 'late-3', 'late-6']) {
      const { counterfactual, ...explained } = await told(pod, '--counterfactual', 'same.yaml');
      expect(counterfactual).toMatchObject({ node: explained.node, nodes: explained.nodes });
    }
  });

  test('a scheduler that sees late: pods that it has not heard of are no trouble', async () => {
    const late = SCENARIO.replace('duration: 1h', 'duration: 1m\ncontrolPlane: {watchDelay: 2s}')
      .replace('at: 10m, count: 9', 'at: 2s, count: 60');
    folder.write('scenario.yaml', late);
    expect((await told('task-0')).node).toBe('big-0');
  });

  test('rows are sorted and cut as asked', async () => {
    begin();
    const rows = async (...args: readonly string[]): Promise<string[]> => {
      const { out } = await folder.here('explain', 'scenario.yaml', 'task-0', '-o', 'csv', ...args);
      return out.trimEnd().split('\n').slice(1).map((line) => line.split(',')[0]);
    };
    expect(await rows()).toEqual(['big-0', 'small-0', 'small-1', 'tiny-0']);
    expect(await rows('--sort', 'node', '--limit', '2')).toEqual(['big-0', 'small-0']);
    expect(await rows('--sort', 'verdict')).toEqual(['big-0', 'small-0', 'small-1', 'tiny-0']);
  });

  test.each([
    [['nobody-1'], 'the run has no pod nobody-1'],
    [['late-0', '--at', '5m'], 'the scheduler has not come to late-0 by then'],
    [['late-0', '--at', 'noon'], '--at: expected a duration'],
    [['late-0', '--at', '5m', '--last'], '--at and --last: expected one of them'],
    [['late-0', '--counterfactual', 'nowhere.yaml'], '--counterfactual: no such file: nowhere.yaml'],
    [['late-0', '--counterfactual', 'scenario.yaml'], 'scenario.yaml:'],
  ])('%j is refused', async (args, message) => {
    begin();
    const { code, out, err } = await folder.here('explain', 'scenario.yaml', ...args);
    expect([code, out]).toEqual([2, '']);
    expect(err).toContain(message);
  });
});
