/**
 * The pods that new nodes might help: unschedulable ones, less those that would fit on nodes that are there or on their
 * way. Those that fit are put there in thought, which is what keeps a group from growing twice for the same pods.
 * Source: cluster-autoscaler core/podlistprocessor (filter_out_schedulable, filter_out_expendable,
 * filter_out_daemon_sets).
 */
import type { Micros } from '../base/time.ts';
import { PodPhase } from '../cluster/cluster.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { PodKind } from './estimator.ts';
import type { UnschedulablePodsSource } from './node-autoscaler.ts';
import type { WhatIfCluster } from '../scheduler/what-if/what-if-cluster.ts';

export interface PendingPodsSettings {
  readonly newPodScaleUpDelayMicros: Micros;
  readonly expendablePodsPriorityCutoff: number;
}

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
