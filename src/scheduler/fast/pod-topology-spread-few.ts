/**
 * The default constraints of a pod whose selector matches few pods on nodes, as that of a ReplicaSet does: they are
 * walked at each question instead of being counted as they come and go. There may be thousands of such selectors, and
 * nothing is kept of any. The plain twin, and the source of every rule, is pod-topology-spread.ts.
 */
import type { LabelColumn } from '../cache/label-columns.ts';
import type { PodTemplate } from '../../cluster/pod-template.ts';
import { TemplateLabels } from '../../cluster/template-labels.ts';
import type { Handle } from '../framework/plugin-api.ts';
import { hasAllKeys, heldByTemplate, includes } from '../plugins/pod-topology-spread-constraints.ts';
import type { SpreadConstraint, SpreadConstraints } from '../plugins/pod-topology-spread-constraints.ts';
import { withRoom } from '../../base/growable.ts';
import type { DomainAnswers } from './domain-answers.ts';
import { SoftSpread } from './pod-topology-spread-scores.ts';
import type { SpreadCounts } from './pod-topology-spread-scores.ts';

/** With more, keeping counts is cheaper. */
const MOST_WALKED = 256;

const NO_DIFFERENCE: DomainAnswers = { tests: [], score: null, table: null };

/** Counts of the last question; those by node are shared. */
class WalkedCounts implements SpreadCounts {
  readonly constraint: SpreadConstraint;
  readonly column: LabelColumn;
  counts: Int32Array = new Int32Array(8);
  here: Int32Array = new Int32Array(0);

  constructor(constraint: SpreadConstraint, column: LabelColumn) {
    this.constraint = constraint;
    this.column = column;
  }
}

export class FewPodsSpread {
  private readonly handle: Handle;
  private readonly requireAll: boolean;
  private readonly labels: TemplateLabels;
  /** One for each default constraint: they are the same for all templates but for their selector. */
  private walked: readonly WalkedCounts[] = [];
  private spread: DomainAnswers | null = null;
  /** Matching pods by node row, and the nodes that have some. */
  private here: Int32Array = new Int32Array(0);
  private readonly nodes: number[] = [];
  /** Whether all nodes have all keys, as it was with the nodes of this version. */
  private alike = false;
  private alikeVersion = -1;

  /** `requireAll`: nodes without all the keys of the constraints get 0. */
  constructor(handle: Handle, requireAll: boolean) {
    this.handle = handle;
    this.requireAll = requireAll;
    this.labels = new TemplateLabels(handle.cluster.templates);
  }

  /** `compiled`: by default, and without an error. null: its counts have to be kept. */
  answers(compiled: SpreadConstraints, template: PodTemplate): DomainAnswers | null {
    const { hard, soft } = compiled;
    if (hard.length > 0 || soft.length === 0) return null;
    const { test, matcher } = soft[0];
    const templates = test.empty ? null : matcher.matching(this.labels);
    if (templates === null || !this.walk(templates)) return null;
    const spread = (this.spread ??= this.begin(soft));
    if (this.nodes.length === 0 && this.areAlike()) return NO_DIFFERENCE;
    this.count(compiled, template);
    return spread;
  }

  /** Whether all nodes have all keys: without pods to count they then score alike. */
  private areAlike(): boolean {
    const version = this.handle.cluster.nodes.labelsVersion;
    if (version !== this.alikeVersion) {
      this.alike = this.haveAllKeys();
      this.alikeVersion = version;
    }
    return this.alike;
  }

  private haveAllKeys(): boolean {
    const { alive, length } = this.handle.cluster.nodes;
    for (let k = 0; k < this.walked.length; k++) {
      const { ids } = this.walked[k].column;
      for (let row = 0; row < length; row++) if (alive[row] === 1 && ids[row] < 0) return false;
    }
    return true;
  }

  private begin(soft: readonly SpreadConstraint[]): DomainAnswers {
    const { nodes } = this.handle.cluster;
    this.walked = soft.map((constraint) => new WalkedCounts(constraint, nodes.labelColumn(constraint.topologyKey)));
    return { tests: [], ...new SoftSpread(this.walked, this.requireAll).answers };
  }

  /** Whether there were few enough. */
  private walk(templates: readonly number[]): boolean {
    const { placements, cluster } = this.handle;
    const { pods, nodes: { capacity } } = cluster;
    const placed = placements.pods;
    const { nodes } = this;
    for (let i = 0; i < nodes.length; i++) this.here[nodes[i]] = 0;
    nodes.length = 0;
    this.here = withRoom(this.here, capacity);
    const { here } = this;
    let left = MOST_WALKED;
    for (let i = 0; i < templates.length; i++) {
      for (let pod = placed.first(templates[i]); pod >= 0; pod = placed.after(pod)) {
        if (--left < 0) return false;
        if (pods.isTerminating(pod)) continue;
        const node = pods.node[pod];
        if (here[node]++ === 0) nodes.push(node);
      }
    }
    return true;
  }

  private count(compiled: SpreadConstraints, template: PodTemplate): void {
    const { soft } = compiled;
    const { info } = this.handle.cluster.nodes;
    const { walked, nodes, here } = this;
    for (let k = 0; k < walked.length; k++) {
      const one = walked[k];
      one.here = here;
      one.counts = withRoom(one.counts, one.column.size);
      one.counts.fill(0);
    }
    for (let i = 0; i < nodes.length; i++) {
      const node = nodes[i];
      const { labels } = info[node];
      if (this.requireAll && !hasAllKeys(labels, soft)) continue;
      const held = heldByTemplate(compiled, template, info[node]);
      for (let k = 0; k < walked.length; k++) {
        const { column, counts } = walked[k];
        const domain = column.ids[node];
        if (domain >= 0 && includes(soft[k], held)) counts[domain] += here[node];
      }
    }
  }
}
