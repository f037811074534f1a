/**
 * The node-lifecycle controller: notices machines that have stopped renewing their lease, sets Ready=Unknown with the
 * NoSchedule taint, and puts the NoExecute taint on them at its zone's pace. Heartbeats are not simulated: from the
 * phase of a node's lease (a named stream) follow the last renewal before a crash, the monitor pass that saw it, and
 * the pass that misses the next ones. Passes in which nothing can change are left out.
 *
 * A node posts Ready=True the moment its machine is back; its NoExecute taint goes with the next monitor pass. One that
 * is cut off falls silent likewise, while its pods run on: they lose Ready when the silence is noticed. A slow kubelet
 * renews its lease so many times as rarely; when that is too rarely the node turns Unknown and Ready in turn.
 * Costs one event per crash and pass that acts on it; such a pass looks at the nodes whose readiness or taints have
 * changed since the last one. Nodes are counted by zone as they change.
 * Source: pkg/controller/nodelifecycle/node_lifecycle_controller.go (v1.36).
 */
import { growFloat64, growInt32, growUint8 } from '../base/growable.ts';
import { MICROS_PER_MILLI, type Micros } from '../base/time.ts';
import { PodPhase } from '../cluster/cluster.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { NodeTroubles, TroubleListener } from '../cluster/node-troubles.ts';
import { NodeChange } from '../cluster/observer.ts';
import type { Node, Taint } from '../cluster/objects.ts';
import type { ClusterObserver } from '../cluster/observer.ts';
import type { EventKind, Kernel } from '../kernel/kernel.ts';
import type { NodeLifecycleSettings } from './settings.ts';
import {
  TAINT_NOT_READY,
  TAINT_UNREACHABLE,
  hasTaint,
  mirroredTaints,
  withReadyStatus,
  withoutTaint,
} from './node-taints.ts';
import { ApiRequests } from './owned-pods.ts';
import { ZoneQueue, zoneRate, zoneState } from './zone-queues.ts';
import type { ZoneState } from './zone-queues.ts';

/** How often the queues of nodes to taint are looked at. */
const QUEUE_PERIOD_MICROS: Micros = 100 * MICROS_PER_MILLI;
const EXCLUDE_DISRUPTION_LABEL = 'node.kubernetes.io/exclude-disruption';

/** What a node's Ready condition says. */
const Readiness = {
  /** The controller has not heard of the kubelet for the grace period. */
  Unknown: 0,
  True: 1,
  /** The kubelet says itself that the node is not ready. */
  False: 2,
} as const;
type Readiness = (typeof Readiness)[keyof typeof Readiness];

/** undefined: the node has no such condition. */
function readinessOf({ status }: Node): Readiness | undefined {
  const text = status?.conditions?.find(({ type }) => type === 'Ready')?.status;
  return text === 'True' || text === 'False' || text === 'Unknown' ? Readiness[text] : undefined;
}

export class NodeLifecycle implements ClusterObserver, TroubleListener {
  private readonly kernel: Kernel;
  /** What the controller sees. */
  private readonly cluster: Cluster;
  private readonly requests: ApiRequests;
  private readonly settings: NodeLifecycleSettings;
  private readonly leasePhaseOf: (nodeName: string) => Micros;
  private readonly passEvent: EventKind;
  private readonly postEvent: EventKind;
  private readonly queueEvent: EventKind;
  private readonly mirrorEvent: EventKind;
  /** null: no node is ever cut off or slow. */
  private readonly troubles: NodeTroubles | null;
  private readonly heartbeatEvent: EventKind | null;
  /** By node row: the course of late heartbeats that counts. */
  private readonly heartbeatCourse = new Map<number, number>();

  /** By node row. */
  private leasePhase: Float64Array = new Float64Array(0);
  /** Creation or last return: a status post and a renewal beside the rhythm. */
  private lastPost: Float64Array = new Float64Array(0);
  /** The pass that will find the node silent; Infinity while its machine is up. */
  private detectAt: Float64Array = new Float64Array(0);
  /** Readiness: what the Ready condition says. */
  private ready: Uint8Array = new Uint8Array(0);
  /** 1: in its zone's queue or tainted from there. */
  private marked: Uint8Array = new Uint8Array(0);
  private zone: Int32Array = new Int32Array(0);

  private readonly zoneIndexes = new Map<string, number>();
  private readonly zones: ZoneQueue[] = [];
  /** By zone: time of the queue event under way, Infinity: none. */
  private readonly queueEventAt: Micros[] = [];
  /** By node row: the array below that counts the node, 0: none (excluded, or not there), 1: ready, 2: not ready. */
  private counted: Uint8Array = new Uint8Array(0);
  /** Per zone, without nodes that are excluded from disruption. */
  private readonly readyCounts: number[] = [];
  private readonly notReadyCounts: number[] = [];
  /** Rows that the next pass has to look at: for all others it would change nothing. */
  private readonly changed = new Set<number>();
  /** Rows whose `detectAt` is finite: the passes from then on have to look at them. */
  private readonly silent = new Set<number>();
  /** Passes that stand in the queue. */
  private readonly passTimes = new Set<Micros>();
  private notReadyNodes = 0;
  private writing = false;

  /**
   * `leasePhaseOf`: when in each renewal period a node renews its lease; by default drawn from the node's own stream.
   */
  constructor(
    kernel: Kernel, cluster: Cluster, settings: NodeLifecycleSettings, leasePhaseOf?: (nodeName: string) => Micros,
    troubles: NodeTroubles | null = null, requests: ApiRequests = new ApiRequests(cluster),
  ) {
    this.requests = requests;
    this.kernel = kernel;
    this.cluster = cluster;
    this.settings = settings;
    this.leasePhaseOf =
      leasePhaseOf ??
      ((nodeName) => Math.floor(kernel.random.stream('lease', nodeName).next() * settings.leaseRenewMicros));
    this.postEvent = kernel.defineEvent('node status posted', 3, (node, incarnation) =>
      this.postReady(node, incarnation),
    );
    this.passEvent = kernel.defineEvent('node monitor pass', 4, () => this.pass());
    this.queueEvent = kernel.defineEvent('NoExecute queue', 4, (zone) => this.serveQueue(zone));
    this.mirrorEvent = kernel.defineEvent('node taint mirror', 4, (node, incarnation) =>
      this.mirror(node, incarnation),
    );
    this.troubles = troubles;
    this.heartbeatEvent =
      troubles === null ? null : kernel.defineEvent('late heartbeat', 3, (node, course) => this.beatLate(node, course));
    troubles?.listeners.push(this);
    cluster.observe(this);
  }

  /** Names of zones as topology keys, with their state now; for tests and reports. */
  zoneStates(): ReadonlyMap<string, ZoneState> {
    return new Map(Array.from(this.zoneIndexes, ([key, index]) => [key, this.zones[index].state]));
  }

  /**
   * Counts all nodes anew and lets the next pass look at each of them: it will find what it would have found anyway.
   */
  lookAtAll(): void {
    const { nodes } = this.cluster;
    this.readyCounts.fill(0);
    this.notReadyCounts.fill(0);
    this.counted.fill(0);
    for (let node = 0; node < nodes.length; node++) {
      if (nodes.alive[node] === 0) continue;
      this.changed.add(node);
      this.count(node);
    }
  }

  // ---- notices ---------------------------------------------------------------------------------------------------

  nodeAdded(node: number): void {
    const { nodes } = this.cluster;
    if (node >= this.ready.length) this.grow(nodes.capacity);
    const facts = nodes.facts[node];
    this.leasePhase[node] = this.leasePhaseOf(facts.name);
    this.lastPost[node] = this.kernel.now;
    this.expectNothing(node);
    this.ready[node] = readinessOf(facts.object) ?? Readiness.True;
    this.marked[node] = 0;
    if (this.ready[node] !== Readiness.True) {
      this.notReadyNodes++;
      this.kernel.after(0, this.mirrorEvent, node, nodes.incarnation[node]);
    }
    this.zone[node] = this.zoneIndex(facts.zoneKey);
    this.changed.add(node);
    this.count(node);
    if (this.notReadyNodes > 0) this.requestPass(this.kernel.now);
  }

  nodeRemoving(node: number): void {
    this.expectNothing(node);
    const course = this.heartbeatCourse.get(node);
    if (course !== undefined) this.heartbeatCourse.set(node, course + 1);
    this.uncount(node);
    this.zones[this.zone[node]].remove(node);
    if (this.ready[node] !== Readiness.True) this.notReadyNodes--;
    if (this.notReadyNodes > 0) this.requestPass(this.kernel.now);
  }

  nodeHealthChanged(node: number, up: boolean): void {
    if (this.troubles?.isCut(node) === true) return;
    if (up) this.speakAgain(node);
    else this.fallSilent(node);
  }

  // ---- what ails nodes that run ------------------------------------------------------------------------------------

  nodeCut(node: number, isCut: boolean): void {
    if (this.cluster.nodes.up[node] === 0) return;
    if (isCut) this.fallSilent(node);
    else this.speakAgain(node);
  }

  nodeSlowed(node: number, factor: number): void {
    if (!this.isHeard(node)) return;
    if (factor === 1) this.speakAgain(node);
    else this.expectLateHeartbeat(node, this.lastRenewal(node));
  }

  private isHeard(node: number): boolean {
    return this.cluster.nodes.up[node] === 1 && this.troubles?.isCut(node) !== true;
  }

  private speakAgain(node: number): void {
    this.expectNothing(node);
    this.lastPost[node] = this.kernel.now;
    if (this.ready[node] !== Readiness.True)
      this.kernel.after(0, this.postEvent, node, this.cluster.nodes.incarnation[node]);
    this.expectLateHeartbeat(node, this.kernel.now);
  }

  private fallSilent(node: number): void {
    // A silence that is expected began with the last heartbeat before this.
    if (this.ready[node] === Readiness.Unknown || this.silent.has(node)) return;
    const period = Math.round(this.settings.leaseRenewMicros * (this.troubles?.slowFactor(node) ?? 1));
    this.expectDetection(node, this.firstPassAtOrAfter(this.lastRenewal(node, period)));
  }

  /** Heartbeats of a slow kubelet, unless they come often enough for nobody to notice. */
  private expectLateHeartbeat(node: number, last: Micros): void {
    if (this.troubles === null || this.heartbeatEvent === null) return;
    const course = (this.heartbeatCourse.get(node) ?? 0) + 1;
    this.heartbeatCourse.set(node, course);
    const { leaseRenewMicros, monitorGraceMicros } = this.settings;
    const period = Math.round(leaseRenewMicros * this.troubles.slowFactor(node));
    if (period <= Math.max(leaseRenewMicros, monitorGraceMicros)) return;
    this.kernel.at(Math.max(last + period, this.kernel.now), this.heartbeatEvent, node, course);
    this.expectDetection(node, this.firstPassAtOrAfter(last));
  }

  private beatLate(node: number, course: number): void {
    if (this.heartbeatCourse.get(node) !== course || this.cluster.nodes.alive[node] === 0) return;
    if (this.isHeard(node)) this.speakAgain(node);
  }

  nodeUpdated(node: number, changes: number): void {
    if ((changes & NodeChange.Taints) !== 0) this.changed.add(node);
    if ((changes & NodeChange.Labels) !== 0) this.count(node);
    if (this.writing || (changes & (NodeChange.Conditions | NodeChange.Cordoned | NodeChange.Uncordoned)) === 0) return;
    if ((changes & NodeChange.Conditions) !== 0) this.kubeletPosted(node);
    this.kernel.after(0, this.mirrorEvent, node, this.cluster.nodes.incarnation[node]);
  }

  /** A kubelet that says itself whether its node is ready. A status of Unknown is this controller's to write. */
  private kubeletPosted(node: number): void {
    const said = readinessOf(this.cluster.nodes.facts[node].object);
    if (said === undefined || said === Readiness.Unknown) return;
    this.lastPost[node] = this.kernel.now;
    if (this.ready[node] !== said) this.setReadiness(node, said);
  }

  private setReadiness(node: number, readiness: Readiness): void {
    this.notReadyNodes += Number(this.ready[node] === Readiness.True) - Number(readiness === Readiness.True);
    this.ready[node] = readiness;
    this.changed.add(node);
    this.count(node);
    this.requestPass(this.kernel.now);
  }

  // ---- time ------------------------------------------------------------------------------------------------------

  private firstPassAtOrAfter(time: Micros): Micros {
    const period = this.settings.monitorPeriodMicros;
    return Math.ceil(time / period) * period;
  }

  /** The last renewal before now. */
  private lastRenewal(node: number, period = this.settings.leaseRenewMicros): Micros {
    const phase = this.leasePhase[node];
    const renewal = phase + Math.ceil((this.kernel.now - phase) / period - 1) * period;
    return Math.max(renewal, this.lastPost[node]);
  }

  /** The first pass later than `seenAt` + grace. */
  private expectDetection(node: number, seenAt: Micros): void {
    const period = this.settings.monitorPeriodMicros;
    const due = (Math.floor((seenAt + this.settings.monitorGraceMicros) / period) + 1) * period;
    this.detectAt[node] = Math.max(due, this.firstPassAtOrAfter(this.kernel.now));
    this.silent.add(node);
    this.requestPass(this.detectAt[node]);
  }

  private expectNothing(node: number): void {
    this.detectAt[node] = Infinity;
    this.silent.delete(node);
  }

  private requestPass(notBefore: Micros): void {
    const time = this.firstPassAtOrAfter(notBefore);
    if (this.passTimes.has(time)) return;
    this.passTimes.add(time);
    this.kernel.at(time, this.passEvent);
  }

  // ---- the controller --------------------------------------------------------------------------------------------

  private postReady(node: number, incarnation: number): void {
    const { nodes } = this.cluster;
    if (nodes.incarnation[node] !== incarnation || !this.isHeard(node) || this.ready[node] === Readiness.True) return;
    // Told late: the machine may have stopped again.
    if (!this.requests.hasNode(node) || this.requests.api.nodes.up[node] === 0) return;
    this.writeStatus(node, 'True');
    this.setReadiness(node, Readiness.True);
  }

  private pass(): void {
    const { now } = this.kernel;
    this.passTimes.delete(now);
    const rows = [...this.changed];
    this.changed.clear();
    for (const node of this.silent) if (this.detectAt[node] <= now) rows.push(node);
    rows.sort((a, b) => a - b);
    for (const node of rows) if (this.cluster.nodes.alive[node] === 1) this.visit(node, now);
    this.handleDisruption();
    for (let zone = 0; zone < this.zones.length; zone++) this.scheduleQueue(zone);
  }

  private visit(node: number, now: Micros): void {
    if (this.ready[node] !== Readiness.Unknown && this.detectAt[node] <= now) {
      if (this.ready[node] === Readiness.True) this.notReadyNodes++;
      this.ready[node] = Readiness.Unknown;
      this.silent.delete(node);
      this.count(node);
      this.writeStatus(node, 'Unknown');
      if (this.troubles !== null) this.markPodsNotReady(node);
    }
    if (this.ready[node] === Readiness.True) this.release(node);
    else this.mark(node);
  }

  /** Those of a machine that is down have stopped, and are not Ready anyway. */
  private markPodsNotReady(node: number): void {
    const { nodes, pods } = this.cluster;
    const { api } = this.requests;
    for (const pod of nodes.pods[node]) {
      if (pods.phase[pod] !== PodPhase.Running || !this.requests.hasPod(pod)) continue;
      if (api.pods.phase[pod] === PodPhase.Running && api.pods.isReady(pod)) api.setPodReady(pod, false);
    }
  }

  /** Counts the node where it belongs now. */
  private count(node: number): void {
    this.uncount(node);
    if (this.cluster.nodes.facts[node].labels.has(EXCLUDE_DISRUPTION_LABEL)) return;
    const isReady = this.ready[node] === Readiness.True;
    this.counted[node] = isReady ? 1 : 2;
    (isReady ? this.readyCounts : this.notReadyCounts)[this.zone[node]]++;
  }

  private uncount(node: number): void {
    if (this.counted[node] === 1) this.readyCounts[this.zone[node]]--;
    else if (this.counted[node] === 2) this.notReadyCounts[this.zone[node]]--;
    this.counted[node] = 0;
  }

  /**
   * A node whose taint is that of the other state gets the right one at once, the others stand in their zone's queue.
   */
  private mark(node: number): void {
    const { taints } = this.cluster.nodes.facts[node];
    if (hasTaint(taints, this.otherTaint(node), 'NoExecute')) {
      this.marked[node] = 1;
      this.putTaint(node);
      return;
    }
    if (this.marked[node] === 1) return;
    this.marked[node] = 1;
    this.zones[this.zone[node]].nodes.push(node);
  }

  private release(node: number): void {
    const { taints } = this.cluster.nodes.facts[node];
    if (this.marked[node] === 1) this.zones[this.zone[node]].remove(node);
    this.marked[node] = 0;
    if (taints.length > 0)
      this.changeTaints(node, (now) => {
        const left = withoutTaint(withoutTaint(now, TAINT_UNREACHABLE, 'NoExecute'), TAINT_NOT_READY, 'NoExecute');
        return left.length < now.length ? left : now;
      });
  }

  private otherTaint(node: number): string {
    return this.ready[node] === Readiness.Unknown ? TAINT_NOT_READY : TAINT_UNREACHABLE;
  }

  /** The NoExecute taint of the node's state in place of the other one (SwapNodeControllerTaint). */
  private putTaint(node: number): void {
    const key = this.ready[node] === Readiness.Unknown ? TAINT_UNREACHABLE : TAINT_NOT_READY;
    this.changeTaints(node, (taints) => {
      const kept = withoutTaint(taints, this.otherTaint(node), 'NoExecute');
      if (hasTaint(kept, key, 'NoExecute') && kept.length === taints.length) return taints;
      return [...withoutTaint(kept, key, 'NoExecute'), { key, effect: 'NoExecute' }];
    });
  }

  /** Of the node as the API server has it: a change that meets another one is made again on what is there then. */
  private changeTaints(node: number, change: (taints: readonly Taint[]) => readonly Taint[]): void {
    const { api } = this.requests;
    if (!this.requests.hasNode(node)) return;
    const { taints } = api.nodes.facts[node];
    const changed = change(taints);
    if (changed !== taints) api.setTaints(node, changed);
  }

  /**
   * Zone states and rates; with all zones down the fault is taken to be the controller's own, and nothing is tainted.
   */
  private handleDisruption(): void {
    const { now } = this.kernel;
    const states = this.zones.map((_zone, index) => this.stateOf(index));
    const present = states.filter((state) => state !== null);
    const allAreFull = present.length > 0 && present.every((state) => state === 'FullDisruption');
    const allWereFull = this.zones.every((zone, index) => states[index] === null || zone.state === 'FullDisruption');
    if (allAreFull && allWereFull) return;
    if (allAreFull) {
      for (let node = 0; node < this.cluster.nodes.length; node++)
        if (this.cluster.nodes.alive[node] === 1) this.release(node);
      // The next pass puts them into their queues again.
      this.lookAtAll();
    } else if (allWereFull) this.restartProbes(now);
    this.zones.forEach((zone, index) => {
      const state = states[index];
      if (state === null) {
        zone.state = 'Normal';
        return;
      }
      const isUnchanged = zone.state === state && !allWereFull;
      zone.state = state;
      if (allAreFull) zone.setRate(0, now);
      else if (!isUnchanged)
        zone.setRate(zoneRate(state, this.readyCounts[index] + this.notReadyCounts[index], this.settings), now);
    });
  }

  /** null: no node that counts. */
  private stateOf(zone: number): ZoneState | null {
    const ready = this.readyCounts[zone];
    const notReady = this.notReadyCounts[zone];
    return ready + notReady === 0 ? null : zoneState(ready, notReady, this.settings.unhealthyZoneThreshold);
  }

  /** After an outage of all zones every node is given the whole grace period anew. */
  private restartProbes(now: Micros): void {
    const { nodes } = this.cluster;
    for (let node = 0; node < nodes.length; node++) {
      if (nodes.alive[node] === 1 && this.ready[node] !== Readiness.Unknown && this.detectAt[node] !== Infinity)
        this.expectDetection(node, now);
    }
  }

  private scheduleQueue(zone: number): void {
    const queue = this.zones[zone];
    if (queue.nodes.length === 0 || queue.tokenAt === Infinity) return;
    const time = Math.ceil(Math.max(this.kernel.now, queue.tokenAt) / QUEUE_PERIOD_MICROS) * QUEUE_PERIOD_MICROS;
    if (this.queueEventAt[zone] <= time) return;
    this.queueEventAt[zone] = time;
    this.kernel.at(time, this.queueEvent, zone);
  }

  private serveQueue(zone: number): void {
    const { now } = this.kernel;
    if (this.passTimes.has(now)) {
      // The monitor pass of this instant goes first: it may empty the queue.
      this.kernel.after(0, this.queueEvent, zone);
      return;
    }
    if (this.queueEventAt[zone] === now) this.queueEventAt[zone] = Infinity;
    const queue = this.zones[zone];
    for (let node = queue.take(now); node >= 0; node = queue.take(now)) {
      if (this.cluster.nodes.alive[node] === 1 && this.ready[node] !== Readiness.True) this.putTaint(node);
    }
    this.scheduleQueue(zone);
  }

  private writeStatus(node: number, status: 'True' | 'Unknown'): void {
    const { api } = this.requests;
    if (!this.requests.hasNode(node)) return;
    this.writing = true;
    api.updateNode(node, withReadyStatus(api.nodes.facts[node].object, status));
    this.writing = false;
  }

  private mirror(node: number, incarnation: number): void {
    const { nodes } = this.cluster;
    if (nodes.incarnation[node] !== incarnation || nodes.alive[node] === 0) return;
    const { object, unschedulable } = nodes.facts[node];
    this.changeTaints(node, (taints) => mirroredTaints(taints, object.status?.conditions ?? [], unschedulable));
  }

  private zoneIndex(key: string): number {
    const known = this.zoneIndexes.get(key);
    if (known !== undefined) return known;
    const index = this.zones.length;
    this.zoneIndexes.set(key, index);
    this.zones.push(new ZoneQueue(this.settings.evictionRatePerSecond));
    this.queueEventAt.push(Infinity);
    this.readyCounts.push(0);
    this.notReadyCounts.push(0);
    return index;
  }

  private grow(capacity: number): void {
    this.leasePhase = growFloat64(this.leasePhase, capacity);
    this.lastPost = growFloat64(this.lastPost, capacity);
    this.detectAt = growFloat64(this.detectAt, capacity);
    this.ready = growUint8(this.ready, capacity);
    this.marked = growUint8(this.marked, capacity);
    this.counted = growUint8(this.counted, capacity);
    this.zone = growInt32(this.zone, capacity);
  }
}
