/** The runs of `podyard compare`, one after the other or on threads, and what is printed of them. */
import { basename } from 'node:path';
import { compareOutcomes, comparisonCells, withoutTables } from '../experiment/compare.ts';
import type { Comparison, ComparisonPlan } from '../experiment/compare.ts';
import { createInputFiles } from '../io/input-files.ts';
import type { OutputFile, OutputFolder } from '../io/output-folder.ts';
import { loadPluginFiles } from '../io/plugin-files.ts';
import { runOnThreads } from '../io/run-pool.ts';
import { checkTraceInput, listenForStop } from '../io/run-simulation.ts';
import type { StopRequest } from '../io/run-simulation.ts';
import { OutputError } from '../io/system-errors.ts';
import type { RunResult } from '../metrics/run-result.ts';
import { renderCompareTable } from '../report/compare-table.ts';
import { csvText } from '../report/csv.ts';
import { roundNumber, writeJson } from '../report/json.ts';
import { plainText } from '../report/table.ts';
import { inTreePluginNames } from '../scheduler/config/default-plugins.ts';
import { decodeSchedulerConfiguration } from '../scheduler/config/scheduler-configuration.ts';
import type { PluginFactory } from '../scheduler/framework/plugin-api.ts';
import { pluginRegistry } from '../scheduler/plugins/registry.ts';
import { foreignSchedulerWarnings } from '../simulation/foreign-schedulers.ts';
import type { Scenario } from '../simulation/scenario.ts';
import { readConfigurationFile } from '../simulation/scenario-reader.ts';
import type { CommandContext } from './command.ts';
import { EXIT_OK, exitCodeOf } from './command.ts';
import { locateInFile } from './configuration-places.ts';
import type { LocateConfiguration } from './configuration-places.ts';
import { claimFolder, drive } from './execute-run.ts';
import { tellFailure, tellWarnings } from './failures.ts';
import type { GivenOptions } from './options.ts';
import { readScenarioFor } from './scenario-input.ts';

export async function executeComparison(given: GivenOptions, context: CommandContext): Promise<number> {
  const folder = claimFolder(given);
  const files = { A: given.text('a') ?? '', B: given.text('b') ?? '' };
  const { scenario } = await readScenarioFor(given.positional('scenario'), given, context);
  const plugins = await loadPluginFiles(scenario.scheduler.pluginFiles, inTreePluginNames());
  const plan = planOf(scenario, files, given, (file) => readVariant(scenario, file, plugins, context));
  checkTraceInput(scenario.trace);
  const cells: Cell[] = comparisonCells(plan).map(({ side, configuration, seed }, i, all) => ({
    variant: variantOf(scenario, configuration, files[side], seed),
    locate: locateInFile(files[side]),
    label: `run ${String(i + 1)} of ${String(all.length)} (${side}, seed ${plainText(seed)})`,
  }));
  folder?.lock();
  const stop = listenForStop();
  try {
    const runs = await runCells(cells, { plugins, given, context, stop });
    if (runs !== null) return tellComparison(compareOutcomes(plan, runs), folder, given, context);
    const end = `stopped by ${stop.received ?? ''} before the last of ${String(cells.length)} runs: there is no comparison`;
    tellWarnings([end], context);
    return exitCodeOf(stop.received ?? 'SIGINT');
  } finally {
    stop.release();
    folder?.release();
  }
}

function tellComparison(comparison: Comparison, folder: OutputFolder | null, given: GivenOptions, context: CommandContext): number {
  const { terminal } = context;
  const written = folder?.write(filesOf(comparison));
  terminal.out(textOf(comparison, given.text('output') ?? 'table', terminal.hasColor('out')));
  if (written === undefined) return EXIT_OK;
  if (!given.flag('quiet')) terminal.err(`\nWritten:\n${written.paths.map((path) => `  ${plainText(path)}\n`).join('')}`);
  return written.complaint === null ? EXIT_OK : tellFailure(new OutputError(written.complaint), context);
}

interface Cell {
  readonly variant: Scenario;
  readonly locate: LocateConfiguration;
  readonly label: string;
}

interface Surroundings {
  readonly plugins: readonly PluginFactory[];
  readonly given: GivenOptions;
  readonly context: CommandContext;
  readonly stop: StopRequest;
}

/** Results in the order of the cells; null when stopped. */
async function runCells(cells: readonly Cell[], { plugins, given, context, stop }: Surroundings): Promise<RunResult[] | null> {
  const jobs = given.number('jobs') ?? 1;
  if (jobs > 1) {
    return runOnThreads(cells.map(({ variant }) => variant), {
      jobs,
      version: context.version,
      plain: given.flag('plain'),
      onResult: (index, result) => { tellRun(cells[index].label, result, given, context); },
      isStopped: () => stop.received !== null,
    });
  }
  const runs: RunResult[] = [];
  for (const { variant, locate, label } of cells) {
    context.seed = variant.seed;
    const { result } = await drive({ scenario: variant, locate, folder: '.', plugins, given, context: withoutWarnings(context), stop, label });
    if (stop.received !== null) return null;
    runs.push(withoutTables(result));
    tellRun(label, result, given, context);
  }
  return runs;
}

/** Both configurations are checked before the first run, and their warnings told once. */
function readVariant(
  scenario: Scenario,
  file: string,
  plugins: readonly PluginFactory[],
  context: CommandContext,
): unknown {
  const { value, warnings } = readConfigurationFile(file, createInputFiles());
  const configuration = decodeSchedulerConfiguration(value, { registry: pluginRegistry(plugins), locate: locateInFile(file) });
  const foreign = foreignSchedulerWarnings(scenario, configuration.profiles.map(({ schedulerName }) => schedulerName));
  const messages = [...configuration.warnings, ...foreign];
  tellWarnings([...warnings, ...messages.map((message) => ({ file, message }))], context);
  return value;
}

function planOf(scenario: Scenario, files: { readonly A: string; readonly B: string }, given: GivenOptions, read: (file: string) => unknown): ComparisonPlan {
  const [a, b] = [basename(files.A), basename(files.B)];
  const prefix = given.text('seed-prefix') ?? '';
  return {
    scenario: scenario.name,
    labelA: a === b ? files.A : a,
    labelB: a === b ? files.B : b,
    configurationA: read(files.A),
    configurationB: read(files.B),
    seeds: Array.from({ length: given.number('seeds') ?? 10 }, (_, i) => `${prefix}${String(i + 1)}`),
  };
}

function variantOf(scenario: Scenario, configuration: unknown, configurationFile: string, seed: string): Scenario {
  return { ...scenario, seed, scheduler: { ...scenario.scheduler, configuration, configurationFile }, metrics: { ...scenario.metrics, pods: 'none' } };
}

function withoutWarnings(context: CommandContext): CommandContext {
  return { ...context, terminal: { ...context.terminal, err: () => undefined } };
}

function tellRun(label: string, result: RunResult, given: GivenOptions, { terminal }: CommandContext): void {
  const mode = given.text('progress');
  if (given.flag('quiet') || mode === 'none') return;
  terminal.err(mode === 'json' ? `${JSON.stringify({ run: label, digest: result.digest })}\n` : `${label}: digest ${result.digest}\n`);
}

function filesOf(comparison: Comparison): OutputFile[] {
  return [
    { name: 'comparison.json', chunks: [comparisonJson(comparison)] },
    { name: 'comparison.csv', chunks: [comparisonCsv(comparison)] },
  ];
}

function textOf(comparison: Comparison, format: string, color: boolean): string {
  if (format === 'json') return comparisonJson(comparison);
  return format === 'csv' ? comparisonCsv(comparison) : renderCompareTable(comparison, { color });
}

function comparisonJson(comparison: Comparison): string {
  const { scenario, version, seeds, labelA, labelB, digestsA, digestsB, metrics } = comparison;
  return `${writeJson({ schemaVersion: 1, scenario, version, seeds, labelA, labelB, digestsA, digestsB, metrics: rounded(metrics) }, '')}\n`;
}

function rounded(value: unknown): unknown {
  if (typeof value === 'number') return roundNumber(value);
  if (Array.isArray(value)) return value.map(rounded);
  if (value !== null && typeof value === 'object') return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, rounded(entry)]));
  return value;
}

function comparisonCsv({ metrics }: Comparison): string {
  const number = (value: number | null): number | null => (value === null ? null : roundNumber(value));
  const rows = metrics.map((metric) => [
    metric.name, metric.unit, metric.better, number(metric.a), number(metric.b), number(metric.meanDifference), number(metric.low), number(metric.high), metric.significant ? 'yes' : 'no',
  ]);
  return csvText([['metric', 'unit', 'better', 'a', 'b', 'meanDifference', 'low', 'high', 'significant'], ...rows]);
}
