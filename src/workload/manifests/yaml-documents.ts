/**
 * YAML 1.2 documents to plain values by the `yaml` package's syntax tree. The conversion is ours: anchors resolve to
 * shared values, their expansion is bounded, cycles and duplicate keys are refused, merge keys (`<<`) work as in
 * kubectl, and plain words that YAML 1.1 readers take for something else are warned of.
 */
import type { Alias, Document, Pair, ParsedNode, Scalar, YAMLMap } from 'yaml';
import { LineCounter, isAlias, isMap, isScalar, isSeq, parseAllDocuments } from 'yaml';
import type { Problem } from '../../base/input-error.ts';
import { MAX_DEPTH } from './json-documents.ts';
import { indentQuotedLines } from './quoted-continuation.ts';
import type { DocumentsRead, LineColumn, SourceDocument } from './source-document.ts';
import type { EntryPart } from '../../base/structure.ts';
import { LineIndex } from './source-document.ts';
import type { PathStep } from '../../base/source-path.ts';
import { quoteShort } from '../../base/source-path.ts';

/** Values that aliases may add to what is written out; beyond it a file is taken for a bomb. */
export const MAX_ALIAS_VALUES = 1_000_000;

/** Far beyond MAX_DEPTH, and found before the parser spends seconds on a file of brackets. */
const MOST_OPEN_BRACKETS = 1000;
/** Brackets that open one behind another. Each is looked at once, however long the text is. */
const OPEN_BRACKETS = /[[{](?:[ \t\r\n]*[[{])+/g;

type AnyNode = ParsedNode | Alias | null | undefined;

/** One `---` part of a file: its text and how many lines stand before it. */
export interface YamlPart {
  readonly text: string;
  readonly firstLine: number;
}

/** Where the strict parser refuses a text, quoted text that goes on at its key's indentation is given a second look. */
export function readYamlPart(part: YamlPart, file: string): DocumentsRead {
  const strict = parseYamlPart(part, file);
  if (strict.problems.length === 0) return strict;
  const indented = indentQuotedLines(part.text);
  const lenient = indented === undefined ? strict : parseYamlPart({ ...part, text: indented }, file);
  return lenient.problems.length === 0 ? lenient : strict;
}

function parseYamlPart(part: YamlPart, file: string): DocumentsRead {
  const documents: SourceDocument[] = [];
  const problems: Problem[] = [];
  const warnings: Problem[] = [];
  const nesting = deepNestingIn(part.text);
  if (nesting >= 0) {
    const { line, column } = new LineIndex(part.text).at(nesting, part.firstLine);
    return {
      documents,
      problems: [{ file, line, column, message: `nested more than ${MAX_DEPTH} levels deep` }],
      warnings,
    };
  }
  const counter = new LineCounter();
  let parsed: readonly Document.Parsed[];
  try {
    parsed = parseAllDocuments(part.text, {
      lineCounter: counter,
      prettyErrors: false,
      uniqueKeys: false,
      logLevel: 'silent',
    }) as Document.Parsed[];
  } catch (error) {
    return {
      documents,
      problems: [{ file, line: part.firstLine + 1, column: 1, message: parserFailure(error) }],
      warnings,
    };
  }
  const place = (offset: number): LineColumn => {
    const { line, col } = counter.linePos(offset);
    return { line: part.firstLine + Math.max(1, line), column: Math.max(1, col) };
  };
  for (const document of parsed) {
    const [broken] = document.errors;
    if (broken !== undefined) {
      problems.push({ file, ...place(broken.pos[0]), message: syntaxMessage(broken.code, broken.message) });
      continue;
    }
    for (const warning of document.warnings)
      warnings.push({ file, ...place(warning.pos[0]), message: warning.message });
    const conversion = new Conversion();
    const value = conversion.convert(document.contents, 0);
    for (const finding of conversion.problems)
      problems.push({ file, ...place(finding.offset), message: finding.message });
    for (const finding of conversion.warnings)
      warnings.push({ file, ...place(finding.offset), message: finding.message });
    if (conversion.problems.length > 0) continue;
    const contents = document.contents as AnyNode;
    const duplicates = conversion.duplicates.map(({ offset, message }) => ({ file, ...place(offset), message }));
    documents.push({
      file,
      value,
      ...(duplicates.length === 0 ? {} : { duplicates }),
      locate: (steps, which) => place(locateNode(contents, conversion.anchors, steps, which)),
    });
  }
  return { documents, problems, warnings };
}

/** Offset of so many open brackets that they would cost the parser seconds; -1: there are none. */
function deepNestingIn(text: string): number {
  for (const { 0: run, index } of text.matchAll(OPEN_BRACKETS)) {
    if (run.length >= MOST_OPEN_BRACKETS && run.replace(/[^[{]/g, '').length >= MOST_OPEN_BRACKETS) return index;
  }
  return -1;
}

function parserFailure(error: unknown): string {
  return error instanceof RangeError
    ? `nested more than ${MAX_DEPTH} levels deep`
    : `broken YAML: ${error instanceof Error ? error.message : String(error)}`;
}

const SYNTAX_MESSAGES: Readonly<Record<string, string>> = {
  TAB_AS_INDENT: 'broken YAML: a tab stands where spaces must indent',
  BAD_INDENT: 'broken YAML: wrong indentation, or a bracket that is not closed',
  MISSING_CHAR: 'broken YAML: a quote, bracket or colon is missing',
  BLOCK_AS_IMPLICIT_KEY:
    'broken YAML: a key inside a value: a second ": " on the line (quote the text), or the line below is indented ' +
      'too far',
};

function syntaxMessage(code: string, message: string): string {
  // The parser tells of its own exhausted stack as of a mistake in the text.
  if (message.includes('call stack')) return `nested more than ${MAX_DEPTH} levels deep`;
  return SYNTAX_MESSAGES[code] ?? `broken YAML: ${message}`;
}

interface OffsetFinding {
  readonly offset: number;
  readonly message: string;
}

interface Anchored {
  readonly node: AnyNode;
  /** Values below it, aliases expanded; -1 while it is being converted. */
  size: number;
  value: unknown;
}

class Conversion {
  readonly problems: OffsetFinding[] = [];
  readonly warnings: OffsetFinding[] = [];
  readonly duplicates: OffsetFinding[] = [];
  /** Alias node to what it stands for. */
  readonly anchors = new Map<Alias, AnyNode>();
  readonly #byName = new Map<string, Anchored>();
  #size = 0;
  #aliasValues = 0;

  convert(node: AnyNode, depth: number): unknown {
    if (node === null || node === undefined) return null;
    this.#size++;
    if (isAlias(node)) return this.#alias(node);
    const name = (node as { anchor?: string }).anchor;
    if (name === undefined) return this.#content(node, depth);
    const anchored: Anchored = { node, size: -1, value: undefined };
    this.#byName.set(name, anchored);
    const before = this.#size;
    anchored.value = this.#content(node, depth);
    anchored.size = this.#size - before + 1;
    return anchored.value;
  }

  #alias(node: Alias): unknown {
    const offset = node.range?.[0] ?? 0;
    const target = this.#byName.get(node.source);
    if (target === undefined)
      return this.#refuse(offset, `the alias *${node.source} has no anchor &${node.source} before it`);
    if (target.size < 0) return this.#refuse(offset, `the alias *${node.source} stands inside its own anchor: a cycle`);
    this.anchors.set(node, target.node);
    this.#size += target.size;
    const before = this.#aliasValues;
    this.#aliasValues += target.size;
    if (before <= MAX_ALIAS_VALUES && this.#aliasValues > MAX_ALIAS_VALUES) {
      this.#refuse(offset, `aliases expand to more than ${MAX_ALIAS_VALUES} values`);
    }
    return target.value;
  }

  #content(node: ParsedNode, depth: number): unknown {
    if (depth > MAX_DEPTH) return this.#refuse(node.range[0], `nested more than ${MAX_DEPTH} levels deep`);
    if (isMap(node)) return this.#map(node, depth);
    if (isSeq(node)) return (node).items.map((item) => this.convert(item as AnyNode, depth + 1));
    if (isScalar(node)) return this.#scalar(node);
    return this.#refuse((node as ParsedNode).range[0], 'unexpected YAML node');
  }

  #scalar(node: Scalar.Parsed): unknown {
    const { value, source } = node;
    if (node.type === 'PLAIN') {
      const offset = node.range[0];
      if (typeof value === 'string' && /^(?:yes|no|on|off)$/i.test(value)) {
        this.warnings.push({
          offset,
          message: `plain ${value} is a text here, but a boolean for kubectl (YAML 1.1): write true or false, or ` +
            'quote it',
        });
      } else if (typeof value === 'number' && /^[-+]?0[0-9]+$/.test(source)) {
        this.warnings.push({
          offset,
          message: `${source} is ${value} here, but octal for kubectl (YAML 1.1): drop the leading zero, or quote it`,
        });
      }
    }
    if (typeof value === 'object' && value !== null)
      return this.#refuse(node.range[0], 'expected a text, number, boolean or null');
    return value;
  }

  #map(node: YAMLMap.Parsed, depth: number): Record<string, unknown> {
    const entries: Record<string, unknown> = {};
    const seen = new Set<string>();
    const merged: unknown[] = [];
    for (const pair of node.items as Pair<AnyNode, AnyNode>[]) {
      const keyNode = pair.key;
      const offset = keyNode?.range?.[0] ?? node.range[0];
      const key = keyText(keyNode);
      if (key === undefined) {
        this.#refuse(offset, 'expected a plain key before the colon');
        continue;
      }
      if (seen.has(key)) this.duplicates.push({ offset, message: `duplicate key ${quoteShort(key)}` });
      seen.add(key);
      if (key === '__proto__') this.#refuse(offset, 'the key "__proto__" is not allowed');
      else if (key === '<<' && (keyNode as Scalar).type === 'PLAIN')
        this.#collectMerge(pair.value, merged, offset, depth);
      else entries[key] = this.convert(pair.value, depth + 1);
    }
    for (const source of merged)
      for (const [key, value] of Object.entries(source as object))
        if (!Object.hasOwn(entries, key)) entries[key] = value;
    return entries;
  }

  #collectMerge(node: AnyNode, merged: unknown[], offset: number, depth: number): void {
    const value = this.convert(node, depth + 1);
    const sources = Array.isArray(value) ? (value as unknown[]) : [value];
    for (const source of sources) {
      if (typeof source === 'object' && source !== null && !Array.isArray(source)) merged.push(source);
      else if (this.problems.length === 0)
        this.#refuse(offset, 'expected a mapping, or a list of mappings, to merge with "<<"');
    }
  }

  #refuse(offset: number, message: string): undefined {
    this.problems.push({ offset, message });
    return undefined;
  }
}

/** Keys are texts; plain numbers and booleans stand for their printed form, as in JSON. */
function keyText(node: AnyNode): string | undefined {
  if (!isScalar(node)) return undefined;
  const { value } = node;
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? String(value)
    : undefined;
}

function locateNode(
  root: AnyNode, anchors: ReadonlyMap<Alias, AnyNode>, steps: readonly PathStep[], part: EntryPart,
): number {
  let node = root;
  let offset = node?.range?.[0] ?? 0;
  for (const [index, step] of steps.entries()) {
    if (isAlias(node)) node = anchors.get(node);
    if (isMap(node)) {
      const pair = (node.items as Pair<AnyNode, AnyNode>[]).find((item) => keyText(item.key) === step);
      if (pair === undefined) return offset;
      const keyOffset = pair.key?.range?.[0] ?? offset;
      if (part === 'key' && index === steps.length - 1) return keyOffset;
      node = pair.value;
      offset = node?.range?.[0] ?? keyOffset;
    } else if (isSeq(node) && typeof step === 'number' && step < node.items.length) {
      node = node.items[step];
      offset = node?.range?.[0] ?? offset;
    } else return offset;
  }
  return offset;
}
