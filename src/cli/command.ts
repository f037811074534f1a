/** What a command consists of. Its file is loaded at every start: whatever weighs anything is imported when it runs. */
import type { GivenOptions, OptionTable } from './options.ts';
import type { Terminal } from './terminal.ts';

export interface CommandContext {
  readonly terminal: Terminal;
  readonly version: string;
  /** All of them, for those that speak of the others. */
  readonly commands: readonly Command[];
  /** Set as soon as it is known: stands in the message of an internal error. */
  seed: string | null;
}

export interface Positional {
  readonly name: string;
  readonly describe: string;
}

export interface Command {
  /** As yargs spells it: `run <scenario>`, `validate <scenarios..>`. */
  readonly usage: string;
  /** One line for the list of commands. */
  readonly summary: string;
  readonly positionals: readonly Positional[];
  readonly options: OptionTable;
  /** Command lines with what they do. */
  readonly examples: readonly (readonly [string, string])[];
  /** Commands below this one; then `run` is not called. */
  readonly subcommands?: readonly Command[];
  /** The exit code. */
  run(given: GivenOptions, context: CommandContext): Promise<number>;
}

/** A command line that was read. */
export interface Invocation {
  readonly command: Command;
  readonly given: GivenOptions;
}

export const EXIT_OK = 0;
/** An internal error, a failure of the machine, or recorded decisions that differ. */
export const EXIT_FAILURE = 1;
/** A wrong command line or a wrong file. */
export const EXIT_USAGE = 2;
/** What was asked about does not fit. */
export const EXIT_NO_FIT = 3;
/** A limit is broken: of compare or rehearse, or a threshold of the scenario. k6's code for it. */
export const EXIT_LIMIT = 99;

export function exitCodeOf(signal: 'SIGINT' | 'SIGTERM'): number {
  return signal === 'SIGINT' ? 130 : 143;
}
