/**
 * The eviction manager of all kubelets: every 10 s it looks what a node has left of memory, disk and processes. With
 * less than a threshold the kubelet says so in a condition (MemoryPressure, DiskPressure, PIDPressure), which stays for
 * the transition period; lets in no pods that could do without; frees what no pod needs; and makes one pod go after the
 * other: the next as soon as the last has been cleaned up. Critical pods stay. A pod that has written more than its own
 * limit goes at once. What pods use grows in straight lines, so it is worked out when the next look finds something,
 * and looks in between are left out. Pods of which nothing is said use what they request, and a process a container.
 * Sources: pkg/kubelet/eviction/{eviction_manager,helpers,defaults_linux}.go, pkg/kubelet/types/pod_update.go (v1.36).
 *
 * Loaded only where something is said of what pods use, or of disks. Costs a walk over the pods of a node whenever one
 * of them starts, ends or is started again, and an event every 10 s while a threshold is met.
 */
import { unitsFromText } from '../base/quantity.ts';
import { MICROS_PER_SECOND, type Micros } from '../base/time.ts';
import { EvictionCause, PodPhase } from '../cluster/cluster.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { NodeTroubles, TroubleListener } from '../cluster/node-troubles.ts';
import type { ClusterObserver } from '../cluster/observer.ts';
import { qosClass } from '../cluster/pod-requests.ts';
import { MEMORY } from '../cluster/resources.ts';
import { findUntolerated } from '../cluster/tolerations.ts';
import type { EventKind, Kernel } from '../kernel/kernel.ts';
import { rejected } from './admission.ts';
import type { AdmissionRefusal, PodAdmittance } from './admission.ts';
import { RESOURCE_OF, rankedForEviction } from './eviction-ranking.ts';
import type { ImageGc } from './image-gc.ts';
import { withCondition } from './node-conditions.ts';
import type { Level, NodeDisks } from './node-disks.ts';
import { isCriticalPod } from './pod-ends.ts';
import type { KubeletHost, PodLives, PodUses } from './pod-lives.ts';
import { usesOnNode } from './pod-uses.ts';
import type { EvictionAmount, EvictionSignal, EvictionThreshold, PressureSettings } from './settings.ts';

const MONITOR_MICROS: Micros = 10 * MICROS_PER_SECOND;
/** podCleanupTimeout, podCleanupPollFreq, immediateEvictionGracePeriodSeconds. */
const CLEANUP_MICROS: Micros = 30 * MICROS_PER_SECOND;
const CLEANUP_POLL_MICROS: Micros = MICROS_PER_SECOND;
const LEAST_GRACE_MICROS: Micros = MICROS_PER_SECOND;
/** Hard eviction of memory.available: what is not allocatable at least. */
const LEAST_MEMORY_BYTES = 100 * 1024 * 1024;
const MEMORY_PRESSURE_TAINT = { key: 'node.kubernetes.io/memory-pressure', effect: 'NoSchedule' } as const;

type Condition = 'MemoryPressure' | 'DiskPressure' | 'PIDPressure';

const CONDITIONS: readonly Condition[] = ['MemoryPressure', 'DiskPressure', 'PIDPressure'];

/** pkg/kubelet/nodestatus/setters.go. */
const REASONS: Readonly<Record<Condition, Readonly<Record<'True' | 'False', string>>>> = {
  MemoryPressure: { True: 'KubeletHasInsufficientMemory', False: 'KubeletHasSufficientMemory' },
  DiskPressure: { True: 'KubeletHasDiskPressure', False: 'KubeletHasNoDiskPressure' },
  PIDPressure: { True: 'KubeletHasInsufficientPID', False: 'KubeletHasSufficientPID' },
};

function conditionOf(signal: EvictionSignal): Condition {
  if (signal === 'memory.available') return 'MemoryPressure';
  return signal === 'pid.available' ? 'PIDPressure' : 'DiskPressure';
}

/** What of a node is looked at. */
export interface WatchedResources {
  readonly memory: boolean;
  readonly disk: boolean;
  readonly pids: boolean;
}

export interface MonitorParts {
  readonly settings: PressureSettings;
  readonly watched: WatchedResources;
  /** null: nobody says what runs in any pod. */
  readonly lives: Pick<PodLives, 'storageExcess' | 'removeDead'> | null;
  /** Of a running pod now. */
  readonly usesOf: (pod: number) => PodUses;
  readonly host: Pick<KubeletHost, 'evict' | 'isEvicting'>;
  readonly admittance: PodAdmittance;
  /** null: disks are not looked at. */
  readonly disks: { readonly disks: NodeDisks; readonly imageGc: ImageGc } | null;
  readonly troubles: NodeTroubles | null;
}

interface NodePressure {
  /** Takes the next number when earlier looks are void. */
  ticket: number;
  /** Of the look of this instant; -1: none is due. */
  lookedAt: Micros;
  /** Thresholds that are met, and since when. */
  readonly metSince: Map<EvictionThreshold, Micros>;
  /** When pressure was last observed. */
  readonly observedAt: Map<Condition, Micros>;
  /** Conditions that the Node object has as True. */
  readonly told: Set<Condition>;
  /** Pods that were made to go last, and until when nobody looks. */
  readonly going: Set<number>;
  waitsUntil: Micros;
}

type Levels = ReadonlyMap<EvictionSignal, Level>;

export class EvictionMonitor implements ClusterObserver, TroubleListener {
  private readonly kernel: Kernel;
  private readonly cluster: Cluster;
  private readonly parts: MonitorParts;
  private readonly thresholds: readonly EvictionThreshold[];
  private readonly lookEvent: EventKind;
  private readonly monitorEvent: EventKind;
  /** By node row, of nodes that were looked at. */
  private readonly nodes = new Map<number, NodePressure>();
  private tickets = 0;

  constructor(kernel: Kernel, cluster: Cluster, parts: MonitorParts) {
    this.kernel = kernel;
    this.cluster = cluster;
    this.parts = parts;
    const { memory, disk, pids } = parts.watched;
    const isWatched = { MemoryPressure: memory, DiskPressure: disk, PIDPressure: pids };
    this.thresholds = parts.settings.thresholds.filter(({ signal }) => isWatched[conditionOf(signal)]);
    this.lookEvent = kernel.defineEvent('node resources changed', 3, (node, incarnation) => {
      if (this.isThere(node, incarnation)) this.look(node);
    });
    this.monitorEvent = kernel.defineEvent('eviction monitor', 3, (node, ticket) => {
      const state = this.nodes.get(node);
      if (state?.ticket === ticket && cluster.nodes.up[node] === 1) this.monitor(node, state);
    });
    parts.admittance.gates.push((pod) => this.refusalOf(pod));
    parts.troubles?.listeners.push(this);
    if (parts.disks !== null) parts.disks.disks.onImages = (node) => { this.changed(node); };
    cluster.observe(this);
  }

  // ---- notices ---------------------------------------------------------------------------------------------------

  podStarted(pod: number): void {
    this.changed(this.cluster.pods.node[pod]);
  }

  podContainerFailed(pod: number): void {
    this.changed(this.cluster.pods.node[pod]);
  }

  podContainerRestarted(pod: number): void {
    this.changed(this.cluster.pods.node[pod]);
  }

  podRemoved(pod: number, node: number, phaseBefore: number): void {
    if (node < 0 || phaseBefore !== PodPhase.Running) return;
    const state = this.nodes.get(node);
    if (state?.going.delete(pod) === true && state.going.size === 0)
      state.waitsUntil = Math.min(state.waitsUntil, this.kernel.now + CLEANUP_POLL_MICROS);
    this.changed(node);
  }

  nodeAdded(node: number): void {
    this.nodes.delete(node);
    // It may come with a full disk.
    if (this.parts.watched.disk) this.changed(node);
  }

  /** A kubelet that starts anew remembers nothing of it. */
  nodeHealthChanged(node: number, up: boolean): void {
    const state = this.nodes.get(node);
    if (state === undefined) return;
    state.ticket = ++this.tickets;
    state.metSince.clear();
    state.observedAt.clear();
    state.going.clear();
    state.waitsUntil = 0;
    state.lookedAt = -1;
    if (up) this.changed(node);
  }

  nodeRemoving(node: number): void {
    this.nodes.delete(node);
  }

  diskFilled(node: number): void {
    this.changed(node);
  }

  nodeCut(node: number, isCut: boolean): void {
    if (!isCut && this.nodes.has(node)) this.changed(node);
  }

  // ---- admission -------------------------------------------------------------------------------------------------

  /** pkg/kubelet/eviction/eviction_manager.go: Admit. */
  private refusalOf(pod: number): AdmissionRefusal | null {
    const { cluster } = this;
    const conditions = this.conditionsOf(cluster.pods.node[pod]);
    if (conditions.length === 0 || isCriticalPod(cluster, pod)) return null;
    if (conditions.length === 1 && conditions[0] === 'MemoryPressure') {
      const { spec, tolerations } = cluster.templateOf(pod);
      if (qosClass({ spec }) !== 'BestEffort') return null;
      if (findUntolerated([MEMORY_PRESSURE_TAINT], tolerations, ['NoSchedule']) === undefined) return null;
    }
    return { reason: 'Evicted', message: rejected(`The node had condition: [${conditions.join(' ')}]. `) };
  }

  private conditionsOf(node: number): Condition[] {
    const observed = this.nodes.get(node)?.observedAt;
    return observed === undefined || observed.size === 0 ? [] : CONDITIONS.filter((type) => observed.has(type));
  }

  // ---- when to look ----------------------------------------------------------------------------------------------

  private isThere(node: number, incarnation: number): boolean {
    const { nodes } = this.cluster;
    return nodes.incarnation[node] === incarnation && nodes.alive[node] === 1 && nodes.up[node] === 1;
  }

  private stateOf(node: number): NodePressure {
    const known = this.nodes.get(node);
    if (known !== undefined) return known;
    const state: NodePressure = {
      ticket: 0, lookedAt: -1, waitsUntil: 0,
      metSince: new Map(), observedAt: new Map(), told: new Set(), going: new Set(),
    };
    this.nodes.set(node, state);
    return state;
  }

  /** Once an instant, behind all that changes in it. */
  private changed(node: number): void {
    const state = this.stateOf(node);
    if (state.lookedAt === this.kernel.now) return;
    state.lookedAt = this.kernel.now;
    this.kernel.after(0, this.lookEvent, node, this.cluster.nodes.incarnation[node]);
  }

  private look(node: number): void {
    const state = this.stateOf(node);
    state.lookedAt = -1;
    this.tell(node, state);
    this.plan(node, state);
  }

  /** The next pass that may find something. */
  private plan(node: number, state: NodePressure): void {
    const { now } = this.kernel;
    state.ticket = ++this.tickets;
    const at = Math.max(this.nextFindingAt(node, state), now + 1);
    if (!(at < Infinity)) return;
    const tick = Math.ceil(at / MONITOR_MICROS) * MONITOR_MICROS;
    // Behind an eviction it looks again as soon as that is through, between its usual times.
    const time = state.waitsUntil > now ? state.waitsUntil : tick;
    this.kernel.at(time, this.monitorEvent, node, state.ticket);
  }

  private nextFindingAt(node: number, state: NodePressure): Micros {
    const { now } = this.kernel;
    const levels = this.levelsOf(node);
    let next = Infinity;
    for (const threshold of this.thresholds) {
      const level = levels.get(threshold.signal);
      if (level === undefined) continue;
      const spare = level.left - amountFrom(threshold.value, level.capacity);
      if (spare < 0 || state.metSince.has(threshold)) return now;
      if (level.perMicro > 0) next = Math.min(next, now + Math.ceil(spare / level.perMicro));
    }
    for (const observed of state.observedAt.values())
      next = Math.min(next, observed + this.parts.settings.transitionMicros);
    return Math.min(next, this.nextExcessAt(node));
  }

  private nextExcessAt(node: number): Micros {
    const { lives, disks } = this.parts;
    if (lives === null || disks === null) return Infinity;
    let next = Infinity;
    for (const pod of this.runningOn(node)) {
      if (this.isGoing(pod)) continue;
      next = Math.min(next, lives.storageExcess(pod)?.afterMicros ?? Infinity);
    }
    return this.kernel.now + next;
  }

  // ---- a pass ----------------------------------------------------------------------------------------------------

  private monitor(node: number, state: NodePressure): void {
    const acting = this.observe(node, state);
    this.tell(node, state);
    if (!this.evictExcessive(node, state)) {
      const [threshold] = acting;
      if (threshold !== undefined) this.relieve(node, state, threshold);
    }
    this.plan(node, state);
  }

  /** Takes down what is lacking; the thresholds for which pods are to go, the most urgent first. */
  private observe(node: number, state: NodePressure): EvictionThreshold[] {
    const { now } = this.kernel;
    const { metSince, observedAt } = state;
    const { transitionMicros } = this.parts.settings;
    const levels = this.levelsOf(node);
    for (const threshold of this.thresholds) {
      if (!isMet(threshold, levels, metSince.has(threshold))) metSince.delete(threshold);
      else {
        if (!metSince.has(threshold)) metSince.set(threshold, now);
        observedAt.set(conditionOf(threshold.signal), now);
      }
    }
    for (const [type, at] of observedAt) if (now - at >= transitionMicros && at < now) observedAt.delete(type);
    const acting = this.thresholds.filter((threshold) => {
      const since = metSince.get(threshold);
      return since !== undefined && now - since >= (threshold.graceMicros ?? 0);
    });
    const isMemory = ({ signal }: EvictionThreshold): number => Number(signal === 'memory.available');
    return acting.sort((a, b) => isMemory(b) - isMemory(a));
  }

  /** Nobody hears of it while the node is cut off. */
  private tell(node: number, { observedAt, told }: NodePressure): void {
    if (this.parts.troubles?.isCut(node) === true) return;
    for (const type of CONDITIONS) {
      const isTrue = observedAt.has(type);
      if (isTrue === told.has(type)) continue;
      if (isTrue) told.add(type);
      else told.delete(type);
      const status = isTrue ? 'True' : 'False';
      const { object } = this.cluster.nodes.facts[node];
      this.cluster.updateNode(node, withCondition(object, { type, status, reason: REASONS[type][status] }));
    }
  }

  /** Pods that have written more than their limits. */
  private evictExcessive(node: number, state: NodePressure): boolean {
    const { lives, disks } = this.parts;
    if (lives === null || disks === null) return false;
    let isAny = false;
    for (const pod of this.runningOn(node)) {
      const excess = this.isGoing(pod) ? null : lives.storageExcess(pod);
      if (excess === null || excess.afterMicros > 0 || isCriticalPod(this.cluster, pod)) continue;
      this.evict(pod, state, excess.message, LEAST_GRACE_MICROS);
      isAny = true;
    }
    return isAny;
  }

  /** Frees what nobody needs; where that is not enough somebody has to go. */
  private relieve(node: number, state: NodePressure, threshold: EvictionThreshold): void {
    const { disks } = this.parts;
    if (disks !== null && this.reclaim(node, threshold.signal, disks)) {
      const levels = this.levelsOf(node);
      if (!this.thresholds.some((other) => isMet(other, levels, true))) return;
    }
    const candidates = this.runningOn(node).filter((pod) => !this.isGoing(pod));
    const isApart = disks?.disks.isImageDiskApart === true;
    const victim = rankedForEviction(this.cluster, threshold.signal, candidates, this.parts.usesOf, isApart).find(
      (pod) => !isCriticalPod(this.cluster, pod),
    );
    if (victim === undefined) return;
    const message = `The node was low on resource: ${RESOURCE_OF[threshold.signal]}. `;
    this.evict(victim, state, message, this.graceOf(victim, threshold));
  }

  /** true: it may have helped. */
  private reclaim(
    node: number, signal: EvictionSignal, { disks, imageGc }: NonNullable<MonitorParts['disks']>,
  ): boolean {
    if (conditionOf(signal) !== 'DiskPressure') return false;
    const isOnNodeFs = signal === 'nodefs.available' || signal === 'nodefs.inodesFree';
    // Of a root file system without images nothing can be freed.
    if (isOnNodeFs && disks.isImageDiskApart) return false;
    for (const pod of this.runningOn(node)) this.parts.lives?.removeDead(pod);
    imageGc.freeAll(node);
    return true;
  }

  private graceOf(pod: number, { graceMicros }: EvictionThreshold): Micros {
    if (graceMicros === null) return LEAST_GRACE_MICROS;
    const own = this.cluster.templateOf(pod).graceMicros;
    return Math.max(LEAST_GRACE_MICROS, Math.min(this.parts.settings.maxPodGraceMicros, own));
  }

  private evict(pod: number, state: NodePressure, message: string, graceMicros: Micros): void {
    const reason = 'Evicted';
    this.cluster.recordEvent(pod, { type: 'Warning', reason, message, from: 'kubelet', fieldPath: '' });
    state.going.add(pod);
    state.waitsUntil = this.kernel.now + CLEANUP_MICROS;
    this.parts.host.evict(pod, { cause: EvictionCause.NodePressure, reason, message, graceMicros });
  }

  private isGoing(pod: number): boolean {
    return this.cluster.pods.isTerminating(pod) || this.parts.host.isEvicting(pod);
  }

  // ---- what there is ---------------------------------------------------------------------------------------------

  private runningOn(node: number): number[] {
    const { nodes, pods } = this.cluster;
    return nodes.pods[node].filter((pod) => pods.phase[pod] === PodPhase.Running);
  }

  private levelsOf(node: number): Levels {
    const { memory, disk, pids } = this.parts.watched;
    const levels = new Map<EvictionSignal, Level>();
    if (memory) levels.set('memory.available', this.memoryLevel(node));
    if (pids) levels.set('pid.available', this.level(node, 'pids', this.parts.settings.maxPids));
    const { disks } = this.parts;
    if (!disk || disks === null) return levels;
    levels.set('nodefs.available', disks.disks.nodeFs(node));
    levels.set('imagefs.available', disks.disks.imageFs(node));
    levels.set('nodefs.inodesFree', disks.disks.inodes(node));
    if (!disks.disks.isImageDiskApart) levels.set('imagefs.inodesFree', disks.disks.inodes(node));
    return levels;
  }

  private memoryLevel(node: number): Level {
    const { nodes } = this.cluster;
    const allocatable = nodes.allocatable[node * nodes.stride + MEMORY];
    const capacity = nodes.facts[node].object.status?.capacity?.['memory'];
    const bytes = Math.max(capacity === undefined ? 0 : unitsFromText(capacity), allocatable + LEAST_MEMORY_BYTES);
    return this.level(node, 'memory', bytes);
  }

  private level(node: number, what: 'memory' | 'pids', capacity: number): Level {
    const { amount, perMicro } = usesOnNode(this.cluster, node, (pod) => this.parts.usesOf(pod)[what]);
    return { left: capacity - amount, perMicro, capacity };
  }
}

/** `wasMet`: only with the minimum reclaim on top it is not met any more. */
function isMet({ signal, value, minimumReclaim }: EvictionThreshold, levels: Levels, wasMet: boolean): boolean {
  const level = levels.get(signal);
  if (level === undefined) return false;
  const { left, capacity } = level;
  return left < amountFrom(value, capacity) + (wasMet ? amountFrom(minimumReclaim, capacity) : 0);
}

/** Percentages are single-precision numbers upstream, and amounts whole. */
function amountFrom({ value, isPercent }: EvictionAmount, capacity: number): number {
  return isPercent ? Math.trunc(capacity * Math.fround(value / 100)) : value;
}
