// The autoscaler's small rules against the same written down as sentences, on random pods: which pods keep a node, what
// budgets still allow, which pods new nodes are asked for and in which order, which nodes are taken first.
import { expect, test } from 'vitest';
import { DrainRules, isSkipped } from '../../src/autoscaling/drain-rules.ts';
import type { DrainSettings } from '../../src/autoscaling/drain-rules.ts';
import { PendingPods } from '../../src/autoscaling/scale-up.ts';
import { EvictionCause } from '../../src/cluster/cluster.ts';
import { DisruptionBudgets } from '../../src/cluster/disruption-budgets.ts';
import type { KubernetesObject, PodSpec, Volume } from '../../src/cluster/objects.ts';
import { RandomStream } from '../../src/kernel/random.ts';
import type { WhatIfCluster } from '../../src/scheduler/what-if/what-if-cluster.ts';
import { AutoscaledWorld, MINUTE, SECOND } from './autoscaled-world.ts';

const STD = { name: 'std', cpu: '64', memory: '256Gi' };
const SAFE = 'cluster-autoscaler.kubernetes.io/safe-to-evict';
const SAFE_VOLUMES = 'cluster-autoscaler.kubernetes.io/safe-to-evict-local-volumes';
const dice = new RandomStream('rules');
const pick = <T>(list: readonly T[]): T => list[Math.floor(dice.next() * list.length)];

const budget = (name: string, app: string, disruptionsAllowed: number, namespace = 'default'): KubernetesObject =>
  ({ kind: 'PodDisruptionBudget', metadata: { namespace, name }, spec: { selector: { matchLabels: { app } } }, status: { disruptionsAllowed } }) as KubernetesObject;

/** Everything that the rules look at of a pod. */
function drawPod() {
  const volumes = pick<Volume[]>([[], [], [{ name: 'scratch', emptyDir: {} }], [{ name: 'host', hostPath: { path: '/x' } }], [{ name: 'ram', emptyDir: { medium: 'Memory' } }]]);
  return {
    namespace: pick(['default', 'default', 'kube-system']),
    app: pick(['free', 'guarded', 'stuck']),
    owned: pick([true, true, true, false]),
    pinned: pick([false, false, false, true]),
    isMirror: pick([false, false, false, false, true]),
    safe: pick(['', '', '', 'true', 'false', 'on-completion', 'maybe']),
    volumes,
    safeVolumes: pick(['', 'scratch', 'host,scratch', 'other']),
    grace: pick([0, 60]),
    /** Minutes ago; a pod is terminating since then. */
    terminating: pick([null, null, null, 0.25, 0.5, 1.25, 5]),
    minutes: pick([20, 59, 60, 61]),
  };
}
type Drawn = ReturnType<typeof drawPod>;

function expected(pod: Drawn, settings: DrainSettings): string {
  const isLocal = pod.volumes.some(({ name }) => name !== 'ram');
  const isSafeVolume = pod.safeVolumes.split(',').includes(pod.volumes[0]?.name ?? '');
  if (pod.pinned || pod.isMirror) return 'skip';
  if (pod.terminating !== null && pod.terminating * 60 > pod.grace + 30) return 'skip';
  if (pod.safe === 'true') return 'move';
  if (pod.safe === 'on-completion' || !pod.owned) return 'block';
  const hasBudget = pod.app === 'guarded' || pod.app === 'stuck';
  if (settings.skipNodesWithSystemPods && pod.namespace === 'kube-system' && pod.minutes < 60 && !hasBudget) return 'block';
  if (pod.safe === 'false' || (settings.skipNodesWithLocalStorage && isLocal && !isSafeVolume)) return 'block';
  return pod.app === 'stuck' ? 'block' : 'move';
}

test.each([
  [true, true], [false, true], [true, false],
])('a pod keeps its node by the first rule that has an opinion (system pods %s, local storage %s)', (skipNodesWithSystemPods, skipNodesWithLocalStorage) => {
  const settings = { skipNodesWithSystemPods, skipNodesWithLocalStorage };
  const world = new AutoscaledWorld([{ ...STD, count: 1 }], { scaleDownEnabled: false });
  const { cluster } = world;
  world.podsStop = false;
  for (const namespace of ['default', 'kube-system'])
    for (const [app, allowed] of [['guarded', 1], ['stuck', 0]] as const) cluster.putObject('PodDisruptionBudget', budget(app, app, allowed, namespace));
  const end = 120;
  const drawn = Array.from({ length: 150 }, drawPod).map((pod) => ({ pod, row: -1 }));
  for (const each of drawn) {
    const { pod } = each;
    const annotations = { ...(pod.safe === '' ? {} : { [SAFE]: pod.safe }), ...(pod.safeVolumes === '' ? {} : { [SAFE_VOLUMES]: pod.safeVolumes }), ...(pod.isMirror ? { 'kubernetes.io/config.mirror': 'x' } : {}) };
    const spec: PodSpec = { volumes: pod.volumes, terminationGracePeriodSeconds: pod.grace };
    world.at((end - pod.minutes) * 60, () => {
      each.row = world.pod({ cpu: '0', memory: '0', namespace: pod.namespace, labels: { app: pod.app }, owned: pod.owned, annotations, spec, ...(pod.pinned ? { pinned: 'std-0' } : {}) });
      cluster.placePod(each.row, 0);
    });
    if (pod.terminating !== null) world.at((end - pod.terminating) * 60, () => { cluster.terminatePod(each.row, EvictionCause.Api); });
  }
  world.at(end * 60, () => undefined);
  world.until(end * 60);
  const rules = new DrainRules(cluster, settings, new DisruptionBudgets(cluster));
  const remaining = rules.remainingBudgets();
  const counts = new Map<string, number>();
  for (const { pod, row } of drawn) {
    const verdict = rules.verdict(row, remaining);
    expect(verdict, JSON.stringify(pod)).toBe(expected(pod, settings));
    expect(isSkipped(cluster, row)).toBe(verdict === 'skip');
    counts.set(verdict, (counts.get(verdict) ?? 0) + 1);
  }
  for (const verdict of ['skip', 'move', 'block']) expect(counts.get(verdict), verdict).toBeGreaterThan(15);
});

test('budgets are spent in thought, pod by pod; what a status allows is not touched', () => {
  const world = new AutoscaledWorld([{ ...STD, count: 1 }], { scaleDownEnabled: false });
  const { cluster } = world;
  cluster.putObject('PodDisruptionBudget', budget('two', 'a', 2));
  cluster.putObject('PodDisruptionBudget', { ...budget('all', 'a', 3), spec: { selector: {} } } as KubernetesObject);
  const [a, b] = ['a', 'b'].map((app) => world.pod({ labels: { app } }));
  const elsewhere = world.pod({ labels: { app: 'a' }, namespace: 'other' });
  const rules = new DrainRules(cluster, { skipNodesWithSystemPods: true, skipNodesWithLocalStorage: true }, new DisruptionBudgets(cluster));
  const budgets = rules.remainingBudgets();
  const allowed = (): boolean[] => [a, b, elsewhere].map((pod) => budgets.allow(pod));
  expect(budgets.spend([a, a, a], 1)).toBe(true);
  expect(allowed()).toEqual([true, true, true]);
  expect(budgets.spend([a, b], 2)).toBe(true);
  expect(allowed()).toEqual([false, false, true]);
  expect(budgets.spend([elsewhere, elsewhere], 2)).toBe(true);
  expect(budgets.spend([b], 1)).toBe(false);
  expect(rules.remainingBudgets().allow(a)).toBe(true);
});

test('new nodes are asked for what has waited long enough, is not gated, bound to a node, leaving or expendable; the most important first, then the oldest', () => {
  const world = new AutoscaledWorld([{ ...STD, count: 1 }], { scaleDownEnabled: false });
  const { cluster } = world;
  world.podsStop = false;
  const drawn = Array.from({ length: 120 }, () => ({
    second: 10 + Math.floor(dice.next() * 20),
    priority: pick([-11, -10, 0, 0, 5]),
    cpu: pick(['1', '2', '3']),
    gated: pick([false, false, false, true]),
    pinned: pick([false, false, false, true]),
    leaves: pick([false, false, false, true]),
    row: -1,
  }));
  for (const each of drawn) {
    world.at(each.second, () => {
      const spec: PodSpec = each.gated ? { schedulingGates: [{ name: 'g' }] } : {};
      each.row = world.pod({ cpu: '1000', memory: each.cpu, priority: each.priority, spec, ...(each.pinned ? { pinned: 'std-0' } : {}) });
      if (each.leaves) cluster.terminatePod(each.row, EvictionCause.Api);
    });
  }
  world.at(32, () => undefined);
  world.until(32);
  const delay = 8;
  const counted = drawn
    .filter(({ second, priority, gated, pinned, leaves }) => 32 - second >= delay && priority >= -10 && !gated && !pinned && !leaves)
    .sort((one, other) => other.priority - one.priority || one.second - other.second || one.row - other.row);
  expect(counted.length).toBeGreaterThan(10);
  // In thought, each pod whose row is even finds a place; of a kind that found none nobody is tried again.
  const tried: number[] = [];
  const placed: (readonly [number, number])[] = [];
  const whatIf = {
    findPlace: (pod: number) => { tried.push(pod); return pod % 2 === 0 ? 7 : -1; },
    add: (pod: number, row: number) => { placed.push([pod, row]); },
  } as unknown as WhatIfCluster;
  const settings = { newPodScaleUpDelayMicros: delay * SECOND, expendablePodsPriorityCutoff: -10 };
  const source = { pods: () => drawn.map(({ row }) => row), nominatedNodeName: () => '' };
  const kinds = new PendingPods(cluster, source, settings).withoutPlace(whatIf);
  const without = new Map<string, number[]>();
  const [expectedTried, expectedPlaced]: [number[], (readonly [number, number])[]] = [[], []];
  for (const { row, priority, cpu } of counted) {
    const kind = without.get(`${String(priority)} ${cpu}`);
    if (kind !== undefined) { kind.push(row); continue; }
    expectedTried.push(row);
    if (row % 2 === 0) expectedPlaced.push([row, 7]);
    else without.set(`${String(priority)} ${cpu}`, [row]);
  }
  expect(tried).toEqual(expectedTried);
  expect(placed).toEqual(expectedPlaced);
  expect(kinds.map(({ pods }) => pods)).toEqual([...without.values()]);
});

test('is at rest when nothing is on its way, for longer than a new pod has to wait and two looks', () => {
  const world = new AutoscaledWorld([{ ...STD, count: 1, min: 0, max: 3 }], { newPodScaleUpDelayMicros: 5 * SECOND, scaleDownUnneededMicros: MINUTE, scaleDownDelayAfterAddMicros: 0 });
  const { autoscaler } = world;
  const keeper = world.pod({ cpu: '60' });
  world.until(60);
  const now = 60 * SECOND;
  expect([25, 25.000001, 100].map((seconds) => autoscaler.isAtRest(now, now - seconds * SECOND))).toEqual([false, true, true]);
  world.at(61, () => world.pod({ cpu: '60' }));
  expect(world.until(80)).toBe('70 scaleUp std +1');
  expect(autoscaler.isAtRest(80 * SECOND, 0)).toBe(false);
  expect(world.until(140)).toBe('130 std-1 is there');
  expect(autoscaler.isAtRest(140 * SECOND, 0)).toBe(true);
  world.at(311, () => { world.finish([keeper]); });
  world.until(330);
  expect(autoscaler.isAtRest(330 * SECOND, 0)).toBe(false);
});
