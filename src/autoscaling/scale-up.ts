/**
 * Growing: which pods new nodes might help, which group grows for them, by how many nodes.
 * Source: cluster-autoscaler core/podlistprocessor (filter_out_schedulable, filter_out_expendable,
 * filter_out_daemon_sets), core/scaleup/orchestrator.
 */
import { milliFromText, unitsFromText } from '../base/quantity.ts';
import type { Micros } from '../base/time.ts';
import { PodPhase } from '../cluster/cluster.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { CPU, MEMORY, amountOf } from '../cluster/resources.ts';
import type { RandomStream } from '../kernel/random.ts';
import { estimateNodes } from './estimator.ts';
import type { PodKind } from './estimator.ts';
import { chooseOption } from './expanders.ts';
import type { Expander, ExpansionOption } from './expanders.ts';
import type { PlacementOracle } from '../scheduler/what-if/placement-oracle.ts';
import type { UnschedulablePodsSource } from './node-autoscaler.ts';
import type { NodeGroup, NodeGroups, UpcomingNodes } from './node-groups.ts';
import type { WhatIfCluster } from '../scheduler/what-if/what-if-cluster.ts';

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
    const empty = this.groups.nextNode(group);
    const fitting = kinds.filter(({ pods }) => this.parts.placement.fits(pods[0], empty));
    if (fitting.length === 0) return null;
    const estimate = estimateNodes(this.cluster, this.parts.placement, fitting, {
      maxNodes,
      nodeAt: (index) => this.groups.newNode(group, group.nextOrdinal + index),
    });
    if (estimate.nodeCount === 0) return null;
    const { status } = empty.facts.object;
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

export interface PendingPodsSettings {
  readonly newPodScaleUpDelayMicros: Micros;
  readonly expendablePodsPriorityCutoff: number;
}

/**
 * Unschedulable pods, less those that would fit on nodes that are there or on their way. Those that fit are put there
 * in thought, which is what keeps a group from growing twice for the same pods.
 */
export class PendingPods {
  private readonly cluster: Cluster;
  private readonly source: UnschedulablePodsSource;
  private readonly settings: PendingPodsSettings;

  constructor(cluster: Cluster, source: UnschedulablePodsSource, settings: PendingPodsSettings) {
    this.cluster = cluster;
    this.source = source;
    this.settings = settings;
  }

  /** Kinds of pods that fit nowhere, in the order of their first pod. Those that do fit stay in `whatIf`. */
  withoutPlace(whatIf: WhatIfCluster): PodKind[] {
    const left = new Map<number, number[]>();
    for (const pod of this.candidates()) {
      const template = this.cluster.pods.template[pod];
      const kind = left.get(template);
      const place = kind === undefined ? this.placeFor(pod, whatIf) : -1;
      if (place >= 0) whatIf.add(pod, place);
      else if (kind === undefined) left.set(template, [pod]);
      else kind.push(pod);
    }
    return Array.from(left, ([template, pods]) => ({ template, pods }));
  }

  /** A pod that waits for victims to go keeps the node it was promised. */
  private placeFor(pod: number, whatIf: WhatIfCluster): number {
    const promised = this.source.nominatedNodeName(pod);
    const row = promised === '' ? -1 : this.cluster.nodeRow(promised);
    return row >= 0 ? row : whatIf.findPlace(pod, -1, () => true);
  }

  /** Most important first, then oldest. */
  private candidates(): number[] {
    const { pods } = this.cluster;
    const found: number[] = [];
    for (const pod of this.source.pods()) if (this.counts(pod)) found.push(pod);
    const priority = (pod: number): number => this.cluster.templateOf(pod).priority;
    return found.sort((a, b) => priority(b) - priority(a) || pods.createdAt[a] - pods.createdAt[b] || a - b);
  }

  private counts(pod: number): boolean {
    const { pods } = this.cluster;
    if (pods.phase[pod] !== PodPhase.Pending || pods.isTerminating(pod) || pods.pinnedNode[pod] >= 0) return false;
    const template = this.cluster.templateOf(pod);
    if (template.priority < this.settings.expendablePodsPriorityCutoff || template.gates.length > 0) return false;
    return this.cluster.now - pods.createdAt[pod] >= this.settings.newPodScaleUpDelayMicros;
  }
}
