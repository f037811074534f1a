// How few nodes hold the pods: clusters whose optimum can be told by hand, and the written scenario played again.
import { describe, expect, test } from 'vitest';
import { PodPhase } from '../../src/cluster/cluster.ts';
import type { KubernetesObject } from '../../src/cluster/objects.ts';
import { compact } from '../../src/experiment/compaction.ts';
import type { Compaction } from '../../src/experiment/compaction.ts';
import { createInputFiles } from '../../src/io/input-files.ts';
import { decodeSchedulerConfiguration } from '../../src/scheduler/config/scheduler-configuration.ts';
import { pluginRegistry } from '../../src/scheduler/plugins/registry.ts';
import { momentOfObjects } from '../../src/simulation/cluster-moment.ts';
import { packedScenario } from '../../src/simulation/packed-scenario.ts';
import type { Scenario } from '../../src/simulation/scenario.ts';
import { readScenario } from '../../src/simulation/scenario-reader.ts';
import { Simulation } from '../../src/simulation/simulation.ts';

function nodes(
  count: number,
  cpu: string,
  name = 'n',
  labels: Readonly<Record<string, string>> = {},
): KubernetesObject[] {
  return Array.from({ length: count }, (_, index) => ({
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: `${name}${String(index)}`, labels },
    status: { allocatable: { cpu, memory: '64Gi', pods: '110' }, conditions: [{ type: 'Ready', status: 'True' }] },
  }));
}

function pods(count: number, cpu: string, name: string, more: object = {}, metadata: object = {}): KubernetesObject[] {
  return Array.from({ length: count }, (_, index) => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: `${name}-x${String(index)}`, labels: { app: name }, ...metadata },
    spec: { priority: 0, containers: [{ name: 'main', resources: { requests: { cpu } } }], ...more },
    status: { phase: 'Pending' },
  }));
}

function read(objects: readonly KubernetesObject[]): Scenario {
  const text = JSON.stringify({ name: 'made', duration: '1h', manifests: objects });
  return readScenario({ text, name: 'made.json' }, createInputFiles()).scenario;
}

function compacted(scenario: Scenario, trials = 5): Compaction {
  const registry = pluginRegistry([]);
  const configuration = decodeSchedulerConfiguration(null, { registry, kubernetes: scenario.kubernetes });
  const options = {
    configuration, registry, tieBreak: 'upstream' as const, sampling: true, plain: false, seed: 'test',
  };
  return compact(momentOfObjects(scenario), options, { trials, seed: 'test' });
}

const APART = {
  affinity: {
    podAntiAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: [
        { labelSelector: { matchLabels: { app: 'apart' } }, topologyKey: 'kubernetes.io/hostname' },
      ],
    },
  },
};

describe('compaction', () => {
  test.each([
    ['like pods fill like nodes', [...nodes(10, '4'), ...pods(13, '1', 'one')], 4],
    ['pods that keep apart need a node each', [...nodes(10, '4'), ...pods(7, '100m', 'apart', APART)], 7],
    [
      'ports keep pods apart, too',
      [
        ...nodes(6, '4'),
        ...pods(5, '100m', 'port', {
          containers: [
            { name: 'main', ports: [{ containerPort: 80, hostPort: 80 }], resources: { requests: { cpu: '1' } } },
          ],
        }),
      ],
      5,
    ],
    ['an empty cluster needs no node', [...nodes(3, '4')], 0],
    ['what fills a node leaves nothing to the order', [...nodes(8, '3'), ...pods(6, '2', 'big')], 6],
  ] as const)('%s', (_name, objects, optimum) => {
    const { answer } = compacted(read(objects));
    expect(answer.trials.map(({ seed, nodes: needed }) => [seed, needed])).toEqual(
      [1, 2, 3, 4, 5].map((trial) => [`test-${String(trial)}`, optimum]),
    );
    expect(answer.nodesNeeded).toEqual({ min: optimum, median: optimum, p90: optimum, max: optimum });
  });

  test('where nodes differ the answer hangs on their order', () => {
    const { answer } = compacted(
      read([...nodes(3, '2', 'small'), ...nodes(1, '8', 'large'), ...pods(4, '2', 'two')]),
      20,
    );
    // As many as stand before the large one, and that.
    expect(answer.nodesNeeded).toMatchObject({ min: 1, max: 4 });
    expect(new Set(answer.trials.map(({ nodes: needed }) => needed))).toEqual(new Set([1, 2, 3, 4]));
  });

  test('pods of DaemonSets stay with their nodes and take their room', () => {
    const ownerReferences = [{ apiVersion: 'apps/v1', kind: 'DaemonSet', name: 'agent', uid: 'u', controller: true }];
    const agents = Array.from({ length: 6 }, (_, index) =>
      pods(1, '1', `agent${String(index)}`, { nodeName: `n${String(index)}` }, { ownerReferences }),
    ).flat();
    const { answer } = compacted(read([...nodes(6, '3'), ...agents, ...pods(5, '1', 'one')]));
    expect(answer).toMatchObject({ podsMoved: 5, podsOfNodes: 6, podsLeftOut: 0, nodesNeeded: { min: 3, max: 3 } });
  });

  test('pods that no node takes are left out, and counted', () => {
    const { answer } = compacted(read([...nodes(2, '4'), ...pods(2, '3', 'fits'), ...pods(1, '9', 'never')]));
    expect(answer).toMatchObject({ podsMoved: 2, podsLeftOut: 1, nodesNeeded: { min: 2, max: 2 } });
  });

  test('where the order decides, all nodes may be too few', () => {
    // Placed by hand: three and one on each node. In most orders the scheduler puts two small ones on one node.
    const placed = ['n0', 'n1', 'n2', 'n3'].flatMap((nodeName, index) => [
      ...pods(1, '3', `three${String(index)}`, { nodeName }),
      ...pods(1, '1', `one${String(index)}`, { nodeName }),
    ]);
    const { answer, packed } = compacted(read([...nodes(4, '4'), ...placed]), 20);
    const holding = answer.trials.filter(({ nodes: needed }) => needed !== null);
    expect(holding.every(({ nodes: needed }) => needed === 4)).toBe(true);
    expect(packed).toHaveLength(holding.length);
  });

  test('the same seed gives the same trials', () => {
    const scenario = read([...nodes(3, '2', 'small'), ...nodes(1, '8', 'large'), ...pods(4, '2', 'two')]);
    expect(compacted(scenario, 8)).toEqual(compacted(scenario, 8));
  });

  test('one node fewer does not hold the pods in that order, and a run holds them on those found', () => {
    const scenario = read([...nodes(9, '4'), ...pods(11, '1', 'one'), ...pods(5, '2500m', 'large')]);
    const { packed } = compacted(scenario);
    const [best] = packed;
    const { cluster } = played(scenario, best);
    expect(placedPods(cluster)).toBe(16);
    const fewer = { ...best, nodes: best.nodes.slice(0, -1) };
    expect(placedPods(played(scenario, fewer).cluster)).toBeLessThan(16);
  });
});

function played(scenario: Scenario, parts: Compaction['packed'][number]): Simulation['parts'] {
  const text = JSON.stringify(packedScenario(parts, momentOfObjects(scenario), scenario, []));
  const { scenario: written } = readScenario({ text, name: 'packed.json' }, createInputFiles());
  const simulation = new Simulation(written, { version: 'test', userPlugins: [], openTrace: null, plain: false });
  simulation.advance(Number.MAX_SAFE_INTEGER);
  return simulation.parts;
}

function placedPods({ pods: table }: Simulation['parts']['cluster']): number {
  let count = 0;
  for (let row = 0; row < table.length; row++)
    if (table.phase[row] === PodPhase.Bound || table.phase[row] === PodPhase.Running) count++;
  return count;
}
