// Snippets that say `// prints ...` behind a console.log print just that. Others are type-checked only.
import { readFileSync } from 'node:fs';
import { format } from 'node:util';
import { compileFunction } from 'node:vm';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';
import * as podyard from '../../src/index.ts';
import { filesBelow } from '../support/tracked-files.ts';
import { blocksOf } from './markdown-blocks.ts';

const documents = ['README.md', ...filesBelow('docs', '.md')].filter((file) =>
  readFileSync(file, 'utf8').includes('// prints '),
);

/** What the snippet prints, line by line. It may import from `podyard`. */
function printedBy(snippet: string): string[] {
  const { outputText } = ts.transpileModule(snippet, { compilerOptions: { module: ts.ModuleKind.CommonJS } });
  const lines: string[] = [];
  const log = (...values: unknown[]): void => void lines.push(format(...values));
  const require = (name: string): unknown => {
    if (name === 'podyard') return podyard;
    throw new Error(`a snippet that prints imports from 'podyard' alone, not from '${name}'`);
  };
  const run = compileFunction(outputText, ['require', 'exports', 'console']) as (...values: unknown[]) => void;
  run(require, {}, { log });
  return lines;
}

const promisedBy = (snippet: string): string[] =>
  Array.from(snippet.matchAll(/\/\/ prints (.*)$/gm), ([, line]) => line);

test('there is such a document', () => {
  expect(documents).toContain('docs/statistics.md');
});

describe.each(documents)('%s', (document) => {
  const snippets = blocksOf(document).filter(({ language, text }) => language === 'ts' && text.includes('// prints '));
  test.each(snippets.map(({ line, text }) => [line, text] as const))('line %d prints what it says', (_line, text) => {
    expect(printedBy(text)).toEqual(promisedBy(text));
  });
});
