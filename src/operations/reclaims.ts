/**
 * Spot machines that the provider takes back. With the notice the node is cordoned and drained as its termination
 * handler does (node-termination-handler of AWS): pods are evicted through the API, budgets hold, and whatever is still
 * there when the notice is over dies with the machine. Where kubelets have a grace period for shutdowns (GKE), the
 * notice begins one, which asks no budget, and the machine goes when it is through. The cloud controller then deletes
 * the Node object at its next look (every 5 s); pod garbage collection finds the pods. After a given time a new machine
 * of the name joins; one of the next free name where somebody has made one.
 * Source: staging/src/k8s.io/cloud-provider/controllers/nodelifecycle (v1.36).
 */
import { MICROS_PER_SECOND, type Micros } from '../base/time.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { Node } from '../cluster/objects.ts';
import type { EventKind, Kernel, TimerId } from '../kernel/kernel.ts';
import type { DrainEnd, DrainOptions } from './drain.ts';
import type { HeldFault } from './outages.ts';
import { freshNode } from './upgrade.ts';

/** --node-monitor-period of the cloud controller. */
const LOOK_MICROS: Micros = 5 * MICROS_PER_SECOND;

interface Reclaim {
  readonly name: string;
  readonly row: number;
  readonly incarnation: number;
  readonly pool: string;
  readonly node: Node;
  /** From the machine's end until the next one; null: none comes. */
  readonly returnsAfter: Micros | null;
  /** Of the end of its notice. */
  timer: TimerId;
}

export interface ReclaimParts {
  readonly drain: (row: number, options: DrainOptions, onEnd: DrainEnd) => void;
  /** false: nodes do not shut down by themselves. */
  readonly shutDown: (row: number, onEnd: () => void) => boolean;
  readonly machinePhase: number;
}

export class Reclaims {
  /** Machines that will come. */
  dueCount = 0;
  private readonly kernel: Kernel;
  private readonly cluster: Cluster;
  private readonly parts: ReclaimParts;
  private readonly reclaims: Reclaim[] = [];
  /** Names of nodes that are on their way out. */
  private readonly leaving = new Set<string>();
  private readonly goEvent: EventKind;
  private readonly deleteEvent: EventKind;
  private readonly returnEvent: EventKind;

  constructor(kernel: Kernel, cluster: Cluster, parts: ReclaimParts) {
    this.kernel = kernel;
    this.cluster = cluster;
    this.parts = parts;
    this.goEvent = kernel.defineEvent('spot machine goes', parts.machinePhase, (id) => this.go(id));
    this.deleteEvent = kernel.defineEvent('spot node deleted', parts.machinePhase, (id) => this.deleteNode(id));
    this.returnEvent = kernel.defineEvent('spot machine returns', parts.machinePhase, (id) => this.comeBack(id));
  }

  /** What a reclaim does to a node: whoever holds it has nothing to release. */
  faultOf(noticeMicros: Micros): HeldFault & { hold(node: number, lastsMicros: Micros | null): boolean } & {
    release(node: number): boolean;
    readonly dueCount: number;
  } {
    const dueCount = (): number => this.dueCount;
    return {
      hold: (node, lastsMicros) => this.begin(node, noticeMicros, lastsMicros),
      release: () => false,
      get dueCount(): number {
        return dueCount();
      },
    };
  }

  private begin(row: number, noticeMicros: Micros, returnsAfter: Micros | null): boolean {
    const { nodes, pools } = this.cluster;
    const { name, object } = nodes.facts[row];
    if (this.leaving.has(name)) return false;
    this.leaving.add(name);
    if (returnsAfter !== null) this.dueCount++;
    const node = freshNode(object, name);
    const pool = pools.text(nodes.pool[row]);
    const incarnation = nodes.incarnation[row];
    const id = this.reclaims.push({ name, row, incarnation, pool, node, returnsAfter, timer: 0 }) - 1;
    this.reclaims[id].timer = this.kernel.timerAt(this.kernel.now + noticeMicros, this.goEvent, id);
    if (noticeMicros === 0) return true;
    const shutsDown = nodes.up[row] === 1 && this.parts.shutDown(row, () => {
      if (this.kernel.cancel(this.reclaims[id].timer)) this.kernel.after(0, this.goEvent, id);
    });
    if (shutsDown) return true;
    const options = { force: true, deleteEmptyDirData: true, ignoreDaemonSets: true, persists: true };
    this.parts.drain(row, { ...options, timeoutMicros: noticeMicros }, () => undefined);
    return true;
  }

  private go(id: number): void {
    const { name, returnsAfter } = this.reclaims[id];
    if (returnsAfter !== null) this.kernel.after(returnsAfter, this.returnEvent, id);
    const row = this.rowOf(id);
    if (row < 0) {
      this.leaving.delete(name);
      return;
    }
    if (this.cluster.nodes.up[row] === 1) this.cluster.setNodeHealth(row, false);
    const looked = (Math.floor(this.kernel.now / LOOK_MICROS) + 1) * LOOK_MICROS;
    this.kernel.at(looked, this.deleteEvent, id);
  }

  private deleteNode(id: number): void {
    this.leaving.delete(this.reclaims[id].name);
    const row = this.rowOf(id);
    if (row >= 0) this.cluster.removeNode(row);
  }

  private comeBack(id: number): void {
    const { name, node, pool } = this.reclaims[id];
    // It comes before the old one's object has gone.
    if (this.leaving.has(name)) this.deleteNode(id);
    this.dueCount--;
    const free = this.freeName(name);
    this.cluster.addNode(free === name ? node : freshNode(node, free), pool);
  }

  /** Somebody may have made a node of the name meanwhile: then the machine gets the next one. */
  private freeName(name: string): string {
    let free = name;
    for (let next = 2; this.cluster.nodeRow(free) >= 0; next++) free = `${name}-${String(next)}`;
    return free;
  }

  /** -1: somebody else has deleted the node. */
  private rowOf(id: number): number {
    const { row, incarnation } = this.reclaims[id];
    const { nodes } = this.cluster;
    return nodes.alive[row] === 1 && nodes.incarnation[row] === incarnation ? row : -1;
  }
}
