/**
 * Ages as kubectl prints them. Source: staging/src/k8s.io/apimachinery/pkg/util/duration/duration.go (HumanDuration),
 * pkg/printers/internalversion/printers.go (v1.36).
 */
import { MICROS_PER_SECOND } from '../../base/time.ts';
import { parseTimestamp } from '../../base/timestamp.ts';

const [MINUTE, HOUR, DAY, YEAR] = [60, 3_600, 86_400, 365 * 86_400];

/** `45s`, `5m10s`, `3h20m`, `2d3h`, `1y20d`: two units while the first is small. */
export function humanDuration(micros: number): string {
  const seconds = Math.trunc(micros / MICROS_PER_SECOND);
  if (seconds < -1) return '<invalid>';
  if (seconds < 0) return '0s';
  if (seconds < 2 * MINUTE) return `${String(seconds)}s`;
  if (seconds < 10 * MINUTE) return two(seconds, MINUTE, 'm', 1, 's');
  if (seconds < 3 * HOUR) return `${String(Math.floor(seconds / MINUTE))}m`;
  if (seconds < 8 * HOUR) return two(seconds, HOUR, 'h', MINUTE, 'm');
  if (seconds < 2 * DAY) return `${String(Math.floor(seconds / HOUR))}h`;
  if (seconds < 8 * DAY) return two(seconds, DAY, 'd', HOUR, 'h');
  if (seconds < 2 * YEAR) return `${String(Math.floor(seconds / DAY))}d`;
  if (seconds < 8 * YEAR) return two(seconds, YEAR, 'y', DAY, 'd');
  return `${String(Math.floor(seconds / YEAR))}y`;
}

function two(seconds: number, first: number, firstUnit: string, second: number, secondUnit: string): string {
  const rest = Math.floor((seconds % first) / second);
  return `${String(Math.floor(seconds / first))}${firstUnit}${rest === 0 ? '' : `${String(rest)}${secondUnit}`}`;
}

/** Since an RFC 3339 timestamp; `now` in micros since 1970. */
export function ageOf(timestamp: string | undefined, now: number): string {
  const at = timestamp === undefined ? undefined : parseTimestamp(timestamp);
  // Timestamps are whole seconds, and so is the clock that they are compared with.
  return at === undefined ? '<unknown>' : humanDuration(Math.floor(now / MICROS_PER_SECOND) * MICROS_PER_SECOND - at);
}
