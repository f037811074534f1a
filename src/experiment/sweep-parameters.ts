/**
 * What a parameter of a sweep takes: values as they are listed, steps of a range, or draws from a distribution. Numbers
 * may carry a unit (`2m`, `500Mi`), which all of one parameter share. A few operations a value.
 */
import { nearestName } from '../base/input-error.ts';
import { normalQuantile } from '../base/statistics/normal.ts';
import type { Path } from '../base/source-path.ts';
import { below, describeValue, quoteShort } from '../base/source-path.ts';
import type { Findings, Mapping } from '../base/structure.ts';
import { isMapping } from '../base/structure.ts';

/** By its quantiles: the value at `u` of [0, 1) is what a share `u` of all draws stays below. */
export type DrawnShape =
  | { readonly kind: 'uniform' | 'logUniform'; readonly min: number; readonly max: number }
  | { readonly kind: 'exponential'; readonly mean: number }
  | { readonly kind: 'lognormal'; readonly median: number; readonly sigma: number };

export type ParameterValues =
  | { readonly kind: 'listed'; readonly values: readonly unknown[] }
  | { readonly kind: 'drawn'; readonly shape: DrawnShape; readonly unit: string; readonly whole: boolean };

export interface SweepParameter {
  /** As for `--set`: `nodePools[general].count`. */
  readonly path: string;
  readonly values: ParameterValues;
}

/** More values make no grid that anybody waits for. */
const MOST_VALUES = 10_000;
/** A step that ends this close to the last value is taken for it. */
const ROUNDING = 1e-9;

/** undefined: it is wrong, and noted. */
export function readParameter(given: unknown, path: Path, findings: Findings): ParameterValues | undefined {
  if (Array.isArray(given)) {
    if (given.length === 0) return complain(path, 'expected at least one value', findings);
    return { kind: 'listed', values: given as readonly unknown[] };
  }
  if (isMapping(given) && ('from' in given || 'to' in given || 'step' in given)) return range(given, path, findings);
  if (isMapping(given) && 'distribution' in given) return drawn(given, path, findings);
  const expected = 'expected a list of values, {from, to, step} or {distribution: {uniform: {min, max}}}';
  return complain(path, `${expected}, found ${describeValue(given)}`, findings);
}

/** The value at `u` of [0, 1); of a list each value has the same share. */
export function valueAt(values: ParameterValues, u: number): unknown {
  if (values.kind === 'listed') return values.values[Math.floor(u * values.values.length)];
  const number = quantileOf(values.shape, u);
  const shown = values.whole ? Math.round(number) : Number(number.toPrecision(6));
  return values.unit === '' ? shown : `${String(shown)}${values.unit}`;
}

/** Number and unit of `2m`, `500Mi`, `3`; null: it is something else. */
export function measured(value: unknown): { readonly number: number; readonly unit: string } | null {
  if (typeof value === 'number') return { number: value, unit: '' };
  const match = typeof value === 'string' ? /^(-?\d+(?:\.\d+)?)([A-Za-z]*)$/.exec(value) : null;
  return match === null ? null : { number: Number(match[1]), unit: match[2] };
}

function quantileOf(shape: DrawnShape, u: number): number {
  switch (shape.kind) {
    case 'uniform':
      return shape.min + (shape.max - shape.min) * u;
    case 'logUniform':
      return shape.min * Math.exp(Math.log(shape.max / shape.min) * u);
    case 'exponential':
      return -shape.mean * Math.log1p(-u);
    case 'lognormal':
      // At 0 the normal has no quantile: the least draw of 53 bits stands for it.
      return shape.median * Math.exp(shape.sigma * normalQuantile(Math.max(u, Number.EPSILON / 2)));
  }
}

function range(given: Mapping, path: Path, findings: Findings): ParameterValues | undefined {
  if (!hasOnly(given, ['from', 'to', 'step'], path, findings)) return undefined;
  const [from, to, step] = ['from', 'to', 'step'].map((key) => numberIn(given, key, path, findings));
  if (from === undefined || to === undefined || step === undefined) return undefined;
  const unit = commonUnit([from, to, step], path, findings);
  if (unit === undefined) return undefined;
  const steps = (to.number - from.number) / step.number;
  if (!(steps >= 0) || step.number === 0) {
    return complain(below(path, 'step'), 'expected a step that leads from "from" to "to"', findings);
  }
  const count = Math.floor(steps + ROUNDING) + 1;
  if (count > MOST_VALUES) {
    const expected = `expected at most ${String(MOST_VALUES)} values`;
    return complain(below(path, 'step'), `${expected}, found ${String(count)}`, findings);
  }
  const values = Array.from({ length: count }, (_, i) => Number((from.number + i * step.number).toPrecision(12)));
  return { kind: 'listed', values: unit === '' ? values : values.map((value) => `${String(value)}${unit}`) };
}

/** Members of each shape; those after the first two are of no unit. */
const SHAPES: Readonly<Record<DrawnShape['kind'], readonly string[]>> = {
  uniform: ['min', 'max'],
  logUniform: ['min', 'max'],
  exponential: ['mean'],
  lognormal: ['median', 'sigma'],
};

function drawn(given: Mapping, path: Path, findings: Findings): ParameterValues | undefined {
  if (!hasOnly(given, ['distribution', 'whole'], path, findings)) return undefined;
  const { distribution, whole = false } = given;
  if (typeof whole !== 'boolean') {
    return complain(below(path, 'whole'), `expected true or false, found ${describeValue(whole)}`, findings);
  }
  const at = below(path, 'distribution');
  const names = Object.keys(SHAPES);
  if (!isMapping(distribution) || Object.keys(distribution).length !== 1) {
    const found = isMapping(distribution) ? 'a mapping of other size' : describeValue(distribution);
    return complain(at, `expected exactly one of ${names.join(', ')}, found ${found}`, findings);
  }
  if (!hasOnly(distribution, names, at, findings)) return undefined;
  const kind = Object.keys(distribution)[0] as DrawnShape['kind'];
  const members = distribution[kind];
  const inner = below(at, kind);
  if (!isMapping(members)) return complain(inner, `expected a mapping, found ${describeValue(members)}`, findings);
  if (!hasOnly(members, SHAPES[kind], inner, findings)) return undefined;
  const numbers = SHAPES[kind].map((key) => numberIn(members, key, inner, findings));
  if (numbers.some((number) => number === undefined)) return undefined;
  const known = numbers as readonly Measured[];
  const unit = commonUnit(kind === 'lognormal' ? known.slice(0, 1) : known, inner, findings);
  if (unit === undefined) return undefined;
  const [first, second] = known.map(({ number }) => number);
  if ((kind === 'uniform' || kind === 'logUniform') && !(first < second)) {
    return complain(below(inner, 'max'), 'expected max to be above min', findings);
  }
  if (kind !== 'uniform' && !(first > 0)) {
    return complain(below(inner, SHAPES[kind][0]), `expected a number above 0`, findings);
  }
  if (kind === 'lognormal' && !(second >= 0)) {
    return complain(below(inner, 'sigma'), 'expected a number of at least 0', findings);
  }
  return { kind: 'drawn', shape: shapeOf(kind, first, second), unit, whole };
}

function shapeOf(kind: DrawnShape['kind'], first: number, second: number): DrawnShape {
  if (kind === 'exponential') return { kind, mean: first };
  return kind === 'lognormal' ? { kind, median: first, sigma: second } : { kind, min: first, max: second };
}

type Measured = NonNullable<ReturnType<typeof measured>>;

function numberIn(given: Mapping, key: string, path: Path, findings: Findings): Measured | undefined {
  if (given[key] === undefined) return complain(path, `"${key}" is missing`, findings);
  const number = measured(given[key]);
  if (number !== null) return number;
  const expected = 'expected a number, with or without a unit such as 2m';
  return complain(below(path, key), `${expected}, found ${describeValue(given[key])}`, findings);
}

function commonUnit(numbers: readonly Measured[], path: Path, findings: Findings): string | undefined {
  const units = [...new Set(numbers.map(({ unit }) => unit))];
  if (units.length === 1) return units[0];
  const found = units.map((unit) => (unit === '' ? 'none' : unit)).join(' and ');
  return complain(path, `expected one unit for all numbers, found ${found}`, findings);
}

function hasOnly(given: Mapping, known: readonly string[], path: Path, findings: Findings): boolean {
  const unknown = Object.keys(given).filter((key) => !known.includes(key));
  for (const key of unknown) {
    findings.error(below(path, key), `unknown field ${quoteShort(key)}`, nearestName(key, known), 'key');
  }
  return unknown.length === 0;
}

function complain(path: Path, message: string, findings: Findings): undefined {
  findings.error(path, message);
  return undefined;
}
