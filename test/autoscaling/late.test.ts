// An autoscaler that learns late of what happens, or whose requests take time: what it asks for in vain and what it does
// not ask for twice, and how it takes the answers of an API server that knows better.
import { describe, expect, test } from 'vitest';
import { PodPhase } from '../../src/cluster/cluster.ts';
import type { Taint } from '../../src/cluster/objects.ts';
import { AutoscaledWorld } from './autoscaled-world.ts';
import type { Late, Pool } from './autoscaled-world.ts';

const STD = { name: 'std', cpu: '4', memory: '16Gi' };
const TO_BE_DELETED = 'ToBeDeletedByClusterAutoscaler';

const lateWorld = (pools: readonly Pool[], late: Late): AutoscaledWorld => new AutoscaledWorld(pools, {}, undefined, late);

function nodeNamed({ cluster }: AutoscaledWorld, name: string): { readonly unschedulable: boolean; readonly taints: readonly string[] } | null {
  const row = cluster.nodeRow(name);
  if (row < 0) return null;
  const { unschedulable, taints } = cluster.nodes.facts[row];
  return { unschedulable, taints: taints.map(({ key }) => key) };
}

/** Nodes std-1 and up are empty from 95 s on; one who learns of that 25 s late finds them unneeded from 120 s on. */
function emptied(late: Late, count = 2): AutoscaledWorld {
  const world = lateWorld([{ ...STD, count, min: 1, max: 10 }], late);
  let busy: number[] = [];
  world.at(1, () => (busy = world.pods(4 * count)));
  world.at(95, () => world.finish(busy.filter((pod) => world.cluster.pods.node[pod] !== 0)));
  return world;
}

const onNode = (name: string, more: object = {}): { readonly cpu: string; readonly spec: object } => (
  { cpu: '1', spec: { nodeSelector: { 'kubernetes.io/hostname': name }, containers: [{ name: 'c', image: 'i', resources: { requests: { cpu: '1' } } }], ...more } }
);

describe('growing', () => {
  test.each([{}, { watchDelay: 0 }, { requestLatency: 0 }, { watchDelay: 5 }, { watchDelay: 5, requestLatency: 1 }])('%j: a pod that has got its node is seen to wait still', (late: Late) => {
    const world = lateWorld([{ ...STD, count: 1, max: 10 }], late);
    let busy: number[] = [];
    world.at(1, () => (busy = world.pods(4)));
    world.at(9, () => world.pod());
    world.at(17, () => world.finish(busy.slice(0, 1)));
    const log = world.until(200);
    // Bound at 17 s, which is seen at 22 s: the loop at 20 s grows in vain.
    expect(world.layout.startsWith('std-0:4')).toBe(true);
    expect(log).toBe(late.watchDelay === 5 ? `20 scaleUp std +1\n${String(80 + (late.requestLatency ?? 0))} std-1 is there` : '');
  });

  test('nodes that were asked for are counted until they are seen, and pods seen late are no reason to ask again', () => {
    const world = lateWorld([{ ...STD, count: 1, max: 10 }], { watchDelay: 25, requestLatency: 3 });
    world.at(1, () => world.pods(12));
    expect(world.until(80)).toBe('30 scaleUp std +2');
    // They join, unseen: 33 s + 60 s.
    expect(world.until(100)).toBe('93 std-1 is there\n93 std-2 is there');
    expect([world.cluster.totals.nodesAlive, world.seen.totals.nodesAlive, world.cluster.totals.podsPending]).toEqual([3, 1, 0]);
    expect(world.until(600)).toBe('');
    expect([world.seen.totals.nodesAlive, world.autoscaler.nodesAdded, world.autoscaler.scaleUpEvents]).toEqual([3, 2, 1]);
  });

  test('no more nodes than a pool may have, of a pool that was never seen', () => {
    const world = lateWorld([{ ...STD, count: 1 }, { ...STD, name: 'new', count: 0, max: 2 }], { watchDelay: 40 });
    for (let second = 1; second < 200; second += 7) world.at(second, () => world.pods(3));
    world.until(1000);
    expect(world.autoscaler.nodesAdded).toBe(2);
    expect(world.layout).toBe('std-0:4 new-0:4 new-1:4');
  });
});

describe('shrinking', () => {
  test('on time to the second where nothing is unseen', () => {
    const logs = [{}, { watchDelay: 0 }, { requestLatency: 0 }, { watchDelay: 4 }].map((late) => emptied(late, 4).until(3000));
    expect(logs[0]).toBe('710 scaleDown std -3\n715 std-1 is gone\n715 std-2 is gone\n715 std-3 is gone');
    expect(new Set(logs).size).toBe(1);
    // The taint arrives after 2 s, the removal after 2 s.
    expect(emptied({ requestLatency: 2 }, 4).until(3000)).toBe('710 scaleDown std -3\n719 std-1 is gone\n719 std-2 is gone\n719 std-3 is gone');
  });

  test('an empty node that has got a pod, unseen, is given back with it', () => {
    const world = emptied({ watchDelay: 25 });
    let pod = -1;
    world.at(725, () => (pod = world.pod(onNode('std-1'))));
    expect(world.until(732)).toBe('730 scaleDown std -1');
    expect(nodeNamed(world, 'std-1')).toEqual({ unschedulable: true, taints: [TO_BE_DELETED] });
    expect(world.seen.nodes.pods[1]).toEqual([]);
    expect(world.until(760)).toBe('');
    expect(nodeNamed(world, 'std-1')).toEqual({ unschedulable: false, taints: [] });
    expect(world.cluster.pods.phase[pod]).toBe(PodPhase.Running);
    expect(world.autoscaler.nodesRemoved).toBe(0);
  });

  test('a drained node that has got a pod, unseen, is given back; what was evicted has gone', () => {
    const world = lateWorld([{ ...STD, count: 2, min: 1, max: 10 }], { watchDelay: 25 });
    const cordonFirst = (isCordoned: boolean): void => world.cluster.setUnschedulable(0, isCordoned);
    let pods: number[] = [];
    world.at(0, () => cordonFirst(true));
    world.at(1, () => (pods = world.pods(1)));
    world.at(2, () => cordonFirst(false));
    world.at(3, () => world.pod(onNode('std-0')));
    const ripe = 640;
    world.at(ripe - 5, () => pods.push(world.pod(onNode('std-1'))));
    expect(world.until(ripe)).toBe(`${String(ripe)} scaleDown std -1`);
    expect(world.until(ripe + 6)).toBe('');
    expect(world.layout).toBe('std-0:2 std-1:1');
    // The grace period and 30 s more, counted from the eviction 5 s after the taint, and seen every 5 s.
    world.until(ripe + 64);
    expect(nodeNamed(world, 'std-1')).toEqual({ unschedulable: true, taints: [TO_BE_DELETED] });
    expect(world.until(ripe + 66)).toBe('');
    expect(nodeNamed(world, 'std-1')).toEqual({ unschedulable: false, taints: [] });
    expect([world.cluster.pods.phase[pods[1]], world.autoscaler.nodesRemoved]).toEqual([PodPhase.Running, 0]);
  });

  test('a node that somebody else has changed meanwhile is read anew', () => {
    const world = emptied({ watchDelay: 25 });
    const mine: Taint = { key: 'mine', effect: 'PreferNoSchedule' };
    world.at(725, () => world.cluster.setTaints(1, [...world.cluster.nodes.facts[1].taints, mine]));
    expect(world.until(730.7)).toBe('730 scaleDown std -1');
    expect(nodeNamed(world, 'std-1')?.taints).toEqual(['DeletionCandidateOfClusterAutoscaler', 'mine']);
    expect(world.until(731)).toBe('');
    expect(nodeNamed(world, 'std-1')?.taints).toEqual(['mine', TO_BE_DELETED]);
    expect(world.until(760)).toBe('735.75 std-1 is gone');
  });

  test('where one node is gone, unseen, the others of its kind are given back, and the next comes after a failure', () => {
    const world = emptied({ watchDelay: 25, requestLatency: 1 }, 4);
    world.at(725, () => world.cluster.removeNode(2));
    expect(world.until(731.5)).toBe('725 std-2 is gone\n730 scaleDown std -3');
    expect(nodeNamed(world, 'std-1')?.taints).toEqual([TO_BE_DELETED]);
    // The watch has not shown the taint yet: a conflict, read after 0.75 s and 1 s, and written after another second.
    world.until(736);
    expect(nodeNamed(world, 'std-1')).toEqual({ unschedulable: false, taints: [] });
    // The loop at 740 s has not seen the taint; unneeded from then on. The taint arrives after 1 s, the removal after 1 s.
    expect(world.until(1500)).toBe('1350 scaleDown std -2\n1357 std-1 is gone\n1357 std-3 is gone');
  });

  test('a node that was given back is none to be taken away while it is seen tainted, and has to ripen anew', () => {
    const world = emptied({ watchDelay: 28, requestLatency: 1 }, 4);
    world.at(735, () => world.cluster.removeNode(2));
    // Tainted at 741 s, and given back at 743 s: seen from 769 s to 771 s.
    expect(world.until(770)).toBe('735 std-2 is gone\n740 scaleDown std -3');
    expect(world.seen.nodes.facts[1].taints.map(({ key }) => key)).toContain(TO_BE_DELETED);
    expect(nodeNamed(world, 'std-1')?.taints).not.toContain(TO_BE_DELETED);
    expect(world.until(1385)).toBe('');
    expect(world.until(1391)).toBe('1390 scaleDown std -2');
  });

  test('pods that are gone when their eviction arrives were evicted', () => {
    const world = lateWorld([{ ...STD, count: 1, min: 0, max: 10 }, { name: 'fixed', count: 1, cpu: '4', memory: '16Gi' }], { watchDelay: 25, requestLatency: 1 });
    let pods: number[] = [];
    world.at(1, () => world.cluster.setUnschedulable(world.cluster.nodeRow('fixed-0'), true));
    world.at(2, () => (pods = world.pods(1)));
    world.at(5, () => world.cluster.setUnschedulable(world.cluster.nodeRow('fixed-0'), false));
    let at = 600;
    while (world.until(at) === '') at += 5;
    at -= at % 10;
    expect(at).toBeGreaterThan(600);
    world.at(at + 6, () => world.finish(pods));
    expect(world.until(at + 60)).toMatch(new RegExp(`^${String(at + 14)} std-0 is gone$`));
  });
});

describe('a loop waits for its answers', () => {
  test('and the next one comes at the next multiple of the interval', () => {
    const loops = (late: Late): number => {
      const world = emptied(late, 14);
      world.until(100);
      const before = world.autoscaler.loops;
      world.until(400);
      return world.autoscaler.loops - before;
    };
    expect(loops({})).toBe(30);
    // From 100 s on each loop puts a soft taint on a node, which takes 25 s: no other is begun after 3 s.
    expect(loops({ requestLatency: 25 })).toBe(10);
  });
});
