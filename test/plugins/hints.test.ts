// When a waiting pod is worth another attempt, for plugins whose hint is a sentence or two. Upstream (v1.36): the
// isSchedulableAfter... functions in pkg/scheduler/framework/plugins/{nodeports,nodeunschedulable,tainttoleration,
// nodeaffinity,schedulinggates}.
import { expect, test } from 'vitest';
import type { Node, Pod, Taint, Toleration } from '../../src/cluster/objects.ts';
import { Action } from '../../src/scheduler/framework/cluster-event.ts';
import type { PluginFactory, QueuedPod } from '../../src/scheduler/framework/plugin-api.ts';
import { DynamicResources } from '../../src/scheduler/plugins/dynamic-resources.ts';
import { NodeAffinity } from '../../src/scheduler/plugins/node-affinity.ts';
import { NodePorts } from '../../src/scheduler/plugins/node-ports.ts';
import { NodeUnschedulable } from '../../src/scheduler/plugins/node-unschedulable.ts';
import { PrioritySort } from '../../src/scheduler/plugins/priority-sort.ts';
import { SchedulingGates } from '../../src/scheduler/plugins/scheduling-gates.ts';
import { TaintToleration } from '../../src/scheduler/plugins/taint-toleration.ts';
import { fixture, node, nodeView, pod, podView } from '../support/scheduler-fixture.ts';
import type { PluginStory, SchedulerFixture } from '../support/scheduler-fixture.ts';

const GPU_TAINT: Taint = { key: 'gpu', value: 'yes', effect: 'NoSchedule' };
const SOFT_TAINT: Taint = { key: 'slow', value: '', effect: 'PreferNoSchedule' };
const TOLERATES: Toleration[] = [{ key: 'gpu', operator: 'Exists' }];
const nodes: Node[] = [
  node('plain'),
  node('labelled', { disk: 'ssd' }),
  node('tainted', {}, { spec: { taints: [GPU_TAINT] } }),
  node('soft', {}, { spec: { taints: [SOFT_TAINT] } }),
  node('cordoned', {}, { spec: { unschedulable: true } }),
];

function storyOf(factory: PluginFactory): { readonly world: SchedulerFixture; readonly story: PluginStory } {
  const world = fixture({ nodes });
  return { world, story: world.plugin(factory) };
}

/** What the plugin says to a waiting pod: of each node that comes, and of each that turns from one into another. */
function nodeHints(factory: PluginFactory, waiting: Pod, action: number, turns: readonly string[]): Record<string, string> {
  const { world, story } = storyOf(factory);
  const row = world.addPod(waiting);
  return Object.fromEntries(
    turns.map((turn) => {
      const [before, after] = turn.includes(' to ') ? turn.split(' to ') : ['', turn];
      const subject = { node: nodeView(world, after), ...(before === '' ? {} : { nodeBefore: nodeView(world, before) }) };
      return [turn, story.hint(row, 'Node', before === '' ? Action.Add : action, subject)];
    }),
  );
}

test('NodeUnschedulable: a node that is not cordoned comes, or is cordoned no longer', () => {
  expect(nodeHints(NodeUnschedulable, pod('p'), Action.UpdateNodeTaint, ['plain', 'cordoned', 'cordoned to plain', 'plain to cordoned', 'plain to labelled'])).toEqual({
    'plain': 'Queue', 'cordoned': 'QueueSkip', 'cordoned to plain': 'Queue', 'plain to cordoned': 'QueueSkip', 'plain to labelled': 'QueueSkip',
  });
});

test('TaintToleration: a node that the pod tolerates comes, or becomes so; what is only preferred does not count', () => {
  const turns = ['plain', 'soft', 'tainted', 'tainted to plain', 'plain to tainted', 'plain to soft', 'tainted to soft'];
  expect(nodeHints(TaintToleration, pod('p'), Action.UpdateNodeTaint, turns)).toEqual({
    'plain': 'Queue', 'soft': 'Queue', 'tainted': 'QueueSkip', 'tainted to plain': 'Queue', 'plain to tainted': 'QueueSkip', 'plain to soft': 'QueueSkip', 'tainted to soft': 'Queue',
  });
  expect(nodeHints(TaintToleration, pod('p', {}, { tolerations: TOLERATES }), Action.UpdateNodeTaint, ['tainted', 'tainted to plain'])).toEqual({ 'tainted': 'Queue', 'tainted to plain': 'QueueSkip' });
});

test('NodeAffinity: a node that matches comes, or begins to match; the configuration counts, too', () => {
  const waiting = pod('p', {}, { nodeSelector: { disk: 'ssd' } });
  expect(nodeHints(NodeAffinity, waiting, Action.UpdateNodeLabel, ['plain', 'labelled', 'plain to labelled', 'labelled to plain', 'labelled to labelled', 'plain to tainted'])).toEqual({
    'plain': 'QueueSkip', 'labelled': 'Queue', 'plain to labelled': 'Queue', 'labelled to plain': 'QueueSkip', 'labelled to labelled': 'QueueSkip', 'plain to tainted': 'QueueSkip',
  });
  const added = { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'disk', operator: 'Exists' }] }] } };
  const world = fixture({ nodes });
  const story = world.plugin(NodeAffinity, { addedAffinity: added });
  const hint = (name: string): string => story.hint(pod('free'), 'Node', Action.Add, { node: nodeView(world, name) });
  expect([hint('plain'), hint('labelled')]).toEqual(['QueueSkip', 'Queue']);
});

test('a node that is not told is worth no attempt', () => {
  for (const factory of [NodeUnschedulable, TaintToleration, NodeAffinity]) {
    expect(storyOf(factory).story.hint(pod('p'), 'Node', Action.Add, {}), factory.name).toBe('QueueSkip');
  }
});

test("a pod's own new tolerations count, those of another pod do not", () => {
  const toleratesCordon = pod('p', {}, { tolerations: [{ key: 'node.kubernetes.io/unschedulable', operator: 'Exists' }] });
  const after = (factory: PluginFactory, waiting: Pod, own: boolean): string => {
    const { world, story } = storyOf(factory);
    const row = world.addPod(waiting);
    const incarnation = world.cluster.pods.incarnation[row];
    const told = podView(world, waiting, own ? { row, incarnation } : { row: row + 1, incarnation });
    const again = podView(world, waiting, { row, incarnation: incarnation + 1 });
    expect(story.hint(row, 'UnschedulablePod', Action.UpdatePodToleration, { pod: again }), 'its row, used again').toBe('QueueSkip');
    return story.hint(row, 'UnschedulablePod', Action.UpdatePodToleration, { pod: told });
  };
  expect([true, false].map((own) => after(TaintToleration, pod('p'), own))).toEqual(['Queue', 'QueueSkip']);
  expect([true, false].map((own) => after(NodeUnschedulable, toleratesCordon, own))).toEqual(['Queue', 'QueueSkip']);
  expect(after(NodeUnschedulable, pod('p'), true)).toBe('QueueSkip');
});

test('SchedulingGates: when the last gate of the pod itself is gone', () => {
  const { world, story } = storyOf(SchedulingGates);
  const row = world.addPod(pod('p', {}, { schedulingGates: [{ name: 'a' }, { name: 'b' }] }));
  const { info } = story.begin(row);
  expect(story.plugin.preEnqueue?.(info)).toMatchObject({ plugin: 'SchedulingGates' });
  const hint = (own: number): string => story.hint(row, 'UnschedulablePod', Action.UpdatePodSchedulingGatesEliminated, { pod: podView(world, pod('p'), { row: own, incarnation: world.cluster.pods.incarnation[row] }) });
  expect([hint(row), hint(row + 1)]).toEqual(['Queue', 'QueueSkip']);
  expect(story.plugin.preEnqueue?.(story.begin(pod('open')).info)).toBeNull();
});

test('NodePorts: a pod goes that had a node, or was to get one, and a port that this one wants', () => {
  const asking = (name: string, hostPort: number, more: Readonly<Record<string, unknown>> = {}): Pod =>
    pod(name, {}, { containers: [{ name: 'main', ports: [{ containerPort: 80, hostPort, ...more }] }] });
  const { world, story } = storyOf(NodePorts);
  const row = world.addPod(asking('p', 8080));
  const gone = (other: Pod, more: { nodeName?: string; nominatedNodeName?: string }): string =>
    story.hint(row, 'AssignedPod', Action.Delete, { pod: podView(world, other, more) });
  const placed = { nodeName: 'plain' };
  expect(gone(asking('a', 8080), placed)).toBe('Queue');
  expect(gone(asking('b', 8080), { nominatedNodeName: 'plain' })).toBe('Queue');
  expect(gone(asking('c', 8080), {})).toBe('QueueSkip');
  expect(gone(asking('d', 9090), placed)).toBe('QueueSkip');
  expect(gone(asking('e', 8080, { protocol: 'UDP' }), placed)).toBe('QueueSkip');
  expect(gone(pod('f'), placed)).toBe('QueueSkip');
  expect(story.hint(row, 'AssignedPod', Action.Delete, {})).toBe('QueueSkip');
  expect(story.hint(row, 'Node', Action.Add, { node: nodeView(world, 'plain') })).toBe('Queue');
  expect(story.hint(row, 'Node', Action.UpdateNodeLabel, { node: nodeView(world, 'plain') })).toBe('none');
});

test('DynamicResources: nodes, classes and slices may help, claims of others do not', () => {
  const { story } = storyOf(DynamicResources);
  const says = (resource: 'Node' | 'ResourceClaim' | 'DeviceClass' | 'ResourceSlice', action: number): string => story.hint(pod('p'), resource, action, {});
  expect([says('Node', Action.Add), says('DeviceClass', Action.Add), says('ResourceSlice', Action.Update)]).toEqual(['Queue', 'Queue', 'Queue']);
  expect([says('ResourceClaim', Action.Add), says('ResourceClaim', Action.Update)]).toEqual(['QueueSkip', 'QueueSkip']);
  expect(story.filter(pod('wants', {}, { resourceClaims: [{ name: 'gpu' }] }))).toMatch(/^Unschedulable/);
  expect(story.preFilter(pod('plain-pod'))).toBe('Skip');
});

test('PrioritySort: higher priority first, then who has waited longer; of equals neither', () => {
  const world = fixture({ nodes });
  const { plugin } = world.plugin(PrioritySort);
  const queued = (priority: number, timestamp: number): QueuedPod => ({ pod: world.plugin(PrioritySort).begin(pod(`p-${priority}-${timestamp}`, {}, { priority })).info, timestamp });
  const isFirst = (a: QueuedPod, b: QueuedPod): boolean | undefined => plugin.less?.(a, b);
  expect([isFirst(queued(2, 9), queued(1, 1)), isFirst(queued(1, 1), queued(2, 9))]).toEqual([true, false]);
  expect([isFirst(queued(1, 1), queued(1, 2)), isFirst(queued(1, 2), queued(1, 1)), isFirst(queued(1, 1), queued(1, 1))]).toEqual([true, false, false]);
});
