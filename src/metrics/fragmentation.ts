/**
 * What a cluster's free room is good for. At the end of a run: the largest amount of each resource that one node has
 * left, the largest pod of the workload's mean proportions that fits anywhere, and how many more pods of each frequent
 * shape would fit. Over time, where GPUs are shared: the GPU milli that a pod drawn from the workload's typical ones
 * could not use (cluster/gpu-fragmentation.ts). Costs an addition for each pod that is created, and at each sample a
 * look at the GPU nodes whose pods have changed; a scan of the nodes at the end. Room is counted by resources alone:
 * labels, taints and the like are not looked at, nodes that are down or cordoned offer none.
 */
import type { Micros } from '../base/time.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { GPU_MODEL_LABEL } from '../cluster/gpu-devices.ts';
import { GpuFragmentation, typicalShapesOf } from '../cluster/gpu-fragmentation.ts';
import type { DeviceLook, GpuPodShape } from '../cluster/gpu-fragmentation.ts';
import type { PodTemplate } from '../cluster/pod-template.ts';
import { CPU, amountOf } from '../cluster/resources.ts';
import type { FragmentationFacts, PodRoom } from './run-result.ts';

/** Frequent shapes that are told. */
const MOST_SHAPES = 8;
/** Typical pods are worked out anew when so many times more pods have come. */
const RENEWAL = 1.1;
const MILLI = 1000;

/** Told by the collector. */
export class FragmentationSamples {
  private readonly cluster: Cluster;
  /** By template id: pods created. */
  private readonly created: number[] = [];
  private createdPods = 0;
  /** Rows of nodes that share GPUs, and those of them that have changed since they were looked at. */
  private readonly sharing = new Set<number>();
  private readonly changed = new Set<number>();
  private fragmentation: GpuFragmentation | null = null;
  private knownPods = 0;
  /** By node row, in milli. */
  private readonly lost: number[] = [];
  private lostMilli = 0;
  private weighted = 0;
  private time = 0;
  private readonly look: DeviceLook = { idle: 0, roomy: [], scraps: [] };

  constructor(cluster: Cluster) {
    this.cluster = cluster;
  }

  podCreated(pod: number): void {
    const template = this.cluster.pods.template[pod];
    this.created[template] = (this.created[template] ?? 0) + 1;
    this.createdPods++;
  }

  /** Pods came to a node or left it. */
  podsMoved(node: number): void {
    this.changed.add(node);
  }

  /** A node came, or has changed. */
  nodeChanged(node: number): void {
    if (this.cluster.nodes.devices[node] !== null) this.sharing.add(node);
    this.podsMoved(node);
  }

  nodeRemoving(node: number): void {
    this.sharing.delete(node);
    this.lostMilli -= this.lost[node] ?? 0;
    this.lost[node] = 0;
  }

  /** The state now stands for the last `span` micros. */
  sample(span: Micros): void {
    if (this.sharing.size === 0) this.changed.clear();
    if (span <= 0 || this.sharing.size === 0) return;
    const share = this.gpuShare();
    if (share === null) return;
    this.weighted += share * span;
    this.time += span;
  }

  /** At the end of the run. */
  facts(): FragmentationFacts {
    const end = this.sharing.size === 0 ? null : this.gpuShare();
    const shapes = this.frequentShapes();
    return {
      gpuFragmentedShare: end === null ? null : { mean: this.time > 0 ? this.weighted / this.time : end, end },
      largestFree: this.largestFree(),
      largestPod: this.largestPod(),
      room: shapes.map(({ template, pods }): PodRoom => ({
        requests: this.named(template),
        podsCreated: pods,
        podsThatFit: this.roomFor(template),
      })),
    };
  }

  // ---- shared GPUs -----------------------------------------------------------------------------------------------

  /** null: no pod has come, or no device is there. */
  private gpuShare(): number | null {
    if (this.createdPods === 0) return null;
    if (this.fragmentation === null || this.createdPods > this.knownPods * RENEWAL) this.learnTypicalPods();
    let capacity = 0;
    for (const row of this.sharing) capacity += (this.cluster.nodes.devices[row]?.count ?? 0) * MILLI;
    for (const row of this.changed) if (this.sharing.has(row)) this.lookAt(row);
    this.changed.clear();
    return capacity === 0 ? null : this.lostMilli / capacity;
  }

  private learnTypicalPods(): void {
    const { templates } = this.cluster;
    const shapes: { shape: GpuPodShape; count: number }[] = [];
    this.created.forEach((count, template) => shapes.push({ shape: gpuShapeOf(templates.get(template)), count }));
    this.fragmentation = new GpuFragmentation(typicalShapesOf(shapes));
    this.knownPods = this.createdPods;
    for (const row of this.sharing) this.changed.add(row);
  }

  private lookAt(row: number): void {
    const { devices, facts, allocatable, requested, stride } = this.cluster.nodes;
    const own = devices[row];
    if (own === null || this.fragmentation === null) return;
    const at = row * stride + CPU;
    const model = this.fragmentation.forModel(facts[row].labels.get(GPU_MODEL_LABEL) ?? '');
    this.fragmentation.look(own.left, this.look);
    const lost =
      this.fragmentation.weightedOf(model, allocatable[at] - requested[at], this.look) / this.fragmentation.weight;
    this.lostMilli += lost - (this.lost[row] ?? 0);
    this.lost[row] = lost;
  }

  // ---- room at the end -------------------------------------------------------------------------------------------

  private *openRows(): Generator<number> {
    const { nodes } = this.cluster;
    for (let row = 0; row < nodes.length; row++) {
      if (nodes.alive[row] === 1 && nodes.up[row] === 1 && !nodes.facts[row].unschedulable) yield row;
    }
  }

  private free(row: number, column: number): number {
    const { allocatable, requested, stride } = this.cluster.nodes;
    return Math.max(0, allocatable[row * stride + column] - requested[row * stride + column]);
  }

  private largestFree(): Record<string, number> {
    const { resources } = this.cluster;
    const largest: number[] = new Array<number>(resources.count).fill(0);
    for (const row of this.openRows()) {
      for (let column = 0; column < resources.count; column++)
        largest[column] = Math.max(largest[column], this.free(row, column));
    }
    return Object.fromEntries(
      largest
        .map((amount, column) => [resources.name(column), inUnits(column, amount)])
        .filter(([, amount]) => amount !== 0),
    ) as Record<string, number>;
  }

  /** The mean of all pods' requests, scaled by the most that some node takes; empty: nobody asked for anything. */
  private largestPod(): Record<string, number> {
    const { templates, resources } = this.cluster;
    const sums = new Map<number, number>();
    this.created.forEach((count, id) => {
      const { columns, amounts } = templates.get(id).accounted;
      columns.forEach((column, i) => sums.set(column, (sums.get(column) ?? 0) + amounts[i] * count));
    });
    let best = 0;
    for (const row of this.openRows()) {
      if (this.slots(row) < 1) continue;
      let scale = Infinity;
      for (const [column, sum] of sums) scale = Math.min(scale, this.free(row, column) / (sum / this.createdPods));
      if (scale < Infinity) best = Math.max(best, scale);
    }
    const entries = Array.from(sums, ([column, sum]): [string, number] => [
      resources.name(column),
      inUnits(column, (sum / this.createdPods) * best),
    ]);
    return Object.fromEntries(entries);
  }

  private frequentShapes(): { readonly template: PodTemplate; readonly pods: number }[] {
    const byRequests = new Map<string, { template: PodTemplate; pods: number }>();
    this.created.forEach((count, id) => {
      const template = this.cluster.templates.get(id);
      const key = JSON.stringify([[...template.accounted.columns], [...template.accounted.amounts]]);
      const known = byRequests.get(key);
      if (known === undefined) byRequests.set(key, { template, pods: count });
      else known.pods += count;
    });
    return [...byRequests.values()]
      .sort((a, b) => b.pods - a.pods || a.template.id - b.template.id)
      .slice(0, MOST_SHAPES);
  }

  private slots(row: number): number {
    const { allowedPods, pods } = this.cluster.nodes;
    return Math.max(0, allowedPods[row] - pods[row].length);
  }

  /** More pods of this shape alone that would fit. */
  private roomFor(template: PodTemplate): number {
    const { columns, amounts } = template.accounted;
    let sum = 0;
    for (const row of this.openRows()) {
      let fits = this.slots(row);
      for (let i = 0; i < columns.length; i++)
        fits = Math.min(fits, Math.floor(this.free(row, columns[i]) / amounts[i]));
      const devices = this.cluster.nodes.devices[row];
      if (template.gpu !== null && devices !== null) fits = Math.min(fits, devices.roomFor(template.gpu));
      sum += fits;
    }
    return sum;
  }

  private named({ accounted: { columns, amounts } }: PodTemplate): Record<string, number> {
    const { resources } = this.cluster;
    return Object.fromEntries(
      Array.from(columns, (column, i) => [resources.name(column), inUnits(column, amounts[i])]),
    );
  }
}

/** Cores, bytes, or a number. */
function inUnits(column: number, amount: number): number {
  return column === CPU ? amount / MILLI : amount;
}

/**
 * What of a template GPU fragmentation looks at; models from a required affinity or a selector for the model's label.
 */
function gpuShapeOf({ accounted, gpu, spec }: PodTemplate): GpuPodShape {
  const cpuMilli = amountOf(accounted, CPU);
  if (gpu === null) return { cpuMilli, gpuCount: 0, gpuMilli: 0, gpuSpec: '' };
  const terms = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
  const wanted = terms
    .flatMap((term) => term.matchExpressions ?? [])
    .find(({ key, operator }) => key === GPU_MODEL_LABEL && operator === 'In');
  const selected = spec.nodeSelector?.[GPU_MODEL_LABEL];
  const gpuSpec = selected ?? (wanted?.values ?? []).join('|');
  return { cpuMilli, gpuCount: gpu.count, gpuMilli: gpu.milli, gpuSpec };
}
