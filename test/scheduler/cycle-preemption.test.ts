/**
 * Preemption from end to end: who goes, when, and what becomes of the preemptor (pkg/scheduler/framework/preemption,
 * v1.36, v1.37).
 */
import { describe, expect, test } from 'vitest';
import { EvictionCause } from '../../src/cluster/cluster.ts';
import type { Status } from '../../src/scheduler/framework/plugin-api.ts';
import { Code } from '../../src/scheduler/framework/plugin-api.ts';
import { SchedulerWorld, plugin } from './scheduler-world.ts';
import type { SchedulerWorldOptions } from './scheduler-world.ts';

/** What is said of a preemption that makes room on n0. */
const MADE_ROOM =
  '0/1 nodes are available: 1 Insufficient cpu. preemption: found a potential placement for pod on node n0, preempting 1 victims';
const NOT_HELPFUL = '1 Preemption is not helpful for scheduling';
const WAIT: Status = { code: Code.Wait, reasons: [], plugin: '' };

/** n0 with 2 cores, taken by two pods of priority 0. */
function fullNode(options: SchedulerWorldOptions = {}): SchedulerWorld {
  const world = new SchedulerWorld(options);
  world.node('n0', { cpu: '2' });
  world.placed('a', 'n0');
  world.placed('b', 'n0');
  return world;
}

describe('a pod of higher priority', () => {
  test('has a less important pod deleted after its cycle, is nominated, waits for the room and gets it', () => {
    const world = fullNode();
    world.pod('vip', '1', { priority: 100 });
    world.runTo(0.5);
    expect(world.log).toEqual(['0.001 vip failed', '0.001 vip preempted b']);
    expect(world.messages).toEqual([MADE_ROOM]);
    expect(world.cluster.pods.cause[world.row('b')]).toBe(EvictionCause.Preemption);
    expect(world.cluster.nominatedNodeName(world.row('vip'))).toBe('n0');
    expect(world.where('vip')).toBe('Unschedulable');
    world.runTo(5);
    expect(world.log.slice(2)).toEqual(['2.001 b removed', '2.002 vip chosen for n0', '2.004 vip bound to n0']);
    expect(world.cluster.nominatedNodeName(world.row('vip'))).toBe('');
    expect(world.scheduler.queue.nominator.size).toBe(0);
  });

  test('is gated until the deletions have been asked for, however it is activated', () => {
    const world = fullNode();
    const vip = world.pod('vip', '2', { priority: 100 });
    const seen: string[] = [];
    world.scheduler.listeners.push({
      cycleFailed: () => {
        world.scheduler.queue.activate([vip]);
        seen.push(world.where('vip'));
      },
    });
    world.runTo(1);
    expect(world.log).toEqual(['0.001 vip failed', '0.001 vip preempted a', '0.001 vip preempted b']);
    expect(seen).toEqual(['gated by DefaultPreemption']);
    expect(world.where('vip')).toBe('gated by DefaultPreemption');
    world.runTo(10);
    expect(world.where('vip')).toBe('on n0');
  });

  test('that never preempts only waits', () => {
    const world = fullNode();
    world.pod('vip', '1', { priority: 100, preemptionPolicy: 'Never' });
    world.runTo(1);
    expect(world.messages).toEqual([
      '0/1 nodes are available: 1 Insufficient cpu. preemption: not eligible due to preemptionPolicy=Never.',
    ]);
    expect(world.cluster.totals.podsTerminating).toBe(0);
  });

  test('does not take from its equals, nor where nothing would help', () => {
    const world = fullNode();
    world.pod('equal', '1');
    world.pod('huge', '3', { priority: 100 });
    world.runTo(1);
    expect(world.messages).toEqual([
      `0/1 nodes are available: 1 Insufficient cpu. preemption: 0/1 nodes are available: ${NOT_HELPFUL}.`,
      '0/1 nodes are available: 1 Insufficient cpu. preemption: 0/1 nodes are available: 1 No preemption victims found for incoming pod.',
    ]);
    expect(world.where('huge')).toBe('Unschedulable');
  });

  test('waits for the victims of its own preemption instead of asking for more', () => {
    const world = fullNode();
    const vip = world.pod('vip', '1', { priority: 100 });
    world.runTo(0.5);
    world.scheduler.queue.activate([vip]);
    world.runTo(1);
    expect(world.messages.at(-1)).toBe(
      '0/1 nodes are available: 1 Insufficient cpu. preemption: not eligible due to a terminating pod on the nominated node.',
    );
    expect(world.cluster.totals.podsTerminating).toBe(1);
    expect(world.cluster.nominatedNodeName(vip)).toBe('n0');
  });
});

describe('the nominated node', () => {
  test('is kept from pods that are no more important than the preemptor', () => {
    const world = fullNode();
    world.pod('vip', '1', { priority: 100 });
    world.runTo(0.5);
    world.pod('other', '500m', { priority: 50 });
    world.at(1, () => world.remove('a'));
    world.runTo(1.5);
    expect(world.where('vip')).toBe('on n0');
    expect(world.where('other')).not.toBe('on n0');
  });

  test('is free for a more important pod, whose preemption clears the lower nomination', () => {
    const world = fullNode();
    const vip = world.pod('vip', '1', { priority: 100 });
    world.runTo(0.5);
    world.pod('boss', '2', { priority: 500 });
    world.runTo(1);
    expect(world.log.slice(2)).toEqual(['0.501 boss failed', '0.501 boss preempted a', '0.502 vip failed']);
    expect(world.cluster.nominatedNodeName(vip)).toBe('');
    expect(world.scheduler.queue.nominator.podsOf('n0')).toEqual([world.row('boss')]);
    world.runTo(5);
    expect(world.where('boss')).toBe('on n0');
  });

  test('stays with pods that are as important as a later preemptor', () => {
    const world = fullNode();
    const [first, lower] = [world.pod('first', '1', { priority: 100 }), world.pod('lower', '1', { priority: 50 })];
    world.runTo(0.5);
    const nominated = [first, lower].map((row) => world.cluster.nominatedNodeName(row));
    world.pod('second', '1', { priority: 100 });
    world.runTo(1);
    expect(nominated).toEqual(['n0', 'n0']);
    expect([first, lower, world.row('second')].map((row) => world.cluster.nominatedNodeName(row))).toEqual(['n0', '', 'n0']);
    world.runTo(20);
    expect(['first', 'second', 'lower'].map((name) => world.where(name))).toEqual(['on n0', 'on n0', 'Unschedulable']);
  });

  test('is given up when the preemptor is deleted: others may try', () => {
    const world = fullNode();
    world.pod('vip', '1', { priority: 100 });
    world.runTo(0.5);
    world.pod('other', '1', { priority: 50 });
    world.runTo(2.5);
    expect(world.where('vip')).toBe('on n0');
    const again = fullNode();
    again.pod('vip', '1', { priority: 100 });
    again.runTo(0.5);
    again.remove('vip');
    expect(again.scheduler.queue.nominator.size).toBe(0);
    again.pod('other', '1', { priority: 50 });
    again.runTo(5);
    expect(again.where('other')).toBe('on n0');
  });

  test('is dropped when a later attempt finds nothing to preempt', () => {
    const world = fullNode();
    const vip = world.pod('vip', '1', { priority: 100 });
    world.runTo(0.5);
    world.cluster.setUnschedulable(0, true);
    world.scheduler.queue.activate([vip]);
    world.runTo(1);
    expect(world.messages.at(-1)).toContain(`preemption: 0/1 nodes are available: ${NOT_HELPFUL}.`);
    expect(world.cluster.nominatedNodeName(vip)).toBe('');
  });
});

describe('victims that are not running', () => {
  test('one that waits on Permit is sent back, not deleted', () => {
    const picky = plugin('Picky', { permit: (_state, pod) => ({ status: pod.name === 'waiter' ? WAIT : null, timeoutMicros: 600_000_000 }), eventsToRegister: () => [] });
    const world = new SchedulerWorld({ plugins: [picky], also: { permit: ['Picky'] } });
    world.node('n0', { cpu: '2' });
    world.pod('waiter', '2');
    world.runTo(1);
    expect(world.where('waiter')).toBe('assumed on n0');
    world.pod('vip', '2', { priority: 100 });
    world.runTo(1.5);
    expect(world.cluster.totals.podsTerminating).toBe(0);
    expect(world.messages).toEqual([MADE_ROOM, 'preempted']);
    expect(world.where('waiter')).toBe('ErrorBackoff');
    expect(world.where('vip')).toBe('on n0');
  });

  // The plugin says that the waiter's going helps nobody, so that no event wakes the preemptor.
  test.each([['1.36', 'Unschedulable'], ['1.37', 'on n0']] as const)('of %s: after one that waited on Permit the preemptor is %s', (kubernetes, where) => {
    const picky = plugin('Picky', {
      filter: (_state, _pod, node) => (node.pods.length > 0 ? { code: Code.Unschedulable, reasons: ['taken'], plugin: 'Picky' } : null),
      permit: (_state, pod) => ({ status: pod.name === 'waiter' ? WAIT : null, timeoutMicros: 600_000_000 }),
      eventsToRegister: () => [],
    });
    const world = new SchedulerWorld({ kubernetes, plugins: [picky], points: { filter: ['Picky'] }, also: { permit: ['Picky'] } });
    world.node('n0', { cpu: '2' });
    world.pod('waiter', '2');
    world.runTo(1);
    world.pod('vip', '2', { priority: 100 });
    world.runTo(4);
    expect([world.where('waiter').startsWith('on'), world.where('vip')]).toEqual([false, where]);
  });

  test('one that terminates already needs no call, and the preemptor no gate', () => {
    const world = new SchedulerWorld();
    world.node('n0', { cpu: '2' });
    world.placed('a', 'n0', '2');
    world.terminate('a');
    world.pod('vip', '2', { priority: 100 });
    world.runTo(1);
    expect(world.log).toEqual(['0.001 vip failed']);
    expect(world.cluster.nominatedNodeName(world.row('vip'))).toBe('n0');
    expect(world.where('vip')).toBe('Unschedulable');
    world.runTo(5);
    expect(world.where('vip')).toBe('on n0');
  });

  test('one that is gone before the call goes out leaves no gate that nothing would lift', () => {
    const world = fullNode({ cycleMicros: 1_000_000 });
    world.pod('vip', '1', { priority: 100 });
    world.at(0.5, () => world.remove('b'));
    world.runTo(5);
    expect(world.log).toEqual(['0.500 b removed', '1.000 vip failed', '2.000 vip chosen for n0', '2.002 vip bound to n0']);
    expect(world.where('a')).toBe('on n0');
  });

  test('a preemptor that is gone before its calls go out still has its victims deleted', () => {
    const world = fullNode({ cycleMicros: 1_000_000 });
    world.pod('vip', '1', { priority: 100 });
    world.at(0.5, () => world.remove('vip'));
    world.runTo(2);
    expect(world.log).toEqual(['0.500 vip removed', '1.000 vip preempted b']);
  });
});

test('plain and remembered scans preempt alike', () => {
  const run = (plain: boolean): readonly string[] => {
    const world = new SchedulerWorld({ plain });
    world.nodes(6, { cpu: '3' });
    for (let i = 0; i < 18; i++) world.placed(`low${i}`, `n${i % 6}`, '1', { priority: i % 4 });
    for (let i = 0; i < 5; i++) world.pod(`vip${i}`, '2', { priority: 10 + i });
    world.runTo(30);
    return [...world.log, ...world.messages];
  };
  expect(run(false)).toEqual(run(true));
});

test.each([['early', 'late'], ['late', 'early']])('what a dry run found on a node is found anew when its pods have started since: %s before %s', (first, second) => {
  const run = (plain: boolean): readonly string[] => {
    const world = new SchedulerWorld({ plain });
    const { cluster } = world;
    world.nodes(2, { cpu: '2' });
    world.placed('lowest', 'n0', '2');
    for (const name of ['early', 'late']) cluster.acknowledgePod(world.placed(name, 'n1', '1', { priority: 1 }), NaN);
    world.pod('vip1', '1', { priority: 10 });
    world.pod('blocker', '1', { priority: 10 });
    world.runTo(1);
    cluster.acknowledgePod(world.row(first));
    world.runTo(2);
    cluster.acknowledgePod(world.row(second));
    world.pod('vip2', '1', { priority: 10 });
    world.runTo(10);
    return world.log;
  };
  const log = run(false);
  expect(log).toContain(`2.001 vip2 preempted ${second}`);
  expect(log).toEqual(run(true));
});
