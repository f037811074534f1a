/** Wires the cluster autoscaler to the scheduler's queue and filters, to the pools and the DaemonSets. */
import { ClusterAutoscaler } from '../autoscaling/cluster-autoscaler.ts';
import type { NodeAutoscaler, NodeGroupSpec } from '../autoscaling/node-autoscaler.ts';
import type { DaemonPodsSource } from '../scheduler/what-if/placement-oracle.ts';
import { ProfilePlacement } from '../scheduler/what-if/profile-placement.ts';
import { assert } from '../base/assert.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { DisruptionBudgets } from '../cluster/disruption-budgets.ts';
import { evictPod } from '../control-plane/eviction.ts';
import type { Kernel } from '../kernel/kernel.ts';
import type { MetricsCollector } from '../metrics/collector.ts';
import { PodBelief } from '../scheduler/cache/cached-pods.ts';
import { QueuePlace } from '../scheduler/queue/scheduling-queue.ts';
import type { Scheduler } from '../scheduler/scheduler.ts';
import { ordinalIn, poolNode } from './pool-nodes.ts';
import type { Scenario } from './scenario.ts';

export interface AutoscalerParts {
  readonly kernel: Kernel;
  readonly cluster: Cluster;
  readonly schedulers: readonly Scheduler[];
  /** Serves all their profiles, and is on time. */
  readonly makeTwin: () => Scheduler;
  readonly daemons: DaemonPodsSource;
  readonly budgets: DisruptionBudgets;
  readonly metrics: MetricsCollector;
  readonly loopPhase: number;
  readonly machinePhase: number;
}

/** null: the scenario has no autoscaler, or no pool for it. */
export function assembleAutoscaler(scenario: Scenario, parts: AutoscalerParts): NodeAutoscaler | null {
  const { kernel, cluster, schedulers, metrics } = parts;
  const groups = scenario.nodePools.flatMap((pool): NodeGroupSpec[] => {
    if (pool.autoscaling === null) return [];
    const { min, max, provisionSeconds } = pool.autoscaling;
    // Names that nodes of the files have already are passed over.
    const taken = scenario.nodes.map((node) => ordinalIn(pool.name, node.metadata?.name ?? ''));
    return [
      {
        name: pool.name,
        min,
        max,
        provisionSeconds,
        firstOrdinal: taken.reduce((next, ordinal) => Math.max(next, ordinal + 1), pool.count),
      },
    ];
  });
  if (scenario.autoscaler === null || groups.length === 0) return null;
  const twin = parts.makeTwin();
  const pools = new Map(scenario.nodePools.map((pool) => [pool.name, pool]));
  return new ClusterAutoscaler(kernel, cluster, scenario.autoscaler, groups, {
    cache: twin.cache,
    unschedulable: { pods: () => schedulers.flatMap((scheduler) => rejectedPods(scheduler)) },
    placement: new ProfilePlacement(twin.cache, twin.profiles, () => twin.snapshot.refresh()),
    nodes: {
      makeNode: (name, ordinal) => {
        const pool = pools.get(name);
        assert(pool !== undefined, `no pool ${name}`);
        return poolNode(pool, ordinal);
      },
    },
    daemons: parts.daemons,
    budgets: parts.budgets,
    evict: (pod, cause) => evictPod(cluster, parts.budgets, pod, cause),
    mark: (kind, label, count) => metrics.mark(kind, label, count),
    loopPhase: parts.loopPhase,
    machinePhase: parts.machinePhase,
  });
}

/**
 * Pods with the condition PodScheduled=False, Unschedulable: their last attempt failed. It stays while they wait for
 * the next one, wherever that is, and while the next one is under way, as long as that has not found a node. Gated pods
 * do not count.
 */
export function rejectedPods({ queue, cache }: Scheduler): number[] {
  const places = [QueuePlace.Active, QueuePlace.Backoff, QueuePlace.ErrorBackoff, QueuePlace.Unschedulable] as const;
  const waiting = places
    .flatMap((place) => queue.rows(place))
    .filter((pod) => queue.attempts(pod) > 0 && !queue.isGated(pod));
  const tried = [...queue.inFlight.pods()].filter(
    (pod) => queue.attempts(pod) > 1 && cache.pods.belief[pod] === PodBelief.Waiting,
  );
  return [...waiting, ...tried];
}
