/** Recordings of decisions on disk: which files there are, and their lines one at a time, gzip unpacked on the way. */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { InputError } from '../base/input-error.ts';
import { STANDARD_INPUT, streamNamed } from './spooled-streams.ts';
import { openTraceFile } from './trace-stream.ts';

const RECORDING = /\.jsonl(\.gz)?$/;

/** Files as they are given, folders with all recordings below them in order of their names. Throws InputError. */
export function recordingsIn(paths: readonly string[]): string[] {
  const found: string[] = [];
  for (const path of paths.map(streamNamed)) {
    if (path === STANDARD_INPUT) {
      found.push(path);
      continue;
    }
    const stats = statSync(path, { throwIfNoEntry: false });
    if (stats === undefined) throw new InputError({ file: path, message: 'no such file or folder' });
    const below = stats.isDirectory() ? filesBelow(path).filter((file) => RECORDING.test(file)) : [path];
    if (below.length === 0)
      throw new InputError({ file: path, message: 'the folder holds no recordings (.jsonl, .jsonl.gz)' });
    found.push(...below);
  }
  return [...new Set(found)];
}

function filesBelow(folder: string): string[] {
  const entries = readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  return entries.flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? filesBelow(path) : [path];
  });
}

/** A recorded line is some kilobytes long. */
const MOST_LINE_CHARACTERS = 64 * 1024 * 1024;
/** One after another. */
const MOST_BLANK_LINES = 100_000;

/** Holds one piece of the file and one line at a time. Throws InputError for what unpacks to no end of nothing. */
export async function* linesOf(file: string): AsyncGenerator<string> {
  const source = openTraceFile(file);
  const decoder = new TextDecoder('utf-8');
  let rest = '';
  let number = 0;
  let blankLines = 0;
  const refuse = (message: string): never => {
    throw new InputError({ file, line: number + 1, message });
  };
  try {
    for (let bytes = source.read(); bytes !== null; bytes = source.read()) {
      const text = decoder.decode(bytes, { stream: true });
      let start = 0;
      for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', start)) {
        const line = rest + text.slice(start, end);
        rest = '';
        start = end + 1;
        blankLines = line === '' || line === '\r' ? blankLines + 1 : 0;
        if (blankLines > MOST_BLANK_LINES)
          refuse(
            `more than ${String(MOST_BLANK_LINES)} blank lines one after another: expected one JSON object a line`,
          );
        yield line;
        number++;
      }
      rest += text.slice(start);
      if (rest.length > MOST_LINE_CHARACTERS)
        refuse(`a line longer than ${String(MOST_LINE_CHARACTERS)} characters: expected one JSON object a line`);
      await nextTurn();
    }
    rest += decoder.decode();
    if (rest !== '') yield rest;
  } finally {
    source.close();
  }
}
