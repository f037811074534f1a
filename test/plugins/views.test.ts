// What a user's plugin sees through its views is what the thing itself says, member by member, now and after changes; none of
// it can be written, and what is lent is looked at when the call is over.
import { describe, expect, test } from 'vitest';
import { PodInfo } from '../../src/scheduler/framework/pod-info.ts';
import { HandleView, MapView, NodeView, PodView } from '../../src/scheduler/framework/plugin-views.ts';
import { PluginWatch, READ_ONLY, enter, leave } from '../../src/scheduler/framework/plugin-watch.ts';
import { ReadOnlyViews, plain } from '../../src/scheduler/framework/read-only.ts';
import type { NodeInfo } from '../../src/scheduler/cache/node-info.ts';
import { fixture, node, pod } from '../support/scheduler-fixture.ts';

const GPU = 'alibabacloud.com/gpu-milli';
const away = { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'zone', labelSelector: { matchLabels: { app: 'web' } } }] } };
const SPEC = {
  nodeName: 'n1',
  affinity: away,
  volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'data' } }],
  containers: [{ name: 'main', ports: [{ containerPort: 80, hostPort: 8080 }], resources: { requests: { cpu: '1', [GPU]: '300' } } }],
};

function worldOf() {
  const object = node('n1', { disk: 'ssd' }, { status: { allocatable: { cpu: '8', memory: '1Gi', pods: '20', [GPU]: '2000' } } });
  const world = fixture({ nodes: [node('n0'), object], pods: [pod('web', { app: 'web' }, SPEC), pod('other', {}, { nodeName: 'n1' }), pod('waiting', { app: 'db' }, { priority: 7 })] });
  const watch = new PluginWatch();
  const views = new ReadOnlyViews(watch, world.cache);
  return { ...world, world, watch, views, real: world.nodeInfo('n1') };
}

const gettersOf = (view: { readonly prototype: object }): string[] =>
  Object.entries(Object.getOwnPropertyDescriptors(view.prototype)).filter(([, { get }]) => get !== undefined).map(([name]) => name);

/** A node's amounts from where they begin; lists as lists, maps as entries. */
function saidBy(info: NodeInfo, columns: number): Record<string, unknown> {
  const amounts = (source: Float64Array, base: number, count: number): number[] => [...source.subarray(base, base + count)];
  const { row, name, labels, facts, pods, orderVersion, allowedPods, usedPorts, workPods, devices } = info;
  return {
    row, name, orderVersion, allowedPods, workPods,
    labels: [...labels], object: facts.object.metadata?.name, images: facts.images.size, pods: [...pods], ports: [...(usedPorts ?? [])], left: [...(devices?.left ?? [])],
    allocatable: amounts(info.allocatable, info.base, columns), requested: amounts(info.requested, info.base, columns), nonZero: amounts(info.nonZero, info.nonZeroBase, 2),
    affinity: [info.podsWithAffinity, info.podsWithRequiredAntiAffinity, info.podsWithClaims],
  };
}

describe('a node', () => {
  test('says what the node says, now and after each change', () => {
    const { world, cluster, cache, views, real, watch } = worldOf();
    const view = views.node(real);
    const same = (what: string): void => {
      leave(enter(watch));
      expect(saidBy(view, cache.nodes.stride), what).toEqual(saidBy(real, cache.nodes.stride));
    };
    same('at first');
    expect(saidBy(view, 4)).toMatchObject({ name: 'n1', pods: [0, 1], affinity: [1, 1, 1], workPods: 2, labels: [['disk', 'ssd']], left: [700, 1000] });
    cluster.startPod(0);
    same('the order of its pods');
    cluster.updateNode(1, node('n1', { disk: 'hdd', rack: 'r' }, { status: { allocatable: { cpu: '2', pods: '3' } } }));
    same('its object');
    world.remove('other');
    same('its pods');
    cache.assumePod(world.row('waiting'), 1);
    same('a pod that is assumed');
    expect(new Set(gettersOf(NodeView))).toEqual(new Set(['allocatable', 'allowedPods', 'base', 'devices', 'facts', 'labels', 'name', 'nonZero', 'nonZeroBase', 'orderVersion', 'pods', 'podsWithAffinity', 'podsWithClaims', 'podsWithRequiredAntiAffinity', 'requested', 'row', 'usedPorts', 'workPods']));
    expect([view.base, view.nonZeroBase, views.node(real), plain(view)]).toEqual([0, 0, view, real]);
    const copy = view.whatIf(cache.nodes.stride);
    copy.allowedPods = 0;
    expect(saidBy(copy, 2)).toMatchObject({ allowedPods: 0, requested: [...real.requested.subarray(real.base, real.base + 2)] });
  });

  test('lends the same list of pods until they change, and never the node\'s own', () => {
    const { cluster, world, views, real } = worldOf();
    const view = views.node(real);
    const first = view.pods;
    expect([view.pods === first, Object.isFrozen(first), (first as unknown) === real.pods]).toEqual([true, true, false]);
    cluster.acknowledgePod(0);
    expect(view.pods).not.toBe(first);
    const second = view.pods;
    world.remove('other');
    expect([view.pods, second]).toEqual([[0], [0, 1]]);
    const thought = real.whatIf(4);
    const copyView = views.node(thought);
    const before = copyView.pods;
    thought.pods.push(9);
    expect([before, copyView.pods], 'of a copy nobody knows when it changes').toEqual([[0], [0, 9]]);
  });

  test('lends amounts for a call; what was written into them is told when it is over', () => {
    const { views, real, watch } = worldOf();
    const view = views.node(real);
    const outer = enter(watch);
    const { requested } = view;
    expect([view.requested === requested, watch.isCalm]).toEqual([true, false]);
    leave(outer);
    expect(watch.takeOffence()).toBeNull();
    expect(watch.isCalm).toBe(true);
    enter(watch);
    expect(view.requested).not.toBe(requested);
    view.nonZero[1]++;
    leave(outer);
    expect(watch.takeOffence()).toBe(`tried to change nonZero of node n1: ${READ_ONLY}`);
    expect(watch.takeOffence()).toBeNull();
    expect(real.nonZero[real.nonZeroBase + 1]).not.toBe(view.nonZero[1] + 1);
  });

  test('refuses what would change it', () => {
    const { views, real, watch } = worldOf();
    const view = views.node(real) as unknown as Record<string, unknown>;
    for (const name of gettersOf(NodeView)) expect(() => { view[name] = 1; }, name).toThrow(`tried to change ${name} of a node`);
    const call = (name: string) => (): unknown => (view[name] as () => unknown).call(view);
    for (const name of ['takeOver', 'addPod', 'removePod', 'account']) expect(call(name), name).toThrow(`tried to change node n1 (${name})`);
    expect(watch.isCalm, 'outside a call nobody is blamed').toBe(true);
    enter(watch);
    expect(call('account')).toThrow();
    leave(null);
    expect(watch.takeOffence()).toContain('node n1 (account)');
  });
});

test('a pod says what the pod says, and refuses to be written', () => {
  const { cache, views, world, cluster } = worldOf();
  cluster.nominatePod(world.row('waiting'), 'n0');
  for (const name of ['web', 'waiting']) {
    const info = new PodInfo(cache, world.row(name));
    const view = views.pod(info);
    const said = ({ row, incarnation, name: own, namespace, labels, priority, nominatedNodeName, pinnedNodeName, createdAt, template }: PodInfo): unknown => [row, incarnation, own, namespace, [...labels], priority, nominatedNodeName, pinnedNodeName, createdAt, template.id, template.spec.containers?.length];
    expect(said(view)).toEqual(said(info));
    expect([views.pod(info) === view, plain(view) === info, view.labels === view.labels, PodView.behind(info) === info]).toEqual([true, true, true, true]);
    for (const key of gettersOf(PodView)) expect(() => { (view as unknown as Record<string, unknown>)[key] = 1; }, key).toThrow(`tried to change ${key} of a pod`);
  }
  expect(gettersOf(PodView)).toHaveLength(10);
});

test('a map is a map that nobody can change', () => {
  const inner = { a: 1 };
  const map = new Map<string, unknown>([['x', inner], ['y', 'text']]);
  const shown: unknown[] = [];
  const view = new MapView(map, (value) => {
    shown.push(value);
    return value;
  });
  expect([view.size, view.get('y'), view.get('z'), view.has('x'), view.has('z')]).toEqual([2, 'text', undefined, true, false]);
  expect(shown).toEqual([]);
  expect([view.get('x'), [...view.keys()], [...view.values()], [...view], [...view.entries()]]).toEqual([inner, ['x', 'y'], [inner, 'text'], [...map], [...map]]);
  expect(shown.filter((value) => value === inner)).toHaveLength(4);
  const told: unknown[] = [];
  view.forEach((value, key, whole) => told.push([key, value, whole === view]));
  expect([told, Object.prototype.toString.call(view)]).toEqual([[['x', inner, true], ['y', 'text', true]], '[object Map]']);
  for (const name of ['set', 'delete', 'clear'] as const) expect(() => view[name]()).toThrow(`a map (${name})`);
});

describe('everything else', () => {
  test('is a proxy that shows it, whose copies are the plugin\'s own', () => {
    const { views, cache, real } = worldOf();
    const shown = views.of(cache);
    expect([shown.nodeRow('n1'), shown.nodeRow('none'), shown.podName(0), plain(shown) === cache, views.of(cache) === shown, views.of(shown) === shown]).toEqual([1, -1, 'web', true, true, true]);
    expect(shown.nodeInfo(1)).toBe(views.node(real));
    expect([...shown.pods.node.slice(0, 3)]).toEqual([1, 1, -1]);
    const own = shown.pods.node.slice(0, 2);
    own[0] = 5;
    expect([own[0], cache.pods.node[0]]).toEqual([5, 1]);
    expect([views.of(null), views.of(3), views.of('x')]).toEqual([null, 3, 'x']);
  });

  test.each<[string, (shown: ReturnType<typeof worldOf>['cache']) => void, string]>([
    ['a field', (shown) => { shown.changeCount = 0; }, '(changeCount)'],
    ['a deletion', (shown) => { delete (shown as { changeCount?: number }).changeCount; }, '(changeCount)'],
    ['a definition', (shown) => { Object.defineProperty(shown, 'x', { value: 1 }); }, '(x)'],
    ['a prototype', (shown) => { Object.setPrototypeOf(shown, null); }, '(prototype)'],
    ['a freeze', (shown) => { Object.freeze(shown); }, '(extensions)'],
    ['a column', (shown) => { shown.pods.node[0] = 2; }, 'a list (0)'],
    ['a fill', (shown) => { shown.pods.node.fill(0); }, '(fill)'],
    ['a choice', (shown) => { shown.forgetPod(0); }, '(forgetPod)'],
    ['a table of a table', (shown) => { shown.nodes.info.length = 0; }, 'a list (length)'],
  ])('%s is refused', (_, write, told) => {
    const { views, cache } = worldOf();
    expect(() => { write(views.of(cache)); }).toThrow(told);
  });

  test('a handle knows what is behind it', () => {
    const { cache, views, world } = worldOf();
    const info = new PodInfo(cache, world.row('web'));
    const handle = new HandleView(cache, (each) => views.fresh(each));
    expect([HandleView.clusterBehind(handle as never), HandleView.clusterBehind({ cluster: cache })]).toEqual([cache, cache]);
    expect([plain(HandleView.shown(handle, info)) === info, HandleView.shown(handle, info) === info, HandleView.shown({}, info) === info]).toEqual([true, false, true]);
  });
});
