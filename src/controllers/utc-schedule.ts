/**
 * Cron schedules in a time zone: five fields, `@daily` and its kin, `@every 90s`. Times are microseconds since 1970.
 * Pure. Fields are looked for as upstream's library does, step by step from the largest, which also tells what becomes
 * of times that a clock change skips or repeats.
 * Source: github.com/robfig/cron/v3 v3.0.1 parser.go, spec.go, constantdelay.go, as pkg/controller/cronjob (v1.36)
 * calls it.
 */
import { MICROS_PER_HOUR, MICROS_PER_MINUTE, MICROS_PER_SECOND, type Micros } from '../base/time.ts';
import { ONLY_UTC, localTime, unixOf } from './zoned-time.ts';
import type { LocalTime, TimeZones, ZoneRules } from './zoned-time.ts';

export interface CronSchedule {
  /** The first time after this one; null: none within five years. */
  next(after: Micros): Micros | null;
}

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const WEEKDAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
const DESCRIPTORS: ReadonlyMap<string, string> = new Map([
  ['@yearly', '0 0 1 1 *'], ['@annually', '0 0 1 1 *'], ['@monthly', '0 0 1 * *'], ['@weekly', '0 0 * * 0'],
  ['@daily', '0 0 * * *'], ['@midnight', '0 0 * * *'], ['@hourly', '0 * * * *'],
]);

/** The same in UTC. */
export function parseUtcSchedule(text: string): CronSchedule | null {
  return parseSchedule(text, undefined, ONLY_UTC);
}

/**
 * null: no schedule that upstream would take, or a zone that is not there. `TZ=` or `CRON_TZ=` in the text wins over
 * `timeZone`; without either it is UTC, as the controller's own zone is here.
 */
export function parseSchedule(text: string, timeZone: string | undefined, zones: TimeZones): CronSchedule | null {
  const zone = zones(scheduleZone(text, timeZone));
  return zone === null ? null : scheduleIn(PREFIXED.exec(text)?.[2] ?? text, zone);
}

const PREFIXED = /^(?:CRON_)?TZ=([^ ]*) +(.*)$/;

/** Name of the zone that a schedule is read in. */
export function scheduleZone(text: string, timeZone: string | undefined): string {
  return PREFIXED.exec(text)?.[1] ?? timeZone ?? 'UTC';
}

function scheduleIn(text: string, zone: ZoneRules): CronSchedule | null {
  if (text.startsWith('@every ')) return everySchedule(text.slice('@every '.length));
  const fields = (DESCRIPTORS.get(text) ?? text).trim().split(/\s+/);
  if (fields.length !== 5) return null;
  const [minutes, hours, days, months, weekdays] = [
    parseField(fields[0], 0, 59, []), parseField(fields[1], 0, 23, []), parseField(fields[2], 1, 31, []),
    parseField(fields[3], 1, 12, MONTHS), parseField(fields[4], 0, 6, WEEKDAYS),
  ];
  if (minutes === null || hours === null || days === null || months === null || weekdays === null) return null;
  return new FieldSchedule({ minutes, hours, days, months, weekdays }, zone);
}

/** Which values of a field match. `isStar`: all, because nothing was said. */
interface Field {
  readonly values: ReadonlySet<number>;
  readonly isStar: boolean;
}

function parseField(text: string, min: number, max: number, names: readonly string[]): Field | null {
  const values = new Set<number>();
  let isStar = false;
  for (const part of text.split(',')) {
    const range = parseRange(part, min, max, names);
    if (range === null) return null;
    isStar ||= range.isStar;
    for (let value = range.from; value <= range.to; value += range.step) values.add(value);
  }
  return { values, isStar };
}

interface Range {
  readonly from: number;
  readonly to: number;
  readonly step: number;
  readonly isStar: boolean;
}

function parseRange(text: string, min: number, max: number, names: readonly string[]): Range | null {
  const [span, stepText, ...more] = text.split('/');
  const [low, high, ...rest] = span.split('-');
  if (more.length > 0 || rest.length > 0) return null;
  const value = (word: string): number => {
    const named = names.indexOf(word.toLowerCase());
    if (named >= 0) return named + min;
    return /^\d+$/.test(word) ? Number(word) : NaN;
  };
  const isAny = low === '*' || low === '?';
  const step = stepText === undefined ? 1 : value(stepText);
  const from = isAny ? min : value(low);
  const to = isAny ? max : high !== undefined ? value(high) : stepText === undefined ? from : max;
  const isSound =
    from >= min && to <= max && from <= to && step > 0 && (stepText === undefined || /^\d+$/.test(stepText));
  return isSound ? { from, to, step, isStar: isAny && step === 1 } : null;
}

/** `1h30m`, `90s`: whole seconds, at least one. */
function everySchedule(text: string): CronSchedule | null {
  const units: Readonly<Record<string, Micros>> = {
    h: MICROS_PER_HOUR,
    m: MICROS_PER_MINUTE,
    s: MICROS_PER_SECOND,
    ms: 1000,
    us: 1,
  };
  if (!/^(\d+(\.\d+)?(h|ms|us|m|s))+$/.test(text)) return null;
  let delay = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(h|ms|us|m|s)/g)) delay += Number(amount) * units[unit];
  const whole = Math.max(MICROS_PER_SECOND, Math.floor(delay / MICROS_PER_SECOND) * MICROS_PER_SECOND);
  return { next: (after) => Math.floor(after / MICROS_PER_SECOND) * MICROS_PER_SECOND + whole };
}

interface Fields {
  readonly minutes: Field;
  readonly hours: Field;
  readonly days: Field;
  readonly months: Field;
  readonly weekdays: Field;
}

/** So many steps are taken at most; upstream's search does not end where days are skipped, ours finds nothing then. */
const MOST_STEPS = 20_000;
const YEARS_AHEAD = 5;

class FieldSchedule implements CronSchedule {
  private readonly fields: Fields;
  private readonly zone: ZoneRules;

  constructor(fields: Fields, zone: ZoneRules) {
    this.fields = fields;
    this.zone = zone;
  }

  next(after: Micros): Micros | null {
    const found = this.search(Math.floor(after / MICROS_PER_SECOND) + 1);
    return found === null ? null : found * MICROS_PER_SECOND;
  }

  /**
   * Fields in turn, each until it matches; one that carries over into the larger ones has the search begin anew. That
   * is not seen where a clock change skips the value that tells of the carry: then upstream looks at smaller fields on
   * a day that it has not looked at, and so do we.
   */
  private search(from: number): number | null {
    const { zone } = this;
    const walk: Walk = { zone, unix: from, isCut: false, stepsLeft: MOST_STEPS };
    const lastYear = localTime(zone, from).year + YEARS_AHEAD;
    while (localTime(zone, walk.unix).year <= lastYear && walk.stepsLeft > 0) {
      if (FIELD_ORDER.every((field) => this.advance(walk, field))) return walk.unix;
    }
    return null;
  }

  /** false: it has carried over. */
  private advance(walk: Walk, field: FieldName): boolean {
    while (!this.matches(field, localTime(walk.zone, walk.unix))) {
      if (walk.stepsLeft-- <= 0) return false;
      if (!walk.isCut) walk.unix = cutAt(walk.zone, walk.unix, field);
      walk.isCut = true;
      walk.unix = nextOf(walk.zone, walk.unix, field);
      if (localTime(walk.zone, walk.unix)[field] === FIRST[field]) return false;
    }
    return true;
  }

  private matches(field: FieldName, local: LocalTime): boolean {
    const { months, hours, minutes } = this.fields;
    switch (field) {
      case 'month':
        return months.values.has(local.month);
      case 'day':
        return this.matchesDay(local);
      case 'hour':
        return hours.values.has(local.hour);
      case 'minute':
        return minutes.values.has(local.minute);
      case 'second':
        return local.second === 0;
    }
  }

  /** Where both days are restricted, one of them is enough. */
  private matchesDay({ day, weekday }: LocalTime): boolean {
    const { days, weekdays } = this.fields;
    const ofMonth = days.values.has(day);
    const ofWeek = weekdays.values.has(weekday);
    return days.isStar || weekdays.isStar ? ofMonth && ofWeek : ofMonth || ofWeek;
  }
}

/** A search on its way. */
interface Walk {
  readonly zone: ZoneRules;
  unix: number;
  /** What is smaller than the first field that did not match has been set to its least. */
  isCut: boolean;
  stepsLeft: number;
}

const FIELD_ORDER = ['month', 'day', 'hour', 'minute', 'second'] as const;
type FieldName = (typeof FIELD_ORDER)[number];
const FIRST: Readonly<Record<FieldName, number>> = { month: 1, day: 1, hour: 0, minute: 0, second: 0 };
const MIDNIGHT = { hour: 0, minute: 0, second: 0 } as const;

function cutAt(zone: ZoneRules, unix: number, field: FieldName): number {
  const local = localTime(zone, unix);
  switch (field) {
    case 'month':
      return unixOf(zone, { ...local, ...MIDNIGHT, day: 1 });
    case 'day':
      return unixOf(zone, { ...local, ...MIDNIGHT });
    case 'hour':
      return unixOf(zone, { ...local, minute: 0, second: 0 });
    case 'minute':
      return Math.floor(unix / 60) * 60;
    case 'second':
      return unix;
  }
}

function nextOf(zone: ZoneRules, unix: number, field: FieldName): number {
  const local = localTime(zone, unix);
  switch (field) {
    case 'month':
      return unixOf(zone, { ...local, month: local.month + 1 });
    case 'day':
      return atMidnight(zone, unixOf(zone, { ...local, day: local.day + 1 }));
    case 'hour':
      return unix + 3600;
    case 'minute':
      return unix + 60;
    case 'second':
      return unix + 60 - local.second;
  }
}

/** A clock change at midnight leaves the day at 23 or 1 o'clock: whole hours bring it back. */
function atMidnight(zone: ZoneRules, unix: number): number {
  const { hour } = localTime(zone, unix);
  return unix + (hour > 12 ? 24 - hour : -hour) * 3600;
}
