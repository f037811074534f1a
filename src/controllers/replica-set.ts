/**
 * The ReplicaSet controller: as many active pods as are wanted. A sync compares what is wanted with the rows that are
 * seen, creates or deletes up to 500 pods, and writes what it has seen as the status.
 * Source: pkg/controller/replicaset/{replica_set,replica_set_utils}.go (v1.36). Requests take no time, so there are no
 * expectations, and slow start shows where the API server refuses pods only. Costs the set's pods a sync.
 */
import type { Cluster } from '../cluster/cluster.ts';
import type { PodTemplateSpec } from '../cluster/objects.ts';
import { detailsAs } from '../cluster/workload-details.ts';
import type { ReplicaSetDetails } from '../cluster/workload-details.ts';
import { WorkloadKind } from '../cluster/workload-table.ts';
import {
  activePods,
  createOwnedPod,
  deletePod,
  isAvailable,
  isTerminatingStill,
  MOST_PODS_A_SYNC,
  nextAvailabilityMicros,
  podOf,
  rankedPod,
  settleSync,
  slowStart,
} from './owned-pods.ts';
import type { ControllerContext } from './owned-pods.ts';
import { compareRanked } from './pod-ranking.ts';
import type { QueueMaker, WorkloadQueue } from './work-queue.ts';

export class ReplicaSetController {
  readonly queue: WorkloadQueue;
  private readonly context: ControllerContext;
  private readonly cluster: Cluster;

  constructor(context: ControllerContext, makeQueue: QueueMaker) {
    this.context = context;
    this.cluster = context.cluster;
    this.queue = makeQueue('replicaset', (row) => this.sync(row));
  }

  sync(row: number): void {
    const { cluster } = this;
    const { workloads, pods } = cluster;
    const { minReadySeconds } = detailsAs('ReplicaSet', workloads.details[row]);
    const active = activePods(cluster, row);
    const terminating = workloads.podsOf(row).filter((pod) => isTerminatingStill(cluster, pod)).length;
    // What is written is what was seen before this sync acted.
    const ready = active.filter((pod) => pods.isReady(pod));
    const available = ready.filter((pod) => isAvailable(cluster, pod, minReadySeconds));
    const isRefused = !workloads.isDeleting(row) && this.manage(row, active);
    cluster.workloadWriter.writeStatus(row, {
      replicas: active.length,
      ready: ready.length,
      available: available.length,
      terminating,
    });
    settleSync(this.context, this.queue, row, isRefused);
    if (minReadySeconds === 0 || ready.length === available.length) return;
    const next = nextAvailabilityMicros(cluster, active, minReadySeconds);
    if (next !== Infinity) this.queue.addAfter(row, next);
  }

  /** Whether a pod was refused. */
  private manage(row: number, active: readonly number[]): boolean {
    const surplus = active.length - this.cluster.workloads.wanted[row];
    if (surplus < 0) return this.create(row, Math.min(-surplus, MOST_PODS_A_SYNC));
    if (surplus > 0) {
      const victims = this.victims(row, active, Math.min(surplus, MOST_PODS_A_SYNC));
      for (const pod of victims) deletePod(this.cluster, pod);
    }
    return false;
  }

  private create(row: number, count: number): boolean {
    const template = this.templateOf(row);
    return slowStart(count, () => createOwnedPod(this.context, row, template) >= 0).isRefused;
  }

  /** Interned at the first pod that is made of it: the template of a ReplicaSet does not change. */
  private templateOf(row: number): number {
    const { cluster, context } = this;
    const known = cluster.workloads.template[row];
    if (known >= 0) return known;
    const details = detailsAs('ReplicaSet', cluster.workloads.details[row]);
    // The object's own template has the label with its Deployment's hash.
    const template = cluster.workloads.object[row]?.spec?.template ?? details.template;
    const id = context.admit(podOf(cluster, row, template, NO_LABELS));
    cluster.workloadWriter.noteTemplate(row, id);
    return id;
  }

  private victims(row: number, active: readonly number[], count: number): readonly number[] {
    // Nobody compares where all have to go.
    if (count >= active.length) return active;
    const { cluster } = this;
    const ranks = this.ranks(row);
    const ranked = active.map((pod) => rankedPod(cluster, pod, ranks.get(cluster.pods.node[pod]) ?? 0));
    ranked.sort((a, b) => compareRanked(a, b, cluster.now));
    return ranked.slice(0, count).map(({ pod }) => pod);
  }

  /** By node row, -1 for pods without one: active pods of all ReplicaSets that share this one's owner. */
  private ranks(row: number): ReadonlyMap<number, number> {
    const { workloads, pods } = this.cluster;
    const parent = workloads.parent[row];
    const related =
      parent < 0
        ? [row]
        : workloads.children[parent].filter((child) => workloads.kind[child] === WorkloadKind.ReplicaSet);
    const counts = new Map<number, number>();
    for (const set of related)
      for (const pod of activePods(this.cluster, set))
        counts.set(pods.node[pod], (counts.get(pods.node[pod]) ?? 0) + 1);
    return counts;
  }
}

const NO_LABELS: Readonly<Record<string, string>> = {};

/** Of a ReplicaSet that no Deployment has written to yet. */
export function replicaSetDetails(template: PodTemplateSpec, minReadySeconds: number): ReplicaSetDetails {
  return {
    kind: 'ReplicaSet',
    template,
    minReadySeconds,
    revision: 0,
    revisionHistory: [],
    desiredReplicas: -1,
    maxReplicas: -1,
  };
}
