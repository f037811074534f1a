/** What a comparison keeps of a run: its numbers, and the digest that tells what was done. Plain data, JSON-safe. */
import { metricsOf } from '../metrics/metric-names.ts';
import type { MeasuredFacts } from '../metrics/metric-names.ts';
import type { RunResult } from '../metrics/run-result.ts';
import type { MetricValue } from './compare-result.ts';
import type { RunCurves } from './run-curves.ts';

export interface MeasuredRun {
  readonly seed: string;
  readonly digest: string;
  /** Podyard's. */
  readonly version: string;
  /** false: it was stopped before its end. */
  readonly complete: boolean;
  readonly metrics: readonly MetricValue[];
  /** For the page of a comparison; absent where nobody draws it. */
  readonly curves?: RunCurves;
}

export function measureRun(
  run: Pick<RunResult, 'seed' | 'digest' | 'version' | 'complete'> & MeasuredFacts,
): MeasuredRun {
  const { seed, digest, version, complete } = run;
  // JSON knows no negative zero: a run that was written and read again is to be the same.
  const metrics = metricsOf(run).map((metric) => (metric.value === 0 ? { ...metric, value: 0 } : metric));
  return { seed, digest, version, complete, metrics };
}
