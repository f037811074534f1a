/**
 * The workload table: Deployments, ReplicaSets, StatefulSets, DaemonSets, Jobs and CronJobs, one row each, freed rows
 * reused. A row number with its incarnation names a workload for ever, as with pods and nodes. The owner of a pod is
 * a row here; the pods of a workload, and the workloads of a parent, are lists through their rows.
 * Counts of a status are columns; what else a kind keeps stands in `details` (workload-details.ts). Only Cluster and
 * WorkloadWriter write here. About 100 bytes a workload and 8 a pod row.
 */
import { assert } from '../base/assert.ts';
import { grownCapacity, growFloat64, growInt32, growUint8 } from '../base/growable.ts';
import type { Micros } from '../base/time.ts';
import type { WorkloadObject } from './objects.ts';
import type { PodTable, RowName } from './pod-table.ts';
import type { WorkloadDetails } from './workload-details.ts';

export const WorkloadKind = {
  ReplicaSet: 0,
  StatefulSet: 1,
  Job: 2,
  DaemonSet: 3,
  Deployment: 4,
  CronJob: 5,
} as const;
export type WorkloadKind = (typeof WorkloadKind)[keyof typeof WorkloadKind];
export const WORKLOAD_KIND_NAMES: readonly string[] = [
  'ReplicaSet',
  'StatefulSet',
  'Job',
  'DaemonSet',
  'Deployment',
  'CronJob',
];

/** Of a new workload. */
export interface WorkloadSeed {
  readonly kind: WorkloadKind;
  /** As its author wrote it, with its defaults; null: a generated one that nobody wrote down. */
  readonly object: WorkloadObject | null;
  /** `namespace/name`. */
  readonly key: string;
  /** Row of the controller among its ownerReferences, -1: none. */
  readonly parent: number;
  /** spec.replicas, or what stands for it; -1: the kind has no scale. */
  readonly wanted: number;
  /** Template id of its pods; -1: its controller makes them. */
  readonly template: number;
  /** Index into Cluster.classes. */
  readonly workloadClass: number;
  /** Interned prefix of its pods' names. */
  readonly nameBase: number;
  /** Run time of its pods, known to the simulator only; Infinity: for ever. */
  readonly podMicros: Micros;
  readonly details: WorkloadDetails | null;
}

/** With the place in the order of creation. */
export interface WorkloadRowName extends RowName {
  readonly serial: number;
}

/** What changes of a workload in its life, but for its end. */
export type WorkloadState = Readonly<Record<(typeof STATE_COLUMNS)[number], number>> & {
  readonly object: WorkloadObject | null;
  readonly details: WorkloadDetails | null;
};

export class WorkloadTable {
  /** Rows ever used. */
  length = 0;
  count = 0;
  private capacity = 0;
  private serials = 0;
  private readonly freeRows: number[] = [];
  /** By kind, then key; null: nobody has looked for one of the kind yet, and most kinds are never looked for. */
  private readonly byKey: (Map<string, number> | null)[] = WORKLOAD_KIND_NAMES.map(() => null);
  private readonly pods: PodTable;

  /** 0: the row is free; 1: it stands for a workload, 2: for one that is an API object. */
  used: Uint8Array = new Uint8Array(0);
  kind: Uint8Array = new Uint8Array(0);
  incarnation: Int32Array = new Int32Array(0);
  /** Counts workloads in order of creation: the order of their UIDs. */
  serial: Int32Array = new Int32Array(0);
  parent: Int32Array = new Int32Array(0);
  template: Int32Array = new Int32Array(0);
  workloadClass: Int32Array = new Int32Array(0);
  nameBase: Int32Array = new Int32Array(0);
  podMicros: Float64Array = new Float64Array(0);
  createdAt: Float64Array = new Float64Array(0);
  /** deletionTimestamp, NaN while nobody has asked for it. */
  deletionAt: Float64Array = new Float64Array(0);
  /** metadata.generation: counts changes of the spec, `wanted` among them. */
  generation: Int32Array = new Int32Array(0);
  wanted: Int32Array = new Int32Array(0);
  /** Of the status. What `updated` and `ready` mean is the kind's matter. */
  observedGeneration: Int32Array = new Int32Array(0);
  replicas: Int32Array = new Int32Array(0);
  ready: Int32Array = new Int32Array(0);
  available: Int32Array = new Int32Array(0);
  updated: Int32Array = new Int32Array(0);
  terminating: Int32Array = new Int32Array(0);
  /** Pods that exist, terminating and ended ones included. */
  alive: Int32Array = new Int32Array(0);
  readonly object: (WorkloadObject | null)[] = [];
  readonly key: string[] = [];
  readonly details: (WorkloadDetails | null)[] = [];
  /** Workloads that have this one as their parent, oldest first. */
  readonly children: (readonly number[])[] = [];
  private firstPod: Int32Array = new Int32Array(0);
  private lastPod: Int32Array = new Int32Array(0);
  /** By pod row. */
  private nextPod: Int32Array = new Int32Array(0);
  private previousPod: Int32Array = new Int32Array(0);
  /** By interned name: the next ordinal behind it. */
  private ordinals: Int32Array = new Int32Array(0);

  constructor(pods: PodTable) {
    this.pods = pods;
  }

  /** Row of the workload, -1 when there is none. Generated ones without a key are not found. */
  find(kind: WorkloadKind, key: string): number {
    return (this.byKey[kind] ??= this.rowsByKey(kind)).get(key) ?? -1;
  }

  private rowsByKey(kind: WorkloadKind): Map<string, number> {
    const rows = new Map<string, number>();
    for (let row = 0; row < this.length; row++)
      if (this.isObject(row) && this.kind[row] === kind) rows.set(this.key[row], row);
    return rows;
  }

  /** An API object stands behind the row, and controllers look at its pods until they delete them. */
  isObject(row: number): boolean {
    return this.used[row] === OBJECT;
  }

  /** Of an object; one without a namespace is in `default`. */
  namespaceOf(row: number): string {
    const key = this.key[row];
    return key.includes('/') ? key.slice(0, key.indexOf('/')) : 'default';
  }

  nameOf(row: number): string {
    const key = this.key[row];
    return key.slice(key.indexOf('/') + 1);
  }

  isDeleting(row: number): boolean {
    return this.deletionAt[row] === this.deletionAt[row];
  }

  /** `as`: the row to be taken, which is free or an owner's that was forgotten. */
  add(seed: WorkloadSeed, now: Micros, as?: WorkloadRowName): number {
    const row = as?.row ?? this.freeRows.pop() ?? this.length++;
    if (row >= this.capacity) this.grow(row + 1);
    this.length = Math.max(this.length, row + 1);
    if (as !== undefined && this.used[row] !== 0) this.free(row);
    this.count++;
    this.used[row] = seed.key === '' ? 1 : OBJECT;
    this.incarnation[row] = as?.incarnation ?? this.incarnation[row] + 1;
    this.serial[row] = as?.serial ?? this.serials++;
    this.kind[row] = seed.kind;
    this.parent[row] = seed.parent;
    this.template[row] = seed.template;
    this.workloadClass[row] = seed.workloadClass;
    this.nameBase[row] = seed.nameBase;
    this.podMicros[row] = seed.podMicros;
    this.createdAt[row] = now;
    this.deletionAt[row] = NaN;
    this.generation[row] = 1;
    this.wanted[row] = seed.wanted;
    this.observedGeneration[row] = this.replicas[row] = this.ready[row] = this.available[row] = 0;
    this.updated[row] = this.terminating[row] = this.alive[row] = 0;
    this.object[row] = seed.object;
    this.key[row] = seed.key;
    this.details[row] = seed.details;
    this.children[row] = NO_ROWS;
    this.firstPod[row] = this.lastPod[row] = -1;
    if (seed.key !== '') this.byKey[seed.kind]?.set(seed.key, row);
    if (seed.parent >= 0) this.children[seed.parent] = [...this.children[seed.parent], row];
    return row;
  }

  rowName(row: number): WorkloadRowName {
    return { row, incarnation: this.incarnation[row], serial: this.serial[row] };
  }

  /** Of a row that was just filled. */
  seedOf(row: number): WorkloadSeed {
    return {
      kind: this.kind[row] as WorkloadKind,
      object: this.object[row],
      key: this.key[row],
      parent: this.parent[row],
      wanted: this.wanted[row],
      template: this.template[row],
      workloadClass: this.workloadClass[row],
      nameBase: this.nameBase[row],
      podMicros: this.podMicros[row],
      details: this.details[row],
    };
  }

  stateOf(row: number): WorkloadState {
    const columns = Object.fromEntries(STATE_COLUMNS.map((name) => [name, this[name][row]]));
    return {
      ...(columns as Record<(typeof STATE_COLUMNS)[number], number>),
      object: this.object[row],
      details: this.details[row],
    };
  }

  restate(row: number, state: WorkloadState): void {
    for (const name of STATE_COLUMNS) this[name][row] = state[name];
    this.object[row] = state.object;
    this.details[row] = state.details;
  }

  free(row: number): void {
    assert(this.used[row] !== 0 && this.alive[row] === 0, 'a workload with pods is not freed');
    assert(this.children[row].length === 0, 'a workload that others name as their parent is not freed');
    const parent = this.parent[row];
    if (parent >= 0) this.children[parent] = this.children[parent].filter((child) => child !== row);
    if (this.key[row] !== '') this.byKey[this.kind[row]]?.delete(this.key[row]);
    this.count--;
    this.used[row] = 0;
    this.incarnation[row]++;
    this.object[row] = this.details[row] = null;
    this.key[row] = '';
    this.freeRows.push(row);
  }

  /** The next ordinal behind a name prefix; workloads of one prefix share the numbering. */
  takeOrdinal(nameBase: number): number {
    if (nameBase >= this.ordinals.length)
      this.ordinals = growInt32(this.ordinals, grownCapacity(this.ordinals.length, nameBase + 1));
    return this.ordinals[nameBase]++;
  }

  /** Ordinals up to `ordinal` are taken: by pods that came with their names. */
  reserveOrdinal(nameBase: number, ordinal: number): void {
    const next = this.takeOrdinal(nameBase);
    this.ordinals[nameBase] = Math.max(next, ordinal + 1);
  }

  /** The youngest pod stands last. */
  link(pod: number, owner: number): void {
    assert(this.used[owner] !== 0, 'the owner of a pod is a workload');
    if (pod >= this.nextPod.length) {
      this.nextPod = growInt32(this.nextPod, this.pods.capacity);
      this.previousPod = growInt32(this.previousPod, this.pods.capacity);
    }
    const last = this.lastPod[owner];
    this.previousPod[pod] = last;
    this.nextPod[pod] = -1;
    if (last >= 0) this.nextPod[last] = pod;
    else this.firstPod[owner] = pod;
    this.lastPod[owner] = pod;
    this.alive[owner]++;
  }

  unlink(pod: number, owner: number): void {
    const next = this.nextPod[pod];
    const previous = this.previousPod[pod];
    if (next >= 0) this.previousPod[next] = previous;
    else this.lastPod[owner] = previous;
    if (previous >= 0) this.nextPod[previous] = next;
    else this.firstPod[owner] = next;
    this.alive[owner]--;
  }

  /** Rows of the workload's pods, oldest first. */
  podsOf(owner: number): number[] {
    const rows: number[] = [];
    for (let pod = this.firstPod[owner]; pod >= 0; pod = this.nextPod[pod]) rows.push(pod);
    return rows;
  }

  /** The same without an array: the oldest, and the next after one; -1: there is none. */
  firstPodOf(owner: number): number {
    return this.firstPod[owner];
  }

  podAfter(pod: number): number {
    return this.nextPod[pod];
  }

  private grow(needed: number): void {
    const capacity = grownCapacity(this.capacity, needed);
    this.used = growUint8(this.used, capacity);
    this.kind = growUint8(this.kind, capacity);
    this.podMicros = growFloat64(this.podMicros, capacity);
    this.createdAt = growFloat64(this.createdAt, capacity);
    this.deletionAt = growFloat64(this.deletionAt, capacity);
    for (const name of INT32_COLUMNS) this[name] = growInt32(this[name], capacity);
    this.firstPod = growInt32(this.firstPod, capacity);
    this.lastPod = growInt32(this.lastPod, capacity);
    this.capacity = capacity;
  }
}

const STATE_COLUMNS = [
  'generation', 'wanted', 'observedGeneration', 'replicas', 'ready', 'available', 'updated', 'terminating',
] as const;
const NO_ROWS: readonly number[] = [];
const OBJECT = 2;
const INT32_COLUMNS = [
  'incarnation',
  'serial',
  'parent',
  'template',
  'workloadClass',
  'nameBase',
  'generation',
  'wanted',
  'observedGeneration',
  'replicas',
  'ready',
  'available',
  'updated',
  'terminating',
  'alive',
] as const;
