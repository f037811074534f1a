/** From the choice to the binding: Reserve, Permit, PreBind, Bind, PostBind and what happens when one of them says no (pkg/scheduler/schedule_one.go, v1.36). */
import { describe, expect, test } from 'vitest';
import { Code, SKIP, errorStatus, unresolvable, unschedulable } from '../../src/scheduler/framework/status.ts';
import type { Status } from '../../src/scheduler/framework/status.ts';
import type { Handle, Plugin, PluginFactory } from '../../src/scheduler/framework/plugin-api.ts';
import { SchedulerWorld, plugin, pluginWith } from './scheduler-world.ts';

const SECOND = 1_000_000;
const WAIT: Status = { code: Code.Wait, reasons: [], plugin: '' };

/** Says what is called, on a log of its own. `answers` by extension point; a plugin that is not asked for has no point. */
function told(name: string, log: string[], answers: { readonly reserve?: Status | null; readonly permit?: Status | null; readonly preBind?: Status | null; readonly bind?: Status | null }): PluginFactory {
  const note = (point: string, nodeName: string): void => void log.push(`${name}.${point} ${nodeName}`);
  return plugin(name, {
    reserve: (_state, _pod, nodeName) => (note('reserve', nodeName), answers.reserve ?? null),
    unreserve: (_state, _pod, nodeName) => note('unreserve', nodeName),
    permit: (_state, _pod, nodeName) => (note('permit', nodeName), { status: answers.permit ?? null, timeoutMicros: 0 }),
    preBind: (_state, _pod, nodeName) => (note('preBind', nodeName), answers.preBind ?? null),
    bind: (_state, _pod, nodeName) => (note('bind', nodeName), answers.bind ?? null),
    postBind: (_state, _pod, nodeName) => note('postBind', nodeName),
    eventsToRegister: () => [],
  });
}

const POINTS = ['reserve', 'permit', 'preBind', 'postBind'] as const;

/** Two plugins, A before B, at every point between choice and binding; `bind` before DefaultBinder. */
function twoPlugins(answersOfA: Parameters<typeof told>[2], answersOfB: Parameters<typeof told>[2]): { readonly world: SchedulerWorld; readonly calls: string[] } {
  const calls: string[] = [];
  const also = Object.fromEntries(POINTS.map((point) => [point, ['A', 'B']]));
  const world = new SchedulerWorld({ plugins: [told('A', calls, answersOfA), told('B', calls, answersOfB)], also, points: { bind: ['A', 'B', 'DefaultBinder'] } });
  world.node('n1');
  world.pod('p');
  return { world, calls };
}

const plain = { bind: SKIP };

describe('when all agree', () => {
  test('the points are run in order, plugins in their configured order, and the binding is written when its time has passed', () => {
    const { world, calls } = twoPlugins(plain, plain);
    world.runTo(1);
    expect(calls).toEqual(['A.reserve n1', 'B.reserve n1', 'A.permit n1', 'B.permit n1', 'A.preBind n1', 'B.preBind n1', 'A.bind n1', 'B.bind n1', 'A.postBind n1', 'B.postBind n1']);
    expect(world.log).toEqual(['0.001 p chosen for n1', '0.003 p bound to n1']);
  });

  test('the first Bind plugin that does not skip has bound the pod', () => {
    const { world, calls } = twoPlugins({}, {});
    world.runTo(1);
    expect(calls).toContain('A.bind n1');
    expect(calls).not.toContain('B.bind n1');
    expect(world.where('p')).toBe('on n1');
  });

  test('between choice and binding the pod holds its node\'s resources, and no event is replayed to it any more', () => {
    const { world } = twoPlugins(plain, plain);
    world.runTo(0.002);
    expect(world.where('p')).toBe('assumed on n1');
    expect(world.scheduler.cache.nodeInfo(0).requested[0]).toBe(1000);
    expect(world.scheduler.queue.inFlight.podCount).toBe(0);
  });

  test('what a plugin notes in PreFilter is there in PostBind', () => {
    const key = { name: 'note' };
    const seen: unknown[] = [];
    const noting = plugin('Noting', {
      preFilter: (state, pod) => (state.write(key, pod.name), { status: null, nodeNames: null }),
      filter: () => null,
      postBind: (state) => void seen.push(state.read(key)),
      eventsToRegister: () => [],
    });
    const world = new SchedulerWorld({ plugins: [noting], also: { preFilter: ['Noting'], filter: ['Noting'], postBind: ['Noting'] } });
    world.node('n1');
    world.pod('a');
    world.pod('b');
    world.runTo(1);
    expect(seen).toEqual(['a', 'b']);
  });
});

describe('Reserve', () => {
  test('a rejection unreserves all in reverse order, frees the node and reads as a FitError over one node', () => {
    const { world, calls } = twoPlugins(plain, { ...plain, reserve: unschedulable('B', 'no disk left') });
    world.runTo(0.5);
    expect(calls).toEqual(['A.reserve n1', 'B.reserve n1', 'B.unreserve n1', 'A.unreserve n1']);
    expect(world.messages).toEqual(['0/1 nodes are available: 1 no disk left.']);
    expect(world.where('p')).toBe('Unschedulable');
    expect(world.scheduler.queue.unschedulablePlugins(world.row('p'))).toEqual(['B']);
    expect(world.scheduler.cache.nodeInfo(0).requested[0]).toBe(0);
  });

  test('an error names the plugin and is retried after the error backoff', () => {
    const { world } = twoPlugins({ ...plain, reserve: errorStatus('A', 'disk on fire') }, plain);
    world.runTo(0.5);
    expect(world.messages).toEqual(['running Reserve plugin "A": disk on fire']);
    expect(world.where('p')).toBe('ErrorBackoff');
    world.runTo(2.5);
    expect(world.log.filter((line) => line.endsWith('p failed'))).toEqual(['0.001 p failed', '2.001 p failed']);
  });
});

describe('Permit', () => {
  test('a rejection stops at once, unreserves and forgets', () => {
    const { world, calls } = twoPlugins({ ...plain, permit: unresolvable('A', 'not today') }, plain);
    world.runTo(0.5);
    expect(calls).toEqual(['A.reserve n1', 'B.reserve n1', 'A.permit n1', 'B.unreserve n1', 'A.unreserve n1']);
    expect(world.messages).toEqual(['0/1 nodes are available: 1 not today.']);
    expect(world.where('p')).toBe('Unschedulable');
  });

  test('an error goes to the error backoff', () => {
    const { world } = twoPlugins({ ...plain, permit: errorStatus('A', 'no answer') }, plain);
    world.runTo(0.5);
    expect(world.messages).toEqual(['running Permit plugin "A": no answer']);
    expect(world.where('p')).toBe('ErrorBackoff');
  });
});

/** A Permit plugin that waits for `seconds`; `handles` receives what it may call. */
function waiting(name: string, seconds: number, handles: Handle[] = [], more: Omit<Plugin, 'name'> = {}): PluginFactory {
  return pluginWith(name, (handle) => {
    handles.push(handle);
    return { permit: () => ({ status: WAIT, timeoutMicros: seconds * SECOND }), eventsToRegister: () => [], ...more };
  });
}

describe('waiting on Permit', () => {
  test('a waiting pod holds its node, stays in flight, and is bound once every plugin has let it go', () => {
    const handles: Handle[] = [];
    const world = new SchedulerWorld({ plugins: [waiting('A', 60, handles), waiting('B', 60)], also: { permit: ['A', 'B'] } });
    world.node('n1');
    world.pod('p');
    world.at(10, () => handles[0].allowWaitingPod(world.row('p'), 'A'));
    world.at(20, () => handles[0].allowWaitingPod(world.row('p'), 'A'));
    world.at(30, () => handles[0].allowWaitingPod(world.row('p'), 'B'));
    world.runTo(25);
    expect(world.where('p')).toBe('assumed on n1');
    expect(world.scheduler.queue.inFlight.podCount).toBe(1);
    world.runTo(100);
    expect(world.log).toEqual(['0.001 p chosen for n1', '30.002 p bound to n1']);
    expect(world.scheduler.queue.inFlight.podCount).toBe(0);
  });

  test('others are scheduled meanwhile', () => {
    const picky = waiting('Picky', 60, [], { permit: (_state, pod) => ({ status: pod.name === 'p' ? WAIT : null, timeoutMicros: 60 * SECOND }) });
    const world = new SchedulerWorld({ plugins: [picky], also: { permit: ['Picky'] } });
    world.node('n1');
    world.pod('p', '3');
    world.pod('q');
    world.pod('r');
    world.runTo(10);
    expect([world.where('p'), world.where('q'), world.where('r')]).toEqual(['assumed on n1', 'on n1', 'Unschedulable']);
  });

  test('the shortest timeout ends it: a FitError that says who was waited for', () => {
    const world = new SchedulerWorld({ plugins: [waiting('Long', 90), waiting('Short', 5)], also: { permit: ['Long', 'Short'] } });
    world.node('n1');
    world.pod('p');
    world.runTo(5.5);
    expect(world.log).toEqual(['0.001 p chosen for n1', '5.001 p forgotten by n1', '5.001 p failed']);
    expect(world.messages).toEqual(['0/1 nodes are available: 1 rejected due to timeout after waiting 5s at plugin Short.']);
    expect(world.scheduler.queue.unschedulablePlugins(world.row('p'))).toEqual(['Short']);
    expect(world.where('p')).toBe('Unschedulable');
  });

  test('no timeout is longer than fifteen minutes', () => {
    const world = new SchedulerWorld({ plugins: [waiting('Ages', 100_000)], also: { permit: ['Ages'] } });
    world.node('n1');
    world.pod('p');
    world.runTo(899);
    expect(world.where('p')).toBe('assumed on n1');
    world.runTo(901);
    expect(world.messages).toEqual(['0/1 nodes are available: 1 rejected due to timeout after waiting 15m0s at plugin Ages.']);
  });

  test('a plugin may reject it; a pod that does not wait cannot be rejected', () => {
    const handles: Handle[] = [];
    const world = new SchedulerWorld({ plugins: [waiting('A', 60, handles)], also: { permit: ['A'] } });
    world.node('n1');
    world.pod('p');
    const results: boolean[] = [];
    world.at(1, () => results.push(handles[0].rejectWaitingPod(world.row('p'), 'A', 'the others did not come')));
    world.at(2, () => results.push(handles[0].rejectWaitingPod(world.row('p'), 'A', 'again')));
    world.runTo(3);
    expect(results).toEqual([true, false]);
    expect(world.messages).toEqual(['0/1 nodes are available: 1 the others did not come.']);
    expect(world.scheduler.queue.unschedulablePlugins(world.row('p'))).toEqual(['A']);
  });

  test('the timer of an earlier wait does not cut a later one short', () => {
    const handles: Handle[] = [];
    const world = new SchedulerWorld({ plugins: [waiting('A', 60, handles)], also: { permit: ['A'] } });
    world.node('n1');
    world.pod('p');
    world.at(40, () => {
      handles[0].rejectWaitingPod(world.row('p'), 'A', 'once more');
      handles[0].activate([world.row('p')]);
    });
    world.runTo(99);
    expect(world.log).toEqual(['0.001 p chosen for n1', '40.000 p forgotten by n1', '40.000 p failed', '40.001 p chosen for n1']);
    world.runTo(101);
    expect(world.log.at(-1)).toBe('100.001 p failed');
  });

  test('a pod that was let go is not timed out before its binding is written', () => {
    const handles: Handle[] = [];
    const world = new SchedulerWorld({ plugins: [waiting('A', 5, handles)], also: { permit: ['A'] }, bindMicros: 20 * SECOND });
    world.node('n1');
    world.pod('p');
    world.at(4, () => handles[0].allowWaitingPod(world.row('p'), 'A'));
    world.runTo(30);
    expect(world.log).toEqual(['0.001 p chosen for n1', '24.000 p bound to n1']);
  });

  test('the freed node helps the others at once, but not the pod itself', () => {
    const handles: Handle[] = [];
    const picky = waiting('Picky', 60, handles, { permit: (_state, pod) => ({ status: pod.name === 'p' ? WAIT : null, timeoutMicros: 60 * SECOND }) });
    const world = new SchedulerWorld({ plugins: [picky], also: { permit: ['Picky'] } });
    world.node('n1');
    world.pod('p', '3');
    world.runTo(1);
    world.pod('q', '3');
    world.at(10, () => handles[0].rejectWaitingPod(world.row('p'), 'Picky', 'gone'));
    world.runTo(11);
    expect([world.where('p'), world.where('q')]).toEqual(['Unschedulable', 'on n1']);
  });

  test('a pod that is deleted while it waits is unreserved and leaves nothing behind', () => {
    const unreserved: string[] = [];
    const reserving = waiting('A', 60, [], { reserve: () => null, unreserve: (_state, pod) => void unreserved.push(pod.name) });
    const world = new SchedulerWorld({ plugins: [reserving], also: { permit: ['A'], reserve: ['A'] } });
    world.node('n1');
    world.pod('p');
    world.at(1, () => world.remove('p'));
    world.runTo(100);
    expect(world.log).toEqual(['0.001 p chosen for n1', '1.000 p removed']);
    expect(unreserved).toEqual(['p']);
    expect(world.scheduler.queue.inFlight.podCount).toBe(0);
    expect(world.cluster.nodes.pods[0]).toEqual([]);
  });
});

describe('PreBind', () => {
  test('may take time: it is asked again when that has passed', () => {
    let calls = 0;
    const slow = plugin('Slow', { preBind: () => (++calls < 3 ? { afterMicros: 5 * SECOND } : null), eventsToRegister: () => [] });
    const world = new SchedulerWorld({ plugins: [slow], also: { preBind: ['Slow'] } });
    world.node('n1');
    world.pod('p');
    world.runTo(60);
    expect(world.log).toEqual(['0.001 p chosen for n1', '10.003 p bound to n1']);
  });

  test('a failure unreserves, frees the node and counts as an error, even when it is a rejection', () => {
    const { world, calls } = twoPlugins({ ...plain, preBind: unschedulable('A', 'volume lost') }, plain);
    world.runTo(0.5);
    expect(calls.slice(4)).toEqual(['A.preBind n1', 'B.unreserve n1', 'A.unreserve n1']);
    expect(world.messages).toEqual(['volume lost']);
    expect(world.where('p')).toBe('ErrorBackoff');
    const failing = twoPlugins({ ...plain, preBind: errorStatus('A', 'no answer') }, plain);
    failing.world.runTo(0.5);
    expect(failing.world.messages).toEqual(['running PreBind plugin "A": no answer']);
    expect(failing.world.where('p')).toBe('ErrorBackoff');
  });

  test('a pod that was deleted meanwhile is not bound', () => {
    const slow = plugin('Slow', { preBind: () => ({ afterMicros: 5 * SECOND }), eventsToRegister: () => [] });
    const world = new SchedulerWorld({ plugins: [slow], also: { preBind: ['Slow'] } });
    world.node('n1');
    world.pod('p');
    world.at(1, () => world.remove('p'));
    world.runTo(60);
    expect(world.log).toEqual(['0.001 p chosen for n1', '1.000 p removed']);
  });
});

describe('Bind', () => {
  test('a failure sends the pod to the error backoff; the freed node is an event for the others', () => {
    const failing = plugin('Failing', { bind: (_state, pod) => (pod.name === 'p' ? errorStatus('Failing', 'conflict') : SKIP), eventsToRegister: () => [] });
    const world = new SchedulerWorld({ plugins: [failing], points: { bind: ['Failing', 'DefaultBinder'] }, bindMicros: 5 * SECOND });
    world.node('n1');
    world.pod('p', '3');
    world.pod('q', '3');
    world.runTo(4);
    expect(world.where('q')).toBe('Unschedulable');
    world.runTo(5.01);
    expect(world.messages.at(-1)).toBe('running Bind plugin "Failing": conflict');
    expect([world.where('p'), world.where('q')]).toEqual(['ErrorBackoff', 'assumed on n1']);
  });

  test('when every Bind plugin skips, nobody has bound the pod: that is a failure', () => {
    const skipping = plugin('Skipping', { bind: () => SKIP, eventsToRegister: () => [] });
    const world = new SchedulerWorld({ plugins: [skipping], points: { bind: ['Skipping'] } });
    world.node('n1');
    world.pod('p');
    world.runTo(0.5);
    expect(world.where('p')).toBe('ErrorBackoff');
    expect(world.log).toEqual(['0.001 p chosen for n1', '0.003 p forgotten by n1', '0.003 p failed']);
  });
});
