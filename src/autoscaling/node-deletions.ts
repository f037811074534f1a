/**
 * Taking nodes away: taint and cordon, wait, evict, wait until the pods are gone, remove. A node whose pods do not go in
 * time, or that got new ones although it was empty, is given back.
 * Source: cluster-autoscaler core/scaledown/actuation (actuator, drain, delete_in_batch, softtaint).
 */
import { MICROS_PER_SECOND } from '../base/time.ts';
import type { Micros } from '../base/time.ts';
import { EvictionCause } from '../cluster/cluster.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { Node, Taint } from '../cluster/objects.ts';
import type { EventKind, Kernel } from '../kernel/kernel.ts';
import { drainVerdict } from './drain-rules.ts';
import type { NodeGroup } from './node-groups.ts';

export const TO_BE_DELETED_TAINT: Taint = { key: 'ToBeDeletedByClusterAutoscaler', effect: 'NoSchedule' };
export const DELETION_CANDIDATE_TAINT: Taint = { key: 'DeletionCandidateOfClusterAutoscaler', effect: 'PreferNoSchedule' };

const DELAY_AFTER_TAINT_MICROS: Micros = 5 * MICROS_PER_SECOND;
const POLL_MICROS: Micros = 5 * MICROS_PER_SECOND;
const MAX_GRACE_MICROS: Micros = 600 * MICROS_PER_SECOND;
const EVICTION_SLACK_MICROS: Micros = 30 * MICROS_PER_SECOND;
const SOFT_TAINTS_PER_LOOP = 10;

interface Deletion {
  readonly incarnation: number;
  readonly group: NodeGroup;
  readonly isEmpty: boolean;
  /** The node was cordoned before. */
  readonly wasCordoned: boolean;
  /** When the pods must be gone; null: they were not asked to go yet. */
  deadline: Micros | null;
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
  private readonly stepEvent: EventKind;

  constructor(kernel: Kernel, cluster: Cluster, phase: number) {
    this.kernel = kernel;
    this.cluster = cluster;
    this.stepEvent = kernel.defineEvent('autoscaler.nodeDeletion', phase, (row, incarnation) => this.step(row, incarnation));
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
    this.byRow.set(row, { incarnation, group, isEmpty, wasCordoned: this.cluster.nodes.info[row].facts.unschedulable, deadline: null });
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
    const left = this.podsToMove(row);
    if (left.length === 0) this.remove(row);
    else if (deletion.isEmpty) this.giveBack(row, deletion);
    else if (deletion.deadline === null) this.evict(row, deletion, left);
    else if (this.kernel.now < deletion.deadline) this.kernel.after(POLL_MICROS, this.stepEvent, row, incarnation);
    else {
      this.lastFailureAt = this.kernel.now;
      this.giveBack(row, deletion);
    }
  }

  private podsToMove(row: number): number[] {
    return this.cluster.nodes.info[row].pods.filter((pod) => drainVerdict(this.cluster, pod) !== 'skip');
  }

  /** DaemonSets' pods are asked to go, too, and not waited for; they end with their node and do not count as evicted. */
  private evict(row: number, deletion: Deletion, left: readonly number[]): void {
    let grace = 0;
    for (const pod of left) grace = Math.max(grace, Math.min(MAX_GRACE_MICROS, this.cluster.templateOf(pod).graceMicros));
    deletion.deadline = this.kernel.now + grace + EVICTION_SLACK_MICROS;
    const { pinnedNode } = this.cluster.pods;
    for (const pod of [...this.cluster.nodes.info[row].pods]) this.cluster.terminatePod(pod, pinnedNode[pod] >= 0 ? EvictionCause.None : EvictionCause.ScaleDown);
    this.kernel.after(POLL_MICROS, this.stepEvent, row, deletion.incarnation);
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
    return this.cluster.nodes.info[row].facts.taints.filter(({ key }) => key !== TO_BE_DELETED_TAINT.key && key !== DELETION_CANDIDATE_TAINT.key);
  }

  private setMarks(row: number, taints: readonly Taint[], unschedulable: boolean): void {
    const node: Node = this.cluster.nodes.info[row].facts.object;
    this.cluster.updateNode(row, { ...node, spec: { ...node.spec, taints, unschedulable } });
  }
}
