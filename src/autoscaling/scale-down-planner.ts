/**
 * Which nodes are unneeded, and since when. Each loop looks at the underused nodes of groups above their minimum and
 * tries in thought to move their pods elsewhere; what was moved stays moved for the nodes after it. What was found of a
 * node is not tried again while nothing that it hangs on has changed (`FoundMoves`).
 * Source: cluster-autoscaler core/scaledown/{planner,eligibility,unneeded}, simulator/{cluster,utilization}.
 */
import { growInt32, grownCapacity } from '../base/growable.ts';
import { MICROS_PER_MINUTE } from '../base/time.ts';
import type { Micros } from '../base/time.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { CPU, MEMORY } from '../cluster/resources.ts';
import type { DrainRules, RemainingBudgets } from './drain-rules.ts';
import type { NodeGroups } from './node-groups.ts';
import type { Moves, WhatIfCluster } from '../scheduler/what-if/what-if-cluster.ts';

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
  private readonly found = new FoundMoves();
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
      if (!this.isUnderused(row, threshold) || this.isDeleting(row)) continue;
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
    this.found.begin(candidates, whatIf, budgets.areNone);
    for (const row of candidates) {
      if (next.size >= limit) break;
      if (this.isLeftAlone(row, now)) continue;
      const moved = this.moveAsBefore(row, whatIf) ?? this.moveAway(row, whatIf, budgets);
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

  /**
   * Does what was found of the node before, if it is found again, and says of how many pods; null: all has to be tried.
   */
  private moveAsBefore(row: number, whatIf: WhatIfCluster): number | null {
    const { found, hints } = this;
    const known = found.of(row, whatIf);
    if (known === null) return null;
    const { pods, places, others } = known;
    for (let i = 0; i < pods.length; i++) if (hints[pods[i]] !== places[i]) return null;
    for (const place of others) if (!whatIf.isThere(place) || !this.mayTake(place)) return null;
    if (!found.repeat(known, whatIf)) return null;
    this.leaving[row] = 1;
    return pods.length;
  }

  /** How many pods (the first of `movable`) found a place elsewhere, -1 when one does not (nothing is moved then). */
  private moveAway(row: number, whatIf: WhatIfCluster, budgets: RemainingBudgets): number {
    const { movable, hints } = this;
    const { pods } = this.cluster;
    let count = 0;
    // What is said of pods that are on their way out changes with time.
    let isPassing = false;
    for (const pod of whatIf.info(row).pods) {
      if (pods.isTerminating(pod)) isPassing = true;
      // A pending pod that was put here in thought needs another place like the others.
      const verdict = pods.node[pod] < 0 ? 'move' : this.drainRules.verdict(pod, budgets);
      if (verdict === 'block') return -1;
      if (verdict === 'move') movable[count++] = pod;
    }
    this.leaving[row] = 1;
    const mark = whatIf.mark;
    for (let i = 0; i < count; i++) whatIf.remove(movable[i], row);
    for (let i = 0; i < count; i++) {
      const pod = movable[i];
      const place = whatIf.findPlace(pod, hints[pod], this.mayTake);
      if (place < 0) {
        whatIf.rollback(mark);
        this.leaving[row] = 0;
        return -1;
      }
      hints[pod] = place;
      whatIf.add(pod, place);
    }
    this.found.note({ row, pods: movable.slice(0, count), hints, isPassing }, whatIf);
    return count;
  }

  /** By the larger of the cpu and memory shares that are requested, DaemonSets' pods included. */
  private isUnderused(row: number, threshold: number): boolean {
    const { requested, allocatable, stride } = this.cluster.nodes;
    const base = row * stride;
    // Most nodes are full of cpu.
    return (
      shareOf(requested[base + CPU], allocatable[base + CPU]) < threshold &&
      shareOf(requested[base + MEMORY], allocatable[base + MEMORY]) < threshold
    );
  }
}

function shareOf(requested: number, allocatable: number): number {
  return allocatable > 0 ? requested / allocatable : 0;
}

/** Where the pods of a node went, and what that hangs on. */
interface Found extends Moves {
  /** Stands for these moves, on nodes that were in this state. */
  id: number;
  /** Of the node, and what had been moved there before. */
  readonly generation: number;
  readonly orderVersion: number;
  readonly before: number;
  /** The first pod of each template: one that is on the node, if any is. */
  readonly kinds: readonly number[];
  /** Each of `places` once, with its generation and what had been moved there before. */
  readonly others: readonly number[];
  readonly generations: number[];
  readonly othersBefore: number[];
}

/**
 * What was found of nodes in earlier updates. It is found again when the node and its pods are as they were, each pod
 * is first tried where it went, and these nodes are as they were, too, and as much has been moved there in thought
 * before. What has been moved to a place is known by a number, so that equal numbers and generations are equal pods in
 * equal order. Of a place that has changed it is asked again whether it takes its pods. Only where the node and its
 * pods alone say who fits, and no disruption budget does.
 */
class FoundMoves {
  private readonly byRow: (Found | null)[] = [];
  /** By row of a node, of the update under way: the number of what was moved to it or from it last, 0: nothing. */
  private latest: Int32Array = new Int32Array(0);
  private lastId = 0;
  private isOn = false;

  /** A new update. Pods that are on their way in thought already are none of ours. */
  begin(candidates: readonly number[], whatIf: WhatIfCluster, areNoBudgets: boolean): void {
    this.isOn = areNoBudgets && whatIf.mark === 0 && candidates.every((row) => this.isLocal(row, whatIf));
    if (this.isOn) this.latest.fill(0);
  }

  /** What was found of the node, when the node and what has to go are as they were. */
  of(row: number, whatIf: WhatIfCluster): Found | null {
    if (!this.isOn || row >= this.byRow.length) return null;
    const found = this.byRow[row];
    if (found === null || !isUnchanged(found, whatIf) || this.latest[row] !== found.before) return null;
    return found.kinds.every((pod) => whatIf.isOpen(pod)) ? found : null;
  }

  /** Does the same again, where it may be done; false: some pod does not fit any more, and nothing is done. */
  repeat(found: Found, whatIf: WhatIfCluster): boolean {
    const { row, pods, others, generations, othersBefore } = found;
    const mark = whatIf.mark;
    let id = found.id;
    for (let i = 0; i < others.length; i++) {
      if (this.isAsBefore(found, i, whatIf)) continue;
      id = 0;
      if (takesAll(found, others[i], whatIf)) continue;
      whatIf.rollback(mark);
      return false;
    }
    if (pods.length > 0) whatIf.putOff(row, found);
    for (let i = 0; i < others.length; i++) {
      if (this.isAsBefore(found, i, whatIf)) whatIf.putOff(others[i], found);
      generations[i] = whatIf.generation(others[i]);
      othersBefore[i] = this.latest[others[i]];
    }
    if (id === 0) found.id = ++this.lastId;
    this.done(found);
    return true;
  }

  /** `pods` have gone from `row` where the hints say. */
  note(
    { row, pods, hints, isPassing }: { row: number; pods: readonly number[]; hints: Int32Array; isPassing: boolean },
    whatIf: WhatIfCluster,
  ): void {
    if (!this.isOn) return;
    const places = pods.map((pod) => hints[pod]);
    const others = [...new Set(places)];
    this.makeRoom(Math.max(row, ...others));
    const found: Found = {
      id: ++this.lastId,
      row, pods, places, others,
      generation: whatIf.generation(row),
      orderVersion: whatIf.orderVersion(row),
      before: this.latest[row],
      kinds: whatIf.oneOfEachTemplate(pods),
      generations: others.map((place) => whatIf.generation(place)),
      othersBefore: others.map((place) => this.latest[place]),
    };
    this.byRow[row] = isPassing || found.generations.includes(-1) ? null : found;
    this.done(found);
  }

  private done({ id, row, others }: Found): void {
    this.latest[row] = id;
    for (const place of others) this.latest[place] = id;
  }

  private isAsBefore({ others, generations, othersBefore }: Found, at: number, whatIf: WhatIfCluster): boolean {
    const place = others[at];
    return whatIf.generation(place) === generations[at] && this.latest[place] === othersBefore[at];
  }

  private isLocal(row: number, whatIf: WhatIfCluster): boolean {
    const found = row < this.byRow.length ? this.byRow[row] : null;
    const isKnown = found !== null && isUnchanged(found, whatIf);
    return whatIf.areLocal(row, isKnown ? found.kinds : whatIf.info(row).pods);
  }

  private makeRoom(place: number): void {
    if (place >= this.latest.length) this.latest = growInt32(this.latest, grownCapacity(this.latest.length, place + 1));
    while (this.byRow.length < this.latest.length) this.byRow.push(null);
  }
}

/** Whether the node itself and its pods are as they were. */
function isUnchanged({ row, generation, orderVersion }: Found, whatIf: WhatIfCluster): boolean {
  return whatIf.generation(row) === generation && whatIf.orderVersion(row) === orderVersion;
}

/** Puts the pods that went to a place there, one after the other, unless one of them does not fit. */
function takesAll({ pods, places }: Found, place: number, whatIf: WhatIfCluster): boolean {
  for (let i = 0; i < pods.length; i++) {
    if (places[i] !== place) continue;
    if (!whatIf.fits(pods[i], place)) return false;
    whatIf.add(pods[i], place);
  }
  return true;
}
