/**
 * A folder of results that is there whole or not at all: written beside its place under another name, then renamed.
 *
 * The unfinished folder `.NAME.partial-PID` is also the lock: as long as its process lives, no other run writes to the
 * same place. What was at the place when the run began is replaced only when asked, and only when it holds nothing but
 * results; what came there since is never touched. Symbolic links are followed. Costs a few system calls a run.
 */
import type { Stats } from 'node:fs';
import {
  closeSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  rmdirSync,
  statSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { InputError } from '../base/input-error.ts';
import { OutputError, systemCode, systemReason } from './system-errors.ts';
import { RESULT_NAMES, UnfinishedFolders } from './unfinished-folders.ts';

export interface OutputFile {
  readonly name: string;
  /** Read once. */
  readonly chunks: Iterable<string | Uint8Array>;
}

export interface OutputFolder {
  readonly path: string;
  /** Where runs on the way to these results may be kept, in case this process is killed. */
  readonly cells: string;
  /**
   * Takes the place for this process, clears what killed runs left beside it, and finds out whether anything can be
   * written there. To be called when all input has been checked. Throws OutputError.
   */
  lock(): void;
  /** Writes all files and puts the folder in its place. Throws OutputError when the disk refuses. */
  write(files: Iterable<OutputFile>): WrittenFolder;
  /** Removes what is unfinished; after `write` it does nothing. */
  release(): void;
}

export interface WrittenFolder {
  /** Paths of the files, in order. */
  readonly paths: readonly string[];
  /** null: all is where it was wanted. Else why it is not, and where it is. */
  readonly complaint: string | null;
}

/** Larger than this, chunks are written; smaller ones are joined first. */
const BUFFER_CHARACTERS = 1 << 16;
/** Of one name in a path, on every file system that we know. */
const LONGEST_NAME_BYTES = 255;
/** Written before the run to learn whether there is any room. */
const PROBE_BYTES = 1 << 16;
const MOST_LINKS = 40;
const CAME_LATER = 'what is there now came while the run was on, and was left alone';
const MOST_SIBLINGS = 1000;

/**
 * Checks the place before anything runs; nothing is written yet. Throws InputError, and OutputError when it cannot be
 * read.
 */
export function claimOutputFolder(path: string, options: { readonly force: boolean }): OutputFolder {
  const place = attempt(path, () => followed(resolve(path)));
  const siblings = new UnfinishedFolders(place);
  attempt(path, () => { siblings.restore(place); });
  const before = attempt(path, () => checkedPlace(path, place, options.force));
  return new Claim(path, place, siblings, before);
}

/** What stood at a place: the folder itself, not only its name. */
type Identity = string;

const NOTHING: Identity = '';

function identityOf(place: string): Identity {
  const stats = present(() => lstatSync(place, { bigint: true }));
  if (stats === undefined) return NOTHING;
  const names = stats.isDirectory() ? readdirSync(place).sort((a, b) => (a < b ? -1 : 1)) : [];
  const parts = [stats, ...names.map((name) => present(() => lstatSync(join(place, name), { bigint: true })))];
  return parts
    .map((part) => `${String(part?.dev)}:${String(part?.ino)}:${String(part?.size)}:${String(part?.mtimeNs)}`)
    .join(' ');
}

/** What stands there now, when it may be written to. */
function checkedPlace(path: string, place: string, force: boolean): Identity {
  const refuse = (message: string): never => {
    throw new InputError({ file: `--out ${path}`, message });
  };
  const stats = present(() => statSync(place));
  if (stats !== undefined) {
    if (!stats.isDirectory()) refuse('expected a folder, found a file');
    const names = readdirSync(place);
    const foreign = names.filter((name) => !RESULT_NAMES.has(name));
    if (foreign.length > 0)
      refuse(`the folder holds files that are no results (${foreign.slice(0, 3).join(', ')}): choose another one`);
    if (names.length > 0 && !force)
      refuse('the folder holds results already: choose another one, or replace it with --force');
  }
  if (!nearestFolder(dirname(place)).isDirectory()) refuse('a folder cannot be made there: a file is in the way');
  return identityOf(place);
}

/** The place that a path means, whether it is there or not: links are followed, the last one, too. */
function followed(path: string, links = 0): string {
  try {
    return realpathSync(path);
  } catch (error) {
    if (!isAbsence(error) || dirname(path) === path) throw error;
  }
  const folder = followed(dirname(path), links);
  const place = join(folder, basename(path));
  if (present(() => lstatSync(place))?.isSymbolicLink() !== true) return place;
  if (links === MOST_LINKS) throw new OutputError(`${path}: ${systemReason('ELOOP')}`);
  return followed(resolve(folder, readlinkSync(place)), links + 1);
}

function nearestFolder(path: string): Stats {
  for (let folder = path; ; folder = dirname(folder)) {
    const stats = present(() => statSync(folder));
    if (stats !== undefined) return stats;
  }
}

/** undefined: there is nothing of that name, or a file is in its way. */
function present<Found>(look: () => Found): Found | undefined {
  try {
    return look();
  } catch (error) {
    if (isAbsence(error)) return undefined;
    throw error;
  }
}

function isAbsence(error: unknown): boolean {
  const code = systemCode(error);
  return code === 'ENOENT' || code === 'ENOTDIR';
}

class Claim implements OutputFolder {
  readonly path: string;
  readonly cells: string;
  private readonly place: string;
  private readonly siblings: UnfinishedFolders;
  private readonly before: Identity;
  /** Folders above the place that this claim made, the outermost one; null: none. */
  private madeParent: string | null = null;
  private isLocked = false;
  private readonly onExit = (): void => { this.release(); };

  constructor(path: string, place: string, siblings: UnfinishedFolders, before: Identity) {
    this.path = path;
    this.place = place;
    this.siblings = siblings;
    this.cells = siblings.cells;
    this.before = before;
  }

  lock(): void {
    if (this.isLocked) return;
    const { partial } = this.siblings;
    attempt(this.path, () => {
      if (Buffer.byteLength(basename(this.place)) > LONGEST_NAME_BYTES)
        throw new OutputError(`${this.path}: ${systemReason('ENAMETOOLONG')}`);
      this.refuseIfTaken();
      this.siblings.clear();
      this.madeParent = mkdirSync(this.siblings.folder, { recursive: true }) ?? null;
      this.isLocked = true;
      process.once('exit', this.onExit);
      mkdirSync(partial);
    }, () => { this.release(); });
    attempt(this.path, () => {
      this.refuseIfTaken();
      const probe = join(partial, 'INCOMPLETE.txt');
      writeFile(probe, ['.'.repeat(PROBE_BYTES)]);
      rmSync(probe);
    }, () => { this.release(); });
  }

  /** Of two that begin at the same instant both may give way, or neither: then the first to end wins. */
  private refuseIfTaken(): void {
    const pid = this.siblings.livingOther();
    if (pid !== null)
      throw new OutputError(
        `${this.path}: another run (process ${String(pid)}) is writing there: choose another folder`,
      );
  }

  write(files: Iterable<OutputFile>): WrittenFolder {
    this.lock();
    const { partial } = this.siblings;
    const names: string[] = [];
    return attempt(this.path, () => {
      mkdirSync(partial, { recursive: true });
      for (const file of files) {
        writeFile(join(partial, file.name), file.chunks);
        names.push(file.name);
      }
      const problem = this.moveIn();
      const where = problem === null ? this.path : this.moveBeside();
      this.unlock();
      return {
        paths: names.map((name) => join(where, name)),
        complaint: problem === null ? null : `${this.path}: ${problem}; the results are in ${where}`,
      };
    }, () => { this.release(); });
  }

  release(): void {
    if (!this.isLocked) return;
    this.unlock();
    try {
      rmSync(this.siblings.partial, { recursive: true, force: true });
      if (this.madeParent !== null) removeEmptyFolders(this.siblings.folder, this.madeParent);
    } catch {
      // What cannot be removed now the next run clears.
    }
  }

  private unlock(): void {
    this.isLocked = false;
    process.off('exit', this.onExit);
  }

  /** Renames the finished folder into its place. Returns why that cannot be; null: done. */
  private moveIn(): string | null {
    const { place, before } = this;
    const { partial, replaced } = this.siblings;
    if (identityOf(place) !== before) return CAME_LATER;
    let isTaken = false;
    try {
      if (before !== NOTHING) {
        renameSync(place, replaced);
        isTaken = true;
        // Looked at again now that nobody finds it under its name.
        if (identityOf(replaced) !== before) {
          giveBack(replaced, place);
          return CAME_LATER;
        }
      }
      // Fails when anything but an empty folder has come there in between.
      renameSync(partial, place);
    } catch (error) {
      const code = systemCode(error);
      if (code === undefined) throw error;
      if (isTaken) giveBack(replaced, place);
      return code === 'ENOTEMPTY' || code === 'EEXIST' || code === 'ENOTDIR' ? CAME_LATER : systemReason(code);
    }
    if (isTaken) rmSync(replaced, { recursive: true, force: true });
    return null;
  }

  /** The first free name beside the place: `out-2`, `out-3`, ... */
  private moveBeside(): string {
    for (let number = 2; number < MOST_SIBLINGS; number++) {
      const suffix = `-${String(number)}`;
      if (present(() => lstatSync(`${this.place}${suffix}`)) !== undefined) continue;
      try {
        renameSync(this.siblings.partial, `${this.place}${suffix}`);
        return `${this.path.replace(/\/+$/, '')}${suffix}`;
      } catch (error) {
        if (systemCode(error) !== 'ENOTEMPTY' && systemCode(error) !== 'EEXIST') break;
      }
    }
    return this.siblings.partial;
  }
}

/** Puts a folder back that was taken away; where its place is taken, it stays beside it. */
function giveBack(from: string, place: string): void {
  if (present(() => lstatSync(place)) === undefined) renameSync(from, place);
}

/** Removes empty folders from `folder` up to `outermost`. */
function removeEmptyFolders(folder: string, outermost: string): void {
  for (let path = folder; path.startsWith(outermost); path = dirname(path)) rmdirSync(path);
}

/** A refusal of the system becomes an OutputError, after `undo`. */
function attempt<Result>(path: string, action: () => Result, undo: () => void = () => undefined): Result {
  try {
    return action();
  } catch (error) {
    undo();
    const code = systemCode(error);
    if (code === undefined) throw error;
    throw new OutputError(`${path} cannot be written: ${systemReason(code)}`);
  }
}

function writeFile(path: string, chunks: Iterable<string | Uint8Array>): void {
  const file = openSync(path, 'w');
  try {
    let buffer = '';
    for (const chunk of chunks) {
      const isText = typeof chunk === 'string';
      if (isText) buffer += chunk;
      if (isText && buffer.length < BUFFER_CHARACTERS) continue;
      writeWhole(file, Buffer.from(buffer, 'utf8'));
      buffer = '';
      if (!isText) writeWhole(file, chunk);
    }
    writeWhole(file, Buffer.from(buffer, 'utf8'));
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** One call may write less than all. */
function writeWhole(file: number, bytes: Uint8Array): void {
  let offset = 0;
  while (offset < bytes.length) offset += writeSync(file, bytes, offset);
}
