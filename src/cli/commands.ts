/** All commands, and which of them a command line names. */
import type { Command } from './command.ts';
import { COMPARE } from './compare.ts';
import { COMPLETION } from './completion.ts';
import { CONFORMANCE } from './conformance.ts';
import { INIT } from './init.ts';
import type { OptionSpec, OptionTable } from './options.ts';
import { PERF } from './perf.ts';
import { PLUGINS } from './plugins.ts';
import { REPLAY } from './replay.ts';
import { RUN } from './run.ts';
import { SCHEMA } from './schema.ts';
import { VALIDATE } from './validate.ts';

export const COMMANDS: readonly Command[] = [
  RUN, REPLAY, COMPARE, VALIDATE, INIT, PLUGINS, CONFORMANCE, PERF, SCHEMA, COMPLETION,
];

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

/** `replay csv <file>`. */
export function usageOf(path: CommandPath): string {
  const command = path.at(-1);
  if (command === undefined) return '<command>';
  const below = command.subcommands === undefined ? '' : ` <${command.subcommands.map(nameOf).join('|')}>`;
  return `${path.slice(0, -1).map((above) => `${nameOf(above)} `).join('')}${command.usage}${below}`;
}

/** Every word that stands for a command: for messages and completion. */
export function commandWords(): string[] {
  return [...COMMANDS.map(nameOf), ...Object.keys(SPOKEN).map((usage) => usage.split(' ')[0])];
}

/** The command that the words name, as deep as they go. */
export function commandOf(words: readonly string[]): CommandPath {
  return readNames(words).path;
}

/** Words up to `--` that are neither options nor their values, and the command that the first of them name. */
export function readNames(words: readonly string[]): { readonly names: readonly string[]; readonly path: CommandPath } {
  const names: string[] = [];
  const path: Command[] = [];
  let known: readonly Command[] = COMMANDS;
  for (let i = 0; i < words.length && words[i] !== '--'; i++) {
    const word = words[i];
    if (isOption(word)) {
      const spec = specOf(word, tableOf(path));
      if (spec !== undefined && spec.kind !== 'flag' && !word.includes('=')) i++;
      continue;
    }
    names.push(word);
    const command = known.find((candidate) => nameOf(candidate) === word);
    if (command !== undefined) path.push(command);
    known = command?.subcommands ?? [];
  }
  return { names, path };
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
