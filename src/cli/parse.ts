/**
 * From words to a command with its values, by yargs; what a wrong command line is told. Loaded for what plain-words.ts
 * does not know, wrong lines above all.
 */
import yargs from 'yargs';
import type { Argv, Options } from 'yargs';
import { InputError, nearestName } from '../base/input-error.ts';
import type { Problem } from '../base/input-error.ts';
import type { Command, Invocation } from './command.ts';
import { ANSWERED, EVERYWHERE, nameOf, tableOf, usageOf } from './command-paths.ts';
import type { CommandPath } from './command-paths.ts';
import { COMMANDS, commandOf, commandWords, readNames } from './commands.ts';
import { GivenOptions } from './options.ts';
import type { OptionSpec, OptionTable } from './options.ts';

/** Throws an InputError with every mistake. Runs nothing. */
export function parseCommandLine(words: readonly string[]): Invocation {
  const found: { invocation: Invocation | null } = { invocation: null };
  const program = yargs([...words])
    .scriptName('podyard')
    .locale('en')
    .parserConfiguration({
      'boolean-negation': false, 'camel-case-expansion': false, 'dot-notation': false, 'greedy-arrays': false,
      'parse-numbers': false, 'parse-positional-numbers': false,
    })
    .options(yargsOptions(EVERYWHERE))
    // Both are answered before, and from our own tables: yargs would lay out its help in every run, unseen.
    .version(false)
    .help(false)
    .demandCommand(1, 'expected a command; podyard --help lists them')
    .recommendCommands()
    .strict()
    .exitProcess(false)
    .fail((message: string | null, error: Error | undefined) => {
      if (error !== undefined && error !== null && error.name !== 'YError') throw error;
      throw new InputError(usageProblems(message ?? error?.message ?? '', words));
    });
  for (const command of COMMANDS) {
    addCommand(
      program,
      command,
      (invocation) => {
        found.invocation = invocation;
      },
      words,
    );
  }
  program.parseSync();
  if (found.invocation === null) throw new InputError({ message: 'expected a command; podyard --help lists them' });
  return found.invocation;
}

function addCommand(
  program: Argv,
  command: Command,
  onFound: (found: Invocation) => void,
  words: readonly string[],
): void {
  const table: OptionTable = { ...command.options, ...EVERYWHERE };
  program.command(
    command.usage,
    false,
    (own: Argv) => {
      for (const { name } of command.positionals) own.positional(name, { type: 'string' });
      own.options(yargsOptions(command.options));
      for (const below of command.subcommands ?? []) addCommand(own, below, onFound, words);
      if (command.subcommands !== undefined) {
        own.demandCommand(1, `expected one of: ${command.subcommands.map(nameOf).join(', ')}`);
      }
      return own;
    },
    (argv: Readonly<Record<string, unknown>>) => {
      if (command.subcommands !== undefined) return;
      const repeated = repeatedFlags(table, words);
      if (repeated.length > 0) throw new InputError(repeated);
      onFound({ command, given: new GivenOptions(argv, table) });
    },
  );
}

/** yargs says no more of a repeated flag than that it is there. */
function repeatedFlags(table: OptionTable, words: readonly string[]): Problem[] {
  return Object.entries(table).flatMap(([name, { kind, alias }]) => {
    if (kind !== 'flag') return [];
    const count = words.filter((word) => word === `--${name}` || (alias !== undefined && word === `-${alias}`)).length;
    return count > 1 ? [{ message: `--${name} is given ${String(count)} times, expected once` }] : [];
  });
}

function yargsOptions(table: OptionTable): Record<string, Options> {
  return Object.fromEntries(Object.entries(table).map(([name, spec]) => [name, yargsOption(spec)]));
}

function yargsOption({ kind, alias, choices, required }: OptionSpec): Options {
  return {
    hidden: true,
    // Numbers are read as text: options.ts checks them.
    type: kind === 'flag' ? 'boolean' : kind === 'list' ? 'array' : 'string',
    ...(kind === 'list' ? { string: true } : {}),
    ...(kind === 'flag' ? {} : { requiresArg: true }),
    ...(alias === undefined ? {} : { alias }),
    ...(choices === undefined ? {} : { choices }),
    ...(required === true ? { demandOption: true } : {}),
  };
}

/** yargs' sentences in our form: one line per mistake, with the nearest known name. */
function usageProblems(message: string, words: readonly string[]): Problem[] {
  const unknown = /^Unknown arguments?: (.*)$/s.exec(message);
  if (unknown !== null) return unknown[1].split(', ').map((name) => unknownProblem(name, words));
  const command = /^Unknown command: (.*)$/s.exec(message);
  if (command !== null) return [unknownProblem(command[1], words)];
  const didYouMean = /^Did you mean (.*)\?$/s.exec(message);
  if (didYouMean !== null) return [didYouMeanProblem(words, didYouMean[1])];
  const missing = /^Missing required arguments?: (.*)$/s.exec(message);
  if (missing !== null) return missing[1].split(', ').map((name) => ({ message: `--${name} is missing` }));
  const bare = /^Not enough arguments following: (.*)$/s.exec(message);
  if (bare !== null) return [{ message: `--${bare[1]} has no value` }];
  if (message.startsWith('Not enough non-option arguments')) {
    return [{ message: `an argument is missing: ${usageFor(words)}` }];
  }
  const invalid = [...message.matchAll(/Argument: (\S+), Given: (.*), Choices: (.*)/g)];
  if (invalid.length > 0) return invalid.map(([, name, given, choices]) => choiceProblem(name, given, choices));
  return [{ message: message.replace(/\s+/g, ' ').trim() }];
}

/**
 * Of the first word that names no command where one is due. Yargs counts no exchanged letters: its word is for
 * subcommands.
 */
function didYouMeanProblem(words: readonly string[], guess: string): Problem {
  const { names, path } = readNames(words);
  const name = names[path.length] ?? '';
  return path.length === 0 ? noCommand(name) : noCommand(name, guess);
}

function choiceProblem(name: string, given: string, choices: string): Problem {
  const known = choices.split(', ').map((choice) => choice.replace(/^"|"$/g, ''));
  const message = `--${name}: expected ${known.join(', ')}, found ${given}`;
  return { message, suggestion: nearestName(given.replace(/^"|"$/g, ''), known) };
}

function unknownProblem(name: string, words: readonly string[]): Problem {
  const isShort = name.length === 1;
  const isGiven = words.some(
    (word) =>
      word === `--${name}` ||
      word.startsWith(`--${name}=`) ||
      (isShort && /^-[a-zA-Z]/.test(word) && word.includes(name)),
  );
  const path = commandOf(words);
  if (!isGiven) {
    return path.length === 0 ? noCommand(name) : { message: `unexpected argument ${name}: ${usageFor(words)}` };
  }
  const near = nearestName(name, [...Object.keys(tableOf(path)), ...Object.keys(ANSWERED)]);
  return {
    message: `there is no option ${isShort ? '-' : '--'}${name}`,
    suggestion: near === undefined ? undefined : `--${near}`,
  };
}

/** `suggestion`: yargs' own, when it has one. */
function noCommand(name: string, suggestion = nearestName(name, commandWords())): Problem {
  return { message: `there is no command ${name}`, suggestion };
}

function usageFor(words: readonly string[]): string {
  const path: CommandPath = commandOf(words);
  return path.length === 0 ? 'podyard --help' : `podyard ${usageOf(path)}`;
}
