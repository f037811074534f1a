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
export type { Scenario } from './simulation/scenario.ts';
export { createInputFiles } from './io/input-files.ts';
export type { FileReader } from './workload/manifests/file-reader.ts';

// Runs.
export { Simulation } from './simulation/simulation.ts';
export type { Progress, SimulationOptions } from './simulation/simulation.ts';
export { checkTraceInput, openTraceInput, readMachineInput } from './io/trace-input.ts';
export { loadPluginFiles } from './io/plugin-files.ts';
export { inTreePluginNames } from './scheduler/config/default-plugins.ts';
export { packageVersion } from './cli/version.ts';
export type {
  AutoscalingFacts, CostFacts, Counts, FailureFacts, LatencyGroup, MarkedEvent, NodeRecord, PackingFacts, PodTable, Quantiles, RunResult, RunTiming, SchedulingFacts,
  TimeSeries, Utilization,
} from './metrics/run-result.ts';

// Experiments.
export { compare, compareOutcomes, comparisonCells } from './experiment/compare.ts';
export type { Comparison, ComparisonCell, ComparisonPlan } from './experiment/compare.ts';
export type { CompareResult, MetricComparison } from './experiment/compare-result.ts';
export { ConformanceRun } from './conformance/conformance-run.ts';
export type { ConformanceOptions, Difference, SuiteResult } from './conformance/conformance-run.ts';
export { pluginRegistry } from './scheduler/plugins/registry.ts';

// Reports.
export { renderRunTable } from './report/run-table.ts';
export { renderRunFiles } from './report/run-files.ts';
export { renderCompareTable } from './report/compare-table.ts';
export { reportJson, reportYaml } from './report/json.ts';
export { renderHtml } from './report/html.ts';
export { nodesCsv, podsCsv, summaryCsv, timeSeriesCsv } from './report/csv.ts';

// Plugins.
export type { Handle, Plugin, PluginFactory } from './scheduler/framework/plugin-api.ts';
