/**
 * Runs of an experiment as files, one a run, named by the hash of all that the run depends on. Written under another
 * name and renamed, so that a process that is killed leaves whole cells only. What cannot be written is not kept: the
 * run goes on without.
 */
import { createHash } from 'node:crypto';
import {
  closeSync, mkdirSync, openSync, readFileSync, readSync, readdirSync, renameSync, rmSync, rmdirSync, statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { cellText, readCell, writeCell } from '../experiment/cells.ts';
import type { CellInput } from '../experiment/cells.ts';
import type { MeasuredRun } from '../experiment/measured-run.ts';
import type { Scenario } from '../simulation/scenario.ts';

const CELL_FILE = /^[0-9a-f]{64}\.json(\.partial)?$/;

export class CellStore {
  private readonly folder: string;
  private readonly version: string;
  private readonly hashes = new Map<string, string>();

  constructor(folder: string, version: string) {
    this.folder = folder;
    this.version = version;
  }

  /** The name of the scenario's cell. null: it reads what can be read once only, so that no one may know it again. */
  keyOf(scenario: Scenario): string | null {
    const inputs: CellInput[] = [];
    for (const file of filesOf(scenario)) {
      const sha256 = this.hashOf(file);
      if (sha256 === null) return null;
      inputs.push({ file, sha256 });
    }
    return createHash('sha256').update(cellText({ scenario, version: this.version, inputs })).digest('hex');
  }

  /** null: there is none, or none that is whole. */
  read(key: string): MeasuredRun | null {
    try {
      return readCell(key, readFileSync(join(this.folder, `${key}.json`), 'utf8'));
    } catch {
      return null;
    }
  }

  write(key: string, run: MeasuredRun): void {
    const path = join(this.folder, `${key}.json`);
    try {
      mkdirSync(this.folder, { recursive: true });
      writeFileSync(`${path}.partial`, writeCell(key, run));
      renameSync(`${path}.partial`, path);
    } catch {
      // Only a resume would have needed it.
    }
  }

  /** Removes all cells; whatever else lies in the folder stays, and the folder with it. */
  clear(): void {
    try {
      for (const name of readdirSync(this.folder)) {
        if (CELL_FILE.test(name)) rmSync(join(this.folder, name), { force: true });
      }
      rmdirSync(this.folder);
    } catch {
      // There is none, or it is not ours.
    }
  }

  private hashOf(file: string): string | null {
    const known = this.hashes.get(file);
    if (known !== undefined) return known;
    if (statSync(file, { throwIfNoEntry: false })?.isFile() !== true) return null;
    const sha256 = sha256OfFile(file);
    this.hashes.set(file, sha256);
    return sha256;
  }
}

/** Files that a run reads while it goes on; what else a scenario names stands in it already. */
function filesOf({ scheduler, trace, machines }: Scenario): string[] {
  const traces = trace === null ? [] : [trace.file, ...Object.values(trace.files)];
  return [...new Set([...scheduler.pluginFiles, ...traces, ...(machines === null ? [] : [machines.file])])];
}

/** In parts: traces may be larger than memory. */
function sha256OfFile(path: string): string {
  const hash = createHash('sha256');
  const buffer = Buffer.alloc(1 << 20);
  const file = openSync(path, 'r');
  try {
    for (;;) {
      const bytes = readSync(file, buffer);
      if (bytes === 0) return hash.digest('hex');
      hash.update(buffer.subarray(0, bytes));
    }
  } finally {
    closeSync(file);
  }
}
