/** Every wrong trace gets one clear message per mistake. The messages stand in test/input/bad-traces/expected.txt. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { InputError } from '../../src/base/input-error.ts';
import { openTraceFile } from '../../src/io/trace-stream.ts';
import { byteSourceOf } from '../../src/workload/traces/byte-source.ts';
import { checkTrace, openTrace } from '../../src/workload/traces/open-trace.ts';
import { readOpenbNodes } from '../../src/workload/traces/machines/openb.ts';

const FOLDER = new URL('../input/bad-traces/', import.meta.url);
const EXPECTED = new URL('expected.txt', FOLDER);

/** All problems of a file, a line each, without the folder's name. */
function messagesOf(name: string): string {
  const path = new URL(name, FOLDER).pathname;
  if (!name.startsWith('openb-nodes')) {
    const source = openTraceFile(path);
    return new InputError(checkTrace(name.startsWith('openb') ? 'openb' : 'csv', source, name)).message.replaceAll(FOLDER.pathname, '');
  }
  try {
    readOpenbNodes(openTraceFile(path), name);
    return '';
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return error.message;
  }
}

const names = readdirSync(FOLDER).filter((name) => name !== 'expected.txt').sort((a, b) => (a < b ? -1 : 1));

describe('bad traces', () => {
  // UPDATE_GOLDEN=1 writes the messages anew; read the difference before you commit it.
  if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(EXPECTED, names.map((name) => `== ${name}\n${messagesOf(name)}\n`).join('\n'));
  const expected = new Map(
    readFileSync(EXPECTED, 'utf8').split(/^== /m).slice(1).map((block) => [block.slice(0, block.indexOf('\n')), block.slice(block.indexOf('\n') + 1).trimEnd()]),
  );

  it('has an expectation for every file and no other', () => {
    expect([...expected.keys()]).toEqual(names);
  });

  it.each(names)('%s', (name) => {
    expect(messagesOf(name)).toBe(expected.get(name));
    expect(messagesOf(name)).not.toBe('');
  });

  it.each(names.filter((name) => !name.startsWith('openb-nodes')))('%s stops the streaming reader with an InputError, too', (name) => {
    expect(() => {
      const reader = openTrace(name.startsWith('openb') ? 'openb' : 'csv', openTraceFile(new URL(name, FOLDER).pathname), name);
      while (reader.next() !== null);
    }).toThrow(InputError);
  });

  it('a hundred problems are listed, the others counted', () => {
    const rows = Array.from({ length: 150 }, () => 'x,1\n').join('');
    const problems = checkTrace('csv', byteSourceOf(`arrival,cpu\n${rows}`), 'trace.csv');
    expect(problems).toHaveLength(101);
    expect(problems[100].message).toBe('further problems, not listed: 50');
  });

  it('a missing file and a folder are named as such', () => {
    expect(() => openTraceFile('no/such/trace.csv')).toThrow('no/such/trace.csv: cannot open the file: there is no such file');
    expect(() => openTraceFile(FOLDER.pathname)).toThrow('it is a folder');
  });
});
