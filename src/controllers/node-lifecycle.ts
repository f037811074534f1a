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
import { growFloat64, growUint8 } from '../base/growable.ts';
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
import { DisruptionZones } from './zone-queues.ts';
import type { ZoneQueue, ZoneState } from './zone-queues.ts';

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
  private readonly passEvent: EventKind;
  private readonly postEvent: EventKind;
  private readonly queueEvent: EventKind;
  private readonly mirrorEvent: EventKind;
  /** null: no node is ever cut off or slow. */
  private readonly troubles: NodeTroubles | null;
  private readonly heartbeatEvent: EventKind | null;
  /** By node row: the course of late heartbeats that counts. */
  private readonly heartbeatCourse = new Map<number, number>();

  private readonly leases: NodeLeases;
  /** Readiness by node row: what the Ready condition says. */
  private ready: Uint8Array = new Uint8Array(0);
  /** 1: in its zone's queue or tainted from there. */
  private marked: Uint8Array = new Uint8Array(0);
  private readonly zones: DisruptionZones;
  /** Rows that the next pass has to look at: for all others it would change nothing. */
  private readonly changed = new Set<number>();
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
    this.zones = new DisruptionZones(settings);
    this.leases = new NodeLeases(
      settings,
      leasePhaseOf ??
        ((nodeName) => Math.floor(kernel.random.stream('lease', nodeName).next() * settings.leaseRenewMicros)),
    );
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
    return this.zones.states();
  }

  /**
   * Counts all nodes anew and lets the next pass look at each of them: it will find what it would have found anyway.
   */
  lookAtAll(): void {
    const { nodes } = this.cluster;
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
    this.leases.add(node, facts.name, this.kernel.now);
    this.ready[node] = readinessOf(facts.object) ?? Readiness.True;
    this.marked[node] = 0;
    if (this.ready[node] !== Readiness.True) {
      this.notReadyNodes++;
      this.kernel.after(0, this.mirrorEvent, node, nodes.incarnation[node]);
    }
    this.zones.place(node, facts.zoneKey);
    this.changed.add(node);
    this.count(node);
    if (this.notReadyNodes > 0) this.requestPass(this.kernel.now);
  }

  nodeRemoving(node: number): void {
    this.leases.expectNothing(node);
    const course = this.heartbeatCourse.get(node);
    if (course !== undefined) this.heartbeatCourse.set(node, course + 1);
    this.zones.uncount(node);
    this.zones.of(node).remove(node);
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
    else this.expectLateHeartbeat(node, this.leases.lastRenewal(node, this.kernel.now));
  }

  private isHeard(node: number): boolean {
    return this.cluster.nodes.up[node] === 1 && this.troubles?.isCut(node) !== true;
  }

  private speakAgain(node: number): void {
    this.leases.expectNothing(node);
    this.leases.renewed(node, this.kernel.now);
    if (this.ready[node] !== Readiness.True)
      this.kernel.after(0, this.postEvent, node, this.cluster.nodes.incarnation[node]);
    this.expectLateHeartbeat(node, this.kernel.now);
  }

  private fallSilent(node: number): void {
    // A silence that is expected began with the last heartbeat before this.
    if (this.ready[node] === Readiness.Unknown || this.leases.isExpected(node)) return;
    const period = Math.round(this.settings.leaseRenewMicros * (this.troubles?.slowFactor(node) ?? 1));
    this.expectDetection(node, passAtOrAfter(this.settings, this.leases.lastRenewal(node, this.kernel.now, period)));
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
    this.expectDetection(node, passAtOrAfter(this.settings, last));
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
    this.leases.renewed(node, this.kernel.now);
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

  /** The first pass later than `seenAt` + grace finds the node silent. */
  private expectDetection(node: number, seenAt: Micros): void {
    this.requestPass(this.leases.expect(node, seenAt, this.kernel.now));
  }

  private requestPass(notBefore: Micros): void {
    const time = passAtOrAfter(this.settings, notBefore);
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
    this.leases.silentAt(now, rows);
    rows.sort((a, b) => a - b);
    for (const node of rows) if (this.cluster.nodes.alive[node] === 1) this.visit(node, now);
    this.zones.handleDisruption(now, this.outageChanged);
    const { zones } = this.zones;
    for (let zone = 0; zone < zones.length; zone++) this.scheduleQueue(zone, zones[zone]);
  }

  private visit(node: number, now: Micros): void {
    if (this.ready[node] !== Readiness.Unknown && this.leases.isSilent(node, now)) {
      if (this.ready[node] === Readiness.True) this.notReadyNodes++;
      this.ready[node] = Readiness.Unknown;
      this.leases.noticed(node);
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
    for (const pod of nodes.pods[node])
      if (pods.phase[pod] === PodPhase.Running && pods.isReady(pod))
        this.requests.withPod(pod, (row) => {
          const { api } = this.requests;
          if (api.pods.phase[row] === PodPhase.Running && api.pods.isReady(row)) api.setPodReady(row, false);
        });
  }

  private count(node: number): void {
    if (this.cluster.nodes.facts[node].labels.has(EXCLUDE_DISRUPTION_LABEL)) this.zones.uncount(node);
    else this.zones.count(node, this.ready[node] === Readiness.True);
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
    this.zones.of(node).nodes.push(node);
  }

  private release(node: number): void {
    const { taints } = this.cluster.nodes.facts[node];
    if (this.marked[node] === 1) this.zones.of(node).remove(node);
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
    this.requests.withNode(node, () => {
      const { taints } = api.nodes.facts[node];
      const changed = change(taints);
      if (changed !== taints) api.setTaints(node, changed);
    });
  }

  private readonly outageChanged = (change: 'allDown' | 'overcome'): void => {
    if (change === 'overcome') return this.restartProbes(this.kernel.now);
    for (let node = 0; node < this.cluster.nodes.length; node++)
      if (this.cluster.nodes.alive[node] === 1) this.release(node);
    // The next pass puts them into their queues again.
    this.lookAtAll();
  };

  /** After an outage of all zones every node is given the whole grace period anew. */
  private restartProbes(now: Micros): void {
    const { nodes } = this.cluster;
    for (let node = 0; node < nodes.length; node++) {
      if (nodes.alive[node] === 1 && this.ready[node] !== Readiness.Unknown && !this.leases.isHeard(node))
        this.expectDetection(node, now);
    }
  }

  private scheduleQueue(zone: number, queue: ZoneQueue): void {
    if (queue.nodes.length === 0 || queue.tokenAt === Infinity) return;
    const time = Math.ceil(Math.max(this.kernel.now, queue.tokenAt) / QUEUE_PERIOD_MICROS) * QUEUE_PERIOD_MICROS;
    if (queue.lookAt <= time) return;
    queue.lookAt = time;
    this.kernel.at(time, this.queueEvent, zone);
  }

  private serveQueue(zone: number): void {
    const { now } = this.kernel;
    if (this.passTimes.has(now)) {
      // The monitor pass of this instant goes first: it may empty the queue.
      this.kernel.after(0, this.queueEvent, zone);
      return;
    }
    const queue = this.zones.zones[zone];
    if (queue.lookAt === now) queue.lookAt = Infinity;
    for (let node = queue.take(now); node >= 0; node = queue.take(now)) {
      if (this.cluster.nodes.alive[node] === 1 && this.ready[node] !== Readiness.True) this.putTaint(node);
    }
    this.scheduleQueue(zone, queue);
  }

  private writeStatus(node: number, status: 'True' | 'Unknown'): void {
    const { api } = this.requests;
    this.requests.withNode(node, () => {
      this.writing = true;
      api.updateNode(node, withReadyStatus(api.nodes.facts[node].object, status));
      this.writing = false;
    });
  }

  private mirror(node: number, incarnation: number): void {
    const { nodes } = this.cluster;
    if (nodes.incarnation[node] !== incarnation || nodes.alive[node] === 0) return;
    const { object, unschedulable } = nodes.facts[node];
    this.changeTaints(node, (taints) => mirroredTaints(taints, object.status?.conditions ?? [], unschedulable));
  }

  private grow(capacity: number): void {
    this.leases.grow(capacity);
    this.ready = growUint8(this.ready, capacity);
    this.marked = growUint8(this.marked, capacity);
    this.zones.grow(capacity);
  }
}

function passAtOrAfter({ monitorPeriodMicros }: NodeLifecycleSettings, time: Micros): Micros {
  return Math.ceil(time / monitorPeriodMicros) * monitorPeriodMicros;
}

/** When nodes renew their leases, and which pass will find that one has not. */
class NodeLeases {
  private readonly settings: NodeLifecycleSettings;
  private readonly phaseOf: (nodeName: string) => Micros;
  /** By node row. */
  private phase: Float64Array = new Float64Array(0);
  /** Creation or last return: a status post and a renewal beside the rhythm. */
  private lastPost: Float64Array = new Float64Array(0);
  /** The pass that will find the node silent, or has; Infinity while it is heard of. */
  private detectAt: Float64Array = new Float64Array(0);
  /** Rows whose `detectAt` is finite and was not noticed: the passes from then on have to look at them. */
  private readonly silent = new Set<number>();

  constructor(settings: NodeLifecycleSettings, phaseOf: (nodeName: string) => Micros) {
    this.settings = settings;
    this.phaseOf = phaseOf;
  }

  add(node: number, name: string, now: Micros): void {
    this.phase[node] = this.phaseOf(name);
    this.lastPost[node] = now;
    this.expectNothing(node);
  }

  renewed(node: number, now: Micros): void {
    this.lastPost[node] = now;
  }

  /** Before now. */
  lastRenewal(node: number, now: Micros, period = this.settings.leaseRenewMicros): Micros {
    const phase = this.phase[node];
    return Math.max(phase + Math.ceil((now - phase) / period - 1) * period, this.lastPost[node]);
  }

  /** Returns the pass that will find the node silent: the first one later than `seenAt` + grace. */
  expect(node: number, seenAt: Micros, now: Micros): Micros {
    const { monitorPeriodMicros, monitorGraceMicros } = this.settings;
    const due = (Math.floor((seenAt + monitorGraceMicros) / monitorPeriodMicros) + 1) * monitorPeriodMicros;
    this.silent.add(node);
    return (this.detectAt[node] = Math.max(due, passAtOrAfter(this.settings, now)));
  }

  expectNothing(node: number): void {
    this.detectAt[node] = Infinity;
    this.silent.delete(node);
  }

  /** The silence is known: no pass has to look at the node for it. */
  noticed(node: number): void {
    this.silent.delete(node);
  }

  /** Some pass to come has to look at the node for its silence. */
  isExpected(node: number): boolean {
    return this.silent.has(node);
  }

  isHeard(node: number): boolean {
    return this.detectAt[node] === Infinity;
  }

  isSilent(node: number, now: Micros): boolean {
    return this.detectAt[node] <= now;
  }

  /** Adds to `rows` those that a pass has to look at now. */
  silentAt(now: Micros, rows: number[]): void {
    for (const node of this.silent) if (this.detectAt[node] <= now) rows.push(node);
  }

  grow(capacity: number): void {
    this.phase = growFloat64(this.phase, capacity);
    this.lastPost = growFloat64(this.lastPost, capacity);
    this.detectAt = growFloat64(this.detectAt, capacity);
  }
}
