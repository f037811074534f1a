/** Timestamps as Kubernetes writes them (metav1.Time, metav1.MicroTime), without the platform's calendar. */
import { dayNumberOf } from './civil-date.ts';

/** An RFC 3339 timestamp in UTC as micros since 1970; undefined: it is none. */
export function parseTimestamp(text: string): number | undefined {
  const match = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,6})\d*)?Z$/.exec(text);
  if (match === null) return undefined;
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number);
  const fraction = Number((match[7] ?? '').padEnd(6, '0'));
  return (dayNumberOf(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second) * 1_000_000 + fraction;
}
