/**
 * Reading single cells of a trace table. Every function gives the value, or a sentence that says what was expected
 * (no allocation on success beyond the value). The caller knows the place and adds what was found.
 */
import { MICROS_PER_SECOND, type Micros } from '../../base/time.ts';
import { milliFromText, QuantityError, unitsFromText } from '../../base/quantity.ts';
import { decimalOf } from './cell-numbers.ts';

/** Times beyond this many seconds (285 years) leave the range of exact microseconds. */
const MAX_SECONDS = 9_000_000_000;
const SECONDS = /^[0-9]+(?:\.[0-9]+)?$/;
const WHOLE_NUMBER = /^[0-9]{1,15}$/;
const PRIORITY = /^-?[0-9]{1,10}$/;
const DNS_LABEL = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?$/;
const LABEL_NAME = /^[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?$/;

/** Micros from decimal seconds; NaN for anything else. */
export function readSeconds(text: string): Micros {
  let seconds = decimalOf(text);
  if (Number.isNaN(seconds)) {
    if (!SECONDS.test(text)) return NaN;
    seconds = Number(text);
  }
  return seconds <= MAX_SECONDS ? Math.round(seconds * MICROS_PER_SECOND) : NaN;
}

export const EXPECTED_SECONDS = 'expected seconds as a decimal number from 0 to 9000000000';

/** A whole number from 0; NaN for anything else. */
export function readWholeNumber(text: string): number {
  return WHOLE_NUMBER.test(text) ? Number(text) : NaN;
}

/** A 32-bit integer; NaN for anything else. */
export function readPriority(text: string): number {
  if (!PRIORITY.test(text)) return NaN;
  const priority = Number(text);
  return priority === (priority | 0) ? priority + 0 : NaN;
}

/** What is wrong with a quantity of a resource, or null. */
export function quantityMistake(resource: string, text: string): string | null {
  try {
    const amount = resource === 'cpu' ? milliFromText(text) : unitsFromText(text);
    if (amount < 0) return 'expected a quantity of at least 0';
    if (resource.includes('/') && milliFromText(text) % 1000 !== 0)
      return 'expected a whole number: this resource cannot be divided';
    return null;
  } catch (error) {
    if (!(error instanceof QuantityError)) throw error;
    return resource === 'cpu'
      ? 'expected a quantity such as 500m or 2'
      : 'expected a quantity such as 256Mi, 4Gi or 1000';
  }
}

/** DNS-1123 label, up to 63 characters. */
export function isDnsLabel(text: string): boolean {
  return text.length <= 63 && DNS_LABEL.test(text);
}

/** DNS-1123 subdomain, up to 253 characters. */
export function isDnsSubdomain(text: string): boolean {
  if (text.length > 253) return false;
  return DNS_LABEL.test(text) || text.split('.').every((part) => DNS_LABEL.test(part));
}

export type PairsResult =
  | { readonly pairs: Readonly<Record<string, string>>; readonly mistake: null }
  | { readonly pairs: null; readonly mistake: string };

/** `key=value;key2=value2`; an empty text is no pair. Keys and values follow the rules of Kubernetes labels. */
export function readPairs(text: string): PairsResult {
  const pairs: Record<string, string> = {};
  for (const part of text === '' ? [] : text.split(';')) {
    const equals = part.indexOf('=');
    if (equals === -1)
      return mistaken(`expected pairs key=value separated by semicolons, and "${clip(part)}" has no =`);
    const key = part.slice(0, equals);
    const value = part.slice(equals + 1);
    if (!isLabelKey(key))
      return mistaken(`expected label keys such as app or example.com/app, and "${clip(key)}" is none`);
    if (!isLabelValue(value))
      return mistaken(`expected label values of up to 63 letters, digits, - _ and ., and "${clip(value)}" is none`);
    if (key in pairs) return mistaken(`expected every key once, and "${clip(key)}" stands twice`);
    pairs[detached(key)] = detached(value);
  }
  return { pairs, mistake: null };
}

type AnyOf = readonly { readonly key: string; readonly values: readonly string[] }[];
export type AnyOfResult =
  | { readonly anyOf: AnyOf; readonly mistake: null }
  | { readonly anyOf: null; readonly mistake: string };

/** `key=a|b;key2=c`: of every key one of its values. */
export function readAnyOf(text: string): AnyOfResult {
  const anyOf: { key: string; values: string[] }[] = [];
  for (const part of text === '' ? [] : text.split(';')) {
    const equals = part.indexOf('=');
    const key = part.slice(0, Math.max(0, equals));
    const values = part.slice(equals + 1).split('|');
    const isRight = equals !== -1 && isLabelKey(key) && values.every((value) => isLabelValue(value));
    if (!isRight) {
      const expected = 'expected label keys with their values, such as model=A|B;zone=a';
      return { anyOf: null, mistake: `${expected}, and "${clip(part)}" is none` };
    }
    anyOf.push({ key: detached(key), values: values.map(detached) });
  }
  return { anyOf, mistake: null };
}

function mistaken(mistake: string): PairsResult {
  return { pairs: null, mistake };
}

function isLabelKey(key: string): boolean {
  const slash = key.indexOf('/');
  const name = key.slice(slash + 1);
  if (name.length > 63 || !LABEL_NAME.test(name) || name in Object.prototype) return false;
  return slash === -1 || isDnsSubdomain(key.slice(0, slash));
}

function isLabelValue(value: string): boolean {
  return value === '' || (value.length <= 63 && LABEL_NAME.test(value));
}

/** `found "..."`, with long texts cut. */
export function found(text: string): string {
  return text === '' ? 'found nothing' : `found "${clip(text)}"`;
}

export function clip(text: string): string {
  const printable = text.replace(/[\u0000-\u001f\u007f]/g, '?');
  return printable.length <= 60 ? printable : `${printable.slice(0, 57)}...`;
}

/** A copy that does not keep the block of text alive it was cut from (engines share the characters of slices). */
export function detached(text: string): string {
  return ` ${text}`.slice(1);
}
