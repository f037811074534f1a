/**
 * Console blocks: lines that start with `$ ` are commands (a trailing backslash goes on), what follows up to the next
 * one is the expected output, standard output and standard error together. A line `...` stands for any lines, `...`
 * inside a line for anything. No expected output: only the exit code is checked.
 */
export interface ConsoleStep {
  readonly command: string;
  readonly expected: string;
}

export function stepsOf(text: string): ConsoleStep[] {
  const steps: { command: string; expected: string[] }[] = [];
  let goesOn = false;
  for (const line of text.split('\n')) {
    const step = steps.at(-1);
    if (goesOn && step !== undefined) step.command += `\n${line}`;
    else if (line.startsWith('$ ')) steps.push({ command: line.slice(2), expected: [] });
    else if (step !== undefined) step.expected.push(line);
    else if (line.trim() !== '') throw new Error(`a console block starts with a line "$ command", found: ${line}`);
    goesOn = (goesOn || line.startsWith('$ ')) && line.endsWith('\\');
  }
  return steps.map(({ command, expected }) => ({ command, expected: expected.join('\n').trim() }));
}

export interface PlainCommand {
  /** Behind `podyard`. */
  readonly words: readonly string[];
  /** The file of a closing `> file`, which takes standard output. */
  readonly target: string | null;
}

/**
 * A command line of `podyard` with which a shell would do nothing but hand over the words, and perhaps write standard
 * output to a file: no other program, no pattern, nothing to expand. Null: this needs a shell.
 */
export function plainCommandOf(command: string): PlainCommand | null {
  const text = command.replace(/\\\n/g, ' ').trim();
  const redirection = / > ([\w-][\w.-]*)$/.exec(text);
  const words = wordsOf(redirection === null ? text : text.slice(0, redirection.index));
  return words?.[0] === 'podyard' ? { words: words.slice(1), target: redirection?.[1] ?? null } : null;
}

function wordsOf(text: string): string[] | null {
  const word = /(?:[\w./:=,+@%^-]|\[[\w.]*\]|'[^'\n]*'|"[^"$`\\\n]*")+/y;
  const words: string[] = [];
  for (let at = 0; at < text.length; at = word.lastIndex) {
    word.lastIndex = at;
    const found = word.exec(text)?.[0];
    if (found === undefined) return null;
    words.push(found.replace(/'([^']*)'|"([^"]*)"/g, (_, single?: string, double?: string) => single ?? double ?? ''));
    while (text[word.lastIndex] === ' ') word.lastIndex++;
  }
  return words;
}

/** Trailing blanks do not count. */
export function outputMatches(expected: string, actual: string): boolean {
  const lines = trimLines(expected).split('\n');
  const pattern = lines
    .map((line, i) => {
      const last = i === lines.length - 1;
      if (line.trim() === '...') return last ? '[^]*' : '(?:.*\\n)*?';
      return `${line.split('...').map(escapePattern).join('.*')}${last ? '' : '\\n'}`;
    })
    .join('');
  // A final `...` may also stand for nothing, not even the line break before it.
  const whole = lines.at(-1)?.trim() === '...' ? pattern.replace(/\\n\[\^\]\*$/, '(?:\\n[^]*)?') : pattern;
  return new RegExp(`^${whole}$`).test(trimLines(actual));
}

function trimLines(text: string): string {
  return text.split('\n').map((line) => line.trimEnd()).join('\n').trim();
}

function escapePattern(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
