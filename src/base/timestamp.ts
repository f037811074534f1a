/** Timestamps as Kubernetes writes them (metav1.Time, metav1.MicroTime), without the platform's calendar. */
import { civilOf, dayNumberOf } from './civil-date.ts';
import { MICROS_PER_DAY, MICROS_PER_SECOND } from './time.ts';

/** An RFC 3339 timestamp in UTC as micros since 1970; undefined: it is none. */
export function parseTimestamp(text: string): number | undefined {
  const match = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,6})\d*)?Z$/.exec(text);
  if (match === null) return undefined;
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number);
  const fraction = Number((match[7] ?? '').padEnd(6, '0'));
  return (dayNumberOf(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second) * MICROS_PER_SECOND + fraction;
}

/** Micros since 1970 as `2024-01-01T08:30:00Z`: whole seconds, as metav1.Time keeps them. */
export function timestampText(micros: number): string {
  const dayNumber = Math.floor(micros / MICROS_PER_DAY);
  const { year, month, day } = civilOf(dayNumber);
  const seconds = Math.floor((micros - dayNumber * MICROS_PER_DAY) / MICROS_PER_SECOND);
  const clock = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60, seconds % 60];
  const two = (part: number): string => String(part).padStart(2, '0');
  return `${String(year)}-${two(month)}-${two(day)}T${clock.map(two).join(':')}Z`;
}
