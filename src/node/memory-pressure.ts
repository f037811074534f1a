/**
 * Nodes that run out of memory: with less than 100Mi left the kubelet reports MemoryPressure and evicts one pod after
 * the other. First those that use more than they request, then those of lower priority, then those that use most beyond
 * it; critical pods stay. It looks every 10 s; here only when something may have changed, since memory in use grows
 * in straight lines. Pods of which nothing is known use what they request.
 * Source: pkg/kubelet/eviction/{eviction_manager,helpers,defaults_linux}.go, pkg/kubelet/types/pod_update.go (v1.36).
 *
 * Costs a walk over the pods of a node whenever one of them starts, ends or is started again.
 */
import { unitsFromText } from '../base/quantity.ts';
import { MICROS_PER_MINUTE, MICROS_PER_SECOND, type Micros } from '../base/time.ts';
import { EvictionCause, PodPhase } from '../cluster/cluster.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { ClusterObserver } from '../cluster/observer.ts';
import { MEMORY, amountOf } from '../cluster/resources.ts';
import type { EventKind, Kernel } from '../kernel/kernel.ts';
import type { MemoryUse } from './application-runs.ts';
import { isCriticalPod } from './pod-ends.ts';
import type { KubeletHost } from './pod-lives.ts';

/** evictionHard memory.available. */
const LEAST_AVAILABLE_BYTES = 100 * 1024 * 1024;
const MONITOR_MICROS: Micros = 10 * MICROS_PER_SECOND;
/** evictionPressureTransitionPeriod. */
const TRANSITION_MICROS: Micros = 5 * MICROS_PER_MINUTE;

export class MemoryPressure implements ClusterObserver {
  private readonly kernel: Kernel;
  private readonly cluster: Cluster;
  /** Of a running pod now; null: what it requests. */
  private readonly useOf: (pod: number) => MemoryUse | null;
  private readonly lookEvent: EventKind;
  private readonly monitorEvent: EventKind;
  /** By node row, of nodes that were looked at: takes the next number when earlier looks are void. */
  private readonly tickets: number[] = [];
  private readonly lookedAt: Micros[] = [];
  /** When pressure was last observed, by node row; absent: the condition does not say so. */
  private readonly observedAt = new Map<number, Micros>();

  private readonly host: Pick<KubeletHost, 'evict' | 'isEvicting'>;

  constructor(
    kernel: Kernel, cluster: Cluster, useOf: (pod: number) => MemoryUse | null,
    host: Pick<KubeletHost, 'evict' | 'isEvicting'>,
  ) {
    this.host = host;
    this.kernel = kernel;
    this.cluster = cluster;
    this.useOf = useOf;
    this.lookEvent = kernel.defineEvent('node memory changed', 3, (node, incarnation) => {
      if (this.isThere(node, incarnation)) this.plan(node);
    });
    this.monitorEvent = kernel.defineEvent('eviction monitor', 3, (node, ticket) => {
      if (this.tickets[node] === ticket && cluster.nodes.up[node] === 1) this.monitor(node);
    });
    cluster.observe(this);
  }

  podStarted(pod: number): void {
    this.changed(this.cluster.pods.node[pod]);
  }

  podContainerFailed(pod: number): void {
    this.changed(this.cluster.pods.node[pod]);
  }

  podContainerRestarted(pod: number): void {
    this.changed(this.cluster.pods.node[pod]);
  }

  podRemoved(_pod: number, node: number, phaseBefore: number): void {
    if (node >= 0 && phaseBefore === PodPhase.Running) this.changed(node);
  }

  nodeAdded(node: number): void {
    this.forget(node);
  }

  nodeHealthChanged(node: number, up: boolean): void {
    if (!up) this.tickets[node] = (this.tickets[node] ?? 0) + 1;
    else this.changed(node);
  }

  nodeRemoving(node: number): void {
    this.forget(node);
  }

  private forget(node: number): void {
    this.tickets[node] = (this.tickets[node] ?? 0) + 1;
    this.observedAt.delete(node);
    this.lookedAt[node] = -1;
  }

  private isThere(node: number, incarnation: number): boolean {
    const { nodes } = this.cluster;
    return nodes.incarnation[node] === incarnation && nodes.alive[node] === 1 && nodes.up[node] === 1;
  }

  /** Once an instant, behind all that changes in it. */
  private changed(node: number): void {
    if (this.lookedAt[node] === this.kernel.now) return;
    this.lookedAt[node] = this.kernel.now;
    this.kernel.after(0, this.lookEvent, node, this.cluster.nodes.incarnation[node]);
  }

  /** The next pass of the monitor that may find something. */
  private plan(node: number): void {
    this.lookedAt[node] = -1;
    const { now } = this.kernel;
    const { left, growth } = this.available(node);
    const lacksAfter = left < LEAST_AVAILABLE_BYTES ? 0 : (left - LEAST_AVAILABLE_BYTES) / growth;
    const observed = this.observedAt.get(node);
    const clearedAt = observed === undefined ? Infinity : observed + TRANSITION_MICROS;
    const at = Math.min(lacksAfter < Infinity ? now + Math.ceil(lacksAfter) : Infinity, clearedAt);
    this.tickets[node] = (this.tickets[node] ?? 0) + 1;
    if (!(at < Infinity)) return;
    const tick = Math.max(at, now + 1);
    this.kernel.at(Math.ceil(tick / MONITOR_MICROS) * MONITOR_MICROS, this.monitorEvent, node, this.tickets[node]);
  }

  private monitor(node: number): void {
    const { now } = this.kernel;
    const observed = this.observedAt.get(node);
    if (this.available(node).left < LEAST_AVAILABLE_BYTES) {
      this.observedAt.set(node, now);
      if (observed === undefined) this.report(node, 'True');
      this.evictOne(node);
    } else if (observed !== undefined && now - observed >= TRANSITION_MICROS) {
      this.observedAt.delete(node);
      this.report(node, 'False');
    }
    this.plan(node);
  }

  /** Bytes that nobody uses, and how fast they become fewer. */
  private available(node: number): { readonly left: number; readonly growth: number } {
    const { nodes, pods } = this.cluster;
    const allocatable = nodes.allocatable[node * nodes.stride + MEMORY];
    const capacity = nodes.facts[node].object.status?.capacity?.['memory'];
    let left = Math.max(capacity === undefined ? 0 : unitsFromText(capacity), allocatable + LEAST_AVAILABLE_BYTES);
    let growth = 0;
    for (const pod of nodes.pods[node]) {
      if (pods.phase[pod] !== PodPhase.Running) continue;
      const use = this.useOf(pod);
      left -= use === null ? this.requestOf(pod) : use.bytes;
      growth += use?.bytesPerMicro ?? 0;
    }
    return { left, growth };
  }

  private requestOf(pod: number): number {
    return amountOf(this.cluster.templateOf(pod).accounted, MEMORY);
  }

  private report(node: number, status: 'True' | 'False'): void {
    const { object } = this.cluster.nodes.facts[node];
    const others = (object.status?.conditions ?? []).filter(({ type }) => type !== 'MemoryPressure');
    const reason = status === 'True' ? 'KubeletHasInsufficientMemory' : 'KubeletHasSufficientMemory';
    const conditions = [...others, { type: 'MemoryPressure', status, reason }];
    this.cluster.updateNode(node, { ...object, status: { ...object.status, conditions } });
  }

  /** One a pass; while one that was evicted is still going nobody else is. */
  private evictOne(node: number): void {
    const { cluster } = this;
    const { nodes, pods } = cluster;
    const running = nodes.pods[node].filter((pod) => pods.phase[pod] === PodPhase.Running);
    const isGoing = (pod: number): boolean => pods.isTerminating(pod);
    if (running.some((pod) => this.host.isEvicting(pod))) return;
    const victim = this.ranked(running).find((pod) => !isGoing(pod) && !isCriticalPod(cluster, pod));
    if (victim === undefined) return;
    const message = 'The node was low on resource: memory. ';
    const cause = EvictionCause.NodePressure;
    this.host.evict(victim, { cause, reason: 'Evicted', message, graceMicros: MICROS_PER_SECOND });
  }

  /** Who goes first; equals in order of creation. */
  private ranked(running: readonly number[]): number[] {
    const { pods } = this.cluster;
    const beyond = new Map(
      running.map((pod) => {
        const request = this.requestOf(pod);
        return [pod, (this.useOf(pod)?.bytes ?? request) - request] as const;
      }),
    );
    const excess = (pod: number): number => beyond.get(pod) ?? 0;
    const priority = (pod: number): number => this.cluster.templateOf(pod).priority;
    return [...running].sort(
      (a, b) =>
        Number(excess(b) > 0) - Number(excess(a) > 0) ||
        priority(a) - priority(b) ||
        excess(b) - excess(a) ||
        pods.serial[a] - pods.serial[b],
    );
  }
}
