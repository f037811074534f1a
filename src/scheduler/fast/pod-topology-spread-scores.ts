/**
 * Scores of PodTopologySpread's soft constraints for a window of nodes, from matching pods by domain and by node. The
 * plain twin is pod-topology-spread.ts.
 */
import { HOSTNAME_LABEL } from '../../cluster/node-facts.ts';
import type { LabelColumn } from '../cache/label-columns.ts';
import { MAX_NODE_SCORE } from '../framework/plugin-api.ts';
import { withRoom } from '../../base/growable.ts';
import type { DomainAnswers } from './domain-answers.ts';

/** Matching pods of one constraint. */
export interface SpreadCounts {
  readonly constraint: { readonly topologyKey: string; readonly maxSkew: number };
  readonly column: LabelColumn;
  /** By domain, as many as the column has. */
  readonly counts: Int32Array;
  /** By node row. */
  readonly here: Int32Array;
}

export class SoftSpread {
  readonly answers: Pick<DomainAnswers, 'score' | 'table'>;
  private readonly soft: readonly SpreadCounts[];
  /** Nodes without all the keys of the constraints get 0. */
  private readonly requireAll: boolean;
  /** By constraint, then domain + 1: the call that saw the domain last. */
  private readonly seen: Int32Array[];
  private calls = 0;
  private readonly weights: number[];
  private ignored: Uint8Array = new Uint8Array(0);
  /** By domain + 1: 1 for those of the window's nodes. */
  private present: Uint8Array = new Uint8Array(0);
  /** Normalised scores by raw score less the least. */
  private normalized: Int32Array = new Int32Array(0);

  /** `soft`: at least one. */
  constructor(soft: readonly SpreadCounts[], requireAll: boolean) {
    this.soft = soft;
    this.requireAll = requireAll;
    this.seen = soft.map(() => new Int32Array(8));
    this.weights = soft.map(() => 0);
    this.answers = {
      score: (rows, count, weight, totals, scratch) => { this.score(rows, count, weight, totals, scratch); },
      table: this.isByDomain()
        ? { column: this.soft[0].column, of: (present) => this.tableOf(this.soft[0], present) }
        : null,
    };
  }

  private score(rows: Int32Array, count: number, weight: number, totals: Float64Array, scratch: Float64Array): void {
    if (this.isByDomain()) this.scoreByDomain(this.soft[0], rows, count, weight, totals);
    else this.scoreByNode(rows, count, weight, totals, scratch);
  }

  /**
   * With one constraint on another key than the host name a node's score is its domain's; nodes without the label get
   * 0.
   */
  private isByDomain(): boolean {
    return this.soft.length === 1 && this.requireAll && this.soft[0].constraint.topologyKey !== HOSTNAME_LABEL;
  }

  private scoreByDomain(
    counter: SpreadCounts, rows: Int32Array, count: number, weight: number, totals: Float64Array,
  ): void {
    const { ids, size } = counter.column;
    if (this.present.length <= size) this.present = new Uint8Array(2 * size + 8);
    const { present } = this;
    present.fill(0, 0, size + 1);
    let domains = 0;
    for (let i = 0; i < count && domains < size; i++) {
      const domain = ids[rows[i]];
      if (domain < 0 || present[domain + 1] === 1) continue;
      present[domain + 1] = 1;
      domains++;
    }
    const table = this.tableOf(counter, present);
    for (let i = 0; i < count; i++) totals[i] += weight * table[ids[rows[i]] + 1];
  }

  private tableOf({ constraint, column, counts }: SpreadCounts, present: Uint8Array): Int32Array {
    const { size } = column;
    let domains = 0;
    for (let domain = 1; domain <= size; domain++) domains += present[domain];
    const podWeight = Math.log(domains + 2);
    const raw = (domain: number): number => Math.round(counts[domain] * podWeight + (constraint.maxSkew - 1));
    let min = Infinity;
    let max = 0;
    for (let domain = 0; domain < size; domain++) {
      if (present[domain + 1] === 0) continue;
      min = Math.min(min, raw(domain));
      max = Math.max(max, raw(domain));
    }
    const table = (this.normalized = withRoom(this.normalized, size + 1));
    table[0] = 0;
    for (let domain = 0; domain < size; domain++) {
      if (present[domain + 1] === 1)
        table[domain + 1] = max === 0 ? MAX_NODE_SCORE : Math.floor((MAX_NODE_SCORE * (max + min - raw(domain))) / max);
    }
    return table;
  }

  private scoreByNode(
    rows: Int32Array, count: number, weight: number, totals: Float64Array, scratch: Float64Array,
  ): void {
    this.weigh(rows, count);
    let min = Infinity;
    let max = 0;
    const { ignored } = this;
    this.rawScores(rows, count, scratch);
    for (let i = 0; i < count; i++) {
      if (ignored[i] === 1) continue;
      const raw = scratch[i];
      if (raw < min) min = raw;
      if (raw > max) max = raw;
    }
    if (max === 0) {
      for (let i = 0; i < count; i++) if (ignored[i] === 0) totals[i] += weight * MAX_NODE_SCORE;
      return;
    }
    const range = max - min + 1;
    if (range > count) {
      for (let i = 0; i < count; i++)
        if (ignored[i] === 0) totals[i] += weight * Math.floor((MAX_NODE_SCORE * (max + min - scratch[i])) / max);
      return;
    }
    if (this.normalized.length < range) this.normalized = new Int32Array(2 * range);
    const { normalized } = this;
    for (let raw = 0; raw < range; raw++) normalized[raw] = weight * Math.floor((MAX_NODE_SCORE * (max - raw)) / max);
    for (let i = 0; i < count; i++) if (ignored[i] === 0) totals[i] += normalized[scratch[i] - min];
  }

  /** Which nodes are in play, how many domains they have, and what a pod weighs by constraint. */
  private weigh(rows: Int32Array, count: number): void {
    if (this.ignored.length < count) this.ignored = new Uint8Array(2 * count);
    const { ignored, soft, requireAll } = this;
    ignored.fill(0, 0, count);
    let inPlay = count;
    if (requireAll) {
      for (const { column } of soft) {
        const { ids } = column;
        for (let i = 0; i < count; i++) {
          if (ids[rows[i]] >= 0 || ignored[i] === 1) continue;
          ignored[i] = 1;
          inPlay--;
        }
      }
    }
    this.calls++;
    for (let k = 0; k < soft.length; k++) {
      const { constraint, column } = soft[k];
      this.weights[k] = Math.log(
        (constraint.topologyKey === HOSTNAME_LABEL ? inPlay : this.domainsOf(k, column, rows, count)) + 2,
      );
    }
  }

  /** Distinct values among the nodes in play; to lack the label is one, too. */
  private domainsOf(k: number, column: LabelColumn, rows: Int32Array, count: number): number {
    const seen = (this.seen[k] = withRoom(this.seen[k], column.size + 1));
    const { ids } = column;
    const { ignored, calls } = this;
    let size = 0;
    for (let i = 0; i < count; i++) {
      const domain = ids[rows[i]] + 1;
      if (seen[domain] === calls || ignored[i] === 1) continue;
      seen[domain] = calls;
      size++;
    }
    return size;
  }

  private rawScores(rows: Int32Array, count: number, scratch: Float64Array): void {
    scratch.fill(0, 0, count);
    for (let k = 0; k < this.soft.length; k++) {
      const { constraint, column, counts, here } = this.soft[k];
      const { ids } = column;
      const weight = this.weights[k];
      const added = constraint.maxSkew - 1;
      if (constraint.topologyKey === HOSTNAME_LABEL) {
        for (let i = 0; i < count; i++) if (ids[rows[i]] >= 0) scratch[i] += here[rows[i]] * weight + added;
      } else {
        for (let i = 0; i < count; i++) {
          const domain = ids[rows[i]];
          if (domain >= 0) scratch[i] += counts[domain] * weight + added;
        }
      }
    }
    for (let i = 0; i < count; i++) scratch[i] = Math.round(scratch[i]);
  }
}
