/**
 * Packing, measured at samples and weighted by the time since the sample before: how full the nodes are that are not
 * empty, and how much of each resource is stranded.
 *
 * A node's free amount of a resource is stranded when *another* of cpu, memory and pod slots is used by more than 95 %
 * there: hardly any pod can come for it. Scarce extended resources (GPUs) strand nothing, as pods that do not ask for
 * them still fit. A sample scans the living nodes, some 20 ns each; what they offer in all is added up again only after
 * nodes have come, gone or changed.
 */
import type { Micros } from '../base/time.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { CPU, MEMORY } from '../cluster/resources.ts';

const EXHAUSTED = 0.95;

/** Sums by resource column of share times time, and of the time. */
interface Means {
  readonly weighted: number[];
  readonly time: number[];
}

export class PackingSamples {
  private readonly cluster: Cluster;
  private readonly density: Means = { weighted: [], time: [] };
  private readonly stranded: Means = { weighted: [], time: [] };
  private free: Float64Array = new Float64Array(0);
  /** Allocatable by resource column, in all. */
  private all: Float64Array = new Float64Array(0);
  private isAllKnown = false;

  constructor(cluster: Cluster) {
    this.cluster = cluster;
  }

  /** The state now stands for the last `span` micros. */
  sample(span: Micros): void {
    if (span <= 0) return;
    this.sampleDensity(span);
    this.sampleStranded(span);
  }

  /** Nodes came, go, or have changed what they offer. */
  nodesChanged(): void {
    this.isAllKnown = false;
  }

  densityOfNonEmptyNodes(): Record<string, number> {
    return this.means(this.density);
  }

  strandedShare(): Record<string, number> {
    return this.means(this.stranded);
  }

  private means(means: Means): Record<string, number> {
    const result: Record<string, number> = {};
    for (let column = 0; column < means.time.length; column++) {
      if (means.time[column] > 0)
        result[this.cluster.resources.name(column)] = means.weighted[column] / means.time[column];
    }
    return result;
  }

  private sampleDensity(span: Micros): void {
    const { totals, resources } = this.cluster;
    const pools = totals.nodesByPool.length;
    for (let column = 0; column < resources.count; column++) {
      let requested = 0;
      let allocatable = 0;
      for (let pool = 0; pool < pools; pool++) {
        requested += totals.requestedNonEmpty[pool * totals.stride + column];
        allocatable += totals.allocatableNonEmpty[pool * totals.stride + column];
      }
      note(this.density, column, requested, allocatable, span);
    }
  }

  private sampleStranded(span: Micros): void {
    const { nodes, resources } = this.cluster;
    const { count } = resources;
    if (!this.isAllKnown || this.all.length !== count) this.addUp(count);
    const { free, all } = this;
    free.fill(0);
    for (let row = 0; row < nodes.length; row++) if (nodes.alive[row] === 1) this.addStranded(row, count);
    for (let column = 0; column < count; column++) note(this.stranded, column, free[column], all[column], span);
  }

  private addUp(count: number): void {
    const { nodes } = this.cluster;
    this.free = new Float64Array(count);
    const all = (this.all = new Float64Array(count));
    for (let row = 0; row < nodes.length; row++) {
      if (nodes.alive[row] === 0) continue;
      for (let column = 0; column < count; column++)
        if (nodes.allocatable[row * nodes.stride + column] > 0)
          all[column] += nodes.allocatable[row * nodes.stride + column];
    }
    this.isAllKnown = true;
  }

  private addStranded(row: number, count: number): void {
    const { podCount, allowedPods, allocatable, requested, stride } = this.cluster.nodes;
    const base = row * stride;
    const cpu = isExhausted(requested[base + CPU], allocatable[base + CPU]);
    const memory = isExhausted(requested[base + MEMORY], allocatable[base + MEMORY]);
    const slots = isExhausted(podCount[row], allowedPods[row]);
    if (!cpu && !memory && !slots) return;
    for (let column = 0; column < count; column++) {
      const amount = allocatable[base + column];
      if (amount <= 0) continue;
      if (slots || (cpu && column !== CPU) || (memory && column !== MEMORY))
        this.free[column] += Math.max(0, amount - requested[base + column]);
    }
  }
}

/** Nothing at all is not exhausted: a node that does not state a resource is not limited by it here. */
function isExhausted(used: number, amount: number): boolean {
  return amount > 0 && used > EXHAUSTED * amount;
}

function note(means: Means, column: number, part: number, whole: number, span: Micros): void {
  while (means.time.length <= column) {
    means.time.push(0);
    means.weighted.push(0);
  }
  if (whole <= 0) return;
  means.weighted[column] += (part / whole) * span;
  means.time[column] += span;
}
