/**
 * The StatefulSet controller: pods with ordinals, made and given up in order (or all at once: Parallel), updated from
 * the highest down. A sync goes over the replicas, then over the pods beyond them, then takes a step of the update.
 * Source: pkg/controller/statefulset/{stateful_set,stateful_set_control,stateful_set_utils}.go (v1.36). No
 * expectations: a pod's name is unique. Costs the set's pods a sync.
 */
import type { Cluster } from '../cluster/cluster.ts';
import { PodPhase } from '../cluster/cluster.ts';
import type { PersistentVolumeClaim, WorkloadSpec } from '../cluster/objects.ts';
import { detailsAs } from '../cluster/workload-details.ts';
import type { Revision, StatefulSetDetails } from '../cluster/workload-details.ts';
import { scaledAmount } from '../cluster/int-or-percent.ts';
import {
  createOwnedPod,
  isAvailable,
  nameOf,
  settleSync,
  slowStart,
} from './owned-pods.ts';
import type { ControllerContext } from './owned-pods.ts';
import {
  REVISION_LABEL,
  claimKeys,
  createClaims,
  isStale,
  retentionPolicy,
  statefulPod,
  updateClaimOwners,
} from './stateful-set-pods.ts';
import type { ClaimPod } from './stateful-set-pods.ts';
import { cutHistory, reviseTemplate } from './template-revisions.ts';
import type { QueueMaker, WorkloadQueue } from './work-queue.ts';

/** API default (pkg/apis/apps/v1/defaults.go). */
const DEFAULT_HISTORY = 10;

/** A StatefulSet in the middle of a sync. */
interface Pass {
  readonly row: number;
  readonly spec: WorkloadSpec;
  readonly start: number;
  readonly minReadySeconds: number;
  readonly isOrdered: boolean;
  readonly current: Revision;
  readonly update: Revision;
  /** By ordinal from the start: pod row, -1 where none stood when the sync began. */
  readonly replicas: readonly number[];
  /** Beyond the size, the highest ordinal first. */
  readonly condemned: readonly number[];
  readonly firstUnavailable: number;
  /** Pods that were terminating when the sync began: what it deletes itself it goes on seeing as it was. */
  readonly terminating: ReadonlySet<number>;
  /** Claims that this sync has made: its cache does not know them. */
  readonly unseenClaims: Set<string>;
  /** The API server has refused a pod: the sync ends with an error. */
  isRefused: boolean;
}

interface Counts {
  readonly replicas: number;
  readonly ready: number;
  readonly available: number;
  readonly current: number;
  readonly updated: number;
}

export function statefulSetDetails(): StatefulSetDetails {
  return { kind: 'StatefulSet', revisions: [], currentRevision: '', updateRevision: '', currentReplicas: 0 };
}

/**
 * How many pods a step of a rolling update takes. `several`: as many as maxUnavailable leaves, which v1.36 does behind
 * its gate MaxUnavailableStatefulSet; `uselessFirst`: of a Parallel set all outdated ones that are not available
 * besides, as v1.37 has it.
 */
export type StatefulUpdates = 'one' | 'several' | 'uselessFirst';

/** A set that was found whole: every ordinal has a pod of the update revision, and none is on its way out. */
interface WholeSet {
  readonly incarnation: number;
  readonly generation: number;
  readonly revision: string;
  /** Objects that had been removed by then: claims may be among those since. */
  readonly removals: number;
}

export class StatefulSetController {
  readonly queue: WorkloadQueue;
  private readonly context: ControllerContext;
  private readonly cluster: Cluster;
  private readonly updates: StatefulUpdates;
  /** By template id: what its label says, null: nothing. A set's pods are asked at every sync. */
  private readonly revisions: (string | null | undefined)[] = [];
  /** By row. */
  private readonly whole = new Map<number, WholeSet>();

  constructor(context: ControllerContext, makeQueue: QueueMaker, updates: StatefulUpdates = 'one') {
    this.context = context;
    this.cluster = context.cluster;
    this.updates = updates;
    this.queue = makeQueue('statefulset', (row) => this.sync(row));
  }

  sync(row: number): void {
    const { workloads } = this.cluster;
    const details = this.details(row);
    const spec = workloads.object[row]?.spec ?? {};
    const { revisions, update } = reviseTemplate(details.revisions, nameOf(this.cluster, row), spec.template ?? {});
    const current = revisions.find(({ name }) => name === details.currentRevision) ?? update;
    const { minReadySeconds = 0 } = spec;
    const isWhole = current.name === update.name && this.isWhole(row, update);
    if (isWhole) {
      this.writeStatus({ row, spec, current, update }, revisions, this.countWhole(row, minReadySeconds), true);
      settleSync(this.context, this.queue, row, false);
    } else {
      const pass = this.begin(row, spec, current, update);
      const counts = workloads.isDeleting(row) ? this.count(pass, workloads.podsOf(row)) : this.reconcile(pass);
      this.writeStatus(pass, revisions, counts, false);
      settleSync(this.context, this.queue, row, pass.isRefused);
      this.noteWhole(pass, counts);
    }
    if (minReadySeconds === 0) return;
    const next = this.context.counts.untilNextAvailable(row, minReadySeconds);
    if (next !== Infinity) this.queue.addAfter(row, next);
  }

  // ---- whole sets ------------------------------------------------------------------------------------------------

  /**
   * Whether a sync has nothing to do but to write the status: nobody but a sync makes pods of the set, so that as many
   * active ones as are wanted are those that were found. Else each pod that turns ready would cost a walk over all.
   */
  private isWhole(row: number, { name }: Revision): boolean {
    const { workloads, objects } = this.cluster;
    const found = this.whole.get(row);
    return found !== undefined && found.incarnation === workloads.incarnation[row] &&
      found.generation === workloads.generation[row] && found.revision === name &&
      found.removals === objects.removals &&
      !workloads.isDeleting(row) && this.hasAllAlive(row);
  }

  private hasAllAlive(row: number): boolean {
    const { counts } = this.context;
    return counts.active(row) === this.cluster.workloads.wanted[row] && counts.terminating(row) === 0;
  }

  private countWhole(row: number, minReadySeconds: number): Counts {
    const { counts, cluster } = this.context;
    const all = cluster.workloads.wanted[row];
    const [ready, available] = [counts.ready(row), counts.available(row, minReadySeconds)];
    return { replicas: all, ready, available, current: all, updated: all };
  }

  /** A late controller may find what it has asked for otherwise than it thinks: it always looks. */
  private noteWhole({ row, current, update, replicas, condemned, isRefused }: Pass, counts: Counts): void {
    const { workloads, objects } = this.cluster;
    const isOnTime = this.context.requests.late === null;
    const isWhole = isOnTime && current.name === update.name && !isRefused && condemned.length === 0 &&
      counts.replicas === replicas.length && counts.updated === replicas.length && this.hasAllAlive(row);
    if (isWhole) {
      this.whole.set(row, {
        incarnation: workloads.incarnation[row], generation: workloads.generation[row], revision: update.name,
        removals: objects.removals,
      });
    } else this.whole.delete(row);
  }

  private details(row: number): StatefulSetDetails {
    return detailsAs('StatefulSet', this.cluster.workloads.details[row]);
  }

  private begin(row: number, spec: WorkloadSpec, current: Revision, update: Revision): Pass {
    const { workloads, pods } = this.cluster;
    const start = spec.ordinals?.start ?? 0;
    const replicas = new Array<number>(workloads.wanted[row]).fill(-1);
    const condemned: number[] = [];
    const terminating = new Set<number>();
    for (let pod = workloads.firstPodOf(row); pod >= 0; pod = workloads.podAfter(pod)) {
      const index = pods.item[pod] - start;
      if (index >= 0 && index < replicas.length) replicas[index] = pod;
      else if (pods.item[pod] >= 0) condemned.push(pod);
      if (pods.isTerminating(pod)) terminating.add(pod);
    }
    condemned.sort((a, b) => pods.item[b] - pods.item[a]);
    const minReadySeconds = spec.minReadySeconds ?? 0;
    const isUnavailable = (pod: number): boolean => this.isUnavailable({ terminating, minReadySeconds }, pod);
    // A replica that is not there yet is the first that is unavailable, too, and no condemned pod is it then.
    const firstUnavailable = replicas.find(isUnavailable) ?? [...condemned].reverse().find(isUnavailable) ?? -1;
    return {
      row, spec, start, minReadySeconds, current, update, replicas, condemned, firstUnavailable, terminating,
      isOrdered: (spec.podManagementPolicy ?? 'OrderedReady') === 'OrderedReady',
      unseenClaims: new Set(),
      isRefused: false,
    };
  }

  private isUnavailable(
    { terminating, minReadySeconds }: Pick<Pass, 'terminating' | 'minReadySeconds'>, pod: number,
  ): boolean {
    return pod < 0 || !this.isRunningAndAvailable(pod, minReadySeconds) || terminating.has(pod);
  }

  private isRunningAndReady(pod: number): boolean {
    const { pods } = this.cluster;
    return pods.phase[pod] === PodPhase.Running && pods.isReady(pod);
  }

  private isRunningAndAvailable(pod: number, minReadySeconds: number): boolean {
    return this.isRunningAndReady(pod) && isAvailable(this.cluster, pod, minReadySeconds);
  }

  /** A pod without the label, which no controller has made, is taken to be up to date. */
  private revisionOf(pod: number, update: Revision): string {
    const { cluster, revisions } = this;
    const template = cluster.pods.template[pod];
    const known = revisions[template];
    if (known !== undefined) return known ?? update.name;
    revisions[template] = cluster.templateOf(pod).labels.get(REVISION_LABEL) ?? null;
    return revisions[template] ?? update.name;
  }

  private reconcile(pass: Pass): Counts {
    const { replicas, condemned, isOrdered } = pass;
    const all = [...replicas.filter((pod) => pod >= 0), ...condemned];
    if (isOrdered) {
      for (let index = 0; index < replicas.length; index++)
        if (this.keepReplica(pass, index)) return this.count(pass, all);
    } else if (this.keepAll(pass)) return this.count(pass, all);
    const { deletesWithSet, deletesWhenScaled } = retentionPolicy(pass.spec);
    if (deletesWithSet || deletesWhenScaled || this.hasClaims(pass))
      for (const pod of condemned) this.fixClaims(pass, pod, true);
    for (const pod of condemned) if (this.giveUp(pass, pod) && isOrdered) return this.count(pass, all);
    const counts = this.count(pass, all);
    if (pass.spec.updateStrategy?.type === 'OnDelete') return counts;
    const deleted = this.updates === 'one' ? this.updateOne(pass) : this.updateSeveral(pass);
    return { ...counts, current: counts.current - deleted };
  }

  private hasClaims({ spec }: Pass): boolean {
    return spec.volumeClaimTemplates !== undefined && spec.volumeClaimTemplates.length > 0;
  }

  /** Where no order is kept, only a refusal ends the sync. */
  private keepAll(pass: Pass): boolean {
    return slowStart(pass.replicas.length, (index) => {
      this.keepReplica(pass, index);
      return !pass.isRefused;
    }, this.context.requests).isRefused;
  }

  /** One replica; true: an ordered set goes no further in this sync. */
  private keepReplica(pass: Pass, index: number): boolean {
    const { pods } = this.cluster;
    const pod = pass.replicas[index];
    if (pod < 0) return this.createReplica(pass, pass.start + index);
    if (pods.hasEnded(pod)) {
      if (!pods.isTerminating(pod)) this.context.requests.deletePod(pod);
      return true;
    }
    if (pods.phase[pod] !== PodPhase.Running) this.completeClaims(pass, pod);
    if (!pass.isOrdered) this.fixClaims(pass, pod, false);
    else if (this.isUnavailable(pass, pod)) return true;
    else this.fixClaims(pass, pod, false);
    return false;
  }

  private createReplica(pass: Pass, ordinal: number): boolean {
    const { cluster } = this;
    const { row } = pass;
    const name = `${nameOf(cluster, row)}-${String(ordinal)}`;
    // Whoever asks has no UID yet, so a claim that goes with any pod of this name goes with an earlier one.
    const claims = claimKeys(cluster, row, ordinal).map((key) =>
      cluster.objects.get<PersistentVolumeClaim>('PersistentVolumeClaim', key),
    );
    if (
      retentionPolicy(pass.spec).deletesWhenScaled &&
      claims.some((claim) => claim !== undefined && isStale(claim, { name, uid: '' }))
    )
      return true;
    for (const key of createClaims(this.context, row, ordinal)) pass.unseenClaims.add(key);
    const pod = createOwnedPod(
      this.context,
      row,
      this.context.admit(statefulPod(cluster, row, this.revisionFor(pass, ordinal), ordinal)),
      {
        item: ordinal,
        nameOrdinal: ordinal,
      },
    );
    if (pod < 0) pass.isRefused = true;
    // A controller that does not see its pod yet has its turn again when it does.
    else if (this.context.requests.late === null) this.fixClaims(pass, pod, false);
    return true;
  }

  /**
   * Below the partition, and without one below what is still current, a pod comes back as it was. The API server fills
   * in partition 0 where no strategy is written (pkg/apis/apps/v1/defaults.go), so that a pod which is given up because
   * it is outdated and of no use does not come back outdated for ever.
   */
  private revisionFor({ row, spec, start, current, update }: Pass, ordinal: number): Revision {
    if (spec.updateStrategy?.type === undefined && spec.updateStrategy?.rollingUpdate === undefined) return update;
    const { type = 'RollingUpdate', rollingUpdate } = spec.updateStrategy;
    if (type === 'RollingUpdate' && rollingUpdate === undefined)
      return ordinal < start + this.details(row).currentReplicas ? current : update;
    return rollingUpdate !== undefined && ordinal < start + (rollingUpdate.partition ?? 0) ? current : update;
  }

  private completeClaims(pass: Pass, pod: number): void {
    if (!this.hasClaims(pass)) return;
    for (const key of createClaims(this.context, pass.row, this.cluster.pods.item[pod])) pass.unseenClaims.add(key);
    this.fixClaims(pass, pod, false);
  }

  private fixClaims(pass: Pass, pod: number, isCondemned: boolean): void {
    if (!this.hasClaims(pass)) return;
    const { cluster } = this;
    const { row, unseenClaims } = pass;
    const claimPod: ClaimPod = {
      name: cluster.podName(pod),
      uid: `Pod/${String(cluster.pods.serial[pod])}`,
      isCondemned,
    };
    updateClaimOwners(this.context, row, cluster.pods.item[pod], claimPod, unseenClaims);
  }

  /** One pod beyond the size; true: an ordered set goes no further in this sync. */
  private giveUp(pass: Pass, pod: number): boolean {
    if (pass.terminating.has(pod)) return true;
    const mayGo =
      !pass.isOrdered || this.isRunningAndAvailable(pod, pass.minReadySeconds) || pod === pass.firstUnavailable;
    if (mayGo) this.context.requests.deletePod(pod);
    return true;
  }

  // ---- rolling update --------------------------------------------------------------------------------------------

  private isOutdated({ update, terminating }: Pass, pod: number): boolean {
    return pod >= 0 && this.revisionOf(pod, update) !== update.name && !terminating.has(pod);
  }

  /** The highest outdated pod goes, unless one above it is not available. Returns how many went. */
  private updateOne(pass: Pass): number {
    const partition = pass.spec.updateStrategy?.rollingUpdate?.partition ?? 0;
    for (let index = pass.replicas.length - 1; index >= partition; index--) {
      const pod = pass.replicas[index];
      if (this.isOutdated(pass, pod)) {
        this.context.requests.deletePod(pod);
        return 1;
      }
      if (this.isUnavailable(pass, pod)) return 0;
    }
    return 0;
  }

  /** As many as may be unavailable beside those that are. */
  private updateSeveral(pass: Pass): number {
    const { replicas, spec } = pass;
    const { partition = 0, maxUnavailable = 1 } = spec.updateStrategy?.rollingUpdate ?? {};
    const most = Math.max(1, scaledAmount(maxUnavailable, replicas.length, 'down'));
    let unavailable = 0;
    for (const pod of replicas) if (this.isUnavailable(pass, pod)) unavailable++;
    const outdated: number[] = [];
    for (let index = replicas.length - 1; index >= partition; index--)
      if (this.isOutdated(pass, replicas[index])) outdated.push(replicas[index]);
    // Where no order is kept, those that are of no use anyway go first, and beside the budget.
    const useless =
      pass.isOrdered || this.updates !== 'uselessFirst' ? [] : outdated.filter((pod) => this.isUnavailable(pass, pod));
    const others = useless.length === 0 ? outdated : outdated.filter((pod) => !useless.includes(pod));
    const going = [...useless, ...others.slice(0, Math.max(0, most - unavailable))];
    for (const pod of going) this.context.requests.deletePod(pod);
    return going.length;
  }

  // ---- status ----------------------------------------------------------------------------------------------------

  /** As the sync found them: neither what it has made nor what it has deleted shows. */
  private count({ current, update, minReadySeconds, terminating }: Pass, rows: readonly number[]): Counts {
    const counts = { replicas: rows.length, ready: 0, available: 0, current: 0, updated: 0 };
    for (const pod of rows) {
      if (this.isRunningAndReady(pod)) {
        counts.ready++;
        if (isAvailable(this.cluster, pod, minReadySeconds)) counts.available++;
      }
      if (terminating.size > 0 && terminating.has(pod)) continue;
      const revision = this.revisionOf(pod, update);
      if (revision === current.name) counts.current++;
      if (revision === update.name) counts.updated++;
    }
    return counts;
  }

  private writeStatus(
    { row, spec, current, update }: Pick<Pass, 'row' | 'spec' | 'current' | 'update'>,
    revisions: readonly Revision[], counts: Counts, isWhole: boolean,
  ): void {
    const { workloads, pods } = this.cluster;
    const wanted = workloads.wanted[row];
    const isComplete =
      (spec.updateStrategy?.type ?? 'RollingUpdate') === 'RollingUpdate' &&
      counts.updated === wanted && counts.ready === wanted && counts.replicas === wanted;
    const before = this.details(row);
    const currentRevision = isComplete ? update.name : current.name;
    const used = new Set([currentRevision, update.name]);
    let last = update.name;
    for (let pod = isWhole ? -1 : workloads.firstPodOf(row); pod >= 0; pod = workloads.podAfter(pod)) {
      if (pods.hasEnded(pod)) continue;
      const name = this.revisionOf(pod, update);
      if (name !== last) used.add((last = name));
    }
    const kept = cutHistory(revisions, ({ name }) => used.has(name), spec.revisionHistoryLimit ?? DEFAULT_HISTORY);
    const after: StatefulSetDetails = {
      kind: 'StatefulSet', revisions: kept, currentRevision, updateRevision: update.name,
      currentReplicas: isComplete ? counts.updated : counts.current,
    };
    const isSame =
      before.revisions === kept && before.currentRevision === after.currentRevision &&
      before.updateRevision === after.updateRevision && before.currentReplicas === after.currentReplicas;
    const { replicas, ready, available, updated } = counts;
    this.context.requests.writeStatus(row, { replicas, ready, available, updated }, isSame ? before : after);
  }
}
