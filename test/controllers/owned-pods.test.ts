// What controllers keep of a workload's pods is what a walk over them gives, and the pods that a ReplicaSet gives up
// are those that a full sort puts first: after any course of the pods' lives.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MICROS_PER_SECOND } from '../../src/base/time.ts';
import { Cluster, EvictionCause, PodOutcome, PodPhase } from '../../src/cluster/cluster.ts';
import { WorkloadKind } from '../../src/cluster/workload-table.ts';
import { OwnedPodCounts } from '../../src/controllers/owned-pod-counts.ts';
import { ApiRequests, activePods, isAvailable, isTerminatingStill, slowStart } from '../../src/controllers/owned-pods.ts';
import { nthSmallest, plainChoice, PodsToGiveUp } from '../../src/controllers/pods-to-give-up.ts';
import { Kernel } from '../../src/kernel/kernel.ts';
import '../support/fixed-seed.ts';

const MIN_READY_SECONDS = [0, 3, 10];
const COSTS = ['-5', '0', '0', '2147483647'];

class World {
  readonly kernel = new Kernel({ seed: 'owned' });
  readonly cluster = new Cluster(this.kernel);
  readonly counts = new OwnedPodCounts(this.cluster);
  readonly toGiveUp = new PodsToGiveUp();
  readonly nodes: readonly number[];
  /** Two ReplicaSets of one Deployment. */
  readonly family: readonly number[];
  private readonly tick = this.kernel.defineEvent('tick', 4, () => undefined);

  constructor() {
    const status = { allocatable: { cpu: '100', memory: '1Ti', pods: '1000' } };
    this.nodes = ['a', 'b', 'c'].map((name) => this.cluster.addNode({ metadata: { name }, status }));
    const parent = this.workload('web', WorkloadKind.Deployment, -1);
    this.family = ['old', 'new'].map((name) => this.workload(name, WorkloadKind.ReplicaSet, parent));
  }

  private workload(name: string, kind: WorkloadKind, parent: number): number {
    return this.cluster.workloadWriter.create({
      kind, parent, object: null, key: `default/${name}`, wanted: 0, template: -1, workloadClass: 0,
      nameBase: this.cluster.names.intern(name), podMicros: Infinity, details: null,
    });
  }

  create(set: number, cost: number): void {
    const { cluster } = this;
    const annotations = { 'controller.kubernetes.io/pod-deletion-cost': COSTS[cost % COSTS.length] };
    const template = cluster.internTemplate({ metadata: { namespace: 'default', annotations }, spec: { containers: [] } });
    const nameBase = cluster.names.intern('p');
    cluster.createPod({
      template: template.id, nameBase, nameOrdinal: cluster.workloads.takeOrdinal(nameBase),
      owner: this.family[set % 2], workloadClass: 0, durationMicros: Infinity, pinnedNode: -1, tracked: cost % 2 === 1,
    });
  }

  /** The next step of a pod's life, or one of the ways in which it ends. */
  turn(pod: number, way: number): void {
    const { cluster } = this;
    const { pods } = cluster;
    if (pod >= pods.length || pods.phase[pod] === PodPhase.Free) return;
    const isRunning = pods.phase[pod] === PodPhase.Running;
    if (way === 0) cluster.terminatePod(pod, EvictionCause.None);
    else if (way === 1 && !pods.hasEnded(pod))
      cluster.endPod(pod, { phase: PodPhase.Failed, outcome: PodOutcome.Failed, staysReady: pod % 2 === 0 });
    else if (way === 2 && (pods.isTerminating(pod) || pods.hasEnded(pod))) cluster.removePod(pod, PodOutcome.Deleted);
    else if (way === 3 && isRunning) cluster.interruptPod(pod);
    else if (way === 4 && isRunning) cluster.setPodReady(pod, !pods.isReady(pod));
    else if (way === 5 && isRunning) cluster.restartContainer(pod);
    else if (way === 6 && pods.isTracked(pod)) cluster.countPod(pod);
    else if (pods.phase[pod] === PodPhase.Pending) cluster.bindPod(pod, this.nodes[pod % 3]);
    else if (pods.phase[pod] === PodPhase.Bound) cluster.startPod(pod);
  }

  wait(seconds: number): void {
    const until = this.kernel.now + seconds * MICROS_PER_SECOND;
    this.kernel.at(until, this.tick);
    this.kernel.run({ until });
  }

  compare(minReadySeconds: number): void {
    const { cluster, counts, family } = this;
    const { pods, now } = cluster;
    counts.check();
    for (const set of family) {
      const active = activePods(cluster, set);
      const available = active.filter((pod) => isAvailable(cluster, pod, minReadySeconds));
      const left = active
        .map((pod) => (pods.isReady(pod) ? pods.readyAt[pod] + minReadySeconds * MICROS_PER_SECOND - now : Infinity))
        .filter((micros) => micros > 0);
      expect(counts.active(set)).toBe(active.length);
      const uncounted = cluster.workloads.podsOf(set).filter((pod) => pods.isTracked(pod) && !pods.isActive(pod));
      expect(counts.uncounted(set)).toEqual(uncounted);
      expect(counts.ready(set)).toBe(active.filter((pod) => pods.isReady(pod)).length);
      expect(counts.available(set, minReadySeconds)).toBe(available.length);
      expect(counts.untilNextAvailable(set, minReadySeconds)).toBe(Math.min(Infinity, ...left));
      expect(counts.terminating(set)).toBe(
        cluster.workloads.podsOf(set).filter((pod) => isTerminatingStill(cluster, pod)).length,
      );
      for (let count = 1; count < active.length; count += 2)
        expect(this.toGiveUp.choose(cluster, set, family, count)).toEqual(plainChoice(cluster, set, family, count));
    }
  }
}

const step = fc.oneof(
  fc.record({ kind: fc.constant('create' as const), set: fc.nat(1), cost: fc.nat(3), count: fc.integer({ min: 1, max: 5 }) }),
  // Most go on with their lives.
  fc.record({ kind: fc.constant('turn' as const), pod: fc.nat(30), way: fc.nat(20) }),
  fc.record({ kind: fc.constant('turn' as const), pod: fc.nat(12), way: fc.constantFrom(0, 1, 1, 2, 6) }),
  fc.record({ kind: fc.constant('all' as const), way: fc.constantFrom(4, 9, 9, 9, 9) }),
  fc.record({ kind: fc.constant('wait' as const), seconds: fc.constantFrom(0.001, 1, 3, 7, 100) }),
);

test('counts kept are counts walked, and the choice without a sort is that of the sort', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 5, maxLength: 60 }), fc.nat(2), fc.integer({ min: 1, max: 20 }), (steps, seconds, every) => {
      const world = new World();
      for (const [index, each] of steps.entries()) {
        if (each.kind === 'create') for (let i = 0; i < each.count; i++) world.create(each.set, each.cost + i);
        else if (each.kind === 'wait') world.wait(each.seconds);
        else if (each.kind === 'turn') world.turn(each.pod % Math.max(1, world.cluster.pods.length), each.way);
        else for (let pod = 0; pod < world.cluster.pods.length; pod++) world.turn(pod, each.way);
        // Not after each: what is kept may go stale in between.
        if (index % every === 0) world.compare(MIN_READY_SECONDS[seconds]);
      }
      // Other seconds than before: as when somebody changes the Deployment.
      for (const minReadySeconds of MIN_READY_SECONDS) world.compare(minReadySeconds);
    }),
    { numRuns: 200 },
  );
});

test('a row that another workload has taken meanwhile is not counted for the one that had it', () => {
  const world = new World();
  const [old, young] = world.family;
  world.create(0, 1);
  world.turn(0, 1);
  world.turn(0, 2);
  world.create(1, 1);
  world.turn(0, 1);
  expect([world.counts.uncounted(old), world.counts.uncounted(young)]).toEqual([[], [0]]);
});

test('pods are asked for in batches of 1, 2, 4 and so on, and none after a batch in which one was refused', () => {
  const requests = new ApiRequests(new World().cluster);
  const ask = (count: number, refused: readonly number[], by: ApiRequests | null): unknown[] => {
    const asked: number[] = [];
    const { made, isRefused } = slowStart(count, (index) => {
      asked.push(index);
      return !refused.includes(index);
    }, by);
    expect(asked).toEqual(asked.map((_, place) => place));
    return [asked.length, made, isRefused];
  };
  for (const by of [null, requests]) {
    expect(ask(0, [], by)).toEqual([0, 0, false]);
    expect(ask(10, [], by)).toEqual([10, 10, false]);
    expect(ask(10, [0], by)).toEqual([1, 0, true]);
    expect(ask(10, [1, 9], by)).toEqual([3, 2, true]);
    expect(ask(10, [4, 6], by)).toEqual([7, 5, true]);
    expect(ask(10, [9], by)).toEqual([10, 9, true]);
  }
});

test('the nth smallest is what a sort puts there', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -9, max: 9 }), { minLength: 1, maxLength: 40 }), fc.nat(39), (list, rank) => {
      const at = rank % list.length;
      const sorted = [...list].sort((a, b) => a - b);
      expect(nthSmallest(Float64Array.from(list), list.length, at)).toBe(sorted[at]);
    }),
  );
});
