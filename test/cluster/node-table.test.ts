// The node table's blocks of amounts: a resource may become known at any time, before the first node, too.
import { describe, expect, test } from 'vitest';
import { checkCluster } from '../../src/cluster/check.ts';
import { checkSchedulerCache } from '../../src/scheduler/cache/check-cache.ts';
import { CachedNodes } from '../../src/scheduler/cache/cached-nodes.ts';
import { NodeTable } from '../../src/cluster/node-table.ts';
import { playScenario } from '../support/played-scenario.ts';
import { fixture, node, pod } from '../support/scheduler-fixture.ts';

const NAMES = Array.from({ length: 11 }, (_, i) => `example.com/r${i}`);
const amounts = (names: readonly string[]): Record<string, string> =>
  Object.fromEntries(names.map((name, i) => [name, String(i + 1)]));

describe('resource columns', () => {
  test.each([() => new NodeTable(), () => new CachedNodes()])('are widened while there is no node', (make) => {
    const table = make();
    for (const count of [3, 5, 9, 30]) {
      table.widen(count);
      expect(table.stride).toBeGreaterThanOrEqual(count);
      expect([table.allocatable.length, table.requested.length]).toEqual([0, 0]);
    }
  });

  test.each([1, 2, 3, 5, 11])(
    '%i more than usual: known from a pod before the first node, and from the node itself',
    (count) => {
      const names = NAMES.slice(0, count);
      const asking = pod(
        'asking',
        {},
        { containers: [{ name: 'main', resources: { requests: { cpu: '1', ...amounts(names) } } }] },
      );
      const before = fixture({ pods: [asking] });
      const template = before.cluster.templateOf(before.row('asking'));
      before.cluster.addNode(node('n1', {}, { status: { allocatable: { cpu: '8', pods: '10', ...amounts(names) } } }));
      before.cluster.placePod(before.row('asking'), before.cluster.nodeRow('n1'));
      checkCluster(before.cluster);
      checkSchedulerCache(before.cache);
      const { resources } = before.cluster;
      const { allocatable, requested, base } = before.cache.nodes.info[0];
      for (const [name, amount] of Object.entries(amounts(names))) {
        const column = resources.find(name);
        expect([allocatable[base + column], requested[base + column]], name).toEqual([Number(amount), Number(amount)]);
      }
      expect(template.requested.columns.length).toBeGreaterThan(count);
    },
  );

  test('a run may score more resources than a row has room for at first', () => {
    const resources = ['cpu', 'memory', ...NAMES].map((name) => ({ name, weight: 1 }));
    const args = { scoringStrategy: { type: 'LeastAllocated', resources } };
    const config = {
      apiVersion: 'kubescheduler.config.k8s.io/v1',
      kind: 'KubeSchedulerConfiguration',
      profiles: [{ pluginConfig: [{ name: 'NodeResourcesFit', args }] }],
    };
    const nodePools = [{ name: 'n', count: 2, allocatable: { cpu: 4, memory: '8Gi', [NAMES[10]]: 3 } }];
    const workloads = [{ name: 'w', kind: 'Deployment', replicas: 3, requests: { cpu: 1, [NAMES[10]]: 1 } }];
    expect(
      playScenario({ duration: '1m', scheduler: { config }, nodePools, workloads }).pods.map(({ node: name }) => name),
    ).toEqual(['n-0', 'n-1', 'n-0']);
  });
});
