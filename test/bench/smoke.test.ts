// Every benchmark runs in its smoke size, and does the same work twice: a figure without a stable digest means nothing.
import { pathToFileURL } from 'node:url';
import { describe, expect, test } from 'vitest';
import type { BenchModule, BenchRow } from '../../bench/bench-row.ts';
import { filesBelow } from '../support/tracked-files.ts';

const files = ['bench/micro', 'bench/macro'].flatMap((folder) => filesBelow(folder, '.ts'));

describe.each(files)('%s', (file) => {
  const run = async (): Promise<BenchRow[]> => ((await import(pathToFileURL(file).href)) as BenchModule).run('smoke');
  const workOf = (rows: readonly BenchRow[]): unknown =>
    rows.map(({ name, digest, unit, counts }) => ({ name, digest, unit, counts }));
  let first: Promise<BenchRow[]> | null = null;

  test('does the same work in two runs', async () => {
    const rows = await (first ??= run());
    expect(rows).not.toEqual([]);
    expect(workOf(await run())).toEqual(workOf(rows));
  });

  test('gives finite figures under names of their own', async () => {
    const rows = await (first ??= run());
    for (const { name, value, digest } of rows) {
      expect(Number.isFinite(value), name).toBe(true);
      expect(digest, name).not.toBe('');
    }
    expect(new Set(rows.map(({ name }) => name)).size).toBe(rows.length);
  });
});

test('there are benchmarks', (context) => {
  context.skip(files.length === 0, 'bench/micro and bench/macro are empty');
  expect(files.length).toBeGreaterThan(0);
});
