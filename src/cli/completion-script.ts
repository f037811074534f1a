/**
 * Completion for bash and zsh, written out from the tables of all commands: commands where one is expected, options
 * behind a dash, the words an option takes, files everywhere else. A key press starts no process of ours.
 */
import { InputError, nearestName } from '../base/input-error.ts';
import type { Command } from './command.ts';
import { ANSWERED, EVERYWHERE, SPOKEN, fullName, nameOf, tableOf } from './command-paths.ts';
import type { CommandPath } from './command-paths.ts';
import type { OptionSpec } from './options.ts';

const SHELLS = ['bash', 'zsh'];

/** `shell`: its name, or its path as in SHELL; undefined: bash. Throws InputError. */
export function completionScript(commands: readonly Command[], shell = 'bash'): string {
  const name = shell.slice(shell.lastIndexOf('/') + 1);
  if (name === 'bash') return bashScript(allOffers(commands));
  if (name === 'zsh') return zshScript(allOffers(commands));
  throw new InputError({
    message: `completion: expected ${SHELLS.join(' or ')}, found "${name}"`,
    suggestion: nearestName(name, SHELLS),
  });
}

/** A name with what it stands for. */
type Offer = readonly [name: string, meaning: string];

interface OfferedCommand {
  /** `replay csv`; empty: none yet. */
  readonly name: string;
  readonly commands: readonly Offer[];
  readonly options: readonly (readonly [name: string, spec: OptionSpec])[];
}

function allOffers(all: readonly Command[]): OfferedCommand[] {
  const top: OfferedCommand = {
    name: '',
    commands: [
      ...all.map((command): Offer => [nameOf(command), command.summary]),
      ...Object.entries(SPOKEN).map(([usage, summary]): Offer => [usage.split(' ')[0], summary]),
    ],
    options: Object.entries({ ...EVERYWHERE, ...ANSWERED }),
  };
  const help: OfferedCommand = {
    name: 'help',
    commands: all.map((command): Offer => [nameOf(command), command.summary]),
    options: [],
  };
  return [top, ...all.flatMap((command) => offersBelow([command])), help];
}

function offersBelow(path: CommandPath): OfferedCommand[] {
  const below: readonly Command[] = path[path.length - 1].subcommands ?? [];
  const own: OfferedCommand = {
    name: fullName(path),
    commands: below.map((command): Offer => [nameOf(command), command.summary]),
    options: Object.entries({ ...tableOf(path), help: ANSWERED['help'] }),
  };
  return [own, ...below.flatMap((command) => offersBelow([...path, command]))];
}

/** `command:word` for each word that leads from one command to the next; sets `command`. */
function commandCases(offers: readonly OfferedCommand[]): string[] {
  const names = new Set(offers.map(({ name }) => name));
  return offers.flatMap(({ name, commands }) =>
    commands
      .map(([word]) => [word, name === '' ? word : `${name} ${word}`] as const)
      .filter(([, full]) => names.has(full))
      .map(([word, full]) => `      ${quoted(`${name}:${word}`)}) command=${quoted(full)} ;;`),
  );
}

/** A case for each option that takes a value: `then` gives the shell's words for it. */
function valueCases(offers: readonly OfferedCommand[], then: (spec: OptionSpec) => string): string[] {
  return offers.flatMap(({ name, options }) =>
    options
      .filter(([, { kind }]) => kind !== 'flag')
      .map(([option, spec]) => {
        const spellings = [`--${option}`, ...(spec.alias === undefined ? [] : [`-${spec.alias}`])];
        return `    ${spellings.map((spelling) => quoted(`${name}:${spelling}`)).join('|')}) ${then(spec)} ;;`;
      }),
  );
}

function spellingsOf(options: OfferedCommand['options']): string[] {
  return options.flatMap(([name, { alias }]) => [`--${name}`, ...(alias === undefined ? [] : [`-${alias}`])]);
}

function bashScript(offers: readonly OfferedCommand[]): string {
  const lists = offers.map(
    ({ name, commands, options }) =>
      `    ${quoted(name)}) commands=${quoted(commands.map(([word]) => word).join(' '))}; ` +
      `options=${quoted(spellingsOf(options).join(' '))} ;;`,
  );
  const wordsFor = ({ choices }: OptionSpec): string =>
    choices === undefined ? 'return' : `COMPREPLY=($(compgen -W ${quoted(choices.join(' '))} -- "$word")); return`;
  return `# podyard completion for bash
_podyard() {
  local word=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD-1]}
  # bash cuts --output=json into three words.
  if [[ $word == '=' ]]; then word=''; elif [[ $before == '=' ]]; then before=\${COMP_WORDS[COMP_CWORD-2]}; fi
  local command='' commands='' options='' i
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$command:\${COMP_WORDS[i]}" in
${commandCases(offers).join('\n')}
    esac
  done
  case "$command:$before" in
${valueCases(offers, wordsFor).join('\n')}
  esac
  case "$command" in
${lists.join('\n')}
  esac
  if [[ $word == -* ]]; then COMPREPLY=($(compgen -W "$options" -- "$word"))
  else COMPREPLY=($(compgen -W "$commands" -- "$word")); fi
}
# Files where nothing else is offered.
complete -o default -F _podyard podyard
`;
}

function zshScript(offers: readonly OfferedCommand[]): string {
  const listOf = (entries: readonly Offer[]): string =>
    entries.map(([word, meaning]) => quoted(`${word}:${meaning}`)).join(' ');
  const optionsOf = (options: OfferedCommand['options']): Offer[] =>
    options.flatMap(([name, spec]) => spellingsOf([[name, spec]]).map((spelling): Offer => [spelling, spec.describe]));
  const lists = offers.map(
    ({ name, commands, options }) =>
      `    ${quoted(name)}) commands=(${listOf(commands)}); options=(${listOf(optionsOf(options))}) ;;`,
  );
  const wordsFor = ({ choices }: OptionSpec): string =>
    choices === undefined ? '_files; return' : `compadd -- ${choices.join(' ')}; return`;
  return `#compdef podyard
# podyard completion for zsh
_podyard() {
  local command='' before="\${words[CURRENT-1]}"
  local -a commands options
  local -i i
  for ((i = 2; i < CURRENT; i++)); do
    case "$command:\${words[i]}" in
${commandCases(offers).join('\n')}
    esac
  done
  case "$command:$before" in
${valueCases(offers, wordsFor).join('\n')}
  esac
  case "$command" in
${lists.join('\n')}
  esac
  if [[ "$PREFIX" == -* ]]; then _describe -o option options
  elif (( \${#commands} )); then _describe command commands
  else _files; fi
}
if [[ "\${funcstack[1]}" == _podyard ]]; then _podyard "$@"; else compdef _podyard podyard; fi
`;
}

/** For either shell. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
