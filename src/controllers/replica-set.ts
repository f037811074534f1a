/**
 * The ReplicaSet controller: as many active pods as are wanted. A sync compares what is wanted with the rows that are
 * seen, creates or deletes up to 500 pods, and writes what it has seen as the status.
 * Source: pkg/controller/replicaset/{replica_set,replica_set_utils}.go (v1.36). Requests take no time, so there are no
 * expectations, and slow start shows where the API server refuses pods only. A sync costs the pods that it makes; one
 * that gives pods up costs a look at the family's.
 */
import type { Cluster } from '../cluster/cluster.ts';
import type { PodTemplateSpec } from '../cluster/objects.ts';
import { detailsAs } from '../cluster/workload-details.ts';
import type { ReplicaSetDetails } from '../cluster/workload-details.ts';
import { WorkloadKind } from '../cluster/workload-table.ts';
import {
  activePods,
  createOwnedPod,
  MOST_PODS_A_SYNC,
  NO_LABELS,
  podOf,
  settleSync,
  slowStart,
} from './owned-pods.ts';
import type { ControllerContext } from './owned-pods.ts';
import { PodsToGiveUp } from './pods-to-give-up.ts';
import type { QueueMaker, WorkloadQueue } from './work-queue.ts';

export class ReplicaSetController {
  readonly queue: WorkloadQueue;
  private readonly context: ControllerContext;
  private readonly cluster: Cluster;
  private readonly toGiveUp = new PodsToGiveUp();

  constructor(context: ControllerContext, makeQueue: QueueMaker) {
    this.context = context;
    this.cluster = context.cluster;
    this.queue = makeQueue('replicaset', (row) => this.sync(row));
  }

  sync(row: number): void {
    const { cluster } = this;
    const { workloads } = cluster;
    const { counts } = this.context;
    const { minReadySeconds } = detailsAs('ReplicaSet', workloads.details[row]);
    // What is written is what was seen before this sync acted.
    const seen = {
      replicas: counts.active(row),
      ready: counts.ready(row),
      available: counts.available(row, minReadySeconds),
      terminating: counts.terminating(row),
    };
    const isRefused = !workloads.isDeleting(row) && this.manage(row, seen.replicas);
    this.context.requests.writeStatus(row, seen);
    settleSync(this.context, this.queue, row, isRefused);
    if (seen.ready === seen.available) return;
    const next = counts.untilNextAvailable(row, minReadySeconds);
    if (next !== Infinity) this.queue.addAfter(row, next);
  }

  /** Whether a pod was refused. */
  private manage(row: number, active: number): boolean {
    const surplus = active - this.cluster.workloads.wanted[row];
    if (surplus < 0) return this.create(row, Math.min(-surplus, MOST_PODS_A_SYNC));
    if (surplus > 0) {
      const victims = this.victims(row, active, Math.min(surplus, MOST_PODS_A_SYNC));
      for (const pod of victims) this.context.requests.deletePod(pod);
    }
    return false;
  }

  private create(row: number, count: number): boolean {
    const template = this.templateOf(row);
    const { requests } = this.context;
    return slowStart(count, () => createOwnedPod(this.context, row, template) >= 0, requests).isRefused;
  }

  /** Interned at the first pod that is made of it: the template of a ReplicaSet does not change. */
  private templateOf(row: number): number {
    const { cluster, context } = this;
    const known = cluster.workloads.template[row];
    if (known >= 0) return known;
    const details = detailsAs('ReplicaSet', cluster.workloads.details[row]);
    // The object's own template has the label with its Deployment's hash.
    const template = cluster.workloads.object[row]?.spec?.template ?? details.template;
    const parent = cluster.workloads.parent[row];
    const like = parent < 0 ? -1 : cluster.workloads.template[parent];
    const pod = podOf(cluster, row, template, NO_LABELS);
    const id = like < 0 ? context.admit(pod) : context.admit(pod, like);
    context.requests.noteTemplate(row, id);
    return id;
  }

  private victims(row: number, active: number, count: number): readonly number[] {
    const { cluster } = this;
    // Nobody compares where all have to go.
    if (count >= active) return activePods(cluster, row);
    const { workloads } = cluster;
    const parent = workloads.parent[row];
    const family =
      parent < 0
        ? [row]
        : workloads.children[parent].filter((child) => workloads.kind[child] === WorkloadKind.ReplicaSet);
    return this.toGiveUp.choose(cluster, row, family, count);
  }
}

/** `revision`, `desiredReplicas`, `maxReplicas`: what its Deployment has written, if it has. */
export function replicaSetDetails(
  template: PodTemplateSpec, minReadySeconds: number, revision = 0, desiredReplicas = -1, maxReplicas = -1,
): ReplicaSetDetails {
  return {
    kind: 'ReplicaSet', template, minReadySeconds, revision,
    revisionHistory: [],
    desiredReplicas, maxReplicas,
  };
}
