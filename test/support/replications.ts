/** Independent repetitions of a random experiment against a number known in closed form, for laws. */
import { expect } from 'vitest';
import { meanInterval } from '../../src/base/statistics/paired-difference.ts';

/**
 * So sure that a right law fails once in a thousand choices of seeds; the seeds are fixed, so it fails always or never.
 */
const CONFIDENCE = 0.999;

/**
 * Expects the mean of the values to agree with `truth`: their t interval holds it, and is at most `precision` of it
 * wide on either side, so that a law that is off by twice that would have been found out.
 */
export function expectMean(values: readonly number[], truth: number, precision: number): void {
  const interval = meanInterval(values, CONFIDENCE);
  expect(interval).not.toBeNull();
  if (interval === null) return;
  const text = `${interval.mean} ± ${interval.halfWidth} of ${values.length}, expected ${truth}`;
  expect(interval.halfWidth, text).toBeLessThanOrEqual(precision * Math.abs(truth));
  expect(Math.abs(interval.mean - truth), text).toBeLessThanOrEqual(interval.halfWidth);
}

/** `play` for the seeds 1 to `count`. */
export function replicate<T>(count: number, play: (seed: string) => T): T[] {
  return Array.from({ length: count }, (_, i) => play(String(i + 1)));
}
