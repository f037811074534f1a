/** Stories of NodeResourcesFit; upstream: pkg/scheduler/framework/plugins/noderesources/fit.go and the files beside it (v1.36). */
import { describe, expect, test } from 'vitest';
import type { Node, Pod, PodSpec } from '../../src/cluster/objects.ts';
import { Action } from '../../src/scheduler/framework/cluster-event.ts';
import { NodeResourcesFit } from '../../src/scheduler/plugins/node-resources-fit.ts';
import { percentOf, shapeScore } from '../../src/scheduler/plugins/resource-scoring.ts';
import { fixture, node, nodeView, pod, podView } from '../support/scheduler-fixture.ts';

const of = (name: string, allocatable: Readonly<Record<string, string>>): Node => node(name, {}, { status: { allocatable: { pods: '10', ...allocatable } } });
const asking = (name: string, requests: Readonly<Record<string, string>>, spec: PodSpec = {}): Pod => pod(name, {}, { containers: [{ name: 'main', resources: { requests } }], ...spec });
const on = (nodeName: string, requests: Readonly<Record<string, string>>): Pod => asking(`on-${nodeName}-${Object.values(requests).join('-')}`, requests, { nodeName });

describe('what is left on the node (Filter)', () => {
  const world = fixture({
    nodes: [of('empty', { cpu: '4', memory: '8Gi' }), of('busy', { cpu: '4', memory: '8Gi' }), of('small', { cpu: '1', memory: '1Gi' })],
    pods: [on('busy', { cpu: '3', memory: '7Gi' })],
  });
  const story = world.plugin(NodeResourcesFit);

  test('every request must fit in allocatable less what the pods there take', () => {
    expect(story.filter(asking('p', { cpu: '1', memory: '1Gi' }))).toEqual({ empty: 'ok', busy: 'ok', small: 'ok' });
    expect(story.filter(asking('q', { cpu: '2' }))).toEqual({ empty: 'ok', busy: 'Unschedulable: Insufficient cpu', small: 'UnschedulableAndUnresolvable: Insufficient cpu' });
  });

  test('all that is short is told; one that could never fit makes preemption pointless', () => {
    expect(story.filter(asking('p', { cpu: '2', memory: '2Gi' }))).toEqual({ empty: 'ok', busy: 'Unschedulable: Insufficient cpu, Insufficient memory', small: 'UnschedulableAndUnresolvable: Insufficient cpu, Insufficient memory' });
    expect(story.filter(asking('q', { cpu: '2', memory: '9Gi' }))).toMatchObject({ empty: 'UnschedulableAndUnresolvable: Insufficient memory', busy: 'UnschedulableAndUnresolvable: Insufficient cpu, Insufficient memory' });
  });

  test('a pod that asks for nothing fits wherever there is a place for one more pod', () => {
    const crowded = fixture({ nodes: [of('one', { cpu: '4', pods: '1' }), node('none', {}, { status: { allocatable: { cpu: '4' } } })], pods: [on('one', { cpu: '4' })] });
    expect(crowded.plugin(NodeResourcesFit).filter(asking('p', {}))).toEqual({ one: 'Unschedulable: Too many pods', none: 'Unschedulable: Too many pods' });
    expect(crowded.plugin(NodeResourcesFit).filter(asking('q', { cpu: '1' }))).toEqual({ one: 'Unschedulable: Too many pods, Insufficient cpu', none: 'Unschedulable: Too many pods' });
  });

  test('sixty kinds of devices are told apart', () => {
    const device = (i: number): string => `vendor.example/d${i}`;
    const kinds = Array.from({ length: 60 }, (_, i) => i);
    const all = Object.fromEntries(kinds.map((i) => [device(i), '1']));
    const many = fixture({ nodes: [of('full', all), node('crowded', {}, { status: { allocatable: { ...all, pods: '0' } } })], pods: [] }).plugin(NodeResourcesFit);
    for (const [i, j] of [[0, 59], [3, 44], [45, 46], [47, 58], [58, 59], [44, 45]]) {
      const lacking = `Insufficient ${device(i)}, Insufficient ${device(j)}`;
      expect(many.filter(asking(`p${i}-${j}`, { ...all, [device(i)]: '2', [device(j)]: '3' }))).toEqual({
        full: `UnschedulableAndUnresolvable: ${lacking}`,
        crowded: `UnschedulableAndUnresolvable: Too many pods, ${lacking}`,
      });
    }
  });

  test('init containers, sidecars and overhead count', () => {
    const init = asking('init', { cpu: '500m' }, { initContainers: [{ name: 'i', resources: { requests: { cpu: '2' } } }] });
    expect(story.filter(init)).toMatchObject({ busy: 'Unschedulable: Insufficient cpu' });
    const sidecar = asking('side', { cpu: '600m' }, { initContainers: [{ name: 's', restartPolicy: 'Always', resources: { requests: { cpu: '600m' } } }] });
    expect(story.filter(sidecar)).toMatchObject({ busy: 'Unschedulable: Insufficient cpu' });
    expect(story.filter(asking('heavy', { cpu: '900m' }, { overhead: { cpu: '200m' } }))).toMatchObject({ busy: 'Unschedulable: Insufficient cpu' });
  });

  test('extended resources, hugepages and ephemeral storage are like the others', () => {
    const nodes = [of('gpu', { cpu: '4', 'example.com/gpu': '2', 'hugepages-2Mi': '4Mi', 'ephemeral-storage': '1Gi' })];
    const gpu = fixture({ nodes, pods: [on('gpu', { 'example.com/gpu': '1' })] }).plugin(NodeResourcesFit);
    expect(gpu.filter(asking('p', { 'example.com/gpu': '2' }))).toEqual({ gpu: 'Unschedulable: Insufficient example.com/gpu' });
    expect(gpu.filter(asking('q', { 'hugepages-2Mi': '6Mi', 'ephemeral-storage': '2Gi' }))).toEqual({ gpu: 'UnschedulableAndUnresolvable: Insufficient ephemeral-storage, Insufficient hugepages-2Mi' });
    expect(gpu.filter(asking('r', { 'made-up': '7' }))).toEqual({ gpu: 'ok' });
  });

  test('ignored extended resources, by name or by group, are not looked at; native ones are', () => {
    const gpu = fixture({ nodes: [of('bare', { cpu: '1' })] });
    const wish = asking('p', { cpu: '2', 'example.com/gpu': '1', 'example.com/nic': '1', 'other.org/fpga': '1' });
    expect(gpu.plugin(NodeResourcesFit, { ignoredResources: ['other.org/fpga', 'cpu'], ignoredResourceGroups: ['example.com'] }).filter(wish)).toEqual({ bare: 'UnschedulableAndUnresolvable: Insufficient cpu' });
    expect(gpu.plugin(NodeResourcesFit, { ignoredResources: ['example.com/gpu'] }).filter(asking('q', { 'example.com/gpu': '1', 'example.com/nic': '1' }))).toEqual({ bare: 'UnschedulableAndUnresolvable: Insufficient example.com/nic' });
  });
});

describe('scores', () => {
  /** (requested cpu milli, memory) of (capacity), half of it there already. */
  const score = (requested: readonly [number, number], capacity: readonly [number, number], strategy: Readonly<Record<string, unknown>>): unknown => {
    const nodes = [of('n', { cpu: `${capacity[0]}m`, memory: `${capacity[1]}` })];
    const there = on('n', { cpu: '1m', memory: '1' });
    const world = fixture({ nodes, pods: [there] });
    const resources = [{ name: 'cpu', weight: 1 }, { name: 'memory', weight: 1 }];
    const story = world.plugin(NodeResourcesFit, { scoringStrategy: { resources, ...strategy } });
    return (story.scores(asking('p', { cpu: `${requested[0] - 1}m`, memory: `${requested[1] - 1}` })) as Record<string, number>)['n'];
  };

  test('LeastAllocated: what is free, in whole per cent, averaged and floored', () => {
    expect(score([3000, 5000], [4000, 10_000], { type: 'LeastAllocated' })).toBe(37);
    expect(score([6000, 5000], [10_000, 20_000], { type: 'LeastAllocated' })).toBe(57);
    expect(score([6000, 10_000], [10_000, 20_000], { type: 'LeastAllocated' })).toBe(45);
    expect(score([5000, 5000], [4000, 10_000], { type: 'LeastAllocated' })).toBe(25);
  });

  test('MostAllocated: what is used', () => {
    expect(score([3000, 5000], [4000, 10_000], { type: 'MostAllocated' })).toBe(62);
    expect(score([5000, 5000], [4000, 10_000], { type: 'MostAllocated' })).toBe(75);
  });

  test('RequestedToCapacityRatio: a shape over utilisation, zeros left out, rounded', () => {
    const shape = (...points: readonly (readonly [number, number])[]) => ({ type: 'RequestedToCapacityRatio', requestedToCapacityRatio: { shape: points.map(([utilization, value]) => ({ utilization, score: value })) } });
    expect(score([3000, 5000], [4000, 10_000], shape([0, 10], [100, 0]))).toBe(38);
    expect(score([3000, 5000], [6000, 10_000], shape([0, 10], [100, 0]))).toBe(50);
    expect(score([4000, 5000], [4000, 10_000], shape([0, 10], [100, 0]))).toBe(50);
    expect(score([4000, 10_000], [4000, 10_000], shape([0, 10], [100, 0]))).toBe(0);
    expect(score([5000, 5000], [4000, 10_000], shape([0, 0], [100, 10]))).toBe(75);
  });

  test('containers without requests count as 100m and 200 MiB, an explicit zero stays zero', () => {
    const world = fixture({ nodes: [of('n', { cpu: '1', memory: '1000Mi' })] });
    const story = world.plugin(NodeResourcesFit);
    expect(story.scores(asking('bare', {}))).toEqual({ n: 85 });
    expect(story.scores(asking('zero', { cpu: '0', memory: '0' }))).toEqual({ n: 100 });
    expect(story.scores(pod('two', {}, { containers: [{ name: 'a' }, { name: 'b' }] }))).toEqual({ n: 70 });
  });

  test('pod-level resources are not seen by the score, but by the filter', () => {
    const world = fixture({ nodes: [of('n', { cpu: '1', memory: '1000Mi' })] });
    const story = world.plugin(NodeResourcesFit);
    const level = pod('level', {}, { containers: [{ name: 'a' }], resources: { requests: { cpu: '2', memory: '100Mi' } } });
    expect(story.scores(level)).toEqual({ n: 85 });
    expect(story.filter(level)).toEqual({ n: 'UnschedulableAndUnresolvable: Insufficient cpu' });
  });

  test('weights count, and resources that the node lacks or the pod does not want drop out', () => {
    const strategy = { type: 'MostAllocated', resources: [{ name: 'cpu', weight: 1 }, { name: 'example.com/gpu', weight: 3 }, { name: 'made-up', weight: 9 }] };
    const world = fixture({ nodes: [of('gpu', { cpu: '4', 'example.com/gpu': '4' }), of('bare', { cpu: '4' }), of('void', {})], pods: [on('gpu', { 'example.com/gpu': '1' })] });
    const story = world.plugin(NodeResourcesFit, { scoringStrategy: strategy });
    expect(story.scores(asking('p', { cpu: '2', 'example.com/gpu': '1' }))).toEqual({ gpu: 50, bare: 50, void: 0 });
    expect(story.scores(asking('q', { cpu: '2' }))).toEqual({ gpu: 52, bare: 50, void: 0 });
    expect(story.scores(asking('r', { cpu: '1', 'example.com/gpu': '3' }))).toEqual({ gpu: 81, bare: 25, void: 0 });
  });
});

test('shapes are linear between their points and truncate toward zero', () => {
  const shape = [{ utilization: 10, score: 10 }, { utilization: 40, score: 5 }, { utilization: 90, score: 8 }];
  expect([0, 10, 11, 40, 41, 90, 100].map((percent) => shapeScore(shape, percent))).toEqual([100, 100, 99, 50, 50, 80, 80]);
});

test('percentages of amounts beyond exact products are still floored exactly', () => {
  expect(percentOf(99_999_999_999_999_999, 100_000_000_000_000_000)).toBe(Number((BigInt(99_999_999_999_999_999) * 100n) / 100_000_000_000_000_000n));
  expect(percentOf(90 * 2 ** 40, 100 * 2 ** 40)).toBe(90);
});

describe('queueing hints', () => {
  const world = fixture({ nodes: [of('old', { cpu: '1', memory: '1Gi' }), of('new', { cpu: '2', memory: '1Gi' }), of('roomy', { cpu: '1', memory: '4Gi' }), of('wide', { cpu: '2', memory: '1Gi', pods: '20' })] });
  const story = world.plugin(NodeResourcesFit);
  const waiting = asking('w', { cpu: '2' });
  const self = world.addPod(waiting);

  test('a deleted pod helps when it had a node or a nomination', () => {
    const gone = (more: { nodeName?: string; nominatedNodeName?: string }) => story.hint(self, 'AssignedPod', Action.Delete, { pod: podView(world, asking('g', { cpu: '1' }), more) });
    expect(gone({ nodeName: 'old' })).toBe('Queue');
    expect(gone({ nominatedNodeName: 'old' })).toBe('Queue');
    expect(gone({})).toBe('QueueSkip');
  });

  test('a node helps when the pod fits it empty and it is new or offers more of what the pod wants', () => {
    const added = (name: string) => story.hint(self, 'Node', Action.Add, { node: nodeView(world, name) });
    expect([added('new'), added('old')]).toEqual(['Queue', 'QueueSkip']);
    const updated = (from: string, to: string) => story.hint(self, 'Node', Action.UpdateNodeAllocatable, { node: nodeView(world, to), nodeBefore: nodeView(world, from) });
    expect(updated('old', 'new')).toBe('Queue');
    expect(updated('new', 'new')).toBe('QueueSkip');
    expect(updated('old', 'roomy')).toBe('QueueSkip');
    expect(updated('new', 'wide')).toBe('Queue');
    const none = fixture({ nodes: [node('none', {}, { status: { allocatable: { cpu: '4' } } })] });
    expect(none.plugin(NodeResourcesFit).hint(asking('x', { cpu: '1' }), 'Node', Action.Add, { node: nodeView(none, 'none') })).toBe('QueueSkip');
  });

  test('a smaller pod helps when it is the pod itself, or takes less of what the pod wants on a node', () => {
    const shrunk = (before: Pod, after: Pod, more: { row?: number; incarnation?: number } = {}) => story.hint(self, 'AssignedPod', Action.UpdatePodScaleDown, { pod: podView(world, after, more), podBefore: podView(world, before) });
    const own = { row: self, incarnation: world.cluster.pods.incarnation[self] };
    expect(shrunk(waiting, asking('w', { cpu: '1' }), own)).toBe('Queue');
    expect(shrunk(asking('o', { cpu: '2' }, { nodeName: 'old' }), asking('o', { cpu: '1' }, { nodeName: 'old' }))).toBe('Queue');
    expect(shrunk(asking('o', { memory: '2Gi' }, { nodeName: 'old' }), asking('o', { memory: '1Gi' }, { nodeName: 'old' }))).toBe('QueueSkip');
    expect(shrunk(asking('o', { cpu: '2' }), asking('o', { cpu: '1' }))).toBe('QueueSkip');
    expect(story.hint(self, 'AssignedPod', Action.UpdatePodScaleDown, {})).toBe('Queue');
  });

  test('device classes do not matter as long as claims are not simulated', () => {
    expect(story.hint(self, 'DeviceClass', Action.Add, {})).toBe('QueueSkip');
  });
});
