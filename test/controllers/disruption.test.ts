// The disruption controller: what budgets allow, by kind of bound and by who made the pods; counts kept pod by pod
// equal counting all pods anew; and evictions that ask the budgets.
import { describe, expect, test } from 'vitest';
import { Cluster, EvictionCause, PodOutcome, PodPhase } from '../../src/cluster/cluster.ts';
import { DisruptionBudgets } from '../../src/cluster/disruption-budgets.ts';
import type { PodDisruptionBudget } from '../../src/cluster/objects.ts';
import { evictPod } from '../../src/control-plane/eviction.ts';
import { Disruption } from '../../src/controllers/disruption.ts';
import { WorkloadKind } from '../../src/cluster/workload-table.ts';
import { Kernel } from '../../src/kernel/kernel.ts';

const SECOND = 1_000_000;

/** Pods by hand: nobody schedules or starts them but the test. */
class BudgetWorld {
  readonly kernel = new Kernel({ seed: 'disruption' });
  readonly cluster = new Cluster(this.kernel);
  readonly budgets = new DisruptionBudgets(this.cluster);
  readonly node: number;

  constructor() {
    new Disruption(this.kernel, this.cluster, this.budgets, 4);
    this.node = this.cluster.addNode({
      metadata: { name: 'n' },
      status: { allocatable: { cpu: '1000', memory: '1Ti', pods: '1000' } },
    });
  }

  template(app: string, more: object = {}): number {
    return this.cluster.internTemplate({
      metadata: { labels: { app }, namespace: 'default', ...more },
      spec: { containers: [{ name: 'c' }] },
    }).id;
  }

  owner(kind: WorkloadKind, scale: number, app = 'web'): number {
    return this.cluster.workloadWriter.stand({
      kind,
      template: this.template(app),
      workloadClass: 0,
      nameBase: this.cluster.names.intern(app),
      wanted: scale,
      object: null,
      key: '',
      parent: -1,
      podMicros: Infinity,
      details: null,
    });
  }

  pods(count: number, owner: number, template = this.template('web'), runs = count): number[] {
    return Array.from({ length: count }, (_, index) => {
      const pod = this.cluster.createPod({
        template,
        nameBase: 0,
        nameOrdinal: index,
        owner,
        workloadClass: 0,
        durationMicros: Infinity,
        pinnedNode: -1,
      });
      if (index < runs) {
        this.cluster.placePod(pod, this.node);
        this.cluster.startPod(pod);
      }
      return pod;
    });
  }

  budget(spec: object, name = 'b', status: object = {}): void {
    this.cluster.putObject('PodDisruptionBudget', {
      kind: 'PodDisruptionBudget',
      metadata: { name, namespace: 'default' },
      spec: { selector: { matchLabels: { app: 'web' } }, ...spec },
      status,
    } as PodDisruptionBudget);
  }

  /** `allowed of healthy, wants desired of expected`, after the controllers have looked. */
  status(name = 'b'): string {
    this.kernel.run({ until: this.kernel.now + SECOND });
    const { disruptionsAllowed, currentHealthy, desiredHealthy, expectedPods } =
      this.budgets.get(`default/${name}`)?.status ?? {};
    return `${disruptionsAllowed} of ${currentHealthy}, wants ${desiredHealthy} of ${expectedPods}`;
  }
}

describe('a budget allows', () => {
  test.each([
    [{ minAvailable: 2 }, 5, 5, '3 of 5, wants 2 of 5'],
    [{ minAvailable: 2 }, 5, 1, '0 of 1, wants 2 of 5'],
    [{ minAvailable: '50%' }, 5, 5, '2 of 5, wants 3 of 5'],
    [{ maxUnavailable: 1 }, 5, 5, '1 of 5, wants 4 of 5'],
    [{ maxUnavailable: 1 }, 5, 4, '0 of 4, wants 4 of 5'],
    [{ maxUnavailable: '30%' }, 5, 5, '2 of 5, wants 3 of 5'],
    [{ maxUnavailable: 0 }, 5, 5, '0 of 5, wants 5 of 5'],
    [{ maxUnavailable: '100%' }, 5, 5, '5 of 5, wants 0 of 5'],
    [{ maxUnavailable: 9 }, 5, 3, '3 of 3, wants 0 of 5'],
    [{}, 5, 5, '0 of 5, wants 0 of 0'],
  ])('%j over %d pods of which %d run: %s', (spec, count, runs, expected) => {
    const world = new BudgetWorld();
    world.budget(spec);
    world.pods(count, world.owner(WorkloadKind.ReplicaSet, count), undefined, runs);
    expect(world.status()).toBe(expected);
  });

  test("by the scale of the pods' controllers, not by the pods that are there", () => {
    const world = new BudgetWorld();
    world.budget({ maxUnavailable: 2 });
    world.pods(3, world.owner(WorkloadKind.ReplicaSet, 4));
    world.pods(1, world.owner(WorkloadKind.StatefulSet, 1, 'db'));
    expect(world.status()).toBe('1 of 4, wants 3 of 5');
  });

  test('nothing, where a controller has no scale and one is asked for', () => {
    for (const kind of [WorkloadKind.Job, WorkloadKind.DaemonSet]) {
      const world = new BudgetWorld();
      world.budget({ maxUnavailable: 1 }, 'b', { disruptionsAllowed: 7 });
      world.budget({ minAvailable: 1 }, 'c');
      world.pods(3, world.owner(kind, -1));
      expect([world.status(), world.status('c')]).toEqual([
        '0 of undefined, wants undefined of undefined',
        '2 of 3, wants 1 of 3',
      ]);
    }
  });

  test('for pods of nobody only as a number; for pods of an unknown controller each stands for a replica', () => {
    const world = new BudgetWorld();
    world.budget({ maxUnavailable: 1 });
    world.budget({ minAvailable: 1 }, 'c');
    world.pods(3, -1);
    expect([world.status(), world.status('c')]).toEqual(['0 of 3, wants 0 of 0', '2 of 3, wants 1 of 3']);
    world.pods(
      3,
      -1,
      world.template('web', { ownerReferences: [{ kind: 'ReplicaSet', name: 'x', uid: 'x', controller: true }] }),
    );
    expect([world.status(), world.status('c')]).toEqual(['4 of 6, wants 2 of 3', '5 of 6, wants 1 of 6']);
  });

  test('by pods that have ended, too, as long as their object is there: counted one by one or all anew', () => {
    const world = new BudgetWorld();
    world.budget({ minAvailable: 1 });
    const pods = world.pods(3, -1);
    world.cluster.endPod(pods[0], { phase: PodPhase.Failed, outcome: PodOutcome.Failed });
    expect(world.status()).toBe('1 of 2, wants 1 of 3');
    world.budget({ minAvailable: 1 }, 'c');
    expect([world.status(), world.status('c')]).toEqual(['1 of 2, wants 1 of 3', '1 of 2, wants 1 of 3']);
    world.cluster.removePod(pods[0], PodOutcome.Deleted);
    expect([world.status(), world.status('c')]).toEqual(['1 of 2, wants 1 of 2', '1 of 2, wants 1 of 2']);
  });

  test('by its selector: none covers nothing, an empty one the namespace; a new one counts anew', () => {
    const world = new BudgetWorld();
    world.pods(2, world.owner(WorkloadKind.ReplicaSet, 2));
    world.budget({ minAvailable: 0, selector: undefined });
    expect(world.status()).toBe('0 of 0, wants 0 of 0');
    world.budget({ minAvailable: 0, selector: {} });
    expect(world.status()).toBe('2 of 2, wants 0 of 2');
  });
});

test('counts kept pod by pod are those of counting all pods', () => {
  const world = new BudgetWorld();
  const { cluster, kernel } = world;
  const random = kernel.random.stream('test', 'disruption');
  const draw = (count: number): number => Math.floor(random.next() * count);
  const apps = ['web', 'db', 'other'];
  const owners = apps.map((app, index) => world.owner(WorkloadKind.StatefulSet, 3 + index, app));
  let statuses = 0;
  for (let step = 0; step < 4000; step++) {
    const living = Array.from({ length: cluster.pods.length }, (_, pod) => pod).filter(
      (pod) => cluster.pods.phase[pod] !== PodPhase.Free,
    );
    const pod = living[draw(living.length)];
    const action = draw(12);
    if (action === 0)
      world.budget(
        { minAvailable: draw(4), selector: [{ matchLabels: { app: apps[draw(3)] } }, {}][draw(2)] },
        `b${draw(3)}`,
      );
    else if (action === 1) cluster.removeObject('PodDisruptionBudget', `default/b${draw(3)}`);
    else if (action < 5 || pod === undefined) {
      const app = draw(3);
      world.pods(1, draw(3) === 0 ? -1 : owners[app], world.template(apps[app]), draw(2));
    } else if (action === 5) cluster.updatePod(pod, world.template(apps[draw(3)]));
    else if (action < 8) cluster.terminatePod(pod, EvictionCause.Api);
    else if (action === 8) cluster.removePod(pod, PodOutcome.Deleted);
    else if (cluster.pods.phase[pod] === PodPhase.Running) cluster.interruptPod(pod);
    else if (cluster.pods.phase[pod] === PodPhase.Bound && !cluster.pods.isTerminating(pod)) cluster.startPod(pod);
    if (draw(4) > 0) continue;
    for (const budget of [...cluster.objects.list<PodDisruptionBudget>('PodDisruptionBudget')]) {
      const name = budget.metadata?.name ?? '';
      const found = world.status(name);
      const covered = Array.from({ length: cluster.pods.length }, (_, row) => row)
        .filter((row) => cluster.pods.phase[row] !== PodPhase.Free)
        .filter((row) => {
          const labels = budget.spec?.selector?.matchLabels ?? {};
          return Object.entries(labels).every(([key, value]) => cluster.templateOf(row).labels.get(key) === value);
        });
      const healthy = covered.filter(
        (row) => cluster.pods.phase[row] === PodPhase.Running && !cluster.pods.isTerminating(row),
      ).length;
      const desired = budget.spec?.minAvailable ?? 0;
      expect(found, `step ${step}`).toBe(
        `${covered.length > 0 ? Math.max(0, healthy - Number(desired)) : 0} of ${healthy}, wants ${desired} of ${covered.length}`,
      );
      statuses++;
    }
  }
  expect(statuses).toBeGreaterThan(500);
});

describe('an eviction', () => {
  const evict = (world: BudgetWorld, pod: number): boolean =>
    evictPod(world.cluster, world.budgets, pod, EvictionCause.Api);

  test('goes through as often as the budget allows, at one instant, too', () => {
    const world = new BudgetWorld();
    world.budget({ minAvailable: 3 });
    const pods = world.pods(5, world.owner(WorkloadKind.ReplicaSet, 5));
    world.status();
    expect(pods.map((pod) => evict(world, pod))).toEqual([true, true, false, false, false]);
    expect(world.status()).toMatch(/^0 of 3,/);
  });

  test('does not ask for pods that do not run yet, and asks no twice', () => {
    const world = new BudgetWorld();
    world.budget({ maxUnavailable: 0 });
    const [waiting, running] = [...world.pods(1, -1, undefined, 0), ...world.pods(1, -1)];
    world.status();
    expect([evict(world, waiting), evict(world, running)]).toEqual([true, false]);
    world.cluster.terminatePod(running, EvictionCause.Api);
    expect(evict(world, running)).toBe(true);
  });

  test('of a pod that is not Ready asks nothing where enough others are healthy, or where the policy says so', () => {
    const world = new BudgetWorld();
    world.budget({ minAvailable: 2 });
    const [first, second, third] = world.pods(3, world.owner(WorkloadKind.ReplicaSet, 3));
    world.cluster.setPodReady(first, false);
    expect(world.status()).toBe('0 of 2, wants 2 of 3');
    expect([evict(world, second), evict(world, first)]).toEqual([false, true]);
    world.cluster.setPodReady(third, false);
    expect(world.status()).toMatch(/^0 of 1, wants 2 /);
    expect(evict(world, third)).toBe(false);
    world.budget({ minAvailable: 2, unhealthyPodEvictionPolicy: 'AlwaysAllow' });
    expect(evict(world, third)).toBe(true);
  });

  test('puts the pod on record until it is terminating; a record of a dump counts for two minutes', () => {
    const world = new BudgetWorld();
    world.budget({ minAvailable: 1 }, 'b', {
      disruptedPods: { '-1': '2026-01-01T00:00:00Z', 'not-there': '2026-01-01T00:00:00Z' },
    });
    const pods = world.pods(3, world.owner(WorkloadKind.ReplicaSet, 3));
    const recorded = world.cluster.podName(pods[1]);
    world.budget({ minAvailable: 1 }, 'b', { disruptedPods: { [recorded]: '2026-01-01T00:00:00Z', 'not-there': 'x' } });
    expect(world.status()).toBe('1 of 2, wants 1 of 3');
    const names = (): readonly string[] => Object.keys(world.budgets.get('default/b')?.status?.disruptedPods ?? {});
    expect(names()).toEqual([recorded]);
    expect(evict(world, pods[0])).toBe(true);
    expect(names()).toEqual([recorded, world.cluster.podName(pods[0])]);
    expect(world.status()).toMatch(/^0 of 1, wants 1 /);
    expect(names()).toEqual([recorded]);
    world.kernel.run({ until: 121 * SECOND });
    expect(world.status()).toMatch(/^1 of 2, wants 1 /);
    expect(names()).toEqual([]);
  });

  test('of a pod with two budgets never goes through', () => {
    const world = new BudgetWorld();
    world.budget({ minAvailable: 0 });
    world.budget({ minAvailable: 0 }, 'c');
    const [pod] = world.pods(1, world.owner(WorkloadKind.ReplicaSet, 1));
    world.status();
    expect(evict(world, pod)).toBe(false);
  });
});
