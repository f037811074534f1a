/**
 * Nodes that somebody stops, cuts off or makes slow, and that are as before after a given time or never; single ones,
 * or all nodes whose label has a value. Who else holds a node is asked, too: it is well when nobody does.
 */
import type { Micros } from '../base/time.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { ClusterObserver } from '../cluster/observer.ts';
import type { EventKind, Kernel } from '../kernel/kernel.ts';

/** What an outage does to a node. */
export interface HeldFault {
  /** `lastsMicros`: until its release; null: for ever. */
  hold(node: number, lastsMicros: Micros | null): unknown;
  release(node: number): unknown;
}

/** Who keeps the books of nodes that steps hold. */
export interface StrikeListener {
  stepStrikes(step: number): void;
  nodeStruck(step: number, node: number): void;
  /** It lets go of the node, or the node leaves. */
  nodeReleased(step: number, node: number): void;
}

interface Outage {
  readonly step: number;
  readonly fault: HeldFault;
  readonly forMicros: Micros | null;
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
  private readonly strikes: StrikeListener;
  private readonly outages: (Outage | null)[] = [];
  private readonly endEvent: EventKind;
  private readonly joinEvent: EventKind;

  constructor(kernel: Kernel, cluster: Cluster, phase: number, strikes: StrikeListener) {
    this.kernel = kernel;
    this.cluster = cluster;
    this.strikes = strikes;
    this.endEvent = kernel.defineEvent('outage ends', phase, (id) => this.end(id));
    this.joinEvent = kernel.defineEvent('node joins outage', phase, (node, incarnation) =>
      this.join(node, incarnation),
    );
    cluster.observe(this);
  }

  begin(rows: readonly number[], told: Omit<Outage, 'held'>): void {
    const outage: Outage = { ...told, held: new Map() };
    const { forMicros, onEnd } = outage;
    const id = this.outages.push(outage) - 1;
    this.strikes.stepStrikes(outage.step);
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
    for (const outage of this.outages)
      if (outage?.held.delete(node) === true) this.strikes.nodeReleased(outage.step, node);
  }

  private isIn({ zone }: Outage, node: number): boolean {
    return zone !== null && this.cluster.nodes.facts[node].labels.get(zone.label) === zone.value;
  }

  private join(node: number, incarnation: number): void {
    const { nodes } = this.cluster;
    if (nodes.alive[node] === 0 || nodes.incarnation[node] !== incarnation) return;
    for (const outage of this.outages) if (outage !== null && this.isIn(outage, node)) this.strike(outage, node);
  }

  private strike({ step, held, fault, forMicros }: Outage, node: number): void {
    if (held.has(node)) return;
    held.set(node, this.cluster.nodes.incarnation[node]);
    this.strikes.nodeStruck(step, node);
    fault.hold(node, forMicros);
  }

  private end(id: number): void {
    const outage = this.outages[id];
    if (outage === null) return;
    this.outages[id] = null;
    this.dueCount--;
    for (const row of outage.held.keys()) {
      outage.fault.release(row);
      this.strikes.nodeReleased(outage.step, row);
    }
    outage.onEnd();
  }
}
