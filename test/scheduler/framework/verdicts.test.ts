// The small things that verdicts are made of: statuses and their counts, the diagnosis of a failed cycle with the words of
// FitError, what plugins remember in a cycle, which events match, a pod as plugins see it.
import { describe, expect, test } from 'vitest';
import { Action, WILDCARD_EVENT, UNSCHEDULABLE_TIMEOUT, event, eventMatches, isOwnPod, isWildcard, nodeEventView, podEventView } from '../../../src/scheduler/framework/cluster-event.ts';
import type { EventResource } from '../../../src/scheduler/framework/cluster-event.ts';
import { CycleState, stateKey } from '../../../src/scheduler/framework/cycle-state.ts';
import { Diagnosis, fitErrorText } from '../../../src/scheduler/framework/diagnosis.ts';
import type { StatusSource } from '../../../src/scheduler/framework/diagnosis.ts';
import { PodInfo } from '../../../src/scheduler/framework/pod-info.ts';
import { CODE_NAMES, Code, SKIP, countUp, errorStatus, isRejected, lazyStatus, sameStatus, statusMessage, unresolvable, unschedulable } from '../../../src/scheduler/framework/status.ts';
import type { Status, StatusContent } from '../../../src/scheduler/framework/status.ts';
import { fixture, node, pod } from '../../support/scheduler-fixture.ts';

const FULL = unschedulable('Fit', 'Insufficient cpu', 'Too many pods');
const LESS = unschedulable('Fit', 'Insufficient cpu');
const NEVER = unresolvable('Name', 'wrong name');
const LATER: Status = { code: Code.Pending, reasons: ['later'], plugin: 'Claims' };

describe('a status', () => {
  test('has a code, a plugin and reasons; three codes reject', () => {
    const made = [unschedulable('A', 'x', 'y'), unresolvable('B', 'z'), errorStatus('C'), SKIP, LATER, { code: Code.Wait, reasons: [], plugin: 'D' }];
    expect(made.map((status) => [CODE_NAMES[status.code], status.plugin, statusMessage(status), isRejected(status)])).toEqual([
      ['Unschedulable', 'A', 'x, y', true], ['UnschedulableAndUnresolvable', 'B', 'z', true], ['Error', 'C', '', false], ['Skip', '', '', false], ['Pending', 'Claims', 'later', true], ['Wait', 'D', '', false],
    ]);
  });

  test('that is lazy is put into words once, when somebody reads them', () => {
    let times = 0;
    const lazy = lazyStatus('P', [FULL], () => [`${++times} time`]);
    expect([times, lazy.code, lazy.plugin, isRejected(lazy)]).toEqual([0, Code.Unschedulable, 'P', true]);
    expect([statusMessage(lazy), statusMessage(lazy), times]).toEqual(['1 time', '1 time', 1]);
  });

  const lazy = (plugin: string, ...content: StatusContent): Status => lazyStatus(plugin, content, () => { throw new Error('nobody asked for words'); });
  const one = lazy('P', FULL, 3);
  test.each<[string, Status | null, Status | null, boolean]>([
    ['none and none', null, null, true],
    ['none and one', null, FULL, false],
    ['one and none', one, null, false],
    ['itself', FULL, FULL, true],
    ['the same words in another', LESS, unschedulable('Fit', 'Insufficient cpu'), false],
    ['a lazy one, itself', one, one, true],
    ['lazy ones of the same', one, lazy('P', FULL, 3), true],
    ['of nothing', lazy('P'), lazy('P'), true],
    ['of another plugin', one, lazy('Q', FULL, 3), false],
    ['of another count', one, lazy('P', FULL, 4), false],
    ['of another status', one, lazy('P', LESS, 3), false],
    ['of more', one, lazy('P', FULL, 3, 3), false],
    ['of less', one, lazy('P', FULL), false],
    ['of a number for a status', one, lazy('P', 3, 3), false],
    ['of a status for a number', one, lazy('P', FULL, FULL), false],
    ['of lazy ones that are the same', lazy('P', one, 1), lazy('P', lazy('P', FULL, 3), 1), true],
    ['of lazy ones that differ', lazy('P', one, 1), lazy('P', lazy('P', FULL, 2), 1), false],
    ['different behind the same', lazy('P', FULL, one, 1), lazy('P', FULL, lazy('P', FULL, 3), 2), false],
    ['lazy and not', one, FULL, false],
  ])('says the same: %s', (_, a, b, expected) => {
    expect([sameStatus(a, b), sameStatus(b, a)]).toEqual([expected, expected]);
  });

  test('counts go up and down; none is left out', () => {
    const counts = new Map<Status, number>();
    for (const [status, by] of [[FULL, 2], [NEVER, 1], [FULL, 3], [LESS, 0], [NEVER, -1], [FULL, -1]] as const) countUp(counts, status, by);
    expect([...counts]).toEqual([[FULL, 4]]);
    countUp(counts, LESS, -2);
    expect(counts.get(LESS)).toBe(-2);
  });
});

describe('a diagnosis', () => {
  test('holds the verdicts in order, and those of all others', () => {
    const diagnosis = new Diagnosis(5);
    const nobody = diagnosis.get('n1');
    expect([nobody.code, nobody.reasons, nobody.plugin, [...diagnosis.explicit()], diagnosis.explicitCount, diagnosis.unschedulablePlugins.size, diagnosis.pendingPlugins.size]).toEqual([Code.UnschedulableAndUnresolvable, [], '', [], 0, 0, 0]);
    diagnosis.set('n2', FULL);
    diagnosis.set('n1', NEVER);
    expect([diagnosis.get('n1'), diagnosis.get('n2'), diagnosis.get('n0')]).toEqual([NEVER, FULL, nobody]);
    diagnosis.set('n0', FULL);
    expect([diagnosis.get('n0'), [...diagnosis.explicit()].map(([name]) => name), diagnosis.explicitCount]).toEqual([FULL, ['n2', 'n1', 'n0'], 3]);
    expect([diagnosis.unschedulableCount(), [...diagnosis.unschedulablePlugins], [...diagnosis.pendingPlugins]]).toEqual([2, ['Fit', 'Name'], []]);
    expect(diagnosis.counts().map(([status, count]) => [status.plugin, count])).toEqual([['Fit', 2], ['Name', 1], ['', 2]]);
    diagnosis.absentStatus = LESS;
    expect([diagnosis.get('n3'), diagnosis.unschedulableCount()]).toEqual([LESS, 4]);
    const other = new Diagnosis(5);
    expect([other.explicitCount, [...other.unschedulablePlugins]], 'another one knows nothing of it').toEqual([0, []]);
  });

  test('tells the nodes where preemption may help', () => {
    const { snapshot } = fixture({ nodes: [node('n0'), node('n1'), node('n2')] });
    const diagnosis = new Diagnosis(3);
    diagnosis.set('n2', FULL);
    diagnosis.set('n0', NEVER);
    expect([diagnosis.unschedulable(snapshot.nodes).map(({ name }) => name), diagnosis.ofNode(snapshot.nodes[2]), diagnosis.unschedulableCount()]).toEqual([['n2'], FULL, 1]);
    diagnosis.set('n1', LESS);
    expect(diagnosis.unschedulable(snapshot.nodes).map(({ name }) => name)).toEqual(['n1', 'n2']);
  });

  test('remembers who rejects and who waits for something; errors and the framework are nobody', () => {
    const diagnosis = new Diagnosis(1);
    for (const status of [FULL, NEVER, LATER, errorStatus('Broken', 'x'), unschedulable('', 'framework'), { ...LATER, plugin: 'More' }, { code: Code.Wait, reasons: [], plugin: 'Permit' } as const]) diagnosis.addPlugin(status);
    diagnosis.addUnschedulable('Set');
    expect([[...diagnosis.unschedulablePlugins], [...diagnosis.pendingPlugins]]).toEqual([['Fit', 'Name', 'Set'], ['Claims', 'More']]);
  });

  test('may have its verdicts elsewhere', () => {
    const { snapshot } = fixture({ nodes: [node('n0'), node('n1'), node('n2')] });
    const [n0, n1] = snapshot.nodes;
    const source: StatusSource = { explicitCount: 2, counts: () => [[FULL, 1], [LATER, 1]], get: (name) => (name === 'n0' ? FULL : undefined), ofNode: (each) => (each === n0 ? FULL : undefined), unschedulable: () => [n0], explicit: () => [['n0', FULL], ['n2', LATER]] };
    const diagnosis = new Diagnosis(4, source);
    diagnosis.absentStatus = NEVER;
    expect([diagnosis.get('n0'), diagnosis.get('n1'), diagnosis.ofNode(n0), diagnosis.ofNode(n1)]).toEqual([FULL, NEVER, FULL, NEVER]);
    expect([diagnosis.explicitCount, diagnosis.unschedulable([]), diagnosis.unschedulableCount(), [...diagnosis.explicit()]]).toEqual([2, [n0], 1, [['n0', FULL], ['n2', LATER]]]);
    expect([[...diagnosis.unschedulablePlugins], [...diagnosis.pendingPlugins]]).toEqual([['Fit'], ['Claims']]);
    expect(diagnosis.message('')).toBe('0/4 nodes are available: 1 Insufficient cpu, 1 Too many pods, 1 later, 2 wrong name.');
    expect(new Diagnosis(2, source).message(''), 'all have one of their own').toBe('0/2 nodes are available: 1 Insufficient cpu, 1 Too many pods, 1 later.');
  });

  test.each<[string, string, readonly (readonly [Status, number])[], string, string]>([
    ['reasons by text, summed', '', [[FULL, 2], [NEVER, 4], [LESS, 10]], '', '0/9 nodes are available: 12 Insufficient cpu, 2 Too many pods, 4 wrong name.'],
    ['none of a count of nothing', '', [[FULL, 0], [NEVER, 1]], '', '0/9 nodes are available: 1 wrong name.'],
    ['no reason at all', '', [[unresolvable('A'), 9]], '', '0/9 nodes are available:'],
    ['PreFilter\'s words instead', 'not ready', [[FULL, 9]], '', '0/9 nodes are available: not ready.'],
    ['and what PostFilter says', '', [[NEVER, 9]], 'preemption: none.', '0/9 nodes are available: 9 wrong name. preemption: none.'],
    ['PostFilter alone', '', [], 'preemption: none.', '0/9 nodes are available: preemption: none.'],
  ])('in words: %s', (_, preFilter, counts, postFilter, expected) => {
    expect(fitErrorText(9, preFilter, counts, postFilter)).toBe(expected);
  });

  test('its own words are those of PreFilter, if that rejected', () => {
    const diagnosis = new Diagnosis(2);
    diagnosis.set('n0', FULL);
    expect(diagnosis.message('more')).toBe('0/2 nodes are available: 1 Insufficient cpu, 1 Too many pods. more');
    diagnosis.preFilterMessage = 'said before';
    expect(diagnosis.message('')).toBe('0/2 nodes are available: said before.');
  });
});

describe('what is remembered in a cycle', () => {
  const A = stateKey<string>('a');
  const B = stateKey<{ clone(): unknown }>('b');

  test('is read, cleared, and never another key\'s of the same name', () => {
    const state = new CycleState();
    state.write(A, 'x');
    state.skipFilter.add('F');
    state.skipScore.add('S');
    expect([A.name, state.read(A), state.isWritten(A), state.read(stateKey('a')), state.isWritten(B)]).toEqual(['a', 'x', true, undefined, false]);
    state.reset();
    expect([state.read(A), state.isWritten(A), state.skipFilter.size, state.skipScore.size]).toEqual([undefined, false, 0, 0]);
  });

  test('is copied: what can copy itself does, the rest is shared, and the copy goes its own way', () => {
    const state = new CycleState();
    const copied = { clone: () => copied };
    const shared = { clone: 'no method' };
    const C = stateKey<unknown>('c');
    const D = stateKey<unknown>('d');
    state.write(A, 'x');
    state.write(B, { clone: () => copied });
    state.write(C, shared);
    state.write(D, null);
    state.skipFilter.add('F');
    state.skipScore.add('S');
    const copy = state.clone();
    expect([copy.read(A), copy.read(B), copy.read(C), copy.read(D), [...copy.skipFilter], [...copy.skipScore]]).toEqual(['x', copied, shared, null, ['F'], ['S']]);
    expect(copy.read(C)).toBe(shared);
    copy.write(A, 'y');
    copy.skipFilter.add('G');
    copy.skipScore.add('T');
    expect([state.read(A), [...state.skipFilter], [...state.skipScore]]).toEqual(['x', ['F'], ['S']]);
  });

  test.each(['read', 'clone'] as const)('is filled before the first %s, once, unless it was reset', (how) => {
    const state = new CycleState();
    let times = 0;
    const fill = (): void => { times++; state.write(A, 'late'); };
    state.fillLater(fill);
    expect([state.isWritten(A), state.isWritten(B), times]).toEqual([true, true, 0]);
    const look = (): unknown => (how === 'read' ? state.read(A) : state.clone().read(A));
    expect([look(), look(), times, state.isWritten(B)]).toEqual(['late', 'late', 1, false]);
    state.fillLater(fill);
    state.reset();
    expect([look(), times]).toEqual([undefined, 1]);
  });
});

describe('an event', () => {
  test.each<[string, [EventResource, number], [EventResource, number], boolean]>([
    ['the same', ['Node', Action.Add], ['Node', Action.Add], true],
    ['one of several actions', ['Node', Action.Add | Action.UpdateNodeLabel], ['Node', Action.Add], true],
    ['another action', ['Node', Action.Add], ['Node', Action.Delete], false],
    ['another resource', ['Node', Action.Add], ['Pod', Action.Add], false],
    ['more than was registered, in higher bits', ['Node', Action.UpdateNodeLabel], ['Node', Action.UpdateNodeLabel | Action.UpdateNodeTaint], false],
    ['any resource, some actions', ['*', Action.Add], ['Node', Action.Add], true],
    ['any resource, other actions', ['*', Action.Add], ['Node', Action.Delete], false],
    ['anything', ['*', Action.All], ['CSINode', Action.Delete], true],
    ['a pod, on a node', ['Pod', Action.Delete], ['AssignedPod', Action.Delete], true],
    ['a pod, waiting', ['Pod', Action.Update], ['UnschedulablePod', Action.UpdatePodLabel], true],
    ['a pod on a node, any', ['AssignedPod', Action.Delete], ['Pod', Action.Delete], false],
    ['a claim is no pod', ['Pod', Action.Add], ['ResourceClaim', Action.Add], false],
    ['a node is no pod on a node', ['Node', Action.Add], ['AssignedPod', Action.Add], false],
  ])('that is registered for %s', (_, [resource, actions], [happened, bits], expected) => {
    expect(eventMatches(event(resource, actions), event(happened, bits, 'label'))).toBe(expected);
  });

  test('is wild when it is of everything', () => {
    expect([WILDCARD_EVENT, UNSCHEDULABLE_TIMEOUT, event('*', Action.All), event('*', Action.Update), event('Node', Action.All)].map(isWildcard)).toEqual([true, true, true, false, false]);
    expect([event('Node', 1), event('Node', 1, 'NodeAdd').label]).toEqual([{ resource: 'Node', actions: 1, label: '' }, 'NodeAdd']);
  });

  test('shows pods and nodes as they stand, and tells the waiting pod itself from others in its row', () => {
    const world = fixture({ nodes: [node('n0', {}, { status: { allocatable: { cpu: '3', pods: '7' } } })], pods: [pod('on', {}, { nodeName: 'n0' }), pod('off')] });
    const { cluster, cache } = world;
    cluster.nominatePod(world.row('off'), 'n0');
    const [on, off] = [podEventView(cache, world.row('on')), podEventView(cache, world.row('off'))];
    expect([on, off].map(({ row, incarnation, template, nodeName, nominatedNodeName }) => [row, incarnation === cache.pods.incarnation[row], template === cache.templateOf(row), nodeName, nominatedNodeName])).toEqual([[0, true, true, 'n0', ''], [1, true, true, '', 'n0']]);
    const seen = nodeEventView(world.nodeInfo('n0'));
    expect([seen.facts.name, seen.allocatable[seen.base], seen.allowedPods]).toEqual(['n0', 3000, 7]);
    const info = new PodInfo(cache, world.row('off'));
    expect([isOwnPod(info, off), isOwnPod(info, on), isOwnPod(info, undefined), isOwnPod(info, { ...off, incarnation: off.incarnation + 1 })]).toEqual([true, false, false, false]);
    expect(isOwnPod(info, { ...off, row: 0 })).toBe(false);
  });
});

test('a pod as plugins see it is the pod in its row, whichever that is', () => {
  const world = fixture({ nodes: [node('n0')], pods: [pod('team/web', { app: 'web' }, { priority: 7 }), pod('db')] });
  const { cluster, cache, clock } = world;
  clock.now = 5_000_000;
  const daemon = cluster.createPod({ template: cluster.internTemplate(pod('d')).id, nameBase: cluster.names.intern('d'), nameOrdinal: 3, owner: -1, workloadClass: 0, durationMicros: Infinity, pinnedNode: cluster.names.intern('n0') });
  const told = ({ row, name, namespace, labels, priority, pinnedNodeName, nominatedNodeName, createdAt }: PodInfo): unknown => [row, name, namespace, [...labels], priority, pinnedNodeName, nominatedNodeName, createdAt];
  const info = new PodInfo(cache, 0);
  expect(told(info)).toEqual([0, 'web', 'team', [['app', 'web']], 7, '', '', 0]);
  info.row = daemon;
  expect(told(info)).toEqual([2, 'd-3', 'default', [], 0, 'n0', '', 5_000_000]);
  cluster.nominatePod(daemon, 'n0');
  expect([info.nominatedNodeName, info.template === cache.templateOf(daemon), info.incarnation === cache.pods.incarnation[daemon]]).toEqual(['n0', true, true]);
});

test('a node whose name is the first text of the run is named like any other', () => {
  const world = fixture({ nodes: [node('n0')] });
  const { cluster, cache } = world;
  const created = (pinnedNode: number): PodInfo => new PodInfo(cache, cluster.createPod({ template: cluster.internTemplate(pod('d')).id, nameBase: cluster.names.intern('d'), nameOrdinal: -1, owner: -1, workloadClass: 0, durationMicros: Infinity, pinnedNode }));
  const first = cluster.names.intern('n0');
  expect([first, created(first).pinnedNodeName, created(-1).pinnedNodeName]).toEqual([0, 'n0', '']);
});
