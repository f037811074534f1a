// Every benchmark runs in its smoke size, and does the same work twice: a figure without a stable digest means nothing.
import { pathToFileURL } from 'node:url';
import { describe, expect, test } from 'vitest';
import type { BenchModule } from '../../bench/bench-row.ts';
import { filesBelow } from '../support/tracked-files.ts';

const files = ['bench/micro', 'bench/macro'].flatMap((folder) => filesBelow(folder, '.ts'));

describe.each(files)('%s', (file) => {
  test('does the same work in two runs', async () => {
    const bench = (await import(pathToFileURL(file).href)) as BenchModule;
    const work = async (): Promise<unknown> => (await bench.run('smoke')).map(({ name, digest, unit, counts }) => ({ name, digest, unit, counts }));
    const first = await work();
    expect(first).not.toEqual([]);
    expect(await work()).toEqual(first);
  });

  test('gives finite figures under names of their own', async () => {
    const bench = (await import(pathToFileURL(file).href)) as BenchModule;
    const rows = await bench.run('smoke');
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
