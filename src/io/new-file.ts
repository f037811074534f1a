/**
 * Writes one file for the user, whole or not at all, never over another one unless asked. Symbolic links are followed;
 * what is no regular file (a pipe, a device) is written to as it is.
 */
import {
  constants,
  copyFileSync,
  linkSync,
  lstatSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { InputError } from '../base/input-error.ts';
import { OutputError, systemCode, systemReason } from './system-errors.ts';
import { isAlive, namedByProcess } from './unfinished-folders.ts';

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
    throw newFileError(error, path);
  }
}

/** What the system said, in words: an InputError when the path is wrong, an OutputError when the machine refuses. */
export function newFileError(error: unknown, path: string): unknown {
  const code = systemCode(error);
  if (code === undefined) return error;
  const reason = REASONS[code];
  if (reason !== undefined) return new InputError({ file: path, message: reason });
  return new OutputError(`${path} cannot be written: ${systemReason(code)}`);
}

function write(path: string, text: string, force: boolean): void {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats !== undefined && (!force || !stats.isFile())) {
    writeFileSync(path, text, { flag: force ? 'w' : 'wx' });
    return;
  }
  const place = stats === undefined ? path : realpathSync(path);
  clearPartials(place);
  const partial = partialName(place);
  try {
    writeFileSync(partial, text, { mode: stats?.mode ?? 0o666 });
    if (stats === undefined) putNew(partial, place);
    else renameSync(partial, place);
  } finally {
    rmSync(partial, { force: true });
  }
}

/** What is written before the file is whole; beside it, so that it can be renamed. */
export function partialName(place: string): string {
  return join(dirname(place), `${partialStart(place)}${String(process.pid)}`);
}

function partialStart(place: string): string {
  return `.${basename(place).slice(0, 50)}.partial-`;
}

/** Removes what killed processes left of this file. A folder that cannot be read keeps it: it is in nobody's way. */
export function clearPartials(place: string): void {
  try {
    for (const { path, pid } of namedByProcess(dirname(place), partialStart(place))) {
      if (!isAlive(pid) && lstatSync(path).isFile()) rmSync(path);
    }
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
  }
}

/** A link fails where there is something already; where links are not to be had, the file itself is made so. */
export function putNew(partial: string, place: string): void {
  try {
    linkSync(partial, place);
  } catch (error) {
    if (systemCode(error) === 'EEXIST') throw error;
    copyFileSync(partial, place, constants.COPYFILE_EXCL);
  }
}
