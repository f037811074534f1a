/**
 * All workloads of a scenario as one sorted stream of arrivals: the streams of times are merged by cursor, ties in the
 * order of the scenario. What an arrival brings (replicas, shape, lifetimes) is drawn when it arrives, each kind from a
 * stream of its own per workload, so it is the same under every scheduler, and adding a workload changes no other's.
 *
 * The current arrival stands in reusable fields; nothing is allocated per arrival. docs/formats/generators.md has the
 * parameters.
 */
import { assert } from '../../base/assert.ts';
import { grownCapacity } from '../../base/growable.ts';
import type { Micros } from '../../base/time.ts';
import type { Distribution } from '../../kernel/distribution.ts';
import type { RandomStream, RandomStreams } from '../../kernel/random.ts';
import { sample, sampleMicros } from '../../kernel/sampling.ts';
import type { Workload } from '../settings.ts';
import { arrivalTimes, boundedCount, type ArrivalTimes } from './arrival-times.ts';
import { ShapePicker } from './shape-picker.ts';
import { TimeHeap } from './time-heap.ts';

/** The largest number of pods of one arrival; drawn numbers beyond it are cut to it. */
export const MAX_REPLICAS = 1_000_000;

export class WorkloadSource {
  /** Index of the current arrival's workload in the scenario; -1 before the first `advance` and after the last. */
  workloadIndex = -1;
  /** Ordinal of the current arrival within its workload, from 0. */
  arrivalIndex = -1;
  timeMicros: Micros = 0;
  /** Pods of the arrival, at least 1; 0 for a DaemonSet, whose pods are as many as there are nodes for them. */
  replicas = 0;
  /**
   * Deployment, DaemonSet: from arrival to removal. Infinity: for ever. Job and Pod: Infinity; see
   * `podLifetimesMicros`.
   */
  lifetimeMicros: Micros = Infinity;
  /**
   * Job, Pod: run time of each pod from its start, in the first `replicas` places; Infinity: for ever. Reused and
   * sometimes replaced by `advance`.
   */
  podLifetimesMicros: Float64Array = new Float64Array(64);
  /** Index into the workload's `shapes`; -1 when it has none. */
  shapeIndex = -1;

  private readonly cursors: readonly WorkloadCursor[];
  /** The next arrival of every workload that has one; the id is the index of the workload. */
  private readonly upcoming: TimeHeap;

  /** `horizonMicros`: arrivals at or after it are left out; null: no horizon. Workload names must differ. */
  constructor(workloads: readonly Workload[], streams: RandomStreams, horizonMicros: Micros | null) {
    assert(
      new Set(workloads.map((workload) => workload.name)).size === workloads.length,
      'two workloads have one name',
    );
    this.cursors = workloads.map((workload) => new WorkloadCursor(workload, streams, horizonMicros));
    this.upcoming = new TimeHeap(Math.max(1, workloads.length));
    this.cursors.forEach((cursor, index) => {
      if (cursor.times.timeMicros !== Infinity) this.upcoming.push(cursor.times.timeMicros, index);
    });
  }

  /** Time of the next arrival; Infinity when there is none. */
  peekTime(): Micros {
    return this.upcoming.topTime();
  }

  /** Makes the next arrival the current one and draws what it brings. False, and no current arrival, at the end. */
  advance(): boolean {
    if (this.upcoming.size === 0) {
      this.workloadIndex = -1;
      return false;
    }
    const index = this.upcoming.topId();
    const cursor = this.cursors[index];
    this.workloadIndex = index;
    this.timeMicros = this.upcoming.topTime();
    this.arrivalIndex = cursor.arrivalCount++;
    this.shapeIndex = cursor.shapes.pick();
    this.drawPods(cursor);
    cursor.times.advance();
    if (cursor.times.timeMicros === Infinity) this.upcoming.removeTop();
    else this.upcoming.replaceTop(cursor.times.timeMicros);
    return true;
  }

  private drawPods(cursor: WorkloadCursor): void {
    const { workload } = cursor;
    this.lifetimeMicros = Infinity;
    this.replicas = cursor.fixedReplicas >= 0 ? cursor.fixedReplicas : drawReplicas(workload.replicas, cursor.replicas);
    if (cursor.livesAsOne) {
      this.lifetimeMicros = drawLifetime(workload.lifetimeSeconds, cursor.lifetimes);
      return;
    }
    const { replicas } = this;
    if (replicas > this.podLifetimesMicros.length) {
      this.podLifetimesMicros = new Float64Array(grownCapacity(this.podLifetimesMicros.length, replicas));
    }
    for (let i = 0; i < replicas; i++)
      this.podLifetimesMicros[i] = drawLifetime(workload.lifetimeSeconds, cursor.lifetimes);
  }
}

/** One workload's place in its own stream of arrivals. */
class WorkloadCursor {
  readonly workload: Workload;
  readonly times: ArrivalTimes;
  readonly shapes: ShapePicker;
  readonly replicas: RandomStream;
  readonly lifetimes: RandomStream;
  /** Replicas that need no draw; -1 when they are drawn. */
  readonly fixedReplicas: number;
  /** All pods of an arrival end together. */
  readonly livesAsOne: boolean;
  arrivalCount = 0;

  constructor(workload: Workload, streams: RandomStreams, horizonMicros: Micros | null) {
    this.workload = workload;
    this.times =
      workload.kind === 'DaemonSet'
        ? new SingleArrival(workload, horizonMicros)
        : arrivalTimes(workload.arrivals, streams, workload.name, horizonMicros);
    this.shapes = new ShapePicker(workload.shapes, streams.stream('shapes', workload.name));
    this.replicas = streams.stream('replicas', workload.name);
    this.lifetimes = streams.stream('lifetimes', workload.name);
    if (workload.kind === 'DaemonSet') this.fixedReplicas = 0;
    else this.fixedReplicas = workload.replicas.kind === 'fixed' ? drawReplicas(workload.replicas, this.replicas) : -1;
    this.livesAsOne = workload.kind === 'DaemonSet' || workload.kind === 'Deployment';
  }
}

function drawReplicas(replicas: Distribution, stream: RandomStream): number {
  return boundedCount(sample(replicas, stream), 1, MAX_REPLICAS);
}

/** A DaemonSet arrives once, when its arrival process starts. */
class SingleArrival implements ArrivalTimes {
  timeMicros: Micros;

  constructor({ arrivals }: Workload, horizonMicros: Micros | null) {
    const start = arrivals.kind === 'at' ? arrivals.atMicros : arrivals.startMicros;
    this.timeMicros = start < (horizonMicros ?? Infinity) ? start : Infinity;
  }

  advance(): void {
    this.timeMicros = Infinity;
  }
}

/** Whole microseconds; Infinity for no distribution, and for what leaves the range of exact microseconds. */
function drawLifetime(lifetimeSeconds: Distribution | null, stream: RandomStream): Micros {
  if (lifetimeSeconds === null) return Infinity;
  const micros = sampleMicros(lifetimeSeconds, stream);
  return micros <= MAX_LIFETIME_MICROS ? micros : Infinity;
}

/** 142 years: the sum with any time of a run stays exact. */
const MAX_LIFETIME_MICROS = Number.MAX_SAFE_INTEGER / 2;
