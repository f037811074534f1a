/**
 * How many nodes of one group would take the pods: first-fit bin packing in thought, the hungriest kinds of pods first.
 * Source: cluster-autoscaler estimator/{binpacking_estimator,decreasing_pod_orderer}.go.
 */
import type { Cluster } from '../cluster/cluster.ts';
import type { NodeInfo } from '../scheduler/cache/node-info.ts';
import { CPU, MEMORY, amountOf } from '../cluster/resources.ts';
import type { PlacementOracle } from '../scheduler/what-if/placement-oracle.ts';

/** Pods of one template, oldest first within a priority. */
export interface PodKind {
  readonly template: number;
  readonly pods: readonly number[];
}

export interface Estimate {
  /** Nodes that got at least one pod. */
  readonly nodeCount: number;
  readonly pods: readonly number[];
}

export interface EstimateLimits {
  readonly maxNodes: number;
  /** The index-th node that would be added. */
  nodeAt(index: number): NodeInfo;
}

interface Packing {
  readonly cluster: Cluster;
  readonly placement: PlacementOracle;
  readonly limits: EstimateLimits;
  readonly nodes: NodeInfo[];
  readonly isUsed: boolean[];
  readonly placed: number[];
  /** Where the last search among added nodes ended. */
  next: number;
}

export function estimateNodes(
  cluster: Cluster,
  placement: PlacementOracle,
  kinds: readonly PodKind[],
  limits: EstimateLimits,
): Estimate {
  const mark = placement.moveCount;
  const packing: Packing = { cluster, placement, limits, nodes: [], isUsed: [], placed: [], next: 0 };
  for (const kind of hungriestFirst(cluster, kinds, limits.nodeAt(0)))
    packNewNodes(packing, kind.pods, packAddedNodes(packing, kind.pods));
  placement.rollback(mark);
  return { nodeCount: packing.isUsed.filter((used) => used).length, pods: packing.placed };
}

/** By cpu share + memory share of an empty node, descending; equals keep their order. */
function hungriestFirst(cluster: Cluster, kinds: readonly PodKind[], node: NodeInfo): PodKind[] {
  const score = ({ template }: PodKind): number => {
    const { accounted } = cluster.templates.get(template);
    const share = (column: number): number => {
      const allocatable = node.allocatable[node.base + column];
      return allocatable > 0 ? amountOf(accounted, column) / allocatable : 0;
    };
    return share(CPU) + share(MEMORY);
  };
  return kinds.map((kind) => ({ kind, score: score(kind) })).sort((a, b) => b.score - a.score).map(({ kind }) => kind);
}

/** Fills nodes that were added before, until the first pod that fits none. Returns how many pods were placed. */
function packAddedNodes(packing: Packing, pods: readonly number[]): number {
  for (let i = 0; i < pods.length; i++) {
    const index = findAdded(packing, pods[i]);
    if (index < 0) return i;
    place(packing, pods[i], index);
  }
  return pods.length;
}

function findAdded(packing: Packing, pod: number): number {
  const { nodes } = packing;
  for (let i = 0; i < nodes.length; i++) {
    const index = (packing.next + i) % nodes.length;
    if (!packing.placement.fits(pod, nodes[index])) continue;
    packing.next = index;
    return index;
  }
  return -1;
}

/** The rest goes to the last added node or to another new one. A pod that an empty node does not take ends its kind. */
function packNewNodes(packing: Packing, pods: readonly number[], from: number): void {
  const { nodes, isUsed, limits } = packing;
  for (let i = from; i < pods.length; i++) {
    const last = nodes.length - 1;
    if (last >= 0 && packing.placement.fits(pods[i], nodes[last])) {
      place(packing, pods[i], last);
      continue;
    }
    if (last >= 0 && !isUsed[last]) return;
    if (nodes.length >= limits.maxNodes) return;
    nodes.push(limits.nodeAt(nodes.length));
    isUsed.push(false);
    if (!packing.placement.fits(pods[i], nodes[last + 1])) return;
    place(packing, pods[i], last + 1);
  }
}

function place(packing: Packing, pod: number, index: number): void {
  packing.nodes[index].addPod(pod, packing.cluster.templateOf(pod));
  packing.placement.podAdded(pod, packing.nodes[index]);
  packing.isUsed[index] = true;
  packing.placed.push(pod);
}
