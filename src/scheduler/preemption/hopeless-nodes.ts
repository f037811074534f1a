/**
 * Nodes on which nobody's leaving would help: without all less important pods the node still rejects the preemptor. Told
 * by one filter alone, where one decides (Profile.decidingFilter), and remembered by (template, node) until the node or
 * its pods change. The dry run, which asks every plugin on a copy, is the plain twin. 12 bytes a node and template.
 */
import type { Cluster } from '../../cluster/cluster.ts';
import type { NodeInfo } from '../../cluster/node-info.ts';
import type { Handle, NodeStatuses, Plugin } from '../framework/plugin-api.ts';
import type { CycleState } from '../framework/cycle-state.ts';
import type { PodInfo } from '../framework/pod-info.ts';
import { isRejected } from '../framework/status.ts';
import type { Status } from '../framework/status.ts';

/** Templates that are remembered; the one that came first makes room. */
const MOST_TEMPLATES = 64;

interface Verdicts {
  /** By node row: the node's generation that the verdict is of, and the verdict; null: there is hope. */
  generations: Uint32Array;
  readonly statuses: (Status | null)[];
}

export class HopelessNodes {
  private readonly cluster: Cluster;
  private readonly byTemplate = new Map<number, Verdicts>();

  constructor(cluster: Cluster) {
    this.cluster = cluster;
  }

  /** For one dry run: why a node is hopeless, null: it has to be tried. */
  asked(handle: Handle, state: CycleState, pod: PodInfo, cycle: NodeStatuses): (node: NodeInfo) => Status | null {
    const { template } = pod;
    const filter = handle.decidingFilter?.(template) ?? null;
    if (filter === null) return () => null;
    const verdicts = this.of(template.id);
    const { generation } = this.cluster.nodes;
    const nominations = handle.nominationCount();
    return (node) => {
      const { row } = node;
      if (nominations > 0 && handle.nominatedPods(node.name).length > 0) return null;
      if (verdicts.generations[row] !== generation[row]) {
        verdicts.generations[row] = generation[row];
        verdicts.statuses[row] = cycle.ofNode(node)?.plugin === filter.name ? this.verdict(filter, state, pod, node) : null;
      }
      return verdicts.statuses[row];
    };
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
      if (this.byTemplate.size >= MOST_TEMPLATES) for (const [first] of this.byTemplate) if (this.byTemplate.size >= MOST_TEMPLATES) this.byTemplate.delete(first);
      this.byTemplate.set(template, (verdicts = { generations: new Uint32Array(capacity), statuses: [] }));
    }
    if (verdicts.generations.length < capacity) verdicts.generations = new Uint32Array(capacity);
    return verdicts;
  }
}
