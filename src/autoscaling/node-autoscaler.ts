/** What a node autoscaler is and what it needs of the rest: the seams between policies, scheduler and assembly. */
import type { Micros } from '../base/time.ts';
import type { EvictionCause } from '../cluster/cluster.ts';
import type { DisruptionBudgets } from '../cluster/disruption-budgets.ts';
import type { Node } from '../cluster/objects.ts';
import type { Distribution } from '../kernel/distribution.ts';
import type { SchedulerCache } from '../scheduler/cache/scheduler-cache.ts';
import type { DaemonPodsSource, PlacementOracle } from '../scheduler/what-if/placement-oracle.ts';
import type { LateAutoscaler } from './node-requests.ts';

/** A policy that adds and removes nodes. It works by its own kernel events once it has been made. */
export interface NodeAutoscaler {
  readonly name: string;
  /** Times at which it asked for nodes, and at which it began to take nodes away. */
  readonly scaleUpEvents: number;
  readonly scaleDownEvents: number;
  readonly nodesAdded: number;
  readonly nodesRemoved: number;
  /** Whether it has seen that nothing has changed since `since`, and will do nothing as long as that stays so. */
  isAtRest(now: Micros, since: Micros): boolean;
}

/** Pods that the scheduler has tried and found no node for, as the autoscaler sees them. */
export interface UnschedulablePodsSource {
  /** In any order that a run repeats. Gated pods do not belong here. */
  pods(): Iterable<number>;
  /** The node on which room is being made for a pod; '' when there is none. */
  nominatedNodeName(pod: number): string;
}

/** A pool whose number of nodes is the autoscaler's. */
export interface NodeGroupSpec {
  /** Of the pool. */
  readonly name: string;
  readonly min: number;
  readonly max: number;
  /** Seconds from the request until the node is Ready. */
  readonly provisionSeconds: Distribution;
  /** Ordinal of the first node that the autoscaler makes. */
  readonly firstOrdinal: number;
}

export interface NodeSource {
  /** The ordinal-th node of a pool, named `<pool>-<ordinal>`. */
  makeNode(pool: string, ordinal: number): Node;
}

/** What the rest gives to an autoscaler. */
export interface NodeAutoscalerParts {
  /** The picture of the cluster that placement in thought begins with. */
  readonly cache: SchedulerCache;
  readonly unschedulable: UnschedulablePodsSource;
  readonly placement: PlacementOracle;
  readonly nodes: NodeSource;
  /** null: no room is kept for DaemonSets' pods on new nodes. */
  readonly daemons: DaemonPodsSource | null;
  /** As the autoscaler sees them. */
  readonly budgets: DisruptionBudgets;
  /** Asks for a pod's deletion; false: a disruption budget says no for now. */
  readonly evict: (pod: number, cause: EvictionCause) => boolean;
  /** Told of what is worth a mark on a plot: `scaleUp`, `scaleDown`, `scaleUpFailed`. */
  readonly mark: (kind: string, label: string, count: number) => void;
  /** Kernel phases of loops, and of new machines. */
  readonly loopPhase: number;
  readonly machinePhase: number;
  /** null: what it sees is what there is, and requests take no time. */
  readonly late: LateAutoscaler | null;
}
