/**
 * How many pods of each workload object are active, terminating, ready and available, kept as the notices come: what a
 * walk over the workload's pods would count, without the walk. A sync that only counts costs no look at a pod.
 * Pods turn ready in order of time, so those that wait for their minReadySeconds stand in a queue and leave it in
 * order. A byte a pod row and 12 a workload row; 12 a ready pod of a workload with minReadySeconds.
 */
import { assert } from '../base/assert.ts';
import { grownCapacity, growInt32, growUint8 } from '../base/growable.ts';
import { MICROS_PER_SECOND, type Micros } from '../base/time.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { ClusterObserver, WorkloadChange } from '../cluster/observer.ts';
import { PodPhase } from '../cluster/pod-table.ts';

/** What a pod counts as; bits. */
const Mark = { Active: 1, Terminating: 2, Ready: 4, Available: 8 } as const;

/** Ready pods of a workload with minReadySeconds, the available ones counted. */
interface Ripening {
  /** Of the workload that it speaks of. */
  readonly incarnation: number;
  readonly minReadySeconds: number;
  available: number;
  /** Rows that have turned ready, from `head` on not available yet, and when they did. */
  readonly rows: number[];
  readonly readyAt: Micros[];
  head: number;
}

export class OwnedPodCounts implements ClusterObserver {
  readonly ignoresStatus = true;
  private readonly cluster: Cluster;
  /** By pod row. */
  private marks: Uint8Array = new Uint8Array(0);
  /** By workload row. */
  private actives: Int32Array = new Int32Array(0);
  private terminatings: Int32Array = new Int32Array(0);
  private readies: Int32Array = new Int32Array(0);
  /** By workload row, of those that were asked about with minReadySeconds. */
  private readonly ripenings = new Map<number, Ripening>();
  /** By workload row: pods that were tracked and not active when they were noted; some more than once. */
  private readonly toCount = new Map<number, number[]>();

  /** Before the first pod. */
  constructor(cluster: Cluster) {
    this.cluster = cluster;
    cluster.observe(this);
  }

  /** Neither ended nor terminating. */
  active(workload: number): number {
    return workload < this.actives.length ? this.actives[workload] : 0;
  }

  /** Terminating and not ended (pkg/controller/controller_utils.go, CountTerminatingPods). */
  terminating(workload: number): number {
    return workload < this.terminatings.length ? this.terminatings[workload] : 0;
  }

  /** Active ones whose condition Ready is True. */
  ready(workload: number): number {
    return workload < this.readies.length ? this.readies[workload] : 0;
  }

  /** Active ones that have been ready for so long (pkg/api/v1/pod/util.go, IsPodAvailable). */
  available(workload: number, minReadySeconds: number): number {
    if (minReadySeconds === 0) return this.ready(workload);
    return this.ripeningOf(workload, minReadySeconds).available;
  }

  /** How long until the next ready pod becomes available; Infinity: none will by waiting. */
  untilNextAvailable(workload: number, minReadySeconds: number): Micros {
    if (minReadySeconds === 0) return Infinity;
    const ripening = this.ripeningOf(workload, minReadySeconds);
    if (ripening.head === ripening.rows.length) return Infinity;
    return ripening.readyAt[ripening.head] + minReadySeconds * MICROS_PER_SECOND - this.cluster.now;
  }

  /**
   * Rows that the Job controller has to count: neither active nor counted yet, oldest first. Costs those that were
   * noted since it was asked last, not the Job's pods.
   */
  uncounted(workload: number): readonly number[] {
    const noted = this.toCount.get(workload);
    if (noted === undefined) return NO_ROWS;
    const { serial } = this.cluster.pods;
    const rows = [...new Set(noted)].filter((pod) => this.isUncounted(pod, workload));
    rows.sort((a, b) => serial[a] - serial[b]);
    if (rows.length === 0) this.toCount.delete(workload);
    else this.toCount.set(workload, rows);
    return rows.slice();
  }

  private isUncounted(pod: number, workload: number): boolean {
    const { pods } = this.cluster;
    const isIts = pods.phase[pod] !== PodPhase.Free && pods.owner[pod] === workload;
    return isIts && pods.isTracked(pod) && !pods.isActive(pod);
  }

  /** Counts again by a walk, and asserts that it comes to the same. */
  check(): void {
    const { workloads } = this.cluster;
    for (let row = 0; row < workloads.length; row++) {
      if (workloads.used[row] === 0 || !workloads.isObject(row)) continue;
      const marks = workloads.podsOf(row).map((pod) => this.markOf(pod));
      const count = (bit: number): number => marks.filter((mark) => (mark & bit) !== 0).length;
      const kept = [this.active(row), this.terminating(row), this.ready(row)].join(', ');
      const walked = [count(Mark.Active), count(Mark.Terminating), count(Mark.Ready)].join(', ');
      assert(kept === walked, `workload row ${row} keeps ${kept} pods, its rows say ${walked}`);
      const uncounted = workloads.podsOf(row).filter((pod) => this.isUncounted(pod, row)).join(', ');
      const noted = this.uncounted(row).join(', ');
      assert(noted === uncounted, `workload row ${row} has pods ${uncounted} to count, ${noted} were noted`);
    }
  }

  // ---- notices ---------------------------------------------------------------------------------------------------

  podCreated(pod: number): void {
    this.note(pod);
  }

  podStarted(pod: number): void {
    this.note(pod);
  }

  podReadyChanged(pod: number): void {
    this.note(pod);
  }

  podInterrupted(pod: number): void {
    this.note(pod);
  }

  podTerminating(pod: number): void {
    this.note(pod);
  }

  podRemoved(pod: number): void {
    this.note(pod);
  }

  podDeleted(pod: number): void {
    this.note(pod);
  }

  workloadChanged(workload: number, change: WorkloadChange): void {
    if (change !== 'gone') return;
    this.ripenings.delete(workload);
    this.toCount.delete(workload);
  }

  private note(pod: number): void {
    const { pods, workloads } = this.cluster;
    const owner = pods.owner[pod];
    if (owner < 0 || !workloads.isObject(owner)) return;
    this.fit(pod, owner);
    const before = this.marks[pod];
    let after = this.markOf(pod);
    if ((after & Mark.Ready) !== 0) after |= before & Mark.Available;
    if ((after & Mark.Active) === 0 && this.isUncounted(pod, owner)) this.noteUncounted(pod, owner);
    if (before === after) return;
    this.marks[pod] = after;
    this.actives[owner] += difference(before, after, Mark.Active);
    this.terminatings[owner] += difference(before, after, Mark.Terminating);
    this.readies[owner] += difference(before, after, Mark.Ready);
    if (this.ripenings.size > 0) this.noteRipening(pod, owner, before, after);
  }

  private noteUncounted(pod: number, owner: number): void {
    const noted = this.toCount.get(owner);
    if (noted === undefined) this.toCount.set(owner, [pod]);
    else noted.push(pod);
  }

  private noteRipening(pod: number, owner: number, before: number, after: number): void {
    const ripening = this.ripenings.get(owner);
    if (ripening === undefined || ripening.incarnation !== this.cluster.workloads.incarnation[owner]) return;
    ripening.available += difference(before, after, Mark.Available);
    if (difference(before, after, Mark.Ready) > 0) {
      ripening.rows.push(pod);
      ripening.readyAt.push(this.cluster.pods.readyAt[pod]);
    }
  }

  private markOf(pod: number): number {
    const { pods } = this.cluster;
    if (pods.phase[pod] === PodPhase.Free || pods.hasEnded(pod)) return 0;
    if (pods.isTerminating(pod)) return Mark.Terminating;
    return pods.isReady(pod) ? Mark.Active | Mark.Ready : Mark.Active;
  }

  private fit(pod: number, owner: number): void {
    if (pod >= this.marks.length) this.marks = growUint8(this.marks, grownCapacity(this.marks.length, pod + 1));
    if (owner < this.actives.length) return;
    const capacity = grownCapacity(this.actives.length, owner + 1);
    this.actives = growInt32(this.actives, capacity);
    this.terminatings = growInt32(this.terminatings, capacity);
    this.readies = growInt32(this.readies, capacity);
  }

  // ---- minReadySeconds -------------------------------------------------------------------------------------------

  /** Made anew by a walk when somebody asks first, or with other seconds than before. */
  private ripeningOf(workload: number, minReadySeconds: number): Ripening {
    const { workloads, pods } = this.cluster;
    const incarnation = workloads.incarnation[workload];
    const known = this.ripenings.get(workload);
    if (known?.incarnation === incarnation && known.minReadySeconds === minReadySeconds)
      return this.ripen(workload, known);
    const rows = workloads.podsOf(workload).filter((pod) => (this.marks[pod] & Mark.Ready) !== 0);
    for (const pod of rows) this.marks[pod] &= ~Mark.Available;
    rows.sort((a, b) => pods.readyAt[a] - pods.readyAt[b]);
    const readyAt = rows.map((pod) => pods.readyAt[pod]);
    const ripening = { incarnation, minReadySeconds, available: 0, rows, readyAt, head: 0 };
    this.ripenings.set(workload, ripening);
    return this.ripen(workload, ripening);
  }

  /** Those whose time has come count; those that are ready no more, or have turned ready again, have another place. */
  private ripen(workload: number, ripening: Ripening): Ripening {
    const { pods, now } = this.cluster;
    const { rows, readyAt } = ripening;
    const latest = now - ripening.minReadySeconds * MICROS_PER_SECOND;
    for (; ripening.head < rows.length; ripening.head++) {
      const [pod, at] = [rows[ripening.head], readyAt[ripening.head]];
      const isWaiting = (this.marks[pod] & (Mark.Ready | Mark.Available)) === Mark.Ready;
      if (!isWaiting || pods.owner[pod] !== workload || pods.readyAt[pod] !== at) continue;
      if (at > latest) break;
      this.marks[pod] |= Mark.Available;
      ripening.available++;
    }
    if (ripening.head < SHIFT_FROM || ripening.head * 2 < rows.length) return ripening;
    rows.splice(0, ripening.head);
    readyAt.splice(0, ripening.head);
    ripening.head = 0;
    return ripening;
  }
}

const NO_ROWS: readonly number[] = [];

/** Places before the head that are given back together. */
const SHIFT_FROM = 1024;

/** -1, 0 or 1: whether a bit was lost or won. */
function difference(before: number, after: number, bit: number): number {
  return ((after & bit) !== 0 ? 1 : 0) - ((before & bit) !== 0 ? 1 : 0);
}
