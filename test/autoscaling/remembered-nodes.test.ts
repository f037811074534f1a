// Nodes that are to come are made once, and again when what they are made of has changed: they are those of making each
// anew, whatever ordinals are used up, DaemonSets come and go, and resources are seen for the first time.
import { expect, test } from 'vitest';
import { NodeGroups } from '../../src/autoscaling/node-groups.ts';
import { Cluster } from '../../src/cluster/cluster.ts';
import type { PodTemplate } from '../../src/cluster/pod-template.ts';
import { Kernel } from '../../src/kernel/kernel.ts';
import { SchedulerCache } from '../../src/scheduler/cache/scheduler-cache.ts';
import type { NodeInfo } from '../../src/scheduler/cache/node-info.ts';
import { nodeInThought } from '../../src/scheduler/what-if/what-if-cluster.ts';

test('the next node and those on their way are as if made anew', () => {
  const kernel = new Kernel({ seed: 'next' });
  const cluster = new Cluster(kernel);
  const cache = new SchedulerCache(cluster);
  const random = kernel.random.stream('test', 'next');
  const draw = (count: number): number => Math.floor(random.next() * count);
  const nodeOf = (pool: string, ordinal: number) => ({
    metadata: { name: `${pool}-${String(ordinal)}`, labels: { zone: String(ordinal % 3) } },
    status: { allocatable: { cpu: '4', memory: '8Gi', pods: '10', 'example.com/x0': '1', 'example.com/x7': '2' } },
  });
  const daemonTemplate = (cpu: number): PodTemplate => cluster.internTemplate({
    metadata: { namespace: 'default' },
    spec: { priority: 0, containers: [{ name: 'c', image: 'i', resources: { requests: { cpu: `${String(cpu)}m` } } }] },
  });
  let wanted: PodTemplate[] = [];
  // Only on nodes of zone 1.
  const daemons = { templatesFor: ({ labels }: { labels: ReadonlyMap<string, string> }) => (labels.get('zone') === '1' ? [...wanted] : []) };
  const specs = ['a', 'b'].map((name) => ({ name, min: 0, max: 20, provisionSeconds: { kind: 'fixed', value: 1, atLeast: null, atMost: null }, firstOrdinal: 0 }) as const);
  let made = 0;
  const source = { makeNode: (pool: string, ordinal: number) => { made++; return nodeOf(pool, ordinal); } };
  const groups = new NodeGroups(cluster, cache, specs, source, daemons);
  const same = (info: NodeInfo, pool: string, ordinal: number): void => {
    expect({ ...info }).toEqual({ ...nodeInThought(cache, nodeOf(pool, ordinal), daemons) });
  };
  let asked = 0;
  // Those of the nodes are known; others come.
  for (const name of ['example.com/x0', 'example.com/x7']) cluster.resources.column(name);
  for (let step = 0; step < 1500; step++) {
    const group = groups.list[draw(2)];
    const act = draw(8);
    if (act === 0) wanted = Array.from({ length: draw(3) }, () => daemonTemplate(100 * (1 + draw(3))));
    else if (act === 1 && step % 5 === 0) cluster.resources.column(`example.com/x${String(draw(60))}`);
    else if (act === 2) {
      const ordinal = group.nextOrdinal++;
      group.upcoming.set(ordinal, groups.makeNode(group, ordinal));
    } else if (act === 3) for (const ordinal of [...group.upcoming.keys()].slice(0, 2)) group.upcoming.delete(ordinal);
    for (const each of groups.list) same(groups.nextNode(each), each.spec.name, each.nextOrdinal);
    const upcoming = groups.upcomingNodes();
    const expected = groups.list.flatMap(({ spec, upcoming: asks }) => Array.from(asks.keys(), (ordinal) => [spec.name, ordinal] as const));
    expect(upcoming).toHaveLength(expected.length);
    expected.forEach(([pool, ordinal], i) => { same(upcoming[i], pool, ordinal); });
    asked += 2;
  }
  expect(made).toBeLessThan(asked / 3);
});
