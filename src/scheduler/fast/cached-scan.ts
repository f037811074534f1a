/**
 * One cycle over remembered answers: the cached filters and scores come from the template's cache, live plugins are
 * asked as in the plain scan. Walks the same nodes in the same order and yields the same verdicts, so the decision is
 * the plain scan's; a differential test holds it to that. Costs a few nanoseconds a node where nothing is live.
 */
import type { SchedulerCache } from '../cache/scheduler-cache.ts';
import type { NodeInfo } from '../cache/node-info.ts';
import type { CycleState } from '../framework/cycle-state.ts';
import { Diagnosis } from '../framework/diagnosis.ts';
import type { StatusSource } from '../framework/diagnosis.ts';
import type { DomainScore, DomainTable, DomainTest } from './domain-answers.ts';
import type { PodInfo } from '../framework/pod-info.ts';
import type { NodeBits, Plugin } from '../framework/plugin-api.ts';
import { invalidScore, isInert, isValidScore } from '../framework/profile.ts';
import type { Profile, ScorePlugin } from '../framework/profile.ts';
import type { LiveSnapshot } from '../cache/snapshot.ts';
import { errorStatus, isRejected } from '../framework/status.ts';
import type { Status } from '../framework/status.ts';
import { TemplateCaches, liveFor } from './template-cache.ts';
import type { CachePlan, TemplateCache } from './template-cache.ts';
import { DomainMasks } from './node-bits.ts';
import { NominatedVerdicts } from './nominated-verdicts.ts';

/** Answers that add something. */
interface WeightedAnswers {
  readonly add: DomainScore;
  readonly table: DomainTable | null;
  readonly favourite: ((count: number) => number) | null;
  readonly weight: number;
}

interface LiveFilter {
  readonly plugin: CachePlan['filters'][number]['plugin'];
  /** Position in the profile's filters. */
  readonly order: number;
}

export class CachedScan {
  feasibleCount = 0;
  rejectedCount = 0;
  private readonly cluster: SchedulerCache;
  private readonly snapshot: LiveSnapshot;
  private readonly caches: TemplateCaches;
  private cache: TemplateCache | null = null;
  private readonly liveFilters: LiveFilter[] = [];
  /** Of live plugins that answer by domain: in the profile's order of filters, and of score plugins. */
  private readonly tests: { readonly test: DomainTest; readonly order: number }[] = [];
  private readonly domainScores: WeightedAnswers[] = [];
  /** Calls of Filter and Score of plugins that were asked node by node, by plugin. */
  readonly asked: Map<string, number> = new Map();
  /**
   * By node row: why nominated pods leave no room there for the pod of this cycle. A diagnosis may keep it: it is never
   * changed afterwards.
   */
  private excluded: ReadonlyMap<number, Status> = NOBODY;
  private readonly nominated: NominatedVerdicts;
  private readonly masks = new DomainMasks();
  private walkStart = 0;
  private liveScores: readonly ScorePlugin[] = [];
  /** No plugin was called in this cycle but for answers that are remembered, or come from counts by domain. */
  askedNobody = false;
  /** Rows of the feasible nodes in the order found. */
  private feasible: Int32Array = new Int32Array(64);
  /** Rows of the rejected nodes, with the verdict's index, or 0 and a status of a live plugin. */
  private rejected: Int32Array = new Int32Array(64);
  private rejectedVerdict: Uint16Array = new Uint16Array(64);
  /** Raw scores that, the same on all nodes, normalise to a valid one. */
  private readonly validWhenEven = new Map<Plugin, Set<number>>();
  private readonly liveStatuses = new Map<number, Status>();

  /** `cacheBytes`: what remembered answers may hold; a default of TemplateCaches. */
  constructor(cluster: SchedulerCache, snapshot: LiveSnapshot, cacheBytes?: number) {
    this.cluster = cluster;
    this.snapshot = snapshot;
    this.caches = new TemplateCaches(cluster, snapshot, cacheBytes);
    this.nominated = new NominatedVerdicts(cluster, snapshot);
  }

  get misses(): number {
    return this.caches.evaluations;
  }

  /** PreFilter. false: this pod needs the plain scan. */
  prepare(profile: Profile, state: CycleState, pod: PodInfo): boolean {
    const { pods } = this.cluster;
    if (pods.pinnedNode[pod.row] >= 0) return false;
    const { template } = pod;
    const cache = this.caches.of(profile, pod, template);
    if (!cache.questions.usable) return false;
    this.cache = cache;
    this.liveScores = NO_SCORES;
    // To set the length of an array costs more than to look at it.
    if (this.liveFilters.length > 0) this.liveFilters.length = 0;
    if (this.tests.length > 0) this.tests.length = 0;
    if (this.domainScores.length > 0) this.domainScores.length = 0;
    this.excluded = NOBODY;
    const others = this.askDomains(cache.plan, pod);
    this.askedNobody = others.length === 0;
    if (others.length > 0 && !this.wake(profile, state, pod, cache.plan, others)) return false;
    this.makeRoom();
    return true;
  }

  /**
   * Nodes that pods nominated to them keep this pod from, and why. To be called after `prepare` while there are
   * nominations. false: the plain scan has to make the decision.
   */
  prepareNominated(profile: Profile, state: CycleState, pod: PodInfo): boolean {
    const cache = this.cache as TemplateCache;
    if (this.liveFilters.length > 0 || cache.isOdd) return false;
    if (this.liveScores.length > 0) return !this.nominated.concern(profile, pod);
    const excluded = this.nominated.rejections(profile, state, pod, this.tests.length === 0);
    if (excluded === null) return false;
    this.excluded = excluded;
    return true;
  }

  /**
   * The node that the pod itself is nominated to, which comes before all others. true: it passes, and the state is the
   * plain scan's. To be called after `prepare` and `prepareNominated`; null: the plain scan has to make the decision.
   */
  passesOwnNode(profile: Profile, state: CycleState, pod: PodInfo, node: NodeInfo): boolean | null {
    if (this.liveFilters.length + this.liveScores.length > 0) return null;
    const { status, nodeNames } = profile.runPreFilter(state, pod);
    if (status !== null || nodeNames !== null) return null;
    const verdict = profile.runFilterWithNominatedPods(state, pod, node);
    if (verdict === null) return true;
    state.reset();
    return isRejected(verdict) ? false : null;
  }

  /** Walks the nodes from `start` until `target` pass. A status: the cycle ends with this error. */
  filter(state: CycleState, pod: PodInfo, start: number, target: number): Status | null {
    const { cache, feasible } = this;
    const order = this.snapshot.rows;
    const count = order.length;
    if (cache !== null) this.caches.begin(cache, pod);
    cache?.index.bypassed();
    const live = this.liveFilters.length + this.tests.length > 0;
    this.walkStart = start;
    if (live) cache?.blocked.drop();
    else if (cache?.blocked.stillHolds(NOBODY) === true) {
      this.feasibleCount = 0;
      this.rejectedCount = count;
      return null;
    }
    let found = 0;
    this.rejectedCount = 0;
    this.liveStatuses.clear();
    for (let i = 0, position = start; i < count; i++) {
      const row = order[position];
      if (++position === count) position = 0;
      const verdict = (cache as TemplateCache).look(row);
      if (live) {
        const status = this.check(state, pod, row, verdict);
        if (status !== null) {
          if (!isRejected(status)) {
            this.feasibleCount = found;
            return status;
          }
          this.reject(row, 0);
          this.liveStatuses.set(row, status);
          continue;
        }
      }
      if (verdict !== 0) {
        const error = cache?.hasErrors === true ? cache.statuses[verdict] : null;
        if (error && !isRejected(error)) {
          this.feasibleCount = found;
          return error;
        }
        this.reject(row, verdict);
      } else if (found === target) break;
      else feasible[found++] = row;
    }
    this.feasibleCount = found;
    if (found === 0 && !live && cache?.hasErrors === false) cache.blocked.begin();
    return null;
  }

  /**
   * The search by the template's index, unless a plugin has to be asked node by node. Row of upstream's choice, -1: no
   * node passes; UNSCORED: the feasible nodes are found and `score` is next; NO_INDEX: `filter` and `score` have to do
   * it; NOT_HERE: the plain scan has to. `ties` null: the choice is not made here.
   */
  pick(
    state: CycleState,
    pod: PodInfo,
    start: number,
    target: number,
    totals: Float64Array,
    ties: 'upstream' | 'first' | null,
  ): number {
    const cache = this.cache as TemplateCache;
    if (this.liveFilters.length > 0) return NO_INDEX;
    const only = this.tests.length + this.excluded.size === 0 ? cache.onlyTaker(pod, this.snapshot.positionOf) : -1;
    if (only >= 0) {
      this.feasibleCount = 1;
      this.rejectedCount = this.snapshot.rows.length - 1;
      return only;
    }
    this.caches.begin(cache, pod);
    const isBlocked = cache.blocked.stillHolds(this.excluded);
    if (cache.isOdd) return this.otherWay;
    this.walkStart = start;
    if (isBlocked) {
      this.feasibleCount = 0;
      this.rejectedCount = this.snapshot.rows.length;
      return -1;
    }
    cache.index.bringUpToDate();
    const index = cache.index.window;
    const { masks } = this;
    const { excluded } = this;
    index.find(
      start,
      target,
      this.tests.length + excluded.size > 0 &&
        masks.begin(this.snapshot.rows, this.tests, excluded.keys(), this.snapshot.positionOf)
        ? masks
        : null,
    );
    if (cache.isOdd) return this.otherWay;
    this.feasibleCount = index.feasibleCount;
    this.rejectedCount = index.processedCount - index.feasibleCount;
    if (index.feasibleCount === 0) {
      if (this.tests.length === 0) cache.blocked.begin();
      return -1;
    }
    const position = index.feasibleCount === 1 ? index.nth(0) : this.choose(cache, state, pod, ties);
    if (position >= 0) return this.snapshot.rows[position];
    index.collect(this.snapshot.rows, this.feasible, totals);
    if (cache.indexesRaw) totals.fill(0, 0, index.feasibleCount);
    return UNSCORED;
  }

  /** Position of the choice among several nodes that the index has found; -1: it cannot tell. */
  private choose(
    cache: TemplateCache, state: CycleState, pod: PodInfo, ties: 'upstream' | 'first' | null,
  ): number {
    const { domainScores, liveScores, masks } = this;
    const { window: index, kinds } = cache.index;
    if (ties === null || liveScores.length > 0 || domainScores.length > 1) return -1;
    if (!cache.indexesRaw && !this.isEven(cache)) {
      if (domainScores.length > 0 || !kinds.areKnown) return -1;
      const added = (present: Uint8Array): Int32Array | null => kinds.added(present, state, pod);
      if (!index.addByGroup(kinds.bits, kinds.count, added, 1)) return -1;
      return ties === 'first' ? index.firstBest() : index.winner();
    }
    if (domainScores.length === 0) return ties === 'first' ? index.firstBest() : index.winner();
    const { table, favourite, weight } = domainScores[0];
    if (favourite !== null && cache.sumsNothing && weight > 0) return index.nth(favourite(index.feasibleCount));
    if (ties === 'first' || table === null) return -1;
    const groups = masks.groups(this.snapshot.rows, table.column);
    if (groups === null) return -1;
    index.addByGroup(groups, table.column.size + 1, (present) => table.of(present), weight);
    return index.winner();
  }

  /** Who decides where the index cannot. */
  get otherWay(): number {
    return this.excluded.size > 0 ? NOT_HERE : NO_INDEX;
  }

  /** Whether no normalised score can tell two nodes apart. */
  private isEven({ index: { kinds }, questions: { normalized } }: TemplateCache): boolean {
    if (kinds.count > 1) return false;
    const { first } = kinds;
    if (first === undefined) return true;
    for (let i = 0; i < normalized.length; i++)
      if (this.validWhenEven.get(normalized[i].plugin)?.has(first[i]) !== true) return false;
    return true;
  }

  /** What the live plugins answer from counts by domain. Returns those that have to be asked node by node. */
  private askDomains(plan: CachePlan, pod: PodInfo): readonly Plugin[] {
    let others: Plugin[] | null = null;
    const { template } = pod;
    const live = liveFor(plan, template);
    for (let i = 0; i < live.length; i++) {
      const { plugin, order, weight } = live[i];
      if (isInert(plugin, template)) continue;
      const answers = plugin.domains?.answers(pod);
      if (answers === undefined || answers === null) {
        (others ??= []).push(plugin);
        continue;
      }
      if (order >= 0) for (const test of answers.tests) this.tests.push({ test, order });
      if (weight === null || answers.score === null) continue;
      const { score: add, table, favourite = null } = answers;
      this.domainScores.push({ add, table, favourite, weight });
    }
    if (this.tests.length > 1) this.tests.sort((a, b) => a.order - b.order);
    return others ?? NO_PLUGINS;
  }

  /** The first test that a node fails, of plugins before position `limit` of the profile's filters. */
  private testStatus(row: number, limit: number): Status | null {
    for (const { test, order } of this.tests) {
      if (order > limit) return null;
      const domain = test.column.ids[row];
      if (domain < 0) {
        if (test.missing !== null) return test.missing;
      } else if (test.counts[domain] < test.least || test.counts[domain] > test.most) return test.status;
    }
    return null;
  }

  private diagnoseDomains(cache: TemplateCache): Diagnosis {
    const order = this.snapshot.rows;
    const diagnosis = new Diagnosis(order.length);
    for (let i = 0, position = this.walkStart; i < order.length; i++) {
      const row = order[position];
      if (++position === order.length) position = 0;
      const verdict = cache.verdictAt(row);
      const status =
        this.excluded.get(row) ??
        this.testStatus(row, verdict === 0 ? Infinity : cache.statusOrder[verdict]) ??
        cache.statuses[verdict];
      if (status) diagnosis.set(this.cluster.nodes.info[row].name, status);
    }
    return diagnosis;
  }

  diagnose(): Diagnosis {
    if (this.liveFilters.length === 0 && this.tests.length > 0)
      return this.diagnoseDomains(this.cache as TemplateCache);
    if (this.cache?.blocked.holds === true && this.liveFilters.length === 0)
      return new Diagnosis(this.snapshot.rows.length, new BlockedStatuses(this.cache, this.snapshot, this.excluded));
    const { info } = this.cluster.nodes;
    const statuses = this.cache?.statuses ?? [];
    const diagnosis = new Diagnosis(this.snapshot.rows.length);
    for (let i = 0; i < this.rejectedCount; i++) {
      const row = this.rejected[i];
      const verdict = this.rejectedVerdict[i];
      const status = verdict === 0 ? this.liveStatuses.get(row) : statuses[verdict];
      if (status) diagnosis.set(info[row].name, status);
    }
    return diagnosis;
  }

  /**
   * Total scores of the feasible nodes into `totals`; `collected`: the cached sums are there already. A status: a
   * PreScore failed, which ends the cycle, or AGAIN: some score is invalid, and the plain scan tells which.
   */
  score(
    profile: Profile, state: CycleState, pod: PodInfo, totals: Float64Array, scratch: Float64Array, collected: boolean,
  ): Status | null {
    const count = this.feasibleCount;
    const { feasible } = this;
    const cache = this.cache as TemplateCache;
    if (profile.score.length === 0) {
      totals.fill(1, 0, count);
      return null;
    }
    if (cache.hasInvalidScores) return AGAIN;
    if (!collected) {
      for (let i = 0; i < count; i++) totals[i] = cache.sumAt(feasible[i]);
    }
    const { normalized } = cache.questions;
    if (!this.isEven(cache)) for (let k = 0; k < normalized.length; k++) {
      const status = this.addNormalized(state, pod, normalized[k], cache.raw[k], totals, scratch);
      if (status !== null) return AGAIN;
    }
    for (const { add, weight } of this.domainScores) add(feasible, count, weight, totals, scratch);
    return this.liveScores.length === 0 ? null : this.addLive(profile, state, pod, totals, scratch);
  }

  node(index: number): NodeInfo {
    return this.cluster.nodes.info[this.feasible[index]];
  }

  /** PreFilter of the plugins that are not inert. false: one rejects or restricts the nodes. */
  private wake(profile: Profile, state: CycleState, pod: PodInfo, plan: CachePlan, awake: readonly Plugin[]): boolean {
    if (!profile.passesPreFilter(state, pod, new Set(awake))) return false;
    plan.filters.forEach(({ plugin, live }, order) => {
      if (live && awake.includes(plugin) && !state.skipFilter.has(plugin.name))
        this.liveFilters.push({ plugin, order });
    });
    this.liveScores = plan.liveScores.filter(({ plugin }) => awake.includes(plugin));
    return true;
  }

  /** The first rejection of a live filter, or of a test by domain, that comes before the cached verdict's plugin. */
  private check(state: CycleState, pod: PodInfo, row: number, verdict: number): Status | null {
    const before = verdict === 0 ? Infinity : (this.cache as TemplateCache).statusOrder[verdict];
    for (const { plugin, order } of this.liveFilters) {
      const earlier = this.testStatus(row, Math.min(order, before));
      if (earlier !== null || order > before) return earlier;
      this.countAsked(plugin.name);
      const status = plugin.filter(state, pod, this.cluster.nodes.info[row]);
      if (status !== null) return status;
    }
    return this.testStatus(row, before);
  }

  private countAsked(plugin: string): void {
    this.asked.set(plugin, (this.asked.get(plugin) ?? 0) + 1);
  }

  nodes(): NodeInfo[] {
    const nodes: NodeInfo[] = [];
    for (let i = 0; i < this.feasibleCount; i++) nodes.push(this.cluster.nodes.info[this.feasible[i]]);
    return nodes;
  }

  /**
   * A raw score that is the same on all nodes adds the same to all: it cannot change the choice. Whether it is valid
   * after normalising is looked at once.
   */
  private addNormalized(
    state: CycleState,
    pod: PodInfo,
    { plugin, weight }: ScorePlugin,
    raw: Float64Array,
    totals: Float64Array,
    scratch: Float64Array,
  ): Status | null {
    const { feasible } = this;
    const count = this.feasibleCount;
    const first = raw[feasible[0]];
    let even = true;
    for (let i = 0; i < count; i++) {
      const value = raw[feasible[i]];
      scratch[i] = value;
      if (value !== first) even = false;
    }
    if (even && this.validWhenEven.get(plugin)?.has(first) === true) return null;
    // In-tree plugins do not name the fourth parameter: the list of nodes is not made for them.
    plugin.normalizeScore?.(
      state,
      pod,
      scratch.subarray(0, count),
      plugin.normalizeScore.length === 3 ? NO_NODES : this.nodes(),
    );
    for (let i = 0; i < count; i++) {
      if (!isValidScore(scratch[i])) return invalidScore(plugin, scratch[i]);
      totals[i] += weight * scratch[i];
    }
    if (even) this.noteValidWhenEven(plugin, first);
    return null;
  }

  private noteValidWhenEven(plugin: Plugin, raw: number): void {
    const known = this.validWhenEven.get(plugin);
    if (known === undefined) this.validWhenEven.set(plugin, new Set([raw]));
    else known.add(raw);
  }

  private addLive(
    profile: Profile, state: CycleState, pod: PodInfo, totals: Float64Array, scratch: Float64Array,
  ): Status | null {
    const nodes = this.nodes();
    for (const { plugin } of this.liveScores)
      this.asked.set(plugin.name, (this.asked.get(plugin.name) ?? 0) + nodes.length);
    const wanted = new Set<Plugin>(this.liveScores.map(({ plugin }) => plugin));
    const failed = profile.runPreScore(state, pod, nodes, wanted);
    if (failed !== null) return failed;
    return profile.addScores(this.liveScores, state, pod, nodes, totals, scratch) === null ? null : AGAIN;
  }

  private reject(row: number, verdict: number): void {
    this.rejected[this.rejectedCount] = row;
    this.rejectedVerdict[this.rejectedCount++] = verdict;
  }

  private makeRoom(): void {
    const { nodes } = this.snapshot;
    if (this.feasible.length >= nodes.length) return;
    this.feasible = new Int32Array(nodes.length);
    this.rejected = new Int32Array(nodes.length);
    this.rejectedVerdict = new Uint16Array(nodes.length);
  }
}

/** The verdicts of a template that no node takes, read from its cache. */
class BlockedStatuses implements StatusSource {
  private readonly cache: TemplateCache;
  private readonly snapshot: LiveSnapshot;
  /** By node row: verdicts that take the place of the cache's. */
  private readonly instead: ReadonlyMap<number, Status>;

  constructor(cache: TemplateCache, snapshot: LiveSnapshot, instead: ReadonlyMap<number, Status>) {
    this.cache = cache;
    this.snapshot = snapshot;
    this.instead = instead;
  }

  get explicitCount(): number {
    return this.snapshot.nodes.length;
  }

  counts(): readonly (readonly [Status, number])[] {
    const { statuses } = this.cache;
    const { verdictCounts } = this.cache.blocked;
    const replaced: number[] = [];
    const replacing = new Map<Status, number>();
    for (const [row, status] of this.instead) {
      const verdict = this.cache.verdictAt(row);
      replaced[verdict] = (replaced[verdict] ?? 0) + 1;
      replacing.set(status, (replacing.get(status) ?? 0) + 1);
    }
    const counts: (readonly [Status, number])[] = [];
    for (let verdict = 1; verdict < verdictCounts.length; verdict++) {
      const status = statuses[verdict];
      const count = (verdictCounts[verdict] ?? 0) - (replaced[verdict] ?? 0);
      if (status && count > 0) counts.push([status, count]);
    }
    counts.push(...replacing);
    return counts;
  }

  get(nodeName: string): Status | undefined {
    const node = this.snapshot.find(nodeName);
    return node === undefined ? undefined : this.ofNode(node);
  }

  ofNode({ row }: NodeInfo): Status | undefined {
    return this.instead.get(row) ?? this.cache.statuses[this.cache.verdictAt(row)] ?? undefined;
  }

  unschedulable(): readonly NodeInfo[] {
    return this.cache.blocked.unschedulableNodes(this.instead);
  }

  unschedulableBits(): NodeBits {
    return this.cache.blocked.unschedulableBits(this.instead);
  }

  *explicit(): Generator<readonly [string, Status]> {
    for (const node of this.snapshot.nodes) {
      const status = this.ofNode(node);
      if (status) yield [node.name, status];
    }
  }
}

/** What `pick` says when the index cannot answer, and when scores are still to be added. */
export const NO_INDEX = -2;
export const UNSCORED = -3;
/** Neither the index nor `filter`: nominated pods, and something out of the ordinary. */
export const NOT_HERE = -4;
/** The plain way has to score these nodes. */
export const AGAIN = errorStatus('', 'a score is out of range');
const NO_NODES: readonly NodeInfo[] = [];
const NOBODY: ReadonlyMap<number, Status> = new Map();
const NO_SCORES: readonly ScorePlugin[] = [];
const NO_PLUGINS: readonly Plugin[] = [];
