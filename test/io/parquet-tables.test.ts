// The tables of a run in Parquet: what another reader finds in them is what stands in the CSV files, with types and
// units, whatever the texts are and however many row groups there are; and what is said without the package.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { parquetMetadata, parquetReadObjects } from 'hyparquet';
import * as hyparquetWriter from 'hyparquet-writer';
import { afterAll, describe, expect, test } from 'vitest';
import { InputError } from '../../src/base/input-error.ts';
import { parquetTables } from '../../src/io/parquet-tables.ts';
import type { RunResult } from '../../src/metrics/run-result.ts';
import { nodesCsv, podsCsv, timeSeriesCsv } from '../../src/report/csv.ts';
import { summaryRows } from '../../src/report/summary-rows.ts';
import { makeRunResult } from '../support/run-result.ts';

const folder = mkdtempSync(join(tmpdir(), 'podyard-parquet-tables-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

async function filesOf(result: RunResult, rowsPerGroup?: number): Promise<Map<string, Buffer>> {
  const { files } = await parquetTables(() => Promise.resolve(hyparquetWriter), rowsPerGroup);
  return new Map([...files(result)].map(({ name, chunks }) => [name, Buffer.concat([...chunks as Iterable<Uint8Array>])]));
}

const asBuffer = (bytes: Buffer): ArrayBuffer => new Uint8Array(bytes).buffer;

function read(bytes: Buffer | undefined): Promise<Record<string, unknown>[]> {
  return parquetReadObjects({ file: asBuffer(bytes ?? expect.fail('no file')) });
}

interface Described {
  readonly rowGroups: readonly number[];
  /** By column. */
  readonly types: Readonly<Record<string, string>>;
  readonly facts: Readonly<Record<string, string>>;
}

function describedIn(bytes: Buffer | undefined): Described {
  const metadata = parquetMetadata(asBuffer(bytes ?? expect.fail('no file')));
  const leaves = metadata.schema.slice(1);
  return {
    rowGroups: metadata.row_groups.map(({ num_rows }) => Number(num_rows)),
    types: Object.fromEntries(leaves.map(({ name, type, converted_type }) => [name, converted_type ?? type ?? ''])),
    facts: Object.fromEntries((metadata.key_value_metadata ?? []).map(({ key, value }) => [key, value ?? ''])),
  };
}

/** Rows of CSV as they would be read from Parquet: numbers by type, empty cells as null. */
function typed(chunks: Iterable<string>, types: Readonly<Record<string, string>>): Record<string, unknown>[] {
  const rows = parse<Record<string, string>>([...chunks].join(''), { columns: true });
  return rows.map((row) => Object.fromEntries(Object.entries(row).map(([name, cell]) => (
    [name, cell === '' ? null : types[name] === 'UTF8' ? unescaped(cell) : Number(cell)]
  ))));
}

/** CSV keeps spreadsheets from running formulas. */
function unescaped(cell: string): string {
  return /^'[=+\-@\t\r]/.test(cell) ? cell.slice(1) : cell;
}

const RESULT = makeRunResult({ podRows: 2500 });

describe('tables in Parquet', () => {
  test('hold what stands in the CSV files, over many row groups', async () => {
    const files = await filesOf(RESULT, 700);
    expect([...files.keys()]).toEqual(['summary.parquet', 'timeseries.parquet', 'pods.parquet', 'nodes.parquet']);
    const tables = { timeseries: timeSeriesCsv(RESULT.timeseries), pods: podsCsv(RESULT.pods ?? expect.fail()),
      nodes: nodesCsv(RESULT.nodes) };
    for (const [name, csv] of Object.entries(tables)) {
      const bytes = files.get(`${name}.parquet`);
      const rows = typed(csv, describedIn(bytes).types);
      expect(rows.length).toBeGreaterThan(10);
      expect(await read(bytes), name).toEqual(rows);
    }
    expect(describedIn(files.get('pods.parquet')).rowGroups).toEqual([700, 700, 700, 400]);
    const summary = await read(files.get('summary.parquet'));
    expect(summary.map(({ metric, value, text, unit }) => [metric, value ?? text, unit ?? ''])).toEqual(
      summaryRows(RESULT),
    );
    expect(summary.filter(({ value }) => value !== null).length).toBeGreaterThan(100);
  });

  test('have typed columns with their units, and say of which run they are', async () => {
    const files = await filesOf(RESULT);
    const pods = describedIn(files.get('pods.parquet'));
    expect(pods.types).toMatchObject({ name: 'UTF8', priority: 'INT32', boundSeconds: 'DOUBLE', attempts: 'INT32' });
    const { scenario, seed, version, kubernetes, digest } = RESULT;
    expect(pods.facts).toEqual({
      'podyard.scenario': scenario, 'podyard.seed': seed, 'podyard.version': version,
      'podyard.kubernetes': kubernetes, 'podyard.digest': digest, 'podyard.complete': 'true',
      'podyard.units':
        '{"createdSeconds":"s","boundSeconds":"s","startedSeconds":"s","endedSeconds":"s","attempts":"count"}',
    });
    const series = describedIn(files.get('timeseries.parquet'));
    expect(series.types).toMatchObject({ seconds: 'DOUBLE', 'utilization.cpu': 'DOUBLE', 'pods.pending': 'INT32' });
    expect(JSON.parse(series.facts['podyard.units'])).toMatchObject({
      seconds: 's', 'utilization.cpu': 'share', 'pods.pending': 'pods', 'nodes.ready': 'nodes',
    });
    const nodes = describedIn(files.get('nodes.parquet'));
    expect(JSON.parse(nodes.facts['podyard.units'])).toMatchObject({ downSeconds: 's', 'meanUtilization.cpu': 'share' });
  });

  test('are the same bytes for equal results, and others for other ones', async () => {
    const again = await filesOf(makeRunResult({ podRows: 2500 }));
    expect(again).toEqual(await filesOf(RESULT));
    const other = await filesOf(makeRunResult({ podRows: 2500, seed: '43' }));
    for (const [name, bytes] of other) expect(bytes.equals(again.get(name) ?? expect.fail(name)), name).toBe(false);
  });

  test('take texts as they are, and tables without rows', async () => {
    const texts = ['=1+1', 'a,b\n"c"', '', 'päivää 漢字 \u{1f600}', "'quoted"];
    const nodes = texts.map((name) => ({ ...RESULT.nodes[0], name, zone: '', removedSeconds: null }));
    const files = await filesOf(makeRunResult({ podRows: 0, overrides: { nodes } }));
    const rows = await read(files.get('nodes.parquet'));
    expect(rows.map(({ name }) => name)).toEqual(texts.map((text) => (text === '' ? null : text)));
    expect(rows.map(({ zone, removedSeconds }) => [zone, removedSeconds])).toEqual(texts.map(() => [null, null]));
    expect(await read(files.get('pods.parquet'))).toEqual([]);
    expect(describedIn(files.get('pods.parquet')).types).toMatchObject({ name: 'UTF8', attempts: 'INT32' });
    expect([...(await filesOf(makeRunResult({ podRows: null }))).keys()]).not.toContain('pods.parquet');
  });

  test('without the package it is said what to install; another trouble is not hidden', async () => {
    const missing = Object.assign(new Error('Cannot find package'), { code: 'ERR_MODULE_NOT_FOUND' });
    const refused = parquetTables(() => Promise.reject(missing));
    await expect(refused).rejects.toThrow(InputError);
    await expect(refused).rejects.toThrow(
      '--parquet: the package hyparquet-writer writes such tables: npm install hyparquet-writer@0.17',
    );
    await expect(parquetTables(() => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
  });

  test.for([
    ['pyarrow', 'import pyarrow.parquet as t; print(sum(t.read_table(p).column("podsHosted").to_pylist()))'],
    ['duckdb', `import duckdb; print(duckdb.sql(f"select sum(podsHosted) from '{p}'").fetchall()[0][0])`],
  ])('%s reads them', async ([name, program], context) => {
    const python = process.env['PODYARD_PYTHON'] ?? 'python3';
    if (spawnSync(python, ['-c', `import ${name}`]).status !== 0) {
      context.skip(`${python} has no ${name}`);
      return;
    }
    const path = join(folder, 'nodes.parquet');
    writeFileSync(path, (await filesOf(RESULT, 7)).get('nodes.parquet') ?? expect.fail('no file'));
    expect(readFileSync(path).subarray(0, 4).toString()).toBe('PAR1');
    const { stdout, stderr } = spawnSync(python, ['-c', `p = ${JSON.stringify(path)}; ${program}`], {
      encoding: 'utf8',
    });
    expect(stderr).toBe('');
    expect(Number(stdout)).toBe(RESULT.nodes.reduce((sum, { podsHosted }) => sum + podsHosted, 0));
  });
});
