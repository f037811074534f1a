/**
 * kubectl drain of one node after another's cordon: its pods are listed once; one that must stay ends the drain before
 * it begins. The others are evicted at the same time through the eviction endpoint; a refused one (429) is asked for
 * again every 5 s; one that is going is looked for every second until its object is gone.
 * Source: staging/src/k8s.io/kubectl/pkg/drain/{drain,filters}.go (v1.36). Not modelled: the grace period option, pods
 * that have ended (they are on no node here).
 *
 * Costs an event for each node in 5 s while anything is refused, and one for each pod that goes.
 */
import { MICROS_PER_SECOND, type Micros } from '../base/time.ts';
import { EvictionCause } from '../cluster/cluster.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { DisruptionBudgets } from '../cluster/disruption-budgets.ts';
import type { ClusterObserver } from '../cluster/observer.ts';
import { requestEviction } from '../control-plane/eviction.ts';
import type { EventKind, Kernel } from '../kernel/kernel.ts';
import type { DrainRule, OperationListener } from './operation-log.ts';

export const DRAIN_RULE_TEXTS: Readonly<Record<DrainRule, string>> = {
  daemonSet: 'cannot delete DaemonSet-managed Pods (use --ignore-daemonsets to ignore)',
  localStorage: 'cannot delete Pods with local storage (use --delete-emptydir-data to override)',
  bare: 'cannot delete Pods that declare no controller (use --force to override)',
};

const RETRY_MICROS: Micros = 5 * MICROS_PER_SECOND;
/** How often kubectl looks whether a pod is gone. */
const POLL_MICROS: Micros = MICROS_PER_SECOND;
/** Pods that a message names. */
const MOST_NAMED = 5;

export interface DrainOptions {
  /** Pods without a controller go, too. */
  readonly force: boolean;
  readonly deleteEmptyDirData: boolean;
  readonly ignoreDaemonSets: boolean;
  /** null: it waits for ever. */
  readonly timeoutMicros: Micros | null;
  /** An answer other than 429 is asked again, too: what providers' upgrades do where kubectl gives up. */
  readonly persists: boolean;
}

/** '': all pods have gone. Otherwise why not. */
export type DrainEnd = (complaint: string) => void;

interface NodeDrain {
  readonly node: string;
  readonly row: number;
  readonly incarnation: number;
  readonly options: DrainOptions;
  readonly onEnd: DrainEnd;
  /** Pod row to incarnation: to be evicted yet. */
  readonly waiting: Map<number, number>;
  /** Pod row to when it was evicted: not gone yet. */
  readonly going: Map<number, Micros>;
  /** Gone, but not looked for since. */
  unseen: number;
  readonly complaints: string[];
}

export class Drains implements ClusterObserver {
  /** When a pod or node last moved. */
  lastProgressAt: Micros = 0;
  private readonly kernel: Kernel;
  private readonly cluster: Cluster;
  private readonly budgets: DisruptionBudgets;
  private readonly listener: OperationListener;
  private readonly drains = new Map<number, NodeDrain>();
  /** Pod row to the drains that wait for its end. */
  private readonly watched = new Map<number, number[]>();
  private count = 0;
  private readonly beginEvent: EventKind;
  private readonly retryEvent: EventKind;
  private readonly goneEvent: EventKind;
  private readonly timeoutEvent: EventKind;

  constructor(
    kernel: Kernel, cluster: Cluster, budgets: DisruptionBudgets, phase: number, listener: OperationListener,
  ) {
    this.kernel = kernel;
    this.cluster = cluster;
    this.budgets = budgets;
    this.listener = listener;
    this.beginEvent = kernel.defineEvent('drain', phase, (id) => this.beginNow(id));
    this.retryEvent = kernel.defineEvent('drain retry', phase, (id) => this.retry(id));
    this.goneEvent = kernel.defineEvent('drained pod gone', phase, (id) => this.seeGone(id));
    this.timeoutEvent = kernel.defineEvent('drain timeout', phase, (id) => this.timeOut(id));
    cluster.observe(this);
  }

  /** Cordons the node unless it is, and drains it in the controller phase of this instant. */
  begin(row: number, options: DrainOptions, onEnd: DrainEnd): void {
    const { nodes } = this.cluster;
    const { name, unschedulable } = nodes.facts[row];
    if (!unschedulable) this.cluster.setUnschedulable(row, true);
    const id = this.count++;
    this.drains.set(id, {
      node: name, row, incarnation: nodes.incarnation[row], options, onEnd,
      waiting: new Map(), going: new Map(), unseen: 0, complaints: [],
    });
    this.listener.nodePhaseChanged?.(name, 'drain', true, '');
    this.kernel.after(0, this.beginEvent, id);
    if (options.timeoutMicros !== null) this.kernel.after(options.timeoutMicros, this.timeoutEvent, id);
  }

  podDeleted(pod: number): void {
    if (this.watched.size === 0) return;
    const ids = this.watched.get(pod);
    if (ids === undefined) return;
    this.watched.delete(pod);
    for (const id of ids) {
      const drain = this.drains.get(id);
      const evictedAt = drain?.going.get(pod);
      if (drain === undefined || evictedAt === undefined) continue;
      drain.going.delete(pod);
      drain.unseen++;
      const polls = Math.ceil((this.kernel.now - evictedAt) / POLL_MICROS);
      this.kernel.at(evictedAt + polls * POLL_MICROS, this.goneEvent, id);
    }
  }

  // ---- steps of a drain ------------------------------------------------------------------------------------------

  private beginNow(id: number): void {
    const drain = this.drains.get(id);
    if (drain === undefined) return;
    const { nodes, pods } = this.cluster;
    const listed = nodes.incarnation[drain.row] === drain.incarnation ? nodes.pods[drain.row] : [];
    const inTheWay = new Map<DrainRule, string[]>();
    for (const pod of listed) {
      const rule = this.ruleFor(pod, drain.options);
      if (rule === 'skip') continue;
      if (rule === 'move') drain.waiting.set(pod, pods.incarnation[pod]);
      else inTheWay.set(rule, [...(inTheWay.get(rule) ?? []), this.nameOf(pod)]);
    }
    if (inTheWay.size === 0) return this.evictWaiting(id, drain);
    for (const [rule, names] of inTheWay) this.listener.drainRefused?.(drain.node, rule, names);
    this.end(
      id,
      drain,
      [...inTheWay].map(([rule, names]) => `${DRAIN_RULE_TEXTS[rule]}: ${nameList(names)}`).join('; '),
    );
  }

  /** The filters in their order; the first that does not let a pod go decides. */
  private ruleFor(pod: number, options: DrainOptions): DrainRule | 'skip' | 'move' {
    const { pods } = this.cluster;
    const template = this.cluster.templateOf(pod);
    if (pods.pinnedNode[pod] >= 0 || template.controller?.kind === 'DaemonSet')
      return options.ignoreDaemonSets ? 'skip' : 'daemonSet';
    if (template.drainMarks.isMirror === true) return 'skip';
    const hasEmptyDir = (template.spec.volumes ?? []).some(({ emptyDir }) => emptyDir !== undefined);
    if (hasEmptyDir && !options.deleteEmptyDirData) return 'localStorage';
    if (pods.owner[pod] < 0 && template.controller === null && !options.force) return 'bare';
    return 'move';
  }

  private retry(id: number): void {
    const drain = this.drains.get(id);
    if (drain !== undefined) this.evictWaiting(id, drain);
  }

  private evictWaiting(id: number, drain: NodeDrain): void {
    const { pods } = this.cluster;
    for (const [pod, incarnation] of drain.waiting) {
      const isThere = pods.incarnation[pod] === incarnation && pods.phase[pod] !== 0;
      if (!isThere) drain.waiting.delete(pod);
      else this.evict(id, drain, pod);
    }
    if (drain.waiting.size > 0) this.kernel.after(RETRY_MICROS, this.retryEvent, id);
    this.endIfDone(id, drain);
  }

  private evict(id: number, drain: NodeDrain, pod: number): void {
    const { cluster, budgets } = this;
    const covering = budgets.coveringKeys(cluster.templateOf(pod));
    const answer = requestEviction(cluster, budgets, pod, EvictionCause.Api);
    if (answer.code === 201) {
      drain.waiting.delete(pod);
      drain.going.set(pod, cluster.now);
      this.watched.set(pod, [...(this.watched.get(pod) ?? []), id]);
      this.lastProgressAt = cluster.now;
      this.listener.evictionGranted?.(pod, drain.node);
      return;
    }
    this.listener.evictionRefused?.(pod, drain.node, answer, covering);
    if (answer.code === 429 || drain.options.persists) return;
    drain.waiting.delete(pod);
    const why = answer.code === 500 ? 'more than one PodDisruptionBudget covers it' : 'the API forbids it';
    drain.complaints.push(`error when evicting pod ${this.nameOf(pod)}: ${why}`);
  }

  private seeGone(id: number): void {
    const drain = this.drains.get(id);
    if (drain === undefined) return;
    drain.unseen--;
    this.lastProgressAt = this.kernel.now;
    this.endIfDone(id, drain);
  }

  private timeOut(id: number): void {
    const drain = this.drains.get(id);
    if (drain === undefined) return;
    const left = [...drain.waiting.keys(), ...drain.going.keys()].map((pod) => this.nameOf(pod));
    this.end(id, drain, `global timeout reached; pods left: ${nameList(left)}`);
  }

  private endIfDone(id: number, drain: NodeDrain): void {
    if (drain.waiting.size > 0 || drain.going.size > 0 || drain.unseen > 0) return;
    this.end(id, drain, drain.complaints.join('; '));
  }

  private end(id: number, drain: NodeDrain, complaint: string): void {
    this.drains.delete(id);
    this.lastProgressAt = this.kernel.now;
    this.listener.nodePhaseChanged?.(drain.node, 'drain', false, '');
    drain.onEnd(complaint);
  }

  private nameOf(pod: number): string {
    return `${this.cluster.templateOf(pod).namespace}/${this.cluster.podName(pod)}`;
  }
}

function nameList(names: readonly string[]): string {
  const rest = names.length > MOST_NAMED ? ` and ${names.length - MOST_NAMED} more` : '';
  return `${names.slice(0, MOST_NAMED).join(', ')}${rest}`;
}
