/**
 * Reads one configuration document of unknown shape: a cursor stands on a value and its path, takes it as what is
 * expected or notes a problem, and always goes on, so that one reading finds all mistakes. Null is absence, as in
 * Kubernetes' own decoding; unknown members are mistakes (upstream decodes this kind strictly).
 */
import { nearestName } from '../../base/input-error.ts';
import type { Problem, SourcePlace } from '../../base/input-error.ts';

export type ConfigPath = readonly (string | number)[];
export type Locate = (path: ConfigPath) => SourcePlace;

export class Reading {
  readonly problems: Problem[] = [];
  readonly warnings: string[] = [];
  private readonly locate: Locate;

  constructor(locate: Locate | undefined) {
    this.locate = locate ?? (() => ({}));
  }

  problem(path: ConfigPath, message: string, suggestion?: string): void {
    this.problems.push({ ...this.locate(path), path: formatConfigPath(path), message, suggestion });
  }

  warn(path: ConfigPath, message: string): void {
    this.warnings.push(`${formatConfigPath(path)}: ${message}`);
  }
}

export class Cursor {
  readonly value: unknown;
  readonly path: ConfigPath;
  readonly reading: Reading;

  constructor(value: unknown, path: ConfigPath, reading: Reading) {
    this.value = value === null ? undefined : value;
    this.path = path;
    this.reading = reading;
  }

  get absent(): boolean {
    return this.value === undefined;
  }

  problem(message: string, suggestion?: string): void {
    this.reading.problem(this.path, message, suggestion);
  }

  /** Notes what was expected and returns the fallback. */
  unexpected<T>(expected: string, fallback: T): T {
    this.problem(`expected ${expected}, found ${describe(this.value)}`);
    return fallback;
  }

  /** Checks that a mapping, if any, has no other members. */
  members(...known: readonly string[]): this {
    if (this.absent) return this;
    if (!isMapping(this.value)) return this.unexpected('a mapping', this);
    for (const name of Object.keys(this.value)) {
      if (!known.includes(name))
        this.reading.problem([...this.path, name], `unknown field "${name}"`, nearestName(name, known));
    }
    return this;
  }

  at(name: string): Cursor {
    const value = isMapping(this.value) && Object.hasOwn(this.value, name) ? this.value[name] : undefined;
    return new Cursor(value, [...this.path, name], this.reading);
  }

  items(): Cursor[] {
    if (this.absent) return [];
    if (!Array.isArray(this.value)) return this.unexpected('a list', []);
    return this.value.map((item: unknown, index) => new Cursor(item, [...this.path, index], this.reading));
  }

  text(fallback: string): string {
    if (this.absent) return fallback;
    return typeof this.value === 'string' ? this.value : this.unexpected('a text', fallback);
  }

  requiredText(): string {
    const text = this.text('');
    if (text === '' && (this.absent || typeof this.value === 'string')) this.problem('a value is required here');
    return text;
  }

  texts(): string[] {
    return this.items().map((item) => (item.absent ? item.unexpected('a text', '') : item.text('')));
  }

  flag(fallback: boolean): boolean {
    if (this.absent) return fallback;
    return typeof this.value === 'boolean' ? this.value : this.unexpected('true or false', fallback);
  }

  number(fallback: number): number {
    if (this.absent) return fallback;
    return typeof this.value === 'number' && Number.isFinite(this.value)
      ? this.value
      : this.unexpected('a number', fallback);
  }

  integer(fallback: number, min: number, max: number = MAX_INT32): number {
    if (this.absent) return fallback;
    const { value } = this;
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= min && value <= max) return value;
    const range = max === MAX_INT32 || max === Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `from ${min} to ${max}`;
    return this.unexpected(min <= -MAX_INT32 ? 'a whole number' : `a whole number ${range}`, fallback);
  }

  /** One of upstream's words; `fallback` undefined: the word is required. */
  word<T extends string>(words: readonly T[], fallback?: T): T {
    if (this.absent && fallback !== undefined) return fallback;
    const found = words.find((word) => word === this.value);
    if (found !== undefined) return found;
    const suggestion = typeof this.value === 'string' ? nearestName(this.value, words) : undefined;
    this.problem(
      `expected ${words.slice(0, -1).join(', ')} or ${words[words.length - 1]}, found ${describe(this.value)}`,
      suggestion,
    );
    return fallback ?? words[0];
  }

  /** A Go duration in micros. */
  duration(fallbackMicros: number): number {
    if (this.absent) return fallbackMicros;
    const micros = typeof this.value === 'string' ? parseDuration(this.value) : undefined;
    return micros ?? this.unexpected('a duration such as 15s, 1m30s or 500ms', fallbackMicros);
  }
}

export const MAX_INT32 = 2_147_483_647;

export function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function describe(value: unknown): string {
  if (value === undefined || value === null) return 'nothing';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  if (typeof value === 'object') return 'a mapping';
  if (typeof value === 'string') return JSON.stringify(value.length > 60 ? `${value.slice(0, 57)}...` : value);
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : `a ${typeof value}`;
}

export function formatConfigPath(path: ConfigPath): string {
  let text = '';
  for (const step of path) {
    if (typeof step === 'number') text += `[${step}]`;
    else if (!/^[A-Za-z_$][\w$-]*$/.test(step)) text += `[${JSON.stringify(step)}]`;
    else text += text === '' ? step : `.${step}`;
  }
  return text;
}

const UNIT_MICROS: Readonly<Record<string, number>> = {
  h: 3_600_000_000,
  m: 60_000_000,
  s: 1_000_000,
  ms: 1_000,
  us: 1,
  µs: 1,
  ns: 0.001,
};

/** Go's notation (`1h15m`, `1.5s`, `0`); undefined: not a duration. */
export function parseDuration(text: string): number | undefined {
  const match = /^([+-]?)(0|(?:(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|ms|s|m|h))+)$/.exec(text);
  if (match === null) return undefined;
  let micros = 0;
  for (const [, amount, unit] of match[2].matchAll(/([\d.]+)(ns|us|µs|ms|s|m|h)/g))
    micros += Number(amount) * UNIT_MICROS[unit];
  return match[1] === '-' ? -micros : micros;
}
