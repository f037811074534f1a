/**
 * Writes one file for the user, whole or not at all, never over another one unless asked. Symbolic links are followed;
 * what is no regular file (a pipe, a device) is written to as it is.
 */
import { linkSync, realpathSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { InputError } from '../base/input-error.ts';
import { OutputError, systemCode, systemReason } from './system-errors.ts';

const REASONS: Readonly<Record<string, string>> = {
  EEXIST: 'the file exists: choose another name, or replace it with --force',
  ENOENT: 'the folder does not exist',
  ENOTDIR: 'the folder does not exist',
  EISDIR: 'expected a file, found a folder',
};

/** Throws InputError when the path is wrong, OutputError when the machine refuses. */
export function writeNewFile(path: string, text: string, options: { readonly force: boolean }): void {
  try {
    write(path, text, options.force);
  } catch (error) {
    const code = systemCode(error);
    if (code === undefined) throw error;
    const reason = REASONS[code];
    if (reason !== undefined) throw new InputError({ file: path, message: reason });
    throw new OutputError(`${path} cannot be written: ${systemReason(code)}`);
  }
}

function write(path: string, text: string, force: boolean): void {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats !== undefined && (!force || !stats.isFile())) {
    writeFileSync(path, text, { flag: force ? 'w' : 'wx' });
    return;
  }
  const place = stats === undefined ? path : realpathSync(path);
  const partial = join(dirname(place), `.${basename(place).slice(0, 50)}.partial-${String(process.pid)}`);
  try {
    writeFileSync(partial, text, { mode: stats?.mode ?? 0o666 });
    if (stats === undefined) putNew(partial, place, text);
    else renameSync(partial, place);
  } finally {
    rmSync(partial, { force: true });
  }
}

/** A link fails where there is something already; where links are not to be had, the file itself is made so. */
function putNew(partial: string, place: string, text: string): void {
  try {
    linkSync(partial, place);
  } catch (error) {
    if (systemCode(error) === 'EEXIST') throw error;
    writeFileSync(place, text, { flag: 'wx' });
  }
}
