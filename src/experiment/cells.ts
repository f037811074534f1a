/**
 * A cell: one run of an experiment, known by all that its numbers depend on. What has this identity need not be run
 * again, whichever experiment asks for it. Pure; `io/cell-store.ts` keeps cells in files.
 */
import type { Scenario } from '../simulation/scenario.ts';
import type { MeasuredRun } from './measured-run.ts';

/** A file whose content a run depends on. */
export interface CellInput {
  readonly file: string;
  readonly sha256: string;
}

export interface CellIdentity {
  /** Resolved, with its seed. */
  readonly scenario: Scenario;
  /** Podyard's. */
  readonly version: string;
  /** Plugins, traces and machine lists. */
  readonly inputs: readonly CellInput[];
}

/**
 * One text for one identity, whatever its size: what the name of a cell is the hash of. Thresholds change nothing in a
 * run.
 */
export function cellText({ scenario, version, inputs }: CellIdentity): string {
  return JSON.stringify([version, inputs, { ...scenario, thresholds: [] }], (_key, value: unknown) =>
    typeof value === 'number' && !Number.isFinite(value) ? String(value) : value,
  );
}

/** The content of a cell's file. */
export function writeCell(key: string, run: MeasuredRun): string {
  return `${JSON.stringify({ schemaVersion: 1, key, run })}\n`;
}

/** null: this is not, or not wholly, the cell of that key. */
export function readCell(key: string, text: string): MeasuredRun | null {
  if (!text.endsWith('}\n')) return null;
  try {
    const cell = JSON.parse(text) as Readonly<Partial<Record<'schemaVersion' | 'key' | 'run', unknown>>>;
    if (cell.schemaVersion !== 1 || cell.key !== key) return null;
    return isMeasuredRun(cell.run) ? cell.run : null;
  } catch {
    return null;
  }
}

/** Whether a parsed value is a run to its end. */
export function isMeasuredRun(value: unknown): value is MeasuredRun {
  const run = value as Partial<MeasuredRun> | null | undefined;
  return run?.complete === true && Array.isArray(run.metrics);
}
