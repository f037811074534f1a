/**
 * Kubernetes' cluster-autoscaler: every scan interval it grows one group for pods that fit nowhere, or looks for nodes
 * that are not needed. Source: cluster-autoscaler core/static_autoscaler.go at commit 33c3f97; docs/model.md
 * has the departures.
 *
 * Loops fall on multiples of the interval. While no pod is pending, no group is above its minimum and nothing is under
 * way a loop could do nothing; such loops are not played at all.
 */
import { MICROS_PER_SECOND, microsFromSeconds } from '../base/time.ts';
import type { Micros } from '../base/time.ts';
import type { Cluster, EvictionCause } from '../cluster/cluster.ts';
import type { DisruptionBudgets } from '../cluster/disruption-budgets.ts';
import type { ClusterObserver } from '../cluster/observer.ts';
import type { EventKind, Kernel } from '../kernel/kernel.ts';
import { sample } from '../kernel/sampling.ts';
import type { ClusterAutoscalerSettings } from './settings.ts';
import { DrainRules } from './drain-rules.ts';
import type { PodKind } from './estimator.ts';
import type { SchedulerCache } from '../scheduler/cache/scheduler-cache.ts';
import type { DaemonPodsSource, PlacementOracle } from '../scheduler/what-if/placement-oracle.ts';
import type { NodeAutoscaler, NodeGroupSpec, NodeSource, UnschedulablePodsSource } from './node-autoscaler.ts';
import { NodeDeletions } from './node-deletions.ts';
import { MAX_PROVISION_MICROS, NodeGroups } from './node-groups.ts';
import type { NodeGroup } from './node-groups.ts';
import { PendingPods } from './pending-pods.ts';
import { ScaleDownPlanner } from './scale-down-planner.ts';
import { ScaleUp } from './scale-up.ts';
import { WhatIfCluster } from '../scheduler/what-if/what-if-cluster.ts';

export interface ClusterAutoscalerParts {
  /** The picture of the cluster that placement in thought begins with. */
  readonly cache: SchedulerCache;
  readonly unschedulable: UnschedulablePodsSource;
  readonly placement: PlacementOracle;
  readonly nodes: NodeSource;
  /** null: no room is kept for DaemonSets' pods on new nodes. */
  readonly daemons: DaemonPodsSource | null;
  readonly budgets: DisruptionBudgets;
  /** Asks for a pod's deletion; false: a disruption budget says no for now. */
  readonly evict: (pod: number, cause: EvictionCause) => boolean;
  /** Told of what is worth a mark on a plot: `scaleUp`, `scaleDown`, `scaleUpFailed`. */
  readonly mark: (kind: string, label: string, count: number) => void;
  /** Kernel phases of loops, and of new machines. */
  readonly loopPhase: number;
  readonly machinePhase: number;
}

/** Pods younger than this may be only the first of many: the autoscaler waits for the rest. */
const UNSCHEDULABLE_POD_BUFFER_MICROS: Micros = 2 * MICROS_PER_SECOND;
/** The cluster is unhealthy when more nodes than this, and more than 45 %, are down. */
const OK_UNREADY_COUNT = 3;
const MAX_UNREADY_SHARE = 0.45;

export class ClusterAutoscaler implements NodeAutoscaler, ClusterObserver {
  readonly name = 'cluster-autoscaler';
  scaleUpEvents = 0;
  scaleDownEvents = 0;
  nodesAdded = 0;
  /** Loops played. */
  loops = 0;
  readonly groups: NodeGroups;
  private readonly kernel: Kernel;
  private readonly cluster: Cluster;
  private readonly settings: ClusterAutoscalerSettings;
  private readonly parts: ClusterAutoscalerParts;
  private readonly whatIf: WhatIfCluster;
  private readonly pending: PendingPods;
  private readonly scaleUp: ScaleUp;
  private readonly planner: ScaleDownPlanner;
  private readonly deletions: NodeDeletions;
  private readonly loopEvent: EventKind;
  private readonly arrivalEvent: EventKind;
  private readonly provisionTimeoutEvent: EventKind;
  private isAwake = false;
  private lastLoopAt: Micros = -1;
  private lastScaleUpAt: Micros = -Infinity;

  constructor(
    kernel: Kernel,
    cluster: Cluster,
    settings: ClusterAutoscalerSettings,
    groups: readonly NodeGroupSpec[],
    parts: ClusterAutoscalerParts,
  ) {
    this.kernel = kernel;
    this.cluster = cluster;
    this.settings = settings;
    this.parts = parts;
    this.groups = new NodeGroups(cluster, parts.cache, groups, parts.nodes, parts.daemons);
    this.whatIf = new WhatIfCluster(parts.cache, parts.placement, settings.expendablePodsPriorityCutoff);
    this.pending = new PendingPods(cluster, parts.unschedulable, settings);
    this.scaleUp = new ScaleUp(cluster, this.groups, parts.placement, settings, () =>
      kernel.random.stream('autoscaler-expander'),
    );
    const drainRules = new DrainRules(cluster, settings, parts.budgets);
    this.deletions = new NodeDeletions(kernel, cluster, { drainRules, evict: parts.evict, phase: parts.loopPhase });
    this.planner = new ScaleDownPlanner(cluster, this.groups, settings, drainRules, (row) => this.deletions.has(row));
    this.loopEvent = kernel.defineEvent('autoscaler.loop', parts.loopPhase, () => this.loop());
    this.arrivalEvent = kernel.defineEvent('autoscaler.nodeArrival', parts.machinePhase, (group, ordinal) =>
      this.nodeArrives(this.groups.list[group], ordinal),
    );
    this.provisionTimeoutEvent = kernel.defineEvent('autoscaler.provisionTimeout', parts.loopPhase, (group, ordinal) =>
      this.nodeFails(this.groups.list[group], ordinal),
    );
    this.deletions.onEnd = () => this.wake();
    cluster.observe(this);
    this.wake();
  }

  get nodesRemoved(): number {
    return this.deletions.removedCount;
  }

  isAtRest(now: Micros, since: Micros): boolean {
    const { newPodScaleUpDelayMicros, scanIntervalMicros } = this.settings;
    if (now - since <= newPodScaleUpDelayMicros + 2 * scanIntervalMicros) return false;
    if (this.groups.upcomingCount > 0 || this.deletions.count > 0 || this.planner.unneeded.size > 0) return false;
    return !this.groups.list.some((group) => group.isBackingOff(now));
  }

  // ---- sleeping and waking ---------------------------------------------------------------------------------------

  podCreated(): void {
    if (!this.isAwake) this.wake();
  }

  nodeAdded(): void {
    this.planner.nodesChanged();
    if (!this.isAwake) this.wake();
  }

  nodeRemoving(): void {
    this.planner.nodesChanged();
  }

  private wake(): void {
    if (this.isAwake) return;
    this.isAwake = true;
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

  private loop(): void {
    this.isAwake = false;
    this.lastLoopAt = this.kernel.now;
    this.loops++;
    if (this.isUnhealthy()) this.planner.clear();
    else this.decide(this.kernel.now);
    if (this.hasWork) this.wake();
  }

  private isUnhealthy(): boolean {
    const { nodesAlive, nodesUp } = this.cluster.totals;
    const unready = nodesAlive - nodesUp;
    return unready > OK_UNREADY_COUNT && unready > MAX_UNREADY_SHARE * nodesAlive;
  }

  private decide(now: Micros): void {
    const canGrow = this.parts.cache.totals.podsPending > 0 && this.groups.list.some((group) => group.mayGrow(now));
    const candidates = this.settings.scaleDownEnabled ? this.planner.candidates() : [];
    let isHeld = false;
    if (canGrow || candidates.length > 0) {
      this.whatIf.begin(this.groups.upcomingNodes());
      const kinds = this.parts.cache.totals.podsPending > 0 ? this.pending.withoutPlace(this.whatIf) : [];
      isHeld = kinds.length > 0 && now - this.oldest(kinds) < UNSCHEDULABLE_POD_BUFFER_MICROS;
      if (kinds.length > 0 && !isHeld && this.grow(kinds, now)) return;
    }
    if (!this.settings.scaleDownEnabled) return;
    this.planner.update(candidates, this.whatIf, now);
    if (!isHeld && !this.isCoolingDown(now) && this.shrink(now)) return;
    this.deletions.updateSoftTaints(this.planner.unneeded);
  }

  private oldest(kinds: readonly PodKind[]): Micros {
    let oldest = Infinity;
    for (const { pods } of kinds) for (const pod of pods) oldest = Math.min(oldest, this.cluster.pods.createdAt[pod]);
    return oldest;
  }

  // ---- up --------------------------------------------------------------------------------------------------------

  private grow(kinds: readonly PodKind[], now: Micros): boolean {
    const plan = this.scaleUp.plan(kinds, now);
    if (plan === null) return false;
    const { group, nodeCount } = plan;
    for (let i = 0; i < nodeCount; i++) this.request(group);
    this.lastScaleUpAt = now;
    this.scaleUpEvents++;
    this.parts.mark('scaleUp', `${group.spec.name} +${nodeCount}`, nodeCount);
    return true;
  }

  private request(group: NodeGroup): void {
    const ordinal = group.nextOrdinal++;
    const node = this.groups.makeNode(group, ordinal);
    const stream = this.kernel.random.stream('provision', node.metadata?.name ?? '');
    const delay = Math.max(0, microsFromSeconds(sample(group.spec.provisionSeconds, stream)));
    group.upcoming.set(ordinal, node);
    const index = this.groups.list.indexOf(group);
    if (delay > MAX_PROVISION_MICROS)
      this.kernel.after(MAX_PROVISION_MICROS, this.provisionTimeoutEvent, index, ordinal);
    else this.kernel.after(delay, this.arrivalEvent, index, ordinal);
  }

  private nodeArrives(group: NodeGroup, ordinal: number): void {
    const node = group.upcoming.get(ordinal);
    group.upcoming.delete(ordinal);
    if (node === undefined) return;
    this.cluster.addNode(node, group.spec.name);
    this.nodesAdded++;
  }

  /** The machine never came: the request is given up. */
  private nodeFails(group: NodeGroup, ordinal: number): void {
    group.upcoming.delete(ordinal);
    group.provisionFailed(this.kernel.now);
    this.parts.mark('scaleUpFailed', `${group.spec.name}-${ordinal}`, 1);
  }

  // ---- down ------------------------------------------------------------------------------------------------------

  private isCoolingDown(now: Micros): boolean {
    const { scaleDownDelayAfterAddMicros, scaleDownDelayAfterFailureMicros } = this.settings;
    return (
      now < this.lastScaleUpAt + scaleDownDelayAfterAddMicros ||
      now < this.deletions.lastFailureAt + scaleDownDelayAfterFailureMicros
    );
  }

  /** Begins to take ripe nodes away, as many as may go at a time. */
  private shrink(now: Micros): boolean {
    const { maxScaleDownParallelism, maxDrainParallelism } = this.settings;
    const countByPool = new Map<string, number>();
    for (const { row, isEmpty } of this.planner.removable(now)) {
      const group = this.groups.ofNode(row);
      if (this.deletions.count >= maxScaleDownParallelism) break;
      if (group === undefined || !group.mayShrink() || (!isEmpty && this.deletions.drainCount >= maxDrainParallelism))
        continue;
      this.deletions.begin(row, group, isEmpty);
      this.planner.unneeded.delete(row);
      countByPool.set(group.spec.name, (countByPool.get(group.spec.name) ?? 0) + 1);
    }
    for (const [pool, count] of countByPool) this.parts.mark('scaleDown', `${pool} -${count}`, count);
    if (countByPool.size > 0) this.scaleDownEvents++;
    return countByPool.size > 0;
  }
}
