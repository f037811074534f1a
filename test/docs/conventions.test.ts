// The convention by which documents are executed, tested itself: a matcher that accepts everything would prove nothing.
import { expect, test } from 'vitest';
import { outputMatches, plainCommandOf, stepsOf } from './console-block.ts';
import { parseBlocks } from './markdown-blocks.ts';
import { typeErrors } from './type-check.ts';

test.each([
  ['a\nb', 'a\nb\n', true],
  ['a\nb', 'a\nc\n', false],
  ['a', 'a\nb\n', false],
  ['a\n...', 'a\nb\nc\n', true],
  ['a\n...', 'a\n', true],
  ['a\n...', 'ab\n', false],
  ['...\nc', 'a\nb\nc\n', true],
  ['...\nc', 'c\n', true],
  ['a\n...\nd', 'a\nb\nc\nd\n', true],
  ['a\n...\nd', 'a\nb\nc\nde\n', false],
  ['digest ... of 3', 'digest 5f of 3', true],
  ['digest ... of 3', 'digest 5f of 4', false],
  ['a  \nb', 'a\nb  ', true],
  ['1.5', '125', false],
])('expected output %j and output %j match: %s', (expected, output, matches) => {
  expect(outputMatches(expected, output)).toBe(matches);
});

test('a console block is commands, each with what it prints', () => {
  expect(stepsOf('$ one \\\n  more\nout\n\n$ two')).toEqual([
    { command: 'one \\\n  more', expected: 'out' },
    { command: 'two', expected: '' },
  ]);
});

test.each([
  [
    'podyard run a.yaml --set nodePools[general].count=5 -q',
    ['run', 'a.yaml', '--set', 'nodePools[general].count=5', '-q'],
  ],
  [
    "podyard compare a.yaml \\\n  --metric 'packing.density*' --until \"cost:±5%\"",
    ['compare', 'a.yaml', '--metric', 'packing.density*', '--until', 'cost:±5%'],
  ],
  ['podyard run a.yaml > out > b', null],
  ['podyard run a.yaml >> out', null],
  ['podyard run a.yaml 2> out', null],
  ['podyard run a.yaml > $out', null],
  ['podyard run a.yaml > out/b', null],
  ['podyard run a.yaml > out &', null],
  ['podyard run a.yaml | head', null],
  ['podyard run *.yaml', null],
  ['podyard run "$file"', null],
  ['podyard run $file', null],
  ['podyard run a.yaml && podyard version', null],
  ['! podyard run a.yaml', null],
  ['node podyard.js', null],
])('of %j a shell would hand over the words %j', (command, words) => {
  expect(plainCommandOf(command)?.words ?? null).toEqual(words);
});

test.each([
  ['podyard run a.yaml', null],
  ['podyard run a.yaml \\\n  -o json > a-1.json', 'a-1.json'],
  ["podyard run 'a > b.yaml'", null],
])('of %j a shell would write standard output to %j', (command, target) => {
  expect(plainCommandOf(command)).toMatchObject({ target });
});

test('the info string says how a block is run, and why one is not', () => {
  const text = '```console exit=2\n$ a\n```\n\n  ```yaml file=a.yaml\n  x: 1\n  ```\n```sh norun: needs a cluster\nb\n```\n';
  expect(parseBlocks('x.md', text)).toEqual([
    { document: 'x.md', line: 1, language: 'console', text: '$ a', norun: null, exitCode: 2, file: null },
    { document: 'x.md', line: 5, language: 'yaml', text: 'x: 1', norun: null, exitCode: 0, file: 'a.yaml' },
    { document: 'x.md', line: 8, language: 'sh', text: 'b', norun: 'needs a cluster', exitCode: 0, file: null },
  ]);
  expect(() => parseBlocks('x.md', '```sh norun\nb\n```')).toThrow('needs a reason');
  expect(() => parseBlocks('x.md', '```sh maybe\nb\n```')).toThrow('not known');
  expect(() => parseBlocks('x.md', '```sh\nb\n')).toThrow('never closed');
});

test('a snippet with a type error is told', () => {
  expect(typeErrors([{ name: 'good.ts', text: 'const a: number = 1;' }, { name: 'bad.ts', text: '\nconst a: number = "1";' }])).toEqual([
    "bad.ts:2: Type 'string' is not assignable to type 'number'.",
  ]);
});
