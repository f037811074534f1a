/** A command line again, as it can be typed: without what changes no number. */
import { existsSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import type { CommandContext } from './command.ts';
import { nameOf } from './command-paths.ts';
import type { GivenOptions } from './options.ts';

/** Where results go, what is printed and told, on how many threads: of no part in the numbers. */
const WITHOUT_PART = ['out', 'force', 'output', 'jobs', 'progress', 'quiet', 'plain', 'check', 'color', 'no-color'];

/** `podyard compare s.yaml --a a.yaml --b b.yaml`. The same for equal words, in the order of the table. */
export function repeatLine(
  command: string,
  positional: string,
  given: GivenOptions,
  { commands }: Pick<CommandContext, 'commands'>,
): string {
  const table = commands.find((one) => nameOf(one) === command)?.options ?? {};
  const words = [given.positional(positional)].filter((word) => word !== '').map(asSeenFromHere);
  const options = Object.entries(table).flatMap(([name, { kind }]): string[] => {
    if (WITHOUT_PART.includes(name) || !given.isGiven(name)) return [];
    if (kind === 'flag') return given.flag(name) ? [`--${name}`] : [];
    const values = kind === 'list' ? given.list(name) : [given.text(name) ?? ''];
    return values.flatMap((value) => [`--${name}`, shellWord(asSeenFromHere(value))]);
  });
  return ['podyard', command, ...words.map(shellWord), ...options].join(' ');
}

/** The path of a file in one spelling, however it was written; other words as they are. */
function asSeenFromHere(word: string): string {
  return word !== '-' && existsSync(word) ? relative('.', resolve(word)) || '.' : word;
}

/** As a POSIX shell reads it. */
export function shellWord(text: string): string {
  return /^[\w./:=,@%+-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
