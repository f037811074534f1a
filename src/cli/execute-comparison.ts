/** The runs of `podyard compare`, one after the other or on threads, and what is printed of them. */
import { compareOutcomes, comparisonCells, withoutTables } from '../experiment/compare.ts';
import type { Comparison, ComparisonPlan } from '../experiment/compare.ts';
import type { OutputFile, OutputFolder } from '../io/output-folder.ts';
import { pluginHashes } from '../io/plugin-hashes.ts';
import type { PluginHash } from '../io/plugin-hashes.ts';
import { createRunsProgress } from '../io/progress.ts';
import type { ProgressFacts, RunsProgress } from '../io/progress.ts';
import { runOnThreads } from '../io/run-pool.ts';
import { listenForStop } from '../io/run-simulation.ts';
import type { StopRequest } from '../io/run-simulation.ts';
import type { RunResult } from '../metrics/run-result.ts';
import { renderCompareTable } from '../report/compare-table.ts';
import { csvText } from '../report/csv.ts';
import { roundNumber, writeJson } from '../report/json.ts';
import { plainText } from '../report/table.ts';
import { resultScenario } from '../simulation/scenario-spelling.ts';
import type { CommandContext } from './command.ts';
import { exitCodeOf } from './command.ts';
import { readVariants } from './comparison-variant.ts';
import type { Sides, Variant } from './comparison-variant.ts';
import { claimFolder, drive, progressOptions, tellWritten } from './execute-run.ts';
import { tellWarnings } from './failures.ts';
import type { GivenOptions } from './options.ts';
import type { Terminal } from './terminal.ts';

export async function executeComparison(given: GivenOptions, context: CommandContext): Promise<number> {
  const folder = claimFolder(given);
  const variants = await readVariants(given, context);
  const plan = planOf(variants, given);
  const cells: Cell[] = comparisonCells(plan).map(({ side, seed }, i, all) => ({
    variant: withSeed(variants[side], seed),
    label: `run ${String(i + 1)} of ${String(all.length)} (${side}, seed ${plainText(seed)})`,
  }));
  folder?.lock();
  const stop = listenForStop();
  try {
    const runs = await runCells(cells, { given, context, stop });
    if (runs !== null)
      return tellComparison(compareOutcomes(plan, runs), birthOf(variants, plan), folder, { given, context });
    const end = `stopped by ${stop.received ?? ''} before the last of ${String(cells.length)} runs: there is no comparison`;
    tellWarnings([end], context);
    return exitCodeOf(stop.received ?? 'SIGINT');
  } finally {
    stop.release();
    folder?.release();
  }
}

function tellComparison(
  comparison: Comparison,
  birth: BirthCertificate,
  folder: OutputFolder | null,
  { given, context }: Pick<Surroundings, 'given' | 'context'>,
): number {
  const { terminal } = context;
  const written = folder?.write(filesOf(comparison, birth)) ?? null;
  terminal.out(textOf(comparison, birth, given.text('output') ?? 'table', terminal));
  return tellWritten(written, given, context);
}

interface Cell {
  readonly variant: Variant;
  readonly label: string;
}

interface Surroundings {
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
    cells.map(({ variant }) => variant.scenario),
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
  const { given, context, stop } = surroundings;
  const runs: RunResult[] = [];
  for (const [index, { variant }] of cells.entries()) {
    const { scenario, locate, plugins, inputs } = variant;
    context.seed = scenario.seed;
    const ofRun = {
      update: (facts: ProgressFacts): void => {
        progress.update(index, facts);
      },
      done: progress.done,
    };
    const { result } = await drive({
      scenario,
      locate,
      plugins,
      inputs,
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

function planOf({ A, B }: Sides<Variant>, given: GivenOptions): ComparisonPlan {
  const prefix = given.text('seed-prefix') ?? '';
  return {
    scenario: A.scenario.name,
    labelA: A.label,
    labelB: B.label,
    configurationA: A.scenario.scheduler.configuration,
    configurationB: B.scenario.scheduler.configuration,
    seeds: Array.from({ length: given.number('seeds') ?? 10 }, (_, i) => `${prefix}${String(i + 1)}`),
  };
}

function withSeed(variant: Variant, seed: string): Variant {
  const { scenario } = variant;
  return { ...variant, scenario: { ...scenario, seed, metrics: { ...scenario.metrics, pods: 'none' } } };
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
  /** As variant B has it; null: the same. */
  readonly resolvedScenarioB: unknown;
  readonly changes: Sides<readonly string[]>;
  readonly plan: ComparisonPlan;
  readonly plugins: readonly PluginHash[];
}

function birthOf({ A, B }: Sides<Variant>, plan: ComparisonPlan): BirthCertificate {
  const hashes = [A, B].flatMap(({ changed }) => pluginHashes(changed.scheduler.pluginFiles, changed.fileNames));
  const isSame = A.changes.length === 0 && B.changes.length === 0;
  return {
    resolvedScenario: resultScenario(A.changed),
    resolvedScenarioB: isSame ? null : resultScenario(B.changed),
    changes: { A: A.changes, B: B.changes },
    plan,
    plugins: [...new Map(hashes.map((hash) => [JSON.stringify(hash), hash])).values()],
  };
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
function comparisonJson(comparison: Comparison, birth: BirthCertificate): string {
  const { resolvedScenario, resolvedScenarioB, changes, plan, plugins } = birth;
  const { scenario, version, seeds, labelA, labelB, digestsA, digestsB, seedsChangeNothing, metrics } = comparison;
  const { configurationA, configurationB } = plan;
  const json = {
    schemaVersion: 1,
    scenario,
    version,
    seeds,
    labelA,
    labelB,
    digestsA,
    digestsB,
    seedsChangeNothing,
    metrics: rounded(metrics),
    configurationA,
    configurationB,
    plugins,
    ...(resolvedScenarioB === null
      ? { resolvedScenario }
      : { changesA: changes.A, changesB: changes.B, resolvedScenario, resolvedScenarioB }),
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
  return csvText([['metric', 'unit', 'better', 'a', 'b', 'meanDifference', 'low', 'high', 'significant'], ...rows]);
}
