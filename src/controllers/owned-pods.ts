/**
 * What all controllers do with the pods of a workload: look at them, make them, rank them. The seam between controllers
 * and the cluster is here and in the verbs: rows in, verbs out.
 */
import { MICROS_PER_SECOND, type Micros } from '../base/time.ts';
import { EvictionCause } from '../cluster/cluster.ts';
import type { Cluster, PodSeed } from '../cluster/cluster.ts';
import type { OwnerReference, Pod, PodTemplateSpec } from '../cluster/objects.ts';
import { WORKLOAD_KIND_NAMES } from '../cluster/workload-table.ts';
import type { OwnedPodCounts } from './owned-pod-counts.ts';
import type { WorkloadQueue } from './work-queue.ts';

/** Whether new pods are let in: what those who make pods ask of the API server beforehand. */
export interface CreationGate {
  /** Whether another pod of the template is refused; each question is a request. */
  isRefused(template: number): boolean;
  /** When a refusal may last have become out of date; -1: never. */
  roomAt(): Micros;
}

export const OPEN_GATE: CreationGate = { isRefused: () => false, roomAt: () => -1 };

/** What a controller works with. */
export interface ControllerContext {
  readonly cluster: Cluster;
  readonly counts: OwnedPodCounts;
  /** Template id of a pod as its author wrote it; admission's defaults are applied. */
  readonly admit: (pod: Pod) => number;
  /** Run time of a work item, which belongs to the item and not to the pod that carries it. Infinity: for ever. */
  readonly runMicros: (owner: number, item: number, attempt: number) => Micros;
  /** Whether the API server refuses another pod of the template (quota, limits of the namespace). Left out: never. */
  readonly isRefused?: (template: number) => boolean;
  /** When workloads whose last sync ended with a refusal had it, by row. */
  readonly refusedAt?: Map<number, Micros>;
}

/** Most pods that one sync creates or deletes (BurstReplicas; MaxPodCreateDeletePerSync). */
export const MOST_PODS_A_SYNC = 500;

/** Ready for so long that it counts as available (pkg/api/v1/pod/util.go, IsPodAvailable). */
export function isAvailable({ pods, now }: Cluster, pod: number, minReadySeconds: number): boolean {
  return pods.isReady(pod) && now - pods.readyAt[pod] >= minReadySeconds * MICROS_PER_SECOND;
}

/** Pods that have neither ended nor are terminating, oldest first. */
export function activePods({ pods, workloads }: Cluster, owner: number): number[] {
  return workloads.podsOf(owner).filter((pod) => pods.isActive(pod));
}

/** Terminating and not ended (pkg/controller/controller_utils.go, CountTerminatingPods). */
export function isTerminatingStill({ pods }: Cluster, pod: number): boolean {
  return pods.isTerminating(pod) && !pods.hasEnded(pod);
}

/** A controller gives a pod up. */
export function deletePod(cluster: Cluster, pod: number): void {
  cluster.terminatePod(pod, EvictionCause.None);
}

export function namespaceOf({ workloads }: Cluster, row: number): string {
  return workloads.namespaceOf(row);
}

export function nameOf({ workloads }: Cluster, row: number): string {
  return workloads.nameOf(row);
}

/** Upstream's UIDs are random; ours say which workload it is. */
export function uidOf({ workloads }: Cluster, row: number): string {
  return workloads.object[row]?.metadata?.uid ?? `${WORKLOAD_KIND_NAMES[workloads.kind[row]]}/${workloads.key[row]}`;
}

/** The reference by which a workload owns what it makes. */
export function controllerReference(cluster: Cluster, row: number): OwnerReference {
  const { workloads } = cluster;
  const kind = workloads.object[row]?.kind ?? WORKLOAD_KIND_NAMES[workloads.kind[row]];
  return { kind, name: nameOf(cluster, row), uid: uidOf(cluster, row), controller: true };
}

/** A pod of the workload's template with more labels. */
export function podOf(
  cluster: Cluster,
  owner: number,
  template: PodTemplateSpec,
  labels: Readonly<Record<string, string>>,
): Pod {
  return {
    metadata: {
      ...template.metadata,
      labels: { ...template.metadata?.labels, ...labels },
      namespace: namespaceOf(cluster, owner),
      ownerReferences: [controllerReference(cluster, owner)],
    },
    spec: template.spec ?? {},
  };
}

/**
 * Makes a pod of the workload, named by its prefix and the next number unless told otherwise. -1: the API server has
 * refused it.
 */
export function createOwnedPod(
  { cluster, runMicros, isRefused }: ControllerContext,
  owner: number,
  template: number,
  more: Partial<PodSeed> = {},
  attempt = 0,
): number {
  const { workloads } = cluster;
  if (isRefused?.(template) === true) return -1;
  const nameBase = more.nameBase ?? workloads.nameBase[owner];
  return cluster.createPod({
    template,
    owner,
    workloadClass: workloads.workloadClass[owner],
    durationMicros: runMicros(owner, more.item ?? -1, attempt),
    pinnedNode: -1,
    ...more,
    nameBase,
    nameOrdinal: more.nameOrdinal ?? workloads.takeOrdinal(nameBase),
  });
}

export interface SlowStart {
  readonly made: number;
  /** One of them at least was refused. */
  readonly isRefused: boolean;
}

/**
 * Asks for so many pods in batches of 1, 2, 4 and so on; a batch in which one was refused is the last. `create` tells
 * whether the pod was made (pkg/controller/replicaset/replica_set.go, slowStartBatch).
 */
export function slowStart(count: number, create: (index: number) => boolean): SlowStart {
  let made = 0;
  for (let start = 0, size = 1; start < count; size *= 2) {
    const end = Math.min(count, start + size);
    const before = made;
    for (let index = start; index < end; index++) if (create(index)) made++;
    if (made - before < end - start) return { made, isRefused: true };
    start = end;
  }
  return { made, isRefused: false };
}

/** The end of a sync: an error is tried again with the key's back-off, which its end forgets. */
export function settleSync(context: ControllerContext, queue: WorkloadQueue, row: number, isRefused: boolean): void {
  const { refusedAt, cluster } = context;
  if (isRefused) {
    refusedAt?.set(row, cluster.now);
    queue.addRateLimited(row);
  } else if (refusedAt?.delete(row) === true) queue.forget(row);
}
