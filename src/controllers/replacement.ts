/**
 * Replacement of lost pods, as their controllers do it, and the end of owners that have one.
 *  - ReplicaSet: when a pod is terminating or gone (pkg/controller/replicaset: terminating pods are not counted);
 *  - Job: when a pod is terminating or has failed (podReplacementPolicy TerminatingOrFailed), with the lost pod's whole
 *    run time: the work is done again; and the next one of its completions when a pod has succeeded;
 *  - StatefulSet: when the pod is gone, under its name;
 *  - DaemonSet: not here, see daemon-sets.ts. Bare pods: never.
 * The new pod is created in the controller phase of the same instant. Costs a list link per owned pod; a lost pod
 * costs an event and an entry in a queue.
 */
import type { Micros } from '../base/time.ts';
import { EvictionCause, PodOutcome, PodPhase } from '../cluster/cluster.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { ClusterObserver } from '../cluster/observer.ts';
import type { EventKind, Kernel } from '../kernel/kernel.ts';
import { OwnerKind, type OwnerSeed, type OwnerTable } from './owners.ts';

interface Loss {
  readonly owner: number;
  readonly durationMicros: Micros;
  /** StatefulSet: the ordinal to use again; -1: the next one. */
  readonly ordinal: number;
  /** Row and incarnation of the lost pod. */
  readonly pod: number;
  readonly incarnation: number;
  /** false: the lost pod had succeeded, and the new one is the next of its Job's completions. */
  readonly replaces: boolean;
}

export class ReplacementController implements ClusterObserver {
  readonly owners: OwnerTable;
  /** Replacements made so far. */
  replacedCount = 0;
  /** Told of every replacement: the new pod, and the row of the lost one while that is still there, else -1. */
  onReplaced: (pod: number, lost: number) => void = () => undefined;
  private readonly kernel: Kernel;
  private readonly cluster: Cluster;
  /** From `lossHead` on, one entry for each replace event in the queue, in the same order. */
  private losses: Loss[] = [];
  private lossHead = 0;
  private readonly replaceEvent: EventKind;
  private readonly endEvent: EventKind;
  private creating = false;

  constructor(kernel: Kernel, cluster: Cluster, owners: OwnerTable) {
    this.kernel = kernel;
    this.cluster = cluster;
    this.owners = owners;
    this.replaceEvent = kernel.defineEvent('pod replacement', 4, () => this.replace());
    this.endEvent = kernel.defineEvent('owner end', 4, (owner, incarnation) => this.end(owner, incarnation));
    cluster.observe(this);
  }

  /** True while this controller creates a pod. */
  get isCreating(): boolean {
    return this.creating;
  }

  addOwner(seed: OwnerSeed): number {
    const owner = this.owners.add(seed);
    if (seed.endsAtMicros !== Infinity) this.kernel.at(seed.endsAtMicros, this.endEvent, owner, this.owners.incarnation[owner]);
    return owner;
  }

  podCreated(pod: number): void {
    const owner = this.cluster.pods.owner[pod];
    if (owner >= 0) this.owners.link(pod, owner);
  }

  podTerminating(pod: number): void {
    const owner = this.cluster.pods.owner[pod];
    if (owner < 0 || this.owners.ended[owner] === 1) return;
    const kind = this.owners.kind[owner];
    if (kind === OwnerKind.ReplicaSet || kind === OwnerKind.Job) this.noteLoss(pod, owner, -1);
  }

  podRemoved(pod: number, _node: number, _phase: number, outcome: PodOutcome): void {
    const { owners } = this;
    const { pods } = this.cluster;
    const owner = pods.owner[pod];
    if (owner < 0) return;
    owners.unlink(pod, owner);
    if (owners.ended[owner] === 0) this.considerGonePod(pod, owner, outcome);
    this.freeWhenDone(owner);
  }

  private considerGonePod(pod: number, owner: number, outcome: PodOutcome): void {
    const { owners } = this;
    const { pods } = this.cluster;
    switch (owners.kind[owner]) {
      case OwnerKind.StatefulSet:
        return this.noteLoss(pod, owner, pods.nameOrdinal[pod]);
      case OwnerKind.Job:
        if (outcome === PodOutcome.Succeeded) {
          if (owners.podsToCome[owner] === 0) return;
          owners.podsToCome[owner]--;
          return this.noteLoss(pod, owner, -1, false);
        } else if (pods.isTerminating(pod)) return;
        return this.noteLoss(pod, owner, -1);
      case OwnerKind.ReplicaSet:
        if (!pods.isTerminating(pod)) this.noteLoss(pod, owner, -1);
        return;
      default:
    }
  }

  private noteLoss(pod: number, owner: number, ordinal: number, replaces = true): void {
    this.owners.pending[owner]++;
    const { durationMicros, incarnation } = this.cluster.pods;
    this.losses.push({ owner, durationMicros: durationMicros[pod], ordinal, pod, incarnation: incarnation[pod], replaces });
    this.kernel.after(0, this.replaceEvent);
  }

  private replace(): void {
    const { owners } = this;
    const loss = this.losses[this.lossHead++];
    if (this.lossHead === this.losses.length) {
      this.losses = [];
      this.lossHead = 0;
    }
    const { owner } = loss;
    owners.pending[owner]--;
    if (owners.ended[owner] === 1) return this.freeWhenDone(owner);
    const nameBase = owners.nameBase[owner];
    const nameOrdinal = loss.ordinal >= 0 ? loss.ordinal : owners.takeOrdinal(nameBase);
    const template = owners.templateFor(owner, nameOrdinal);
    this.creating = true;
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
    const isThere = this.cluster.pods.incarnation[loss.pod] === loss.incarnation && this.cluster.pods.phase[loss.pod] !== PodPhase.Free;
    this.onReplaced(pod, isThere ? loss.pod : -1);
  }

  private end(owner: number, incarnation: number): void {
    const { owners } = this;
    if (owners.incarnation[owner] !== incarnation) return;
    owners.ended[owner] = 1;
    for (const pod of owners.podsOf(owner)) this.cluster.terminatePod(pod, EvictionCause.None);
    this.freeWhenDone(owner);
  }

  private freeWhenDone(owner: number): void {
    const { owners } = this;
    if (owners.alive[owner] > 0 || owners.pending[owner] > 0 || owners.kind[owner] === OwnerKind.DaemonSet) return;
    if (owners.ended[owner] === 1 || owners.kind[owner] === OwnerKind.Job) owners.free(owner);
  }
}
