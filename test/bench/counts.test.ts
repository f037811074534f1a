/**
 * What speed rests on, gated by counts that depend on the code alone: how many nodes are worked out anew for a decision,
 * how often remembered answers do, bytes a pod and a pending event, garbage an event. Times are recorded elsewhere.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { PodTable } from '../../src/cluster/pod-table.ts';
import { createInputFiles } from '../../src/io/input-files.ts';
import { planPerf, playWorkload } from '../../src/scheduler-perf/scheduler-perf.ts';
import { EventQueue } from '../../src/kernel/event-queue.ts';
import { Kernel } from '../../src/kernel/kernel.ts';
import { unschedulable } from '../../src/scheduler/framework/plugin-api.ts';
import { plugin, SchedulerWorld } from '../scheduler/scheduler-world.ts';

const SHAPES = 'bench/macro/scheduler-perf/performance-config.yaml';
const counted = planPerf([SHAPES], { cases: [], workloads: [], labels: ['counted'] }, createInputFiles()).workloads;

describe('a decision', () => {
  test.each(counted.map((planned) => [planned.perfCase.name, planned] as const))('of %s works out a few nodes anew and remembers the others', (_name, planned) => {
    const { decisions, scheduled, pods, nodes, nodesFiltered, nodesEvaluated } = playWorkload(planned, { plain: false, now: () => 0 });
    expect(scheduled).toBe(pods);
    // Every node once for each of up to six templates, and then the one that the decision before has changed (pods before the measured ones count, too).
    expect(nodesEvaluated).toBeLessThan(2 * decisions + 6 * nodes);
    expect(1 - nodesEvaluated / nodesFiltered).toBeGreaterThan(0.97);
  });

  test('of the plain scan works out every node: the counters count', () => {
    const { nodesFiltered, nodesEvaluated } = playWorkload(counted[0], { plain: true, now: () => 0 });
    expect(nodesEvaluated).toBe(0);
    expect(nodesFiltered).toBeGreaterThan(100_000);
  });
});

describe('templates that differ only in labels, priority or affinity to pods', () => {
  const NODES = 60;
  const apart = { podAntiAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 1, podAffinityTerm: { topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: { app: 'b' } } } }] } };

  function missesOf(world: SchedulerWorld): number {
    world.nodes(NODES);
    world.pod('first', '1', {}, { app: 'a' });
    world.pod('second', '1', { priority: 0 }, { app: 'b' });
    world.pod('third', '1', { affinity: apart }, { app: 'c' });
    world.runTo(1);
    expect(world.scheduler.decisions).toBe(3);
    return world.scheduler.algorithm.cacheMisses;
  }

  test('share what is remembered of each node', () => {
    expect(missesOf(new SchedulerWorld())).toBe(NODES + 2);
  });

  test('do not where a plugin that is remembered may look at more than the spec', () => {
    const byLabel = plugin('ByLabel', { dependence: { filter: 'facts' }, filter: (_state, pod, node) => (pod.template.labels.get('app') === node.name ? unschedulable('ByLabel', 'no') : null) });
    expect(missesOf(new SchedulerWorld({ plugins: [byLabel], also: { filter: ['ByLabel'] } }))).toBeGreaterThanOrEqual(3 * NODES);
  });

  test('do not where they ask for other amounts', () => {
    const world = new SchedulerWorld();
    world.nodes(NODES);
    for (const [i, cpu] of ['1', '2', '1', '2'].entries()) world.pod(`p${i}`, cpu, {}, { app: `app-${i}` });
    world.runTo(1);
    expect(world.scheduler.algorithm.cacheMisses).toBe(2 * NODES + 4);
  });
});

describe('memory', () => {
  test('of a pod is at most 128 bytes of columns, and rows are used again', () => {
    const pods = new PodTable();
    const rows = Array.from({ length: 1 << 16 }, () => pods.allocate());
    const columns = Object.values(pods).filter((value): value is Float64Array => ArrayBuffer.isView(value));
    const bytes = columns.reduce((sum, column) => sum + column.byteLength, 0);
    expect(columns.length).toBeGreaterThan(10);
    expect(bytes / rows.length).toBeLessThan(128 * 1.5);
    const { capacity } = pods;
    for (let round = 0; round < 3; round++) {
      for (const row of rows) pods.free(row);
      for (let i = 0; i < rows.length; i++) rows[i] = pods.allocate();
    }
    expect(pods.capacity).toBe(capacity);
  });

  test('of a pending event is at most 100 bytes, all instants distinct', () => {
    const queue = new EventQueue(8);
    const kind = queue.defineKind(0);
    const count = 1 << 20;
    for (let i = 0; i < count; i++) queue.push(i + 1, kind, i, 0);
    expect(queue.allocatedBytes / count).toBeLessThanOrEqual(100);
  });

  test('is not allocated for an event in the steady state', () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const kernel = new Kernel({ seed: 'steady' });
    let state = 1;
    const hold = kernel.defineEvent('hold', 0, (a) => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff;
      kernel.after(1 + (state % 100_000), hold, a);
    });
    for (let a = 0; a < 1000; a++) kernel.at(1 + a * 97, hold, a);
    kernel.run({ maxEvents: 400_000 });
    const events = 100_000;
    const growth = [0, 1, 2].map(() => {
      collect();
      const before = process.memoryUsage().heapUsed;
      kernel.run({ maxEvents: events });
      return (process.memoryUsage().heapUsed - before) / events;
    });
    // An object would be 16 bytes at least; the heap moves a little by itself.
    expect(Math.min(...growth)).toBeLessThan(8);
  });
});
