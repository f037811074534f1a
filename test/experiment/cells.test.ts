// Runs that are kept: known again by all that they depend on, and only when they are whole.
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { readCell, writeCell } from '../../src/experiment/cells.ts';
import { measureRun } from '../../src/experiment/measured-run.ts';
import { CellStore } from '../../src/io/cell-store.ts';
import { createInputFiles } from '../../src/io/input-files.ts';
import { readScenario } from '../../src/simulation/scenario-reader.ts';
import type { Override } from '../../src/simulation/scenario-reader.ts';
import { SMALL } from '../cli/podyard.ts';
import { makeRunResult } from '../support/run-result.ts';

const folder = mkdtempSync(join(tmpdir(), 'podyard-cells-'));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

const scenarioWith = (...overrides: Override[]) =>
  readScenario({ text: SMALL, name: 'small.yaml' }, createInputFiles(), overrides).scenario;

test('a run comes back as it was, to the last bit', () => {
  const store = new CellStore(join(folder, 'back'), '1');
  const run = measureRun(makeRunResult({ seed: 'x' }));
  expect(store.read('a'.repeat(64))).toBeNull();
  store.write('a'.repeat(64), run);
  expect(store.read('a'.repeat(64))).toEqual(run);
  expect(run.metrics.some(({ value }) => Object.is(value, -0))).toBe(false);
});

test('a name is of everything that the numbers depend on, and of nothing else', () => {
  const store = new CellStore(folder, '1');
  const key = store.keyOf(scenarioWith());
  expect(key).toMatch(/^[0-9a-f]{64}$/);
  expect(store.keyOf(scenarioWith())).toBe(key);
  expect(store.keyOf(scenarioWith({ path: 'thresholds', value: '[cost < 5]' }))).toBe(key);
  expect(store.keyOf(scenarioWith({ path: 'seed', value: 'two' }))).not.toBe(key);
  expect(store.keyOf(scenarioWith({ path: 'workloads[web].lifetime', value: 'forever' }))).toBe(key);
  expect(store.keyOf(scenarioWith({ path: 'workloads[web].lifetime', value: '90h' }))).not.toBe(key);
  expect(new CellStore(folder, '2').keyOf(scenarioWith())).not.toBe(key);
});

test('the content of plugins counts, and what can be read once only has no name', () => {
  const store = (): CellStore => new CellStore(folder, '1');
  const file = join(folder, 'plugin.mjs');
  const scenario = scenarioWith();
  const withPlugin = { ...scenario, scheduler: { ...scenario.scheduler, pluginFiles: [file] } };
  expect(store().keyOf(withPlugin)).toBeNull();
  writeFileSync(file, 'one');
  const one = store().keyOf(withPlugin);
  writeFileSync(file, 'two');
  expect(store().keyOf(withPlugin)).not.toBe(one);
  writeFileSync(file, 'one');
  expect(store().keyOf(withPlugin)).toBe(one);
});

test('what is torn, of another name or of a run that was stopped is no cell', () => {
  const run = measureRun(makeRunResult());
  const text = writeCell('k', run);
  expect(readCell('k', text)).toEqual(run);
  expect(readCell('other', text)).toBeNull();
  for (let length = 0; length < text.length; length += 7) expect(readCell('k', text.slice(0, length))).toBeNull();
  expect(readCell('k', text.slice(0, -1))).toBeNull();
  expect(readCell('k', writeCell('k', { ...run, complete: false }))).toBeNull();
});

test('clearing removes cells and nothing else', () => {
  const place = join(folder, 'clear');
  const store = new CellStore(place, '1');
  store.clear();
  store.write('b'.repeat(64), measureRun(makeRunResult()));
  writeFileSync(join(place, 'notes.txt'), 'mine');
  store.clear();
  expect(readdirSync(place)).toEqual(['notes.txt']);
  rmSync(join(place, 'notes.txt'));
  store.clear();
  expect(readdirSync(folder)).not.toContain('clear');
});
