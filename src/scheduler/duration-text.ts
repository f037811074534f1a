/** Durations as Go prints them (time.Duration.String), which is how they stand in upstream's messages. */
import { MICROS_PER_MILLI, MICROS_PER_MINUTE, MICROS_PER_SECOND } from '../base/time.ts';
import type { Micros } from '../base/time.ts';

export function durationText(duration: Micros): string {
  if (duration === 0) return '0s';
  if (duration < MICROS_PER_MILLI) return `${duration}µs`;
  if (duration < MICROS_PER_SECOND) return `${duration / MICROS_PER_MILLI}ms`;
  const seconds = (duration % MICROS_PER_MINUTE) / MICROS_PER_SECOND;
  const minutes = Math.floor(duration / MICROS_PER_MINUTE);
  if (minutes === 0) return `${seconds}s`;
  const hours = Math.floor(minutes / 60);
  return hours === 0 ? `${minutes}m${seconds}s` : `${hours}h${minutes % 60}m${seconds}s`;
}
