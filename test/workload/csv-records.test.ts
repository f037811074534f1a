/** The record reader against csv-parse reading the whole text, and against itself under every way of cutting the bytes. */
import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InputError } from '../../src/base/input-error.ts';
import { byteSourceOf, type ByteSource } from '../../src/workload/traces/byte-source.ts';
import { CsvRecordReader, MAX_RECORD_BYTES } from '../../src/workload/traces/csv-records.ts';
import { scanRecord } from '../../src/workload/traces/csv-scan.ts';

interface Read {
  readonly records: readonly (readonly string[])[];
  readonly lines: readonly number[];
  readonly mistake: string | null;
}

function readAll(bytes: ByteSource): Read {
  const reader = new CsvRecordReader(bytes, 'x.csv');
  const records: (readonly string[])[] = [];
  const lines: number[] = [];
  try {
    for (let fields = reader.next(); fields !== null; fields = reader.next()) {
      records.push(fields);
      lines.push(reader.line);
    }
    return { records, lines, mistake: null };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return { records, lines, mistake: error.message };
  }
}

function reference(text: string): string[][] {
  return parse(text, { record_delimiter: ['\r\n', '\n'], relax_column_count: true, skip_empty_lines: true, bom: true });
}

/** Texts full of what matters to a CSV reader. */
const anyText = fc.array(fc.constantFrom('a', 'bc', 'é', '漢', ',', ',', '\n', '\n', '\r\n', '\r', '"', '"x,y"', '"p\nq"', '"u""v"', ' ', ';'), { maxLength: 60 }).map((parts) => parts.join(''));
const field = fc.array(fc.constantFrom('a', '1', 'é', ',', '"', '\n', ' '), { maxLength: 6 }).map((parts) => parts.join(''));

describe('CSV records', () => {
  it('equal csv-parse on any text that csv-parse takes', () => {
    fc.assert(
      fc.property(anyText, fc.integer({ min: 1, max: 40 }), (text, chunkBytes) => {
        const read = readAll(byteSourceOf(text, chunkBytes));
        let expected: string[][] | null;
        try {
          expected = reference(text);
        } catch {
          expected = null;
        }
        if (expected === null) expect(read.mistake).not.toBeNull();
        else expect(read).toMatchObject({ records: expected, mistake: null });
      }),
      { numRuns: 3000 },
    );
  });

  it('come back as they were written, with quotes where they are needed', () => {
    const table = fc.array(fc.array(field, { minLength: 2, maxLength: 4 }), { maxLength: 8 });
    fc.assert(
      fc.property(table, fc.integer({ min: 1, max: 30 }), (rows, chunkBytes) => {
        const text = rows.map((row) => `${row.map((cell) => (/[",\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell)).join(',')}\n`).join('');
        expect(readAll(byteSourceOf(text, chunkBytes)).records).toEqual(rows);
      }),
    );
  });

  it('do not depend on how the bytes are cut: same records, same lines, same mistake', () => {
    fc.assert(
      fc.property(anyText, fc.integer({ min: 1, max: 40 }), (text, chunkBytes) => {
        expect(readAll(byteSourceOf(text, chunkBytes))).toEqual(readAll(byteSourceOf(text)));
      }),
      { numRuns: 3000 },
    );
  });

  it('of well-formed tables never need csv-parse', () => {
    const table = fc.array(fc.array(field, { minLength: 2, maxLength: 4 }), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(table, fc.constantFrom('\n', '\r\n'), (rows, lineEnd) => {
        const lines = rows.map((row) => row.map((cell) => `"${cell.replaceAll('"', '""')}"`).join(','));
        const text = lines.join(lineEnd);
        for (let at = 0, i = 0; at < text.length; i++) {
          const fields: string[] = [];
          at = scanRecord(text, at, fields);
          expect(fields).toEqual(rows[i]);
        }
      }),
    );
  });

  it('know the line on which they begin', () => {
    const { records, lines } = readAll(byteSourceOf('a,b\n\n"c\nd",e\r\nf,g\n'));
    expect(records).toEqual([['a', 'b'], ['c\nd', 'e'], ['f', 'g']]);
    expect(lines).toEqual([1, 3, 5]);
  });

  it.each([
    ['a,b\n\n"x\ny",q,c"d\nz\n', 4, 'a quote inside an unquoted field'],
    ['"a","b\nc"d\n', 1, 'text behind the closing quote'],
    ['é,b\r\n\r\n\nc,"d\ne\n', 4, 'never closed'],
    ['x\r,y\nb"b', 2, 'a quote inside an unquoted field'],
  ])('name the line of the field that is wrong: %j', (text, line, message) => {
    const { mistake } = readAll(byteSourceOf(text, 3));
    expect(mistake).toMatch(new RegExp(`^x\\.csv:${String(line)}: .*${message}`));
  });

  it('skip a byte order mark, also before a quote', () => {
    expect(readAll(byteSourceOf('\ufeffa,b\n', 1)).records).toEqual([['a', 'b']]);
    expect(readAll(byteSourceOf('\ufeff"a",b\n', 2)).records).toEqual([['a', 'b']]);
  });

  it('survive a source that reuses its buffer', () => {
    const text = 'one,two\nthree,"fo\nur"\nfive,six\n';
    const bytes = new TextEncoder().encode(text);
    const buffer = new Uint8Array(5);
    let offset = 0;
    const source: ByteSource = {
      read(): Uint8Array | null {
        if (offset >= bytes.length) return null;
        const piece = bytes.subarray(offset, offset + 5);
        offset += 5;
        buffer.set(piece);
        return buffer.subarray(0, piece.length);
      },
    };
    expect(readAll(source)).toEqual(readAll(byteSourceOf(text)));
  });

  it('are refused when longer than a megabyte, wherever the end may be', () => {
    let left = 40;
    const endless: ByteSource = { read: () => (left-- > 0 ? new Uint8Array(MAX_RECORD_BYTES / 8).fill(97) : null) };
    expect(readAll(endless).mistake).toContain('x.csv:1: a record longer than 1048576 bytes');
    expect(left).toBeGreaterThan(20);
  });

  it('with a quote left open in a long file are refused at its line without reading the rest', () => {
    let given = 0;
    const source: ByteSource = {
      read(): Uint8Array | null {
        if (given++ > 100) return null;
        return new TextEncoder().encode(given === 1 ? 'a,b\nc,"d\n' : 'e,f\n'.repeat(20_000));
      },
    };
    expect(readAll(source).mistake).toMatch(/^x\.csv:2: a quoted field that begins on this line is never closed/);
    expect(given).toBeLessThan(30);
  });
});
