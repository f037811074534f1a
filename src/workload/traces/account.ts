/**
 * What a trace holds, counted while its jobs pass in order of arrival: `podyard trace info`, and the tests that compare
 * published traces with what their authors say of them. Memory: about 60 bytes for each job that runs at one time.
 */
import { growFloat64, growInt32, grownCapacity } from '../../base/growable.ts';
import { LogHistogram } from '../../base/log-histogram.ts';
import { milliFromText, unitsFromText } from '../../base/quantity.ts';
import { MICROS_PER_SECOND, type Micros } from '../../base/time.ts';
import type { ResourceList } from '../../cluster/objects.ts';
import { TimeHeap } from '../generators/time-heap.ts';
import type { TraceJob } from './trace-format.ts';

/** Of one resource: CPU in cores, memory and disk in bytes, others in units. */
export interface ResourceAccount {
  /** Pods that ask for some of it. */
  readonly pods: number;
  readonly sum: number;
  /** Of one pod, among those that ask. */
  readonly smallest: number;
  readonly largest: number;
  /** Most that was asked for at one time if no pod ever waited. */
  readonly peak: number;
}

export interface RunTimeAccount {
  readonly count: number;
  /** Of run times whose end was seen. NaN without any. */
  readonly meanSeconds: number;
  readonly medianSeconds: number;
  readonly p90Seconds: number;
  readonly p99Seconds: number;
  readonly longestSeconds: number;
}

export interface TraceAccount {
  readonly jobs: number;
  readonly pods: number;
  /** Groups of jobs that arrive as one. */
  readonly batches: number;
  /** Jobs of equal shape count as one. */
  readonly shapes: number;
  readonly firstArrivalSeconds: number;
  readonly lastArrivalSeconds: number;
  /** Of what ends; NaN when nothing does. */
  readonly lastEndSeconds: number;
  readonly runTimes: RunTimeAccount;
  readonly jobsOfNoTime: number;
  readonly jobsCensored: number;
  readonly jobsUnknown: number;
  readonly jobsStartedBefore: number;
  /** Pods by class. */
  readonly classes: Readonly<Record<string, number>>;
  /** Most pods that ran at one time if none ever waited. */
  readonly peakPods: number;
  readonly resources: Readonly<Record<string, ResourceAccount>>;
  /**
   * Sum over pods of what they ask for times how long they run, resource-seconds; pods that never end count nothing.
   */
  readonly resourceSeconds: Readonly<Record<string, number>>;
}

const MOST_CLASSES = 10_000;
/** Counted up to here. */
const MOST_SHAPES = 1_000_000;

/** Amounts are whole numbers, so that sums are exact: thousandths of a core, bytes, units. */
interface ResourceSum {
  /** So many make one. */
  readonly unit: number;
  pods: number;
  sum: number;
  smallest: number;
  largest: number;
  now: number;
  peak: number;
  seconds: number;
}

/** What one pod of a shape asks for, by resource. */
type Amounts = readonly (readonly [ResourceSum, number])[];

export class TraceAccounting {
  private readonly sums = new Map<string, ResourceSum>();
  private readonly amountsOf = new Map<ResourceList, Amounts>();
  private readonly shapes = new Set<string>();
  private readonly classes = new Map<string, number>();
  private readonly runTimes = new LogHistogram();
  private readonly running = new RunningJobs();
  private readonly counts = { jobs: 0, pods: 0, batches: 0, noTime: 0, censored: 0, unknown: 0, before: 0 };
  private lastBatch = Number.NaN;
  private first: Micros = Number.NaN;
  private last: Micros = Number.NaN;
  private lastEnd: Micros = Number.NaN;
  private podsNow = 0;
  private peakPods = 0;

  /** Jobs in order of arrival. */
  add(job: TraceJob): void {
    const { counts } = this;
    const { shape, arrivalMicros, durationMicros, pods } = job;
    const amounts = this.amounts(shape.requests);
    counts.jobs += job.firstPod > 0 ? 0 : 1;
    counts.pods += pods;
    if (job.batch !== this.lastBatch) counts.batches++;
    this.lastBatch = job.batch;
    if (Number.isNaN(this.first)) this.first = arrivalMicros;
    this.last = arrivalMicros;
    this.classes.set(shape.class, (this.classes.get(shape.class) ?? 0) + pods);
    if (this.classes.size > MOST_CLASSES) this.classes.clear();
    if (this.shapes.size < MOST_SHAPES) this.shapes.add(`${shape.class} ${JSON.stringify(shape.requests)}`);
    this.addRunTime(job);
    this.endUpTo(arrivalMicros);
    this.start(amounts, pods, durationMicros);
    if (durationMicros === null) return;
    const end = arrivalMicros + durationMicros;
    if (!(this.lastEnd >= end)) this.lastEnd = end;
    this.running.add(end, amounts, pods);
  }

  /** Of what was added so far. */
  account(): TraceAccount {
    const { counts, runTimes } = this;
    const byResource = <Value>(value: (sum: ResourceSum) => Value): Record<string, Value> =>
      Object.fromEntries(Array.from(this.sums, ([name, sum]) => [name, value(sum)]));
    return {
      jobs: counts.jobs,
      pods: counts.pods,
      batches: counts.batches,
      shapes: this.shapes.size,
      firstArrivalSeconds: this.first / MICROS_PER_SECOND,
      lastArrivalSeconds: this.last / MICROS_PER_SECOND,
      lastEndSeconds: this.lastEnd / MICROS_PER_SECOND,
      runTimes: {
        count: runTimes.count,
        meanSeconds: runTimes.mean,
        medianSeconds: runTimes.quantile(0.5),
        p90Seconds: runTimes.quantile(0.9),
        p99Seconds: runTimes.quantile(0.99),
        longestSeconds: runTimes.max,
      },
      jobsOfNoTime: counts.noTime,
      jobsCensored: counts.censored,
      jobsUnknown: counts.unknown,
      jobsStartedBefore: counts.before,
      classes: Object.fromEntries(this.classes),
      peakPods: this.peakPods,
      resources: byResource(({ pods, unit, ...amounts }) => ({
        pods,
        sum: amounts.sum / unit,
        smallest: amounts.smallest / unit,
        largest: amounts.largest / unit,
        peak: amounts.peak / unit,
      })),
      resourceSeconds: byResource(({ seconds, unit }) => seconds / unit),
    };
  }

  private addRunTime({ runTime, observedMicros, startedBefore, durationMicros, firstPod }: TraceJob): void {
    if (firstPod > 0) return;
    const { counts } = this;
    if (runTime === 'whole') this.runTimes.add(observedMicros / MICROS_PER_SECOND);
    else if (runTime === 'censored') counts.censored++;
    else counts.unknown++;
    if (startedBefore) counts.before++;
    if (durationMicros === 0) counts.noTime++;
  }

  /** What ends at the time of an arrival ends before it. */
  private endUpTo(micros: Micros): void {
    for (let ended = this.running.takeUpTo(micros); ended !== null; ended = this.running.takeUpTo(micros)) {
      this.podsNow -= ended.pods;
      for (const [sum, amount] of ended.amounts) sum.now -= amount * ended.pods;
    }
  }

  private start(amounts: Amounts, pods: number, durationMicros: Micros | null): void {
    this.podsNow += pods;
    this.peakPods = Math.max(this.peakPods, this.podsNow);
    for (const [sum, amount] of amounts) {
      sum.pods += pods;
      sum.sum += amount * pods;
      sum.smallest = Math.min(sum.smallest, amount);
      sum.largest = Math.max(sum.largest, amount);
      sum.now += amount * pods;
      sum.peak = Math.max(sum.peak, sum.now);
      sum.seconds += durationMicros === null ? 0 : (amount * pods * durationMicros) / MICROS_PER_SECOND;
    }
  }

  private amounts(requests: ResourceList): Amounts {
    const known = this.amountsOf.get(requests);
    if (known !== undefined) return known;
    const amounts: (readonly [ResourceSum, number])[] = [];
    for (const [name, text] of Object.entries(requests)) {
      const amount = name === 'cpu' ? milliFromText(text) : unitsFromText(text);
      if (amount > 0) amounts.push([this.sumOf(name), amount]);
    }
    if (this.amountsOf.size >= MOST_SHAPES) this.amountsOf.clear();
    this.amountsOf.set(requests, amounts);
    return amounts;
  }

  private sumOf(name: string): ResourceSum {
    let sum = this.sums.get(name);
    if (sum === undefined) {
      sum = {
        unit: name === 'cpu' ? 1000 : 1,
        pods: 0,
        sum: 0,
        smallest: Infinity,
        largest: 0,
        now: 0,
        peak: 0,
        seconds: 0,
      };
      this.sums.set(name, sum);
    }
    return sum;
  }
}

/** Jobs that run, by their ends. */
class RunningJobs {
  private readonly ends = new TimeHeap();
  private readonly amounts: Amounts[] = [];
  private pods: Float64Array = new Float64Array(64);
  private free: Int32Array = new Int32Array(64);
  private freeCount = 0;
  private slotCount = 0;

  add(end: Micros, amounts: Amounts, pods: number): void {
    const slot = this.freeCount > 0 ? this.free[--this.freeCount] : this.newSlot();
    this.amounts[slot] = amounts;
    this.pods[slot] = pods;
    this.ends.push(end, slot);
  }

  /** The one that ends first, if by then; else null. */
  takeUpTo(micros: Micros): { readonly amounts: Amounts; readonly pods: number } | null {
    if (this.ends.topTime() > micros || this.ends.size === 0) return null;
    const slot = this.ends.topId();
    this.ends.removeTop();
    this.free[this.freeCount++] = slot;
    return { amounts: this.amounts[slot], pods: this.pods[slot] };
  }

  private newSlot(): number {
    if (this.slotCount === this.pods.length) {
      const capacity = grownCapacity(this.slotCount, this.slotCount + 1);
      this.pods = growFloat64(this.pods, capacity);
      this.free = growInt32(this.free, capacity);
    }
    return this.slotCount++;
  }
}
