/** Timestamps as Kubernetes writes them (metav1.Time, metav1.MicroTime), without the platform's calendar. */

/** Days from 1970-01-01 to a day of the Gregorian calendar. */
function daysSinceEpoch(year: number, month: number, day: number): number {
  const shifted = month <= 2 ? year - 1 : year;
  const era = Math.floor(shifted / 400);
  const yearOfEra = shifted - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  return era * 146_097 + yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear - 719_468;
}

/** An RFC 3339 timestamp in UTC as micros since 1970; undefined: it is none. */
export function parseTimestamp(text: string): number | undefined {
  const match = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,6})\d*)?Z$/.exec(text);
  if (match === null) return undefined;
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number);
  const fraction = Number((match[7] ?? '').padEnd(6, '0'));
  return (daysSinceEpoch(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second) * 1_000_000 + fraction;
}
