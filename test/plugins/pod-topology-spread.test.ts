/** Stories of PodTopologySpread; the upstream rules are in pkg/scheduler/framework/plugins/podtopologyspread (v1.36). */
import { describe, expect, test } from 'vitest';
import type { Node, Pod, PodSpec, TopologySpreadConstraint } from '../../src/cluster/objects.ts';
import { Action } from '../../src/scheduler/framework/cluster-event.ts';
import { DomainCounts } from '../../src/scheduler/plugins/pod-topology-spread-counts.ts';
import { PodTopologySpread } from '../../src/scheduler/plugins/pod-topology-spread.ts';
import { fixture, node, nodeView, pod, podView, podsOn } from '../support/scheduler-fixture.ts';

const ZONE = 'topology.kubernetes.io/zone';
const HOST = 'kubernetes.io/hostname';
const SKEWED = "Unschedulable: node(s) didn't match pod topology spread constraints";
const NO_LABEL = "UnschedulableAndUnresolvable: node(s) didn't match pod topology spread constraints (missing required label)";
const WEB = { app: 'web' };

function inZone(name: string, zone: string, more: Omit<Node, 'metadata'> = {}): Node {
  return node(name, { [HOST]: name, [ZONE]: zone }, more);
}

function spread(more: Partial<TopologySpreadConstraint> = {}): TopologySpreadConstraint {
  return { maxSkew: 1, topologyKey: ZONE, whenUnsatisfiable: 'DoNotSchedule', labelSelector: { matchLabels: WEB }, ...more };
}

function spreadPod(constraint: Partial<TopologySpreadConstraint> = {}, spec: PodSpec = {}, labels: Record<string, string> = WEB): Pod {
  return pod('new', labels, { topologySpreadConstraints: [spread(constraint)], ...spec });
}

describe('hard constraints (filtering.go)', () => {
  const nodes = [inZone('a1', 'a'), inZone('a2', 'a'), inZone('b1', 'b')];

  test('without any, PreFilter skips the plugin', () => {
    const story = fixture({ nodes }).plugin(PodTopologySpread);
    expect(story.preFilter(pod('new', WEB))).toBe('Skip');
    expect(story.preFilter(spreadPod({ whenUnsatisfiable: 'ScheduleAnyway' }))).toBe('Skip');
  });

  test('a domain with maxSkew more matching pods than the emptiest is full', () => {
    const story = fixture({ nodes, pods: podsOn('a1', 1, WEB) }).plugin(PodTopologySpread);
    expect(story.filter(spreadPod())).toEqual({ a1: SKEWED, a2: SKEWED, b1: 'ok' });
    expect(story.filter(spreadPod({ maxSkew: 2 }))).toEqual({ a1: 'ok', a2: 'ok', b1: 'ok' });
  });

  test('a pod that its own selector does not match adds nothing to the skew', () => {
    const story = fixture({ nodes, pods: podsOn('a1', 1, WEB) }).plugin(PodTopologySpread);
    expect(story.filter(spreadPod({}, {}, { app: 'other' }))).toEqual({ a1: 'ok', a2: 'ok', b1: 'ok' });
  });

  test('a node without the key is out for good, and counts nowhere', () => {
    const story = fixture({ nodes: [...nodes, node('bare', { [HOST]: 'bare' })], pods: podsOn('bare', 5, WEB) }).plugin(PodTopologySpread);
    expect(story.filter(spreadPod())).toEqual({ a1: 'ok', a2: 'ok', b1: 'ok', bare: NO_LABEL });
  });

  test('pods of other namespaces and terminating pods do not count', () => {
    const world = fixture({ nodes, pods: [...podsOn('a1', 1, WEB), pod('team/far', WEB, { nodeName: 'a1' })] });
    world.terminate('a1-web-0');
    expect(world.plugin(PodTopologySpread).filter(spreadPod())).toEqual({ a1: 'ok', a2: 'ok', b1: 'ok' });
  });

  test('fewer domains than minDomains: the minimum is taken as zero', () => {
    const story = fixture({ nodes, pods: [...podsOn('a1', 1, WEB), ...podsOn('b1', 1, WEB)] }).plugin(PodTopologySpread);
    expect(story.filter(spreadPod())).toEqual({ a1: 'ok', a2: 'ok', b1: 'ok' });
    expect(story.filter(spreadPod({ minDomains: 3 }))).toEqual({ a1: SKEWED, a2: SKEWED, b1: SKEWED });
  });

  test('the empty selector counts no pod, yet matches the pod itself; no selector matches nothing', () => {
    const story = fixture({ nodes, pods: podsOn('a1', 3, WEB) }).plugin(PodTopologySpread);
    expect(story.filter(spreadPod({ labelSelector: {} }))).toEqual({ a1: 'ok', a2: 'ok', b1: 'ok' });
    const { labelSelector: _none, ...withoutSelector } = spread();
    expect(story.filter(pod('new', WEB, { topologySpreadConstraints: [withoutSelector] }))).toEqual({ a1: 'ok', a2: 'ok', b1: 'ok' });
  });

  test('matchLabelKeys narrow the selector to the pod\'s own values', () => {
    const v1 = { app: 'web', version: '1' };
    const story = fixture({ nodes, pods: podsOn('a1', 2, v1) }).plugin(PodTopologySpread);
    expect(story.filter(spreadPod({ matchLabelKeys: ['version'] }, {}, { app: 'web', version: '2' }))).toEqual({ a1: 'ok', a2: 'ok', b1: 'ok' });
    expect(story.filter(spreadPod({ matchLabelKeys: ['version'] }, {}, v1))).toEqual({ a1: SKEWED, a2: SKEWED, b1: 'ok' });
    expect(story.filter(spreadPod({ matchLabelKeys: ['absent'] }, {}, v1))).toEqual({ a1: SKEWED, a2: SKEWED, b1: 'ok' });
  });

  test('a selector that cannot be read is an internal error', () => {
    const story = fixture({ nodes }).plugin(PodTopologySpread);
    expect(story.preFilter(spreadPod({ labelSelector: { matchExpressions: [{ key: 'app', operator: 'In', values: [] }] } }))).toMatch(/^Error: /);
  });
});

describe('node inclusion policies (common.go)', () => {
  const tainted = inZone('c1', 'c', { spec: { taints: [{ key: 'gpu', effect: 'NoSchedule' }] } });
  const nodes = [inZone('a1', 'a'), inZone('b1', 'b'), tainted];
  const pods = [...podsOn('a1', 1, WEB), ...podsOn('b1', 1, WEB)];

  test('taints are ignored unless the policy is Honor: an empty tainted zone keeps the minimum at zero', () => {
    const story = fixture({ nodes, pods }).plugin(PodTopologySpread);
    expect(story.filter(spreadPod())).toEqual({ a1: SKEWED, b1: SKEWED, c1: 'ok' });
    expect(story.filter(spreadPod({ nodeTaintsPolicy: 'Honor' }))).toMatchObject({ a1: 'ok', b1: 'ok' });
    expect(story.filter(spreadPod({ nodeTaintsPolicy: 'Honor' }, { tolerations: [{ key: 'gpu', operator: 'Exists' }] }))).toMatchObject({ a1: SKEWED, b1: SKEWED });
  });

  test('nodes outside the pod\'s node affinity do not count, unless the policy is Ignore', () => {
    const story = fixture({ nodes: [inZone('a1', 'a'), inZone('b1', 'b')], pods: podsOn('a1', 1, WEB) }).plugin(PodTopologySpread);
    const nodeSelector = { [ZONE]: 'a' };
    expect(story.filter(spreadPod({}, { nodeSelector }))).toMatchObject({ a1: 'ok' });
    expect(story.filter(spreadPod({ nodeAffinityPolicy: 'Ignore' }, { nodeSelector }))).toMatchObject({ a1: SKEWED });
  });
});

describe('what-ifs (updateWithPod)', () => {
  const nodes = [inZone('a1', 'a'), inZone('b1', 'b')];

  test('a removed pod frees its domain; the cycle\'s own state does not change', () => {
    const world = fixture({ nodes, pods: podsOn('a1', 1, WEB) });
    const story = world.plugin(PodTopologySpread);
    expect(story.filterWhatIf(spreadPod(), 'a1', { without: ['a1-web-0'] })).toBe('ok');
    const { state, info } = story.begin(spreadPod());
    const copy = state.clone();
    story.plugin.preFilterExtensions?.removePod(copy, info, world.row('a1-web-0'), world.nodeInfo('a1'));
    expect(story.verdicts(copy, info)).toMatchObject({ a1: 'ok' });
    expect(story.verdicts(state, info)).toMatchObject({ a1: SKEWED });
  });

  test('an added pod fills its domain, and pods of other namespaces still do not matter', () => {
    const world = fixture({ nodes });
    world.addPod(pod('nominated', WEB));
    world.addPod(pod('team/other', WEB));
    const story = world.plugin(PodTopologySpread);
    expect(story.filterWhatIf(spreadPod(), 'a1', { with: ['nominated'] })).toBe(SKEWED);
    expect(story.filterWhatIf(spreadPod(), 'a1', { with: ['other'] })).toBe('ok');
  });

  test('the minimum over domains stays right through changes of one domain', () => {
    const base = new Map([['a', 1], ['b', 3], ['c', 2]]);
    for (const changed of base.keys()) {
      const counts = new DomainCounts(base).copy();
      const twin = new Map(base);
      for (const change of [1, 1, 1, -1, -1, -1, -1, 1, 1] as const) {
        counts.add(changed, change);
        twin.set(changed, (twin.get(changed) ?? 0) + change);
        expect(counts.minimum(1)).toBe(Math.min(...twin.values()));
        expect(counts.copy().minimum(1)).toBe(counts.minimum(1));
      }
    }
  });
});

describe('soft constraints (scoring.go)', () => {
  /** Nodes n1, n2, ... with as many matching pods as given. */
  function hosts(counts: readonly number[]) {
    return fixture({
      nodes: counts.map((_, i) => node(`n${i + 1}`, { [HOST]: `n${i + 1}` })),
      pods: counts.flatMap((count, i) => podsOn(`n${i + 1}`, count, WEB)),
    });
  }
  const soft = (maxSkew: number): Pod => spreadPod({ whenUnsatisfiable: 'ScheduleAnyway', topologyKey: HOST, maxSkew });
  const normalised = (counts: readonly number[], maxSkew: number): number[] => Object.values(hosts(counts).plugin(PodTopologySpread).scores(soft(maxSkew)) as Record<string, number>);

  test('fewer matching pods, higher score; a greater maxSkew evens the differences out', () => {
    expect(normalised([2, 1, 0, 3], 1)).toEqual([20, 60, 100, 0]);
    expect(normalised([2, 1, 0, 3], 2)).toEqual([33, 66, 100, 16]);
    expect(normalised([4, 3, 2, 1], 3)).toEqual([44, 66, 77, 100]);
    expect(normalised([4, 2, 1], 1)).toEqual([33, 83, 100]);
    expect(normalised([0, 0], 1)).toEqual([100, 100]);
  });

  test('without any, PreScore skips the plugin', () => {
    expect(hosts([1]).plugin(PodTopologySpread).scores(pod('new', WEB))).toBe('Skip');
  });

  test('a feasible node without all the keys gets 0, and its pods count nowhere', () => {
    const story = fixture({ nodes: [inZone('a1', 'a'), inZone('b1', 'b'), node('bare', { [HOST]: 'bare' })], pods: podsOn('a1', 1, WEB) }).plugin(PodTopologySpread);
    expect(story.scores(spreadPod({ whenUnsatisfiable: 'ScheduleAnyway' }))).toEqual({ a1: 0, b1: 100, bare: 0 });
  });

  test('pods on infeasible nodes count in the domains of feasible ones', () => {
    const world = fixture({ nodes: [inZone('a1', 'a'), inZone('a2', 'a'), inZone('b1', 'b')], pods: podsOn('a2', 2, WEB) });
    expect(world.plugin(PodTopologySpread).raw(spreadPod({ whenUnsatisfiable: 'ScheduleAnyway' }), ['a1', 'b1'])).toEqual({ a1: 3, b1: 0 });
  });
});

describe('default constraints (plugins/helper/spread.go)', () => {
  const nodes = ['a1', 'a2', 'b1', 'b2', 'c1', 'c2'].map((name) => inZone(name, name[0]));
  const pods = [...podsOn('a1', 2, WEB), ...podsOn('a2', 1, WEB), ...podsOn('b1', 1, WEB)];
  const service = { kind: 'Service', metadata: { namespace: 'default', name: 'web' }, spec: { selector: WEB } };
  const replicaSet = { kind: 'ReplicaSet', metadata: { namespace: 'default', name: 'web-1' }, spec: { selector: { matchLabels: WEB } } };
  const owned = (kind: string, name: string): Pod => {
    const plain = pod('new', WEB);
    return { ...plain, metadata: { ...plain.metadata, ownerReferences: [{ apiVersion: 'apps/v1', kind, name, uid: name, controller: true }] } };
  };

  test('the system\'s own: hostname within 3, zone within 5, both soft; missing labels are no obstacle', () => {
    const world = fixture({ nodes, pods, objects: [service] });
    const story = world.plugin(PodTopologySpread);
    expect(story.preFilter(pod('new', WEB))).toBe('Skip');
    expect(story.raw(pod('new', WEB))).toEqual({ a1: 15, b1: 10, c1: 6, a2: 13, b2: 8, c2: 6 });
    expect(story.scores(pod('new', WEB))).toEqual({ a1: 40, b1: 73, c1: 100, a2: 53, b2: 86, c2: 100 });
    const bare = fixture({ nodes: [inZone('a1', 'a'), node('bare')], pods: podsOn('a1', 1, WEB), objects: [service] });
    expect(bare.plugin(PodTopologySpread).raw(pod('new', WEB))).toEqual({ a1: 9, bare: 0 });
  });

  test('they need a Service or a controller that selects the pod', () => {
    expect(fixture({ nodes, pods }).plugin(PodTopologySpread).scores(pod('new', WEB))).toBe('Skip');
    const elsewhere = { ...service, metadata: { namespace: 'team', name: 'web' } };
    expect(fixture({ nodes, pods, objects: [elsewhere] }).plugin(PodTopologySpread).scores(pod('new', WEB))).toBe('Skip');
    expect(fixture({ nodes, pods, objects: [service] }).plugin(PodTopologySpread).scores(pod('new', { app: 'db' }))).toBe('Skip');
    expect(fixture({ nodes, pods, objects: [replicaSet] }).plugin(PodTopologySpread).raw(owned('ReplicaSet', 'web-1'))).toMatchObject({ a1: 15, c1: 6 });
    expect(fixture({ nodes, pods, objects: [replicaSet] }).plugin(PodTopologySpread).scores(owned('ReplicaSet', 'gone'))).toBe('Skip');
  });

  test('Service and controller selectors must both match; a ReplicationController has a plain map', () => {
    const stable = { ...replicaSet, spec: { selector: { matchLabels: { track: 'stable' } } } };
    const both = fixture({ nodes, pods, objects: [service, stable] }).plugin(PodTopologySpread);
    expect(both.raw(owned('ReplicaSet', 'web-1'))).toMatchObject({ a1: 6, b1: 6, c1: 6 });
    const controller = { kind: 'ReplicationController', metadata: { namespace: 'default', name: 'rc' }, spec: { selector: WEB } };
    expect(fixture({ nodes, pods, objects: [controller] }).plugin(PodTopologySpread).raw(owned('ReplicationController', 'rc'))).toMatchObject({ a1: 15 });
  });

  test('a Service that comes or goes counts at once', () => {
    const world = fixture({ nodes, pods });
    const story = world.plugin(PodTopologySpread);
    expect(story.scores(pod('new', WEB))).toBe('Skip');
    world.put(service);
    expect(story.scores(pod('new', WEB))).toMatchObject({ a1: 40 });
    world.cluster.removeObject('Service', 'default/web');
    expect(story.scores(pod('new', WEB))).toBe('Skip');
  });

  test('defaults from a list may be hard; a pod\'s own constraints replace all of them', () => {
    const defaultConstraints = [{ maxSkew: 1, topologyKey: ZONE, whenUnsatisfiable: 'DoNotSchedule' }];
    const world = fixture({ nodes: [inZone('a1', 'a'), inZone('b1', 'b'), node('bare')], pods: podsOn('a1', 1, WEB), objects: [service] });
    const story = world.plugin(PodTopologySpread, { defaultingType: 'List', defaultConstraints });
    expect(story.filter(pod('new', WEB))).toEqual({ a1: SKEWED, b1: 'ok', bare: NO_LABEL });
    expect(story.preFilter(spreadPod({ whenUnsatisfiable: 'ScheduleAnyway' }))).toBe('Skip');
  });
});

describe('queueing hints (plugin.go)', () => {
  const world = fixture({ nodes: [inZone('a1', 'a'), inZone('a2', 'a'), inZone('b1', 'b'), node('bare')] });
  const story = world.plugin(PodTopologySpread);
  const waiting = spreadPod({ nodeTaintsPolicy: 'Honor' });
  const ofPod = (object: Pod) => ({ pod: podView(world, object) });

  test('a pod that a constraint counts came or went', () => {
    const counted = pod('x', WEB, { nodeName: 'a1' });
    for (const action of [Action.Add, Action.Delete]) {
      expect(story.hint(waiting, 'AssignedPod', action, ofPod(counted))).toBe('Queue');
      expect(story.hint(waiting, 'AssignedPod', action, ofPod(pod('x', { app: 'db' }, { nodeName: 'a1' })))).toBe('QueueSkip');
      expect(story.hint(waiting, 'AssignedPod', action, ofPod(pod('team/x', WEB, { nodeName: 'a1' })))).toBe('QueueSkip');
      expect(story.hint(waiting, 'AssignedPod', action, ofPod(pod('x', WEB)))).toBe('QueueSkip');
    }
  });

  test('a label change counts when it flips a match', () => {
    const change = (from: Record<string, string>, to: Record<string, string>) =>
      story.hint(waiting, 'AssignedPod', Action.UpdatePodLabel, { ...ofPod(pod('x', to, { nodeName: 'a1' })), podBefore: podView(world, pod('x', from, { nodeName: 'a1' })) });
    expect(change(WEB, { app: 'db' })).toBe('Queue');
    expect(change({ app: 'db' }, WEB)).toBe('Queue');
    expect(change(WEB, { app: 'web', version: '2' })).toBe('QueueSkip');
  });

  test('own tolerations count with nodeTaintsPolicy Honor', () => {
    const row = world.addPod(waiting);
    const now = podView(world, spreadPod({ nodeTaintsPolicy: 'Honor' }, { tolerations: [{ operator: 'Exists' }] }), { row, incarnation: world.cluster.pods.incarnation[row] });
    const before = podView(world, waiting, { row, incarnation: now.incarnation });
    expect(story.hint(row, 'UnschedulablePod', Action.UpdatePodToleration, { pod: now, podBefore: before })).toBe('Queue');
    const indifferent = world.addPod(spreadPod());
    const own = { row: indifferent, incarnation: world.cluster.pods.incarnation[indifferent] };
    expect(story.hint(indifferent, 'UnschedulablePod', Action.UpdatePodToleration, { pod: { ...now, ...own }, podBefore: { ...before, ...own } })).toBe('QueueSkip');
  });

  test('nodes count when they have, get, lose or change the keys', () => {
    const [a1, a2, b1, bare] = ['a1', 'a2', 'b1', 'bare'].map((name) => nodeView(world, name));
    for (const action of [Action.Add, Action.Delete]) {
      expect(story.hint(waiting, 'Node', action, { node: a1 })).toBe('Queue');
      expect(story.hint(waiting, 'Node', action, { node: bare })).toBe('QueueSkip');
    }
    const labels = (from: typeof a1, to: typeof a1) => story.hint(waiting, 'Node', Action.UpdateNodeLabel, { node: to, nodeBefore: from });
    expect(labels(bare, a1)).toBe('Queue');
    expect(labels(a1, bare)).toBe('Queue');
    expect(labels(a1, b1)).toBe('Queue');
    expect(labels(a1, a2)).toBe('QueueSkip');
    const taintedView = { ...a1, facts: { ...a1.facts, taints: [{ key: 'gpu', effect: 'NoSchedule' }] } };
    expect(story.hint(waiting, 'Node', Action.UpdateNodeTaint, { node: taintedView, nodeBefore: a1 })).toBe('Queue');
  });
});
