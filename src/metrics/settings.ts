/** `metrics` of a scenario: what is recorded. */
import { z } from 'zod';
import { formatDuration } from '../base/duration.ts';
import { below } from '../base/source-path.ts';
import type { Micros } from '../base/time.ts';
import type { Block } from '../scenario/block.ts';
import { duration, expecting, whole } from '../scenario/fields.ts';
import type { ScenarioNumbers } from '../scenario/numbers.ts';

export interface MetricsSettings {
  /** Interval of the rows of `timeseries.csv`. */
  readonly sampleMicros: Micros;
  /** `auto`: pods.csv holds every pod up to 200,000 pods and none beyond (said in the report). */
  readonly pods: 'auto' | 'all' | 'none';
  /** Recompute all aggregates every so many events; 0: never (`--check`). */
  readonly checkEveryEvents: number;
}

const schema = z.strictObject({
  sampleInterval: duration('Interval of the rows of timeseries.csv').default('1m'),
  pods: z
    .enum(['auto', 'all', 'none'], expecting('expected auto, all or none'))
    .default('auto')
    .describe('Rows of pods.csv. auto: every pod up to 200,000 pods, none beyond'),
  checkEvery: whole(
    'Recompute all aggregates every so many events and compare (slow); 0: never',
    0,
    1_000_000_000,
  ).default(0),
});

function resolve(metrics: z.output<typeof schema>, numbers: ScenarioNumbers): MetricsSettings {
  return {
    sampleMicros: numbers.microsAbove0(metrics.sampleInterval, below(below(null, 'metrics'), 'sampleInterval')),
    pods: metrics.pods,
    checkEveryEvents: metrics.checkEvery,
  };
}

function spell(metrics: MetricsSettings): Record<string, unknown> {
  return {
    sampleInterval: formatDuration(metrics.sampleMicros),
    pods: metrics.pods,
    checkEvery: metrics.checkEveryEvents,
  };
}

const field = schema.prefault({}).describe('What is recorded');

export const metricsBlock: Block<typeof field, MetricsSettings> = { field, resolve, spell };
