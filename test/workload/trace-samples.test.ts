/** Small made-up traces with the quirks of the published ones, and what becomes of them when they are damaged. */
import { describe, expect, test } from 'vitest';
import { recognisedFormats } from '../../src/workload/traces/registry.ts';
import { readSample, sampleBytes, sampleText, TRACE_SAMPLES, type TraceSample } from '../support/trace-samples.ts';

const TABLES = TRACE_SAMPLES.filter(({ file }) => !/\.json$/.test(file));

describe.each(TRACE_SAMPLES)('$file', (sample) => {
  test('is recognised as its format and no other', () => {
    expect(recognisedFormats(Buffer.from(sampleBytes(sample.file)).toString('latin1', 0, 4096))).toEqual([sample.format]);
  });

  test('is read as docs say, and what is bent or left out is told', async () => {
    const { reading, problems } = readSample(sample, sampleBytes(sample.file));
    expect(problems).toEqual([]);
    const text = JSON.stringify(reading, (_key, value: unknown) => (Number.isNaN(value) ? 'NaN' : value), 1);
    await expect(`${text}\n`).toMatchFileSnapshot(`../input/trace-samples/${sample.file}.txt`);
  });

  test('cut at any byte it is refused or read up to there, and nothing else happens', () => {
    const bytes = sampleBytes(sample.file);
    for (let length = 0; length < bytes.length; length++) {
      const { reading, problems } = readSample(sample, bytes.subarray(0, length));
      if (reading === null) expect(problems.length, String(length)).toBeGreaterThan(0);
    }
  });

  test('a byte that is no UTF-8 is refused with its line, or stands where nothing is read', () => {
    const bytes = sampleBytes(sample.file);
    let refused = 0;
    for (let at = 0; at < bytes.length; at++) {
      const changed = new Uint8Array(bytes);
      changed[at] = 0xff;
      const { reading, problems } = readSample(sample, changed);
      if (reading === null) {
        refused++;
        expect(problems[0].message).not.toBe('');
      }
    }
    expect(refused).toBe(bytes.length);
  });
});

/** Cells of a line with the separators between them. */
function cellsOf(line: string): string[] {
  return line.split(/([,;\s|]+)/);
}

const BAD = ['NaN', '-7', '1e400', '999999999999999999999999', 'x'];

/** Fields that a reader does not look at, by their place from 0. */
const IGNORED: Readonly<Record<string, readonly number[]>> = {};

describe.each(TABLES)('cells of $file', (sample) => {
  test('a cell that is no sensible value is refused with its line, told, or is a text', () => {
    expect(silentCells(sample)).toEqual(IGNORED[sample.file] ?? []);
  });
});

function silentCells(sample: TraceSample): string[] {
  const lines = sampleText(sample.file).split('\n');
  const whole = JSON.stringify(readSample(sample, lines.join('\n')).reading);
  const silent: string[] = [];
  for (const [row, line] of lines.entries()) {
    if (line === '' || line.startsWith(';')) continue;
    const cells = cellsOf(line);
    for (let i = 0; i < cells.length; i += 2) {
      for (const bad of BAD) {
        const changed = [...cells.slice(0, i), bad, ...cells.slice(i + 1)].join('');
        const { reading, problems } = readSample(sample, [...lines.slice(0, row), changed, ...lines.slice(row + 1)].join('\n'));
        if (reading === null) {
          expect(problems[0].message).not.toBe('');
          continue;
        }
        if (JSON.stringify(reading) === whole) silent.push(`${String(row + 1)}:${String(i / 2)} ${bad}`);
      }
    }
  }
  return silent;
}
