/** What is kept of many runs, or sent from thread to thread: a result without its tables. */
import type { RunResult } from '../metrics/run-result.ts';

/** What a comparison reads of a run, without the tables: many runs are kept at a time. */
export function withoutTables(run: RunResult): RunResult {
  return {
    ...run,
    timeseries: { seconds: [], columns: {} },
    events: [],
    pods: null,
    nodes: [],
    resolvedScenario: null,
  };
}

/** The same with the series over time, for those who draw them. */
export function withSeries(run: RunResult): RunResult {
  return { ...withoutTables(run), timeseries: run.timeseries };
}
