/**
 * Growing: which pods have no place, which group grows for them, by how many nodes.
 * Source: cluster-autoscaler core/scaleup/orchestrator.
 */
import { milliFromText, unitsFromText } from '../base/quantity.ts';
import type { Micros } from '../base/time.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { CPU, MEMORY, amountOf } from '../cluster/resources.ts';
import type { RandomStream } from '../kernel/random.ts';
import { estimateNodes } from './estimator.ts';
import type { PodKind } from './estimator.ts';
import { chooseOption } from './expanders.ts';
import type { Expander, ExpansionOption } from './expanders.ts';
import type { PlacementOracle } from '../scheduler/what-if/placement-oracle.ts';
import type { NodeGroup, NodeGroups, UpcomingNodes } from './node-groups.ts';

export interface ScaleUpSettings {
  readonly maxNodesPerScaleUp: number;
  /** 0: no limit. */
  readonly maxNodesTotal: number;
  readonly expander: Expander;
}

interface ScaleUpPlan {
  readonly group: NodeGroup;
  readonly nodeCount: number;
}

export interface ScaleUpParts {
  readonly groups: NodeGroups;
  readonly upcoming: UpcomingNodes;
  readonly placement: PlacementOracle;
  readonly mark: (kind: string, label: string, count: number) => void;
}

export class ScaleUp {
  /** Times at which nodes were asked for, and the last of them; -Infinity: never. */
  events = 0;
  lastAt: Micros = -Infinity;
  private readonly cluster: Cluster;
  private readonly groups: NodeGroups;
  private readonly parts: ScaleUpParts;
  private readonly settings: ScaleUpSettings;
  private readonly stream: () => RandomStream;

  constructor(cluster: Cluster, parts: ScaleUpParts, settings: ScaleUpSettings, stream: () => RandomStream) {
    this.cluster = cluster;
    this.groups = parts.groups;
    this.parts = parts;
    this.settings = settings;
    this.stream = stream;
  }

  /** Asks for nodes for pods that have no place; false: nothing helps, and nothing is answered. */
  grow(kinds: readonly PodKind[], now: Micros, answered: () => void): boolean {
    const plan = this.plan(kinds, now);
    if (plan === null) return false;
    const { group, nodeCount } = plan;
    this.lastAt = now;
    this.events++;
    this.parts.mark('scaleUp', `${group.spec.name} +${nodeCount}`, nodeCount);
    this.parts.upcoming.increaseSize(group, nodeCount, answered);
    return true;
  }

  /** null: nothing helps. One group grows per loop; the pods that are left wait for the next. */
  private plan(kinds: readonly PodKind[], now: Micros): ScaleUpPlan | null {
    const plans: ScaleUpPlan[] = [];
    const options: ExpansionOption[] = [];
    for (const group of this.groups.list) {
      const maxNodes = this.roomFor(group);
      if (maxNodes <= 0 || !group.mayGrow(now)) continue;
      const option = this.optionOf(group, kinds, maxNodes);
      if (option === null) continue;
      plans.push({ group, nodeCount: option.nodeCount });
      options.push(option);
    }
    return options.length === 0 ? null : plans[chooseOption(this.settings.expander, options, this.stream)];
  }

  private roomFor(group: NodeGroup): number {
    const { maxNodesPerScaleUp, maxNodesTotal } = this.settings;
    const total =
      maxNodesTotal === 0 ? Infinity : maxNodesTotal - this.cluster.totals.nodesAlive - this.groups.upcomingCount;
    return Math.min(maxNodesPerScaleUp, total, group.spec.max - group.size);
  }

  private optionOf(group: NodeGroup, kinds: readonly PodKind[], maxNodes: number): ExpansionOption | null {
    const empty = this.groups.newNode(group, group.nextOrdinal);
    const fitting = kinds.filter(({ pods }) => this.parts.placement.fits(pods[0], empty));
    if (fitting.length === 0) return null;
    const estimate = estimateNodes(this.cluster, this.parts.placement, fitting, {
      maxNodes,
      nodeAt: (index) => this.groups.newNode(group, group.nextOrdinal + index),
    });
    if (estimate.nodeCount === 0) return null;
    const { status } = this.groups.makeNode(group, group.nextOrdinal);
    const capacity = status?.capacity ?? status?.allocatable ?? {};
    let cpuMilli = 0;
    let memoryBytes = 0;
    for (const pod of estimate.pods) {
      const { accounted } = this.cluster.templateOf(pod);
      cpuMilli += amountOf(accounted, CPU);
      memoryBytes += amountOf(accounted, MEMORY);
    }
    return {
      nodeCount: estimate.nodeCount,
      podCount: estimate.pods.length,
      cpuCapacityMilli: milliFromText(capacity.cpu ?? '0'),
      memoryCapacityBytes: unitsFromText(capacity.memory ?? '0'),
      cpuMilli,
      memoryBytes,
    };
  }
}
