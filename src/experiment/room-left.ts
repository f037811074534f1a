/**
 * How much more of a pod fits a cluster as it stands: one after the other is given to the real scheduler until it finds
 * no node; what it then says of each node is what limits it there. Costs one decision for each that fits.
 */
import { CPU, MEMORY } from '../cluster/resources.ts';
import type { AskedPod } from '../simulation/asked-pods.ts';
import type { StillCluster } from '../simulation/still-cluster.ts';
import { createNumbered, inUnits, settle } from './what-if.ts';

export interface NodeRoom {
  readonly node: string;
  /** Pods that went there. */
  readonly pods: number;
  /** Why no more do, in the scheduler's words; empty: nobody asked. */
  readonly limits: readonly string[];
  /** What is left by resource: cores, bytes, or a number. */
  readonly free: Readonly<Record<string, number>>;
}

export interface RoomAnswer {
  readonly kubernetes: string;
  /** Times that one pod of each object asked about fits, and the pods of one time. */
  readonly times: number;
  readonly podsEach: number;
  readonly pods: number;
  /** false: counting ended at the most that was asked for. */
  readonly isAll: boolean;
  /** What the scheduler said to the first pod that did not fit any more. */
  readonly message: string;
  /** That pod would push others out: counting ended there all the same. */
  readonly wouldPreempt: boolean;
  /** In the scheduler's order of nodes. */
  readonly nodes: readonly NodeRoom[];
}

/** `most`: times at most. */
export function askRoom(still: StillCluster, asked: readonly AskedPod[], most: number): RoomAnswer {
  settle(still);
  const some = onePerObject(asked);
  const podsByNode = new Map<string, number>();
  const count = new RoomCount(still, some, podsByNode);
  const times = some.length === 0 ? 0 : count.upTo(most);
  return {
    kubernetes: still.cluster.kubernetes,
    times,
    podsEach: some.length,
    pods: [...podsByNode.values()].reduce((sum, pods) => sum + pods, 0),
    isAll: count.refused >= 0,
    message: count.message,
    wouldPreempt: count.refused >= 0 && still.nominatedNodeOf(count.refused) !== '',
    nodes: nodeRooms(still, podsByNode, count.limits),
  };
}

/** Of a Deployment one pod is added at a time, whatever it asks for. A DaemonSet has a pod on each node already. */
function onePerObject(asked: readonly AskedPod[]): AskedPod[] {
  const first = new Map<string, AskedPod>();
  for (const pod of asked) {
    const key = `${pod.from} ${pod.namespace}`;
    if (pod.pinnedNodeName === '' && !first.has(key)) first.set(key, pod);
  }
  return [...first.values()];
}

/** Counts, and remembers what was said to the pod that ended it. */
class RoomCount {
  /** Row of the pod that found no node, -1: none yet. */
  refused = -1;
  message = '';
  readonly limits: Map<string, readonly string[]> = new Map();
  private readonly still: StillCluster;
  private readonly asked: readonly AskedPod[];
  private readonly podsByNode: Map<string, number>;

  constructor(still: StillCluster, asked: readonly AskedPod[], podsByNode: Map<string, number>) {
    this.still = still;
    this.asked = asked;
    this.podsByNode = podsByNode;
  }

  /** Whole sets that fit. */
  upTo(most: number): number {
    for (let times = 0; times < most; times++)
      for (const pod of this.asked) if (!this.placeOne(pod, times)) return times;
    return most;
  }

  private placeOne(pod: AskedPod, times: number): boolean {
    const { still } = this;
    const row = createNumbered(still, pod, times + 1);
    let verdicts: Map<string, readonly string[]> = new Map();
    still.onRefusal = (refused, _message, verdict) => {
      if (refused === row) verdicts = new Map(nodeNames(still).map((name) => [name, verdict(name)]));
    };
    still.giveTurns(1 + still.waiting.length);
    still.onRefusal = null;
    const node = still.nodeOf(row);
    if (node === '') {
      this.refused = row;
      this.message = still.refusalOf(row)?.message ?? '';
      for (const [name, reasons] of verdicts) this.limits.set(name, reasons);
      return false;
    }
    this.podsByNode.set(node, (this.podsByNode.get(node) ?? 0) + 1);
    return true;
  }
}

function nodeNames(still: StillCluster): string[] {
  return still.scheduler.snapshot.nodes.map(({ name }) => name);
}

function nodeRooms(
  still: StillCluster,
  podsByNode: ReadonlyMap<string, number>,
  limits: ReadonlyMap<string, readonly string[]>,
): NodeRoom[] {
  still.scheduler.snapshot.refresh();
  const { resources } = still.cluster;
  return still.scheduler.snapshot.nodes.map(({ name, allocatable, requested, base, allowedPods, pods }): NodeRoom => {
    const free: Record<string, number> = {};
    for (let column = 0; column < resources.count; column++) {
      if (column !== CPU && column !== MEMORY && allocatable[base + column] === 0) continue;
      const resource = resources.name(column);
      free[resource] = inUnits(allocatable[base + column] - requested[base + column], resource);
    }
    free['pods'] = allowedPods - pods.length;
    return { node: name, pods: podsByNode.get(name) ?? 0, limits: limits.get(name) ?? [], free };
  });
}
