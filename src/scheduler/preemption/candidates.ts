/**
 * From a failed cycle to the nodes on which preemption helps, and the choice among them
 * (pkg/scheduler/framework/preemption/preemption.go).
 */
import type { SchedulerCache } from '../cache/scheduler-cache.ts';
import type { NodeInfo } from '../cache/node-info.ts';
import type { CycleState } from '../framework/cycle-state.ts';
import type { Handle, NodeStatuses } from '../framework/plugin-api.ts';
import type { PodInfo } from '../framework/pod-info.ts';
import { Code, countUp } from '../framework/status.ts';
import type { Status } from '../framework/status.ts';
import { HopelessNodes } from '../fast/hopeless-nodes.ts';
import type { Tries } from '../fast/hopeless-nodes.ts';
import { Trials } from '../fast/trials.ts';
import { NO_VICTIMS, disruptionBudgets, selectVictims, startOf } from './victims.ts';
import type { Budget, Candidate } from './victims.ts';

export interface DryRunLimits {
  /** Stop once so many candidates are found and one of them violates no budget. */
  readonly candidates: number;
  /** Index of the first node looked at. */
  readonly offset: number;
}

export interface DryRun {
  readonly candidates: readonly Candidate[];
  /** When there is none: on how many of the nodes preemption does not help why. */
  readonly rejections: () => ReadonlyMap<Status, number>;
}

/** What is remembered from dry run to dry run. */
export interface DryRunMemory {
  readonly lowest: LowestPriorities;
  readonly hopeless: HopelessNodes;
  readonly trials: Trials;
}

export function dryRunMemory(cluster: SchedulerCache): DryRunMemory {
  return { lowest: new LowestPriorities(cluster), hopeless: new HopelessNodes(cluster), trials: new Trials(cluster) };
}

/** The least priority of a pod on each node, looked up once per change of the node. */
export class LowestPriorities {
  private readonly cluster: SchedulerCache;
  /** By node row: the node's generation that `lowest` is of. */
  private generations: Uint32Array = new Uint32Array(0);
  private lowest: Float64Array = new Float64Array(0);

  constructor(cluster: SchedulerCache) {
    this.cluster = cluster;
  }

  /** Infinity: there is no pod. */
  of(node: NodeInfo): number {
    const { row } = node;
    const { generation, capacity } = this.cluster.nodes;
    if (this.generations.length < capacity) {
      this.generations = new Uint32Array(capacity);
      this.lowest = new Float64Array(capacity);
    }
    if (this.generations[row] !== generation[row]) {
      this.generations[row] = generation[row];
      let lowest = Infinity;
      for (const pod of node.pods) lowest = Math.min(lowest, this.cluster.templateOf(pod).priority);
      this.lowest[row] = lowest;
    }
    return this.lowest[row];
  }
}

/** How many candidates are enough among `nodes` potential nodes. */
export function candidateTarget(nodes: number, percentage: number, absolute: number): number {
  return Math.min(nodes, Math.max(Math.floor((nodes * percentage) / 100), absolute));
}

/** `cycle`: the verdicts of the cycle that failed; `nodes`: those that it rejected as Unschedulable. */
export function dryRunPreemption(
  handle: Handle,
  state: CycleState,
  pod: PodInfo,
  cycle: NodeStatuses,
  nodes: readonly NodeInfo[],
  limits: DryRunLimits,
  memory: DryRunMemory = dryRunMemory(handle.cluster),
): DryRun {
  let budgets: readonly Budget[] | null = null;
  const columns = handle.cluster.nodes.stride;
  const safe: Candidate[] = [];
  const violating: Candidate[] = [];
  /** Of the nodes that had to be tried; the others with nobody to take off have no victims. */
  const tried = new Map<NodeInfo, Status>();
  const { lowest } = memory;
  const tries = memory.hopeless.triesAmong(handle, state, pod, cycle, nodes, (node) => lowest.of(node));
  const known = memory.trials.of(handle, pod);
  const tryOne = (live: NodeInfo): void => {
    if (lowest.of(live) >= pod.priority) return;
    let result = known?.find(live);
    if (result === undefined) {
      const node = live.whatIf(columns);
      result = selectVictims(handle, state.clone(), pod, node, (budgets ??= disruptionBudgets(handle.cluster)));
      if (!('code' in result) && result.victims.length === 0)
        result = {
          code: Code.Error,
          reasons: [`expected at least one victim pod on node "${node.name}"`],
          plugin: 'DefaultPreemption',
        };
      known?.keep(live, result);
    }
    if ('code' in result) tried.set(live, result);
    else {
      const list = result.pdbViolations === 0 ? safe : violating;
      if (list.length < limits.candidates) list.push(result);
    }
  };
  const isEnough = (): boolean => safe.length > 0 && safe.length + violating.length >= limits.candidates;
  for (const [from, end] of [[limits.offset, nodes.length], [0, limits.offset]] as const) {
    for (let i = from; i < end && !isEnough(); i++) {
      if (tries !== null) i = tries.next(i);
      if (i < end) tryOne(nodes[i]);
    }
  }
  return { candidates: [...safe, ...violating], rejections: () => rejectionsOf(nodes.length, tried, tries) };
}

/** What the trials said, and on the other nodes why none was needed. */
function rejectionsOf(
  nodes: number,
  tried: ReadonlyMap<NodeInfo, Status>,
  tries: Tries | null,
): ReadonlyMap<Status, number> {
  const counts = new Map<Status, number>(tries === null ? [] : tries.counts);
  if (tries === null) countUp(counts, NO_VICTIMS, nodes - tried.size);
  for (const [node, status] of tried) {
    const hopeless = tries?.why(node) ?? null;
    if (hopeless !== null) countUp(counts, hopeless, -1);
    countUp(counts, status, 1);
  }
  return counts;
}

/** Candidates that stay after all of upstream's criteria; upstream takes any of them (map order). */
export function bestCandidates(cluster: SchedulerCache, candidates: readonly Candidate[]): Candidate[] {
  let left = [...candidates];
  for (const criterion of CRITERIA) {
    if (left.length <= 1) break;
    left = bestBy(cluster, left, criterion);
  }
  return left;
}

type Criterion = (cluster: SchedulerCache, candidate: Candidate) => number;

/** The first counts most; more is better. */
const CRITERIA: readonly Criterion[] = [
  (_cluster, { pdbViolations }) => -pdbViolations,
  (cluster, { victims }) => -cluster.templateOf(victims[0]).priority,
  (cluster, { victims }) => {
    let sum = 0;
    for (const victim of victims) sum += cluster.templateOf(victim).priority + 2147483648;
    return -sum;
  },
  (_cluster, { victims }) => -victims.length,
  earliestStart,
];

function bestBy(cluster: SchedulerCache, candidates: readonly Candidate[], criterion: Criterion): Candidate[] {
  const best: Candidate[] = [];
  let most = -Infinity;
  for (const candidate of candidates) {
    const value = criterion(cluster, candidate);
    if (value < most) continue;
    if (value > most) best.length = 0;
    most = value;
    best.push(candidate);
  }
  return best;
}

/**
 * The one that is taken of those. Victims that have not started count as starting when they are looked at: from v1.37
 * on that is in the dry run, so that of nodes with such victims the last one is the best.
 */
export function chosenCandidate(cluster: SchedulerCache, candidates: readonly Candidate[]): Candidate {
  const best = bestCandidates(cluster, candidates);
  const takesLast =
    cluster.features.victimStartsReadOnce && best.length > 1 && earliestStart(cluster, best[0]) === Infinity;
  return best[takesLast ? best.length - 1 : 0];
}

/** Start of the earliest started among the victims of the highest priority. */
function earliestStart(cluster: SchedulerCache, { victims }: Candidate): number {
  let highest = -Infinity;
  let earliest = Infinity;
  for (const victim of victims) {
    const { priority } = cluster.templateOf(victim);
    if (priority < highest) continue;
    const start = startOf(cluster, victim);
    if (priority > highest || start < earliest) earliest = start;
    highest = priority;
  }
  return earliest;
}
