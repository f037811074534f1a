/**
 * Wires a node autoscaler to the scheduler's queue and filters, to the pools and the DaemonSets; on time, or to
 * what a watch of its own has shown.
 */
import type { NodeAutoscaler, NodeGroupSpec, UnschedulablePodsSource } from '../autoscaling/node-autoscaler.ts';
import type { LateAutoscaler } from '../autoscaling/node-requests.ts';
import type { DaemonPodsSource } from '../scheduler/what-if/placement-oracle.ts';
import { ProfilePlacement } from '../scheduler/what-if/profile-placement.ts';
import { assert } from '../base/assert.ts';
import type { Micros } from '../base/time.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { PodPhase } from '../cluster/cluster.ts';
import { DisruptionBudgets } from '../cluster/disruption-budgets.ts';
import { evictPod } from '../control-plane/eviction.ts';
import { LateCluster, drawnDelays, inOrder } from '../control-plane/late-cluster.ts';
import type { Distribution } from '../kernel/distribution.ts';
import { DelayedCalls } from '../kernel/kernel.ts';
import type { Kernel } from '../kernel/kernel.ts';
import type { MetricsCollector } from '../metrics/collector.ts';
import { PodBelief } from '../scheduler/cache/cached-pods.ts';
import { QueuePlace } from '../scheduler/queue/scheduling-queue.ts';
import type { Scheduler } from '../scheduler/scheduler.ts';
import { ordinalIn, poolNode } from './pool-nodes.ts';
import type { MakeNodeAutoscaler } from './parts.ts';
import type { Scenario } from './scenario.ts';

export interface AutoscalerParts {
  readonly kernel: Kernel;
  readonly cluster: Cluster;
  readonly schedulers: readonly Scheduler[];
  /** Serves all their profiles, and sees what the autoscaler sees: `view`, or what there is where that is null. */
  readonly makeTwin: (view: Cluster | null) => Scheduler;
  readonly daemons: DaemonPodsSource;
  readonly budgets: DisruptionBudgets;
  readonly metrics: MetricsCollector;
  readonly loopPhase: number;
  readonly machinePhase: number;
  /** In which changes are shown to it that is late: before its loops. */
  readonly watchPhase: number;
}

export interface AssembledAutoscaler {
  /** null: the scenario has none, or no pool for it. */
  readonly autoscaler: NodeAutoscaler | null;
  /** null: it is on time. */
  readonly late: LateCluster | null;
}

/** Before the first node. */
export function assembleAutoscaler(
  scenario: Scenario, make: MakeNodeAutoscaler | null, parts: AutoscalerParts,
): AssembledAutoscaler {
  const { kernel, cluster, schedulers, metrics, loopPhase, machinePhase } = parts;
  const { nodePools } = scenario;
  const groups = groupsOf(scenario);
  if (make === null || groups.length === 0) return { autoscaler: null, late: null };
  const { watchDelaySeconds: delays, requestLatencySeconds: latencies } = scenario.controlPlane;
  const delayed = delayedParts(parts, delays.autoscaler, latencies.autoscaler);
  const seen = delayed?.watch.view ?? cluster;
  const twin = parts.makeTwin(delayed === null ? null : seen);
  const pools = new Map(nodePools.map((pool) => [pool.name, pool]));
  const autoscaler = make(kernel, seen, groups, {
    cache: twin.cache,
    unschedulable: delayed?.rejections ?? rejectionsNow(cluster, schedulers),
    placement: new ProfilePlacement(twin.cache, twin.profiles, () => twin.snapshot.refresh()),
    nodes: {
      makeNode: (name, ordinal) => {
        const pool = pools.get(name);
        assert(pool !== undefined, `no pool ${name}`);
        return poolNode(pool, ordinal);
      },
    },
    daemons: parts.daemons,
    budgets: delayed === null ? parts.budgets : new DisruptionBudgets(seen),
    evict: (pod, cause) => evictPod(cluster, parts.budgets, pod, cause),
    mark: (kind, label, count) => metrics.mark(kind, label, count),
    loopPhase,
    machinePhase,
    late: delayed,
  });
  return { autoscaler, late: delayed?.watch ?? null };
}

function groupsOf({ nodes, nodePools }: Scenario): readonly NodeGroupSpec[] {
  return nodePools.flatMap((pool): NodeGroupSpec[] => {
    if (pool.autoscaling === null) return [];
    const { min, max, provisionSeconds } = pool.autoscaling;
    // Names that nodes of the files have already are passed over.
    const taken = nodes.map((node) => ordinalIn(pool.name, node.metadata?.name ?? ''));
    const firstOrdinal = taken.reduce((next, ordinal) => Math.max(next, ordinal + 1), pool.count);
    return [{ name: pool.name, min, max, provisionSeconds, firstOrdinal }];
  });
}

// ---- on time -------------------------------------------------------------------------------------------------------

function rejectionsNow(cluster: Cluster, schedulers: readonly Scheduler[]): UnschedulablePodsSource {
  return {
    pods: () => schedulers.flatMap((scheduler) => rejectedPods(scheduler)),
    nominatedNodeName: (pod) => cluster.nominatedNodeName(pod),
  };
}

const WAITING_PLACES = [
  QueuePlace.Active, QueuePlace.Backoff, QueuePlace.ErrorBackoff, QueuePlace.Unschedulable,
] as const;

/**
 * Pods with the condition PodScheduled=False, Unschedulable: their last attempt failed. It stays while they wait for
 * the next one, wherever that is, and while the next one is under way, as long as that has not found a node. Gated pods
 * do not count.
 */
export function rejectedPods({ queue, cache }: Scheduler): number[] {
  const rejected: number[] = [];
  for (const place of WAITING_PLACES)
    for (const pod of queue.rows(place)) if (queue.attempts(pod) > 0 && !queue.isGated(pod)) rejected.push(pod);
  for (const pod of queue.inFlight.pods())
    if (queue.attempts(pod) > 1 && cache.pods.belief[pod] === PodBelief.Waiting) rejected.push(pod);
  return rejected;
}

// ---- late ----------------------------------------------------------------------------------------------------------

const NO_TIME: Distribution = { kind: 'fixed', value: 0, atLeast: null, atMost: null };

export interface DelayedParts extends LateAutoscaler {
  readonly watch: LateCluster;
  readonly rejections: UnschedulablePodsSource;
}

/** `delay` of its watch, `latency` of its requests. null: both are null, it is on time. */
export function delayedParts(
  { kernel, cluster, schedulers, loopPhase, watchPhase }: LateAutoscalerParts,
  delay: Distribution | null,
  latency: Distribution | null,
): DelayedParts | null {
  if (delay === null && latency === null) return null;
  const drawn = (name: string): (() => Micros) => drawnDelays(kernel, name, delay ?? NO_TIME);
  const watch = new LateCluster(kernel, cluster, {
    name: 'autoscaler', phase: watchPhase, showsAfter: inOrder(kernel, drawn('autoscaler')),
  });
  const takes = drawnDelays(kernel, 'autoscaler', latency ?? NO_TIME, 'request-latency');
  return {
    api: cluster,
    calls: new DelayedCalls(kernel, 'autoscaler.request', loopPhase, takes),
    watch,
    rejections: new SeenRejections(cluster, watch.view, drawn('autoscaler/conditions'), schedulers),
  };
}

type LateAutoscalerParts = Pick<AutoscalerParts, 'kernel' | 'cluster' | 'schedulers' | 'loopPhase' | 'watchPhase'>;

/**
 * Pods that a late watch shows without a node and with the condition PodScheduled=False, Unschedulable: their first
 * failed attempt has been seen, a binding has not. Nothing is scheduled for it, so that a scheduler may repeat attempts
 * without a look at the clock. Costs an entry a pod that waits.
 */
class SeenRejections implements UnschedulablePodsSource {
  private readonly cluster: Cluster;
  private readonly view: Cluster;
  private readonly delay: () => Micros;
  /** By serial number of the pod. */
  private readonly rejected = new Map<number, { readonly row: number; readonly seenAt: Micros }>();
  private lastSeenAt: Micros = 0;

  constructor(cluster: Cluster, view: Cluster, delay: () => Micros, schedulers: readonly Scheduler[]) {
    this.cluster = cluster;
    this.view = view;
    this.delay = delay;
    for (const { listeners } of schedulers)
      listeners.push({
        attemptFailed: (pod) => { this.note(pod, cluster.now); },
        attemptsFailed: (pods, count, _attempt, every) => {
          for (let i = 0; i < count; i++) this.note(pods[i], cluster.now + (i + 1) * every);
        },
      });
    const forget = (pod: number): void => { this.rejected.delete(view.pods.serial[pod]); };
    view.observe({ podBound: forget, podRemoved: forget });
  }

  *pods(): Iterable<number> {
    const { now, pods } = this.view;
    for (const [serial, { row, seenAt }] of this.rejected)
      if (seenAt <= now && pods.serial[row] === serial && pods.phase[row] === PodPhase.Pending) yield row;
  }

  /** Known at once, of a pod that is there. */
  nominatedNodeName(pod: number): string {
    const isSame = this.cluster.pods.serial[pod] === this.view.pods.serial[pod];
    return isSame ? this.cluster.nominatedNodeName(pod) : '';
  }

  /** The condition stays as it is while attempt after attempt fails. */
  private note(pod: number, at: Micros): void {
    const { serial, phase } = this.cluster.pods;
    if (phase[pod] !== PodPhase.Pending || this.rejected.has(serial[pod])) return;
    this.lastSeenAt = Math.max(this.lastSeenAt, at + this.delay());
    this.rejected.set(serial[pod], { row: pod, seenAt: this.lastSeenAt });
  }
}
