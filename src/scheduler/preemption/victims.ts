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
  /** What it is compared by, the first counts most; more is better. */
  readonly merits: readonly number[];
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
export function selectVictims(
  handle: Handle, state: CycleState, pod: PodInfo, node: NodeInfo, budgets: readonly Budget[],
): Candidate | Status {
  const { cluster } = handle;
  const lower = node.pods.filter((other) => cluster.templateOf(other).priority < pod.priority);
  if (lower.length === 0) return NO_VICTIMS;
  for (const victim of lower) {
    const failed = takeOff(handle, state, pod, victim, node);
    if (failed !== null) return failed;
  }
  const status = handle.filterWithNominatedPods(state, pod, node);
  if (status !== null) return status;
  const sort = importanceOrder(cluster, lower);
  sort(lower);
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
  if (violating.length > 0 && others.length > 0) sort(victims);
  return { nodeName: node.name, victims, pdbViolations, merits: meritsOf(cluster, victims, pdbViolations) };
}

/** What upstream chooses among candidates by (pickOneNodeForPreemption). `victims`: most important first. */
export function meritsOf(
  cluster: SchedulerCache, victims: readonly number[], pdbViolations: number,
): readonly number[] {
  let [highest, sum, earliest] = [-Infinity, 0, Infinity];
  for (const victim of victims) {
    const { priority } = cluster.templateOf(victim);
    sum += priority + 2147483648;
    if (priority < highest) continue;
    highest = priority;
    earliest = Math.min(earliest, startOf(cluster, victim));
  }
  // With few violations, lower priorities, fewer victims; of the most important ones, the earliest has started late.
  return [-pdbViolations, -highest, -sum, -victims.length, earliest];
}

/** Above 0: `a` is better than `b`. */
export function compareMerits({ merits: a }: Candidate, { merits: b }: Candidate): number {
  let i = 0;
  while (i < a.length && a[i] === b[i]) i++;
  return i === a.length ? 0 : a[i] < b[i] ? -1 : 1;
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
 * Puts some of `pods`, which stand in their node's order, in order: most important first. A pod without a start time
 * counts as starting at the moment it is looked at. Up to v1.36 that is at each comparison, so of two such pods the one
 * asked first is "earlier", whichever it is, and what comes out is a matter of Go's sort (util.MoreImportantPod,
 * util.GetPodStartTime). Later each pod is looked at once, in the node's order (framework/preemption/types.go).
 */
export function importanceOrder(cluster: SchedulerCache, pods: readonly number[]): (some: number[]) => void {
  const isEarlier = cluster.features.victimStartsReadOnce ? earlierAsRead(cluster, pods) : earlierAsAsked(cluster);
  return (some) => {
    goSort(some, (a, b) => {
      const difference = cluster.templateOf(a).priority - cluster.templateOf(b).priority;
      return difference === 0 ? isEarlier(a, b) : difference > 0;
    });
  };
}

type IsEarlier = (a: number, b: number) => boolean;

function earlierAsAsked(cluster: SchedulerCache): IsEarlier {
  const { acknowledgedAt } = cluster.pods;
  return (a, b) =>
    (Number.isNaN(acknowledgedAt[a]) && Number.isNaN(acknowledgedAt[b])) || startOf(cluster, a) < startOf(cluster, b);
}

function earlierAsRead(cluster: SchedulerCache, pods: readonly number[]): IsEarlier {
  const { acknowledgedAt } = cluster.pods;
  if (!pods.some((pod) => Number.isNaN(acknowledgedAt[pod])))
    return (a, b) => startOf(cluster, a) < startOf(cluster, b);
  const readAt = new Map(pods.map((pod, index) => [pod, index]));
  return (a, b) => {
    if (!Number.isNaN(acknowledgedAt[a]) || !Number.isNaN(acknowledgedAt[b]))
      return startOf(cluster, a) < startOf(cluster, b);
    return (readAt.get(a) ?? 0) < (readAt.get(b) ?? 0);
  };
}

/** Micros, in whole seconds as status.startTime is written; Infinity for a pod that has not started (upstream: now). */
export function startOf(cluster: SchedulerCache, pod: number): number {
  const start = cluster.pods.acknowledgedAt[pod];
  return Number.isNaN(start) ? Infinity : start - (start % MICROS_PER_SECOND);
}

/** Budgets are spent in the order given; whoever overdraws one is violating (filterPodsWithPDBViolation). */
function splitByBudgets(
  cluster: SchedulerCache, pods: readonly number[], budgets: readonly Budget[],
): { readonly violating: number[]; readonly others: number[] } {
  const left = budgets.map((budget) => budget.disruptionsAllowed);
  const violating: number[] = [];
  const others: number[] = [];
  for (const pod of pods) {
    const template = cluster.templateOf(pod);
    let violates = false;
    if (template.labels.size > 0) {
      budgets.forEach((budget, index) => {
        if (
          budget.namespace !== template.namespace ||
          budget.selector.nothing ||
          budget.selector.empty ||
          !budget.selector.matches(template.labels)
        )
          return;
        if (budget.disruptedPods.has(cluster.podName(pod))) return;
        left[index]--;
        if (left[index] < 0) violates = true;
      });
    }
    (violates ? violating : others).push(pod);
  }
  return { violating, others };
}
