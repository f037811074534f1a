/** What belongs to commands alike: options of every command, a command with those above it, words that are options. */
import type { Command } from './command.ts';
import type { OptionSpec, OptionTable } from './options.ts';

/** Words that are commands, though nothing runs: they print help and the version, as `--help` and `--version` do. */
export const SPOKEN: Readonly<Record<string, string>> = {
  'help [command]': 'Show help, of a command when one is named',
  version: 'Print the version',
};

/** Options of every command. */
export const EVERYWHERE: OptionTable = {
  color: {
    kind: 'text', choices: ['auto', 'always', 'never'], fallback: 'auto',
    describe: 'Colour; NO_COLOR and FORCE_COLOR count, too',
  },
  'no-color': { kind: 'flag', describe: 'The same as --color never' },
};

/** Options that no command gets to see: the program answers them itself. */
export const ANSWERED: OptionTable = {
  help: { kind: 'flag', alias: 'h', describe: 'Show this help' },
  version: { kind: 'flag', describe: 'Print the version' },
};

/** A command with those above it: `[replay, csv]`. */
export type CommandPath = readonly Command[];

export function nameOf({ usage }: Command): string {
  const space = usage.indexOf(' ');
  return space === -1 ? usage : usage.slice(0, space);
}

/** `replay csv`. */
export function fullName(path: CommandPath): string {
  return path.map(nameOf).join(' ');
}

export function tableOf(path: CommandPath): OptionTable {
  return { ...path.at(-1)?.options, ...EVERYWHERE };
}

/** So many names of subcommands stand in a line of usage. */
const MOST_NAMED = 5;

/** `replay csv <file>`. */
export function usageOf(path: CommandPath): string {
  const command = path.at(-1);
  if (command === undefined) return '<command>';
  const names = (command.subcommands ?? []).map(nameOf);
  // Many stand in a list of their own below.
  const below = names.length === 0 ? '' : ` <${names.length > MOST_NAMED ? 'command' : names.join('|')}>`;
  return `${path.slice(0, -1).map((above) => `${nameOf(above)} `).join('')}${command.usage}${below}`;
}

/** `-3` is a number, `-` is standard input. */
export function isOption(word: string): boolean {
  return /^-[^\d.]/.test(word);
}

/** What `--name`, `--name=value` or `-n` stands for. */
export function specOf(word: string, table: OptionTable): OptionSpec | undefined {
  const name = /^--?([^=]*)/.exec(word)?.[1] ?? '';
  if (word.startsWith('--')) return Object.hasOwn(table, name) ? table[name] : undefined;
  return Object.values(table).find(({ alias }) => alias === name);
}
