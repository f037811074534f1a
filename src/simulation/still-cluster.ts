/**
 * A cluster in which time stands still, with the real scheduler in it: pods are created, get their turns in the queue's
 * order and are placed, or refused, or make room by preemption, as in a run. Nobody else acts: nothing starts, ends or
 * is made anew, and whoever is preempted stays, terminating. A turn costs what a decision costs in a run.
 */
import { Cluster } from '../cluster/cluster.ts';
import type { KubernetesObject, Pod } from '../cluster/objects.ts';
import { withoutNodeName } from '../cluster/pod-template.ts';
import { objectKey } from '../cluster/object-store.ts';
import { PodAdmission, splitName } from '../control-plane/pod-admission.ts';
import { Kernel } from '../kernel/kernel.ts';
import { RoomLooks } from '../scheduler/room-looks.ts';
import type { NearestNode } from '../scheduler/room-looks.ts';
import type { Diagnosis } from '../scheduler/framework/diagnosis.ts';
import type { PluginFactory } from '../scheduler/framework/plugin-api.ts';
import { Scheduler } from '../scheduler/scheduler.ts';
import type { SchedulerConfigurationView } from '../scheduler/scheduler.ts';
import { VolumeController } from '../storage/volume-controller.ts';
import type { AskedPod } from './asked-pods.ts';
import type { ClusterMoment, MomentPod } from './cluster-moment.ts';
import type { SchedulerSettings } from '../scheduler/settings.ts';

export interface StillOptions {
  readonly configuration: SchedulerConfigurationView;
  readonly registry: ReadonlyMap<string, PluginFactory>;
  readonly tieBreak: SchedulerSettings['tieBreak'];
  readonly sampling: boolean;
  /** Without the scheduler's caches: slower, the same answers. */
  readonly plain: boolean;
  /** Root of the random streams of plugins. */
  readonly seed: string;
}

/** Why the last turn of a pod gave it no node. */
export interface Refusal {
  /** Text of the PodScheduled condition. */
  readonly message: string;
  /** The node that lacked least; null: on none was room what was lacking. */
  readonly nearest: NearestNode | null;
}

/** `verdict`: of every node, by its name: why not there. */
export type OnRefusal = (pod: number, message: string, verdict: (nodeName: string) => readonly string[]) => void;

/** Phases of the kernel, as in a run. */
const CONTROLLER = 4;
const SCHEDULER = 5;

export class StillCluster {
  readonly kernel: Kernel;
  readonly cluster: Cluster;
  readonly scheduler: Scheduler;
  /** Rows of the moment's pods that wait for a node. */
  readonly waiting: readonly number[];
  /** Told at the moment of a refusal. */
  onRefusal: OnRefusal | null = null;
  private readonly admission: PodAdmission;
  private readonly room: RoomLooks;
  private readonly refusals = new Map<number, Refusal>();
  private readonly victims = new Map<number, number[]>();

  constructor(moment: ClusterMoment, options: StillOptions) {
    const kernel = (this.kernel = new Kernel({ seed: options.seed }));
    const cluster = (this.cluster = new Cluster(kernel, moment.kubernetes));
    const volumes = new VolumeController(kernel, cluster, CONTROLLER);
    const scheduler = (this.scheduler = new Scheduler(kernel, cluster, {
      ...options,
      cycleMicros: 0,
      bindMicros: 0,
      autoRun: false,
      phase: SCHEDULER,
      bindVolumes: (plan, node) => volumes.bindVolumes(plan, node),
    }));
    this.room = new RoomLooks(scheduler.cache, scheduler.snapshot);
    this.admission = new PodAdmission(cluster, moment);
    scheduler.listeners.push({
      cycleFailed: (pod, message, diagnosis) => { this.refuse(pod, message, diagnosis); },
      podHeld: (pod, why) => { this.refuse(pod, why, null); },
      preempted: (preemptor, victim) => { this.victimsFor(preemptor).push(victim); },
    });
    for (const object of moment.objects) cluster.putObject(object.kind ?? '', object);
    for (const node of moment.nodes) cluster.addNode(node);
    for (const pod of moment.pods) if (pod.nodeName !== '') this.place(pod);
    this.waiting = moment.pods.filter(({ nodeName }) => nodeName === '').map((pod) => this.createWaiting(pod));
    this.rest();
  }

  /** Objects that pods need; those that are there already stay as they are. */
  addObject(object: KubernetesObject): void {
    const { kind = '' } = object;
    if (this.cluster.objects.get(kind, objectKey(object)) === undefined) this.cluster.putObject(kind, object);
  }

  /** A new pod with its row. It waits for its turn, unless it names its node itself. */
  create({ pod, name, pinnedNodeName }: AskedPod): number {
    // One with a status comes from a cluster that has placed it: where would it go now?
    const nodeName = pod.status === undefined ? (pod.spec?.nodeName ?? '') : '';
    const row = this.createPod(pod, name, { pinnedNodeName });
    const node = nodeName === '' ? -1 : this.cluster.nodeRow(nodeName);
    if (node >= 0) this.cluster.placePod(row, node);
    this.rest();
    return row;
  }

  /** Gives so many pods their turn, the queue's first one first; fewer when the queue is empty. */
  giveTurns(most: number): number {
    let given = 0;
    while (given < most && this.scheduler.scheduleOne() >= 0) {
      given++;
      this.rest();
    }
    return given;
  }

  /** Name of the pod's node; '': none. */
  nodeOf(pod: number): string {
    const { cache } = this.scheduler;
    const node = cache.pods.node[pod];
    return node < 0 ? '' : cache.nodeInfo(node).name;
  }

  /** Node that the pod waits for after a preemption; '': none. */
  nominatedNodeOf(pod: number): string {
    return this.cluster.nominatedNodeName(pod);
  }

  /** Rows of the pods that are deleted for it. */
  victimsOf(pod: number): readonly number[] {
    return this.victims.get(pod) ?? [];
  }

  /** Pods that have been made to go. */
  get preemptions(): number {
    let sum = 0;
    for (const victims of this.victims.values()) sum += victims.length;
    return sum;
  }

  /** null: its turn has not come. */
  refusalOf(pod: number): Refusal | null {
    return this.refusals.get(pod) ?? null;
  }

  /** `namespace/name`. */
  keyOf(pod: number): string {
    return `${this.cluster.templateOf(pod).namespace}/${this.cluster.podName(pod)}`;
  }

  /** All that happens without time passing. */
  private rest(): void {
    this.kernel.run({ until: this.kernel.now });
  }

  private refuse(pod: number, message: string, diagnosis: Diagnosis | null): void {
    const nearest = diagnosis === null ? null : this.room.look(this.cluster.templateOf(pod), diagnosis).nearest;
    this.refusals.set(pod, { message, nearest });
    this.onRefusal?.(pod, message, (nodeName) => diagnosis?.get(nodeName).reasons ?? []);
  }

  private victimsFor(preemptor: number): number[] {
    let victims = this.victims.get(preemptor);
    if (victims === undefined) this.victims.set(preemptor, (victims = []));
    return victims;
  }

  private place(pod: MomentPod): void {
    const { cluster } = this;
    const row = this.createPod(pod.pod, pod.name, pod);
    cluster.placePod(row, cluster.nodeRow(pod.nodeName));
    if (pod.startTime !== null) cluster.acknowledgePod(row, pod.startTime);
    if (pod.deletion !== null) cluster.terminatePod(row, pod.deletion);
  }

  private createWaiting(pod: MomentPod): number {
    return this.createPod(pod.pod, pod.name, pod);
  }

  private createPod(
    pod: Pod,
    name: string,
    { pinnedNodeName, nominatedNodeName = '' }: { readonly pinnedNodeName: string; readonly nominatedNodeName?: string },
  ): number {
    const { cluster } = this;
    const { base, ordinal } = splitName(name, cluster);
    const internedOr = (text: string): number => (text === '' ? -1 : cluster.names.intern(text));
    return cluster.createPod({
      template: this.templateOf(withoutNodeName(pod)),
      nameBase: base,
      nameOrdinal: ordinal,
      owner: -1,
      workloadClass: 0,
      durationMicros: Infinity,
      pinnedNode: internedOr(pinnedNodeName),
      nominatedNode: internedOr(nominatedNodeName),
    });
  }

  /** A pod that an API server has let in is taken as it stands; any other goes through admission. */
  private templateOf(pod: Pod): number {
    const isStored = pod.status !== undefined && pod.spec?.priority !== undefined;
    if (!isStored) return this.admission.template(pod, pod.status !== undefined);
    this.cluster.ensureNamespace(pod.metadata?.namespace ?? 'default');
    return this.cluster.internTemplate(pod).id;
  }
}
