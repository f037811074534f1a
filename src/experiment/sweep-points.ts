/**
 * The points of a sweep: which value each parameter has in each of them. A design and a seed give the same points
 * everywhere. Costs one operation a value.
 */
import { RandomStreams } from '../kernel/random.ts';
import { valueAt } from './sweep-parameters.ts';
import type { SweepParameter } from './sweep-parameters.ts';

export const DESIGNS = ['grid', 'random', 'latinHypercube', 'list'] as const;
export type Design = (typeof DESIGNS)[number];

/** A value for each parameter, in their order. */
export type SweepPoint = readonly unknown[];

export interface PointsAsked {
  readonly parameters: readonly SweepParameter[];
  readonly design: Design;
  /** Of random and latinHypercube. */
  readonly samples: number;
  /** Root of the streams that draw. */
  readonly seed: string;
}

/**
 * `grid`: every value with every other, the last parameter changes fastest. `list`: the first values of all, then the
 * second, ... `random`: independent draws. `latinHypercube`: of so many equal shares of each parameter each has one
 * draw (McKay, Beckman and Conover, Technometrics 21, 1979).
 */
export function sweepPoints({ parameters, design, samples, seed }: PointsAsked): SweepPoint[] {
  const listed = parameters.map(({ values }) => (values.kind === 'listed' ? values.values : []));
  if (design === 'grid') {
    return listed.reduce<SweepPoint[]>(
      (points, values) => points.flatMap((point) => values.map((value) => [...point, value])),
      [[]],
    );
  }
  if (design === 'list') return (listed[0] ?? [null]).map((_, i) => listed.map((values) => values[i]));
  const streams = new RandomStreams(seed);
  const columns = parameters.map(({ path, values }) => {
    const stream = streams.stream('sweep-draws', path);
    const shares = design === 'latinHypercube' ? shuffled(samples, streams, path) : null;
    return Array.from({ length: samples }, (_, i) => {
      const u = stream.next();
      return valueAt(values, shares === null ? u : (shares[i] + u) / samples);
    });
  });
  return Array.from({ length: samples }, (_, i) => columns.map((column) => column[i]));
}

/** 0 to `count` - 1 in random order (Fisher and Yates). */
function shuffled(count: number, streams: RandomStreams, path: string): number[] {
  const stream = streams.stream('sweep-order', path);
  const order = Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const j = Math.floor(stream.next() * (i + 1));
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}

/** Values that go together nowhere, by name of parameter, `variant` among them. */
export type Exclusion = Readonly<Record<string, unknown>>;

/** Whether one of the exclusions names nothing but what the point and the variant have. */
export function isExcluded(
  point: SweepPoint,
  variant: string,
  parameters: readonly SweepParameter[],
  exclusions: readonly Exclusion[],
): boolean {
  const has = (name: string, value: unknown): boolean => {
    const index = parameters.findIndex(({ path }) => path === name);
    return sameValue(index === -1 ? variant : point[index], value);
  };
  return exclusions.some((exclusion) => Object.entries(exclusion).every(([name, value]) => has(name, value)));
}

export function sameValue(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
