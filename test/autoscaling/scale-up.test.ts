// Growing: how many nodes, of which group, when, and never twice for the same pods.
import { describe, expect, test } from 'vitest';
import { AutoscaledWorld } from './autoscaled-world.ts';

const STD = { name: 'std', cpu: '4', memory: '16Gi' };

describe('scale-up', () => {
  test('asks at the next multiple of ten seconds for exactly the nodes that the pods need, and not again while they come', () => {
    const world = new AutoscaledWorld([{ ...STD, count: 1, min: 1, max: 10 }]);
    world.at(3, () => world.pods(14));
    expect(world.until(300)).toBe(`\
10 scaleUp std +3
70 std-1 is there
70 std-2 is there
70 std-3 is there`);
    expect(world.cluster.totals.podsPending).toBe(0);
    expect(world.cluster.totals.nodesAlive).toBe(4);
    expect(world.autoscaler).toMatchObject({ scaleUpEvents: 1, nodesAdded: 3, nodesRemoved: 0 });
  });

  test('pods that come while nodes are on their way get nodes only beyond the room that those will have', () => {
    const world = new AutoscaledWorld([{ ...STD, count: 0, max: 10 }]);
    world.at(1, () => world.pods(6));
    world.at(25, () => world.pods(2));
    world.at(35, () => world.pods(1));
    expect(world.until(200)).toBe(`\
10 scaleUp std +2
40 scaleUp std +1
70 std-0 is there
70 std-1 is there
100 std-2 is there`);
    expect(world.cluster.totals.podsPending).toBe(0);
  });

  test('waits until the oldest pod has waited for two seconds', () => {
    const world = new AutoscaledWorld([{ ...STD, count: 0, max: 10 }]);
    world.at(9, () => world.pods(1));
    expect(world.until(60)).toBe('20 scaleUp std +1');
    const early = new AutoscaledWorld([{ ...STD, count: 0, max: 10 }]);
    early.at(8, () => early.pods(1));
    early.at(9.5, () => early.pods(9));
    expect(early.until(60)).toBe('10 scaleUp std +3');
  });

  test('wastes least of cpu and memory together', () => {
    const groups = [
      { name: 'cores', count: 0, max: 9, cpu: '16', memory: '16Gi' },
      { name: 'memory', count: 0, max: 9, cpu: '4', memory: '64Gi' },
    ];
    const grow = (options: { readonly cpu: string; readonly memory: string }): string => {
      const world = new AutoscaledWorld(groups);
      world.at(1, () => world.pods(3, options));
      return world.until(15);
    };
    // Three of 1 and 1Gi leave 13/16 + 13/16 of the one, and 1/4 + 61/64 of the other.
    expect(grow({ cpu: '1', memory: '1Gi' })).toBe('10 scaleUp memory +1');
    expect(grow({ cpu: '3', memory: '4Gi' })).toBe('10 scaleUp cores +1');
  });

  test('never exceeds the group, the nodes of one step, or the nodes in all', () => {
    const grow = (max: number, settings: { readonly maxNodesPerScaleUp?: number; readonly maxNodesTotal?: number }): string => {
      const world = new AutoscaledWorld([{ ...STD, count: 1, max }], settings);
      world.at(1, () => world.pods(100));
      return world.until(29).replaceAll('\n', '; ');
    };
    expect(grow(5, {})).toBe('10 scaleUp std +4');
    expect(grow(50, { maxNodesPerScaleUp: 3 })).toBe('10 scaleUp std +3; 20 scaleUp std +3');
    expect(grow(50, { maxNodesTotal: 3 })).toBe('10 scaleUp std +2');
  });

  test('pods that no new node would take, gated, expendable and pinned pods ask for nothing', () => {
    const world = new AutoscaledWorld([{ ...STD, count: 1, max: 10 }]);
    world.at(1, () => {
      world.pods(4);
      world.pod({ cpu: '5' });
      world.pod({ spec: { schedulingGates: [{ name: 'wait' }] } });
      world.pod({ priority: -11 });
      world.pod({ pinned: 'std-0' });
      world.pod({ spec: { nodeSelector: { disk: 'ssd' } } });
    });
    expect(world.until(60)).toBe('');
  });

  test('kinds of pods are packed together, the hungriest first', () => {
    const world = new AutoscaledWorld([{ ...STD, count: 0, max: 10 }]);
    world.at(1, () => {
      world.pods(4, { cpu: '1' });
      world.pods(2, { cpu: '3' });
      world.pods(2, { cpu: '500m' });
    });
    // 11 cpu on nodes of 4: 3+1, 3+1, 1+1+0.5+0.5.
    expect(world.until(100)).toContain('10 scaleUp std +3');
    expect(world.cluster.totals.podsPending).toBe(0);
  });

  test('pods that keep apart from each other get a node each', () => {
    const apart = { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: { app: 'db' } } }] } };
    const world = new AutoscaledWorld([{ ...STD, count: 1, max: 10 }]);
    world.at(1, () => world.pods(4, { labels: { app: 'db' }, cpu: '100m', spec: { affinity: apart } }));
    expect(world.until(300)).toContain('10 scaleUp std +3');
    expect(world.layout).toBe('std-0:1 std-1:1 std-2:1 std-3:1');
  });

  test('a machine that does not come within 15 minutes is given up and the group rests for 5', () => {
    const world = new AutoscaledWorld([{ ...STD, count: 0, max: 10, provision: 2000 }]);
    world.at(1, () => world.pods(1));
    expect(world.until(3500)).toBe(`\
10 scaleUp std +1
910 scaleUpFailed std-0
1210 scaleUp std +1
2110 scaleUpFailed std-1
2710 scaleUp std +1`);
  });

  test('loops that could do nothing are not played', () => {
    const world = new AutoscaledWorld([{ ...STD, count: 1, min: 1, max: 10 }]);
    world.at(5000, () => world.pods(1));
    world.until(100_000);
    expect(world.autoscaler.loops).toBe(2);
  });
});

describe('least waste', () => {
  test('the group whose new nodes would be fuller', () => {
    const pools = [{ name: 'a', count: 0, max: 10, cpu: '4', memory: '16Gi' }, { name: 'b', count: 0, max: 10, cpu: '8', memory: '8Gi' }];
    const grow = (expander: 'least-waste' | 'most-pods' | 'least-nodes'): string => {
      const world = new AutoscaledWorld(pools, { expander });
      world.at(1, () => world.pods(10));
      return world.until(30);
    };
    expect(grow('least-waste')).toBe('10 scaleUp b +2');
    expect(grow('least-nodes')).toBe('10 scaleUp b +2');
    expect(grow('most-pods')).toMatch(/^10 scaleUp (a \+3|b \+2)$/u);
  });
});
