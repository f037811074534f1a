/** The trace formats by name: what a scenario's `trace.format` may say. */
import type { Problem } from '../../base/input-error.ts';
import type { TraceInput } from '../../simulation/scenario.ts';
import type { ByteSource } from './byte-source.ts';
import { checkTraceCsv, openTraceCsv } from './csv-trace.ts';
import { checkOpenbTrace, openOpenbTrace } from './openb-trace.ts';
import type { TraceOptions, TraceReader } from './trace-reader.ts';

/** Opens a trace of any format. Throws InputError when its header (openb: any row) is wrong. */
export function openTrace(format: TraceInput['format'], bytes: ByteSource, file: string, options: TraceOptions = {}): TraceReader {
  return format === 'csv' ? openTraceCsv(bytes, file, options) : openOpenbTrace(bytes, file, options);
}

/** Reads a whole trace and returns its mistakes; empty when there are none. */
export function checkTrace(format: TraceInput['format'], bytes: ByteSource, file: string): readonly Problem[] {
  return format === 'csv' ? checkTraceCsv(bytes, file) : checkOpenbTrace(bytes, file);
}
