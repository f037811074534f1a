/**
 * The autoscaled pools: their size, the nodes on their way, and whether they may grow. A machine that was asked for is
 * upcoming until its Node is seen, so that a late autoscaler does not ask twice. One that takes longer than
 * max-node-provision-time fails: the group backs off (5 min, doubling to 30 min, forgotten after 3 h without failure).
 * Source: cluster-autoscaler clusterstate/clusterstate.go.
 */
import { MICROS_PER_HOUR, MICROS_PER_MINUTE, microsFromSeconds } from '../base/time.ts';
import type { Micros } from '../base/time.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { NodeInfo } from '../scheduler/cache/node-info.ts';
import type { SchedulerCache } from '../scheduler/cache/scheduler-cache.ts';
import type { Node } from '../cluster/objects.ts';
import type { PodTemplate } from '../cluster/pod-template.ts';
import type { DaemonPodsSource } from '../scheduler/what-if/placement-oracle.ts';
import type { EventKind, Kernel } from '../kernel/kernel.ts';
import { sample } from '../kernel/sampling.ts';
import type { NodeGroupSpec, NodeSource } from './node-autoscaler.ts';
import type { NodeRequests } from './node-requests.ts';
import { nodeInThought } from '../scheduler/what-if/what-if-cluster.ts';

const MAX_PROVISION_MICROS: Micros = 15 * MICROS_PER_MINUTE;
const FIRST_BACKOFF_MICROS: Micros = 5 * MICROS_PER_MINUTE;
const MAX_BACKOFF_MICROS: Micros = 30 * MICROS_PER_MINUTE;
const BACKOFF_RESET_MICROS: Micros = 3 * MICROS_PER_HOUR;

export class NodeGroup {
  readonly spec: NodeGroupSpec;
  /** Nodes asked for and not seen yet, by ordinal. */
  readonly upcoming: Map<number, Node> = new Map();
  /** Nodes that are being taken away. */
  deleting = 0;
  nextOrdinal: number;
  /** The node that it would get next, as it was made last. */
  next: { readonly ordinal: number; readonly node: Node } | null = null;
  private readonly cluster: Cluster;
  private backoffUntil: Micros = 0;
  private backoffMicros: Micros = 0;
  private lastFailureAt: Micros = -Infinity;

  constructor(cluster: Cluster, spec: NodeGroupSpec) {
    this.cluster = cluster;
    this.spec = spec;
    this.nextOrdinal = spec.firstOrdinal;
  }

  /** Index into Cluster.pools, -1 while the pool has never had a node. */
  get pool(): number {
    return this.cluster.pools.find(this.spec.name);
  }

  /** Nodes there and on their way: the cloud's target size. */
  get size(): number {
    const { pool } = this;
    const there =
      pool < 0 || pool >= this.cluster.totals.nodesByPool.length ? 0 : this.cluster.totals.nodesByPool[pool];
    return there + this.upcoming.size;
  }

  mayGrow(now: Micros): boolean {
    return this.size < this.spec.max && !this.isBackingOff(now);
  }

  /** Whether it waits after a machine that never came. */
  isBackingOff(now: Micros): boolean {
    return now < this.backoffUntil;
  }

  mayShrink(): boolean {
    return this.size - this.deleting > this.spec.min;
  }

  provisionFailed(now: Micros): void {
    if (now - this.lastFailureAt > BACKOFF_RESET_MICROS) this.backoffMicros = 0;
    this.backoffMicros =
      this.backoffMicros === 0 ? FIRST_BACKOFF_MICROS : Math.min(MAX_BACKOFF_MICROS, this.backoffMicros * 2);
    this.backoffUntil = now + this.backoffMicros;
    this.lastFailureAt = now;
  }
}

export class NodeGroups {
  readonly list: readonly NodeGroup[];
  private readonly cluster: Cluster;
  private readonly cache: SchedulerCache;
  private readonly source: NodeSource;
  private readonly daemons: DaemonPodsSource | null;
  /**
   * Nodes on their way, and the next ones, as they will be, with what that was made from. Nobody changes them:
   * WhatIfCluster copies first.
   */
  private readonly emptyInfos = new WeakMap<
    Node,
    { readonly info: NodeInfo; readonly resources: number; readonly daemons: readonly PodTemplate[] }
  >();

  constructor(
    cluster: Cluster,
    cache: SchedulerCache,
    specs: readonly NodeGroupSpec[],
    source: NodeSource,
    daemons: DaemonPodsSource | null,
  ) {
    this.cluster = cluster;
    this.cache = cache;
    this.source = source;
    this.daemons = daemons;
    this.list = specs.map((spec) => new NodeGroup(cluster, spec));
  }

  /** The group of a node, undefined when its pool is not autoscaled. */
  ofNode(node: number): NodeGroup | undefined {
    const pool = this.cluster.nodes.pool[node];
    return this.list.find((group) => group.pool === pool);
  }

  /** By pool index: whether nodes of the pool may be taken away now. */
  shrinkablePools(): boolean[] {
    const result = new Array<boolean>(this.cluster.pools.size).fill(false);
    for (const group of this.list) if (group.pool >= 0 && group.mayShrink()) result[group.pool] = true;
    return result;
  }

  get upcomingCount(): number {
    return this.list.reduce((sum, group) => sum + group.upcoming.size, 0);
  }

  makeNode(group: NodeGroup, ordinal: number): Node {
    return this.source.makeNode(group.spec.name, ordinal);
  }

  /** An empty new node of the group, as it would be. */
  newNode(group: NodeGroup, ordinal: number): NodeInfo {
    return nodeInThought(this.cache, this.makeNode(group, ordinal), this.daemons);
  }

  /** The node that the group would get next, empty. Not to be changed. */
  nextNode(group: NodeGroup): NodeInfo {
    const { next, nextOrdinal: ordinal } = group;
    if (next?.ordinal === ordinal) return this.emptyInfo(next.node);
    const node = this.makeNode(group, ordinal);
    group.next = { ordinal, node };
    return this.emptyInfo(node);
  }

  /** All nodes on their way, group by group, in order of being asked for. */
  upcomingNodes(): NodeInfo[] {
    const infos: NodeInfo[] = [];
    for (const group of this.list) for (const node of group.upcoming.values()) infos.push(this.emptyInfo(node));
    return infos;
  }

  /** Made once, and again when DaemonSets or resources have come or gone. */
  private emptyInfo(node: Node): NodeInfo {
    const resources = this.cluster.resources.count;
    const known = this.emptyInfos.get(node);
    if (
      known !== undefined &&
      known.resources === resources &&
      sameTemplates(known.daemons, this.daemons?.templatesFor(known.info.facts) ?? [])
    )
      return known.info;
    const info = nodeInThought(this.cache, node, this.daemons);
    this.emptyInfos.set(node, { info, resources, daemons: this.daemons?.templatesFor(info.facts) ?? [] });
    return info;
  }
}

export interface UpcomingNodesParts {
  readonly groups: NodeGroups;
  readonly requests: NodeRequests;
  readonly mark: (kind: string, label: string, count: number) => void;
  /** Kernel phases of giving up, and of new machines. */
  readonly loopPhase: number;
  readonly machinePhase: number;
}

/** Machines that were asked of the cloud. */
export class UpcomingNodes {
  nodesAdded = 0;
  private readonly kernel: Kernel;
  private readonly parts: UpcomingNodesParts;
  /** By the name that the node will have. */
  private readonly asked = new Map<string, { readonly group: NodeGroup; readonly ordinal: number }>();
  private readonly arrivalEvent: EventKind;
  private readonly provisionTimeoutEvent: EventKind;

  constructor(kernel: Kernel, parts: UpcomingNodesParts) {
    this.kernel = kernel;
    this.parts = parts;
    const { loopPhase, machinePhase } = parts;
    this.arrivalEvent = kernel.defineEvent('autoscaler.nodeArrival', machinePhase, (group, ordinal) =>
      this.nodeArrives(parts.groups.list[group], ordinal),
    );
    this.provisionTimeoutEvent = kernel.defineEvent('autoscaler.provisionTimeout', loopPhase, (group, ordinal) =>
      this.nodeFails(parts.groups.list[group], ordinal),
    );
  }

  /** Asks for so many machines with one request. */
  increaseSize(group: NodeGroup, count: number, answered: () => void): void {
    const { requests } = this.parts;
    const takes = requests.draw();
    for (let i = 0; i < count; i++) this.request(group, takes);
    requests.ask(() => undefined, answered, takes);
  }

  /** The autoscaler sees a Node: if it has asked for it, it comes no more. */
  nodeSeen(name: string): void {
    const known = this.asked.get(name);
    if (known === undefined) return;
    this.asked.delete(name);
    known.group.upcoming.delete(known.ordinal);
  }

  private request(group: NodeGroup, takes: Micros): void {
    const { groups } = this.parts;
    const ordinal = group.nextOrdinal++;
    const node = groups.makeNode(group, ordinal);
    const name = node.metadata?.name ?? '';
    const stream = this.kernel.random.stream('provision', name);
    const delay = takes + Math.max(0, microsFromSeconds(sample(group.spec.provisionSeconds, stream)));
    group.upcoming.set(ordinal, node);
    this.asked.set(name, { group, ordinal });
    const index = groups.list.indexOf(group);
    if (delay > MAX_PROVISION_MICROS)
      this.kernel.after(MAX_PROVISION_MICROS, this.provisionTimeoutEvent, index, ordinal);
    else this.kernel.after(delay, this.arrivalEvent, index, ordinal);
  }

  private nodeArrives(group: NodeGroup, ordinal: number): void {
    const node = group.upcoming.get(ordinal);
    if (node === undefined) return;
    this.parts.requests.addNode(node, group.spec.name);
    this.nodesAdded++;
  }

  /** The machine never came: the request is given up. */
  private nodeFails(group: NodeGroup, ordinal: number): void {
    const name = group.upcoming.get(ordinal)?.metadata?.name ?? '';
    this.nodeSeen(name);
    group.provisionFailed(this.kernel.now);
    this.parts.mark('scaleUpFailed', `${group.spec.name}-${ordinal}`, 1);
  }
}

function sameTemplates(a: readonly PodTemplate[], b: readonly PodTemplate[]): boolean {
  return a.length === b.length && a.every((template, index) => template === b[index]);
}
