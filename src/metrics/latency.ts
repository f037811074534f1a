/**
 * Waits of pods: creation to first binding, creation to first start. One SampleSet per (priority, class) pair and
 * quantity, so that a pod costs one addition; totals and groups are unions made at the end. Waits that ended without
 * their event (the pod left, or the run ended) are counted as at least so long.
 */
import { growInt32, grownCapacity } from '../base/growable.ts';
import { MICROS_PER_SECOND } from '../base/time.ts';
import type { Micros } from '../base/time.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { LatencyGroup, Quantiles } from './run-result.ts';
import { SampleSet, summarizeSamples } from './sample-set.ts';
import type { SchedulingCounters } from './scheduling-counters.ts';

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
  /** By `template * classes + class + 1`: index of the group + 1, 0: not looked up yet. */
  private table: Int32Array = new Int32Array(0);
  private classes = 1;

  constructor(cluster: Cluster) {
    this.cluster = cluster;
  }

  groupOf(pod: number): { readonly queueWait: SampleSet; readonly start: SampleSet } {
    const { template, workloadClass } = this.cluster.pods;
    const slot = workloadClass[pod] + 1;
    const at = template[pod] * this.classes + slot;
    const index = slot < this.classes && at < this.table.length ? this.table[at] : 0;
    return index > 0 ? this.groups[index - 1] : this.lookUp(template[pod], workloadClass[pod]);
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
    const latencyByPriority = Object.fromEntries(
      priorities.map((priority) => [
        String(priority),
        summarize(this.groups.filter((group) => group.priority === priority)),
      ]),
    );
    const latencyByClass = Object.fromEntries(
      classes.map((workloadClass) => [
        this.className(workloadClass),
        summarize(this.groups.filter((group) => group.workloadClass === workloadClass)),
      ]),
    );
    return { latency: summarize(this.groups), latencyByPriority, latencyByClass, isExact };
  }

  private className(workloadClass: number): string {
    return workloadClass >= 0 && workloadClass < this.cluster.classes.size
      ? this.cluster.classes.text(workloadClass)
      : '';
  }

  private lookUp(template: number, workloadClass: number): Group {
    const { priority } = this.cluster.templates.get(template);
    let index = this.groups.findIndex((group) => group.priority === priority && group.workloadClass === workloadClass);
    if (index < 0)
      index = this.groups.push({ priority, workloadClass, queueWait: new SampleSet(), start: new SampleSet() }) - 1;
    if (workloadClass + 1 >= this.classes) {
      this.classes = grownCapacity(this.classes, workloadClass + 2);
      this.table = new Int32Array(0);
    }
    const at = template * this.classes + workloadClass + 1;
    if (at >= this.table.length) this.table = growInt32(this.table, grownCapacity(this.table.length, at + 1));
    this.table[at] = index + 1;
    return this.groups[index];
  }
}

/** Waits of pods as they bind, start, leave and stay behind, with the attempts that they took. */
export class PodWaits {
  /** Pods that came with a node of their own. */
  placedWithNode = 0;
  /** Pods that left before they had a node. */
  leftWaiting = 0;
  readonly groups: LatencyGroups;
  private readonly cluster: Cluster;
  private readonly attempts = new SampleSet();
  private readonly backoff = new SampleSet();

  constructor(cluster: Cluster) {
    this.cluster = cluster;
    this.groups = new LatencyGroups(cluster);
  }

  podBound(pod: number, now: Micros, scheduling: SchedulingCounters): void {
    this.groups.groupOf(pod).queueWait.add(now - this.cluster.pods.createdAt[pod]);
    this.attempts.add(scheduling.attempts(pod));
    this.backoff.add(scheduling.backoffMicros(pod));
  }

  podStarted(pod: number, now: Micros): void {
    this.groups.groupOf(pod).start.add(now - this.cluster.pods.createdAt[pod]);
  }

  /** A pod left that never started. */
  podLeft(pod: number, wasBound: boolean, now: Micros): void {
    this.censor(pod, wasBound, now);
    if (!wasBound) this.leftWaiting++;
  }

  /** A pod that will not start any more, or not within the run: its waits so far are lower bounds. */
  censor(pod: number, wasBound: boolean, now: Micros): void {
    const wait = now - this.cluster.pods.createdAt[pod];
    const group = this.groups.groupOf(pod);
    group.start.addCensored(wait);
    if (!wasBound) group.queueWait.addCensored(wait);
  }

  /** Of pods that were bound. */
  efforts(): { readonly attemptsPerPod: Quantiles; readonly backoffSeconds: Quantiles } {
    return {
      attemptsPerPod: summarizeSamples([this.attempts], 1).quantiles,
      backoffSeconds: summarizeSamples([this.backoff], MICROS_PER_SECOND).quantiles,
    };
  }
}
