/**
 * The tables of a run in Parquet, beside those in CSV: the same cells, typed, what is empty there as null; the birth
 * certificate of the run and the units of the columns as key-value metadata of each file. The package hyparquet-writer
 * writes them, and is asked for when somebody wants them. Equal runs give equal bytes with equal versions of it.
 * Memory: one row group.
 */
import type * as HyparquetWriter from 'hyparquet-writer';
import { assert } from '../base/assert.ts';
import { InputError } from '../base/input-error.ts';
import type { RunResult } from '../metrics/run-result.ts';
import { nodeTable, podTable, timeSeriesTable } from '../report/result-tables.ts';
import type { Cell, ResultTable, TableColumn } from '../report/result-tables.ts';
import { summaryTable } from '../report/summary-rows.ts';
import type { OutputFile } from './output-folder.ts';

export interface ParquetTables {
  /** pods.parquet only where the run kept its pods. */
  files(result: RunResult): Generator<OutputFile>;
}

type Writer = Pick<typeof HyparquetWriter, 'ByteWriter' | 'ParquetWriter'>;
type Schema = ConstructorParameters<Writer['ParquetWriter']>[0]['schema'];

const ROWS_PER_GROUP = 100_000;

/** `load`: how the package is asked for. Throws InputError when it is not installed. */
export async function parquetTables(
  load: () => Promise<Writer> = () => import('hyparquet-writer'), rowsPerGroup = ROWS_PER_GROUP,
): Promise<ParquetTables> {
  const writer = await loaded(load);
  return {
    *files(result) {
      for (const table of tablesOf(result)) {
        yield { name: `${table.name}.parquet`, chunks: parquetChunks(table, result, writer, rowsPerGroup) };
      }
    },
  };
}

function* tablesOf(result: RunResult): Generator<ResultTable> {
  yield summaryTable(result);
  yield timeSeriesTable(result.timeseries);
  if (result.pods !== null) yield podTable(result.pods);
  yield nodeTable(result.nodes);
}

async function loaded(load: () => Promise<Writer>): Promise<Writer> {
  try {
    return await load();
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (code !== 'ERR_MODULE_NOT_FOUND') throw error;
    const install = 'npm install hyparquet-writer@0.17';
    throw new InputError({ message: `--parquet: the package hyparquet-writer writes such tables: ${install}` });
  }
}

function* parquetChunks(
  table: ResultTable, result: RunResult, writer: Writer, rowsPerGroup: number,
): Generator<Uint8Array> {
  const bytes = new writer.ByteWriter();
  const file = new writer.ParquetWriter({
    writer: bytes,
    schema: schemaOf(table),
    kvMetadata: metadataOf(table, result),
    createdBy: `podyard version ${result.version}`,
  });
  for (let from = 0; from < table.rows; from += rowsPerGroup) {
    const rows = Math.min(rowsPerGroup, table.rows - from);
    const columnData = table.columns.map((column) => (
      { name: column.name, data: Array.from({ length: rows }, (_, row) => cellOf(column, from + row)) }
    ));
    void file.write({ columnData, rowGroupSize: rowsPerGroup });
    yield taken(bytes);
  }
  void file.finish();
  yield taken(bytes);
}

/** What was written since; offsets in the file go on. */
function taken(bytes: InstanceType<Writer['ByteWriter']>): Uint8Array {
  const chunk = bytes.getBytes().slice();
  bytes.index = 0;
  return chunk;
}

/** An empty text is a value that does not exist, as an empty cell is in CSV. */
function cellOf({ name, type, at }: TableColumn, row: number): Cell {
  const value = at(row);
  if (value === null || value === '') return null;
  assert(typeof value === (type === 'text' ? 'string' : 'number'), `${name} has cells of one type`);
  assert(type !== 'whole' || (value as number) === ((value as number) | 0), `${name} has whole numbers`);
  return value;
}

const TYPES = {
  text: { type: 'BYTE_ARRAY', converted_type: 'UTF8' },
  whole: { type: 'INT32' },
  number: { type: 'DOUBLE' },
} as const;

function schemaOf({ name, columns }: ResultTable): Schema {
  const elements = columns.map((column) => (
    { name: column.name, repetition_type: 'OPTIONAL' as const, ...TYPES[column.type] }
  ));
  return [{ name, num_children: columns.length }, ...elements];
}

function metadataOf({ columns }: ResultTable, result: RunResult): { key: string; value: string }[] {
  const { scenario, seed, version, kubernetes, digest, complete } = result;
  const units = Object.fromEntries(columns.filter(({ unit }) => unit !== '').map(({ name, unit }) => [name, unit]));
  const facts = {
    scenario, seed, version, kubernetes, digest, complete: String(complete), units: JSON.stringify(units),
  };
  return Object.entries(facts).map(([name, value]) => ({ key: `podyard.${name}`, value }));
}
