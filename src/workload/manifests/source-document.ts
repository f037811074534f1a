/** One YAML or JSON document as plain values, with the way back from a path to a line and a column. */
import type { Problem } from '../../base/input-error.ts';
import type { PathStep } from '../../base/source-path.ts';
import type { EntryPart, Finding } from '../../base/structure.ts';
import { formatPath, stepsOf } from '../../base/source-path.ts';

export interface LineColumn {
  readonly line: number;
  readonly column: number;
}

export interface SourceDocument {
  readonly file: string;
  /**
   * Plain values: objects, arrays, texts, numbers, booleans, null. Aliased parts are shared, never copied, never
   * cyclic.
   */
  readonly value: unknown;
  /** Keys that stand twice in one mapping; the last value is the one in `value`. Absent: none. */
  readonly duplicates?: readonly Problem[];
  /** Position of the deepest part of `steps` that exists. Costs a second parse on first use for large files. */
  locate(steps: readonly PathStep[], part: EntryPart): LineColumn | undefined;
}

/** What one text holds. A document with problems of its own (broken syntax) is not among `documents`. */
export interface DocumentsRead {
  readonly documents: SourceDocument[];
  readonly problems: Problem[];
  readonly warnings: Problem[];
}

/** More problems than this in one document are counted, not placed: the first ones tell the story. */
export const MAX_PLACED_FINDINGS = 200;

/** Findings with file, line, column and printed path. `prefix` stands before the path (`items[3]`). */
export function placeFindings(
  document: SourceDocument,
  findings: readonly Finding[],
  prefix: readonly PathStep[] = [],
): Problem[] {
  const problems: Problem[] = findings.slice(0, MAX_PLACED_FINDINGS).map((finding) => {
    const steps = [...prefix, ...stepsOf(finding.path)];
    return {
      file: document.file,
      ...document.locate(steps, finding.part),
      path: formatPath(steps),
      message: finding.message,
      ...(finding.suggestion === undefined ? {} : { suggestion: finding.suggestion }),
    };
  });
  const rest = findings.length - problems.length;
  if (rest > 0) problems.push({ file: document.file, message: `and ${rest} more of this kind` });
  return problems;
}

/** Numbers lines of a text: built once, then a binary search for each offset. */
export class LineIndex {
  readonly #starts: number[] = [0];

  constructor(text: string) {
    for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) this.#starts.push(at + 1);
  }

  at(offset: number, firstLine = 0): LineColumn {
    let low = 0;
    let high = this.#starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#starts[middle] <= offset) low = middle;
      else high = middle - 1;
    }
    return { line: firstLine + low + 1, column: offset - this.#starts[low] + 1 };
  }
}

/** Where the parts of a document stand, by offset; made only when a problem must be placed. */
export interface PlacedNode {
  readonly offset: number;
  readonly entries: ReadonlyMap<PathStep, PlacedEntry> | null;
}

export interface PlacedEntry {
  readonly keyOffset: number;
  readonly node: PlacedNode;
}

export function offsetIn(root: PlacedNode, steps: readonly PathStep[], part: EntryPart): number {
  let node = root;
  for (const [index, step] of steps.entries()) {
    const entry = node.entries?.get(step);
    if (entry === undefined) return node.offset;
    if (part === 'key' && index === steps.length - 1) return entry.keyOffset;
    node = entry.node;
  }
  return node.offset;
}
