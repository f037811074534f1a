/** The whole command line: commands, their options, help, and what a wrong one is told. */
import yargs from 'yargs';
import type { Argv, Options } from 'yargs';
import { InputError, nearestName } from '../base/input-error.ts';
import type { Problem } from '../base/input-error.ts';
import type { Command, CommandContext } from './command.ts';
import { EXIT_OK } from './command.ts';
import { COMPARE } from './compare.ts';
import { CONFORMANCE } from './conformance.ts';
import { tellFailure } from './failures.ts';
import { INIT } from './init.ts';
import { GivenOptions, preparedWords } from './options.ts';
import type { OptionSpec, OptionTable } from './options.ts';
import { PERF } from './perf.ts';
import { PLUGINS } from './plugins.ts';
import { REPLAY } from './replay.ts';
import { RUN } from './run.ts';
import { SCHEMA } from './schema.ts';
import type { ColorChoice, Terminal } from './terminal.ts';
import { TRACE } from './trace.ts';
import { VALIDATE } from './validate.ts';
import { packageVersion } from './version.ts';

const COMMANDS: readonly Command[] = [RUN, REPLAY, TRACE, COMPARE, VALIDATE, INIT, PLUGINS, CONFORMANCE, PERF, SCHEMA];

const EVERYWHERE: OptionTable = {
  color: { kind: 'text', choices: ['auto', 'always', 'never'], fallback: 'auto', describe: 'Colour; NO_COLOR and FORCE_COLOR count, too' },
};

const HELP_WIDTH = 110;

/** Returns the exit code. */
export async function runProgram(args: readonly string[], terminal: Terminal): Promise<number> {
  const context: CommandContext = { terminal, version: packageVersion(), seed: null };
  const outcome = { exitCode: EXIT_OK };
  const words = preparedWords(args);
  try {
    const program = assemble(words, context, outcome);
    if (words.length === 0) {
      terminal.out(`${await program.getHelp()}\n`);
      return EXIT_OK;
    }
    await program.parseAsync();
    return outcome.exitCode;
  } catch (error) {
    return tellFailure(error, context);
  }
}

function assemble(words: readonly string[], context: CommandContext, outcome: { exitCode: number }): Argv {
  const program = yargs([...words])
    .scriptName('podyard')
    .locale('en')
    .usage('$0 <command>\n\nSimulates a Kubernetes cluster, deterministically: same scenario and seed, same digest.')
    .parserConfiguration({
      'boolean-negation': false, 'camel-case-expansion': false, 'dot-notation': false, 'greedy-arrays': false, 'parse-numbers': false, 'parse-positional-numbers': false,
    })
    .options(yargsOptions(EVERYWHERE))
    .version('version', 'Print the version', context.version)
    .help('help', 'Show help')
    .alias('help', 'h')
    .completion('completion', 'Print a script for completion in your shell')
    .wrap(Math.min(HELP_WIDTH, process.stdout.columns ?? HELP_WIDTH))
    .demandCommand(1, 'expected a command; podyard --help lists them')
    .recommendCommands()
    .strict()
    .exitProcess(false)
    .epilogue('Exit codes: 0 done, 1 failure, 2 wrong command line or file, 130 and 143 stopped by a signal.')
    .example('$0 init my-cluster.yaml', 'a scenario to start from')
    .example('$0 run my-cluster.yaml --out out/first', 'run it; tables, CSV and a page with plots')
    .fail((message: string | null, error: Error | undefined) => {
      if (error !== undefined && error !== null && error.name !== 'YError') throw error;
      throw new InputError(usageProblems(message ?? error?.message ?? '', words));
    });
  for (const command of COMMANDS) addCommand(program, command, '', { words, context, outcome });
  return program;
}

interface Invocation {
  readonly words: readonly string[];
  readonly context: CommandContext;
  readonly outcome: { exitCode: number };
}

/** yargs says no more of a repeated flag than that it is there. */
function repeatedFlags(table: OptionTable, words: readonly string[]): Problem[] {
  return Object.entries(table).flatMap(([name, { kind, alias }]) => {
    if (kind !== 'flag') return [];
    const count = words.filter((word) => word === `--${name}` || (alias !== undefined && word === `-${alias}`)).length;
    return count > 1 ? [{ message: `--${name} is given ${String(count)} times, expected once` }] : [];
  });
}

/** `before`: the command that this one belongs to, and a space. */
function addCommand(program: Argv, command: Command, before: string, invocation: Invocation): void {
  const { words, context, outcome } = invocation;
  const table: OptionTable = { ...command.options, ...EVERYWHERE };
  program.command(
    command.usage,
    command.summary,
    (own: Argv) => {
      own.usage(`podyard ${before}${usageOf(command)}\n\n${command.summary}.`);
      for (const { name, describe } of command.positionals) own.positional(name, { describe, type: 'string' });
      own.options(yargsOptions(command.options));
      for (const [line, meaning] of command.examples) own.example(line, meaning);
      for (const below of command.subcommands ?? []) addCommand(own, below, `${before}${nameOf(command)} `, invocation);
      if (command.subcommands !== undefined) own.demandCommand(1, `expected one of: ${command.subcommands.map(nameOf).join(', ')}`);
      return own;
    },
    async (argv: Readonly<Record<string, unknown>>) => {
      if (command.subcommands !== undefined) return;
      const repeated = repeatedFlags(table, words);
      if (repeated.length > 0) throw new InputError(repeated);
      const given = new GivenOptions(argv, table);
      context.terminal.colorChoice = given.text('color') as ColorChoice;
      outcome.exitCode = await command.run(given, context);
    },
  );
}

function usageOf(command: Command): string {
  if (command.subcommands !== undefined) return `${command.usage} <${command.subcommands.map(nameOf).join('|')}>`;
  return `${command.usage}${Object.keys(command.options).length === 0 ? '' : ' [options]'}`;
}

function nameOf(command: Command): string {
  return command.usage.split(' ')[0];
}

function yargsOptions(table: OptionTable): Record<string, Options> {
  return Object.fromEntries(Object.entries(table).map(([name, spec]) => [name, yargsOption(spec)]));
}

function yargsOption(spec: OptionSpec): Options {
  const { kind, describe, alias, choices, fallback, required, hidden } = spec;
  return {
    describe,
    // Numbers are read as text: options.ts checks them.
    type: kind === 'flag' ? 'boolean' : kind === 'list' ? 'array' : 'string',
    ...(kind === 'list' ? { string: true } : {}),
    ...(kind === 'flag' ? {} : { requiresArg: true }),
    ...(alias === undefined ? {} : { alias }),
    ...(choices === undefined ? {} : { choices }),
    ...(fallback === undefined ? {} : { defaultDescription: fallback }),
    ...(required === true ? { demandOption: true } : {}),
    ...(hidden === true ? { hidden: true } : {}),
  };
}

/** yargs' sentences in our form: one line per mistake, with the nearest known name. */
function usageProblems(message: string, words: readonly string[]): Problem[] {
  const unknown = /^Unknown arguments?: (.*)$/s.exec(message);
  if (unknown !== null) return unknown[1].split(', ').map((name) => unknownProblem(name, words));
  const command = /^Unknown command: (.*)$/s.exec(message);
  if (command !== null) return [unknownProblem(command[1], words)];
  const didYouMean = /^Did you mean (.*)\?$/s.exec(message);
  if (didYouMean !== null) return [{ message: `there is no command ${words.find((word) => !word.startsWith('-')) ?? ''}`, suggestion: didYouMean[1] }];
  const missing = /^Missing required arguments?: (.*)$/s.exec(message);
  if (missing !== null) return missing[1].split(', ').map((name) => ({ message: `--${name} is missing` }));
  const bare = /^Not enough arguments following: (.*)$/s.exec(message);
  if (bare !== null) return [{ message: `--${bare[1]} has no value` }];
  if (message.startsWith('Not enough non-option arguments')) return [{ message: `an argument is missing: ${usageFor(words)}` }];
  const invalid = [...message.matchAll(/Argument: (\S+), Given: (.*), Choices: (.*)/g)];
  if (invalid.length > 0) return invalid.map(([, name, given, choices]) => choiceProblem(name, given, choices));
  return [{ message: message.replace(/\s+/g, ' ').trim() }];
}

function choiceProblem(name: string, given: string, choices: string): Problem {
  const known = choices.split(', ').map((choice) => choice.replace(/^"|"$/g, ''));
  const message = `--${name}: expected ${known.join(', ')}, found ${given}`;
  return { message, suggestion: nearestName(given.replace(/^"|"$/g, ''), known) };
}

function unknownProblem(name: string, words: readonly string[]): Problem {
  const isOption = words.some((word) => word === `--${name}` || word.startsWith(`--${name}=`) || (name.length === 1 && /^-[a-zA-Z]/.test(word) && word.includes(name)));
  const command = commandOf(words);
  if (!isOption && command === undefined) return { message: `there is no command ${name}`, suggestion: nearestName(name, [...COMMANDS.map(nameOf), 'completion']) };
  if (!isOption) return { message: `unexpected argument ${name}: ${usageFor(words)}` };
  const options = command === undefined ? EVERYWHERE : { ...command.options, ...EVERYWHERE };
  const near = nearestName(name, [...Object.keys(options), 'help', 'version']);
  return { message: `there is no option ${name.length === 1 ? '-' : '--'}${name}`, suggestion: near === undefined ? undefined : `--${near}` };
}

/** The command that the words name, as deep as they go. */
function commandOf(words: readonly string[]): Command | undefined {
  const names = words.filter((word) => !word.startsWith('-'));
  const command = COMMANDS.find((candidate) => nameOf(candidate) === names[0]);
  return command?.subcommands?.find((candidate) => nameOf(candidate) === names[1]) ?? command;
}

function usageFor(words: readonly string[]): string {
  const command = commandOf(words);
  if (command === undefined) return 'podyard --help';
  const before = COMMANDS.includes(command) ? '' : `${words[0]} `;
  return `podyard ${before}${command.usage}`;
}
