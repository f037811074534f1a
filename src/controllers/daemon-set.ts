/**
 * The DaemonSet controller: one pod on each node that is to run it, pinned there; updates that take pods away first
 * (maxUnavailable) or make new ones first (maxSurge); failed pods are deleted with a back-off.
 * Source: pkg/controller/daemon/{daemon_controller,update}.go (v1.36). Requests take no time. A sync
 * that has made or deleted pods leaves the update to the next one, as unmet expectations do upstream. Nodes are gone
 * through in order of their rows, where upstream's order is random. Generated DaemonSets, which have no object, never
 * change and have no status. A sync costs the nodes of which something has changed; a step of an update costs all.
 */
import { MICROS_PER_MINUTE, MICROS_PER_SECOND } from '../base/time.ts';
import type { Micros } from '../base/time.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { PodPhase } from '../cluster/cluster.ts';
import type { NodeFacts } from '../cluster/node-facts.ts';
import type { PodTemplateSpec, WorkloadSpec } from '../cluster/objects.ts';
import { NodeChange } from '../cluster/observer.ts';
import type { ClusterObserver, WorkloadChange } from '../cluster/observer.ts';
import type { PodTemplate } from '../cluster/pod-template.ts';
import { detailsAs } from '../cluster/workload-details.ts';
import type { DaemonSetDetails, Revision } from '../cluster/workload-details.ts';
import { WorkloadKind } from '../cluster/workload-table.ts';
import { scaledAmount } from '../cluster/int-or-percent.ts';
import { DaemonNodes, daemonPlacement, daemonVerdict, withDaemonTolerations } from './daemon-nodes.ts';
import type { DaemonPlacement, SeenNode, SeenPod } from './daemon-nodes.ts';
import { createOwnedPod, nameOf, podOf, settleSync, slowStart } from './owned-pods.ts';
import type { ControllerContext } from './owned-pods.ts';
import { REVISION_LABEL } from './stateful-set-pods.ts';
import { cutHistory, reviseTemplate } from './template-revisions.ts';
import type { QueueMaker, WorkloadQueue } from './work-queue.ts';

/** Most pods that a sync makes, and most that it deletes (BurstReplicas). */
const BURST = 250;
const FAILED_POD_BACKOFF = { base: MICROS_PER_SECOND, cap: 15 * MICROS_PER_MINUTE };
/** API default (pkg/apis/apps/v1/defaults.go). */
const DEFAULT_HISTORY = 10;

/** What the controller keeps of a DaemonSet between syncs. */
interface Known {
  readonly nodes: DaemonNodes;
  /** What its pods are made of. */
  template: PodTemplateSpec | null;
  revision: string;
  placement: DaemonPlacement;
  /** Of new pods; -1: none was made yet. */
  templateId: number;
  surges: boolean | null;
}

interface Pass {
  readonly row: number;
  readonly known: Known;
  /** In order; those of which something has changed. */
  readonly touched: readonly SeenNode[];
  readonly desired: number;
  readonly maxSurge: number;
  readonly maxUnavailable: number;
}

interface Changes {
  readonly create: readonly SeenNode[];
  readonly remove: readonly number[];
}

export function daemonSetDetails(): DaemonSetDetails {
  return { kind: 'DaemonSet', revisions: [], desired: 0, misscheduled: 0, unavailable: 0 };
}

export class DaemonSetController implements ClusterObserver {
  readonly ignoresStatus = true;
  readonly queue: WorkloadQueue;
  private readonly context: ControllerContext;
  private readonly cluster: Cluster;
  private readonly backoff = new ItemBackoff(FAILED_POD_BACKOFF.base, FAILED_POD_BACKOFF.cap);
  /** By row, in order of arrival. */
  private readonly sets = new Map<number, Known>();

  constructor(context: ControllerContext, makeQueue: QueueMaker) {
    this.context = context;
    this.cluster = context.cluster;
    this.queue = makeQueue('daemonset', (row) => this.sync(row));
    this.cluster.observe(this);
  }

  /** Syncs a new DaemonSet until it has its pods: whatever comes later in the same instant stands behind them. */
  arrive(row: number): void {
    // Who is told late will be.
    if (this.context.requests.late !== null) return;
    const { alive } = this.cluster.workloads;
    for (let before = -1; before !== alive[row];) {
      before = alive[row];
      this.sync(row);
    }
  }

  /** Templates of the pods that a new node of this kind would get at once. */
  templatesFor(facts: NodeFacts): PodTemplate[] {
    const { workloads, templates } = this.cluster;
    const wanted: PodTemplate[] = [];
    for (const [row, known] of this.sets)
      if (!workloads.isDeleting(row) && daemonVerdict(known.placement, facts).shouldRun)
        wanted.push(templates.get(this.templateId(row, known)));
    return wanted;
  }

  sync(row: number): void {
    const { workloads } = this.cluster;
    if (workloads.isDeleting(row)) return;
    const spec = workloads.object[row]?.spec ?? {};
    const known = this.knownOf(row);
    const revisions = workloads.isObject(row) ? this.revise(row, known, spec.template ?? {}) : [];
    const pass = this.begin(row, spec, known);
    const managed = this.manage(pass);
    let isRefused = this.apply(pass, managed);
    const isRolling = (spec.updateStrategy?.type ?? 'RollingUpdate') === 'RollingUpdate';
    // Without outdated pods an update has nothing to do.
    if (isRolling && known.nodes.counts.outdated > 0 && managed.create.length + managed.remove.length === 0)
      isRefused = this.apply(pass, pass.maxSurge === 0 ? this.replace(pass) : this.surge(pass));
    if (workloads.isObject(row)) this.writeStatus(row, spec, known.nodes, revisions);
    settleSync(this.context, this.queue, row, isRefused);
  }

  // ---- notices ---------------------------------------------------------------------------------------------------

  podCreated(pod: number): void {
    this.ownerOf(pod)?.nodes.podCreated(pod);
  }

  podBound(pod: number): void {
    this.podChanged(pod);
  }

  podStarted(pod: number): void {
    this.podChanged(pod);
  }

  podReadyChanged(pod: number): void {
    this.podChanged(pod);
  }

  podInterrupted(pod: number): void {
    this.podChanged(pod);
  }

  podTerminating(pod: number): void {
    this.podChanged(pod);
  }

  endedPodTerminating(pod: number): void {
    this.podChanged(pod);
  }

  podRemoved(pod: number): void {
    this.podChanged(pod);
  }

  podDeleted(pod: number): void {
    const known = this.ownerOf(pod);
    if (known === undefined) return;
    known.nodes.podDeleted(pod);
    const owner = this.cluster.pods.owner[pod];
    // Nobody else asks for a set without an object.
    if (!this.cluster.workloads.isObject(owner)) this.queue.add(owner);
  }

  nodeAdded(node: number): void {
    this.nodeChanged(node);
  }

  nodeUpdated(node: number, changes: number): void {
    if ((changes & (NodeChange.Labels | NodeChange.Taints)) === 0) return;
    for (const [row, known] of this.sets) {
      // Who is told late may ask again for what is on its way.
      if (this.context.requests.late !== null || !known.nodes.isJudgedAlike(node)) known.nodes.touchNode(node);
      this.queue.add(row);
    }
  }

  nodeRemoving(node: number): void {
    const { names, nodes } = this.cluster;
    for (const [row, known] of this.sets) {
      known.nodes.touch(names.find(nodes.facts[node].name));
      this.queue.add(row);
    }
  }

  workloadStood(row: number): void {
    const isDaemonSet = this.cluster.workloads.kind[row] === WorkloadKind.DaemonSet;
    if (isDaemonSet && this.context.requests.late !== null) this.queue.add(row);
  }

  workloadChanged(row: number, change: WorkloadChange): void {
    if (change === 'gone') this.sets.delete(row);
  }

  private nodeChanged(node: number): void {
    for (const [row, known] of this.sets) {
      known.nodes.touchNode(node);
      this.queue.add(row);
    }
  }

  private podChanged(pod: number): void {
    this.ownerOf(pod)?.nodes.touch(this.cluster.pods.pinnedNode[pod]);
  }

  private ownerOf(pod: number): Known | undefined {
    if (this.sets.size === 0) return undefined;
    const { pods, workloads } = this.cluster;
    const owner = pods.owner[pod];
    return owner >= 0 && workloads.kind[owner] === WorkloadKind.DaemonSet ? this.sets.get(owner) : undefined;
  }

  // ---- what is wanted --------------------------------------------------------------------------------------------

  private details(row: number): DaemonSetDetails {
    return detailsAs('DaemonSet', this.cluster.workloads.details[row]);
  }

  private knownOf(row: number): Known {
    const { workloads, templates } = this.cluster;
    let known = this.sets.get(row);
    if (known === undefined) {
      const nodes = new DaemonNodes(this.cluster, row);
      const templateId = workloads.template[row];
      const placement = daemonPlacement(templateId < 0 ? {} : templates.get(templateId).spec);
      known = { nodes, template: null, revision: '', placement, templateId, surges: null };
      this.sets.set(row, known);
    }
    return known;
  }

  /** The revisions with that of the template, by which the pods are made from now on. */
  private revise(row: number, known: Known, template: PodTemplateSpec): readonly Revision[] {
    const { revisions, update } = reviseTemplate(this.details(row).revisions, nameOf(this.cluster, row), template);
    if (known.template !== update.template || known.revision !== update.name) {
      known.template = update.template;
      known.revision = update.name;
      known.placement = daemonPlacement(update.template.spec ?? {});
      known.templateId = -1;
    }
    return revisions;
  }

  private templateId(row: number, known: Known): number {
    if (known.templateId >= 0) return known.templateId;
    const { template, revision } = known;
    const made = { ...template, spec: withDaemonTolerations(template?.spec ?? {}) };
    known.templateId = this.context.admit(podOf(this.cluster, row, made, { [REVISION_LABEL]: revision }));
    return known.templateId;
  }

  private begin(row: number, spec: WorkloadSpec, known: Known): Pass {
    const { nodes, placement, revision } = known;
    const touched = nodes.look({ placement, revision, minReadySeconds: spec.minReadySeconds ?? 0 });
    const { desired } = nodes.counts;
    const { maxSurge = 0, maxUnavailable = 1 } = spec.updateStrategy?.rollingUpdate ?? {};
    const surge = scaledAmount(maxSurge, desired, 'up');
    const unavailable = scaledAmount(maxUnavailable, desired, 'up');
    const neither = surge === 0 && unavailable === 0 && desired > 0;
    const isOther = known.surges !== null && known.surges !== surge > 0;
    known.surges = surge > 0;
    return {
      row, known, desired,
      touched: isOther ? nodes.all() : touched,
      maxSurge: surge,
      maxUnavailable: neither ? 1 : unavailable,
    };
  }

  /** Whether a pod was refused. What could not be done now is looked at again. */
  private apply({ row, known }: Pass, { create, remove }: Changes): boolean {
    const { cluster } = this;
    let isRefused = false;
    if (create.length > 0) {
      const id = this.templateId(row, known);
      const makeOn = (at: number): boolean =>
        createOwnedPod(this.context, row, id, { pinnedNode: create[at].name }) >= 0;
      ({ isRefused } = slowStart(Math.min(create.length, BURST), makeOn, this.context.requests));
      for (const { name } of create) known.nodes.touch(name);
    }
    for (const pod of remove.slice(0, BURST)) this.context.requests.deletePod(pod);
    for (const pod of remove.slice(BURST)) known.nodes.touch(cluster.pods.pinnedNode[pod]);
    return isRefused;
  }

  // ---- which pods should be where --------------------------------------------------------------------------------

  private manage(pass: Pass): Changes {
    const create: SeenNode[] = [];
    const remove: number[] = [];
    for (const node of pass.touched) this.manageNode(pass, node, create, remove);
    return { create, remove };
  }

  private manageNode(pass: Pass, seen: SeenNode, create: SeenNode[], remove: number[]): void {
    const { verdict, pods } = seen;
    const living = pods.filter(({ isTerminating }) => !isTerminating);
    if (seen.node < 0) {
      // Scheduled ones are left to pod garbage collection.
      const { phase } = this.cluster.pods;
      remove.push(...living.filter(({ pod }) => phase[pod] === PodPhase.Pending).map(({ pod }) => pod));
    } else if (verdict.shouldRun && pods.length === 0) create.push(seen);
    else if (!verdict.shouldContinue) remove.push(...living.map(({ pod }) => pod));
    else {
      const running = this.withoutEnded(pass, seen, living, remove);
      if (pass.maxSurge > 0) this.keepTwo(running, seen, create, remove);
      else remove.push(...running.slice(1).map(({ pod }) => pod));
    }
  }

  /** Those that run; the others are deleted, failed ones not before their back-off is over. */
  private withoutEnded(
    { row, known }: Pass, { name }: SeenNode, living: readonly SeenPod[], remove: number[],
  ): readonly SeenPod[] {
    const { pods, now, workloads } = this.cluster;
    if (!living.some(({ pod }) => pods.hasEnded(pod))) return living;
    const generation = `${String(workloads.serial[row])}/${String(workloads.observedGeneration[row])}`;
    const key = `${String(row)}/${generation}/${String(name)}`;
    const running: SeenPod[] = [];
    for (const seen of living) {
      const phase = pods.phase[seen.pod];
      if (phase === PodPhase.Failed) {
        if (this.backoff.isWaiting(key, now)) {
          this.queue.addAfter(row, this.backoff.get(key));
          known.nodes.touch(name);
          continue;
        }
        this.backoff.next(key, now);
        remove.push(seen.pod);
      } else if (phase === PodPhase.Succeeded) remove.push(seen.pod);
      else running.push(seen);
    }
    return running;
  }

  /**
   * With surge an old pod and a new one may stand side by side until the new one is available or the old one is not
   * ready.
   */
  private keepTwo(
    running: readonly SeenPod[], seen: SeenNode, create: SeenNode[], remove: number[],
  ): void {
    if (running.length === 0 && seen.verdict.shouldRun) create.push(seen);
    if (running.length <= 1) return;
    const newest = running.find(({ isNew }) => isNew);
    const old = running.find(({ isNew }) => !isNew);
    for (const each of running) if (each !== newest && each !== old) remove.push(each.pod);
    if (newest !== undefined && old !== undefined && (!old.isReady || newest.isAvailable)) remove.push(old.pod);
  }

  // ---- rolling update --------------------------------------------------------------------------------------------

  /** Without surge: just enough old pods are deleted to stay within maxUnavailable. */
  private replace({ known, maxUnavailable }: Pass): Changes {
    let unavailable = 0;
    const replaced: number[] = [];
    const candidates: number[] = [];
    for (const { pods, pair } of known.nodes.all()) {
      if (pods.length === 0) continue;
      if (pair === null || (pair.newPod === null) === (pair.oldPod === null)) unavailable++;
      else if (pair.newPod !== null) unavailable += pair.newPod.isAvailable ? 0 : 1;
      else if (pair.oldPod?.isAvailable === false) {
        replaced.push(pair.oldPod.pod);
        unavailable++;
      } else if (pair.oldPod !== null && unavailable < maxUnavailable && candidates.length < maxUnavailable)
        candidates.push(pair.oldPod.pod);
    }
    return { create: [], remove: [...replaced, ...candidates.slice(0, Math.max(0, maxUnavailable - unavailable))] };
  }

  /** With surge: new pods first, old ones go once the new one is available. */
  private surge({ known, maxSurge, desired }: Pass): Changes {
    let surging = 0;
    let available = 0;
    const remove: number[] = [];
    const misplaced: number[] = [];
    const candidates: SeenNode[] = [];
    const allowed: SeenNode[] = [];
    for (const node of known.nodes.all()) {
      if (node.pods.length === 0) continue;
      if (node.pair === null) {
        surging++;
        continue;
      }
      const { newPod, oldPod } = node.pair;
      if ((oldPod ?? newPod)?.isAvailable === true) available++;
      if (oldPod === null) continue;
      if (newPod === null) {
        if (!node.verdict.shouldRun) (oldPod.isAvailable ? misplaced : remove).push(oldPod.pod);
        else if (!oldPod.isAvailable) allowed.push(node);
        else if (surging < maxSurge && candidates.length < maxSurge) candidates.push(node);
      } else if (newPod.isAvailable) remove.push(oldPod.pod);
      else surging++;
    }
    const spare = Math.max(0, available - desired);
    return {
      create: [...allowed, ...candidates.slice(0, Math.max(0, maxSurge - surging))],
      remove: [...remove, ...misplaced.slice(0, spare)],
    };
  }

  // ---- status ----------------------------------------------------------------------------------------------------

  private writeStatus(row: number, spec: WorkloadSpec, nodes: DaemonNodes, revisions: readonly Revision[]): void {
    const { desired, misscheduled, replicas, ready, available, updated } = nodes.counts;
    const before = this.details(row);
    const kept = this.cutRevisions(row, revisions, spec.revisionHistoryLimit ?? DEFAULT_HISTORY);
    const unavailable = desired - available;
    const isSame =
      before.revisions === kept && before.desired === desired && before.misscheduled === misscheduled &&
      before.unavailable === unavailable;
    const after: DaemonSetDetails = { kind: 'DaemonSet', revisions: kept, desired, misscheduled, unavailable };
    this.context.requests.writeStatus(row, { replicas, ready, available, updated }, isSame ? before : after);
    const { minReadySeconds = 0 } = spec;
    // Counted from now, whenever the pods became ready: the queue keeps the earliest of such times.
    if (minReadySeconds > 0 && ready !== available) this.queue.addAfter(row, minReadySeconds * MICROS_PER_SECOND);
  }

  private cutRevisions(row: number, revisions: readonly Revision[], limit: number): readonly Revision[] {
    if (revisions.length <= limit) return revisions;
    const { cluster } = this;
    const used = new Set(
      cluster.workloads.podsOf(row).map((pod) => cluster.templateOf(pod).labels.get(REVISION_LABEL)),
    );
    const update = revisions[revisions.length - 1];
    return cutHistory(revisions, (revision) => revision === update || used.has(revision.name), limit);
  }
}

// ---- back-off ------------------------------------------------------------------------------------------------------

interface BackoffEntry {
  readonly delay: Micros;
  readonly updatedAt: Micros;
}

/**
 * Back-off by key: begins with a base, doubles with each call, ends at a cap; after twice the cap without a call it
 * begins anew. Source: staging/src/k8s.io/client-go/util/flowcontrol/backoff.go (v1.36).
 */
class ItemBackoff {
  private readonly base: Micros;
  private readonly cap: Micros;
  private readonly entries = new Map<string, BackoffEntry>();

  constructor(base: Micros, cap: Micros) {
    this.base = base;
    this.cap = cap;
  }

  /** The delay in force, 0: none. */
  get(key: string): Micros {
    return this.entries.get(key)?.delay ?? 0;
  }

  /** Whether less than the delay has passed since the last call of `next`. */
  isWaiting(key: string, now: Micros): boolean {
    const entry = this.entries.get(key);
    return entry !== undefined && !this.hasExpired(entry, now) && now - entry.updatedAt < entry.delay;
  }

  next(key: string, now: Micros): void {
    const entry = this.entries.get(key);
    const delay = entry === undefined || this.hasExpired(entry, now) ? this.base : Math.min(entry.delay * 2, this.cap);
    this.entries.set(key, { delay, updatedAt: now });
  }

  /** Forgets what has expired. */
  collect(now: Micros): void {
    for (const [key, entry] of this.entries) if (this.hasExpired(entry, now)) this.entries.delete(key);
  }

  private hasExpired({ updatedAt }: BackoffEntry, now: Micros): boolean {
    return now - updatedAt > 2 * this.cap;
  }
}
