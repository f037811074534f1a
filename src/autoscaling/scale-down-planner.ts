/**
 * Which nodes are unneeded, and since when. Each loop looks at the underused nodes of groups above their minimum and
 * tries in thought to move their pods elsewhere; what was moved stays moved for the nodes after it.
 * Source: cluster-autoscaler core/scaledown/{planner,eligibility,unneeded}, simulator/{cluster,utilization}.
 */
import { growInt32, grownCapacity } from '../base/growable.ts';
import { MICROS_PER_MINUTE } from '../base/time.ts';
import type { Micros } from '../base/time.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { CPU, MEMORY } from '../cluster/resources.ts';
import type { DrainRules, RemainingBudgets } from './drain-rules.ts';
import type { NodeGroups } from './node-groups.ts';
import type { WhatIfCluster } from '../scheduler/what-if/what-if-cluster.ts';

export interface ScaleDownPlannerSettings {
  readonly scanIntervalMicros: Micros;
  readonly scaleDownUtilizationThreshold: number;
  readonly scaleDownUnneededMicros: Micros;
  readonly scaleDownUnreadyMicros: Micros;
  readonly maxScaleDownParallelism: number;
}

export interface UnneededNode {
  readonly row: number;
  readonly incarnation: number;
  readonly since: Micros;
  /** No pods that have to be moved. */
  readonly isEmpty: boolean;
  /** Its pods together are more than their disruption budgets allow at a time. */
  readonly isRisky: boolean;
}

const UNREMOVABLE_RECHECK_MICROS: Micros = 5 * MICROS_PER_MINUTE;
const SCALE_DOWN_DISABLED = 'cluster-autoscaler.kubernetes.io/scale-down-disabled';

export class ScaleDownPlanner {
  /** By row, in the order in which they were found this time. */
  unneeded: Map<number, UnneededNode> = new Map();
  private readonly cluster: Cluster;
  private readonly groups: NodeGroups;
  private readonly settings: ScaleDownPlannerSettings;
  private readonly drainRules: DrainRules;
  private readonly isDeleting: (row: number) => boolean;
  /** Row to the time until which it is not looked at again, with its incarnation. */
  private readonly unremovable = new Map<number, { readonly until: Micros; readonly incarnation: number }>();
  /** Living nodes of all groups, ascending, when known. */
  private readonly rows: number[] = [];
  private areRowsKnown = false;
  /** By pod row: where it went last time, -1: nowhere yet. */
  private hints: Int32Array = new Int32Array(0);
  /**
   * Of the update under way: 1 by row of the nodes found unneeded and of the one that is looked at, and its pods that
   * need another place (the first ones here).
   */
  private leaving: Uint8Array = new Uint8Array(0);
  private readonly movable: number[] = [];
  private readonly mayTake = (other: number): boolean => this.leaving[other] !== 1 && !this.isDeleting(other);

  constructor(
    cluster: Cluster,
    groups: NodeGroups,
    settings: ScaleDownPlannerSettings,
    drainRules: DrainRules,
    isDeleting: (row: number) => boolean,
  ) {
    this.cluster = cluster;
    this.groups = groups;
    this.settings = settings;
    this.drainRules = drainRules;
    this.isDeleting = isDeleting;
  }

  /** Nodes came or go. */
  nodesChanged(): void {
    this.areRowsKnown = false;
  }

  /**
   * Underused nodes of groups that may shrink: those without work first, then those found unneeded before, then by row.
   */
  candidates(): number[] {
    const { nodes } = this.cluster;
    const { pool, facts, workPods } = nodes;
    const shrinkable = this.groups.shrinkablePools();
    if (!shrinkable.includes(true)) return [];
    const workless: number[] = [];
    const known: number[] = [];
    const others: number[] = [];
    const threshold = this.settings.scaleDownUtilizationThreshold;
    if (!this.areRowsKnown) this.findRows();
    for (const row of this.rows) {
      if (!shrinkable[pool[row]]) continue;
      if (!(this.utilizationOf(row) < threshold) || this.isDeleting(row)) continue;
      const { annotations } = facts[row];
      if (annotations.size > 0 && annotations.get(SCALE_DOWN_DISABLED) === 'true') continue;
      (workPods[row] === 0 ? workless : this.sinceOf(row) === null ? others : known).push(row);
    }
    return workless.concat(known, others);
  }

  /** Brings `unneeded` up to date. A node that is not found again loses its time. */
  update(candidates: readonly number[], whatIf: WhatIfCluster, now: Micros): void {
    const { nodes } = this.cluster;
    const limit = this.simulationLimit();
    this.makeRoom();
    const next = new Map<number, UnneededNode>();
    const budgets = this.drainRules.remainingBudgets();
    for (const row of candidates) {
      if (next.size >= limit) break;
      if (this.isLeftAlone(row, now)) continue;
      const moved = this.moveAway(row, whatIf, budgets);
      if (moved < 0) {
        this.unremovable.set(row, { until: now + UNREMOVABLE_RECHECK_MICROS, incarnation: nodes.incarnation[row] });
        continue;
      }
      const isRisky = !budgets.spend(this.movable, moved);
      next.set(row, {
        row,
        incarnation: nodes.incarnation[row],
        since: this.sinceOf(row) ?? now,
        isEmpty: moved === 0,
        isRisky,
      });
    }
    this.unneeded = next;
  }

  clear(): void {
    this.unneeded = new Map();
  }

  /** Unneeded for long enough: empty ones first, those that will have to wait for a disruption budget last. */
  removable(now: Micros): UnneededNode[] {
    const { scaleDownUnneededMicros, scaleDownUnreadyMicros } = this.settings;
    const ripe = [...this.unneeded.values()].filter(
      ({ row, since }) =>
        now > since + (this.cluster.nodes.up[row] === 1 ? scaleDownUnneededMicros : scaleDownUnreadyMicros),
    );
    const rank = (node: UnneededNode): number => (node.isEmpty ? 0 : node.isRisky ? 2 : 1);
    return ripe.sort((a, b) => rank(a) - rank(b));
  }

  private findRows(): void {
    const { nodes } = this.cluster;
    const pools = new Set(this.groups.list.map((group) => group.pool));
    this.rows.length = 0;
    for (let row = 0; row < nodes.length; row++)
      if (nodes.alive[row] === 1 && pools.has(nodes.pool[row])) this.rows.push(row);
    this.areRowsKnown = true;
  }

  private sinceOf(row: number): Micros | null {
    const known = this.unneeded.get(row);
    return known !== undefined && known.incarnation === this.cluster.nodes.incarnation[row] ? known.since : null;
  }

  /** Simulating stops when more nodes are known than can be removed while the next ones ripen. */
  private simulationLimit(): number {
    const { maxScaleDownParallelism: parallelism, scaleDownUnneededMicros, scanIntervalMicros } = this.settings;
    return Math.min(
      this.unneeded.size + 2 * parallelism,
      parallelism * Math.floor(scaleDownUnneededMicros / scanIntervalMicros) + parallelism,
    );
  }

  private isLeftAlone(row: number, now: Micros): boolean {
    const known = this.unremovable.get(row);
    if (known === undefined) return false;
    if (known.until > now && known.incarnation === this.cluster.nodes.incarnation[row]) return true;
    this.unremovable.delete(row);
    return false;
  }

  /** For all rows; no node is leaving. */
  private makeRoom(): void {
    const { nodes, pods } = this.cluster;
    if (nodes.length > this.leaving.length) this.leaving = new Uint8Array(nodes.capacity);
    else this.leaving.fill(0);
    if (pods.length > this.hints.length)
      this.hints = growInt32(this.hints, grownCapacity(this.hints.length, pods.length), -1);
  }

  /** How many pods (the first of `movable`) found a place elsewhere, -1 when one does not (nothing is moved then). */
  private moveAway(row: number, whatIf: WhatIfCluster, budgets: RemainingBudgets): number {
    const { movable } = this;
    let count = 0;
    for (const pod of whatIf.info(row).pods) {
      // A pending pod that was put here in thought needs another place like the others.
      const verdict = this.cluster.pods.node[pod] < 0 ? 'move' : this.drainRules.verdict(pod, budgets);
      if (verdict === 'block') return -1;
      if (verdict === 'move') movable[count++] = pod;
    }
    this.leaving[row] = 1;
    const mark = whatIf.mark;
    for (let i = 0; i < count; i++) whatIf.remove(movable[i], row);
    for (let i = 0; i < count; i++) {
      const pod = movable[i];
      const place = whatIf.findPlace(pod, this.hints[pod], this.mayTake);
      if (place < 0) {
        whatIf.rollback(mark);
        this.leaving[row] = 0;
        return -1;
      }
      this.hints[pod] = place;
      whatIf.add(pod, place);
    }
    return count;
  }

  /** The larger of the cpu and memory shares that are requested, DaemonSets' pods included. */
  private utilizationOf(row: number): number {
    return Math.max(this.shareOf(row, CPU), this.shareOf(row, MEMORY));
  }

  private shareOf(row: number, column: number): number {
    const { nodes } = this.cluster;
    const at = row * nodes.stride + column;
    return nodes.allocatable[at] > 0 ? nodes.requested[at] / nodes.allocatable[at] : 0;
  }
}
