/**
 * Reads the user's files and folders for the readers of scenarios and manifests. Sizes are bounded before anything is
 * loaded.
 */
import { readFileSync, readdirSync, realpathSync, statSync } from 'node:fs';
import type { Stats } from 'node:fs';
import { dirname, isAbsolute, join, relative, resolve as absolutePath } from 'node:path';
import { InputError } from '../base/input-error.ts';
import type { FileReader } from '../workload/manifests/file-reader.ts';
import { STANDARD_INPUT, isStream } from './spooled-streams.ts';
import { timeZoneNames, timeZones } from './time-zones.ts';
import { OutputError, isMachineFault, systemCode, systemReason } from './system-errors.ts';

/** Below V8's longest string (512 Mi characters) with room for the copies that parsing makes. */
const MAX_TEXT_BYTES = 400 * 1024 * 1024;

export function createInputFiles(): FileReader {
  const zones = { rulesOf: timeZones, names: timeZoneNames };
  return {
    read: readText,
    list: listFolder,
    isFolder,
    isFile,
    isStream,
    resolve: resolvePath,
    nameFrom,
    realPath,
    timeZones: zones,
  };
}

function readText(path: string): string {
  let stats: Stats;
  try {
    stats = statSync(path);
  } catch (error) {
    throw asInputError(error, path);
  }
  if (stats.isDirectory()) throw new InputError({ file: path, message: 'expected a file, found a folder' });
  if (!stats.isFile())
    throw new InputError({ file: path, message: 'expected a regular file, found a device, pipe or socket' });
  if (stats.size > MAX_TEXT_BYTES) {
    throw new InputError({
      file: path,
      message: `the file is too large to be read at once: ${stats.size} bytes, at most ${MAX_TEXT_BYTES}`,
    });
  }
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw asInputError(error, path);
  }
}

function listFolder(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    throw asInputError(error, folder);
  }
}

function isFolder(path: string): boolean {
  return statOf(path)?.isDirectory() ?? false;
}

function isFile(path: string): boolean {
  return statOf(path)?.isFile() ?? false;
}

function resolvePath(from: string, name: string): string {
  return isAbsolute(name) ? name : join(dirname(from), name);
}

function nameFrom(from: string, path: string): string {
  if (path === STANDARD_INPUT) return path;
  const name = relative(dirname(absolutePath(from)), absolutePath(path));
  return name === '' ? '.' : name.replaceAll('\\', '/');
}

function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return absolutePath(path);
  }
}

function statOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined; // a loop of links, a folder without access: neither a file nor a folder to us
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or folder',
  ENOTDIR: 'no such file or folder',
  EACCES: 'no permission to read it',
  EPERM: 'no permission to read it',
  ELOOP: 'symbolic links form a loop',
  ENAMETOOLONG: 'the path is too long',
  ERR_INVALID_ARG_VALUE: 'the path holds a zero byte',
};

function asInputError(error: unknown, path: string): Error {
  const code = systemCode(error);
  if (code !== undefined && isMachineFault(code))
    return new OutputError(`${path} cannot be read: ${systemReason(code)}`);
  const name = String((error as { code?: unknown }).code ?? error);
  return new InputError({ file: path, message: REASONS[name] ?? `cannot be read (${name})` });
}
