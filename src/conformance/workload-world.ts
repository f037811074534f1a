/**
 * The cluster in which recorded sequences of workload controllers are played: a kernel, a cluster, the garbage
 * collector and the controllers that a run uses. Their queues only note what was asked for: the replay says when a
 * controller works, as the recordings did.
 */
import { MICROS_PER_SECOND } from '../base/time.ts';
import { Cluster, EvictionCause, PodOutcome, PodPhase } from '../cluster/cluster.ts';
import type { Node, Pod, WorkloadSpec } from '../cluster/objects.ts';
import type { ClusterObserver } from '../cluster/observer.ts';
import { GarbageCollector } from '../controllers/garbage-collector.ts';
import { OwnedPodCounts } from '../controllers/owned-pod-counts.ts';
import { ApiRequests } from '../controllers/owned-pods.ts';
import type { ControllerContext } from '../controllers/owned-pods.ts';
import type { QueueMaker } from '../controllers/work-queue.ts';
import { Kernel } from '../kernel/kernel.ts';
import type { EventKind } from '../kernel/kernel.ts';

const CONTROLLER_PHASE = 4;

export interface Turn {
  readonly wrote: boolean;
  /** Rows. */
  readonly created: readonly number[];
  readonly deleted: number;
}

/** Of pods with this label `app`, whose image tells the version of their template. */
export function versionedTemplate(app: string, version: string): NonNullable<WorkloadSpec['template']> {
  return { metadata: { labels: { app } }, spec: { containers: [{ name: 'c', image: version }] } };
}

export class WorkloadWorld implements ClusterObserver {
  readonly kernel = new Kernel({ seed: 'replay' });
  readonly cluster = new Cluster(this.kernel);
  readonly context: ControllerContext;
  /** Delayed re-adds since `forgetRequeues`, in seconds. */
  requeues: number[] = [];
  /** Writes since the beginning. */
  writes = 0;
  created: number[] = [];
  deleted: number[] = [];
  private readonly tick: EventKind;
  private readonly graceful: boolean;
  private readonly serialNodes = new Map<string, number>();

  /** `graceful`: deleted pods stay, terminating, until they are reaped. */
  constructor(graceful: boolean) {
    this.graceful = graceful;
    const { cluster } = this;
    this.context = {
      cluster,
      requests: new ApiRequests(cluster),
      counts: new OwnedPodCounts(cluster),
      admit: (pod: Pod) => cluster.internTemplate(pod).id,
      runMicros: () => Infinity,
    };
    this.tick = this.kernel.defineEvent('tick', CONTROLLER_PHASE, () => undefined);
    new GarbageCollector(this.kernel, cluster, CONTROLLER_PHASE);
    cluster.observe(this);
  }

  readonly makeQueue: QueueMaker = () => ({
    add: () => undefined,
    addAfter: (_workload, delay) => void this.requeues.push(delay / MICROS_PER_SECOND),
    addRateLimited: () => undefined,
    forget: () => undefined,
    settled: () => undefined,
  });

  // ---- notices ---------------------------------------------------------------------------------------------------

  workloadChanged(): void {
    this.writes++;
  }

  objectChanged(): void {
    this.writes++;
  }

  podCreated(pod: number): void {
    this.writes++;
    this.created.push(pod);
  }

  podTerminating(pod: number): void {
    this.noteDeletion(pod);
  }

  endedPodTerminating(pod: number): void {
    this.noteDeletion(pod);
  }

  podCounted(): void {
    this.writes++;
  }

  private noteDeletion(pod: number): void {
    this.writes++;
    this.deleted.push(pod);
  }

  // ---- work ------------------------------------------------------------------------------------------------------

  /**
   * A controller's turn, and all that follows from it: whether it wrote anything, and pods that it made and deleted.
   */
  turn(sync: () => void): Turn {
    const before = this.writes;
    this.created = [];
    this.deleted = [];
    this.requeues = [];
    sync();
    const turn = { wrote: this.writes !== before, created: [...this.created], deleted: this.deleted.length };
    this.settle();
    return turn;
  }

  /** As the recordings have it: Failed, Pending, Ready or Not; `*`: terminating. */
  stateOf(pod: number): string {
    const { pods } = this.cluster;
    const word = pods.hasEnded(pod) ? 'F' : pods.phase[pod] !== PodPhase.Running ? 'P' : pods.isReady(pod) ? 'R' : 'N';
    return pods.isTerminating(pod) ? `${word}*` : word;
  }

  // ---- time and nodes --------------------------------------------------------------------------------------------

  wait(seconds: number): void {
    // A kernel without events would stay where it is.
    this.kernel.after(Math.round(seconds * MICROS_PER_SECOND), this.tick);
    this.kernel.run({ until: this.kernel.now + Math.round(seconds * MICROS_PER_SECOND) });
  }

  /** What is due now is done, and without grace terminating pods vanish. */
  settle(): void {
    this.kernel.run({ until: this.kernel.now });
    if (this.graceful) return;
    for (const pod of this.pods((row) => this.cluster.pods.isTerminating(row) && !this.cluster.pods.isTracked(row)))
      this.vanish(pod);
    this.kernel.run({ until: this.kernel.now });
  }

  /** Row of the node, which is made when it is not there. */
  node(name: string, more: Omit<Node, 'metadata'> & { readonly metadata?: Node['metadata'] } = {}): number {
    const known = this.serialNodes.get(name);
    if (known !== undefined) return known;
    const row = this.cluster.addNode({
      ...more,
      metadata: { ...more.metadata, name },
      status: { allocatable: { cpu: '1000', memory: '1Ti', pods: '10000' } },
    });
    this.serialNodes.set(name, row);
    return row;
  }

  // ---- pods ------------------------------------------------------------------------------------------------------

  /** Rows that match, in order of creation. */
  pods(matches: (pod: number) => boolean): number[] {
    const { pods } = this.cluster;
    const rows: number[] = [];
    for (let pod = 0; pod < pods.length; pod++) if (pods.phase[pod] !== PodPhase.Free && matches(pod)) rows.push(pod);
    return rows.sort((a, b) => pods.createdAt[a] - pods.createdAt[b] || pods.serial[a] - pods.serial[b]);
  }

  /** Running and Ready, wherever it stood. */
  makeReady(pod: number, nodeName: string): void {
    const { cluster } = this;
    const { pods } = cluster;
    if (pods.phase[pod] === PodPhase.Pending) cluster.placePod(pod, this.node(nodeName));
    if (pods.phase[pod] === PodPhase.Bound) cluster.startPod(pod);
    else if (!pods.isReady(pod)) cluster.setPodReady(pod, true);
  }

  makeUnready(pod: number): void {
    this.cluster.setPodReady(pod, false);
  }

  /** The recordings write the phase and leave the condition Ready. */
  fail(pod: number, exitCode = 1, cause: EvictionCause = EvictionCause.None): void {
    this.cluster.endPod(pod, { phase: PodPhase.Failed, outcome: PodOutcome.Failed, exitCode, cause, staysReady: true });
  }

  succeed(pod: number): void {
    this.cluster.endPod(pod, { phase: PodPhase.Succeeded, outcome: PodOutcome.Succeeded });
  }

  vanish(pod: number): void {
    this.cluster.removePod(pod, PodOutcome.Deleted);
  }
}
