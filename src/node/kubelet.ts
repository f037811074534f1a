/**
 * All kubelets: a bound pod gets its sandbox, its missing images and its containers, runs for its duration and
 * succeeds (where its application is known, `lives` has a say in all of that); a terminating pod stops; a machine that
 * dies takes the runs with it, and one that comes back starts its pods again. A node that is cut off runs what it has,
 * hears of nothing and tells nothing until it is back; then it does, and tells, all of it. Source:
 * pkg/kubelet/{kubelet.go,kuberuntime} (v1.36); docs/model.md has the departures.
 *
 * Every event about a pod carries the ticket of the pod row at that time. Whatever makes events in flight void (the
 * pod is bound, stops, is removed, its machine dies) takes the next ticket. A pod that finds its images costs three
 * events (seen, start, finish) and four notices; per pod row 20 bytes.
 */
import { growUint32 } from '../base/growable.ts';
import { MICROS_PER_SECOND, type Micros } from '../base/time.ts';
import { EvictionCause, PodOutcome, PodPhase } from '../cluster/cluster.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { NodeTroubles, TroubleListener } from '../cluster/node-troubles.ts';
import type { Node } from '../cluster/objects.ts';
import { NodeChange } from '../cluster/observer.ts';
import type { ClusterObserver } from '../cluster/observer.ts';
import type { EventKind, Kernel } from '../kernel/kernel.ts';
import type { KubeletSettings } from './settings.ts';
import { PodAdmittance } from './admission.ts';
import { ImagePulls } from './image-pulls.ts';
import type { ContainerLook, KubeletHost, PodLives } from './pod-lives.ts';
import type { VolumeMounts } from '../cluster/volume-mounts.ts';
import { StartDelays } from './start-delays.ts';

/** From SIGTERM until the containers have ended, when the grace period allows as much; most programs end at once. */
export const STOP_MICROS: Micros = MICROS_PER_SECOND;

/** Exit code of a container that SIGTERM has ended. */
const TERMINATED = 143;

export interface KubeletParts {
  /** null: nothing ever ails a node whose machine runs. */
  readonly troubles?: NodeTroubles | null;
  /** null: volumes are where they are needed. */
  readonly volumes?: VolumeMounts | null;
  /** null: kubelets are told at once. */
  readonly hearsAfter?: HearsAfter | null;
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
  /** By pod row; never set back, so it outlives the pods of the row. */
  private tickets: Uint32Array = new Uint32Array(0);
  private readonly admitEvent: EventKind;
  private readonly sandboxEvent: EventKind;
  private readonly startEvent: EventKind;
  private readonly finishEvent: EventKind;
  private readonly stopEvent: EventKind;
  private readonly interruptEvent: EventKind;
  private readonly returnEvent: EventKind;
  private readonly reachEvent: EventKind | null;
  /** null: nothing ever ails a node whose machine runs. */
  private readonly troubles: NodeTroubles | null;
  /** null: volumes are where they are needed. */
  private readonly volumes: VolumeMounts | null;
  /** By node row, of nodes that are cut off: what has happened there and nobody has heard of. */
  private readonly heldBack = new Map<number, (() => void)[]>();
  /** Nodes whose pods have lost Ready, and machines that came back, while nobody heard of them. */
  private readonly unreported = new Set<number>();
  private readonly returned = new Set<number>();
  private readonly cutSince = new Map<number, Micros>();
  private readonly deletionSeenEvent: EventKind;
  /** null: kubelets are told at once. */
  private readonly hearsAfter: HearsAfter | null;

  /**
   * `isReplacement` tells, while a pod is being created, whether it stands in for a lost one. `makeLives`: for pods
   * whose application is known. `hearsAfter`: where kubelets learn late of their pods.
   */
  constructor(
    kernel: Kernel,
    cluster: Cluster,
    settings: KubeletSettings,
    isReplacement: () => boolean = () => false,
    makeLives: ((host: KubeletHost) => PodLives) | null = null,
    { troubles = null, volumes = null, hearsAfter = null }: KubeletParts = {},
  ) {
    this.hearsAfter = hearsAfter;
    this.kernel = kernel;
    this.cluster = cluster;
    this.delays = new StartDelays(cluster, kernel.random, settings, isReplacement);
    this.admittance = new PodAdmittance(cluster);
    this.images = new ImagePulls(kernel, cluster, settings, (pod, ticket) => this.pullImages(pod, ticket), {
      troubles, isCurrent: (pod, ticket) => this.isCurrent(pod, ticket),
    });
    this.troubles = troubles;
    this.volumes = volumes;
    this.reachEvent =
      troubles === null ? null : kernel.defineEvent('node reached', 3, (node, id) => this.nodeReached(node, id));
    troubles?.listeners.push(this);
    this.admitEvent = kernel.defineEvent('pod seen', 3, (pod, ticket) => this.admit(pod, ticket));
    this.sandboxEvent = kernel.defineEvent('pod sandbox ready', 3, (pod, ticket) => this.pullImages(pod, ticket));
    this.startEvent = kernel.defineEvent('pod start', 3, (pod, ticket) => this.start(pod, ticket));
    this.finishEvent = kernel.defineEvent('pod finish', 3, (pod, ticket) => this.finish(pod, ticket));
    this.stopEvent = kernel.defineEvent('pod stop', 3, (pod, ticket) => this.stop(pod, ticket));
    this.interruptEvent = kernel.defineEvent('pods interrupted', 3, (node, incarnation) =>
      this.interrupt(node, incarnation),
    );
    this.returnEvent = kernel.defineEvent('node returned', 3, (node, incarnation) =>
      this.nodeReturned(node, incarnation),
    );
    this.deletionSeenEvent = kernel.defineEvent('pod deletion seen', 3, (pod, incarnation) =>
      this.deletionSeen(pod, incarnation),
    );
    this.lives = makeLives === null ? null : makeLives(this.hostOf(isReplacement));
    cluster.observe(this);
  }

  private hostOf(isReplacement: () => boolean): KubeletHost {
    return {
      nextTicket: (pod) => this.nextTicket(pod),
      isCurrent: (pod, ticket) => this.isCurrent(pod, ticket),
      containerStartMicros: (pod) => this.slowed(pod, this.delays.containerStartMicros(pod)),
      isReplacement,
      isHeldBack: (pod, ticket, then) => this.isHeldBack(pod, ticket, then),
      isReported: (pod) => !this.unreported.has(this.cluster.pods.node[pod]) && !this.isCut(pod),
      end: (pod, exitCode) => {
        if (exitCode === 0) this.end(pod, PodPhase.Succeeded, PodOutcome.Succeeded, 0);
        else this.end(pod, PodPhase.Failed, PodOutcome.Failed, exitCode);
      },
    };
  }

  /** null: nobody says what runs in the pod, so its containers are as one. */
  containersOf(pod: number): readonly ContainerLook[] | null {
    return this.lives?.has(pod) === true ? this.lives.look(pod) : null;
  }

  /** For `--check`. */
  check(): void {
    this.lives?.check();
  }

  // ---- notices ---------------------------------------------------------------------------------------------------

  podCreated(pod: number): void {
    if (pod >= this.tickets.length) this.tickets = growUint32(this.tickets, this.cluster.pods.capacity);
    this.delays.draw(pod);
    this.lives?.podCreated(pod);
  }

  podBound(pod: number): void {
    const { pods, nodes } = this.cluster;
    const node = pods.node[pod];
    if (nodes.up[node] === 0 || this.isCut(pod)) return;
    const event = pods.isTerminating(pod) ? this.stopEvent : this.admitEvent;
    this.kernel.after(this.hearsAfter?.(node) ?? 0, event, pod, this.nextTicket(pod));
  }

  podStarted(pod: number): void {
    const { pods } = this.cluster;
    const isLiving = this.lives?.has(pod) === true;
    if (isLiving && this.lives?.hasStarted(pod) === true) return;
    // Started without the kubelet: it ran here before the simulation began.
    if (pods.boundAt[pod] === this.kernel.now) this.images.assumeImages(pods.node[pod], pods.template[pod]);
    if (isLiving) return this.lives?.podFound(pod);
    const ticket = this.nextTicket(pod);
    const duration = pods.durationMicros[pod];
    if (duration !== Infinity) this.kernel.after(duration, this.finishEvent, pod, ticket);
  }

  podTerminating(pod: number): void {
    const { pods, nodes } = this.cluster;
    const node = pods.node[pod];
    if (pods.phase[pod] < PodPhase.Bound || nodes.up[node] === 0 || this.isCut(pod)) return;
    // Of what a kubelet does itself it need not be told.
    if (this.hearsAfter === null || pods.cause[pod] === EvictionCause.NodePressure) this.beginStop(pod);
    else this.kernel.after(this.hearsAfter(node), this.deletionSeenEvent, pod, pods.incarnation[pod] | 0);
  }

  podRemoved(pod: number): void {
    this.tickets[pod]++;
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
    if (!isNodeReady(this.cluster.nodes.facts[node].object)) this.unreported.add(node);
    else if (this.unreported.has(node)) this.scheduleForNode(this.reachEvent, node);
  }

  nodeHealthChanged(node: number, up: boolean): void {
    if (up) this.scheduleForNode(this.returnEvent, node);
    else this.machineStopped(node);
  }

  nodeRemoving(node: number): void {
    if (this.cluster.nodes.up[node] === 1) this.machineStopped(node);
    this.unreported.delete(node);
    this.returned.delete(node);
    this.cutSince.delete(node);
  }

  registryLost(node: number, isLost: boolean): void {
    if (isLost) this.images.registryLost(node);
  }

  // ---- nodes that are cut off ------------------------------------------------------------------------------------

  nodeCut(node: number, isCut: boolean): void {
    if (isCut) {
      this.unreported.add(node);
      this.cutSince.set(node, this.kernel.now);
    } else if (this.reachEvent !== null) this.scheduleForNode(this.reachEvent, node);
  }

  private isCut(pod: number): boolean {
    return this.troubles !== null && this.troubles.isCut(this.cluster.pods.node[pod]);
  }

  private slowed(pod: number, micros: Micros): Micros {
    if (this.troubles === null) return micros;
    return Math.round(micros * this.troubles.slowFactor(this.cluster.pods.node[pod]));
  }

  /** true: the pod's node is cut off. `then` is called when it is back, if the ticket still counts. */
  private isHeldBack(pod: number, ticket: number, then: (pod: number) => void): boolean {
    if (!this.isCut(pod)) return false;
    this.holdBack(this.cluster.pods.node[pod], () => {
      if (this.isCurrent(pod, ticket)) then(pod);
    });
    return true;
  }

  private holdBack(node: number, told: () => void): void {
    const held = this.heldBack.get(node) ?? [];
    this.heldBack.set(node, held);
    held.push(told);
  }

  /** The API server hears of the node again, and the node of what was asked for meanwhile. */
  private nodeReached(node: number, incarnation: number): void {
    const { nodes, pods } = this.cluster;
    if (nodes.incarnation[node] !== incarnation || nodes.up[node] === 0 || this.troubles?.isCut(node) === true) return;
    this.unreported.delete(node);
    if (this.returned.delete(node)) return this.nodeReturned(node, incarnation);
    const since = this.cutSince.get(node) ?? Infinity;
    this.cutSince.delete(node);
    const told = this.heldBack.get(node) ?? [];
    this.heldBack.delete(node);
    for (const tell of told) tell();
    for (const pod of nodes.pods[node].slice()) {
      const phase = pods.phase[pod];
      if (phase < PodPhase.Bound) continue;
      const isNew = phase === PodPhase.Bound && Number.isNaN(pods.acknowledgedAt[pod]);
      if (pods.isTerminating(pod)) {
        if (pods.deletionAt[pod] < since) continue;
        this.beginStop(pod);
      } else if (isNew) this.begin(pod);
      else if (phase === PodPhase.Running) this.reportReady(pod);
    }
  }

  private reportReady(pod: number): void {
    if (this.lives?.has(pod) === true) this.lives.reportReady(pod);
    else if (!this.cluster.pods.isReady(pod)) this.cluster.setPodReady(pod, true);
  }

  // ---- a pod's way -----------------------------------------------------------------------------------------------

  private nextTicket(pod: number): number {
    return ++this.tickets[pod] | 0;
  }

  private isCurrent(pod: number, ticket: number): boolean {
    return (this.tickets[pod] | 0) === ticket;
  }

  private stopMicros(pod: number, phase: number): Micros {
    if (phase !== PodPhase.Running) return 0;
    if (this.lives?.has(pod) === true) return this.slowed(pod, this.lives.stopMicros(pod));
    return this.slowed(pod, Math.min(this.cluster.templateOf(pod).graceMicros, STOP_MICROS));
  }

  private beginStop(pod: number): void {
    const micros = this.stopMicros(pod, this.cluster.pods.phase[pod]);
    this.kernel.after(micros, this.stopEvent, pod, this.nextTicket(pod));
  }

  /** Told late: the pod may have ended by itself meanwhile, or have gone with its machine. */
  private deletionSeen(pod: number, incarnation: number): void {
    const { pods, nodes } = this.cluster;
    if ((pods.incarnation[pod] | 0) !== incarnation || pods.phase[pod] === PodPhase.Free) return;
    if (this.isCut(pod)) {
      this.holdBack(pods.node[pod], () => this.deletionSeen(pod, incarnation));
      return;
    }
    if (!pods.hasEnded(pod)) {
      if (nodes.up[pods.node[pod]] === 1) this.beginStop(pod);
    } else if (!pods.isTracked(pod)) this.cluster.removePod(pod, PodOutcome.Deleted);
  }

  private admit(pod: number, ticket: number): void {
    if (this.isCurrent(pod, ticket) && !this.isHeldBack(pod, ticket, (row) => this.begin(row))) this.begin(pod);
  }

  private begin(pod: number): void {
    const { pods } = this.cluster;
    const ticket = this.nextTicket(pod);
    if (Number.isNaN(pods.acknowledgedAt[pod])) {
      if (!this.admittance.admits(pod)) return;
      this.cluster.acknowledgePod(pod);
    }
    if (this.volumes?.areMounted(pod, () => {
      if (this.isCurrent(pod, ticket)) this.makeSandbox(pod, ticket);
    }) !== false) this.makeSandbox(pod, ticket);
  }

  private makeSandbox(pod: number, ticket: number): void {
    const { pods } = this.cluster;
    const sandbox = this.slowed(pod, this.delays.sandboxMicros(pod));
    const isLiving = this.lives?.has(pod) === true;
    if (isLiving) this.lives?.podSeen(pod);
    if (isLiving || this.images.missingImage(pods.node[pod], pods.template[pod]) >= 0)
      this.kernel.after(sandbox, this.sandboxEvent, pod, ticket);
    else this.kernel.after(sandbox + this.startMicros(pod), this.startEvent, pod, ticket);
  }

  /** Asks for the next missing image; with all of them there the containers start. */
  private pullImages(pod: number, ticket: number): void {
    if (!this.isCurrent(pod, ticket)) return;
    const { pods } = this.cluster;
    const node = pods.node[pod];
    const image = this.images.missingImage(node, pods.template[pod]);
    if (image >= 0) this.images.request(node, image, pod, ticket);
    else if (this.lives?.has(pod) === true) this.lives.imagesPulled(pod);
    else this.kernel.after(this.startMicros(pod), this.startEvent, pod, ticket);
  }

  private startMicros(pod: number): Micros {
    return this.slowed(pod, this.delays.containerStartMicros(pod));
  }

  private start(pod: number, ticket: number): void {
    if (!this.isCurrent(pod, ticket)) return;
    if (!this.isHeldBack(pod, ticket, (row) => this.cluster.startPod(row))) this.cluster.startPod(pod);
  }

  private finish(pod: number, ticket: number): void {
    if (!this.isCurrent(pod, ticket)) return;
    const succeed = (row: number): void => this.end(row, PodPhase.Succeeded, PodOutcome.Succeeded, 0);
    if (!this.isHeldBack(pod, ticket, succeed)) succeed(pod);
  }

  private stop(pod: number, ticket: number): void {
    if (!this.isCurrent(pod, ticket)) return;
    if (!this.isHeldBack(pod, ticket, (row) => this.removeTerminated(row))) this.removeTerminated(pod);
  }

  private removeTerminated(pod: number): void {
    const isWanted = this.cluster.pods.cause[pod] === EvictionCause.None;
    const outcome = isWanted ? PodOutcome.Deleted : PodOutcome.Evicted;
    // What keeps the object lets go of it once the end of its containers has been counted.
    if (this.cluster.pods.isTracked(pod))
      this.cluster.endPod(pod, { phase: PodPhase.Failed, outcome, exitCode: TERMINATED });
    else this.cluster.removePod(pod, outcome);
  }

  /** Its containers have ended for good. The object is kept where a controller wants to see it. */
  private end(
    pod: number, phase: typeof PodPhase.Succeeded | typeof PodPhase.Failed, outcome: PodOutcome, exitCode: number,
  ): void {
    const owner = this.cluster.pods.owner[pod];
    if (owner < 0 || !this.cluster.workloads.isObject(owner)) this.cluster.removePod(pod, outcome);
    else this.cluster.endPod(pod, { phase, outcome, exitCode });
  }

  // ---- machines --------------------------------------------------------------------------------------------------

  private scheduleForNode(kind: EventKind, node: number): void {
    this.kernel.after(0, kind, node, this.cluster.nodes.incarnation[node]);
  }

  private machineStopped(node: number): void {
    const list = this.cluster.nodes.pods[node];
    for (let i = 0; i < list.length; i++) this.tickets[list[i]]++;
    this.images.nodeStopped(node);
    this.heldBack.delete(node);
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
    if (this.troubles?.isCut(node) === true) {
      this.returned.add(node);
      return;
    }
    this.images.nodeReturned(node);
    for (const pod of nodes.pods[node].slice()) {
      if (pods.phase[pod] < PodPhase.Bound || pods.phase[pod] === PodPhase.Running) continue;
      const hasRun = pods.startedAt[pod] === pods.startedAt[pod];
      if (pods.isTerminating(pod)) this.removeTerminated(pod);
      else if (hasRun && this.cluster.templateOf(pod).restartPolicy === 'Never') {
        const owner = pods.owner[pod];
        if (owner < 0 || !this.cluster.workloads.isObject(owner))
          this.cluster.terminatePod(pod, EvictionCause.NodeFailure);
        this.end(pod, PodPhase.Failed, PodOutcome.Failed, TERMINATED);
      } else this.begin(pod);
    }
  }
}

function isNodeReady({ status }: Node): boolean {
  return status?.conditions?.find(({ type }) => type === 'Ready')?.status === 'True';
}
