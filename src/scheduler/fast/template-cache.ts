/**
 * Answers of node-local plugins, remembered per (pod template, node) until the node or its pods change. One cache per
 * profile and template: a verdict and a score per node row, compared with the node table's generation. Plugins whose
 * answers depend on the whole cluster ("live" ones) are asked every time, unless they say that they are inert for the
 * template. About 40 bytes a node, up to a bound for all caches together; a hit costs two array reads.
 */
import { assert } from '../../base/assert.ts';
import type { SchedulerCache } from '../cache/scheduler-cache.ts';
import type { NodeInfo } from '../cache/node-info.ts';
import type { PodTemplate } from '../../cluster/pod-template.ts';
import { CycleState } from '../framework/cycle-state.ts';
import type { PodInfo } from '../framework/pod-info.ts';
import type { NodeNumbers, Plugin } from '../framework/plugin-api.ts';
import { isInert, isLocal, isValidScore, mayFailAlone } from '../framework/profile.ts';
import type { Profile, ScorePlugin } from '../framework/profile.ts';
import type { LiveSnapshot } from '../cache/snapshot.ts';
import { VerdictNumbers } from '../framework/status.ts';
import type { Status } from '../framework/status.ts';
import { BlockedNodes } from './blocked-nodes.ts';
import type { RememberedVerdicts } from './blocked-nodes.ts';
import { TemplateIndex } from './template-index.ts';
import type { NodeTotals } from './template-index.ts';
import { INFEASIBLE, isIndexable } from './window-index.ts';

/** In place of a version of image counts: no score of this node depends on the number of nodes. */
const COUNTS_NOTHING = -2;
/** Some does, and has not been worked out yet. */
const NOT_COUNTED = -1;
/** Whole numbers of one node in a cache, half a cache line: the generation that the answers belong to (0: none), ... */
const CELL = 8;
/** ... index into `statuses`, weighted sum of the summed score plugins that do not count nodes, ... */
const VERDICT = 1;
const SUM = 2;
/**
 * ... version of the node's object that the verdict of filters on facts and the raw scores (where they depend on
 * nothing else) are of, ...
 */
const FACTS_GENERATION = 3;
const FACTS_VERDICT = 4;
const RAW_GENERATION = 5;
/** ... weighted sum of those that do, as it was last, and the node's `imagesVersion` that it is of. */
const COUNTED_SUM = 6;
const COUNTED_VERSION = 7;
/** More than there are nodes. */
const MANY_NODES = 0x7fff_ffff;
/** Nodes that are tried one by one before all are looked at. */
const MOST_TRIED = 16;
/** A cell and a node's share of the index. */
const BYTES_PER_NODE = 48;
/** In use by all caches. */
const MOST_BYTES = 0x1000_0000;

type FilterPlugin = Profile['filter'][number];

export interface PlannedFilter {
  readonly plugin: FilterPlugin;
  readonly live: boolean;
  /** Looks at the node's object only. */
  readonly facts: boolean;
  /** Position in the profile. */
  readonly order: number;
}

/** A filter or score asked for one template. */
interface CachedFilter extends PlannedFilter {
  readonly ask: (node: NodeInfo, row: number) => Status | null;
}

interface WeightedScore extends ScorePlugin {
  readonly ask: (node: NodeInfo, row: number) => number;
}

/** A plugin that is asked every time. */
interface LivePlugin {
  readonly plugin: Plugin;
  /** Position of its filter in the profile, -1: it has none. */
  readonly order: number;
  /** null: it scores nothing. */
  readonly weight: number | null;
}

/** What of a profile can be cached, worked out once per profile. */
export interface CachePlan {
  /** Filters in the profile's order; `live` ones are asked every time. */
  readonly filters: readonly PlannedFilter[];
  /** Score plugins without normalisation: one weighted sum per node is kept. */
  readonly summed: readonly ScorePlugin[];
  /** Cached raw scores that are normalised over the feasible nodes of each cycle. */
  readonly normalized: readonly ScorePlugin[];
  readonly liveScores: readonly ScorePlugin[];
  /** Plugins with a live filter or score, or with a PreFilter alone, once each. */
  readonly live: readonly LivePlugin[];
  /** By template id: those of them that may have something to say. */
  readonly liveByTemplate: (readonly LivePlugin[] | undefined)[];
  /** What is cached hangs on the pods' specs alone. */
  readonly specOnly: boolean;
}

export function cachePlan(profile: Profile): CachePlan {
  const filters = profile.filter.map((plugin, order) => ({ plugin, live: !isLocal(plugin.dependence?.filter), facts: plugin.dependence?.filter === 'facts', order }));
  const local = profile.score.filter(({ plugin }) => isLocal(plugin.dependence?.score));
  const liveScores = profile.score.filter(({ plugin }) => !isLocal(plugin.dependence?.score));
  // A PreFilter may reject the pod or restrict its nodes without a Filter behind it.
  const withFilter = new Set<Plugin>(profile.filter);
  const lonePreFilters = profile.preFilter.filter((plugin) => !withFilter.has(plugin));
  const live = new Set<Plugin>([
    ...filters.filter((entry) => entry.live).map((entry) => entry.plugin),
    ...liveScores.map((entry) => entry.plugin),
    ...lonePreFilters,
  ]);
  return {
    filters,
    summed: local.filter(({ plugin }) => plugin.normalizeScore === undefined),
    normalized: local.filter(({ plugin }) => plugin.normalizeScore !== undefined),
    liveScores,
    live: [...live].map((plugin) => ({
      plugin,
      order: filters.findIndex((entry) => entry.plugin === plugin),
      weight: liveScores.find((entry) => entry.plugin === plugin)?.weight ?? null,
    })),
    liveByTemplate: [],
    specOnly: [...filters.filter((entry) => !entry.live), ...local].every(({ plugin }) => (plugin as Plugin).specOnly === true),
  };
}

/** The live plugins but for those that never have anything to say of pods of the template. */
export function liveFor({ live, liveByTemplate }: CachePlan, template: PodTemplate): readonly LivePlugin[] {
  const known = liveByTemplate[template.id];
  if (known !== undefined) return known;
  const mute = ({ plugin }: LivePlugin): boolean => plugin.inertByTemplate === true && isInert(plugin, template);
  return (liveByTemplate[template.id] = live.filter((entry) => !mute(entry)));
}

/** What of a profile is asked for one template, and of whom. */
class TemplateQuestions {
  /** The pod of the cycle under way: one of the template's. */
  view: PodInfo;
  /**
   * false: PreFilter of a cached plugin rejects or restricts the nodes, or a PreScore without Score has to be asked;
   * the plain scan has to do it.
   */
  readonly usable: boolean;
  /** Cached filters in order: those on facts, answered once per version of the node's object, and the others. */
  readonly factsFilters: readonly CachedFilter[];
  readonly nodeFilters: readonly CachedFilter[];
  readonly summed: readonly WeightedScore[];
  /** Summed scores that change with image counts and the number of nodes. */
  readonly counting: readonly WeightedScore[];
  readonly normalized: readonly WeightedScore[];
  /** Which nodes may pass, where a filter knows it and none before it can fail on the others. */
  readonly onlyRows: (() => ReadonlySet<number>) | null;
  private readonly state = new CycleState();

  /** `numbers`: told of each answer of `counting`. */
  constructor(profile: Profile, plan: CachePlan, pod: PodInfo, numbers: NodeNumbers) {
    this.view = pod;
    this.usable =
      this.prepare(profile, plan, pod) && !profile.lacksPreFilter && !profile.lonePreScores.some(mayFailAlone);
    const { template } = pod;
    const { skipFilter, skipScore } = this.state;
    const filters = plan.filters
      .filter(({ plugin, live }) => !live && !skipFilter.has(plugin.name))
      .map((planned): CachedFilter => ({ ...planned, ask: this.filterBy(planned.plugin, template) }));
    const weighted = (list: readonly ScorePlugin[]): WeightedScore[] => list
      .filter(({ plugin }) => !skipScore.has(plugin.name))
      .map(({ plugin, weight }) => ({ plugin, weight, ask: this.scoreBy(plugin, template) }));
    this.factsFilters = filters.filter(({ facts }) => facts);
    this.nodeFilters = filters.filter(({ facts }) => !facts);
    this.summed = weighted(plan.summed.filter(({ plugin }) => plugin.countsNodes === undefined));
    this.counting = weighted(plan.summed.filter(({ plugin }) => plugin.countsNodes !== undefined))
      .map((entry) => ({ ...entry, ask: countedBy(entry, template, numbers) }));
    this.normalized = weighted(plan.normalized);
    this.onlyRows = onlyRowsOf(filters.map(({ plugin }) => plugin), template);
  }

  private filterBy(plugin: FilterPlugin, template: PodTemplate): (node: NodeInfo, row: number) => Status | null {
    return plugin.filterOf?.(template) ?? ((node) => plugin.filter(this.state, this.view, node));
  }

  private scoreBy(plugin: ScorePlugin['plugin'], template: PodTemplate): (node: NodeInfo, row: number) => number {
    return plugin.scoreOf?.(template) ?? ((node) => plugin.score(this.state, this.view, node));
  }

  /** Runs PreFilter and PreScore of the cached plugins, which look at the template only. */
  private prepare(profile: Profile, plan: CachePlan, pod: PodInfo): boolean {
    const cachedFilters = new Set<Plugin>(plan.filters.filter((entry) => !entry.live).map((entry) => entry.plugin));
    if (!profile.passesPreFilter(this.state, pod, cachedFilters)) return false;
    const cachedScores = new Set<Plugin>([...plan.summed, ...plan.normalized].map((entry) => entry.plugin));
    const lone: readonly Plugin[] = profile.lonePreScores;
    for (const plugin of lone) if (isLocal(plugin.dependence?.score)) cachedScores.add(plugin);
    return profile.runPreScore(this.state, pod, [], cachedScores) === null;
  }
}

function countedBy(
  { plugin, ask }: WeightedScore, template: PodTemplate, numbers: NodeNumbers,
): (node: NodeInfo, row: number) => number {
  const steady = plugin.steadyScoreOf?.(template);
  if (steady !== undefined) return (_node, row) => steady(row, numbers);
  return (node, row) => {
    numbers.least = numbers.most = numbers.now;
    return ask(node, row);
  };
}

export class TemplateCache implements RememberedVerdicts, NodeTotals {
  readonly plan: CachePlan;
  readonly questions: TemplateQuestions;
  /** What is remembered of each node: CELL numbers a node row, side by side because they are looked at together. */
  private cells: Int32Array = new Int32Array(0);
  /** Sums that are no whole number an int32 holds, by place in `cells`. */
  private readonly oddSums = new Map<number, number>();
  /** Raw scores of the normalised plugins, one column each. */
  readonly raw: Float64Array[];
  private readonly verdicts = new VerdictNumbers();
  private readonly rawOnFacts: boolean;
  /** Some answer is kept by version of the node's object, and not only by what is on the node. */
  private readonly looksAtFacts: boolean;
  /** The only score is a normalised one whose raw values rank the nodes: the index holds those in place of sums. */
  readonly indexesRaw: boolean;
  /** Bytes held, and when it was used last, counted in uses of all caches. */
  bytes = 0;
  lastUse = 0;
  private readonly cluster: SchedulerCache;
  private readonly snapshot: LiveSnapshot;
  private readonly numbers = { now: 0, least: 0, most: MANY_NODES };
  /** By row, two each: with which numbers of nodes, from and to, the sum that counts them is what it is. */
  private steady: Int32Array = new Int32Array(0);
  /** Totals in cache order, without what normalised scores add. */
  readonly index: TemplateIndex;
  /** Some total is no whole number that an int32 holds. */
  hasOddTotals = false;
  /** Whether no node takes such a pod, and what they say then. */
  readonly blocked: BlockedNodes;
  /** Node evaluations made (misses). */
  evaluations = 0;
  /** A score was outside the range: whoever scores by this cache has to look at each plugin's again. */
  hasInvalidScores = false;

  constructor(cluster: SchedulerCache, snapshot: LiveSnapshot, profile: Profile, plan: CachePlan, pod: PodInfo) {
    this.cluster = cluster;
    this.snapshot = snapshot;
    this.plan = plan;
    this.questions = new TemplateQuestions(profile, plan, pod, this.numbers);
    const { factsFilters, counting, normalized } = this.questions;
    this.blocked = new BlockedNodes(cluster, snapshot, this);
    this.index = new TemplateIndex(cluster, snapshot, normalized, this);
    this.raw = normalized.map(() => new Float64Array(0));
    this.indexesRaw = this.sumsNothing && plan.liveScores.length === 0 && normalized.length === 1
      && normalized[0].plugin.normalizeKeepsBest === true;
    this.looksAtFacts = factsFilters.length + counting.length + normalized.length > 0;
    this.rawOnFacts = normalized.every(({ plugin }) => plugin.dependence?.score === 'facts');
  }

  /** No score is summed: all sums are 0. */
  get sumsNothing(): boolean {
    return this.questions.summed.length + this.questions.counting.length === 0;
  }

  /** By verdict; null: passes. */
  get statuses(): readonly (Status | null)[] {
    return this.verdicts.statuses;
  }

  /** Position in the profile's filters of the plugin that gives each verdict. */
  get statusOrder(): readonly number[] {
    return this.verdicts.orders;
  }

  get hasErrors(): boolean {
    return this.verdicts.hasErrors;
  }

  /** Something that the index cannot tell: the plain scan finds out what. */
  get isOdd(): boolean {
    return this.hasErrors || this.hasInvalidScores || this.hasOddTotals;
  }

  /** To be called once a cycle before `look`: makes room. With more of it, every node is looked at anew. */
  begin(pod: PodInfo): void {
    const { capacity } = this.cluster.nodes;
    this.questions.view = pod;
    this.numbers.now = this.snapshot.rows.length;
    if (this.cells.length >= capacity * CELL) return;
    this.forget();
    this.cells = new Int32Array(capacity * CELL);
    this.steady = new Int32Array(capacity * 2);
    this.bytes = capacity * (BYTES_PER_NODE + 8 * this.raw.length);
    for (let row = 0; row < capacity; row++) {
      this.cells[row * CELL + COUNTED_VERSION] = COUNTS_NOTHING;
      this.steady[2 * row + 1] = MANY_NODES;
    }
    for (let i = 0; i < this.raw.length; i++) this.raw[i] = new Float64Array(capacity);
    if (this.raw.length > 0) this.index.kinds.makeRoom(capacity);
  }

  /** Gives its memory back: every node is looked at anew. */
  forget(): void {
    this.cells = this.steady = new Int32Array(0);
    this.bytes = 0;
    for (let i = 0; i < this.raw.length; i++) this.raw[i] = new Float64Array(0);
    this.oddSums.clear();
    this.index.forget();
    this.blocked.forget();
  }

  /**
   * The only node that takes the pod, where a filter knows that few can: nothing is remembered for it. -1: none or
   * several do, or there are too many to try. `positionOf` tells which rows count.
   */
  onlyTaker(pod: PodInfo, positionOf: Int32Array): number {
    const { questions } = this;
    if (questions.onlyRows === null) return -1;
    const rows = questions.onlyRows();
    if (rows.size > MOST_TRIED) return -1;
    questions.view = pod;
    let taker = -1;
    for (const row of rows) {
      if (row >= positionOf.length || positionOf[row] < 0 || !this.passes(row)) continue;
      if (taker >= 0) return -1;
      taker = row;
    }
    return taker;
  }

  private passes(row: number): boolean {
    const node = this.cluster.nodes.info[row];
    const { factsFilters, nodeFilters } = this.questions;
    if (!factsFilters.every(({ ask }) => ask(node, row) === null)) return false;
    return nodeFilters.every(({ ask }) => ask(node, row) === null);
  }

  /** The verdict on a node, brought up to date; 0: passes. Scores of the row are then valid, too. */
  look(row: number): number {
    const { cells } = this;
    const at = row * CELL;
    const generation = this.cluster.nodes.generation[row] | 0;
    if (cells[at] !== generation) this.evaluate(row, generation);
    else if (this.questions.counting.length > 0 && cells[at + VERDICT] === 0) this.count(row);
    return cells[at + VERDICT];
  }

  total(position: number): number {
    const row = this.snapshot.rows[position];
    const verdict = this.look(row);
    if (verdict !== 0) return INFEASIBLE;
    const { kinds } = this.index;
    if (kinds.count > 1) kinds.place(position, row);
    return this.indexesRaw ? this.raw[0][row] : this.cells[row * CELL + SUM] + this.cells[row * CELL + COUNTED_SUM];
  }

  isUnsteady(row: number): boolean {
    const { now } = this.numbers;
    return now < this.steady[2 * row] || now > this.steady[2 * row + 1];
  }

  /** Whether it has been so since the last look, and only a change of the node's object can change it. */
  isKeptOutByFacts(row: number): boolean {
    const { cells } = this;
    const at = row * CELL;
    const byFacts = cells[at + FACTS_VERDICT];
    if (byFacts === 0 || cells[at + FACTS_GENERATION] !== (this.cluster.nodes.factsGeneration[row] | 0)) return false;
    const { nodeFilters } = this.questions;
    return nodeFilters.length === 0 || nodeFilters[0].order > this.statusOrder[byFacts];
  }

  countsNodes(row: number): boolean {
    return this.cells[row * CELL + COUNTED_VERSION] !== COUNTS_NOTHING;
  }

  /** Index into `statuses` of the last verdict on a node; 0: it passes all cached filters. */
  verdictAt(row: number): number {
    return this.cells[row * CELL + VERDICT];
  }

  /** Whether the last verdict on a node, and its scores, are of the node as it is. */
  isUpToDate(row: number): boolean {
    return this.cells[row * CELL] === (this.cluster.nodes.generation[row] | 0);
  }

  /** Weighted sum of the summed score plugins on a node that passed. */
  sumAt(row: number): number {
    const at = row * CELL;
    return this.hasOddTotals ? this.oddSumAt(at + SUM) + this.oddSumAt(at + COUNTED_SUM) : this.cells[at + SUM] + this.cells[at + COUNTED_SUM];
  }

  private oddSumAt(place: number): number {
    return this.oddSums.get(place) ?? this.cells[place];
  }

  private evaluate(row: number, generation: number): void {
    this.evaluations++;
    const { cells, questions } = this;
    const at = row * CELL;
    const node = this.cluster.nodes.info[row];
    cells[at] = generation;
    const verdict = this.looksAtFacts
      ? this.verdictOf(node, row)
      : this.rejectionByNode(Infinity, node, row);
    cells[at + VERDICT] = verdict;
    if (verdict !== 0) return;
    this.setSum(at + SUM, this.scoreNode(node, row));
    if (questions.counting.length > 0) this.count(row);
    if (questions.normalized.length === 0) return;
    if (cells[at + RAW_GENERATION] !== cells[at + FACTS_GENERATION]) this.scoreRaw(node, row);
  }

  /** The first two are called each at a place of its own, where it is the same function as a rule: that is inlined. */
  private scoreNode(node: NodeInfo, row: number): number {
    const { summed } = this.questions;
    let sum = 0;
    if (summed.length > 0) sum += summed[0].weight * this.checked(summed[0].ask(node, row));
    if (summed.length > 1) sum += summed[1].weight * this.checked(summed[1].ask(node, row));
    for (let i = 2; i < summed.length; i++) sum += summed[i].weight * this.checked(summed[i].ask(node, row));
    return sum;
  }

  private scoreRaw(node: NodeInfo, row: number): void {
    this.cells[row * CELL + RAW_GENERATION] = this.rawOnFacts ? this.cells[row * CELL + FACTS_GENERATION] : 0;
    const { normalized } = this.questions;
    for (let i = 0; i < normalized.length; i++) {
      const raw = normalized[i].ask(node, row);
      this.raw[i][row] = raw;
      if (this.indexesRaw && !isIndexable(raw)) this.hasOddTotals = true;
    }
    this.index.kinds.note(row, this.raw);
  }

  private setSum(place: number, sum: number): void {
    this.cells[place] = sum;
    if (isIndexable(sum)) {
      if (this.hasOddTotals) this.oddSums.delete(place);
      return;
    }
    this.hasOddTotals = true;
    this.oddSums.set(place, sum);
  }

  /** The verdict of the first cached filter that rejects, 0: none does. */
  private verdictOf(node: NodeInfo, row: number): number {
    const { cells, questions } = this;
    const at = row * CELL;
    const factsGeneration = this.cluster.nodes.factsGeneration[row] | 0;
    if (cells[at + FACTS_GENERATION] !== factsGeneration) {
      cells[at + FACTS_GENERATION] = factsGeneration;
      cells[at + FACTS_VERDICT] = this.firstRejection(questions.factsFilters, 0, Infinity, node, row);
      this.setSum(at + COUNTED_SUM, 0);
      const { counting, view: { template } } = questions;
      const counts = counting.some(({ plugin }) => plugin.countsNodes?.(template, node) === true);
      cells[at + COUNTED_VERSION] = counts ? NOT_COUNTED : COUNTS_NOTHING;
      this.steady[2 * row] = 0;
      this.steady[2 * row + 1] = MANY_NODES;
    }
    const byFacts = cells[at + FACTS_VERDICT];
    const limit = byFacts === 0 ? Infinity : this.statusOrder[byFacts];
    const byNode = this.rejectionByNode(limit, node, row);
    return byNode === 0 ? byFacts : byNode;
  }

  /** Of filters that come before position `limit`. The first one is called at a place of its own, as in scoreNode. */
  private rejectionByNode(limit: number, node: NodeInfo, row: number): number {
    const { nodeFilters } = this.questions;
    if (nodeFilters.length === 0 || nodeFilters[0].order >= limit) return 0;
    const status = nodeFilters[0].ask(node, row);
    if (status !== null) return this.verdictFor(status, nodeFilters[0]);
    return nodeFilters.length === 1 ? 0 : this.firstRejection(nodeFilters, 1, limit, node, row);
  }

  /** Among filters from the place `first` on that come before position `limit`. */
  private firstRejection(
    filters: readonly CachedFilter[], first: number, limit: number, node: NodeInfo, row: number,
  ): number {
    for (let i = first; i < filters.length && filters[i].order < limit; i++) {
      const status = filters[i].ask(node, row);
      if (status !== null) return this.verdictFor(status, filters[i]);
    }
    return 0;
  }

  private verdictFor(status: Status, { plugin, order }: CachedFilter): number {
    return this.verdicts.indexOf(status, plugin.name, order);
  }

  private checked(score: number): number {
    if (!isValidScore(score)) this.hasInvalidScores = true;
    return score;
  }

  /** Brings the part of the sum that depends on the number of nodes up to date. */
  private count(row: number): void {
    const { cells } = this;
    const at = row * CELL;
    if (cells[at + COUNTED_VERSION] === COUNTS_NOTHING) return;
    const version = this.snapshot.imagesVersion(row);
    if (cells[at + COUNTED_VERSION] === version && !this.isUnsteady(row)) return;
    cells[at + COUNTED_VERSION] = version;
    const { numbers, steady } = this;
    numbers.least = 0;
    numbers.most = MANY_NODES;
    const node = this.cluster.nodes.info[row];
    let counted = 0;
    for (const { ask, weight } of this.questions.counting) counted += weight * this.checked(ask(node, row));
    steady[2 * row] = numbers.least;
    steady[2 * row + 1] = numbers.most;
    this.setSum(at + COUNTED_SUM, counted);
  }
}

/** From the first filter that may know which nodes pass, if those before it only reject the others. */
function onlyRowsOf(filters: readonly Plugin[], template: PodTemplate): (() => ReadonlySet<number>) | null {
  const index = filters.findIndex((plugin) => plugin.onlyRowsOf !== undefined);
  return index >= 0 && filters.slice(0, index).every((plugin) => plugin.filterNeverFails === true) ? (filters[index].onlyRowsOf?.(template) ?? null) : null;
}

/** A template's caches by profile; made on first use. */
export class TemplateCaches {
  private readonly cluster: SchedulerCache;
  private readonly snapshot: LiveSnapshot;
  private readonly plans = new Map<Profile, CachePlan>();
  /** By template id. */
  private readonly caches = new Map<Profile, TemplateCache[]>();
  /** By what the answers hang on. */
  private readonly shared = new Map<Profile, Map<string, TemplateCache>>();
  /** By template that others are variants of. */
  private readonly keys: (string | null)[] = [];
  private readonly made: TemplateCache[] = [];
  private readonly mostBytes: number;
  private uses = 0;
  private bytes = 0;

  /** With more than `mostBytes` in use, the cache that was not used for longest gives its memory back. */
  constructor(cluster: SchedulerCache, snapshot: LiveSnapshot, mostBytes: number = MOST_BYTES) {
    this.cluster = cluster;
    this.snapshot = snapshot;
    this.mostBytes = mostBytes;
  }

  /** To be called before a cache is asked about nodes. */
  begin(cache: TemplateCache, pod: PodInfo): void {
    const before = cache.bytes;
    cache.lastUse = ++this.uses;
    cache.begin(pod);
    this.bytes += cache.bytes - before;
    while (this.bytes > this.mostBytes && this.bytes > cache.bytes) this.forgetOldest(cache);
  }

  private forgetOldest(kept: TemplateCache): void {
    let oldest: TemplateCache | null = null;
    for (const cache of this.made) if (cache !== kept && cache.bytes > 0 && (oldest === null || cache.lastUse < oldest.lastUse)) oldest = cache;
    assert(oldest !== null, 'somebody holds what is in use');
    this.bytes -= oldest.bytes;
    oldest.forget();
  }

  of(profile: Profile, pod: PodInfo, template: PodTemplate): TemplateCache {
    let caches = this.caches.get(profile);
    if (caches === undefined) this.caches.set(profile, (caches = []));
    let cache = caches[template.id];
    if (cache === undefined) {
      let plan = this.plans.get(profile);
      if (plan === undefined) this.plans.set(profile, (plan = cachePlan(profile)));
      const key = plan.specOnly ? this.keyOf(template) : null;
      const shared = key === null ? undefined : this.shared.get(profile)?.get(key);
      cache = caches[template.id] = shared ?? new TemplateCache(this.cluster, this.snapshot, profile, plan, pod);
      if (shared === undefined) this.made.push(cache);
      if (key !== null) this.sharedBy(profile).set(key, cache);
    }
    return cache;
  }

  private keyOf(template: PodTemplate): string | null {
    const known = this.keys[template.specOf];
    return known === undefined ? (this.keys[template.specOf] = answersKey(template)) : known;
  }

  private sharedBy(profile: Profile): Map<string, TemplateCache> {
    let shared = this.shared.get(profile);
    if (shared === undefined) this.shared.set(profile, (shared = new Map<string, TemplateCache>()));
    return shared;
  }

  /** Node evaluations that all caches have made. */
  get evaluations(): number {
    let sum = 0;
    for (const cache of this.made) sum += cache.evaluations;
    return sum;
  }
}

/**
 * Equal for templates of which plugins that look at specs only say the same; null: the template keeps its own cache.
 */
function answersKey(
  { spec, accounted, requested, scored, nonZeroCpu, nonZeroMemory, hostPorts, images }: PodTemplate,
): string | null {
  if ((spec.volumes?.length ?? 0) + (spec.resourceClaims?.length ?? 0) > 0) return null;
  const { priority: _priority, priorityClassName: _class, preemptionPolicy: _policy, topologySpreadConstraints: _spread, affinity, ...looked } = spec;
  const amounts = [accounted, requested, scored].map(({ columns, amounts: values }) => [[...columns], [...values]]);
  return JSON.stringify([looked, affinity?.nodeAffinity, amounts, nonZeroCpu, nonZeroMemory, hostPorts, images]);
}
