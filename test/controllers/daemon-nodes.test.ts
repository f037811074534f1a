// A DaemonSet's controller looks only at nodes that have changed: what it keeps is what a look at all of them gives,
// and it leaves nothing undone that a controller without a memory would do.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MICROS_PER_SECOND } from '../../src/base/time.ts';
import { Cluster, EvictionCause, PodOutcome, PodPhase } from '../../src/cluster/cluster.ts';
import type { Pod, WorkloadSpec } from '../../src/cluster/objects.ts';
import { WorkloadKind } from '../../src/cluster/workload-table.ts';
import { DaemonNodes, daemonPlacement } from '../../src/controllers/daemon-nodes.ts';
import { DaemonSetController, daemonSetDetails } from '../../src/controllers/daemon-set.ts';
import { OwnedPodCounts } from '../../src/controllers/owned-pod-counts.ts';
import { ApiRequests } from '../../src/controllers/owned-pods.ts';
import type { ControllerContext } from '../../src/controllers/owned-pods.ts';
import { WorkQueue } from '../../src/controllers/work-queue.ts';
import { Kernel } from '../../src/kernel/kernel.ts';
import '../support/fixed-seed.ts';

const STRATEGIES = [
  { maxUnavailable: 1 }, { maxUnavailable: '50%' }, { maxSurge: 1, maxUnavailable: 0 }, { maxSurge: '40%', maxUnavailable: 0 },
];
const TAINTS = [[], [{ key: 'x', effect: 'NoSchedule' }], [{ key: 'x', effect: 'NoExecute' }], [{ key: 'x', effect: 'PreferNoSchedule' }]];
const NO_QUEUE = {
  add: () => undefined, addAfter: () => undefined, addRateLimited: () => undefined, forget: () => undefined,
  settled: () => undefined,
};

class World {
  readonly kernel = new Kernel({ seed: 'daemons' });
  readonly cluster = new Cluster(this.kernel);
  readonly context: ControllerContext;
  readonly controller: DaemonSetController;
  readonly row: number;
  version = 0;
  minReadySeconds = 0;
  writes = 0;
  private strategy: NonNullable<WorkloadSpec['updateStrategy']> = {};
  private readonly tick = this.kernel.defineEvent('tick', 4, () => undefined);

  constructor(strategy: number) {
    const { cluster, kernel } = this;
    this.context = {
      cluster, requests: new ApiRequests(cluster), counts: new OwnedPodCounts(cluster), runMicros: () => Infinity,
      admit: (pod: Pod) => cluster.internTemplate(pod).id,
    };
    this.controller = new DaemonSetController(
      this.context,
      (name, sync) => new WorkQueue(kernel, cluster.workloads, 4, name, sync),
    );
    cluster.observe({
      podCreated: () => void this.writes++, podTerminating: () => void this.writes++,
      endedPodTerminating: () => void this.writes++, workloadChanged: () => void this.writes++,
    });
    for (const name of ['a', 'b', 'c']) this.addNode(name);
    this.strategy = { rollingUpdate: STRATEGIES[strategy] };
    this.row = cluster.workloadWriter.create({
      kind: WorkloadKind.DaemonSet, object: this.object(), key: 'default/d', parent: -1, wanted: -1, template: -1,
      workloadClass: 0, nameBase: cluster.names.intern('d'), podMicros: Infinity, details: daemonSetDetails(),
    });
    this.controller.arrive(this.row);
  }

  object() {
    const template = { spec: { containers: [{ name: 'c', image: `v${this.version}` }] } };
    const { strategy: updateStrategy, minReadySeconds } = this;
    return { kind: 'DaemonSet', metadata: { name: 'd' }, spec: { updateStrategy, minReadySeconds, template } };
  }

  addNode(name: string): void {
    this.cluster.addNode({ metadata: { name }, status: { allocatable: { cpu: '9', memory: '1Ti', pods: '99' } } });
  }

  wait(seconds: number): void {
    const until = this.kernel.now + seconds * MICROS_PER_SECOND;
    this.kernel.at(until, this.tick);
    this.kernel.run({ until });
  }

  /** The queue is told, as a run's notices tell it, until nothing follows. */
  settle(): void {
    for (let before = -1; before !== this.writes;) {
      before = this.writes;
      this.controller.queue.add(this.row);
      this.wait(0.001);
    }
  }

  act(verb: number, which: number): void {
    const { cluster } = this;
    const name = ['a', 'b', 'c', 'd', 'e'][which % 5];
    const node = cluster.nodeRow(name);
    if (verb === 0 && node < 0) this.addNode(name);
    else if (verb === 1 && node >= 0) cluster.removeNode(node);
    else if (verb === 2 && node >= 0) cluster.setTaints(node, TAINTS[which % 4]);
    else if (verb === 3) {
      this.version = which % 3;
      this.minReadySeconds = which % 2 === 0 ? 0 : 5;
      cluster.workloadWriter.update(this.row, this.object(), -1);
    } else if (verb === 4) for (let pod = 0; pod < cluster.pods.length; pod++) this.live(pod, 9);
    else this.live(which % Math.max(1, cluster.pods.length), verb);
  }

  private live(pod: number, way: number): void {
    const { cluster } = this;
    const { pods } = cluster;
    if (pod >= pods.length || pods.phase[pod] === PodPhase.Free) return;
    const node = cluster.nodeRow(cluster.names.text(pods.pinnedNode[pod]));
    if (way === 5) cluster.terminatePod(pod, EvictionCause.None);
    else if (way === 6 && !pods.hasEnded(pod)) cluster.endPod(pod, { phase: PodPhase.Failed, outcome: PodOutcome.Failed });
    else if (way === 7 && pods.phase[pod] === PodPhase.Running) cluster.setPodReady(pod, !pods.isReady(pod));
    else if (pods.isTerminating(pod)) cluster.removePod(pod, PodOutcome.Deleted);
    else if (pods.phase[pod] === PodPhase.Pending && node >= 0) cluster.bindPod(pod, node);
    else if (pods.phase[pod] === PodPhase.Bound) cluster.startPod(pod);
  }

  /** Whether a pod has failed: only who has seen it before knows its back-off. */
  get hasFailed(): boolean {
    return this.cluster.workloads.podsOf(this.row).some((pod) => this.cluster.pods.phase[pod] === PodPhase.Failed);
  }
}

test('counts and pods of nodes are those of a look at all of them; nothing is left undone', () => {
  const steps = fc.array(fc.tuple(fc.nat(12), fc.nat(30)), { minLength: 5, maxLength: 60 });
  fc.assert(
    fc.property(steps, fc.nat(3), (course, strategy) => {
      const world = new World(strategy);
      const { cluster, row } = world;
      for (const [verb, which] of course) {
        if (verb > 10) world.wait(which % 7);
        // Most pods go on with their lives.
        else world.act(verb > 7 ? 4 : verb, which);
        world.settle();
        if (world.hasFailed) continue;
        const before = world.writes;
        new DaemonSetController(world.context, () => NO_QUEUE).sync(row);
        expect(world.writes).toBe(before);
        const fresh = new DaemonNodes(cluster, row);
        const { spec } = world.object();
        const revision = cluster.workloads.details[row]?.kind === 'DaemonSet' ? cluster.workloads.details[row].revisions : [];
        fresh.look({
          placement: daemonPlacement(spec.template.spec), revision: revision[revision.length - 1].name,
          minReadySeconds: world.minReadySeconds,
        });
        const { workloads } = cluster;
        expect([workloads.replicas[row], workloads.ready[row], workloads.available[row], workloads.updated[row]])
          .toEqual([fresh.counts.replicas, fresh.counts.ready, fresh.counts.available, fresh.counts.updated]);
      }
    }),
    { numRuns: 100 },
  );
});

test('a pod stays behind a taint that only keeps new ones away, and goes when it keeps none', () => {
  const world = new World(0);
  const { cluster, row } = world;
  const { pods, workloads } = cluster;
  const living = (): string[] => ['a', 'b', 'c'].filter((name) => workloads.podsOf(row).some((pod) => !pods.isTerminating(pod) && cluster.names.text(pods.pinnedNode[pod]) === name));
  const seen = [2, 3, 1, 3, 2, 0].map((taints) => {
    cluster.setTaints(cluster.nodeRow('b'), TAINTS[taints]);
    world.settle();
    for (const pod of workloads.podsOf(row)) if (pods.isTerminating(pod)) cluster.removePod(pod, PodOutcome.Deleted);
    world.settle();
    return living().join('');
  });
  expect(seen).toEqual(['ac', 'abc', 'abc', 'abc', 'ac', 'abc']);
  for (const taints of [1, 2]) {
    cluster.setTaints(cluster.nodeRow('c'), TAINTS[taints]);
    world.settle();
    expect(living()).toEqual(taints === 1 ? ['a', 'b', 'c'] : ['a', 'b']);
  }
});

test('a failed pod is made again at once, the next ones after 1 s, 2 s and so on', () => {
  const world = new World(0);
  const { cluster, row, kernel } = world;
  const { pods } = cluster;
  // Whoever deletes an ended pod has no grace to wait for.
  const gone = kernel.defineEvent('gone', 3, (pod) => cluster.removePod(pod, PodOutcome.Deleted));
  cluster.observe({ endedPodTerminating: (pod) => void kernel.after(0, gone, pod) });
  const waits: number[] = [];
  for (let i = 0; i < 5; i++) {
    world.settle();
    const failedAt = cluster.now;
    const failing = cluster.workloads.podsOf(row).find((pod) => cluster.names.text(pods.pinnedNode[pod]) === 'a') ?? -1;
    cluster.endPod(failing, { phase: PodPhase.Failed, outcome: PodOutcome.Failed });
    while (world.hasFailed) {
      world.settle();
      if (world.hasFailed) world.wait(0.1);
    }
    waits.push(Math.round((cluster.now - failedAt) / MICROS_PER_SECOND));
  }
  expect(waits).toEqual([0, 1, 2, 4, 8]);
});
