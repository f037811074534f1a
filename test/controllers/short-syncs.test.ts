// The short syncs of plain Jobs and settled Deployments write what the whole ones do: two clusters, one with and one
// without them, go through the same course of events, and their digests stay equal after every step.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MICROS_PER_SECOND } from '../../src/base/time.ts';
import { Cluster, EvictionCause, PodOutcome, PodPhase } from '../../src/cluster/cluster.ts';
import type { WorkloadSpec } from '../../src/cluster/objects.ts';
import { WorkloadKind } from '../../src/cluster/workload-table.ts';
import { DeploymentController, deploymentDetails } from '../../src/controllers/deployment.ts';
import { GarbageCollector } from '../../src/controllers/garbage-collector.ts';
import { JobController, jobDetails } from '../../src/controllers/job.ts';
import { OwnedPodCounts } from '../../src/controllers/owned-pod-counts.ts';
import { ApiRequests } from '../../src/controllers/owned-pods.ts';
import { ReplicaSetController } from '../../src/controllers/replica-set.ts';
import type { QueueMaker } from '../../src/controllers/work-queue.ts';
import { Kernel } from '../../src/kernel/kernel.ts';
import '../support/fixed-seed.ts';

const PHASE = 4;
const NO_LIMIT = 2_147_483_647;
const template = (image: string) => ({
  metadata: { labels: { app: 'a' } }, spec: { restartPolicy: 'Never', containers: [{ name: 'c', image }] },
});
const JOBS: readonly WorkloadSpec[] = [
  { completions: 1, parallelism: 1, backoffLimit: NO_LIMIT, template: template('1') },
  { completions: 5, parallelism: 5, backoffLimit: NO_LIMIT, template: template('1') },
  { completions: 6, parallelism: 2, template: template('1') },
  { completions: 3, parallelism: 2, backoffLimit: 0, template: template('1') },
  { completions: 3, parallelism: 3, podReplacementPolicy: 'Failed', template: template('1') },
  { parallelism: 2, template: template('1') },
  { completions: 3, parallelism: 2, completionMode: 'Indexed', template: template('1') },
];
const STRATEGIES = [
  undefined, undefined, { type: 'Recreate' }, { rollingUpdate: { maxSurge: 0, maxUnavailable: '50%' } },
];

/** Each few bits choose one field. */
function deploymentSpec(which: number): WorkloadSpec {
  const strategy = STRATEGIES[(which >> 7) % 4];
  return {
    replicas: [3, 3, 5, 0][which % 4],
    template: template(String((which >> 2) % 2)),
    ...((which >> 3) % 4 === 0 ? { minReadySeconds: 3 } : {}),
    ...((which >> 5) % 4 === 0 ? { paused: true } : {}),
    ...(strategy === undefined ? {} : { strategy }),
    ...((which >> 9) % 2 === 0 ? { revisionHistoryLimit: 0 } : {}),
    ...((which >> 10) % 4 === 0 ? {} : { progressDeadlineSeconds: NO_LIMIT }),
  };
}
/** Three pods, nothing special; many a field is one bit away. */
const SETTLED = 0b01_1_00_01_01_0_00;

class World {
  readonly kernel = new Kernel({ seed: 'short' });
  readonly cluster = new Cluster(this.kernel);
  readonly rows: number[] = [];
  /** By row, of Deployments. */
  private readonly which: number[] = [];
  /** Delays asked for by syncs, in order. */
  readonly delays: string[] = [];
  /** Pods that the API server still lets in. */
  room = 1000;
  /** The key that has said so last. */
  private settled = -1;
  private readonly syncs = new Map<number, (row: number) => void>();
  /** Whole syncs, by kind. */
  private readonly wholes = new Map<number, (row: number) => void>();
  private readonly tick = this.kernel.defineEvent('tick', PHASE, () => undefined);
  private readonly node: number;

  constructor(isShort: boolean) {
    const { cluster, kernel } = this;
    const status = { allocatable: { cpu: '100', memory: '1Ti', pods: '1000' } };
    this.node = cluster.addNode({ metadata: { name: 'n' }, status });
    const context = {
      cluster,
      requests: new ApiRequests(cluster),
      counts: new OwnedPodCounts(cluster),
      admit: (pod: Parameters<Cluster['internTemplate']>[0]) => cluster.internTemplate(pod).id,
      runMicros: () => Infinity,
      isRefused: () => this.room-- <= 0,
      refusedAt: new Map<number, number>(),
    };
    const queueOf = (kind: number): QueueMaker => (name, sync) => {
      this.syncs.set(kind, sync);
      const note = (what: string): void => void this.delays.push(`${name} ${what}`);
      return {
        add: (row) => note(`${row}`),
        addAfter: (row, delay) => note(`${row} after ${delay}`),
        addRateLimited: (row) => note(`${row} limited`),
        forget: (row) => note(`${row} forgotten`),
        settled: (row) => { this.settled = row; },
      };
    };
    const wholeOf = (kind: number): QueueMaker => (_name, sync) => {
      this.wholes.set(kind, sync);
      const refuse = (): void => { throw new Error('nothing is asked of a queue'); };
      return { add: refuse, addAfter: refuse, addRateLimited: refuse, forget: refuse, settled: refuse };
    };
    new DeploymentController(context, wholeOf(WorkloadKind.Deployment), false);
    new JobController(context, wholeOf(WorkloadKind.Job), false);
    new DeploymentController(context, queueOf(WorkloadKind.Deployment), isShort);
    new ReplicaSetController(context, queueOf(WorkloadKind.ReplicaSet));
    new JobController(context, queueOf(WorkloadKind.Job), isShort);
    new GarbageCollector(kernel, cluster, PHASE);
  }

  create(isJob: boolean, which: number): void {
    const { cluster, rows } = this;
    const name = `w${rows.length}`;
    const spec = isJob ? JOBS[which % JOBS.length] : deploymentSpec(which);
    const row = cluster.workloadWriter.create({
      kind: isJob ? WorkloadKind.Job : WorkloadKind.Deployment,
      object: { apiVersion: isJob ? 'batch/v1' : 'apps/v1', kind: isJob ? 'Job' : 'Deployment', metadata: { name }, spec },
      key: `default/${name}`, parent: -1, wanted: isJob ? -1 : (spec.replicas ?? 1), template: -1, workloadClass: 0,
      nameBase: isJob ? cluster.names.intern(name) : -1, podMicros: Infinity,
      details: isJob ? jobDetails() : deploymentDetails(),
    });
    this.which[row] = which;
    rows.push(row);
  }

  /** Another spec for a Deployment, or another limit for a Job. `flips`: which fields change. */
  change(at: number, flips: number): void {
    const { workloads, workloadWriter } = this.cluster;
    const row = this.rows[at % this.rows.length];
    if (workloads.used[row] === 0 || workloads.isDeleting(row)) return;
    const object = workloads.object[row];
    if (workloads.kind[row] === WorkloadKind.Job) {
      const backoffLimit = flips % 2 === 0 ? 0 : NO_LIMIT;
      return workloadWriter.update(row, { ...object, spec: { ...object?.spec, backoffLimit } }, -1);
    }
    const which = (this.which[row] ?? 0) ^ flips;
    this.which[row] = which;
    const spec = deploymentSpec(which);
    workloadWriter.update(row, { ...object, spec }, spec.replicas ?? 1);
  }

  /** Somebody scales a ReplicaSet behind its Deployment's back. */
  scaleSet(at: number, wanted: number): void {
    const { workloads, workloadWriter } = this.cluster;
    const row = this.rows[at % this.rows.length];
    if (workloads.used[row] === 0) return;
    for (const set of workloads.children[row]) workloadWriter.scale(set, wanted);
  }

  delete(at: number): void {
    const row = this.rows[at % this.rows.length];
    if (this.cluster.workloads.used[row] !== 0) this.cluster.workloadWriter.delete(row);
  }

  /** The next step of a pod's life, or one of the ways in which it ends. */
  turn(pod: number, way: number): void {
    const { cluster } = this;
    const { pods } = cluster;
    if (pod >= pods.length || pods.phase[pod] === PodPhase.Free) return;
    if (way === 0) cluster.terminatePod(pod, EvictionCause.None);
    else if ((way === 1 || way === 2) && pods.phase[pod] === PodPhase.Running) {
      const isLost = way === 1;
      const phase = isLost ? PodPhase.Failed : PodPhase.Succeeded;
      cluster.endPod(pod, { phase, outcome: isLost ? PodOutcome.Failed : PodOutcome.Succeeded });
    } else if (way === 3 && (pods.isTerminating(pod) || pods.hasEnded(pod)) && !pods.isTracked(pod))
      cluster.removePod(pod, PodOutcome.Deleted);
    else if (way === 4 && pods.phase[pod] === PodPhase.Running) cluster.setPodReady(pod, !pods.isReady(pod));
    else if (pods.phase[pod] === PodPhase.Pending && !pods.isTerminating(pod)) cluster.bindPod(pod, this.node);
    else if (pods.phase[pod] === PodPhase.Bound) cluster.startPod(pod);
  }

  wait(seconds: number): void {
    const until = this.kernel.now + seconds * MICROS_PER_SECOND;
    this.kernel.at(until, this.tick);
    this.kernel.run({ until });
  }

  /** What workloads say of themselves, which the digest does not tell. */
  told(): unknown {
    const { workloads } = this.cluster;
    return workloads.details.map((details, row) => [workloads.key[row], details, workloads.stateOf(row)]);
  }

  /** What has settled needs no other sync: a whole one writes nothing. */
  private syncOne(row: number, kind: number): void {
    this.settled = -1;
    this.syncs.get(kind)?.(row);
    if (this.settled < 0) return;
    settledCount++;
    const before = [this.kernel.digest.hex(), this.told()];
    this.wholes.get(kind)?.(row);
    expect([this.kernel.digest.hex(), this.told()]).toEqual(before);
  }

  /** Each workload's turn, as often as it takes to come to rest mostly. */
  sync(times: number): void {
    const { workloads } = this.cluster;
    for (let time = 0; time < times; time++) {
      for (let row = 0; row < workloads.length; row++)
        if (workloads.used[row] !== 0) this.syncOne(row, workloads.kind[row]);
      this.wait(0);
    }
  }
}

/** How often a key was settled, and a whole sync was tried behind that. */
let settledCount = 0;

const bit = fc.nat(11).map((place) => 1 << place);
const step = fc.oneof(
  fc.record({ kind: fc.constant('create' as const), isJob: fc.boolean(), which: fc.nat(4095) }),
  fc.record({ kind: fc.constant('change' as const), at: fc.nat(9), flips: fc.oneof(fc.nat(4095), bit) }),
  fc.record({ kind: fc.constant('scale' as const), at: fc.nat(9), wanted: fc.nat(4) }),
  fc.record({ kind: fc.constant('delete' as const), at: fc.nat(30) }),
  fc.record({ kind: fc.constant('turn' as const), pod: fc.nat(30), way: fc.nat(8) }),
  fc.record({ kind: fc.constant('all' as const), way: fc.constantFrom(0, 1, 2, 4, 9, 9, 9, 9, 9) }),
  fc.record({ kind: fc.constant('room' as const), room: fc.constantFrom(0, 2, 1000, 1000, 1000) }),
  fc.record({ kind: fc.constant('wait' as const), seconds: fc.constantFrom(0.001, 3, 12, 100) }),
);

test('with and without short syncs the same is written, in the same order, and the same waits are asked for', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 5, maxLength: 60 }), (steps) => {
      const worlds = [new World(true), new World(false)];
      for (const world of worlds) {
        world.create(true, 1);
        world.create(false, SETTLED);
      }
      for (const each of steps) {
        for (const world of worlds) {
          if (each.kind === 'create') world.create(each.isJob, each.which);
          else if (each.kind === 'change') world.change(each.at, each.flips);
          else if (each.kind === 'scale') world.scaleSet(each.at, each.wanted);
          else if (each.kind === 'delete') world.delete(each.at);
          else if (each.kind === 'wait') world.wait(each.seconds);
          else if (each.kind === 'room') world.room = each.room;
          else if (each.kind === 'turn') world.turn(each.pod, each.way);
          else for (let pod = 0; pod < world.cluster.pods.length; pod++) world.turn(pod, each.way);
          world.sync(2);
        }
        const [short, whole] = worlds;
        expect(short.delays).toEqual(whole.delays);
        expect(short.told()).toEqual(whole.told());
        expect(short.kernel.digest.hex()).toBe(whole.kernel.digest.hex());
      }
    }),
    { numRuns: 300 },
  );
  expect(settledCount).toBeGreaterThan(1000);
});

test('a limit that is lowered below the failures that are counted already ends the Job', () => {
  for (const isShort of [true, false]) {
    const world = new World(isShort);
    const told = (): unknown => world.cluster.workloads.details[0];
    world.create(true, 1);
    world.sync(1);
    for (let pod = 0; pod < 5; pod++) for (let time = 0; time < 2; time++) world.turn(pod, 9);
    world.turn(0, 1);
    world.turn(1, 2);
    world.sync(2);
    expect(told()).toMatchObject({ failed: 1, succeeded: 1, conditions: [] });
    world.change(0, 0);
    world.sync(1);
    expect(told()).toMatchObject({ conditions: [{ type: 'FailureTarget' }] });
  }
});
