// Command lines that are read without yargs are read as yargs reads them; the others are left to it.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { InputError } from '../../src/base/input-error.ts';
import type { Invocation } from '../../src/cli/command.ts';
import { nameOf, tableOf } from '../../src/cli/command-paths.ts';
import type { CommandPath } from '../../src/cli/command-paths.ts';
import { COMMANDS } from '../../src/cli/commands.ts';
import { parseCommandLine } from '../../src/cli/parse.ts';
import { readPlainWords } from '../../src/cli/plain-words.ts';
import { preparedWords } from '../../src/cli/words.ts';

const paths = COMMANDS.flatMap((command): CommandPath[] =>
  command.subcommands === undefined ? [[command]] : command.subcommands.map((below) => [command, below]),
);

/** All that a command can ask of what was given; or the mistakes. */
function told(read: () => Invocation | null): unknown {
  let invocation: Invocation | null;
  try {
    invocation = read();
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return error.message;
  }
  if (invocation === null) return null;
  const { command, given } = invocation;
  const path = paths.find((candidate) => candidate.at(-1) === command) ?? [];
  const options = Object.entries(tableOf(path)).map(([name, { kind }]) => [
    name,
    kind === 'flag' ? given.flag(name) : kind === 'list' ? given.list(name) : given.text(name),
  ]);
  const positionals = command.positionals.map(({ name }) => [
    name,
    command.usage.includes(`${name}..`) ? given.positionals(name) : given.positional(name),
  ]);
  return { command: command.usage, options: Object.fromEntries(options), positionals };
}

const texts = fc.constantFrom(
  'a.yaml',
  '7',
  '0',
  '-',
  '-3',
  'json',
  'table',
  'csv',
  'never',
  'x=1',
  "'x'",
  '"',
  '',
  'true',
  'count=1,cpu=2',
  'a b',
  'run',
  '__proto__',
);

/** Commands are drawn before their subcommands: a command with many of them is no likelier than another. */
const drawnPath = fc
  .constantFrom(...COMMANDS)
  .chain((command) => fc.constantFrom(...paths.filter(([first]) => first === command)));

/** Words of a command with options of its own and others', in any order, some of them wrong. */
const lines = drawnPath.chain((path) => {
  const table = tableOf(path);
  const option = fc.oneof(
    {
      weight: 6,
      arbitrary: fc.constantFrom(
        ...Object.keys(table).map((name) => `--${name}`),
        ...Object.values(table).flatMap(({ alias }) => (alias === undefined ? [] : [`-${alias}`])),
      ),
    },
    {
      weight: 1,
      arbitrary: fc.constantFrom('--seed', '--nodes', '--sed', '-x', '--', '--help', '--version', '-qojson'),
    },
  );
  const part = fc.oneof(
    fc.tuple(option, texts).map(([name, value]) => [name, value]),
    fc.tuple(option, texts).map(([name, value]) => [`${name}=${value}`]),
    option.map((name) => [name]),
    texts.map((value) => [value]),
  );
  const needed = Object.entries(table).flatMap(([name, { required }]) =>
    required === true ? [`--${name}`, `${name}.file`] : [],
  );
  needed.push(...(path.at(-1)?.usage.match(/<[^>]*>/g) ?? []).map((_, i) => `argument-${i}.yaml`));
  return fc
    .tuple(fc.array(part, { maxLength: 5 }), fc.integer({ min: 0, max: 3 }), fc.boolean())
    .map(([parts, at, isComplete]) => {
      const rest = parts.flat();
      const names = path.map(nameOf);
      return [
        ...rest.slice(0, at === 0 ? 1 : 0),
        ...names,
        ...(isComplete ? needed : []),
        ...rest.slice(at === 0 ? 1 : 0),
      ];
    });
});

test('what is read without yargs is what yargs reads', () => {
  const counts = { plain: 0, all: 0 };
  fc.assert(
    fc.property(lines, (line) => {
      const words = preparedWords(line);
      const plain = told(() => readPlainWords(words));
      counts.all++;
      if (plain === null) return;
      counts.plain++;
      expect(plain, JSON.stringify(line)).toEqual(told(() => parseCommandLine(words)));
    }),
    { numRuns: 1500 },
  );
  expect(counts.plain).toBeGreaterThan(counts.all / 10);
});

test.each([
  'run a.yaml',
  'run a.yaml --seed 7 --out out/x -o json -q',
  'run - --set a=1 --set b=2',
  'validate a.yaml b.yaml',
  'init',
  'schema',
  'completion zsh',
  'replay csv a.csv --node-pool count=1,cpu=1 --compress 2.5',
  'replay openb --nodes n.csv --pods p.csv',
  'compare a.yaml --a a.yaml --b b.yaml --seeds 3',
  'run a.yaml --color never',
])('%s needs no yargs', (line) => {
  expect(readPlainWords(preparedWords(line.split(' ')))).not.toBeNull();
});
