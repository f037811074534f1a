/**
 * The rows of pods.csv, noted when a pod leaves: 65 bytes each, texts are made at the end. With a limit the whole table
 * is given up once more pods than that have been seen.
 */
import { growFloat64, growInt32, growUint8, grownCapacity } from '../base/growable.ts';
import { MICROS_PER_SECOND } from '../base/time.ts';
import type { Micros } from '../base/time.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { POD_OUTCOME_NAMES } from '../cluster/pod-table.ts';
import type { PodTable } from './run-result.ts';
import { eventText } from './wait-facts.ts';
import type { FailedAttempt } from './wait-reasons.ts';

/** Codes of `outcome` after those of PodOutcome. */
export const STILL_RUNNING = 4;
export const STILL_STARTING = 5;
export const STILL_PENDING = 6;
const OUTCOMES = [...POD_OUTCOME_NAMES, 'Running', 'Starting', 'Pending'];

export interface PodRowFacts {
  readonly nodeRecord: number;
  readonly attempts: number;
  readonly startedAt: Micros;
  /** NaN: still there. */
  readonly endedAt: Micros;
  readonly outcome: number;
  /** undefined: no attempt failed. */
  readonly failed: FailedAttempt | undefined;
}

export class PodRows {
  count = 0;
  private readonly cluster: Cluster;
  private capacity = 0;
  private nameBase: Int32Array = new Int32Array(0);
  private nameOrdinal: Int32Array = new Int32Array(0);
  private template: Int32Array = new Int32Array(0);
  private workloadClass: Int32Array = new Int32Array(0);
  /** Record of the node, -1: never had one. */
  private node: Int32Array = new Int32Array(0);
  private attempts: Int32Array = new Int32Array(0);
  private created: Float64Array = new Float64Array(0);
  private bound: Float64Array = new Float64Array(0);
  private started: Float64Array = new Float64Array(0);
  private ended: Float64Array = new Float64Array(0);
  private outcome: Uint8Array = new Uint8Array(0);
  /** 1 + index into `attemptsKept` of the last failed attempt, 0: none failed. */
  private attempt: Int32Array = new Int32Array(0);
  private readonly attemptsKept: FailedAttempt[] = [];
  private readonly attemptIndex = new Map<FailedAttempt, number>();

  constructor(cluster: Cluster) {
    this.cluster = cluster;
  }

  add(pod: number, facts: PodRowFacts): void {
    const row = this.count++;
    if (this.count > this.capacity) this.grow();
    const { pods } = this.cluster;
    this.nameBase[row] = pods.nameBase[pod];
    this.nameOrdinal[row] = pods.nameOrdinal[pod];
    this.template[row] = pods.template[pod];
    this.workloadClass[row] = pods.workloadClass[pod];
    this.created[row] = pods.createdAt[pod];
    this.bound[row] = pods.boundAt[pod];
    this.node[row] = facts.nodeRecord;
    this.attempts[row] = facts.attempts;
    this.started[row] = facts.startedAt;
    this.ended[row] = facts.endedAt;
    this.outcome[row] = facts.outcome;
    this.attempt[row] = facts.failed === undefined ? 0 : this.indexOf(facts.failed);
  }

  result(nodeName: (record: number) => string): PodTable {
    const { cluster, count } = this;
    const texts = (textOf: (row: number) => string): string[] => {
      const list: string[] = [];
      for (let row = 0; row < count; row++) list.push(textOf(row));
      return list;
    };
    const seconds = (column: Float64Array): Float64Array =>
      column.slice(0, count).map((micros) => micros / MICROS_PER_SECOND);
    const templateOf = (row: number): ReturnType<Cluster['templateOf']> => cluster.templates.get(this.template[row]);
    return {
      name: texts((row) => {
        const base = cluster.names.text(this.nameBase[row]);
        return this.nameOrdinal[row] < 0 ? base : `${base}-${this.nameOrdinal[row]}`;
      }),
      namespace: texts((row) => templateOf(row).namespace),
      class: texts((row) =>
        this.workloadClass[row] >= 0 && this.workloadClass[row] < cluster.classes.size
          ? cluster.classes.text(this.workloadClass[row])
          : '',
      ),
      priority: new Float64Array(count).map((_, row) => templateOf(row).priority),
      node: texts((row) => (this.node[row] < 0 ? '' : nodeName(this.node[row]))),
      createdSeconds: seconds(this.created),
      boundSeconds: seconds(this.bound),
      startedSeconds: seconds(this.started),
      endedSeconds: seconds(this.ended),
      attempts: this.attempts.slice(0, count),
      outcome: texts((row) => OUTCOMES[this.outcome[row]]),
      waitReason: this.waitReasons(),
    };
  }

  private indexOf(attempt: FailedAttempt): number {
    let index = this.attemptIndex.get(attempt);
    if (index === undefined) this.attemptIndex.set(attempt, (index = this.attemptsKept.push(attempt)));
    return index;
  }

  /** One string for all pods with the same text. */
  private waitReasons(): string[] {
    const texts = new Map<string, string>([['', '']]);
    const shared = (text: string): string => texts.get(text) ?? (texts.set(text, text), text);
    const words = ['', ...this.attemptsKept.map(({ message }) => shared(eventText(message)))];
    return Array.from({ length: this.count }, (_, row) => words[this.attempt[row]]);
  }

  private grow(): void {
    const capacity = (this.capacity = grownCapacity(this.capacity, this.count));
    this.nameBase = growInt32(this.nameBase, capacity);
    this.nameOrdinal = growInt32(this.nameOrdinal, capacity);
    this.template = growInt32(this.template, capacity);
    this.workloadClass = growInt32(this.workloadClass, capacity);
    this.node = growInt32(this.node, capacity);
    this.attempts = growInt32(this.attempts, capacity);
    this.created = growFloat64(this.created, capacity);
    this.bound = growFloat64(this.bound, capacity);
    this.started = growFloat64(this.started, capacity);
    this.ended = growFloat64(this.ended, capacity);
    this.outcome = growUint8(this.outcome, capacity);
    this.attempt = growInt32(this.attempt, capacity);
  }
}

/** The rows as long as there are not too many. */
export class BoundedPodRows {
  /** More pods came than `limit`. */
  isGivenUp = false;
  readonly limit: number;
  /** null: none are kept, or none any more. */
  rows: PodRows | null;

  /** `limit`: pods at most; Infinity: any number. */
  constructor(cluster: Cluster, isKept: boolean, limit: number) {
    this.rows = isKept ? new PodRows(cluster) : null;
    this.limit = limit;
  }

  /** `created`: pods so far. */
  podCreated(created: number): void {
    if (this.rows === null || created <= this.limit) return;
    this.rows = null;
    this.isGivenUp = true;
  }
}
