/**
 * What a page reads of files of results. Fields that it does not read may be there, missing or new; those that it reads
 * are checked, so that a file of another version is told in one sentence instead of a page full of gaps.
 */
import { z } from 'zod';
import { METRICS } from '../metrics/declared-metrics.ts';
import type { MetricGroup } from '../metrics/declared-metrics.ts';

const value = z.number();
const maybe = z.number().nullable();
const point = z.tuple([value, value]);
const byName = <T extends z.ZodType>(schema: T): z.ZodRecord<z.ZodString, T> => z.record(z.string(), schema);

const quantiles = z.object({
  count: value, mean: maybe, p50: maybe, p90: maybe, p95: maybe, p99: maybe, p999: maybe, max: maybe, censored: value,
});

const latency = z.object({ queueWaitSeconds: quantiles, startSeconds: quantiles, queueWaitCdf: z.array(point) });

const utilization = z.object({
  mean: value, p5: value, p50: value, p95: value, max: value, meanWhilePending: maybe,
});

/** A number for each metric of the group. */
function numbers<Group extends MetricGroup>(
  group: Group,
): { readonly [Name in keyof (typeof METRICS)[Group]]: z.ZodNumber } {
  const fields = Object.keys(METRICS[group]).map((name) => [name, value]);
  return Object.fromEntries(fields) as { readonly [Name in keyof (typeof METRICS)[Group]]: z.ZodNumber };
}

/** report.json of a run. */
export const RUN_SCHEMA = z.object({
  scenario: z.string(),
  description: z.string(),
  seed: z.string(),
  version: z.string(),
  kubernetes: z.string(),
  digest: z.string(),
  simulatedSeconds: value,
  complete: z.boolean(),
  counts: z.object(numbers('counts')),
  utilization: byName(utilization),
  latency,
  latencyByPriority: byName(latency),
  packing: z.object({
    densityOfNonEmptyNodes: byName(value),
    ...numbers('packing'),
    strandedShare: byName(value),
    fragmentation: z.object({ gpuFragmentedShare: z.object({ mean: value, end: value }).nullable() }),
  }),
  failures: z.object({
    evictionsByCause: byName(value),
    ...numbers('failures'),
    containers: z.object({ restarts: value, unreadyPodSeconds: value }).optional(),
  }),
  cost: z.object({ ...numbers('cost'), nodeHoursByPool: byName(value) }),
  notes: z.array(z.string()),
  resolvedScenario: z.unknown(),
});

export type ReadRun = z.infer<typeof RUN_SCHEMA>;

const better = z.enum(['lower', 'higher', 'neither']);
const metric = { unit: z.string(), better };

/** comparison.json. */
export const COMPARISON_SCHEMA = z.object({
  scenario: z.string(),
  version: z.string(),
  seeds: z.array(z.string()),
  seedsChangeNothing: z.boolean(),
  confidence: value,
  margin: value,
  metrics: z.array(
    z.object({ name: z.string(), ...metric, valuesA: z.array(maybe), valuesB: z.array(maybe) }),
  ),
  variants: z.array(z.object({ name: z.string(), label: z.string(), digests: z.array(z.string()) })).min(2),
  comparisons: z.array(
    z.object({
      variant: z.string(), metric: z.string(), shortName: z.string(), ...metric, pairs: value,
      base: maybe, value: maybe, difference: maybe, differenceLow: maybe, differenceHigh: maybe,
      change: maybe, changeLow: maybe, changeHigh: maybe, pValue: maybe, adjustedPValue: maybe,
      verdict: z.enum(['better', 'worse', 'higher', 'lower', 'same', 'equal', 'unknown', 'absent']),
      isWithinMargin: z.boolean(), moreSeeds: maybe,
    }),
  ),
  precision: z.array(
    z.object({
      metric: z.string(), kind: z.enum(['relative', 'absolute']), halfWidth: value, shortName: z.string(),
      variant: z.string(), found: maybe, isReached: z.boolean(), seedsNeeded: maybe,
    }),
  ),
  limits: z.array(
    z.object({
      text: z.string(), kind: z.enum(['change', 'threshold']), variant: z.string(), metric: z.string(),
      unit: z.string(), state: z.enum(['broken', 'held', 'open', 'absent']), found: maybe, isRelative: z.boolean(),
    }),
  ),
  repeat: z.string().optional(),
  resolvedScenario: z.unknown(),
});

export type ReadComparison = z.infer<typeof COMPARISON_SCHEMA>;

const curves = z.object({ endSeconds: value, waits: z.array(point), series: byName(z.array(point)) });

/** runs.json beside comparison.json. */
export const RUNS_SCHEMA = z.object({
  runs: z.array(
    z.object({
      variant: z.string(), seed: z.string(), digest: z.string(), metrics: byName(maybe), curves: curves.nullable(),
    }),
  ),
});

export type ReadRuns = z.infer<typeof RUNS_SCHEMA>;

const span = z.object({ from: value, to: value });

/** report.json of a rehearsal. */
export const REHEARSAL_SCHEMA = z.object({
  scenario: z.string(), seed: z.string(), version: z.string(), kubernetes: z.string(), digest: z.string(),
  startSeconds: value, endSeconds: value,
  end: z.enum(['healed', 'stuck', 'horizon', 'stopped']),
  nodesAtStart: value, podsAtStart: value,
  steps: z.array(
    z.object({
      text: z.string(), beginSeconds: value, endSeconds: maybe, message: z.string(),
      outcome: z.enum(['done', 'failed', 'unfinished']),
    }),
  ),
  blockers: z.array(
    z.object({
      object: z.string(), node: z.string(), pods: z.array(z.string()), refusals: value, beginSeconds: value,
      endSeconds: maybe, isForEver: z.boolean(), text: z.string(),
    }),
  ),
  availability: z.array(
    z.object({
      kind: z.string(), key: z.string(), rule: z.string(), wantedAtStart: value, availableAtStart: value,
      leastAvailable: value, availableAtEnd: value, neededAtStart: value, broken: z.array(point),
      belowSeconds: value, availability: value, unavailablePodSeconds: value,
      series: z.object({
        seconds: z.array(value), available: z.array(value), wanted: z.array(value), needed: z.array(value),
      }),
    }),
  ),
  pending: z.array(
    z.object({ owner: z.string(), pods: value, stillPending: value, longestSeconds: value, message: z.string() }),
  ),
  lost: z.array(
    z.object({ reason: z.enum(['bare', 'unknownController']), controller: z.string(), pods: z.array(z.string()) }),
  ),
  nodes: z.array(
    z.object({
      name: z.string(),
      spans: z.array(
        span.extend({ state: z.enum(['booting', 'ready', 'cordoned', 'draining', 'down']) }),
      ),
    }),
  ),
  healSeconds: maybe, unavailablePodSeconds: value, extraNodeHours: value, extraCost: value,
  repeat: z.string().optional(),
});

export type ReadRehearsal = z.infer<typeof REHEARSAL_SCHEMA>;
