/**
 * Attempts that fail as the one before are not made again, and rounds of them pass in one step: the twin is the plain
 * scan, which makes each. Same digest, words, counts, random numbers, places in the queue, backoffs.
 */
import { describe, expect, test } from 'vitest';
import { Cluster } from '../../src/cluster/cluster.ts';
import { KUBERNETES_VERSIONS } from '../../src/cluster/kubernetes-versions.ts';
import { Kernel } from '../../src/kernel/kernel.ts';
import { unschedulable } from '../../src/scheduler/framework/plugin-api.ts';
import type { PluginFactory } from '../../src/scheduler/framework/plugin-api.ts';
import { pluginRegistry } from '../../src/scheduler/plugins/registry.ts';
import { churnScheduler } from '../support/churn-scheduler.ts';
import { fullCellRun } from '../support/full-cell.ts';
import type { FullCellOptions } from '../support/full-cell.ts';

const CELLS = [
  { seed: 'small', nodes: 6, crowd: 40, seconds: 60 },
  { seed: 'wide', nodes: 30, crowd: 120, seconds: 40 },
  { seed: 'narrow', nodes: 2, crowd: 60, seconds: 60 },
] as const;

/** The part of the failed attempts that was not made. */
function expectEqual(options: Omit<FullCellOptions, 'plain'>): number {
  return expectSame(options).share;
}

function expectSame(options: Omit<FullCellOptions, 'plain'>) {
  const { repeated, longest, ...fast } = fullCellRun({ ...options, plain: false });
  const { repeated: inPlain, longest: longestInPlain, ...plain } = fullCellRun({ ...options, plain: true });
  expect([inPlain, longestInPlain]).toEqual([0, 0]);
  expect(fast).toEqual(plain);
  expect(fast.unschedulable).toBeGreaterThan(400);
  return { share: repeated / fast.unschedulable, longest, rooms: fast.rooms.length };
}

describe('failed attempts that are not made again', () => {
  test.each(KUBERNETES_VERSIONS.flatMap((kubernetes) => CELLS.map((cell) => ({ kubernetes, ...cell }))))(
    'leave the same as if they had been made: $seed cell, $kubernetes',
    (cell) => {
      expect(expectEqual(cell)).toBeGreaterThan(0.3);
    },
  );

  test.each([1, 2, 3, 7, 100])('are the same in a run that is cut after every %i events', (slice) => {
    const { longest: _whole, ...whole } = fullCellRun({ ...CELLS[0], plain: false });
    const { longest: _cut, ...cut } = fullCellRun({ ...CELLS[0], plain: false, slice });
    expect(cut).toEqual(whole);
  });

  test.each(['preFilter', 'filter', 'inert', 'postFilter'] as const)(
    'are made where a plugin that promises nothing has a %s',
    (moody) => {
      expect(expectEqual({ ...CELLS[0], moody })).toBe(0);
    },
  );

  test.each<[string, Partial<FullCellOptions>]>([
    ['two profiles', { packer: 'profile' }],
    ['two schedulers', { packer: 'process' }],
    ['a scheduler that sees all of it late', { lateMicros: 700_000 }],
    ["two late schedulers that take each other's nodes", { packer: 'process', lateMicros: 300_000 }],
    ['gates', { isGated: true, crowd: 150 }],
    ['cycles that take no time', { cycleMicros: 0 }],
    ['cycles longer than from one event to the next', { cycleMicros: 60_000 }],
    ["a QueueSort of one's own", { isLastFirst: true }],
    [
      'all of them',
      { packer: 'process', lateMicros: 50_000, isGated: true, crowd: 150, looks: true, cycleMicros: 700 },
    ],
  ])('leave the same with %s', (_what, more) => {
    for (const seed of ['one', 'other']) {
      const { share, longest } = expectSame({ ...CELLS[0], seconds: 40, seed, ...more });
      expect(share).toBeGreaterThan(0.1);
      if (more.cycleMicros !== 60_000 && more.isLastFirst !== true) expect(longest).toBeGreaterThan(3);
    }
  });

  test.each([0, 1, 2])('stop for a look at what nodes have left, which is told at the same moments (%i)', (seed) => {
    const options = { ...CELLS[2], seed: `looks-${seed}`, seconds: 600, cycleMicros: 50_000, kinds: 1, looks: true };
    const { longest, rooms } = expectSame(options);
    expect(longest).toBeGreaterThan(3);
    // When it first fails, and then every minute or more: most are due within a stretch.
    expect(rooms).toBeGreaterThan(5);
  });

  test('are made where somebody wants to know what each node said', () => {
    expect(expectEqual({ ...CELLS[0], isWatched: true })).toBe(0);
  });

  // The look at 330 s takes all that wait, and is not due again while nobody does. The pod in flight is gated when it
  // comes back, and asks for no other look (in v1.36): whoever fails next has to.
  test('let the look at those that wait for long come again when it took all but one in flight', () => {
    const played = [false, true].map((plain) => {
      const kernel = new Kernel({ seed: 'look' });
      const cluster = new Cluster(kernel, '1.36');
      cluster.addNode({ metadata: { name: 'n' }, status: { allocatable: { cpu: '1', pods: '10' } } });
      const gate: PluginFactory = {
        name: 'Gate',
        summary: 'for tests',
        create: (_args, { now }) => ({
          name: 'Gate',
          preEnqueue: ({ row }) => (row === 5 && now() >= 330_000_000 ? unschedulable('Gate', 'shut') : null),
        }),
      };
      const head = { apiVersion: 'kubescheduler.config.k8s.io/v1', kind: 'KubeSchedulerConfiguration' };
      const plugins = { preEnqueue: { enabled: [{ name: 'Gate' }] } };
      const configuration = { ...head, profiles: [{ schedulerName: 'default-scheduler', plugins }] };
      const registry = new Map([...pluginRegistry(), ['Gate', gate] as const]);
      const { scheduler } = churnScheduler(kernel, cluster, { plain, registry, reapMicros: 1, configuration });
      const containers = [{ name: 'c', image: 'i', resources: { requests: { cpu: '2' } } }];
      const { id: template } = cluster.internTemplate({ metadata: {}, spec: { containers } });
      const nameBase = cluster.names.intern('p');
      const seed = { owner: -1, workloadClass: 0, durationMicros: Infinity, pinnedNode: -1, nominatedNode: -1 };
      const create = kernel.defineEvent('create', 2, (from, end) => {
        for (let i = from; i < end; i++) cluster.createPod({ template, nameBase, nameOrdinal: i, ...seed });
      });
      kernel.at(0, create, 0, 5);
      kernel.at(330_000_000 - 500, create, 5, 6);
      kernel.run({ until: 1_000_000_000 });
      const { queue, cycle } = scheduler;
      const attempts = [0, 1, 2, 3, 4, 5].map((pod) => [queue.attempts(pod), queue.lastFailureAt(pod)]);
      return { repeated: cycle.repeats.repeated, left: { events: kernel.eventCount, attempts } };
    });
    const [fast, plain] = played;
    expect(fast.left).toEqual(plain.left);
    expect([fast.repeated > 5, plain.repeated]).toEqual([true, 0]);
    expect(plain.left.attempts.map(([attempts]) => attempts)).toEqual([4, 4, 4, 4, 4, 1]);
  });
});
