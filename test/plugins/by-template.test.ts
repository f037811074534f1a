// What a plugin promises about a template beside its plain Filter and Score, on random clusters: the twins that are
// made once for a template say what the plain ones say of each node, a plugin that is inert turns nobody away, and where
// only some nodes can do, no other one does.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CycleState } from '../../src/scheduler/framework/cycle-state.ts';
import type { Handle } from '../../src/scheduler/framework/plugin-api.ts';
import { PodInfo } from '../../src/scheduler/framework/pod-info.ts';
import { pluginRegistry } from '../../src/scheduler/plugins/registry.ts';
import { clusterObjects, caseArbitrary } from '../support/decision-cases.ts';
import { fixture, pod, text } from '../support/scheduler-fixture.ts';

const ARGS: Readonly<Record<string, readonly Readonly<Record<string, unknown>>[]>> = {
  NodeResourcesFit: [
    {},
    { scoringStrategy: { type: 'LeastAllocated', resources: [{ name: 'cpu', weight: 3 }, { name: 'memory', weight: 1 }] } },
    { scoringStrategy: { type: 'MostAllocated', resources: [{ name: 'cpu', weight: 2 }, { name: 'memory', weight: 1 }] } },
    { scoringStrategy: { type: 'MostAllocated', resources: [{ name: 'cpu', weight: 1 }, { name: 'example.com/gpu', weight: 5 }] } },
    { ignoredResourceGroups: ['example.com'] },
  ],
  NodeResourcesBalancedAllocation: [{}, { resources: [{ name: 'cpu', weight: 1 }, { name: 'example.com/gpu', weight: 1 }] }],
};
const registry = pluginRegistry();

const seen = new Map<string, number>();
const saw = (what: string): void => void seen.set(what, (seen.get(what) ?? 0) + 1);

function compare(drawn: typeof caseArbitrary extends fc.Arbitrary<infer T> ? T : never): void {
  const world = fixture({ nodes: drawn.nodes, pods: drawn.running, objects: clusterObjects(drawn.nodes) });
  for (const [name, factory] of registry) {
    for (const args of ARGS[name] ?? [{}]) {
      const story = world.plugin(factory, args);
      const { plugin } = story;
      const { filterOf, scoreOf, inert, onlyRowsOf, filter, score } = plugin;
      if (filterOf === undefined && scoreOf === undefined && inert === undefined && onlyRowsOf === undefined) continue;
      const { state, info, preFilter } = story.begin(drawn.pod);
      const { nodes } = world.snapshot;
      const plain = nodes.map((node) => (preFilter === 'Skip' ? 'ok' : preFilter === 'ok' ? text(filter?.(state, info, node) ?? null) : preFilter));
      const rows = onlyRowsOf?.call(plugin, info.template)?.();
      const room = plugin.roomOf?.(info.template) ?? null;
      nodes.forEach((node, i) => {
        const twin = filterOf?.call(plugin, info.template);
        if (twin !== undefined && preFilter === 'ok') {
          expect(text(twin(node, node.row)), `${name} Filter ${node.name}`).toBe(plain[i]);
          saw(plain[i] === 'ok' ? `${name} passes` : `${name} turns away`);
        }
        if (room !== null && preFilter === 'ok') {
          const isThere = (amount: number, k: number): boolean => amount <= node.allocatable[node.base + room.columns[k]] - node.requested[node.base + room.columns[k]];
          expect(node.pods.length < node.allowedPods && Array.from(room.amounts).every(isThere), `${name} room on ${node.name}`).toBe(plain[i] === 'ok');
          saw(`${name} tells what it wants`);
        }
        if (rows !== undefined && !rows.has(node.row)) {
          expect(plain[i], `${name} on another node than it named`).not.toBe('ok');
          saw(`${name} leaves nodes out`);
        }
        if (scoreOf !== undefined && name !== 'Random') {
          expect(scoreOf.call(plugin, info.template)(node, node.row), `${name} Score ${node.name}`).toBe(score?.(new CycleState(), info, node));
          saw(`${name} scores`);
        }
      });
      if (plugin.inertByTemplate === true) {
        const alone = fixture({ nodes: drawn.nodes }).plugin(factory, args);
        const { template } = alone.begin(drawn.pod).info;
        expect(alone.plugin.inert?.(template), `${name} among no other pods`).toBe(inert?.call(plugin, info.template));
        saw('an answer for ever');
      }
      if (inert?.call(plugin, info.template) === true) {
        expect(new Set(plain), `${name} is inert`).toEqual(new Set(['ok']));
        saw(`${name} is inert`);
      } else if (inert !== undefined) saw(`${name} is not inert`);
    }
  }
}

test('twins by template, inert plugins and named nodes keep to the plain plugin', () => {
  fc.assert(fc.property(caseArbitrary, compare), { numRuns: 120 });
  for (const what of ['NodeResourcesFit passes', 'NodeResourcesFit turns away', 'NodeResourcesFit scores', 'ImageLocality scores', 'NodeResourcesBalancedAllocation scores', 'NodePorts is inert', 'NodePorts is not inert', 'an answer for ever'])
    expect(seen.get(what), what).toBeGreaterThan(20);
});

test('who lets all pods of a template in turns none of them away, and preemption lets all in while it runs for none', () => {
  const world = fixture({ nodes: [], pods: [] });
  const running = new Set<number>();
  const preemption = { isRunningFor: (row: number) => running.has(row), get isIdle() { return running.size === 0; } };
  const handle = { cluster: world.cache, preemption } as unknown as Handle;
  const pods = [[], [{ name: 'example.com/gate' }]].map((schedulingGates, i) =>
    new PodInfo(world.cache, world.addPod(pod(`default/p${String(i)}`, {}, { schedulingGates }))));
  const said: unknown[] = [];
  for (const preemptors of [[], [pods[0].row]]) {
    preemptors.forEach((row) => running.add(row));
    for (const name of ['SchedulingGates', 'DynamicResources', 'DefaultPreemption']) {
      const factory = registry.get(name);
      const plugin = factory?.create(factory.defaultArgs ?? {}, handle);
      for (const info of pods) said.push([name, plugin?.letsAllIn?.(info.template), plugin?.preEnqueue?.(info) === null]);
    }
  }
  const lets = [['SchedulingGates', true, true], ['SchedulingGates', false, false], ['DynamicResources', true, true], ['DynamicResources', true, true]];
  expect(said).toEqual([
    ...lets, ['DefaultPreemption', true, true], ['DefaultPreemption', true, true],
    ...lets, ['DefaultPreemption', false, false], ['DefaultPreemption', false, true],
  ]);
});
