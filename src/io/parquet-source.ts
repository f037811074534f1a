/**
 * Tables in Parquet as synchronous byte sources of the same table in CSV, for the readers of traces: a header with the
 * names of the columns, then a line for each row, so that row n of the table is line n + 1. Needs the package
 * hyparquet, which is asked for when the first Parquet file is opened. Memory: one row group.
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { createRequire } from 'node:module';
import * as zlib from 'node:zlib';
import type * as Main from 'hyparquet';
import type {
  ColumnDecoder,
  Compressors,
  DataReader,
  DecodedArray,
  FileMetaData,
  PageHeader,
  ParquetParsers,
  RowGroup,
  SchemaTree,
} from 'hyparquet/src/types.js';
import type * as Column from 'hyparquet/src/column.js';
import type * as Convert from 'hyparquet/src/convert.js';
import { InputError } from '../base/input-error.ts';
import type { ByteSource } from '../workload/traces/byte-source.ts';

const MAGIC = 'PAR1';
/** Length of the metadata, and the magic bytes. */
const FOOTER_BYTES = 8;
const MOST_METADATA_BYTES = 256 * 1024 * 1024;
const MOST_PAGE_BYTES = 256 * 1024 * 1024;
const ROWS_A_PIECE = 8192;

/** The parts of hyparquet that work without promises: the readers of traces cannot wait. */
interface Hyparquet {
  readonly parquetMetadata: typeof Main.parquetMetadata;
  readonly parquetSchema: typeof Main.parquetSchema;
  readonly parquetHeader: typeof Column.parquetHeader;
  readonly readPage: typeof Column.readPage;
  readonly convert: typeof Convert.convert;
  readonly defaultParsers: ParquetParsers;
}

export function isParquet(head: Uint8Array): boolean {
  return head.length >= MAGIC.length && [...MAGIC].every((letter, i) => head[i] === letter.charCodeAt(0));
}

/**
 * Throws InputError when the file is no whole Parquet table of plain columns, or when hyparquet is not installed.
 * `require`: how that is looked for; default: as this package's own dependencies.
 */
export function openParquet(path: string, require = createRequire(import.meta.url)): ByteSource & { close(): void } {
  const hyparquet = load(path, require);
  return new ParquetSource(path, openSync(path, 'r'), hyparquet);
}

function load(path: string, require: NodeJS.Require): Hyparquet {
  try {
    const { parquetMetadata, parquetSchema } = require('hyparquet') as typeof Main;
    const { parquetHeader, readPage } = require('hyparquet/src/column.js') as typeof Column;
    const { convert, DEFAULT_PARSERS } = require('hyparquet/src/convert.js') as typeof Convert;
    return { parquetMetadata, parquetSchema, parquetHeader, readPage, convert, defaultParsers: DEFAULT_PARSERS };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (code !== 'MODULE_NOT_FOUND' && code !== 'ERR_PACKAGE_PATH_NOT_EXPORTED') throw error;
    const message = 'a table in Parquet, which the package hyparquet reads: npm install hyparquet@1';
    throw new InputError({ file: path, message });
  }
}

class ParquetSource implements ByteSource {
  private readonly path: string;
  private readonly hyparquet: Hyparquet;
  private descriptor: number | null;
  private readonly metadata: FileMetaData;
  private readonly schema: SchemaTree;
  private readonly encoder = new TextEncoder();
  private hasHeader = false;
  private nextGroup = 0;
  /** Cells of the row group at hand by column; rows of it that were given. */
  private columns: readonly (readonly unknown[])[] = [];
  private groupRows = 0;
  private givenRows = 0;

  constructor(path: string, descriptor: number, hyparquet: Hyparquet) {
    this.path = path;
    this.hyparquet = hyparquet;
    this.descriptor = descriptor;
    this.metadata = this.attempt(() => hyparquet.parquetMetadata(this.footer(), { geoparquet: false }));
    this.schema = this.attempt(() => hyparquet.parquetSchema(this.metadata));
    const nested = this.schema.children.filter(({ children, element }) => isNested(children, element.repetition_type));
    if (nested.length > 0) {
      const names = nested.map(({ element }) => element.name).join(', ');
      throw this.refusal(`nested columns (${names}): expected a table of plain columns`);
    }
  }

  read(): Uint8Array | null {
    if (this.descriptor === null) return null;
    if (!this.hasHeader) {
      this.hasHeader = true;
      return this.encoder.encode(`${this.schema.children.map(({ element }) => cellOf(element.name)).join(',')}\n`);
    }
    while (this.givenRows >= this.groupRows) {
      if (this.nextGroup >= this.metadata.row_groups.length) {
        this.close();
        return null;
      }
      this.readGroup(this.metadata.row_groups[this.nextGroup++]);
    }
    return this.encoder.encode(this.attempt(() => this.rowsAsText()));
  }

  close(): void {
    if (this.descriptor !== null) closeSync(this.descriptor);
    this.descriptor = null;
    this.columns = [];
  }

  private rowsAsText(): string {
    const end = Math.min(this.groupRows, this.givenRows + ROWS_A_PIECE);
    let text = '';
    for (let row = this.givenRows; row < end; row++) {
      for (let column = 0; column < this.columns.length; column++) {
        text += `${column === 0 ? '' : ','}${cellOf(this.columns[column][row])}`;
      }
      text += '\n';
    }
    this.givenRows = end;
    return text;
  }

  private readGroup(group: RowGroup): void {
    const rows = Number(group.num_rows);
    this.columns = this.schema.children.map(({ element }) => this.readColumn(group, rows, element.name));
    this.groupRows = rows;
    this.givenRows = 0;
  }

  private readColumn(group: RowGroup, rows: number, name: string): readonly unknown[] {
    return this.attempt(() => {
      const chunk = group.columns.find(({ meta_data: column }) => column?.path_in_schema[0] === name)?.meta_data;
      if (chunk === undefined) throw new Error(`a row group lacks the column ${name}`);
      if (Number(chunk.num_values) !== rows) throw new Error(`the column ${name} has not a value for each row`);
      const start = Number(chunk.dictionary_page_offset ?? chunk.data_page_offset);
      const bytes = this.bytes(start, Number(chunk.total_compressed_size));
      const path = [this.schema, ...this.schema.children.filter(({ element }) => element.name === name)];
      const decoder = {
        ...chunk,
        pathInSchema: chunk.path_in_schema,
        element: path[1].element,
        schemaPath: path,
        parsers: { ...this.hyparquet.defaultParsers, ...PARSERS },
        compressors: COMPRESSORS,
      };
      return this.readPages({ view: new DataView(bytes), offset: 0 }, rows, decoder);
    });
  }

  /** Page by page, each looked at before it is unpacked: what a damaged header says must not be believed. */
  private readPages(reader: DataReader, rows: number, decoder: ColumnDecoder): readonly unknown[] {
    const { hyparquet } = this;
    const cells: unknown[] = [];
    let dictionary: DecodedArray | undefined;
    while (cells.length < rows) {
      const header = hyparquet.parquetHeader(reader);
      checkPage(header, reader, rows - cells.length);
      const { data } = hyparquet.readPage(reader, header, decoder, dictionary, undefined, 0);
      if (data === undefined) throw new Error('a page without values');
      if (header.type === 'DICTIONARY_PAGE') dictionary = hyparquet.convert(data, decoder);
      else for (let i = 0; i < data.length; i++) cells.push(data[i]);
    }
    return cells;
  }

  private footer(): ArrayBuffer {
    const size = this.descriptor === null ? 0 : fstatSync(this.descriptor).size;
    if (size < MAGIC.length + FOOTER_BYTES) throw new Error('it ends early');
    const end = new Uint8Array(this.bytes(size - FOOTER_BYTES, FOOTER_BYTES));
    if (!isParquet(end.subarray(FOOTER_BYTES - MAGIC.length))) throw new Error(`it does not end with ${MAGIC}`);
    const length = new DataView(end.buffer).getUint32(0, true);
    if (length + FOOTER_BYTES > size || length > MOST_METADATA_BYTES) throw new Error('its metadata is longer than it');
    return this.bytes(size - FOOTER_BYTES - length, length + FOOTER_BYTES);
  }

  private bytes(start: number, length: number): ArrayBuffer {
    const bytes = new Uint8Array(length);
    for (let done = 0; done < length;) {
      const count = readSync(this.descriptor ?? -1, bytes, done, length - done, start + done);
      if (count === 0) throw new Error('it ends early');
      done += count;
    }
    return bytes.buffer;
  }

  /** Whatever the decoder stumbles over is a damaged file, or one that it does not know. */
  private attempt<Result>(action: () => Result): Result {
    try {
      return action();
    } catch (error) {
      if (error instanceof InputError) throw error;
      const reason = error instanceof Error ? error.message.replace(/\s+/g, ' ').slice(0, 200) : String(error);
      throw this.refusal(`no whole Parquet table: ${reason}`);
    }
  }

  private refusal(message: string): InputError {
    this.close();
    return new InputError({ file: this.path, message });
  }
}

function checkPage(header: PageHeader, { view, offset }: DataReader, rowsLeft: number): void {
  const { type, compressed_page_size: packed, uncompressed_page_size: unpacked } = header;
  const isDictionary = type === 'DICTIONARY_PAGE';
  const values = isDictionary ? header.dictionary_page_header : (header.data_page_header ?? header.data_page_header_v2);
  const isRight =
    isCount(packed, view.byteLength - offset) &&
    isCount(unpacked, MOST_PAGE_BYTES) &&
    isCount(values?.num_values, isDictionary ? unpacked * 8 : rowsLeft) &&
    values?.encoding !== undefined &&
    levelsFit(header);
  if (!isRight) throw new Error('a page whose header cannot be true');
}

/** Pages of the second kind begin with levels that are not packed. */
function levelsFit({ type, compressed_page_size: packed, data_page_header_v2: values }: PageHeader): boolean {
  if (type !== 'DATA_PAGE_V2') return true;
  const { definition_levels_byte_length: definition, repetition_levels_byte_length: repetition } = values ?? {};
  return isCount(definition, packed) && isCount(repetition, packed - Number(definition));
}

function isCount(value: unknown, most: number): boolean {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= most;
}

function isNested(children: readonly SchemaTree[], repetition: string | undefined): boolean {
  return children.length > 0 || repetition === 'REPEATED';
}

/** Besides Snappy, which hyparquet has itself. Node has Zstandard from 22.15 on. */
const { zstdDecompressSync } = zlib as { readonly zstdDecompressSync?: (bytes: Uint8Array) => Uint8Array };
const COMPRESSORS: Compressors = {
  GZIP: (bytes) => zlib.gunzipSync(bytes),
  BROTLI: (bytes) => zlib.brotliDecompressSync(bytes),
  ...(zstdDecompressSync === undefined ? {} : { ZSTD: (bytes) => zstdDecompressSync(bytes) }),
};

/** Times are seconds since 1970, exact to the microsecond, as our own format has them. */
const PARSERS: Partial<ParquetParsers> = {
  timestampFromMilliseconds: (millis: bigint) => decimalText(BigInt(millis) * 1000n),
  timestampFromMicroseconds: (micros: bigint) => decimalText(BigInt(micros)),
  timestampFromNanoseconds: (nanos: bigint) => decimalText(BigInt(nanos) / 1000n),
  dateFromDays: (days: number) => String(days * 86_400),
  stringFromBytes: (bytes: Uint8Array) => new TextDecoder('utf-8', { fatal: true }).decode(bytes),
};

function decimalText(micros: bigint): string {
  const sign = micros < 0n ? '-' : '';
  const digits = String(micros < 0n ? -micros : micros).padStart(7, '0');
  const [whole, rest] = [digits.slice(0, -6), digits.slice(-6).replace(/0+$/, '')];
  return `${sign}${whole}${rest === '' ? '' : `.${rest}`}`;
}

function cellOf(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return /[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
    case 'number':
      return numberText(value);
    case 'bigint':
    case 'boolean':
      return String(value);
    case 'undefined':
      return '';
    default:
      if (value === null) return '';
      if (value instanceof Uint8Array) return cellOf(new TextDecoder('utf-8', { fatal: true }).decode(value));
      throw new Error('values that are neither numbers nor texts');
  }
}

/** Without an exponent: tables have none. */
function numberText(value: number): string {
  const text = String(value);
  const match = /^(-?)(\d)(?:\.(\d+))?e([+-]\d+)$/.exec(text);
  if (match === null) return text;
  const [, sign, first, rest = '', power] = match;
  const shift = Number(power);
  const digits = first + rest;
  if (shift < 0) return `${sign}0.${'0'.repeat(-shift - 1)}${digits}`;
  return `${sign}${digits.padEnd(shift + 1, '0')}`;
}
