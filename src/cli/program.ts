/**
 * The whole command line: help and version at once, anything else read and run. What weighs anything is loaded when it
 * is needed, so that help costs little more than Node itself.
 */
import type { CommandContext } from './command.ts';
import { EXIT_OK } from './command.ts';
import { COMMANDS, commandWords, readNames } from './commands.ts';
import { readPlainWords } from './plain-words.ts';
import type { ColorChoice, Terminal } from './terminal.ts';
import { packageVersion } from '../io/version.ts';
import { preparedWords } from './words.ts';

/** Returns the exit code. */
export async function runProgram(args: readonly string[], terminal: Terminal): Promise<number> {
  const context: CommandContext = { terminal, version: packageVersion(), commands: COMMANDS, seed: null };
  try {
    const words = preparedWords(args);
    const answer = await answerOf(words, context);
    if (answer === null) return await runCommand(words, context);
    terminal.out(answer);
    return EXIT_OK;
  } catch (error) {
    const { tellFailure } = await import('./failures.ts');
    return tellFailure(error, context);
  }
}

async function runCommand(words: readonly string[], context: CommandContext): Promise<number> {
  const { command, given } = readPlainWords(words) ?? (await import('./parse.ts')).parseCommandLine(words);
  context.terminal.colorChoice = given.flag('no-color') ? 'never' : (given.text('color') as ColorChoice);
  return command.run(given, context);
}

/** Help or the version, when that is what is asked for; null: there is something to run. */
async function answerOf(words: readonly string[], context: CommandContext): Promise<string | null> {
  const end = words.indexOf('--');
  const own = end === -1 ? words : words.slice(0, end);
  const [first] = readNames(own).names;
  if (own.length === 0 || own.includes('--help') || own.includes('-h') || first === 'help') {
    return help(first === 'help' ? own.filter((word) => word !== 'help') : own, context);
  }
  return own.includes('--version') || first === 'version' ? `${context.version}\n` : null;
}

async function help(words: readonly string[], { terminal }: CommandContext): Promise<string> {
  const { names, path } = readNames(words);
  if (names.length > 0 && path.length === 0 && !commandWords().includes(names[0])) {
    const { InputError, nearestName } = await import('../base/input-error.ts');
    throw new InputError({
      message: `there is no command ${names[0]}`,
      suggestion: nearestName(names[0], commandWords()),
    });
  }
  const { helpText } = await import('./help.ts');
  return helpText(path, terminal.width);
}
