/**
 * What a question about placement in thought needs of the rest: the scheduler's filters, and the pods of DaemonSets.
 */
import type { NodeFacts } from '../../cluster/node-facts.ts';
import type { NodeInfo } from '../cache/node-info.ts';
import type { PodTemplate } from '../../cluster/pod-template.ts';

/** Whether pods would fit nodes, by the scheduler's filters, while pods are moved about in thought. */
export interface PlacementOracle {
  /** A new look at the cluster: what was prepared or moved in thought is forgotten. */
  refresh(): void;
  /**
   * A number for pods that every node answers alike, with answers that hold until the node changes; -1: more than the
   * pod's template and the node decide.
   */
  localKind(pod: number): number;
  /** Whether the pod has such a number, and no node is ruled out before it is asked. */
  isOpen(pod: number): boolean;
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
