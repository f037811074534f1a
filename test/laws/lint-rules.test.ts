// The linter's own test: each line below stands for something the house rules ban, and the linter must say so. The
// text is linted in place of a real file, because typed rules need one that the compiler knows; of all files the
// compiler is given that one only, as the text needs no other.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { ESLint } from 'eslint';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

/** Code, the rule that must object, where. */
const BELOW_IO: readonly (readonly [string, string])[] = [
  ['export const a1 = Math.random();', 'no-restricted-properties'],
  ['export const a2 = Math.pow(2, 0.5);', 'no-restricted-properties'],
  ['export const a3 = 2 ** 0.5;', 'no-restricted-syntax'],
  ['export let a4 = 2; a4 **= 2;', 'no-restricted-syntax'],
  ['export const a5 = Date.now();', 'no-restricted-globals'],
  ['export const a6 = performance.now();', 'no-restricted-globals'],
  ['export const a7 = new Intl.NumberFormat();', 'no-restricted-globals'],
  ["export const a8 = 'a'.localeCompare('b');", 'no-restricted-syntax'],
  ['export const a9 = (1).toLocaleString();', 'no-restricted-syntax'],
  ['export const b1 = [2, 1].sort();', '@typescript-eslint/require-array-sort-compare'],
  ["export const b2 = ['b', 'a'].toSorted();", '@typescript-eslint/require-array-sort-compare'],
  ['export const b3 = process.env;', 'no-restricted-globals'],
  ['export function b4(): void { console.log(1); }', 'no-restricted-globals'],
  ['export function b5(): void { setTimeout(() => undefined, 1); }', 'no-restricted-globals'],
  ['export const b6 = async (): Promise<void> => undefined;', 'no-restricted-syntax'],
  ['export const b7 = Promise.resolve(1);', 'no-restricted-globals'],
  ["export { readFileSync } from 'node:fs';", 'no-restricted-imports'],
  ["export { join } from 'path';", 'no-restricted-imports'],
];

const EVERYWHERE: readonly (readonly [string, string])[] = [
  ['export default 1;', 'no-restricted-syntax'],
  ['export enum C1 { A }', 'no-restricted-syntax'],
  ['export namespace C2 { export const x = 1; }', 'no-restricted-syntax'],
  ['export class C3 extends Map<string, string> {}', 'no-restricted-syntax'],
  ['export const c4 = class extends Set<string> {};', 'no-restricted-syntax'],
  ['export function c5(x: any): unknown { return x; }', '@typescript-eslint/no-explicit-any'],
  ['export function c6() { return 1; }', '@typescript-eslint/explicit-module-boundary-types'],
  ['export const c7 = 1 == (2 as number);', 'eqeqeq'],
  ["export function c8(x: 'a' | 'b'): number { switch (x) { case 'a': return 1; } return 2; }", '@typescript-eslint/switch-exhaustiveness-check'],
];

const ALLOWED: readonly string[] = [
  'export class D1 extends Error {}',
  'export const d2 = new Float64Array(2).sort();',
  'export const d3 = [2, 1].sort((a, b) => a - b);',
  'export const d4 = Math.exp(0.5 * Math.log(2));',
];

const PLACE = 'src/base/assert.ts';
const folder = mkdtempSync(join(tmpdir(), 'podyard-lint-'));
let linter: ESLint;
beforeAll(() => {
  const project = join(folder, 'tsconfig.json');
  const compilerOptions = { typeRoots: [resolve('node_modules/@types')] };
  writeFileSync(project, JSON.stringify({ extends: resolve('tsconfig.json'), compilerOptions, files: [resolve(PLACE)], include: [] }));
  // Where CI=true is set, the typed parser reads each file once from the disk; here the text is ours and not the file's.
  const parserOptions = { disallowAutomaticSingleRunInference: true, project: [project] };
  linter = new ESLint({ cwd: process.cwd(), overrideConfig: { languageOptions: { parserOptions } } });
});
afterAll(() => { rmSync(folder, { recursive: true, force: true }); });

async function objections(lines: readonly string[]): Promise<Map<number, string[]>> {
  const [result] = await linter.lintText(`${lines.join('\n')}\n`, { filePath: PLACE });
  const found = new Map<number, string[]>();
  for (const { line, ruleId } of result?.messages ?? []) found.set(line, [...(found.get(line) ?? []), ruleId ?? 'parser']);
  return found;
}

describe('the linter objects', () => {
  const cases = [...BELOW_IO, ...EVERYWHERE];
  test('to every banned construct, and to nothing that is allowed', async () => {
    const found = await objections([...cases.map(([code]) => code), ...ALLOWED]);
    const missed = cases.filter(([, rule], i) => found.get(i + 1)?.includes(rule) !== true);
    expect(missed).toEqual([]);
    const wrong = ALLOWED.filter((_, i) => found.has(cases.length + i + 1));
    expect(wrong).toEqual([]);
  });

  test('to files and functions that are too long', async () => {
    const long = ['export function long(): number {', ...Array.from({ length: 70 }, () => '  eval;'), '  return 1;', '}'];
    expect([...(await objections(long)).values()].flat()).toContain('max-lines-per-function');
    const huge = Array.from({ length: 601 }, (_, i) => `export const v${i} = ${i};`);
    expect([...(await objections(huge)).values()].flat()).toContain('max-lines');
  });
});
