/**
 * What a generator needs to know of a trace, gathered while its jobs pass: by class, arrivals by hour, shapes, pods of
 * an arrival, run times. Memory: shapes, hours and run times to three digits; not the jobs.
 */
import { milliFromText, unitsFromText } from '../../../base/quantity.ts';
import { MICROS_PER_HOUR } from '../../../base/time.ts';
import type { ResourceList } from '../../../cluster/objects.ts';
import type { TraceJob } from '../trace-format.ts';
import { LifetimeCurve, threeDigits } from './lifetime-curve.ts';

export interface ShapeCount {
  readonly requests: ResourceList;
  count: number;
}

/** One class of a trace; what stood at the beginning is a class of its own. */
export interface ClassFit {
  readonly name: string;
  /** Ran already when the recording began: arrives at time 0. */
  readonly stoodBefore: boolean;
  arrivals: number;
  /** By hour of the trace. */
  readonly hours: number[];
  readonly shapes: Map<string, ShapeCount>;
  /** Arrivals by number of pods. */
  readonly pods: Map<number, number>;
  readonly priorities: Map<number, number>;
  readonly lifetimes: LifetimeCurve;
  /** Jobs of which the trace tells no run time. */
  unknown: number;
  /** The rule's run time of the last of them, seconds; null: for ever. */
  ruleMicros: number | null;
  /** Jobs with node affinities or selectors, which are not fitted. */
  placed: number;
}

/** Arrivals by amount of a resource (CPU in thousandths, others in units), to three digits. */
export type AmountCounts = Map<string, Map<number, number>>;

const MOST_CLASSES = 64;
const REST = 'rest';
/** About eleven years. */
export const MOST_HOURS = 100_000;

export class TraceFitting {
  readonly amounts: AmountCounts = new Map();
  /** Jobs that arrive after MOST_HOURS, left out. */
  tooLate = 0;
  private readonly byClass = new Map<string, ClassFit>();
  private readonly texts = new WeakMap<ResourceList, string>();

  add(job: TraceJob): void {
    const hour = Math.floor(job.arrivalMicros / MICROS_PER_HOUR);
    if (hour >= MOST_HOURS) {
      this.tooLate++;
      return;
    }
    const fit = this.classOf(job);
    const { requests, priority, nodeSelector, nodeAffinityAnyOf } = job.shape;
    fit.arrivals++;
    while (fit.hours.length <= hour) fit.hours.push(0);
    fit.hours[hour]++;
    count(fit.pods, job.pods);
    count(fit.priorities, priority);
    const text = this.textOf(requests);
    const shape = fit.shapes.get(text);
    if (shape === undefined) fit.shapes.set(text, { requests, count: 1 });
    else shape.count++;
    if (nodeAffinityAnyOf.length > 0 || Object.keys(nodeSelector).length > 0) fit.placed++;
    this.addRunTime(fit, job);
    countAmounts(this.amounts, requests);
  }

  /** In order of their first arrival. */
  classes(): readonly ClassFit[] {
    return [...this.byClass.values()];
  }

  private addRunTime(fit: ClassFit, { runTime, observedMicros, durationMicros }: TraceJob): void {
    if (runTime === 'whole') fit.lifetimes.addEnded(observedMicros);
    else if (runTime === 'censored') fit.lifetimes.addCutOff(observedMicros);
    else {
      fit.unknown++;
      fit.ruleMicros = durationMicros;
    }
  }

  private classOf({ shape, startedBefore }: TraceJob): ClassFit {
    const isKnown = this.byClass.has(keyOf(shape.class, startedBefore));
    const name = isKnown || this.byClass.size < MOST_CLASSES ? shape.class : REST;
    const key = keyOf(name, startedBefore);
    let fit = this.byClass.get(key);
    if (fit === undefined) {
      fit = {
        name,
        stoodBefore: startedBefore,
        arrivals: 0,
        hours: [],
        shapes: new Map(),
        pods: new Map(),
        priorities: new Map(),
        lifetimes: new LifetimeCurve(),
        unknown: 0,
        ruleMicros: null,
        placed: 0,
      };
      this.byClass.set(key, fit);
    }
    return fit;
  }

  private textOf(requests: ResourceList): string {
    let text = this.texts.get(requests);
    if (text === undefined) {
      text = JSON.stringify(requests);
      this.texts.set(requests, text);
    }
    return text;
  }
}

/** The whole of time 0 and what came later are two workloads. */
function keyOf(name: string, stoodBefore: boolean): string {
  return `${stoodBefore ? 'before' : 'later'} ${name}`;
}

export function count<Key>(counts: Map<Key, number>, key: Key): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

/** One arrival that asks for so much. */
export function countAmounts(amounts: AmountCounts, requests: ResourceList): void {
  for (const [name, text] of Object.entries(requests)) {
    let counts = amounts.get(name);
    if (counts === undefined) {
      counts = new Map();
      amounts.set(name, counts);
    }
    count(counts, threeDigits(name === 'cpu' ? milliFromText(text) : unitsFromText(text)));
  }
}
