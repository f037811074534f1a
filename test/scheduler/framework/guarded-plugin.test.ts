// A user's plugin behind its guard, method by method, without a run around it: what it is shown, what comes back, and whom a
// failure names. test/plugins/guard.test.ts plays the same on whole runs.
import { describe, expect, test } from 'vitest';
import { InputError } from '../../../src/base/input-error.ts';
import { CycleState } from '../../../src/scheduler/framework/cycle-state.ts';
import { PluginFailure, guardedFactory, misspeltMembers, remarksOn, thrownText, unsteadyNotes } from '../../../src/scheduler/framework/guarded-plugin.ts';
import type { EventSubject } from '../../../src/scheduler/framework/cluster-event.ts';
import type { Handle, NodeStatuses, Plugin } from '../../../src/scheduler/framework/plugin-api.ts';
import { PodInfo } from '../../../src/scheduler/framework/pod-info.ts';
import { NodeView, PodView } from '../../../src/scheduler/framework/plugin-views.ts';
import { READ_ONLY, runningPlugin } from '../../../src/scheduler/framework/plugin-watch.ts';
import { plain } from '../../../src/scheduler/framework/read-only.ts';
import { unresolvable, unschedulable } from '../../../src/scheduler/framework/status.ts';
import type { Status } from '../../../src/scheduler/framework/status.ts';
import { fixture, node, pod } from '../../support/scheduler-fixture.ts';

type Called = Readonly<Record<string, (...values: readonly unknown[]) => unknown>>;

const NO: Status = unschedulable('P', 'full');
const EVENT = { resource: 'Node', actions: 1, label: '' } as const;

function worldOf() {
  const world = fixture({ nodes: [node('n0'), node('n1')], pods: [pod('team/web', { app: 'web' }), pod('db'), pod('there', {}, { nodeName: 'n0' })] });
  return { world, web: new PodInfo(world.cache, world.row('web')), db: new PodInfo(world.cache, world.row('db')), n0: world.nodeInfo('n0'), n1: world.nodeInfo('n1'), state: new CycleState() };
}

function guarded(world: ReturnType<typeof fixture>, given: unknown, { file = null, handle = {} }: { readonly file?: string | null; readonly handle?: Partial<Handle> } = {}): Plugin {
  const make = typeof given === 'function' ? given as (handle: Handle) => unknown : (): unknown => given;
  return guardedFactory({ name: 'P', summary: 's', create: (_args, shown) => make(shown) as Plugin }, file).create({}, { ...world.handle, ...handle });
}

/** Every value that a method may be called with, by the method's name. */
function valuesOf({ web, db, n0, n1, state }: ReturnType<typeof worldOf>): Readonly<Record<string, readonly unknown[]>> {
  const statuses: NodeStatuses = { get: () => NO, ofNode: () => NO, unschedulable: () => [n0], explicit: () => [['n0', NO]] };
  return {
    preEnqueue: [web], less: [{ pod: web, timestamp: 5 }, { pod: db, timestamp: 6 }], preFilter: [state, web], filter: [state, web, n0], postFilter: [state, web, statuses],
    preScore: [state, web, [n0, n1]], score: [state, web, n1], normalizeScore: [state, web, Float64Array.of(1, 2), [n0, n1]], reserve: [state, web, 'n1'], unreserve: [state, web, 'n1'],
    permit: [state, web, 'n1'], preBind: [state, web, 'n1'], bind: [state, web, 'n1'], postBind: [state, web, 'n1'], inert: [web.template], letsAllIn: [web.template], countsNodes: [web.template, n0], eventsToRegister: [],
  };
}

/** A right answer other than the usual one, and where a wrong one is told to be. */
const METHODS: readonly (readonly [string, unknown, string])[] = [
  ['preEnqueue', NO, ' of pod team/web'],
  ['less', true, ' of pod team/web'],
  ['preFilter', { status: NO, nodeNames: new Set(['n0']) }, ' of pod team/web'],
  ['filter', NO, ' of pod team/web on node n0'],
  ['postFilter', { status: NO, nominatedNodeName: 'n1' }, ' of pod team/web'],
  ['preScore', NO, ' of pod team/web'],
  ['score', 42, ' of pod team/web on node n1'],
  ['reserve', NO, ' of pod team/web on node n1'],
  ['permit', { status: null, timeoutMicros: 5 }, ' of pod team/web on node n1'],
  ['preBind', { afterMicros: 7 }, ' of pod team/web on node n1'],
  ['bind', NO, ' of pod team/web on node n1'],
  ['inert', true, ''],
  ['letsAllIn', true, ''],
  ['countsNodes', false, ' on node n0'],
];

describe.each(METHODS)('%s', (name, answer, where) => {
  test('answers what the plugin answers, asked as one of its own methods', () => {
    const story = worldOf();
    const values = valuesOf(story)[name];
    const seen: unknown[][] = [];
    const inner: Record<string, unknown> = {
      [name]: function method(this: unknown, ...shown: readonly unknown[]): unknown {
        seen.push([this === inner, runningPlugin() !== null, ...shown]);
        return answer;
      },
    };
    const plugin = guarded(story.world, inner) as unknown as Called;
    expect(plugin[name](...values)).toEqual(answer);
    expect(runningPlugin()).toBeNull();
    expect(seen[0].slice(0, 2)).toEqual([true, true]);
    const shown = seen[0].slice(2);
    expect(shown).toHaveLength(values.length);
    values.forEach((value, i) => {
      if (value instanceof PodInfo) expect([shown[i] instanceof PodView, (shown[i] as PodInfo).name]).toEqual([true, value.name]);
      else if (value === story.n0 || value === story.n1) expect([shown[i] instanceof NodeView, plain(shown[i])]).toEqual([true, value]);
      else if (value instanceof CycleState || typeof value === 'string') expect(shown[i]).toBe(value);
      else expect(shown[i], 'not the thing itself').not.toBe(value);
    });
  });

  test('a wrong answer and what is thrown name plugin, method and what it was about', () => {
    const story = worldOf();
    const values = valuesOf(story)[name];
    const wrong = guarded(story.world, { [name]: () => 'what?' }, { file: '/x/p.mjs' }) as unknown as Called;
    expect(() => wrong[name](...values)).toThrow(PluginFailure);
    expect(() => wrong[name](...values)).toThrow(`/x/p.mjs: plugin P, ${name}${where}: expected `);
    expect(() => wrong[name](...values)).toThrow('found the text "what?"');
    const throwing = guarded(story.world, { [name]: () => { throw Object.assign(new Error('oh'), { stack: undefined }); } }) as unknown as Called;
    let message = '';
    try {
      throwing[name](...values);
    } catch (error) {
      expect(error).toBeInstanceOf(PluginFailure);
      ({ message } = error as Error);
    }
    expect(message).toBe(`the plugin threw Error: oh (plugin P, ${name}${where})`);
    expect(runningPlugin()).toBeNull();
  });
});

test.each(['unreserve', 'postBind'])('%s has nothing to answer, but a promise is one too many', (name) => {
  const story = worldOf();
  const values = valuesOf(story)[name];
  const heard: unknown[] = [];
  const plugin = guarded(story.world, { [name]: (_state: unknown, of: PodInfo, nodeName: string) => heard.push(of.name, nodeName) }) as unknown as Called;
  plugin[name](...values);
  expect(heard).toEqual(['web', 'n1']);
  const promising = guarded(story.world, { [name]: async () => Promise.resolve() }) as unknown as Called;
  expect(() => promising[name](...values)).toThrow(`plugin P, ${name} of pod team/web on node n1: expected no answer, found a promise`);
});

describe('scores', () => {
  test.each<[boolean, unknown, string | null]>([
    [false, 0, null], [false, 100, null], [false, 100.5, 'a number from 0 to 100'], [false, -0.5, 'a number from 0 to 100'], [false, null, 'a number from 0 to 100'],
    [true, 1000, null], [true, -3, null], [true, NaN, 'a number, found NaN'], [true, '3', 'a number, found the text "3"'],
  ])('with normalizeScore %s: %s', (isRaw, value, refused) => {
    const { world, web, n1, state } = worldOf();
    const plugin = guarded(world, { score: () => value, scoreOf: () => () => value, ...(isRaw ? { normalizeScore: () => undefined } : {}) });
    const asks = [(): unknown => plugin.score?.(state, web, n1), (): unknown => plugin.scoreOf?.(web.template)(n1, 1)];
    for (const ask of asks) {
      if (refused === null) expect(ask()).toBe(value);
      else expect(ask).toThrow(refused);
    }
    if (refused !== null) expect(asks[1]).toThrow('plugin P, scoreOf(...) on node n1: expected ');
  });

  test('are the plugin\'s own to write while it normalises them, and looked at afterwards', () => {
    const { world, web, n0, n1, state } = worldOf();
    const shown: unknown[] = [];
    const plugin = guarded(world, {
      score: () => 500,
      normalizeScore: (_state: unknown, of: PodInfo, scores: Float64Array, nodes: readonly unknown[]) => {
        shown.push(of.name, nodes.map((each) => each instanceof NodeView));
        scores[0] /= 10;
      },
    });
    const scores = Float64Array.of(500, 7);
    plugin.normalizeScore?.(state, web, scores, [n0, n1]);
    expect([[...scores], shown]).toEqual([[50, 7], ['web', [true, true]]]);
    expect(() => plugin.normalizeScore?.(state, web, Float64Array.of(500, 101), [n0, n1])).toThrow('plugin P, normalizeScore of pod team/web: expected scores from 0 to 100 afterwards, found 101');
  });
});

describe('what is asked once a template', () => {
  test('twins are asked node by node, with the node and its row', () => {
    const { world, web, n1 } = worldOf();
    const seen: unknown[] = [];
    const plugin = guarded(world, { filter: () => null, filterOf: (template: unknown) => (seen.push(plain(template) === web.template), (on: unknown, row: number) => (seen.push(on instanceof NodeView, row), row === 1 ? NO : null)) });
    const ask = plugin.filterOf?.(web.template);
    expect([ask?.(n1, 1), ask?.(n1, 0), seen]).toEqual([NO, null, [true, true, 1, true, 0]]);
    const wrong = guarded(world, { filter: () => null, filterOf: () => () => 5 });
    expect(() => wrong.filterOf?.(web.template)(n1, 1)).toThrow('plugin P, filterOf(...) on node n1: expected null or a status');
    expect(() => guarded(world, { filterOf: () => null }).filterOf?.(web.template)).toThrow('plugin P, filterOf: expected a function, found null');
  });

  test('rows: none known, those known, and no set of them', () => {
    const { world, web } = worldOf();
    const rows = new Set([1]);
    expect(guarded(world, { onlyRowsOf: () => null }).onlyRowsOf?.(web.template)).toBeNull();
    expect(guarded(world, { onlyRowsOf: () => () => rows }).onlyRowsOf?.(web.template)?.()).toBe(rows);
    expect(() => guarded(world, { onlyRowsOf: () => () => [1] }).onlyRowsOf?.(web.template)?.()).toThrow('plugin P, onlyRowsOf(...): expected a Set of rows, found a list of 1');
    expect(() => guarded(world, { onlyRowsOf: () => [1] }).onlyRowsOf?.(web.template)).toThrow('plugin P, onlyRowsOf: expected a function or null, found a list of 1');
  });

  test('events: hints are asked with the pod and what happened, and may say one of two words', () => {
    const { world, web } = worldOf();
    const seen: unknown[] = [];
    const hint = (of: PodInfo, subject: EventSubject): unknown => (seen.push(of.name, of instanceof PodView, subject.object?.metadata?.name), 'QueueSkip');
    const registered = guarded(world, { eventsToRegister: () => [{ event: EVENT, hint }, { event: EVENT, hint: null }, { event: EVENT }, { event: EVENT, hint: () => 'Later' }] }).eventsToRegister?.() ?? [];
    expect(registered.map(({ event, hint: own }) => [event, own === null])).toEqual([[EVENT, false], [EVENT, true], [EVENT, true], [EVENT, false]]);
    expect([registered[0].hint?.(web, { object: { metadata: { name: 'x' } } }), seen]).toEqual(['QueueSkip', ['web', true, 'x']]);
    expect(() => registered[3].hint?.(web, {})).toThrow('plugin P, hint of pod team/web: expected "Queue" or "QueueSkip", found the text "Later"');
    expect(() => guarded(world, { eventsToRegister: () => [{ event: EVENT, hint: 'Queue' }] }).eventsToRegister?.()).toThrow('plugin P, hint: expected a method, found the text "Queue"');
    expect(() => guarded(world, { eventsToRegister: () => ({}) }).eventsToRegister?.()).toThrow('plugin P, eventsToRegister: expected a list of { event, hint }');
  });

  test('pods that come and go in thought', () => {
    const { world, web, n0, state } = worldOf();
    const seen: unknown[] = [];
    const plugin = guarded(world, { preFilterExtensions: { addPod: (_state: unknown, of: PodInfo, row: number, on: { name: string }) => (seen.push(of.name, row, on.name), NO), removePod: () => null } });
    expect([plugin.preFilterExtensions?.addPod(state, web, 2, n0), plugin.preFilterExtensions?.removePod(state, web, 2, n0), seen]).toEqual([NO, null, ['web', 2, 'n0']]);
    const wrong = guarded(world, { preFilterExtensions: { addPod: () => 1, removePod: () => null } });
    expect(() => wrong.preFilterExtensions?.addPod(state, web, 2, n0)).toThrow('plugin P, addPod of pod team/web on node n0: expected null or a status');
    expect(() => guarded(world, { preFilterExtensions: { addPod: () => null } })).toThrow('plugin P, removePod: expected a method, found undefined');
  });
});

describe('a plugin as it is made', () => {
  test.each<[string, unknown, string]>([
    ['nothing', undefined, 'plugin P, create: expected an object with methods, found undefined'],
    ['text', 'P', 'create: expected an object with methods, found the text "P"'],
    ['a promise', Promise.resolve({}), 'create: expected an object with methods, found a promise: plugins answer at once'],
    ['no method', { filter: true }, 'plugin P, filter: expected a method, found true'],
    ['no score', { score: 5 }, 'plugin P, score: expected a method, found 5'],
    ['no dependence', { dependence: 'node' }, 'plugin P, dependence: expected { filter, score }'],
  ])('%s is refused', (_, given, message) => {
    expect(() => guarded(worldOf().world, given)).toThrow(PluginFailure);
    expect(() => guarded(worldOf().world, given)).toThrow(message);
  });

  test('keeps what it says of itself; a method that is undefined or null is none', () => {
    const plugin = guarded(worldOf().world, { name: 'other', dependence: { filter: 'node' }, specOnly: true, filter: null, score: undefined, reserve: () => null });
    expect([plugin.name, plugin.dependence, plugin.specOnly, plugin.filter, plugin.score, typeof plugin.reserve, plugin.bind]).toEqual(['P', { filter: 'node' }, true, undefined, undefined, 'function', undefined]);
    for (const dependence of [undefined, null]) expect(guarded(worldOf().world, { dependence }).name).toBe('P');
  });

  test('is made with its arguments, by a factory that is otherwise the same', () => {
    const given: unknown[] = [];
    const factory = guardedFactory({ name: 'P', summary: 'what it does', defaultArgs: { a: 1 }, create: (args) => (given.push(args), { name: 'P' }) }, null);
    factory.create({ a: 2 }, worldOf().world.handle);
    expect([factory.name, factory.summary, factory.defaultArgs, given]).toEqual(['P', 'what it does', { a: 1 }, [{ a: 2 }]]);
  });

  test('members that are nearly methods are told, of its classes, too, unless the method is there as well', () => {
    const base = { fliter: () => null, constructor: Object };
    expect(misspeltMembers(Object.assign(Object.create(base) as object, { reserv: () => null }))).toEqual(['reserv; did you mean reserve?', 'fliter; did you mean filter?']);
    expect(misspeltMembers({ filter: () => null, fliter: () => null, reserve: () => null, cache: 1 })).toEqual([]);
    expect(misspeltMembers(Object.create(null, { scroe: { value: 1 } }) as object)).toEqual(['scroe; did you mean score?']);
    const { world } = worldOf();
    const odd = guarded(world, { scroe: () => 1 }, { file: 'p.mjs' });
    expect(remarksOn([odd, guarded(world, {}), odd, { name: 'in-tree' }])).toEqual(['p.mjs: plugin P: nobody calls its scroe; did you mean score?']);
  });
});

test('chance and time are told by plugin, with how often', () => {
  const { world, web } = worldOf();
  const asking = guarded(world, { preEnqueue: () => (runningPlugin()?.noteUnsteady('Date'), runningPlugin()?.noteUnsteady('Math.random'), null) });
  expect(unsteadyNotes([asking, { name: 'in-tree' }])).toEqual([]);
  asking.preEnqueue?.(web);
  expect(unsteadyNotes([asking])[0]).toContain('plugin P called Date once, Math.random once.');
  asking.preEnqueue?.(web);
  expect(unsteadyNotes([{ name: 'in-tree' }, asking])).toHaveLength(1);
  expect(unsteadyNotes([asking])[0]).toContain('Date 2 times, Math.random 2 times.');
});

describe('what is thrown', () => {
  const thrownBy = (act: () => unknown, name: 'filter' | 'score' | 'bind' = 'filter'): unknown => {
    const { world, web, n0, state } = worldOf();
    const plugin = guarded(world, { [name]: act }, { file: 'p.mjs' }) as unknown as Called;
    try {
      return plugin[name](state, web, n0);
    } catch (error) {
      return error;
    }
  };

  test.each(['filter', 'score', 'bind'] as const)('%s: mistakes of the input and failures that were told already go on as they are', (name) => {
    const told = new PluginFailure('another plugin');
    const mistake = new InputError([]);
    expect([thrownBy(() => { throw told; }, name), thrownBy(() => { throw mistake; }, name)]).toEqual([told, mistake]);
    expect(runningPlugin()).toBeNull();
  });

  test('is told with its place, where the stack has one', () => {
    const at = (stack: string): string => (thrownBy(() => { throw Object.assign(new Error('oh'), { stack }); }) as Error).message;
    const call = 'p.mjs: the plugin threw Error: oh (plugin P, filter of pod team/web on node n0';
    expect(at('Error: oh\n    at P.filter (file:///x/p.mjs:3:7)\n    at other (/y/z.js:1:1)')).toBe(`${call}; at file:///x/p.mjs:3:7)`);
    expect(at('Error: oh\n    at /x/p.mjs:3:7')).toBe(`${call}; at /x/p.mjs:3:7)`);
    expect(at('Error: oh\n    at P.filter (C:\\x\\p.mjs:3:7)')).toBe(`${call}; at C:\\x\\p.mjs:3:7)`);
    expect(at('Error: oh\n    at new Promise (<anonymous>)')).toBe(`${call})`);
    expect(at('')).toBe(`${call})`);
  });

  test('a refused write is told as that, whatever the plugin made of it', () => {
    const { world, web, n0, state } = worldOf();
    const write = (on: unknown): void => { (on as { allowedPods: number }).allowedPods = 1; };
    const plugin = guarded(world, { filter: (_state: unknown, _pod: unknown, on: unknown) => { try { write(on); } catch { throw new Error('another'); } return null; }, score: (_state: unknown, _pod: unknown, on: unknown) => { try { write(on); } catch { return 1; } return 0; } });
    expect(() => plugin.filter?.(state, web, n0)).toThrow(`plugin P, filter of pod team/web on node n0: tried to change allowedPods of a node: ${READ_ONLY}`);
    expect(() => plugin.score?.(state, web, n0)).toThrow(`plugin P, score of pod team/web on node n0: tried to change allowedPods of a node: ${READ_ONLY}`);
  });

  test('in words', () => {
    expect([thrownText('x'), thrownText(undefined), thrownText(new RangeError('far'))]).toEqual(['the text "x", no Error', 'undefined, no Error', 'RangeError: far']);
    for (const message of ['Cannot assign to read only property', 'object is not extensible', 'Cannot delete property', 'Cannot redefine property'])
      expect(thrownText(new TypeError(message))).toBe(`TypeError: ${message}: ${READ_ONLY}`);
    expect([thrownText(new TypeError('x is not a function')), thrownText(new Error('Cannot delete property'))]).toEqual(['TypeError: x is not a function', 'Error: Cannot delete property']);
  });
});

describe('the handle of a plugin', () => {
  const shownTo = (more: Partial<Handle> = {}) => {
    const story = worldOf();
    let handle: Handle | null = null;
    guarded(story.world, (given: Handle) => (handle = given, {}), { handle: more });
    return { ...story, handle: handle as unknown as Handle };
  };

  test('gives what it was given, and hands back what is behind the views', () => {
    const heard: unknown[] = [];
    const hear = (...values: readonly unknown[]): Status => (heard.push(values), NO);
    const rows = [1, 0];
    const { handle, web, n0, state } = shownTo({ filterWithNominatedPods: hear, runPreFilterAddPod: hear, runPreFilterRemovePod: hear, nominatedPods: (name) => (name === 'n0' ? rows : []), nominations: () => new Map([['n0', rows]]) });
    const shown = handle.snapshot.nodes[0];
    const pods = handle.nominatedPods('n0');
    let seen: PodInfo = web;
    guarded(fixture({}), { preEnqueue: (of: PodInfo) => (seen = of, null) }).preEnqueue?.(web);
    expect([handle.filterWithNominatedPods(state, seen, shown), handle.runPreFilterAddPod(state, seen, 2, shown), handle.runPreFilterRemovePod(state, seen, 1, shown)]).toEqual([NO, NO, NO]);
    expect(heard.map((values) => (values as unknown[]).map((value) => (value === state ? 'state' : value === web ? 'web' : value === n0 ? 'n0' : value)))).toEqual([['state', 'web', 'n0'], ['state', 'web', 2, 'n0'], ['state', 'web', 1, 'n0']]);
    expect([[...pods], [...handle.nominatedPods('n1')], [...handle.nominations().keys()], [...handle.nominations().get('n0') ?? []]]).toEqual([[1, 0], [], ['n0'], [1, 0]]);
    expect(() => { (pods as number[])[0] = 5; }).toThrow('tried to change a list (0)');
    expect([handle.schedulerName, handle.nominationCount(), handle.cluster.nodeRow('n1')]).toEqual(['default-scheduler', 0, 1]);
  });

  test('its snapshot is one frozen list of views until the nodes change', () => {
    const { handle, world, n0 } = shownTo();
    const { snapshot } = handle;
    const first = snapshot.nodes;
    expect([first.map(({ name }) => name), first.map((each) => plain(each))[0] === n0, Object.isFrozen(first), snapshot.nodes === first, first[0] === snapshot.find('n0')]).toEqual([['n0', 'n1'], true, true, true, true]);
    expect(snapshot.find('none')).toBeUndefined();
    world.cluster.addNode(node('n2'));
    world.snapshot.refresh();
    expect(snapshot.nodes.map(({ name }) => name)).toEqual(world.snapshot.nodes.map(({ name }) => name));
    expect(snapshot.nodes).toHaveLength(3);
  });

  test('its images are told by node and number', () => {
    const world = fixture({ nodes: [node('a', {}, { status: { images: [{ names: ['web:1'], sizeBytes: 300 }] } }), node('b')] });
    let handle: Handle | null = null;
    guarded(world, (given: Handle) => (handle = given, {}));
    const { snapshot } = handle as unknown as Handle;
    const number = world.snapshot.imageNumber('web:1');
    const real = world.snapshot.imageState(world.nodeInfo('a'), 'web:1');
    expect(real).toBeDefined();
    expect([snapshot.imageNumber('web:1'), { ...snapshot.imageState(snapshot.nodes[0], 'web:1') }, snapshot.imageState(snapshot.nodes[1], 'web:1')]).toEqual([number, { ...real }, undefined]);
    expect(snapshot.imageSpread(0, number)).toEqual(world.snapshot.imageSpread(0, number));
  });
});

test('verdicts are told by name and by node, pods in the queue with since when they wait', () => {
  const { world, web, db, n0, n1, state } = worldOf();
  const never = unresolvable('Q', 'never');
  const of = (name: string): Status => (name === 'n0' ? NO : never);
  const statuses: NodeStatuses = { get: of, ofNode: (each) => (each === n0 || each === n1 ? of(each.name) : null), unschedulable: (nodes) => nodes.filter((each) => each === n0), explicit: () => [['n1', never]] };
  const seen: unknown[] = [];
  const plugin = guarded(world, (handle: Handle) => ({
    postFilter: (_state: unknown, _pod: unknown, shown: NodeStatuses) => {
      const { nodes } = handle.snapshot;
      seen.push(shown.get('n1')?.reasons[0], shown.ofNode(nodes[0])?.reasons[0], shown.unschedulable(nodes).map((each) => [each.name, each === nodes[0]]), [...shown.explicit()].map(([name]) => name));
      return { status: null, nominatedNodeName: null };
    },
    less: (a: { pod: PodInfo; timestamp: number }, b: { pod: PodInfo; timestamp: number }) => (seen.push(a.pod.name, a.timestamp, b.pod.name, b.timestamp, a.pod instanceof PodView), false),
  }));
  expect(plugin.postFilter?.(state, web, statuses)).toEqual({ status: null, nominatedNodeName: null });
  expect(plugin.less?.({ pod: web, timestamp: 5 }, { pod: db, timestamp: 6 })).toBe(false);
  expect(seen).toEqual(['never', 'full', [['n0', true]], ['n1'], 'web', 5, 'db', 6, true]);
});

test('members of what is frozen are shown as they are: the language wants them so', () => {
  const { world, web } = worldOf();
  const inner = Object.freeze({ deep: Object.freeze({ a: 1 }), text: 'x' });
  const seen: unknown[] = [];
  const plugin = guarded(world, { eventsToRegister: () => [{ event: EVENT, hint: (_pod: unknown, subject: { object: typeof inner }) => (seen.push(subject.object.deep.a, subject.object.deep === inner.deep, subject.object.text), 'Queue') }] });
  expect([plugin.eventsToRegister?.()[0].hint?.(web, { object: inner } as never), seen]).toEqual(['Queue', [1, true, 'x']]);
});
