/**
 * The folder of a sweep: `sweep.json` says which cells there are, `cells/` holds one file a cell, named by the hash of
 * all that the run depends on. Each file is written under another name and renamed, so that whoever is killed, however
 * often, leaves whole files only; several processes may work on one folder.
 */
import { mkdirSync, readFileSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { InputError } from '../base/input-error.ts';
import { readCell, writeCell } from '../experiment/cells.ts';
import type { MeasuredRun } from '../experiment/measured-run.ts';
import { cellsOf, readSweepRecord } from '../experiment/sweep-record.ts';
import type { CellOutcome, SweepRecord } from '../experiment/sweep-record.ts';

const RECORD = 'sweep.json';
const CELLS = 'cells';
/** Unfinished files carry host and process: one that no living process has is rubbish. */
const UNFINISHED = /\.partial-(.+)-(\d+)$/;
const HOST = hostname().replace(/[^\w.-]/g, '_');

export class SweepFolder {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  /** Text of `sweep.json`; null: there is none. */
  recordText(): string | null {
    return textOf(join(this.path, RECORD));
  }

  /** Throws InputError when this is no folder of a sweep. */
  record(): SweepRecord {
    const text = this.recordText();
    const record = text === null ? null : readSweepRecord(text);
    if (record === null) {
      const message = `expected the folder of a sweep, which has a ${RECORD}: ${this.path}`;
      throw new InputError({ message });
    }
    return record;
  }

  /** Whether something else lies there, so that no sweep should. */
  isForeign(): boolean {
    const found = statSync(this.path, { throwIfNoEntry: false });
    if (found === undefined) return false;
    if (!found.isDirectory()) return true;
    return (
      this.recordText() === null && readdirSync(this.path).some((name) => name !== CELLS && !UNFINISHED.test(name))
    );
  }

  /** Makes the folder, removes what killed processes of this machine left unfinished, and says what it is for. */
  prepare(recordText: string): void {
    mkdirSync(join(this.path, CELLS), { recursive: true });
    for (const folder of [this.path, join(this.path, CELLS)]) {
      for (const name of readdirSync(folder)) {
        const [, host, id] = UNFINISHED.exec(name) ?? [];
        if (host === HOST && !isAlive(Number(id))) rmSync(join(folder, name), { force: true });
      }
    }
    if (this.recordText() !== recordText) this.write(RECORD, recordText);
  }

  outcomeOf(cell: string): CellOutcome {
    const text = textOf(this.cellPath(cell));
    const run = text === null ? null : readCell(cell, text);
    if (run !== null) return { run };
    const failed = textOf(this.failurePath(cell));
    const failure = failed === null ? null : readFailure(cell, failed);
    return failure === null ? null : { failure };
  }

  /** How many of the record's cells have an outcome of either kind. */
  isComplete(record: SweepRecord): boolean {
    return cellsOf(record).every((cell) => this.outcomeOf(cell) !== null);
  }

  keepRun(cell: string, run: MeasuredRun): void {
    this.write(join(CELLS, `${cell}.json`), writeCell(cell, run));
    rmSync(this.failurePath(cell), { force: true });
  }

  keepFailure(cell: string, failure: string): void {
    this.write(join(CELLS, `${cell}.failed.json`), `${JSON.stringify({ schemaVersion: 1, key: cell, failure })}\n`);
  }

  /** A file of the folder, whole or not at all. */
  write(name: string, text: string): void {
    const path = join(this.path, name);
    const unfinished = `${path}.partial-${HOST}-${String(process.pid)}`;
    writeFileSync(unfinished, text);
    renameSync(unfinished, path);
  }

  private cellPath(cell: string): string {
    return join(this.path, CELLS, `${cell}.json`);
  }

  private failurePath(cell: string): string {
    return join(this.path, CELLS, `${cell}.failed.json`);
  }
}

function readFailure(cell: string, text: string): string | null {
  try {
    const { key, failure } = JSON.parse(text) as { readonly key?: unknown; readonly failure?: unknown };
    return key === cell && typeof failure === 'string' ? failure : null;
  } catch {
    return null;
  }
}

function textOf(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}

function isAlive(id: number): boolean {
  try {
    process.kill(id, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
