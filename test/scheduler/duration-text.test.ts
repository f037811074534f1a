import { expect, test } from 'vitest';
import { durationText } from '../../src/base/duration.ts';

test.each([
  [0, '0s'], [250, '250µs'], [1500, '1.5ms'], [1_000_000, '1s'], [5_250_000, '5.25s'], [60_000_000, '1m0s'], [90_500_000, '1m30.5s'], [900_000_000, '15m0s'], [7_261_000_000, '2h1m1s'],
])('%i microseconds read as Go prints them: %s', (micros, text) => {
  expect(durationText(micros)).toBe(text);
});
