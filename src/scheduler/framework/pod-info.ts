/** PodInfo: one pod as plugins see it. Reads the cluster's columns; holds nothing but its row. */
import type { SchedulerCache } from '../cache/scheduler-cache.ts';
import type { PodTemplate } from '../../cluster/pod-template.ts';

export class PodInfo {
  row = -1;
  private readonly cluster: SchedulerCache;

  constructor(cluster: SchedulerCache, row: number) {
    this.cluster = cluster;
    this.row = row;
  }

  get template(): PodTemplate {
    return this.cluster.templateOf(this.row);
  }

  get incarnation(): number {
    return this.cluster.pods.incarnation[this.row];
  }

  get name(): string {
    return this.cluster.podName(this.row);
  }

  get namespace(): string {
    return this.template.namespace;
  }

  get labels(): ReadonlyMap<string, string> {
    return this.template.labels;
  }

  get priority(): number {
    return this.template.priority;
  }

  /** '' when none. */
  get nominatedNodeName(): string {
    return this.cluster.nominatedNodeName(this.row);
  }

  /** The only node a DaemonSet's pod may go to; '' for others. */
  get pinnedNodeName(): string {
    const name = this.cluster.pods.pinnedNode[this.row];
    return name < 0 ? '' : this.cluster.names.text(name);
  }

  /** Micros. */
  get createdAt(): number {
    return this.cluster.pods.createdAt[this.row];
  }
}
