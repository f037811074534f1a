// Shrinking: which nodes, after how long, with what becoming of their pods.
import { describe, expect, test } from 'vitest';
import { AutoscaledWorld } from './autoscaled-world.ts';

const STD = { name: 'std', cpu: '4', memory: '16Gi' };

describe('scale-down', () => {
  test('an empty node goes after ten unneeded minutes, five seconds after its taint, and never below the minimum', () => {
    const world = new AutoscaledWorld([{ ...STD, count: 4, min: 1, max: 10 }]);
    let busy: number[] = [];
    world.at(1, () => (busy = world.pods(16)));
    world.at(95, () => world.finish(busy.filter((pod) => world.cluster.pods.node[pod] !== 0)));
    const log = world.until(5000);
    // Unneeded from 100 s on; more than 600 s later is 710 s.
    expect(log).toBe(`\
710 scaleDown std -3
715 std-1 is gone
715 std-2 is gone
715 std-3 is gone`);
    expect(world.layout).toBe('std-0:4');
    expect(world.autoscaler).toMatchObject({ scaleDownEvents: 1, nodesRemoved: 3 });
  });

  test('not within ten minutes of growing', () => {
    const world = new AutoscaledWorld([{ ...STD, count: 1, max: 10 }]);
    let pods: number[] = [];
    world.at(1, () => (pods = world.pods(6)));
    world.at(300, () => world.finish(pods.slice(2)));
    world.at(600, () => world.pods(6, { cpu: '2' }));
    const log = world.until(3000);
    expect(log).toContain('610 scaleUp std +2');
    expect(log).not.toContain('scaleDown');
  });

  test('the pods of an underused node move to others, one drained node at a time', () => {
    const world = new AutoscaledWorld([{ ...STD, count: 4, max: 10 }]);
    let pods: number[] = [];
    world.at(1, () => (pods = world.pods(16)));
    // One pod stays on each node: three of four nodes can be emptied.
    world.at(95, () => world.finish(pods.filter((pod) => pods.some((other) => other < pod && world.cluster.pods.node[other] === world.cluster.pods.node[pod]))));
    expect(world.until(3000)).toBe(`\
710 scaleDown std -1
720 std-0 is gone
730 scaleDown std -1
740 std-1 is gone
750 scaleDown std -1
760 std-2 is gone`);
    expect(world.layout).toBe('std-3:4');
    expect(world.cluster.totals.podsPending).toBe(0);
  });

  test('busy nodes stay, and nodes whose pods fit nowhere else, or belong to nobody, or keep data here', () => {
    const stays = (options: Parameters<AutoscaledWorld['pod']>[0]): boolean => {
      const world = new AutoscaledWorld([{ ...STD, count: 1, max: 10 }, { name: 'fixed', count: 1, cpu: '1500m', memory: '16Gi' }]);
      world.at(1, () => world.cluster.setUnschedulable(world.cluster.nodeRow('fixed-0'), true));
      world.at(2, () => world.pod(options));
      world.at(5, () => world.cluster.setUnschedulable(world.cluster.nodeRow('fixed-0'), false));
      return !world.until(5000).includes('std-0 is gone');
    };
    expect(stays({})).toBe(false);
    expect(stays({ cpu: '1600m' })).toBe(true);
    expect(stays({ memory: '8Gi' })).toBe(true);
    expect(stays({ memory: '8191Mi' })).toBe(false);
    expect(stays({ owned: false })).toBe(true);
    expect(stays({ spec: { containers: [{ name: 'c', image: 'i', resources: { requests: { cpu: '1' } } }], volumes: [{ name: 'v', emptyDir: {} }] } })).toBe(true);
  });

  test('a system pod keeps its node for its first hour', () => {
    const world = new AutoscaledWorld([{ ...STD, count: 1, max: 10 }, { name: 'fixed', count: 1, cpu: '2', memory: '16Gi' }]);
    world.at(1, () => world.cluster.setUnschedulable(world.cluster.nodeRow('fixed-0'), true));
    world.at(2, () => world.pod({ namespace: 'kube-system' }));
    world.at(5, () => world.cluster.setUnschedulable(world.cluster.nodeRow('fixed-0'), false));
    const log = world.until(10_000);
    const at = Number(/(\d+) scaleDown/u.exec(log)?.[1]);
    expect(at).toBeGreaterThan(3600 + 600);
    expect(at).toBeLessThan(3600 + 600 + 320);
  });

  test('unneeded nodes are marked softly, and lose the mark when they are needed again', () => {
    const world = new AutoscaledWorld([{ ...STD, count: 2, max: 10 }]);
    const taints = (name: string): string => world.cluster.nodes.facts[world.cluster.nodeRow(name)].taints.map(({ key, effect }) => `${key}:${effect}`).join();
    world.at(1, () => world.pods(1));
    world.until(15);
    expect(taints('std-1')).toBe('DeletionCandidateOfClusterAutoscaler:PreferNoSchedule');
    expect(taints('std-0')).toBe('');
    world.at(103, () => world.pods(2, { cpu: '2' }));
    world.until(115);
    expect(taints('std-1')).toBe('');
    expect(world.until(2000)).toBe('');
  });

  test('the time starts again when a node was needed in between', () => {
    const world = new AutoscaledWorld([{ ...STD, count: 1, max: 10 }]);
    let pods: number[] = [];
    world.at(303, () => (pods = world.pods(3)));
    world.at(395, () => world.finish(pods));
    expect(world.until(3000)).toBe('1010 scaleDown std -1\n1015 std-0 is gone');
  });

  test('an empty node that got a pod after its taint is given back', () => {
    const world = new AutoscaledWorld([{ ...STD, count: 1, max: 10 }]);
    world.at(612, () => {
      world.cluster.placePod(world.pod(), 0);
    });
    expect(world.until(620)).toBe('610 scaleDown std -1');
    expect(world.cluster.nodes.facts[0]).toMatchObject({ taints: [], unschedulable: false });
    expect(world.autoscaler.nodesRemoved).toBe(0);
  });

  test('pods that do not go in time keep their node, and nothing shrinks for three minutes', () => {
    const world = new AutoscaledWorld([{ ...STD, count: 2, max: 10 }]);
    world.podsStop = false;
    let pods: number[] = [];
    world.at(1, () => (pods = world.pods(8)));
    world.at(5, () => world.finish(pods.filter((pod) => pods.some((other) => other < pod && world.cluster.pods.node[other] === world.cluster.pods.node[pod]))));
    expect(world.until(674)).toBe('610 scaleDown std -1');
    expect(world.cluster.nodes.facts[0]).toMatchObject({ unschedulable: true });
    // Taint at 610, eviction at 615, 30 s of grace + 30 s: given back at 675. Its ten minutes start again at 680; by
    // then its pod has been terminating for so long that it is in nobody's way.
    expect(world.until(1289)).toBe('');
    expect(world.cluster.nodes.facts[0]).toMatchObject({ unschedulable: false });
    expect(world.until(1300)).toBe('1290 scaleDown std -1\n1295 std-0 is gone');
  });

  test('a pod that must not go ends the drain before it begins, also when it came after the taint', () => {
    const world = new AutoscaledWorld([{ ...STD, count: 2, max: 10 }]);
    const annotations = { 'cluster-autoscaler.kubernetes.io/safe-to-evict': 'false' };
    world.at(1, () => {
      for (const row of [0, 1]) world.cluster.placePod(world.pod(), row);
    });
    world.at(612, () => { world.cluster.placePod(world.pod({ annotations }), 0); });
    expect(world.until(630)).toBe('610 scaleDown std -1');
    expect(world.cluster.nodes.facts[0]).toMatchObject({ taints: [], unschedulable: false });
    expect(world.layout).toBe('std-0:2 std-1:1');
  });

  test('a node that was replaced under its name has not been unneeded before', () => {
    const world = new AutoscaledWorld([{ ...STD, count: 1, max: 10 }]);
    const allocatable = { cpu: '4', memory: '16Gi', pods: '110' };
    world.at(303, () => {
      world.cluster.removeNode(0);
      world.cluster.addNode({ metadata: { name: 'std-0' }, status: { allocatable, capacity: allocatable } }, 'std');
    });
    expect(world.until(3000)).toBe(`\
303 std-0 is gone
303 std-0 is there
920 scaleDown std -1
925 std-0 is gone`);
  });

  test('nodes of a group at its minimum are not marked, whatever other groups may give up', () => {
    const world = new AutoscaledWorld([
      { ...STD, count: 1, min: 1, max: 3 },
      { ...STD, name: 'spare', count: 1, max: 3 },
    ]);
    world.until(25);
    expect([0, 1].map((row) => world.cluster.nodes.facts[row].taints.length)).toEqual([0, 1]);
  });

  test('neither pods of DaemonSets nor pods that fit nowhere keep an empty node', () => {
    const world = new AutoscaledWorld([{ ...STD, count: 2, max: 10 }]);
    world.at(1, () => {
      for (const row of [0, 1]) world.cluster.placePod(world.pod({ pinned: `std-${row}` }), row);
      for (let i = 0; i < 3; i++) world.cluster.placePod(world.pod(), 0);
      world.pod({ cpu: '100' });
    });
    expect(world.until(1500)).toBe('610 scaleDown std -1\n615 std-1 is gone');
  });

  test('a dead node goes after twenty minutes', () => {
    const world = new AutoscaledWorld([{ ...STD, count: 2, min: 1, max: 10 }]);
    world.at(1, () => world.pods(2));
    world.at(4, () => {
      world.cluster.setNodeHealth(1, false);
      world.cluster.setTaints(1, [{ key: 'node.kubernetes.io/unreachable', effect: 'NoSchedule' }]);
    });
    expect(world.until(3000)).toBe('1210 scaleDown std -1\n1220 std-1 is gone');
  });

  test('the same world twice is the same run, and loops that are slept through would have done nothing', () => {
    const play = (isAwake: boolean): { readonly digest: string; readonly log: string; readonly loops: number } => {
      const world = new AutoscaledWorld([{ ...STD, count: 2, min: 2, max: 10 }, { ...STD, name: 'big', cpu: '8', count: 0, max: 3, provision: 95 }]);
      // A gated pod is pending for ever and keeps every loop from being left out.
      if (isAwake) world.at(0, () => world.pod({ spec: { schedulingGates: [{ name: 'never' }] } }));
      for (let i = 0; i < 30; i++) {
        let pods: number[] = [];
        world.at(1 + i * 137, () => (pods = world.pods((i * 7) % 5, { cpu: `${500 + ((i * 300) % 2500)}m`, owned: false })));
        world.at(1 + i * 137 + 700, () => world.finish(pods));
      }
      world.at(30_000, () => world.pods(12));
      return { log: world.until(31_000), digest: world.kernel.digest.hex(), loops: world.autoscaler.loops };
    };
    const asleep = play(false);
    const awake = play(true);
    expect(play(false)).toEqual(asleep);
    expect(awake.log).toBe(asleep.log);
    expect(asleep.log).toContain('gone');
    expect(awake.loops).toBe(3101);
    expect(asleep.loops).toBeLessThan(800);
  });
});
