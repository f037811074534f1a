/** Durations as scenarios write them; what reads traces needs them, too. */
export { DURATION_PATTERN, MAX_DURATION_MICROS, formatDuration, parseDuration } from '../base/duration.ts';
