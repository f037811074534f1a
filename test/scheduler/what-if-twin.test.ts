// Placement in thought against a slow twin: lists of pods by place, where cpu alone decides. Pods are put on nodes and on
// nodes to come, taken off and put back; a search begins where the last one ended and asks no node twice that said no.
import { describe, expect, test } from 'vitest';
import { CPU } from '../../src/cluster/resources.ts';
import { RandomStreams } from '../../src/kernel/random.ts';
import type { NodeInfo } from '../../src/scheduler/cache/node-info.ts';
import type { PlacementOracle } from '../../src/scheduler/what-if/placement-oracle.ts';
import { WhatIfCluster, nodeInThought } from '../../src/scheduler/what-if/what-if-cluster.ts';
import { fixture, node, pod } from '../support/scheduler-fixture.ts';
import type { SchedulerFixture } from '../support/scheduler-fixture.ts';

const GPU = 'alibabacloud.com/gpu-milli';
const asking = (name: string, cpu: number, priority = 0, nodeName = '') =>
  pod(name, {}, { priority, containers: [{ name: 'main', resources: { requests: { cpu: `${cpu}` } } }], ...(nodeName === '' ? {} : { nodeName }) });
const sized = (name: string, cpu: number) => node(name, {}, { status: { allocatable: { cpu: `${cpu}`, pods: '110' } } });

/** cpu alone decides; notes whom it was asked about, and every move. */
class CpuOracle implements PlacementOracle {
  moveCount = 0;
  asked: string[] = [];
  moves: string[] = [];
  refreshed = 0;
  readonly isLocal: boolean;
  private readonly world: SchedulerFixture;

  constructor(world: SchedulerFixture, isLocal: boolean) {
    this.world = world;
    this.isLocal = isLocal;
  }

  refresh(): void {
    this.refreshed++;
    this.moveCount = 0;
    this.moves = [];
  }

  localKind(row: number): number {
    return this.isLocal ? this.world.cache.pods.template[row] : -1;
  }

  isOpen(): boolean {
    return this.isLocal;
  }

  fits(row: number, info: NodeInfo): boolean {
    this.asked.push(info.name);
    const { columns, amounts } = this.world.cache.templateOf(row).accounted;
    return info.requested[info.base + CPU] + amounts[columns.indexOf(CPU)] <= info.allocatable[info.base + CPU];
  }

  podAdded(row: number, { name }: NodeInfo): void {
    this.moves[this.moveCount++] = `+${row} ${name}`;
  }

  podRemoved(row: number, { name }: NodeInfo): void {
    this.moves[this.moveCount++] = `-${row} ${name}`;
  }

  rollback(moveCount: number): void {
    this.moveCount = moveCount;
    this.moves.length = moveCount;
  }
}

interface Place {
  readonly name: string;
  readonly cpu: number;
  pods: number[];
}

test.each([true, false])('moves, searches and rollbacks (answers of the node alone: %s)', (isLocal) => {
  const dice = new RandomStreams('what-if').stream(`local ${isLocal}`);
  const roll = (sides: number): number => Math.floor(dice.next() * sides);
  const world = fixture({ nodes: Array.from({ length: 6 }, (_, i) => sized(`n${i}`, 3 + (i % 4))) });
  const { cluster, cache } = world;
  const cpuOf = new Map<number, number>();
  for (let i = 0; i < 24; i++) {
    const cpu = 1 + roll(3);
    cpuOf.set(world.addPod(asking(`p${i}`, cpu, roll(4) === 0 ? -20 : 0, i < 10 ? `n${i % 6}` : '')), cpu);
  }
  const before = [...cache.pods.node.subarray(0, 24)];
  const priorityOf = (row: number): number => cache.templateOf(row).priority;
  const oracle = new CpuOracle(world, isLocal);
  const thought = new WhatIfCluster(cache, oracle, -10);
  let found = 0;
  for (let look = 0; look < 12; look++) {
    if (look === 5) cluster.removeNode(2);
    if (look === 8) cluster.addNode(sized('n9', 9));
    const upcoming = Array.from({ length: look % 3 }, (_, i) => nodeInThought(cache, sized(`new${i}`, 4), null));
    thought.begin(upcoming);
    expect(oracle.refreshed).toBe(look + 1);
    const rows = cache.nodes.length;
    const twin: (Place | null)[] = [...Array.from({ length: rows }, (_, row): Place | null => {
      if (cache.nodes.alive[row] !== 1) return null;
      const { name, pods } = cache.nodeInfo(row);
      return { name, cpu: cache.nodeInfo(row).allocatable[cache.nodeInfo(row).base + CPU] / 1000, pods: pods.filter((each) => priorityOf(each) >= -10) };
    }), ...upcoming.map(({ name }) => ({ name, cpu: 4, pods: [] }))];
    const marks: { readonly mark: number; readonly moves: number; readonly pods: (readonly number[])[] }[] = [];
    const used = (place: Place): number => place.pods.reduce((sum, row) => sum + (cpuOf.get(row) ?? 0), 0);
    let next = -1;
    for (let step = 0; step < 40; step++) {
      const row = roll(24);
      const at = twin.findIndex((place) => place?.pods.includes(row) === true);
      const choice = roll(10);
      const isAllowed = (place: number): boolean => place % 5 !== choice;
      if (choice < 5 && at < 0) {
        const hint = roll(3) === 0 ? roll(twin.length + 2) : -1;
        const place = thought.findPlace(row, hint, isAllowed);
        const fits = (i: number): boolean => {
          const candidate = twin[i] ?? null;
          return candidate !== null && isAllowed(i) && used(candidate) + (cpuOf.get(row) ?? 0) <= candidate.cpu;
        };
        const all = twin.map((_, i) => i).filter(fits);
        if (hint >= 0 && fits(hint)) expect(place).toBe(hint);
        else if (all.length === 0) expect(place).toBe(-1);
        else {
          // From where the last search ended, round once.
          expect(place).toBe(next < 0 ? place : (all.find((i) => i >= next % twin.length) ?? all[0]));
          expect(all).toContain(place);
          next = place;
        }
        if (place >= 0) {
          thought.add(row, place);
          twin[place]?.pods.push(row);
          found++;
        }
      } else if (choice < 8 && at >= 0) {
        thought.remove(row, at);
        const pods = twin[at]?.pods ?? [];
        pods[pods.indexOf(row)] = pods[pods.length - 1];
        pods.pop();
      } else if (choice === 8) marks.push({ mark: thought.mark, moves: oracle.moveCount, pods: twin.map((place) => [...(place?.pods ?? [])]) });
      else if (marks.length > 0) {
        const { mark, moves, pods } = marks.splice(roll(marks.length))[0];
        thought.rollback(mark);
        twin.forEach((place, i) => { if (place !== null) place.pods = [...pods[i]]; });
        expect([thought.mark, oracle.moveCount]).toEqual([mark, moves]);
      }
      twin.forEach((place, i) => {
        expect(thought.isThere(i)).toBe(place !== null);
        if (place === null) return;
        const info = thought.info(i);
        expect([info.name, info.requested[info.base + CPU] / 1000, new Set(info.pods)], `look ${look}, step ${step}`).toEqual([place.name, used(place), new Set(place.pods)]);
      });
      expect([thought.isThere(twin.length), oracle.moveCount]).toEqual([false, thought.mark]);
    }
  }
  expect([...cache.pods.node.subarray(0, 24)], 'nothing has really moved').toEqual(before);
  expect(found).toBeGreaterThan(40);
});

test('a no of the node alone is remembered until the node changes, in thought or otherwise', () => {
  const world = fixture({ nodes: [sized('n0', 1), sized('n1', 1)], pods: [asking('big', 2), asking('small', 1), asking('also', 2)] });
  const asked = (isLocal: boolean): string[][] => {
    const oracle = new CpuOracle(world, isLocal);
    const thought = new WhatIfCluster(world.cache, oracle, -10);
    const search = (row: number): string[] => {
      oracle.asked = [];
      expect(thought.findPlace(row, -1, () => true)).toBe(-1);
      return oracle.asked;
    };
    thought.begin([]);
    const said = [search(0), search(0), search(2)];
    thought.add(1, 1);
    said.push(search(0));
    thought.begin([]);
    said.push(search(0));
    world.cluster.updateNode(0, sized('n0', 1));
    thought.begin([]);
    said.push(search(2));
    return said;
  };
  expect(asked(true)).toEqual([['n0', 'n1'], [], [], ['n1'], [], ['n0']]);
  expect(asked(false)).toEqual(Array.from({ length: 6 }, () => ['n0', 'n1']));
});

describe('a node that is to come', () => {
  test('has the room that its DaemonSets\' pods leave, in all resources, places and GPUs', () => {
    const { cache, cluster } = fixture({ nodes: [node('n0', {}, { status: { allocatable: { cpu: '1', [GPU]: '2000', 'example.com/x': '1' } } })] });
    const daemons = { templatesFor: () => [['500m', '300'], ['250m', '0']].map(([cpu, gpu]) => cluster.internTemplate(pod('d', {}, { containers: [{ name: 'main', resources: { requests: { cpu, ...(gpu === '0' ? {} : { [GPU]: gpu }) } } }] }))) };
    const object = node('new', { disk: 'ssd' }, { status: { allocatable: { cpu: '4', memory: '1Gi', pods: '10', [GPU]: '2000' } } });
    const info = nodeInThought(cache, object, daemons);
    const column = (name: string): number => cache.resources.find(name);
    expect([info.row, info.name, info.labels.get('disk'), info.pods]).toEqual([-1, 'new', 'ssd', []]);
    expect(['cpu', 'memory', GPU, 'example.com/x'].map((name) => info.allocatable[column(name)])).toEqual([4000, 1024 ** 3, 2000, 0]);
    expect([info.requested[CPU], info.requested[column(GPU)], info.allowedPods, info.devices?.left]).toEqual([750, 300, 8, [700, 1000]]);
    const bare = nodeInThought(cache, sized('bare', 2), null);
    expect([bare.allowedPods, bare.requested[CPU], bare.devices]).toEqual([110, 0, null]);
    const full = nodeInThought(cache, node('full', {}, { status: { allocatable: { pods: '1' } } }), daemons);
    expect(full.allowedPods).toBe(0);
  });
});
