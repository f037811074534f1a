/**
 * Failures by chance: alternating up and repair times, of single nodes, zones, racks or the whole cluster, each from a
 * stream named by the process and the node or group, so that other nodes never shift them. What a failure does to a
 * node is its fault's business; machines that stop are looked after here. Causes overlap: a machine works when none
 * holds it down. Zones are told apart by their region and zone labels, racks by a label that is given; nodes without
 * it stand in no group. A node that joins a group during its failure is struck from the start, unless only a share of
 * the group was.
 *
 * Costs one event per failure and repair, and a stream (some hundred bytes, 20 microseconds) per process and node.
 */
import { growInt32 } from '../base/growable.ts';
import type { Micros } from '../base/time.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { NodeFacts } from '../cluster/node-facts.ts';
import type { ClusterObserver } from '../cluster/observer.ts';
import type { Distribution } from '../kernel/distribution.ts';
import type { EventKind, Kernel } from '../kernel/kernel.ts';
import type { RandomStream } from '../kernel/random.ts';
import { sampleMicros } from '../kernel/sampling.ts';
import type { FailureProcess } from './settings.ts';

/** `kind` in words (`node crash`), `label` names process and node or zone, `count` machines that changed. */
export type OnMark = (kind: string, label: string, count: number) => void;

/** Times beyond this never come (142 years). */
const NEVER_MICROS = Number.MAX_SAFE_INTEGER / 2;

/** What a failure does to a node. Whoever holds a node releases it, unless the node has gone. */
export interface NodeFault {
  /** `lastsMicros`: until its release, null: for ever. true: the node is otherwise than it was. */
  hold(node: number, lastsMicros: Micros | null): boolean;
  release(node: number): boolean;
  /** Nodes that come back by themselves. */
  readonly dueCount?: number;
}

/** Machines that stop. Counts who holds each of them down: 4 bytes a node. */
export class MachineFault implements NodeFault, ClusterObserver {
  private readonly cluster: Cluster;
  /** By node row: causes that hold it down. */
  private holds: Int32Array = new Int32Array(0);

  constructor(cluster: Cluster) {
    this.cluster = cluster;
    cluster.observe(this);
  }

  nodeAdded(node: number): void {
    if (node >= this.holds.length) this.holds = growInt32(this.holds, this.cluster.nodes.capacity);
    this.holds[node] = 0;
  }

  hold(node: number): boolean {
    this.holds[node]++;
    if (this.cluster.nodes.up[node] === 0) return false;
    this.cluster.setNodeHealth(node, false);
    return true;
  }

  release(node: number): boolean {
    if (--this.holds[node] > 0 || this.cluster.nodes.up[node] === 1) return false;
    this.cluster.setNodeHealth(node, true);
    return true;
  }
}

/** Told of every process by its index. A node that several of them strike is told of by each. */
export interface FailureListener {
  /** It strikes, be it one node or a group of them; told before the nodes are. */
  processStrikes(process: number): void;
  nodeStruck(process: number, node: number): void;
  /** It lets go of the node, or the node leaves. */
  nodeReleased(process: number, node: number): void;
}

/** What one process does to one node or one group. */
interface Target {
  readonly process: FailureProcess;
  readonly processIndex: number;
  /** Node or group, as the marks name it. */
  readonly name: string;
  readonly fault: NodeFault;
  readonly stream: RandomStream;
  /** Node rows that it may strike. */
  readonly nodes: Set<number>;
  /** Those that it holds now. */
  readonly struck: Set<number>;
  isDown: boolean;
  /** While it is down: its repair will come. */
  isRepairDue: boolean;
  /** Grows when the target goes, so that its events do nothing. */
  generation: number;
}

export class CrashProcesses implements ClusterObserver {
  readonly listeners: FailureListener[] = [];
  private readonly kernel: Kernel;
  private readonly cluster: Cluster;
  private readonly processes: readonly FailureProcess[];
  private readonly onMark: OnMark;
  /** Also of others that stop machines. */
  readonly machines: MachineFault;
  /** By process. */
  private readonly faults: readonly NodeFault[];
  private readonly crashEvent: EventKind;
  private readonly repairEvent: EventKind;
  private readonly joinEvent: EventKind;
  private readonly targets: Target[] = [];
  /** `process name / node or zone` to the index of its target. */
  private readonly targetByName = new Map<string, number>();
  /** By node row: targets that strike it. */
  private readonly targetsOfNode: number[][] = [];

  /** `faultOf`: what a process of another kind than `crash` does. */
  constructor(
    kernel: Kernel, cluster: Cluster, processes: readonly FailureProcess[], onMark: OnMark = () => undefined,
    faultOf: (process: FailureProcess) => NodeFault | null = () => null,
  ) {
    this.kernel = kernel;
    this.cluster = cluster;
    this.processes = processes;
    this.onMark = onMark;
    this.machines = new MachineFault(cluster);
    this.faults = processes.map((process) => faultOf(process) ?? this.machines);
    this.crashEvent = kernel.defineEvent('crash', 0, (target, generation) => this.crash(target, generation));
    this.repairEvent = kernel.defineEvent('repair', 0, (target, generation) => this.repair(target, generation));
    this.joinEvent = kernel.defineEvent('join during outage', 0, (node, incarnation) => this.join(node, incarnation));
    cluster.observe(this);
  }

  /** Whether a machine will work again by itself. */
  hasRepairsDue(): boolean {
    if (this.faults.some(({ dueCount = 0 }) => dueCount > 0)) return true;
    return this.targets.some(({ isDown, nodes, isRepairDue }) => isDown && isRepairDue && nodes.size > 0);
  }

  nodeAdded(node: number): void {
    const { nodes, pools } = this.cluster;
    this.targetsOfNode[node] = [];
    const { facts } = nodes;
    const pool = pools.text(nodes.pool[node]);
    let isDown = false;
    this.processes.forEach((process, index) => {
      if (process.pools.length > 0 && !process.pools.includes(pool)) return;
      const group = groupOf(process, facts[node]);
      if (group !== '' && this.strike(node, index, group)) isDown = true;
    });
    if (isDown) this.kernel.after(0, this.joinEvent, node, nodes.incarnation[node]);
  }

  nodeRemoving(node: number): void {
    for (const index of this.targetsOfNode[node]) {
      const target = this.targets[index];
      target.nodes.delete(node);
      if (target.struck.delete(node)) this.tellReleased(target, node);
      if (target.process.scope !== 'node') continue;
      target.generation++;
      target.isDown = false;
    }
    this.targetsOfNode[node] = [];
  }

  /** Whether the target is down, and takes the node with it. */
  private strike(node: number, process: number, name: string): boolean {
    const index = this.targetIndex(process, name);
    const target = this.targets[index];
    const isFirst = target.nodes.size === 0;
    target.nodes.add(node);
    this.targetsOfNode[node].push(index);
    const { scope, share, uptimeSeconds } = target.process;
    // A group's process goes on once it has begun; a node's begins with each machine of the name.
    if (isFirst && (scope === 'node' || target.generation === 0)) {
      target.generation++;
      this.schedule(this.drawn(uptimeSeconds, target), this.crashEvent, index);
    }
    return target.isDown && share === 1;
  }

  private targetIndex(processIndex: number, name: string): number {
    const process = this.processes[processIndex];
    const key = `${process.name}/${name}`;
    const known = this.targetByName.get(key);
    if (known !== undefined) return known;
    const stream = this.kernel.random.stream('failures', key);
    const index = this.targets.push({
      process, processIndex, name, fault: this.faults[processIndex], stream, nodes: new Set(), struck: new Set(),
      isDown: false, isRepairDue: false, generation: 0,
    }) - 1;
    this.targetByName.set(key, index);
    return index;
  }

  /** null: it never comes. */
  private drawn(seconds: Distribution, { stream }: Target): Micros | null {
    // At least a microsecond, or a process of zero times would stop the clock.
    const micros: Micros = Math.max(1, sampleMicros(seconds, stream));
    return micros > NEVER_MICROS ? null : micros;
  }

  private schedule(micros: Micros | null, kind: EventKind, index: number): void {
    if (micros !== null) this.kernel.after(micros, kind, index, this.targets[index].generation);
  }

  private crash(index: number, generation: number): void {
    const target = this.targets[index];
    if (target.generation !== generation) return;
    const { process, fault } = target;
    target.isDown = true;
    const chosen = process.share === 1 ? [...target.nodes] : this.drawShare(target);
    const lasts = this.drawn(process.repairSeconds, target);
    target.isRepairDue = lasts !== null;
    let count = 0;
    if (chosen.length > 0) for (const listener of this.listeners) listener.processStrikes(target.processIndex);
    for (const node of chosen) {
      this.addStruck(target, node);
      if (fault.hold(node, lasts)) count++;
    }
    if (count > 0) this.mark(target, true, count);
    this.schedule(lasts, this.repairEvent, index);
  }

  /** So many of the group's nodes, at least one, each as likely as the others; in order of their rows. */
  private drawShare({ nodes, process, stream }: Target): number[] {
    const rows = [...nodes].sort((a, b) => a - b);
    const wanted = Math.min(rows.length, Math.max(1, Math.round(rows.length * process.share)));
    for (let i = 0; i < wanted; i++) {
      const other = i + Math.floor(stream.next() * (rows.length - i));
      [rows[i], rows[other]] = [rows[other], rows[i]];
    }
    return rows.slice(0, wanted).sort((a, b) => a - b);
  }

  private repair(index: number, generation: number): void {
    const target = this.targets[index];
    if (target.generation !== generation) return;
    target.isDown = false;
    const struck = [...target.struck];
    target.struck.clear();
    let count = 0;
    for (const node of struck) {
      if (target.fault.release(node)) count++;
      this.tellReleased(target, node);
    }
    if (count > 0) this.mark(target, false, count);
    this.schedule(this.drawn(target.process.uptimeSeconds, target), this.crashEvent, index);
  }

  private join(node: number, incarnation: number): void {
    const { nodes } = this.cluster;
    if (nodes.incarnation[node] !== incarnation || nodes.alive[node] === 0) return;
    for (const index of this.targetsOfNode[node]) {
      const target = this.targets[index];
      const { isDown, process, struck, fault } = target;
      if (!isDown || process.share < 1 || struck.has(node)) continue;
      this.addStruck(target, node);
      fault.hold(node, null);
    }
  }

  private addStruck({ processIndex, struck }: Target, node: number): void {
    struck.add(node);
    for (const listener of this.listeners) listener.nodeStruck(processIndex, node);
  }

  private tellReleased({ processIndex }: Target, node: number): void {
    for (const listener of this.listeners) listener.nodeReleased(processIndex, node);
  }

  private mark({ process, name }: Target, begins: boolean, count: number): void {
    this.onMark(markOf(process, begins), `${process.name}: ${name}`, count);
  }
}

/** How plots name it. */
function markOf({ kind, scope }: FailureProcess, begins: boolean): string {
  switch (kind) {
    case 'crash':
      if (scope === 'node') return begins ? 'node crash' : 'node repair';
      return `${scope} ${begins ? 'outage' : 'repair'}`;
    case 'reclaim':
      return begins ? 'spot reclaim' : 'spot return';
    case 'registry':
      return begins ? 'registry outage' : 'registry repair';
    case 'cordon':
      return begins ? 'cordon' : 'uncordon';
    case 'diskFull':
      return `${scope} ${begins ? 'disk full' : 'disk full over'}`;
    default:
      return `${scope} ${begins ? kind : `${kind} over`}`;
  }
}

/** What fails with the node at once; '': the process does not concern it. */
function groupOf({ scope, label }: FailureProcess, { name, zoneKey, labels }: NodeFacts): string {
  if (scope === 'node') return name;
  if (scope === 'cluster') return 'cluster';
  if (scope === 'zone' && label === '') return zoneKey === '' ? '' : zoneName(zoneKey);
  return labels.get(label) ?? '';
}

/** `region/zone`, or what there is of it. */
function zoneName(zoneKey: string): string {
  const [region, zone] = zoneKey.split(':\u0000:');
  return region === '' ? zone : zone === '' ? region : `${region}/${zone}`;
}
