/**
 * How few nodes hold what a cluster holds. A trial puts nodes and pods in an order drawn from its seed, then finds by
 * bisection a number of nodes of which the first ones hold all pods, given to the real scheduler in their order of
 * arrival, and one fewer do not. Many trials give a distribution: cluster compaction, as in Verma, Korupolu and Wilkes,
 * "Evaluating job packing in warehouse-scale computing", CLUSTER 2014. A trial costs one decision a pod for each of the
 * log2(nodes) steps.
 */
import { assert } from '../base/assert.ts';
import { quantiles } from '../base/statistics/quantiles.ts';
import { RandomStreams } from '../kernel/random.ts';
import type { RandomStream } from '../kernel/random.ts';
import type { AskedPod } from '../simulation/asked-pods.ts';
import type { ClusterMoment, MomentPod } from '../simulation/cluster-moment.ts';
import { withoutWorkloads } from '../simulation/packed-scenario.ts';
import type { PackedParts } from '../simulation/packed-scenario.ts';
import { StillCluster } from '../simulation/still-cluster.ts';
import type { StillOptions } from '../simulation/still-cluster.ts';
import { settle } from './what-if.ts';

export interface CompactionTrial {
  readonly seed: string;
  /** null: not even all nodes hold the pods in this order. */
  readonly nodes: number | null;
}

export interface CompactionAnswer {
  readonly kubernetes: string;
  /** Of the cluster. */
  readonly nodes: number;
  /** Pods that are packed anew, pods that stay with their node (of DaemonSets, and static ones), pods left out. */
  readonly podsMoved: number;
  readonly podsOfNodes: number;
  /** They wait for a node in the cluster as it stands, or are being deleted. */
  readonly podsLeftOut: number;
  readonly trials: readonly CompactionTrial[];
  /** Over the trials that hold; null: none does. Quantiles by nearest rank. */
  readonly nodesNeeded: {
    readonly min: number;
    readonly median: number;
    readonly p90: number;
    readonly max: number;
  } | null;
}

export interface Compaction {
  readonly answer: CompactionAnswer;
  /** The trials that hold, those with the fewest nodes first. */
  readonly packed: readonly PackedParts[];
}

export interface CompactionOptions {
  readonly trials: number;
  /** Trial i, from 1, has the seed `<seed>-<i>`. */
  readonly seed: string;
  readonly onTrial?: (trial: CompactionTrial) => void;
}

export function compact(cluster: ClusterMoment, options: StillOptions, given: CompactionOptions): Compaction {
  const work = workOf(cluster, options);
  const moment = withoutWorkloads(cluster);
  const trials: CompactionTrial[] = [];
  const packed: PackedParts[] = [];
  for (let index = 1; index <= given.trials; index++) {
    const seed = `${given.seed}-${String(index)}`;
    const found = new Trial(moment, work, options, seed).fewest();
    const trial = { seed, nodes: found === null ? null : found.nodes.length };
    trials.push(trial);
    given.onTrial?.(trial);
    if (found !== null) packed.push(found);
  }
  const needed = trials.flatMap(({ nodes }) => nodes ?? []);
  const [min, median, p90, max] = quantiles(needed, [0, 0.5, 0.9, 1]);
  const answer: CompactionAnswer = {
    kubernetes: moment.kubernetes,
    nodes: moment.nodes.length,
    podsMoved: work.pods.length,
    podsOfNodes: work.podsOfNodes.length,
    podsLeftOut: moment.pods.length - work.pods.length - work.podsOfNodes.length,
    trials,
    nodesNeeded: needed.length === 0 ? null : { min, median, p90, max },
  };
  return { answer, packed: packed.sort((a, b) => a.nodes.length - b.nodes.length) };
}

interface Work {
  readonly pods: readonly MomentPod[];
  readonly podsOfNodes: readonly MomentPod[];
}

/** The pods that have a node once everybody who waits has had a turn. */
function workOf(moment: ClusterMoment, options: StillOptions): Work {
  const still = new StillCluster(moment, options);
  settle(still);
  const waiting = moment.pods.filter(({ nodeName }) => nodeName === '');
  const placed = new Set(waiting.filter((_, index) => still.nodeOf(still.waiting[index]) !== ''));
  const alive = moment.pods.filter((pod) => pod.deletion === null && (pod.nodeName !== '' || placed.has(pod)));
  return { pods: alive.filter((pod) => !belongsToNode(pod)), podsOfNodes: alive.filter(belongsToNode) };
}

/** DaemonSets' pods and static ones (their mirrors name the Node as controller) come and go with their node. */
function belongsToNode({ pinnedNodeName, nodeName, pod }: MomentPod): boolean {
  if (pinnedNodeName !== '') return true;
  const owners = pod.metadata?.ownerReferences ?? [];
  return nodeName !== '' && owners.some(({ kind, controller }) => kind === 'Node' && controller === true);
}

class Trial {
  private readonly moment: ClusterMoment;
  private readonly work: Work;
  private readonly options: StillOptions;
  private readonly seed: string;
  private readonly nodes: ClusterMoment['nodes'];
  private readonly pods: readonly MomentPod[];

  constructor(moment: ClusterMoment, work: Work, options: StillOptions, seed: string) {
    const streams = new RandomStreams(seed);
    this.moment = moment;
    this.work = work;
    this.options = options;
    this.seed = seed;
    this.nodes = shuffled(moment.nodes, streams.stream('compact-nodes'));
    this.pods = shuffled(work.pods, streams.stream('compact-pods'));
  }

  /** null: not all nodes together hold the pods. */
  fewest(): PackedParts | null {
    let tooFew = -1;
    let enough = this.nodes.length;
    if (!this.holds(enough)) return null;
    while (enough - tooFew > 1) {
      const middle = Math.floor((tooFew + enough) / 2);
      if (this.holds(middle)) enough = middle;
      else tooFew = middle;
    }
    return this.packed(enough);
  }

  private packed(count: number): PackedParts {
    const nodes = this.nodes.slice(0, count);
    const names = new Set(nodes.map(({ metadata }) => metadata?.name ?? ''));
    const podsOfNodes = this.work.podsOfNodes.filter((pod) => names.has(nodeOfOwn(pod)));
    return { seed: this.seed, nodes, podsOfNodes, pods: this.pods };
  }

  /** Whether every pod gets a node, and nobody has to go for it. */
  private holds(count: number): boolean {
    if (count === 0) return this.pods.length === 0;
    const { nodes, podsOfNodes } = this.packed(count);
    const placed = podsOfNodes.map((pod): MomentPod => ({ ...pod, nodeName: nodeOfOwn(pod) }));
    const still = new StillCluster({ ...this.moment, nodes, pods: placed }, this.options);
    const rows = this.pods.map((pod) => still.create(arrivalOf(pod)));
    // Nobody is refused for good before those who come after have had their turn, too.
    still.giveTurns(TURNS_EACH * rows.length);
    return still.preemptions === 0 && rows.every((row) => still.nodeOf(row) !== '');
  }
}

const TURNS_EACH = 3;

function nodeOfOwn({ nodeName, pinnedNodeName }: MomentPod): string {
  return nodeName === '' ? pinnedNodeName : nodeName;
}

function arrivalOf({ namespace, name, pod }: MomentPod): AskedPod {
  return { from: `Pod/${name}`, namespace, name, pod, pinnedNodeName: '' };
}

/** Fisher-Yates, from the end. */
function shuffled<T>(items: readonly T[], stream: RandomStream): T[] {
  const order = [...items];
  for (let last = order.length - 1; last > 0; last--) {
    const other = Math.floor(stream.next() * (last + 1));
    assert(other <= last, 'a draw lies below its bound');
    [order[last], order[other]] = [order[other], order[last]];
  }
  return order;
}
