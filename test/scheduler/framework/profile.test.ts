// How the verdicts of a profile's plugins combine (pkg/scheduler/framework/runtime/framework.go, v1.36): who is asked, in
// which order, who ends the round, and what is said then. Each plugin notes its calls.
import { describe, expect, test } from 'vitest';
import { CycleState } from '../../../src/scheduler/framework/cycle-state.ts';
import type { Handle, NodeInfo, Plugin, PostFilterResult, PreFilterResult } from '../../../src/scheduler/framework/plugin-api.ts';
import { PodInfo } from '../../../src/scheduler/framework/pod-info.ts';
import { Profile, isInert, mayFailAlone, orderBefore } from '../../../src/scheduler/framework/profile.ts';
import type { CollectedScores, ProfilePoints } from '../../../src/scheduler/framework/profile.ts';
import { Code, SKIP, errorStatus, unresolvable, unschedulable } from '../../../src/scheduler/framework/status.ts';
import type { Status } from '../../../src/scheduler/framework/status.ts';
import { fixture, node, pod, text } from '../../support/scheduler-fixture.ts';
import type { SchedulerFixture } from '../../support/scheduler-fixture.ts';

type Members = Omit<Plugin, 'name'>;
const METHOD_OF: Readonly<Record<string, string>> = { queueSort: 'less' };
const POINTS = ['preEnqueue', 'queueSort', 'preFilter', 'filter', 'postFilter', 'preScore', 'score', 'reserve', 'permit', 'preBind', 'bind', 'postBind'] as const;

/** Every plugin at each point that it has a method of, in the order given; queued by PrioritySort's rule unless one sorts. */
function profileOf(world: SchedulerFixture, plugins: Readonly<Record<string, Members>>, handle: Partial<Handle> = {}, weights: Readonly<Record<string, number>> = {}): Profile {
  const all: Readonly<Record<string, Members>> = { Sort: { less: () => false }, ...plugins };
  const points = Object.fromEntries(POINTS.map((point) => {
    const names = Object.keys(all).filter((name) => (METHOD_OF[point] ?? point) in all[name]);
    return [point, point === 'score' ? names.map((name) => ({ name, weight: weights[name] ?? 1 })) : names];
  })) as unknown as ProfilePoints;
  const registry = new Map(Object.entries(all).map(([name, methods]) => [name, { name, summary: '', create: () => ({ name, ...methods }) }]));
  return new Profile({ schedulerName: 's', percentageOfNodesToScore: null, points, args: {} }, registry, { ...world.handle, ...handle });
}

function worldOf() {
  const world = fixture({
    nodes: [node('n0'), node('n1'), node('n2')],
    pods: [pod('p', { app: 'p' }, { priority: 5 }), pod('high', {}, { priority: 9 }), pod('same', {}, { priority: 5 }), pod('low', {}, { priority: 1 }), pod('there', {}, { nodeName: 'n0' })],
  });
  return { world, info: new PodInfo(world.cache, world.row('p')), n0: world.nodeInfo('n0'), state: new CycleState(), log: [] as string[] };
}

const PENDING: Status = { code: Code.Pending, reasons: ['later'], plugin: 'B' };
const all = (status: Status | null = null): PreFilterResult => ({ status, nodeNames: null });
const only = (...names: readonly string[]): PreFilterResult => ({ status: null, nodeNames: new Set(names) });

describe('PreEnqueue', () => {
  test.each<[string, (Status | null)[], string, string]>([
    ['all agree', [null, null, null], 'ok', 'A B C'],
    ['the first that refuses gates the pod', [null, unschedulable('B', 'wait'), unschedulable('C', 'too')], 'Unschedulable: wait', 'A B'],
  ])('%s', (_, verdicts, said, asked) => {
    const { world, info, log } = worldOf();
    const plugins = Object.fromEntries(['A', 'B', 'C'].map((name, i) => [name, { preEnqueue: (of: PodInfo) => (log.push(`${name}${of.name === 'p' ? '' : '?'}`), verdicts[i]) }]));
    expect([text(profileOf(world, plugins).runPreEnqueue(info)), log.join(' ')]).toEqual([said, asked]);
  });
});

describe('PreFilter', () => {
  const run = (answers: Readonly<Record<string, PreFilterResult>>) => {
    const { world, info, state, log } = worldOf();
    const profile = profileOf(world, Object.fromEntries(Object.entries(answers).map(([name, answer]) => [name, { preFilter: () => (log.push(name), answer) }])));
    const { status, nodeNames, restrictors } = profile.runPreFilter(state, info);
    return [text(status), status?.plugin ?? null, nodeNames === null ? null : [...nodeNames], restrictors.join(' '), log.join(' '), [...state.skipFilter].join(' ')];
  };

  test.each<[string, Readonly<Record<string, PreFilterResult>>, unknown[]]>([
    ['nobody is against it', { A: all(), B: all() }, ['ok', null, null, '', 'A B', '']],
    ['Skip is noted, and others are asked', { A: all(SKIP), B: all() }, ['ok', null, null, '', 'A B', 'A']],
    ['one that skips may still restrict the nodes', { A: { ...only('n1'), status: SKIP }, B: all() }, ['ok', null, ['n1'], 'A', 'A B', 'A']],
    ['unresolvable ends it, whoever restricted before', { B: only('n0'), A: all(unresolvable('A', 'never')), C: all() }, ['UnschedulableAndUnresolvable: never', 'A', null, 'B', 'B A', '']],
    ['of several rejections the last is told, after all were asked', { A: all(unschedulable('A', 'a')), B: all(unschedulable('B', 'b')), C: all() }, ['Unschedulable: b', 'B', null, '', 'A B C', '']],
    ['what a rejection says of nodes does not count', { A: { ...only('n0'), status: unschedulable('A', 'a') }, B: only('n1') }, ['Unschedulable: a', 'A', ['n1'], 'B', 'A B', '']],
    ['anything else is an error of that plugin', { A: only('n0'), B: all(errorStatus('other', 'x', 'y')), C: all() }, ['Error: running PreFilter plugin "B": x, y', 'B', null, 'A', 'A B', '']],
    ['Pending is none of its answers', { B: all(PENDING) }, ['Error: running PreFilter plugin "B": later', 'B', null, '', 'B', '']],
    ['sets are intersected, those who gave them sorted', { Z: only('n0', 'n1'), B: all(), A: only('n1', 'n2') }, ['ok', null, ['n1'], 'A Z', 'Z B A', '']],
    ['three who restrict, sorted', { M: only('n0'), Z: only('n0'), A: only('n0') }, ['ok', null, ['n0'], 'A M Z', 'M Z A', '']],
    ['an empty set of one ends it', { A: only(), B: all() }, ['UnschedulableAndUnresolvable: node(s) didn\'t satisfy plugin A', '', [], 'A', 'A', '']],
    ['of several together', { Z: only('n0'), A: only('n1'), C: all() }, ['UnschedulableAndUnresolvable: node(s) didn\'t satisfy plugin(s) [A Z] simultaneously', '', [], 'A Z', 'Z A', '']],
  ])('%s', (_, answers, expected) => {
    expect(run(answers)).toEqual(expected);
  });

  test('of some plugins alone: a rejection or a set of nodes is too much, Skip is not', () => {
    const { world, info, log } = worldOf();
    const tell = (name: string, answer: PreFilterResult): Members => ({ preFilter: () => (log.push(name), answer) });
    const profile = profileOf(world, { A: tell('A', all(SKIP)), B: tell('B', all()), C: tell('C', all(unschedulable('C', 'no'))), D: tell('D', only('n0')), E: tell('E', all()) });
    const passes = (...names: readonly string[]): unknown => {
      log.length = 0;
      const state = new CycleState();
      const passed = profile.passesPreFilter(state, info, new Set(profile.plugins.filter(({ name }) => names.includes(name))));
      return [passed, log.join(' '), [...state.skipFilter].join(' ')];
    };
    expect(passes('A', 'B', 'E')).toEqual([true, 'A B E', 'A']);
    expect(passes('B', 'C', 'E')).toEqual([false, 'B C', '']);
    expect(passes('D', 'E')).toEqual([false, 'D', '']);
    expect(passes()).toEqual([true, '', '']);
  });
});

describe('Filter', () => {
  const told = (log: string[], verdicts: Readonly<Record<string, (node: NodeInfo) => Status | null>>): Record<string, Members> =>
    Object.fromEntries(Object.entries(verdicts).map(([name, verdict]) => [name, { filter: (_state: CycleState, _pod: PodInfo, on: NodeInfo) => (log.push(`${name}:${on.pods.length}`), verdict(on)) }]));

  test('the first rejection counts; who skips is not asked', () => {
    const { world, info, n0, state, log } = worldOf();
    const profile = profileOf(world, told(log, { A: () => unschedulable('A', 'a'), B: () => null, C: () => unschedulable('C', 'c'), D: () => null }));
    state.skipFilter.add('A');
    expect([text(profile.runFilter(state, info, n0)), log]).toEqual(['Unschedulable: c', ['B:1', 'C:1']]);
    state.skipFilter.add('C');
    expect([text(profile.runFilter(state, info, n0)), log.slice(2)]).toEqual(['ok', ['B:1', 'D:1']]);
  });

  /** Pods that are nominated to n0; a filter that has room for so many, and what was noted of pods that come in thought. */
  const withNominated = (names: readonly string[], room: number, refuse: string | null = null) => {
    const { world, info, n0, state, log } = worldOf();
    const extensions = (name: string, verdict: (added: string) => Status | null): Members => ({
      preFilter: () => all(),
      preFilterExtensions: {
        addPod: (of, to, added, on) => {
          log.push(`${name}+${world.cache.podName(added)}@${on.pods.length}${of === state ? '!' : ''}${to === info ? '' : '?'}`);
          return verdict(world.cache.podName(added));
        },
        removePod: () => null,
      },
    });
    const profile = profileOf(world, {
      X: extensions('X', (added) => (added === refuse ? unschedulable('X', `no ${added}`) : null)),
      S: extensions('S', () => errorStatus('S', 'not asked')),
      ...told(log, { F: (on) => (on.pods.length > room ? unschedulable('F', 'full') : null) }),
    }, { nominatedPods: (name) => (name === 'n0' ? names.map((each) => world.row(each)) : []), nominationCount: () => names.length });
    state.skipFilter.add('S');
    const said = text(profile.runFilterWithNominatedPods(state, info, n0));
    return { said, log: log.join(' '), on: n0.pods.length, any: profile.countsAnyOf(names.map((each) => world.row(each)), info), has: profile.hasNominatedPods };
  };

  test.each<[string, readonly string[], number, string | null, string, string, boolean]>([
    ['nobody is nominated', [], 1, null, 'ok', 'F:1', false],
    ['less important ones, and the pod itself, do not count', ['low', 'p'], 1, null, 'ok', 'F:1', false],
    ['equals count: with them there, then without', ['low', 'same'], 2, null, 'ok', 'X+same@2 F:2 F:1', true],
    ['with all of them there it has to pass, too', ['same', 'high'], 2, null, 'Unschedulable: full', 'X+same@2 X+high@3 F:3', true],
    ['without them it has to pass, too', ['high'], 0, null, 'Unschedulable: full', 'X+high@2 F:2', true],
    ['a plugin that is told may end it', ['high', 'same'], 9, 'high', 'Unschedulable: no high', 'X+high@2', true],
  ])('%s', (_, names, room, refuse, said, log, any) => {
    expect(withNominated(names, room, refuse)).toEqual({ said, log, any, on: 1, has: names.length > 0 });
  });

  test('of a node where only its guests are too much', () => {
    const { world, info, n0, state, log } = worldOf();
    const profile = profileOf(world, told(log, { F: (on) => (on.pods.length === 1 ? unschedulable('F', 'lonely') : null) }), { nominatedPods: () => [world.row('high')] });
    expect([text(profile.runFilterWithNominatedPods(state, info, n0)), log]).toEqual(['Unschedulable: lonely', ['F:2', 'F:1']]);
  });

  test.each(['addPod', 'removePod'] as const)('%s: each PreFilter that follows pods hears of it until one objects', (method) => {
    const { world, info, n0, state, log } = worldOf();
    const follow = (name: string, status: Status | null = null): Members => {
      const hear = (what: string) => (_of: CycleState, _to: PodInfo, other: number, on: NodeInfo): Status | null => (log.push(`${name} ${what} ${world.cache.podName(other)} ${on.name}`), status);
      return { preFilter: () => all(), preFilterExtensions: { addPod: hear('addPod'), removePod: hear('removePod') } };
    };
    const profile = profileOf(world, { A: { preFilter: () => all() }, B: follow('B'), C: follow('C', errorStatus('C', 'skipped')), D: follow('D', errorStatus('D', 'd')), E: follow('E') });
    const tell = (): Status | null => method === 'addPod' ? profile.runPreFilterAddPod(state, info, world.row('high'), n0) : profile.runPreFilterRemovePod(state, info, world.row('high'), n0);
    state.skipFilter.add('C');
    expect([text(tell()), log]).toEqual(['Error: d', [`B ${method} high n0`, `D ${method} high n0`]]);
    state.skipFilter.add('D');
    expect([text(tell()), log.slice(2)]).toEqual(['ok', [`B ${method} high n0`, `E ${method} high n0`]]);
  });
});

describe('PostFilter', () => {
  const no = (name: string, nominatedNodeName: string | null = null, again?: () => void): PostFilterResult =>
    ({ status: unschedulable(name, `${name} cannot`), nominatedNodeName, ...(again === undefined ? {} : { again }) });
  const run = (answers: Readonly<Record<string, PostFilterResult>>) => {
    const { world, info, state, log } = worldOf();
    const profile = profileOf(world, Object.fromEntries(Object.entries(answers).map(([name, answer]) => [name, { postFilter: () => (log.push(name), answer) }])));
    const result = profile.runPostFilter(state, info, { get: () => null, ofNode: () => null, unschedulable: () => [], explicit: () => [] });
    return { result, asked: log.join(' '), told: [text(result.status), result.status?.plugin ?? null, result.nominatedNodeName, result.message ?? null, 'again' in result] };
  };

  test.each<[string, Readonly<Record<string, PostFilterResult>>, string, unknown[]]>([
    ['success ends the round, with what it says and without a promise', { A: no('A', 'n2'), B: { status: null, nominatedNodeName: 'n1', message: 'made room', again: () => undefined }, C: no('C') }, 'A B', ['ok', null, 'n1', 'made room', false]],
    ['unresolvable ends it, too', { A: no('A'), B: { status: unresolvable('B', 'never'), nominatedNodeName: '' }, C: no('C') }, 'A B', ['UnschedulableAndUnresolvable: never', 'B', '', null, false]],
    ['an error ends it, in the plugin\'s name, and leaves the nomination', { A: no('A', ''), B: { status: errorStatus('other', 'x', 'y'), nominatedNodeName: 'n1' }, C: no('C') }, 'A B', ['Error: x, y', 'B', null, null, false]],
    ['Pending is none of its answers', { B: { status: PENDING, nominatedNodeName: null } }, 'B', ['Error: later', 'B', null, null, false]],
    ['reasons of all are collected; the last that speaks of the nomination counts', { A: no('A', 'n0'), B: no('B', ''), C: no('C') }, 'A B C', ['Unschedulable: A cannot, B cannot, C cannot', 'C', '', null, false]],
  ])('%s', (_, answers, asked, told) => {
    const { asked: heard, told: said } = run(answers);
    expect([heard, said]).toEqual([asked, told]);
  });

  test('the same is promised again only when each promises it; then each is asked', () => {
    const drawn: string[] = [];
    const draw = (name: string) => (): void => void drawn.push(name);
    const { result } = run({ A: no('A', null, draw('A')) });
    result.again?.();
    const both = run({ A: no('A', null, draw('a')), B: no('B', null, draw('b')) });
    both.result.again?.();
    expect(drawn).toEqual(['A', 'a', 'b']);
    expect([run({ A: no('A', null, draw('x')), B: no('B') }).told[4], run({ A: no('A'), B: no('B', null, draw('x')) }).told[4]]).toEqual([false, false]);
  });
});

describe('scores', () => {
  const score = (by: Readonly<Record<string, number>>, more: Members = {}): Members => ({ score: (_state, _pod, { name }) => by[name] ?? 0, ...more });
  const sum = (plugins: Readonly<Record<string, Members>>, weights: Readonly<Record<string, number>> = {}, skipped: readonly string[] = []) => {
    const { world, info, state } = worldOf();
    for (const name of skipped) state.skipScore.add(name);
    const totals = new Float64Array(5).fill(7);
    const collected: [string, number[], CollectedScores][] = [];
    const profile = profileOf(world, plugins, {}, weights);
    const status = profile.runScore(state, info, world.snapshot.nodes, totals, new Float64Array(5).fill(9), (name, weighted, from) => collected.push([name, [...weighted], from]));
    const again = new Float64Array(3);
    const uncollected = profile.runScore(state, info, world.snapshot.nodes, again, new Float64Array(3));
    if (status === null) expect([uncollected, [...again]], 'told or not').toEqual([null, [...totals.subarray(0, 3)]]);
    return { said: text(status), totals: [...totals], collected };
  };

  test('are weighted and added, node by node; what lies behind the nodes stays', () => {
    const { said, totals, collected } = sum({ A: score({ n0: 1, n1: 2, n2: 100 }), B: score({ n1: 10 }) }, { A: 3, B: 2 });
    expect([said, totals]).toEqual(['ok', [3, 26, 300, 7, 7]]);
    expect(collected.map(([name, weighted]) => [name, weighted])).toEqual([['A', [3, 6, 300]], ['B', [0, 20, 0]]]);
  });

  test('are normalised first, and told as they were, as they are, and weighted', () => {
    const times = (by: number): Members => ({ normalizeScore: (_state, _pod, scores, nodes) => nodes.forEach((_node, i) => void (scores[i] *= by)) });
    const { said, totals, collected } = sum({ A: score({ n0: 1, n2: -0 }, times(10)) }, { A: 2 });
    expect([said, totals.slice(0, 3)]).toEqual(['ok', [20, 0, 0]]);
    const [[name, weighted, { nodes, raw, normalized, weight }]] = collected;
    expect([name, weighted.length, nodes.map((each) => each.name), raw[0], normalized[0], weight]).toEqual(['A', 3, ['n0', 'n1', 'n2'], 1, 10, 2]);
  });

  test('of who skipped in PreScore do not count and are not told', () => {
    const { totals, collected } = sum({ A: score({ n0: 50 }), B: score({ n0: 1 }) }, {}, ['A']);
    expect([totals[0], collected.map(([name]) => name)]).toEqual([1, ['B']]);
  });

  test.each<[number, string]>([
    [0, 'ok'], [100, 'ok'],
    [-1, 'Error: plugin "A" returns an invalid score -1, it should in the range of [0, 100] after normalizing'],
    [101, 'Error: plugin "A" returns an invalid score 101, it should in the range of [0, 100] after normalizing'],
    [NaN, 'Error: plugin "A" returns an invalid score NaN, it should in the range of [0, 100] after normalizing'],
  ])('%d on the last node', (value, said) => {
    expect(sum({ A: score({ n2: value }) }).said).toBe(said);
  });

  test('PreScore: who skips is left out, a failure ends it; some may be asked alone', () => {
    const { world, info, log } = worldOf();
    const tell = (name: string, status: Status | null): Members => ({ preScore: (_state, _pod, nodes) => (log.push(`${name}${nodes.length}`), status) });
    const profile = profileOf(world, { A: tell('A', null), B: tell('B', SKIP), C: tell('C', unschedulable('x', 'no', 'way')), D: tell('D', null) });
    const ask = (...names: readonly string[]): unknown => {
      log.length = 0;
      const state = new CycleState();
      const wanted = names.length === 0 ? undefined : new Set(profile.plugins.filter(({ name }) => names.includes(name)));
      const status = profile.runPreScore(state, info, world.snapshot.nodes, wanted);
      return [text(status), status?.plugin ?? null, log.join(' '), [...state.skipScore].join(' ')];
    };
    expect(ask()).toEqual(['Error: running PreScore plugin "C": no, way', 'C', 'A3 B3 C3', 'B']);
    expect(ask('B', 'D')).toEqual(['ok', null, 'B3 D3', 'B']);
    expect(ask('A')).toEqual(['ok', null, 'A3', '']);
  });
});

describe('what a profile promises of its plugins', () => {
  const inert = (is: boolean, more: Members = {}): Members => ({ inert: () => is, ...more });
  const filter = (dependence?: 'facts' | 'node' | 'cluster', more: Members = {}): Members => ({ filter: () => null, ...(dependence === undefined ? {} : { dependence: { filter: dependence } }), ...more });
  const follows: Members = { preFilter: () => all(), preFilterExtensions: { addPod: () => null, removePod: () => null } };
  const domains = {} as NonNullable<Plugin['domains']>;

  test.each<[string, Readonly<Record<string, Members>>, string | null, boolean, boolean]>([
    ['none filters', {}, null, true, true],
    ['one looks at the node', { A: filter('node') }, 'A', true, true],
    ['those before it look at the object alone, or skip', { A: filter('facts'), B: filter('cluster', inert(true)), C: filter('node'), D: filter('facts') }, 'C', true, false],
    ['all look at the object alone', { A: filter('facts') }, null, true, true],
    ['one looks at more, first', { A: filter('cluster', inert(false)), B: filter('node') }, null, false, false],
    ['one looks at more, behind', { B: filter('node'), A: filter('cluster') }, 'B', false, false],
    ['one that does not say', { A: filter(), B: filter('node') }, null, false, false],
    ['one has to be told of pods', { A: filter('node', follows) }, null, false, true],
    ['one would have to be told, but skips', { A: filter('node', { ...follows, ...inert(true) }) }, null, true, true],
    ['one would have to be told, but skips, and another filters', { A: filter('node', { ...follows, ...inert(true) }), B: filter('node') }, 'B', true, true],
    ['one that skips until the cluster changes', { A: filter('cluster', inert(true, { inertUntilChange: true })) }, null, true, true],
    ['one that counts by domain', { A: filter('cluster', { domains }) }, null, false, true],
    ['one that counts by domain, and skips when it likes', { A: filter('cluster', inert(false, { domains })) }, null, false, false],
    ['a PreFilter alone that does not say', { A: { preFilter: () => all() } }, null, true, false],
    ['a PreFilter alone that looks at the node', { A: { preFilter: () => all(), dependence: { filter: 'node' } } }, null, true, true],
  ])('%s', (_, plugins, deciding, nodeOnly, changes) => {
    const { world, info } = worldOf();
    const profile = profileOf(world, plugins);
    expect([profile.decidingFilter(info.template)?.name ?? null, profile.asksNodeOnly(info.template), profile.changesWithCluster]).toEqual([deciding, nodeOnly, changes]);
  });

  test('who has nothing to say says so himself, of each template', () => {
    const { info } = worldOf();
    expect([isInert({ name: 'A' }, info.template), isInert({ name: 'A', inert: () => false }, info.template), isInert({ name: 'A', inert: (template) => template === info.template }, info.template)]).toEqual([false, false, true]);
  });

  test('PreScore whose Score is not asked, or that needs a PreFilter which is not', () => {
    const { world } = worldOf();
    const score = { score: () => 1 };
    const preScore = { preScore: () => null };
    const told = (plugins: Readonly<Record<string, Members>>): unknown => {
      const profile = profileOf(world, plugins);
      return [profile.lonePreScores.map(({ name }) => name), profile.lacksPreFilter];
    };
    const needs = { preScoreNeedsPreFilter: true };
    expect(told({ A: { ...preScore, ...score }, B: preScore, C: score })).toEqual([['B'], false]);
    expect(told({ A: { ...preScore, ...score, ...needs }, B: { preFilter: () => all() } })).toEqual([[], true]);
    expect(told({ B: { preFilter: () => all() }, A: { ...preScore, ...score, ...needs, preFilter: () => all() } })).toEqual([[], false]);
    expect(told({ A: { ...score, ...needs } })).toEqual([[], false]);
    expect([mayFailAlone({ name: 'A' }), mayFailAlone({ name: 'A', dependence: { score: 'cluster' } }), mayFailAlone({ name: 'A', dependence: { filter: 'node' } })]).toEqual([true, true, true]);
    expect([mayFailAlone({ name: 'A', dependence: { score: 'facts' } }), mayFailAlone({ name: 'A', dependence: { score: 'node' } }), mayFailAlone({ name: 'A', domains }), mayFailAlone({ name: 'A', ...needs })]).toEqual([false, false, false, false]);
  });
});

test('each plugin is made once, with the arguments given or else its own, and listed in order of first mention', () => {
  const { world } = worldOf();
  const made: unknown[] = [];
  const factory = (name: string, defaultArgs?: Readonly<Record<string, unknown>>) => ({
    name, summary: '', ...(defaultArgs === undefined ? {} : { defaultArgs }),
    create: (args: unknown) => (made.push([name, args]), { name, less: () => true, filter: () => null, score: () => 1, reserve: () => null, unreserve: () => undefined }),
  });
  const registry = new Map([['A', factory('A', { a: 1 })], ['B', factory('B', { b: 1 })], ['C', factory('C')]]);
  const none = Object.fromEntries(POINTS.map((point) => [point, []])) as unknown as ProfilePoints;
  const points = { ...none, queueSort: ['C'], filter: ['B', 'A'], score: [{ name: 'A', weight: 4 }], reserve: ['A', 'C'] };
  const profile = new Profile({ schedulerName: 's', percentageOfNodesToScore: 30, points, args: { B: { b: 2 } } }, registry, world.handle);
  expect(made).toEqual([['C', {}], ['B', { b: 2 }], ['A', { a: 1 }]]);
  expect(profile.plugins.map(({ name }) => name)).toEqual(['C', 'B', 'A']);
  expect([profile.queueSort.name, profile.filter.map(({ name }) => name), profile.score.map(({ plugin, weight }) => [plugin.name, weight]), profile.reserve.map(({ name }) => name)]).toEqual(['C', ['B', 'A'], [['A', 4]], ['A', 'C']]);
  expect([profile.schedulerName, profile.percentageOfNodesToScore]).toEqual(['s', 30]);
});

test('a QueueSort of one\'s own is shown both pods and since when they wait; PrioritySort needs nobody asked', () => {
  const { world } = worldOf();
  const shown: unknown[] = [];
  const profile = profileOf(world, {}, {});
  const sorting = profileOf(world, { Sort: { less: (a, b) => (shown.push([a.pod.name, a.timestamp, b.pod.name, b.timestamp]), a.pod.priority > b.pod.priority) } });
  const before = orderBefore(new Map([['s', sorting], ['t', profile]]), world.cache, (row) => row * 100);
  const [high, low] = [world.row('high'), world.row('low')];
  expect([before?.(high, low), before?.(low, high)]).toEqual([true, false]);
  expect(shown).toEqual([['high', high * 100, 'low', low * 100], ['low', low * 100, 'high', high * 100]]);
  const registry = new Map([['PrioritySort', { name: 'PrioritySort', summary: '', create: () => ({ name: 'PrioritySort', less: () => true }) }]]);
  const standard = new Profile({ ...profile.spec, points: { ...profile.spec.points, queueSort: ['PrioritySort'] } }, registry, world.handle);
  expect(orderBefore(new Map([['s', standard]]), world.cache, () => 0)).toBeNull();
});
