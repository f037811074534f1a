// What the autoscaler remembers from look to look changes nothing: answers are those of a placement that remembers
// nothing, question by question, in random clusters with pods of many kinds and nodes that change.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { PlacementOracle } from '../../src/scheduler/what-if/placement-oracle.ts';
import { ProfilePlacement } from '../../src/scheduler/what-if/profile-placement.ts';
import { ThoughtCopies } from '../../src/scheduler/what-if/thought-copies.ts';
import type { NodeInfo } from '../../src/scheduler/cache/node-info.ts';
import { AutoscaledWorld, type PodOptions } from './autoscaled-world.ts';
import { PlainPlacement } from './plain-placement.ts';

/** Asks both and insists that they agree. */
class CheckedPlacement implements PlacementOracle {
  questions = 0;
  readonly kept: ProfilePlacement;
  private readonly plain: PlainPlacement;

  constructor(...parts: ConstructorParameters<typeof ProfilePlacement>) {
    this.kept = new ProfilePlacement(...parts);
    this.plain = new PlainPlacement(...parts);
  }

  refresh(): void {
    this.kept.refresh();
    this.plain.refresh();
  }

  get moveCount(): number {
    expect(this.kept.moveCount).toBe(this.plain.moveCount);
    return this.plain.moveCount;
  }

  localKind(pod: number): number {
    const kind = this.kept.localKind(pod);
    expect(kind >= 0).toBe(this.plain.localKind(pod) >= 0);
    return kind;
  }

  isOpen(pod: number): boolean {
    const isOpen = this.kept.isOpen(pod);
    expect(isOpen).toBe(this.plain.isOpen(pod));
    return isOpen;
  }

  fits(pod: number, node: NodeInfo): boolean {
    this.questions++;
    const answer = this.plain.fits(pod, node);
    expect(this.kept.fits(pod, node)).toBe(answer);
    return answer;
  }

  podAdded(pod: number, node: NodeInfo): void {
    this.kept.podAdded(pod, node);
    this.plain.podAdded(pod, node);
  }

  podRemoved(pod: number, node: NodeInfo): void {
    this.kept.podRemoved(pod, node);
    this.plain.podRemoved(pod, node);
  }

  rollback(moveCount: number): void {
    this.kept.rollback(moveCount);
    this.plain.rollback(moveCount);
  }
}

const antiAffinity = { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ labelSelector: { matchLabels: { app: 'a' } }, topologyKey: 'kubernetes.io/hostname' }] } };
const spread = { maxSkew: 1, topologyKey: 'kubernetes.io/hostname', whenUnsatisfiable: 'DoNotSchedule', labelSelector: { matchLabels: { app: 's' } } } as const;
const container = (cpu: string, hostPort?: number) => ({ name: 'c', image: 'i', resources: { requests: { cpu } }, ...(hostPort === undefined ? {} : { ports: [{ containerPort: 80, hostPort }] }) });

const KINDS: readonly PodOptions[] = [
  { cpu: '500m' },
  { cpu: '1', priority: 5 },
  { cpu: '3' },
  { spec: { containers: [container('500m', 80)] } },
  { spec: { containers: [container('500m')], tolerations: [{ key: 'k', operator: 'Exists' }] } },
  { spec: { containers: [container('500m')], nodeSelector: { 'kubernetes.io/hostname': 'std-1' } } },
  { labels: { app: 'a' }, spec: { containers: [container('200m')], affinity: antiAffinity } },
  { labels: { app: 's' }, spec: { containers: [container('200m')], topologySpreadConstraints: [spread] } },
];

type Act = readonly [seconds: number, what: 'pods' | 'finish' | 'taint' | 'cordon' | 'crash', a: number, b: number];

const acts = fc.array(fc.tuple(fc.integer({ min: 1, max: 2500 }), fc.constantFrom<Act[1][]>('pods', 'pods', 'finish', 'finish', 'taint', 'cordon', 'crash'), fc.nat(100), fc.nat(100)), { minLength: 5, maxLength: 40 });

function perform(world: AutoscaledWorld, pods: number[], [, what, a, b]: Act): void {
  const { cluster } = world;
  const row = a % Math.max(1, cluster.nodes.length);
  const isThere = cluster.nodes.alive[row] === 1;
  if (what === 'pods') pods.push(...world.pods(1 + (b % 6), KINDS[a % KINDS.length]));
  else if (what === 'finish') {
    const gone = new Set(pods.filter((pod, index) => (index + a) % 2 === 0 && cluster.pods.phase[pod] === 4 && !cluster.pods.isTerminating(pod)));
    world.finish([...gone]);
    pods.splice(0, pods.length, ...pods.filter((pod) => !gone.has(pod) && cluster.pods.phase[pod] !== 0));
  } else if (!isThere) return;
  else if (what === 'taint') cluster.setTaints(row, b % 2 === 0 ? [] : [{ key: 'k', effect: 'NoSchedule' }]);
  else if (what === 'cordon') cluster.setUnschedulable(row, b % 2 === 0);
  else cluster.setNodeHealth(row, cluster.nodes.up[row] === 0);
}

function play(
  list: readonly Act[], placementOf?: (...parts: ConstructorParameters<typeof ProfilePlacement>) => PlacementOracle,
): string {
  const world = new AutoscaledWorld([{ name: 'std', cpu: '4', memory: '16Gi', count: 3, min: 1, max: 8 }, { name: 'fixed', cpu: '4', memory: '16Gi', count: 2 }], { scaleDownUnneededMicros: 60_000_000 }, placementOf);
  const pods: number[] = [];
  for (const act of list) world.at(act[0], () => perform(world, pods, act));
  return `${world.until(3000)}\n${world.kernel.digest.hex()}`;
}

describe('what is remembered between looks', () => {
  test('never changes an answer', () => {
    let questions = 0;
    fc.assert(
      fc.property(acts, (list) => {
        const made: CheckedPlacement[] = [];
        const checked = play(list, (...parts) => (made[0] = new CheckedPlacement(...parts)));
        questions += made[0].questions;
        expect(play(list)).toBe(checked);
      }),
      { numRuns: 60, seed: 20261 },
    );
    expect(questions).toBeGreaterThan(3000);
  });

  test('saves PreFilter as long as no pod has affinity', () => {
    let kept: ProfilePlacement | null = null;
    play([[1, 'pods', 0, 5], [2, 'pods', 1, 5], [400, 'finish', 0, 0]], (...parts) => (kept = new ProfilePlacement(...parts)));
    expect(kept).toMatchObject({ preFilterCount: 1 });
  });
});

test('a copy made in the memory of an older one is a fresh copy', () => {
  const world = new AutoscaledWorld([{ name: 'std', cpu: '4', memory: '16Gi', count: 2 }]);
  const { cluster } = world;
  const { cache } = world.scheduler;
  world.at(1, () => KINDS.forEach((kind) => world.pods(1, kind)));
  world.until(100);
  const copies = new ThoughtCopies();
  const { stride } = cache.nodes;
  copies.clear(2);
  const first = copies.make(0, cache.nodeInfo(0), stride);
  for (const pod of [...first.pods]) first.removePod(pod, cluster.templateOf(pod));
  copies.clear(2);
  expect(copies.has(0)).toBe(false);
  world.pods(2, { pinned: 'std-0' });
  world.until(200);
  cluster.setTaints(0, [{ key: 'k', effect: 'NoSchedule' }]);
  const second = copies.make(0, cache.nodeInfo(0), stride);
  expect(second).toBe(first);
  expect({ ...second }).toEqual({ ...cache.nodeInfo(0).whatIf(stride) });
  expect(copies.has(0)).toBe(true);
  expect(copies.has(1)).toBe(false);
  copies.clear(100);
  expect([0, 1, 99].map((place) => copies.has(place))).toEqual([false, false, false]);
  expect({ ...copies.make(99, cache.nodeInfo(1), stride) }).toEqual({ ...cache.nodeInfo(1).whatIf(stride) });
  expect([98, 99].map((place) => copies.has(place))).toEqual([false, true]);
});
