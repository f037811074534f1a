/**
 * Local time in a time zone: the offset at an instant, and the instant of a local date and time. Pure; the zones' rules
 * come from outside (io/time-zones.ts reads them from a package whose version is pinned). Times are seconds since 1970.
 * Dates that a clock change skips or repeats fall where Go's time.Date puts them.
 * Source: Go 1.25 src/time/{time,zoneinfo}.go (Date, AddDate, lookup). A look-up is a binary search.
 */
import { civilOf, dayNumberOf } from '../base/civil-date.ts';

const SECONDS_PER_DAY = 86_400;

/** From `starts[i]` on the zone is `offsets[i]` seconds ahead of UTC; before `starts[0]` it is `offsets[0]`, too. */
export interface ZoneRules {
  readonly starts: readonly number[];
  readonly offsets: readonly number[];
}

/** null: there is no zone of this name. */
export type TimeZones = (name: string) => ZoneRules | null;

export const UTC_RULES: ZoneRules = { starts: [-Infinity], offsets: [0] };

/** Knows UTC alone. */
export const ONLY_UTC: TimeZones = (name) => (name === '' || name === 'UTC' || name === 'Etc/UTC' ? UTC_RULES : null);

/** UTC, and the zones of a table. */
export function knownZones(rules: Readonly<Record<string, ZoneRules>>): TimeZones {
  return (name) => ONLY_UTC(name) ?? (Object.hasOwn(rules, name) ? rules[name] : null);
}

interface Span {
  readonly offset: number;
  readonly start: number;
  readonly end: number;
}

function spanAt({ starts, offsets }: ZoneRules, unix: number): Span {
  let low = 0;
  let high = starts.length;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (starts[middle] <= unix) low = middle;
    else high = middle;
  }
  return {
    offset: offsets[low], start: low === 0 ? -Infinity : starts[low],
    end: low + 1 < starts.length ? starts[low + 1] : Infinity,
  };
}

export interface LocalTime {
  readonly year: number;
  /** From 1. */
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  /** Sunday is 0. */
  readonly weekday: number;
}

export function localTime(zone: ZoneRules, unix: number): LocalTime {
  const local = unix + spanAt(zone, unix).offset;
  const day = Math.floor(local / SECONDS_PER_DAY);
  const ofDay = local - day * SECONDS_PER_DAY;
  return {
    ...civilOf(day),
    hour: Math.floor(ofDay / 3600),
    minute: Math.floor(ofDay / 60) % 60,
    second: ofDay % 60,
    weekday: (((day + 4) % 7) + 7) % 7,
  };
}

/** Months and days beyond their range carry over, as 32 January is 1 February. */
export function unixOf(
  zone: ZoneRules, { year, month, day, hour, minute, second }: Omit<LocalTime, 'weekday'>,
): number {
  const months = year * 12 + month - 1;
  const first = dayNumberOf(Math.floor(months / 12), (((months % 12) + 12) % 12) + 1, 1);
  const unix = (first + day - 1) * SECONDS_PER_DAY + hour * 3600 + minute * 60 + second;
  const { offset, start, end } = spanAt(zone, unix);
  const guess = unix - offset;
  return guess >= start && guess < end ? guess : unix - spanAt(zone, guess).offset;
}
