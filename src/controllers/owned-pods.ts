/**
 * What all controllers do with the pods of a workload: look at them, make them, rank them. The seam between controllers
 * and the cluster is here: they look at what they were told of, and ask the API server, which may know better. Rows in,
 * verbs out.
 */
import { assert } from '../base/assert.ts';
import { MICROS_PER_SECOND, type Micros } from '../base/time.ts';
import { EvictionCause, PodPhase } from '../cluster/cluster.ts';
import type { Cluster, PodSeed } from '../cluster/cluster.ts';
import { objectKey } from '../cluster/object-store.ts';
import type { KubernetesObject, OwnerReference, Pod, PodTemplateSpec, WorkloadObject } from '../cluster/objects.ts';
import type { WorkloadDetails } from '../cluster/workload-details.ts';
import { WORKLOAD_KIND_NAMES } from '../cluster/workload-table.ts';
import type { WorkloadSeed, WorkloadState } from '../cluster/workload-table.ts';
import { WorkloadWriter } from '../cluster/workload-writer.ts';
import type { WorkloadCounts } from '../cluster/workload-writer.ts';
import type { DelayedCalls } from '../kernel/kernel.ts';
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

/** A sync, and the requests that it has made. */
class Sync {
  hasConflict = false;
  /** A pod was refused: those of later batches are not asked for. */
  refusedBatch = Infinity;
  /** Requests that are not answered yet. */
  unanswered = 0;
  wroteAny = false;
  isOver = false;
  /** Requests of one batch go out together; the next one follows the answers to all of them. */
  batch: number = NO_BATCH;
  batchFrom: Micros;
  answeredAt: Micros;
  readonly whenAnswered: (sync: Sync) => void;

  constructor(now: Micros, whenAnswered: (sync: Sync) => void) {
    this.batchFrom = this.answeredAt = now;
    this.whenAnswered = whenAnswered;
  }

  get isRefused(): boolean {
    return this.refusedBatch < Infinity;
  }
}
export type { Sync };

const NO_BATCH = -1;
/** Deletions that follow each other go out together. */
const DELETIONS = -2;

/**
 * What controllers ask of the API server, in rows of what they see. Where that is late, requests about what is gone are
 * not found, and forgotten; a spec or an object that has changed since is a conflict: nothing is written, and the sync
 * ends with an error. What a sync writes of a workload it reads as written, until it ends.
 *
 * Where requests take time (`calls`), each is carried out when it arrives, on the cluster as it then is. Those of a
 * sync follow each other, each after the answer to the one before, but for pods that are made or deleted together;
 * after a conflict none follows. Who is no sync waits for no answer.
 */
export class ApiRequests {
  readonly api: Cluster;
  /** null: controllers see what there is. */
  readonly late: LateTold | null;
  private readonly view: Cluster;
  private readonly calls: DelayedCalls | null;
  /** Writes what a sync expects into what it sees. */
  private readonly draft: WorkloadWriter;
  private hasConflict = false;
  private wasRefused = false;
  private sync: Sync | null = null;
  private lastBatch = 0;
  private readonly written = new Map<number, WorkloadState>();

  constructor(api: Cluster, view: Cluster = api, late: LateTold | null = null, calls: DelayedCalls | null = null) {
    assert(calls === null || late !== null, 'whose requests take time sees what there was');
    this.api = api;
    this.view = view;
    this.late = late;
    this.calls = calls;
    this.draft = new WorkloadWriter(view.workloads, { ...SILENT, now: () => api.now });
  }

  /** Whether requests take time. */
  get areDelayed(): boolean {
    return this.calls !== null;
  }

  get underWay(): number {
    return this.calls?.count ?? 0;
  }

  // ---- syncs that wait for answers -------------------------------------------------------------------------------

  /** `whenAnswered` is called when the sync is over and all it has asked for is answered. */
  beginSync(whenAnswered: (sync: Sync) => void): void {
    this.sync = new Sync(this.api.now, whenAnswered);
  }

  /** The pods of a batch go out together. Returns how many were made. */
  together(start: number, end: number, create: (index: number) => boolean): number {
    if (this.sync !== null) this.open(this.sync, ++this.lastBatch);
    const made = createBatch(start, end, create);
    if (this.sync !== null) this.open(this.sync, NO_BATCH);
    return made;
  }

  private open(sync: Sync, batch: number): void {
    sync.batch = batch;
    sync.batchFrom = sync.answeredAt;
  }

  /** Carries a request out when it has arrived. */
  private send(write: () => void, together: typeof DELETIONS | null = null): void {
    const { calls, sync } = this;
    if (calls === null) return write();
    if (sync === null) {
      calls.call(write);
      return;
    }
    if (together !== null && sync.batch !== together) this.open(sync, together);
    else if (together === null && sync.batch === DELETIONS) this.open(sync, NO_BATCH);
    const { batch } = sync;
    const sentAt = batch === NO_BATCH ? sync.answeredAt : sync.batchFrom;
    sync.unanswered++;
    sync.wroteAny = true;
    const arrivesAt = calls.call(() => { this.arrive(sync, batch, write); }, sentAt - this.api.now + calls.draw());
    sync.answeredAt = Math.max(sync.answeredAt, arrivesAt);
  }

  private arrive(sync: Sync, batch: number, write: () => void): void {
    const isDropped = sync.hasConflict || (batch > 0 && batch > sync.refusedBatch);
    if (!isDropped) {
      write();
      sync.hasConflict ||= this.hasConflict;
      this.hasConflict = false;
      if (this.wasRefused) sync.refusedBatch = Math.min(sync.refusedBatch, batch);
      this.wasRefused = false;
    }
    sync.unanswered--;
    if (sync.isOver && sync.unanswered === 0) sync.whenAnswered(sync);
  }

  // ---- pods and nodes --------------------------------------------------------------------------------------------

  /** Something is done with a pod that was seen, if it is still there. */
  withPod(pod: number, write: (pod: number) => void): void {
    if (this.late === null) return write(pod);
    const { api, view } = this;
    const incarnation = view.pods.incarnation[pod];
    this.send(() => {
      if (api.pods.incarnation[pod] === incarnation && api.pods.phase[pod] !== PodPhase.Free) write(pod);
    }, DELETIONS);
  }

  /** A controller gives a pod up. */
  deletePod(pod: number, cause: EvictionCause = EvictionCause.None): void {
    if (this.late === null) this.api.terminatePod(pod, cause);
    else this.withPod(pod, (row) => { this.api.terminatePod(row, cause); });
  }

  countPod(pod: number): void {
    const { api, late } = this;
    if (late === null) return api.countPod(pod);
    this.withPod(pod, (row) => {
      if (api.pods.isTracked(row)) api.countPod(row);
    });
  }

  /** Makes the pod of a workload, where that is still there and the API server does not refuse it. */
  createPod(owner: number, isRefused: () => boolean, seedOf: () => PodSeed): number {
    const { api, calls } = this;
    const isThere = this.workloadCheck(owner);
    if (calls === null) return !isThere() || isRefused() ? -1 : api.createPod(seedOf());
    this.send(() => {
      if (!isThere()) return;
      this.wasRefused = isRefused();
      if (!this.wasRefused) api.createPod(seedOf());
    });
    return ASKED_FOR;
  }

  hasNode(node: number): boolean {
    const { api, view, late } = this;
    if (late === null) return true;
    return api.nodes.incarnation[node] === view.nodes.incarnation[node] && api.nodes.alive[node] === 1;
  }

  /** Something is done with a node that was seen, if it is still there. */
  withNode(node: number, write: () => void): void {
    const { api, view, late } = this;
    const incarnation = view.nodes.incarnation[node];
    const isThere = (): boolean => (
      late === null || (api.nodes.incarnation[node] === incarnation && api.nodes.alive[node] === 1)
    );
    this.send(() => {
      if (isThere()) write();
    });
  }

  // ---- workloads -------------------------------------------------------------------------------------------------

  hasWorkload(row: number): boolean {
    const { api, view, late } = this;
    return late === null || api.workloads.incarnation[row] === view.workloads.incarnation[row];
  }

  /** The same of the workload that is seen now, to be asked later. */
  private workloadCheck(row: number): () => boolean {
    const { api, view } = this;
    const incarnation = view.workloads.incarnation[row];
    return () => api.workloads.incarnation[row] === incarnation;
  }

  /** -1: the answer comes with the watch. */
  createWorkload(seed: WorkloadSeed, object: WorkloadObject): number {
    const { api, late } = this;
    const { parent, kind, key } = seed;
    if (late === null) return this.addWorkload(seed, object);
    const hasParent = this.workloadCheck(parent);
    this.send(() => {
      if (hasParent() && api.workloads.find(kind, key) < 0) this.addWorkload(seed, object);
      else this.hasConflict = true;
    });
    return -1;
  }

  private addWorkload(seed: WorkloadSeed, object: WorkloadObject): number {
    const { api } = this;
    const { kind, key } = seed;
    // What it says follows from its parent, and its name from that.
    api.putObject(WORKLOAD_KIND_NAMES[kind], object, key, key);
    return api.workloadWriter.create(seed);
  }

  scale(row: number, wanted: number, details: WorkloadDetails | null): void {
    if (this.late === null) return this.api.workloadWriter.scale(row, wanted, details);
    const { workloads } = this.view;
    const isSame = workloads.wanted[row] === wanted && workloads.details[row] === details;
    this.write(row, (writer) => {
      writer.scale(row, wanted, details);
      return !isSame;
    });
  }

  annotate(row: number, details: WorkloadDetails): void {
    if (this.late === null) return this.api.workloadWriter.annotate(row, details);
    this.write(row, (writer) => {
      writer.annotate(row, details);
      return true;
    });
  }

  /** Returns whether anything was written. */
  writeStatus(row: number, counts: WorkloadCounts, details?: WorkloadDetails | null): boolean {
    if (this.late === null) return this.api.workloadWriter.writeStatus(row, counts, details);
    return this.write(row, (writer) => writer.writeStatus(row, counts, details));
  }

  /** Of who is late. Returns whether anything was written, or will be if nothing has changed. */
  private write(row: number, change: (writer: WorkloadWriter) => boolean): boolean {
    const { api, view, calls } = this;
    if (calls === null) {
      if (!this.accepts(row) || !change(api.workloadWriter)) return false;
      this.readAs(row, api.workloads.stateOf(row));
      return true;
    }
    const generation = view.workloads.generation[row];
    const before = view.workloads.stateOf(row);
    const isThere = this.workloadCheck(row);
    if (!change(this.draft)) return false;
    if (!this.written.has(row)) this.written.set(row, before);
    this.send(() => {
      if (!isThere()) return;
      if (api.workloads.generation[row] === generation) change(api.workloadWriter);
      else this.hasConflict = true;
    });
    return true;
  }

  deleteWorkload(row: number): void {
    if (this.late === null) return this.api.workloadWriter.delete(row);
    const isThere = this.workloadCheck(row);
    this.send(() => {
      if (isThere()) this.api.workloadWriter.delete(row);
    });
  }

  /** The object of a workload goes, unless something of it is left. */
  removeWorkload(row: number): void {
    if (this.late === null) return this.removeIfEmpty(row);
    const isThere = this.workloadCheck(row);
    this.send(() => {
      if (isThere()) this.removeIfEmpty(row);
    });
  }

  private removeIfEmpty(row: number): void {
    const { workloads, workloadWriter } = this.api;
    if (workloads.alive[row] > 0 || workloads.children[row].length > 0) return;
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
    const { api, view } = this;
    if (!this.hasWorkload(row)) return false;
    if (api.workloads.generation[row] === view.workloads.generation[row]) return true;
    this.hasConflict = true;
    return false;
  }

  private readAs(row: number, state: WorkloadState): void {
    const { workloads } = this.view;
    if (!this.written.has(row)) this.written.set(row, workloads.stateOf(row));
    workloads.restate(row, state);
  }

  // ---- objects ---------------------------------------------------------------------------------------------------

  /**
   * False: it has changed since it was seen. Where requests take time nobody knows yet; `onConflict` is told when it
   * turns out.
   */
  putObject(kind: string, object: KubernetesObject, onConflict: () => void = () => undefined): boolean {
    const { api, view, late, calls } = this;
    const key = objectKey(object);
    const known = late === null ? undefined : view.objects.get(kind, key);
    const put = (): boolean => {
      if (late !== null && api.objects.get(kind, key) !== known) {
        this.hasConflict = true;
        return false;
      }
      api.putObject(kind, object);
      return true;
    };
    if (calls === null) return put();
    const isOfSync = this.sync !== null;
    this.send(() => {
      if (!put()) onConflict();
      // Nobody waits for the answer.
      if (!isOfSync) this.hasConflict = false;
    });
    return true;
  }

  /** The end of a sync: it sees what it was told again. Returns whether there was a conflict. */
  endSync(): boolean {
    for (const [row, state] of this.written) this.view.workloads.restate(row, state);
    this.written.clear();
    const { hasConflict, sync } = this;
    this.hasConflict = false;
    this.sync = null;
    if (sync !== null) {
      sync.isOver = true;
      if (sync.unanswered === 0) sync.whenAnswered(sync);
    }
    return hasConflict;
  }
}

/** What is drafted nobody is told of. */
const SILENT = {
  begin: () => undefined, feedText: () => undefined, tell: () => undefined, stood: () => undefined,
};

/** A pod whose row nobody knows yet. */
const ASKED_FOR = 0;

/** What a controller works with. */
export interface ControllerContext {
  /** What it sees. */
  readonly cluster: Cluster;
  readonly requests: ApiRequests;
  readonly counts: OwnedPodCounts;
  /**
   * Template id of a pod as its author wrote it; admission's defaults are applied. `like`: template of pods that differ
   * from it by labels and owner alone.
   */
  readonly admit: (pod: Pod, like?: number) => number;
  /**
   * Run time of a work item, which belongs to the item (completion index, ordinal; else the number of the pod) and not
   * to the pod that carries it. Infinity: for ever.
   */
  readonly runMicros: (owner: number, item: number) => Micros;
  /** The item of the next pod of a workload whose items have no index; -1: all are alike. Left out: they are. */
  readonly nextItem?: (owner: number, nameOrdinal: number) => number;
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

/** Labels that a controller adds to those of its template. */
export const NO_LABELS: Readonly<Record<string, string>> = {};

/** A pod of the workload's template with more labels. */
export function podOf(
  cluster: Cluster,
  owner: number,
  template: PodTemplateSpec,
  labels: Readonly<Record<string, string>>,
): Pod {
  const { metadata } = template;
  return {
    metadata: Object.assign({}, metadata, {
      labels: labels === NO_LABELS ? (metadata?.labels ?? NO_LABELS) : { ...metadata?.labels, ...labels },
      namespace: namespaceOf(cluster, owner),
      ownerReferences: [controllerReference(cluster, owner)],
    }),
    spec: template.spec ?? {},
  };
}

/**
 * Makes a pod of the workload, named by its prefix and the next number unless told otherwise. -1: the API server has
 * refused it. The row may be one that a late controller does not see yet; where requests take time it says nothing.
 */
export function createOwnedPod(
  context: ControllerContext, owner: number, template: number, more: OwnSeed = NOTHING_MORE,
): number {
  const { requests, isRefused } = context;
  if (requests.late === null)
    return isRefused?.(template) === true ? -1 : requests.api.createPod(seedOf(context, owner, template, more));
  return requests.createPod(
    owner,
    () => isRefused?.(template) === true,
    () => seedOf(context, owner, template, more),
  );
}

/** What its controller says of one pod. */
type OwnSeed = Partial<Pick<
  PodSeed, 'nameBase' | 'nameOrdinal' | 'item' | 'pinnedNode' | 'tracked' | 'indexFailures' | 'ignoredFailures'
>>;
const NOTHING_MORE: OwnSeed = {};

/** Always the same members, in one order: whoever reads seeds meets one shape. */
function seedOf(
  { requests, runMicros, nextItem }: ControllerContext, owner: number, template: number, more: OwnSeed,
): PodSeed {
  const { workloads } = requests.api;
  const { nameBase = workloads.nameBase[owner], pinnedNode = -1, tracked = false } = more;
  const { nameOrdinal = workloads.takeOrdinal(nameBase), indexFailures = 0, ignoredFailures = 0 } = more;
  const item = more.item ?? nextItem?.(owner, nameOrdinal) ?? -1;
  return {
    template, nameBase, nameOrdinal, owner,
    workloadClass: workloads.workloadClass[owner],
    durationMicros: runMicros(owner, item),
    pinnedNode, item, tracked, indexFailures, ignoredFailures,
  };
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
export function slowStart(
  count: number, create: (index: number) => boolean, requests: ApiRequests | null = null,
): SlowStart {
  let made = 0;
  for (let start = 0, size = 1; start < count; size *= 2) {
    const end = Math.min(count, start + size);
    made += requests === null ? createBatch(start, end, create) : requests.together(start, end, create);
    if (made < end) return { made, isRefused: true };
    start = end;
  }
  return { made, isRefused: false };
}

function createBatch(start: number, end: number, create: (index: number) => boolean): number {
  let made = 0;
  for (let index = start; index < end; index++) if (create(index)) made++;
  return made;
}

/** The end of a sync: an error is tried again with the key's back-off, which its end forgets. */
export function settleSync(context: ControllerContext, queue: WorkloadQueue, row: number, isRefused: boolean): void {
  const { refusedAt, cluster, requests } = context;
  // Settled when all is answered.
  if (requests.areDelayed && !isRefused) return;
  if (isRefused) {
    refusedAt?.set(row, cluster.now);
    queue.addRateLimited(row);
  } else if (refusedAt !== undefined && refusedAt.size > 0 && refusedAt.delete(row)) queue.forget(row);
}
