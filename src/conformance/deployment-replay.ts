/**
 * Recorded answers of the Deployment utilities, and whole rollouts: the Deployment and ReplicaSet controllers of a run
 * in turns, until a round changes nothing.
 */
import { MICROS_PER_SECOND } from '../base/time.ts';
import type { WorkloadObject, WorkloadSpec } from '../cluster/objects.ts';
import { detailsAs } from '../cluster/workload-details.ts';
import { WorkloadKind } from '../cluster/workload-table.ts';
import { DeploymentController, deploymentDetails } from '../controllers/deployment.ts';
import { fenceposts, newReplicas, proportion, rolloutLimits } from '../controllers/deployment-sizes.ts';
import { scaledAmount } from '../cluster/int-or-percent.ts';
import { ReplicaSetController } from '../controllers/replica-set.ts';
import type { Fields } from './recorded-fields.ts';
import { WorkloadWorld, versionedTemplate } from './workload-world.ts';

const MOST_ROUNDS = 25;

export function replayFenceposts(input: Fields): Fields {
  const maxSurge = (input.maxSurge ?? 0) as number | string;
  const maxUnavailable = (input.maxUnavailable ?? 0) as number | string;
  const replicas = Number(input.replicas);
  const posts = fenceposts(maxSurge, maxUnavailable, replicas);
  if (posts === null) return { error: true };
  const limits = rolloutLimits(
    { strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge, maxUnavailable } } },
    replicas,
  );
  const ofDeployment = {
    maxSurge: limits.maxSurge,
    maxUnavailable: limits.maxUnavailable,
    minAvailable: limits.minAvailable,
  };
  return { surge: posts.surge, unavailable: posts.unavailable, ofDeployment };
}

export function replayNewReplicas(input: Fields): Fields {
  const replicas = Number(input.replicas);
  const size = Number(input.newSize);
  if (input.strategy !== 'RollingUpdate') return { size: replicas };
  const total = (input.oldSizes as readonly number[]).reduce((sum, old) => sum + old, size);
  return { size: newReplicas(replicas, scaledAmount(input.maxSurge as number | string, replicas, 'up'), total, size) };
}

export function replayProportion(input: Fields): Fields {
  const { replicas, statusReplicas, size, maxReplicasAnnotation, toAdd, added } = input as Readonly<
    Record<string, number>
  >;
  const rollingUpdate = { maxSurge: input.maxSurge as number | string, maxUnavailable: 1 };
  const { maxSurge } = rolloutLimits({ strategy: { type: 'RollingUpdate', rollingUpdate } }, replicas);
  return {
    change: proportion({
      replicas,
      maxSurge,
      statusReplicas,
      size,
      maxReplicasBefore: maxReplicasAnnotation ?? -1,
      toAdd,
      added,
    }),
  };
}

interface RolloutSpec {
  readonly replicas: number;
  readonly strategy: string;
  readonly maxSurge: number | string;
  readonly maxUnavailable: number | string;
  readonly minReadySeconds: number;
  readonly progressDeadlineSeconds: number;
  readonly revisionHistoryLimit: number;
}

interface RolloutAction {
  readonly dt: number;
  readonly do: string;
  readonly n?: number;
  readonly of?: string;
  readonly v?: string;
  readonly maxSurge?: number | string;
  readonly maxUnavailable?: number | string;
}

export function replayRollout(input: Fields): Fields {
  const replay = new RolloutReplay(input.spec as RolloutSpec, input.graceful === true);
  return { actions: (input.actions as readonly RolloutAction[]).map((action) => replay.play(action)) };
}

class RolloutReplay {
  private readonly world: WorkloadWorld;
  private readonly deployments: DeploymentController;
  private readonly replicaSets: ReplicaSetController;
  private readonly deploymentRequeues: number[] = [];
  private spec: WorkloadSpec;
  private row = -1;

  constructor(spec: RolloutSpec, graceful: boolean) {
    this.world = new WorkloadWorld(graceful);
    const { context, makeQueue } = this.world;
    this.deployments = new DeploymentController(context, (name, sync) => ({
      ...makeQueue(name, sync),
      addAfter: (_row, delay) => void this.deploymentRequeues.push(delay / MICROS_PER_SECOND),
    }));
    this.replicaSets = new ReplicaSetController(context, makeQueue);
    this.spec = {
      replicas: spec.replicas,
      minReadySeconds: spec.minReadySeconds,
      progressDeadlineSeconds: spec.progressDeadlineSeconds,
      revisionHistoryLimit: spec.revisionHistoryLimit,
      strategy: spec.strategy === 'Recreate'
        ? { type: 'Recreate' }
        : { type: spec.strategy, rollingUpdate: { maxSurge: spec.maxSurge, maxUnavailable: spec.maxUnavailable } },
      template: versionedTemplate('d', 'v1'),
    };
  }

  play(action: RolloutAction): Fields {
    const { world } = this;
    world.wait(action.dt);
    this.act(action);
    world.settle();
    this.deploymentRequeues.length = 0;
    const trace: Fields[] = [];
    let quiet = false;
    for (let round = 0; round < MOST_ROUNDS && !quiet; round++) {
      const before = world.writes;
      this.pass('d', () => this.deployments.sync(this.row), trace);
      this.pass('rs', () => this.syncSets(), trace);
      quiet = world.writes === before;
    }
    return { trace, conditions: this.conditions(), recheck: this.deploymentRequeues.at(-1) ?? null, quiet };
  }

  private act({ do: verb, n = 0, of, v = '', maxSurge, maxUnavailable }: RolloutAction): void {
    const { world } = this;
    const { pods } = world.cluster;
    const first = (matches: (pod: number) => boolean): number[] =>
      world.pods((pod) => matches(pod) && (of === undefined || this.versionOf(pods.owner[pod]) === of)).slice(0, n);
    const isRunning = (pod: number): boolean => pods.isActive(pod);
    switch (verb) {
      case 'create':
        return this.create();
      case 'ready':
        for (const pod of first((row) => isRunning(row) && !pods.isReady(row)))
          world.makeReady(pod, `n${pods.serial[pod] % 3}`);
        return;
      case 'unready':
        for (const pod of first((row) => isRunning(row) && pods.isReady(row))) world.makeUnready(pod);
        return;
      case 'kill':
        for (const pod of first(isRunning)) world.fail(pod);
        return;
      case 'reap':
        for (const pod of first((row) => pods.isTerminating(row))) world.vanish(pod);
        return;
      case 'template':
        return this.update({ template: versionedTemplate('d', v) });
      case 'scale':
        return this.update({ replicas: n });
      case 'pause':
        return this.update({ paused: true });
      case 'resume':
        return this.update({ paused: false });
      case 'strategy':
        return this.update({
          strategy: {
            type: 'RollingUpdate',
            rollingUpdate: { maxSurge: maxSurge ?? 0, maxUnavailable: maxUnavailable ?? 0 },
          },
        });
      default:
    }
  }

  private create(): void {
    const { cluster } = this.world;
    this.row = cluster.workloadWriter.create({
      kind: WorkloadKind.Deployment,
      object: this.object(),
      key: 'default/d',
      parent: -1,
      wanted: this.spec.replicas ?? 1,
      template: -1,
      workloadClass: 0,
      nameBase: cluster.names.intern('d'),
      podMicros: Infinity,
      details: deploymentDetails(),
    });
  }

  private update(changes: Partial<WorkloadSpec>): void {
    this.spec = { ...this.spec, ...changes };
    this.world.cluster.workloadWriter.update(this.row, this.object(), this.spec.replicas ?? 1);
  }

  private object(): WorkloadObject {
    return {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'd', namespace: 'default' },
      spec: this.spec,
    };
  }

  private sets(): readonly number[] {
    const { workloads } = this.world.cluster;
    return workloads.children[this.row].filter((set) => !workloads.isDeleting(set));
  }

  private syncSets(): void {
    for (const set of this.sets()) {
      this.replicaSets.sync(set);
      this.world.settle();
    }
  }

  /** One pass of a controller, and what it has left if it wrote anything. */
  private pass(by: string, sync: () => void, trace: Fields[]): void {
    const { world } = this;
    const { wrote, created, deleted } = world.turn(sync);
    if (!wrote) return;
    const { workloads } = world.cluster;
    const { replicas, updated, ready, available, terminating, wanted } = workloads;
    const { unavailable } = detailsAs('Deployment', workloads.details[this.row]);
    const rs = this.sets().map((set) => [
      this.versionOf(set),
      detailsAs('ReplicaSet', workloads.details[set]).revision,
      wanted[set],
      replicas[set],
      ready[set],
      available[set],
    ]);
    const { row } = this;
    const d = [replicas[row], updated[row], ready[row], available[row], unavailable, terminating[row]];
    trace.push({ by, rs, d, created: created.length, deleted });
  }

  private versionOf(set: number): string {
    return (
      detailsAs('ReplicaSet', this.world.cluster.workloads.details[set]).template.spec?.containers?.[0].image ?? ''
    );
  }

  private conditions(): readonly (readonly string[])[] {
    const { conditions } = detailsAs('Deployment', this.world.cluster.workloads.details[this.row]);
    return [...conditions]
      .sort((a, b) => (a.type < b.type ? -1 : 1))
      .map(({ type, status, reason }) => [type, status, reason]);
  }
}
