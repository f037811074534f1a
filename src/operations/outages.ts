/**
 * Machines that somebody stops, and that come back after a given time or never; single ones, or all nodes whose label
 * has a value. Who else holds a machine down is asked, too: it works when nobody does.
 */
import type { Micros } from '../base/time.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { ClusterObserver } from '../cluster/observer.ts';
import type { EventKind, Kernel } from '../kernel/kernel.ts';

/** Causes that hold machines down. */
export interface MachineHolds {
  hold(node: number): void;
  release(node: number): void;
}

interface Outage {
  /** null: no node joins it. */
  readonly zone: { readonly label: string; readonly value: string } | null;
  /** Row to incarnation. */
  readonly held: Map<number, number>;
  readonly onEnd: () => void;
}

export class Outages implements ClusterObserver {
  /** Outages that end by themselves. */
  dueCount = 0;
  private readonly kernel: Kernel;
  private readonly cluster: Cluster;
  private readonly holds: MachineHolds;
  private readonly outages: (Outage | null)[] = [];
  private readonly endEvent: EventKind;
  private readonly joinEvent: EventKind;

  constructor(kernel: Kernel, cluster: Cluster, holds: MachineHolds, phase: number) {
    this.kernel = kernel;
    this.cluster = cluster;
    this.holds = holds;
    this.endEvent = kernel.defineEvent('outage ends', phase, (id) => this.end(id));
    this.joinEvent = kernel.defineEvent('node joins outage', phase, (node, incarnation) =>
      this.join(node, incarnation),
    );
    cluster.observe(this);
  }

  begin(rows: readonly number[], zone: Outage['zone'], forMicros: Micros | null, onEnd: () => void): void {
    const outage: Outage = { zone, held: new Map(), onEnd };
    const id = this.outages.push(outage) - 1;
    for (const row of rows) this.strike(outage, row);
    if (forMicros === null) return onEnd();
    this.dueCount++;
    this.kernel.after(forMicros, this.endEvent, id);
  }

  nodeAdded(node: number): void {
    const { nodes } = this.cluster;
    const isStruck = this.outages.some((outage) => outage !== null && this.isIn(outage, node));
    if (isStruck) this.kernel.after(0, this.joinEvent, node, nodes.incarnation[node]);
  }

  nodeRemoving(node: number): void {
    for (const outage of this.outages) outage?.held.delete(node);
  }

  private isIn({ zone }: Outage, node: number): boolean {
    return zone !== null && this.cluster.nodes.facts[node].labels.get(zone.label) === zone.value;
  }

  private join(node: number, incarnation: number): void {
    const { nodes } = this.cluster;
    if (nodes.alive[node] === 0 || nodes.incarnation[node] !== incarnation) return;
    for (const outage of this.outages) if (outage !== null && this.isIn(outage, node)) this.strike(outage, node);
  }

  private strike({ held }: Outage, node: number): void {
    if (held.has(node)) return;
    held.set(node, this.cluster.nodes.incarnation[node]);
    this.holds.hold(node);
  }

  private end(id: number): void {
    const outage = this.outages[id];
    if (outage === null) return;
    this.outages[id] = null;
    this.dueCount--;
    for (const row of outage.held.keys()) this.holds.release(row);
    outage.onEnd();
  }
}
