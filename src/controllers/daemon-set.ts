/**
 * The DaemonSet controller: one pod on each node that is to run it, pinned there; updates that take pods away first
 * (maxUnavailable) or make new ones first (maxSurge); failed pods are deleted with a back-off.
 * Source: pkg/controller/daemon/{daemon_controller,update}.go (v1.36). Requests take no time. A sync
 * that has made or deleted pods leaves the update to the next one, as unmet expectations do upstream. Nodes are gone
 * through in order of their names, where upstream's order is random. Costs all nodes and the set's pods a sync.
 */
import { MICROS_PER_MINUTE, MICROS_PER_SECOND } from '../base/time.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { PodPhase } from '../cluster/cluster.ts';
import type { WorkloadSpec } from '../cluster/objects.ts';
import { detailsAs } from '../cluster/workload-details.ts';
import type { DaemonSetDetails, Revision } from '../cluster/workload-details.ts';
import { daemonPlacement, daemonVerdict } from './daemon-placement.ts';
import type { DaemonVerdict } from './daemon-placement.ts';
import { withDaemonTolerations } from './daemon-sets.ts';
import { scaledAmount } from '../cluster/int-or-percent.ts';
import { ItemBackoff } from './item-backoff.ts';
import { createOwnedPod, deletePod, isAvailable, nameOf, podOf, settleSync, slowStart } from './owned-pods.ts';
import type { ControllerContext } from './owned-pods.ts';
import { REVISION_LABEL } from './stateful-set-pods.ts';
import { cutHistory, reviseTemplate } from './template-revisions.ts';
import type { QueueMaker, WorkloadQueue } from './work-queue.ts';

/** Most pods that a sync makes, and most that it deletes (BurstReplicas). */
const BURST = 250;
const FAILED_POD_BACKOFF = { base: MICROS_PER_SECOND, cap: 15 * MICROS_PER_MINUTE };
/** API default (pkg/apis/apps/v1/defaults.go). */
const DEFAULT_HISTORY = 10;

/** A pod as the sync found it. */
interface SeenPod {
  readonly pod: number;
  readonly isTerminating: boolean;
  readonly isNew: boolean;
  readonly isReady: boolean;
  readonly isAvailable: boolean;
}

/** A node, or the name of one that is gone, with the set's pods that belong to it. */
interface SeenNode {
  readonly name: string;
  readonly isThere: boolean;
  readonly verdict: DaemonVerdict;
  /** Scheduled before unscheduled, then oldest first. */
  readonly pods: readonly SeenPod[];
}

interface Pass {
  readonly row: number;
  readonly spec: WorkloadSpec;
  readonly update: Revision;
  /** By name. */
  readonly nodes: readonly SeenNode[];
  readonly desired: number;
  readonly maxSurge: number;
  readonly maxUnavailable: number;
}

interface Changes {
  readonly create: readonly string[];
  readonly remove: readonly number[];
}

const NOWHERE: DaemonVerdict = { shouldRun: false, shouldContinue: false };

export function daemonSetDetails(): DaemonSetDetails {
  return { kind: 'DaemonSet', revisions: [], desired: 0, misscheduled: 0, unavailable: 0 };
}

export class DaemonSetController {
  readonly queue: WorkloadQueue;
  private readonly context: ControllerContext;
  private readonly cluster: Cluster;
  private readonly backoff = new ItemBackoff(FAILED_POD_BACKOFF.base, FAILED_POD_BACKOFF.cap);

  constructor(context: ControllerContext, makeQueue: QueueMaker) {
    this.context = context;
    this.cluster = context.cluster;
    this.queue = makeQueue('daemonset', (row) => this.sync(row));
  }

  sync(row: number): void {
    const { workloads } = this.cluster;
    if (workloads.isDeleting(row)) return;
    const spec = workloads.object[row]?.spec ?? {};
    const { revisions, update } = reviseTemplate(
      this.details(row).revisions,
      nameOf(this.cluster, row),
      spec.template ?? {},
    );
    const pass = this.begin(row, spec, update);
    const managed = this.manage(pass);
    let isRefused = this.apply(pass, managed);
    const isRolling = (spec.updateStrategy?.type ?? 'RollingUpdate') === 'RollingUpdate';
    if (isRolling && managed.create.length + managed.remove.length === 0) {
      isRefused = this.apply(pass, pass.maxSurge === 0 ? this.replace(pass) : this.surge(pass));
    }
    this.writeStatus(pass, revisions);
    settleSync(this.context, this.queue, row, isRefused);
  }

  private details(row: number): DaemonSetDetails {
    return detailsAs('DaemonSet', this.cluster.workloads.details[row]);
  }

  private begin(row: number, spec: WorkloadSpec, update: Revision): Pass {
    const nodes = this.seeNodes(row, spec, update);
    const desired = nodes.filter(({ verdict }) => verdict.shouldRun).length;
    const { maxSurge = 0, maxUnavailable = 1 } = spec.updateStrategy?.rollingUpdate ?? {};
    const surge = scaledAmount(maxSurge, desired, 'up');
    const unavailable = scaledAmount(maxUnavailable, desired, 'up');
    const neither = surge === 0 && unavailable === 0 && desired > 0;
    return { row, spec, update, nodes, desired, maxSurge: surge, maxUnavailable: neither ? 1 : unavailable };
  }

  private seeNodes(row: number, spec: WorkloadSpec, update: Revision): readonly SeenNode[] {
    const { nodes, names } = this.cluster;
    const placement = daemonPlacement(spec.template?.spec ?? {});
    const byName = this.podsByNode(row, spec, update);
    const seen: SeenNode[] = [];
    for (let node = 0; node < nodes.length; node++) {
      if (nodes.alive[node] === 0) continue;
      const facts = nodes.facts[node];
      const key = names.find(facts.name);
      seen.push({
        name: facts.name,
        isThere: true,
        verdict: daemonVerdict(placement, facts),
        pods: byName.get(key) ?? [],
      });
      byName.delete(key);
    }
    for (const [name, pods] of byName) seen.push({ name: names.text(name), isThere: false, verdict: NOWHERE, pods });
    return seen.sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /**
   * By interned name of the node that a pod is pinned to. Pods that have ended and are deleted do not count any more.
   */
  private podsByNode(row: number, spec: WorkloadSpec, update: Revision): Map<number, SeenPod[]> {
    const { cluster } = this;
    const { pods } = cluster;
    const byName = new Map<number, SeenPod[]>();
    for (const pod of cluster.workloads.podsOf(row)) {
      const isTerminating = pods.isTerminating(pod);
      if (isTerminating && pods.hasEnded(pod)) continue;
      const seen: SeenPod = {
        pod, isTerminating,
        isNew: cluster.templateOf(pod).labels.get(REVISION_LABEL) === update.name,
        isReady: pods.isReady(pod),
        isAvailable: isAvailable(cluster, pod, spec.minReadySeconds ?? 0),
      };
      const list = byName.get(pods.pinnedNode[pod]);
      if (list === undefined) byName.set(pods.pinnedNode[pod], [seen]);
      else list.push(seen);
    }
    for (const list of byName.values()) if (list.length > 1) list.sort((a, b) => this.compareAge(a.pod, b.pod));
    return byName;
  }

  private compareAge(a: number, b: number): number {
    const { pods } = this.cluster;
    const isScheduled = (pod: number): number => (pods.phase[pod] === PodPhase.Pending ? 1 : 0);
    return isScheduled(a) - isScheduled(b) || pods.createdAt[a] - pods.createdAt[b] || pods.serial[a] - pods.serial[b];
  }

  /** Whether a pod was refused. */
  private apply({ row, update }: Pass, { create, remove }: Changes): boolean {
    const { cluster } = this;
    let isRefused = false;
    if (create.length > 0) {
      const template = { ...update.template, spec: withDaemonTolerations(update.template.spec ?? {}) };
      const id = this.context.admit(podOf(cluster, row, template, { [REVISION_LABEL]: update.name }));
      const names = create.slice(0, BURST);
      const makeOn = (at: number): boolean =>
        createOwnedPod(this.context, row, id, { pinnedNode: cluster.names.intern(names[at]) }) >= 0;
      ({ isRefused } = slowStart(names.length, makeOn));
    }
    for (const pod of remove.slice(0, BURST)) deletePod(cluster, pod);
    return isRefused;
  }

  // ---- which pods should be where --------------------------------------------------------------------------------

  private manage(pass: Pass): Changes {
    const create: string[] = [];
    const remove: number[] = [];
    for (const node of pass.nodes) this.manageNode(pass, node, create, remove);
    return { create, remove };
  }

  private manageNode(pass: Pass, { name, isThere, verdict, pods }: SeenNode, create: string[], remove: number[]): void {
    const living = pods.filter((seen) => !seen.isTerminating);
    if (!isThere) {
      // Scheduled ones are left to pod garbage collection.
      const { phase } = this.cluster.pods;
      remove.push(...living.filter(({ pod }) => phase[pod] === PodPhase.Pending).map(({ pod }) => pod));
    } else if (verdict.shouldRun && pods.length === 0) create.push(name);
    else if (!verdict.shouldContinue) remove.push(...living.map(({ pod }) => pod));
    else {
      const running = this.withoutEnded(pass, name, living, remove);
      if (pass.maxSurge > 0) this.keepTwo(running, name, verdict, create, remove);
      else remove.push(...running.slice(1).map(({ pod }) => pod));
    }
  }

  /** Those that run; the others are deleted, failed ones not before their back-off is over. */
  private withoutEnded(
    { row }: Pass, nodeName: string, living: readonly SeenPod[], remove: number[],
  ): readonly SeenPod[] {
    const { pods, now, workloads } = this.cluster;
    const key = `${String(row)}/${String(workloads.serial[row])}/${String(workloads.observedGeneration[row])}/${nodeName}`;
    const running: SeenPod[] = [];
    for (const seen of living) {
      const phase = pods.phase[seen.pod];
      if (phase === PodPhase.Failed) {
        if (this.backoff.isWaiting(key, now)) {
          this.queue.addAfter(row, this.backoff.get(key));
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
    running: readonly SeenPod[], name: string, { shouldRun }: DaemonVerdict, create: string[], remove: number[],
  ): void {
    if (running.length === 0 && shouldRun) create.push(name);
    if (running.length <= 1) return;
    const newest = running.find(({ isNew }) => isNew);
    const old = running.find(({ isNew }) => !isNew);
    for (const seen of running) if (seen !== newest && seen !== old) remove.push(seen.pod);
    if (newest !== undefined && old !== undefined && (!old.isReady || newest.isAvailable)) remove.push(old.pod);
  }

  // ---- rolling update --------------------------------------------------------------------------------------------

  /** The old and the new pod of a node; null: more than one of a kind, which is left to `manage`. */
  private pairOf(
    { pods }: SeenNode,
  ): { readonly newPod: SeenPod | undefined; readonly oldPod: SeenPod | undefined } | null {
    const living = pods.filter((seen) => !seen.isTerminating);
    const newPods = living.filter(({ isNew }) => isNew);
    const oldPods = living.filter(({ isNew }) => !isNew);
    if (newPods.length > 1 || oldPods.length > 1) return null;
    return { newPod: newPods[0], oldPod: oldPods[0] };
  }

  /** Without surge: just enough old pods are deleted to stay within maxUnavailable. */
  private replace({ nodes, maxUnavailable }: Pass): Changes {
    let unavailable = 0;
    const replaced: number[] = [];
    const candidates: number[] = [];
    for (const node of nodes) {
      if (node.pods.length === 0) continue;
      const pair = this.pairOf(node);
      const { newPod, oldPod } = pair ?? {};
      if (pair === null || (newPod === undefined) === (oldPod === undefined)) unavailable++;
      else if (newPod !== undefined) unavailable += newPod.isAvailable ? 0 : 1;
      else if (oldPod?.isAvailable === false) {
        replaced.push(oldPod.pod);
        unavailable++;
      } else if (oldPod !== undefined && unavailable < maxUnavailable) candidates.push(oldPod.pod);
    }
    return { create: [], remove: [...replaced, ...candidates.slice(0, Math.max(0, maxUnavailable - unavailable))] };
  }

  /** With surge: new pods first, old ones go once the new one is available. */
  private surge({ nodes, maxSurge, desired }: Pass): Changes {
    let surging = 0;
    let available = 0;
    const remove: number[] = [];
    const misplaced: number[] = [];
    const candidates: string[] = [];
    const allowed: string[] = [];
    for (const node of nodes) {
      if (node.pods.length === 0) continue;
      const pair = this.pairOf(node);
      if (pair === null) {
        surging++;
        continue;
      }
      const { newPod, oldPod } = pair;
      if ((oldPod ?? newPod)?.isAvailable === true) available++;
      if (oldPod === undefined) continue;
      if (newPod === undefined) {
        if (!node.verdict.shouldRun) (oldPod.isAvailable ? misplaced : remove).push(oldPod.pod);
        else if (!oldPod.isAvailable) allowed.push(node.name);
        else if (surging < maxSurge) candidates.push(node.name);
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

  private writeStatus({ row, spec, nodes, desired }: Pass, revisions: readonly Revision[]): void {
    const { cluster } = this;
    const scheduled = nodes.filter(({ pods }) => pods.length > 0);
    const placed = scheduled.filter(({ verdict }) => verdict.shouldRun).map(({ pods }) => pods[0]);
    const ready = placed.filter(({ isReady }) => isReady);
    const available = ready.filter((seen) => seen.isAvailable).length;
    const before = this.details(row);
    const used = new Set(
      cluster.workloads.podsOf(row).map((pod) => cluster.templateOf(pod).labels.get(REVISION_LABEL)),
    );
    const update = revisions[revisions.length - 1];
    const kept = cutHistory(
      revisions,
      (revision) => revision === update || used.has(revision.name),
      spec.revisionHistoryLimit ?? DEFAULT_HISTORY,
    );
    const misscheduled = scheduled.filter(({ isThere, verdict }) => isThere && !verdict.shouldRun).length;
    const after: DaemonSetDetails = {
      kind: 'DaemonSet',
      revisions: kept,
      desired,
      misscheduled,
      unavailable: desired - available,
    };
    const isSame =
      before.revisions === kept && before.desired === desired && before.misscheduled === misscheduled &&
      before.unavailable === after.unavailable;
    const counts = {
      replicas: placed.length,
      ready: ready.length,
      available,
      updated: placed.filter(({ isNew }) => isNew).length,
    };
    cluster.workloadWriter.writeStatus(row, counts, isSame ? before : after);
    const { minReadySeconds = 0 } = spec;
    // Counted from now, whenever the pods became ready: the queue keeps the earliest of such times.
    if (minReadySeconds > 0 && ready.length !== available)
      this.queue.addAfter(row, minReadySeconds * MICROS_PER_SECOND);
  }
}
