/** `podyard conformance` on schedules of EASY backfilling, as simulated by others: our waits against theirs. */
import { readdirSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { compareWaits, policyOfSchedule } from '../conformance/published-waits.ts';
import type { SuiteResult } from '../conformance/suite-tally.ts';
import { openTraceFile } from '../io/trace-stream.ts';
import { readBatchLog } from '../workload/traces/batch-log.ts';

/** Files with a schedule: the path itself, or those in the folder; none: it is something else. */
export function schedulesIn(path: string): string[] {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return [];
  if (!stats.isDirectory()) return policyOfSchedule(path) === null ? [] : [path];
  const names = readdirSync(path).filter((name) => policyOfSchedule(name) !== null);
  return names.sort((a, b) => (a < b ? -1 : 1)).map((name) => join(path, name));
}

/** Throws InputError for what is no log. */
export function compareSchedule(file: string, kept: number): SuiteResult {
  const policy = policyOfSchedule(file) ?? 'easy';
  const source = openTraceFile(file);
  try {
    const log = readBatchLog(source, file);
    return compareWaits(basename(file).replace(/\.swf(\.gz)?$/, ''), file, log, policy, kept);
  } finally {
    source.close();
  }
}
