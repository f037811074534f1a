/**
 * Which pods of a node must go so that the preemptor fits: all less important ones are taken off, then given back one
 * by one as long as it still fits, those protected by a disruption budget first
 * (plugins/defaultpreemption/default_preemption.go SelectVictimsOnNode).
 */
import { goSort } from '../../base/go-sort.ts';
import { MICROS_PER_SECOND } from '../../base/time.ts';
import type { SchedulerCache } from '../cache/scheduler-cache.ts';
import type { NodeInfo } from '../cache/node-info.ts';
import type { PodDisruptionBudget } from '../../cluster/objects.ts';
import { compileLabelSelector } from '../../cluster/selectors.ts';
import type { CompiledSelector } from '../../cluster/selectors.ts';
import type { CycleState } from '../framework/cycle-state.ts';
import type { Handle } from '../framework/plugin-api.ts';
import type { PodInfo } from '../framework/pod-info.ts';
import { errorStatus, isRejected, unresolvable } from '../framework/status.ts';
import type { Status } from '../framework/status.ts';

export interface Candidate {
  readonly nodeName: string;
  /** Pod rows, most important first. */
  readonly victims: readonly number[];
  readonly pdbViolations: number;
}

export interface Budget {
  readonly namespace: string;
  readonly selector: CompiledSelector;
  readonly disruptionsAllowed: number;
  readonly disruptedPods: ReadonlySet<string>;
}

export const NO_VICTIMS = unresolvable('DefaultPreemption', 'No preemption victims found for incoming pod');

export function disruptionBudgets(cluster: SchedulerCache): Budget[] {
  return [...cluster.objects.list<PodDisruptionBudget>('PodDisruptionBudget')].map((budget) => ({
    namespace: budget.metadata?.namespace ?? 'default',
    selector: compileLabelSelector(budget.spec?.selector),
    disruptionsAllowed: budget.status?.disruptionsAllowed ?? 0,
    disruptedPods: new Set(Object.keys(budget.status?.disruptedPods ?? {})),
  }));
}

/** `state` and `node` are the dry run's own copies and are changed. */
export function selectVictims(handle: Handle, state: CycleState, pod: PodInfo, node: NodeInfo, budgets: readonly Budget[]): Candidate | Status {
  const { cluster } = handle;
  const lower = node.pods.filter((other) => cluster.templateOf(other).priority < pod.priority);
  if (lower.length === 0) return NO_VICTIMS;
  for (const victim of lower) {
    const failed = takeOff(handle, state, pod, victim, node);
    if (failed !== null) return failed;
  }
  const status = handle.filterWithNominatedPods(state, pod, node);
  if (status !== null) return status;
  sortByImportance(cluster, lower);
  const { violating, others } = splitByBudgets(cluster, lower, budgets);
  const victims: number[] = [];
  let pdbViolations = 0;
  for (const [group, violates] of [[violating, true], [others, false]] as const) {
    for (const victim of group) {
      const kept = reprieve(handle, state, pod, victim, node);
      if (typeof kept === 'object') return kept;
      if (kept) continue;
      victims.push(victim);
      if (violates) pdbViolations++;
    }
  }
  if (violating.length > 0 && others.length > 0) sortByImportance(cluster, victims);
  return { nodeName: node.name, victims, pdbViolations };
}

/** true: the pod fits with the victim back in place. */
function reprieve(handle: Handle, state: CycleState, pod: PodInfo, victim: number, node: NodeInfo): boolean | Status {
  node.addPod(victim, handle.cluster.templateOf(victim));
  const added = handle.runPreFilterAddPod(state, pod, victim, node);
  if (added !== null) return added;
  const status = handle.filterWithNominatedPods(state, pod, node);
  if (status === null) return true;
  if (!isRejected(status)) return errorStatus('DefaultPreemption', ...status.reasons);
  return takeOff(handle, state, pod, victim, node) ?? false;
}

function takeOff(handle: Handle, state: CycleState, pod: PodInfo, victim: number, node: NodeInfo): Status | null {
  node.removePod(victim, handle.cluster.templateOf(victim));
  return handle.runPreFilterRemovePod(state, pod, victim, node);
}

/**
 * Most important first. Upstream's comparison is no strict order: a pod without a start time counts as starting at the
 * moment it is looked at, so of two such pods the one asked first is "earlier", whichever it is (util.MoreImportantPod,
 * util.GetPodStartTime). What comes out is therefore a matter of Go's sort.
 */
export function sortByImportance(cluster: SchedulerCache, pods: number[]): void {
  goSort(pods, (a, b) => isMoreImportant(cluster, a, b));
}

function isMoreImportant(cluster: SchedulerCache, a: number, b: number): boolean {
  const difference = cluster.templateOf(a).priority - cluster.templateOf(b).priority;
  if (difference !== 0) return difference > 0;
  const { acknowledgedAt } = cluster.pods;
  if (Number.isNaN(acknowledgedAt[a]) && Number.isNaN(acknowledgedAt[b])) return true;
  return startOf(cluster, a) < startOf(cluster, b);
}

/** Micros, in whole seconds as status.startTime is written; Infinity for a pod that has not started (upstream: now). */
export function startOf(cluster: SchedulerCache, pod: number): number {
  const start = cluster.pods.acknowledgedAt[pod];
  return Number.isNaN(start) ? Infinity : start - (start % MICROS_PER_SECOND);
}

/** Budgets are spent in the order given; whoever overdraws one is violating (filterPodsWithPDBViolation). */
function splitByBudgets(cluster: SchedulerCache, pods: readonly number[], budgets: readonly Budget[]): { readonly violating: number[]; readonly others: number[] } {
  const left = budgets.map((budget) => budget.disruptionsAllowed);
  const violating: number[] = [];
  const others: number[] = [];
  for (const pod of pods) {
    const template = cluster.templateOf(pod);
    let violates = false;
    if (template.labels.size > 0) {
      budgets.forEach((budget, index) => {
        if (budget.namespace !== template.namespace || budget.selector.nothing || budget.selector.empty || !budget.selector.matches(template.labels)) return;
        if (budget.disruptedPods.has(cluster.podName(pod))) return;
        left[index]--;
        if (left[index] < 0) violates = true;
      });
    }
    (violates ? violating : others).push(pod);
  }
  return { violating, others };
}
