// What fits a cluster that stands still: nodes, victims and words on small clusters whose answers can be told by hand.
import { describe, expect, test } from 'vitest';
import type { KubernetesObject, Node, Pod } from '../../src/cluster/objects.ts';
import { askRoom } from '../../src/experiment/room-left.ts';
import { askWhatIf } from '../../src/experiment/what-if.ts';
import { decodeSchedulerConfiguration } from '../../src/scheduler/config/scheduler-configuration.ts';
import { pluginRegistry } from '../../src/scheduler/plugins/registry.ts';
import { askedBy } from '../../src/simulation/asked-pods.ts';
import { momentOfObjects } from '../../src/simulation/cluster-moment.ts';
import type { Scenario } from '../../src/simulation/scenario.ts';
import { readScenario } from '../../src/simulation/scenario-reader.ts';
import { StillCluster } from '../../src/simulation/still-cluster.ts';
import { createInputFiles } from '../../src/io/input-files.ts';

const READY = [{ type: 'Ready', status: 'True' }];

function node(name: string, cpu: string, labels: Readonly<Record<string, string>> = {}): Node {
  const amounts = { cpu, memory: '8Gi', pods: '10' };
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, labels },
    status: { allocatable: amounts, capacity: amounts, conditions: READY },
  };
}

function pod(name: string, cpu: string, more: object = {}): Pod {
  const containers = [{ name: 'main', resources: { requests: { cpu } } }];
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name, labels: { app: name } }, spec: { containers, ...more } };
}

function running(name: string, cpu: string, nodeName: string, more: object = {}): Pod {
  return { ...pod(name, cpu, { nodeName, priority: 0, ...more }), status: { phase: 'Running' } };
}

function scenarioOf(objects: readonly KubernetesObject[], more: object = {}): Scenario {
  const text = JSON.stringify({ duration: '1h', manifests: objects, ...more });
  return readScenario({ text, name: 'test.json' }, createInputFiles()).scenario;
}

function stillOf(objects: readonly KubernetesObject[], more: object = {}): StillCluster {
  const scenario = scenarioOf(objects, more);
  const registry = pluginRegistry([]);
  const configuration = decodeSchedulerConfiguration(scenario.scheduler.configuration, {
    registry, kubernetes: scenario.kubernetes,
  });
  return new StillCluster(momentOfObjects(scenario), {
    configuration, registry, tieBreak: 'upstream', sampling: true, plain: false, seed: 'test',
  });
}

function ask(still: StillCluster, objects: readonly KubernetesObject[], most = 100): ReturnType<typeof askWhatIf> {
  const asked = askedBy(objects, [...still.cluster.nodes.facts]);
  for (const object of asked.objects) still.addObject(object);
  return askWhatIf(still, asked.pods, most);
}

const DEPLOYMENT = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web' },
  spec: {
    replicas: 3,
    selector: { matchLabels: { app: 'web' } },
    template: {
      metadata: { labels: { app: 'web' } },
      spec: { containers: [{ name: 'main', resources: { requests: { cpu: '1500m' } } }] },
    },
  },
};

describe('what-if', () => {
  test('a pod that fits gets its node, and what would fit besides is counted', () => {
    const answer = ask(stillOf([node('a', '4'), running('old', '3', 'a')]), [pod('small', '250m')]);
    expect(answer.fits).toBe(true);
    expect(answer.pods).toMatchObject([{ from: 'Pod/small', outcome: 'fits', node: 'a', message: '', victims: [] }]);
    expect(answer.more).toMatchObject({ times: 3, isAll: true });
    expect(answer.more?.message).toContain('0/1 nodes are available: 1 Insufficient cpu.');
  });

  test('counting ends at the most that was asked for', () => {
    const answer = ask(stillOf([node('a', '4')]), [pod('small', '250m')], 2);
    expect(answer.more).toEqual({ times: 2, isAll: false, message: '' });
  });

  test('a group is placed one after the other; who finds no node is told why, and what came nearest', () => {
    const answer = ask(stillOf([node('a', '4'), node('b', '4'), running('old', '3', 'a')]), [DEPLOYMENT]);
    expect(answer.pods.map(({ name, outcome, node: where }) => [name, outcome, where])).toEqual([
      ['web-0', 'fits', 'b'],
      ['web-1', 'fits', 'b'],
      ['web-2', 'waits', null],
    ]);
    expect(answer.fits).toBe(false);
    expect(answer.more).toBeNull();
    const [, , last] = answer.pods;
    expect(last.message).toMatch(
      /^0\/2 nodes are available: 2 Insufficient cpu\. .*preemption: 0\/2 nodes are available:/,
    );
    expect(last.nearest).toEqual({ node: 'a', resource: 'cpu', free: 1, wanted: 1.5, allocatable: 4 });
  });

  test('whom a more important pod would evict', () => {
    const still = stillOf([
      node('a', '4'),
      running('low', '3', 'a'),
      running('other', '500m', 'a', { priority: 2000 }),
    ]);
    const answer = ask(still, [pod('high', '2', { priority: 1000 })].map((each) => ({ ...each, status: {} })));
    expect(answer.pods).toMatchObject([{ outcome: 'preempts', node: 'a', victims: ['default/low'], nearest: null }]);
    expect(answer.fits).toBe(false);
  });

  test('a pod that is being deleted holds its room still', () => {
    const going = running('going', '3', 'a');
    const metadata = { ...going.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' };
    const answer = ask(stillOf([node('a', '4'), { ...going, metadata }]), [pod('new', '2')]);
    expect(answer.pods[0].outcome).toBe('waits');
  });

  test('pods that wait in the cluster have their turn first', () => {
    const waiting = { ...pod('waiting', '3'), status: { phase: 'Pending' } };
    const answer = ask(stillOf([node('a', '4'), waiting]), [pod('new', '2')]);
    expect(answer).toMatchObject({ podsWaitingBefore: 1, podsPlacedBefore: 1, pods: [{ outcome: 'waits' }] });
  });

  test('workload objects of a dump make no pods: theirs are in the dump', () => {
    const answer = ask(stillOf([node('a', '4'), DEPLOYMENT]), [pod('new', '4')]);
    expect(answer).toMatchObject({ podsWaitingBefore: 0, pods: [{ outcome: 'fits' }] });
  });

  test('pods of a DaemonSet go to the nodes that suit, each to its own', () => {
    const { spec, ...rest } = DEPLOYMENT;
    const template = { ...spec.template, spec: { ...spec.template.spec, nodeSelector: { disk: 'ssd' } } };
    const daemons = { ...rest, kind: 'DaemonSet', spec: { selector: spec.selector, template } };
    const nodes = [node('a', '4', { disk: 'ssd' }), node('b', '4'), node('c', '1', { disk: 'ssd' })];
    const answer = ask(stillOf(nodes), [daemons]);
    expect(answer.pods.map(({ outcome, node: where }) => [outcome, where])).toEqual([['fits', 'a'], ['waits', null]]);
  });

  test('a gated pod waits, and says so', () => {
    const answer = ask(stillOf([node('a', '4')]), [pod('gated', '1', { schedulingGates: [{ name: 'hold' }] })]);
    expect(answer.pods[0]).toMatchObject({ outcome: 'waits', node: null });
    expect(answer.pods[0].message).toContain('hold');
  });

  test('the scheduler of the configuration answers', () => {
    const profiles = [{ pluginConfig: [{
      name: 'NodeResourcesFit',
      args: { scoringStrategy: { type: 'MostAllocated', resources: [{ name: 'cpu', weight: 1 }] } },
    }] }];
    const config = { apiVersion: 'kubescheduler.config.k8s.io/v1', kind: 'KubeSchedulerConfiguration', profiles };
    const cluster = [node('a', '8'), node('b', '8'), running('old', '4', 'b')];
    const asked = [pod('new', '1')];
    expect(ask(stillOf(cluster), asked).pods[0].node).toBe('a');
    const plugins = { score: { disabled: [{ name: 'NodeResourcesBalancedAllocation' }] } };
    const packing = stillOf(cluster, { scheduler: { config: { ...config, profiles: [{ ...profiles[0], plugins }] } } });
    expect(ask(packing, asked).pods[0].node).toBe('b');
  });
});

describe('room left', () => {
  test('pods are added until no node takes one; each node says what ends it', () => {
    const still = stillOf([node('a', '4'), node('b', '2'), node('c', '100'), running('old', '3500m', 'a')]);
    const answer = askRoom(still, askedBy([pod('more', '1')], []).pods, 1000);
    expect(answer).toMatchObject({ times: 12, pods: 12, podsEach: 1, isAll: true, wouldPreempt: false });
    expect(answer.nodes.map(({ node: name, pods, limits }) => [name, pods, limits])).toEqual([
      ['a', 0, ['Insufficient cpu']],
      ['b', 2, ['Insufficient cpu']],
      ['c', 10, ['Too many pods']],
    ]);
    expect(answer.nodes[2].free).toMatchObject({ cpu: 90, pods: 0 });
  });

  test('of a Deployment one pod is added at a time', () => {
    const answer = askRoom(stillOf([node('a', '4')]), askedBy([DEPLOYMENT], []).pods, 1000);
    expect(answer).toMatchObject({ times: 2, podsEach: 1 });
  });

  test('counting ends at the most that was asked for, and nobody has said why then', () => {
    const answer = askRoom(stillOf([node('a', '4')]), askedBy([pod('more', '1')], []).pods, 3);
    expect(answer).toMatchObject({ times: 3, isAll: false, message: '', nodes: [{ pods: 3, limits: [] }] });
  });
});
