/** All commands, and which of them a command line names. */
import type { Command } from './command.ts';
import { SPOKEN, isOption, nameOf, specOf, tableOf } from './command-paths.ts';
import type { CommandPath } from './command-paths.ts';
import { BENCH } from './bench.ts';
import { COMPARE } from './compare.ts';
import { COMPLETION } from './completion.ts';
import { CONFORMANCE } from './conformance.ts';
import { DIFF, EXPLAIN } from './explain.ts';
import { DESCRIBE, EVENTS, GET } from './get.ts';
import { INIT } from './init.ts';
import { PERF } from './perf.ts';
import { PLUGINS } from './plugins.ts';
import { REHEARSE } from './rehearse.ts';
import { REPLAY } from './replay.ts';
import { REPORT } from './report.ts';
import { RUN } from './run.ts';
import { SCHEMA } from './schema.ts';
import { SWEEP, WORKER } from './sweep.ts';
import { TIMELINE } from './timeline.ts';
import { TRACE } from './trace.ts';
import { VALIDATE } from './validate.ts';
import { VERSIONS } from './versions.ts';
import { COMPACT, INFLATE, WHATIF } from './whatif.ts';

export const COMMANDS: readonly Command[] = [
  RUN, REPLAY, TRACE, COMPARE, BENCH, SWEEP, WORKER, REPORT, GET, DESCRIBE, EVENTS, EXPLAIN, DIFF, TIMELINE, REHEARSE,
  WHATIF, INFLATE, COMPACT, VALIDATE, INIT, PLUGINS, VERSIONS, CONFORMANCE, PERF, SCHEMA, COMPLETION,
];

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
