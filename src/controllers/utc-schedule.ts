/**
 * Cron schedules in UTC: five fields, `@daily` and its kin, `@every 90s`. Times are microseconds since 1970. Pure.
 * Source: github.com/robfig/cron/v3 v3.0.1 parser.go, spec.go, constantdelay.go, as pkg/controller/cronjob (v1.36) calls it.
 */
import { MICROS_PER_HOUR, MICROS_PER_MINUTE, MICROS_PER_SECOND, type Micros } from '../base/time.ts';

export interface CronSchedule {
  /** The first time after this one; null: none within five years. */
  next(after: Micros): Micros | null;
}

const MICROS_PER_DAY = 24 * MICROS_PER_HOUR;
const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const WEEKDAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
const DESCRIPTORS: ReadonlyMap<string, string> = new Map([
  ['@yearly', '0 0 1 1 *'], ['@annually', '0 0 1 1 *'], ['@monthly', '0 0 1 * *'], ['@weekly', '0 0 * * 0'],
  ['@daily', '0 0 * * *'], ['@midnight', '0 0 * * *'], ['@hourly', '0 * * * *'],
]);

/** null: no schedule that upstream would take. */
export function parseUtcSchedule(text: string): CronSchedule | null {
  if (text.startsWith('@every ')) return everySchedule(text.slice('@every '.length));
  const fields = (DESCRIPTORS.get(text) ?? text).trim().split(/\s+/);
  if (fields.length !== 5) return null;
  const [minutes, hours, days, months, weekdays] = [
    parseField(fields[0], 0, 59, []), parseField(fields[1], 0, 23, []), parseField(fields[2], 1, 31, []),
    parseField(fields[3], 1, 12, MONTHS), parseField(fields[4], 0, 6, WEEKDAYS),
  ];
  if (minutes === null || hours === null || days === null || months === null || weekdays === null) return null;
  return new FieldSchedule({ minutes, hours, days, months, weekdays });
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
  const isSound = from >= min && to <= max && from <= to && step > 0 && (stepText === undefined || /^\d+$/.test(stepText));
  return isSound ? { from, to, step, isStar: isAny && step === 1 } : null;
}

/** `1h30m`, `90s`: whole seconds, at least one. */
function everySchedule(text: string): CronSchedule | null {
  const units: Readonly<Record<string, Micros>> = { h: MICROS_PER_HOUR, m: MICROS_PER_MINUTE, s: MICROS_PER_SECOND, ms: 1000, us: 1 };
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

class FieldSchedule implements CronSchedule {
  private readonly fields: Fields;

  constructor(fields: Fields) {
    this.fields = fields;
  }

  next(after: Micros): Micros | null {
    const { hours, minutes } = this.fields;
    const start = (Math.floor(after / MICROS_PER_MINUTE) + 1) * MICROS_PER_MINUTE;
    const firstDay = Math.floor(start / MICROS_PER_DAY);
    const lastYear = civilOf(firstDay).year + 5;
    for (let day = firstDay; civilOf(day).year <= lastYear; day++) {
      if (!this.matchesDay(day)) continue;
      for (let minute = day === firstDay ? (start - day * MICROS_PER_DAY) / MICROS_PER_MINUTE : 0; minute < 24 * 60; minute++) {
        if (!hours.values.has(Math.floor(minute / 60))) minute += 59 - (minute % 60);
        else if (minutes.values.has(minute % 60)) return day * MICROS_PER_DAY + minute * MICROS_PER_MINUTE;
      }
    }
    return null;
  }

  /** Where both days are restricted, one of them is enough. */
  private matchesDay(day: number): boolean {
    const { months, days, weekdays } = this.fields;
    const civil = civilOf(day);
    if (!months.values.has(civil.month)) return false;
    const ofMonth = days.values.has(civil.day);
    const ofWeek = weekdays.values.has((((day + 4) % 7) + 7) % 7);
    return days.isStar || weekdays.isStar ? ofMonth && ofWeek : ofMonth || ofWeek;
  }
}

export interface Civil {
  readonly year: number;
  readonly month: number;
  readonly day: number;
}

/** Days from 1970-01-01 to this one. */
export function dayNumberOf({ year, month, day }: Civil): number {
  const shiftedYear = month <= 2 ? year - 1 : year;
  const era = Math.floor(shiftedYear / 400);
  const yearOfEra = shiftedYear - era * 400;
  const ofYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1;
  return era * 146_097 + yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + ofYear - 719_468;
}

/** Date of a day counted from 1970-01-01, in the Gregorian calendar. */
export function civilOf(dayNumber: number): Civil {
  const shifted = dayNumber + 719_468;
  const era = Math.floor(shifted / 146_097);
  const ofEra = shifted - era * 146_097;
  const yearOfEra = Math.floor((ofEra - Math.floor(ofEra / 1460) + Math.floor(ofEra / 36_524) - Math.floor(ofEra / 146_096)) / 365);
  const ofYear = ofEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const shiftedMonth = Math.floor((5 * ofYear + 2) / 153);
  const day = ofYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1;
  const month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9;
  return { year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day };
}
