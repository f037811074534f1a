/** How each kind of bad news is told, and the exit code it gives. */
import { AssertionFailure } from '../base/assert.ts';
import { InputError, formatProblem } from '../base/input-error.ts';
import type { Problem } from '../base/input-error.ts';
import { messageLine } from '../base/visible-text.ts';
import { systemCode, systemReason } from '../io/system-errors.ts';
import { paintFor } from '../report/table.ts';
import type { CommandContext } from './command.ts';
import { EXIT_FAILURE, EXIT_USAGE } from './command.ts';

/** Something outside failed while we ran: a full disk, a user's plugin that throws. Not the input's fault, nor ours. */
export class RuntimeFailure extends Error {
  override readonly name = 'RuntimeFailure';
}

/** Prints the error and returns the exit code. */
export function tellFailure(error: unknown, context: CommandContext): number {
  if (error instanceof InputError) {
    for (const problem of error.problems) tellProblem(problem, context);
    return EXIT_USAGE;
  }
  const { terminal, version, seed } = context;
  const label = paintFor(terminal.hasColor('err')).bad('error:');
  const outside = outsideReason(error);
  if (outside !== null) {
    terminal.err(`${label} ${messageLine(outside)}\n`);
    return EXIT_FAILURE;
  }
  const kind = error instanceof AssertionFailure ? 'an internal check failed' : 'an unexpected error';
  const message = error instanceof Error ? error.message : String(error);
  terminal.err(`${label} ${kind}: ${messageLine(message)}\n`);
  terminal.err(
    'This is a bug in Podyard. Please report it with the scenario, version ' +
      `${version}${seed === null ? '' : `, seed ${JSON.stringify(seed)}`} and these lines:\n`,
  );
  terminal.err(`${error instanceof Error && error.stack !== undefined ? error.stack : message}\n`);
  return EXIT_FAILURE;
}

/** Names of errors that somebody outside is to be told of as they are. */
const OUTSIDE_ERRORS: readonly string[] = ['RuntimeFailure', 'OutputError', 'PluginFailure'];

/** What failed outside this program, in words; null: the fault is ours. */
function outsideReason(error: unknown): string | null {
  if (!(error instanceof Error)) return null;
  if (OUTSIDE_ERRORS.includes(error.name)) return error.message;
  const code = systemCode(error);
  if (code === undefined) return null;
  const { path, syscall } = error as NodeJS.ErrnoException;
  return `${path ?? syscall ?? 'the system'}: ${systemReason(code)}`;
}

export function tellProblem(problem: Problem, { terminal }: CommandContext): void {
  terminal.err(`${paintFor(terminal.hasColor('err')).bad('error:')} ${messageLine(formatProblem(problem))}\n`);
}

export function tellWarnings(warnings: readonly (Problem | string)[], { terminal }: CommandContext): void {
  const label = paintFor(terminal.hasColor('err')).warn('warning:');
  for (const warning of warnings)
    terminal.err(`${label} ${messageLine(typeof warning === 'string' ? warning : formatProblem(warning))}\n`);
}
