/**
 * Graceful shutdown of nodes: the kubelet reports Ready=False, lets nobody in, and stops its pods group by group of
 * their priorities, the lowest first; a group has its time, and a pod no more of it than it asks for. What has stopped
 * is Failed with reason Terminated. The machine goes when the last group is through.
 * Source: pkg/kubelet/nodeshutdown/{nodeshutdown_manager,nodeshutdown_manager_linux}.go (v1.36); that volumes are
 * unmounted is not waited for.
 *
 * Loaded only where nodes are reclaimed. Costs a look at each pod that ends, and an event for each group.
 */
import type { Micros } from '../base/time.ts';
import { EvictionCause, PodPhase } from '../cluster/cluster.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { Node } from '../cluster/objects.ts';
import type { ClusterObserver } from '../cluster/observer.ts';
import type { EventKind, Kernel, TimerId } from '../kernel/kernel.ts';
import type { ShutdownGrace } from './settings.ts';
import { rejected } from './admission.ts';
import type { AdmissionRefusal, PodAdmittance } from './admission.ts';
import { withCondition } from './node-conditions.ts';
import type { KubeletEviction } from './pod-ends.ts';

const TERMINATED_MESSAGE = 'Pod was terminated in response to imminent node shutdown.';
const NOT_ADMITTED: AdmissionRefusal = {
  reason: 'NodeShutdown', message: rejected('Pod was rejected as the node is shutting down.'),
};

/** What kubelets do for it. */
export interface ShutdownHost {
  readonly admittance: PodAdmittance;
  evict(pod: number, eviction: KubeletEviction): void;
  isEvicting(pod: number): boolean;
}

interface Shutdown {
  /** Another one with each group: the events of an earlier one do nothing. */
  id: number;
  readonly onEnd: () => void;
  /** Of pods in order of their priorities; -1: none has begun. */
  group: number;
  /** Rows of the group's pods that have not stopped. */
  readonly waiting: Set<number>;
  timer: TimerId;
}

export class NodeShutdowns implements ClusterObserver {
  private readonly kernel: Kernel;
  private readonly cluster: Cluster;
  /** Lowest priority first. */
  private readonly groups: readonly ShutdownGrace[];
  private readonly host: ShutdownHost;
  private readonly isCut: (node: number) => boolean;
  /** By node row. */
  private readonly shutdowns = new Map<number, Shutdown>();
  private readonly nextEvent: EventKind;
  private count = 0;

  /** `groups` is not empty. `isCut`: the node's kubelet cannot tell anybody. */
  constructor(
    kernel: Kernel, cluster: Cluster, groups: readonly ShutdownGrace[], host: ShutdownHost,
    isCut: (node: number) => boolean,
  ) {
    this.kernel = kernel;
    this.cluster = cluster;
    this.groups = groups;
    this.host = host;
    this.isCut = isCut;
    this.nextEvent = kernel.defineEvent('node shutdown goes on', 3, (node, id) => { this.goOn(node, id); });
    host.admittance.gates.push((pod) => (this.shutdowns.has(cluster.pods.node[pod]) ? NOT_ADMITTED : null));
    cluster.observe(this);
  }

  /** `onEnd`: all groups are through; not called when the machine stops or its Node object goes before that. */
  begin(node: number, onEnd: () => void): void {
    const { nodes } = this.cluster;
    const shutdown: Shutdown = { id: 0, onEnd, group: -1, waiting: new Set(), timer: 0 };
    this.shutdowns.set(node, shutdown);
    if (!this.isCut(node)) this.cluster.updateNode(node, withoutReady(nodes.facts[node].object));
    this.next(node, shutdown);
  }

  podRemoved(pod: number, node: number): void {
    const shutdown = this.shutdowns.size === 0 ? undefined : this.shutdowns.get(node);
    if (shutdown === undefined || !shutdown.waiting.delete(pod) || shutdown.waiting.size > 0) return;
    this.kernel.after(0, this.nextEvent, node, shutdown.id);
  }

  nodeHealthChanged(node: number): void {
    this.forget(node);
  }

  nodeRemoving(node: number): void {
    this.forget(node);
  }

  private forget(node: number): void {
    const shutdown = this.shutdowns.get(node);
    if (shutdown === undefined) return;
    this.kernel.cancel(shutdown.timer);
    this.shutdowns.delete(node);
  }

  /** The group has stopped, or its time is over. */
  private goOn(node: number, id: number): void {
    const shutdown = this.shutdowns.get(node);
    if (shutdown?.id === id) this.next(node, shutdown);
  }

  /** Groups without pods take no time. */
  private next(node: number, shutdown: Shutdown): void {
    this.kernel.cancel(shutdown.timer);
    shutdown.waiting.clear();
    shutdown.id = ++this.count;
    while (shutdown.waiting.size === 0) {
      shutdown.group++;
      if (shutdown.group === this.groups.length) return shutdown.onEnd();
      this.stop(node, shutdown);
    }
    const { graceMicros } = this.groups[shutdown.group];
    shutdown.timer = this.kernel.timerAt(this.kernel.now + graceMicros, this.nextEvent, node, shutdown.id);
  }

  private stop(node: number, { group, waiting }: Shutdown): void {
    const { nodes, pods } = this.cluster;
    const { graceMicros } = this.groups[group];
    for (const pod of nodes.pods[node]) {
      if (pods.phase[pod] < PodPhase.Bound || this.groupOf(pod) !== group) continue;
      waiting.add(pod);
      if (pods.isTerminating(pod) || this.host.isEvicting(pod)) continue;
      this.host.evict(pod, terminated(this.graceOf(pod, graceMicros)));
    }
  }

  private graceOf(pod: number, most: Micros): Micros {
    return Math.min(this.cluster.templateOf(pod).graceMicros, most);
  }

  /** The last group whose priority the pod has reached; those below all of them are in the first. */
  private groupOf(pod: number): number {
    const { priority } = this.cluster.templateOf(pod);
    let group = 0;
    while (group + 1 < this.groups.length && this.groups[group + 1].priority <= priority) group++;
    return group;
  }
}

function terminated(graceMicros: Micros): KubeletEviction {
  return { cause: EvictionCause.NodeShutdown, reason: 'Terminated', message: TERMINATED_MESSAGE, graceMicros };
}

/** pkg/kubelet/nodestatus/setters.go: ReadyCondition. */
function withoutReady(node: Node): Node {
  const message = 'node is shutting down';
  return withCondition(node, { type: 'Ready', status: 'False', reason: 'KubeletNotReady', message });
}
