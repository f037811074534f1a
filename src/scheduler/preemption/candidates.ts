/**
 * From a failed cycle to the nodes on which preemption helps, and the choice among them
 * (pkg/scheduler/framework/preemption/preemption.go).
 */
import type { SchedulerCache } from '../cache/scheduler-cache.ts';
import type { NodeInfo } from '../cache/node-info.ts';
import type { CycleState } from '../framework/cycle-state.ts';
import type { Handle, NodeStatuses } from '../framework/plugin-api.ts';
import type { PodInfo } from '../framework/pod-info.ts';
import { countUp, errorStatus } from '../framework/status.ts';
import type { Status } from '../framework/status.ts';
import { HopelessNodes } from '../fast/hopeless-nodes.ts';
import type { Tries } from '../fast/hopeless-nodes.ts';
import { NominatedNodes } from '../fast/nominated-nodes.ts';
import { LowestPriorities, Trials, VictimsByRoom, isReason } from '../fast/trials.ts';
import type { Trial } from '../fast/trials.ts';
import { NO_VICTIMS, compareMerits, disruptionBudgets, selectVictims } from './victims.ts';
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
  readonly byRoom: VictimsByRoom;
  /** Brought up to date before each dry run; null: the handle does not tell what changes. */
  nominated: NominatedNodes | null;
}

export function dryRunMemory(cluster: SchedulerCache): DryRunMemory {
  return {
    lowest: new LowestPriorities(cluster),
    hopeless: new HopelessNodes(cluster),
    trials: new Trials(cluster),
    byRoom: new VictimsByRoom(cluster),
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
  const safe: Candidate[] = [];
  const violating: Candidate[] = [];
  /** Of the nodes that had to be tried; the others with nobody to take off have no victims. */
  const tried = new Map<NodeInfo, Status>();
  const { lowest } = memory;
  const nominated = followNominations(handle, memory);
  const tries = memory.hopeless.triesAmong(handle, state, pod, cycle, nodes, nominated, (node) => lowest.of(node));
  const known = memory.trials.of(handle, pod, nominated);
  const trialOn = trialsOf(handle, state, pod, cycle, memory);
  const tryOne = (live: NodeInfo): void => {
    if (lowest.of(live) >= pod.priority) return;
    const result = known?.find(live) ?? trialOn(live);
    known?.keep(live, result);
    if (isReason(result)) tried.set(live, result);
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

/** Makes trials on nodes with pods of lower priority. */
function trialsOf(
  handle: Handle, state: CycleState, pod: PodInfo, cycle: NodeStatuses, { byRoom }: DryRunMemory,
): (live: NodeInfo) => Trial {
  let budgets: readonly Budget[] | null = null;
  const { cluster } = handle;
  const room = handle.decidingRoom?.(state, pod.template) ?? null;
  const tellsRoom = (live: NodeInfo): boolean =>
    cycle.ofNode(live)?.plugin === room?.wanted.plugin.name &&
    handle.nominatedPods(live.name).length === 0 &&
    room?.others.every((plugin) => plugin.filter?.(state, pod, live) === null) === true;
  return (live) => {
    budgets ??= disruptionBudgets(cluster);
    if (room !== null && budgets.length === 0 && tellsRoom(live)) {
      const found = byRoom.on(live, pod.priority, room.wanted);
      if (found !== null) return found;
    }
    const result = selectVictims(handle, state.clone(), pod, live.whatIf(cluster.nodes.stride), budgets);
    if (isReason(result) || result.victims.length > 0) return result;
    return errorStatus('DefaultPreemption', `expected at least one victim pod on node "${live.name}"`);
  };
}

/** A dry run over the nodes that the cycle rejected as Unschedulable, of which so many are known before it is made. */
export interface ChoosingDryRun {
  readonly nodes: number;
  /** null: preemption helps nowhere. */
  choose(limits: DryRunLimits): Candidate | null;
  /** When it has helped nowhere. */
  rejections(): ReadonlyMap<Status, number>;
}

/** null: it has to be made over a list (dryRunPreemption, the plain twin). */
export function indexedDryRun(
  handle: Handle, state: CycleState, pod: PodInfo, cycle: NodeStatuses, memory: DryRunMemory,
): ChoosingDryRun | null {
  const listed = cycle.unschedulableBits?.() ?? null;
  const log = handle.nominationLog?.();
  if (listed === null || log === undefined) return null;
  const known = memory.trials.of(handle, pod, followNominations(handle, memory));
  if (known === null) return null;
  const { lowest } = memory;
  const { info } = handle.cluster.nodes;
  const trialOn = trialsOf(handle, state, pod, cycle, memory);
  const tryOn = (row: number): Trial => {
    const live = info[row];
    if (lowest.of(live) >= pod.priority) return NO_VICTIMS;
    const before = known.find(live);
    if (before !== undefined) return before;
    const result = trialOn(live);
    known.keep(live, result);
    return result;
  };
  const places = known.places(listed, log);
  const takesLast = handle.cluster.features.victimStartsReadOnce;
  return {
    nodes: listed.count,
    choose: ({ offset, candidates }) => places.choose(listed, { offset, candidates, takesLast, tryOn }),
    rejections: () => places.reasonsOf(listed),
  };
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

/** The same over a list. */
export function listedDryRun(
  handle: Handle, state: CycleState, pod: PodInfo, cycle: NodeStatuses, memory: DryRunMemory,
): ChoosingDryRun {
  const potential = cycle.unschedulable(handle.snapshot.nodes);
  let made: DryRun | null = null;
  return {
    nodes: potential.length,
    choose: (limits) => {
      made = dryRunPreemption(handle, state, pod, cycle, potential, limits, memory);
      return made.candidates.length === 0 ? null : chosenCandidate(handle.cluster, made.candidates);
    },
    rejections: () => made?.rejections() ?? new Map(),
  };
}
