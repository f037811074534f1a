import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import type { Distribution } from '../../src/kernel/distribution.ts';
import { RandomStreams } from '../../src/kernel/random.ts';
import { meanOf, sample, usualRange } from '../../src/kernel/sampling.ts';

const free = { atLeast: null, atMost: null };

describe('random streams', () => {
  it('give the same frozen numbers on every machine and Node version', () => {
    const streams = new RandomStreams('podyard');
    const arrivals = streams.stream('arrivals');
    expect([arrivals.next(), arrivals.next(), arrivals.uint32(), arrivals.next()]).toMatchInlineSnapshot(`
      [
        0.09844339964998516,
        0.41629297962748846,
        3259866734,
        0.6315903633220529,
      ]
    `);
    const crash = streams.stream('failures', 'node-7');
    expect([crash.next(), crash.uint32(), crash.uint32()]).toMatchInlineSnapshot(`
      [
        0.9352467790082863,
        3855102505,
        2738410738,
      ]
    `);
  });

  it('are the same object when asked for twice, and differ by seed, purpose and entity', () => {
    const streams = new RandomStreams('1');
    expect(streams.stream('a')).toBe(streams.stream('a'));
    expect(streams.stream('a', 'x')).toBe(streams.stream('a', 'x'));
    const first = [streams.stream('a'), streams.stream('a', 'x'), streams.stream('a', 'y'), streams.stream('b', 'x')];
    const draws = [...first, new RandomStreams('2').stream('a')].map((stream) => stream.next());
    expect(new Set(draws).size).toBe(5);
  });

  it('refuse a purpose with a slash, because it could be mistaken for another purpose and entity', () => {
    expect(() => new RandomStreams('1').stream('a/b', 'c')).toThrow(/slash/);
  });

  it('are never shifted by draws from another stream', () => {
    fc.assert(
      fc.property(fc.string(), fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 60 }), (seed, order) => {
        const mixed = new RandomStreams(seed);
        const seen: Record<string, number[]> = { a: [], b: [], c: [] };
        for (const purpose of order) seen[purpose].push(mixed.stream(purpose).next());
        for (const purpose of ['a', 'b', 'c']) {
          const alone = new RandomStreams(seed).stream(purpose);
          expect(seen[purpose]).toEqual(seen[purpose].map(() => alone.next()));
        }
      }),
      { numRuns: 50 },
    );
  });

  it('are uncorrelated between neighbouring seeds and neighbouring entities', () => {
    const bySeed = Array.from({ length: 2000 }, (_, i) => new RandomStreams(String(i)).stream('arrivals').next());
    const streams = new RandomStreams('x');
    const byEntity = Array.from({ length: 2000 }, (_, i) => streams.stream('failures', `node-${i}`).next());
    // 19 degrees of freedom: one in a thousand fair generators exceeds 43.8.
    for (const draws of [bySeed, byEntity]) {
      expect(chiSquare(draws, 20)).toBeLessThan(43.8);
      const differences = draws.slice(1).map((draw, i) => (draw - draws[i] + 1) % 1);
      expect(chiSquare(differences, 20)).toBeLessThan(43.8);
    }
  });

  it('go on exactly where they were saved, also through JSON and in another set of streams', () => {
    const original = new RandomStreams('s');
    const a = original.stream('a');
    const b = original.stream('b', 'x');
    for (let i = 0; i < 5; i++) a.next();
    b.uint32();
    const saved: unknown = JSON.parse(JSON.stringify(original.state()));
    const expected = [a.next(), a.uint32(), b.next()];
    const other = new RandomStreams('another seed');
    other.restore(saved as ReturnType<RandomStreams['state']>);
    expect([other.stream('a').next(), other.stream('a').uint32(), other.stream('b', 'x').next()]).toEqual(expected);
    original.restore(saved as ReturnType<RandomStreams['state']>);
    expect([a.next(), a.uint32(), b.next()]).toEqual(expected);
  });

  it('stay in [0, 1) and below 2^32', () => {
    const stream = new RandomStreams('range').stream('a');
    for (let i = 0; i < 20_000; i++) {
      const x = stream.next();
      const n = stream.uint32();
      if (!(x >= 0 && x < 1 && n >= 0 && n < 4294967296 && Number.isInteger(n))) expect.fail(`drew ${x}, ${n}`);
    }
  });
});

const shapes: { distribution: Distribution; draws: number; tolerance: number }[] = [
  { distribution: { kind: 'fixed', value: 3, ...free }, draws: 0, tolerance: 0 },
  { distribution: { kind: 'uniform', min: -2, max: 6, ...free }, draws: 1, tolerance: 0.03 },
  { distribution: { kind: 'exponential', mean: 40, ...free }, draws: 1, tolerance: 0.5 },
  { distribution: { kind: 'lognormal', median: 10, sigma: 0.8, ...free }, draws: 2, tolerance: 0.3 },
  { distribution: { kind: 'weibull', scale: 5, shape: 1.5, ...free }, draws: 1, tolerance: 0.05 },
  { distribution: { kind: 'weibull', scale: 5, shape: 0.7, ...free }, draws: 1, tolerance: 0.12 },
  { distribution: { kind: 'boundedPareto', min: 1, max: 100, alpha: 1.2, ...free }, draws: 1, tolerance: 0.08 },
  { distribution: { kind: 'boundedPareto', min: 2, max: 20, alpha: 1, ...free }, draws: 1, tolerance: 0.08 },
  { distribution: { kind: 'choice', values: [1, 5, 9], weights: [3, 0, 1], ...free }, draws: 1, tolerance: 0.05 },
];

describe('samples of distributions', () => {
  it('give the same frozen first outputs on every machine and Node version', () => {
    const first = shapes.map(({ distribution }, i) => {
      const stream = new RandomStreams('frozen').stream('sample', String(i));
      return [sample(distribution, stream), sample(distribution, stream)];
    });
    expect(first).toMatchInlineSnapshot(`
      [
        [
          3,
          3,
        ],
        [
          -0.07455154854476742,
          1.2463342470761,
        ],
        [
          47.295797108488586,
          47.16950881392208,
        ],
        [
          4.662088346183278,
          6.156616779107511,
        ],
        [
          5.751243304088974,
          6.88548013198308,
        ],
        [
          3.007389225679268,
          6.275320658174197,
        ],
        [
          5.431072396263472,
          1.0419150777221764,
        ],
        [
          5.612424016993931,
          11.480057606003719,
        ],
        [
          9,
          9,
        ],
      ]
    `);
  });

  it.each(shapes)('have the mean that meanOf says: $distribution', ({ distribution, tolerance }) => {
    const stream = new RandomStreams('moments').stream('mean');
    const count = 60_000;
    let sum = 0;
    for (let i = 0; i < count; i++) sum += sample(distribution, stream);
    expect(Math.abs(sum / count - meanOf(distribution))).toBeLessThanOrEqual(tolerance);
  });

  it.each(shapes)('lie in the range that usualRange says, but for one in five hundred: $distribution', ({ distribution }) => {
    const stream = new RandomStreams('ends').stream('range');
    const { least, most } = usualRange(distribution);
    const count = 20_000;
    let beyond = 0;
    for (let i = 0; i < count; i++) {
      const value = sample(distribution, stream);
      if (value < least || value > most) beyond++;
    }
    expect(beyond).toBeLessThanOrEqual((count / 500) * 1.6);
    if (distribution.kind === 'exponential' || distribution.kind === 'lognormal')
      expect(beyond).toBeGreaterThan(count / 1000);
  });

  it.each(shapes)('use a fixed number of draws: $distribution', ({ distribution, draws }) => {
    const stream = new RandomStreams('draws').stream('count');
    let count = 0;
    const counting = { next: () => (count++, stream.next()), uint32: () => stream.uint32() } as typeof stream;
    for (let i = 1; i <= 20; i++) {
      sample(distribution, counting);
      expect(count).toBe(draws * i);
    }
  });

  it('have the variance of their shape', () => {
    const stream = new RandomStreams('moments').stream('variance');
    const varianceOf = (distribution: Distribution) => {
      const values = Array.from({ length: 60_000 }, () => sample(distribution, stream));
      const mean = values.reduce((sum, x) => sum + x, 0) / values.length;
      return values.reduce((sum, x) => sum + (x - mean) * (x - mean), 0) / values.length;
    };
    expect(varianceOf({ kind: 'uniform', min: 0, max: 12, ...free })).toBeCloseTo(12, 0);
    expect(varianceOf({ kind: 'exponential', mean: 1, ...free })).toBeCloseTo(1, 1);
    expect(varianceOf({ kind: 'weibull', scale: 1, shape: 2, ...free })).toBeCloseTo(1 - Math.PI / 4, 2);
    const logs: Distribution = { kind: 'lognormal', median: 1, sigma: 0.1, ...free };
    expect(varianceOf(logs)).toBeCloseTo(Math.expm1(0.01) * Math.exp(0.01), 3);
  });

  it('stay inside the clamps and the shape', () => {
    const stream = new RandomStreams('clamp').stream('a');
    for (let i = 0; i < 5000; i++) {
      const clamped = sample({ kind: 'exponential', mean: 10, atLeast: 5, atMost: 12 }, stream);
      const pareto = sample({ kind: 'boundedPareto', min: 3, max: 50, alpha: 0.4, ...free }, stream);
      const chosen = sample({ kind: 'choice', values: [1, 2, 3], weights: [0, 1, 0], ...free }, stream);
      if (clamped < 5 || clamped > 12 || pareto < 3 || pareto > 50 || chosen !== 2) expect.fail(`${clamped} ${pareto} ${chosen}`);
    }
  });

  it('have means in closed form, infinite where they diverge', () => {
    expect(meanOf({ kind: 'weibull', scale: 2, shape: 1, ...free })).toBeCloseTo(2, 12);
    expect(meanOf({ kind: 'weibull', scale: 1, shape: 0.5, ...free })).toBeCloseTo(2, 12);
    expect(meanOf({ kind: 'weibull', scale: 1, shape: 2, ...free })).toBeCloseTo(Math.sqrt(Math.PI) / 2, 12);
    expect(meanOf({ kind: 'boundedPareto', min: 1, max: Infinity, alpha: 2, ...free })).toBeCloseTo(2, 12);
    expect(meanOf({ kind: 'boundedPareto', min: 1, max: Infinity, alpha: 1, ...free })).toBe(Infinity);
    expect(meanOf({ kind: 'boundedPareto', min: 1, max: Infinity, alpha: 0.5, ...free })).toBe(Infinity);
    expect(meanOf({ kind: 'boundedPareto', min: 4, max: 4, alpha: 2, ...free })).toBe(4);
    expect(meanOf({ kind: 'boundedPareto', min: 1, max: 8, alpha: 1, ...free })).toBeCloseTo((8 / 7) * Math.log(8), 12);
    expect(meanOf({ kind: 'lognormal', median: 1, sigma: 100, ...free })).toBe(Infinity);
  });

  it('refuse a choice without weight', () => {
    const stream = new RandomStreams('x').stream('a');
    expect(() => sample({ kind: 'choice', values: [1], weights: [0], ...free }, stream)).toThrow(/positive/);
    expect(() => sample({ kind: 'choice', values: [1, 2], weights: [1], ...free }, stream)).toThrow(/weight/);
  });
});

/** Chi-square of numbers in [0, 1) against an even spread over bins. */
function chiSquare(draws: readonly number[], binCount: number): number {
  const counts = new Array<number>(binCount).fill(0);
  for (const draw of draws) counts[Math.floor(draw * binCount)]++;
  const expected = draws.length / binCount;
  return counts.reduce((sum, count) => sum + ((count - expected) * (count - expected)) / expected, 0);
}
