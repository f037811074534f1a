// Which pods keep their node, by annotation, volume, namespace and disruption budget; what a drain does when a budget says
// no; and which nodes of the files belong to an autoscaled pool.
import { describe, expect, test } from 'vitest';
import type { PodDisruptionBudget, PodSpec } from '../../src/cluster/objects.ts';
import { playScenario, nodeObject } from '../support/played-scenario.ts';
import { AutoscaledWorld } from './autoscaled-world.ts';
import type { PodOptions } from './autoscaled-world.ts';

const STD = { name: 'std', cpu: '4', memory: '16Gi' };
const SAFE = 'cluster-autoscaler.kubernetes.io/safe-to-evict';
const LOCAL = 'cluster-autoscaler.kubernetes.io/safe-to-evict-local-volumes';
const containers = [{ name: 'c', image: 'i', resources: { requests: { cpu: '1' } } }];
const withVolumes = (...volumes: NonNullable<PodSpec['volumes']>): PodSpec => ({ containers, volumes });
const budget = (disruptionsAllowed: number, app = 'web', namespace = 'default'): PodDisruptionBudget => ({
  kind: 'PodDisruptionBudget',
  metadata: { name: app, namespace },
  spec: { selector: { matchLabels: { app } } },
  status: { disruptionsAllowed },
});

type Settings = ConstructorParameters<typeof AutoscaledWorld>[1];

/** Whether the one node of a group is taken away when its only pod could go elsewhere. */
function drained(
  options: PodOptions,
  settings: Settings = {},
  prepare: (world: AutoscaledWorld) => void = () => undefined,
): boolean {
  const world = new AutoscaledWorld(
    [
      { ...STD, count: 1, max: 10 },
      { name: 'fixed', count: 1, cpu: '1500m', memory: '16Gi' },
    ],
    settings,
  );
  const fixed = (): number => world.cluster.nodeRow('fixed-0');
  world.at(1, () => world.cluster.setUnschedulable(fixed(), true));
  world.at(2, () => world.pod(options));
  world.at(5, () => world.cluster.setUnschedulable(fixed(), false));
  prepare(world);
  return world.until(2000).includes('std-0 is gone');
}

describe('a pod keeps its node', () => {
  test.each<[string, PodOptions, Settings, boolean]>([
    ['nothing special', {}, {}, true],
    ['emptyDir', { spec: withVolumes({ name: 'v', emptyDir: {} }) }, {}, false],
    ['emptyDir in memory', { spec: withVolumes({ name: 'v', emptyDir: { medium: 'Memory' } }) }, {}, true],
    [
      'emptyDir in memory, and hostPath',
      { spec: withVolumes({ name: 'v', emptyDir: { medium: 'Memory' } }, { name: 'h', hostPath: { path: '/' } }) },
      {},
      false,
    ],
    [
      'emptyDir that may be lost',
      { spec: withVolumes({ name: 'v', emptyDir: {} }), annotations: { [LOCAL]: 'u,v' } },
      {},
      true,
    ],
    [
      'two of which one may be lost',
      { spec: withVolumes({ name: 'v', emptyDir: {} }, { name: 'w', emptyDir: {} }), annotations: { [LOCAL]: 'v' } },
      {},
      false,
    ],
    [
      'emptyDir, and nobody minds',
      { spec: withVolumes({ name: 'v', emptyDir: {} }) },
      { skipNodesWithLocalStorage: false },
      true,
    ],
    [
      'safe to evict, with emptyDir',
      { spec: withVolumes({ name: 'v', emptyDir: {} }), annotations: { [SAFE]: 'true' } },
      {},
      true,
    ],
    ['safe to evict, of nobody', { owned: false, annotations: { [SAFE]: 'true' } }, {}, true],
    ['of nobody', { owned: false }, {}, false],
    ['not safe to evict', { annotations: { [SAFE]: 'false' } }, {}, false],
    ['to be evicted when it has ended', { annotations: { [SAFE]: 'on-completion' } }, {}, false],
    ['some other word', { annotations: { [SAFE]: 'yes' } }, {}, true],
    ['of kube-system', { namespace: 'kube-system' }, {}, false],
    ['of kube-system, and nobody minds', { namespace: 'kube-system' }, { skipNodesWithSystemPods: false }, true],
    ['a static pod', { owned: false, annotations: { 'kubernetes.io/config.mirror': 'x' } }, {}, true],
  ])('%s', (_what, options, settings, isTaken) => {
    expect(drained(options, settings)).toBe(isTaken);
  });

  const given =
    (...budgets: PodDisruptionBudget[]) =>
    (world: AutoscaledWorld): void => {
      for (const object of budgets) world.cluster.putObject('PodDisruptionBudget', object);
    };

  test('whose disruption budget allows nothing', () => {
    const labels = { app: 'web' };
    expect(drained({ labels }, {}, given(budget(0)))).toBe(false);
    expect(drained({ labels }, {}, given(budget(1)))).toBe(true);
    expect(drained({ labels }, {}, given(budget(0, 'web', 'other')))).toBe(true);
    expect(drained({ labels, namespace: 'kube-system' }, {}, given(budget(1, 'web', 'kube-system')))).toBe(true);
  });

  test('safe to evict or not: the eviction itself asks the budget, in vain', () => {
    const world = new AutoscaledWorld([
      { ...STD, count: 1, max: 10 },
      { name: 'fixed', count: 1, cpu: '1500m', memory: '16Gi' },
    ]);
    world.cluster.putObject('PodDisruptionBudget', budget(0));
    world.at(1, () => world.cluster.setUnschedulable(world.cluster.nodeRow('fixed-0'), true));
    world.at(2, () => world.pod({ labels: { app: 'web' }, annotations: { [SAFE]: 'true' } }));
    world.at(5, () => world.cluster.setUnschedulable(world.cluster.nodeRow('fixed-0'), false));
    // Tainted at 610 s, asked from 615 s on for two minutes, given back; then it is unneeded anew for ten minutes.
    const log = world.until(1800);
    expect(log.split('\n').filter((line) => line.includes('scaleDown'))).toEqual([
      '610 scaleDown std -1',
      '1350 scaleDown std -1',
    ]);
    expect(log).not.toContain('std-0 is gone');
    expect(world.cluster.nodes.facts[world.cluster.nodeRow('std-0')].unschedulable).toBe(false);
  });
});

describe('a drain and its budget', () => {
  test('one disruption at a time: the second pod is asked again ten seconds later', () => {
    const world = new AutoscaledWorld([
      { ...STD, count: 1, max: 10 },
      { name: 'fixed', count: 1, cpu: '3', memory: '16Gi' },
    ]);
    world.cluster.putObject('PodDisruptionBudget', budget(1));
    world.at(1, () => world.cluster.setUnschedulable(world.cluster.nodeRow('fixed-0'), true));
    world.at(2, () => world.pods(2, { labels: { app: 'web' }, cpu: '500m' }));
    world.at(5, () => world.cluster.setUnschedulable(world.cluster.nodeRow('fixed-0'), false));
    world.at(630, () => world.cluster.putObject('PodDisruptionBudget', budget(1)));
    expect(world.until(700)).toBe('610 scaleDown std -1\n640 std-0 is gone');
  });

  test('budgets are spent in thought: of two nodes whose pods share one disruption, one goes first', () => {
    const world = new AutoscaledWorld(
      [
        { ...STD, count: 2, max: 10 },
        { name: 'fixed', count: 1, cpu: '3', memory: '16Gi' },
      ],
      { maxDrainParallelism: 2 },
    );
    world.cluster.putObject('PodDisruptionBudget', budget(1));
    world.at(1, () => world.cluster.setUnschedulable(world.cluster.nodeRow('fixed-0'), true));
    world.at(2, () => world.pods(2, { labels: { app: 'web' }, cpu: '1900m' }));
    world.at(5, () => world.cluster.setUnschedulable(world.cluster.nodeRow('fixed-0'), false));
    const log = world.until(660);
    expect(log.split('\n').filter((line) => line.includes('scaleDown'))).toEqual(['610 scaleDown std -1']);
  });

  test('a budget by hand keeps the node of a whole run', () => {
    const deployment = (name: string, cpu: string, annotations: object = {}) => ({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name, annotations },
      spec: {
        selector: { matchLabels: { app: name } },
        template: {
          metadata: { labels: { app: name } },
          spec: { containers: [{ name: 'c', image: 'i', resources: { requests: { cpu } } }] },
        },
      },
    });
    const pools = [
      { name: 'base', count: 1, allocatable: { cpu: 4, memory: '8Gi' } },
      { name: 'g', allocatable: { cpu: 4, memory: '8Gi' }, autoscaling: { min: 0, max: 5, provisioning: '60s' } },
    ];
    const nodesAfter = (spec: object): number => {
      const objects = [
        deployment('filler', '3500m', { 'podyard.dev/duration': '15m' }),
        deployment('keep', '1'),
        {
          apiVersion: 'policy/v1',
          kind: 'PodDisruptionBudget',
          metadata: { name: 'keep' },
          spec: { selector: { matchLabels: { app: 'keep' } }, ...spec },
        },
      ];
      return playScenario({ duration: '90m', nodePools: pools }, objects).result.counts.nodes;
    };
    expect([
      nodesAfter({ maxUnavailable: 0 }),
      nodesAfter({ maxUnavailable: '0%' }),
      nodesAfter({ minAvailable: 1 }),
      nodesAfter({ minAvailable: '100%' }),
    ]).toEqual([2, 2, 2, 2]);
    expect([
      nodesAfter({ maxUnavailable: 1 }),
      nodesAfter({ minAvailable: 0 }),
      nodesAfter({ minAvailable: '0%' }),
    ]).toEqual([1, 1, 1]);
  });
});

test("a pod whose next attempt is under way at the loop's instant counts", () => {
  // Backoffs end at whole seconds, loops come every ten: without nodes one pod is always in flight then.
  const grown = (replicas: number): string[] => {
    const nodePools = [
      { name: 'g', allocatable: { cpu: 4, memory: '8Gi' }, autoscaling: { min: 0, max: 10, provisioning: '60s' } },
    ];
    const { result } = playScenario({
      duration: '5m',
      nodePools,
      workloads: [{ name: 'w', kind: 'Deployment', replicas, requests: { cpu: 3 } }],
    });
    return result.events.map(({ seconds, label }) => `${seconds} ${label}`);
  };
  expect(grown(4)).toEqual(['10 g +4']);
  expect(grown(1)).toEqual(['10 g +1']);
});

describe('nodes of the files in an autoscaled pool', () => {
  const pool = (members: object, more: object = {}) => ({
    name: 'workers',
    members,
    allocatable: { cpu: 4, memory: '16Gi' },
    costPerHour: 1,
    autoscaling: { min: 1, max: 4, provisioning: '60s' },
    ...more,
  });
  const group = (name: string, labels: object) => {
    const node = nodeObject(name) as { metadata: { labels: object } };
    return {
      ...node,
      metadata: { ...node.metadata, labels: { ...node.metadata.labels, ...labels } },
      spec: { providerID: `cloud://zone/${name}` },
    };
  };
  const nodes = [
    group('workers-0', { group: 'w' }),
    group('workers-1', { group: 'w' }),
    group('control-0', { group: 'c' }),
  ];

  test.each([
    ['labels', { labels: { group: 'w' } }],
    ['the beginning of the name', { namePrefix: 'workers-' }],
    ['the beginning of providerID', { providerIDPrefix: 'cloud://zone/workers' }],
    ['all of them', { labels: { group: 'w' }, namePrefix: 'w', providerIDPrefix: 'cloud://' }],
  ])('by %s: idle ones go down to the minimum, others stay, and what they cost is counted', (_how, members) => {
    const { result } = playScenario({ duration: '1h', nodePools: [pool(members)] }, nodes);
    expect(
      result.nodes
        .map(({ name, pool: of, removedSeconds }) => `${name} ${of}${removedSeconds === null ? '' : ' removed'}`)
        .sort((a, b) => (a < b ? -1 : 1)),
    ).toEqual(['control-0 ', 'workers-0 workers removed', 'workers-1 workers']);
    expect(result.cost.total).toBeGreaterThan(1);
  });

  test('count in the size of the group; new nodes get the names after theirs', () => {
    const workloads = [{ name: 'w', kind: 'Deployment', replicas: 5, requests: { cpu: 3 } }];
    const { result } = playScenario(
      { duration: '10m', nodePools: [pool({ namePrefix: 'workers-' })], workloads },
      nodes,
    );
    expect(result.nodes.filter(({ pool: of }) => of === 'workers').map(({ name }) => name)).toEqual([
      'workers-0',
      'workers-1',
      'workers-2',
      'workers-3',
    ]);
    expect(result.counts.podsPending).toBe(0);
  });

  test('are told when there are none, too many, or of two pools', () => {
    const warnings = (nodePools: readonly object[]): readonly string[] =>
      playScenario({ duration: '1m', nodePools }, nodes).warnings;
    expect(warnings([pool({ namePrefix: 'other-' }, { autoscaling: { min: 0, max: 4 } })])).toEqual([
      'no node of the files belongs to the pool',
    ]);
    expect(warnings([pool({ labels: { group: 'w' } }, { autoscaling: { min: 0, max: 1 } })])).toEqual([
      'the pool begins with 2 nodes, outside of autoscaling min 0 and max 1',
    ]);
    expect(() =>
      warnings([pool({ namePrefix: 'workers-' }), pool({ labels: { group: 'w' } }, { name: 'again' })]),
    ).toThrow('the node workers-0 belongs to the pool workers, too');
    expect(() => warnings([pool({})])).toThrow('expected labels, namePrefix or providerIDPrefix');
  });
});
