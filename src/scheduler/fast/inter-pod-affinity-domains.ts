/**
 * InterPodAffinity for all nodes at once: what the pods on nodes mean to a waiting template is counted by topology
 * domain as they come and go, instead of anew for each pod. The plain twin, and the source of every rule, is
 * inter-pod-affinity.ts.
 */
import { withRoom } from '../../base/growable.ts';
import type { LabelColumn } from '../cache/label-columns.ts';
import type { PodTemplate } from '../../cluster/pod-template.ts';
import type { DomainAnswers, DomainPlugin, DomainTest } from './domain-answers.ts';
import type { PlacementCounter } from '../cache/placements.ts';
import { MAX_NODE_SCORE } from '../framework/plugin-api.ts';
import type { Handle } from '../framework/plugin-api.ts';
import type { Status } from '../framework/status.ts';
import { NO_RELATION, matchesAllTerms } from '../plugins/inter-pod-affinity-terms.ts';
import type { AffinityRelations, AffinityTerms } from '../plugins/inter-pod-affinity-terms.ts';

/** Verdicts of the plain twin. */
export interface AffinityVerdicts {
  readonly affinity: Status;
  readonly anti: Status;
  readonly existingAnti: Status;
}

/** Sums by domain of one topology key. */
class KeySums {
  readonly column: LabelColumn;
  sums: Int32Array = new Int32Array(8);
  /** Domains whose sum is not zero. */
  occupied = 0;
  readonly test: DomainTest;

  constructor(column: LabelColumn, missing: Status | null, status: Status) {
    this.column = column;
    this.test = { column, counts: this.sums, least: 0, most: 0, missing, status };
  }

  add(node: number, change: number): void {
    const domain = this.column.ids[node];
    if (domain < 0) return;
    this.sums = withRoom(this.sums, domain + 1);
    const before = this.sums[domain];
    const after = (this.sums[domain] = before + change);
    if (before === 0) this.occupied++;
    if (after === 0) this.occupied--;
  }

  /** The test with today's arrays. */
  current(least: number, most: number): DomainTest {
    const { test, column } = this;
    this.sums = withRoom(this.sums, column.size);
    test.counts = this.sums;
    test.least = least;
    test.most = most;
    return test;
  }
}

const NO_LIMIT = 0x7fff_ffff;

/** What the pods on nodes mean to the waiting pods of one template. */
class TemplateAffinity implements PlacementCounter {
  readonly terms: AffinityTerms;
  private readonly template: PodTemplate;
  private readonly relations: AffinityRelations;
  private readonly handle: Handle;
  private readonly verdicts: AffinityVerdicts;
  private isKept = false;
  private affinity = new Map<string, KeySums>();
  private anti = new Map<string, KeySums>();
  private existingAnti = new Map<string, KeySums>();
  private weights = new Map<string, KeySums>();
  private readonly isOwnKind: boolean;
  private readonly tests: DomainTest[] = [];
  private readonly scoring: NonNullable<DomainAnswers['score']>;
  private normalized: Int32Array = new Int32Array(0);

  constructor(handle: Handle, template: PodTemplate, relations: AffinityRelations, verdicts: AffinityVerdicts) {
    this.handle = handle;
    this.template = template;
    this.relations = relations;
    this.verdicts = verdicts;
    this.terms = relations.waitingTerms(template);
    this.isOwnKind = matchesAllTerms(this.terms.required, template);
    this.scoring = (rows, count, weight, totals, scratch) => this.score(rows, count, weight, totals, scratch);
  }

  current(scores: boolean): DomainAnswers {
    this.refresh();
    const { tests } = this;
    tests.length = 0;
    let occupied = 0;
    for (const key of this.affinity.values()) occupied += key.occupied;
    // The first pod of a group that wants to be together may go anywhere.
    const least = occupied === 0 && this.isOwnKind ? -NO_LIMIT : 1;
    for (const key of this.affinity.values()) tests.push(key.current(least, NO_LIMIT));
    for (const key of this.anti.values()) if (key.occupied > 0) tests.push(key.current(-NO_LIMIT, 0));
    for (const key of this.existingAnti.values()) if (key.occupied > 0) tests.push(key.current(-NO_LIMIT, 0));
    let weighs = false;
    if (scores) for (const key of this.weights.values()) if (key.occupied > 0) weighs = true;
    return { tests, score: weighs ? this.scoring : null, table: null };
  }

  concerns(template: number): boolean {
    return this.relations.relation(this.template, template) !== NO_RELATION;
  }

  podCame(template: number, node: number): void {
    this.count(template, node, 1);
  }

  podLeft(template: number, node: number): void {
    this.count(template, node, -1);
  }

  podTerminating(): void {
    // A terminating pod counts until it is gone.
  }

  nodeCame(): void {
    // Pods count, not nodes.
  }

  nodeLeft(): void {
    // Its pods have left before.
  }

  /** Its pods have moved to another domain: they are counted anew at the next use. */
  nodeChanged(node: number, labelsChanged: boolean): void {
    if (labelsChanged && this.handle.cluster.nodes.info[node].pods.length > 0) this.handle.placements.drop(this);
  }

  dropped(): void {
    this.isKept = false;
  }

  private refresh(): void {
    const { placements, cluster } = this.handle;
    if (this.isKept) {
      placements.used(this);
      return;
    }
    const sums = (key: string, missing: Status | null, status: Status): [string, KeySums] => [
      key,
      new KeySums(cluster.nodes.labelColumn(key), missing, status),
    ];
    const { affinity, anti } = this.verdicts;
    this.affinity = new Map(this.terms.required.map(({ topologyKey }) => sums(topologyKey, affinity, affinity)));
    this.anti = new Map(this.terms.requiredAnti.map(({ topologyKey }) => sums(topologyKey, null, anti)));
    this.existingAnti = new Map();
    this.weights = new Map();
    this.isKept = true;
    placements.keep(this);
  }

  private count(template: number, node: number, sign: 1 | -1): void {
    const relation = this.relations.relation(this.template, template);
    for (const key of relation.existingAntiKeys)
      this.sumsOf(this.existingAnti, key, this.verdicts.existingAnti).add(node, sign);
    if (relation.matchesAffinity) for (const key of this.affinity.values()) key.add(node, sign);
    for (const key of relation.antiKeys) this.anti.get(key)?.add(node, sign);
    for (const { topologyKey, weight } of relation.weights)
      this.sumsOf(this.weights, topologyKey, this.verdicts.affinity).add(node, sign * weight);
  }

  private sumsOf(sums: Map<string, KeySums>, key: string, status: Status): KeySums {
    let known = sums.get(key);
    if (known === undefined)
      sums.set(key, (known = new KeySums(this.handle.cluster.nodes.labelColumn(key), null, status)));
    return known;
  }

  private score(rows: Int32Array, count: number, weight: number, totals: Float64Array, scratch: Float64Array): void {
    scratch.fill(0, 0, count);
    for (const key of this.weights.values()) {
      const { column } = key;
      const sums = (key.sums = withRoom(key.sums, column.size));
      const { ids } = column;
      for (let i = 0; i < count; i++) {
        const domain = ids[rows[i]];
        if (domain >= 0) scratch[i] += sums[domain];
      }
    }
    let min = Infinity;
    let max = -Infinity;
    for (let i = 0; i < count; i++) {
      const raw = scratch[i];
      if (raw < min) min = raw;
      if (raw > max) max = raw;
    }
    const range = max - min;
    if (range === 0) return;
    if (range >= count) {
      for (let i = 0; i < count; i++) totals[i] += weight * Math.trunc(MAX_NODE_SCORE * ((scratch[i] - min) / range));
      return;
    }
    if (this.normalized.length <= range) this.normalized = new Int32Array(2 * range + 1);
    const { normalized } = this;
    for (let raw = 0; raw <= range; raw++) normalized[raw] = weight * Math.trunc(MAX_NODE_SCORE * (raw / range));
    for (let i = 0; i < count; i++) totals[i] += normalized[scratch[i] - min];
  }
}

export function affinityDomains(
  relations: AffinityRelations,
  ignorePreferredTermsOfExistingPods: boolean,
  verdicts: AffinityVerdicts,
  handle: Handle,
): DomainPlugin {
  let known: TemplateAffinity[] = [];
  handle.cluster.observe({
    objectChanged: (kind) => {
      if (kind !== 'Namespace') return;
      // What terms mean may have changed with the namespace's labels.
      for (const affinity of known) if (affinity !== undefined) handle.placements.drop(affinity);
      known = [];
    },
  });
  return {
    answers: ({ template }) => {
      if (relations.waitingTerms(template).error !== '') return null;
      const affinity = (known[template.id] ??= new TemplateAffinity(handle, template, relations, verdicts));
      return affinity.current(!ignorePreferredTermsOfExistingPods || hasPreferences(template));
    },
  };
}

export function hasPreferences({ spec }: PodTemplate): boolean {
  const attract = spec.affinity?.podAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
  const repel = spec.affinity?.podAntiAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
  return attract.length + repel.length > 0;
}
