/**
 * Crashes and repairs of machines: alternating up and repair times, of single nodes or of whole zones, each from a
 * stream named by the process and the node or zone, so that other nodes never shift them. Causes overlap: a machine
 * works when none holds it down. Zones are told apart by their region and zone labels; nodes without either stand in
 * no zone. A node that joins a zone during its outage is down from the start.
 *
 * Costs one event per crash and repair, and a stream (some hundred bytes, 20 microseconds) per process and node.
 */
import { growInt32 } from '../base/growable.ts';
import { MICROS_PER_SECOND, type Micros } from '../base/time.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { ClusterObserver } from '../cluster/observer.ts';
import type { Distribution } from '../kernel/distribution.ts';
import type { EventKind, Kernel } from '../kernel/kernel.ts';
import type { RandomStream } from '../kernel/random.ts';
import { sample } from '../kernel/sampling.ts';
import type { FailureProcess } from '../simulation/scenario.ts';

/** `kind` in words (`node crash`), `label` names process and node or zone, `count` machines that changed. */
export type OnMark = (kind: string, label: string, count: number) => void;

/** Times beyond this never come (142 years). */
const NEVER_MICROS = Number.MAX_SAFE_INTEGER / 2;

/** What one process does to one node or one zone. */
interface Target {
  readonly process: FailureProcess;
  /** Node or zone, as the marks name it. */
  readonly name: string;
  readonly stream: RandomStream;
  /** Node rows that it strikes. */
  readonly nodes: Set<number>;
  isDown: boolean;
  /** While it is down: its repair will come. */
  isRepairDue: boolean;
  /** Grows when the target goes, so that its events do nothing. */
  generation: number;
}

export class CrashProcesses implements ClusterObserver {
  private readonly kernel: Kernel;
  private readonly cluster: Cluster;
  private readonly processes: readonly FailureProcess[];
  private readonly onMark: OnMark;
  private readonly crashEvent: EventKind;
  private readonly repairEvent: EventKind;
  private readonly joinEvent: EventKind;
  private readonly targets: Target[] = [];
  /** `process name / node or zone` to the index of its target. */
  private readonly targetByName = new Map<string, number>();
  /** By node row: targets that strike it. */
  private readonly targetsOfNode: number[][] = [];
  /** By node row: causes that hold it down. */
  private holds: Int32Array = new Int32Array(0);

  constructor(
    kernel: Kernel, cluster: Cluster, processes: readonly FailureProcess[], onMark: OnMark = () => undefined,
  ) {
    this.kernel = kernel;
    this.cluster = cluster;
    this.processes = processes;
    this.onMark = onMark;
    this.crashEvent = kernel.defineEvent('crash', 0, (target, generation) => this.crash(target, generation));
    this.repairEvent = kernel.defineEvent('repair', 0, (target, generation) => this.repair(target, generation));
    this.joinEvent = kernel.defineEvent('join during outage', 0, (node, incarnation) => this.join(node, incarnation));
    cluster.observe(this);
  }

  /** Somebody else's cause holds the machine down from now on. */
  hold(node: number): void {
    this.holds[node]++;
    if (this.cluster.nodes.up[node] === 1) this.cluster.setNodeHealth(node, false);
  }

  /** That cause is over: the machine works again unless another holds it down. */
  release(node: number): void {
    if (--this.holds[node] > 0 || this.cluster.nodes.up[node] === 1) return;
    this.cluster.setNodeHealth(node, true);
  }

  /** Whether a machine will work again by itself. */
  hasRepairsDue(): boolean {
    return this.targets.some(({ isDown, nodes, isRepairDue }) => isDown && isRepairDue && nodes.size > 0);
  }

  nodeAdded(node: number): void {
    const { nodes, pools } = this.cluster;
    if (node >= this.holds.length) this.holds = growInt32(this.holds, nodes.capacity);
    this.holds[node] = 0;
    this.targetsOfNode[node] = [];
    const { name, zoneKey } = nodes.facts[node];
    const pool = pools.text(nodes.pool[node]);
    for (const process of this.processes) {
      if (process.pools.length > 0 && !process.pools.includes(pool)) continue;
      if (process.scope === 'node') this.strike(node, process, name);
      else if (zoneKey !== '') this.strike(node, process, zoneName(zoneKey));
    }
    if (this.holds[node] > 0) this.kernel.after(0, this.joinEvent, node, nodes.incarnation[node]);
  }

  nodeRemoving(node: number): void {
    for (const index of this.targetsOfNode[node]) {
      const target = this.targets[index];
      target.nodes.delete(node);
      if (target.process.scope === 'zone') continue;
      target.generation++;
      target.isDown = false;
    }
    this.targetsOfNode[node] = [];
  }

  private strike(node: number, process: FailureProcess, name: string): void {
    const index = this.targetIndex(process, name);
    const target = this.targets[index];
    const isFirst = target.nodes.size === 0;
    target.nodes.add(node);
    this.targetsOfNode[node].push(index);
    if (target.isDown) this.holds[node]++;
    // A zone's process goes on once it has begun; a node's begins with each machine of the name.
    if (isFirst && (process.scope === 'node' || target.generation === 0)) {
      target.generation++;
      this.schedule(process.uptimeSeconds, this.crashEvent, index);
    }
  }

  private targetIndex(process: FailureProcess, name: string): number {
    const key = `${process.name}/${name}`;
    const known = this.targetByName.get(key);
    if (known !== undefined) return known;
    const stream = this.kernel.random.stream('failures', key);
    const index =
      this.targets.push({ process, name, stream, nodes: new Set(), isDown: false, isRepairDue: false, generation: 0 }) -
      1;
    this.targetByName.set(key, index);
    return index;
  }

  /** false: it never comes. */
  private schedule(seconds: Distribution, kind: EventKind, index: number): boolean {
    const { stream, generation } = this.targets[index];
    // At least a microsecond, or a process of zero times would stop the clock.
    const micros: Micros = Math.max(1, Math.round(sample(seconds, stream) * MICROS_PER_SECOND));
    if (micros > NEVER_MICROS) return false;
    this.kernel.after(micros, kind, index, generation);
    return true;
  }

  private crash(index: number, generation: number): void {
    const target = this.targets[index];
    if (target.generation !== generation) return;
    target.isDown = true;
    let count = 0;
    for (const node of target.nodes) {
      this.holds[node]++;
      if (this.cluster.nodes.up[node] === 0) continue;
      this.cluster.setNodeHealth(node, false);
      count++;
    }
    if (count > 0) this.mark(target, target.process.scope === 'node' ? 'node crash' : 'zone outage', count);
    target.isRepairDue = this.schedule(target.process.repairSeconds, this.repairEvent, index);
  }

  private repair(index: number, generation: number): void {
    const target = this.targets[index];
    if (target.generation !== generation) return;
    target.isDown = false;
    let count = 0;
    for (const node of target.nodes) {
      if (--this.holds[node] > 0 || this.cluster.nodes.up[node] === 1) continue;
      this.cluster.setNodeHealth(node, true);
      count++;
    }
    if (count > 0) this.mark(target, target.process.scope === 'node' ? 'node repair' : 'zone repair', count);
    this.schedule(target.process.uptimeSeconds, this.crashEvent, index);
  }

  private join(node: number, incarnation: number): void {
    const { nodes } = this.cluster;
    if (nodes.incarnation[node] !== incarnation || nodes.alive[node] === 0 || nodes.up[node] === 0 || this.holds[node] === 0) return;
    this.cluster.setNodeHealth(node, false);
  }

  private mark({ process, name }: Target, kind: string, count: number): void {
    this.onMark(kind, `${process.name}: ${name}`, count);
  }
}

/** `region/zone`, or what there is of it. */
function zoneName(zoneKey: string): string {
  const [region, zone] = zoneKey.split(':\u0000:');
  return region === '' ? zone : zone === '' ? region : `${region}/${zone}`;
}
