/** The public API. Whatever is not listed here may change without notice. Plugins import `podyard/plugin`. */

// Mistakes of the user, all of one reading at a time.
export { InputError, formatProblem } from './base/input-error.ts';
export type { Problem, SourcePlace } from './base/input-error.ts';

// Scenarios: from text or file to a resolved scenario, and back to text.
export { readScenario, readConfigurationFile } from './simulation/scenario-reader.ts';
export type { Override, ScenarioEntry, ScenarioRead } from './simulation/scenario-reader.ts';
export { explainScenario } from './simulation/scenario-explain.ts';
export { initScenario } from './simulation/scenario-template.ts';
export { scenarioJsonSchema } from './simulation/scenario-schema.ts';
export type { ScenarioDocument } from './simulation/scenario-schema.ts';
export type { Scenario } from './simulation/scenario.ts';
export { createInputFiles } from './io/input-files.ts';
export type { FileReader } from './workload/manifests/file-reader.ts';

// One call for a whole run.
export { run } from './io/run-scenario.ts';
export type { RunInput, RunOptions } from './io/run-scenario.ts';

// The parts of a run, for who wants to play it in pieces.
export { Simulation } from './simulation/simulation.ts';
export type { Progress, SimulationOptions } from './simulation/simulation.ts';
export { checkTraceInput, openTraceInput, readMachineInput } from './io/trace-input.ts';
export { loadPluginFiles } from './io/plugin-files.ts';
export { inTreePluginNames } from './scheduler/config/default-plugins.ts';
export { packageVersion } from './io/version.ts';
export type {
  AutoscalingFacts,
  CostFacts,
  Counts,
  FailureFacts,
  LatencyGroup,
  MarkedEvent,
  NodeRecord,
  PackingFacts,
  PodTable,
  Quantiles,
  RunResult,
  RunTiming,
  SchedulingFacts,
  TimeSeries,
  Utilization,
} from './metrics/run-result.ts';

// Experiments.
export { compare, compareMeasured, compareOutcomes, comparisonCells } from './experiment/compare.ts';
export type {
  Comparison, ComparisonCell, ComparisonPlan, ReachedTarget, VariantsPlan,
} from './experiment/compare.ts';
export type {
  ComparedVariant, CompareResult, MetricComparison, VariantMetric, Verdict,
} from './experiment/compare-result.ts';
export { measureRun } from './experiment/measured-run.ts';
export type { MeasuredRun } from './experiment/measured-run.ts';
export { readChangeLimits } from './experiment/limits.ts';
export type { ChangeLimit, JudgedLimit } from './experiment/limits.ts';
export { readThreshold } from './metrics/thresholds.ts';
export type { Threshold } from './metrics/thresholds.ts';
export { analyzePairs } from './experiment/paired-analysis.ts';
export type { AnalysisOptions, PairedAnalysis, PairedValues } from './experiment/paired-analysis.ts';
export { findMetric, lookAtTarget, readPrecisionTargets, shortMetricName } from './experiment/stopping-rule.ts';
export type { PrecisionTarget, SeedValues, TargetState } from './experiment/stopping-rule.ts';
export { cohortSlice, commonArrivals, waitCurve, waitsOf } from './experiment/cohorts.ts';
export type { Cohort, Waits } from './experiment/cohorts.ts';
export { commonWarmUp } from './experiment/steady-state.ts';
export { ConformanceRun } from './conformance/conformance-run.ts';
export type { ConformanceOptions, Difference, SuiteResult } from './conformance/conformance-run.ts';
export { pluginRegistry } from './scheduler/plugins/registry.ts';

// Statistics (docs/statistics.md).
export { quantileInterval } from './base/statistics/quantile-interval.ts';
export { quantiles } from './base/statistics/quantiles.ts';
export { meanInterval, pairedDifference } from './base/statistics/paired-difference.ts';
export { percentageDifference } from './base/statistics/percentage-difference.ts';
export { bcaInterval } from './base/statistics/bootstrap.ts';
export { hodgesLehmann, signedRankTest } from './base/statistics/signed-rank.ts';
export { holmAdjusted } from './base/statistics/holm.ts';
export { equivalencePValue, relativeEquivalencePValue } from './base/statistics/equivalence.ts';
export { pairedTPower, pairsForHalfWidth, pairsToShow } from './base/statistics/sample-size.ts';
export { lookConfidence, lookSchedule } from './base/statistics/looks.ts';
export { warmUpCut } from './base/statistics/warm-up.ts';
export { batchMeans } from './base/statistics/batch-means.ts';
export {
  kaplanMeier, restrictedMean, survivalAt, survivalInterval, survivalQuantile,
} from './base/statistics/survival.ts';
export { RandomStream } from './kernel/random.ts';
export type { PairedDifference } from './base/statistics/paired-difference.ts';
export type { SurvivalCurve } from './base/statistics/survival.ts';

// Reports.
export { renderRunTable } from './report/run-table.ts';
export { renderRunFiles } from './report/run-files.ts';
export { renderCompareMarkdown, renderCompareTable } from './report/compare-table.ts';
export { verdictSentence } from './report/compare-verdict.ts';
export { reportJson } from './report/json.ts';
export { reportYaml } from './report/yaml.ts';
export { renderHtml } from './report/html.ts';
export { nodesCsv, podsCsv, summaryCsv, timeSeriesCsv } from './report/csv.ts';

// Plugins.
export type { Handle, Plugin, PluginFactory } from './scheduler/framework/plugin-api.ts';
