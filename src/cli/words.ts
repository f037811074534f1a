/**
 * A command line as yargs reads it rightly: a lone `-`, `--check` without its number, and a value glued to its short
 * option (`-ojson`, `-qojson`).
 */
import { ANSWERED, nameOf, tableOf } from './command-paths.ts';
import { commandOf, readNames } from './commands.ts';
import { DEFAULT_CHECK_EVENTS, STANDARD_STREAM } from './options.ts';
import type { OptionTable } from './options.ts';

/** `podyard sweep FILE` is `podyard sweep run FILE`; a word that is no file may be a misspelt command. */
function spelledOut(args: readonly string[]): readonly string[] {
  const { names, path } = readNames(args);
  const [command] = path;
  if (path.length !== 1 || nameOf(command) !== 'sweep' || names[0] !== 'sweep') return args;
  const below = (command.subcommands ?? []).map(nameOf);
  const isShort = names.some((name) => /\.(ya?ml|json)$/.test(name)) && !names.some((name) => below.includes(name));
  const at = args.indexOf('sweep') + 1;
  return isShort ? [...args.slice(0, at), 'run', ...args.slice(at)] : args;
}

/** The words in yargs' spelling. `--check` alone would take the next word as its number. */
export function preparedWords(given: readonly string[]): string[] {
  const args = spelledOut(given);
  const end = args.indexOf('--');
  const table = { ...tableOf(commandOf(args)), ...ANSWERED };
  return args.flatMap((arg, i): readonly string[] => {
    if (arg === '-') return [STANDARD_STREAM];
    if (end !== -1 && i >= end) return [arg];
    if (arg === '--check' && !/^-?[\d.]/.test(args[i + 1] ?? '')) return [`--check=${String(DEFAULT_CHECK_EVENTS)}`];
    return /^-[a-zA-Z]./.test(arg) ? ungrouped(arg, table) : [arg];
  });
}

/** `-qojson` is `-q`, `-o`, `json`. What has a letter that is no option stays as it is, to be told. */
function ungrouped(word: string, table: OptionTable): readonly string[] {
  const words: string[] = [];
  for (let at = 1; at < word.length; at++) {
    const spec = Object.values(table).find(({ alias }) => alias === word[at]);
    if (spec === undefined) return [word];
    words.push(`-${word[at]}`);
    if (spec.kind === 'flag') continue;
    const value = word.slice(at + 1).replace(/^=/, '');
    return value === '' ? words : [...words, value];
  }
  return words;
}
