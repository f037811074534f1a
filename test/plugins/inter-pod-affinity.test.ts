/**
 * Stories of InterPodAffinity; the upstream rules are in pkg/scheduler/framework/plugins/interpodaffinity (v1.36,
 * v1.37).
 */
import { describe, expect, test } from 'vitest';
import type { KubernetesVersion } from '../../src/cluster/kubernetes-versions.ts';
import type { Affinity, Pod, PodAffinityTerm } from '../../src/cluster/objects.ts';
import { Action } from '../../src/scheduler/framework/cluster-event.ts';
import { TopologyCounts } from '../../src/scheduler/plugins/inter-pod-affinity-counts.ts';
import { InterPodAffinity } from '../../src/scheduler/plugins/inter-pod-affinity.ts';
import { fixture, node, nodeView, pod, podView } from '../support/scheduler-fixture.ts';

const ZONE = 'zone';
const NO_AFFINITY = "UnschedulableAndUnresolvable: node(s) didn't match pod affinity rules";
const ANTI = "Unschedulable: node(s) didn't match pod anti-affinity rules";
const EXISTING_ANTI = "Unschedulable: node(s) didn't satisfy existing pods anti-affinity rules";

const nodes = [node('a1', { zone: 'a' }), node('a2', { zone: 'a' }), node('b1', { zone: 'b' }), node('bare')];

function term(app: string, more: Partial<PodAffinityTerm> = {}): PodAffinityTerm {
  return { topologyKey: ZONE, labelSelector: { matchLabels: { app } }, ...more };
}
const near = (...terms: PodAffinityTerm[]): Affinity => ({ podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: terms } });
const away = (...terms: PodAffinityTerm[]): Affinity => ({ podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: terms } });
const likes = (weight: number, podAffinityTerm: PodAffinityTerm): Affinity => ({ podAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [{ weight, podAffinityTerm }] } });
const avoids = (weight: number, podAffinityTerm: PodAffinityTerm): Affinity => ({ podAntiAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [{ weight, podAffinityTerm }] } });

function app(name: string, affinity?: Affinity, nodeName = ''): Pod {
  const slash = name.indexOf('/');
  return pod(name, { app: name.slice(slash + 1) }, { ...(affinity === undefined ? {} : { affinity }), ...(nodeName === '' ? {} : { nodeName }) });
}
const namespaceObject = (name: string, labels: Record<string, string>) => ({ kind: 'Namespace', metadata: { name, labels } });

describe('required affinity (filtering.go)', () => {
  test('nothing required and nobody who repels: PreFilter skips the plugin', () => {
    const story = fixture({ nodes, pods: [app('db', near(term('web')), 'a1')] }).plugin(InterPodAffinity);
    expect(story.preFilter(app('new'))).toBe('Skip');
  });

  test('the domain of a matching pod, on any of its nodes; a node without the key is out', () => {
    const story = fixture({ nodes, pods: [app('db', undefined, 'a1')] }).plugin(InterPodAffinity);
    expect(story.filter(app('new', near(term('db'))))).toEqual({ a1: 'ok', a2: 'ok', b1: NO_AFFINITY, bare: NO_AFFINITY });
  });

  test('one pod must match all terms: two pods that match one each do not help', () => {
    const story = fixture({ nodes, pods: [app('db', undefined, 'a1'), app('cache', undefined, 'a1')] }).plugin(InterPodAffinity);
    expect(story.filter(app('new', near(term('db'), term('cache'))))).toMatchObject({ a1: NO_AFFINITY, b1: NO_AFFINITY });
  });

  test('the first pod of a group that wants itself goes anywhere with the key', () => {
    const group = app('group', near(term('group')));
    expect(fixture({ nodes }).plugin(InterPodAffinity).filter(group)).toEqual({ a1: 'ok', a2: 'ok', b1: 'ok', bare: NO_AFFINITY });
    expect(fixture({ nodes, pods: [app('group', undefined, 'b1')] }).plugin(InterPodAffinity).filter(group)).toMatchObject({ a1: NO_AFFINITY, b1: 'ok' });
  });

  test('matching pods on nodes without the key do not end the exception: they are in no domain', () => {
    const story = fixture({ nodes, pods: [app('group', undefined, 'bare')] }).plugin(InterPodAffinity);
    expect(story.filter(app('group', near(term('group'))))).toMatchObject({ a1: 'ok', b1: 'ok' });
  });

  test('no label selector matches nothing; matchLabelKeys are left to the API server', () => {
    const story = fixture({ nodes, pods: [app('db', undefined, 'a1')] }).plugin(InterPodAffinity);
    expect(story.filter(app('new', near({ topologyKey: ZONE })))).toMatchObject({ a1: NO_AFFINITY });
    expect(story.filter(app('new', near(term('db', { matchLabelKeys: ['app'] }))))).toMatchObject({ a1: 'ok' });
  });

  test('a term that cannot be read rejects the pod for good', () => {
    const broken = near(term('x', { labelSelector: { matchExpressions: [{ key: 'app', operator: 'Like', values: ['x'] }] } }));
    expect(fixture({ nodes }).plugin(InterPodAffinity).preFilter(app('new', broken))).toMatch(/^UnschedulableAndUnresolvable: parsing pod: /);
  });
});

describe('required anti-affinity (filtering.go)', () => {
  test('not in the domain of a matching pod; a node without the key is fine', () => {
    const story = fixture({ nodes, pods: [app('noisy', undefined, 'a1')] }).plugin(InterPodAffinity);
    expect(story.filter(app('new', away(term('noisy'))))).toEqual({ a1: ANTI, a2: ANTI, b1: 'ok', bare: 'ok' });
  });

  test('each term repels alone', () => {
    const story = fixture({ nodes, pods: [app('noisy', undefined, 'a1'), app('loud', undefined, 'b1')] }).plugin(InterPodAffinity);
    expect(story.filter(app('new', away(term('noisy'), term('loud'))))).toEqual({ a1: ANTI, a2: ANTI, b1: ANTI, bare: 'ok' });
  });

  test('it is symmetric: running pods keep others out of their domains', () => {
    const story = fixture({ nodes, pods: [app('shy', away(term('new')), 'a1')] }).plugin(InterPodAffinity);
    expect(story.filter(app('new'))).toEqual({ a1: EXISTING_ANTI, a2: EXISTING_ANTI, b1: 'ok', bare: 'ok' });
    expect(story.preFilter(app('other'))).toBe('Skip');
  });

  test('affinity is judged first, then anti-affinity, then the running pods\'', () => {
    const story = fixture({ nodes, pods: [app('shy', away(term('new')), 'a1'), app('shy2', away(term('new')), 'b1')] }).plugin(InterPodAffinity);
    expect(story.filter(app('new', { ...near(term('shy')), ...away(term('shy')) }))).toMatchObject({ a1: ANTI, b1: NO_AFFINITY });
  });
});

describe('namespaces of terms (framework/types.go)', () => {
  const objects = [namespaceObject('default', {}), namespaceObject('prod', { tier: 'prod' })];
  const pods = [app('prod/db', undefined, 'a1')];
  const verdict = (more: Partial<PodAffinityTerm>, kubernetes?: KubernetesVersion) => {
    const story = fixture({ nodes, pods, objects, kubernetes }).plugin(InterPodAffinity);
    return (story.filter(app('new', near(term('db', more)))) as Record<string, string>)['a1'];
  };

  test('by default the pod\'s own; names and selectors add others; the empty selector is all', () => {
    expect(verdict({})).toBe(NO_AFFINITY);
    expect(verdict({ namespaces: ['prod'] })).toBe('ok');
    expect(verdict({ namespaceSelector: { matchLabels: { tier: 'prod' } } })).toBe('ok');
    expect(verdict({ namespaceSelector: { matchLabels: { tier: 'dev' } } })).toBe(NO_AFFINITY);
    expect(verdict({ namespaceSelector: {} })).toBe('ok');
  });

  test('a selector that a namespace without labels satisfies takes all in up to v1.36, which does not clear it', () => {
    const selecting = (operator: string, values?: string[]): Partial<PodAffinityTerm> => ({
      namespaceSelector: { matchExpressions: [{ key: 'tier', operator, ...(values === undefined ? {} : { values }) }] },
    });
    const notProd = selecting('NotIn', ['prod']);
    expect(verdict(notProd, '1.36')).toBe('ok');
    expect(verdict(notProd, '1.37')).toBe(NO_AFFINITY);
    const noTier = selecting('DoesNotExist');
    expect(verdict(noTier, '1.36')).toBe('ok');
    expect(verdict(noTier, '1.37')).toBe(NO_AFFINITY);
    expect(verdict({ ...noTier, namespaces: ['prod'] }, '1.37'), 'names count beside what a selector finds').toBe('ok');
  });

  test('running pods\' selectors see the labels of the new pod\'s namespace, as they are now', () => {
    const shy = app('shy', away(term('new', { namespaceSelector: { matchLabels: { tier: 'prod' } } })), 'a1');
    const world = fixture({ nodes, pods: [shy], objects });
    const story = world.plugin(InterPodAffinity);
    expect(story.filter(app('prod/new'))).toMatchObject({ a1: EXISTING_ANTI });
    expect(story.preFilter(app('new'))).toBe('Skip');
    world.put(namespaceObject('prod', { tier: 'dev' }));
    expect(story.preFilter(app('prod/new'))).toBe('Skip');
  });
});

describe('what-ifs (updateWithPod)', () => {
  test('added and removed pods count on every side', () => {
    const world = fixture({ nodes, pods: [app('shy', away(term('new')), 'a1'), app('noisy', undefined, 'a2'), app('db', undefined, 'b1')] });
    world.addPod(app('late'));
    const story = world.plugin(InterPodAffinity);
    expect(story.filterWhatIf(app('new'), 'a1', { without: ['shy'] })).toBe('ok');
    expect(story.filterWhatIf(app('calm', away(term('noisy'))), 'a2', { without: ['noisy'] })).toBe('ok');
    expect(story.filterWhatIf(app('calm', away(term('late'))), 'b1', { with: ['late'] })).toBe(ANTI);
    expect(story.filterWhatIf(app('calm', near(term('late'))), 'b1', { with: ['late'] })).toBe('ok');
    expect(story.filterWhatIf(app('calm', near(term('db'))), 'b1', { without: ['db'] })).toBe(NO_AFFINITY);
  });

  test('taking the only pod of a group away brings the first-pod exception back', () => {
    const story = fixture({ nodes, pods: [app('group', undefined, 'a1')] }).plugin(InterPodAffinity);
    expect(story.filterWhatIf(app('group', near(term('group'))), 'a1', { without: ['group'] })).toBe('ok');
  });

  test('counts of a copy leave the original alone, and emptiness follows both', () => {
    const labels = new Map([[ZONE, 'a']]);
    const original = new TopologyCounts();
    original.add(ZONE, labels, 1);
    const copy = original.copy();
    copy.add(ZONE, labels, -1);
    expect([original.get(ZONE, 'a'), original.isEmpty, copy.get(ZONE, 'a'), copy.isEmpty, copy.anyAt(labels)]).toEqual([1, false, 0, true, false]);
    const again = copy.copy();
    again.add(ZONE, labels, 2);
    expect([again.get(ZONE, 'a'), again.anyAt(labels), copy.isEmpty]).toEqual([2, true, true]);
  });
});

describe('scores (scoring.go)', () => {
  test('preferences of the pod, by weight and by the number of pods in the domain', () => {
    const world = fixture({ nodes, pods: [app('db', undefined, 'a1'), app('db', undefined, 'a2'), app('noisy', undefined, 'b1')] });
    const story = world.plugin(InterPodAffinity);
    expect(story.raw(app('new', likes(10, term('db'))))).toEqual({ a1: 20, a2: 20, b1: 0, bare: 0 });
    expect(story.raw(app('new', avoids(7, term('noisy'))))).toEqual({ a1: 0, a2: 0, b1: -7, bare: 0 });
    expect(story.scores(app('new', avoids(7, term('noisy'))))).toEqual({ a1: 100, a2: 100, b1: 0, bare: 100 });
  });

  test('running pods\' preferences count, too, and their required affinity with hardPodAffinityWeight', () => {
    const world = fixture({ nodes, pods: [app('friend', likes(5, term('new')), 'a1'), app('foe', avoids(3, term('new')), 'b1'), app('needy', near(term('new')), 'b1')] });
    expect(world.plugin(InterPodAffinity).raw(app('new'))).toEqual({ a1: 5, a2: 5, b1: -2, bare: 0 });
    expect(world.plugin(InterPodAffinity, { hardPodAffinityWeight: 100 }).raw(app('new'))).toMatchObject({ a1: 5, b1: 97 });
    expect(world.plugin(InterPodAffinity, { hardPodAffinityWeight: 0 }).raw(app('new'))).toMatchObject({ b1: -3 });
  });

  test('ignorePreferredTermsOfExistingPods leaves pods without preferences unscored', () => {
    const world = fixture({ nodes, pods: [app('friend', likes(5, term('new')), 'a1')] });
    const story = world.plugin(InterPodAffinity, { ignorePreferredTermsOfExistingPods: true });
    expect(story.scores(app('new'))).toBe('Skip');
    expect(story.raw(app('new', likes(1, term('nobody'))))).toMatchObject({ a1: 5 });
  });

  test('no contribution at all: PreScore skips', () => {
    const story = fixture({ nodes, pods: [app('friend', likes(5, term('new')), 'bare')] }).plugin(InterPodAffinity);
    expect(story.scores(app('new'))).toBe('Skip');
    expect(story.scores(app('new', likes(5, term('nobody'))))).toBe('Skip');
  });

  test('contributions that cancel out are not nothing: all nodes get 0', () => {
    const story = fixture({ nodes, pods: [app('friend', likes(5, term('new')), 'a1'), app('foe', avoids(5, term('new')), 'a2')] }).plugin(InterPodAffinity);
    expect(story.scores(app('new'))).toEqual({ a1: 0, a2: 0, b1: 0, bare: 0 });
  });

  test('normalising divides first: 29 of 50 is 57', () => {
    const world = fixture({ nodes, pods: [app('friend', likes(50, term('new')), 'a1'), app('mate', likes(29, term('new')), 'b1')] });
    expect(world.plugin(InterPodAffinity).scores(app('new'))).toEqual({ a1: 100, a2: 100, b1: 57, bare: 0 });
  });
});

describe('queueing hints (plugin.go)', () => {
  const world = fixture({ nodes });
  const story = world.plugin(InterPodAffinity);
  const seeker = app('new', near(term('db'), { topologyKey: ZONE, labelSelector: { matchLabels: { tier: 'back' } } }));
  const loner = app('new', away(term('noisy')));
  const at = (labels: Record<string, string>, affinity?: Affinity) => podView(world, pod('x', labels, { nodeName: 'a1', ...(affinity === undefined ? {} : { affinity }) }));

  test('an added pod must match all affinity terms and have a node', () => {
    expect(story.hint(seeker, 'AssignedPod', Action.Add, { pod: at({ app: 'db', tier: 'back' }) })).toBe('Queue');
    expect(story.hint(seeker, 'AssignedPod', Action.Add, { pod: at({ app: 'db' }) })).toBe('QueueSkip');
    expect(story.hint(seeker, 'UnschedulablePod', Action.Add, { pod: podView(world, pod('x', { app: 'db', tier: 'back' })) })).toBe('QueueSkip');
  });

  test('a label change must bring a match with all terms, or end one with any anti-affinity term', () => {
    const change = (waiting: Pod, from: Record<string, string>, to: Record<string, string>) =>
      story.hint(waiting, 'AssignedPod', Action.UpdatePodLabel, { pod: at(to), podBefore: at(from) });
    expect(change(seeker, { app: 'db' }, { app: 'db', tier: 'back' })).toBe('Queue');
    expect(change(seeker, { app: 'db', tier: 'back' }, { app: 'db' })).toBe('QueueSkip');
    expect(change(loner, { app: 'noisy' }, { app: 'calm' })).toBe('Queue');
    expect(change(loner, { app: 'calm' }, { app: 'noisy' })).toBe('QueueSkip');
  });

  test('own labels always count', () => {
    const row = world.addPod(loner);
    const own = { ...at({ app: 'new' }), row, incarnation: world.cluster.pods.incarnation[row], nodeName: '' };
    expect(story.hint(row, 'UnschedulablePod', Action.UpdatePodLabel, { pod: own, podBefore: own })).toBe('Queue');
  });

  test('a deleted pod must match any of the pod\'s anti-affinity terms, or repel it with any of its own', () => {
    expect(story.hint(loner, 'AssignedPod', Action.Delete, { pod: at({ app: 'noisy' }) })).toBe('Queue');
    expect(story.hint(loner, 'AssignedPod', Action.Delete, { pod: at({ app: 'calm' }) })).toBe('QueueSkip');
    const choosy = app('new', away(term('noisy'), term('loud')));
    const [noisy, shy] = [{ app: 'noisy' }, at({ app: 'shy' }, away(term('new'), term('other')))];
    expect(story.hint(choosy, 'AssignedPod', Action.Delete, { pod: at(noisy) })).toBe('Queue');
    expect(story.hint(seeker, 'AssignedPod', Action.Delete, { pod: shy })).toBe('Queue');
    expect(
      story.hint(choosy, 'AssignedPod', Action.UpdatePodLabel, { pod: at({ app: 'calm' }), podBefore: at(noisy) }),
    ).toBe('Queue');
    const both = at({ app: 'noisy', also: 'loud' });
    expect(story.hint(choosy, 'AssignedPod', Action.UpdatePodLabel, { pod: both, podBefore: at(noisy) })).toBe(
      'QueueSkip',
    );
    const old = fixture({ nodes, kubernetes: '1.36' }).plugin(InterPodAffinity);
    expect(old.hint(choosy, 'AssignedPod', Action.Delete, { pod: at(noisy) }), 'v1.36 asks for all').toBe('QueueSkip');
    expect(old.hint(seeker, 'AssignedPod', Action.Delete, { pod: shy }), 'v1.36 asks for all').toBe('QueueSkip');
    expect(old.hint(seeker, 'AssignedPod', Action.Delete, { pod: at({ app: 'shy' }, away(term('new'))) })).toBe(
      'Queue',
    );
  });

  test('nodes: a key that affinity needs appeared or changed, one that anti-affinity fears went or changed', () => {
    const [a1, a2, b1, bare] = ['a1', 'a2', 'b1', 'bare'].map((name) => nodeView(world, name));
    const added = (waiting: Pod, which: typeof a1) => story.hint(waiting, 'Node', Action.Add, { node: which });
    expect([added(seeker, a1), added(seeker, bare), added(loner, bare)]).toEqual(['Queue', 'QueueSkip', 'Queue']);
    const change = (waiting: Pod, from: typeof a1, to: typeof a1) => story.hint(waiting, 'Node', Action.UpdateNodeLabel, { node: to, nodeBefore: from });
    expect([change(seeker, bare, a1), change(seeker, a1, b1), change(seeker, a1, bare), change(seeker, a1, a2)]).toEqual(['Queue', 'Queue', 'QueueSkip', 'QueueSkip']);
    expect([change(loner, bare, a1), change(loner, a1, b1), change(loner, a1, bare)]).toEqual(['QueueSkip', 'Queue', 'Queue']);
  });
});
