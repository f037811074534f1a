/**
 * Taking nodes away: taint and cordon, wait, evict, wait until the pods are gone, remove. A node whose pods do not go
 * in time, or that got new ones although it was empty, is given back. Source: cluster-autoscaler
 * core/scaledown/actuation (actuator, drain, delete_in_batch, softtaint).
 */
import { MICROS_PER_SECOND } from '../base/time.ts';
import type { Micros } from '../base/time.ts';
import { EvictionCause } from '../cluster/cluster.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { Node, Taint } from '../cluster/objects.ts';
import type { EventKind, Kernel } from '../kernel/kernel.ts';
import type { DrainRules } from './drain-rules.ts';
import type { NodeGroup } from './node-groups.ts';

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

interface Deletion {
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
}

export interface NodeDeletionParts {
  readonly drainRules: DrainRules;
  /** Asks for a pod's deletion; false: a disruption budget says no for now. */
  readonly evict: (pod: number, cause: EvictionCause) => boolean;
  readonly phase: number;
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

  constructor(kernel: Kernel, cluster: Cluster, parts: NodeDeletionParts) {
    this.kernel = kernel;
    this.cluster = cluster;
    this.parts = parts;
    this.stepEvent = kernel.defineEvent('autoscaler.nodeDeletion', parts.phase, (row, incarnation) =>
      this.step(row, incarnation),
    );
    cluster.observe({ nodeRemoving: (row) => this.nodeLeaves(row) });
  }

  get count(): number {
    return this.byRow.size;
  }

  get drainCount(): number {
    let count = 0;
    for (const deletion of this.byRow.values()) if (!deletion.isEmpty) count++;
    return count;
  }

  get softTaintCount(): number {
    return this.softTainted.size;
  }

  has(row: number): boolean {
    return this.byRow.has(row);
  }

  begin(row: number, group: NodeGroup, isEmpty: boolean): void {
    const incarnation = this.cluster.nodes.incarnation[row];
    this.byRow.set(row, {
      incarnation,
      group,
      isEmpty,
      wasCordoned: this.cluster.nodes.facts[row].unschedulable,
      askUntil: null,
      graceMicros: 0,
      deadline: null,
    });
    group.deleting++;
    this.setMarks(row, [...this.taintsWithout(row), TO_BE_DELETED_TAINT], true);
    this.softTainted.delete(row);
    this.kernel.after(DELAY_AFTER_TAINT_MICROS, this.stepEvent, row, incarnation);
  }

  /** Unneeded nodes carry a soft taint; ten changes a loop. */
  updateSoftTaints(unneeded: ReadonlyMap<number, unknown>): void {
    const { nodes } = this.cluster;
    let left = SOFT_TAINTS_PER_LOOP;
    for (const [row, incarnation] of this.softTainted) {
      if (left === 0) return;
      if (unneeded.has(row) && nodes.incarnation[row] === incarnation) continue;
      this.softTainted.delete(row);
      if (nodes.alive[row] === 0 || nodes.incarnation[row] !== incarnation) continue;
      this.cluster.setTaints(row, this.taintsWithout(row));
      left--;
    }
    for (const row of unneeded.keys()) {
      if (left === 0) return;
      if (this.softTainted.has(row) || this.byRow.has(row)) continue;
      this.softTainted.set(row, nodes.incarnation[row]);
      this.cluster.setTaints(row, [...this.taintsWithout(row), DELETION_CANDIDATE_TAINT]);
      left--;
    }
  }

  private step(row: number, incarnation: number): void {
    const deletion = this.byRow.get(row);
    if (deletion === undefined || deletion.incarnation !== incarnation) return;
    const left = this.cluster.nodes.pods[row].filter((pod) => !this.parts.drainRules.isSkipped(pod));
    if (left.length === 0) this.remove(row);
    else if (deletion.isEmpty) this.giveBack(row, deletion);
    else if (deletion.deadline === null) this.askToGo(row, deletion, left);
    else if (this.kernel.now < deletion.deadline) this.kernel.after(POLL_MICROS, this.stepEvent, row, incarnation);
    else this.fail(row, deletion);
  }

  /** Evicts what may go; the rest is asked again. A pod that must not go any more ends the drain before it begins. */
  private askToGo(row: number, deletion: Deletion, left: readonly number[]): void {
    const { now } = this.kernel;
    const { drainRules } = this.parts;
    if (deletion.askUntil === null) {
      const budgets = drainRules.remainingBudgets();
      if (left.some((pod) => drainRules.verdict(pod, budgets) === 'block')) return this.fail(row, deletion);
      deletion.askUntil = now + MAX_EVICTION_MICROS;
      for (const pod of left)
        deletion.graceMicros = Math.max(
          deletion.graceMicros,
          Math.min(MAX_GRACE_MICROS, this.cluster.templateOf(pod).graceMicros),
        );
      this.dismissDaemons(row);
    } else if (now >= deletion.askUntil) return this.fail(row, deletion);
    const refused = left.filter((pod) => !this.parts.evict(pod, EvictionCause.ScaleDown));
    if (refused.length === 0) deletion.deadline = now + deletion.graceMicros + EVICTION_SLACK_MICROS;
    this.kernel.after(
      refused.length === 0 ? POLL_MICROS : EVICTION_RETRY_MICROS,
      this.stepEvent,
      row,
      deletion.incarnation,
    );
  }

  /**
   * DaemonSets' pods are asked to go, too, and not waited for; they end with their node and do not count as evicted.
   */
  private dismissDaemons(row: number): void {
    const { pinnedNode } = this.cluster.pods;
    for (const pod of [...this.cluster.nodes.pods[row]])
      if (pinnedNode[pod] >= 0) this.cluster.terminatePod(pod, EvictionCause.None);
  }

  private fail(row: number, deletion: Deletion): void {
    this.lastFailureAt = this.kernel.now;
    this.giveBack(row, deletion);
  }

  private remove(row: number): void {
    this.removedCount++;
    this.cluster.removeNode(row);
    this.onEnd();
  }

  private giveBack(row: number, deletion: Deletion): void {
    this.byRow.delete(row);
    deletion.group.deleting--;
    this.setMarks(row, this.taintsWithout(row), deletion.wasCordoned);
    this.onEnd();
  }

  /** The node goes, by our hand or another's. */
  private nodeLeaves(row: number): void {
    const deletion = this.byRow.get(row);
    if (deletion === undefined) return;
    this.byRow.delete(row);
    deletion.group.deleting--;
  }

  /** The node's taints but for the autoscaler's own. */
  private taintsWithout(row: number): readonly Taint[] {
    return this.cluster.nodes.facts[row].taints.filter(
      ({ key }) => key !== TO_BE_DELETED_TAINT.key && key !== DELETION_CANDIDATE_TAINT.key,
    );
  }

  private setMarks(row: number, taints: readonly Taint[], unschedulable: boolean): void {
    const node: Node = this.cluster.nodes.facts[row].object;
    this.cluster.updateNode(row, { ...node, spec: { ...node.spec, taints, unschedulable } });
  }
}
