/**
 * One record per node that ever lived: pods hosted, failures, time down, cost, mean utilisation. The utilisation is
 * integrated per node and resource at the node's own changes (about 10 ns each). Records are kept for removed nodes,
 * too.
 */
import { growFloat64, growInt32, grownCapacity } from '../base/growable.ts';
import { MICROS_PER_HOUR, MICROS_PER_SECOND } from '../base/time.ts';
import type { Micros } from '../base/time.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { ZONE_LABEL } from '../cluster/node-facts.ts';
import type { PodTemplate } from '../cluster/pod-template.ts';
import type { CostFacts, NodeRecord } from './run-result.ts';

interface OpenRecord {
  readonly name: string;
  readonly pool: string;
  readonly zone: string;
  readonly createdAt: Micros;
  removedAt: Micros | null;
  podsHosted: number;
  failures: number;
  downMicros: number;
  /** null: up. */
  downSince: Micros | null;
  meanUtilization: Readonly<Record<string, number>>;
}

/** Fields per node row and resource in `cells`. */
const SHARE = 0;
const SINCE = 1;
const WEIGHTED = 2;
const FIELDS = 3;

export class NodeRecords {
  readonly records: OpenRecord[] = [];
  private readonly cluster: Cluster;
  private readonly costPerHourByPool: ReadonlyMap<string, number>;
  /** Record by node row. */
  private current: Int32Array = new Int32Array(0);
  private cells: Float64Array = new Float64Array(0);
  private stride = 0;
  /** By node row. */
  private hosted: Int32Array = new Int32Array(0);
  /** The time now, for `settle`: as an argument it would be boxed at each call. */
  private readonly clock = new Float64Array(1);

  constructor(cluster: Cluster, costPerHourByPool: ReadonlyMap<string, number>) {
    this.cluster = cluster;
    this.costPerHourByPool = costPerHourByPool;
  }

  nodeAdded(node: number, now: Micros): void {
    this.fit();
    const facts = this.cluster.nodes.facts[node];
    this.current[node] = this.records.length;
    this.hosted[node] = 0;
    const pool = this.cluster.pools.text(this.cluster.nodes.pool[node]);
    const zone = facts.labels.get(ZONE_LABEL) ?? '';
    this.records.push({
      name: facts.name,
      pool,
      zone,
      createdAt: now,
      removedAt: null,
      podsHosted: 0,
      failures: 0,
      downMicros: 0,
      downSince: null,
      meanUtilization: {},
    });
    for (let column = 0; column < this.stride; column++) {
      const at = (node * this.stride + column) * FIELDS;
      this.cells[at + SHARE] = this.shareOf(node, column);
      this.cells[at + SINCE] = now;
      this.cells[at + WEIGHTED] = 0;
    }
  }

  nodeRemoving(node: number, now: Micros): void {
    this.close(node, now);
    this.records[this.current[node]].removedAt = now;
  }

  healthChanged(node: number, up: boolean, now: Micros): void {
    const record = this.records[this.current[node]];
    if (!up) {
      record.failures++;
      record.downSince = now;
    } else if (record.downSince !== null) {
      record.downMicros += now - record.downSince;
      record.downSince = null;
    }
  }

  podBound(node: number): void {
    this.hosted[node]++;
  }

  /** A pod of this template came to the node or left it. */
  podMoved(node: number, template: PodTemplate, now: Micros): void {
    if (this.stride !== this.cluster.nodes.stride) this.fit();
    const { columns } = template.accounted;
    this.clock[0] = now;
    for (let i = 0; i < columns.length; i++) this.settle(node, columns[i]);
  }

  /** Anything of the node may have changed. */
  nodeChanged(node: number, now: Micros): void {
    this.fit();
    this.clock[0] = now;
    for (let column = 0; column < this.stride; column++) this.settle(node, column);
  }

  /** Index of the record of the node that is, or was last, in this row. */
  recordOf(node: number): number {
    return this.current[node];
  }

  nameOf(record: number): string {
    return this.records[record].name;
  }

  /** Ends the books of the nodes that are still there. */
  finish(now: Micros): void {
    const { alive, length } = this.cluster.nodes;
    for (let node = 0; node < length; node++) if (alive[node] === 1) this.close(node, now);
  }

  results(now: Micros): NodeRecord[] {
    return this.records.map((record) => ({
      name: record.name,
      pool: record.pool,
      zone: record.zone,
      createdSeconds: record.createdAt / MICROS_PER_SECOND,
      removedSeconds: record.removedAt === null ? null : record.removedAt / MICROS_PER_SECOND,
      podsHosted: record.podsHosted,
      failures: record.failures,
      downSeconds: record.downMicros / MICROS_PER_SECOND,
      cost: (lifeOf(record, now) / MICROS_PER_HOUR) * this.priceOf(record),
      meanUtilization: record.meanUtilization,
    }));
  }

  /** Node-hours from each node's creation to its removal, whether it was up or down, at its pool's price. */
  cost(now: Micros): CostFacts {
    const microsByPool = new Map<string, number>();
    for (const record of this.records)
      microsByPool.set(record.pool, (microsByPool.get(record.pool) ?? 0) + lifeOf(record, now));
    let micros = 0;
    let total = 0;
    const nodeHoursByPool: Record<string, number> = {};
    for (const [pool, spent] of microsByPool) {
      micros += spent;
      nodeHoursByPool[pool] = spent / MICROS_PER_HOUR;
      total += (spent / MICROS_PER_HOUR) * (this.costPerHourByPool.get(pool) ?? 0);
    }
    return { nodeHours: micros / MICROS_PER_HOUR, total, nodeHoursByPool };
  }

  downSeconds(): number {
    return this.records.reduce((sum, record) => sum + record.downMicros, 0) / MICROS_PER_SECOND;
  }

  private priceOf(record: OpenRecord): number {
    return this.costPerHourByPool.get(record.pool) ?? 0;
  }

  private close(node: number, now: Micros): void {
    this.nodeChanged(node, now);
    const record = this.records[this.current[node]];
    if (record.downSince !== null) record.downMicros += now - record.downSince;
    record.downSince = null;
    record.podsHosted = this.hosted[node];
    const { nodes } = this.cluster;
    const life = now - record.createdAt;
    const means: Record<string, number> = {};
    for (let column = 0; column < this.cluster.resources.count; column++) {
      if (nodes.allocatable[node * nodes.stride + column] <= 0) continue;
      const at = (node * this.stride + column) * FIELDS;
      means[this.cluster.resources.name(column)] = life > 0 ? this.cells[at + WEIGHTED] / life : this.cells[at + SHARE];
    }
    record.meanUtilization = means;
  }

  private settle(node: number, column: number): void {
    const { cells } = this;
    const now = this.clock[0];
    const at = (node * this.stride + column) * FIELDS;
    cells[at + WEIGHTED] += cells[at + SHARE] * (now - cells[at + SINCE]);
    cells[at + SINCE] = now;
    cells[at + SHARE] = this.shareOf(node, column);
  }

  private shareOf(node: number, column: number): number {
    const { nodes } = this.cluster;
    const at = node * nodes.stride + column;
    const allocatable = nodes.allocatable[at];
    return allocatable > 0 ? nodes.requested[at] / allocatable : 0;
  }

  /**
   * Follows the node table when nodes or resources are added. A resource that comes late has had share 0 since the
   * start.
   */
  private fit(): void {
    const { nodes } = this.cluster;
    const rows = Math.max(nodes.capacity, nodes.length);
    if (this.current.length < rows) {
      this.current = growInt32(this.current, grownCapacity(this.current.length, rows), -1);
      this.hosted = growInt32(this.hosted, this.current.length);
    }
    const { stride } = nodes;
    if (this.cells.length >= rows * stride * FIELDS && this.stride === stride) return;
    if (this.stride === stride) {
      this.cells = growFloat64(this.cells, this.current.length * stride * FIELDS);
      return;
    }
    const next = new Float64Array(this.current.length * stride * FIELDS);
    const width = Math.min(this.stride, stride) * FIELDS;
    const known = this.stride === 0 ? 0 : Math.floor(this.cells.length / (this.stride * FIELDS));
    for (let row = 0; row < known; row++)
      next.set(
        this.cells.subarray(row * this.stride * FIELDS, row * this.stride * FIELDS + width),
        row * stride * FIELDS,
      );
    this.cells = next;
    this.stride = stride;
  }
}

function lifeOf(record: OpenRecord, now: Micros): Micros {
  return (record.removedAt ?? now) - record.createdAt;
}
