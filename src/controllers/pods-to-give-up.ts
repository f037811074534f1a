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
  /** Of those that may have to go: places in `rows`, and ages with UIDs. */
  private places: Int32Array = new Int32Array(0);
  private ages: Float64Array = new Float64Array(0);
  /** A copy of numbers that selection may move about. */
  private moved: Float64Array = new Float64Array(0);
  /** Active pods of the family by node row plus 1; 0: without a node. */
  private byNode: Int32Array = new Int32Array(0);

  /** As `plainChoice`. `count` is less than the set has active pods. */
  choose(cluster: Cluster, set: number, family: readonly number[], count: number): readonly number[] {
    const length = this.look(cluster, set, family);
    const { rows, firsts, places, ages, moved } = this;
    moved.set(length === firsts.length ? firsts : firsts.subarray(0, length));
    const cut = nthSmallest(moved, length, count - 1);
    let candidates = 0;
    let sure = 0;
    for (let at = 0; at < length; at++) if (firsts[at] <= cut) places[candidates++] = at;
    if (!this.readAges(cluster, candidates)) return plainChoice(cluster, set, family, count);
    let level = 0;
    for (let i = 0; i < candidates; i++) {
      if (firsts[places[i]] < cut) sure++;
      else moved[level++] = ages[i];
    }
    const last = nthSmallest(moved, level, count - sure - 1);
    const chosen: number[] = [];
    for (let i = 0; i < candidates; i++) if (firsts[places[i]] < cut || ages[i] <= last) chosen.push(i);
    chosen.sort((a, b) => firsts[places[a]] - firsts[places[b]] || ages[a] - ages[b]);
    return chosen.map((i) => rows[places[i]]);
  }

  /** Fills the first columns; returns how many active pods the set has. */
  private look(cluster: Cluster, set: number, family: readonly number[]): number {
    const { pods, workloads, nodes } = cluster;
    if (this.byNode.length <= nodes.length)
      this.byNode = growInt32(this.byNode, grownCapacity(this.byNode.length, nodes.length + 1));
    this.fit(workloads.alive[set]);
    const { byNode, rows, firsts } = this;
    byNode.fill(0);
    for (const each of family)
      for (let pod = workloads.firstPodOf(each); pod >= 0; pod = workloads.podAfter(pod))
        if (pods.isActive(pod)) byNode[pods.node[pod] + 1]++;
    let length = 0;
    for (let pod = workloads.firstPodOf(set); pod >= 0; pod = workloads.podAfter(pod)) {
      if (!pods.isActive(pod)) continue;
      rows[length] = pod;
      firsts[length++] = beforeAges(cluster, pod, byNode[pods.node[pod] + 1]);
    }
    return length;
  }

  /**
   * More restarts first unless ready, then younger by a power of two, then the UID: below 2^53. False: two pods have
   * turned ready at one instant and differ in what is compared then.
   */
  private readAges(cluster: Cluster, candidates: number): boolean {
    const { pods, now } = cluster;
    const { rows, places, ages } = this;
    let common = -1;
    let isAlike = true;
    for (let i = 0; i < candidates; i++) {
      const pod = rows[places[i]];
      const isReady = pods.isReady(pod);
      const likeness = likenessOf(cluster, pod);
      if (likeness < 0 || (isReady && Number.isNaN(pods.readyAt[pod]))) return false;
      if (isReady) {
        if (common < 0) common = likeness;
        else if (common !== likeness) isAlike = false;
      }
      ages[i] = (isReady ? ageBucket(now - pods.readyAt[pod]) + 1 : likeness) * TWO_TO_THE_32 + pods.serial[pod];
    }
    return isAlike || this.isOrder(cluster, candidates);
  }

  private isOrder(cluster: Cluster, candidates: number): boolean {
    const { pods } = cluster;
    const atInstant = new Map<Micros, number>();
    for (let i = 0; i < candidates; i++) {
      const pod = this.rows[this.places[i]];
      if (!pods.isReady(pod)) continue;
      const likeness = likenessOf(cluster, pod);
      const known = atInstant.get(pods.readyAt[pod]);
      if (known === undefined) atInstant.set(pods.readyAt[pod], likeness);
      else if (known !== likeness) return false;
    }
    return true;
  }

  private fit(length: number): void {
    if (length <= this.rows.length) return;
    const capacity = grownCapacity(this.rows.length, length);
    this.rows = growInt32(this.rows, capacity);
    this.firsts = growFloat64(this.firsts, capacity);
    this.places = growInt32(this.places, capacity);
    this.ages = growFloat64(this.ages, capacity);
    this.moved = growFloat64(this.moved, capacity);
  }
}

/** Restarts, the more the less, and the age by a power of two; -1: more restarts than there is room for. */
function likenessOf({ pods, now }: Cluster, pod: number): number {
  const { restarts } = pods.history(pod);
  if (restarts >= RESTARTS) return -1;
  return (RESTARTS - 1 - restarts) * AGE_BUCKETS + ageBucket(now - pods.createdAt[pod]) + 1;
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
