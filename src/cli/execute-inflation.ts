/**
 * `podyard run` of an experiment file: pods arrive until demand has outgrown the cluster, policy by policy, run by run.
 */
import { availableParallelism } from 'node:os';
import type { InflationCell, InflationInputs } from '../experiment/inflation-cells.ts';
import { checkPolicies, inflationCells, inflationReport, runInflationCell } from '../experiment/inflation-cells.ts';
import type { InflationPlan } from '../experiment/inflation-plan.ts';
import { readInflationPlan } from '../experiment/inflation-plan.ts';
import type { InflationResult } from '../experiment/inflation.ts';
import type { InflationReport } from '../experiment/inflation-report.ts';
import type { OutputFolder } from '../io/output-folder.ts';
import { inflateOnThreads } from '../io/inflation-pool.ts';
import { orderFilesOf, orderNameOf, readInflationInputs, readOrder } from '../io/inflation-files.ts';
import { createInputFiles } from '../io/input-files.ts';
import { loadPluginFiles } from '../io/plugin-files.ts';
import { listenForStop } from '../io/run-simulation.ts';
import type { StopRequest } from '../io/run-simulation.ts';
import { formatCount } from '../report/format.ts';
import { curvesCsv, inflationJson, renderInflationFiles } from '../report/inflation-files.ts';
import { renderInflationTable } from '../report/inflation-table.ts';
import { plainText, renderFacts } from '../report/table.ts';
import { inTreePluginNames } from '../scheduler/config/default-plugins.ts';
import type { PluginFactory } from '../scheduler/framework/plugin-api.ts';
import { pluginRegistry } from '../scheduler/plugins/registry.ts';
import { stringify } from 'yaml';
import type { CommandContext } from './command.ts';
import { exitCodeOf } from './command.ts';
import { claimFolder, tellWritten } from './execute-run.ts';
import { tellWarnings } from './failures.ts';
import { refuseFormsOfRuns } from './options.ts';
import type { GivenOptions } from './options.ts';
import { overridesOf } from './scenario-input.ts';

/** An experiment with all that it names, checked. */
export interface CheckedInflation {
  readonly plan: InflationPlan;
  readonly inputs: InflationInputs;
  readonly orderFiles: readonly string[];
  readonly cells: readonly InflationCell[];
  readonly registry: ReadonlyMap<string, PluginFactory>;
}

/** Throws InputError with what is wrong in the file, the lists, the orders or the policies' configurations. */
export async function checkedInflation(text: string, file: string, given: GivenOptions): Promise<CheckedInflation> {
  const read = readInflationPlan(text, file, createInputFiles(), overridesOf(given.list('set')));
  const plan: InflationPlan = {
    ...read,
    seed: given.text('seed') ?? read.seed,
    pluginFiles: [...read.pluginFiles, ...given.list('plugin')],
  };
  const registry = pluginRegistry(await loadPluginFiles(plan.pluginFiles, inTreePluginNames()));
  const inputs = readInflationInputs(plan);
  const orderFiles = orderFilesOf(plan.orderPaths);
  checkPolicies(plan, inputs, registry);
  for (const order of orderFiles) readOrder(order);
  return { plan, inputs, orderFiles, cells: inflationCells(plan, orderFiles.map(orderNameOf)), registry };
}

/** What `podyard validate` prints of an experiment. Throws InputError with what `run` would. */
export async function inflationSummary(text: string, file: string, given: GivenOptions): Promise<string> {
  const { plan, inputs, cells, orderFiles } = await checkedInflation(text, file, given);
  if (given.text('output') === 'yaml')
    return stringify({ inflation: { ...plan, orders: orderFiles } }, { lineWidth: 0 });
  const orders = orderFiles.length === 0 ? 'drawn' : 'given';
  const facts: readonly (readonly [string, string])[] = [
    ['  name', plainText(plan.name)],
    ['  seed', plainText(plan.seed)],
    ['  nodes', formatCount(inputs.nodes.length)],
    [
      '  pods',
      `${formatCount(inputs.list.length)} on the list, ${formatCount(inputs.typicalPods.length)} typical shapes`,
    ],
    ['  policies', plan.policies.map(({ name }) => plainText(name)).join(', ')],
    ['  runs', `${formatCount(cells.length)}, orders ${orders}`],
  ];
  return `OK ${plainText(file)}\n${renderFacts(facts)}\n`;
}

/** Returns the exit code. */
export async function executeInflation(
  text: string,
  file: string,
  given: GivenOptions,
  context: CommandContext,
): Promise<number> {
  refuseFormsOfRuns(given);
  const folder = claimFolder(given);
  const checked = await checkedInflation(text, file, given);
  context.seed = checked.plan.seed;
  folder?.lock();
  const stop = listenForStop();
  try {
    return await runAndTell(checked, { folder, given, context, stop });
  } finally {
    stop.release();
    folder?.release();
  }
}

interface Surroundings {
  readonly folder: OutputFolder | null;
  readonly given: GivenOptions;
  readonly context: CommandContext;
  readonly stop: StopRequest;
}

async function runAndTell(checked: CheckedInflation, { folder, given, context, stop }: Surroundings): Promise<number> {
  const started = performance.now();
  const results = await runCells(checked, given, context, stop);
  if (results === null) {
    tellWarnings(
      [`stopped by ${stop.received ?? ''} before the last of ${String(checked.cells.length)} runs: there is no result`],
      context,
    );
    return exitCodeOf(stop.received ?? 'SIGINT');
  }
  const seconds = (performance.now() - started) / 1000;
  const report = inflationReport(checked.plan, checked.cells, results, checked.inputs, context.version);
  const written = folder?.write(renderInflationFiles(report)) ?? null;
  context.terminal.out(textOf(report, given.text('output') ?? 'table', context.terminal.hasColor('out')));
  const decisions = results.reduce((sum, { arrived }) => sum + arrived, 0);
  const done = `${formatCount(results.length)} runs and ${formatCount(decisions)} decisions`;
  if (!given.flag('quiet')) context.terminal.err(`\n${done} in ${seconds.toFixed(2)} s of wall time\n`);
  return tellWritten(written, given, context);
}

/** On threads unless one is wanted, or enough; plugins of the user's own need a thread for each run. */
async function runCells(
  { plan, inputs, orderFiles, cells, registry }: CheckedInflation,
  given: GivenOptions,
  context: CommandContext,
  stop: StopRequest,
): Promise<InflationResult[] | null> {
  const jobs = Math.min(given.number('jobs') ?? availableParallelism(), cells.length);
  const plain = given.flag('plain');
  let done = 0;
  const tell = (index: number, { digest }: InflationResult): void => {
    done++;
    const { policy, label } = cells[index];
    tellRun(
      `${plan.policies[policy].name}, run ${label} (${String(done)} of ${String(cells.length)})`,
      digest,
      given,
      context,
    );
  };
  const orderFileOf = ({ order }: InflationCell): string | null => orderFiles[order] ?? null;
  if (jobs > 1 || plan.pluginFiles.length > 0) {
    const tasks = cells.map((cell) => ({ plan, cell, orderFile: orderFileOf(cell), plain }));
    return inflateOnThreads(tasks, { jobs, onResult: tell, isStopped: () => stop.received !== null });
  }
  const results: InflationResult[] = [];
  for (const [index, cell] of cells.entries()) {
    const orderFile = orderFileOf(cell);
    const result = runInflationCell(plan, cell, inputs, orderFile === null ? null : readOrder(orderFile), {
      registry,
      plain,
    });
    results.push(result);
    tell(index, result);
    await new Promise((resolve) => setImmediate(resolve));
    if (stop.received !== null) return null;
  }
  return results;
}

function tellRun(label: string, digest: string, given: GivenOptions, { terminal }: CommandContext): void {
  const mode = given.text('progress');
  if (given.flag('quiet') || mode === 'none') return;
  terminal.err(mode === 'json' ? `${JSON.stringify({ run: label, digest })}\n` : `${label}: digest ${digest}\n`);
}

function textOf(report: InflationReport, format: string, color: boolean): string {
  if (format === 'json') return inflationJson(report);
  if (format === 'csv') return curvesCsv(report);
  if (format === 'yaml') return stringify(JSON.parse(inflationJson(report)), { lineWidth: 0 });
  return renderInflationTable(report, { color });
}
