/** Recordings of decisions on disk: which files there are, and their lines one at a time, gzip unpacked on the way. */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { InputError } from '../base/input-error.ts';
import { openTraceFile } from './trace-stream.ts';

const RECORDING = /\.jsonl(\.gz)?$/;

/** Files as they are given, folders with all recordings below them in order of their names. Throws InputError. */
export function recordingsIn(paths: readonly string[]): string[] {
  const found: string[] = [];
  for (const path of paths) {
    const stats = statSync(path, { throwIfNoEntry: false });
    if (stats === undefined) throw new InputError({ file: path, message: 'no such file or folder' });
    const below = stats.isDirectory() ? filesBelow(path).filter((file) => RECORDING.test(file)) : [path];
    if (below.length === 0) throw new InputError({ file: path, message: 'the folder holds no recordings (.jsonl, .jsonl.gz)' });
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

/** Holds one piece of the file and one line at a time. */
export async function* linesOf(file: string): AsyncGenerator<string> {
  const source = openTraceFile(file);
  const decoder = new TextDecoder('utf-8');
  let rest = '';
  try {
    for (let bytes = source.read(); bytes !== null; bytes = source.read()) {
      const lines = (rest + decoder.decode(bytes, { stream: true })).split('\n');
      rest = lines.pop() ?? '';
      yield* lines;
      await nextTurn();
    }
    rest += decoder.decode();
    if (rest !== '') yield rest;
  } finally {
    source.close();
  }
}
