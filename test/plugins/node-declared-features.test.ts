/** Stories of NodeDeclaredFeatures; upstream: pkg/scheduler/framework/plugins/nodedeclaredfeatures (v1.36). */
import { expect, test } from 'vitest';
import type { Node } from '../../src/cluster/objects.ts';
import { Action } from '../../src/scheduler/framework/cluster-event.ts';
import { NodeDeclaredFeatures } from '../../src/scheduler/plugins/node-declared-features.ts';
import { fixture, node, nodeView, pod, podView } from '../support/scheduler-fixture.ts';

const MISSING = "UnschedulableAndUnresolvable: node(s) didn't match Pod's required features";
const declaring = (name: string, ...declaredFeatures: string[]): Node => node(name, {}, { status: { declaredFeatures } });
const world = fixture({ nodes: [declaring('both', 'UserNamespacesHostNetworkSupport', 'RestartAllContainersOnContainerExits'), declaring('one', 'UserNamespacesHostNetworkSupport'), node('none')] });
const story = world.plugin(NodeDeclaredFeatures);
const hostNetwork = pod('new', {}, { hostNetwork: true, hostUsers: false });
const restarting = pod('new', {}, { initContainers: [{ name: 'init', restartPolicyRules: [{ action: 'RestartAllContainers' }] }] });

test('a pod that needs nothing skips the plugin', () => {
  expect(story.preFilter(pod('new'))).toBe('Skip');
  expect(story.preFilter(pod('new', {}, { hostNetwork: true }))).toBe('Skip');
});

test('nodes must declare what the pod needs', () => {
  expect(story.filter(hostNetwork)).toEqual({ both: 'ok', one: 'ok', none: MISSING });
  expect(story.filter(restarting)).toEqual({ both: 'ok', one: MISSING, none: MISSING });
});

test('queueing hints: new nodes, changed features, own changed needs', () => {
  const [both, one] = ['both', 'one'].map((name) => nodeView(world, name));
  expect(story.hint(restarting, 'Node', Action.Add, { node: one })).toBe('Queue');
  expect(story.hint(restarting, 'Node', Action.UpdateNodeDeclaredFeature, { node: both, nodeBefore: one })).toBe('Queue');
  expect(story.hint(restarting, 'Node', Action.UpdateNodeDeclaredFeature, { node: one, nodeBefore: one })).toBe('QueueSkip');
  const row = world.addPod(hostNetwork);
  const own = { row, incarnation: world.cluster.pods.incarnation[row] };
  const now = podView(world, pod('new'), own);
  expect(story.hint(row, 'UnschedulablePod', Action.UpdatePodLabel, { pod: now, podBefore: podView(world, hostNetwork, own) })).toBe('Queue');
  expect(story.hint(row, 'UnschedulablePod', Action.UpdatePodLabel, { pod: now, podBefore: now })).toBe('QueueSkip');
});
