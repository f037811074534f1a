/** Trace files as byte sources: gzip by its first bytes, several members, every early end noticed, bounded memory. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { InputError } from '../../src/base/input-error.ts';
import { Crc32 } from '../../src/io/crc32.ts';
import { openTraceFile, unpacked } from '../../src/io/trace-stream.ts';
import { byteSourceOf, type ByteSource } from '../../src/workload/traces/byte-source.ts';
import { openTrace } from '../../src/workload/traces/open-trace.ts';

const folder = mkdtempSync(join(tmpdir(), 'podyard-trace-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

function textOf(source: ByteSource): string {
  const parts: Buffer[] = [];
  for (let bytes = source.read(); bytes !== null; bytes = source.read()) parts.push(Buffer.from(bytes));
  return Buffer.concat(parts).toString();
}

function rowsOf(count: number): string {
  let text = 'name,arrival,duration,cpu,memory,class\n';
  for (let i = 0; i < count; i++) text += `pod-number-${String(i)},${String(i / 8)},${String((i * 7919) % 10_007)},${String((i % 16) + 1)},${String((i % 9) + 1)}Gi,class-${String(i % 5)}\n`;
  return text;
}

describe('a gzip file', () => {
  const parts = ['first\n', rowsOf(500), '', 'last'];
  const members = Buffer.concat(parts.map((part) => gzipSync(part)));

  it('of several members is one text, however it is cut', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 200 }), (chunkBytes) => {
        expect(textOf(unpacked(byteSourceOf(members, chunkBytes), 'x'))).toBe(parts.join(''));
      }),
      { numRuns: 60 },
    );
  });

  it('that ends early is refused, wherever the cut', () => {
    const [first, second] = ['first\n', 'a longer second member, a longer second member'].map((part) => gzipSync(part));
    const both = Buffer.concat([first, second]);
    for (let length = 2; length < both.length; length++) {
      // Cut between two members it is another whole file: nobody can tell.
      if (length === first.length) continue;
      for (const chunkBytes of [1, 7, 64_000]) {
        expect(() => textOf(unpacked(byteSourceOf(both.subarray(0, length), chunkBytes), 'x')), `cut at ${String(length)}`).toThrow(InputError);
      }
    }
  });

  it('with any one byte changed never passes as something else', () => {
    const text = rowsOf(60);
    const packed = gzipSync(text);
    fc.assert(
      fc.property(fc.integer({ min: 10, max: packed.length - 1 }), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const damaged = Buffer.from(packed);
        damaged[at] ^= change;
        try {
          expect(textOf(unpacked(byteSourceOf(damaged), 'x'))).toBe(text);
        } catch (error) {
          if (!(error instanceof InputError)) throw error;
        }
      }),
      { numRuns: 500 },
    );
  });

  it('is known by its bytes, not by its name', () => {
    writeFileSync(join(folder, 'packed.csv'), gzipSync('a,b\n'));
    writeFileSync(join(folder, 'plain.csv.gz'), 'a,b\n');
    expect(textOf(openTraceFile(join(folder, 'packed.csv')))).toBe('a,b\n');
    expect(textOf(openTraceFile(join(folder, 'plain.csv.gz')))).toBe('a,b\n');
  });
});

describe('CRC-32', () => {
  it('gives the check value of the standard', () => {
    const crc = new Crc32();
    crc.add(new TextEncoder().encode('123456789'));
    expect(crc.value()).toBe(0xcbf43926);
  });

  it('does not depend on how the bytes are cut', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), fc.nat({ max: 80 }), (bytes, cut) => {
        const [whole, cutUp] = [new Crc32(), new Crc32()];
        whole.add(bytes);
        cutUp.add(bytes.subarray(0, cut));
        cutUp.add(bytes.subarray(cut));
        expect(cutUp.value()).toBe(whole.value());
      }),
    );
  });
});

describe('a long trace', () => {
  it('of 200,000 rows, packed, is read in little memory', () => {
    const path = join(folder, 'long.csv.gz');
    writeFileSync(path, gzipSync(rowsOf(200_000), { level: 1 }));
    const before = process.memoryUsage();
    const reader = openTrace('csv', openTraceFile(path), path);
    let peakBytes = 0;
    for (let pod = reader.next(); pod !== null; pod = reader.next()) {
      if (reader.podCount % 10_000 !== 0) continue;
      const now = process.memoryUsage();
      peakBytes = Math.max(peakBytes, now.heapUsed - before.heapUsed + now.external - before.external);
    }
    expect(reader.podCount).toBe(200_000);
    // Unpacked the file is 9 MB and its pods far more; garbage not yet collected is in the number.
    expect(peakBytes).toBeLessThan(96 * 1024 * 1024);
  });

  it('that unpacks a thousandfold is refused at its first endless line, long before its end', () => {
    const member = gzipSync(Buffer.alloc(8 * 1024 * 1024, 'a'));
    const source = byteSourceOf(Buffer.concat(Array.from({ length: 64 }, () => member)), 16_384);
    let readBytes = 0;
    const counted: ByteSource = {
      read(): Uint8Array | null {
        const bytes = source.read();
        readBytes += bytes?.length ?? 0;
        return bytes;
      },
    };
    expect(() => openTrace('csv', unpacked(counted, 'bomb.csv.gz'), 'bomb.csv.gz')).toThrow(
      'a record longer than 1048576 bytes',
    );
    expect(readBytes).toBeLessThan(8 * member.length);
  });
});
