/**
 * What a sweep's folder says of the sweep: its rows, its seeds, and the name of the cell of each. All that a report
 * needs besides the cells. Plain data, JSON-safe, the same bytes wherever the sweep was planned.
 */
import type { MeasuredRun } from './measured-run.ts';
import type { SweepPlan } from './sweep-plan.ts';
import type { Design, SweepPoint } from './sweep-points.ts';

export interface SweepRecord {
  readonly schemaVersion: 1;
  readonly name: string;
  /** Podyard's. */
  readonly version: string;
  readonly design: Design;
  /** Paths, in the order of a point's values. */
  readonly parameters: readonly string[];
  readonly variants: readonly string[];
  readonly seeds: readonly string[];
  /** What the report shows; `*` for anything. */
  readonly metrics: readonly string[];
  readonly rows: readonly RecordedRow[];
}

export interface RecordedRow {
  readonly point: SweepPoint;
  /** Index. */
  readonly variant: number;
  /** Names of the cells, by seed. Two rows with the same runs have the same cells. */
  readonly cells: readonly string[];
}

/** What there is of a cell. null: nothing yet. */
export type CellOutcome = { readonly run: MeasuredRun } | { readonly failure: string } | null;

/** `cells`: by row, then by seed. */
export function sweepRecord(
  { name, design, parameters, variants, seeds, metrics, rows }: SweepPlan,
  version: string,
  cells: readonly (readonly string[])[],
): SweepRecord {
  return {
    schemaVersion: 1, name, version, design,
    parameters: parameters.map(({ path }) => path),
    variants: variants.map((variant) => variant.name),
    seeds, metrics,
    rows: rows.map(({ point, variant }, i) => ({ point, variant, cells: cells[i] })),
  };
}

/** null: this is no record of a sweep, or not a whole one. */
export function readSweepRecord(text: string): SweepRecord | null {
  try {
    const record = JSON.parse(text) as Partial<SweepRecord> | null;
    const isWhole = record?.schemaVersion === 1 && Array.isArray(record.rows) && Array.isArray(record.seeds);
    return isWhole ? (record as SweepRecord) : null;
  } catch {
    return null;
  }
}

/** Names of all cells, each once, in the order of the rows. */
export function cellsOf({ rows }: SweepRecord): string[] {
  return [...new Set(rows.flatMap(({ cells }) => cells))];
}

/** Part `index` of `count` of something in order: neighbours go to different parts, which so take about as long. */
export function shardOf<T>(items: readonly T[], { index, count }: Shard): T[] {
  return items.filter((_, i) => i % count === index - 1);
}

export interface Shard {
  /** From 1. */
  readonly index: number;
  readonly count: number;
}
