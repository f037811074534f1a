/**
 * Taking nodes away: taint and cordon, wait, evict, wait until the pods are gone, remove. A node whose pods do not go
 * in time, or that got new ones although it was empty, is given back. What is to be evicted is what the autoscaler sees
 * 5 s after the taint; whether it has gone, and whether anything else has come, the API server is asked.
 * Source: cluster-autoscaler core/scaledown/actuation (actuator, drain, delete_in_batch, softtaint).
 */
import { MICROS_PER_SECOND } from '../base/time.ts';
import type { Micros } from '../base/time.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { Node, Taint } from '../cluster/objects.ts';
import type { EventKind, Kernel } from '../kernel/kernel.ts';
import type { DrainRules } from './drain-rules.ts';
import type { NodeGroup } from './node-groups.ts';
import { keepers } from './node-requests.ts';
import type { NodeRequests, RemovalAnswer } from './node-requests.ts';

export const TO_BE_DELETED_TAINT: Taint = { key: 'ToBeDeletedByClusterAutoscaler', effect: 'NoSchedule' };
export const DELETION_CANDIDATE_TAINT: Taint = {
  key: 'DeletionCandidateOfClusterAutoscaler',
  effect: 'PreferNoSchedule',
};

const DELAY_AFTER_TAINT_MICROS: Micros = 5 * MICROS_PER_SECOND;
const POLL_MICROS: Micros = 5 * MICROS_PER_SECOND;
const MAX_GRACE_MICROS: Micros = 600 * MICROS_PER_SECOND;
const EVICTION_SLACK_MICROS: Micros = 30 * MICROS_PER_SECOND;
/** A refused eviction is asked for again, for so long (max-pod-eviction-time). */
const EVICTION_RETRY_MICROS: Micros = 10 * MICROS_PER_SECOND;
const MAX_EVICTION_MICROS: Micros = 120 * MICROS_PER_SECOND;
const SOFT_TAINTS_PER_LOOP = 10;
/** None is begun later in a loop (max-bulk-soft-taint-time). */
const MAX_SOFT_TAINT_MICROS: Micros = 3 * MICROS_PER_SECOND;

interface Deletion {
  readonly row: number;
  readonly incarnation: number;
  readonly group: NodeGroup;
  readonly isEmpty: boolean;
  /** The node was cordoned before. */
  readonly wasCordoned: boolean;
  /** When every pod must have been asked to go; null: none was asked yet. */
  askUntil: Micros | null;
  /** The longest grace period of those that were asked. */
  graceMicros: Micros;
  /** When the pods must be gone; null: not all of them were asked to go yet. */
  deadline: Micros | null;
  /** The node was removed, and is seen still. */
  isGone: boolean;
}

export interface NodeDeletionParts {
  readonly drainRules: DrainRules;
  readonly requests: NodeRequests;
  readonly phase: number;
}

interface SoftTaintChange {
  readonly row: number;
  readonly incarnation: number;
  readonly isUnneeded: boolean;
}

export class NodeDeletions {
  removedCount = 0;
  lastFailureAt: Micros = -Infinity;
  /** Called when a node was removed or given back. */
  onEnd: () => void = () => undefined;
  private readonly kernel: Kernel;
  private readonly cluster: Cluster;
  private readonly byRow = new Map<number, Deletion>();
  private readonly softTainted = new Map<number, number>();
  private readonly parts: NodeDeletionParts;
  private readonly stepEvent: EventKind;

  /** `cluster`: as the autoscaler sees it. */
  constructor(kernel: Kernel, cluster: Cluster, parts: NodeDeletionParts) {
    this.kernel = kernel;
    this.cluster = cluster;
    this.parts = parts;
    this.stepEvent = kernel.defineEvent('autoscaler.nodeDeletion', parts.phase, (row, incarnation) =>
      this.step(row, incarnation),
    );
    cluster.observe({ nodeRemoving: (row) => this.nodeLeaves(row) });
  }

  /** Nodes that are on their way out. */
  get count(): number {
    let count = 0;
    for (const { isGone } of this.byRow.values()) if (!isGone) count++;
    return count;
  }

  get drainCount(): number {
    let count = 0;
    for (const { isEmpty, isGone } of this.byRow.values()) if (!isEmpty && !isGone) count++;
    return count;
  }

  get softTaintCount(): number {
    return this.softTainted.size;
  }

  has(row: number): boolean {
    return this.byRow.has(row);
  }

  /** Whether the node looks as if it were on its way out: one that was given back may be seen tainted still. */
  isSeenTainted(row: number): boolean {
    const { facts, length } = this.cluster.nodes;
    return row < length && hasTaint(facts[row].object, TO_BE_DELETED_TAINT);
  }

  /** A node is to be taken away: `start` begins with it. */
  plan(row: number, group: NodeGroup, isEmpty: boolean): void {
    this.byRow.set(row, {
      row,
      incarnation: this.cluster.nodes.incarnation[row],
      group,
      isEmpty,
      wasCordoned: this.cluster.nodes.facts[row].unschedulable,
      askUntil: null,
      graceMicros: 0,
      deadline: null,
      isGone: false,
    });
    group.deleting++;
    this.softTainted.delete(row);
  }

  /**
   * Taints nodes that were planned, the empty ones first, and takes them away. Where one cannot be tainted the others
   * of its kind are given back, and none follows (actuator.go StartDeletion). `whenTainted`: all is answered.
   */
  start(rows: readonly number[], whenTainted: () => void): void {
    const planned = rows.flatMap((row) => this.byRow.get(row) ?? []);
    const empty = planned.filter(({ isEmpty }) => isEmpty);
    const drained = planned.filter(({ isEmpty }) => !isEmpty);
    this.taint(empty, (isDone) => {
      if (isDone) this.taint(drained, whenTainted);
      else {
        for (const deletion of drained) this.forget(deletion);
        whenTainted();
      }
    });
  }

  private taint(planned: readonly Deletion[], then: (isDone: boolean) => void): void {
    const deletions = planned.filter((deletion) => this.isUnderWay(deletion));
    if (deletions.length === 0) return then(true);
    const tainted: Deletion[] = [];
    let unanswered = deletions.length;
    for (const deletion of deletions)
      this.parts.requests.changeNode(deletion.row, markToBeDeleted, (isDone) => {
        if (isDone) tainted.push(deletion);
        else this.forget(deletion);
        if (--unanswered > 0) return;
        const areAll = tainted.length === deletions.length;
        for (const each of tainted) {
          if (areAll) this.kernel.after(DELAY_AFTER_TAINT_MICROS, this.stepEvent, each.row, each.incarnation);
          else this.fail(each);
        }
        if (!areAll) this.lastFailureAt = this.kernel.now;
        then(areAll);
      });
  }

  /** Unneeded nodes carry a soft taint; ten changes a loop, one after the other. `whenDone`: all are answered. */
  updateSoftTaints(unneeded: ReadonlyMap<number, unknown>, whenDone: () => void): void {
    const changes = this.softTaintChanges(unneeded);
    const until = this.kernel.now + MAX_SOFT_TAINT_MICROS;
    const next = (at: number): void => {
      if (at === changes.length || this.kernel.now >= until) whenDone();
      else this.changeSoftTaint(changes[at], () => { next(at + 1); });
    };
    next(0);
  }

  private softTaintChanges(unneeded: ReadonlyMap<number, unknown>): readonly SoftTaintChange[] {
    const { nodes } = this.cluster;
    const changes: SoftTaintChange[] = [];
    for (const [row, incarnation] of this.softTainted) {
      if (changes.length === SOFT_TAINTS_PER_LOOP) return changes;
      if (unneeded.has(row) && nodes.incarnation[row] === incarnation) continue;
      if (nodes.alive[row] === 0 || nodes.incarnation[row] !== incarnation) this.softTainted.delete(row);
      else changes.push({ row, incarnation, isUnneeded: false });
    }
    for (const row of unneeded.keys()) {
      if (changes.length === SOFT_TAINTS_PER_LOOP) break;
      if (this.softTainted.has(row) || this.byRow.has(row)) continue;
      changes.push({ row, incarnation: nodes.incarnation[row], isUnneeded: true });
    }
    return changes;
  }

  private changeSoftTaint({ row, incarnation, isUnneeded }: SoftTaintChange, then: () => void): void {
    const { nodes } = this.cluster;
    if (nodes.alive[row] === 0 || nodes.incarnation[row] !== incarnation || this.byRow.has(row)) return then();
    if (isUnneeded) this.softTainted.set(row, incarnation);
    else this.softTainted.delete(row);
    this.parts.requests.changeNode(row, isUnneeded ? markCandidate : cleanCandidate, (isDone) => {
      if (!isDone && isUnneeded && this.softTainted.get(row) === incarnation) this.softTainted.delete(row);
      then();
    });
  }

  private step(row: number, incarnation: number): void {
    const deletion = this.byRow.get(row);
    if (deletion === undefined || deletion.incarnation !== incarnation) return;
    if (deletion.deadline === null) this.look(deletion, keepers(this.cluster, row));
    else this.parts.requests.podsLeft(row, incarnation, (left) => {
      if (this.isUnderWay(deletion)) this.look(deletion, left);
    });
  }

  private look(deletion: Deletion, left: readonly number[]): void {
    const { row, incarnation, isEmpty, deadline } = deletion;
    if (left.length === 0) this.remove(deletion);
    else if (isEmpty) this.giveBack(deletion);
    else if (deadline === null) this.askToGo(deletion, left);
    else if (this.kernel.now < deadline) this.kernel.after(POLL_MICROS, this.stepEvent, row, incarnation);
    else this.fail(deletion);
  }

  /** Evicts what may go; the rest is asked again. A pod that must not go any more ends the drain before it begins. */
  private askToGo(deletion: Deletion, left: readonly number[]): void {
    const { now } = this.kernel;
    const { drainRules, requests } = this.parts;
    if (deletion.askUntil === null) {
      const budgets = drainRules.remainingBudgets();
      if (left.some((pod) => drainRules.verdict(pod, budgets) === 'block')) return this.fail(deletion);
      deletion.askUntil = now + MAX_EVICTION_MICROS;
      for (const pod of left)
        deletion.graceMicros = Math.max(
          deletion.graceMicros,
          Math.min(MAX_GRACE_MICROS, this.cluster.templateOf(pod).graceMicros),
        );
      this.dismissDaemons(deletion.row);
    } else if (now >= deletion.askUntil) return this.fail(deletion);
    let unanswered = left.length;
    let refused = 0;
    for (const pod of left)
      requests.evict(pod, (isGranted) => {
        if (!isGranted) refused++;
        if (--unanswered === 0) this.asked(deletion, refused);
      });
  }

  private asked(deletion: Deletion, refused: number): void {
    const { row, incarnation, graceMicros } = deletion;
    const { now } = this.kernel;
    if (refused === 0) deletion.deadline = now + graceMicros + EVICTION_SLACK_MICROS;
    this.kernel.after(refused === 0 ? POLL_MICROS : EVICTION_RETRY_MICROS, this.stepEvent, row, incarnation);
  }

  /**
   * DaemonSets' pods are asked to go, too, and not waited for; they end with their node and do not count as evicted.
   */
  private dismissDaemons(row: number): void {
    const { pinnedNode } = this.cluster.pods;
    for (const pod of [...this.cluster.nodes.pods[row]]) if (pinnedNode[pod] >= 0) this.parts.requests.dismiss(pod);
  }

  private fail(deletion: Deletion): void {
    this.lastFailureAt = this.kernel.now;
    this.giveBack(deletion);
  }

  private remove(deletion: Deletion): void {
    const { row, incarnation, isEmpty } = deletion;
    this.parts.requests.remove(row, incarnation, (answer: RemovalAnswer) => {
      if (answer === 'used') {
        if (isEmpty || !this.isUnderWay(deletion)) this.giveBack(deletion);
        else this.fail(deletion);
        return;
      }
      if (answer === 'removed') this.removedCount++;
      deletion.isGone = true;
      this.onEnd();
    });
  }

  private giveBack(deletion: Deletion): void {
    if (!this.isUnderWay(deletion)) return;
    const { row, wasCordoned } = deletion;
    const edit = (node: Node): Node | null => (
      hasTaint(node, TO_BE_DELETED_TAINT) ? withCordon(without(node, TO_BE_DELETED_TAINT), wasCordoned) : null
    );
    this.parts.requests.changeNode(row, edit, () => {
      this.forget(deletion);
      this.onEnd();
    });
  }

  private isUnderWay(deletion: Deletion): boolean {
    return this.byRow.get(deletion.row) === deletion;
  }

  private forget(deletion: Deletion): void {
    if (!this.isUnderWay(deletion)) return;
    this.byRow.delete(deletion.row);
    deletion.group.deleting--;
  }

  /** The node is seen to go, by our hand or another's. */
  private nodeLeaves(row: number): void {
    const deletion = this.byRow.get(row);
    if (deletion !== undefined) this.forget(deletion);
  }
}

function hasTaint({ spec }: Node, { key }: Taint): boolean {
  return spec?.taints?.some((taint) => taint.key === key) === true;
}

function without(node: Node, ...gone: readonly Taint[]): Node {
  const taints = (node.spec?.taints ?? []).filter(({ key }) => !gone.some((taint) => taint.key === key));
  return { ...node, spec: { ...node.spec, taints } };
}

function withTaint(node: Node, taint: Taint): Node {
  return { ...node, spec: { ...node.spec, taints: [...(node.spec?.taints ?? []), taint] } };
}

function withCordon(node: Node, unschedulable: boolean): Node {
  return { ...node, spec: { ...node.spec, unschedulable } };
}

function markToBeDeleted(node: Node): Node | null {
  if (hasTaint(node, TO_BE_DELETED_TAINT)) return null;
  return withCordon(withTaint(without(node, DELETION_CANDIDATE_TAINT), TO_BE_DELETED_TAINT), true);
}

function markCandidate(node: Node): Node | null {
  return hasTaint(node, DELETION_CANDIDATE_TAINT) ? null : withTaint(node, DELETION_CANDIDATE_TAINT);
}

function cleanCandidate(node: Node): Node | null {
  return hasTaint(node, DELETION_CANDIDATE_TAINT) ? without(node, DELETION_CANDIDATE_TAINT) : null;
}
