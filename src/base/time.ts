/** Simulated time: a safe integer of microseconds since the start of the run (about 285 years fit). */
export type Micros = number;

export const MICROS_PER_MILLI = 1_000;
export const MICROS_PER_SECOND = 1_000_000;
export const MICROS_PER_MINUTE = 60_000_000;
export const MICROS_PER_HOUR = 3_600_000_000;
export const MICROS_PER_DAY = 86_400_000_000;

/** The pause after so many failures in a row, 1 at least: `first`, doubled with each more, at most `most`. */
export function doubledBackoff(failures: number, first: Micros, most: Micros): Micros {
  let pause = first;
  for (let i = 1; i < failures && pause < most; i++) pause *= 2;
  return Math.min(pause, most);
}

/** Seconds to the nearest whole microsecond. */
export function microsFromSeconds(seconds: number): Micros {
  return Math.round(seconds * MICROS_PER_SECOND);
}
