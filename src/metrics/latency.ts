/**
 * Waits of pods: creation to first binding, creation to first start. One SampleSet per (priority, class) pair and
 * quantity, so that a pod costs one addition; totals and groups are unions made at the end. Waits that ended without
 * their event (the pod left, or the run ended) are counted as at least so long.
 */
import { MICROS_PER_SECOND } from '../base/time.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { LatencyGroup } from './run-result.ts';
import { SampleSet, summarizeSamples } from './sample-set.ts';

interface Group {
  readonly priority: number;
  readonly workloadClass: number;
  readonly queueWait: SampleSet;
  readonly start: SampleSet;
}

export interface LatencySummary {
  readonly latency: LatencyGroup;
  readonly latencyByPriority: Readonly<Record<string, LatencyGroup>>;
  readonly latencyByClass: Readonly<Record<string, LatencyGroup>>;
  readonly isExact: boolean;
}

export class LatencyGroups {
  private readonly cluster: Cluster;
  private readonly groups: Group[] = [];
  /** Groups of a class by priority. */
  private readonly byClass: Map<number, Group>[] = [];
  /** The last pod's group: pods of one kind come in runs. */
  private lastTemplate = -1;
  private lastClass = -1;
  private last: Group | null = null;

  constructor(cluster: Cluster) {
    this.cluster = cluster;
  }

  groupOf(pod: number): { readonly queueWait: SampleSet; readonly start: SampleSet } {
    const template = this.cluster.pods.template[pod];
    const workloadClass = this.cluster.pods.workloadClass[pod];
    if (this.last !== null && template === this.lastTemplate && workloadClass === this.lastClass) return this.last;
    const group = this.find(this.cluster.templates.get(template).priority, workloadClass);
    this.lastTemplate = template;
    this.lastClass = workloadClass;
    this.last = group;
    return group;
  }

  summary(): LatencySummary {
    let isExact = true;
    const summarize = (groups: readonly Group[]): LatencyGroup => {
      const wait = summarizeSamples(groups.map((group) => group.queueWait), MICROS_PER_SECOND);
      const start = summarizeSamples(groups.map((group) => group.start), MICROS_PER_SECOND);
      isExact = isExact && wait.isExact && start.isExact;
      return { queueWaitSeconds: wait.quantiles, startSeconds: start.quantiles, queueWaitCdf: wait.steps };
    };
    const priorities = [...new Set(this.groups.map((group) => group.priority))].sort((a, b) => a - b);
    const classes = [...new Set(this.groups.map((group) => group.workloadClass))].sort((a, b) => a - b);
    const latencyByPriority = Object.fromEntries(priorities.map((priority) => [String(priority), summarize(this.groups.filter((group) => group.priority === priority))]));
    const latencyByClass = Object.fromEntries(
      classes.map((workloadClass) => [this.className(workloadClass), summarize(this.groups.filter((group) => group.workloadClass === workloadClass))]),
    );
    return { latency: summarize(this.groups), latencyByPriority, latencyByClass, isExact };
  }

  private className(workloadClass: number): string {
    return workloadClass >= 0 && workloadClass < this.cluster.classes.size ? this.cluster.classes.text(workloadClass) : '';
  }

  private find(priority: number, workloadClass: number): Group {
    const slot = workloadClass + 1;
    while (this.byClass.length <= slot) this.byClass.push(new Map());
    const known = this.byClass[slot].get(priority);
    if (known !== undefined) return known;
    const group = { priority, workloadClass, queueWait: new SampleSet(), start: new SampleSet() };
    this.byClass[slot].set(priority, group);
    this.groups.push(group);
    return group;
  }
}
