/**
 * The documents of one text, YAML or JSON: cut at `---`, each parsed by the cheapest parser that is right for it.
 * Plain block YAML, as kubectl prints it, takes a parser of our own (about 20 times as fast); whatever that does not
 * know goes to the full one, so the result never depends on the choice.
 */
import { InputError } from '../../base/input-error.ts';
import type { Problem } from '../../base/input-error.ts';
import { parseJson, readJson, readJsonLines } from './json-documents.ts';
import { parsePlainYaml } from './plain-yaml.ts';
import type { DocumentsRead, LineColumn, PlacedNode, SourceDocument } from './source-document.ts';
import { LineIndex, offsetIn } from './source-document.ts';
import type { YamlPart } from './yaml-documents.ts';
import { readYamlPart } from './yaml-documents.ts';

/** Documents without content (a file of comments, two `---` in a row) are left out. A duplicate key is a problem. */
export function readDocuments(text: string, file: string): DocumentsRead {
  const { documents, problems, warnings } = readLenientDocuments(text, file);
  const isClean = ({ duplicates }: SourceDocument): boolean => duplicates === undefined;
  return {
    documents: documents.filter(isClean),
    problems: [...problems, ...documents.flatMap(({ duplicates = [] }) => duplicates)],
    warnings,
  };
}

/** The document of a file that may hold one only, a `what` (scenario, sweep, ...). Throws InputError. */
export function readOnlyDocument(
  text: string,
  file: string,
  what: string,
): { readonly document: SourceDocument; readonly warnings: readonly Problem[] } {
  const { documents, problems, warnings } = readDocuments(text, file);
  if (problems.length > 0) throw new InputError(problems);
  const [document, second] = documents;
  const article = /^[aeiou]/.test(what) ? 'an' : 'a';
  if (document === undefined)
    throw new InputError({ file, message: `expected ${article} ${what}, found an empty file` });
  if (second === undefined) return { document, warnings };
  const message = `expected one ${what} in the file, found a second document`;
  throw new InputError({ file, ...second.locate([], 'value'), message });
}

/** The same, but a document with duplicate keys comes with them. */
export function readLenientDocuments(text: string, file: string): DocumentsRead {
  const content = text.startsWith('\uFEFF') ? text.slice(1) : text;
  const binary = binaryProblem(content, file);
  if (binary !== undefined) return { documents: [], problems: [binary], warnings: [] };
  if (/\.(?:jsonl|ndjson)$/i.test(file)) return readJsonLines(content, file);
  if (/\.json$/i.test(file))
    return looksLikeJsonLines(content) ? readJsonLines(content, file) : readJson(content, file);
  if (/^\s*[[{]/.test(content)) {
    if (looksLikeJsonLines(content)) return readJsonLines(content, file);
    if (parseJson(content) !== undefined) return readJson(content, file);
  }
  return readYaml(content, file);
}

function readYaml(text: string, file: string): DocumentsRead {
  const documents: SourceDocument[] = [];
  const problems: Problem[] = [];
  const warnings: Problem[] = [];
  for (const part of splitYaml(text)) {
    const plain = parsePlainYaml(part.text, false);
    if (plain !== undefined) {
      documents.push(plainDocument(part, file, plain.value));
      continue;
    }
    const read = readYamlPart(part, file);
    documents.push(...read.documents.filter((document) => document.value !== null));
    problems.push(...read.problems);
    warnings.push(...read.warnings);
  }
  return { documents, problems, warnings };
}

function plainDocument(part: YamlPart, file: string, value: unknown): SourceDocument {
  let places: { readonly root: PlacedNode; readonly lines: LineIndex } | undefined;
  return {
    file,
    value,
    locate(steps, which): LineColumn | undefined {
      if (places === undefined) {
        const root = parsePlainYaml(part.text, true)?.root;
        if (root === undefined || root === null) return undefined;
        places = { root, lines: new LineIndex(part.text) };
      }
      return places.lines.at(offsetIn(places.root, steps, which), part.firstLine);
    },
  };
}

/** Parts between document markers. A marker at the start of a line can stand nowhere else in valid YAML. */
export function splitYaml(text: string): YamlPart[] {
  const parts: YamlPart[] = [];
  const marker = /^---(?=[ \t\r\n]|$)/gm;
  let start = 0;
  let firstLine = 0;
  const cut = (end: number): void => {
    const part = text.slice(start, end);
    if (/^%/m.test(part) && end < text.length && !/^[^%#\s]/m.test(part)) return; // directives belong to the document below
    if (!/^(?:---)?\s*$/.test(part)) parts.push({ text: part, firstLine });
    for (let at = part.indexOf('\n'); at !== -1; at = part.indexOf('\n', at + 1)) firstLine++;
    start = end;
  };
  for (let match = marker.exec(text); match !== null; match = marker.exec(text))
    if (match.index > start) cut(match.index);
  cut(text.length);
  return parts;
}

function looksLikeJsonLines(text: string): boolean {
  const trimmed = text.trimStart();
  const end = trimmed.indexOf('\n');
  if (!trimmed.startsWith('{') || end === -1 || trimmed.slice(end).trim() === '') return false;
  return parseJson(trimmed.slice(0, end)) !== undefined;
}

function binaryProblem(text: string, file: string): Problem | undefined {
  if (text.startsWith('\u001f\uFFFD'))
    return { file, message: 'expected a text file, found gzip-compressed data: unpack it first' };
   
  if (/[\u0000-\u0008\u000e-\u001f]/.test(text.slice(0, 4096)) || text.includes('\u0000')) {
    return { file, message: 'expected a text file (UTF-8), found binary data' };
  }
  return undefined;
}
