/** Tables in Parquet: the same as their CSV, whatever stands in them, and nothing else when they are damaged. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { afterAll, describe, expect, test } from 'vitest';
import { InputError } from '../../src/base/input-error.ts';
import { openParquet } from '../../src/io/parquet-source.ts';
import { openTraceFile } from '../../src/io/trace-stream.ts';
import type { TracePod } from '../../src/workload/traces/trace-pod.ts';
import { byteSourceOf, type ByteSource } from '../../src/workload/traces/byte-source.ts';
import { openTrace } from '../../src/workload/traces/open-trace.ts';

const folder = mkdtempSync(join(tmpdir(), 'podyard-parquet-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

type Column = Parameters<typeof parquetWriteBuffer>[0]['columnData'][number];

function written(name: string, columnData: readonly Column[], rowGroupSize = 1000): string {
  const path = join(folder, name);
  writeFileSync(path, new Uint8Array(parquetWriteBuffer({ columnData: [...columnData], rowGroupSize })));
  return path;
}

function textOf(source: ByteSource): string {
  const decoder = new TextDecoder();
  let text = '';
  for (let bytes = source.read(); bytes !== null; bytes = source.read())
    text += decoder.decode(bytes, { stream: true });
  return text;
}

function podsOf(bytes: ByteSource): TracePod[] {
  const reader = openTrace('csv', bytes, 'pods');
  const pods: TracePod[] = [];
  for (let pod = reader.next(); pod !== null; pod = reader.next()) pods.push(pod);
  return pods;
}

describe('a trace of our own in Parquet', () => {
  const rows = 20_011;
  const column = <Cell>(cell: (row: number) => Cell): Cell[] => Array.from({ length: rows }, (_, row) => cell(row));

  test('gives the pods of the same trace in CSV, over many row groups', () => {
    const names = column((row) => `pod-${String(row)}`);
    const arrival = column((row) => row / 8);
    const duration = column((row) => (row % 7 === 0 ? null : row % 1000));
    const cpu = column((row) => ['500m', '2', '1.5'][row % 3]);
    const memory = column((row) => BigInt(1 + (row % 5)) * 1_073_741_824n);
    const labels = column((row) => (row % 2 === 0 ? '' : 'app=a;tier=b'));
    const path = written('own.parquet', [
      { name: 'name', data: names, type: 'STRING' },
      { name: 'arrival', data: arrival, type: 'DOUBLE' },
      { name: 'duration', data: duration, type: 'INT32', nullable: true },
      { name: 'cpu', data: cpu, type: 'STRING' },
      { name: 'memory', data: memory, type: 'INT64' },
      { name: 'labels', data: labels, type: 'STRING' },
    ]);
    const lines = names.map((name, i) => [name, arrival[i], duration[i] ?? '', cpu[i], memory[i], labels[i]].join(','));
    const csv = `name,arrival,duration,cpu,memory,labels\n${lines.join('\n')}\n`;
    expect(textOf(openTraceFile(path))).toBe(csv);
    expect(podsOf(openTraceFile(path))).toEqual(podsOf(byteSourceOf(csv)));
  });

  test('spells numbers without exponents, times as seconds and texts with quotes', () => {
    const path = written('cells.parquet', [
      { name: 'number', data: [1e-7, 1.25e21, -3e-9, 0.5], type: 'DOUBLE' },
      { name: 'time', data: [0, 1, 1_500_000, 123_456_789].map((micros) => new Date(micros)), type: 'TIMESTAMP' },
      { name: 'text', data: ['a,b', 'say "x"', 'two\nlines', 'ä'], type: 'STRING' },
      { name: 'is', data: [true, false, true, false], type: 'BOOLEAN' },
    ]);
    expect(textOf(openTraceFile(path))).toBe(
      'number,time,text,is\n0.0000001,0,"a,b",true\n1250000000000000000000,0.001,"say ""x""",false\n' +
        '-0.000000003,1500,"two\nlines",true\n0.5,123456.789,ä,false\n',
    );
  });

  test('tells a mistake by row and column: row n is line n + 1', () => {
    const path = written('wrong.parquet', [
      { name: 'arrival', data: [0, 1, 2], type: 'DOUBLE' },
      { name: 'cpu', data: ['1', 'x', '1'], type: 'STRING' },
    ]);
    expect(() => podsOf(openTraceFile(path))).toThrow('pods:3: expected a quantity such as 500m or 2, found "x" [cpu]');
  });
});

describe('what is no table of plain columns', () => {
  const path = written('whole.parquet', [{ name: 'arrival', data: [0, 1, 2, 3], type: 'DOUBLE' }]);
  const whole = readFileSync(path);
  const damaged = join(folder, 'damaged.parquet');
  const outcome = (bytes: Uint8Array): string | InputError => {
    writeFileSync(damaged, bytes);
    try {
      return textOf(openTraceFile(damaged));
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      return error;
    }
  };

  test('a file that was cut is refused, wherever the cut', () => {
    for (let length = 4; length < whole.length; length++) {
      expect(outcome(whole.subarray(0, length)), String(length)).toBeInstanceOf(InputError);
    }
  });

  test('a file with one byte changed is refused or is still a table, and nothing else happens', () => {
    let refused = 0;
    for (let at = 4; at < whole.length; at++) {
      const bytes = new Uint8Array(whole);
      bytes[at] ^= 0x55;
      const found = outcome(bytes);
      if (found instanceof InputError) {
        expect(found.problems[0].file).toBe(damaged);
        refused++;
      } else expect(found.split('\n').length).toBeGreaterThan(0);
    }
    expect(refused).toBeGreaterThan(whole.length / 4);
  });

  test('nested columns are named', () => {
    const nested = join(folder, 'nested.parquet');
    const bytes = new Uint8Array(whole);
    // In its schema the repetition of the column stands before its name: OPTIONAL becomes REPEATED.
    const optional = Buffer.from('\x25\x02\x18\x07arrival', 'latin1');
    const at = whole.indexOf(optional);
    expect(at).toBeGreaterThan(0);
    bytes[at + 1] = 4;
    writeFileSync(nested, bytes);
    const found = ((): unknown => {
      try {
        return textOf(openTraceFile(nested));
      } catch (error) {
        return error;
      }
    })();
    expect(String(found)).toContain('expected a table of plain columns');
  });

  test('without hyparquet it is said what to install', () => {
    const elsewhere = createRequire(join(folder, 'nowhere.js'));
    expect(() => openParquet(path, elsewhere)).toThrow('npm install hyparquet@1');
  });
});
