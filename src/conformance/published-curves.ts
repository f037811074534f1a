/**
 * Published curves of the GPU-sharing experiment (USENIX ATC'23) against ours: each order and policy is a suite, each
 * percent of demand a decision. Deterministic policies must agree to a hundredth of a percent; Random, whose draws
 * nobody wrote down, to what its own runs differ by. Pure: files are the caller's part.
 */
import { InputError } from '../base/input-error.ts';
import type { InflationResult } from '../experiment/inflation.ts';
import { SuiteTally } from './suite-tally.ts';
import type { Finding, SuiteResult } from './suite-tally.ts';

/** Percent points; the published values are rounded to hundredths. */
const TOLERANCE = 0.01;
/** Over ten published runs with other orders the allocation varies by some 1, the fragmentation by some 1.5. */
const RANDOM_TOLERANCE = { allocation: 1, fragmentation: 1.5 } as const;
/** Sums of rounded decimals end in stray bits. */
const STRAY = 1e-9;

export interface PublishedCurve {
  /** By percent of demand. */
  readonly values: readonly number[];
  /** Line in its file. */
  readonly line: number;
}

/** By `<pod list> <policy> <seed>`, such as `openb_pod_list_default FGD 42`. */
export type PublishedCurves = ReadonlyMap<string, PublishedCurve>;

/** Columns workload, sc_policy, tune, seed, total_gpus, 0, 1, ... Throws InputError. */
export function readPublishedCurves(text: string, file: string): PublishedCurves {
  const lines = text.split(/\r?\n/);
  const header = lines[0].split(',');
  const [workload, policy, seed] = ['workload', 'sc_policy', 'seed'].map((name) => header.indexOf(name));
  const first = header.indexOf('0');
  if (Math.min(workload, policy, seed, first) < 0) {
    throw new InputError({ file, line: 1, message: 'expected the columns workload, sc_policy, seed, 0, 1, 2, ...' });
  }
  const curves = new Map<string, PublishedCurve>();
  lines.slice(1).forEach((text, index) => {
    if (text.trim() === '') return;
    const line = index + 2;
    const fields = text.split(',');
    const values = fields.slice(first).map(Number);
    if (fields.length !== header.length || values.some(Number.isNaN)) {
      throw new InputError({
        file,
        line,
        message: `expected ${String(header.length)} fields, numbers from the column 0 on`,
      });
    }
    curves.set(curveKey(fields[workload], fields[policy].replace(/^\d+-/, ''), fields[seed]), { values, line });
  });
  return curves;
}

export function curveKey(list: string, policy: string, seed: string): string {
  return `${list} ${policy} ${seed}`;
}

export interface CurveSuite {
  readonly name: string;
  readonly file: string;
  readonly policy: string;
  readonly seed: string;
  readonly allocation: PublishedCurve;
  readonly fragmentation: PublishedCurve;
}

export function compareCurves(suite: CurveSuite, result: InflationResult, kept: number): SuiteResult {
  const tally = new SuiteTally(suite.name, suite.file, kept);
  const { allocation, fragmentation } = suite;
  const seed = Number(suite.seed);
  allocation.values.forEach((_, percent) => {
    const findings: Finding[] = [];
    for (const [part, published] of [
      ['allocation', allocation],
      ['fragmentation', fragmentation],
    ] as const) {
      const tolerance = suite.policy === 'Random' ? RANDOM_TOLERANCE[part] : TOLERANCE;
      const expected = published.values[percent] as number | undefined;
      const got = result[part][percent] as number | undefined;
      const isNear = expected !== undefined && got !== undefined && Math.abs(expected - got) <= tolerance + STRAY;
      if (!isNear) findings.push({ part, expected: expected ?? null, got: got ?? null });
    }
    tally.decide(allocation.line, Number.isNaN(seed) ? null : seed, `at ${String(percent)} % demand`, findings);
  });
  return tally.result();
}

/** A suite that cannot be replayed, and why. */
export function skippedSuite(name: string, file: string, reason: string): SuiteResult {
  const tally = new SuiteTally(name, file, 0);
  tally.skipped = reason;
  return tally.result();
}
