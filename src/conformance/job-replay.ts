/** Recorded sequences of the Job controller, played by the controller of a run. */
import { MICROS_PER_SECOND } from '../base/time.ts';
import { EvictionCause, PodPhase } from '../cluster/cluster.ts';
import type { WorkloadObject, WorkloadSpec } from '../cluster/objects.ts';
import { detailsAs } from '../cluster/workload-details.ts';
import { WorkloadKind } from '../cluster/workload-table.ts';
import { JobController, isFinished, jobDetails } from '../controllers/job.ts';
import { withJobDefaults } from '../controllers/job-policies.ts';
import type { Fields } from './recorded-fields.ts';
import { WorkloadWorld } from './workload-world.ts';

const MOST_SYNCS = 40;
/** The recordings' deletionTimestamp is the time of the request, and their pods have 30 s of grace before it. */
const RECORDED_GRACE = 30 * MICROS_PER_SECOND;

interface JobAction {
  readonly dt: number;
  readonly do: string;
  readonly n?: number;
  readonly index?: number;
  readonly exitCode?: number;
  readonly reason?: string;
}

export function replayJob(input: Fields): Fields {
  const replay = new JobReplay(input.spec as WorkloadSpec, String(input.restartPolicy), input.graceful === true);
  const actions = (input.actions as readonly JobAction[]).map((action) => replay.play(action));
  return { defaulted: { ...withJobDefaults(input.spec as WorkloadSpec), manualSelector: false }, actions };
}

class JobReplay {
  private readonly world: WorkloadWorld;
  private readonly controller: JobController;
  private readonly isIndexed: boolean;
  private spec: WorkloadSpec;
  private row = -1;

  constructor(spec: WorkloadSpec, restartPolicy: string, graceful: boolean) {
    this.world = new WorkloadWorld(graceful);
    this.controller = new JobController(this.world.context, this.world.makeQueue);
    this.isIndexed = spec.completionMode === 'Indexed';
    this.spec = {
      ...spec,
      template: { metadata: { labels: { app: 'j' } }, spec: { restartPolicy, containers: [{ name: 'main' }] } },
    };
  }

  play(action: JobAction): Fields {
    const { world } = this;
    world.wait(action.dt);
    this.act(action);
    world.settle();
    const created: number[] = [];
    let deleted = 0;
    for (let sync = 0; sync < MOST_SYNCS; sync++) {
      const turn = world.turn(() => { this.controller.sync(this.row); });
      created.push(...turn.created.map((pod) => world.cluster.pods.item[pod]));
      deleted += turn.deleted;
      if (!turn.wrote) break;
    }
    return this.record(created, deleted);
  }

  private act({ do: verb, n = 0, index, exitCode = 0, reason }: JobAction): void {
    const { world } = this;
    const { cluster } = world;
    const { pods } = cluster;
    const first = (matches: (pod: number) => boolean): readonly number[] =>
      this.first(n, (pod) => (index === undefined || pods.item[pod] === index) && matches(pod));
    const isActive = (pod: number): boolean => pods.isActive(pod);
    switch (verb) {
      case 'create':
        return this.create();
      case 'run':
        for (const pod of first((row) => isActive(row) && pods.phase[row] === PodPhase.Pending))
          world.makeReady(pod, 'n');
        return;
      case 'succeed':
        for (const pod of first(isActive)) world.succeed(pod);
        return;
      case 'fail':
        for (const pod of first(isActive))
          world.fail(pod, exitCode, reason === 'DisruptionTarget' ? EvictionCause.Api : EvictionCause.None);
        return;
      case 'restart':
        for (const pod of first((row) => isActive(row) && pods.phase[row] === PodPhase.Running))
          cluster.restartContainer(pod);
        return;
      case 'delete':
        for (const pod of first(isActive)) cluster.terminatePod(pod, EvictionCause.None, cluster.now - RECORDED_GRACE);
        return;
      case 'termfail':
        for (const pod of first((row) => pods.isTerminating(row) && !pods.hasEnded(row))) world.fail(pod, 0);
        return;
      case 'reap':
        for (const pod of first((row) => pods.isTerminating(row) && !pods.isTracked(row))) world.vanish(pod);
        return;
      case 'suspend':
        return this.update({ suspend: true });
      case 'resume':
        return this.update({ suspend: false });
      case 'parallelism':
        return this.update({ parallelism: n });
      default:
    }
  }

  /** In order of creation, pods of one instant by completion index. */
  private first(n: number, matches: (pod: number) => boolean): readonly number[] {
    const { pods } = this.world.cluster;
    const rows = this.world.pods(matches);
    rows.sort(
      (a, b) => pods.createdAt[a] - pods.createdAt[b] || pods.item[a] - pods.item[b] || pods.serial[a] - pods.serial[b],
    );
    return rows.slice(0, n);
  }

  private create(): void {
    const { cluster } = this.world;
    this.row = cluster.workloadWriter.create({
      kind: WorkloadKind.Job,
      object: this.object(),
      key: 'default/j',
      parent: -1,
      wanted: -1,
      template: -1,
      workloadClass: 0,
      nameBase: cluster.names.intern('j'),
      podMicros: Infinity,
      details: jobDetails(this.spec.backoffLimitPerIndex !== undefined),
    });
  }

  private update(changes: Partial<WorkloadSpec>): void {
    this.spec = { ...this.spec, ...changes };
    this.world.cluster.workloadWriter.update(this.row, this.object(), -1);
  }

  private object(): WorkloadObject {
    return { apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'j', namespace: 'default' }, spec: this.spec };
  }

  private record(created: readonly number[], deleted: number): Fields {
    const { workloads } = this.world.cluster;
    const { row } = this;
    const details = detailsAs('Job', workloads.details[row]);
    const { requeues } = this.world;
    return {
      active: workloads.replicas[row],
      ready: workloads.ready[row],
      succeeded: details.succeeded,
      failed: details.failed,
      terminating: workloads.terminating[row],
      completedIndexes: details.completedIndexes,
      failedIndexes: details.failedIndexes,
      conditions: details.conditions.map(({ type, status, reason }) => [type, status, reason]),
      created: this.isIndexed ? created : created.length,
      deleted,
      requeue: requeues.length === 0 ? null : Math.min(...requeues),
      started: details.startAt < 0 ? null : (details.startAt - workloads.createdAt[row]) / MICROS_PER_SECOND,
      finished: isFinished(details),
    };
  }
}
