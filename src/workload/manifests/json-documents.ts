/**
 * JSON and JSON Lines. Values come from JSON.parse; a strict scanner of our own gives positions and error texts that do
 * not change with the JavaScript engine, and finds duplicate keys. It runs on small files always, on large ones only
 * when a problem must be placed.
 */
import type { Problem, SourcePlace } from '../../base/input-error.ts';
import type { DocumentsRead, LineColumn, PlacedEntry, PlacedNode, SourceDocument } from './source-document.ts';
import { LineIndex, offsetIn } from './source-document.ts';
import type { PathStep } from '../../base/source-path.ts';
import { quoteShort } from '../../base/source-path.ts';

export const MAX_DEPTH = 200;
/** Above this many characters a valid JSON text is not scanned a second time for duplicate keys. */
const SCAN_LIMIT = 2 * 1024 * 1024;

export function readJson(text: string, file: string): DocumentsRead {
  const parsed = parseJson(text);
  const scan = parsed === undefined || text.length <= SCAN_LIMIT ? scanJson(text) : undefined;
  const lines = new LazyLines(text);
  const found = scanProblems(scan, lines, file, 0);
  const problems = parsed === undefined ? found : [];
  if (parsed === undefined && problems.length === 0) problems.push({ file, message: 'broken JSON' });
  if (parsed !== undefined && isTooDeep(parsed.value, MAX_DEPTH)) problems.push(tooDeep(found, { file }));
  if (parsed === undefined || problems.length > 0) return { documents: [], problems, warnings: [] };
  return {
    documents: [
      { ...jsonDocument(text, file, parsed.value, lines, 0), ...(found.length === 0 ? {} : { duplicates: found }) },
    ],
    problems,
    warnings: [],
  };
}

/** One JSON value a line; empty lines are skipped. */
export function readJsonLines(text: string, file: string): DocumentsRead {
  const documents: SourceDocument[] = [];
  const problems: Problem[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue;
    const parsed = parseJson(line);
    const lines = new LazyLines(line);
    if (parsed === undefined) {
      const found = scanProblems(scanJson(line), lines, file, index);
      problems.push(...(found.length > 0 ? found : [{ file, line: index + 1, message: 'broken JSON' }]));
    } else if (isTooDeep(parsed.value, MAX_DEPTH)) problems.push(tooDeep(scanProblems(scanJson(line), lines, file, index), { file, line: index + 1 }));
    else documents.push(jsonDocument(line, file, parsed.value, lines, index));
  }
  return { documents, problems, warnings: [] };
}

const TOO_DEEP = `nested more than ${MAX_DEPTH} levels deep`;

/** With the place where the scan gave up, if there was one. */
function tooDeep(found: readonly Problem[], place: SourcePlace): Problem {
  return found.find(({ message }) => message === TOO_DEEP) ?? { ...place, message: TOO_DEEP };
}

export function parseJson(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) as unknown };
  } catch {
    return undefined;
  }
}

/** Whether values stand more than `limit` levels below the root. Never deeper recursion than the limit. */
export function isTooDeep(value: unknown, limit: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (limit === 0) return true;
  for (const part of Object.values(value)) if (typeof part === 'object' && isTooDeep(part, limit - 1)) return true;
  return false;
}

function jsonDocument(text: string, file: string, value: unknown, lines: LazyLines, firstLine: number): SourceDocument {
  let root: PlacedNode | undefined;
  return {
    file,
    value,
    locate(steps, part): LineColumn | undefined {
      root ??= scanJson(text).root;
      return root === undefined ? undefined : lines.at(offsetIn(root, steps, part), firstLine);
    },
  };
}

class LazyLines {
  readonly #text: string;
  #index: LineIndex | undefined;

  constructor(text: string) {
    this.#text = text;
  }

  at(offset: number, firstLine: number): LineColumn {
    this.#index ??= new LineIndex(this.#text);
    return this.#index.at(offset, firstLine);
  }
}

interface Scan {
  readonly root: PlacedNode | undefined;
  readonly problems: readonly { readonly offset: number; readonly message: string }[];
}

function scanProblems(scan: Scan | undefined, lines: LazyLines, file: string, firstLine: number): Problem[] {
  return (scan?.problems ?? []).map(({ offset, message }) => ({ file, ...lines.at(offset, firstLine), message }));
}

export function scanJson(text: string): Scan {
  const scanner = new JsonScanner(text);
  try {
    const root = scanner.document();
    return { root, problems: scanner.duplicates };
  } catch (error) {
    if (!(error instanceof JsonBroken)) throw error;
    return { root: undefined, problems: [{ offset: error.offset, message: error.message }] };
  }
}

class JsonBroken extends Error {
  readonly offset: number;

  constructor(offset: number, message: string) {
    super(message);
    this.offset = offset;
  }
}

const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const TEXT = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const WORD = /true|false|null/y;
const SPACE = /[ \t\r\n]*/y;

/** Recursive descent, bounded by MAX_DEPTH. */
class JsonScanner {
  readonly duplicates: { offset: number; message: string }[] = [];
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  document(): PlacedNode {
    this.#space();
    const root = this.#value(0);
    this.#space();
    if (this.#at < this.#text.length) this.#fail('expected the end of the file after the JSON value');
    return root;
  }

  #value(depth: number): PlacedNode {
    const offset = this.#at;
    if (depth > MAX_DEPTH) this.#fail(TOO_DEEP);
    const first = this.#text[offset];
    if (first === '{') return { offset, entries: this.#entries(depth) };
    if (first === '[') return { offset, entries: this.#items(depth) };
    if (first === '"') this.#string();
    else if (this.#match(NUMBER) === undefined && this.#match(WORD) === undefined)
      this.#fail('broken JSON: expected a value');
    return { offset, entries: null };
  }

  #entries(depth: number): Map<PathStep, PlacedEntry> {
    const entries = new Map<PathStep, PlacedEntry>();
    this.#at++;
    this.#space();
    if (this.#take('}')) return entries;
    for (;;) {
      const keyOffset = this.#at;
      if (this.#text[keyOffset] !== '"') this.#fail('broken JSON: expected a key in double quotes');
      const key = this.#string();
      this.#space();
      if (!this.#take(':')) this.#fail('broken JSON: expected ":" after a key');
      this.#space();
      if (entries.has(key)) this.duplicates.push({ offset: keyOffset, message: `duplicate key ${quoteShort(key)}` });
      entries.set(key, { keyOffset, node: this.#value(depth + 1) });
      this.#space();
      if (this.#take('}')) return entries;
      if (!this.#take(',')) this.#fail('broken JSON: expected "," or "}" after an entry');
      this.#space();
    }
  }

  #items(depth: number): Map<PathStep, PlacedEntry> {
    const items = new Map<PathStep, PlacedEntry>();
    this.#at++;
    this.#space();
    if (this.#take(']')) return items;
    for (;;) {
      const keyOffset = this.#at;
      items.set(items.size, { keyOffset, node: this.#value(depth + 1) });
      this.#space();
      if (this.#take(']')) return items;
      if (!this.#take(',')) this.#fail('broken JSON: expected "," or "]" after an item');
      this.#space();
    }
  }

  #string(): string {
    const quoted = this.#match(TEXT);
    if (quoted === undefined) this.#fail('broken JSON: a text is not closed or holds a forbidden character');
    return quoted.includes('\\') ? (JSON.parse(quoted) as string) : quoted.slice(1, -1);
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text);
    if (match === null) return undefined;
    this.#at = pattern.lastIndex;
    return match[0];
  }

  #space(): void {
    SPACE.lastIndex = this.#at;
    SPACE.exec(this.#text);
    this.#at = SPACE.lastIndex;
  }

  #take(letter: string): boolean {
    if (this.#text[this.#at] !== letter) return false;
    this.#at++;
    return true;
  }

  #fail(message: string): never {
    const ended = this.#at >= this.#text.length ? ', found the end of the text' : '';
    throw new JsonBroken(this.#at, `${message}${ended}`);
  }
}
