/** Calendar times of traces as seconds since 1970, without a clock or a locale. */
import { dayNumberOf } from '../../base/civil-date.ts';
import { twoDigitsOf } from './cell-numbers.ts';

const REST = /^(\.\d+)?(Z|[+-]\d{2}:?\d{2})?$/;
const SECONDS_PER_DAY = 86_400;
/** Length of `2017-10-09 07:01:55`. */
const STAMP_LENGTH = 19;

/** `2017-10-09 07:01:55`, with a fraction and a zone or without (then as in UTC). NaN for anything else. */
export function secondsOfStamp(text: string): number {
  if (text.length < STAMP_LENGTH || !hasSeparators(text)) return Number.NaN;
  const year = twoDigitsOf(text, 0) * 100 + twoDigitsOf(text, 2);
  const month = twoDigitsOf(text, 5);
  const day = twoDigitsOf(text, 8);
  const hour = twoDigitsOf(text, 11);
  const minute = twoDigitsOf(text, 14);
  const second = twoDigitsOf(text, 17);
  const isTime = hour <= 23 && minute <= 59 && second <= 60;
  if (!isTime || !(year >= 0) || !(month >= 1 && month <= 12) || !(day >= 1 && day <= daysOfMonth(year, month)))
    return Number.NaN;
  const seconds = dayNumberOf(year, month, day) * SECONDS_PER_DAY + hour * 3600 + minute * 60 + second;
  return text.length === STAMP_LENGTH ? seconds : seconds + restOf(text.slice(STAMP_LENGTH));
}

function hasSeparators(text: string): boolean {
  const between = text[10];
  return (
    text[4] === '-' && text[7] === '-' && (between === ' ' || between === 'T') && text[13] === ':' && text[16] === ':'
  );
}

/** Fraction and zone behind the seconds; NaN for anything else. */
function restOf(text: string): number {
  const match = REST.exec(text);
  if (match === null) return Number.NaN;
  return (match[1] === undefined ? 0 : Number(match[1])) - zoneSeconds(match[2] ?? 'Z');
}

function zoneSeconds(zone: string): number {
  if (zone === 'Z') return 0;
  const seconds = Number(zone.slice(1, 3)) * 3600 + Number(zone.slice(-2)) * 60;
  return zone.startsWith('-') ? -seconds : seconds;
}

function daysOfMonth(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}
