/** A scenario whose workloads are drawn from what was found in a trace: the document that is written for the user. */
import { MICROS_PER_HOUR, MICROS_PER_SECOND } from '../../../base/time.ts';
import type { ResourceAccount } from '../account.ts';
import { thinned, type LifetimeCurve } from './lifetime-curve.ts';
import type { ClassFit, ShapeCount } from './trace-fit.ts';

/** Hours after which the arrival rates repeat; null: every hour of the trace has its own. */
export type CycleHours = 24 | 168 | null;

export interface FittedScenarioInput {
  readonly name: string;
  readonly description: string;
  readonly classes: readonly ClassFit[];
  readonly cycleHours: CycleHours;
  /** Hours from time 0 to the end of the arrivals. */
  readonly hours: number;
  /** What the whole trace asked for at once, by resource. */
  readonly resources: Readonly<Record<string, ResourceAccount>>;
  readonly peakPods: number;
}

export interface FittedScenario {
  readonly document: Readonly<Record<string, unknown>>;
  /** What is not in it, with its number. */
  readonly notes: readonly string[];
}

const MOST_VALUES = 500;
const MOST_SHAPES = 500;
/** Room above the largest use, so that most pods need not wait. */
const ROOM = 1.2;
const PODS_PER_NODE = 110;
const LEAST: Readonly<Record<string, number>> = { cpu: 16, memory: 68_719_476_736 };

export function fittedScenario(input: FittedScenarioInput): FittedScenario {
  const notes: string[] = [];
  const names = new Set<string>();
  const priorities = new Map<number, string>();
  const workloads = input.classes.map((fit) => workloadOf(fit, input, names, priorities, notes));
  const document = {
    name: input.name,
    description: input.description,
    duration: `${String(input.hours)}h`,
    nodePools: [poolFor(input)],
    ...(priorities.size === 0
      ? {}
      : { priorityClasses: Object.fromEntries(Array.from(priorities, ([value, name]) => [name, value])) }),
    workloads,
  };
  return { document, notes };
}

function workloadOf(
  fit: ClassFit,
  { hours, cycleHours }: FittedScenarioInput,
  names: Set<string>,
  priorities: Map<number, string>,
  notes: string[],
): Readonly<Record<string, unknown>> {
  const name = nameOf(fit, names);
  if (fit.placed > 0) notes.push(`${name}: node selectors and affinities are not fitted: ${String(fit.placed)} jobs`);
  if (fit.unknown > 0) notes.push(`${name}: jobs without a run time, not fitted: ${String(fit.unknown)}`);
  const priority = mostCommon(fit.priorities);
  if (fit.priorities.size > 1) {
    const others = fit.arrivals - (fit.priorities.get(priority) ?? 0);
    notes.push(`${name}: jobs of other priorities than ${String(priority)}, which here have it: ${String(others)}`);
  }
  const className = priority === 0 ? null : priorityClassOf(priority, priorities);
  const pods = Array.from(fit.pods).sort(([a], [b]) => a - b);
  const isSingle = pods.length === 1 && pods[0][0] === 1;
  const lifetime = lifetimeOf(fit, name, notes);
  return {
    name,
    // What never ends is no Pod and no Job.
    kind: lifetime === null ? 'Deployment' : isSingle ? 'Pod' : 'Job',
    class: fit.name,
    arrivals: fit.stoodBefore
      ? { at: '0s', count: fit.arrivals }
      : { hourly: { ratesPerHour: ratesOf(fit.hours, hours, cycleHours) } },
    ...(isSingle ? {} : { replicas: choice(pods.map(([value, weight]) => ({ value, weight }))) }),
    ...(lifetime === null ? {} : { lifetime }),
    ...(className === null ? {} : { priorityClass: className }),
    shapes: shapesOf(fit.shapes, name, notes),
  };
}

function nameOf(fit: ClassFit, names: Set<string>): string {
  const base = fit.name.toLowerCase().replace(/[^a-z0-9]+/g, '-').replace(/^-+|-+$/g, '').slice(0, 40);
  const wanted = `${base === '' ? 'class' : base}${fit.stoodBefore ? '-before' : ''}`;
  let name = wanted;
  for (let n = 2; names.has(name); n++) name = `${wanted}-${String(n)}`;
  names.add(name);
  return name;
}

/** Mean arrivals in each hour of the cycle, over the hours of the trace that fall on it. */
export function ratesOf(hours: readonly number[], hourCount: number, cycleHours: CycleHours): readonly number[] {
  const length = Math.min(hourCount, cycleHours ?? hourCount);
  const rates: number[] = [];
  for (let i = 0; i < length; i++) {
    let [sum, seen] = [0, 0];
    for (let hour = i; hour < hourCount; hour += length) {
      sum += hours[hour] ?? 0;
      seen++;
    }
    rates.push(sixDigits(sum / seen));
  }
  return rates;
}

/** null: for ever. */
function lifetimeOf({ lifetimes, ruleMicros }: ClassFit, name: string, notes: string[]): unknown {
  const points = lifetimes.points();
  if (points.length === 0) {
    if (lifetimes.cutOff > 0) notes.push(`${name}: no end was seen, and all run for ever: ${String(lifetimes.cutOff)}`);
    return ruleMicros === null ? null : secondsOf(ruleMicros);
  }
  noteTail(lifetimes, name, notes);
  return choice(thinned(points, MOST_VALUES), secondsOf);
}

function noteTail(lifetimes: LifetimeCurve, name: string, notes: string[]): void {
  if (lifetimes.cutOff === 0) return;
  const total = lifetimes.ended + lifetimes.cutOff;
  const tail = `${String(sixDigits(lifetimes.tailShare() * 100))} %`;
  notes.push(
    `${name}: run times cut off by the end of the recording, of which the fit takes account: ` +
      `${String(lifetimes.cutOff)} of ${String(total)}; ${tail} are longer than any seen whole, and here end with the longest`,
  );
}

function secondsOf(micros: number): string {
  return micros % MICROS_PER_SECOND === 0 ? `${String(micros / MICROS_PER_SECOND)}s` : `${String(micros)}us`;
}

function choice(
  values: readonly { readonly value: number; readonly weight: number }[],
  spell: (value: number) => unknown = (value) => value,
): unknown {
  if (values.length === 1) return spell(values[0].value);
  return {
    choice: { values: values.map(({ value }) => spell(value)), weights: values.map(({ weight }) => sixDigits(weight)) },
  };
}

function shapesOf(shapes: ReadonlyMap<string, ShapeCount>, name: string, notes: string[]): unknown {
  const byCount = [...shapes.values()].sort((a, b) => b.count - a.count);
  const rest = byCount.slice(MOST_SHAPES);
  if (rest.length > 0) {
    const jobs = rest.reduce((sum, { count }) => sum + count, 0);
    notes.push(`${name}: rare shapes that are left out: ${String(rest.length)}, of ${String(jobs)} jobs`);
  }
  return byCount.slice(0, MOST_SHAPES).map(({ requests, count }) => ({ weight: count, requests }));
}

function priorityClassOf(priority: number, priorities: Map<number, string>): string {
  const name = `priority-${priority < 0 ? 'minus-' : ''}${String(Math.abs(priority))}`;
  priorities.set(priority, name);
  return name;
}

function mostCommon(counts: ReadonlyMap<number, number>): number {
  let [most, found] = [0, 0];
  for (const [value, count] of counts) if (count > most) [most, found] = [count, value];
  return found;
}

/** Nodes of one size that hold the largest pod, and as many as hold the largest use with some room. */
function poolFor({ resources, peakPods }: FittedScenarioInput): Readonly<Record<string, unknown>> {
  const entries = Object.entries<ResourceAccount | null>({ cpu: null, memory: null, ...resources });
  const allocatable = Object.fromEntries(
    entries.map(([name, account]) => [name, Math.max(LEAST[name] ?? 1, Math.ceil(account?.largest ?? 0))]),
  );
  let count = Math.ceil((peakPods * ROOM) / PODS_PER_NODE);
  for (const [name, account] of entries) {
    if (account !== null) count = Math.max(count, Math.ceil((account.peak * ROOM) / allocatable[name]));
  }
  return { name: 'nodes', count: Math.max(1, Math.min(count, 100_000)), allocatable };
}

export function hoursOf(lastArrivalMicros: number): number {
  return Math.floor(lastArrivalMicros / MICROS_PER_HOUR) + 1;
}

function sixDigits(value: number): number {
  return Number(value.toPrecision(6));
}
