/** Durations as users write them: `90s`, `5m`, `1h30m`, `1.3ms`, `7d`. Exact to a microsecond. */
import type { Micros } from './time.ts';

const UNITS = { d: 86_400_000_000, h: 3_600_000_000, m: 60_000_000, s: 1_000_000, ms: 1_000, us: 1 } as const;
const UNIT_MICROS: Readonly<Record<string, number>> = UNITS;

export const DURATION_PATTERN = /^(?:\d+(?:\.\d+)?(?:d|h|ms|m|s|us))+$/;
/** Longest duration: a hundred years; sums of a few stay safe integers. */
export const MAX_DURATION_MICROS: Micros = 36_525 * 86_400_000_000;

/** Micros of a duration text; undefined when it is none, or too long. */
export function parseDuration(text: string): Micros | undefined {
  if (!DURATION_PATTERN.test(text)) return undefined;
  let micros = 0;
  for (const [, number, unit] of text.matchAll(/(\d+(?:\.\d+)?)(d|h|ms|m|s|us)/g))
    micros += Number(number) * UNIT_MICROS[unit];
  const rounded = Math.round(micros);
  return rounded <= MAX_DURATION_MICROS ? rounded : undefined;
}

/** The shortest text that reads back as the same micros: `1h30m`, `1300us`. */
export function formatDuration(micros: Micros): string {
  let rest = micros;
  let text = '';
  for (const [unit, size] of Object.entries(UNIT_MICROS)) {
    const count = Math.floor(rest / size);
    if (count > 0) text += `${count}${unit}`;
    rest -= count * size;
  }
  return text === '' ? '0s' : text;
}

/** As Go prints it (time.Duration.String), which is how it stands in upstream's messages. */
export function durationText(duration: Micros): string {
  if (duration === 0) return '0s';
  if (duration < UNITS.ms) return `${duration}µs`;
  if (duration < UNITS.s) return `${duration / UNITS.ms}ms`;
  const seconds = (duration % UNITS.m) / UNITS.s;
  const minutes = Math.floor(duration / UNITS.m);
  if (minutes === 0) return `${seconds}s`;
  const hours = Math.floor(minutes / 60);
  return hours === 0 ? `${minutes}m${seconds}s` : `${hours}h${minutes % 60}m${seconds}s`;
}
