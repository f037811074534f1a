/**
 * The user's mistakes. One InputError carries *all* problems found in one reading, each with its place, what was
 * expected and what was found, so that a file can be mended in one go. Printing and exit codes live in `cli/`.
 */

/**
 * Where a problem stands. Lines and columns count from 1; `path` is the place inside the document (`nodes[0].count`).
 */
export interface SourcePlace {
  readonly file?: string | undefined;
  readonly line?: number | undefined;
  readonly column?: number | undefined;
  readonly path?: string | undefined;
}

export interface Problem extends SourcePlace {
  /** One sentence without a final full stop: what is wrong, what was expected, what was found. */
  readonly message: string;
  /** The nearest known name, when the mistake looks like a misspelling. */
  readonly suggestion?: string | undefined;
}

export class InputError extends Error {
  override readonly name = 'InputError';
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[] | Problem) {
    const list: readonly Problem[] = Array.isArray(problems) ? (problems as readonly Problem[]) : [problems as Problem];
    super(list.map(formatProblem).join('\n'));
    this.problems = list;
  }
}

/** `file:line:column: message — did you mean "x"? [path]`; parts that are not known are left out. */
export function formatProblem(problem: Problem): string {
  const position = [problem.line, problem.column].filter((part) => part !== undefined);
  const place = [problem.file, ...position].filter((part) => part !== undefined).join(':');
  const suggestion = problem.suggestion === undefined ? '' : ` — did you mean "${problem.suggestion}"?`;
  const path = problem.path === undefined || problem.path === '' ? '' : ` [${problem.path}]`;
  return `${place === '' ? '' : `${place}: `}${problem.message}${suggestion}${path}`;
}

/**
 * The known name nearest to `name` by edit distance, or undefined when none is near (more than a third of its letters
 * differ).
 */
export function nearestName(name: string, known: Iterable<string>): string | undefined {
  let best: string | undefined;
  let bestDistance = Infinity;
  for (const candidate of known) {
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  const limit = Math.max(1, Math.floor(Math.max(name.length, best?.length ?? 0) / 3));
  return best !== undefined && bestDistance <= limit ? best : undefined;
}

/** Damerau-Levenshtein distance with adjacent transpositions: `cuont` is one step from `count`. */
export function editDistance(a: string, b: string): number {
  let beforePrevious: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = previous[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1);
      let cost = Math.min(previous[j] + 1, current[j - 1] + 1, substitution);
      const transposed = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (transposed) cost = Math.min(cost, beforePrevious[j - 2] + 1);
      current.push(cost);
    }
    beforePrevious = previous;
    previous = current;
  }
  return previous[b.length];
}
