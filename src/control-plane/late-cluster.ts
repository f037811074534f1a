/**
 * The cluster as a component sees it that is told late: a second one by the same rows, on which everything that has
 * happened is done again, in order, once its delay has passed. Whoever reads it and watches it need not know that it is
 * late; what is written goes to the API server, which knows better. What happens in one instant is shown together.
 *
 * Costs as much as the cluster itself, but for templates, node objects and names, which are shared; one record a change
 * on its way, and one event for all that are due at once.
 */
import { assert } from '../base/assert.ts';
import type { Micros } from '../base/time.ts';
import { checkCluster } from '../cluster/check.ts';
import { Cluster, PodPhase } from '../cluster/cluster.ts';
import type { KubernetesObject } from '../cluster/objects.ts';
import { objectKey } from '../cluster/object-store.ts';
import type { ClusterObserver, NodeBefore, ObjectAction, WorkloadChange } from '../cluster/observer.ts';
import type { PodOutcome } from '../cluster/pod-table.ts';
import type { PodTemplate } from '../cluster/pod-template.ts';
import type { Distribution } from '../kernel/distribution.ts';
import { DelayedCalls } from '../kernel/kernel.ts';
import type { EventKind, Kernel } from '../kernel/kernel.ts';
import { sampleMicros } from '../kernel/sampling.ts';

/** Of a component that is late. */
export interface LateOptions {
  /** For the names of its events. */
  readonly name: string;
  readonly phase: number;
  /** How long until what happens now is shown; in order (`inOrder`). */
  readonly showsAfter: () => Micros;
}

/** What is late: what a component is shown, or what it asks for. */
export type LateWay = 'watch-delay' | 'request-latency';

/** Delays of one watch, or of the requests of one author, in microseconds. */
export function drawnDelays(
  { random }: Kernel, name: string, delaySeconds: Distribution, way: LateWay = 'watch-delay',
): () => Micros {
  const stream = random.stream(way, name);
  return () => sampleMicros(delaySeconds, stream);
}

/** Requests of an author; null: they take no time. */
export function delayedRequests(
  kernel: Kernel, name: string, latencySeconds: Distribution | null, phase: number,
): DelayedCalls | null {
  if (latencySeconds === null) return null;
  const takes = drawnDelays(kernel, name, latencySeconds, 'request-latency');
  return new DelayedCalls(kernel, `${name}.request`, phase, takes);
}

/** How long until a watch shows what happens now: never before what it has not shown yet. */
export function inOrder(kernel: Kernel, delay: () => Micros): () => Micros {
  let lastDueAt = 0;
  return () => {
    lastDueAt = Math.max(lastDueAt, kernel.now + delay());
    return lastDueAt - kernel.now;
  };
}

/**
 * How long until the kubelet of a node row learns of what happens now, or the API server of what that kubelet says:
 * each is in order for itself. null: at once.
 */
export function kubeletWatches(
  kernel: Kernel, { nodes }: Cluster, delaySeconds: Distribution | null, way: LateWay = 'watch-delay',
): ((node: number) => Micros) | null {
  if (delaySeconds === null) return null;
  const watches = new Map<string, () => Micros>();
  return (node) => {
    const { name } = nodes.facts[node];
    let showsAfter = watches.get(name);
    if (showsAfter === undefined) {
      showsAfter = inOrder(kernel, drawnDelays(kernel, `kubelet/${name}`, delaySeconds, way));
      watches.set(name, showsAfter);
    }
    return showsAfter();
  };
}

interface Change {
  readonly happenedAt: Micros;
  readonly dueAt: Micros;
  readonly show: (view: Cluster) => void;
}

/** null: the component is told at once, and sees the cluster itself. */
export function lateClusterOf(
  kernel: Kernel, cluster: Cluster, name: string, delaySeconds: Distribution | null, phase: number,
): LateCluster | null {
  if (delaySeconds === null) return null;
  return new LateCluster(kernel, cluster, {
    name, phase, showsAfter: inOrder(kernel, drawnDelays(kernel, name, delaySeconds)),
  });
}

export class LateCluster implements ClusterObserver {
  readonly view: Cluster;
  /** Changes that have happened, and those of them that were shown. */
  notedCount = 0;
  shownCount = 0;
  lastShownAt: Micros = -Infinity;
  /** Told each time something was shown. */
  onShown: () => void = () => undefined;
  private readonly kernel: Kernel;
  private readonly cluster: Cluster;
  private readonly showsAfter: () => Micros;
  private readonly showEvent: EventKind;
  /** From `head` on. */
  private changes: Change[] = [];
  private head = 0;
  private lastDueAt: Micros = 0;
  private lastNotedAt: Micros = -1;
  /** When what is being shown has happened; -1: nothing is. */
  private showingFrom: Micros = -1;
  /** Of the pod whose end was told last. */
  private lastOutcome: PodOutcome = 0;

  /** Before the first node. */
  constructor(kernel: Kernel, cluster: Cluster, { name, phase, showsAfter }: LateOptions) {
    assert(cluster.nodes.length + cluster.pods.length === 0, 'a late view begins with an empty cluster');
    this.kernel = kernel;
    this.cluster = cluster;
    this.showsAfter = showsAfter;
    const now = (): Micros => (this.showingFrom < 0 ? kernel.now : this.showingFrom);
    const clock = {
      get now(): Micros {
        return now();
      },
      digest: NO_DIGEST,
    };
    this.view = new Cluster(clock, cluster.kubernetes, cluster);
    this.showEvent = kernel.defineEvent(`${name}.watch`, phase, () => this.showDue());
    cluster.observe(this);
  }

  get pendingCount(): number {
    return this.notedCount - this.shownCount;
  }

  /** For `--check`: what is seen adds up, and when all has been shown it is what there is. */
  check(): void {
    const { view } = this;
    // Pools are shared: there may be some whose nodes are not seen yet.
    view.totals.resize(Math.max(1, view.pools.size), view.nodes.stride);
    checkCluster(view);
    if (this.pendingCount === 0) checkSame(this.view, this.cluster);
  }

  private note(show: (view: Cluster) => void): void {
    const { kernel } = this;
    const { now } = kernel;
    if (now !== this.lastNotedAt) {
      this.lastNotedAt = now;
      this.lastDueAt = now + this.showsAfter();
    }
    this.changes.push({ happenedAt: now, dueAt: this.lastDueAt, show });
    if (this.notedCount++ === this.shownCount) kernel.at(this.lastDueAt, this.showEvent);
  }

  private showDue(): void {
    const { kernel, changes, view } = this;
    this.lastShownAt = kernel.now;
    while (this.head < changes.length && changes[this.head].dueAt <= kernel.now) {
      const { happenedAt, show } = changes[this.head++];
      this.showingFrom = happenedAt;
      show(view);
      this.showingFrom = -1;
      this.shownCount++;
    }
    if (this.head < changes.length) kernel.at(changes[this.head].dueAt, this.showEvent);
    if (this.head * 2 >= changes.length) {
      changes.splice(0, this.head);
      this.head = 0;
    }
    this.onShown();
  }

  // ---- pods ------------------------------------------------------------------------------------------------------

  podCreated(pod: number): void {
    const { pods } = this.cluster;
    const { indexFailures, ignoredFailures } = pods.history(pod);
    const seed = {
      template: pods.template[pod],
      nameBase: pods.nameBase[pod],
      nameOrdinal: pods.nameOrdinal[pod],
      owner: pods.owner[pod],
      workloadClass: pods.workloadClass[pod],
      durationMicros: pods.durationMicros[pod],
      pinnedNode: pods.pinnedNode[pod],
      item: pods.item[pod],
      tracked: pods.isTracked(pod),
      indexFailures,
      ignoredFailures,
    };
    const as = { row: pod, incarnation: pods.incarnation[pod], serial: pods.serial[pod] };
    this.note((view) => view.createPod(seed, as));
  }

  podUpdated(pod: number, _before: PodTemplate): void {
    const template = this.cluster.pods.template[pod];
    this.note((view) => { view.updatePod(pod, template); });
  }

  podBound(pod: number, placed: boolean): void {
    const node = this.cluster.pods.node[pod];
    const devices = this.cluster.nodes.heldDevices(pod, node).slice();
    this.note((view) => {
      if (placed) view.placePod(pod, node, devices);
      else view.bindPod(pod, node, devices);
    });
  }

  podAcknowledged(pod: number): void {
    const at = this.cluster.pods.acknowledgedAt[pod];
    this.note((view) => { view.acknowledgePod(pod, at); });
  }

  podStarted(pod: number): void {
    const isReady = this.cluster.pods.isReady(pod);
    this.note((view) => { view.startPod(pod, isReady); });
  }

  podInterrupted(pod: number): void {
    this.note((view) => { view.interruptPod(pod); });
  }

  podReadyChanged(pod: number, ready: boolean): void {
    this.note((view) => { view.setPodReady(pod, ready); });
  }

  podContainerFailed(pod: number, exitCode: number, lostMicros: Micros): void {
    this.note((view) => { view.failContainer(pod, exitCode, lostMicros); });
  }

  podContainerRestarted(pod: number): void {
    this.note((view) => { view.restartContainer(pod); });
  }

  podTerminating(pod: number): void {
    const { cause, deletionAt } = this.cluster.pods;
    const [why, at] = [cause[pod], deletionAt[pod]];
    this.note((view) => { view.terminatePod(pod, why as 0, at); });
  }

  endedPodTerminating(pod: number): void {
    this.podTerminating(pod);
  }

  podCounted(pod: number): void {
    this.note((view) => { view.countPod(pod); });
  }

  podRemoved(pod: number, _node: number, _phase: number, outcome: PodOutcome): void {
    const { pods } = this.cluster;
    this.lastOutcome = outcome;
    const phase = pods.phase[pod];
    // Where the object goes with the end, podDeleted follows.
    if (phase !== PodPhase.Succeeded && phase !== PodPhase.Failed) return;
    const cause = pods.cause[pod] as 0;
    const staysReady = pods.isReady(pod);
    const { exitCode, reason, message } = pods.history(pod);
    this.note((view) => { view.endPod(pod, { phase, outcome, exitCode, cause, staysReady, reason, message }); });
  }

  podDeleted(pod: number): void {
    const outcome = this.lastOutcome;
    this.note((view) => { view.removePod(pod, outcome); });
  }

  // ---- nodes and objects -----------------------------------------------------------------------------------------

  nodeAdded(node: number): void {
    const { nodes, pools } = this.cluster;
    const { object } = nodes.facts[node];
    const pool = pools.text(nodes.pool[node]);
    const as = { row: node, incarnation: nodes.incarnation[node] };
    this.note((view) => view.addNode(object, pool, as));
  }

  nodeUpdated(node: number, _changes: number, _before: NodeBefore): void {
    const { object } = this.cluster.nodes.facts[node];
    this.note((view) => { view.updateNode(node, object); });
  }

  nodeRemoving(node: number): void {
    this.note((view) => { view.removeNode(node); });
  }

  nodeHealthChanged(node: number, up: boolean): void {
    this.note((view) => { view.setNodeHealth(node, up); });
  }

  objectChanged(kind: string, action: ObjectAction, object: KubernetesObject): void {
    this.note((view) => {
      if (action === 'delete') view.removeObject(kind, objectKey(object));
      else view.putObject(kind, object);
    });
  }

  // ---- workloads -------------------------------------------------------------------------------------------------

  workloadStood(row: number): void {
    const seed = this.cluster.workloads.seedOf(row);
    const as = this.cluster.workloads.rowName(row);
    this.note((view) => view.workloadWriter.stand(seed, as));
  }

  workloadChanged(row: number, change: WorkloadChange): void {
    const { workloads } = this.cluster;
    if (change === 'created') {
      const seed = workloads.seedOf(row);
      const as = workloads.rowName(row);
      this.note((view) => view.workloadWriter.create(seed, as));
    } else if (change === 'deleting') this.note((view) => { view.workloadWriter.delete(row); });
    else if (change === 'gone') this.note((view) => { view.workloadWriter.remove(row); });
    else {
      const state = workloads.stateOf(row);
      this.note((view) => { view.workloadWriter.restate(row, state, change); });
    }
  }
}

/** What a view is shown was counted when it happened. */
const NO_DIGEST = { addInt: () => undefined, addNumber: () => undefined, addText: () => undefined };

/** The columns that components read. */
function checkSame(view: Cluster, cluster: Cluster): void {
  const assertSame = (what: string, row: number, shown: number, there: number): void => {
    assert(Object.is(shown, there), `${what}[${row}] is seen as ${shown}, and is ${there}`);
  };
  for (let pod = 0; pod < cluster.pods.length; pod++) {
    assertSame('phase', pod, view.pods.phase[pod] ?? PodPhase.Free, cluster.pods.phase[pod]);
    if (cluster.pods.phase[pod] !== PodPhase.Free)
      for (const name of POD_COLUMNS) assertSame(name, pod, view.pods[name][pod], cluster.pods[name][pod]);
  }
  for (let node = 0; node < cluster.nodes.length; node++) {
    assertSame('alive', node, view.nodes.alive[node] ?? 0, cluster.nodes.alive[node]);
    if (cluster.nodes.alive[node] === 0) continue;
    assertSame('up', node, view.nodes.up[node], cluster.nodes.up[node]);
    assert(view.nodes.facts[node].object === cluster.nodes.facts[node].object, `node row ${node} is seen otherwise`);
  }
  for (let row = 0; row < cluster.workloads.length; row++) {
    if (cluster.workloads.used[row] === 0) continue;
    assertSame('incarnation', row, view.workloads.incarnation[row], cluster.workloads.incarnation[row]);
    const [shown, there] = [view.workloads.stateOf(row), cluster.workloads.stateOf(row)];
    for (const name of Object.keys(there) as (keyof typeof there)[])
      assert(Object.is(shown[name], there[name]), `${name} of workload row ${row} is seen otherwise`);
  }
}

const POD_COLUMNS = [
  'template', 'node', 'owner', 'incarnation', 'serial', 'item', 'flags', 'cause', 'createdAt', 'boundAt', 'startedAt',
  'deletionAt', 'acknowledgedAt', 'readyAt', 'endedAt',
] as const;
