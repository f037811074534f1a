/**
 * Every run of a sweep by itself, for a notebook or a spreadsheet: its point, variant and seed, its digest, and what
 * it measured. Cells may lie in several folders. Pure; costs one look at each cell.
 */
import { isMetricMeant } from '../metrics/metric-names.ts';
import type { CellOutcome, SweepRecord } from './sweep-record.ts';
import { measuredMetrics } from './sweep-report.ts';

export interface CollectedRuns {
  readonly schemaVersion: 1;
  readonly name: string;
  /** Podyard's. */
  readonly version: string;
  readonly parameters: readonly string[];
  /** Paths in report.json of a run, in its order, of all metrics that some run has. */
  readonly metrics: readonly string[];
  /** By row of the sweep, then by seed. A cell that has not run yet has no row. */
  readonly runs: readonly CollectedRun[];
}

export interface CollectedRun {
  /** Values of the parameters, in their order. */
  readonly point: readonly unknown[];
  readonly variant: string;
  readonly seed: string;
  /** Name of the file below `cells/`. */
  readonly cell: string;
  /** null: it failed. */
  readonly digest: string | null;
  /** Why it failed; null: it did not. */
  readonly failure: string | null;
  /** By metric; null: the run does not have it. */
  readonly values: readonly (number | null)[];
}

/** `names`: metrics, `*` for anything. */
export function collectRuns(
  record: SweepRecord,
  outcomeOf: (cell: string) => CellOutcome,
  names: readonly string[],
): CollectedRuns {
  const cells = record.rows.flatMap((row) =>
    row.cells.flatMap((cell, i) => {
      const outcome = outcomeOf(cell);
      return outcome === null ? [] : [{ row, seed: record.seeds[i], cell, outcome }];
    }),
  );
  const known = measuredMetrics(cells.map(({ outcome }) => outcome));
  const metrics = [...known.keys()].filter((path) => names.some((name) => isMetricMeant(name, path)));
  const { name, version, parameters, variants } = record;
  const runs = cells.map(({ row, seed, cell, outcome }): CollectedRun => {
    const run = 'run' in outcome ? outcome.run : null;
    const measured = new Map(run?.metrics.map((metric) => [metric.name, metric.value]));
    return {
      point: row.point,
      variant: variants[row.variant],
      seed,
      cell,
      digest: run?.digest ?? null,
      failure: 'failure' in outcome ? outcome.failure : null,
      values: metrics.map((path) => measured.get(path) ?? null),
    };
  });
  return { schemaVersion: 1, name, version, parameters, metrics, runs };
}
