/** The runs of `podyard compare`, one after the other or on threads, and what is printed of them. */
import { basename } from 'node:path';
import { stringify } from 'csv-stringify/sync';
import { compareOutcomes, comparisonCells, withoutTables } from '../experiment/compare.ts';
import type { Comparison, ComparisonPlan } from '../experiment/compare.ts';
import { createInputFiles } from '../io/input-files.ts';
import type { OutputFile } from '../io/output-folder.ts';
import { loadPluginFiles } from '../io/plugin-files.ts';
import { pluginHashes } from '../io/plugin-hashes.ts';
import type { PluginHash } from '../io/plugin-hashes.ts';
import { createRunsProgress } from '../io/progress.ts';
import type { ProgressFacts, RunsProgress } from '../io/progress.ts';
import { runOnThreads } from '../io/run-pool.ts';
import { listenForStop } from '../io/run-simulation.ts';
import type { StopRequest } from '../io/run-simulation.ts';
import type { RunResult } from '../metrics/run-result.ts';
import { renderCompareTable } from '../report/compare-table.ts';
import { roundNumber, writeJson } from '../report/json.ts';
import { inTreePluginNames } from '../scheduler/config/default-plugins.ts';
import { decodeSchedulerConfiguration } from '../scheduler/config/scheduler-configuration.ts';
import type { PluginFactory } from '../scheduler/framework/plugin-api.ts';
import { pluginRegistry } from '../scheduler/plugins/registry.ts';
import { foreignSchedulerWarnings } from '../simulation/foreign-schedulers.ts';
import type { Scenario } from '../simulation/scenario.ts';
import { readConfigurationFile } from '../simulation/scenario-reader.ts';
import { resultScenario } from '../simulation/scenario-spelling.ts';
import type { SimulationOptions } from '../simulation/simulation.ts';
import type { CommandContext } from './command.ts';
import { EXIT_OK, exitCodeOf } from './command.ts';
import { comparedScenario } from './compared-scenario.ts';
import { locateInFile } from '../io/configuration-places.ts';
import type { LocateConfiguration } from '../io/configuration-places.ts';
import { checkedTrace, claimFolder, drive, progressOptions } from './execute-run.ts';
import { tellWarnings } from './failures.ts';
import type { GivenOptions } from './options.ts';
import type { Terminal } from './terminal.ts';

export async function executeComparison(given: GivenOptions, context: CommandContext): Promise<number> {
  const folder = claimFolder(given);
  const files = { A: given.text('a') ?? '', B: given.text('b') ?? '' };
  const scenario = await comparedScenario(given, context);
  const plugins = await loadPluginFiles(scenario.scheduler.pluginFiles, inTreePluginNames());
  const plan = planOf(scenario, files, given, (file) => readVariant(scenario, file, plugins, context));
  const openTrace = await checkedTrace(scenario);
  const stop = listenForStop();
  const cells: Cell[] = comparisonCells(plan).map(({ side, configuration, seed }, i, all) => ({
    variant: variantOf(scenario, configuration, files[side], seed),
    locate: locateInFile(files[side]),
    label: `run ${String(i + 1)} of ${String(all.length)} (${side}, seed ${seed})`,
  }));
  const runs = await runCells(cells, { plugins, openTrace, given, context, stop });
  if (runs === null) {
    tellWarnings([`stopped by ${stop.received ?? ''} before the last of ${String(cells.length)} runs: there is no comparison`], context);
    return exitCodeOf(stop.received ?? 'SIGINT');
  }
  const comparison = compareOutcomes(plan, runs);
  const { pluginFiles } = scenario.scheduler;
  const birth = {
    resolvedScenario: resultScenario(scenario),
    plan,
    plugins: pluginHashes(pluginFiles, scenario.fileNames),
  };
  const written = folder?.write(filesOf(comparison, birth)) ?? [];
  stop.release();
  context.terminal.out(textOf(comparison, birth, given.text('output') ?? 'table', context.terminal));
  if (written.length > 0 && !given.flag('quiet')) context.terminal.err(`\nWritten:\n${written.map((path) => `  ${path}\n`).join('')}`);
  return EXIT_OK;
}

interface Cell {
  readonly variant: Scenario;
  readonly locate: LocateConfiguration;
  readonly label: string;
}

interface Surroundings {
  readonly plugins: readonly PluginFactory[];
  readonly openTrace: SimulationOptions['openTrace'];
  readonly given: GivenOptions;
  readonly context: CommandContext;
  readonly stop: StopRequest;
}

/** Results in the order of the cells; null when stopped. */
async function runCells(cells: readonly Cell[], surroundings: Surroundings): Promise<RunResult[] | null> {
  const { given, context } = surroundings;
  const progress = createRunsProgress({ ...progressOptions(given, context), labels: cells.map(({ label }) => label) });
  const onResult = (index: number, result: RunResult): void => {
    progress.end(index);
    tellRun(cells[index].label, result, given, context);
  };
  try {
    const jobs = given.number('jobs') ?? 1;
    return jobs > 1
      ? await runParallel(cells, jobs, progress, onResult, surroundings)
      : await runInTurn(cells, progress, onResult, surroundings);
  } finally {
    progress.done();
  }
}

type OnResult = (index: number, result: RunResult) => void;

function runParallel(
  cells: readonly Cell[],
  jobs: number,
  progress: RunsProgress,
  onResult: OnResult,
  { given, context, stop }: Surroundings,
): Promise<RunResult[] | null> {
  return runOnThreads(
    cells.map(({ variant }) => variant),
    {
      jobs,
      version: context.version,
      plain: given.flag('plain'),
      onProgress: (index, facts) => {
        progress.update(index, facts);
      },
      onResult,
      isStopped: () => stop.received !== null,
    },
  );
}

async function runInTurn(
  cells: readonly Cell[],
  progress: RunsProgress,
  onResult: OnResult,
  surroundings: Surroundings,
): Promise<RunResult[] | null> {
  const { plugins, openTrace, given, context, stop } = surroundings;
  const runs: RunResult[] = [];
  for (const [index, { variant, locate }] of cells.entries()) {
    context.seed = variant.seed;
    const ofRun = {
      update: (facts: ProgressFacts): void => {
        progress.update(index, facts);
      },
      done: progress.done,
    };
    const { result } = await drive({
      scenario: variant,
      locate,
      plugins,
      openTrace,
      given,
      context: withoutWarnings(context),
      stop,
      progress: ofRun,
    });
    if (stop.received !== null) return null;
    runs.push(withoutTables(result));
    onResult(index, result);
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

/** What the numbers of a comparison were made from. */
interface BirthCertificate {
  readonly resolvedScenario: unknown;
  readonly plan: ComparisonPlan;
  readonly plugins: readonly PluginHash[];
}

function filesOf(comparison: Comparison, birth: BirthCertificate): OutputFile[] {
  return [
    { name: 'comparison.json', chunks: [comparisonJson(comparison, birth)] },
    { name: 'comparison.csv', chunks: [comparisonCsv(comparison)] },
  ];
}

function textOf(comparison: Comparison, birth: BirthCertificate, format: string, terminal: Terminal): string {
  if (format === 'json') return comparisonJson(comparison, birth);
  return format === 'csv'
    ? comparisonCsv(comparison)
    : renderCompareTable(comparison, { color: terminal.hasColor('out'), width: terminal.width });
}

/** The fields in their order; what the comparison was made from is not rounded. */
function comparisonJson(comparison: Comparison, { resolvedScenario, plan, plugins }: BirthCertificate): string {
  const { scenario, version, seeds, labelA, labelB, digestsA, digestsB, seedsChangeNothing, metrics } = comparison;
  const { configurationA, configurationB } = plan;
  const json = {
    schemaVersion: 1, scenario, version, seeds, labelA, labelB, digestsA, digestsB, seedsChangeNothing,
    metrics: rounded(metrics),
    configurationA, configurationB, plugins, resolvedScenario,
  };
  return `${writeJson(json, '')}\n`;
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
  return stringify([['metric', 'unit', 'better', 'a', 'b', 'meanDifference', 'low', 'high', 'significant'], ...rows], { escape_formulas: true });
}
