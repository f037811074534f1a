/**
 * Replacement of lost pods, as their controllers do it, and the end of owners that have one.
 *  - ReplicaSet: when a pod is terminating or gone (pkg/controller/replicaset: terminating pods are not counted);
 *  - Job: when a pod is terminating or has failed (podReplacementPolicy TerminatingOrFailed), with the lost pod's whole
 *    run time: the work is done again; and the next one of its completions when a pod has succeeded;
 *  - StatefulSet: when the pod is gone, under its name;
 *  - DaemonSet: not here, see daemon-set.ts. Bare pods: never.
 * The new pod is created in the controller phase of the instant in which the loss is seen. What the API server refuses
 * is asked for again with the back-off of the owner's controller, and whenever the owner loses a pod. Costs a list link
 * per owned pod; a lost pod costs an event and an entry in a queue.
 */
import { assert } from '../base/assert.ts';
import type { Micros } from '../base/time.ts';
import { EvictionCause, PodOutcome, PodPhase } from '../cluster/cluster.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { ClusterObserver } from '../cluster/observer.ts';
import type { EventKind, Kernel } from '../kernel/kernel.ts';
import { WorkloadKind } from '../cluster/workload-table.ts';
import { OPEN_GATE, slowStart } from './owned-pods.ts';
import type { CreationGate } from './owned-pods.ts';
import { DEFAULT_LIMITS, JOB_LIMITS, WorkQueue } from './work-queue.ts';
import type { WorkloadTable } from '../cluster/workload-table.ts';

export interface OwnerSeed {
  readonly kind: WorkloadKind;
  readonly template: number;
  /**
   * Where each of its pods has a template of its own (StatefulSet): the one of an ordinal. Called when a pod is about
   * to be made.
   */
  readonly templateOf?: ((ordinal: number) => number) | undefined;
  /** spec.replicas, which disruption budgets count by; -1: the kind has no scale. */
  readonly scale: number;
  /** Index into Cluster.classes. */
  readonly workloadClass: number;
  /** Interned prefix of its pods' names. */
  readonly nameBase: number;
  /** When all its pods are deleted; Infinity: never. */
  readonly endsAtMicros: Micros;
  /** Job: pods still to be made, one for each that succeeds. */
  readonly podsToCome: number;
}

/** What is known of an owner beside its row. */
interface Upkeep {
  readonly templateOf: ((ordinal: number) => number) | undefined;
  podsToCome: number;
  /** Replacements that were decided on and not made yet. */
  pending: number;
  /** Its pods are on their way out, none is replaced. */
  ended: boolean;
  /** Pods that the API server has refused, or was not asked for as it had just refused others; they are pending. */
  refused: readonly Loss[];
  /** When it was last refused one. */
  refusedAt: Micros;
}

interface Loss {
  readonly owner: number;
  readonly durationMicros: Micros;
  /** StatefulSet: the ordinal to use again; -1: the next one. */
  readonly ordinal: number;
  /** Row and incarnation of the lost pod; -1: it is the owner's first. */
  readonly pod: number;
  readonly incarnation: number;
  /** false: the lost pod had succeeded, and the new one is the next of its Job's completions. */
  readonly replaces: boolean;
  /** It has succeeded before anybody knew that it was on its way out: nothing was lost. */
  isVoid: boolean;
}

export class ReplacementController implements ClusterObserver {
  readonly owners: WorkloadTable;
  /** By row of the owners that are looked after here. */
  private readonly upkeep: (Upkeep | undefined)[] = [];
  /** Replacements made so far. */
  replacedCount = 0;
  /** Told of every replacement: the new pod, and the row of the lost one while that is still there, else -1. */
  onReplaced: (pod: number, lost: number) => void = () => undefined;
  private readonly kernel: Kernel;
  private readonly cluster: Cluster;
  /** From `lossHead` on, one entry for each replace event in the queue, in the same order. */
  private losses: Loss[] = [];
  private lossHead = 0;
  /** Ends of owners that are still to come. */
  private endsDue = 0;
  private readonly replaceEvent: EventKind;
  private readonly endEvent: EventKind;
  private creating = false;
  private readonly seesAfter: () => Micros;
  private readonly gate: CreationGate;
  private readonly retries: WorkQueue;
  private readonly jobRetries: WorkQueue;

  /** `seesAfter`: how long until it learns of what happens now, in order. */
  constructor(
    kernel: Kernel, cluster: Cluster, gate: CreationGate = OPEN_GATE, seesAfter: () => Micros = () => 0,
  ) {
    this.kernel = kernel;
    this.seesAfter = seesAfter;
    this.gate = gate;
    this.cluster = cluster;
    this.owners = cluster.workloads;
    this.replaceEvent = kernel.defineEvent('pod replacement', 4, () => this.replace());
    this.endEvent = kernel.defineEvent('owner end', 4, (owner, incarnation) => this.end(owner, incarnation));
    const retriesWith = (limits: typeof JOB_LIMITS): WorkQueue =>
      new WorkQueue(kernel, cluster.workloads, 4, 'refused pods', (owner) => this.retry(owner), limits);
    this.retries = retriesWith(DEFAULT_LIMITS);
    this.jobRetries = retriesWith(JOB_LIMITS);
    cluster.observe(this);
  }

  /** True while this controller creates a pod. */
  get isCreating(): boolean {
    return this.creating;
  }

  addOwner(seed: OwnerSeed): number {
    const { kind, template, scale, workloadClass, nameBase, endsAtMicros, templateOf, podsToCome } = seed;
    const owner = this.cluster.workloadWriter.stand({
      kind,
      template,
      workloadClass,
      nameBase,
      wanted: scale,
      object: null,
      key: '',
      parent: -1,
      podMicros: Infinity,
      details: null,
    });
    this.upkeep[owner] = { templateOf, podsToCome, pending: 0, ended: false, refused: NONE, refusedAt: -1 };
    if (endsAtMicros !== Infinity) {
      this.endsDue++;
      this.kernel.at(endsAtMicros, this.endEvent, owner, this.owners.incarnation[owner]);
    }
    return owner;
  }

  /** Of the pod with this ordinal. */
  templateFor(owner: number, ordinal: number): number {
    return this.upkeep[owner]?.templateOf?.(ordinal) ?? this.owners.template[owner];
  }

  /**
   * Whether some owner will end by itself, may get a pod now that it was refused before, or has lost one that is not
   * known yet.
   */
  haveEnds(): boolean {
    if (this.endsDue > 0 || this.losses.length > 0) return true;
    if (this.retries.waitingCount + this.jobRetries.waitingCount === 0) return false;
    const roomAt = this.gate.roomAt();
    return this.upkeep.some(
      (upkeep) => upkeep !== undefined && upkeep.refused.length > 0 && upkeep.refusedAt <= roomAt,
    );
  }

  /** First pods of an owner that the API server has refused, by their run times. */
  askLater(owner: number, durationsMicros: readonly Micros[]): void {
    const upkeep = this.upkeepOf(owner);
    const first = durationsMicros.map(
      (durationMicros): Loss => (
        { owner, durationMicros, ordinal: -1, pod: -1, incarnation: 0, replaces: false, isVoid: false }
      ),
    );
    upkeep.pending += first.length;
    this.keep(owner, upkeep, [...upkeep.refused, ...first]);
  }

  podTerminating(pod: number): void {
    const owner = this.cluster.pods.owner[pod];
    if (owner < 0 || this.upkeep[owner]?.ended !== false) return;
    const kind = this.owners.kind[owner];
    if (kind === WorkloadKind.ReplicaSet || kind === WorkloadKind.Job) this.noteLoss(pod, owner, -1);
  }

  podRemoved(pod: number, _node: number, _phase: number, outcome: PodOutcome): void {
    const owner = this.cluster.pods.owner[pod];
    const upkeep = owner < 0 ? undefined : this.upkeep[owner];
    if (upkeep === undefined) return;
    if (!upkeep.ended) this.considerGonePod(pod, owner, upkeep, outcome);
  }

  podDeleted(pod: number): void {
    const owner = this.cluster.pods.owner[pod];
    const upkeep = owner < 0 ? undefined : this.upkeep[owner];
    if (upkeep !== undefined) this.freeWhenDone(owner, upkeep);
  }

  private considerGonePod(pod: number, owner: number, upkeep: Upkeep, outcome: PodOutcome): void {
    const { owners } = this;
    const { pods } = this.cluster;
    switch (owners.kind[owner]) {
      case WorkloadKind.StatefulSet:
        return this.noteLoss(pod, owner, pods.nameOrdinal[pod]);
      case WorkloadKind.Job:
        if (outcome === PodOutcome.Succeeded) {
          if (pods.isTerminating(pod)) this.loseNothing(pod);
          if (upkeep.podsToCome === 0) return;
          upkeep.podsToCome--;
          return this.noteLoss(pod, owner, -1, false);
        } else if (pods.isTerminating(pod)) return;
        return this.noteLoss(pod, owner, -1);
      case WorkloadKind.ReplicaSet:
        if (!pods.isTerminating(pod)) this.noteLoss(pod, owner, -1);
        return;
      default:
    }
  }

  private noteLoss(pod: number, owner: number, ordinal: number, replaces = true): void {
    this.upkeepOf(owner).pending++;
    const { durationMicros, incarnation } = this.cluster.pods;
    this.losses.push({
      owner,
      durationMicros: durationMicros[pod],
      ordinal,
      pod,
      incarnation: incarnation[pod],
      replaces,
      isVoid: false,
    });
    this.kernel.after(this.seesAfter(), this.replaceEvent);
  }

  private loseNothing(pod: number): void {
    const incarnation = this.cluster.pods.incarnation[pod];
    for (let at = this.lossHead; at < this.losses.length; at++) {
      const loss = this.losses[at];
      if (loss.pod === pod && loss.incarnation === incarnation) loss.isVoid = true;
    }
  }

  private replace(): void {
    const loss = this.losses[this.lossHead++];
    if (this.lossHead === this.losses.length) {
      this.losses = [];
      this.lossHead = 0;
    }
    const { owner } = loss;
    const upkeep = this.upkeepOf(owner);
    upkeep.pending--;
    if (upkeep.ended || loss.isVoid) return this.freeWhenDone(owner, upkeep);
    if (upkeep.refused.length === 0 && !this.gate.isRefused(this.templateOf(loss))) return this.make(loss);
    upkeep.pending++;
    if (upkeep.refused.length === 0) return this.keep(owner, upkeep, [loss]);
    upkeep.refused = [...upkeep.refused, loss];
    this.retry(owner);
  }

  private templateOf({ owner, ordinal }: Loss): number {
    return ordinal < 0 ? this.owners.template[owner] : this.templateFor(owner, ordinal);
  }

  private make(loss: Loss): void {
    const { owners } = this;
    const { owner } = loss;
    const nameBase = owners.nameBase[owner];
    const nameOrdinal = loss.ordinal >= 0 ? loss.ordinal : owners.takeOrdinal(nameBase);
    const template = this.templateFor(owner, nameOrdinal);
    if (loss.ordinal >= 0) this.deleteFailed(loss);
    this.creating = loss.pod >= 0;
    const pod = this.cluster.createPod({
      template,
      nameBase,
      nameOrdinal,
      owner,
      workloadClass: owners.workloadClass[owner],
      durationMicros: loss.durationMicros,
      pinnedNode: -1,
    });
    this.creating = false;
    if (!loss.replaces) return;
    this.replacedCount++;
    const isThere =
      this.cluster.pods.incarnation[loss.pod] === loss.incarnation &&
      this.cluster.pods.phase[loss.pod] !== PodPhase.Free;
    this.onReplaced(pod, isThere ? loss.pod : -1);
  }

  /** A pod that has failed has the name that the next one needs. */
  private deleteFailed({ pod, incarnation }: Loss): void {
    const { cluster } = this;
    const { pods } = cluster;
    if (pods.incarnation[pod] !== incarnation || !pods.hasEnded(pod)) return;
    if (!pods.isTerminating(pod)) cluster.terminatePod(pod, EvictionCause.None);
    cluster.removePod(pod, PodOutcome.Deleted);
  }

  // ---- refused pods ----------------------------------------------------------------------------------------------

  private retriesOf(owner: number): WorkQueue {
    return this.owners.kind[owner] === WorkloadKind.Job ? this.jobRetries : this.retries;
  }

  private keep(owner: number, upkeep: Upkeep, refused: readonly Loss[]): void {
    upkeep.refused = refused;
    upkeep.refusedAt = this.kernel.now;
    this.retriesOf(owner).addRateLimited(owner);
  }

  private retry(owner: number): void {
    const upkeep = this.upkeep[owner];
    if (upkeep === undefined || upkeep.refused.length === 0) return;
    const { refused } = upkeep;
    const left: Loss[] = [];
    let tried = 0;
    const { isRefused } = slowStart(refused.length, (at) => {
      tried = at + 1;
      if (this.gate.isRefused(this.templateOf(refused[at]))) return left.push(refused[at]) < 0;
      upkeep.pending--;
      this.make(refused[at]);
      return true;
    });
    upkeep.refused = NONE;
    if (isRefused) this.keep(owner, upkeep, [...left, ...refused.slice(tried)]);
    else this.retriesOf(owner).forget(owner);
  }

  private end(owner: number, incarnation: number): void {
    this.endsDue--;
    const { owners } = this;
    if (owners.incarnation[owner] !== incarnation) return;
    const upkeep = this.upkeepOf(owner);
    upkeep.ended = true;
    upkeep.pending -= upkeep.refused.length;
    upkeep.refused = NONE;
    for (const pod of owners.podsOf(owner)) this.cluster.terminatePod(pod, EvictionCause.None);
    this.freeWhenDone(owner, upkeep);
  }

  private upkeepOf(owner: number): Upkeep {
    const upkeep = this.upkeep[owner];
    assert(upkeep !== undefined, 'an owner that is looked after here');
    return upkeep;
  }

  private freeWhenDone(owner: number, upkeep: Upkeep): void {
    const { owners } = this;
    if (owners.alive[owner] > 0 || upkeep.pending > 0 || owners.kind[owner] === WorkloadKind.DaemonSet) return;
    if (!upkeep.ended && owners.kind[owner] !== WorkloadKind.Job) return;
    this.upkeep[owner] = undefined;
    this.cluster.workloadWriter.forget(owner);
  }
}

const NONE: readonly Loss[] = [];
