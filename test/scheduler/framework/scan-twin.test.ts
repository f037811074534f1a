// One decision by remembered answers and by the plain scan: the same node, the same words, and the same counts of nodes that
// were looked at, found feasible and scored, decision after decision (the search goes on where the last one stopped).
import { describe, expect, test } from 'vitest';
import type { ScheduleResult } from '../../../src/scheduler/framework/algorithm.ts';
import { CycleState } from '../../../src/scheduler/framework/cycle-state.ts';
import type { NodeInfo, Plugin, PluginFactory } from '../../../src/scheduler/framework/plugin-api.ts';
import { PodInfo } from '../../../src/scheduler/framework/pod-info.ts';
import { errorStatus, unresolvable, unschedulable } from '../../../src/scheduler/framework/status.ts';
import { SchedulerWorld, plugin } from '../scheduler-world.ts';
import type { SchedulerWorldOptions } from '../scheduler-world.ts';

type Members = Omit<Plugin, 'name'>;
type Dependence = 'facts' | 'node' | 'cluster';

interface Story {
  readonly nodes: number;
  readonly percentage?: number;
  readonly tieBreak?: 'upstream' | 'first' | 'random';
  readonly plugins?: Readonly<Record<string, Members>>;
  /** Full nodes, by number. */
  readonly full?: readonly number[];
  /** The node that the pod itself is nominated to; that others are, by priority. */
  readonly own?: string;
  readonly others?: readonly (readonly [string, number])[];
  readonly cpu?: string;
}

const numberOf = ({ name }: NodeInfo): number => Number(name.slice(1));
const rejects = (which: (n: number) => boolean, filter: Dependence): Members =>
  ({ filter: (_state, _pod, node) => (which(numberOf(node)) ? unschedulable('F', 'odd') : null), dependence: { filter } });
const scores = (of: (n: number) => number, score: Dependence, more: Members = {}): Members => ({ score: (_state, _pod, node) => of(numberOf(node)), dependence: { score }, ...more });
const half: Members = { normalizeScore: (_state, _pod, values) => values.forEach((value, i) => void (values[i] = value / 2)) };

/** What each of three decisions on a pod said and counted. Nothing is bound: the cluster stays as it is. */
function decide(story: Story, options: Pick<SchedulerWorldOptions, 'plain'>): unknown[] {
  const { world, decideOnce } = stage(story, options);
  const { algorithm } = world.scheduler;
  return [0, 1, 2].map(() => {
    const said = told(decideOnce());
    return { ...said, start: algorithm.nextStartNodeIndex, filtered: algorithm.nodesFiltered, scored: algorithm.nodesScored };
  });
}

function stage({ nodes, percentage = 0, tieBreak = 'upstream', plugins = {}, full = [], own, others = [], cpu = '1' }: Story, options: Pick<SchedulerWorldOptions, 'plain'>) {
  const factories: PluginFactory[] = Object.entries(plugins).map(([name, methods]) => plugin(name, { eventsToRegister: () => [], ...methods }));
  const having = (method: keyof Plugin): string[] => Object.keys(plugins).filter((name) => method in plugins[name]);
  const world = new SchedulerWorld({
    ...options, plugins: factories, tieBreak, percentageOfNodesToScore: percentage, autoRun: false,
    points: { preFilter: ['NodeResourcesFit', ...having('preFilter')], filter: ['NodeResourcesFit', ...having('filter')], preScore: having('preScore'), score: having('score').map((name) => ({ name, weight: 2 })) },
  });
  world.nodes(nodes);
  for (const n of full) world.placed(`full${n}`, `n${n}`, '4');
  for (const [name, priority] of others) world.cluster.nominatePod(world.pod(`guest-${name}-${priority}`, '4', { priority }), name);
  const row = world.pod('p', cpu, { priority: 5 });
  if (own !== undefined) world.cluster.nominatePod(row, own);
  const [profile] = world.scheduler.profiles.values();
  const decideOnce = (): ScheduleResult => world.scheduler.algorithm.schedule(profile, new CycleState(), new PodInfo(world.scheduler.cache, row));
  return { world, profile, row, decideOnce };
}

function told(result: ScheduleResult): Record<string, unknown> {
  switch (result.kind) {
    case 'scheduled':
      return { node: result.node.name, evaluated: result.evaluatedNodes, feasible: result.feasibleNodes };
    case 'error':
      return { error: result.status.reasons, by: result.status.plugin };
    case 'noNodes':
      return { kind: result.kind };
    case 'fitError': {
      const { diagnosis } = result;
      return { message: diagnosis.message(''), by: [...diagnosis.unschedulablePlugins], explicit: diagnosis.explicitCount };
    }
  }
}

const odd = (n: number): boolean => n % 2 === 1;
const STORIES: Readonly<Record<string, Story>> = {
  'no node': { nodes: 0 },
  'one node': { nodes: 1, plugins: { S: scores(() => 3, 'node') } },
  'no score: the first that fits, one after the other': { nodes: 4, full: [1] },
  'no score, and none fits': { nodes: 3, full: [0, 1, 2] },
  'summed scores': { nodes: 7, plugins: { S: scores((n) => n % 4, 'node'), T: scores((n) => n, 'facts') } },
  'normalised scores': { nodes: 7, plugins: { S: scores((n) => 10 * (n % 4), 'node', half) } },
  'scores that look at everything': { nodes: 7, full: [3], plugins: { S: scores((n) => n % 4, 'cluster') } },
  'all kinds of scores': { nodes: 9, full: [8], plugins: { S: scores((n) => n % 4, 'cluster'), T: scores((n) => n, 'facts', half), U: scores((n) => (n === 5 ? 9 : 0), 'node') } },
  'scores of one node that fits': { nodes: 4, full: [0, 1, 3], plugins: { S: scores((n) => n, 'cluster') } },
  'the first of equals': { nodes: 6, tieBreak: 'first', plugins: { S: scores((n) => n % 3, 'cluster') } },
  'any of equals': { nodes: 6, tieBreak: 'random', plugins: { S: scores((n) => n % 3, 'node') } },
  'any of equals, looked at live': { nodes: 6, tieBreak: 'random', plugins: { S: scores((n) => n % 3, 'cluster') } },
  'a search among many': { nodes: 250, percentage: 40, plugins: { S: scores((n) => n % 50, 'node'), F: rejects(odd, 'facts') } },
  'a search among many, live': { nodes: 250, percentage: 41, plugins: { S: scores((n) => n % 50, 'cluster'), F: rejects(odd, 'cluster') } },
  'more are wanted than fit': { nodes: 130, percentage: 90, plugins: { S: scores((n) => n % 50, 'node'), F: rejects((n) => n % 3 > 0, 'node') } },
  'none fits': { nodes: 5, full: [2], plugins: { S: scores(() => 1, 'node'), F: rejects(() => true, 'facts') } },
  'none fits, live': { nodes: 5, full: [2], plugins: { S: scores(() => 1, 'node'), F: rejects(() => true, 'cluster') } },
  'its own node takes it': { nodes: 5, own: 'n3', plugins: { S: scores((n) => n, 'node') } },
  'its own node is full, in reach': { nodes: 250, percentage: 40, own: 'n20', full: [20], plugins: { S: scores((n) => n % 50, 'node') } },
  'its own node is full, out of reach': { nodes: 250, percentage: 40, own: 'n249', full: [249], plugins: { S: scores((n) => n % 50, 'node') } },
  'its own node is full, right behind the last': { nodes: 250, percentage: 40, own: 'n100', full: [100], plugins: { S: scores((n) => n % 50, 'node') } },
  'its own node is full, the last in reach': { nodes: 250, percentage: 40, own: 'n99', full: [99], plugins: { S: scores((n) => n % 50, 'node') } },
  'its own node is full, and no score is asked': { nodes: 5, own: 'n4', full: [4, 0] },
  'its own node is full, as all others': { nodes: 3, own: 'n1', full: [0, 1, 2], plugins: { S: scores(() => 1, 'node') } },
  'its own node is unknown': { nodes: 3, own: 'n9', plugins: { S: scores((n) => n, 'node') } },
  'guests are kept their places': { nodes: 5, others: [['n4', 9], ['n3', 5], ['n2', 1]], plugins: { S: scores((n) => n, 'node') } },
  'guests are kept their places, live': { nodes: 5, others: [['n4', 9]], full: [0], plugins: { S: scores((n) => n, 'cluster'), F: rejects((n) => n === 3, 'cluster') } },
  'guests on all nodes': { nodes: 2, others: [['n0', 9], ['n1', 7]], plugins: { S: scores((n) => n, 'node') } },
  'PreFilter restricts to some': { nodes: 6, plugins: { S: scores((n) => n, 'node'), R: { preFilter: () => ({ status: null, nodeNames: new Set(['n1', 'n4', 'n9']) }) } } },
  'PreFilter restricts to one': { nodes: 6, plugins: { S: scores((n) => n, 'node'), R: { preFilter: () => ({ status: null, nodeNames: new Set(['n2']) }) } } },
  'PreFilter restricts to one that is full': { nodes: 6, full: [2], plugins: { R: { preFilter: () => ({ status: null, nodeNames: new Set(['n2']) }) } } },
  'PreFilter restricts to two that are full, the pod\'s own node among them': { nodes: 6, own: 'n2', full: [2, 3], plugins: { S: scores((n) => n, 'node'), R: { preFilter: () => ({ status: null, nodeNames: new Set(['n2', 'n3']) }) } } },
  'PreFilter restricts to one that is not there': { nodes: 6, plugins: { R: { preFilter: () => ({ status: null, nodeNames: new Set(['n9']) }) } } },
  'PreFilter rejects': { nodes: 3, plugins: { R: { preFilter: () => ({ status: unresolvable('R', 'never'), nodeNames: null }) } } },
  'PreFilter fails': { nodes: 3, plugins: { R: { preFilter: () => ({ status: errorStatus('R', 'broken'), nodeNames: null }) } } },
  'a score is no score': { nodes: 5, full: [1], plugins: { S: scores((n) => n, 'facts'), T: scores((n) => (n === 3 ? 101 : 1), 'node') } },
  'a normalised score is no score': { nodes: 5, full: [1], plugins: { S: scores((n) => n, 'facts'), T: scores((n) => (n === 3 ? 300 : 1), 'node', half) } },
  'a live score is no score': { nodes: 5, plugins: { S: scores((n) => n, 'facts'), T: scores((n) => (n === 3 ? -1 : 1), 'cluster') } },
  'a score is no score on a full node': { nodes: 5, full: [3], plugins: { T: scores((n) => (n === 3 ? 101 : 1), 'node') } },
  'a score is no score on a node that a live Filter rejects': { nodes: 5, plugins: { T: scores((n) => (n === 3 ? 101 : n), 'node'), F: rejects((n) => n === 3, 'cluster') } },
  'PreScore fails': { nodes: 3, plugins: { S: scores(() => 1, 'cluster', { preScore: () => errorStatus('S', 'broken') }) } },
  'a score is no score, and PreScore of another fails': { nodes: 4, plugins: { T: scores((n) => (n === 3 ? 101 : 1), 'node'), S: scores(() => 1, 'cluster', { preScore: () => errorStatus('S', 'broken') }) } },
  'a PreScore alone fails': { nodes: 3, plugins: { S: scores((n) => n, 'node'), P: { preScore: () => errorStatus('P', 'broken') } } },
  'a PreScore fails where one node fits: it is not asked': { nodes: 3, full: [0, 1], plugins: { S: scores(() => 1, 'cluster', { preScore: () => errorStatus('S', 'broken') }) } },
};

describe.each(Object.entries(STORIES))('%s', (_, story) => {
  test('remembered answers say and count what the plain scan does', () => {
    expect(decide(story, { plain: false })).toEqual(decide(story, { plain: true }));
  });
});

describe.each([true, false])('plain: %s', (plain) => {
  const run = (name: string): unknown => decide(STORIES[name], { plain });

  test('what is counted', () => {
    expect(run('no node')).toEqual(Array(3).fill({ kind: 'noNodes', start: 0, filtered: 0, scored: 0 }));
    expect(run('no score: the first that fits, one after the other')).toEqual([
      { node: 'n0', evaluated: 2, feasible: 1, start: 2, filtered: 2, scored: 0 },
      { node: 'n2', evaluated: 1, feasible: 1, start: 3, filtered: 3, scored: 0 },
      { node: 'n3', evaluated: 1, feasible: 1, start: 0, filtered: 4, scored: 0 },
    ]);
    expect(run('scores that look at everything')).toEqual([7, 14, 21].map((filtered, i) => ({ node: 'n2', evaluated: 7, feasible: 6, start: 0, filtered, scored: 6 * (i + 1) })));
    expect(run('summed scores')).toEqual([7, 14, 21].map((seen) => ({ node: 'n6', evaluated: 7, feasible: 7, start: 0, filtered: seen, scored: seen })));
    expect(run('scores of one node that fits')).toEqual([4, 8, 12].map((filtered) => ({ node: 'n2', evaluated: 4, feasible: 1, start: 0, filtered, scored: 0 })));
    expect(run('its own node takes it')).toEqual([1, 2, 3].map((filtered) => ({ node: 'n3', evaluated: 1, feasible: 1, start: 0, filtered, scored: 0 })));
    expect(run('a search among many')).toEqual([
      { node: 'n148', evaluated: 200, feasible: 100, start: 200, filtered: 200, scored: 100 },
      { node: 'n98', evaluated: 200, feasible: 100, start: 150, filtered: 400, scored: 200 },
      { node: 'n48', evaluated: 200, feasible: 100, start: 100, filtered: 600, scored: 300 },
    ]);
  });

  test('a rejection by its own node counts once more, and moves the search only where it had not come to it', () => {
    const seen = (name: string): unknown[] => (run(name) as Record<string, unknown>[]).map(({ evaluated, start, filtered }) => [evaluated, start, filtered]);
    expect(seen('its own node is full, in reach')).toEqual([[101, 101, 102], [101, 202, 203], [101, 53, 305]]);
    expect(seen('its own node is full, out of reach')[0]).toEqual([101, 101, 101]);
    expect(seen('its own node is full, right behind the last')[0]).toEqual([101, 101, 102]);
  });

  test.each<[string, string, string]>([
    ['PreFilter fails', 'R', 'running PreFilter plugin "R": broken'],
    ['a score is no score', 'T', 'plugin "T" returns an invalid score 101, it should in the range of [0, 100] after normalizing'],
    ['a normalised score is no score', 'T', 'plugin "T" returns an invalid score 150, it should in the range of [0, 100] after normalizing'],
    ['PreScore fails', 'S', 'running PreScore plugin "S": broken'],
    ['a PreScore alone fails', 'P', 'running PreScore plugin "P": broken'],
  ])('%s: the error names its plugin', (name, by, text) => {
    expect((run(name) as Record<string, unknown>[])[0]).toMatchObject({ by, error: [text] });
  });

  test.each<[Dependence]>([['facts'], ['node'], ['cluster']])('a Filter (%s) that gives an error ends the cycle where it is asked', (filter) => {
    const broken: Members = { filter: (_state, _pod, node) => (numberOf(node) === 2 ? errorStatus('F', 'broken') : numberOf(node) === 1 ? unschedulable('F', 'no') : null), dependence: { filter } };
    const [first] = decide({ nodes: 5, plugins: { F: broken, S: scores((n) => n, 'node') } }, { plain }) as Record<string, unknown>[];
    expect(first).toMatchObject({ by: 'F', error: ['running "F" filter plugin: broken'], start: 2, filtered: 2, scored: 0 });
    const own = decide({ nodes: 5, own: 'n2', plugins: { F: broken, S: scores((n) => n, 'node') } }, { plain }) as Record<string, unknown>[];
    expect(own[0], 'on its own node it is passed over').toMatchObject({ by: 'F', error: ['running "F" filter plugin: broken'] });
  });

  test('what PreFilter restricts stands in the words and names', () => {
    const first = (name: string): unknown => (run(name) as Record<string, unknown>[])[0];
    expect(first('PreFilter restricts to one that is full')).toMatchObject({ message: '0/6 nodes are available: 1 Insufficient cpu, 5 node(s) didn\'t satisfy plugin(s) [R].', by: ['R', 'NodeResourcesFit'], explicit: 1 });
    expect(first('PreFilter restricts to one that is not there')).toMatchObject({ message: '0/6 nodes are available: 6 node(s) didn\'t satisfy plugin(s) [R].', by: ['R'], explicit: 0 });
    expect(first('PreFilter rejects')).toMatchObject({ message: '0/3 nodes are available: never.', by: ['R'], explicit: 0 });
    expect(first('PreFilter restricts to some')).toMatchObject({ node: 'n4', evaluated: 2, feasible: 2, start: 2, filtered: 2, scored: 2 });
  });
});

describe('what is told again without a look', () => {
  const repeats = (story: Story, plain = false): unknown => {
    const result = stage(story, { plain }).decideOnce();
    return result.kind === 'fitError' ? result.repeats : result.kind;
  };
  const none: Members = rejects(() => true, 'node');

  test.each<[string, Story, boolean]>([
    ['a rejection by all nodes, from what is remembered', { nodes: 3, plugins: { F: none } }, true],
    ['of a pod with a node of its own', { nodes: 3, own: 'n1', plugins: { F: none } }, false],
    ['of a pod whose node is not there', { nodes: 3, own: 'n9', plugins: { F: none } }, true],
    ['where a plugin looks at everything', { nodes: 3, plugins: { F: rejects(() => true, 'cluster') } }, false],
    ['where a plugin that looks at everything is not asked', { nodes: 3, plugins: { F: none, G: { ...rejects(() => false, 'cluster'), inert: () => true } } }, false],
    ['where such a plugin promises to stay silent until something changes', { nodes: 3, plugins: { F: none, G: { ...rejects(() => false, 'cluster'), inert: () => true, inertUntilChange: true } } }, true],
  ])('%s', (_, story, expected) => {
    expect(repeats(story)).toBe(expected);
    expect(repeats(story, true)).toBe(false);
  });
});

test('whoever wants to know the scores gets them from the plain scan, with the same node', () => {
  const { world, profile, row, decideOnce } = stage(STORIES['all kinds of scores'], {});
  const plainly: [string, number[]][] = [];
  const asked = world.scheduler.algorithm.schedule(profile, new CycleState(), new PodInfo(world.scheduler.cache, row), (name, weighted) => plainly.push([name, [...weighted]]));
  expect(told(asked)).toEqual(told(decideOnce()));
  expect(plainly).toEqual([['S', [0, 2, 4, 6, 0, 2, 4, 6]], ['T', [0, 1, 2, 3, 4, 5, 6, 7]], ['U', [0, 0, 0, 0, 0, 18, 0, 0]]]);
  expect(Array.from({ length: 8 }, (_, i) => world.scheduler.algorithm.total(i))).toEqual(expect.arrayContaining([0, 25]));
});
