/**
 * DefaultPreemption (PreEnqueue, PostFilter): makes room by deleting less important pods
 * (plugins/defaultpreemption/default_preemption.go, framework/preemption/preemption.go). Costs a dry run on each
 * potential node; the shortlist stops it at max(10 %, 100) candidates.
 */
import type { NodeInfo } from '../cache/node-info.ts';
import { EvictionCause } from '../../cluster/pod-table.ts';
import { Action, event } from '../framework/cluster-event.ts';
import type { CycleState } from '../framework/cycle-state.ts';
import { fitErrorText } from '../framework/diagnosis.ts';
import type { Handle, NodeStatuses, Plugin, PluginFactory, PostFilterResult } from '../framework/plugin-api.ts';
import type { PodInfo } from '../framework/pod-info.ts';
import { Code, lazyStatus, unresolvable, unschedulable } from '../framework/status.ts';
import type { Status } from '../framework/status.ts';
import { NO_VICTIMS } from '../preemption/victims.ts';
import type { Candidate } from '../preemption/victims.ts';
import type { DryRunMemory } from '../preemption/candidates.ts';
import { candidateTarget, dryRunMemory, indexedDryRun, listedDryRun } from '../preemption/candidates.ts';

const NAME = 'DefaultPreemption';
const NOT_HELPFUL = unresolvable(NAME, 'Preemption is not helpful for scheduling');
const GATED = unresolvable(NAME, 'waiting for the preemption for this pod to be finished');

export const DefaultPreemption: PluginFactory = {
  name: NAME,
  summary: 'deletes pods of lower priority when that lets a pod in',
  defaultArgs: { minCandidateNodesPercentage: 10, minCandidateNodesAbsolute: 100 },
  create(args, handle): Plugin {
    const percentage = args['minCandidateNodesPercentage'] as number;
    const absolute = args['minCandidateNodesAbsolute'] as number;
    const memory = dryRunMemory(handle.cluster);
    return {
      name: NAME,
      preEnqueue: (pod) => (handle.preemption.isRunningFor(pod.row) ? GATED : null),
      letsAllIn: () => handle.preemption.isIdle === true,
      postFilter: (state, pod, statuses) => preempt(handle, memory, state, pod, statuses, (nodes) => ({
        candidates: candidateTarget(nodes, percentage, absolute),
        offset: Math.floor(drawOffset(handle) * nodes),
      })),
      eventsToRegister: () => [{ event: event('Pod', Action.Delete), hint: () => 'QueueSkip' }],
    };
  },
};

const NEVER = 'not eligible due to preemptionPolicy=Never.';
const TERMINATING = 'not eligible due to a terminating pod on the nominated node.';
type Refusal = typeof NEVER | typeof TERMINATING;
/** Made once, so that attempts with the same one are told to be alike. */
const REFUSALS: Readonly<Record<Refusal, PostFilterResult>> = {
  [NEVER]: { ...refusalFor(NEVER), again: drawNothing, settled: true },
  [TERMINATING]: refusalFor(TERMINATING),
};

function refusalFor(refusal: string): PostFilterResult {
  return { status: unschedulable(NAME, `preemption: ${refusal}`), nominatedNodeName: null };
}

type Limits = (nodes: number) => { readonly candidates: number; readonly offset: number };

function preempt(
  handle: Handle, memory: DryRunMemory, state: CycleState, pod: PodInfo, statuses: NodeStatuses, limits: Limits,
): PostFilterResult {
  const refusal = ineligibility(handle, pod, statuses);
  if (refusal !== '') return REFUSALS[refusal];
  const nodes = handle.snapshot.nodes.length;
  if (handle.cluster.totals.lowestPriority >= pod.priority) {
    const count = statuses.unschedulableCount?.() ?? statuses.unschedulable(handle.snapshot.nodes).length;
    return notHelpful(nodes, [[NO_VICTIMS, count]], drawNothing);
  }
  const dryRun =
    indexedDryRun(handle, state, pod, statuses, memory) ?? listedDryRun(handle, state, pod, statuses, memory);
  if (dryRun.nodes === 0) return notHelpful(nodes, [], drawNothing);
  const chosen = dryRun.choose(limits(dryRun.nodes));
  // Without a candidate all nodes are looked at, wherever the dry run begins.
  if (chosen === null) return notHelpful(nodes, [...dryRun.rejections()], () => void drawOffset(handle));
  return carryOut(handle, pod, chosen);
}

/** Where a dry run begins, as a share of the nodes. */
function drawOffset(handle: Handle): number {
  return handle.random(NAME).next();
}

function drawNothing(): void {
  // The dry run was not made.
}

/** Orders the victims' deletion, and nominates the pod to their node. */
export function carryOut(handle: Handle, pod: PodInfo, { victims, nodeName }: Candidate): PostFilterResult {
  handle.preemption.execute(pod.row, victims, nodeName);
  if (!handle.cluster.features.preemptionTold) return { status: null, nominatedNodeName: nodeName };
  const message = `preemption: found a potential placement for pod on node ${nodeName}, preempting ${victims.length} victims`;
  return { status: null, nominatedNodeName: nodeName, message };
}

/**
 * `rejections`: potential nodes by why preemption does not help there. The others of all `nodes` cannot be helped.
 * `again`: PostFilterResult's.
 */
function notHelpful(
  nodes: number,
  rejections: readonly (readonly [Status, number])[],
  again: () => void,
): PostFilterResult {
  const content: (Status | number)[] = [nodes];
  for (const [status, count] of rejections) content.push(status, count);
  const words = (): readonly string[] => {
    const others = rejections.reduce((left, [, count]) => left - count, nodes);
    return [`preemption: ${fitErrorText(nodes, '', [...rejections, [NOT_HELPFUL, others]], '')}`];
  };
  return { status: lazyStatus(NAME, content, words), nominatedNodeName: '', again };
}

/** '' when the pod may preempt (PodEligibleToPreemptOthers). */
export function ineligibility(handle: Handle, pod: PodInfo, statuses: NodeStatuses): '' | Refusal {
  if (pod.template.neverPreempts) return NEVER;
  const nominated = pod.nominatedNodeName;
  if (nominated === '' || statuses.get(nominated)?.code === Code.UnschedulableAndUnresolvable) return '';
  const node = handle.snapshot.find(nominated);
  return node !== undefined && hasPreemptedPod(handle, pod, node) ? TERMINATING : '';
}

/** A less important pod on the node is on its way out because of a preemption. */
function hasPreemptedPod(handle: Handle, pod: PodInfo, node: NodeInfo): boolean {
  const { pods } = handle.cluster;
  return node.pods.some(
    (other) =>
      pods.isTerminating(other) &&
      pods.cause[other] === EvictionCause.Preemption &&
      handle.cluster.templateOf(other).priority < pod.priority,
  );
}
