/**
 * The owner table: who made the pods that are replaced when lost. One row an owner, freed rows reused; the pods of an
 * owner are a list through their rows. About 60 bytes an owner and 8 bytes a pod row. ReplacementController writes here.
 */
import { assert } from '../base/assert.ts';
import { grownCapacity, growFloat64, growInt32, growUint8 } from '../base/growable.ts';
import type { Micros } from '../base/time.ts';
import type { PodTable } from '../cluster/pod-table.ts';

export const OwnerKind = {
  /** Also what a Deployment comes down to. Replaces a pod as soon as it is terminating. */
  ReplicaSet: 0,
  /** Replaces a pod under the same name once it is gone. */
  StatefulSet: 1,
  /** Replaces a pod as soon as it is terminating or has failed, until enough have succeeded. */
  Job: 2,
  /** One pod a node: DaemonSets replaces them. */
  DaemonSet: 3,
} as const;
export type OwnerKind = (typeof OwnerKind)[keyof typeof OwnerKind];

export interface OwnerSeed {
  readonly kind: OwnerKind;
  readonly template: number;
  /**
   * Where each of its pods has a template of its own (StatefulSet): the one of an ordinal. Called when a pod is about to
   * be made.
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

export class OwnerTable {
  /** Rows ever used. */
  length = 0;
  count = 0;
  private capacity = 0;
  private readonly freeRows: number[] = [];
  private readonly pods: PodTable;

  kind: Uint8Array = new Uint8Array(0);
  template: Int32Array = new Int32Array(0);
  workloadClass: Int32Array = new Int32Array(0);
  nameBase: Int32Array = new Int32Array(0);
  incarnation: Int32Array = new Int32Array(0);
  endsAt: Float64Array = new Float64Array(0);
  podsToCome: Int32Array = new Int32Array(0);
  /** -1: none. */
  scale: Int32Array = new Int32Array(0);
  /** Pods that exist, terminating ones included. */
  alive: Int32Array = new Int32Array(0);
  /** Replacements that were decided on and not made yet. */
  pending: Int32Array = new Int32Array(0);
  /** 1: its pods are on their way out, none is replaced. */
  ended: Uint8Array = new Uint8Array(0);
  private firstPod: Int32Array = new Int32Array(0);
  private readonly templatesByOrdinal = new Map<number, (ordinal: number) => number>();
  /** By pod row. */
  private nextPod: Int32Array = new Int32Array(0);
  private previousPod: Int32Array = new Int32Array(0);
  /** By interned name: the next ordinal behind it. */
  private ordinals: Int32Array = new Int32Array(0);

  constructor(pods: PodTable) {
    this.pods = pods;
  }

  add(seed: OwnerSeed): number {
    const row = this.freeRows.pop() ?? this.length++;
    if (row >= this.capacity) this.grow(row + 1);
    this.count++;
    this.incarnation[row]++;
    this.kind[row] = seed.kind;
    this.template[row] = seed.template;
    this.workloadClass[row] = seed.workloadClass;
    this.nameBase[row] = seed.nameBase;
    this.endsAt[row] = seed.endsAtMicros;
    this.podsToCome[row] = seed.podsToCome;
    this.scale[row] = seed.scale;
    if (seed.templateOf !== undefined) this.templatesByOrdinal.set(row, seed.templateOf);
    this.alive[row] = this.pending[row] = this.ended[row] = 0;
    this.firstPod[row] = -1;
    return row;
  }

  /** Whether some owner will end by itself. */
  haveEnds(): boolean {
    for (let row = 0; row < this.length; row++) {
      if (this.ended[row] === 0 && this.endsAt[row] !== Infinity) return true;
    }
    return false;
  }

  free(row: number): void {
    assert(this.alive[row] === 0 && this.pending[row] === 0, 'an owner with pods is not freed');
    this.count--;
    this.templatesByOrdinal.delete(row);
    this.incarnation[row]++;
    this.freeRows.push(row);
  }

  /** Of the pod with this ordinal. */
  templateFor(owner: number, ordinal: number): number {
    return this.templatesByOrdinal.get(owner)?.(ordinal) ?? this.template[owner];
  }

  /** The next ordinal behind a name prefix; owners of one prefix share the numbering. */
  takeOrdinal(nameBase: number): number {
    if (nameBase >= this.ordinals.length) this.ordinals = growInt32(this.ordinals, grownCapacity(this.ordinals.length, nameBase + 1));
    return this.ordinals[nameBase]++;
  }

  /** Ordinals up to `ordinal` are taken: by pods that came with their names. */
  reserveOrdinal(nameBase: number, ordinal: number): void {
    const next = this.takeOrdinal(nameBase);
    this.ordinals[nameBase] = Math.max(next, ordinal + 1);
  }

  link(pod: number, owner: number): void {
    if (pod >= this.nextPod.length) {
      this.nextPod = growInt32(this.nextPod, this.pods.capacity);
      this.previousPod = growInt32(this.previousPod, this.pods.capacity);
    }
    const first = this.firstPod[owner];
    this.nextPod[pod] = first;
    this.previousPod[pod] = -1;
    if (first >= 0) this.previousPod[first] = pod;
    this.firstPod[owner] = pod;
    this.alive[owner]++;
  }

  unlink(pod: number, owner: number): void {
    const next = this.nextPod[pod];
    const previous = this.previousPod[pod];
    if (next >= 0) this.previousPod[next] = previous;
    if (previous >= 0) this.nextPod[previous] = next;
    else this.firstPod[owner] = next;
    this.alive[owner]--;
  }

  /** Rows of the owner's pods, oldest first. */
  podsOf(owner: number): number[] {
    const rows: number[] = [];
    for (let pod = this.firstPod[owner]; pod >= 0; pod = this.nextPod[pod]) rows.push(pod);
    return rows.reverse();
  }

  private grow(needed: number): void {
    const capacity = grownCapacity(this.capacity, needed);
    this.kind = growUint8(this.kind, capacity);
    this.template = growInt32(this.template, capacity);
    this.workloadClass = growInt32(this.workloadClass, capacity);
    this.nameBase = growInt32(this.nameBase, capacity);
    this.incarnation = growInt32(this.incarnation, capacity);
    this.endsAt = growFloat64(this.endsAt, capacity);
    this.podsToCome = growInt32(this.podsToCome, capacity);
    this.scale = growInt32(this.scale, capacity);
    this.alive = growInt32(this.alive, capacity);
    this.pending = growInt32(this.pending, capacity);
    this.ended = growUint8(this.ended, capacity);
    this.firstPod = growInt32(this.firstPod, capacity);
    this.capacity = capacity;
  }
}
