/**
 * What kubelets say, on its way to the API server: in order for each of them, and void when the pod is gone or its
 * machine has stopped before it arrives. Until then only the kubelet knows it. Costs an event and a closure a report.
 * Source of the order: pkg/kubelet/status/status_manager.go syncBatch.
 */
import type { Micros } from '../base/time.ts';
import { PodOutcome, PodPhase } from '../cluster/cluster.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { DelayedCalls } from '../kernel/kernel.ts';
import type { Kernel } from '../kernel/kernel.ts';

/** How long until the API server has what the kubelet of a node row says now; what one says comes in its order. */
export type TellsAfter = (node: number) => Micros;

/** true: the node is cut off; `tell` is called when it is back. */
export type HoldBack = (node: number, tell: () => void) => boolean;

export type MakeReports = (
  kernel: Kernel, cluster: Cluster, tellsAfter: TellsAfter, holdBack: HoldBack,
) => StatusReports;

export class StatusReports {
  /** Rows of pods that were admitted, were started, and have ended or were refused, as only their kubelets know yet. */
  readonly admitted = new Set<number>();
  readonly started = new Set<number>();
  readonly ended = new Set<number>();
  private readonly cluster: Cluster;
  private readonly calls: DelayedCalls;
  private readonly tellsAfter: TellsAfter;
  private readonly holdBack: HoldBack;
  /** By pod row: what was said last of Ready, by the number of that report. */
  private readonly ready = new Map<number, { readonly isReady: boolean }>();
  /** How often machines have stopped, by node row. */
  private readonly stops = new Map<number, number>();

  constructor(kernel: Kernel, cluster: Cluster, tellsAfter: TellsAfter, holdBack: HoldBack) {
    this.cluster = cluster;
    this.tellsAfter = tellsAfter;
    this.holdBack = holdBack;
    this.calls = new DelayedCalls(kernel, 'pod status', 3, () => 0);
  }

  get count(): number {
    return this.calls.count;
  }

  /** Whether something of the pod's condition is on its way. */
  isTelling(pod: number): boolean {
    return this.ready.has(pod) || this.ended.has(pod);
  }

  /** What was said last of the pod's condition Ready, if that has not arrived; else undefined. */
  readyOf(pod: number): boolean | undefined {
    return this.ready.get(pod)?.isReady;
  }

  tellReady(pod: number, isReady: boolean, write: (pod: number) => void): void {
    const said = { isReady };
    this.ready.set(pod, said);
    this.tell(pod, (row) => {
      if (this.ready.get(row) === said) this.ready.delete(row);
      write(row);
    });
  }

  /** It was refused, or its containers have ended. Told once. One whose deletion was asked for goes with its end. */
  tellEnd(pod: number, write: (pod: number) => void): void {
    const { cluster } = this;
    const { pods } = cluster;
    this.ended.add(pod);
    this.tell(pod, (row) => {
      if (pods.hasEnded(row)) return;
      write(row);
      if (pods.hasEnded(row) && pods.isTerminating(row) && !pods.isTracked(row))
        cluster.removePod(row, PodOutcome.Deleted);
    });
  }

  tell(pod: number, write: (pod: number) => void): void {
    const { pods, nodes } = this.cluster;
    const node = pods.node[pod];
    const [incarnation, ofNode, stops] = [pods.incarnation[pod], nodes.incarnation[node], this.stopsOf(node)];
    const arrive = (): void => {
      const isThere = pods.incarnation[pod] === incarnation && pods.phase[pod] !== PodPhase.Free;
      const isSameMachine = nodes.incarnation[node] === ofNode && this.stopsOf(node) === stops;
      if (isThere && isSameMachine && !this.holdBack(node, arrive)) write(pod);
    };
    this.calls.call(arrive, this.tellsAfter(node));
  }

  /** The pod has ended, as everybody knows now. */
  forget(pod: number): void {
    this.admitted.delete(pod);
    this.started.delete(pod);
    this.ended.delete(pod);
    this.ready.delete(pod);
  }

  machineStopped(node: number): void {
    this.stops.set(node, this.stopsOf(node) + 1);
    for (const pod of this.cluster.nodes.pods[node]) this.forget(pod);
  }

  private stopsOf(node: number): number {
    return this.stops.get(node) ?? 0;
  }
}

/** For a simulation's options. */
export const statusReports: MakeReports = (...parts) => new StatusReports(...parts);
