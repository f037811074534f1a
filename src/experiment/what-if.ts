/**
 * Whether pods fit a cluster as it stands, where the scheduler would put them, whom they would push out, and how many
 * more of the same would fit. Every answer is a turn of the real scheduler; a question costs one decision a pod, and
 * the last one what the decisions on all that still fit cost.
 */
import type { NearestNode } from '../scheduler/room-looks.ts';
import type { AskedPod } from '../simulation/asked-pods.ts';
import type { StillCluster } from '../simulation/still-cluster.ts';

/** `fits`: has a node. `preempts`: would have one once its victims are gone. `waits`: none as things stand. */
export type PlacementOutcome = 'fits' | 'preempts' | 'waits';

export interface PodAnswer {
  /** `Deployment/web`: the object that asks for it. */
  readonly from: string;
  readonly namespace: string;
  readonly name: string;
  readonly outcome: PlacementOutcome;
  /** The node that it gets, or that it waits for while its victims end; null: none. */
  readonly node: string | null;
  /** `namespace/name` of the pods that would be deleted for it. */
  readonly victims: readonly string[];
  /** The scheduler's words, as the pod's FailedScheduling event has them; '': it got a node at once. */
  readonly message: string;
  /** Of a pod that waits: the node that lacked least; null: on none was room what was lacking. */
  readonly nearest: Shortage | null;
}

/** What a node had and what the pod wanted, in the resource's unit: cores, bytes, or a number. */
export interface Shortage {
  readonly node: string;
  readonly resource: string;
  readonly free: number;
  readonly wanted: number;
  readonly allocatable: number;
}

export interface MoreAnswer {
  /** Further times that all pods asked for would fit, nobody pushed out. */
  readonly times: number;
  /** false: counting ended at the most that was asked for. */
  readonly isAll: boolean;
  /** What the scheduler said to the first pod that did not fit any more; '' when counting ended before. */
  readonly message: string;
}

export interface WhatIfAnswer {
  readonly kubernetes: string;
  readonly nodes: number;
  /** Pods of the cluster that waited for a node, and how many of them got one before the pods asked about. */
  readonly podsWaitingBefore: number;
  readonly podsPlacedBefore: number;
  /** Every pod gets a node at once. */
  readonly fits: boolean;
  readonly pods: readonly PodAnswer[];
  /** null: not all fit, so no more do. */
  readonly more: MoreAnswer | null;
}

/** Turns of one pod in one question: it may be woken by those that come after it. */
const TURNS_EACH = 3;

/** `mostMore`: how far to count what would fit besides. */
export function askWhatIf(still: StillCluster, asked: readonly AskedPod[], mostMore: number): WhatIfAnswer {
  const podsPlacedBefore = settle(still);
  const rows = asked.map((pod) => still.create(pod));
  still.giveTurns(TURNS_EACH * (rows.length + still.waiting.length));
  const pods = asked.map((pod, index) => answerOf(still, pod, rows[index]));
  const fits = pods.every(({ outcome }) => outcome === 'fits');
  return {
    kubernetes: still.cluster.kubernetes,
    nodes: still.cluster.totals.nodesAlive,
    podsWaitingBefore: still.waiting.length,
    podsPlacedBefore,
    fits,
    pods,
    more: fits && asked.length > 0 ? countMore(still, asked, mostMore) : null,
  };
}

/** Pods that wait in the cluster have their turn first: how many of them get a node. */
export function settle(still: StillCluster): number {
  still.giveTurns(still.waiting.length);
  return still.waiting.filter((pod) => still.nodeOf(pod) !== '').length;
}

function answerOf(still: StillCluster, { from, namespace, name }: AskedPod, row: number): PodAnswer {
  const node = still.nodeOf(row);
  if (node !== '') return { from, namespace, name, outcome: 'fits', node, victims: [], message: '', nearest: null };
  const refusal = still.refusalOf(row);
  const nominated = still.nominatedNodeOf(row);
  const outcome = nominated === '' ? 'waits' : 'preempts';
  return {
    from,
    namespace,
    name,
    outcome,
    node: nominated === '' ? null : nominated,
    victims: still.victimsOf(row).map((victim) => still.keyOf(victim)),
    message: refusal?.message ?? '',
    nearest: outcome === 'waits' && refusal !== null ? shortageOf(refusal.nearest) : null,
  };
}

function shortageOf(nearest: NearestNode | null): Shortage | null {
  if (nearest === null) return null;
  const { node, resource, free, wanted, allocatable } = nearest;
  const [left, asked, all] = [free, wanted, allocatable].map((amount) => inUnits(amount, resource));
  return { node, resource, free: left, wanted: asked, allocatable: all };
}

/** Milli-cores are told as cores. */
export function inUnits(amount: number, resource: string): number {
  return resource === 'cpu' ? amount / 1000 : amount;
}

/** One set after the other until a pod of one gets no node. */
function countMore(still: StillCluster, asked: readonly AskedPod[], most: number): MoreAnswer {
  const some = asked.filter(({ pinnedNodeName }) => pinnedNodeName === '');
  // DaemonSets have a pod on each node already.
  if (some.length === 0) return { times: 0, isAll: true, message: '' };
  for (let times = 0; times < most; times++) {
    for (const pod of some) {
      const row = createNumbered(still, pod, times + 1);
      still.giveTurns(TURNS_EACH + still.waiting.length);
      if (still.nodeOf(row) !== '') continue;
      return { times, isAll: true, message: still.refusalOf(row)?.message ?? '' };
    }
  }
  return { times: most, isAll: false, message: '' };
}

/** Another pod of the kind. */
export function createNumbered(still: StillCluster, pod: AskedPod, number: number): number {
  return still.create({ ...pod, name: `${pod.name}-more-${String(number)}` });
}
