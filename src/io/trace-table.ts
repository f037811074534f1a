/**
 * A trace as a table of our own, in pieces: docs/formats/trace-csv.md. Two readings, so that nothing is half-written.
 */
import { closeSync, openSync, unlinkSync, writeSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { InputError } from '../base/input-error.ts';
import type { TraceInput } from '../simulation/scenario.ts';
import { tableColumns, tableRow, type TableCounts } from '../workload/traces/table-text.ts';
import { openTraceInput } from './trace-input.ts';

const PIECE_CHARACTERS = 1_048_576;

/** Where the pieces go. */
export type TableSink = (piece: string) => void;

/** Throws InputError with the first mistake of the trace before anything is given to `sink`. */
export function writeTable(trace: TraceInput, seed: string, sink: TableSink): TableCounts {
  const resources = new Set<string>();
  const first = openTraceInput(trace, seed);
  let lastRequests: object | null = null;
  for (let pod = first.next(); pod !== null; pod = first.next()) {
    if (pod.requests === lastRequests) continue;
    lastRequests = pod.requests;
    for (const name of Object.keys(pod.requests)) resources.add(name);
  }
  const names = [...resources].sort((a, b) => (a < b ? -1 : 1));
  const counts: TableCounts = { pods: 0, affinities: 0, specs: 0 };
  const second = openTraceInput(trace, seed);
  let piece = `${tableColumns(names).join(',')}\n`;
  for (let pod = second.next(); pod !== null; pod = second.next()) {
    piece += tableRow(pod, names, counts);
    if (piece.length < PIECE_CHARACTERS) continue;
    sink(piece);
    piece = '';
  }
  sink(piece);
  return counts;
}

/** Packed when its name ends with .gz. A file that could not be finished is removed. */
export function writeTableFile(
  trace: TraceInput,
  seed: string,
  path: string,
  options: { readonly force: boolean },
): TableCounts {
  const descriptor = opened(path, options.force);
  try {
    const isPacked = path.endsWith('.gz');
    return writeTable(trace, seed, (piece) => {
      // Several gzip members one after another are one file.
      const bytes = isPacked ? gzipSync(piece) : Buffer.from(piece);
      for (let done = 0; done < bytes.length;) done += writeSync(descriptor, bytes, done);
    });
  } catch (error) {
    unlinkSync(path);
    throw error;
  } finally {
    closeSync(descriptor);
  }
}

function opened(path: string, force: boolean): number {
  try {
    return openSync(path, force ? 'w' : 'wx');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'failed';
    const reason =
      code === 'EEXIST'
        ? 'the file exists: choose another name, or replace it with --force'
        : `cannot be written (${code})`;
    throw new InputError({ file: path, message: reason });
  }
}
