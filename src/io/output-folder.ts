/**
 * A folder of results that is there whole or not at all: written beside its place under another name, then renamed.
 * An existing folder is replaced only when asked, and only when it holds nothing but results.
 */
import { accessSync, closeSync, constants, existsSync, fsyncSync, mkdirSync, openSync, readdirSync, renameSync, rmSync, statSync, writeSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { InputError } from '../base/input-error.ts';

export interface OutputFile {
  readonly name: string;
  /** Read once. */
  readonly chunks: Iterable<string>;
}

/** The disk refused: not the user's input, not our mistake. */
export class OutputError extends Error {
  override readonly name = 'OutputError';
}

export interface OutputFolder {
  readonly path: string;
  /** Writes all files and puts the folder in its place; returns the paths, in order. */
  write(files: Iterable<OutputFile>): string[];
}

/** Names that a folder of results may hold; a folder with anything else is never replaced. */
const RESULT_NAMES: ReadonlySet<string> = new Set([
  'report.json', 'summary.csv', 'timeseries.csv', 'pods.csv', 'nodes.csv', 'report.html', 'timing.json', 'comparison.json', 'comparison.csv', 'curves.csv',
  'INCOMPLETE.txt',
  'scenario.yaml', 'fit.svg', 'fit.json',
]);
/** Larger than this, chunks are written; smaller ones are joined first. */
const BUFFER_CHARACTERS = 1 << 16;

/** Checks the place before anything runs; nothing is written yet. Throws InputError. */
export function claimOutputFolder(path: string, options: { readonly force: boolean }): OutputFolder {
  const refuse = (message: string): never => {
    throw new InputError({ file: `--out ${path}`, message });
  };
  const place = resolve(path);
  if (existsSync(place)) {
    if (!statSync(place).isDirectory()) refuse('expected a folder, found a file');
    const foreign = readdirSync(place).filter((name) => !RESULT_NAMES.has(name));
    if (foreign.length > 0) refuse(`the folder holds files that are no results (${foreign.slice(0, 3).join(', ')}): choose another one`);
    if (readdirSync(place).length > 0 && !options.force) refuse('the folder holds results already: choose another one, or replace it with --force');
  }
  const parent = nearestFolder(dirname(place));
  if (parent === null) refuse('a folder cannot be made there: a file is in the way');
  else if (!isWritable(parent)) refuse(`no permission to write in ${parent}`);
  return { path, write: (files) => writeFolder(path, place, files) };
}

function nearestFolder(path: string): string | null {
  let folder = path;
  while (!existsSync(folder)) folder = dirname(folder);
  return statSync(folder).isDirectory() ? folder : null;
}

function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function writeFolder(path: string, place: string, files: Iterable<OutputFile>): string[] {
  const name = basename(place);
  const partial = join(dirname(place), `.${name}.partial-${String(process.pid)}`);
  const replaced = join(dirname(place), `.${name}.replaced-${String(process.pid)}`);
  try {
    mkdirSync(dirname(place), { recursive: true });
    rmSync(partial, { recursive: true, force: true });
    mkdirSync(partial);
    const written: string[] = [];
    for (const file of files) {
      writeFile(join(partial, file.name), file.chunks);
      written.push(join(path, file.name));
    }
    if (existsSync(place)) renameSync(place, replaced);
    renameSync(partial, place);
    rmSync(replaced, { recursive: true, force: true });
    return written;
  } catch (error) {
    rmSync(partial, { recursive: true, force: true });
    if (existsSync(replaced) && !existsSync(place)) renameSync(replaced, place);
    const code = (error as NodeJS.ErrnoException).code;
    if (code === undefined || (error as NodeJS.ErrnoException).syscall === undefined) throw error;
    throw new OutputError(`${path} could not be written (${code}); nothing was left behind`);
  }
}

function writeFile(path: string, chunks: Iterable<string>): void {
  const file = openSync(path, 'w');
  try {
    let buffer = '';
    for (const chunk of chunks) {
      buffer += chunk;
      if (buffer.length < BUFFER_CHARACTERS) continue;
      writeWhole(file, buffer);
      buffer = '';
    }
    writeWhole(file, buffer);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** One call may write less than all. */
function writeWhole(file: number, text: string): void {
  const bytes = Buffer.from(text, 'utf8');
  let offset = 0;
  while (offset < bytes.length) offset += writeSync(file, bytes, offset);
}
