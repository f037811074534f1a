/**
 * Inflation: pods arrive one by one on an empty cluster, none leaves, none is tried twice, until demand has grown past
 * what there is. The curve tells how much of the cluster is allocated, and how much is fragmented, by percent of it
 * that has been asked for ("Beware of Fragmentation", USENIX ATC'23, section 6). The whole scheduler decides, on a
 * cluster whose clock stands still. Costs a scheduling cycle an arrival.
 */
import { assert } from '../base/assert.ts';
import { Cluster, PodOutcome } from '../cluster/cluster.ts';
import { GPU_MODEL_LABEL } from '../cluster/gpu-devices.ts';
import { GpuFragmentation } from '../cluster/gpu-fragmentation.ts';
import type { DeviceLook, TypicalPod } from '../cluster/gpu-fragmentation.ts';
import type { Node, Pod } from '../cluster/objects.ts';
import { CPU, amountOf } from '../cluster/resources.ts';
import { Kernel } from '../kernel/kernel.ts';
import { decodeSchedulerConfiguration } from '../scheduler/config/scheduler-configuration.ts';
import type { PluginFactory } from '../scheduler/framework/plugin-api.ts';
import { Scheduler } from '../scheduler/scheduler.ts';
import { ArrivalCurve, twoDecimals } from './arrival-curve.ts';

export interface Inflation {
  readonly nodes: readonly Node[];
  /** Each a pod as it would be created; like ones may be one object, which saves time. */
  readonly pods: readonly Pod[];
  /** Indices into `pods`, in order; one that comes again is one more copy. */
  readonly arrivals: ArrayLike<number>;
  /** KubeSchedulerConfiguration; its first profile schedules all pods. */
  readonly configuration: unknown;
  readonly registry: ReadonlyMap<string, PluginFactory>;
  /** Root of the random streams. */
  readonly seed: string;
  /** What demand and allocation are measured in. */
  readonly resource: string;
  /** For the curve of fragmentation; empty: there is none. */
  readonly typicalPods: readonly TypicalPod[];
  /** true: without the scheduler's caches; the same result. */
  readonly plain?: boolean;
}

export interface InflationResult {
  readonly arrived: number;
  readonly placed: number;
  /** Of the resource: what the nodes offer, what has been asked for, what is allocated. */
  readonly capacity: number;
  readonly demand: number;
  readonly allocated: number;
  /** By percent of the capacity that has been asked for, from 0: percent of it that is allocated. */
  readonly allocation: readonly number[];
  /** Percent of it that is fragmented; empty without typical pods. */
  readonly fragmentation: readonly number[];
  /** Of all that happened. */
  readonly digest: string;
}

/** Throws InputError for what the configuration gets wrong. */
export function inflate(inflation: Inflation): InflationResult {
  const run = new InflationRun(inflation);
  const { arrivals } = inflation;
  for (let i = 0; i < arrivals.length; i++) run.arrive(arrivals[i], i);
  return run.result();
}

interface ArrivingTemplate {
  readonly id: number;
  /** Of what demand is measured in. */
  readonly demand: number;
}

class InflationRun {
  private readonly kernel: Kernel;
  private readonly cluster: Cluster;
  private readonly scheduler: Scheduler;
  private readonly templates: readonly ArrivingTemplate[];
  private readonly allocation: ArrivalCurve;
  private readonly fragments: FragmentationSum | null;
  private readonly capacity: number;
  private readonly nameBase: number;
  private demand = 0;
  private allocated = 0;
  private arrived = 0;
  private placed = 0;

  constructor({ nodes, pods, configuration, registry, seed, resource, typicalPods, plain }: Inflation) {
    this.kernel = new Kernel({ seed });
    const cluster = (this.cluster = new Cluster(this.kernel));
    const decoded = decodeSchedulerConfiguration(configuration, { registry });
    const column = cluster.resources.column(resource);
    assert(column >= 0, 'what demand is measured in is a resource that the scheduler counts');
    this.scheduler = new Scheduler(this.kernel, cluster, {
      configuration: decoded,
      registry,
      cycleMicros: 0,
      bindMicros: 0,
      tieBreak: 'first',
      sampling: false,
      autoRun: false,
      plain: plain ?? false,
      phase: 0,
    });
    for (const node of nodes) cluster.addNode(node);
    this.capacity = cluster.totals.allocatable[column];
    const known = new Map<Pod, ArrivingTemplate>();
    this.templates = pods.map((pod) => {
      const seen = known.get(pod);
      if (seen !== undefined) return seen;
      const template = cluster.internTemplate(pod);
      const made = { id: template.id, demand: amountOf(template.accounted, column) };
      known.set(pod, made);
      return made;
    });
    this.nameBase = cluster.names.intern('pod');
    this.allocation = new ArrivalCurve();
    this.fragments = typicalPods.length === 0 ? null : new FragmentationSum(cluster, typicalPods);
  }

  arrive(index: number, nameOrdinal: number): void {
    const { cluster, scheduler } = this;
    const { id, demand } = this.templates[index];
    const pod = cluster.createPod({
      template: id,
      nameBase: this.nameBase,
      nameOrdinal,
      owner: -1,
      workloadClass: 0,
      durationMicros: Infinity,
      pinnedNode: -1,
    });
    const popped = scheduler.scheduleOne();
    assert(popped === pod, 'the pod that has arrived is the only one in the queue');
    this.arrived++;
    this.demand += demand;
    const node = scheduler.cache.pods.node[pod];
    if (node < 0) cluster.removePod(pod, PodOutcome.Deleted);
    else {
      this.kernel.run({ until: this.kernel.now });
      this.placed++;
      this.allocated += demand;
      this.fragments?.renew(node);
    }
    const percent = (100 * this.demand) / this.capacity;
    this.allocation.add(percent, (100 * this.allocated) / this.capacity);
    this.fragments?.curve.add(percent, this.fragments.milli);
  }

  result(): InflationResult {
    const { arrived, placed, capacity, demand, allocated, fragments } = this;
    return {
      arrived,
      placed,
      capacity,
      demand,
      allocated,
      allocation: this.allocation.means(),
      fragmentation:
        fragments === null ? [] : fragments.curve.means().map((milli) => twoDecimals((100 * milli) / capacity)),
      digest: this.kernel.digest.hex(),
    };
  }
}

/** Expected fragmentation of all nodes together; a node is looked at when it has changed. */
class FragmentationSum {
  readonly curve: ArrivalCurve = new ArrivalCurve();
  private readonly cluster: Cluster;
  private readonly fragmentation: GpuFragmentation;
  /** By node row. */
  private readonly weighted: number[] = [];
  private readonly look: DeviceLook = { idle: 0, roomy: [], scraps: [] };
  private sum = 0;

  constructor(cluster: Cluster, typicalPods: readonly TypicalPod[]) {
    this.cluster = cluster;
    this.fragmentation = new GpuFragmentation(typicalPods);
    for (let row = 0; row < cluster.nodes.length; row++) this.renew(row);
  }

  /** Of a GPU each 1000. */
  get milli(): number {
    return this.sum / this.fragmentation.weight;
  }

  renew(row: number): void {
    const { devices, facts, allocatable, requested, stride } = this.cluster.nodes;
    const own = devices[row];
    if (own === null) return;
    const at = row * stride + CPU;
    const model = this.fragmentation.forModel(facts[row].labels.get(GPU_MODEL_LABEL) ?? '');
    this.fragmentation.look(own.left, this.look);
    const weighted = this.fragmentation.weightedOf(model, allocatable[at] - requested[at], this.look);
    this.sum += weighted - (this.weighted[row] ?? 0);
    this.weighted[row] = weighted;
  }
}
