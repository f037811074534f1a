/**
 * Tells counters of pods by topology domain which pods come to living nodes and leave them, so that plugins need not go
 * over all pods at every decision. A counter hears only of templates that concern it. One that nobody has asked since
 * it cost more to keep than it would to make anew is dropped.
 */
import { growUint8, grownCapacity } from '../../base/growable.ts';
import type { SchedulerCache } from './scheduler-cache.ts';
import { NodeChange } from '../../cluster/observer.ts';
import type { CacheObserver } from './cache-observer.ts';
import type { PodTemplate } from '../../cluster/pod-template.ts';
import { PlacedPods } from './placed-pods.ts';

/** Rows are those of the node table, templates their ids. */
export interface PlacementCounter {
  /** Whether pods of the template are counted. Must not change while the counter is kept. */
  concerns(template: number): boolean;
  podCame(template: number, node: number, terminating: boolean): void;
  podLeft(template: number, node: number, terminating: boolean): void;
  /** A counted pod's deletion was asked for. */
  podTerminating(template: number, node: number): void;
  /** Without its pods: they are told of one by one. */
  nodeCame(node: number): void;
  nodeChanged(node: number, labelsChanged: boolean): void;
  /** After its pods have been told to have left. */
  nodeLeft(node: number): void;
  /** No longer kept up to date: has to be made anew. */
  dropped(): void;
}

interface Entry {
  readonly counter: PlacementCounter;
  /** Updates since the last use. */
  idle: number;
}

const LEAST_IDLE = 2_000;

export class Placements implements CacheObserver {
  private readonly cluster: SchedulerCache;
  private readonly entries = new Map<PlacementCounter, Entry>();
  /** By template id. */
  private interest: Entry[][] = [];
  /** By pod row: 1 while it is counted, that is, on a node with a Node object. */
  private counted: Uint8Array = new Uint8Array(0);
  private countedPods = 0;
  private placed: PlacedPods | null = null;

  constructor(cluster: SchedulerCache) {
    this.cluster = cluster;
    const { pods } = cluster;
    for (let pod = 0; pod < pods.length; pod++) if (pods.node[pod] >= 0) this.arrive(pod, pods.node[pod]);
    cluster.observe(this);
  }

  /** Starts a counter: it hears of all nodes and pods that there are, and from now on of every change. */
  keep(counter: PlacementCounter): void {
    const { nodes, pods } = this.cluster;
    for (let row = 0; row < nodes.length; row++) {
      if (nodes.alive[row] !== 1) continue;
      counter.nodeCame(row);
      for (const pod of nodes.info[row].pods)
        if (counter.concerns(pods.template[pod])) counter.podCame(pods.template[pod], row, pods.isTerminating(pod));
    }
    this.entries.set(counter, { counter, idle: 0 });
    this.interest = [];
  }

  /** The pods that are counted, by template; kept from the first time that somebody asks. */
  get pods(): PlacedPods {
    if (this.placed !== null) return this.placed;
    const { pods } = this.cluster;
    this.placed = new PlacedPods();
    for (let pod = 0; pod < this.counted.length; pod++)
      if (this.counted[pod] === 1) this.placed.enter(pod, pods.template[pod]);
    return this.placed;
  }

  /** To be called at each use. */
  used(counter: PlacementCounter): void {
    const entry = this.entries.get(counter);
    if (entry !== undefined) entry.idle = 0;
  }

  drop(counter: PlacementCounter): void {
    if (!this.entries.delete(counter)) return;
    this.interest = [];
    counter.dropped();
  }

  // ---- notices ---------------------------------------------------------------------------------------------------

  podAssumed(pod: number): void {
    this.arrive(pod, this.cluster.pods.node[pod]);
  }

  podBound(pod: number): void {
    if (this.counted[pod] !== 1) this.arrive(pod, this.cluster.pods.node[pod]);
  }

  podForgotten(pod: number, node: number): void {
    this.depart(pod, node, this.cluster.pods.template[pod]);
  }

  podRemoved(pod: number, node: number): void {
    if (node >= 0) this.depart(pod, node, this.cluster.pods.template[pod]);
  }

  podTerminating(pod: number): void {
    if (this.entries.size === 0 || this.counted[pod] !== 1) return;
    const template = this.cluster.pods.template[pod];
    for (const entry of this.interestedIn(template))
      entry.counter.podTerminating(template, this.cluster.pods.node[pod]);
  }

  podUpdated(pod: number, before: PodTemplate): void {
    const node = this.cluster.pods.node[pod];
    if (node < 0) return;
    this.depart(pod, node, before.id);
    this.arrive(pod, node);
  }

  nodeAdded(node: number): void {
    for (const { counter } of this.entries.values()) counter.nodeCame(node);
    for (const pod of this.cluster.nodes.info[node].pods) if (this.counted[pod] !== 1) this.arrive(pod, node);
  }

  nodeUpdated(node: number, changes: number): void {
    for (const { counter } of this.entries.values()) counter.nodeChanged(node, (changes & NodeChange.Labels) !== 0);
  }

  nodeRemoving(node: number): void {
    for (const pod of this.cluster.nodes.info[node].pods) this.depart(pod, node, this.cluster.pods.template[pod]);
    for (const { counter } of this.entries.values()) counter.nodeLeft(node);
  }

  // ---- within ----------------------------------------------------------------------------------------------------

  private arrive(pod: number, node: number): void {
    if (pod >= this.counted.length) this.counted = growUint8(this.counted, grownCapacity(this.counted.length, pod + 1));
    if (this.cluster.nodes.alive[node] !== 1) return;
    this.counted[pod] = 1;
    this.countedPods++;
    this.placed?.enter(pod, this.cluster.pods.template[pod]);
    if (this.entries.size === 0) return;
    const { pods } = this.cluster;
    const interested = this.interestedIn(pods.template[pod]);
    for (let i = 0; i < interested.length; i++) {
      interested[i].counter.podCame(pods.template[pod], node, pods.isTerminating(pod));
      this.note(interested[i]);
    }
  }

  private depart(pod: number, node: number, template: number): void {
    if (this.counted[pod] !== 1) return;
    this.counted[pod] = 0;
    this.countedPods--;
    this.placed?.leave(pod, template);
    if (this.entries.size === 0) return;
    const interested = this.interestedIn(template);
    for (let i = 0; i < interested.length; i++) {
      interested[i].counter.podLeft(template, node, this.cluster.pods.isTerminating(pod));
      this.note(interested[i]);
    }
  }

  private note(entry: Entry): void {
    if (++entry.idle > LEAST_IDLE && entry.idle > this.countedPods + this.cluster.nodes.length)
      this.drop(entry.counter);
  }

  private interestedIn(template: number): readonly Entry[] {
    let interested = this.interest[template];
    if (interested === undefined)
      interested = this.interest[template] = [...this.entries.values()].filter(({ counter }) =>
        counter.concerns(template),
      );
    return interested;
  }
}
