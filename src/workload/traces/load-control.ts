/**
 * Another load out of the same trace: a piece of its time, a sample of its jobs, copies of all of them, other sizes, a
 * faster clock; in this order. Jobs come and go in order of arrival. All of it stands in the result with the scenario,
 * and what it leaves out is counted.
 */
import { assert } from '../../base/assert.ts';
import { formatDuration } from '../../base/duration.ts';
import { milliFromText, unitsFromText } from '../../base/quantity.ts';
import type { PodSpec, ResourceList } from '../../cluster/objects.ts';
import { RandomStream } from '../../kernel/random.ts';
import type { TraceLoad } from './catalog.ts';
import type { JobStream } from './in-order.ts';
import type { JobShape, TraceJob } from './trace-format.ts';
import type { ProblemList } from './trace-reader.ts';

export const FULL_LOAD: TraceLoad = { compress: 1, fromMicros: 0, toMicros: null, sample: 1, clones: 1, scale: {} };

const MOST_SHAPES = 65_536;

export class LoadControl implements JobStream {
  private readonly jobs: JobStream;
  private readonly load: TraceLoad;
  private readonly draws: RandomStream;
  private readonly isScaled: boolean;
  private readonly scaledShapes = new Map<JobShape, JobShape>();
  private readonly scaledRequests = new Map<ResourceList, ResourceList>();
  private job: TraceJob | null = null;
  private isSampled = true;
  private clone = 0;
  private beforeCount = 0;
  private stillRunningCount = 0;
  private sampledOutCount = 0;

  /** `seed`: root of the random streams. */
  constructor(jobs: JobStream, load: TraceLoad, seed: string) {
    assert(load.compress > 0 && load.sample > 0 && load.clones >= 1, 'a load is above nothing');
    this.jobs = jobs;
    this.load = load;
    this.draws = new RandomStream(`${seed}/trace-sample/`);
    this.isScaled = Object.keys(load.scale).length > 0;
  }

  next(problems: ProblemList): TraceJob | null {
    if (this.job !== null && ++this.clone < this.load.clones) return this.loaded(this.job);
    this.clone = 0;
    for (;;) {
      this.job = this.jobs.next(problems);
      if (this.job === null) return null;
      const { fromMicros, toMicros, sample } = this.load;
      if (toMicros !== null && this.job.arrivalMicros >= toMicros) return (this.job = null);
      const isWhole = this.job.firstPod <= 0;
      // Drawn before the cut, so that a piece of time holds the same jobs whatever its limits are; once for all pieces
      // of a job, which come one after the other.
      if (sample < 1 && isWhole) this.isSampled = this.draws.next() < sample;
      if (this.job.arrivalMicros < fromMicros) this.countBefore(this.job);
      else if (this.isSampled) return this.loaded(this.job);
      else if (isWhole) this.sampledOutCount++;
    }
  }

  notes(): readonly string[] {
    const { fromMicros, toMicros, sample } = this.load;
    const notes = [...this.jobs.notes()];
    if (fromMicros > 0) {
      const running =
        this.stillRunningCount === 0 ? '' : `, of which ${String(this.stillRunningCount)} would still have run`;
      notes.push(
        `Jobs that arrived before the cut-out (${formatDuration(fromMicros)}), left out${running}: ` +
          String(this.beforeCount),
      );
    }
    if (toMicros !== null)
      notes.push(
        `The trace is read up to the end of the cut-out, ${formatDuration(toMicros)}; counts speak of what was read`,
      );
    if (sample < 1) notes.push(`Jobs left out of the sample of ${String(sample)}: ${String(this.sampledOutCount)}`);
    return notes;
  }

  private countBefore(job: TraceJob): void {
    if (job.firstPod > 0) return;
    this.beforeCount++;
    const end = job.durationMicros === null ? Infinity : job.arrivalMicros + job.durationMicros;
    if (end > this.load.fromMicros) this.stillRunningCount++;
  }

  private loaded(job: TraceJob): TraceJob {
    const { compress, fromMicros } = this.load;
    if (compress === 1 && fromMicros === 0 && this.clone === 0 && !this.isScaled) return job;
    const arrivalMicros = Math.round((job.arrivalMicros - fromMicros) / compress);
    const shape = this.shape(job.shape);
    return {
      ...job,
      arrivalMicros,
      shape,
      name: this.clone === 0 || job.name === null ? job.name : `c${String(this.clone)}-${job.name}`,
    };
  }

  private shape(shape: JobShape): JobShape {
    if (!this.isScaled && this.clone === 0) return shape;
    const nameBase = this.clone === 0 ? shape.nameBase : `c${String(this.clone)}-${shape.nameBase}`;
    if (!this.isScaled) return { ...shape, nameBase };
    let scaled = this.scaledShapes.get(shape);
    if (scaled === undefined) {
      scaled = {
        ...shape,
        requests: this.requests(shape.requests),
        spec: shape.spec === null ? null : this.spec(shape.spec),
      };
      if (this.scaledShapes.size >= MOST_SHAPES) this.scaledShapes.clear();
      this.scaledShapes.set(shape, scaled);
    }
    return this.clone === 0 ? scaled : { ...scaled, nameBase };
  }

  private requests(requests: ResourceList): ResourceList {
    const known = this.scaledRequests.get(requests);
    if (known !== undefined) return known;
    const scaled = scaledResources(requests, this.load.scale);
    if (this.scaledRequests.size >= MOST_SHAPES) this.scaledRequests.clear();
    this.scaledRequests.set(requests, scaled);
    return scaled;
  }

  private spec(spec: PodSpec): PodSpec {
    const containers = (spec.containers ?? []).map((container) => {
      const requests = container.resources?.requests;
      return requests === undefined
        ? container
        : { ...container, resources: { ...container.resources, requests: this.requests(requests) } };
    });
    return { ...spec, containers };
  }
}

/** Cores to the nearest thousandth, bytes to the nearest one, whole devices to the nearest one but never to none. */
export function scaledResources(resources: ResourceList, scale: Readonly<Record<string, number>>): ResourceList {
  const entries = Object.entries(resources).map(([name, amount]): [string, string | number] => {
    const factor = Object.hasOwn(scale, name) ? scale[name] : 1;
    if (factor === 1) return [name, amount];
    if (name === 'cpu') return [name, `${String(Math.round(milliFromText(amount) * factor))}m`];
    const units = unitsFromText(amount);
    return [
      name,
      String(units > 0 && name.includes('/') ? Math.max(1, Math.round(units * factor)) : Math.round(units * factor)),
    ];
  });
  return Object.fromEntries(entries);
}
