/** One run from a resolved scenario to files and standard output: what `run` and `replay` share. */
import { InputError } from '../base/input-error.ts';
import { claimOutputFolder } from '../io/output-folder.ts';
import type { OutputFile, OutputFolder, WrittenFolder } from '../io/output-folder.ts';
import { loadPluginFiles } from '../io/plugin-files.ts';
import { createProgress } from '../io/progress.ts';
import type { Progress, ProgressFacts, ProgressMode, ProgressOptions } from '../io/progress.ts';
import { listenForStop, runSimulation, scenarioParts, timingJson } from '../io/run-simulation.ts';
import type { DrivenRun, ScenarioParts, StopRequest } from '../io/run-simulation.ts';
import { OutputError } from '../io/system-errors.ts';
import type { RunResult } from '../metrics/run-result.ts';
import { formatCount, formatSeconds } from '../report/format.ts';
import { renderRunTable } from '../report/run-table.ts';
import { paintFor, plainText } from '../report/table.ts';
import type { PluginFactory } from '../scheduler/framework/plugin-api.ts';
import { inTreePluginNames } from '../scheduler/config/default-plugins.ts';
import { decodeSchedulerConfiguration } from '../scheduler/config/scheduler-configuration.ts';
import { pluginRegistry } from '../scheduler/plugins/registry.ts';
import type { Scenario } from '../simulation/scenario.ts';
import { Simulation } from '../simulation/simulation.ts';
import type { SimulationOptions } from '../simulation/simulation.ts';
import type { CommandContext } from './command.ts';
import { EXIT_LIMIT, EXIT_OK, exitCodeOf } from './command.ts';
import { RuntimeFailure, tellFailure, tellProblem, tellWarnings } from './failures.ts';
import type { GivenOptions, OutputFormat } from './options.ts';
import type { KeptOutput } from './keep-run.ts';
import type { ParquetTables } from '../io/parquet-tables.ts';
import type { CheckedThreshold } from './run-thresholds.ts';
import type { LocatedScenario } from './scenario-input.ts';

export interface RunRequest extends LocatedScenario {
  readonly given: GivenOptions;
  readonly context: CommandContext;
  /** Lines that stand below the table; on standard error with the other formats. */
  readonly remarks?: (result: RunResult) => readonly string[];
}

/** Returns the exit code. */
export async function executeRun(request: RunRequest): Promise<number> {
  const { scenario, locate, given, context } = request;
  const folder = claimFolder(given);
  const keeping = given.flag('keep') ? await keepingOf(scenario, folder, context) : null;
  const tables = given.flag('parquet') ? await parquetOf(folder) : null;
  const plugins = await loadPluginFiles(scenario.scheduler.pluginFiles, inTreePluginNames());
  const inputs = await checkedParts(scenario);
  folder?.lock();
  const stop = listenForStop();
  try {
    const watched = keeping === null ? {} : { watch: keeping.watch };
    const run = await drive({ scenario, locate, plugins, inputs, given, context, stop, ...watched });
    const kept = run.stoppedBy === null ? keeping : null;
    const written = folder === null ? NOTHING_WRITTEN : await writeFiles(folder, run, { kept, tables });
    const checked = run.stoppedBy === null ? await checkedThresholds(scenario, run.result) : [];
    await printResult(request, run, checked);
    return tellEnd(run, { ...written, kept }, checked, given, context);
  } finally {
    stop.release();
    folder?.release();
  }
}

/** null: nothing can be kept, which is said. Throws InputError where there is no folder for it. */
async function keepingOf(
  { scheduler, schedulers }: Scenario, folder: OutputFolder | null, context: CommandContext,
): Promise<KeptOutput | null> {
  if (folder === null) throw new InputError({ message: '--keep needs --out: the file stands beside the report' });
  const why = scheduler.pluginFiles.length > 0 ? 'what plugins of your own remember is not in it'
    : schedulers.length > 0 ? 'what one of several schedulers sees is not in it'
    : null;
  if (why === null) return (await import('./keep-run.ts')).keepRun();
  tellWarnings([`--keep: nothing is kept of this run: ${why}; explain and diff play it again`], context);
  return null;
}

/** Asked for before the run: nobody waits for a run that cannot be written. Throws InputError. */
async function parquetOf(folder: OutputFolder | null): Promise<ParquetTables> {
  if (folder === null) throw new InputError({ message: '--parquet needs --out: its files stand beside the report' });
  return (await import('../io/parquet-tables.ts')).parquetTables();
}

/** Most scenarios have none: only who has some waits for what judges them. */
async function checkedThresholds({ thresholds }: Scenario, result: RunResult): Promise<CheckedThreshold[]> {
  return thresholds.length === 0 ? [] : (await import('./run-thresholds.ts')).checkThresholds(thresholds, result);
}

const NOTHING_WRITTEN: WrittenFolder = { paths: [], complaint: null };

/** What is said on standard error when all is done, and the exit code. */
function tellEnd(
  run: DrivenRun,
  written: WrittenFolder & { readonly kept: KeptOutput | null },
  checked: readonly CheckedThreshold[],
  given: GivenOptions,
  context: CommandContext,
): number {
  const { paths, complaint, kept } = written;
  if (!given.flag('quiet')) {
    context.terminal.err(closingLines(run, given.text('out'), paths));
    if (kept !== null) context.terminal.err(`Kept: ${kept.size()}\n`);
  }
  if (run.stoppedBy !== null) {
    const remains = paths.length > 0 ? 'what was written is marked as incomplete' : 'no files were written';
    tellWarnings([`stopped by ${run.stoppedBy} before the end: ${remains}`], context);
  }
  if (complaint !== null) return tellFailure(new OutputError(complaint), context);
  if (run.stoppedBy !== null) return exitCodeOf(run.stoppedBy);
  const broken = checked.filter(({ state }) => state === 'BROKEN');
  for (const { text, found } of broken) {
    tellProblem({ message: `threshold broken: ${text}: found ${found}` }, context);
  }
  const absent = checked.filter(({ state }) => state === 'no value');
  tellWarnings(absent.map(({ text }) => `${text}: the run has no such value`), context);
  return broken.length > 0 ? EXIT_LIMIT : EXIT_OK;
}

/** Says what was written where; the exit code. null: nothing was to be written. */
export function tellWritten(written: WrittenFolder | null, given: GivenOptions, context: CommandContext): number {
  if (written === null) return EXIT_OK;
  const { paths, complaint } = written;
  if (!given.flag('quiet')) {
    context.terminal.err(`\nWritten:\n${paths.map((path) => `  ${plainText(path)}\n`).join('')}`);
  }
  return complaint === null ? EXIT_OK : tellFailure(new OutputError(complaint), context);
}

export function claimFolder(given: GivenOptions): OutputFolder | null {
  const out = given.text('out');
  if (out === null && given.flag('force'))
    throw new InputError({ message: '--force needs --out: there is no folder to replace' });
  return out === null ? null : claimOutputFolder(out, { force: given.flag('force') });
}

/** What the scenario needs, its trace read through. Throws InputError with the trace's mistakes. */
export async function checkedParts(scenario: Scenario): Promise<ScenarioParts> {
  await checkTrace(scenario);
  return scenarioParts(scenario);
}

/** Reads the scenario's trace through; throws InputError with its mistakes. */
export async function checkTrace({ trace }: Pick<Scenario, 'trace'>): Promise<void> {
  if (trace !== null) (await import('../io/trace-input.ts')).checkTraceInput(trace);
}

export interface DriveRequest extends LocatedScenario {
  readonly plugins: readonly PluginFactory[];
  readonly inputs: ScenarioParts;
  readonly given: GivenOptions;
  readonly context: CommandContext;
  readonly stop: StopRequest;
  /** Whom to tell how far the run is; without it a progress of its own is shown. */
  readonly progress?: Progress;
  readonly watch?: NonNullable<SimulationOptions['watch']>;
}

/** Runs the scenario with progress; tells the simulation's warnings for the first of several runs only. */
export async function drive(request: DriveRequest): Promise<DrivenRun> {
  const { scenario, locate, plugins, inputs, given, context, stop } = request;
  const progress = request.progress ?? createProgress(progressOptions(given, context));
  const make = (): Simulation => {
    const simulation = new Simulation(scenario, {
      version: context.version,
      userPlugins: plugins,
      ...inputs,
      plain: given.flag('plain'),
      locate,
      ...(request.watch === undefined ? {} : { watch: request.watch }),
    });
    tellWarnings(simulation.warnings, context);
    return simulation;
  };
  const onProgress = (facts: ProgressFacts): void => {
    progress.update(facts);
  };
  try {
    if (scenario.scheduler.pluginFiles.length === 0) return await runSimulation(make, stop, onProgress);
    checkConfiguration(request);
    const onWarnings = (warnings: readonly string[]): void => {
      progress.done();
      tellWarnings(warnings, context);
    };
    const { version } = context;
    const { runOnThread } = await import('../io/run-pool.ts');
    return await runOnThread(scenario, { version, plain: given.flag('plain'), stop, onProgress, onWarnings });
  } catch (error) {
    throw blameOf(error, scenario.scheduler.pluginFiles);
  } finally {
    progress.done();
  }
}

/** Before a thread is started, which knows no places: throws InputError with those of the mistakes. */
function checkConfiguration({ scenario, locate, plugins }: DriveRequest): void {
  const { kubernetes, scheduler } = scenario;
  decodeSchedulerConfiguration(scheduler.configuration, { registry: pluginRegistry(plugins), kubernetes, locate });
}

/** How and where progress is shown. */
export function progressOptions(
  given: GivenOptions,
  { terminal }: CommandContext,
): Pick<ProgressOptions, 'mode' | 'stream'> {
  return {
    mode: given.flag('quiet') ? 'none' : (given.text('progress') as ProgressMode),
    stream: terminal.errorStream,
  };
}

/** An exception whose stack begins in a user's plugin is that plugin's. */
function blameOf(error: unknown, pluginFiles: readonly string[]): unknown {
  if (!(error instanceof Error) || error instanceof InputError) return error;
  const top = error.stack?.split('\n').find((line) => line.trimStart().startsWith('at ')) ?? '';
  const file = pluginFiles.find((path) => top.includes(path.replace(/^(\.\.?\/)+/, '')));
  return file === undefined
    ? error
    : new RuntimeFailure(`${file}: the plugin threw ${error.name}: ${error.message} (${top.trim()})`);
}

/** The page and its plots take a while to load: only who wants files waits for them. */
async function writeFiles(folder: OutputFolder, run: DrivenRun, asked: AskedFiles): Promise<WrittenFolder> {
  const { renderRunFiles } = await import('../report/run-files.ts');
  return folder.write(filesOf(run, renderRunFiles(run.result), asked));
}

/** Files that are written when they are asked for; null: they are not. */
interface AskedFiles {
  readonly kept: KeptOutput | null;
  readonly tables: ParquetTables | null;
}

function* filesOf(
  { result, timing, stoppedBy }: DrivenRun, reports: Iterable<OutputFile>, { kept, tables }: AskedFiles,
): Generator<OutputFile> {
  yield* reports;
  if (tables !== null) yield* tables.files(result);
  if (kept !== null) yield kept.file(result);
  yield { name: 'timing.json', chunks: [timingJson(timing)] };
  if (stoppedBy !== null) {
    const text = `This run was stopped by ${stoppedBy} at ${formatSeconds(result.simulatedSeconds)} of simulated time, before its end.\nAll numbers in this folder are up to then ("complete": false).\n`;
    yield { name: 'INCOMPLETE.txt', chunks: [text] };
  }
}

/**
 * Of a run that was stopped only the table is printed, which says so in its head: programs must not take it for a
 * result.
 */
async function printResult(
  { given, context, remarks }: RunRequest,
  { result, stoppedBy }: DrivenRun,
  checked: readonly CheckedThreshold[],
): Promise<void> {
  const { terminal } = context;
  const format = given.text('output') as OutputFormat;
  const isTable = format === 'table' || format === 'wide';
  const lines = (remarks?.(result) ?? []).map((line) => `${line}\n`).join('');
  if (stoppedBy !== null && !isTable) return;
  if (isTable) {
    terminal.out(
      renderRunTable(result, { wide: format === 'wide', color: terminal.hasColor('out'), width: terminal.width }),
    );
    if (lines !== '') terminal.out(`\n${lines}`);
    if (checked.length > 0) {
      const { renderThresholds } = await import('./run-thresholds.ts');
      terminal.out(`\n${renderThresholds(checked, paintFor(terminal.hasColor('out'), terminal.width))}\n`);
    }
    return;
  }
  if (format === 'json') terminal.out((await import('../report/json.ts')).reportJson(result));
  else if (format === 'openmetrics') terminal.out((await import('../report/openmetrics.ts')).openMetricsText(result));
  else if (format === 'yaml') terminal.out((await import('../report/yaml.ts')).reportYaml(result));
  else for (const chunk of (await import('../report/csv.ts')).summaryCsv(result)) terminal.out(chunk);
  if (!given.flag('quiet')) terminal.err(lines);
}

const MEANINGS: Readonly<Record<string, string>> = {
  'report.html': 'the run with its plots, one self-contained page',
  'report.json': 'every number',
  'summary.csv': 'the same, one number a line',
  'timeseries.csv': 'samples over time',
  'pods.csv': 'one line per pod',
  'nodes.csv': 'one line per node',
  'summary.parquet': 'summary.csv with typed columns',
  'timeseries.parquet': 'timeseries.csv with typed columns',
  'pods.parquet': 'pods.csv with typed columns',
  'nodes.parquet': 'nodes.csv with typed columns',
  'run.kept': 'what explain and diff answer from',
  'timing.json': 'wall-clock facts of this run',
  'INCOMPLETE.txt': 'the run was stopped before its end',
};

function closingLines({ result, timing }: DrivenRun, out: string | null, written: readonly string[]): string {
  const { counts } = result;
  const speed = `${formatCount(counts.events)} events and ${formatCount(counts.decisions)} decisions in ${formatSeconds(timing.wallSeconds)} of wall time`;
  const rates = `${formatCount(Math.round(timing.eventsPerSecond))} events/s, ${formatCount(Math.round(timing.decisionsPerSecond))} decisions/s, ${formatCount(Math.round(timing.peakRssBytes / 1024 / 1024))} MiB at most`;
  const lines = ['', `${speed} (${rates})`];
  if (out === null) return `${lines.join('\n')}\n`;
  const order = Object.keys(MEANINGS);
  const rank = (path: string): number => order.indexOf(path.slice(path.lastIndexOf('/') + 1));
  const paths = [...written].sort((a, b) => rank(a) - rank(b));
  const width = Math.max(...paths.map((path) => path.length));
  lines.push(
    '',
    'Written:',
    ...paths.map((path) =>
      `  ${plainText(path).padEnd(width)}   ${MEANINGS[path.slice(path.lastIndexOf('/') + 1)] ?? ''}`.trimEnd(),
    ),
  );
  return `${lines.join('\n')}\n`;
}
