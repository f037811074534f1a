/**
 * Help, from the same tables that the command line is read by. Written here and not by yargs, so that it costs no more
 * than its text: `podyard --help` loads the tables and this file.
 */
import { ANSWERED, EVERYWHERE, SPOKEN, usageOf } from './command-paths.ts';
import type { CommandPath } from './command-paths.ts';
import { COMMANDS } from './commands.ts';
import type { OptionSpec, OptionTable } from './options.ts';

/** Longer lines are hard to read. */
const MOST_COLUMNS = 110;
/** A term that is longer has its meaning on the next line. */
const MOST_TERM_COLUMNS = 30;
const LEAST_COLUMNS = 40;
/** With less room beside the terms, their meanings stand below them. */
const LEAST_MEANING_COLUMNS = 45;

/** One line of a list: a term and what it means. */
type Entry = readonly [term: string, meaning: string];

/** `columns` of the terminal; null: it is none. Ends in a newline. */
export function helpText(path: CommandPath, columns: number | null): string {
  const width = Math.max(LEAST_COLUMNS, Math.min(MOST_COLUMNS, columns ?? MOST_COLUMNS));
  const sections = path.length === 0 ? programHelp(width) : commandHelp(path, width);
  return `${sections.filter((section) => section !== '').join('\n\n')}\n`;
}

function programHelp(width: number): string[] {
  const commands = COMMANDS.map((command): Entry => [usageOf([command]), command.summary]);
  const spoken = Object.entries(SPOKEN);
  return [
    'podyard <command>',
    wrapped('Simulates a Kubernetes cluster, deterministically: same scenario and seed, same digest.', width, ''),
    listed('Commands', [...commands, ...spoken].map(([usage, summary]): Entry => [`podyard ${usage}`, summary]), width),
    optionLists({ ...EVERYWHERE, ...ANSWERED }, width),
    exampleList([
      ['podyard init my-cluster.yaml', 'a scenario to start from'],
      ['podyard run my-cluster.yaml --out out/first', 'run it; tables, CSV and a page with plots'],
      ['podyard help run', 'the options of a command'],
    ], width),
    wrapped('Exit codes: 0 done, 1 failure, 2 wrong command line or file, 130 and 143 stopped by a signal.', width, ''),
  ];
}

function commandHelp(path: CommandPath, width: number): string[] {
  const command = path[path.length - 1];
  const below = (command.subcommands ?? []).map((one): Entry => [`podyard ${usageOf([...path, one])}`, one.summary]);
  const examples = command.examples.map(([line, meaning]): Entry => [line.replaceAll('$0', 'podyard'), meaning]);
  const hasOptions = command.subcommands === undefined && Object.keys(command.options).length > 0;
  return [
    `podyard ${usageOf(path)}${hasOptions ? ' [options]' : ''}`,
    wrapped(`${command.summary}.`, width, ''),
    below.length === 0 ? '' : listed('Commands', below, width),
    command.positionals.length === 0
      ? ''
      : listed(
          'Arguments',
          command.positionals.map(({ name, describe }): Entry => [name, describe]),
          width,
        ),
    optionLists({ ...command.options, ...EVERYWHERE, help: ANSWERED['help'] }, width),
    examples.length === 0 ? '' : exampleList(examples, width),
  ];
}

/** The options by heading, those without one first. */
function optionLists(table: OptionTable, width: number): string {
  const groups = new Map<string, Entry[]>();
  for (const [name, spec] of Object.entries(table)) {
    const group = spec.group ?? 'Options';
    groups.set(group, [...(groups.get(group) ?? []), [termOf(name, spec), meaningOf(spec)]]);
  }
  return Array.from(groups, ([heading, entries]) => listed(heading, entries, width)).join('\n\n');
}

/** `-o, --output FORMAT`; without a short name the long ones stand below each other all the same. */
function termOf(name: string, spec: OptionSpec): string {
  const short = spec.alias === undefined ? '    ' : `-${spec.alias}, `;
  return `${short}--${name}${spec.kind === 'flag' ? '' : ` ${valueOf(spec)}`}`;
}

function valueOf({ kind, value, choices }: OptionSpec): string {
  return value ?? (choices === undefined ? (kind === 'number' ? 'N' : 'TEXT') : 'WORD');
}

function meaningOf({ describe, choices, fallback, required }: OptionSpec): string {
  const remarks = [
    ...(choices === undefined ? [] : [choices.join(', ')]),
    ...(fallback === undefined ? [] : [`default: ${fallback}`]),
    ...(required === true ? ['required'] : []),
  ];
  return remarks.length === 0 ? describe : `${describe} (${remarks.join('; ')})`;
}

/** Terms in one column, their meanings in another. */
function listed(heading: string, entries: readonly Entry[], width: number): string {
  const fitting = entries.map(([term]) => term.length).filter((length) => length <= MOST_TERM_COLUMNS);
  const beside = 2 + Math.max(0, ...fitting) + 3;
  const indent = ' '.repeat(width - beside < LEAST_MEANING_COLUMNS ? 10 : beside);
  const lines = entries.map(([term, meaning]) => {
    const meant = wrapped(meaning, width, indent);
    return `  ${term}`.length > indent.length - 2
      ? `  ${term}\n${meant}`
      : `  ${term}`.padEnd(indent.length) + meant.trimStart();
  });
  return [`${heading}:`, ...lines].join('\n');
}

/** A command line is for copying: it is never broken. */
function exampleList(entries: readonly Entry[], width: number): string {
  return ['Examples:', ...entries.map(([line, meaning]) => `  ${line}\n${wrapped(meaning, width, '      ')}`)].join(
    '\n',
  );
}

/** Every line begins with the indentation. */
function wrapped(text: string, width: number, indent: string): string {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && indent.length + line.length + 1 + word.length > width) {
      lines.push(line);
      line = '';
    }
    line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line].map((each) => indent + each).join('\n');
}
