/**
 * Places inside a document. Checks pass a linked path down (one small object a level, text only when a problem is
 * found); messages print it as `spec.containers[0].resources`.
 */

export type PathStep = string | number;

/** The way from the root of a document: null is the root itself. */
export interface Path {
  readonly up: Path | null;
  readonly step: PathStep;
}

export function below(up: Path | null, step: PathStep): Path {
  return { up, step };
}

export function stepsOf(path: Path | null): PathStep[] {
  const steps: PathStep[] = [];
  for (let link = path; link !== null; link = link.up) steps.push(link.step);
  return steps.reverse();
}

/** `a.b[0]["odd key"].c`; the empty text for the root. */
export function formatPath(steps: readonly PathStep[]): string {
  let text = '';
  for (const step of steps) {
    if (typeof step === 'number') text += `[${step}]`;
    else if (/^[A-Za-z_$][\w$-]*$/.test(step)) text += text === '' ? step : `.${step}`;
    else text += `[${JSON.stringify(step)}]`;
  }
  return text;
}

/**
 * Reads what `formatPath` writes; `[general]` without quotes is kept as a text (it selects a list item by name).
 * Undefined: not a path.
 */
export function parsePath(text: string): PathStep[] | undefined {
  const steps: PathStep[] = [];
  const part = /(?:^|\.)([^.[\]"]+)|\[(?:(\d{1,9})|("(?:[^"\\]|\\.)*")|([^\]"]+))\]/y;
  while (part.lastIndex < text.length) {
    const match = part.exec(text);
    if (match === null) return undefined;
    const [, name, index, quoted, selected] = match;
    if (index !== undefined) steps.push(Number(index));
    else if (quoted !== undefined) {
      const key = unquote(quoted);
      if (key === undefined) return undefined;
      steps.push(key);
    } else steps.push((name ?? selected));
  }
  return steps.length === 0 ? undefined : steps;
}

function unquote(quoted: string): string | undefined {
  try {
    return JSON.parse(quoted) as string;
  } catch {
    return undefined;
  }
}

/** How a wrong value is shown in a message: short, on one line, with its type where that is the mistake. */
export function describeValue(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  if (typeof value === 'object') return 'a mapping';
  if (typeof value === 'number') return `the number ${String(value)}`;
  if (typeof value === 'boolean') return String(value);
  if (typeof value === 'string') return quoteShort(value);
  return `a ${typeof value}`;
}

export function quoteShort(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 57)}...` : text);
}
