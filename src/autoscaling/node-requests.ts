/**
 * What the cluster autoscaler asks of the API server and of the cloud, in rows of what it sees. On time a request is a
 * call. Where its watch is late or its requests take time, each is carried out when it arrives, on the cluster that it
 * finds, and its answer comes then: what is gone is not found, and a Node object that has changed since it was seen is
 * a conflict, after which it is read anew and changed then (cluster-autoscaler utils/taints/taints.go).
 */
import { MICROS_PER_SECOND } from '../base/time.ts';
import type { Micros } from '../base/time.ts';
import { EvictionCause, PodPhase } from '../cluster/cluster.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { Node } from '../cluster/objects.ts';
import type { DelayedCalls } from '../kernel/kernel.ts';
import { isSkipped } from './drain-rules.ts';

/** conflictRetryInterval, maxRetryDeadline. */
const CONFLICT_RETRY_MICROS: Micros = 750_000;
const MAX_CONFLICT_MICROS: Micros = 5 * MICROS_PER_SECOND;

/** What an autoscaler has that is not on time. */
export interface LateAutoscaler {
  /** What there is; the autoscaler's cluster is what it sees of that. */
  readonly api: Cluster;
  /** Its requests on their way. */
  readonly calls: DelayedCalls;
  /** Changes that its watch has not shown yet, and when it has shown the last; -Infinity: none. */
  readonly watch: { readonly pendingCount: number; readonly lastShownAt: Micros };
}

/** What came of asking for a node's removal. */
export type RemovalAnswer =
  | 'removed'
  /** It was gone before. */
  | 'gone'
  /** It has pods, which would have gone with it. */
  | 'used';

/** What is to be made of a Node object; null: nothing, it is so. */
export type NodeEdit = (node: Node) => Node | null;

export class NodeRequests {
  private readonly cluster: Cluster;
  private readonly late: LateAutoscaler | null;
  private readonly evictNow: (pod: number, cause: EvictionCause) => boolean;

  /** `cluster`: what the autoscaler sees. `evict`: the eviction subresource of a pod that is there. */
  constructor(
    cluster: Cluster, evict: (pod: number, cause: EvictionCause) => boolean, late: LateAutoscaler | null = null,
  ) {
    this.cluster = cluster;
    this.late = late;
    this.evictNow = evict;
  }

  /** Requests without an answer. */
  get underWay(): number {
    return this.late?.calls.count ?? 0;
  }

  /** How long the cloud takes to be asked for machines. */
  draw(): Micros {
    return this.late?.calls.draw() ?? 0;
  }

  /** `carryOut` when the request has arrived. */
  ask<Answer>(carryOut: () => Answer, answered: (answer: Answer) => void, after?: Micros): void {
    const { late } = this;
    if (late === null) answered(carryOut());
    else late.calls.call(() => { answered(carryOut()); }, after);
  }

  /** A Node joins, as its kubelet asks for it. */
  addNode(node: Node, pool: string): void {
    this.api.addNode(node, pool);
  }

  /** Changes the object of a node that was seen. The answer is false when the node is gone, or conflicts do not end. */
  changeNode(row: number, edit: NodeEdit, answered: (isDone: boolean) => void): void {
    const { nodes, now } = this.cluster;
    const name = { row, incarnation: nodes.incarnation[row], until: now + MAX_CONFLICT_MICROS, edit, answered };
    const seen = nodes.facts[row].object;
    if (this.late !== null && edit(seen) === null) this.readAndChange(name);
    else this.write(name, seen);
  }

  /** Asks for a pod's deletion; the answer is false when a disruption budget says no for now. */
  evict(pod: number, answered: (isGranted: boolean) => void): void {
    const isThere = this.podCheck(pod);
    this.ask(() => !isThere() || this.evictNow(pod, EvictionCause.ScaleDown), answered);
  }

  /** A DaemonSet's pod is asked to go; nobody waits for it, and it does not count as evicted. */
  dismiss(pod: number): void {
    const isThere = this.podCheck(pod);
    this.ask(() => { if (isThere()) this.api.terminatePod(pod, EvictionCause.None); }, () => undefined);
  }

  /** The pods of a node that keep it, as the API server has them. */
  podsLeft(row: number, incarnation: number, answered: (pods: readonly number[]) => void): void {
    this.ask(() => (this.isNode(row, incarnation) ? keepers(this.api, row) : []), answered);
  }

  /** The machine and its Node object go, unless there are pods that would go with them. */
  remove(row: number, incarnation: number, answered: (answer: RemovalAnswer) => void): void {
    this.ask((): RemovalAnswer => {
      if (!this.isNode(row, incarnation)) return 'gone';
      if (keepers(this.api, row).length > 0) return 'used';
      this.api.removeNode(row);
      return 'removed';
    }, answered);
  }

  private get api(): Cluster {
    return this.late?.api ?? this.cluster;
  }

  private isNode(row: number, incarnation: number): boolean {
    const { nodes } = this.api;
    return nodes.incarnation[row] === incarnation && nodes.alive[row] === 1;
  }

  /** Whether the pod that is seen now is there, to be asked later. */
  private podCheck(pod: number): () => boolean {
    const incarnation = this.cluster.pods.incarnation[pod];
    return () => {
      const { pods } = this.api;
      return pods.incarnation[pod] === incarnation && pods.phase[pod] !== PodPhase.Free;
    };
  }

  private write(change: NodeChangeAsked, known: Node): void {
    const { row, incarnation, until, edit, answered } = change;
    this.ask((): 'done' | 'gone' | 'conflict' => {
      if (!this.isNode(row, incarnation)) return 'gone';
      if (this.api.nodes.facts[row].object !== known) return 'conflict';
      const next = edit(known);
      if (next !== null) this.api.updateNode(row, next);
      return 'done';
    }, (answer) => {
      if (answer === 'conflict' && this.api.now < until) this.readAndChange(change, CONFLICT_RETRY_MICROS);
      else answered(answer === 'done');
    });
  }

  private readAndChange(change: NodeChangeAsked, pause: Micros = 0): void {
    const { row, incarnation, edit, answered } = change;
    const read = (): Node | null => (
      this.isNode(row, incarnation) ? this.api.nodes.facts[row].object : null
    );
    this.ask(read, (fresh) => {
      if (fresh === null) answered(false);
      else if (edit(fresh) === null) answered(true);
      else this.write(change, fresh);
    }, pause + this.draw());
  }
}

interface NodeChangeAsked {
  readonly row: number;
  readonly incarnation: number;
  /** After a conflict nothing is tried again from then on. */
  readonly until: Micros;
  readonly edit: NodeEdit;
  readonly answered: (isDone: boolean) => void;
}

/** Pods that have to be gone before their node goes. */
export function keepers(cluster: Cluster, row: number): number[] {
  return cluster.nodes.pods[row].filter((pod) => !isSkipped(cluster, pod));
}
