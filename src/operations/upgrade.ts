/**
 * Upgrade of nodes as managed node pools have it. `surge` nodes at a time boot first, then the old one is drained and
 * deleted; `maxUnavailable` at a time are drained and deleted first, then the new one boots. A node that takes such a
 * place keeps it until both are done, so that N nodes take ceil(N / (surge + maxUnavailable)) rounds.
 * Providers delete a node whose drain has not ended after some time (GKE: an hour); so does `drainTimeout`.
 * Source: cloud.google.com/kubernetes-engine/docs/concepts/node-pool-upgrade-strategies (surge upgrades).
 */
import { MICROS_PER_SECOND, type Micros } from '../base/time.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { HOSTNAME_LABEL } from '../cluster/node-facts.ts';
import type { Node } from '../cluster/objects.ts';
import type { Distribution } from '../kernel/distribution.ts';
import type { EventKind, Kernel } from '../kernel/kernel.ts';
import { sample } from '../kernel/sampling.ts';
import type { Drains } from './drain.ts';
import type { OperationListener } from './operation-log.ts';

export interface UpgradePlan {
  /** Names of the nodes, in order. */
  readonly nodes: readonly string[];
  readonly surge: number;
  readonly maxUnavailable: number;
  readonly provisionSeconds: Distribution;
  readonly drainTimeoutMicros: Micros | null;
  /** With how many nodes were replaced, and how many of them by force. */
  readonly onEnd: (replaced: number, forced: number) => void;
}

interface Upgrade extends UpgradePlan {
  next: number;
  surging: number;
  unavailable: number;
  replaced: number;
  forced: number;
}

/** A place in an upgrade, taken by one node. */
interface Replacement {
  readonly upgrade: Upgrade;
  readonly old: string;
  readonly mode: 'surge' | 'unavailable';
  readonly node: Node;
  readonly pool: string;
}

export interface UpgradeParts {
  readonly drains: Drains;
  readonly listener: OperationListener;
  /** Of the kernel: when machines become ready. */
  readonly machinePhase: number;
}

export class Upgrades {
  /** Nodes that will be ready by themselves. */
  bootingCount = 0;
  private readonly kernel: Kernel;
  private readonly cluster: Cluster;
  private readonly parts: UpgradeParts;
  private readonly replacements: (Replacement | null)[] = [];
  /** Names that were given to nodes which have not joined yet. */
  private readonly takenNames = new Set<string>();
  private readonly readyEvent: EventKind;

  constructor(kernel: Kernel, cluster: Cluster, parts: UpgradeParts) {
    this.kernel = kernel;
    this.cluster = cluster;
    this.parts = parts;
    this.readyEvent = kernel.defineEvent('upgraded node ready', parts.machinePhase, (id) => this.joined(id));
  }

  /** Returns what tells the names of the nodes whose turn has not come. */
  begin(plan: UpgradePlan): () => readonly string[] {
    const upgrade: Upgrade = { ...plan, next: 0, surging: 0, unavailable: 0, replaced: 0, forced: 0 };
    this.goOn(upgrade);
    return () => upgrade.nodes.slice(upgrade.next);
  }

  /** Fills the places that are free. */
  private goOn(upgrade: Upgrade): void {
    const { nodes, surge, maxUnavailable } = upgrade;
    while (upgrade.next < nodes.length) {
      const mode = upgrade.surging < surge ? 'surge' : upgrade.unavailable < maxUnavailable ? 'unavailable' : null;
      if (mode === null) return;
      this.replace(upgrade, nodes[upgrade.next++], mode);
    }
    if (upgrade.surging + upgrade.unavailable === 0) upgrade.onEnd(upgrade.replaced, upgrade.forced);
  }

  private replace(upgrade: Upgrade, old: string, mode: Replacement['mode']): void {
    const row = this.cluster.nodeRow(old);
    if (row < 0) return;
    const { nodes, pools } = this.cluster;
    const node = this.replacementOf(nodes.facts[row].object, old);
    const replacement: Replacement = { upgrade, old, mode, node, pool: pools.text(nodes.pool[row]) };
    const id = this.replacements.push(replacement) - 1;
    if (mode === 'surge') {
      upgrade.surging++;
      this.boot(id, replacement);
    } else {
      upgrade.unavailable++;
      this.drain(id, replacement);
    }
  }

  private boot(id: number, { upgrade, old, node, pool }: Replacement): void {
    const stream = this.kernel.random.stream('upgrade', old);
    const seconds = sample(upgrade.provisionSeconds, stream);
    this.bootingCount++;
    this.parts.listener.nodePhaseChanged?.(node.metadata?.name ?? '', 'boot', true, pool);
    this.kernel.after(Math.round(seconds * MICROS_PER_SECOND), this.readyEvent, id);
  }

  private joined(id: number): void {
    const replacement = this.replacements[id];
    if (replacement === null) return;
    const { node, pool, mode } = replacement;
    const name = node.metadata?.name ?? '';
    this.bootingCount--;
    this.parts.drains.lastProgressAt = this.kernel.now;
    this.parts.listener.nodePhaseChanged?.(name, 'boot', false, pool);
    this.takenNames.delete(name);
    this.cluster.addNode(node, pool);
    if (mode === 'surge') this.drain(id, replacement);
    else this.finish(id, replacement);
  }

  private drain(id: number, replacement: Replacement): void {
    const { upgrade, old } = replacement;
    const row = this.cluster.nodeRow(old);
    if (row < 0) return this.drained(id, replacement, '');
    const timeoutMicros = upgrade.drainTimeoutMicros;
    const options = { force: true, deleteEmptyDirData: true, ignoreDaemonSets: true, timeoutMicros, persists: true };
    this.parts.drains.begin(row, options, (complaint) => this.drained(id, replacement, complaint));
  }

  /** What is left on the node goes with it. */
  private drained(id: number, replacement: Replacement, complaint: string): void {
    const row = this.cluster.nodeRow(replacement.old);
    if (row >= 0) this.cluster.removeNode(row);
    if (complaint !== '') replacement.upgrade.forced++;
    if (replacement.mode === 'surge') this.finish(id, replacement);
    else this.boot(id, replacement);
  }

  private finish(id: number, { upgrade, mode }: Replacement): void {
    this.replacements[id] = null;
    upgrade.replaced++;
    if (mode === 'surge') upgrade.surging--;
    else upgrade.unavailable--;
    this.goOn(upgrade);
  }

  /** The like of the old node, under a name of its own. */
  private replacementOf(node: Node, old: string): Node {
    const name = this.freeName(old);
    const csi = this.cluster.objects.get('CSINode', old);
    if (csi !== undefined) this.cluster.putObject('CSINode', { ...csi, metadata: { ...csi.metadata, name } });
    return freshNode(node, name);
  }

  private freeName(old: string): string {
    for (let count = 1; ; count++) {
      const name = count === 1 ? `${old}-new` : `${old}-new${count}`;
      if (this.takenNames.has(name) || this.cluster.nodeRow(name) >= 0) continue;
      this.takenNames.add(name);
      return name;
    }
  }
}

/** The Node object of a new machine of the same make: no images, nothing of what happened to the old one. */
export function freshNode(node: Node, name: string): Node {
  const taints = (node.spec?.taints ?? []).filter(({ key = '' }) => !key.startsWith('node.kubernetes.io/'));
  const { allocatable, capacity, declaredFeatures } = node.status ?? {};
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, labels: { ...node.metadata?.labels, [HOSTNAME_LABEL]: name } },
    spec: taints.length === 0 ? {} : { taints },
    status: {
      ...(allocatable === undefined ? {} : { allocatable }),
      ...(capacity === undefined ? {} : { capacity }),
      ...(declaredFeatures === undefined ? {} : { declaredFeatures }),
      conditions: [{ type: 'Ready', status: 'True' }],
    },
  };
}
