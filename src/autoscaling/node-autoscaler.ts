/** What a node autoscaler is and what it needs of the rest: the seams between policies, scheduler and assembly. */
import type { NodeFacts, NodeInfo } from '../cluster/node-info.ts';
import type { Node } from '../cluster/objects.ts';
import type { PodTemplate } from '../cluster/pod-template.ts';
import type { Distribution } from '../kernel/distribution.ts';

/** A policy that adds and removes nodes. It works by its own kernel events once it has been made. */
export interface NodeAutoscaler {
  readonly name: string;
  /** Times at which it asked for nodes, and at which it began to take nodes away. */
  readonly scaleUpEvents: number;
  readonly scaleDownEvents: number;
  readonly nodesAdded: number;
  readonly nodesRemoved: number;
}

/** Pods that the scheduler has tried and found no node for, in any order that a run repeats. Gated pods do not belong here. */
export interface UnschedulablePodsSource {
  pods(): Iterable<number>;
}

/** Whether pods would fit nodes, by the scheduler's filters, while pods are moved about in thought. */
export interface PlacementOracle {
  /** A new look at the cluster: what was prepared or moved in thought is forgotten. */
  refresh(): void;
  /** Whether the answer follows from the pod's template and the node alone, so that it holds until the node changes. */
  isNodeLocal(pod: number): boolean;
  fits(pod: number, node: NodeInfo): boolean;
  /** A pod was put on a node, or taken off it, in thought; the NodeInfo says so already. */
  podAdded(pod: number, node: NodeInfo): void;
  podRemoved(pod: number, node: NodeInfo): void;
  /** How many moves there have been; `rollback` takes back all later ones. */
  readonly moveCount: number;
  rollback(moveCount: number): void;
}

/** The pods that DaemonSets would put on a new node. */
export interface DaemonPodsSource {
  templatesFor(node: NodeFacts): readonly PodTemplate[];
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
