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
import { NominatedNodes } from '../fast/nominated-nodes.ts';
import { Trials } from '../fast/trials.ts';
import { NO_VICTIMS, disruptionBudgets, selectVictims } from './victims.ts';
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
  /** Brought up to date before each dry run; null: the handle does not tell what changes. */
  nominated: NominatedNodes | null;
}

export function dryRunMemory(cluster: SchedulerCache): DryRunMemory {
  return {
    lowest: new LowestPriorities(cluster),
    hopeless: new HopelessNodes(cluster),
    trials: new Trials(cluster),
    nominated: null,
  };
}

function followNominations(handle: Handle, memory: DryRunMemory): NominatedNodes | null {
  const log = handle.nominationLog?.();
  if (log === undefined) return null;
  const nominated = (memory.nominated ??= new NominatedNodes(handle.cluster, handle.snapshot));
  nominated.bringUpToDate(handle.nominations(), log);
  return nominated;
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
  const nominated = followNominations(handle, memory);
  const tries = memory.hopeless.triesAmong(handle, state, pod, cycle, nodes, nominated, (node) => lowest.of(node));
  const known = memory.trials.of(handle, pod, nominated);
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

/** The candidates with the greatest merits; upstream takes any of them (map order). */
export function bestCandidates(candidates: readonly Candidate[]): Candidate[] {
  const best: Candidate[] = [];
  for (const candidate of candidates) {
    const difference = best.length === 0 ? 0 : compareMerits(candidate, best[0]);
    if (difference < 0) continue;
    if (difference > 0) best.length = 0;
    best.push(candidate);
  }
  return best;
}

function compareMerits({ merits: a }: Candidate, { merits: b }: Candidate): number {
  let i = 0;
  while (i < a.length && a[i] === b[i]) i++;
  return i === a.length ? 0 : a[i] < b[i] ? -1 : 1;
}

/**
 * The one that is taken of those. Victims that have not started count as starting when they are looked at: from v1.37
 * on that is in the dry run, so that of nodes with such victims the last one is the best.
 */
export function chosenCandidate(cluster: SchedulerCache, candidates: readonly Candidate[]): Candidate {
  const best = bestCandidates(candidates);
  const takesLast =
    cluster.features.victimStartsReadOnce && best.length > 1 && best[0].merits.at(-1) === Infinity;
  return best[takesLast ? best.length - 1 : 0];
}
