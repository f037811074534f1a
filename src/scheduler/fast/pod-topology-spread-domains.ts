/**
 * PodTopologySpread for all nodes at once: matching pods by domain are counted as pods come and go instead of anew for
 * each pod. The plain twin, and the source of every rule, is pod-topology-spread.ts.
 */
import { withRoom } from '../../base/growable.ts';
import type { LabelColumn } from '../cache/label-columns.ts';
import type { PodTemplate } from '../../cluster/pod-template.ts';
import { FewPodsSpread } from './pod-topology-spread-few.ts';
import { SoftSpread } from './pod-topology-spread-scores.ts';
import type { TemplateMatcher } from '../../cluster/template-matcher.ts';
import type { DomainAnswers, DomainPlugin, DomainTest } from './domain-answers.ts';
import type { PlacementCounter } from '../cache/placements.ts';
import type { Handle } from '../framework/plugin-api.ts';
import type { Status } from '../framework/status.ts';
import { Policy, hasAllKeys, heldByTemplate, includes } from '../plugins/pod-topology-spread-constraints.ts';
import type {
  ConstraintTable,
  SpreadConstraint,
  SpreadConstraints,
} from '../plugins/pod-topology-spread-constraints.ts';

/** Verdicts of the plain twin. */
export interface SpreadVerdicts {
  readonly missing: Status;
  readonly skewed: Status;
}

/** Matching pods by domain of one constraint of templates that are alike. */
class SpreadCounter implements PlacementCounter {
  readonly constraint: SpreadConstraint;
  readonly column: LabelColumn;
  counts: Int32Array = new Int32Array(8);
  /** Matching pods that are not terminating, by node row. */
  here: Int32Array = new Int32Array(0);
  isKept = false;
  private readonly template: PodTemplate;
  private readonly compiled: SpreadConstraints;
  /** Constraints whose keys a node must have to count, besides its own. */
  private readonly keys: readonly SpreadConstraint[];
  private readonly handle: Handle;
  /** By node row: the domain that it counts in, -1: in none. */
  private at: Int32Array = new Int32Array(0);
  /** Nodes that count, by domain. */
  private nodes: Int32Array = new Int32Array(8);
  private domains = 0;
  /** Domains with nodes, by count of pods; `low` is at most the smallest count. */
  private levels: Int32Array = new Int32Array(64);
  private low = 0;

  constructor(
    handle: Handle,
    template: PodTemplate,
    compiled: SpreadConstraints,
    constraint: SpreadConstraint,
    keys: readonly SpreadConstraint[],
  ) {
    this.handle = handle;
    this.template = template;
    this.compiled = compiled;
    this.constraint = constraint;
    this.keys = keys.filter(({ topologyKey }) => topologyKey !== constraint.topologyKey);
    this.column = handle.cluster.nodes.labelColumn(constraint.topologyKey);
  }

  /** Counts from the start unless they have been kept. */
  refresh(): void {
    const { placements } = this.handle;
    if (this.isKept) {
      placements.used(this);
      return;
    }
    this.counts.fill(0);
    this.nodes.fill(0);
    this.levels.fill(0);
    this.here.fill(0);
    this.domains = this.low = 0;
    this.isKept = true;
    placements.keep(this);
  }

  /** The smallest count; 0 with fewer domains than `minDomains`. */
  minimum(): number {
    if (this.domains < this.constraint.minDomains) return 0;
    if (this.domains === 0) return Number.MAX_SAFE_INTEGER;
    while (this.levels[this.low] === 0) this.low++;
    return this.low;
  }

  concerns(template: number): boolean {
    return !this.constraint.test.empty && this.constraint.matcher.matches(template);
  }

  podCame(_template: number, node: number, terminating: boolean): void {
    if (!terminating) this.count(node, 1);
  }

  podLeft(_template: number, node: number, terminating: boolean): void {
    if (!terminating) this.count(node, -1);
  }

  podTerminating(_template: number, node: number): void {
    this.count(node, -1);
  }

  nodeCame(node: number): void {
    this.here = withRoom(this.here, node + 1);
    if (node >= this.at.length) this.at = withRoom(this.at, node + 1);
    this.here[node] = 0;
    this.at[node] = -1;
    this.enter(node);
  }

  nodeChanged(node: number): void {
    this.leave(node);
    this.enter(node);
  }

  nodeLeft(node: number): void {
    this.leave(node);
  }

  dropped(): void {
    this.isKept = false;
  }

  private count(node: number, change: 1 | -1): void {
    this.here[node] += change;
    const domain = this.at[node];
    if (domain < 0) return;
    this.levels[this.counts[domain]]--;
    this.counts[domain] += change;
    this.level(domain);
  }

  private enter(node: number): void {
    const domain = this.column.ids[node];
    const info = this.handle.cluster.nodes.info[node];
    if (
      domain < 0 ||
      !hasAllKeys(info.labels, this.keys) ||
      !includes(this.constraint, heldByTemplate(this.compiled, this.template, info))
    )
      return;
    this.counts = withRoom(this.counts, domain + 1);
    this.nodes = withRoom(this.nodes, domain + 1);
    if (this.nodes[domain]++ === 0) this.domains++;
    else this.levels[this.counts[domain]]--;
    this.at[node] = domain;
    this.counts[domain] += this.here[node];
    this.level(domain);
  }

  private leave(node: number): void {
    const domain = this.at[node];
    if (domain < 0) return;
    this.at[node] = -1;
    this.levels[this.counts[domain]]--;
    this.counts[domain] -= this.here[node];
    if (--this.nodes[domain] === 0) this.domains--;
    else this.level(domain);
  }

  private level(domain: number): void {
    const count = this.counts[domain];
    this.levels = withRoom(this.levels, count + 1);
    this.levels[count]++;
    if (count < this.low) this.low = count;
  }
}

/** What the constraints of templates that are alike need. */
class TemplateSpread {
  readonly compiled: SpreadConstraints;
  private readonly hard: readonly SpreadCounter[];
  private readonly soft: readonly SpreadCounter[];
  private readonly tests: readonly DomainTest[];
  private readonly selfCounts: readonly number[];
  private readonly answers: DomainAnswers;

  /** `requireAll`: nodes without all the keys of the soft constraints get 0. */
  constructor(
    handle: Handle, template: PodTemplate, compiled: SpreadConstraints, requireAll: boolean, verdicts: SpreadVerdicts,
  ) {
    this.compiled = compiled;
    const { hard, soft } = compiled;
    this.hard = hard.map((constraint) => new SpreadCounter(handle, template, compiled, constraint, hard));
    this.soft = soft.map(
      (constraint) => new SpreadCounter(handle, template, compiled, constraint, requireAll ? soft : []),
    );
    this.selfCounts = hard.map(({ matcher }) => (matcher.matches(template.id) ? 1 : 0));
    this.tests = this.hard.map(({ column, counts }) => ({
      column,
      counts,
      least: 0,
      most: 0,
      missing: verdicts.missing,
      status: verdicts.skewed,
    }));
    this.answers = {
      tests: this.tests,
      ...(soft.length === 0 ? { score: null, table: null } : new SoftSpread(this.soft, requireAll).answers),
    };
  }

  current(): DomainAnswers {
    for (let i = 0; i < this.hard.length; i++) {
      const counter = this.hard[i];
      counter.refresh();
      const test = this.tests[i];
      counter.counts = withRoom(counter.counts, counter.column.size);
      test.counts = counter.counts;
      test.most = counter.constraint.maxSkew + counter.minimum() - this.selfCounts[i];
    }
    for (const counter of this.soft) {
      counter.refresh();
      counter.counts = withRoom(counter.counts, counter.column.size);
    }
    return this.answers;
  }
}

/** `isSystem`: the default constraints are upstream's own, which ask no node for all keys. */
export function spreadDomains(
  table: ConstraintTable,
  isSystem: boolean,
  verdicts: SpreadVerdicts,
  handle: Handle,
): DomainPlugin {
  const few = new FewPodsSpread(handle, !isSystem);
  const known: { readonly compiled: SpreadConstraints; readonly spread: TemplateSpread }[] = [];
  const shared = new SharedSpreads();
  return {
    answers: ({ template }) => {
      const compiled = table.of(template);
      if (compiled.error !== '') return null;
      const fromFew = compiled.byDefault ? few.answers(compiled, template) : null;
      if (fromFew !== null) return fromFew;
      let entry = known[template.id];
      if (entry?.compiled !== compiled) {
        const requireAll = (template.spec.topologySpreadConstraints ?? []).length > 0 || !isSystem;
        const spread = shared.get(template, compiled, requireAll, () => (
          new TemplateSpread(handle, template, compiled, requireAll, verdicts)
        ));
        entry = known[template.id] = { compiled, spread };
      }
      return entry.spread.current();
    },
  };
}

/**
 * Templates that differ in what no constraint of theirs looks at, such as the pods of a StatefulSet, each with its
 * ordinal in a label, share their counters: else each pod that comes would be told to as many as there are pods.
 */
class SharedSpreads {
  private readonly spreads = new Map<string, TemplateSpread>();
  /** Numbers matchers, which are shared by namespace and selector. */
  private readonly matchers = new Map<TemplateMatcher, number>();

  get(
    template: PodTemplate, compiled: SpreadConstraints, requireAll: boolean, make: () => TemplateSpread,
  ): TemplateSpread {
    const key = this.keyOf(template, compiled, requireAll);
    let spread = this.spreads.get(key);
    if (spread === undefined) this.spreads.set(key, (spread = make()));
    return spread;
  }

  private keyOf(template: PodTemplate, { hard, soft, honors }: SpreadConstraints, requireAll: boolean): string {
    const { spec, tolerations, id } = template;
    const texts = (constraints: readonly SpreadConstraint[]): unknown[] =>
      constraints.map(({ maxSkew, topologyKey, minDomains, honors: own, test, matcher }) => (
        [maxSkew, topologyKey, minDomains, own, test.empty, this.numberOf(matcher), matcher.matches(id)]
      ));
    const nodes = (honors & Policy.Affinity) === 0 ? null : [spec.nodeSelector ?? null, spec.affinity?.nodeAffinity];
    const tolerated = (honors & Policy.Taints) === 0 ? null : tolerations;
    return JSON.stringify([requireAll, texts(hard), texts(soft), nodes, tolerated]);
  }

  private numberOf(matcher: TemplateMatcher): number {
    const number = this.matchers.get(matcher) ?? this.matchers.size;
    this.matchers.set(matcher, number);
    return number;
  }
}
