/**
 * What nodes had left for a pod that no node takes: the largest that almost fitted, and pool by pool whether room was
 * lacking or something else kept the pod out. A look costs some 20 ns a node, so one is taken when a template first
 * fails and then whenever the time since has grown by a quarter, at least by a minute: about 30 looks in a day.
 */
import { MICROS_PER_MINUTE } from '../base/time.ts';
import type { Micros } from '../base/time.ts';
import type { PodTemplate } from '../cluster/pod-template.ts';
import { amountOf } from '../cluster/resources.ts';
import type { NodeInfo } from './cache/node-info.ts';
import type { SchedulerCache } from './cache/scheduler-cache.ts';
import type { LiveSnapshot } from './cache/snapshot.ts';
import type { Diagnosis } from './framework/diagnosis.ts';
import { Code } from './framework/status.ts';
import type { Status } from './framework/status.ts';

/** The node that lacked least. Amounts are in the resource's unit: milli-cores, bytes, or a number. */
export interface NearestNode {
  readonly node: string;
  readonly pool: number;
  /**
   * Of those that the node is short of, the one of which it has the smallest part of what is wanted; `pods`: it may
   * hold no more of them.
   */
  readonly resource: string;
  readonly free: number;
  readonly wanted: number;
  readonly allocatable: number;
}

export interface PoolRoom {
  readonly pool: number;
  /** What most of its nodes said. */
  readonly reason: string;
  /** Some node would take the pod if it were empty, and lacks only room. */
  readonly lacksRoom: boolean;
}

export interface Room {
  readonly at: Micros;
  /** null: on no node was room what was lacking. */
  readonly nearest: NearestNode | null;
  /** Of the nodes that gave this reason among theirs, the nearest by its resource. */
  readonly nearestByReason: ReadonlyMap<string, NearestNode>;
  /** None where PreFilter rejected the pod before a node was asked. */
  readonly pools: readonly PoolRoom[];
}

interface Lacking {
  /** Resources by column; -1: pods. */
  readonly columns: readonly number[];
  /** 0: can take the pod when empty; 1: is too small. Less is better, as with the number of columns. */
  readonly rank: number;
}

const FIT = 'NodeResourcesFit';
const INSUFFICIENT = 'Insufficient ';
const TOO_MANY_PODS = 'Too many pods';
const PODS = -1;
const NO_NODES: ReadonlyMap<string, NearestNode> = new Map();

export class RoomLooks {
  private readonly cluster: SchedulerCache;
  private readonly snapshot: LiveSnapshot;
  /** By template id: when it first failed, and when the next look is due. */
  private readonly firstAt: Micros[] = [];
  private readonly nextAt: Micros[] = [];

  constructor(cluster: SchedulerCache, snapshot: LiveSnapshot) {
    this.cluster = cluster;
    this.snapshot = snapshot;
  }

  isDue(template: PodTemplate): boolean {
    return this.cluster.now >= this.dueAt(template);
  }

  /** -Infinity: no pod of the template has failed yet. */
  dueAt({ id }: PodTemplate): Micros {
    return this.nextAt[id] ?? -Infinity;
  }

  /** To be called in the cycle that failed. */
  look(template: PodTemplate, diagnosis: Diagnosis): Room {
    const { now } = this.cluster;
    const first = (this.firstAt[template.id] ??= now);
    this.nextAt[template.id] = now + Math.max(MICROS_PER_MINUTE, Math.floor((now - first) / 4));
    if (diagnosis.preFilterMessage !== '') return { at: now, nearest: null, nearestByReason: NO_NODES, pools: [] };
    const nearest = new Nearest(this.cluster, template);
    const pools: PoolTally[] = [];
    for (const node of this.snapshot.nodes) {
      const status = diagnosis.ofNode(node);
      (pools[this.cluster.poolOf(node.row)] ??= new PoolTally()).add(status);
      if (status.plugin === FIT) nearest.consider(node, status);
    }
    const rooms: PoolRoom[] = [];
    pools.forEach((tally, pool) => rooms.push(tally.result(pool)));
    return { at: now, nearest: nearest.overall(), nearestByReason: nearest.byReason(), pools: rooms };
  }
}

/** Nodes of one pool by verdict: a handful of verdicts at most, so a list is fastest. */
class PoolTally {
  private readonly statuses: Status[] = [];
  private readonly nodes: number[] = [];

  add(status: Status): void {
    let index = this.statuses.indexOf(status);
    if (index < 0) index = this.statuses.length < MOST_TALLIED ? this.statuses.push(status) - 1 : 0;
    this.nodes[index] = (this.nodes[index] ?? 0) + 1;
  }

  result(pool: number): PoolRoom {
    const most = this.nodes.reduce((best, count, index) => (count > this.nodes[best] ? index : best), 0);
    const lacksRoom = this.statuses.some(({ plugin, code }) => plugin === FIT && code === Code.Unschedulable);
    return { pool, reason: this.statuses[most].reasons.join(', '), lacksRoom };
  }
}

/** Verdicts told apart in a pool. */
const MOST_TALLIED = 16;

/** One node, and the part of what is wanted of a resource that it has free. */
interface Candidate {
  readonly node: NodeInfo;
  readonly lacking: Lacking;
  readonly column: number;
  readonly part: number;
}

/** Keeps the best of the nodes considered, in all and by what they lack; of equals the first. */
class Nearest {
  private readonly cluster: SchedulerCache;
  private readonly template: PodTemplate;
  private readonly known = new Map<Status, Lacking>();
  private best: Candidate | null = null;
  private readonly bestByColumn = new Map<number, Candidate>();

  constructor(cluster: SchedulerCache, template: PodTemplate) {
    this.cluster = cluster;
    this.template = template;
  }

  /** A node that NodeResourcesFit rejected. */
  consider(node: NodeInfo, status: Status): void {
    let lacking = this.known.get(status);
    if (lacking === undefined) this.known.set(status, (lacking = this.lackingOf(status)));
    let shortest = PODS;
    let least = Infinity;
    for (const column of lacking.columns) {
      const part = this.freeOf(node, column) / this.wanted(column);
      const best = this.bestByColumn.get(column);
      if (isBetter(lacking, part, best)) this.bestByColumn.set(column, { node, lacking, column, part });
      if (part >= least) continue;
      least = part;
      shortest = column;
    }
    if (isBetter(lacking, least, this.best ?? undefined)) this.best = { node, lacking, column: shortest, part: least };
  }

  overall(): NearestNode | null {
    return this.best === null ? null : this.told(this.best);
  }

  byReason(): ReadonlyMap<string, NearestNode> {
    const reasonOf = (column: number): string =>
      column === PODS ? TOO_MANY_PODS : `${INSUFFICIENT}${this.nameOf(column)}`;
    return new Map([...this.bestByColumn].map(([column, best]) => [reasonOf(column), this.told(best)]));
  }

  private told({ node, column }: Candidate): NearestNode {
    return {
      node: node.name,
      pool: this.cluster.poolOf(node.row),
      resource: this.nameOf(column),
      free: this.freeOf(node, column),
      wanted: this.wanted(column),
      allocatable: column === PODS ? node.allowedPods : node.allocatable[node.base + column],
    };
  }

  private lackingOf({ reasons, code }: Status): Lacking {
    const columns = reasons.map((reason) =>
      reason === TOO_MANY_PODS ? PODS : this.cluster.resources.find(reason.slice(INSUFFICIENT.length)),
    );
    return { columns, rank: code === Code.Unschedulable ? 0 : 1 };
  }

  private nameOf(column: number): string {
    return column === PODS ? 'pods' : this.cluster.resources.name(column);
  }

  private wanted(column: number): number {
    return column === PODS ? 1 : amountOf(this.template.requested, column);
  }

  private freeOf({ pods, allowedPods, allocatable, requested, base }: NodeInfo, column: number): number {
    if (column === PODS) return Math.max(0, allowedPods - pods.length);
    return Math.max(0, allocatable[base + column] - requested[base + column]);
  }
}

function isBetter({ rank, columns }: Lacking, part: number, than: Candidate | undefined): boolean {
  if (than === undefined || rank !== than.lacking.rank) return than === undefined || rank < than.lacking.rank;
  const more = columns.length - than.lacking.columns.length;
  return more === 0 ? part > than.part : more < 0;
}
