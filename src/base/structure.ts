/**
 * Building blocks for the checks of Kubernetes objects: each check walks a value once, notes findings and throws
 * nothing. A missing or null member is no finding unless a rule asks for it. Costs a map lookup for each member.
 */
import { editDistance, nearestName } from './input-error.ts';
import { tryParseQuantity } from './quantity.ts';
import type { Path } from './source-path.ts';
import { below, describeValue, quoteShort } from './source-path.ts';

/** Which end of a map entry a problem is about. */
export type EntryPart = 'key' | 'value';

/** A finding of a check, before its place is looked up. */
export interface Finding {
  readonly path: Path | null;
  readonly part: EntryPart;
  readonly message: string;
  readonly suggestion?: string | undefined;
}

/** Collects what the checks of one object find. */
export class Findings {
  readonly errors: Finding[] = [];
  readonly warnings: Finding[] = [];

  error(path: Path | null, message: string, suggestion?: string, part: EntryPart = 'value'): void {
    this.errors.push({ path, part, message, suggestion });
  }

  warn(path: Path | null, message: string, suggestion?: string, part: EntryPart = 'value'): void {
    this.warnings.push({ path, part, message, suggestion });
  }
}

export type Check = (value: unknown, path: Path | null, findings: Findings) => void;

export type Mapping = Readonly<Record<string, unknown>>;

export function isMapping(value: unknown): value is Mapping {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The mapping, or an empty one: for rules that look across members after the members were checked. */
export function mappingOf(value: unknown): Mapping {
  return isMapping(value) ? value : {};
}

export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as unknown[]) : [];
}

export function anything(): void {
  // Checked elsewhere, or not at all.
}

export function text(value: unknown, path: Path | null, findings: Findings): void {
  if (typeof value !== 'string')
    findings.error(path, `expected a text, found ${describeValue(value)}${quoteHint(value)}`);
}

export function quoteHint(value: unknown): string {
  return typeof value === 'number' || typeof value === 'boolean' ? '; put it in quotes' : '';
}

export function flag(value: unknown, path: Path | null, findings: Findings): void {
  if (typeof value !== 'boolean') findings.error(path, `expected true or false, found ${describeValue(value)}`);
}

export function whole(min: number, max: number): Check {
  return (value, path, findings) => {
    if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return;
    const range = max >= 2_147_483_647 ? `a whole number of at least ${min}` : `a whole number from ${min} to ${max}`;
    const expected = min <= -2_147_483_648 ? 'a whole number of 32 bits' : range;
    findings.error(path, `expected ${expected}, found ${describeValue(value)}`);
  };
}

export const MAX_INT32 = 2_147_483_647;
export const COUNT: Check = whole(0, MAX_INT32);

/** One of upstream's words, letter case included. */
export function oneOf(...words: readonly string[]): Check {
  const known = new Set(words);
  return (value, path, findings) => {
    if (typeof value === 'string' && known.has(value)) return;
    const suggestion = typeof value === 'string' ? nearestName(value, words) : undefined;
    findings.error(path, `expected ${listWords(words)}, found ${describeValue(value)}`, suggestion);
  };
}

export function listWords(words: readonly string[]): string {
  return words.length === 1 ? words[0] : `${words.slice(0, -1).join(', ')} or ${words[words.length - 1]}`;
}

export function list(item: Check): Check {
  return (value, path, findings) => {
    if (!Array.isArray(value)) return findings.error(path, `expected a list, found ${describeValue(value)}`);
    for (let index = 0; index < value.length; index++) item(value[index], below(path, index), findings);
  };
}

/** A mapping with free keys. */
export function mapOf(key: (name: string) => string | undefined, item: Check): Check {
  return (value, path, findings) => {
    if (!isMapping(value)) return findings.error(path, `expected a mapping, found ${describeValue(value)}`);
    for (const name in value) {
      const at = below(path, name);
      const wrong = key(name);
      if (wrong !== undefined) findings.error(at, wrong, undefined, 'key');
      item(value[name], at, findings);
    }
  };
}

/** A quantity that is not negative, with how it reads; amounts beyond 2^53 lose exactness and are refused. */
export function quantity(value: unknown, path: Path | null, findings: Findings): void {
  const wrong = quantityMistake(value);
  if (wrong !== undefined) findings.error(path, wrong);
}

const goodQuantities = new Set<unknown>();
const MAX_QUANTITY_NANOS = BigInt(Number.MAX_SAFE_INTEGER) * 1_000_000_000n;

export function quantityMistake(value: unknown): string | undefined {
  if (goodQuantities.has(value)) return undefined;
  const expected = 'expected a quantity such as 500m, 2 or 16Gi';
  if (typeof value !== 'string' && typeof value !== 'number') return `${expected}, found ${describeValue(value)}`;
  const parsed = tryParseQuantity(value);
  if (parsed === undefined) return `${expected}, found ${describeValue(value)}`;
  if (parsed.sign() < 0) return `expected a quantity of at least 0, found ${describeValue(value)}`;
  if (parsed.nanos > MAX_QUANTITY_NANOS) return `expected a quantity below 2^53, found ${describeValue(value)}`;
  if (goodQuantities.size < 65_536) goodQuantities.add(value);
  return undefined;
}

export interface Members {
  /** Members that Podyard reads, with their checks. */
  readonly used: Readonly<Record<string, Check>>;
  /** Other members of the upstream type, separated by spaces: known, not read. */
  readonly unused?: string;
  readonly required?: readonly string[];
}

/**
 * A mapping with known members. An unknown member that is a step or two from one we read is warned of; any other is
 * taken for a field of a newer Kubernetes.
 */
export function object(members: Members): Check {
  const used = new Map(Object.entries(members.used));
  const unused = new Set((members.unused ?? '').split(' '));
  const required = members.required ?? [];
  return (value, path, findings) => {
    if (!isMapping(value)) return findings.error(path, `expected a mapping, found ${describeValue(value)}`);
    for (const name in value) {
      const check = used.get(name);
      const member = value[name];
      if (check !== undefined) {
        if (member !== null && member !== undefined) check(member, below(path, name), findings);
      } else if (!unused.has(name)) warnOfMisspelling(name, used.keys(), path, findings);
    }
    for (const name of required) {
      if (value[name] === undefined || value[name] === null) findings.error(path, `"${name}" is missing`);
    }
  };
}

function warnOfMisspelling(name: string, known: Iterable<string>, path: Path | null, findings: Findings): void {
  for (const candidate of known) {
    if (candidate.length < 4 && editDistance(name, candidate) > 1) continue;
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase());
    if (distance <= 2 && distance < candidate.length / 2) {
      return findings.warn(below(path, name), `unknown field ${quoteShort(name)} is ignored`, candidate, 'key');
    }
  }
}

/** Several checks of one value, in order. */
export function all(...checks: readonly Check[]): Check {
  return (value, path, findings) => {
    for (const check of checks) check(value, path, findings);
  };
}
