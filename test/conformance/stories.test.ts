// Small recordings of our own making: each header tells the rule of upstream that its decisions show.
import { readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { ConformanceRun } from '../../src/conformance/conformance-run.ts';
import { pluginRegistry } from '../../src/scheduler/plugins/registry.ts';

const FOLDER = new URL('./stories/', import.meta.url);
const registry = pluginRegistry();

describe('stories of decisions', () => {
  for (const file of readdirSync(fileURLToPath(FOLDER)).sort((a, b) => (a < b ? -1 : 1))) {
    const text = readFileSync(new URL(file, FOLDER), 'utf8');
    for (const plain of [false, true]) {
      test(`${file}, ${plain ? 'by the plain scan' : 'with caches'}`, () => {
        const run = new ConformanceRun(file, { registry, plain, check: true });
        for (const line of text.split('\n')) run.line(line);
        const results = run.results();
        expect(results.flatMap(({ differences }) => differences)).toEqual([]);
        for (const { decisions, equal } of results) expect([decisions > 0, equal]).toEqual([true, decisions]);
      });
    }
  }

  test('every scenario tells its rule', () => {
    for (const file of readdirSync(fileURLToPath(FOLDER))) {
      const headers = readFileSync(new URL(file, FOLDER), 'utf8').split('\n').filter((line) => line.startsWith('{"format"'));
      for (const header of headers) expect((JSON.parse(header) as { rule?: string }).rule).toMatch(/\w+ \w+/);
    }
  });
});
