/**
 * The scheduling algorithm on one pod: PreFilter, Filter over sampled nodes, PreScore, Score, choice of the host
 * (pkg/scheduler/schedule_one.go, v1.36, as a single-threaded scheduler runs it). The plain scan: cost is nodes looked
 * at times plugins. Keeps the rotating start index, which carries over from cycle to cycle.
 */
import type { SchedulerCache } from '../cache/scheduler-cache.ts';
import type { NodeInfo } from '../cache/node-info.ts';
import type { RandomStream } from '../../kernel/random.ts';
import { AGAIN, CachedScan, NOT_HERE, NO_INDEX, UNSCORED } from '../fast/cached-scan.ts';
import type { CycleState } from './cycle-state.ts';
import { Diagnosis } from './diagnosis.ts';
import type { PodInfo } from './pod-info.ts';
import type { Profile, ScoreCollector } from './profile.ts';
import type { LiveSnapshot } from '../cache/snapshot.ts';
import { errorStatus, isRejected, statusMessage, unresolvable } from './status.ts';
import type { Status } from './status.ts';
import { precedesInHeap } from '../fast/window-index.ts';

export type TieBreak = 'upstream' | 'first' | 'random';

export interface AlgorithmOptions {
  /** Global percentageOfNodesToScore; 0: adaptive. */
  readonly percentageOfNodesToScore: number;
  /** false: always look at every node. */
  readonly sampling: boolean;
  readonly tieBreak: TieBreak;
  /** For tieBreak `random`. */
  readonly tieStream: RandomStream;
  /** true: the plain scan only, no caches. Same decisions, slower: the twin that proves the caches right. */
  readonly plain: boolean;
  /** Bytes that remembered answers may hold; 256 MiB unless given. */
  readonly cacheBytes?: number | undefined;
}

export type ScheduleResult =
  | {
      readonly kind: 'scheduled';
      readonly node: NodeInfo;
      readonly evaluatedNodes: number;
      readonly feasibleNodes: number;
    }
  /**
   * `repeats`: told from remembered answers about all nodes. Other pods of the template, without a node of their own,
   * get the same until something changes, and the start index stays where it is.
   */
  | { readonly kind: 'fitError'; readonly diagnosis: Diagnosis; readonly repeats: boolean }
  | { readonly kind: 'noNodes' }
  | { readonly kind: 'error'; readonly status: Status };

const MIN_FEASIBLE_NODES_TO_FIND = 100;
const MIN_FEASIBLE_NODES_PERCENTAGE_TO_FIND = 5;

export class Algorithm {
  nextStartNodeIndex = 0;
  /**
   * Counts for reports: nodes that Filter gave a verdict on (without the one too many that ends a sampled search),
   * and that were scored.
   */
  nodesFiltered = 0;
  nodesScored = 0;
  private readonly cluster: SchedulerCache;
  private readonly snapshot: LiveSnapshot;
  private readonly options: AlgorithmOptions;
  /** The choices among equals that the index knows; null: it is made here. */
  private readonly knownTies: 'upstream' | 'first' | null;
  private readonly cached: CachedScan;
  private totals: Float64Array = new Float64Array(64);
  private scratch: Float64Array = new Float64Array(64);
  private readonly feasible: NodeInfo[] = [];

  constructor(cluster: SchedulerCache, snapshot: LiveSnapshot, options: AlgorithmOptions) {
    this.cluster = cluster;
    this.snapshot = snapshot;
    this.options = options;
    this.knownTies = options.tieBreak === 'random' ? null : options.tieBreak;
    this.cached = new CachedScan(cluster, snapshot, options.cacheBytes);
  }

  /** Calls of plugins that had to be asked node by node, by plugin. */
  get askedNodeByNode(): ReadonlyMap<string, number> {
    return this.cached.asked;
  }

  /** Node evaluations that the caches could not answer. */
  get cacheMisses(): number {
    return this.cached.misses;
  }

  /** One decision on the state as it is. The snapshot is refreshed first. */
  schedule(profile: Profile, state: CycleState, pod: PodInfo, collect?: ScoreCollector): ScheduleResult {
    this.snapshot.refresh();
    if (this.snapshot.rows.length === 0) return { kind: 'noNodes' };
    if (!this.options.plain && collect === undefined) {
      const result = this.scheduleCached(profile, state, pod);
      if (result !== null) return result;
    }
    const diagnosis = new Diagnosis(this.snapshot.nodes.length);
    const failed = this.findFeasible(profile, state, pod, diagnosis);
    if (failed !== null) return failed;
    const { feasible } = this;
    const evaluatedNodes = feasible.length + diagnosis.explicitCount;
    if (feasible.length === 0) return { kind: 'fitError', diagnosis, repeats: false };
    if (feasible.length === 1) return { kind: 'scheduled', node: feasible[0], evaluatedNodes, feasibleNodes: 1 };
    const status = this.scoreNodes(profile, state, pod, feasible, collect);
    if (status !== null) return { kind: 'error', status };
    return {
      kind: 'scheduled',
      node: feasible[this.choose(feasible.length)],
      evaluatedNodes,
      feasibleNodes: feasible.length,
    };
  }

  /** The same decision from remembered answers; null when the plain scan has to make it. */
  private scheduleCached(profile: Profile, state: CycleState, pod: PodInfo): ScheduleResult | null {
    const { cached } = this;
    if (
      !cached.prepare(profile, state, pod) ||
      (profile.hasNominatedPods && !cached.prepareNominated(profile, state, pod))
    ) {
      state.reset();
      return null;
    }
    const ownNode = this.ownNominatedNode(pod);
    const passes = ownNode === undefined ? false : cached.passesOwnNode(profile, state, pod, ownNode);
    if (passes === null) {
      state.reset();
      return null;
    }
    if (ownNode !== undefined && passes) {
      this.nodesFiltered++;
      return { kind: 'scheduled', node: ownNode, evaluatedNodes: 1, feasibleNodes: 1 };
    }
    const count = this.snapshot.rows.length;
    const start = this.nextStartNodeIndex % count;
    const target = this.feasibleNodesToFind(profile, count);
    this.makeRoom(count);
    const picked =
      profile.score.length > 0 ? cached.pick(state, pod, start, target, this.totals, this.knownTies) : cached.otherWay;
    if (picked === NOT_HERE) {
      state.reset();
      return null;
    }
    const error = picked === NO_INDEX ? cached.filter(state, pod, start, target) : null;
    const walked = cached.feasibleCount + cached.rejectedCount;
    // The own node's rejection counts as a node looked at, even when the search has not come to it.
    const isBeyond = ownNode !== undefined && (this.snapshot.positionOf[ownNode.row] - start + count) % count >= walked;
    const processed = isBeyond ? walked + 1 : walked;
    this.nodesFiltered += ownNode === undefined ? walked : walked + 1;
    this.nextStartNodeIndex = (this.nextStartNodeIndex + processed) % count;
    if (error !== null) return { kind: 'error', status: filterError(error) };
    const feasibleNodes = cached.feasibleCount;
    if (picked >= 0) {
      if (feasibleNodes > 1) this.nodesScored += feasibleNodes;
      return { kind: 'scheduled', node: this.cluster.nodes.info[picked], evaluatedNodes: processed, feasibleNodes };
    }
    if (feasibleNodes === 0) {
      const diagnosis = cached.diagnose();
      state.reset();
      state.fillLater(() => void profile.runPreFilter(state, pod));
      const repeats = ownNode === undefined && walked === count && profile.changesWithCluster && cached.askedNobody;
      return { kind: 'fitError', diagnosis, repeats };
    }
    let winner = 0;
    if (feasibleNodes > 1) {
      const told = cached.score(profile, state, pod, this.totals, this.scratch, picked === UNSCORED);
      const failed = told === AGAIN ? this.scoreAgain(profile, state, pod, cached.nodes()) : told;
      if (failed !== null) return { kind: 'error', status: failed };
      if (told !== AGAIN) this.nodesScored += feasibleNodes;
      winner = this.choose(feasibleNodes);
    }
    return { kind: 'scheduled', node: cached.node(winner), evaluatedNodes: processed, feasibleNodes };
  }

  private ownNominatedNode({ row, nominatedNodeName }: PodInfo): NodeInfo | undefined {
    return this.cluster.pods.nominatedNode[row] < 0 ? undefined : this.snapshot.find(nominatedNodeName);
  }

  /** The plain way, to find the plugin and the node that a score is wrong of, or that none is. It counts the nodes. */
  private scoreAgain(profile: Profile, state: CycleState, pod: PodInfo, nodes: readonly NodeInfo[]): Status | null {
    state.reset();
    profile.runPreFilter(state, pod);
    return this.scoreNodes(profile, state, pod, nodes);
  }

  private makeRoom(nodes: number): void {
    if (this.totals.length >= nodes) return;
    this.totals = new Float64Array(nodes * 2);
    this.scratch = new Float64Array(nodes * 2);
  }

  /** PreScore and Score over `nodes`; totals are read with `total(i)`. */
  scoreNodes(
    profile: Profile, state: CycleState, pod: PodInfo, nodes: readonly NodeInfo[], collect?: ScoreCollector,
  ): Status | null {
    this.makeRoom(nodes.length);
    const status = profile.runPreScore(state, pod, nodes);
    if (status !== null) return status;
    if (profile.score.length === 0) {
      this.totals.fill(1, 0, nodes.length);
      return null;
    }
    this.nodesScored += nodes.length;
    return profile.runScore(state, pod, nodes, this.totals, this.scratch, collect);
  }

  /** Total score of the i-th node given to scoreNodes. */
  total(index: number): number {
    return this.totals[index];
  }

  /** How many feasible nodes end the search among `nodeCount` (numFeasibleNodesToFind). */
  feasibleNodesToFind(profile: Profile, nodeCount: number): number {
    if (profile.score.length === 0) return 1;
    if (nodeCount < MIN_FEASIBLE_NODES_TO_FIND || !this.options.sampling) return nodeCount;
    let percentage = profile.percentageOfNodesToScore ?? this.options.percentageOfNodesToScore;
    if (percentage === 0)
      percentage = Math.max(MIN_FEASIBLE_NODES_PERCENTAGE_TO_FIND, 50 - Math.floor(nodeCount / 125));
    return Math.max(Math.floor((nodeCount * percentage) / 100), MIN_FEASIBLE_NODES_TO_FIND);
  }

  private findFeasible(profile: Profile, state: CycleState, pod: PodInfo, diagnosis: Diagnosis): ScheduleResult | null {
    const { feasible } = this;
    feasible.length = 0;
    const verdict = profile.runPreFilter(state, pod);
    for (const name of verdict.restrictors) diagnosis.addUnschedulable(name);
    if (verdict.status !== null) {
      if (!isRejected(verdict.status)) return { kind: 'error', status: verdict.status };
      diagnosis.preFilterMessage = statusMessage(verdict.status);
      diagnosis.preFilterStatus = verdict.status;
      diagnosis.absentStatus = verdict.status;
      diagnosis.addPlugin(verdict.status);
      return { kind: 'fitError', diagnosis, repeats: false };
    }
    const nominated = this.tryNominatedNode(profile, state, pod);
    if (feasible.length > 0) return null;
    let nodes: readonly NodeInfo[] = this.snapshot.nodes;
    if (verdict.nodeNames !== null) {
      const { nodeNames, restrictors } = verdict;
      diagnosis.absentStatus = unresolvable('', `node(s) didn't satisfy plugin(s) [${restrictors.join(' ')}]`);
      nodes = this.restrictTo(nodeNames);
    }
    const error = this.filterNodes(profile, state, pod, nodes, diagnosis);
    // Its verdict stands in the diagnosis, and counts as a node looked at, even when the search has not come to it.
    if (nominated !== null && diagnosis.get(pod.nominatedNodeName) === diagnosis.absentStatus)
      diagnosis.set(pod.nominatedNodeName, nominated);
    const processed = feasible.length + diagnosis.explicitCount;
    this.nextStartNodeIndex = (this.nextStartNodeIndex + processed) % this.snapshot.nodes.length;
    return error === null ? null : { kind: 'error', status: filterError(error) };
  }

  /**
   * Makes the nominated node the only feasible one when the pod has one and it still passes; else why it does not, if
   * it is a rejection.
   */
  private tryNominatedNode(profile: Profile, state: CycleState, pod: PodInfo): Status | null {
    const name = pod.nominatedNodeName;
    const node = name === '' ? undefined : this.snapshot.find(name);
    if (node === undefined) return null;
    this.nodesFiltered++;
    const status = profile.runFilterWithNominatedPods(state, pod, node);
    if (status === null) this.feasible.push(node);
    return status === null || !isRejected(status) ? null : status;
  }

  /** Cache order stands in for upstream's random map order; one name is looked up directly. */
  private restrictTo(names: ReadonlySet<string>): NodeInfo[] {
    if (names.size === 1) {
      const [name] = names;
      const node = this.snapshot.find(name);
      return node === undefined ? [] : [node];
    }
    return this.snapshot.nodes.filter((node) => names.has(node.name));
  }

  private filterNodes(
    profile: Profile, state: CycleState, pod: PodInfo, nodes: readonly NodeInfo[], diagnosis: Diagnosis,
  ): Status | null {
    const { feasible } = this;
    const count = nodes.length;
    const target = this.feasibleNodesToFind(profile, count);
    const start = count === 0 ? 0 : this.nextStartNodeIndex % count;
    for (let i = 0; i < count; i++) {
      const index = start + i;
      const node = nodes[index < count ? index : index - count];
      const status = profile.runFilterWithNominatedPods(state, pod, node);
      if (status === null) {
        if (feasible.length === target) break;
        feasible.push(node);
      } else if (isRejected(status)) diagnosis.set(node.name, status);
      else return status;
      this.nodesFiltered++;
    }
    return null;
  }

  /** Index of the winner among the first `count` totals. */
  private choose(count: number): number {
    const { totals } = this;
    let best = totals[0];
    for (let i = 1; i < count; i++) if (totals[i] > best) best = totals[i];
    switch (this.options.tieBreak) {
      case 'upstream':
        return firstInHeapOrder(totals, count, best);
      case 'first':
        return totals.indexOf(best);
      case 'random':
        return this.randomAmong(count, best);
    }
  }

  private randomAmong(count: number, best: number): number {
    let seen = 0;
    for (let i = 0; i < count; i++) if (this.totals[i] === best) seen++;
    let pick = Math.floor(this.options.tieStream.next() * seen);
    for (let i = 0; i < count; i++) if (this.totals[i] === best && pick-- === 0) return i;
    return 0;
  }
}

/** Filter may only say yes, or reject. */
function filterError(status: Status): Status {
  return errorStatus(status.plugin, `running "${status.plugin}" filter plugin: ${statusMessage(status)}`);
}

/**
 * The first maximum in pre-order traversal of the implicit binary heap over the list: what popping a max-heap built
 * bottom-up from it yields (spec: container/heap over nodeScoreHeap). On one level of the heap that is the leftmost
 * one.
 */
export function firstInHeapOrder(totals: ArrayLike<number>, count: number, best: number): number {
  let winner = -1;
  for (let from = 0; from < count; from = 2 * from + 1) {
    const end = Math.min(2 * from + 1, count);
    let index = from;
    while (index < end && totals[index] !== best) index++;
    if (index < end && (winner < 0 || precedesInHeap(index, winner))) winner = index;
  }
  return Math.max(winner, 0);
}
