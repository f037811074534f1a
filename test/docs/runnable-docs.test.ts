// Every command and snippet of README.md, CONTRIBUTING.md and docs/ is executed, in the order of its document, in one
// temporary folder a document that holds links to workloads/, schemas/ and examples/. CONTRIBUTING.md tells the
// convention. Command lines in which a shell has nothing to do run in one warm thread, others in Bash; all snippets of
// TypeScript are one program for the compiler.
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { fitsWarmProgram, warmProgram } from '../cli/podyard.ts';
import { filesBelow } from '../support/tracked-files.ts';
import { outputMatches, plainCommandOf, stepsOf } from './console-block.ts';
import { blocksOf, type Block } from './markdown-blocks.ts';
import { typeErrorsByName } from './type-check.ts';

const CLI = resolve('dist/cli/main.js');
const LINKED = ['workloads', 'schemas', 'examples', 'results'];
const COMMAND_LIMIT_MILLIS = 500_000;
const EXECUTED = ['console', 'sh', 'yaml', 'ts'];

const documents = ['README.md', 'CONTRIBUTING.md', ...filesBelow('docs', '.md')].filter((file) => existsSync(file));
let scratch = '';
let errorsOfSnippets: ReadonlyMap<string, readonly string[]> | null = null;

beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), 'podyard-docs-'));
  mkdirSync(join(scratch, 'bin'));
  writeFileSync(join(scratch, 'bin', 'podyard'), `#!/bin/sh\nexec "${process.execPath}" "${CLI}" "$@"\n`);
  chmodSync(join(scratch, 'bin', 'podyard'), 0o755);
});
afterAll(() => { rmSync(scratch, { recursive: true, force: true }); });

describe.each(documents)('%s', (document) => {
  const blocks = blocksOf(document);
  const folder = (): string => {
    const path = join(scratch, document.replace(/[^a-zA-Z0-9]/g, '-'));
    if (!existsSync(path)) {
      mkdirSync(path);
      for (const name of LINKED.filter((entry) => existsSync(entry))) symlinkSync(resolve(name), join(path, name));
    }
    return path;
  };

  test('has no dead link to a file', () => {
    expect(deadLinks(document)).toEqual([]);
  });

  test('names the language of every block', () => {
    expect(blocks.filter(({ language }) => language === '').map(place)).toEqual([]);
  });

  const executed = blocks.filter(({ language, norun }) => EXECUTED.includes(language) && norun === null);
  for (const block of executed) {
    test(`line ${block.line}: ${block.language} ${firstLine(block)}`, (context) => {
      if (block.file !== null) {
        const target = join(folder(), block.file);
        mkdirSync(dirname(target), { recursive: true });
        writeFileSync(target, `${block.text}\n`);
      }
      const needsCli = block.language === 'console' || block.language === 'sh' || isScenario(block);
      if (needsCli && !existsSync('src/cli/main.ts')) context.skip('there is no command line yet');
      if (needsCli) expect(existsSync(CLI), 'dist/cli/main.js is missing: npm run build').toBe(true);
      if (block.language === 'console') runConsole(block, folder());
      else if (block.language === 'sh') expectExit(block, `set -eu\n${block.text}`, folder());
      else if (block.language === 'yaml') checkYaml(block, folder());
      else expect(typeErrorsOf(block)).toEqual([]);
    });
  }
  for (const block of blocks.filter(({ norun }) => norun !== null)) {
    test(`line ${block.line}: ${block.language} ${firstLine(block)} is not run`, () => {
      expect(block.norun).not.toBe('');
    });
  }
});

function runConsole(block: Block, folder: string): void {
  const steps = stepsOf(block.text);
  expect(steps.length, `${place(block)}: no command`).toBeGreaterThan(0);
  for (const [i, { command, expected }] of steps.entries()) {
    // An expected exit code is that of the last command; those before it must succeed.
    const output = expectExit(i === steps.length - 1 ? block : { ...block, exitCode: 0 }, command, folder);
    if (expected !== '' && !outputMatches(expected, output)) expect(output.trim(), `${place(block)}: $ ${command}`).toBe(expected);
  }
}

function expectExit(block: Block, script: string, folder: string): string {
  const { code, both } = runScript(script, folder);
  expect(code, `${place(block)}: ${script}\n${both}`).toBe(block.exitCode);
  return both;
}

function runScript(script: string, folder: string): { readonly code: number | null; readonly both: string } {
  const plain = plainCommandOf(script);
  if (plain !== null && fitsWarmProgram(plain.words, folder)) {
    const { code, out, err, both } = warmProgram().run(plain.words, folder);
    if (plain.target === null) return { code, both };
    writeFileSync(join(folder, plain.target), out);
    return { code, both: err };
  }
  const { status, stdout } = spawnSync('bash', ['-c', `exec 2>&1\n${script}`], {
    cwd: folder,
    encoding: 'utf8',
    timeout: COMMAND_LIMIT_MILLIS,
    maxBuffer: 64 * 1024 * 1024,
    env: { ...process.env, PATH: `${join(scratch, 'bin')}:${process.env['PATH'] ?? ''}`, NO_COLOR: '1', FORCE_COLOR: '0', NODE_OPTIONS: '' },
  });
  return { code: status, both: stdout };
}

function typeErrorsOf(block: Block): readonly string[] {
  if (errorsOfSnippets === null) {
    const snippets = documents
      .flatMap((document) => blocksOf(document))
      .filter(({ language, norun }) => language === 'ts' && norun === null)
      .map((snippet) => ({ name: snippetName(snippet), text: snippet.text }));
    errorsOfSnippets = typeErrorsByName(snippets);
  }
  const errors = errorsOfSnippets.get(snippetName(block));
  if (errors === undefined) throw new Error(`${place(block)} was not checked`);
  return errors;
}

function snippetName({ document, line }: Block): string {
  return `${document.replace(/[^a-zA-Z0-9]/g, '-')}-${line}.ts`;
}

/** Any YAML must parse; one that says it is a scenario must be a valid one. */
function checkYaml(block: Block, folder: string): void {
  const errors = parseAllDocuments(block.text).flatMap((document) => ('errors' in document ? document.errors : []));
  expect(errors.map(({ message }) => message), place(block)).toEqual([]);
  if (!isScenario(block)) return;
  const file = block.file ?? `scenario-${block.line}.yaml`;
  writeFileSync(join(folder, file), `${block.text}\n`);
  expectExit(block, `podyard validate "${file}"`, folder);
}

function isScenario(block: Block): boolean {
  return block.language === 'yaml' && /^# scenario\b/.test(block.text);
}

/** Relative links to files; anchors do not count. */
function deadLinks(document: string): string[] {
  const prose = readFileSync(document, 'utf8').replace(/^( *)(`{3,})[^]*?^\1\2$/gm, '').replace(/`[^`\n]*`/g, '');
  const targets = [...prose.matchAll(/\]\(([^)#\s]+)[^)]*\)/g)].map(([, target = '']) => target);
  return targets.filter((target) => !/^[a-z]+:/.test(target) && !existsSync(join(dirname(document), target)));
}

function place({ document, line }: Block): string {
  return `${document}:${line}`;
}

function firstLine({ text }: Block): string {
  return (text.split('\n')[0] ?? '').slice(0, 60);
}
