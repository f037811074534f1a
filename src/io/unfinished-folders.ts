/**
 * The folders beside a folder of results that belong to runs under way, or to runs that were killed:
 * `.NAME.partial-PID` holds what is being written, `.NAME.replaced-PID` what is about to be thrown away. Whether a
 * process lives is asked of the system; a process of another machine or container counts as gone.
 */
import { createHash } from 'node:crypto';
import { existsSync, lstatSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { systemCode } from './system-errors.ts';

/** Names that a folder of results may hold; a folder with anything else is never replaced. */
export const RESULT_NAMES: ReadonlySet<string> = new Set([
  'report.json', 'summary.csv', 'timeseries.csv', 'pods.csv', 'nodes.csv', 'report.html', 'timing.json',
  'comparison.json', 'comparison.csv', 'runs.json', 'availability.csv', 'curves.csv', 'scenario.yaml',
  'fit.svg', 'fit.json', 'run.kept', 'INCOMPLETE.txt',
  'summary.parquet', 'timeseries.parquet', 'pods.parquet', 'nodes.parquet',
]);
/** A name of a file may have 255 bytes; `.partial-PID` has to fit, too. */
const LONGEST_STEM_BYTES = 200;

export class UnfinishedFolders {
  readonly folder: string;
  readonly partial: string;
  readonly replaced: string;
  /** `.NAME.cells` holds single runs of a comparison under way, or of one that was killed: see cell-store.ts. */
  readonly cells: string;
  private readonly stem: string;

  constructor(place: string) {
    this.folder = dirname(place);
    this.stem = stemOf(basename(place));
    this.partial = join(this.folder, `${this.stem}.partial-${String(process.pid)}`);
    this.replaced = join(this.folder, `${this.stem}.replaced-${String(process.pid)}`);
    this.cells = join(this.folder, `${this.stem}.cells`);
  }

  /** Another process that is writing to the place; null: none. */
  livingOther(): number | null {
    return this.of('partial').find(({ pid }) => pid !== process.pid && isAlive(pid))?.pid ?? null;
  }

  /** Removes the unfinished folders of processes that are gone. */
  clear(): void {
    for (const { path, pid } of [...this.of('partial'), ...this.of('replaced')]) {
      if ((pid === process.pid || !isAlive(pid)) && holdsOnlyResults(path))
        rmSync(path, { recursive: true, force: true });
    }
  }

  /** A process was killed between taking the old folder away and putting the new one there. */
  restore(place: string): void {
    const lost = this.of('replaced').find(({ pid }) => pid === process.pid || !isAlive(pid));
    if (lost !== undefined && lstatSync(place, { throwIfNoEntry: false }) === undefined) renameSync(lost.path, place);
  }

  private of(kind: 'partial' | 'replaced'): { readonly path: string; readonly pid: number }[] {
    if (!existsSync(this.folder) || !statSync(this.folder).isDirectory()) return [];
    return namedByProcess(this.folder, `${this.stem}.${kind}-`);
  }
}

/** What stands in a folder under `start` and the number of a process. */
export function namedByProcess(folder: string, start: string): { readonly path: string; readonly pid: number }[] {
  return readdirSync(folder).flatMap((name) => {
    const pid = name.startsWith(start) ? name.slice(start.length) : '';
    return /^[1-9]\d{0,9}$/.test(pid) ? [{ path: join(folder, name), pid: Number(pid) }] : [];
  });
}

function stemOf(name: string): string {
  if (Buffer.byteLength(name) <= LONGEST_STEM_BYTES) return `.${name}`;
  return `.${createHash('sha256').update(name).digest('hex').slice(0, 32)}`;
}

/** Of this machine, that is. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return systemCode(error) === 'EPERM';
  }
}

function holdsOnlyResults(folder: string): boolean {
  return lstatSync(folder).isDirectory() && readdirSync(folder).every((name) => RESULT_NAMES.has(name));
}
