/**
 * Nodes told apart by their raw scores (soft taints, preferred labels, a plugin of one's own) are chosen as the plain scan
 * chooses them, whatever changes of the nodes in between, with few kinds of nodes and with more than are told apart.
 */
import { describe, expect, test } from 'vitest';
import type { Node, PodSpec } from '../../src/cluster/objects.ts';
import type { RandomStream } from '../../src/kernel/random.ts';
import { defaultNormalizeScore } from '../../src/scheduler/plugins/default-normalize.ts';
import { SchedulerWorld, plugin } from '../scheduler/scheduler-world.ts';
import type { SchedulerWorldOptions } from '../scheduler/scheduler-world.ts';

interface Shape {
  readonly seed: string;
  readonly nodes: number;
  /** So many soft taints on a node, at most. */
  readonly softTaints: number;
  readonly options?: SchedulerWorldOptions;
  /** Raw scores of the plugin of one's own, at most; 6 and the like make a score that is out of range. */
  readonly steps: number;
}

interface Outcome {
  readonly told: readonly string[];
  /** Calls of the plugin's NormalizeScore, and decisions. */
  readonly calls: number;
  readonly decisions: number;
  readonly places: ReadonlySet<string>;
}

const ZONE = 'topology.kubernetes.io/zone';
const preferring = (weight: number, key: string, value: string): object => ({
  weight, preference: { matchExpressions: [{ key, operator: 'In', values: [value] }] },
});
const SPECS: readonly object[] = [
  {},
  {},
  { tolerations: [{ key: 'soft-0', operator: 'Exists' }] },
  { affinity: { nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [preferring(10, 'disk', 'ssd'), preferring(3, 'rack', 'r1')] } } },
  { nodeSelector: { disk: 'ssd' } },
  { topologySpreadConstraints: [{ maxSkew: 1, topologyKey: ZONE, whenUnsatisfiable: 'ScheduleAnyway', labelSelector: { matchLabels: { app: 'a' } } }] },
];

function randomNode(dice: RandomStream, name: string, { softTaints, steps }: Shape): Node {
  const count = dice.next() < 0.6 ? 0 : Math.floor(dice.next() * (softTaints + 1));
  const hard = dice.next() < 0.05 ? [{ key: 'hard', effect: 'NoSchedule' as const }] : [];
  const soft = Array.from({ length: count }, (_, i) => ({ key: `soft-${String(i)}`, effect: 'PreferNoSchedule' as const }));
  return {
    metadata: {
      name,
      labels: {
        'kubernetes.io/hostname': name,
        [ZONE]: `z${String(name.length % 2)}`,
        disk: dice.next() < 0.5 ? 'ssd' : 'hdd',
        rack: `r${String(Math.floor(dice.next() * 3))}`,
        step: String(Math.floor(dice.next() * (steps + 1))),
      },
    },
    spec: { taints: [...soft, ...hard] },
    status: { allocatable: { cpu: '3', memory: '8Gi', pods: '20' } },
  };
}

function play(shape: Shape, plain: boolean): Outcome {
  let calls = 0;
  const ownPlugin = plugin('Steps', {
    dependence: { score: 'facts' },
    score: (_state, _pod, node) => Number(node.facts.labels.get('step') ?? 0),
    normalizeScore: (_state, _pod, scores) => {
      calls++;
      const isOut = scores.includes(6) && !scores.includes(0);
      defaultNormalizeScore(scores, false);
      if (isOut) scores.fill(101);
    },
    normalizeByValue: true,
  });
  const world = new SchedulerWorld({
    plain, autoRun: false, cycleMicros: 0, bindMicros: 0, plugins: [ownPlugin], also: { score: ['Steps'] }, ...shape.options,
  });
  const { cluster, kernel, scheduler } = world;
  const dice = kernel.random.stream(`raw-kinds-${shape.seed}`);
  let made = 0;
  const add = (): void => { cluster.addNode(randomNode(dice, `n${String(made++)}`, shape)); };
  for (let i = 0; i < shape.nodes; i++) add();
  const anyNode = (): number => {
    const alive = Array.from({ length: cluster.nodes.length }, (_, row) => row).filter((row) => cluster.nodes.alive[row] === 1);
    return alive[Math.floor(dice.next() * alive.length)];
  };
  const told: string[] = [];
  const places = new Set<string>();
  for (let step = 0; step < 500; step++) {
    const roll = dice.next();
    const name = `p${String(step)}`;
    if (roll < 0.15) {
      const row = anyNode();
      cluster.updateNode(row, randomNode(dice, cluster.nodes.facts[row].name, shape));
    } else if (roll < 0.18) add();
    else if (roll < 0.2) cluster.removeNode(anyNode());
    const spec = SPECS[Math.floor(dice.next() * SPECS.length)] as PodSpec;
    world.pod(name, dice.next() < 0.8 ? '250m' : '2', spec, { app: 'a' });
    scheduler.scheduleOne();
    kernel.run({ until: kernel.now + 1000 });
    const where = world.where(name);
    told.push(`${name}: ${where}`);
    places.add(where);
    if (dice.next() < 0.7) world.remove(name);
  }
  return { told: [...told, ...world.messages], calls, decisions: scheduler.decisions, places };
}

describe('nodes of several kinds', () => {
  test.each<Shape>([
    { seed: 'a', nodes: 40, softTaints: 1, steps: 0 },
    { seed: 'b', nodes: 150, softTaints: 2, steps: 0 },
    { seed: 'c', nodes: 150, softTaints: 1, steps: 0, options: { tieBreak: 'first' } },
    { seed: 'd', nodes: 33, softTaints: 1, steps: 2 },
  ])('are chosen as the plain scan does (seed $seed, $nodes nodes)', (shape) => {
    const fast = play(shape, false);
    const plain = play(shape, true);
    expect(fast.told).toEqual(plain.told);
    expect(fast.places.size).toBeGreaterThan(20);
    expect(plain.calls).toBeGreaterThan(300);
    // Spreading pods have scores of their own, and are scored node by node: a sixth of all.
    expect(fast.calls).toBeLessThan(plain.calls / 2);
  });

  test.each<Shape>([
    { seed: 'e', nodes: 60, softTaints: 12, steps: 0 },
    { seed: 'f', nodes: 120, softTaints: 3, steps: 5, options: { tieBreak: 'first' } },
    { seed: 'g', nodes: 120, softTaints: 1, steps: 6 },
    { seed: 'h', nodes: 4, softTaints: 1, steps: 6 },
  ])('are so when there are too many, or a score is out of range (seed $seed)', (shape) => {
    const fast = play(shape, false);
    const plain = play(shape, true);
    expect(fast.told).toEqual(plain.told);
    expect(fast.decisions).toBe(plain.decisions);
  });
});
