/** Stories of NodeResourcesBalancedAllocation; upstream: plugins/noderesources/balanced_allocation.go (v1.36). */
import { expect, test } from 'vitest';
import type { Pod } from '../../src/cluster/objects.ts';
import { NodeResourcesBalancedAllocation } from '../../src/scheduler/plugins/node-resources-balanced-allocation.ts';
import { fixture, node, pod } from '../support/scheduler-fixture.ts';

type Amounts = readonly [cpuMilli: number, memory: number];

const asking = (name: string, [cpu, memory]: Amounts, more: Readonly<Record<string, string>> = {}, nodeName?: string): Pod =>
  pod(name, {}, { containers: [{ name: 'main', resources: { requests: { ...(cpu > 0 && { cpu: `${cpu}m` }), ...(memory > 0 && { memory: `${memory}` }), ...more } } }], ...(nodeName !== undefined && { nodeName }) });

/** The score of a node of `capacity` that goes from `before` to `after`. */
function score(before: Amounts, after: Amounts, capacity: Amounts): unknown {
  const nodes = [node('n', {}, { status: { allocatable: { cpu: `${capacity[0]}m`, memory: `${capacity[1]}`, pods: '10' } } })];
  const story = fixture({ nodes, pods: [asking('there', before, {}, 'n')] }).plugin(NodeResourcesBalancedAllocation);
  const result = story.scores(asking('p', [after[0] - before[0], after[1] - before[1]]));
  return typeof result === 'string' ? result : result['n'];
}

test('a pod that evens out the use of cpu and memory raises the score, one that does not lowers it', () => {
  expect(score([0, 0], [3000, 5000], [4000, 10_000])).toBe(68);
  expect(score([0, 0], [3000, 5000], [6000, 10_000])).toBe(75);
  expect(score([3000, 0], [6000, 5000], [10_000, 20_000])).toBe(73);
  expect(score([3000, 5000], [6000, 10_000], [10_000, 20_000])).toBe(74);
  expect(score([3000, 5000], [6000, 10_000], [10_000, 50_000])).toBe(70);
  expect(score([3000, 0], [3000, 5000], [3000, 5000])).toBe(100);
  expect(score([0, 0], [0, 5000], [3000, 5000])).toBe(50);
  expect(score([3000, 0], [6000, 0], [6000, 10_000])).toBe(62);
  expect(score([3000, 5000], [6000, 5000], [6000, 10_000])).toBe(62);
});

test('use beyond what the node has counts as full', () => {
  expect(score([0, 0], [8000, 20_000], [4000, 10_000])).toBe(75);
});

test('a pod that asks for none of the resources is skipped', () => {
  expect(score([0, 0], [0, 0], [4000, 10_000])).toBe('Skip');
});

test('with three resources the spread is the population\'s standard deviation', () => {
  const resources = [{ name: 'cpu', weight: 1 }, { name: 'memory', weight: 1 }, { name: 'example.com/gpu', weight: 1 }];
  const nodes = [node('n', {}, { status: { allocatable: { cpu: '3500m', memory: '40000', 'example.com/gpu': '8', pods: '10' } } })];
  const gpus = (there: string, wanted: string) => {
    const story = fixture({ nodes, pods: [asking('there', [3000, 5000], { 'example.com/gpu': there }, 'n')] }).plugin(NodeResourcesBalancedAllocation, { resources });
    return story.scores(asking('p', [0, 0], { 'example.com/gpu': wanted }));
  };
  expect(gpus('3', '1')).toEqual({ n: 75 });
  expect(gpus('0', '1')).toEqual({ n: 76 });
});

test('resources that the node lacks, and scalar ones that the pod does not want, drop out; unknown names do not count', () => {
  const resources = [{ name: 'cpu', weight: 1 }, { name: 'example.com/gpu', weight: 1 }, { name: 'made-up', weight: 1 }];
  const nodes = [node('bare', {}, { status: { allocatable: { cpu: '4', pods: '10' } } }), node('gpu', {}, { status: { allocatable: { cpu: '4', 'example.com/gpu': '4', pods: '10' } } })];
  const story = fixture({ nodes, pods: [asking('there', [0, 0], { 'example.com/gpu': '4' }, 'gpu')] }).plugin(NodeResourcesBalancedAllocation, { resources });
  expect(story.scores(asking('p', [1000, 0]))).toEqual({ bare: 75, gpu: 75 });
  expect(story.scores(asking('q', [1000, 0], { 'example.com/gpu': '1' }))).toEqual({ bare: 75, gpu: 81 });
});
