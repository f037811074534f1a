// The house rules that concern whole files: names, heads, lengths, endings of imports, and nothing of a machine in them.
import { existsSync, readFileSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import { describe, expect, test } from 'vitest';
import { LONG_FILES } from '../../vitest.config.ts';
import { importsOf } from '../support/source-imports.ts';
import { filesBelow } from '../support/tracked-files.ts';

const MOST_LINES = 600;
const BANNED_NAMES = /^(utils?|helpers?|common|managers?|types|misc)$|-(utils?|helpers?|managers?)$/;
const SELF = 'test/laws/house-rules.test.ts';

const code = ['src', 'test', 'bench', 'scripts'].flatMap((folder) => ['.ts', '.mjs'].flatMap((ending) => filesBelow(folder, ending)));
const sources = code.filter((file) => file.startsWith('src/'));

test('no test reads a clock: a busy machine would turn it red', () => {
  const spellsOne = [SELF, 'test/laws/lint-rules.test.ts', 'test/plugins/guard.test.ts'];
  const tests = code.filter((file) => file.startsWith('test/') && !spellsOne.includes(file));
  expect(tests.flatMap((file) => linesMatching(file, /performance\.now\(|Date\.now\(|process\.(hrtime|cpuUsage)/))).toEqual([]);
});

describe('every file', () => {
  test('is named in kebab-case, after what it owns', () => {
    const wrong = code.filter((file) => {
      const parts = file.split('/');
      const name = basename(file).replace(/(\.test|\.d)?\.(ts|mjs)$/, '');
      const folders = parts.slice(0, -1);
      return ![...folders, name].every((part) => /^[a-z0-9]+(-[a-z0-9]+)*$/.test(part)) || [...folders, name].some((part) => BANNED_NAMES.test(part));
    });
    expect(wrong).toEqual([]);
  });

  test('leaves no note to be done later', () => {
    const wrong = code.filter((file) => file !== SELF).flatMap((file) => linesMatching(file, /\b(TODO|FIXME|XXX|HACK)\b/));
    expect(wrong).toEqual([]);
  });

  test('imports with the ending of the file', () => {
    const wrong = code
      .filter((file) => file.endsWith('.ts'))
      .flatMap((file) =>
        importsOf(file)
          .filter(({ specifier }) => specifier.startsWith('.') && !/\.(ts|mjs|js|json)$/.test(specifier))
          .map(({ line, specifier }) => `${file}:${line} imports ${specifier}`),
      );
    expect(wrong).toEqual([]);
  });

  test('holds no path of somebody\'s machine', () => {
    const endings = ['.ts', '.mjs', '.js', '.md', '.json', '.yaml', '.yml', '.csv', '.html', '.svg', '.txt'];
    const texts = endings.flatMap((ending) => filesBelow('.', ending)).filter((file) => file !== SELF && statSync(file).size < 20_000_000);
    const wrong = texts.flatMap((file) => linesMatching(file, /(?<![\w.:/-])(\/home\/|\/Users\/|\/root\/|[A-Z]:\\Users\\)/));
    expect(wrong).toEqual([]);
  });
});

describe('every source file', () => {
  test(`has at most ${MOST_LINES} lines`, () => {
    const wrong = sources.map((file) => [file, readFileSync(file, 'utf8').split('\n').length - 1] as const).filter(([, lines]) => lines > MOST_LINES);
    expect(wrong).toEqual([]);
  });

  test('starts with what it owns, in a comment, or with its imports', () => {
    const wrong = sources.filter((file) => !/^(#!.*\n)?(\/\*\*?[\s*]|\/\/ |import |export .* from )/.test(readFileSync(file, 'utf8')));
    expect(wrong).toEqual([]);
  });
});

test('every test file that is to come first is there', () => {
  expect(LONG_FILES.filter((file) => !existsSync(file))).toEqual([]);
});

function linesMatching(file: string, pattern: RegExp): string[] {
  return readFileSync(file, 'utf8')
    .split('\n')
    .flatMap((line, i) => (pattern.test(line) ? [`${file}:${i + 1}: ${line.trim().slice(0, 120)}`] : []));
}
