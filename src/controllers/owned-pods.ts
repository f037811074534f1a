/**
 * What all controllers do with the pods of a workload: look at them, make them, rank them. The seam between controllers
 * and the cluster is here: they look at what they were told of, and ask the API server, which may know better. Rows in,
 * verbs out.
 */
import { MICROS_PER_SECOND, type Micros } from '../base/time.ts';
import { EvictionCause, PodPhase } from '../cluster/cluster.ts';
import type { Cluster, PodSeed } from '../cluster/cluster.ts';
import { objectKey } from '../cluster/object-store.ts';
import type { KubernetesObject, OwnerReference, Pod, PodTemplateSpec, WorkloadObject } from '../cluster/objects.ts';
import type { WorkloadDetails } from '../cluster/workload-details.ts';
import { WORKLOAD_KIND_NAMES } from '../cluster/workload-table.ts';
import type { WorkloadSeed, WorkloadState } from '../cluster/workload-table.ts';
import type { WorkloadCounts } from '../cluster/workload-writer.ts';
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

/** A watch that is late, as its component uses it. */
export interface LateTold {
  /** Changes that have happened, and those of them that were shown. */
  readonly notedCount: number;
  readonly shownCount: number;
  readonly pendingCount: number;
  onShown: () => void;
}

/**
 * What controllers ask of the API server, in rows of what they see. Where that is late, requests about what is gone are
 * not found, and forgotten; a spec or an object that has changed since is a conflict: nothing is written, and the sync
 * ends with an error. What a sync writes of a workload it reads as written, until it ends.
 */
export class ApiRequests {
  readonly api: Cluster;
  /** null: controllers see what there is. */
  readonly late: LateTold | null;
  private readonly view: Cluster;
  private hasConflict = false;
  private readonly written = new Map<number, WorkloadState>();

  constructor(api: Cluster, view: Cluster = api, late: LateTold | null = null) {
    this.api = api;
    this.view = view;
    this.late = late;
  }

  // ---- pods and nodes --------------------------------------------------------------------------------------------

  hasPod(pod: number): boolean {
    const { api, view, late } = this;
    if (late === null) return true;
    return api.pods.incarnation[pod] === view.pods.incarnation[pod] && api.pods.phase[pod] !== PodPhase.Free;
  }

  /** A controller gives a pod up. */
  deletePod(pod: number, cause: EvictionCause = EvictionCause.None): void {
    if (this.hasPod(pod)) this.api.terminatePod(pod, cause);
  }

  countPod(pod: number): void {
    if (this.hasPod(pod) && this.api.pods.isTracked(pod)) this.api.countPod(pod);
  }

  hasNode(node: number): boolean {
    const { api, view, late } = this;
    if (late === null) return true;
    return api.nodes.incarnation[node] === view.nodes.incarnation[node] && api.nodes.alive[node] === 1;
  }

  // ---- workloads -------------------------------------------------------------------------------------------------

  hasWorkload(row: number): boolean {
    const { api, view, late } = this;
    return late === null || api.workloads.incarnation[row] === view.workloads.incarnation[row];
  }

  /** -1: the answer comes with the watch. */
  createWorkload(seed: WorkloadSeed, object: WorkloadObject): number {
    const { api, late } = this;
    const { parent, kind, key } = seed;
    if (late !== null && (!this.hasWorkload(parent) || api.workloads.find(kind, key) >= 0)) {
      this.hasConflict = true;
      return -1;
    }
    api.putObject(WORKLOAD_KIND_NAMES[kind], object);
    const row = api.workloadWriter.create(seed);
    return late === null ? row : -1;
  }

  scale(row: number, wanted: number, details: WorkloadDetails | null): void {
    if (!this.accepts(row)) return;
    this.api.workloadWriter.scale(row, wanted, details);
    this.readAsWritten(row);
  }

  annotate(row: number, details: WorkloadDetails): void {
    if (!this.accepts(row)) return;
    this.api.workloadWriter.annotate(row, details);
    this.readAsWritten(row);
  }

  /** Returns whether anything was written. */
  writeStatus(row: number, counts: WorkloadCounts, details?: WorkloadDetails | null): boolean {
    if (!this.accepts(row) || !this.api.workloadWriter.writeStatus(row, counts, details)) return false;
    this.readAsWritten(row);
    return true;
  }

  deleteWorkload(row: number): void {
    if (this.hasWorkload(row)) this.api.workloadWriter.delete(row);
  }

  /** The object of a workload goes, unless something of it is left. */
  removeWorkload(row: number): void {
    const { workloads, workloadWriter } = this.api;
    if (!this.hasWorkload(row) || workloads.alive[row] > 0 || workloads.children[row].length > 0) return;
    const kind = workloads.object[row]?.kind ?? WORKLOAD_KIND_NAMES[workloads.kind[row]];
    this.api.removeObject(kind, workloads.key[row]);
    workloadWriter.remove(row);
  }

  noteTemplate(row: number, template: number): void {
    this.view.workloadWriter.noteTemplate(row, template);
    if (this.late !== null && this.hasWorkload(row)) this.api.workloadWriter.noteTemplate(row, template);
  }

  /** Whether the workload is as the controller knows it, but for what others say of its status. */
  private accepts(row: number): boolean {
    const { api, view, late } = this;
    if (late === null) return true;
    if (!this.hasWorkload(row)) return false;
    if (api.workloads.generation[row] === view.workloads.generation[row]) return true;
    this.hasConflict = true;
    return false;
  }

  private readAsWritten(row: number): void {
    const { api, view, late } = this;
    if (late === null) return;
    if (!this.written.has(row)) this.written.set(row, view.workloads.stateOf(row));
    view.workloads.restate(row, api.workloads.stateOf(row));
  }

  // ---- objects ---------------------------------------------------------------------------------------------------

  /** False: it has changed since it was seen. */
  putObject(kind: string, object: KubernetesObject): boolean {
    const { api, view, late } = this;
    const key = objectKey(object);
    if (late !== null && api.objects.get(kind, key) !== view.objects.get(kind, key)) {
      this.hasConflict = true;
      return false;
    }
    api.putObject(kind, object);
    return true;
  }

  /** The end of a sync: it sees what it was told again. Returns whether there was a conflict. */
  endSync(): boolean {
    for (const [row, state] of this.written) this.view.workloads.restate(row, state);
    this.written.clear();
    const { hasConflict } = this;
    this.hasConflict = false;
    return hasConflict;
  }
}

/** What a controller works with. */
export interface ControllerContext {
  /** What it sees. */
  readonly cluster: Cluster;
  readonly requests: ApiRequests;
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
 * refused it. The row may be one that a late controller does not see yet.
 */
export function createOwnedPod(
  { requests, runMicros, isRefused }: ControllerContext,
  owner: number,
  template: number,
  more: Partial<PodSeed> = {},
  attempt = 0,
): number {
  const { api } = requests;
  const { workloads } = api;
  if (!requests.hasWorkload(owner) || isRefused?.(template) === true) return -1;
  const nameBase = more.nameBase ?? workloads.nameBase[owner];
  return api.createPod({
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
