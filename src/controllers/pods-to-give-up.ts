/**
 * Which pods a ReplicaSet gives up: those that a full sort of its active pods by compareRanked puts first.
 *
 * `plainChoice` is that sort. `PodsToGiveUp` finds the same pods, in the same order, by two numbers a pod: what is
 * compared before ages, and ages with UIDs. That is the same as long as pods that turned ready at one instant are alike
 * in age and restarts; otherwise the comparison is no order, and the full sort decides. Costs a look at each of the
 * family's pods and no allocation, where the sort costs an object and a dozen comparisons a pod.
 */
import { grownCapacity, growFloat64, growInt32 } from '../base/growable.ts';
import type { Micros } from '../base/time.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { PodPhase } from '../cluster/pod-table.ts';
import { activePods } from './owned-pods.ts';
import { ageBucket, compareRanked, rankedPod } from './pod-ranking.ts';

/**
 * The first `count` of the active pods of `set`, ranked by how many active pods of the family stand on their nodes.
 * `family`: the ReplicaSets that share this one's owner, itself among them.
 */
export function plainChoice(
  cluster: Cluster,
  set: number,
  family: readonly number[],
  count: number,
): readonly number[] {
  const ranks = new Map<number, number>();
  const { node } = cluster.pods;
  for (const each of family)
    for (const pod of activePods(cluster, each)) ranks.set(node[pod], (ranks.get(node[pod]) ?? 0) + 1);
  const ranked = activePods(cluster, set).map((pod) => rankedPod(cluster, pod, ranks.get(node[pod]) ?? 0));
  ranked.sort((a, b) => compareRanked(a, b, cluster.now));
  return ranked.slice(0, count).map(({ pod }) => pod);
}

const TWO_TO_THE_31 = 2_147_483_648;
const TWO_TO_THE_32 = 4_294_967_296;
const RANKS = 65_536;
const RESTARTS = 16_384;
const AGE_BUCKETS = 128;

/** Columns that are used again at each choice, and grow with the largest set. */
export class PodsToGiveUp {
  /** Active pods of the set, oldest first, and what is compared before ages. */
  private rows: Int32Array = new Int32Array(0);
  private firsts: Float64Array = new Float64Array(0);
  /** A copy of either number that selection may move about. */
  private moved: Float64Array = new Float64Array(0);
  /** Active pods of the family by node row plus 1; 0: without a node. */
  private byNode: Int32Array = new Int32Array(0);

  /** As `plainChoice`. `count` is less than the set has active pods. */
  choose(cluster: Cluster, set: number, family: readonly number[], count: number): readonly number[] {
    const length = this.look(cluster, set, family);
    this.moved.set(this.firsts.subarray(0, length));
    const cut = nthSmallest(this.moved, length, count - 1);
    const sure: number[] = [];
    const level: number[] = [];
    for (let at = 0; at < length; at++) {
      if (this.firsts[at] < cut) sure.push(at);
      else if (this.firsts[at] === cut) level.push(at);
    }
    const seen = [...sure, ...level].map((at) => this.rows[at]);
    const ages = agesOf(cluster, seen);
    if (ages === null) return plainChoice(cluster, set, family, count);
    const lacking = count - sure.length;
    for (let i = 0; i < level.length; i++) this.moved[i] = ages[sure.length + i];
    const last = nthSmallest(this.moved, level.length, lacking - 1);
    const chosen: number[] = [];
    for (let i = 0; i < seen.length; i++) if (i < sure.length || ages[i] <= last) chosen.push(i);
    const first = (i: number): number => this.firsts[i < sure.length ? sure[i] : level[i - sure.length]];
    chosen.sort((a, b) => first(a) - first(b) || ages[a] - ages[b]);
    return chosen.map((i) => seen[i]);
  }

  /** Fills the columns; returns how many active pods the set has. */
  private look(cluster: Cluster, set: number, family: readonly number[]): number {
    const { pods, workloads, nodes } = cluster;
    if (this.byNode.length <= nodes.length)
      this.byNode = growInt32(this.byNode, grownCapacity(this.byNode.length, nodes.length + 1));
    this.byNode.fill(0);
    for (const each of family)
      for (let pod = workloads.firstPodOf(each); pod >= 0; pod = workloads.podAfter(pod))
        if (pods.isActive(pod)) this.byNode[pods.node[pod] + 1]++;
    this.fit(workloads.alive[set]);
    let length = 0;
    for (let pod = workloads.firstPodOf(set); pod >= 0; pod = workloads.podAfter(pod)) {
      if (!pods.isActive(pod)) continue;
      this.rows[length] = pod;
      this.firsts[length++] = beforeAges(cluster, pod, this.byNode[pods.node[pod] + 1]);
    }
    return length;
  }

  private fit(length: number): void {
    if (length <= this.rows.length) return;
    const capacity = grownCapacity(this.rows.length, length);
    this.rows = growInt32(this.rows, capacity);
    this.firsts = growFloat64(this.firsts, capacity);
    this.moved = growFloat64(this.moved, capacity);
  }
}

/**
 * With a node after those without, running after pending, ready after not; then the cost; then the fuller node first.
 * Below 2^51. Pods without a node all have one rank, so that it may be cut.
 */
function beforeAges(cluster: Cluster, pod: number, rank: number): number {
  const { pods } = cluster;
  const stage =
    (pods.node[pod] >= 0 ? 4 : 0) + (pods.phase[pod] === PodPhase.Running ? 2 : 0) + (pods.isReady(pod) ? 1 : 0);
  const { deletionCost } = cluster.templateOf(pod);
  return (stage * TWO_TO_THE_32 + deletionCost + TWO_TO_THE_31) * RANKS + RANKS - 1 - Math.min(rank, RANKS - 1);
}

/**
 * More restarts first unless ready, then younger by a power of two, then the UID: below 2^53. null: two pods have
 * turned ready at one instant and differ in what is compared then.
 */
function agesOf(cluster: Cluster, seen: readonly number[]): Float64Array | null {
  const { pods, now } = cluster;
  const ages = new Float64Array(seen.length);
  const atInstant = new Map<Micros, number>();
  let isMixed = false;
  for (let i = 0; i < seen.length; i++) {
    const pod = seen[i];
    const { restarts } = pods.history(pod);
    const created = ageBucket(now - pods.createdAt[pod]) + 1;
    const isReady = pods.isReady(pod);
    if (restarts >= RESTARTS || (isReady && Number.isNaN(pods.readyAt[pod]))) return null;
    const likeness = (RESTARTS - 1 - restarts) * AGE_BUCKETS + created;
    if (isReady) {
      const known = atInstant.get(pods.readyAt[pod]);
      if (known === undefined) atInstant.set(pods.readyAt[pod], likeness);
      else if (known !== likeness) isMixed = true;
    }
    const age = isReady ? ageBucket(now - pods.readyAt[pod]) + 1 : likeness;
    ages[i] = age * TWO_TO_THE_32 + pods.serial[pod];
  }
  return isMixed ? null : ages;
}

/** Of the first `length` numbers, which it moves about: the one that a sort would put at `rank`. */
export function nthSmallest(numbers: Float64Array, length: number, rank: number): number {
  let low = 0;
  let high = length - 1;
  while (low < high) {
    const pivot = numbers[(low + high) >>> 1];
    let left = low;
    let right = high;
    while (left <= right) {
      while (numbers[left] < pivot) left++;
      while (numbers[right] > pivot) right--;
      if (left > right) break;
      const held = numbers[left];
      numbers[left++] = numbers[right];
      numbers[right--] = held;
    }
    if (rank <= right) high = right;
    else if (rank >= left) low = left;
    else return numbers[rank];
  }
  return numbers[rank];
}
