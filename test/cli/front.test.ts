// The front of the command line: help, version, completion, and the spellings of options.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { ANSWERED, EVERYWHERE, nameOf, tableOf } from '../../src/cli/command-paths.ts';
import type { CommandPath } from '../../src/cli/command-paths.ts';
import { COMMANDS, commandOf } from '../../src/cli/commands.ts';
import * as completion from '../../src/cli/completion-script.ts';
import { helpText } from '../../src/cli/help.ts';
import { widthOf } from '../../src/cli/terminal.ts';
import { preparedWords } from '../../src/cli/words.ts';
import { TRACE_CATALOG } from '../../src/workload/traces/catalog.ts';
import { PACK, SMALL, cliFolder, podyardHere } from './podyard.ts';

const cli = cliFolder();
beforeAll(() => {
  cli.write('small.yaml', SMALL);
});

const completionScript = (shell?: string): string => completion.completionScript(COMMANDS, shell);

/** Every command with those above it. */
function pathsBelow(path: CommandPath): CommandPath[] {
  return [path, ...(path.at(-1)?.subcommands ?? []).flatMap((command) => pathsBelow([...path, command]))];
}
const paths = COMMANDS.flatMap((command) => pathsBelow([command]));

describe('help', () => {
  test('lists every command; `help` and `--help`, before or behind, say the same', async () => {
    const { code, out } = await podyardHere(['--help']);
    expect(code).toBe(0);
    for (const command of COMMANDS) expect(out).toContain(`  podyard ${nameOf(command)}`);
    for (const words of [[], ['help'], ['-h'], ['--color', 'never', '--help']]) {
      expect((await podyardHere(words)).out, words.join(' ')).toBe(out);
    }
  });

  const named = paths.map((path) => [path.map(nameOf).join(' '), path] as const);
  test.each(named)('of %s tells every option by its long and its short name', async (name, path) => {
    const words = name.split(' ');
    const { code, out } = await podyardHere([...words, '--help']);
    expect(code).toBe(0);
    expect(out).toMatch(new RegExp(`^podyard ${name}\\b`));
    expect(out).not.toContain('$0');
    for (const spelled of [['help', ...words], ['-h', ...words], [...words, '-h', '--quiet']]) {
      expect((await podyardHere(spelled)).out).toBe(out);
    }
    for (const [option, { alias, describe: meaning }] of Object.entries(path.at(-1)?.options ?? {})) {
      expect(out).toMatch(new RegExp(`^ +${alias === undefined ? '' : `-${alias}, `}--${option}\\b`, 'm'));
      expect(out.replace(/\s+/g, ' ')).toContain(meaning);
    }
  });

  test.each([60, 80, 110])('is no wider than a terminal of %i columns, and no wider than can be read', (columns) => {
    for (const path of [[], ...paths]) {
      const lines = helpText(path, columns).split('\n');
      const examples = lines.indexOf('Examples:');
      // Command lines of examples are never broken.
      const laidOut = lines.filter((line, i) => examples === -1 || i < examples || !line.startsWith('  podyard'));
      expect(laidOut.filter((line) => line.length > columns && !line.startsWith('podyard'))).toEqual([]);
    }
    expect(helpText([], null)).toBe(helpText([], 110));
    expect(helpText([], 4000)).toBe(helpText([], 110));
  });

  test('every option of an example and of the documentation is one of its command', () => {
    const examples = paths.flatMap((path) =>
      (path.at(-1)?.examples ?? []).map(([line]) => line.replace('$0', 'podyard')),
    );
    const documented = ['README.md', 'docs/cli.md']
      .flatMap((file) => readFileSync(file, 'utf8').match(/^\$? ?podyard .*/gm) ?? [])
      .filter((line) => !line.endsWith('--sed 3'));
    expect(examples.length + documented.length).toBeGreaterThan(30);
    for (const line of [...examples, ...documented]) {
      for (const part of line.replace(/^\$ /, '').split(/ [|>] /)) {
        const words = preparedWords(part.replace(/^source <\(/, '').trim().split(' ').slice(1));
        const table = { ...tableOf(commandOf(words)), ...ANSWERED };
        for (const word of words) {
          if (/^--\w/.test(word)) expect(Object.keys(table), line).toContain(/^--([^=]*)/.exec(word)?.[1]);
        }
      }
    }
  });
});

test('version is that of the package, however it is asked for', async () => {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
  for (const words of [['--version'], ['version'], ['run', 'x.yaml', '--version']]) {
    expect(await podyardHere(words)).toEqual({ code: 0, out: `${version}\n`, err: '' });
  }
});

describe('spellings', () => {
  test.each([
    ['run a.yaml -ojson', 'run a.yaml -o json'],
    ['run a.yaml -o=json', 'run a.yaml -o json'],
    ['run a.yaml -qojson --plain', 'run a.yaml -q -o json --plain'],
    ['run a.yaml -qo json', 'run a.yaml -q -o json'],
    ['replay csv a.csv -ocsv', 'replay csv a.csv -o csv'],
    ['run a.yaml -zjson', 'run a.yaml -zjson'],
    ['run a.yaml -- -ojson', 'run a.yaml -- -ojson'],
    ['run --check a.yaml', 'run --check=10000 a.yaml'],
    ['run --check 5 a.yaml', 'run --check 5 a.yaml'],
  ])('%s is read as %s', (given, read) => {
    expect(preparedWords(given.split(' '))).toEqual(read.split(' '));
  });

  test('a value glued to its short option is that option\'s', async () => {
    expect((await cli.here('run', 'small.yaml', '-qocsv')).out).toBe(
      (await cli.here('run', 'small.yaml', '--quiet', '--output', 'csv')).out,
    );
  });

  test('--no-color is --color never', async () => {
    const painted = await cli.here('run', 'small.yaml', '-q', '--color', 'always');
    expect(painted.out).toContain('\u001b[');
    const plain = await cli.here('run', 'small.yaml', '-q', '--color', 'never');
    expect(plain.out).not.toContain('\u001b[');
    expect((await cli.here('run', 'small.yaml', '-q', '--no-color')).out).toBe(plain.out);
    expect((await cli.here('run', 'small.yaml', '-q', '--no-color', '--color', 'always')).out).toBe(plain.out);
  });
});

describe('--scheduler', () => {
  const digestOf = async (...args: string[]): Promise<string> =>
    (JSON.parse((await cli.here('run', ...args, '-q', '-o', 'json')).out) as { digest: string }).digest;

  test('counts before the scenario\'s own, and is what the scenario would name', async () => {
    cli.write('pack.yaml', PACK);
    cli.write('packed.yaml', `${SMALL}scheduler: {config: pack.yaml}\n`);
    cli.write('spread.yaml', PACK.replace('MostAllocated', 'LeastAllocated'));
    const [packed, spread] = [await digestOf('packed.yaml'), await digestOf('small.yaml')];
    expect(packed).not.toBe(spread);
    expect(await digestOf('small.yaml', '--scheduler', 'pack.yaml')).toBe(packed);
    expect(await digestOf('packed.yaml', '--scheduler', 'spread.yaml')).toBe(spread);
  });

  test('is checked with the scenario, each mistake in its place', async () => {
    cli.write('wrong-pack.yaml', PACK.replace('profiles', 'profils'));
    cli.write('broken-pack.yaml', `${PACK}  - [\n`);
    cli.write('wrong.yaml', SMALL.replace('30m', '30'));
    for (const command of ['run', 'validate']) {
      const one = await cli.here(command, 'small.yaml', '--scheduler', 'wrong-pack.yaml');
      expect(one.code).toBe(2);
      expect(one.err).toMatch(/^error: wrong-pack\.yaml:4:3: unknown field "profils"/);
      const both = await cli.here(command, 'wrong.yaml', '--scheduler', 'broken-pack.yaml');
      expect(both.err).toMatch(/^error: wrong\.yaml:3:11: .*\nerror: broken-pack\.yaml:/);
    }
  });
});

describe('completion', () => {
  const script = completionScript('bash');
  /** What bash offers for a line that ends where the cursor is. */
  const offered = (line: string): string[] => {
    const words = line.split(' ');
    const quoted = words.map((word) => `'${word}'`).join(' ');
    const position = `COMP_WORDS=(${quoted}); COMP_CWORD=${String(words.length - 1)}`;
    const program = `${script}\n${position}; _podyard; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const { status, stdout, stderr } = spawnSync('bash', ['--norc', '-c', program], { encoding: 'utf8' });
    expect(stderr).toBe('');
    expect(status).toBe(0);
    return stdout.split('\n').filter((word) => word !== '');
  };

  test.each([
    ['podyard r', ['run', 'replay', 'report', 'rehearse']],
    ['podyard --color always r', ['run', 'replay', 'report', 'rehearse']],
    ['podyard replay ', TRACE_CATALOG.map(({ name }) => name)],
    ['podyard help va', ['validate']],
    ['podyard replay csv --nod', ['--nodes', '--node-pool']],
    ['podyard run a.yaml -o ', ['table', 'wide', 'json', 'yaml', 'csv', 'openmetrics']],
    ['podyard run a.yaml --output = j', ['json']],
    ['podyard run a.yaml --output =', ['table', 'wide', 'json', 'yaml', 'csv', 'openmetrics']],
    ['podyard run ', []],
    ['podyard run --out ', []],
    ['podyard compare --see', ['--seeds', '--seed-prefix']],
  ])('bash offers for "%s": %j', (line, words) => {
    expect(offered(line)).toEqual(words);
  });

  test.each(['bash', 'zsh'])('the script of %s knows every command and every option', (shell) => {
    const text = completionScript(shell);
    for (const path of paths) {
      const options = Object.keys(tableOf(path)).map((option) => `--${option}`);
      for (const name of [...path.map(nameOf), ...options]) expect(text).toContain(name);
    }
    for (const name of Object.keys(EVERYWHERE)) expect(text).toContain(`--${name}`);
  });

  test('zsh takes its script', (context) => {
    const checked = spawnSync('zsh', ['-n'], { input: completionScript('zsh'), encoding: 'utf8' });
    if (checked.error !== undefined) context.skip('there is no zsh here');
    expect(checked).toMatchObject({ status: 0, stderr: '' });
  });

  test('without a name it is that of SHELL', () => {
    expect(completionScript('/usr/bin/zsh')).toBe(completionScript('zsh'));
    expect(completionScript()).toBe(script);
    const { code, out } = cli.runWith({ env: { SHELL: '/bin/zsh' } }, 'completion');
    expect({ code, out }).toEqual({ code: 0, out: completionScript('zsh') });
  });
});

test.each([
  [{ isTTY: true, columns: 120 }, {}, 120],
  [{ isTTY: true, columns: 120 }, { COLUMNS: '70' }, 70],
  [{ isTTY: true, columns: 120 }, { COLUMNS: 'wide' }, 120],
  [{ isTTY: true, columns: 0 }, {}, null],
  [{ isTTY: true }, {}, null],
  [{ isTTY: false, columns: 120 }, { COLUMNS: '70' }, null],
  [{}, { COLUMNS: '70' }, null],
] as const)('the width of %j with %j is %s', (stream, environment, width) => {
  expect(widthOf(stream, environment)).toBe(width);
});
