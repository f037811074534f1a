/** One decision to grow: which group, by how many nodes. Source: cluster-autoscaler core/scaleup/orchestrator. */
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
import type { NodeGroup, NodeGroups } from './node-groups.ts';

export interface ScaleUpSettings {
  readonly maxNodesPerScaleUp: number;
  /** 0: no limit. */
  readonly maxNodesTotal: number;
  readonly expander: Expander;
}

export interface ScaleUpPlan {
  readonly group: NodeGroup;
  readonly nodeCount: number;
}

export class ScaleUp {
  private readonly cluster: Cluster;
  private readonly groups: NodeGroups;
  private readonly placement: PlacementOracle;
  private readonly settings: ScaleUpSettings;
  private readonly stream: () => RandomStream;

  constructor(
    cluster: Cluster,
    groups: NodeGroups,
    placement: PlacementOracle,
    settings: ScaleUpSettings,
    stream: () => RandomStream,
  ) {
    this.cluster = cluster;
    this.groups = groups;
    this.placement = placement;
    this.settings = settings;
    this.stream = stream;
  }

  /** null: nothing helps. One group grows per loop; the pods that are left wait for the next. */
  plan(kinds: readonly PodKind[], now: Micros): ScaleUpPlan | null {
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
    const fitting = kinds.filter(({ pods }) => this.placement.fits(pods[0], empty));
    if (fitting.length === 0) return null;
    const estimate = estimateNodes(this.cluster, this.placement, fitting, {
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
