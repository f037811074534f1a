/**
 * Kubernetes' cluster-autoscaler: every scan interval it grows one group for pods that fit nowhere, or looks for nodes
 * that are not needed. Source: cluster-autoscaler core/static_autoscaler.go at commit 33c3f97; docs/model.md
 * has the departures.
 *
 * Loops fall on multiples of the interval. While no pod is pending, no group is above its minimum and nothing is under
 * way a loop could do nothing; such loops are not played at all.
 */
import { MICROS_PER_SECOND } from '../base/time.ts';
import type { Micros } from '../base/time.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { ClusterObserver } from '../cluster/observer.ts';
import type { EventKind, Kernel } from '../kernel/kernel.ts';
import type { ClusterAutoscalerSettings } from './settings.ts';
import { DrainRules } from './drain-rules.ts';
import type { PodKind } from './estimator.ts';
import type { NodeAutoscaler, NodeAutoscalerParts, NodeGroupSpec } from './node-autoscaler.ts';
import { NodeDeletions } from './node-deletions.ts';
import { NodeGroups, UpcomingNodes } from './node-groups.ts';
import { NodeRequests } from './node-requests.ts';
import { ScaleDownPlanner } from './scale-down-planner.ts';
import { PendingPods, ScaleUp } from './scale-up.ts';
import { WhatIfCluster } from '../scheduler/what-if/what-if-cluster.ts';

/** Pods younger than this may be only the first of many: the autoscaler waits for the rest. */
const UNSCHEDULABLE_POD_BUFFER_MICROS: Micros = 2 * MICROS_PER_SECOND;
/** The cluster is unhealthy when more nodes than this, and more than 45 %, are down. */
const OK_UNREADY_COUNT = 3;
const MAX_UNREADY_SHARE = 0.45;

export class ClusterAutoscaler implements NodeAutoscaler, ClusterObserver {
  readonly name = 'cluster-autoscaler';
  scaleDownEvents = 0;
  /** Loops played. */
  loops = 0;
  private readonly groups: NodeGroups;
  private readonly kernel: Kernel;
  private readonly cluster: Cluster;
  private readonly settings: ClusterAutoscalerSettings;
  private readonly parts: NodeAutoscalerParts;
  private readonly requests: NodeRequests;
  private readonly upcoming: UpcomingNodes;
  private readonly whatIf: WhatIfCluster;
  private readonly pending: PendingPods;
  private readonly scaleUp: ScaleUp;
  private readonly planner: ScaleDownPlanner;
  private readonly deletions: NodeDeletions;
  private readonly loopEvent: EventKind;
  private isAwake = false;
  private lastLoopAt: Micros = -1;

  /** `cluster`: as the autoscaler sees it. */
  constructor(
    kernel: Kernel,
    cluster: Cluster,
    settings: ClusterAutoscalerSettings,
    groups: readonly NodeGroupSpec[],
    parts: NodeAutoscalerParts,
  ) {
    this.kernel = kernel;
    this.cluster = cluster;
    this.settings = settings;
    this.parts = parts;
    const { loopPhase, machinePhase, mark, late } = parts;
    const requests = (this.requests = new NodeRequests(cluster, parts.evict, late));
    this.groups = new NodeGroups(cluster, parts.cache, groups, parts.nodes, parts.daemons);
    this.upcoming = new UpcomingNodes(kernel, { groups: this.groups, requests, mark, loopPhase, machinePhase });
    this.whatIf = new WhatIfCluster(parts.cache, parts.placement, settings.expendablePodsPriorityCutoff);
    this.pending = new PendingPods(cluster, parts.unschedulable, settings);
    this.scaleUp = new ScaleUp(
      cluster,
      { groups: this.groups, upcoming: this.upcoming, placement: parts.placement, mark },
      settings,
      () => kernel.random.stream('autoscaler-expander'),
    );
    const drainRules = new DrainRules(cluster, settings, parts.budgets);
    const deletions = (this.deletions = new NodeDeletions(kernel, cluster, { drainRules, requests, phase: loopPhase }));
    const isDeleting = late === null
      ? (row: number) => deletions.has(row)
      : (row: number) => deletions.has(row) || deletions.isSeenTainted(row);
    this.planner = new ScaleDownPlanner(cluster, this.groups, settings, drainRules, isDeleting);
    this.loopEvent = kernel.defineEvent('autoscaler.loop', loopPhase, () => this.loop());
    deletions.onEnd = () => this.wake();
    cluster.observe(this);
    this.wake();
  }

  get scaleUpEvents(): number {
    return this.scaleUp.events;
  }

  get nodesAdded(): number {
    return this.upcoming.nodesAdded;
  }

  get nodesRemoved(): number {
    return this.deletions.removedCount;
  }

  isAtRest(now: Micros, since: Micros): boolean {
    const { newPodScaleUpDelayMicros, scanIntervalMicros } = this.settings;
    const watch = this.parts.late?.watch;
    if (watch !== undefined && watch.pendingCount + this.requests.underWay > 0) return false;
    const seenSince = Math.max(since, watch?.lastShownAt ?? -Infinity);
    if (now - seenSince <= newPodScaleUpDelayMicros + 2 * scanIntervalMicros) return false;
    if (this.groups.upcomingCount > 0 || this.deletions.count > 0 || this.planner.unneeded.size > 0) return false;
    return !this.groups.list.some((group) => group.isBackingOff(now));
  }

  // ---- sleeping and waking ---------------------------------------------------------------------------------------

  /** Told while it sleeps alone. */
  podCreated(): void {
    if (!this.isAwake) this.wake();
  }

  nodeAdded(row: number): void {
    this.upcoming.nodeSeen(this.cluster.nodes.facts[row].name);
    this.planner.nodesChanged();
    if (!this.isAwake) this.wake();
  }

  nodeRemoving(): void {
    this.planner.nodesChanged();
  }

  private wake(): void {
    if (this.isAwake) return;
    this.isAwake = true;
    this.cluster.hush(this, ['podCreated'], true);
    const { now } = this.kernel;
    const { scanIntervalMicros: interval } = this.settings;
    const rest = now % interval;
    this.kernel.at(rest === 0 && this.lastLoopAt < now ? now : now - rest + interval, this.loopEvent);
  }

  /** Whether the next loop may find anything to do. */
  private get hasWork(): boolean {
    if (this.parts.cache.totals.podsPending > 0 || this.deletions.count > 0) return true;
    if (!this.settings.scaleDownEnabled) return false;
    return (
      this.deletions.softTaintCount > 0 ||
      this.planner.unneeded.size > 0 ||
      this.groups.list.some((group) => group.mayShrink())
    );
  }

  // ---- a loop ----------------------------------------------------------------------------------------------------

  /** It is over when what it has asked for is answered. */
  private loop(): void {
    this.lastLoopAt = this.kernel.now;
    this.loops++;
    const end = (): void => {
      this.isAwake = false;
      if (this.hasWork) this.wake();
      else this.cluster.hush(this, ['podCreated'], false);
    };
    if (!this.isUnhealthy()) return this.decide(this.kernel.now, end);
    this.planner.clear();
    end();
  }

  private isUnhealthy(): boolean {
    const { nodesAlive, nodesUp } = this.cluster.totals;
    const unready = nodesAlive - nodesUp;
    return unready > OK_UNREADY_COUNT && unready > MAX_UNREADY_SHARE * nodesAlive;
  }

  private decide(now: Micros, end: () => void): void {
    const canGrow = this.parts.cache.totals.podsPending > 0 && this.groups.list.some((group) => group.mayGrow(now));
    const candidates = this.settings.scaleDownEnabled ? this.planner.candidates() : [];
    let isHeld = false;
    if (canGrow || candidates.length > 0) {
      this.whatIf.begin(this.groups.upcomingNodes());
      const kinds = this.parts.cache.totals.podsPending > 0 ? this.pending.withoutPlace(this.whatIf) : [];
      isHeld = kinds.length > 0 && now - this.oldest(kinds) < UNSCHEDULABLE_POD_BUFFER_MICROS;
      if (kinds.length > 0 && !isHeld && this.scaleUp.grow(kinds, now, end)) return;
    }
    if (!this.settings.scaleDownEnabled) return end();
    this.planner.update(candidates, this.whatIf, now);
    const rows = isHeld || this.isCoolingDown(now) ? [] : this.shrink(now);
    if (rows.length > 0) this.deletions.start(rows, end);
    else this.deletions.updateSoftTaints(this.planner.unneeded, end);
  }

  private oldest(kinds: readonly PodKind[]): Micros {
    let oldest = Infinity;
    for (const { pods } of kinds) for (const pod of pods) oldest = Math.min(oldest, this.cluster.pods.createdAt[pod]);
    return oldest;
  }

  private isCoolingDown(now: Micros): boolean {
    const { scaleDownDelayAfterAddMicros, scaleDownDelayAfterFailureMicros } = this.settings;
    return (
      now < this.scaleUp.lastAt + scaleDownDelayAfterAddMicros ||
      now < this.deletions.lastFailureAt + scaleDownDelayAfterFailureMicros
    );
  }

  /** Plans to take ripe nodes away, as many as may go at a time. */
  private shrink(now: Micros): readonly number[] {
    const { maxScaleDownParallelism, maxDrainParallelism } = this.settings;
    const countByPool = new Map<string, number>();
    const rows: number[] = [];
    for (const { row, isEmpty } of this.planner.removable(now)) {
      const group = this.groups.ofNode(row);
      if (this.deletions.count >= maxScaleDownParallelism) break;
      if (group === undefined || !group.mayShrink() || (!isEmpty && this.deletions.drainCount >= maxDrainParallelism))
        continue;
      this.deletions.plan(row, group, isEmpty);
      this.planner.unneeded.delete(row);
      rows.push(row);
      countByPool.set(group.spec.name, (countByPool.get(group.spec.name) ?? 0) + 1);
    }
    for (const [pool, count] of countByPool) this.parts.mark('scaleDown', `${pool} -${count}`, count);
    if (rows.length > 0) this.scaleDownEvents++;
    return rows;
  }
}
