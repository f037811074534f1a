/**
 * How pods end on their nodes. One that was deleted goes when its containers have stopped; one that its kubelet makes
 * go is Failed then, with the reason, and its object stays until its owner or pod garbage collection takes it away.
 * Sources: pkg/kubelet/{eviction/eviction_manager,preemption/preemption,nodeshutdown}, pkg/kubelet/status (a status of
 * Failed waits until no container runs); v1.36.
 *
 * A critical pod that lacks nothing but room gets it from others. It is admitted at once, so that nobody else takes
 * the room, and starts when the last of them has stopped.
 *
 * Costs an entry for each pod that a kubelet is making go.
 */
import { assert } from '../base/assert.ts';
import type { Micros } from '../base/time.ts';
import { EvictionCause, PodOutcome, PodPhase } from '../cluster/cluster.ts';
import type { Cluster, PodEnd } from '../cluster/cluster.ts';
import { qosClass } from '../cluster/pod-requests.ts';
import { CPU, MEMORY, amountOf } from '../cluster/resources.ts';
import { CRITICAL_PRIORITY } from '../cluster/scheduling-spec.ts';
import { PODS } from './admission.ts';
import type { Lack } from './admission.ts';
import type { StatusReports } from './status-reports.ts';

/** Exit code of a container that SIGTERM has ended. */
export const TERMINATED = 143;

const SUCCEEDED: PodEnd = { phase: PodPhase.Succeeded, outcome: PodOutcome.Succeeded, exitCode: 0 };

/** Why a kubelet makes a pod go. */
export interface KubeletEviction {
  readonly cause: EvictionCause;
  /** status.reason: `Evicted`, `Terminated`, `Preempting`. */
  readonly reason: string;
  /** status.message. */
  readonly message: string;
  /** From SIGTERM on; null: what the pod asks for. */
  readonly graceMicros: Micros | null;
}

/** Static pods, and those of a system-critical priority (pkg/kubelet/types/pod_update.go). */
export function isCriticalPod(cluster: Cluster, pod: number): boolean {
  const { priority, drainMarks, controller } = cluster.templateOf(pod);
  return priority >= CRITICAL_PRIORITY || drainMarks.isMirror === true || controller?.kind === 'Node';
}

export class PodEnds {
  private readonly cluster: Cluster;
  /** null: what kubelets say is known at once. */
  private readonly reports: StatusReports | null;
  /** By pod row: its containers are stopping. */
  private readonly evictions = new Map<number, KubeletEviction>();
  /** By the row of a critical pod: those that have to stop before it starts. */
  private readonly inTheWay = new Map<number, Set<number>>();
  /** Told of a critical pod for which nobody has to stop any more; it may write nothing. */
  onRoom: (pod: number) => void = () => undefined;

  constructor(cluster: Cluster, reports: StatusReports | null = null) {
    this.cluster = cluster;
    this.reports = reports;
  }

  isEvicting(pod: number): boolean {
    return this.evictions.size > 0 && this.evictions.has(pod);
  }

  /** What its containers have from SIGTERM on. */
  graceMicros(pod: number): Micros {
    const own = this.cluster.templateOf(pod).graceMicros;
    return this.evictions.size === 0 ? own : this.evictions.get(pod)?.graceMicros ?? own;
  }

  /** The kubelet has decided; `stopped` is to be called when the containers have ended. */
  evict(pod: number, eviction: KubeletEviction): void {
    assert(!this.cluster.pods.isTerminating(pod), 'a pod that is being deleted is not evicted by its kubelet');
    this.evictions.set(pod, eviction);
  }

  /** The pod is gone, or its kubelet has died and remembers nothing. */
  forget(pod: number): void {
    if (this.evictions.size > 0) this.evictions.delete(pod);
    if (this.inTheWay.size === 0) return;
    this.release(pod);
    this.inTheWay.delete(pod);
  }

  /** It is in nobody's way any more. */
  private release(pod: number): void {
    for (const [critical, others] of this.inTheWay) {
      if (!others.delete(pod) || others.size > 0) continue;
      this.inTheWay.delete(critical);
      this.onRoom(critical);
    }
  }

  /** Whether a critical pod waits for others to stop. */
  hasToWait(pod: number): boolean {
    return this.inTheWay.size > 0 && this.inTheWay.has(pod);
  }

  /** Pods of the node that stop for a critical one; null: not even all of them would do. */
  victimsFor(pod: number, lacks: readonly Lack[], admitted: readonly number[]): readonly number[] | null {
    const { cluster } = this;
    if (!isCriticalPod(cluster, pod)) return null;
    const victims = podsToPreempt(cluster, lacks, admitted.filter((other) => isPreemptable(cluster, pod, other)));
    if (victims !== null && victims.length > 0) this.inTheWay.set(pod, new Set(victims));
    return victims;
  }

  /** Its containers have stopped as they were told to. */
  stopped(pod: number): void {
    const { reports } = this;
    const { pods } = this.cluster;
    const eviction = this.evictions.size === 0 ? undefined : this.evictions.get(pod);
    if (reports !== null) this.release(pod);
    if (eviction === undefined || pods.isTerminating(pod)) return this.removeTerminated(pod);
    const hasRun = pods.phase[pod] === PodPhase.Running || reports?.started.has(pod) === true;
    const { cause, reason, message } = eviction;
    const exitCode = hasRun ? TERMINATED : 0;
    const end = { phase: PodPhase.Failed, outcome: PodOutcome.Evicted, exitCode, cause, reason, message };
    this.tellEnd(pod, (row) => { this.cluster.endPod(row, end); });
  }

  /** The object of a pod that was deleted goes. */
  removeTerminated(pod: number): void {
    if (this.reports === null) return this.writeRemoval(pod);
    this.reports.ended.add(pod);
    this.reports.tell(pod, (row) => { this.writeRemoval(row); });
  }

  /** The same, as the API server hears of it. */
  writeRemoval(pod: number): void {
    const { cluster } = this;
    const { pods } = cluster;
    const outcome = pods.cause[pod] === EvictionCause.None ? PodOutcome.Deleted : PodOutcome.Evicted;
    if (pods.hasEnded(pod)) {
      if (!pods.isTracked(pod)) cluster.removePod(pod, PodOutcome.Deleted);
      // What keeps the object lets go of it once the end of its containers has been counted.
    } else if (pods.isTracked(pod)) cluster.endPod(pod, { phase: PodPhase.Failed, outcome, exitCode: TERMINATED });
    else cluster.removePod(pod, outcome);
  }

  /** Its containers have ended for good by themselves. */
  ended(pod: number, exitCode: number): void {
    const end = exitCode === 0 ? SUCCEEDED : { phase: PodPhase.Failed, outcome: PodOutcome.Failed, exitCode };
    if (this.reports === null) this.writeEnd(pod, end);
    else this.reports.tellEnd(pod, (row) => { this.writeEnd(row, end); });
  }

  /** It ran on a machine that has come back, and is not to be started again. */
  lostWithMachine(pod: number): void {
    const { cluster } = this;
    this.tellEnd(pod, (row) => {
      if (!this.isKept(row)) cluster.terminatePod(row, EvictionCause.NodeFailure);
      this.writeEnd(row, { phase: PodPhase.Failed, outcome: PodOutcome.Failed, exitCode: TERMINATED });
    });
  }

  private tellEnd(pod: number, write: (pod: number) => void): void {
    if (this.reports === null) write(pod);
    else this.reports.tellEnd(pod, write);
  }

  /** The object is kept where a controller wants to see it. */
  private writeEnd(pod: number, end: PodEnd): void {
    if (this.isKept(pod)) this.cluster.endPod(pod, end);
    else this.cluster.removePod(pod, end.outcome);
  }

  private isKept(pod: number): boolean {
    const { pods, workloads } = this.cluster;
    return pods.owner[pod] >= 0 && workloads.isObject(pods.owner[pod]);
  }
}

// ---- room for critical pods (pkg/kubelet/preemption/preemption.go) --------------------------------------------------

/** pkg/kubelet/types/pod_update.go: Preemptable. */
function isPreemptable(cluster: Cluster, critical: number, other: number): boolean {
  if (!isCriticalPod(cluster, other)) return true;
  return cluster.templateOf(critical).priority > cluster.templateOf(other).priority;
}

/** Of a resource, how much more is needed. */
interface Need {
  readonly column: number;
  readonly amount: number;
}

/** As few guaranteed pods as possible, then burstable, then best effort ones; null: all of them are too few. */
function podsToPreempt(cluster: Cluster, lacks: readonly Lack[], candidates: readonly number[]): number[] | null {
  const needs = lacks.map(({ column, requested, used, capacity }) => ({ column, amount: requested + used - capacity }));
  const classes = { BestEffort: [] as number[], Burstable: [] as number[], Guaranteed: [] as number[] };
  for (const pod of candidates) classes[qosClass({ spec: cluster.templateOf(pod).spec })].push(pod);
  const { BestEffort: least, Burstable: middle, Guaranteed: most } = classes;
  if (lessen(cluster, needs, candidates).length > 0) return null;
  const guaranteed = nearest(cluster, most, lessen(cluster, needs, [...least, ...middle]));
  const burstable = nearest(cluster, middle, lessen(cluster, needs, [...least, ...guaranteed]));
  const bestEffort = nearest(cluster, least, lessen(cluster, needs, [...burstable, ...guaranteed]));
  return [...bestEffort, ...burstable, ...guaranteed];
}

function amountIn(cluster: Cluster, pod: number, column: number): number {
  return column === PODS ? 1 : amountOf(cluster.templateOf(pod).accounted, column);
}

/** What is still needed when these have gone. */
function lessen(cluster: Cluster, needs: readonly Need[], gone: readonly number[]): Need[] {
  return needs.flatMap(({ column, amount }) => {
    const left = gone.reduce((rest, pod) => rest - amountIn(cluster, pod, column), amount);
    return left > 0 ? [{ column, amount: left }] : [];
  });
}

/** One after the other, each the one after which least is missing; of equals the one that asks for less. */
function nearest(cluster: Cluster, pods: readonly number[], needs: readonly Need[]): number[] {
  const left = [...pods];
  const chosen: number[] = [];
  let missing = [...needs];
  while (missing.length > 0 && left.length > 0) {
    let best = 0;
    let bestDistance = missing.length + 1;
    left.forEach((pod, index) => {
      const distance = distanceOf(cluster, missing, pod);
      if (distance > bestDistance || (distance === bestDistance && !asksForLess(cluster, pod, left[best]))) return;
      [best, bestDistance] = [index, distance];
    });
    missing = lessen(cluster, missing, [left[best]]);
    chosen.push(left[best]);
    left.splice(best, 1);
  }
  return chosen;
}

function distanceOf(cluster: Cluster, needs: readonly Need[], pod: number): number {
  return needs.reduce((sum, { column, amount }) => {
    const share = Math.max(0, amount - amountIn(cluster, pod, column)) / amount;
    return sum + share * share;
  }, 0);
}

function asksForLess(cluster: Cluster, pod: number, other: number): boolean {
  for (const column of [MEMORY, CPU]) {
    const [own, others] = [amountIn(cluster, pod, column), amountIn(cluster, other, column)];
    if (own !== others) return own < others;
  }
  return true;
}
