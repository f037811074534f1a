/**
 * Published EASY schedules against ours: each log is a suite, each job's wait a decision. Pure: files are the caller's
 * part.
 */
import { backfill } from '../experiment/backfill.ts';
import type { BackfillPolicy } from '../experiment/backfill.ts';
import type { BatchLog } from '../workload/traces/batch-log.ts';
import { SuiteTally } from './suite-tally.ts';
import type { SuiteResult } from './suite-tally.ts';

/** The policy that a file's name tells: `KTH-SP2.easy-clairvoyant.swf.gz`; null: none. */
export function policyOfSchedule(file: string): BackfillPolicy | null {
  const name = file.slice(file.lastIndexOf('/') + 1);
  const match = /\.(easy|easy-clairvoyant|easy-sjbf|easy-sjbf-clairvoyant)\.swf(\.gz)?$/.exec(name);
  if (match === null) return null;
  return match[1] === 'easy-sjbf-clairvoyant' ? 'easy-sjbf' : (match[1] as BackfillPolicy);
}

/** Field 3 of the log is the published wait. */
export function compareWaits(
  name: string,
  file: string,
  log: BatchLog,
  policy: BackfillPolicy,
  kept: number,
): SuiteResult {
  const tally = new SuiteTally(name, file, kept);
  const starts = backfill(log.jobs, log.processors, policy);
  log.jobs.forEach(({ number, submit, wait, line }, index) => {
    const got = starts[index] - submit;
    tally.decide(line, null, `job ${String(number)}`, got === wait ? [] : [{ part: 'wait', expected: wait, got }]);
  });
  return tally.result();
}
