/**
 * The verbs of workloads: each asserts its row, writes the columns, feeds the digest and tells the observers. Part of
 * Cluster, which lends it the begin of a verb and the notices. A status that says what it said before writes nothing.
 */
import { assert } from '../base/assert.ts';
import type { Micros } from '../base/time.ts';
import type { WorkloadObject } from './objects.ts';
import type { WorkloadChange } from './observer.ts';
import type { WorkloadDetails } from './workload-details.ts';
import { canonicalText } from './pod-template.ts';
import { Verb } from './verb.ts';
import { WORKLOAD_KIND_NAMES, WorkloadKind } from './workload-table.ts';
import type { WorkloadRowName, WorkloadSeed, WorkloadState, WorkloadTable } from './workload-table.ts';

/** What the writer needs of the cluster. */
export interface WorkloadPen {
  now(): Micros;
  begin(verb: number, row: number, value: number): void;
  feedText(text: string): void;
  tell(row: number, change: WorkloadChange): void;
  stood(row: number): void;
}

/** The counts of a status; those left out stay. */
export interface WorkloadCounts {
  readonly replicas?: number;
  readonly ready?: number;
  readonly available?: number;
  readonly updated?: number;
  readonly terminating?: number;
}

export class WorkloadWriter {
  private readonly table: WorkloadTable;
  private readonly pen: WorkloadPen;

  constructor(table: WorkloadTable, pen: WorkloadPen) {
    this.table = table;
    this.pen = pen;
  }

  /** `as`: the row that another cluster has for it. */
  create(seed: WorkloadSeed, as?: WorkloadRowName): number {
    const row = this.table.add(seed, this.pen.now(), as);
    this.pen.begin(Verb.CreateWorkload, row, seed.wanted);
    this.pen.feedText(`${WORKLOAD_KIND_NAMES[seed.kind]} ${seed.key}`);
    this.pen.tell(row, 'created');
    return row;
  }

  /** An owner that stands for itself: nobody wrote an object down, so nothing is told. `forget` ends it. */
  stand(seed: WorkloadSeed, as?: WorkloadRowName): number {
    const row = this.table.add(seed, this.pen.now(), as);
    this.pen.stood(row);
    return row;
  }

  forget(row: number): void {
    this.table.free(row);
  }

  /** What another cluster says of the workload. */
  restate(row: number, state: WorkloadState, change: WorkloadChange): void {
    this.begin(Verb.UpdateWorkload, row, state.wanted);
    this.forgetTemplate(row, state.object);
    this.table.restate(row, state);
    this.pen.tell(row, change);
  }

  /** The template of the pods that its controller makes from now on; no part of the API's object. */
  noteTemplate(row: number, template: number): void {
    this.table.template[row] = template;
  }

  /** Another spec, by its author. `wanted` goes with it. One that says the same is no change. */
  update(row: number, object: WorkloadObject, wanted: number): void {
    const isSame = canonicalText(this.table.object[row]?.spec ?? {}) === canonicalText(object.spec ?? {});
    if (isSame && this.table.wanted[row] === wanted) return;
    this.begin(Verb.UpdateWorkload, row, wanted);
    this.forgetTemplate(row, object);
    this.table.object[row] = object;
    this.table.wanted[row] = wanted;
    this.table.generation[row]++;
    this.pen.tell(row, 'spec');
  }

  /** The scale endpoint; also what a Deployment writes into its ReplicaSets, with their annotations. */
  scale(row: number, wanted: number, details: WorkloadDetails | null = this.table.details[row]): void {
    const { table } = this;
    if (table.wanted[row] === wanted && table.details[row] === details) return;
    this.begin(Verb.UpdateWorkload, row, wanted);
    if (table.wanted[row] !== wanted) table.generation[row]++;
    table.wanted[row] = wanted;
    table.details[row] = details;
    this.pen.tell(row, 'spec');
  }

  /** Returns whether anything changed. `details` is compared by identity. */
  writeStatus(row: number, counts: WorkloadCounts, details: WorkloadDetails | null = this.table.details[row]): boolean {
    const { table } = this;
    const isSame =
      table.details[row] === details &&
      table.observedGeneration[row] === table.generation[row] &&
      this.isSame(row, counts);
    if (isSame) return false;
    const { replicas = table.replicas[row], ready = table.ready[row] } = counts;
    this.begin(Verb.WorkloadStatus, row, replicas);
    table.observedGeneration[row] = table.generation[row];
    table.replicas[row] = replicas;
    table.ready[row] = ready;
    table.available[row] = counts.available ?? table.available[row];
    table.updated[row] = counts.updated ?? table.updated[row];
    table.terminating[row] = counts.terminating ?? table.terminating[row];
    table.details[row] = details;
    this.pen.tell(row, 'status');
    return true;
  }

  /** Conditions or annotations alone, by a controller that has not settled the rest of the status yet. */
  annotate(row: number, details: WorkloadDetails): void {
    this.begin(Verb.WorkloadStatus, row, 0);
    this.table.details[row] = details;
    this.pen.tell(row, 'status');
  }

  /** Asks for the workload's deletion. Again asking changes nothing. */
  delete(row: number): void {
    if (this.table.isDeleting(row)) return;
    this.begin(Verb.DeleteWorkload, row, 0);
    this.table.deletionAt[row] = this.pen.now();
    this.pen.tell(row, 'deleting');
  }

  /** Its object is gone; it has neither pods nor children any more. */
  remove(row: number): void {
    this.begin(Verb.RemoveWorkload, row, 0);
    this.pen.tell(row, 'gone');
    this.table.free(row);
  }

  /** A Deployment's pods are made of its ReplicaSets' templates; the first of these may stand on its own row. */
  private forgetTemplate(row: number, object: WorkloadObject | null): void {
    const { table } = this;
    if (table.kind[row] !== WorkloadKind.Deployment) return;
    if (object?.spec?.template !== table.object[row]?.spec?.template) table.template[row] = -1;
  }

  private begin(verb: number, row: number, value: number): void {
    assert(this.table.used[row] !== 0, 'a verb of workloads needs a workload');
    this.pen.begin(verb, row, value);
  }

  private isSame(row: number, counts: WorkloadCounts): boolean {
    const { table } = this;
    const { replicas, ready, available, updated, terminating } = counts;
    return (
      (replicas === undefined || replicas === table.replicas[row]) &&
      (ready === undefined || ready === table.ready[row]) &&
      (available === undefined || available === table.available[row]) &&
      (updated === undefined || updated === table.updated[row]) &&
      (terminating === undefined || terminating === table.terminating[row])
    );
  }
}
