// whatif, inflate and compact from the command line: dumps as kubectl writes them, scenarios, exit codes, wrong input.
import { describe, expect, test } from 'vitest';
import { cliFolder } from './podyard.ts';

const folder = cliFolder();

const NODE = (name: string): object => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name },
  status: { allocatable: { cpu: '4', memory: '8Gi', pods: '110' }, conditions: [{ type: 'Ready', status: 'True' }] },
});
const POD = (name: string, cpu: string): object => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'default' },
  spec: { containers: [{ name: 'main', resources: { requests: { cpu } } }] },
});
const LIST = (items: readonly object[]): string =>
  JSON.stringify({ apiVersion: 'v1', items, kind: 'List', metadata: {} });

const SCENARIO = `name: small
duration: 1h
nodePools:
  - {name: general, count: 2, allocatable: {cpu: 4, memory: 8Gi}}
workloads:
  - {name: task, kind: Pod, arrivals: {at: 10m}, lifetime: 30m, requests: {cpu: 3}}
`;

function begin(): void {
  folder.write('dump.json', LIST([NODE('a'), NODE('b')]));
  folder.write('small.json', JSON.stringify(POD('small', '1')));
  folder.write('large.json', JSON.stringify(POD('large', '5')));
  folder.write('scenario.yaml', SCENARIO);
}

describe('whatif', () => {
  test('exit code 0 when all fit, 3 when not', async () => {
    begin();
    const fits = await folder.here('whatif', 'dump.json', 'small.json');
    expect([fits.code, fits.err]).toEqual([0, '']);
    expect(fits.out).toContain('7 more pods would fit.');
    const not = await folder.here('whatif', 'dump.json', 'small.json', 'large.json');
    expect(not.code).toBe(3);
    expect(not.out).toContain('default/large: 0/2 nodes are available: 2 Insufficient cpu.');
  });

  test('JSON tells each pod', async () => {
    begin();
    const { out } = await folder.here('whatif', 'dump.json', 'small.json', '-o', 'json', '--max', '2');
    expect(JSON.parse(out)).toMatchObject({
      fits: true, nodes: 2, pods: [{ from: 'Pod/small', outcome: 'fits' }], more: { times: 2, isAll: false },
    });
  });

  test('a dump comes by standard input, too', () => {
    begin();
    const { code, out } = folder.runWith({ input: LIST([NODE('a')]) }, 'whatif', '-', 'small.json');
    expect(code).toBe(0);
    expect(out).toContain('(Kubernetes 1.37, 1 node)');
  });

  test('a scenario is asked at a moment of its run', async () => {
    begin();
    folder.write('three.json', LIST([POD('x', '3'), POD('y', '3')]));
    const before = await folder.here('whatif', 'scenario.yaml', 'three.json', '--at', '5m');
    const during = await folder.here('whatif', 'scenario.yaml', 'three.json', '--at', '20m');
    const after = await folder.here('whatif', 'scenario.yaml', 'three.json', '--at', '50m');
    expect([before.code, during.code, after.code]).toEqual([0, 3, 0]);
  });

  test('Nodes in the files join the cluster', async () => {
    begin();
    folder.write(
      'big-node.json',
      LIST([{ ...NODE('c'), status: { allocatable: { cpu: '16', memory: '8Gi', pods: '9' } } }]),
    );
    const { code, out } = await folder.here('whatif', 'dump.json', 'large.json', 'big-node.json');
    expect(code).toBe(0);
    expect(out).toMatch(/default\/large +fits +c/);
  });

  test('the Kubernetes version answers in its own words', async () => {
    begin();
    const { out } = await folder.here('whatif', 'dump.json', 'large.json', '--kubernetes', '1.36');
    expect(out).toContain('(Kubernetes 1.36, 2 nodes)');
  });
});

describe('inflate', () => {
  test('counts, and exit code 3 when not one more fits', async () => {
    begin();
    const more = await folder.here('inflate', 'dump.json', 'small.json');
    expect([more.code, more.err]).toEqual([0, '']);
    expect(more.out).toContain('8 more pods fit on 2 of 2 nodes');
    expect((await folder.here('inflate', 'dump.json', 'large.json')).code).toBe(3);
  });
});

describe('compact', () => {
  test('tells each order, and writes a scenario that run holds', async () => {
    folder.write('four.json', LIST([NODE('a'), NODE('b'), NODE('c'), POD('p', '3'), POD('q', '3')]));
    const { code, out, err } = await folder.here('compact', 'four.json', '--trials', '2', '--out', 'packed.yaml');
    expect(code).toBe(0);
    expect(out).toBe(
      'ORDER       NODES\npodyard-1       2\npodyard-2       2\n\n' +
        '2 of 3 nodes hold 2 pods (Kubernetes 1.37; median 2, 90% 2).\n',
    );
    expect(err).toBe('Wrote packed.yaml: 2 nodes, order podyard-1. Next: podyard run packed.yaml\n');
    const run = await folder.here('run', 'packed.yaml', '-o', 'json', '--quiet');
    expect(JSON.parse(run.out)).toMatchObject({ counts: { podsArrived: 2, podsPending: 0 } });
    const again = await folder.here('compact', 'four.json', '--trials', '2', '--out', 'packed.yaml');
    expect([again.code, again.err]).toEqual([2, expect.stringContaining('the file exists')]);
  });
});

describe('wrong input', () => {
  test.each([
    [['whatif', 'nowhere.yaml', 'small.json'], 'nowhere.yaml: no such file'],
    [['whatif', 'dump.json', 'nowhere.yaml'], 'nowhere.yaml: no such file'],
    [['whatif', 'dump.json', 'dump.json'], 'the cluster has a node a already'],
    [['whatif', 'dump.json', 'service.yaml'], 'expected pods, or objects that make some, found none'],
    [['whatif', 'dump.json', 'small.json', '--at', '5m'], '--at: a dump is one moment already'],
    [['whatif', 'scenario.yaml', 'small.json', '--at', 'noon'], '--at: expected a duration'],
    [['whatif', 'dump.json', 'wrong.yaml'], 'wrong.yaml:5:'],
    [['whatif', 'dump.json', 'class.yaml'], 'class.yaml:4:27: unknown priority class "urgent"'],
    [['whatif', 'broken.yaml', 'small.json'], 'broken.yaml:4:'],
    [['compact', 'dump.json', '--force'], '--force needs --out'],
  ])('%j', async (args, message) => {
    begin();
    folder.write('service.yaml', 'apiVersion: v1\nkind: Service\nmetadata: {name: s}\nspec: {}\n');
    folder.write('wrong.yaml', 'apiVersion: v1\nkind: Pod\nmetadata: {name: x}\nspec:\n  containers: 5\n');
    folder.write(
      'class.yaml',
      'apiVersion: v1\nkind: Pod\nmetadata: {name: x}\nspec: {priorityClassName: urgent, containers: [{name: c}]}\n',
    );
    folder.write(
      'broken.yaml',
      'apiVersion: v1\nkind: Node\nmetadata: {name: n}\nstatus: {allocatable: {cpu: lots}}\n',
    );
    const { code, out, err } = await folder.here(...args);
    expect([code, out]).toEqual([2, '']);
    expect(err).toContain(message);
  });
});
