/**
 * Nodes on which nobody's leaving would help: without all less important pods the node still rejects the preemptor. Told
 * by one filter alone, where one decides (Profile.decidingFilter), and remembered by (template, node) until the node or
 * its pods change. The dry run, which asks every plugin on a copy, is the plain twin. 16 bytes a node and template.
 */
import type { Cluster } from '../../cluster/cluster.ts';
import type { NodeInfo } from '../../cluster/node-info.ts';
import { CHANGE_RING } from '../../cluster/node-table.ts';
import type { Handle, NodeStatuses, Plugin } from '../framework/plugin-api.ts';
import type { CycleState } from '../framework/cycle-state.ts';
import type { PodInfo } from '../framework/pod-info.ts';
import { isRejected } from '../framework/status.ts';
import type { Status } from '../framework/status.ts';
import { NO_VICTIMS } from './victims.ts';

/** Templates that are remembered; the one that came first makes room. */
const MOST_TEMPLATES = 64;

interface Verdicts {
  /** By node row: the node's generation that the verdict is of, and the verdict; null: there is hope. */
  generations: Uint32Array;
  readonly statuses: (Status | null)[];
  /** The nodes that the last dry run was about, the index of each row among them (-1: none), and the rows with hope. */
  list: readonly NodeInfo[] | null;
  indexOf: Int32Array;
  readonly hopeful: Set<number>;
  /** Changes of the node table that `hopeful` knows of. */
  seenChanges: number;
}

export interface Tries {
  /** How far behind the offset the nodes stand that have to be tried, ascending. */
  readonly order: readonly number[];
  /** Why one of the others is hopeless. */
  why(node: NodeInfo): Status | null;
}

export class HopelessNodes {
  private readonly cluster: Cluster;
  private readonly byTemplate = new Map<number, Verdicts>();

  constructor(cluster: Cluster) {
    this.cluster = cluster;
  }

  /**
   * For one dry run over `nodes` from `offset` on; null: each has to be tried. Looks at the nodes that have changed since the
   * last one, as long as it is about the same list. `lowest` gives the least priority on a node.
   */
  triesAmong(handle: Handle, state: CycleState, pod: PodInfo, cycle: NodeStatuses, nodes: readonly NodeInfo[], offset: number, lowest: (node: NodeInfo) => number): Tries | null {
    const filter = handle.decidingFilter?.(pod.template) ?? null;
    if (filter === null) return null;
    const verdicts = this.of(pod.template.id);
    const why = (node: NodeInfo): Status | null => (lowest(node) >= pod.priority ? NO_VICTIMS : this.known(verdicts, filter, state, pod, cycle, node));
    this.bringUpToDate(verdicts, nodes, why);
    const { indexOf, hopeful } = verdicts;
    const distance = (row: number): number => (indexOf[row] - offset + nodes.length) % nodes.length;
    const order: number[] = [];
    for (const row of hopeful) order.push(distance(row));
    // With the pods that are nominated to it a node says other things than by itself.
    if (handle.nominationCount() > 0) {
      for (const name of handle.nominatedNodes()) {
        const row = handle.snapshot.find(name)?.row ?? -1;
        if (row >= 0 && indexOf[row] >= 0 && !hopeful.has(row)) order.push(distance(row));
      }
    }
    order.sort((a, b) => a - b);
    return { order, why };
  }

  private bringUpToDate(verdicts: Verdicts, nodes: readonly NodeInfo[], why: (node: NodeInfo) => Status | null): void {
    const { changeCount, changedRows, info, capacity } = this.cluster.nodes;
    const { hopeful } = verdicts;
    if (verdicts.list !== nodes || changeCount - verdicts.seenChanges > CHANGE_RING) {
      if (verdicts.indexOf.length < capacity) verdicts.indexOf = new Int32Array(capacity);
      verdicts.indexOf.fill(-1);
      hopeful.clear();
      for (let i = 0; i < nodes.length; i++) {
        verdicts.indexOf[nodes[i].row] = i;
        if (why(nodes[i]) === null) hopeful.add(nodes[i].row);
      }
      verdicts.list = nodes;
    } else {
      for (let i = verdicts.seenChanges; i < changeCount; i++) {
        const row = changedRows[i & (CHANGE_RING - 1)];
        if (row >= verdicts.indexOf.length || verdicts.indexOf[row] < 0) continue;
        if (why(info[row]) === null) hopeful.add(row);
        else hopeful.delete(row);
      }
    }
    verdicts.seenChanges = changeCount;
  }

  private known(verdicts: Verdicts, filter: Plugin, state: CycleState, pod: PodInfo, cycle: NodeStatuses, node: NodeInfo): Status | null {
    const { row } = node;
    const { generation } = this.cluster.nodes;
    if (verdicts.generations[row] !== generation[row]) {
      verdicts.generations[row] = generation[row];
      verdicts.statuses[row] = cycle.ofNode(node)?.plugin === filter.name ? this.verdict(filter, state, pod, node) : null;
    }
    return verdicts.statuses[row];
  }

  private verdict(plugin: Plugin, state: CycleState, pod: PodInfo, live: NodeInfo): Status | null {
    const { cluster } = this;
    const node = live.whatIf(cluster.nodes.stride);
    for (const other of live.pods) {
      const template = cluster.templateOf(other);
      if (template.priority < pod.priority) node.removePod(other, template);
    }
    const status = plugin.filter?.(state, pod, node) ?? null;
    return status !== null && isRejected(status) ? status : null;
  }

  private of(template: number): Verdicts {
    const { capacity } = this.cluster.nodes;
    let verdicts = this.byTemplate.get(template);
    if (verdicts === undefined) {
      const [first] = this.byTemplate.keys();
      if (this.byTemplate.size >= MOST_TEMPLATES) this.byTemplate.delete(first);
      this.byTemplate.set(template, (verdicts = { generations: new Uint32Array(capacity), statuses: [], list: null, indexOf: new Int32Array(capacity), hopeful: new Set(), seenChanges: 0 }));
    }
    if (verdicts.generations.length < capacity) verdicts.generations = new Uint32Array(capacity);
    return verdicts;
  }
}
