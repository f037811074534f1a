/**
 * Expected fragmentation of a node's GPUs against the typical pods of a workload: the GPU milli that a pod drawn from
 * them could not use ("Beware of Fragmentation: Scheduling GPU-Sharing Workloads with Fragmentation Gradient Descent",
 * USENIX ATC'23, section 3). Sums are kept in whole numbers, weighted by counts of pods: a difference of nothing is
 * exactly 0. One node costs some 20 additions for each kind of GPU request among the typical pods.
 */
import type { GpuRequest } from './gpu-devices.ts';
import { DEVICE_MILLI, isShare } from './gpu-devices.ts';

/** What fragmentation looks at of a pod. */
export interface GpuPodShape {
  readonly cpuMilli: number;
  /** Devices, and of each of them; both 0: no GPU. */
  readonly gpuCount: number;
  readonly gpuMilli: number;
  /** GPU models that will do, separated by `|`; '': any. */
  readonly gpuSpec: string;
}

export interface TypicalPod extends GpuPodShape {
  /** Pods of this shape. */
  readonly count: number;
}

/** Of the pods, so many are covered by the typical ones. */
export const TYPICAL_COVERAGE = 0.95;

/** The most frequent shapes of a list of pods, the most frequent first, until they cover 95 % of it. */
export function typicalPodsOf(pods: Iterable<GpuPodShape>): TypicalPod[] {
  return typicalShapesOf(Array.from(pods, (shape) => ({ shape, count: 1 })));
}

/** The same of shapes, each with a number of pods. */
export function typicalShapesOf(
  shapes: Iterable<{ readonly shape: GpuPodShape; readonly count: number }>,
): TypicalPod[] {
  const groups = new Map<string, { shape: GpuPodShape; count: number }>();
  let total = 0;
  for (const { shape, count } of shapes) {
    total += count;
    const key = `${String(shape.cpuMilli)} ${String(shape.gpuMilli)} ${String(shape.gpuCount)} ${shape.gpuSpec}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { shape, count });
    else group.count += count;
  }
  const sorted = Array.from(groups.values(), ({ shape, count }): TypicalPod => {
    const { cpuMilli, gpuMilli, gpuCount, gpuSpec } = shape;
    return { cpuMilli, gpuMilli, gpuCount, gpuSpec, count };
  }).sort(byFrequency);
  let covered = 0;
  return sorted.filter(({ count }) => {
    if (covered >= TYPICAL_COVERAGE * total) return false;
    covered += count;
    return true;
  });
}

function byFrequency(a: TypicalPod, b: TypicalPod): number {
  const byNumber = b.count - a.count || b.cpuMilli - a.cpuMilli || b.gpuMilli - a.gpuMilli || b.gpuCount - a.gpuCount;
  if (byNumber !== 0) return byNumber;
  return a.gpuSpec < b.gpuSpec ? 1 : a.gpuSpec > b.gpuSpec ? -1 : 0;
}

/** What a GPU's model means to the typical pods; made by `forModel`. */
export interface ModelView {
  readonly model: string;
  readonly groups: readonly Group[];
}

/** Devices as typical pods see them: made by `look`. */
export interface DeviceLook {
  /** Left on all of them, in milli. */
  idle: number;
  /** By different request: devices with so much left, and what the others have left together. */
  readonly roomy: number[];
  readonly scraps: number[];
}

/** Typical pods with one GPU request that a model of GPU suits, by cpu. */
export interface Group {
  readonly count: number;
  /** Index into `millis`. */
  readonly milli: number;
  /** Ascending; and the pods that ask for at most so much. */
  readonly cpuMilli: readonly number[];
  readonly podsUpTo: readonly number[];
}

export class GpuFragmentation {
  /** Typical pods in all: `weightedOf` is that many times the expected fragmentation. */
  readonly weight: number;
  private readonly typical: readonly TypicalPod[];
  /** Different requests of one device, in milli. */
  private readonly millis: readonly number[];
  /** Different amounts of cpu. */
  private readonly cpus: readonly number[];
  private readonly views = new Map<string, ModelView>();
  /** By typical pod: its share of them all, as the published simulator works it out. */
  private readonly shares: readonly number[];
  private readonly sums: Float64Array = new Float64Array(6);
  /** Scratch, by group: pods whose cpu fits. */
  private readonly fitting: number[] = [];

  /**
   * `listLength`: pods of the list that the typical ones were taken from; in the last bits of `asPublished` it shows.
   */
  constructor(typical: readonly TypicalPod[], listLength?: number) {
    this.typical = typical;
    this.weight = typical.reduce((sum, { count }) => sum + count, 0);
    const total = listLength ?? this.weight;
    const covered = this.weight / total;
    this.shares = typical.map(({ count }) => (this.weight === total ? count / total : count / total / covered));
    const asked = typical.filter((pod) => asksForGpu(pod)).map(({ gpuMilli }) => gpuMilli);
    this.millis = [...new Set(asked)].sort((a, b) => a - b);
    this.cpus = [...new Set(typical.map(({ cpuMilli }) => cpuMilli))];
  }

  /** The same object for the same model. */
  forModel(model: string): ModelView {
    let view = this.views.get(model);
    if (view === undefined) this.views.set(model, (view = { model, groups: this.group(model) }));
    return view;
  }

  /** Looks at devices with so much left each; `into` is written over. */
  look(left: readonly number[], into: DeviceLook = { idle: 0, roomy: [], scraps: [] }): DeviceLook {
    const { millis } = this;
    const { roomy, scraps } = into;
    into.idle = sumOf(left);
    for (let i = 0; i < millis.length; i++) {
      let count = 0;
      let scrap = 0;
      for (let device = 0; device < left.length; device++) {
        if (left[device] >= millis[i]) count++;
        else scrap += left[device];
      }
      roomy[i] = count;
      scraps[i] = scrap;
    }
    return into;
  }

  /** `weight` times the expected fragmentation in milli. */
  weightedOf({ groups }: ModelView, cpuLeftMilli: number, look: DeviceLook): number {
    this.fitCpu(groups, cpuLeftMilli);
    return this.sum(groups, look);
  }

  /**
   * The same after a pod has come, with so much cpu left after it: its share on the best device, or its several
   * devices. `left` is what was looked at; the look is the same again when this is over.
   */
  weightedAfter(
    view: ModelView,
    cpuLeftMilli: number,
    left: readonly number[],
    look: DeviceLook,
    gpu: GpuRequest | null,
  ): number {
    if (gpu === null) return this.weightedOf(view, cpuLeftMilli, look);
    const { count, milli } = gpu;
    if (count > 1 && milli < DEVICE_MILLI) {
      return this.weightedOf(view, cpuLeftMilli, this.look(takenInTurn(left, gpu)));
    }
    this.fitCpu(view.groups, cpuLeftMilli);
    if (milli === DEVICE_MILLI) return this.weightedWithout(view, look, DEVICE_MILLI, milli, count);
    let least = Infinity;
    for (let device = 0; device < left.length; device++) {
      const before = left[device];
      if (before < milli || left.indexOf(before) < device) continue;
      least = Math.min(least, this.weightedWithout(view, look, before, milli, 1));
    }
    return least;
  }

  /** Whether some typical pod's cpu fits into the first and not into the second: else they fare alike. */
  tellsApart(cpuLeftMilli: number, lessMilli: number): boolean {
    const { cpus } = this;
    for (let i = 0; i < cpus.length; i++) if (cpus[i] <= cpuLeftMilli && cpus[i] > lessMilli) return true;
    return false;
  }

  /**
   * The expected fragmentation as the published simulator adds it up: shares of the pods as fractions, one sum for each
   * way a pod may fare, then those sums together. Differs from `weightedOf` in the last bits, and costs ten times as
   * much.
   */
  asPublished({ model }: ModelView, cpuLeftMilli: number, left: readonly number[]): number {
    const idle = sumOf(left);
    const sums = this.sums.fill(0);
    for (let i = 0; i < this.typical.length; i++) {
      const pod = this.typical[i];
      const hasCpu = cpuLeftMilli >= pod.cpuMilli;
      if (pod.gpuMilli === 0) sums[hasCpu ? Fate.NoGpuAsked : Fate.NoGpuAskedLacksCpu] += this.shares[i] * idle;
      else if (!allows(pod, model)) sums[Fate.NoAccess] += this.shares[i] * idle;
      else {
        const { roomy, scrap } = roomFor(pod, left);
        const hasGpu = roomy >= pod.gpuCount;
        if (hasGpu && hasCpu) sums[Fate.LacksGpu] += this.shares[i] * scrap;
        else if (hasGpu) sums[Fate.LacksCpu] += this.shares[i] * idle;
        else sums[hasCpu ? Fate.LacksGpu : Fate.LacksBoth] += this.shares[i] * idle;
      }
    }
    let sum = 0;
    for (let fate = 0; fate < sums.length; fate++) sum += sums[fate];
    return sum;
  }

  /** With a share taken from each of `count` devices that have `before` left. */
  private weightedWithout(
    { groups }: ModelView,
    look: DeviceLook,
    before: number,
    share: number,
    count: number,
  ): number {
    this.shift(look, before, share, count);
    const sum = this.sum(groups, look);
    this.shift(look, before, share, -count);
    return sum;
  }

  /** So many devices that had `before` left give a share away each, or have it back (a negative number). */
  private shift(look: DeviceLook, before: number, share: number, count: number): void {
    const { millis } = this;
    const { roomy, scraps } = look;
    const after = before - share;
    look.idle -= count * share;
    for (let i = 0; i < millis.length; i++) {
      if (before < millis[i]) scraps[i] -= count * share;
      else if (after < millis[i]) {
        roomy[i] -= count;
        scraps[i] += count * after;
      }
    }
  }

  private fitCpu(groups: readonly Group[], cpuLeftMilli: number): void {
    for (let i = 0; i < groups.length; i++) {
      const { cpuMilli, podsUpTo } = groups[i];
      let last = cpuMilli.length - 1;
      while (last >= 0 && cpuMilli[last] > cpuLeftMilli) last--;
      this.fitting[i] = last < 0 ? 0 : podsUpTo[last];
    }
  }

  /**
   * Everything idle is lost to all pods, but for those that fit: to them what stands on devices too full for them is.
   */
  private sum(groups: readonly Group[], { idle, roomy, scraps }: DeviceLook): number {
    const { fitting } = this;
    let sum = this.weight * idle;
    for (let i = 0; i < groups.length; i++) {
      const { count, milli } = groups[i];
      if (roomy[milli] >= count) sum -= fitting[i] * (idle - scraps[milli]);
    }
    return sum;
  }

  private group(model: string): readonly Group[] {
    const byRequest = new Map<string, TypicalPod[]>();
    for (const pod of this.typical) {
      if (!asksForGpu(pod) || !allows(pod, model)) continue;
      const key = `${String(pod.gpuCount)} ${String(pod.gpuMilli)}`;
      byRequest.set(key, [...(byRequest.get(key) ?? []), pod]);
    }
    return Array.from(byRequest.values(), (pods) => {
      const sorted = [...pods].sort((a, b) => a.cpuMilli - b.cpuMilli);
      let sum = 0;
      const { gpuCount, gpuMilli } = sorted[0];
      const podsUpTo = sorted.map(({ count }) => (sum += count));
      return {
        count: gpuCount,
        milli: this.millis.indexOf(gpuMilli),
        cpuMilli: sorted.map((pod) => pod.cpuMilli),
        podsUpTo,
      };
    });
  }
}

/** How a typical pod fares on a node, in the order in which the published simulator adds the sums up. */
const Fate = { LacksBoth: 0, LacksGpu: 1, LacksCpu: 2, NoGpuAsked: 3, NoGpuAskedLacksCpu: 4, NoAccess: 5 } as const;

function allows({ gpuSpec }: GpuPodShape, model: string): boolean {
  return gpuSpec === '' || gpuSpec.split('|').includes(model);
}

function roomFor(
  { gpuMilli }: GpuPodShape,
  left: readonly number[],
): { readonly roomy: number; readonly scrap: number } {
  let roomy = 0;
  let scrap = 0;
  for (let device = 0; device < left.length; device++) {
    if (left[device] >= gpuMilli) roomy++;
    else scrap += left[device];
  }
  return { roomy, scrap };
}

function asksForGpu({ gpuCount, gpuMilli }: GpuPodShape): boolean {
  return gpuCount > 0 && gpuMilli > 0;
}

function sumOf(left: readonly number[]): number {
  let sum = 0;
  for (let device = 0; device < left.length; device++) sum += left[device];
  return sum;
}

/** What the devices may have left after a pod came: one way for each device that has room for a share, else one way. */
export function outcomes(left: readonly number[], gpu: GpuRequest | null): readonly (readonly number[])[] {
  if (gpu === null) return [left];
  if (!isShare(gpu)) return [takenInTurn(left, gpu)];
  const roomy = Array.from(left.keys()).filter((device) => left[device] >= gpu.milli);
  return roomy.map((device) => left.map((milli, other) => (other === device ? milli - gpu.milli : milli)));
}

/** Several devices as FGD places them in thought: the fullest that have room first, the first of equals. */
function takenInTurn(left: readonly number[], { count, milli }: GpuRequest): number[] {
  const order = Array.from(left.keys()).sort((a, b) => left[a] - left[b] || a - b);
  const after = [...left];
  let missing = count;
  for (const device of order) {
    if (missing === 0) break;
    if (after[device] < milli) continue;
    after[device] -= milli;
    missing--;
  }
  return after;
}
