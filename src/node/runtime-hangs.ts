/**
 * Nodes whose container runtime hangs: its calls about containers do not return. The kubelet renews its lease and posts
 * its status; what runs runs on, but nothing starts, stops or is seen to end (cut-nodes.ts holds it back). When
 * the last relist of containers is three minutes old the next status says Ready=False, `PLEG is not healthy`; with the
 * first one after the runtime answers it is Ready again. A machine that restarts meanwhile hangs on, and is Ready for
 * as long. Source: pkg/kubelet/{pleg/generic.go,runtime.go,kubelet_node_status.go} (v1.36).
 *
 * Loaded only where something ails nodes. Costs two events for each hang.
 */
import { MICROS_PER_MINUTE, type Micros } from '../base/time.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { nextStatusAt } from '../cluster/node-facts.ts';
import type { NodeTroubles, TroubleListener } from '../cluster/node-troubles.ts';
import { NodeChange } from '../cluster/observer.ts';
import type { ClusterObserver } from '../cluster/observer.ts';
import type { EventKind, Kernel } from '../kernel/kernel.ts';
import { conditionStatus, withCondition } from './node-conditions.ts';

/** pkg/kubelet/kubelet.go: genericPlegRelistThreshold. */
const UNHEALTHY_MICROS: Micros = 3 * MICROS_PER_MINUTE;
const MESSAGE = 'PLEG is not healthy: pleg was last seen active 3m0s ago; threshold is 3m0s';

export class RuntimeHangs implements ClusterObserver, TroubleListener {
  private readonly kernel: Kernel;
  private readonly cluster: Cluster;
  private readonly troubles: NodeTroubles;
  private readonly statusEvent: EventKind;
  /** By node row: its last relist, of nodes that hang. */
  private readonly activeAt = new Map<number, Micros>();
  /** Nodes that have said that they are not Ready. */
  private readonly unready = new Set<number>();

  constructor(kernel: Kernel, cluster: Cluster, troubles: NodeTroubles) {
    this.kernel = kernel;
    this.cluster = cluster;
    this.troubles = troubles;
    this.statusEvent = kernel.defineEvent('node status of a hung runtime', 3, (node, incarnation) => {
      if (cluster.nodes.incarnation[node] === incarnation && cluster.nodes.alive[node] === 1) this.post(node);
    });
    cluster.observe(this);
    troubles.listeners.push(this);
  }

  runtimeHung(node: number, isHung: boolean): void {
    if (!isHung) {
      this.activeAt.delete(node);
      if (this.unready.has(node)) this.postAt(node, this.kernel.now);
    } else this.begin(node);
  }

  nodeHealthChanged(node: number, up: boolean): void {
    this.unready.delete(node);
    if (up && this.troubles.isHung(node)) this.begin(node);
  }

  nodeCut(node: number, isCut: boolean): void {
    if (!isCut && (this.activeAt.has(node) || this.unready.has(node))) this.postAt(node, this.kernel.now + 1);
  }

  /** One that is heard of again is taken to be Ready. */
  nodeUpdated(node: number, changes: number): void {
    if ((changes & NodeChange.Conditions) === 0 || !this.unready.has(node)) return;
    const { nodes } = this.cluster;
    if (conditionStatus(nodes.facts[node].object, 'Ready') === 'True' && this.activeAt.has(node))
      this.kernel.after(0, this.statusEvent, node, nodes.incarnation[node]);
  }

  nodeRemoving(node: number): void {
    this.activeAt.delete(node);
    this.unready.delete(node);
  }

  private begin(node: number): void {
    this.activeAt.set(node, this.kernel.now);
    // More than the threshold has to have passed.
    this.postAt(node, this.kernel.now + UNHEALTHY_MICROS + 1);
  }

  /** With the first status at this time or later. */
  private postAt(node: number, time: Micros): void {
    const { createdAt, incarnation } = this.cluster.nodes;
    this.kernel.at(nextStatusAt(createdAt[node], time), this.statusEvent, node, incarnation[node]);
  }

  private post(node: number): void {
    const { nodes } = this.cluster;
    if (nodes.up[node] === 0 || this.troubles.isCut(node)) return;
    const active = this.activeAt.get(node);
    const isHealthy = active === undefined || this.kernel.now - active <= UNHEALTHY_MICROS;
    const { object } = nodes.facts[node];
    const status = conditionStatus(object, 'Ready') ?? 'True';
    if (isHealthy) {
      if (!this.unready.delete(node) || status !== 'False') return;
      this.cluster.updateNode(node, withCondition(object, { type: 'Ready', status: 'True', reason: 'KubeletReady' }));
    } else {
      this.unready.add(node);
      if (status !== 'False')
        this.cluster.updateNode(
          node, withCondition(object, { type: 'Ready', status: 'False', reason: 'KubeletNotReady', message: MESSAGE }),
        );
    }
  }
}
