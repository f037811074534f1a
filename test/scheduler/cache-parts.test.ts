// What the scheduler's cache keeps beside its sums: who changed, label values as numbers, counters of pods by domain, and
// what is frozen of images.
import { describe, expect, test } from 'vitest';
import { EvictionCause } from '../../src/cluster/cluster.ts';
import type { Node } from '../../src/cluster/objects.ts';
import { CHANGE_RING, FREE_PODS } from '../../src/scheduler/cache/cached-nodes.ts';
import { checkSchedulerCache } from '../../src/scheduler/cache/check-cache.ts';
import { LabelColumn } from '../../src/scheduler/cache/label-columns.ts';
import { Placements } from '../../src/scheduler/cache/placements.ts';
import type { PlacementCounter } from '../../src/scheduler/cache/placements.ts';
import { fixture, node, pod } from '../support/scheduler-fixture.ts';
import type { SchedulerFixture } from '../support/scheduler-fixture.ts';

const asking = (name: string, requests: Readonly<Record<string, string>>, nodeName = '') =>
  pod(name, {}, { containers: [{ name: 'main', resources: { requests } }], ...(nodeName === '' ? {} : { nodeName }) });

test('the ring holds the rows of the last changes, however many there were', () => {
  const { cache } = fixture({ nodes: [node('n1'), node('n2'), node('n3')] });
  const { nodes } = cache;
  const told: number[] = [];
  for (let i = 0; i < CHANGE_RING + 100; i++) {
    const row = (i * i) % 3;
    told.push(row);
    nodes.touch(row);
  }
  const ring = Array.from({ length: CHANGE_RING }, (_, i) => nodes.changedRows[(nodes.changeCount - CHANGE_RING + i) & (CHANGE_RING - 1)]);
  expect(ring).toEqual(told.slice(-CHANGE_RING));
});

describe('resources that are heard of late', () => {
  const amountsOf = ({ cache }: SchedulerFixture, name: string): unknown => {
    const info = cache.nodeInfo(cache.nodeRow(name));
    const numbers = (source: Float64Array, from: number, count: number): number[] => [...source.subarray(from, from + count)];
    return [numbers(info.allocatable, info.base, 2), numbers(info.requested, info.base, 2), numbers(info.nonZero, info.nonZeroBase, FREE_PODS + 1)];
  };

  test('leave the amounts of nodes and pods that are there as they were', () => {
    const world = fixture({ nodes: [node('n1'), node('n2')], pods: [asking('a', { cpu: '2', memory: '1Gi' }, 'n1'), asking('b', { cpu: '1' }, 'n2')] });
    const before = ['n1', 'n2'].map((name) => amountsOf(world, name));
    expect(before[0]).toEqual([[8000, 32 * 1024 ** 3], [2000, 1024 ** 3], [2000, 1024 ** 3, 109]]);
    const { stride } = world.cache.nodes;
    for (let i = 0; i < 9; i++) world.addPod(asking(`late-${i}`, { [`example.com/r${i}`]: '3' }));
    world.cluster.addNode(node('n3', {}, { status: { allocatable: { cpu: '1', pods: '5', 'example.com/r8': '7' } } }));
    expect(world.cache.nodes.stride).toBeGreaterThan(stride);
    expect(['n1', 'n2'].map((name) => amountsOf(world, name))).toEqual(before);
    checkSchedulerCache(world.cache);
    const { nodes, resources } = world.cache;
    const row = world.cache.nodeRow('n3');
    expect(nodes.allocatable[nodes.info[row].base + resources.find('example.com/r8')]).toBe(7);
    expect([...(nodes.offering.get(resources.find('example.com/r8')) ?? [])]).toEqual([row]);
    expect(nodes.offering.get(resources.find('example.com/r7'))).toBeUndefined();
  });

  test('before the first node is there, too', () => {
    const world = fixture({ pods: [asking('a', { 'example.com/r1': '1', 'example.com/r2': '1', 'example.com/r3': '1', 'example.com/r4': '1' })] });
    world.cluster.addNode(node('n1'));
    world.addPod(asking('b', { cpu: '3', 'example.com/r4': '2' }, 'n1'));
    checkSchedulerCache(world.cache);
    const { nodes, resources } = world.cache;
    expect(nodes.requested[nodes.info[0].base + resources.find('example.com/r4')]).toBe(2);
  });
});

describe('a column of label values', () => {
  test('gives equal values equal numbers, keeps them, and tells when one changed', () => {
    const column = new LabelColumn('disk');
    column.grow(4);
    const write = (row: number, value?: string): readonly number[] => {
      column.write(row, new Map(value === undefined ? [] : [['disk', value]]));
      return [column.ids[row], column.size, column.version];
    };
    expect(write(0, 'ssd')).toEqual([0, 1, 1]);
    expect(write(1, 'hdd')).toEqual([1, 2, 2]);
    expect(write(2, 'ssd')).toEqual([0, 2, 3]);
    expect(write(2, 'ssd')).toEqual([0, 2, 3]);
    expect(write(3)).toEqual([-1, 2, 3]);
    expect(write(0)).toEqual([-1, 2, 4]);
    expect(write(0, 'hdd')).toEqual([1, 2, 5]);
    column.grow(6);
    expect([...column.ids.subarray(0, 6)]).toEqual([1, 1, 0, -1, -1, -1]);
  });

  test('is made from the nodes that there are, and follows them from then on', () => {
    const world = fixture({ nodes: [node('n1', { rack: 'a' }), node('n2'), node('n3', { rack: 'b' })] });
    const { nodes } = world.cache;
    const column = nodes.labelColumn('rack');
    expect([...column.ids.subarray(0, 3)]).toEqual([0, -1, 1]);
    expect(nodes.labelColumn('rack')).toBe(column);
    world.cluster.updateNode(1, node('n2', { rack: 'b' }));
    for (let i = 4; i < 40; i++) world.cluster.addNode(node(`n${i}`, { rack: 'c' }));
    expect([...column.ids.subarray(0, 5)]).toEqual([0, 1, 1, 2, 2]);
  });
});

describe('a counter of pods', () => {
  const counterOf = (told: string[], concerns = true): PlacementCounter => ({
    concerns: () => concerns,
    podCame: (_template, row, terminating) => told.push(`came to ${row}${terminating ? ' going' : ''}`),
    podLeft: (_template, row, terminating) => told.push(`left ${row}${terminating ? ' going' : ''}`),
    podTerminating: (_template, row) => told.push(`going on ${row}`),
    nodeCame: (row) => told.push(`node ${row} came`),
    nodeChanged: (row, labels) => told.push(`node ${row} changed${labels ? ' labels' : ''}`),
    nodeLeft: (row) => told.push(`node ${row} left`),
    dropped: () => told.push('dropped'),
  });

  test('hears of what is there, and of each change while it is kept', () => {
    const world = fixture({ nodes: [node('n1'), node('n2')], pods: [pod('a', {}, { nodeName: 'n1' }), pod('b', {}, { nodeName: 'n2' })] });
    const { cluster, cache } = world;
    world.terminate('b');
    const placements = new Placements(cache);
    const told: string[] = [];
    const deaf: string[] = [];
    const counter = counterOf(told);
    placements.keep(counter);
    placements.keep(counterOf(deaf, false));
    expect(told.splice(0)).toEqual(['node 0 came', 'came to 0', 'node 1 came', 'came to 1 going']);
    world.terminate('a');
    world.remove('a');
    world.remove('b');
    expect(told.splice(0)).toEqual(['going on 0', 'left 0 going', 'left 1 going']);
    const row = world.addPod(pod('c'));
    cache.assumePod(row, 0);
    cache.forgetPod(row);
    cache.assumePod(row, 1);
    cluster.bindPod(row, 0);
    expect(told.splice(0), 'bound elsewhere').toEqual(['came to 0', 'left 0', 'came to 1', 'left 1', 'came to 0']);
    cluster.updateNode(0, node('n1', { rack: 'a' }));
    cluster.updateNode(0, node('n1', { rack: 'a' }, { spec: { unschedulable: true } }));
    cluster.removeNode(0);
    cluster.addNode(node('n1'));
    expect(told.splice(0)).toEqual(['node 0 changed labels', 'node 0 changed', 'left 0', 'node 0 left', 'node 0 came', 'came to 0']);
    placements.drop(counter);
    world.remove('c');
    placements.drop(counter);
    expect(told).toEqual(['dropped']);
    expect(deaf.filter((line) => !line.startsWith('node'))).toEqual([]);
  });

  test('is dropped when nobody has asked it for longer than it would take to make it anew', () => {
    const world = fixture({ nodes: [node('n1')] });
    const { cache } = world;
    const placements = new Placements(cache);
    const [used, idle]: [string[], string[]] = [[], []];
    const counter = counterOf(used);
    placements.keep(counter);
    placements.keep(counterOf(idle));
    const row = world.addPod(pod('p'));
    const changes = (lines: readonly string[]): number => lines.filter((line) => /^came|^left/.test(line)).length;
    for (let i = 0; i < 1_500; i++) {
      cache.assumePod(row, 0);
      cache.forgetPod(row);
      if (i % 100 === 0) placements.used(counter);
    }
    expect([changes(used), used.includes('dropped')]).toEqual([3_000, false]);
    expect([changes(idle), idle[idle.length - 1]]).toEqual([2_001, 'dropped']);
    placements.used(counterOf([]));
  });
});

describe('what is frozen of images', () => {
  const holding = (name: string, ...images: string[]): Node =>
    node(name, {}, { status: { allocatable: { cpu: '8', pods: '110' }, images: images.map((image) => ({ names: [image], sizeBytes: 1000 })) } });
  const countOn = ({ cache, snapshot }: SchedulerFixture, name: string): number => snapshot.imageState(cache.nodeInfo(cache.nodeRow(name)), 'x')?.nodes ?? 0;

  test('follows when a pod on the node, or the node, is touched by anything', () => {
    const world = fixture({ nodes: [holding('a', 'x')], pods: [pod('p', {}, { nodeName: 'a' }), pod('q')] });
    const { cluster, cache, snapshot } = world;
    const [p, q] = [world.row('p'), world.row('q')];
    const changes: [string, () => void][] = [
      ['assumed', () => { cache.assumePod(q, 0); }],
      ['forgotten', () => { cache.forgetPod(q); }],
      ['bound', () => { cluster.placePod(q, 0); }],
      ['started', () => { cluster.startPod(q); }],
      ['labels', () => { cluster.updatePod(p, cluster.internTemplate(pod('p', { app: 'new' })).id); }],
      ['nothing new', () => { cluster.updatePod(p, cluster.pods.template[p]); }],
      ['terminating', () => { cluster.terminatePod(p, EvictionCause.Api); }],
      ['removed', () => { world.remove('p'); }],
    ];
    changes.forEach(([what, change], i) => {
      cluster.addNode(holding(`b${i}`, 'x'));
      snapshot.refresh();
      expect(countOn(world, 'a'), `${what}: not yet`).toBe(i + 1);
      const version = snapshot.imagesVersion(0);
      change();
      snapshot.refresh();
      expect(countOn(world, 'a'), what).toBe(i + 2);
      expect(snapshot.imagesVersion(0), what).toBe(version + 1);
      snapshot.touch(0);
      snapshot.refresh();
      expect(snapshot.imagesVersion(0), `${what}: nothing is new`).toBe(version + 1);
    });
  });

  test('stays as it was where the changes are to be forgotten', () => {
    const world = fixture({ nodes: [holding('a', 'x'), holding('b')] });
    const { cluster, snapshot } = world;
    cluster.updateNode(1, holding('b', 'x'));
    snapshot.touch(0);
    snapshot.forgetTouches();
    snapshot.refresh();
    expect([countOn(world, 'a'), countOn(world, 'b')]).toEqual([1, 0]);
    snapshot.touch(0);
    snapshot.touch(1);
    snapshot.refresh();
    expect([countOn(world, 'a'), countOn(world, 'b')]).toEqual([2, 2]);
  });
});
