/** Small made-up traces with the quirks of the published ones, and what becomes of them when they are damaged. */
import { describe, expect, test } from 'vitest';
import { recognisedFormats } from '../../src/workload/traces/registry.ts';
import { readSample, sampleBytes, sampleText, TRACE_SAMPLES, type TraceSample } from '../support/trace-samples.ts';

const TABLES = TRACE_SAMPLES.filter(({ file }) => !/\.json$/.test(file));

describe.each(TRACE_SAMPLES)('$file', (sample) => {
  test('is recognised as its format and no other', () => {
    expect(recognisedFormats(Buffer.from(sampleBytes(sample.file)).toString('latin1', 0, 4096))).toEqual([
      sample.format,
    ]);
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
    // Behind the end of a list in JSON nothing is read.
    expect(refused).toBeGreaterThanOrEqual(bytes.length - 2);
  });
});

describe.each(TABLES)('rows of $file', (sample) => {
  const lines = sampleText(sample.file).split('\n');
  const isRow = (line: string): boolean => /^[^;]/.test(line) && !/^(?:[a-z]|,)[a-z_]*(?:,|_time)/.test(line);

  test('that stand twice are refused, told, or are jobs of their own that are counted', () => {
    const once = readSample(sample, lines.join('\n')).reading;
    for (const [row, line] of lines.entries()) {
      if (!isRow(line)) continue;
      const { reading } = readSample(sample, [...lines.slice(0, row + 1), ...lines.slice(row)].join('\n'));
      if (reading === null) continue;
      expect(reading.rows, line).toBeGreaterThan(once?.rows ?? 0);
      const isTold = reading.jobs > (once?.jobs ?? 0) || reading.notes.join() !== once?.notes.join();
      expect(isTold, line).toBe(true);
    }
  });

  test('in another order give the same jobs, or are refused, or told', () => {
    const [first, last] = [lines.findIndex(isRow), lines.findLastIndex(isRow)];
    const turned = [...lines.slice(0, first), ...lines.slice(first, last + 1).reverse(), ...lines.slice(last + 1)];
    const { reading, problems } = readSample(sample, turned.join('\n'));
    const straight = readSample(sample, lines.join('\n')).reading;
    if (reading === null) return expect(problems.length).toBeGreaterThan(0);
    expect(reading.rows).toBe(straight?.rows);
    const isSame = reading.jobs === straight?.jobs && reading.pods === straight.pods;
    expect(isSame || reading.notes.join() !== straight?.notes.join()).toBe(true);
  });

  test('too short or too long are refused', () => {
    for (const [row, line] of lines.entries()) {
      if (!isRow(line) || !line.includes(',')) continue;
      for (const changed of [line.slice(0, line.lastIndexOf(',')), `${line},7`]) {
        const text = [...lines.slice(0, row), changed, ...lines.slice(row + 1)].join('\n');
        expect(readSample(sample, text).problems.length, changed).toBeGreaterThan(0);
      }
    }
  });
});

/** Cells of a line with the separators between them. */
function cellsOf(line: string, file: string): string[] {
  return line.split(file.endsWith('.csv') ? /([,;])/ : /([,|]|\s+)/);
}

const BAD = ['NaN', '-7', '1e400', '999999999999999999999999', 'x'];

/** Columns of which no value of any row changes anything: they are not read. Places from 0. */
const UNREAD: Readonly<Record<string, readonly number[]>> = {
  'alibaba-2017-instances.csv': [0, 5, 6, 8],
  'alibaba-2025-instances.csv': [0, 4, 6, 7, 8, 10, 12],
  'itp-cluster.csv': [0],
  'google-2011-task-events.csv': [4, 6, 7, 11],
  'google-2011-tasks.csv': [1, 2, 3, 4],
  'azure-vm-v1-vmtable.csv': [0, 1, 2, 5, 6, 7],
  'opendc-tasks.csv': [0, 4],
  'gentd26-rates.csv': [2],
  'gentd26-requests.csv': [4],
};
/** Columns that are read to know equal rows by, and for nothing else. */
const KEYS: Readonly<Record<string, readonly number[]>> = { 'philly-jobs.csv': [3] };

describe.each(TABLES)('cells of $file', (sample) => {
  const { unread, silent } = silentCells(sample);

  test('are read, but for some columns', () => {
    expect(unread).toEqual(UNREAD[sample.file] ?? []);
  });

  test('that hold nonsense are refused, told or taken as a text; in rows that give no job nothing more is told', () => {
    expect(silent).toEqual([]);
  });
});

/** `silent`: row, column and nonsense that changes nothing, though the column is read and the row gives a job. */
function silentCells(sample: TraceSample): { readonly unread: readonly number[]; readonly silent: readonly string[] } {
  const lines = sampleText(sample.file).split('\n');
  const fingerprint = (changed: readonly string[]): { readonly jobs: string; readonly all: string } | null => {
    const jobs: string[] = [];
    const { reading } = readSample(sample, changed.join('\n'), jobs);
    const told = jobs.map((job) => job.replace(/"(?:ordinal|batch)":\d+,/g, ''));
    return reading === null ? null : { jobs: told.join('\n'), all: JSON.stringify([reading, jobs]) };
  };
  const whole = fingerprint(lines);
  const heard = new Set<number>();
  const unheard: { readonly column: number; readonly row: number; readonly bad: string }[] = [];
  for (const [row, line] of lines.entries()) {
    if (line === '' || line.startsWith(';')) continue;
    const cells = cellsOf(line, sample.file);
    for (let i = 0; i < cells.length; i += 2) {
      for (const bad of BAD) {
        const changed = [...cells.slice(0, i), bad, ...cells.slice(i + 1)].join('');
        const found = fingerprint([...lines.slice(0, row), changed, ...lines.slice(row + 1)]);
        // The names of the columns are read in any case.
        if (found?.all === whole?.all) unheard.push({ column: i / 2, row, bad });
        else if (row > 0 || !/[a-z]{4}/.test(line)) heard.add(i / 2);
      }
    }
  }
  const unread = [...new Set(unheard.map(({ column }) => column))].filter((column) => !heard.has(column));
  const silent = unheard
    .filter(({ column }) => heard.has(column) && KEYS[sample.file]?.includes(column) !== true)
    .filter(({ row }) => fingerprint(lines.filter((_, i) => i !== row))?.jobs !== whole?.jobs)
    .map(({ column, row, bad }) => `line ${String(row + 1)}, column ${String(column)}: ${bad}`);
  return { unread: unread.sort((a, b) => a - b), silent };
}
