/**
 * Scores that hang on how many nodes there are, and on how many of them hold an image, are chosen by as the plain scan
 * chooses, while nodes with large images come and go, whether the index is asked or passed by; and what is told of the
 * numbers of nodes with which such a score stays is so.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Node } from '../../src/cluster/objects.ts';
import type { PodTemplate } from '../../src/cluster/pod-template.ts';
import type { RandomStream } from '../../src/kernel/random.ts';
import type { Handle } from '../../src/scheduler/framework/plugin-api.ts';
import { ImageLocality } from '../../src/scheduler/plugins/image-locality.ts';
import { SchedulerWorld, plugin } from '../scheduler/scheduler-world.ts';

const MIB = 1024 * 1024;
const IMAGES = ['a:1', 'b:1', 'c:1'];

test('between the numbers told, the score is the same', () => {
  const held = fc.record({ size: fc.integer({ min: 1, max: 4000 * MIB }), nodes: fc.integer({ min: 1, max: 300 }) });
  let wide = 0;
  fc.assert(
    fc.property(fc.array(held, { minLength: 1, maxLength: 4 }), fc.integer({ min: 0, max: 700 }), fc.integer({ min: 1, max: 3 }), (images, more, containerCount) => {
      let count = 1;
      const snapshot = {
        imageNumber: (image: string) => Number(image),
        imageSpread: (_row: number, image: number) => Math.trunc(images[image].size * (images[image].nodes / count)),
      };
      const handle = { snapshot, cluster: { features: { imageVolumesCounted: true } } } as unknown as Handle;
      const template = { images: images.map((_, i) => String(i)), containerCount, imageVolumeCount: 0 } as unknown as PodTemplate;
      const made = ImageLocality.create({}, handle);
      const steady = made.steadyScoreOf?.(template);
      const score = made.scoreOf?.(template);
      if (steady === undefined || score === undefined) throw new Error('it has both');
      const now = (count = Math.max(...images.map(({ nodes }) => nodes)) + more);
      const within = { now, least: 0, most: 0x7fff_ffff };
      const told = steady(0, within);
      expect(within.least <= now && now <= within.most).toBe(true);
      for (count = Math.max(1, within.least); count <= Math.min(within.most, 3000); count++) {
        if (score({} as never, 0) !== told) throw new Error(`${String(told)} with ${String(now)} nodes, not with ${String(count)}`);
        wide++;
      }
    }),
    { numRuns: 500 },
  );
  expect(wide).toBeGreaterThan(2000);
});

function randomNode(dice: RandomStream, name: string): Node {
  const images = IMAGES.filter(() => dice.next() < 0.5).map((image) => ({ names: [image], sizeBytes: (60 + Math.floor(dice.next() * 3000)) * MIB }));
  const taints = dice.next() < 0.1 ? [{ key: 'hard', effect: 'NoSchedule' as const }] : [];
  return {
    metadata: { name, labels: { 'kubernetes.io/hostname': name, disk: dice.next() < 0.5 ? 'ssd' : 'hdd' } },
    spec: { taints },
    status: { allocatable: { cpu: '4', memory: '8Gi', pods: '20' }, images },
  };
}

const SPECS: readonly object[] = [{}, { nodeSelector: { disk: 'ssd' } }, { tolerations: [{ key: 'hard', operator: 'Exists' }] }];

interface Shape {
  readonly seed: string;
  readonly nodes: number;
  /** A filter that looks at the cluster and rejects no node is asked in a share of the cycles: the index is not. */
  readonly passedBy: number;
  /** Counts nodes, and does not tell with which numbers its score stays. */
  readonly ownScore?: boolean;
}

function play({ seed, nodes, passedBy, ownScore = false }: Shape, plain: boolean): { told: readonly string[]; asked: number; places: number } {
  let isAwake = false;
  let asked = 0;
  const now = (): number => world.cluster.totals.nodesAlive;
  const whim = plugin('Whim', {
    dependence: { filter: 'cluster' },
    inert: () => !isAwake,
    filter: () => {
      asked++;
      return null;
    },
  });
  const parity = plugin('Parity', {
    dependence: { score: 'node' },
    countsNodes: () => true,
    score: (_state, _pod, node) => (now() * 7 + node.row) % 11,
  });
  const world = new SchedulerWorld({
    plain, autoRun: false, cycleMicros: 0, bindMicros: 0, plugins: [whim, parity],
    also: { filter: ['Whim'], ...(ownScore ? { score: ['Parity'] } : {}) },
  });
  const { cluster, kernel, scheduler } = world;
  const dice = kernel.random.stream(`counted-${seed}`);
  let made = 0;
  const add = (): void => { cluster.addNode(randomNode(dice, `n${String(made++)}`)); };
  for (let i = 0; i < nodes; i++) add();
  const alive = (): number[] => Array.from({ length: cluster.nodes.length }, (_, row) => row).filter((row) => cluster.nodes.alive[row] === 1);
  const anyNode = (): number => {
    const rows = alive();
    return rows[Math.floor(dice.next() * rows.length)];
  };
  const told: string[] = [];
  const places = new Set<string>();
  for (let step = 0; step < 600; step++) {
    const roll = dice.next();
    if (roll < 0.2) add();
    else if (roll < 0.4 && alive().length > 3) cluster.removeNode(anyNode());
    else if (roll < 0.5) {
      const row = anyNode();
      cluster.updateNode(row, randomNode(dice, cluster.nodes.facts[row].name));
    }
    isAwake = dice.next() < passedBy;
    const name = `p${String(step)}`;
    const image = IMAGES[Math.floor(dice.next() * IMAGES.length)];
    const spec = { ...SPECS[Math.floor(dice.next() * SPECS.length)], containers: [{ name: 'c', image, resources: { requests: { cpu: '300m' } } }] };
    world.pod(name, '300m', spec, { app: image.slice(0, 1) });
    scheduler.scheduleOne();
    kernel.run({ until: kernel.now + 1000 });
    const where = world.where(name);
    told.push(`${name}: ${where}`);
    places.add(where);
    if (dice.next() < 0.8) world.remove(name);
  }
  return { told: [...told, ...world.messages], asked, places: places.size };
}

describe('nodes with images that come and go', () => {
  test.each<Shape>([
    { seed: 'a', nodes: 30, passedBy: 0 },
    { seed: 'b', nodes: 140, passedBy: 0 },
    { seed: 'c', nodes: 40, passedBy: 0.3 },
    { seed: 'd', nodes: 140, passedBy: 0.5 },
    { seed: 'e', nodes: 60, passedBy: 0.1, ownScore: true },
  ])('are chosen as the plain scan does (seed $seed, $nodes nodes)', (shape) => {
    const fast = play(shape, false);
    const plain = play(shape, true);
    expect(fast.told).toEqual(plain.told);
    expect(fast.places).toBeGreaterThan(20);
    if (shape.passedBy > 0) expect(fast.asked).toBeGreaterThan(500);
  });
});
