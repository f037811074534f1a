/**
 * All kubelets: a bound pod gets its sandbox, its missing images and its containers, runs for its duration and
 * succeeds (where its application is known, `lives` has a say in all of that); a terminating pod stops; a machine that
 * dies takes the runs with it, and one that comes back starts its pods again. A node that is cut off runs what it has,
 * hears of nothing and tells nothing until it is back; then it does, and tells, all of it. Source:
 * pkg/kubelet/{kubelet.go,kuberuntime} (v1.36); docs/model.md has the departures.
 *
 * A pod that finds its images costs three steps (seen, start, finish: pod-steps.ts) and four notices; per pod row 20
 * bytes.
 */
import { MICROS_PER_SECOND, type Micros } from '../base/time.ts';
import { EvictionCause, PodPhase } from '../cluster/cluster.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { NodeTroubles, TroubleListener } from '../cluster/node-troubles.ts';
import type { Node } from '../cluster/objects.ts';
import { NodeChange } from '../cluster/observer.ts';
import type { ClusterObserver } from '../cluster/observer.ts';
import type { EventKind, Kernel } from '../kernel/kernel.ts';
import type { KubeletSettings } from './settings.ts';
import { PodAdmittance } from './admission.ts';
import type { Lack } from './admission.ts';
import type { CutNodes } from './cut-nodes.ts';
import { ImagePulls } from './image-pulls.ts';
import { PodEnds } from './pod-ends.ts';
import type { KubeletEviction } from './pod-ends.ts';
import type { ContainerLook, KubeletHost, PodLives } from './pod-lives.ts';
import { PodSteps } from './pod-steps.ts';
import type { VolumeMounts } from '../cluster/volume-mounts.ts';
import { StartDelays } from './start-delays.ts';
import type { HoldBack, StatusReports } from './status-reports.ts';

/** From SIGTERM until the containers have ended, when the grace period allows as much; most programs end at once. */
export const STOP_MICROS: Micros = MICROS_PER_SECOND;

/** pkg/kubelet/preemption/preemption.go. */
const PREEMPTING: KubeletEviction = {
  cause: EvictionCause.KubeletPreemption,
  reason: 'Preempting',
  message: 'Preempted in order to admit critical pod',
  graceMicros: null,
};

export interface KubeletParts {
  /** null: nothing ever ails a node whose machine runs. */
  readonly troubles?: NodeTroubles | null;
  /** null: no node is ever cut off or slow. */
  readonly cuts?: CutNodes | null;
  /** null: volumes are where they are needed. */
  readonly volumes?: VolumeMounts | null;
  /** null: kubelets are told at once. */
  readonly hearsAfter?: HearsAfter | null;
  /** What kubelets say on its way; null: it is known at once. */
  readonly makeReports?: ((holdBack: HoldBack) => StatusReports) | null;
}

/** How long until the kubelet of a node row hears of what happens now; a kubelet hears of things in their order. */
export type HearsAfter = (node: number) => Micros;

export class Kubelet implements ClusterObserver, TroubleListener {
  readonly images: ImagePulls;
  readonly admittance: PodAdmittance;
  private readonly kernel: Kernel;
  private readonly cluster: Cluster;
  private readonly delays: StartDelays;
  /** null: of no pod is known what runs in it. */
  private readonly lives: PodLives | null;
  private readonly steps: PodSteps;
  private readonly interruptEvent: EventKind;
  private readonly returnEvent: EventKind;
  private readonly reachEvent: EventKind | null;
  private readonly cuts: CutNodes | null;
  private readonly ends: PodEnds;
  /** null: volumes are where they are needed. */
  private readonly volumes: VolumeMounts | null;
  private readonly deletionSeenEvent: EventKind;
  /** null: kubelets are told at once. */
  private readonly hearsAfter: HearsAfter | null;
  /** null: what kubelets say is known at once. */
  private readonly reports: StatusReports | null;

  /**
   * `makeLives`: for pods whose application is known. `hearsAfter`: where kubelets learn late of their pods.
   */
  constructor(
    kernel: Kernel,
    cluster: Cluster,
    settings: KubeletSettings,
    makeLives: ((host: KubeletHost) => PodLives) | null = null,
    { troubles = null, cuts = null, volumes = null, hearsAfter = null, makeReports = null }: KubeletParts = {},
  ) {
    this.hearsAfter = hearsAfter;
    this.reports = makeReports === null ? null : makeReports((node, tell) => {
      if (cuts?.isNodeCut(node) !== true) return false;
      cuts.holdBack(node, tell);
      return true;
    });
    this.kernel = kernel;
    this.cluster = cluster;
    this.delays = new StartDelays(cluster, kernel.random, settings);
    this.admittance = new PodAdmittance(cluster, this.reports);
    const onPulled = (pod: number, ticket: number): void => {
      if (this.steps.isCurrent(pod, ticket)) this.pullImages(pod, ticket);
    };
    this.images = new ImagePulls(kernel, cluster, settings, onPulled, {
      troubles, isCurrent: (pod, ticket) => this.steps.isCurrent(pod, ticket),
    });
    this.cuts = cuts;
    this.ends = new PodEnds(cluster, this.reports);
    this.admittance.makeRoom = (pod, lacks) => this.makeRoom(pod, lacks);
    this.ends.onRoom = (pod) => { this.steps.after(0, this.steps.seen, pod); };
    this.volumes = volumes;
    this.reachEvent =
      troubles === null ? null : kernel.defineEvent('node reached', 3, (node, id) => this.nodeReached(node, id));
    troubles?.listeners.push(this);
    this.steps = new PodSteps(kernel, {
      seen: (pod, ticket) => this.admit(pod, ticket),
      sandboxReady: (pod, ticket) => this.pullImages(pod, ticket),
      start: (pod, ticket) => this.start(pod, ticket),
      finish: (pod, ticket) => this.finish(pod, ticket),
      stop: (pod, ticket) => this.stop(pod, ticket),
    });
    this.interruptEvent = kernel.defineEvent('pods interrupted', 3, (node, incarnation) =>
      this.interrupt(node, incarnation),
    );
    this.returnEvent = kernel.defineEvent('node returned', 3, (node, incarnation) =>
      this.nodeReturned(node, incarnation),
    );
    this.deletionSeenEvent = kernel.defineEvent('pod deletion seen', 3, (pod, incarnation) =>
      this.deletionSeen(pod, incarnation),
    );
    this.lives = makeLives === null ? null : makeLives(this.hostOf());
    cluster.observe(this);
  }

  private hostOf(): KubeletHost {
    return {
      nextTicket: (pod) => this.steps.nextTicket(pod),
      isCurrent: (pod, ticket) => this.steps.isCurrent(pod, ticket),
      containerStartMicros: (pod) => this.startMicros(pod),
      graceMicros: (pod) => this.ends.graceMicros(pod),
      isEvicting: (pod) => this.isEvicting(pod),
      evict: (pod, eviction) => { this.evict(pod, eviction); },
      isHeldBack: (pod, ticket, then) => this.isHeldBack(pod, ticket, then),
      isReported: (pod) => (
        (this.cuts?.isReported(this.cluster.pods.node[pod]) ?? true) && this.reports?.isTelling(pod) !== true
      ),
      isToldReady: (pod) => this.reports?.readyOf(pod) ?? readyAtServer(this.cluster, pod),
      tellStarted: (pod, isReady) => this.tellStarted(pod, isReady),
      tellReady: (pod, isReady) => this.tellReady(pod, isReady),
      tell: (pod, write) => this.tell(pod, write),
      end: (pod, exitCode) => { this.ends.ended(pod, exitCode); },
    };
  }

  /** null: nobody says what runs in the pod, so its containers are as one. */
  containersOf(pod: number): readonly ContainerLook[] | null {
    return this.lives?.has(pod) === true ? this.lives.look(pod) : null;
  }

  /** What they take of the node; null: nobody says what runs in any pod. */
  get uses(): Pick<PodLives, 'usesOf' | 'storageExcess' | 'removeDead'> | null {
    return this.lives;
  }

  /** For `--check`. */
  check(): void {
    this.lives?.check();
  }

  /** What kubelets have said and the API server does not know yet. */
  get reportsUnderWay(): number {
    return this.reports?.count ?? 0;
  }

  // ---- notices ---------------------------------------------------------------------------------------------------

  podCreated(pod: number): void {
    this.steps.podCreated(pod, this.cluster.pods.capacity);
    this.delays.draw(pod);
    this.lives?.podCreated(pod);
  }

  podBound(pod: number): void {
    const { pods, nodes } = this.cluster;
    const node = pods.node[pod];
    if (nodes.up[node] === 0 || this.isCut(pod)) return;
    const step = pods.isTerminating(pod) ? this.steps.stop : this.steps.seen;
    this.steps.after(this.hearsAfter?.(node) ?? 0, step, pod);
  }

  podStarted(pod: number): void {
    const { pods } = this.cluster;
    // Its kubelet has said so.
    if (this.reports?.started.delete(pod) === true) return;
    const isLiving = this.lives?.has(pod) === true;
    if (isLiving && this.lives?.hasStarted(pod) === true) return;
    // Started without the kubelet: it ran here before the simulation began.
    if (pods.boundAt[pod] === this.kernel.now) this.images.assumeImages(pods.node[pod], pods.template[pod]);
    if (isLiving) return this.lives?.podFound(pod);
    this.awaitFinish(pod);
  }

  private awaitFinish(pod: number): void {
    const ticket = this.steps.nextTicket(pod);
    const duration = this.cluster.pods.durationMicros[pod];
    if (duration !== Infinity) this.steps.after(duration, this.steps.finish, pod, ticket);
  }

  podTerminating(pod: number): void {
    const { pods, nodes } = this.cluster;
    const node = pods.node[pod];
    if (pods.phase[pod] < PodPhase.Bound || nodes.up[node] === 0 || this.isCut(pod)) return;
    // One that is stopping already goes when it has stopped.
    if (this.ends.isEvicting(pod)) return;
    if (this.hearsAfter === null) this.beginStop(pod);
    else this.kernel.after(this.hearsAfter(node), this.deletionSeenEvent, pod, pods.incarnation[pod] | 0);
  }

  podRemoved(pod: number): void {
    this.steps.nextTicket(pod);
    this.ends.forget(pod);
    this.reports?.forget(pod);
    this.lives?.podRemoved(pod);
  }

  nodeAdded(node: number): void {
    this.images.nodeAdded(node);
    // Pods of an earlier node of this name are still here: the new machine takes them over.
    if (this.cluster.nodes.pods[node].length > 0) this.scheduleForNode(this.returnEvent, node);
  }

  nodeUpdated(node: number, changes: number): void {
    if ((changes & NodeChange.Images) !== 0) this.images.nodeImagesChanged(node);
    if (this.reachEvent === null || (changes & NodeChange.Conditions) === 0) return;
    // Whoever finds a node silent takes Ready back from its pods; its kubelet says what they are.
    if (!isNodeReady(this.cluster.nodes.facts[node].object)) this.cuts?.foundSilent(node);
    else if (this.cuts?.isUnreported(node) === true) this.scheduleForNode(this.reachEvent, node);
  }

  nodeHealthChanged(node: number, up: boolean): void {
    if (up) this.scheduleForNode(this.returnEvent, node);
    else this.machineStopped(node);
  }

  nodeRemoving(node: number): void {
    if (this.cluster.nodes.up[node] === 1) this.machineStopped(node);
    this.cuts?.nodeRemoved(node);
  }

  registryLost(node: number, isLost: boolean): void {
    if (isLost) this.images.registryLost(node);
  }

  // ---- nodes that are cut off ------------------------------------------------------------------------------------

  nodeCut(node: number, isCut: boolean): void {
    if (isCut) this.cuts?.begin(node);
    else if (this.reachEvent !== null) this.scheduleForNode(this.reachEvent, node);
  }

  /** While its runtime hangs a kubelet can do nothing, and sees nothing: as if it were cut off from its containers. */
  runtimeHung(node: number, isHung: boolean): void {
    this.nodeCut(node, isHung);
  }

  private isCut(pod: number): boolean {
    return this.cuts !== null && this.cuts.isCut(pod);
  }

  private slowed(pod: number, micros: Micros): Micros {
    return this.cuts === null ? micros : this.cuts.slowed(pod, micros);
  }

  /** true: the pod's node is cut off. `then` is called when it is back, if the ticket still counts. */
  private isHeldBack(pod: number, ticket: number, then: (pod: number) => void): boolean {
    if (!this.isCut(pod)) return false;
    this.cuts?.holdBack(this.cluster.pods.node[pod], () => {
      if (this.steps.isCurrent(pod, ticket)) then(pod);
    });
    return true;
  }

  /** The API server hears of the node again, and the node of what was asked for meanwhile. */
  private nodeReached(node: number, incarnation: number): void {
    const { nodes, pods } = this.cluster;
    if (nodes.incarnation[node] !== incarnation || nodes.up[node] === 0 || this.cuts?.isNodeCut(node) === true) return;
    const since = this.cuts === null ? Infinity : this.cuts.reached(node);
    if (since === null) return this.nodeReturned(node, incarnation);
    for (const pod of nodes.pods[node].slice()) {
      const phase = pods.phase[pod];
      if (phase < PodPhase.Bound) continue;
      if (this.reports?.ended.has(pod) === true) continue;
      const isNew = phase === PodPhase.Bound && !this.isAdmitted(pod);
      if (pods.isTerminating(pod)) {
        if (pods.deletionAt[pod] < since || this.ends.isEvicting(pod)) continue;
        this.beginStop(pod);
      } else if (isNew) this.begin(pod);
      else if (phase === PodPhase.Running) this.reportReady(pod);
    }
  }

  private reportReady(pod: number): void {
    if (this.lives?.has(pod) === true) this.lives.reportReady(pod);
    else if (readyAtServer(this.cluster, pod) === false) this.tellReady(pod, true);
  }

  // ---- what kubelets tell ----------------------------------------------------------------------------------------

  private tell(pod: number, write: (pod: number) => void): void {
    if (this.reports === null) write(pod);
    else this.reports.tell(pod, write);
  }

  private tellStarted(pod: number, isReady = true): void {
    const { cluster, reports } = this;
    if (reports === null) return cluster.startPod(pod, isReady);
    reports.started.add(pod);
    reports.tellReady(pod, isReady, (row) => {
      // One that is on its way out is said to be gone next.
      if (cluster.pods.phase[row] !== PodPhase.Bound || cluster.pods.isTerminating(row)) return;
      cluster.startPod(row, isReady);
    });
  }

  private tellReady(pod: number, isReady: boolean): void {
    const { cluster, reports } = this;
    if (reports === null) return cluster.setPodReady(pod, isReady);
    reports.tellReady(pod, isReady, (row) => {
      if (readyAtServer(cluster, row) === !isReady) cluster.setPodReady(row, isReady);
    });
  }

  // ---- a pod's way -----------------------------------------------------------------------------------------------

  private stopMicros(pod: number): Micros {
    if (!this.runsHere(pod)) return 0;
    if (this.lives?.has(pod) === true) return this.slowed(pod, this.lives.stopMicros(pod));
    return this.slowed(pod, Math.min(this.ends.graceMicros(pod), STOP_MICROS));
  }

  private runsHere(pod: number): boolean {
    const { reports } = this;
    if (reports?.ended.has(pod) === true) return false;
    return this.cluster.pods.phase[pod] === PodPhase.Running || reports?.started.has(pod) === true;
  }

  private beginStop(pod: number): void {
    this.steps.after(this.stopMicros(pod), this.steps.stop, pod);
  }

  /** Told late: the pod may have ended by itself meanwhile, or have gone with its machine. */
  private deletionSeen(pod: number, incarnation: number): void {
    const { pods, nodes } = this.cluster;
    if ((pods.incarnation[pod] | 0) !== incarnation || pods.phase[pod] === PodPhase.Free) return;
    if (this.isCut(pod)) {
      this.cuts?.holdBack(pods.node[pod], () => this.deletionSeen(pod, incarnation));
      return;
    }
    if (!pods.hasEnded(pod)) {
      if (nodes.up[pods.node[pod]] === 1) this.beginStop(pod);
    } else this.ends.writeRemoval(pod);
  }

  /** Makes a pod go that has not been asked to: it is Failed when its containers have stopped. */
  evict(pod: number, eviction: KubeletEviction): void {
    if (this.reports?.ended.has(pod) === true) return;
    this.ends.evict(pod, eviction);
    this.beginStop(pod);
  }

  isEvicting(pod: number): boolean {
    return this.ends.isEvicting(pod);
  }

  /** Others stop for a critical pod, with the grace that they ask for. */
  private makeRoom(pod: number, lacks: readonly Lack[]): boolean {
    const { pods } = this.cluster;
    const others = this.admittance.admittedOthers(pod, pods.node[pod]);
    const victims = this.ends.victimsFor(pod, lacks, others.filter((other) => !pods.isTerminating(other)));
    if (victims === null) return false;
    for (const victim of victims) {
      if (this.ends.isEvicting(victim)) continue;
      const { reason, message } = PREEMPTING;
      this.cluster.recordEvent(victim, { type: 'Warning', reason, message, from: 'kubelet', fieldPath: '' });
      this.evict(victim, PREEMPTING);
    }
    return true;
  }

  private admit(pod: number, ticket: number): void {
    if (!this.isHeldBack(pod, ticket, (row) => this.begin(row))) this.begin(pod);
  }

  private begin(pod: number): void {
    const ticket = this.steps.nextTicket(pod);
    if (!this.isAdmitted(pod)) {
      if (!this.admittance.admits(pod)) return;
      this.acknowledge(pod);
    }
    if (this.ends.hasToWait(pod)) return;
    if (this.volumes?.areMounted(pod, (refusal) => {
      if (!this.steps.isCurrent(pod, ticket)) return;
      if (refusal === null) this.makeSandbox(pod, ticket);
      else if (!this.isHeldBack(pod, ticket, (row) => this.admittance.reject(row, refusal)))
        this.admittance.reject(pod, refusal);
    }) !== false) this.makeSandbox(pod, ticket);
  }

  private isAdmitted(pod: number): boolean {
    if (this.reports !== null) return this.admittance.isAdmitted(pod);
    return !Number.isNaN(this.cluster.pods.acknowledgedAt[pod]);
  }

  private acknowledge(pod: number): void {
    const { cluster, reports } = this;
    if (reports === null) return cluster.acknowledgePod(pod);
    const { now } = this.kernel;
    reports.admitted.add(pod);
    reports.tell(pod, (row) => {
      if (!cluster.pods.hasEnded(row)) cluster.acknowledgePod(row, now);
    });
  }

  private makeSandbox(pod: number, ticket: number): void {
    const { pods } = this.cluster;
    const sandbox = this.slowed(pod, this.delays.sandboxMicros(pod));
    const isLiving = this.lives?.has(pod) === true;
    if (isLiving) this.lives?.podSeen(pod);
    if (isLiving || this.images.missingImage(pods.node[pod], pods.template[pod]) >= 0)
      this.steps.after(sandbox, this.steps.sandboxReady, pod, ticket);
    else this.steps.after(sandbox + this.startMicros(pod), this.steps.start, pod, ticket);
  }

  /** Asks for the next missing image; with all of them there the containers start. */
  private pullImages(pod: number, ticket: number): void {
    const { pods } = this.cluster;
    const node = pods.node[pod];
    const image = this.images.missingImage(node, pods.template[pod]);
    if (image >= 0) this.images.request(node, image, pod, ticket);
    else if (this.lives?.has(pod) === true) this.lives.imagesPulled(pod);
    else this.steps.after(this.startMicros(pod), this.steps.start, pod, ticket);
  }

  private startMicros(pod: number): Micros {
    return this.slowed(pod, this.delays.containerStartMicros(pod));
  }

  private start(pod: number, ticket: number): void {
    if (!this.isCut(pod)) this.started(pod);
    else this.isHeldBack(pod, ticket, (row) => this.started(row));
  }

  private started(pod: number): void {
    this.tellStarted(pod);
    if (this.reports !== null) this.awaitFinish(pod);
  }

  private finish(pod: number, ticket: number): void {
    if (!this.isCut(pod)) this.ends.ended(pod, 0);
    else this.isHeldBack(pod, ticket, (row) => { this.ends.ended(row, 0); });
  }

  private stop(pod: number, ticket: number): void {
    if (!this.isCut(pod)) this.ends.stopped(pod);
    else this.isHeldBack(pod, ticket, (row) => { this.ends.stopped(row); });
  }

  // ---- machines --------------------------------------------------------------------------------------------------

  private scheduleForNode(kind: EventKind, node: number): void {
    this.kernel.after(0, kind, node, this.cluster.nodes.incarnation[node]);
  }

  private machineStopped(node: number): void {
    const list = this.cluster.nodes.pods[node];
    for (let i = 0; i < list.length; i++) {
      this.steps.nextTicket(list[i]);
      this.ends.forget(list[i]);
    }
    this.images.nodeStopped(node);
    this.cuts?.machineStopped(node);
    this.reports?.machineStopped(node);
    if (list.length > 0) this.scheduleForNode(this.interruptEvent, node);
  }

  private interrupt(node: number, incarnation: number): void {
    const { nodes, pods } = this.cluster;
    if (nodes.incarnation[node] !== incarnation) return;
    for (const pod of nodes.pods[node]) if (pods.phase[pod] === PodPhase.Running) this.cluster.interruptPod(pod);
  }

  private nodeReturned(node: number, incarnation: number): void {
    const { nodes, pods } = this.cluster;
    if (nodes.incarnation[node] !== incarnation || nodes.up[node] === 0) return;
    if (this.cuts?.isNodeCut(node) === true) return this.cuts.machineReturned(node);
    this.images.nodeReturned(node);
    for (const pod of nodes.pods[node].slice()) {
      if (pods.phase[pod] < PodPhase.Bound || pods.phase[pod] === PodPhase.Running) continue;
      const hasRun = pods.startedAt[pod] === pods.startedAt[pod];
      if (pods.isTerminating(pod)) this.ends.removeTerminated(pod);
      else if (hasRun && this.cluster.templateOf(pod).restartPolicy === 'Never') this.ends.lostWithMachine(pod);
      else this.begin(pod);
    }
  }
}

function isNodeReady({ status }: Node): boolean {
  return status?.conditions?.find(({ type }) => type === 'Ready')?.status === 'True';
}

/** Whether the API server has the pod as Ready; null: it does not run. */
function readyAtServer({ pods }: Cluster, pod: number): boolean | null {
  return pods.phase[pod] === PodPhase.Running ? pods.isReady(pod) : null;
}
