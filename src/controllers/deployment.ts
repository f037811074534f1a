/**
 * The Deployment controller: ReplicaSets of a Deployment, one for each template, and how pods move from the old ones to
 * the new one. A sync takes one step: it scales up, or scales down, or settles the status.
 * Source: pkg/controller/deployment/{deployment_controller,sync,rolling,recreate,progress}.go (v1.36).
 * Costs the Deployment's ReplicaSets a sync, not their pods.
 */
import { MICROS_PER_SECOND } from '../base/time.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { compareTexts } from '../cluster/label-requirements.ts';
import type { PodTemplateSpec, WorkloadSpec } from '../cluster/objects.ts';
import {
  conditionOf,
  detailsAs,
  newCondition,
  sameConditions,
  withCondition,
} from '../cluster/workload-details.ts';
import type { DeploymentDetails, ReplicaSetDetails } from '../cluster/workload-details.ts';
import { newReplicas, proportion, rolloutLimits } from './deployment-sizes.ts';
import type { RolloutLimits } from './deployment-sizes.ts';
import {
  Reason,
  countSets,
  isComplete,
  stuckRecheckMicros,
  withAvailability,
  withProgress,
} from './deployment-status.ts';
import type { DeploymentCounts } from './deployment-status.ts';
import { createReplicaSet } from './new-replica-set.ts';
import type { ControllerContext } from './owned-pods.ts';
import { NO_LIMIT, syncSettled } from './settled-deployments.ts';
import { isSameTemplate } from './template-revisions.ts';
import type { QueueMaker, WorkloadQueue } from './work-queue.ts';

/** API defaults (pkg/apis/apps/v1/defaults.go). */
const DEFAULT_DEADLINE_SECONDS = 600;
const DEFAULT_HISTORY = 10;

/** A Deployment in the middle of a sync. */
interface Rollout {
  readonly row: number;
  readonly spec: WorkloadSpec;
  readonly template: PodTemplateSpec;
  readonly wanted: number;
  readonly limits: RolloutLimits;
  readonly deadlineSeconds: number | null;
  /** Oldest first. */
  readonly sets: readonly number[];
}

/** The ReplicaSets of a rollout. */
interface Sets {
  /** -1: there is none of this template. */
  readonly newest: number;
  readonly old: readonly number[];
  /** The old ones, then the newest. */
  readonly all: readonly number[];
  /** Their sizes before this sync changed any: what the status counts unavailable pods by. */
  readonly sizes: readonly number[];
}

const NO_SETS: Sets = { newest: -1, old: [], all: [], sizes: [] };

export function deploymentDetails(): DeploymentDetails {
  return { kind: 'Deployment', conditions: [], unavailable: 0, collisionCount: 0, revision: 0 };
}

export class DeploymentController {
  readonly queue: WorkloadQueue;
  private readonly context: ControllerContext;
  private readonly cluster: Cluster;
  private readonly isShort: boolean;

  /** `isShort`: settled Deployments are worked on by their counts; both ways write the same. */
  constructor(context: ControllerContext, makeQueue: QueueMaker, isShort = true) {
    this.context = context;
    this.isShort = isShort;
    this.cluster = context.cluster;
    this.queue = makeQueue('deployment', (row) => this.sync(row));
  }

  sync(row: number): void {
    if (this.isShort && syncSettled(this.context, row)) return this.queue.settled(row);
    const { workloads } = this.cluster;
    const spec = workloads.object[row]?.spec ?? {};
    const wanted = workloads.wanted[row];
    const seconds = spec.progressDeadlineSeconds ?? DEFAULT_DEADLINE_SECONDS;
    const rollout: Rollout = {
      row, spec, wanted,
      template: spec.template ?? {},
      limits: rolloutLimits(spec, wanted),
      deadlineSeconds: seconds === NO_LIMIT ? null : seconds,
      sets: workloads.children[row].filter((set) => !workloads.isDeleting(set)),
    };
    if (workloads.isDeleting(row)) return this.writeStatus(rollout, this.findSets(rollout));
    this.notePause(rollout);
    if (spec.paused === true) return this.scaleOnly(rollout);
    if (this.isScaling(rollout)) return this.scaleOnly(rollout);
    if (rollout.limits.isRolling) this.roll(rollout);
    else this.recreate(rollout);
  }

  // ---- ReplicaSets -----------------------------------------------------------------------------------------------

  private set(row: number): ReplicaSetDetails {
    return detailsAs('ReplicaSet', this.cluster.workloads.details[row]);
  }

  private details(row: number): DeploymentDetails {
    return detailsAs('Deployment', this.cluster.workloads.details[row]);
  }

  /** Without making one. */
  private findSets({ template, sets }: Rollout): Sets {
    if (sets.length === 0) return NO_SETS;
    const newest = sets.find((set) => isSameTemplate(this.set(set).template, template)) ?? -1;
    const old = sets.filter((set) => set !== newest);
    return this.withSizes(newest, old);
  }

  private withSizes(newest: number, old: readonly number[]): Sets {
    const all = newest < 0 ? old : [...old, newest];
    return { newest, old, all, sizes: all.map((set) => this.cluster.workloads.wanted[set]) };
  }

  /** The ReplicaSet of the template, known by the highest revision number; -1: none, or one that is not seen yet. */
  private syncedSets(rollout: Rollout, mayCreate: boolean): Sets {
    const sets = this.findSets(rollout);
    const revision = Math.max(0, ...sets.old.map((set) => this.set(set).revision)) + 1;
    if (sets.newest >= 0) {
      this.keepNewest(rollout, sets.newest, revision);
      return sets;
    }
    if (!mayCreate) return sets;
    const newest = this.createSet(rollout, sets.old, revision);
    return this.withSizes(newest, sets.old);
  }

  /** Its revision is the highest again, or, if it is, the Deployment says so. */
  private keepNewest(rollout: Rollout, newest: number, revision: number): void {
    const { workloads } = this.cluster;
    const { requests } = this.context;
    const set = this.set(newest);
    const minReadySeconds = rollout.spec.minReadySeconds ?? 0;
    if (set.revision < revision || set.minReadySeconds !== minReadySeconds) {
      const grown = set.revision < revision;
      const revisionHistory = grown && set.revision > 0 ? [...set.revisionHistory, set.revision] : set.revisionHistory;
      const details = { ...set, minReadySeconds, revisionHistory, revision: Math.max(set.revision, revision) };
      return requests.scale(newest, workloads.wanted[newest], details);
    }
    const details = this.details(rollout.row);
    let { conditions } = details;
    if (rollout.deadlineSeconds !== null && conditionOf(conditions, 'Progressing') === undefined)
      conditions = withCondition(
        conditions,
        newCondition('Progressing', 'True', Reason.FoundReplicaSet, this.cluster.now),
      );
    if (details.revision !== set.revision || conditions !== details.conditions)
      requests.annotate(rollout.row, { ...details, revision: set.revision, conditions });
  }

  private createSet(
    { row, wanted, limits, deadlineSeconds }: Rollout, old: readonly number[], revision: number,
  ): number {
    const size = limits.isRolling ? newReplicas(wanted, limits.maxSurge, this.sizeOf(old), 0) : wanted;
    const maxReplicas = wanted + limits.maxSurge;
    return createReplicaSet(this.context, row, { size, maxReplicas, revision, deadlineSeconds });
  }

  private sizeOf(sets: readonly number[]): number {
    const { wanted } = this.cluster.workloads;
    return sets.reduce((total, set) => total + wanted[set], 0);
  }

  private activeOf(sets: readonly number[]): readonly number[] {
    return sets.filter((set) => this.cluster.workloads.wanted[set] > 0);
  }

  /** Writes a size with the annotations that go with it; true when the size is another one. */
  private scale({ wanted, limits }: Rollout, set: number, size: number): boolean {
    const { workloads } = this.cluster;
    const details = this.set(set);
    const maxReplicas = wanted + limits.maxSurge;
    const isAnnotated = details.desiredReplicas === wanted && details.maxReplicas === maxReplicas;
    const isOther = workloads.wanted[set] !== size;
    if (isOther || !isAnnotated)
      this.context.requests.scale(set, size, { ...details, desiredReplicas: wanted, maxReplicas });
    return isOther;
  }

  /** The scale of a ReplicaSet that has it already is not written. */
  private scaleUnlessThere(rollout: Rollout, set: number, size: number): boolean {
    return this.cluster.workloads.wanted[set] !== size && this.scale(rollout, set, size);
  }

  // ---- pause and scale -------------------------------------------------------------------------------------------

  private notePause({ row, spec, deadlineSeconds }: Rollout): void {
    const details = this.details(row);
    const reason = conditionOf(details.conditions, 'Progressing')?.reason;
    if (deadlineSeconds === null || reason === Reason.TimedOut) return;
    const isPaused = spec.paused === true;
    if (isPaused === (reason === Reason.Paused)) return;
    const condition = newCondition(
      'Progressing',
      'Unknown',
      isPaused ? Reason.Paused : Reason.Resumed,
      this.cluster.now,
    );
    const conditions = withCondition(details.conditions, condition);
    this.context.requests.annotate(row, { ...details, conditions });
  }

  /** Whether an active ReplicaSet was sized for another number of replicas. */
  private isScaling(rollout: Rollout): boolean {
    const active = this.activeOf(this.syncedSets(rollout, false).all);
    return active.some((set) => {
      const { desiredReplicas } = this.set(set);
      return desiredReplicas >= 0 && desiredReplicas !== rollout.wanted;
    });
  }

  private scaleOnly(rollout: Rollout): void {
    const sets = this.syncedSets(rollout, false);
    this.rescale(rollout, sets);
    if (rollout.spec.paused === true) this.cutHistory(rollout, sets.old);
    this.writeStatus(rollout, sets);
  }

  private rescale(rollout: Rollout, sets: Sets): void {
    const { wanted, limits } = rollout;
    const active = this.activeOf(sets.all);
    const only =
      active.length === 1 ? active[0] : sets.newest >= 0 ? sets.newest : (sets.old[sets.old.length - 1] ?? -1);
    if (active.length < 2) {
      if (only >= 0) this.scaleUnlessThere(rollout, only, wanted);
      return;
    }
    if (this.isSaturated(rollout, sets.newest))
      for (const set of this.activeOf(sets.old)) this.scaleUnlessThere(rollout, set, 0);
    else if (limits.isRolling) this.rescaleInProportion(rollout, active);
  }

  private isSaturated({ wanted }: Rollout, set: number): boolean {
    if (set < 0) return false;
    const { workloads } = this.cluster;
    return (
      workloads.wanted[set] === wanted &&
      this.set(set).desiredReplicas === wanted &&
      workloads.available[set] === wanted
    );
  }

  /** The largest first; of equals the younger when growing, the older when shrinking. */
  private rescaleInProportion(rollout: Rollout, active: readonly number[]): void {
    const { workloads } = this.cluster;
    const { wanted, limits, row } = rollout;
    const toAdd = (wanted > 0 ? wanted + limits.maxSurge : 0) - this.sizeOf(active);
    const direction = toAdd > 0 ? -1 : 1;
    const order = [...active].sort(
      (a, b) => workloads.wanted[b] - workloads.wanted[a] || direction * this.compareAge(a, b),
    );
    let added = 0;
    const sizes = order.map((set) => {
      const change = proportion({
        replicas: wanted,
        maxSurge: limits.maxSurge,
        statusReplicas: workloads.replicas[row],
        size: workloads.wanted[set],
        maxReplicasBefore: this.set(set).maxReplicas,
        toAdd,
        added,
      });
      added += change;
      return workloads.wanted[set] + change;
    });
    if (toAdd !== 0) sizes[0] = Math.max(0, sizes[0] + toAdd - added);
    order.forEach((set, index) => this.scale(rollout, set, sizes[index]));
  }

  // ---- rolling update --------------------------------------------------------------------------------------------

  private roll(rollout: Rollout): void {
    const sets = this.syncedSets(rollout, true);
    if (sets.newest < 0) return;
    if (this.sizeNewest(rollout, sets) || this.shrinkOld(rollout, sets)) return this.settle(rollout, sets);
    if (this.wasComplete(rollout)) this.cutHistory(rollout, sets.old);
    this.settle(rollout, sets);
  }

  private sizeNewest(rollout: Rollout, { newest, all }: Sets): boolean {
    const size = this.cluster.workloads.wanted[newest];
    const { wanted, limits } = rollout;
    if (size === wanted) return false;
    const next = size > wanted ? wanted : newReplicas(wanted, limits.maxSurge, this.sizeOf(all), size);
    return this.scaleUnlessThere(rollout, newest, next);
  }

  private shrinkOld(rollout: Rollout, { newest, old, all }: Sets): boolean {
    const { workloads } = this.cluster;
    const active = this.activeOf(old);
    if (active.length === 0) return false;
    const { minAvailable } = rollout.limits;
    const newUnavailable = workloads.wanted[newest] - workloads.available[newest];
    const most = this.sizeOf(all) - minAvailable - newUnavailable;
    if (most <= 0) return false;
    const oldest = this.byAge(active);
    const cleaned = this.removeUnhealthy(rollout, oldest, most);
    if (cleaned === null) return false;
    // The rest of the budget is counted by what the ReplicaSets say, whose status does not know of the clean-up.
    const available = [...active, newest].reduce((total, set) => total + workloads.available[set], 0);
    return cleaned + this.removeHealthy(rollout, oldest, available - minAvailable) > 0;
  }

  private byAge(sets: readonly number[]): readonly number[] {
    return [...sets].sort((a, b) => this.compareAge(a, b));
  }

  private compareAge(a: number, b: number): number {
    const { createdAt, key } = this.cluster.workloads;
    return createdAt[a] - createdAt[b] || compareTexts(key[a], key[b]);
  }

  /** null: a status that still tells of more available pods than are wanted stops the clean-up, an error upstream. */
  private removeUnhealthy(rollout: Rollout, oldest: readonly number[], most: number): number | null {
    const { workloads } = this.cluster;
    let removed = 0;
    for (const set of oldest) {
      if (removed >= most) break;
      const size = workloads.wanted[set];
      if (size === 0 || size === workloads.available[set]) continue;
      const count = Math.min(most - removed, size - workloads.available[set]);
      if (count < 0) return null;
      this.scaleUnlessThere(rollout, set, size - count);
      removed += count;
    }
    return removed;
  }

  private removeHealthy(rollout: Rollout, oldest: readonly number[], budget: number): number {
    const { workloads } = this.cluster;
    let removed = 0;
    for (const set of oldest) {
      if (removed >= budget) break;
      const size = workloads.wanted[set];
      if (size === 0) continue;
      const count = Math.min(size, budget - removed);
      this.scaleUnlessThere(rollout, set, size - count);
      removed += count;
    }
    return removed;
  }

  // ---- recreate --------------------------------------------------------------------------------------------------

  private recreate(rollout: Rollout): void {
    const found = this.syncedSets(rollout, false);
    let scaledDown = false;
    for (const set of this.activeOf(found.old)) scaledDown = this.scaleUnlessThere(rollout, set, 0) || scaledDown;
    if (scaledDown || this.oldPodsRun(found.old)) return this.settle(rollout, found);
    const sets = found.newest >= 0 ? found : this.syncedSets(rollout, true);
    if (sets.newest < 0) return;
    this.scaleUnlessThere(rollout, sets.newest, rollout.wanted);
    if (this.wasComplete(rollout)) this.cutHistory(rollout, sets.old);
    this.settle(rollout, sets);
  }

  /** Terminating pods do; so do those that only a status still tells of. */
  private oldPodsRun(old: readonly number[]): boolean {
    const { counts } = this.context;
    if (old.some((set) => this.cluster.workloads.replicas[set] > 0)) return true;
    return old.some((set) => counts.active(set) + counts.terminating(set) > 0);
  }

  // ---- history and status ----------------------------------------------------------------------------------------

  private wasComplete({ row, wanted }: Rollout): boolean {
    const { workloads } = this.cluster;
    if (workloads.observedGeneration[row] < workloads.generation[row]) return false;
    return isComplete(
      { replicas: workloads.replicas[row], updated: workloads.updated[row], available: workloads.available[row] },
      wanted,
    );
  }

  private cutHistory({ spec }: Rollout, old: readonly number[]): void {
    const { workloads } = this.cluster;
    const limit = spec.revisionHistoryLimit ?? DEFAULT_HISTORY;
    if (limit === NO_LIMIT) return;
    const alive = old.filter((set) => !workloads.isDeleting(set));
    const byRevision = [...alive].sort(
      (a, b) => this.set(a).revision - this.set(b).revision || workloads.serial[a] - workloads.serial[b],
    );
    for (const set of byRevision.slice(0, Math.max(0, alive.length - limit))) {
      const isIdle = workloads.replicas[set] === 0 && workloads.wanted[set] === 0;
      if (isIdle && workloads.observedGeneration[set] >= workloads.generation[set])
        this.context.requests.deleteWorkload(set);
    }
  }

  private counts(row: number): DeploymentCounts {
    const { replicas, updated, ready, available, terminating } = this.cluster.workloads;
    const { unavailable } = this.details(row);
    return {
      replicas: replicas[row],
      updated: updated[row],
      ready: ready[row],
      available: available[row],
      terminating: terminating[row],
      unavailable,
    };
  }

  private countsOf({ newest, all, sizes }: Sets): DeploymentCounts {
    const { replicas, ready, available, terminating } = this.cluster.workloads;
    const counts = all.map((set, index) => ({
      spec: sizes[index],
      replicas: replicas[set],
      ready: ready[set],
      available: available[set],
      terminating: terminating[set],
    }));
    return countSets(counts, newest < 0 ? null : counts[counts.length - 1]);
  }

  /** Counts and availability; progress is left as it is. */
  private writeStatus(rollout: Rollout, sets: Sets): void {
    const { row, limits } = rollout;
    const counts = this.countsOf(sets);
    this.write(
      row,
      counts,
      withAvailability(
        this.details(row).conditions,
        counts.available,
        rollout.wanted - limits.maxUnavailable,
        this.cluster.now,
      ),
    );
  }

  /**
   * The status at the end of a step of a rollout; a Deployment that does not move is looked at again at its deadline.
   */
  private settle(rollout: Rollout, sets: Sets): void {
    const { row, limits, wanted, deadlineSeconds } = rollout;
    const { now } = this.cluster;
    const after = this.countsOf(sets);
    const current = this.details(row).conditions;
    const next = withAvailability(current, after.available, wanted - limits.maxUnavailable, now);
    const conditions = withProgress({ current, next, before: this.counts(row), after, wanted, deadlineSeconds, now });
    if (this.write(row, after, conditions)) return;
    const delay = stuckRecheckMicros(conditions, after, wanted, deadlineSeconds, now);
    if (delay === null) return;
    if (delay < MICROS_PER_SECOND) this.queue.addRateLimited(row);
    else this.queue.addAfter(row, delay + MICROS_PER_SECOND);
  }

  private write(
    row: number, { unavailable, ...counts }: DeploymentCounts, conditions: DeploymentDetails['conditions'],
  ): boolean {
    const before = this.details(row);
    const isSame = before.unavailable === unavailable && sameConditions(before.conditions, conditions);
    return this.context.requests.writeStatus(
      row,
      counts,
      isSame ? before : { ...before, unavailable, conditions },
    );
  }
}
