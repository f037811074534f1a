/**
 * From a failed cycle to the nodes on which preemption helps, and the choice among them
 * (pkg/scheduler/framework/preemption/preemption.go).
 */
import type { Cluster } from '../../cluster/cluster.ts';
import type { NodeInfo } from '../../cluster/node-info.ts';
import type { CycleState } from '../framework/cycle-state.ts';
import type { Handle, NodeStatuses } from '../framework/plugin-api.ts';
import type { PodInfo } from '../framework/pod-info.ts';
import { Code } from '../framework/status.ts';
import type { Status } from '../framework/status.ts';
import { NO_VICTIMS, disruptionBudgets, selectVictims, startOf } from './victims.ts';
import type { Candidate } from './victims.ts';

export interface DryRunLimits {
  /** Stop once so many candidates are found and one of them violates no budget. */
  readonly candidates: number;
  /** Index of the first node looked at. */
  readonly offset: number;
}

export interface DryRun {
  readonly candidates: readonly Candidate[];
  /** Verdicts of the nodes on which preemption does not help. */
  readonly statuses: ReadonlyMap<string, Status>;
}

/** Nodes whose rejection preemption may lift, in cache order. */
export function potentialNodes(snapshotNodes: readonly NodeInfo[], statuses: NodeStatuses): NodeInfo[] {
  return snapshotNodes.filter((node) => statuses.ofNode(node)?.code === Code.Unschedulable);
}

/** How many candidates are enough among `nodes` potential nodes. */
export function candidateTarget(nodes: number, percentage: number, absolute: number): number {
  return Math.min(nodes, Math.max(Math.floor((nodes * percentage) / 100), absolute));
}

export function dryRunPreemption(handle: Handle, state: CycleState, pod: PodInfo, nodes: readonly NodeInfo[], limits: DryRunLimits): DryRun {
  const budgets = disruptionBudgets(handle.cluster);
  const columns = handle.cluster.nodes.stride;
  const safe: Candidate[] = [];
  const violating: Candidate[] = [];
  const statuses = new Map<string, Status>();
  for (let i = 0; i < nodes.length; i++) {
    if (safe.length > 0 && safe.length + violating.length >= limits.candidates) break;
    const live = nodes[(limits.offset + i) % nodes.length];
    if (!hasLowerPods(handle.cluster, live, pod.priority)) {
      statuses.set(live.name, NO_VICTIMS);
      continue;
    }
    const node = live.whatIf(columns);
    const result = selectVictims(handle, state.clone(), pod, node, budgets);
    if ('code' in result) statuses.set(node.name, result);
    else if (result.victims.length === 0) statuses.set(node.name, { code: Code.Error, reasons: [`expected at least one victim pod on node "${node.name}"`], plugin: 'DefaultPreemption' });
    else {
      const list = result.pdbViolations === 0 ? safe : violating;
      if (list.length < limits.candidates) list.push(result);
    }
  }
  return { candidates: [...safe, ...violating], statuses };
}

function hasLowerPods(cluster: Cluster, node: NodeInfo, priority: number): boolean {
  for (const other of node.pods) if (cluster.templateOf(other).priority < priority) return true;
  return false;
}

/** Candidates that stay after all of upstream's criteria; upstream takes any of them (map order). */
export function bestCandidates(cluster: Cluster, candidates: readonly Candidate[]): Candidate[] {
  const criteria: ((candidate: Candidate) => number)[] = [
    (candidate) => -candidate.pdbViolations,
    (candidate) => -cluster.templateOf(candidate.victims[0]).priority,
    (candidate) => -candidate.victims.reduce((sum, victim) => sum + cluster.templateOf(victim).priority + 2147483648, 0),
    (candidate) => -candidate.victims.length,
    (candidate) => earliestStart(cluster, candidate),
  ];
  let left = [...candidates];
  for (const criterion of criteria) {
    if (left.length <= 1) return left;
    const values = left.map(criterion);
    const best = values.reduce((a, b) => (b > a ? b : a));
    left = left.filter((_, index) => values[index] === best);
  }
  return left;
}

/** Start of the earliest started among the victims of the highest priority. */
function earliestStart(cluster: Cluster, { victims }: Candidate): number {
  const highest = victims.reduce((max, victim) => Math.max(max, cluster.templateOf(victim).priority), -Infinity);
  return victims.filter((victim) => cluster.templateOf(victim).priority === highest).reduce((min, victim) => Math.min(min, startOf(cluster, victim)), Infinity);
}
