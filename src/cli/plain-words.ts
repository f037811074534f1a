/**
 * Command lines without a mistake, read from the commands' own tables: what is left to yargs is everything else, and to
 * load it takes longer than a small run. Whatever is read here, yargs reads alike (test/cli/plain-words.test.ts).
 */
import type { Command, Invocation } from './command.ts';
import { isOption, nameOf, specOf, tableOf } from './command-paths.ts';
import { readNames } from './commands.ts';
import { GivenOptions } from './options.ts';
import type { OptionSpec, OptionTable } from './options.ts';

/** null: this is for yargs. Throws an InputError where a value is wrong, as for yargs' values. */
export function readPlainWords(words: readonly string[]): Invocation | null {
  const { names, path } = readNames(words);
  const command = path.at(-1);
  if (command === undefined || command.subcommands !== undefined || words.includes('--')) return null;
  if (path.some((named, i) => nameOf(named) !== words[i])) return null;
  const table = tableOf(path);
  const options = optionValues(words, table);
  const positionals = positionalValues(command, names.slice(path.length));
  if (options === null || positionals === null) return null;
  const isComplete = Object.entries(table).every(
    ([name, { required }]) => required !== true || Object.hasOwn(options, name),
  );
  return isComplete ? { command, given: new GivenOptions({ ...options, ...positionals }, table) } : null;
}

type Values = Record<string, unknown>;

function optionValues(words: readonly string[], table: OptionTable): Values | null {
  const values: Values = {};
  for (let i = 0; i < words.length; i++) {
    const word = words[i];
    if (!isOption(word)) continue;
    const spec = specOf(word, table);
    if (spec === undefined) return null;
    const equals = word.indexOf('=');
    const value =
      spec.kind === 'flag' ? (equals === -1 ? true : undefined) : equals === -1 ? words[++i] : word.slice(equals + 1);
    if (value === undefined || (typeof value === 'string' && !isPlainValue(value, spec))) return null;
    const name = nameIn(table, spec);
    if (spec.kind === 'list') values[name] = [...((values[name] as string[] | undefined) ?? []), value];
    else if (Object.hasOwn(values, name)) return null;
    else values[name] = value;
  }
  return values;
}

/**
 * What looks like an option, what yargs would take quotes from, and what it may take for the value of a flag, is not
 * plain.
 */
function isPlainValue(value: string, { choices }: OptionSpec): boolean {
  if (value === '' || value.startsWith('-') || /^(["']).*\1$/s.test(value) || /^(true|false)$/.test(value)) {
    return false;
  }
  return choices === undefined || choices.includes(value);
}

function nameIn(table: OptionTable, spec: OptionSpec): string {
  return Object.keys(table).find((name) => table[name] === spec) ?? '';
}

/** As many as the usage names: `run <scenario>`, `init [file]`, `validate <scenarios..>`. */
function positionalValues({ usage }: Command, given: readonly string[]): Values | null {
  const wanted = [...usage.matchAll(/([<[])(\w+)(\.\.)?[>\]]/g)].map(([, open, name, rest]) => ({
    name,
    isRequired: open === '<',
    isList: rest !== undefined,
  }));
  const needed = wanted.filter(({ isRequired }) => isRequired).length;
  const most = wanted.some(({ isList }) => isList) ? Infinity : wanted.length;
  if (
    given.length < needed ||
    given.length > most ||
    given.some((value) => !isPlainValue(value, { kind: 'text', describe: '' }))
  ) {
    return null;
  }
  return Object.fromEntries(wanted.map(({ name, isList }, i) => [name, isList ? given.slice(i) : given[i]]));
}
