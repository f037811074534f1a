/**
 * Time-weighted utilisation, overall and by pool, by resource. The cluster keeps the sums; this reads the few that a
 * notice has changed, settles their integrals and remembers them. Row 0 is the whole cluster, row p + 1 is pool p.
 */
import type { Micros } from '../base/time.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { PodTemplate } from '../cluster/pod-template.ts';
import type { Utilization } from './run-result.ts';
import { ALLOCATABLE, NOW, PENDING_CLOCK, REQUESTED, ShareIntegrals } from './share-integrals.ts';

export class UtilizationIntegrals {
  private readonly cluster: Cluster;
  private readonly shares = new ShareIntegrals();
  /** Rows and columns that the arrays below have room for. */
  private rows = 0;
  private stride = 0;
  /** By `row * stride + column`: number of the cell, and the sums as last read. */
  private cell: Int32Array = new Int32Array(0);
  private requested: Float64Array = new Float64Array(0);
  private allocatable: Float64Array = new Float64Array(0);
  /** Time with pending pods, up to `pendingSince`, and whether there are any now. */
  private pendingTime: Micros = 0;
  private pendingSince: Micros = 0;
  private isPending = false;

  constructor(cluster: Cluster) {
    this.cluster = cluster;
  }

  /** To be called whenever the number of pending pods may have changed. */
  pendingChanged(now: Micros): void {
    const pending = this.cluster.totals.podsPending > 0;
    if (pending === this.isPending) return;
    if (this.isPending) this.pendingTime += now - this.pendingSince;
    this.pendingSince = now;
    this.isPending = pending;
  }

  /** A pod of this template came to a node of the pool, or left it. */
  podMoved(pool: number, template: PodTemplate, now: Micros): void {
    this.begin(now);
    const { columns } = template.accounted;
    for (let i = 0; i < columns.length; i++) this.read(pool, columns[i]);
  }

  /** Anything of a pool may have changed. */
  poolChanged(pool: number, now: Micros): void {
    this.begin(now);
    for (let column = 0; column < this.stride; column++) this.read(pool, column);
  }

  /** A node is about to leave: the sums are still those with it. */
  nodeLeaves(node: number, now: Micros): void {
    this.begin(now);
    const pool = this.cluster.nodes.pool[node];
    const { totals, nodes } = this.cluster;
    const base = node * nodes.stride;
    for (let column = 0; column < this.stride; column++) {
      const from = pool * totals.stride + column;
      const requested = totals.requested[from] - nodes.requested[base + column];
      this.write(pool, column, requested, totals.allocatable[from] - nodes.allocatable[base + column]);
    }
  }

  /** Requested share of allocatable now, over all pools; 0 when nothing is allocatable. */
  shareNow(column: number): number {
    if (column >= this.stride || this.rows === 0) return 0;
    return this.allocatable[column] > 0 ? this.requested[column] / this.allocatable[column] : 0;
  }

  /** Whether anything of the resource is allocatable now. */
  hasAny(column: number): boolean {
    return column < this.stride && this.rows > 0 && this.allocatable[column] > 0;
  }

  /** Of the whole cluster, by resource name. */
  overall(now: Micros): Record<string, Utilization> {
    return this.summaryOfRow(0, now);
  }

  /** By pool name; pools that never had anything allocatable are left out. */
  byPool(now: Micros): Record<string, Record<string, Utilization>> {
    const result: Record<string, Record<string, Utilization>> = {};
    for (let pool = 0; pool < Math.min(this.rows - 1, this.cluster.pools.size); pool++) {
      const resources = this.summaryOfRow(pool + 1, now);
      if (Object.keys(resources).length > 0) result[this.cluster.pools.text(pool)] = resources;
    }
    return result;
  }

  private summaryOfRow(row: number, now: Micros): Record<string, Utilization> {
    const result: Record<string, Utilization> = {};
    this.begin(now);
    for (let column = 0; column < Math.min(this.stride, this.cluster.resources.count); column++) {
      const cell = this.cell[row * this.stride + column];
      this.shares.settle(cell);
      const summary = this.shares.summary(cell);
      if (summary !== null) result[this.cluster.resources.name(column)] = summary;
    }
    return result;
  }

  /** Sets the clocks of the integrals and follows the totals when pools or resources were added. */
  private begin(now: Micros): void {
    const { input } = this.shares;
    input[NOW] = now;
    input[PENDING_CLOCK] = this.isPending ? this.pendingTime + now - this.pendingSince : this.pendingTime;
    const { totals } = this.cluster;
    if (totals.stride !== this.stride || totals.nodesByPool.length >= this.rows) this.fit();
  }

  private read(pool: number, column: number): void {
    const { totals } = this.cluster;
    const from = pool * totals.stride + column;
    this.write(pool, column, totals.requested[from], totals.allocatable[from]);
  }

  private write(pool: number, column: number, requested: number, allocatable: number): void {
    const at = (pool + 1) * this.stride + column;
    const { input } = this.shares;
    if (requested === this.requested[at] && allocatable === this.allocatable[at]) return;
    this.requested[column] += requested - this.requested[at];
    this.allocatable[column] += allocatable - this.allocatable[at];
    this.requested[at] = input[REQUESTED] = requested;
    this.allocatable[at] = input[ALLOCATABLE] = allocatable;
    this.shares.set(this.cell[at]);
    input[REQUESTED] = this.requested[column];
    input[ALLOCATABLE] = this.allocatable[column];
    this.shares.set(this.cell[column]);
  }

  private fit(): void {
    const { totals } = this.cluster;
    const rows = totals.nodesByPool.length + 1;
    const cell = new Int32Array(rows * totals.stride);
    const requested = new Float64Array(cell.length);
    const allocatable = new Float64Array(cell.length);
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < totals.stride; column++) {
        const to = row * totals.stride + column;
        const isKnown = row < this.rows && column < this.stride;
        cell[to] = isKnown ? this.cell[row * this.stride + column] : this.shares.add();
        if (!isKnown) continue;
        requested[to] = this.requested[row * this.stride + column];
        allocatable[to] = this.allocatable[row * this.stride + column];
      }
    }
    this.cell = cell;
    this.requested = requested;
    this.allocatable = allocatable;
    this.rows = rows;
    this.stride = totals.stride;
  }
}
