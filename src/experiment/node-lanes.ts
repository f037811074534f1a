/** What state each node was in, over time: of nodes to which anything happens while it is watched. */
import type { Micros } from '../base/time.ts';
import { MICROS_PER_HOUR, MICROS_PER_SECOND } from '../base/time.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { NodeChange } from '../cluster/observer.ts';
import type { ClusterObserver } from '../cluster/observer.ts';
import type { NodePhase } from '../operations/operation-log.ts';
import type { NodeLane, NodeState } from './rehearsal-result.ts';

interface Lane {
  readonly name: string;
  isThere: boolean;
  isBooting: boolean;
  isDraining: boolean;
  isCordoned: boolean;
  isUp: boolean;
  state: NodeState | null;
  since: Micros;
  readonly spans: { readonly state: NodeState; readonly from: Micros; readonly to: Micros }[];
}

export class NodeLanes implements ClusterObserver {
  private readonly cluster: Cluster;
  private readonly costPerHour: (pool: string) => number;
  private readonly lanes = new Map<string, Lane>();
  private startAt: Micros = Infinity;
  private readonly cordonedAtStart = new Set<string>();
  private readonly downAtStart = new Set<string>();
  private nodesAtStart = 0;
  private rateAtStart = 0;
  private nodesNow = 0;
  private rateNow = 0;
  private countedAt: Micros = 0;
  private extraNodeMicros = 0;
  private extraCostMicros = 0;

  constructor(cluster: Cluster, costPerHour: (pool: string) => number) {
    this.cluster = cluster;
    this.costPerHour = costPerHour;
    cluster.observe(this);
  }

  begin(): void {
    const { nodes, now } = this.cluster;
    this.startAt = this.countedAt = now;
    for (let row = 0; row < nodes.length; row++) {
      if (nodes.alive[row] === 0) continue;
      this.count(row, 1);
      const { name, unschedulable } = nodes.facts[row];
      if (unschedulable) this.cordonedAtStart.add(name);
      if (nodes.up[row] === 0) this.downAtStart.add(name);
    }
    this.nodesAtStart = this.nodesNow;
    this.rateAtStart = this.rateNow;
  }

  nodeAdded(row: number): void {
    if (this.startAt === Infinity) return;
    this.integrate();
    this.count(row, 1);
    this.turn(this.nameOf(row), (lane) => {
      lane.isThere = lane.isUp = true;
      lane.isCordoned = this.cluster.nodes.facts[row].unschedulable;
    }, false);
  }

  nodeRemoving(row: number): void {
    if (this.startAt === Infinity) return;
    this.integrate();
    this.count(row, -1);
    this.turn(this.nameOf(row), (lane) => { lane.isThere = lane.isDraining = false; });
  }

  nodeUpdated(row: number, changes: number): void {
    if (this.startAt === Infinity || (changes & (NodeChange.Cordoned | NodeChange.Uncordoned)) === 0) return;
    this.turn(this.nameOf(row), (lane) => { lane.isCordoned = this.cluster.nodes.facts[row].unschedulable; });
  }

  nodeHealthChanged(row: number, up: boolean): void {
    if (this.startAt !== Infinity) this.turn(this.nameOf(row), (lane) => { lane.isUp = up; });
  }

  /** A machine is paid for from when it is asked for. */
  nodePhaseChanged(node: string, phase: NodePhase, begins: boolean, pool: string): void {
    if (phase === 'boot') {
      this.integrate();
      this.nodesNow += begins ? 1 : -1;
      this.rateNow += (begins ? 1 : -1) * this.costPerHour(pool);
    }
    this.turn(node, (lane) => {
      if (phase === 'boot') lane.isBooting = begins;
      else lane.isDraining = begins;
    });
  }

  /** Lanes up to now, in order of first change. */
  result(): NodeLane[] {
    const { now } = this.cluster;
    return [...this.lanes.values()].map(({ name, spans, state, since }) => {
      const all = state === null || since === now ? spans : [...spans, { state, from: since, to: now }];
      const seconds = (time: Micros): number => time / MICROS_PER_SECOND;
      return {
        name,
        spans: all.map((span) => ({ state: span.state, from: seconds(span.from), to: seconds(span.to) })),
      };
    });
  }

  extra(): { readonly nodeHours: number; readonly cost: number } {
    this.integrate();
    return { nodeHours: this.extraNodeMicros / MICROS_PER_HOUR, cost: this.extraCostMicros / MICROS_PER_HOUR };
  }

  private nameOf(row: number): string {
    return this.cluster.nodes.facts[row].name;
  }

  private count(row: number, sign: 1 | -1): void {
    const { nodes, pools } = this.cluster;
    this.nodesNow += sign;
    this.rateNow += sign * this.costPerHour(pools.text(nodes.pool[row]));
  }

  private integrate(): void {
    const micros = this.cluster.now - this.countedAt;
    this.countedAt = this.cluster.now;
    this.extraNodeMicros += micros * Math.max(0, this.nodesNow - this.nodesAtStart);
    this.extraCostMicros += micros * Math.max(0, this.rateNow - this.rateAtStart);
  }

  private turn(name: string, write: (lane: Lane) => void, isKnown = this.cluster.nodeRow(name) >= 0): void {
    const lane = this.lanes.get(name) ?? this.newLane(name, isKnown);
    write(lane);
    const state = stateOf(lane);
    if (state === lane.state) return;
    const { now } = this.cluster;
    if (lane.state !== null && now > lane.since) lane.spans.push({ state: lane.state, from: lane.since, to: now });
    lane.state = state;
    lane.since = now;
  }

  /** As the node was before its first change. */
  private newLane(name: string, isKnown: boolean): Lane {
    const lane: Lane = {
      name, isThere: isKnown, isBooting: false, isDraining: false,
      isCordoned: isKnown && this.cordonedAtStart.has(name), isUp: !isKnown || !this.downAtStart.has(name),
      state: null, since: this.startAt, spans: [],
    };
    lane.state = stateOf(lane);
    this.lanes.set(name, lane);
    return lane;
  }
}

function stateOf({ isThere, isBooting, isDraining, isCordoned, isUp }: Lane): NodeState | null {
  if (!isThere) return isBooting ? 'booting' : null;
  if (!isUp) return 'down';
  if (isDraining) return 'draining';
  return isCordoned ? 'cordoned' : 'ready';
}
