// Windows of request rates give their rate and their burstiness back: made-up ones, and those of ServeGen.
import { gunzipSync } from 'node:zlib';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { RandomStream } from '../../src/kernel/random.ts';
import { drawRequests, drawUniformRequests } from '../../src/workload/generators/request-windows.ts';
import type { RequestWindow } from '../../src/workload/generators/request-windows.ts';
import { WHY_SKIPPED, publishedFiles, publishedTrace } from '../support/published-traces.ts';

const MICROS = 1_000_000;
const WINDOW_SECONDS = 600;
const TOLERANCE = 0.02;

/** Standard deviation of the gaps over their mean. */
function variationOf(offsets: Float64Array): number {
  const gaps = Array.from(offsets.subarray(1), (offset, i) => offset - offsets[i]);
  const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
  const variance = gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / gaps.length;
  return Math.sqrt(variance) / mean;
}

/** So many gaps cannot vary more. */
function mostVariation(requests: number): number {
  return Math.sqrt(Math.max(0, requests - 2));
}

function check(window: RequestWindow, seed: string): void {
  const offsets = drawRequests(window, new RandomStream(seed));
  expect(offsets).toHaveLength(window.requests);
  for (let i = 0; i < offsets.length; i++) {
    if (i > 0 && offsets[i] < offsets[i - 1]) throw new Error(`request ${String(i)} stands before the one before it`);
  }
  if (offsets.length === 0) return;
  expect(offsets[0]).toBeGreaterThanOrEqual(0);
  expect(offsets[offsets.length - 1]).toBeLessThan(window.lengthMicros);
  if (window.requests < 3) return;
  const wanted = Math.min(window.cv, mostVariation(window.requests));
  const got = variationOf(offsets);
  if (Math.abs(got / wanted - 1) > TOLERANCE)
    throw new Error(`${JSON.stringify(window)}: expected a variation of ${String(wanted)}, got ${String(got)}`);
}

describe('made-up windows', () => {
  const window = (parts: Partial<RequestWindow>): RequestWindow => ({
    lengthMicros: WINDOW_SECONDS * MICROS,
    requests: 500,
    cv: 1,
    family: 'Gamma',
    shape: 1,
    scaleMicros: MICROS,
    ...parts,
  });
  for (const family of ['Gamma', 'Weibull'] as const)
    for (const cv of [0.2, 1, 3, 8])
      for (const requests of [0, 1, 2, 3, 10, 500])
        test(`${family}, ${String(requests)} requests, variation ${String(cv)}`, () => {
          for (let seed = 0; seed < 5; seed++) check(window({ family, cv, requests, shape: 1 / cv }), String(seed));
        });

  test('other seeds, other places', () => {
    const draw = (seed: string): Float64Array => drawRequests(window({}), new RandomStream(seed));
    expect(draw('a')).toEqual(draw('a'));
    expect(draw('a')).not.toEqual(draw('b'));
  });

  test('uniform ones are as bursty as a Poisson process', () => {
    const offsets = drawUniformRequests(20_000, WINDOW_SECONDS * MICROS, new RandomStream('uniform'));
    expect(Math.abs(variationOf(offsets) - 1)).toBeLessThan(0.03);
  });
});

/** All of them hold, and take five times as long. */
const EVERY = 5;

test('windows of every published client of ServeGen', (context) => {
  const clients = publishedFiles('servegen').filter((name) => name.endsWith('.gz'));
  if (clients.length === 0) context.skip(WHY_SKIPPED);
  let [windows, requests] = [0, 0];
  for (const name of clients) {
    const text = gunzipSync(readFileSync(publishedTrace(`servegen/${name}`) ?? '')).toString();
    for (const [i, line] of text.trim().split('\n').entries()) {
      if (i % EVERY !== 0) continue;
      const [start, rate, cv, family, shape, scale] = line.split(',');
      const wanted = Number(rate) * WINDOW_SECONDS;
      if (wanted === 0) continue;
      const window: RequestWindow = {
        lengthMicros: WINDOW_SECONDS * MICROS,
        requests: Math.round(wanted),
        cv: Number(cv),
        family: family === 'Weibull' ? 'Weibull' : 'Gamma',
        shape: Number(shape),
        scaleMicros: Number(scale) * MICROS,
      };
      expect(Math.abs(window.requests / wanted - 1)).toBeLessThan(TOLERANCE);
      check(window, `${name}/${start}`);
      windows++;
      requests += window.requests;
    }
  }
  expect(windows).toBeGreaterThan(200);
  expect(requests).toBeGreaterThan(windows);
});
