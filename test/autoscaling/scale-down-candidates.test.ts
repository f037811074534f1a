// The planner keeps the list of its groups' nodes until nodes come or go: its candidates are those of a planner that
// looks through all nodes each time. Each pod of a node that may go is first tried where it went last time, and never on a
// node that goes.
import { expect, test } from 'vitest';
import { DrainRules } from '../../src/autoscaling/drain-rules.ts';
import { NodeGroups } from '../../src/autoscaling/node-groups.ts';
import { ScaleDownPlanner } from '../../src/autoscaling/scale-down-planner.ts';
import { Cluster } from '../../src/cluster/cluster.ts';
import { DisruptionBudgets } from '../../src/cluster/disruption-budgets.ts';
import { SchedulerCache } from '../../src/scheduler/cache/scheduler-cache.ts';
import { Kernel } from '../../src/kernel/kernel.ts';
import type { WhatIfCluster } from '../../src/scheduler/what-if/what-if-cluster.ts';
import { AutoscaledWorld, DEFAULT_SETTINGS, MINUTE } from './autoscaled-world.ts';

test('candidates are those of looking through all nodes', () => {
  const kernel = new Kernel({ seed: 'candidates' });
  const cluster = new Cluster(kernel);
  const nodeOf = (name: string, isKept: boolean) => ({ metadata: { name, annotations: isKept ? { 'cluster-autoscaler.kubernetes.io/scale-down-disabled': 'true' } : {} }, status: { allocatable: { cpu: '4', memory: '8Gi', pods: '10' } } });
  const specs = ['a', 'b'].map((name) => ({ name, min: 2, max: 20, provisionSeconds: { kind: 'fixed', value: 1, atLeast: null, atMost: null }, firstOrdinal: 0 }) as const);
  const groups = new NodeGroups(cluster, new SchedulerCache(cluster), specs, { makeNode: (pool, ordinal) => nodeOf(`${pool}-${ordinal}`, false) }, null);
  const drainRules = new DrainRules(cluster, DEFAULT_SETTINGS, new DisruptionBudgets(cluster));
  const planners = [0, 1].map(() => new ScaleDownPlanner(cluster, groups, DEFAULT_SETTINGS, drainRules, (row) => row % 7 === 0));
  cluster.observe({ nodeAdded: () => planners[0].nodesChanged(), nodeRemoving: () => planners[0].nodesChanged() });
  const random = kernel.random.stream('test', 'candidates');
  const draw = (count: number): number => Math.floor(random.next() * count);
  const template = cluster.internTemplate({ metadata: { namespace: 'default' }, spec: { priority: 0, containers: [{ name: 'c', image: 'i', resources: { requests: { cpu: '1', memory: '1Gi' } } }] } }).id;
  let found = 0;
  for (let step = 0; step < 3000; step++) {
    const pool = ['a', 'b', 'other'][draw(3)];
    const name = `${pool}-${draw(12)}`;
    const row = cluster.nodeRow(name);
    if (row < 0) cluster.addNode(nodeOf(name, draw(5) === 0), pool);
    else if (draw(3) === 0 && cluster.nodes.pods[row].length === 0) cluster.removeNode(row);
    else if (draw(2) === 0) cluster.placePod(cluster.createPod({ template, nameBase: cluster.names.intern('p'), nameOrdinal: step, owner: -1, workloadClass: 0, durationMicros: Infinity, pinnedNode: -1 }), row);
    else for (const pod of [...cluster.nodes.pods[row]]) cluster.removePod(pod, 0);
    planners[1].nodesChanged();
    const candidates = planners[0].candidates();
    expect(candidates).toEqual(planners[1].candidates());
    found += candidates.length;
  }
  expect(found).toBeGreaterThan(3000);
});

test('pods are tried where they went last time, and on no node that goes', () => {
  const world = new AutoscaledWorld([{ name: 'std', cpu: '4', memory: '16Gi', count: 6, min: 0, max: 6 }], { scaleDownEnabled: false });
  const { cluster, scheduler: { cache } } = world;
  world.at(1, () => world.pods(24, { cpu: '400m' }));
  world.until(20);
  const spec = { name: 'std', min: 0, max: 6, provisionSeconds: { kind: 'fixed', value: 1, atLeast: null, atMost: null }, firstOrdinal: 6 } as const;
  const groups = new NodeGroups(cluster, cache, [spec], { makeNode: () => ({}) }, null);
  const drainRules = new DrainRules(cluster, DEFAULT_SETTINGS, new DisruptionBudgets(cluster));
  const planner = new ScaleDownPlanner(cluster, groups, DEFAULT_SETTINGS, drainRules, (row) => row === 5);
  const random = world.kernel.random.stream('test', 'hints');
  const hints = new Map<number, number>();
  let gone = new Set<number>();
  let looked = -1;
  let hinted = 0;
  const found: number[] = [];
  const whatIf = {
    mark: 0,
    areLocal: () => false,
    info: (row: number) => cache.nodeInfo(row),
    remove: (pod: number, row: number) => {
      expect(cluster.pods.node[pod]).toBe(row);
      if (looked >= 0 && looked !== row) gone.add(looked);
      looked = row;
    },
    rollback: () => { looked = -1; },
    add: (pod: number, place: number) => { hints.set(pod, place); },
    findPlace: (pod: number, hint: number, isAllowed: (place: number) => boolean) => {
      expect(hint).toBe(hints.get(pod) ?? -1);
      if (hint >= 0) hinted++;
      // Two nodes are on their way.
      const places = [0, 1, 2, 3, 4, 5, 6, 7];
      const allowed = places.filter((place) => place !== looked && !gone.has(place) && place !== 5);
      expect(places.filter(isAllowed)).toEqual(allowed);
      const place = random.next() < 0.03 ? -1 : allowed[Math.floor(random.next() * allowed.length)];
      found.push(place);
      return place;
    },
  } as unknown as WhatIfCluster;
  for (let loop = 1; loop <= 60; loop++) {
    gone = new Set();
    looked = -1;
    if (loop === 30) world.at(19.5 + loop, () => world.pods(12, { cpu: '20m' }));
    world.until(20 + loop);
    planner.update(planner.candidates(), whatIf, loop * 6 * MINUTE);
    if (looked >= 0) gone.add(looked);
    expect([...planner.unneeded.keys()].sort((a, b) => a - b)).toEqual([...gone].sort((a, b) => a - b));
  }
  expect(hinted).toBeGreaterThan(500);
  expect(found.filter((place) => place < 0).length).toBeGreaterThan(10);
});
