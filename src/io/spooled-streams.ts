/**
 * Traces that can be read only once (pipes, standard input) are copied to a temporary file when they are first asked
 * for, because a trace is read several times: checked as a whole, then played, perhaps by several threads. The copy has
 * no name, so that nothing of it is left, however the process ends. Costs the disk space of the trace.
 */
import type { Stats } from 'node:fs';
import { closeSync, fstatSync, mkdtempSync, openSync, readSync, rmSync, statSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getEnvironmentData, isMainThread, setEnvironmentData } from 'node:worker_threads';
import { InputError } from '../base/input-error.ts';
import { OutputError, systemCode, systemReason } from './system-errors.ts';

/** What standard input is called as a file. */
export const STANDARD_INPUT = '/dev/stdin';

/** `-` is standard input. */
export function streamNamed(path: string): string {
  return path === '-' ? STANDARD_INPUT : path;
}

const PIECE_BYTES = 262_144;
/** Of a device, which may never end. */
const MOST_DEVICE_BYTES = 64 * 1024 * 1024;
const WAIT_MILLIS = 10;
/** Under which name the threads of this process find the copies. */
const SHARED = 'podyard: spooled streams';

/** Whether the path is a pipe, a device or the like, whose text can be had only once. */
export function isStream(path: string): boolean {
  if (path === STANDARD_INPUT) return true;
  try {
    const stats = statSync(path);
    return !stats.isFile() && !stats.isDirectory();
  } catch {
    return false;
  }
}

/** Descriptor of a copy of the stream, to be read by position and never closed; null: the path is no stream. */
export function spooledStream(path: string): number | null {
  const known = getEnvironmentData(SHARED) as ReadonlyMap<string, number> | undefined;
  const descriptor = known?.get(path);
  if (descriptor !== undefined) return descriptor;
  if (!isStream(path) || !isMainThread) return null;
  const copy = copyOf(path);
  setEnvironmentData(SHARED, new Map([...(known ?? []), [path, copy]]));
  return copy;
}

function copyOf(path: string): number {
  const source = path === STANDARD_INPUT ? 0 : attempt(path, () => openSync(path, 'r'));
  try {
    const stats = attempt(path, () => fstatSync(source));
    const copy = attempt('a temporary file', nameless);
    const buffer = new Uint8Array(PIECE_BYTES);
    let bytes = 0;
    for (let length = readSome(path, source, buffer); length > 0; length = readSome(path, source, buffer)) {
      bytes += length;
      if (bytes > MOST_DEVICE_BYTES && isEndless(stats))
        throw new InputError({ file: path, message: 'expected a trace, found a device that does not end' });
      attempt('a temporary file', () => { writeAll(copy, buffer.subarray(0, length)); });
    }
    return copy;
  } finally {
    if (source !== 0) closeSync(source);
  }
}

function isEndless(stats: Stats): boolean {
  return stats.isCharacterDevice() || stats.isBlockDevice();
}

/** A file that is open and has no name any more. */
function nameless(): number {
  const folder = mkdtempSync(join(tmpdir(), 'podyard-'));
  try {
    return openSync(join(folder, 'trace'), 'wx+', 0o600);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Bytes read; 0: the end. Waits where the other side is slow. */
function readSome(path: string, source: number, buffer: Uint8Array): number {
  for (;;) {
    try {
      return readSync(source, buffer, 0, buffer.length, null);
    } catch (error) {
      const code = systemCode(error) ?? String((error as { readonly code?: unknown }).code);
      if (code === 'EOF') return 0;
      if (code !== 'EAGAIN')
        throw new InputError({ file: path, message: `cannot read the file: ${systemReason(code)}` });
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, WAIT_MILLIS);
    }
  }
}

function writeAll(descriptor: number, bytes: Uint8Array): void {
  for (let offset = 0; offset < bytes.length; ) offset += writeSync(descriptor, bytes, offset);
}

function attempt<Result>(what: string, action: () => Result): Result {
  try {
    return action();
  } catch (error) {
    const code = systemCode(error);
    if (code === undefined) throw error;
    throw new OutputError(`${what}: ${systemReason(code)}`);
  }
}
