/**
 * Two scheduler configurations on the same arrivals, sizes and failures: which runs that takes, and the comparison that
 * follows from them. Pure: whoever runs the cells may do so in any order, on any number of threads.
 */
import { assert } from '../base/assert.ts';
import type { RunResult } from '../metrics/run-result.ts';
import type { CompareResult } from './compare-result.ts';
import { compareRuns } from './paired-statistics.ts';

export interface ComparisonPlan {
  readonly scenario: string;
  readonly labelA: string;
  readonly labelB: string;
  /** KubeSchedulerConfigurations, decoded YAML; null: upstream's defaults. */
  readonly configurationA: unknown;
  readonly configurationB: unknown;
  readonly seeds: readonly string[];
}

/** One run. */
export interface ComparisonCell {
  readonly side: 'A' | 'B';
  readonly configuration: unknown;
  readonly seed: string;
}

/** A comparison with what its numbers were made from. */
export interface Comparison extends CompareResult {
  readonly version: string;
  /** Digest of each run, in the order of `seeds`. */
  readonly digestsA: readonly string[];
  readonly digestsB: readonly string[];
  /**
   * Several seeds, and all gave the same run of A and the same of B: nothing was left to chance, the differences are
   * exact.
   */
  readonly seedsChangeNothing: boolean;
}

/** Seed by seed, A before B. */
export function comparisonCells(plan: ComparisonPlan): ComparisonCell[] {
  return plan.seeds.flatMap((seed): ComparisonCell[] => [
    { side: 'A', configuration: plan.configurationA, seed },
    { side: 'B', configuration: plan.configurationB, seed },
  ]);
}

/** What a comparison reads of a run, without the tables: many runs are kept at a time. */
export function withoutTables(run: RunResult): RunResult {
  return { ...run, timeseries: { seconds: [], columns: {} }, events: [], pods: null, nodes: [], resolvedScenario: null };
}

/** `runs` in the order of the plan's cells. */
export function compareOutcomes(plan: ComparisonPlan, runs: readonly RunResult[]): Comparison {
  const { scenario, labelA, labelB, seeds } = plan;
  assert(runs.length === 2 * seeds.length, `${runs.length} runs for ${seeds.length} seeds`);
  assert(runs.every((run) => run.complete), 'a run that was stopped cannot be compared');
  const runsA = runs.filter((_run, i) => i % 2 === 0);
  const runsB = runs.filter((_run, i) => i % 2 === 1);
  const digestsOf = (side: readonly RunResult[]): string[] => side.map((run) => run.digest);
  const [digestsA, digestsB] = [digestsOf(runsA), digestsOf(runsB)];
  const seedsChangeNothing = seeds.length > 1 && new Set(digestsA).size === 1 && new Set(digestsB).size === 1;
  return {
    ...compareRuns({ scenario, labelA, labelB, runsA, runsB }),
    version: runs[0]?.version ?? '',
    digestsA,
    digestsB,
    seedsChangeNothing,
  };
}

/** All runs one after the other. */
export function compare(plan: ComparisonPlan, runOnce: (configuration: unknown, seed: string) => RunResult): Comparison {
  return compareOutcomes(plan, comparisonCells(plan).map(({ configuration, seed }) => withoutTables(runOnce(configuration, seed))));
}
