/**
 * Numbers of table cells without a detour over patterns: digits are added up one by one, and a decimal is the quotient
 * of two exact numbers, which rounds as the language's own reading does (Clinger 1990). Anything longer goes that way
 * itself.
 */

const ZERO = 48;
const MINUS = 45;
const POINT = 46;
/** Digits that a number holds exactly. */
const EXACT_DIGITS = 15;
const POWERS_OF_TEN = [1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15];
const LONG_DECIMAL = /^[0-9]{1,15}\.[0-9]+$/;

/** A whole number from 0 of up to 15 digits, in `text` from `from` to `to`; NaN for anything else. */
export function wholeOf(text: string, from = 0, to = text.length): number {
  if (to <= from || to - from > EXACT_DIGITS) return Number.NaN;
  let value = 0;
  for (let i = from; i < to; i++) {
    const digit = text.charCodeAt(i) - ZERO;
    if (digit < 0 || digit > 9) return Number.NaN;
    value = value * 10 + digit;
  }
  return value;
}

/** The same with a sign before it or not. */
export function signedOf(text: string, from = 0, to = text.length): number {
  return text.charCodeAt(from) === MINUS ? 0 - wholeOf(text, from + 1, to) : wholeOf(text, from, to);
}

/** Up to 15 digits, and behind a point any number of them, at least one; NaN for anything else. */
export function decimalOf(text: string, from = 0, to = text.length): number {
  if (to - from > EXACT_DIGITS + 1) return longDecimalOf(text.slice(from, to));
  let value = 0;
  let point = -1;
  for (let i = from; i < to; i++) {
    const code = text.charCodeAt(i);
    if (code === POINT && point === -1) {
      point = i;
      continue;
    }
    const digit = code - ZERO;
    if (digit < 0 || digit > 9) return Number.NaN;
    value = value * 10 + digit;
  }
  if (point === -1) return to > from && to - from <= EXACT_DIGITS ? value : Number.NaN;
  return point === from || point === to - 1 ? Number.NaN : value / POWERS_OF_TEN[to - point - 1];
}

function longDecimalOf(text: string): number {
  return LONG_DECIMAL.test(text) ? Number(text) : Number.NaN;
}

/** The same with a sign before it or not. */
export function signedDecimalOf(text: string, from = 0, to = text.length): number {
  return text.charCodeAt(from) === MINUS ? 0 - decimalOf(text, from + 1, to) : decimalOf(text, from, to);
}

/** The two digits at `at`; NaN for anything else. */
export function twoDigitsOf(text: string, at: number): number {
  const tens = text.charCodeAt(at) - ZERO;
  const ones = text.charCodeAt(at + 1) - ZERO;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : Number.NaN;
}
