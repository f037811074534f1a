// The planner keeps the list of its groups' nodes until nodes come or go: its candidates are those of a planner that
// looks through all nodes each time.
import { expect, test } from 'vitest';
import { DrainRules } from '../../src/autoscaling/drain-rules.ts';
import { NodeGroups } from '../../src/autoscaling/node-groups.ts';
import { ScaleDownPlanner } from '../../src/autoscaling/scale-down-planner.ts';
import { Cluster } from '../../src/cluster/cluster.ts';
import { DisruptionBudgets } from '../../src/cluster/disruption-budgets.ts';
import { SchedulerCache } from '../../src/scheduler/cache/scheduler-cache.ts';
import { Kernel } from '../../src/kernel/kernel.ts';
import { DEFAULT_SETTINGS } from './autoscaled-world.ts';

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
