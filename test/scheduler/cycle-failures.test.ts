/** Cycles that end without a node, and pods that go away meanwhile (pkg/scheduler/schedule_one.go, v1.36). */
import { describe, expect, test } from 'vitest';
import { SKIP, errorStatus, unresolvable, unschedulable } from '../../src/scheduler/framework/status.ts';
import { Code } from '../../src/scheduler/framework/plugin-api.ts';
import type { Plugin, PluginFactory, PreFilterResult, Status } from '../../src/scheduler/framework/plugin-api.ts';
import { SchedulerWorld, plugin } from './scheduler-world.ts';

const NO_EVENTS = { eventsToRegister: () => [] };

function preFiltering(name: string, result: Partial<PreFilterResult>, more: Omit<Plugin, 'name'> = {}): PluginFactory {
  return plugin(name, { preFilter: () => ({ status: null, nodeNames: null, ...result }), filter: () => null, ...NO_EVENTS, ...more });
}

/** Two nodes and one pod, with these plugins at PreFilter and Filter and no preemption. */
function worldOf(...plugins: PluginFactory[]): SchedulerWorld {
  const names = plugins.map(({ name }) => name);
  const world = new SchedulerWorld({ plugins, also: { preFilter: names, filter: names }, points: { postFilter: [] } });
  world.nodes(2);
  world.pod('p');
  return world.runTo(0.5);
}

describe('PreFilter', () => {
  test('Skip leaves out the plugin\'s Filter', () => {
    const world = worldOf(preFiltering('A', { status: SKIP }, { filter: () => unschedulable('A', 'never') }));
    expect(world.where('p')).toMatch(/^on n/);
  });

  test('UnschedulableAndUnresolvable ends the cycle at once', () => {
    const asked: string[] = [];
    const world = worldOf(preFiltering('A', { status: unresolvable('A', 'no such claim') }), preFiltering('B', {}, { preFilter: () => (asked.push('B'), { status: null, nodeNames: null }) }));
    expect(asked).toEqual([]);
    expect(world.messages).toEqual(['0/2 nodes are available: no such claim.']);
    expect(world.scheduler.queue.unschedulablePlugins(world.row('p'))).toEqual(['A']);
  });

  test('Unschedulable goes on with the others, the last rejection counts', () => {
    const world = worldOf(preFiltering('A', { status: unschedulable('A', 'first') }), preFiltering('B', { status: unschedulable('B', 'second') }));
    expect(world.messages).toEqual(['0/2 nodes are available: second.']);
    expect(world.scheduler.queue.unschedulablePlugins(world.row('p'))).toEqual(['B']);
  });

  test('anything else is an error', () => {
    const world = worldOf(preFiltering('A', { status: errorStatus('A', 'no memory', 'no disk') }));
    expect(world.messages).toEqual(['running PreFilter plugin "A": no memory, no disk']);
    expect(world.where('p')).toBe('ErrorBackoff');
  });

  test('node names of several plugins are intersected; unknown ones are ignored', () => {
    const world = worldOf(preFiltering('A', { nodeNames: new Set(['n0', 'n1', 'n9']) }), preFiltering('B', { nodeNames: new Set(['n1', 'n9']) }));
    expect(world.where('p')).toBe('on n1');
  });

  test('nodes outside the set read as not satisfying the plugins that restricted them', () => {
    const full = preFiltering('Full', {}, { filter: () => unschedulable('Full', 'full') });
    const world = worldOf(preFiltering('B', { nodeNames: new Set(['n1']) }), preFiltering('A', { nodeNames: new Set(['n1']) }), full);
    expect(world.messages).toEqual(['0/2 nodes are available: 1 full, 1 node(s) didn\'t satisfy plugin(s) [A B].']);
    expect(world.scheduler.queue.unschedulablePlugins(world.row('p')).sort((a, b) => (a < b ? -1 : 1))).toEqual(['A', 'B', 'Full']);
  });

  test('an empty set of one plugin, or of several together', () => {
    expect(worldOf(preFiltering('A', { nodeNames: new Set() })).messages).toEqual(['0/2 nodes are available: node(s) didn\'t satisfy plugin A.']);
    const world = worldOf(preFiltering('B', { nodeNames: new Set(['n0']) }), preFiltering('A', { nodeNames: new Set(['n1']) }));
    expect(world.messages).toEqual(['0/2 nodes are available: node(s) didn\'t satisfy plugin(s) [A B] simultaneously.']);
  });
});

describe('Filter', () => {
  test('the first plugin that rejects a node is the one told of', () => {
    const rejecting = (name: string, nodeName: string): PluginFactory => preFiltering(name, {}, { filter: (_state, _pod, node) => (node.name === nodeName ? unschedulable(name, `${name} says no`) : null) });
    const world = worldOf(rejecting('A', 'n0'), preFiltering('B', {}, { filter: () => unschedulable('B', 'B says no') }));
    expect(world.messages).toEqual(['0/2 nodes are available: 1 A says no, 1 B says no.']);
    expect(world.scheduler.rejectionsByPlugin).toEqual(new Map([['A', 1], ['B', 1]]));
  });

  test('Pending is a rejection whose event later skips the backoff', () => {
    const pending: Status = { code: Code.Pending, reasons: ['not yet'], plugin: 'A' };
    const world = worldOf(preFiltering('A', {}, { filter: () => pending, eventsToRegister: () => [{ event: { resource: 'Node', actions: 1, label: '' }, hint: null }] }));
    expect(world.messages).toEqual(['0/2 nodes are available: 2 not yet.']);
    expect(world.where('p')).toBe('Unschedulable');
    world.node('n2');
    expect(world.where('p')).toBe('Active');
  });

  test.each(['facts', 'cluster'] as const)('an error ends the cycle, whatever the other nodes say (depends on: %s)', (filter) => {
    const failing = preFiltering('A', {}, { dependence: { filter }, filter: (_state, _pod, node) => (node.name === 'n1' ? errorStatus('A', 'cannot read') : null) });
    const world = worldOf(failing);
    expect(world.messages).toEqual(['running "A" filter plugin: cannot read']);
    expect(world.where('p')).toBe('ErrorBackoff');
  });
});

describe('PostFilter', () => {
  const world = (...plugins: PluginFactory[]): SchedulerWorld => {
    const made = new SchedulerWorld({ plugins, points: { postFilter: plugins.map(({ name }) => name) } });
    made.node('n0', { cpu: '500m' });
    made.pod('p');
    return made.runTo(0.5);
  };
  const answering = (name: string, status: Status | null, nominatedNodeName: string | null = null): PluginFactory => plugin(name, { postFilter: () => ({ status, nominatedNodeName }), ...NO_EVENTS });
  const FIT = '0/1 nodes are available: 1 Insufficient cpu.';

  test('Unschedulable reasons are collected', () => {
    expect(world(answering('A', unschedulable('A', 'a')), answering('B', unschedulable('B', 'b', 'c'))).messages).toEqual([`${FIT} a, b, c`]);
  });

  test('success ends the round, without a text', () => {
    const done = world(answering('A', unschedulable('A', 'a')), answering('B', null, 'n0'), answering('C', unschedulable('C', 'c')));
    expect(done.messages).toEqual([FIT]);
    expect(done.cluster.nominatedNodeName(done.row('p'))).toBe('n0');
    expect(done.scheduler.queue.nominator.podsOf('n0')).toEqual([done.row('p')]);
  });

  test('UnschedulableAndUnresolvable ends the round, too', () => {
    expect(world(answering('A', unresolvable('A', 'a')), answering('B', unschedulable('B', 'b'))).messages).toEqual([`${FIT} a`]);
  });

  test('an error is told, and the pod is still the filters\'', () => {
    const failed = world(answering('A', errorStatus('A', 'broken')));
    expect(failed.messages).toEqual([`${FIT} broken`]);
    expect(failed.scheduler.queue.unschedulablePlugins(failed.row('p'))).toEqual(['NodeResourcesFit']);
  });

  test('a nomination may be cleared or left as it is', () => {
    for (const [answer, expected] of [['', ''], [null, 'gone']] as const) {
      const made = new SchedulerWorld({ plugins: [answering('A', unschedulable('A', 'a'), answer)], points: { postFilter: ['A'] } });
      made.node('n0', { cpu: '500m' });
      made.cluster.nominatePod(made.pod('p'), 'gone');
      made.runTo(0.5);
      expect(made.cluster.nominatedNodeName(made.row('p'))).toBe(expected);
      expect(made.scheduler.queue.nominator.nodeOf(made.row('p')) ?? '').toBe(expected);
    }
  });
});

describe('no node at all', () => {
  test('is nobody\'s rejection: the pod is tried again after its backoff, without preemption', () => {
    const world = new SchedulerWorld();
    world.pod('p');
    world.runTo(0.5);
    expect(world.messages).toEqual(['no nodes available to schedule pods']);
    expect(world.where('p')).toBe('ErrorBackoff');
    world.node('n0');
    expect(world.where('p')).toBe('ErrorBackoff');
    world.runTo(3);
    expect(world.log.slice(1)).toEqual(['2.001 p chosen for n0', '2.003 p bound to n0']);
  });
});

describe('pods that do not take part', () => {
  test('a pod of an unknown scheduler is dropped silently', () => {
    const world = new SchedulerWorld();
    world.node('n0');
    world.pod('p', '1', { schedulerName: 'another' });
    world.pod('q');
    world.runTo(1);
    expect([world.where('p'), world.where('q')]).toEqual(['None', 'on n0']);
    expect(world.scheduler.decisions).toBe(1);
    expect(world.scheduler.queue.inFlight.podCount).toBe(0);
  });

  test('a pod that is being deleted is not scheduled', () => {
    const world = new SchedulerWorld();
    world.node('n0');
    world.pod('p');
    world.terminate('p');
    world.runTo(1);
    expect(world.log).toEqual([]);
    expect(world.scheduler.decisions).toBe(0);
  });

  test('a pod that somebody else binds leaves the queue', () => {
    const world = new SchedulerWorld({ autoRun: false });
    const node = world.node('n0');
    const row = world.pod('p');
    world.cluster.placePod(row, node);
    expect(world.scheduler.scheduleOne()).toBe(-1);
  });
});

describe('pods that go away during their cycle', () => {
  test('a pod removed before its cycle ends is neither bound nor queued', () => {
    const world = new SchedulerWorld({ cycleMicros: 1_000_000 });
    world.node('n0');
    world.pod('p');
    world.at(0.5, () => world.remove('p'));
    world.runTo(5);
    expect(world.log).toEqual(['0.500 p removed']);
    expect(world.cluster.nodes.pods[0]).toEqual([]);
    expect(world.scheduler.queue.inFlight.podCount).toBe(0);
  });

  test('another pod in its row is not taken for it', () => {
    const world = new SchedulerWorld({ cycleMicros: 1_000_000 });
    world.node('n0');
    const row = world.pod('p', '9');
    world.at(0.5, () => {
      world.remove('p');
      expect(world.pod('q')).toBe(row);
    });
    world.runTo(5);
    expect(world.log).toEqual(['0.500 p removed', '2.000 q chosen for n0', '2.002 q bound to n0']);
  });

  test('a failed pod that is being deleted does not go back', () => {
    const world = new SchedulerWorld({ cycleMicros: 1_000_000 });
    world.node('n0');
    world.pod('p', '9');
    world.at(0.5, () => world.terminate('p'));
    world.runTo(1.5);
    expect(world.where('p')).toBe('None');
    expect(world.messages).toEqual([]);
  });

  test('a pod that is bound elsewhere while its cycle runs is not queued again', () => {
    const world = new SchedulerWorld({ cycleMicros: 1_000_000 });
    const node = world.node('n0', { cpu: '1' });
    world.pod('p', '2');
    world.at(0.5, () => world.cluster.placePod(world.row('p'), node));
    world.runTo(400);
    expect(world.where('p')).toBe('on n0');
    expect(world.scheduler.queue.placeOf(world.row('p'))).toBe(0);
    expect(world.scheduler.decisions).toBe(1);
  });
});

describe('waking up again', () => {
  const full = (): SchedulerWorld => {
    const world = new SchedulerWorld();
    world.node('n0', { cpu: '2' });
    world.placed('big', 'n0', '2');
    world.pod('p');
    return world.runTo(10);
  };

  test('a pod that leaves its node makes room at once, when the backoff is over', () => {
    const world = full();
    world.remove('big');
    expect(world.where('p')).toBe('Active');
    world.runTo(11);
    expect(world.where('p')).toBe('on n0');
  });

  test('a larger node, a lifted taint, a smaller pod and new labels are told to the queue', () => {
    const grown = full();
    const object = grown.cluster.nodes.facts[0].object;
    grown.cluster.updateNode(0, { ...object, status: { allocatable: { cpu: '8', memory: '8Gi', pods: '110' } } });
    expect(grown.where('p')).toBe('Active');
    const shrunk = full();
    const template = shrunk.cluster.internTemplate({ metadata: { namespace: 'default' }, spec: { containers: [{ name: 'main', resources: { requests: { cpu: '500m' } } }] } });
    shrunk.cluster.updatePod(shrunk.row('big'), template.id);
    expect(shrunk.where('p')).toBe('Active');
    const tainted = new SchedulerWorld();
    const node = tainted.node('n0');
    tainted.cluster.setTaints(node, [{ key: 'a', effect: 'NoSchedule' }]);
    tainted.pod('p');
    tainted.runTo(10);
    tainted.cluster.updateNode(node, { ...tainted.cluster.nodes.facts[node].object, metadata: { name: 'n0', labels: { zone: 'a' } } });
    expect(tainted.where('p')).toBe('Unschedulable');
    tainted.cluster.setTaints(node, []);
    expect(tainted.where('p')).toBe('Active');
  });

  test('after five minutes it is tried again whatever happened, at the next half minute', () => {
    const world = full();
    world.runTo(329.9);
    expect(world.scheduler.decisions).toBe(1);
    world.runTo(331);
    expect(world.scheduler.decisions).toBe(2);
    expect(world.log.filter((line) => line.endsWith('p failed'))).toEqual(['0.001 p failed', '330.001 p failed']);
  });

  test('a node that leaves, a deleted object, an object nobody waits for: the pod stays', () => {
    const world = full();
    world.node('n1', { cpu: '500m' });
    world.cluster.removeNode(1);
    world.cluster.putObject('ConfigMap', { kind: 'ConfigMap', metadata: { namespace: 'default', name: 'x' } });
    world.cluster.putObject('StorageClass', { kind: 'StorageClass', metadata: { name: 'x' } });
    world.cluster.putObject('StorageClass', { kind: 'StorageClass', metadata: { name: 'x', labels: { a: 'b' } } });
    world.cluster.removeObject('StorageClass', 'x');
    expect(world.where('p')).toBe('Unschedulable');
  });

  test('an unassigned pod\'s own update', () => {
    const world = full();
    const template = world.cluster.internTemplate({ metadata: { namespace: 'default', labels: { a: 'b' } }, spec: { containers: [{ name: 'main', resources: { requests: { cpu: '1' } } }] } });
    world.cluster.updatePod(world.row('p'), template.id);
    expect(world.where('p')).toBe('Unschedulable');
    const smaller = world.cluster.internTemplate({ metadata: { namespace: 'default', labels: { a: 'b' } }, spec: { containers: [{ name: 'main', resources: { requests: { cpu: '900m' } } }] } });
    world.cluster.updatePod(world.row('p'), smaller.id);
    expect(world.where('p')).toBe('Active');
  });
});
