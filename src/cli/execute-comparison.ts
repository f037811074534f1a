/** The runs of `podyard compare`, one after the other or on threads, and what is printed of them. */
import { compareMeasured, lookAtRuns } from '../experiment/compare.ts';
import { withSeries } from '../experiment/without-tables.ts';
import type { Comparison, VariantsPlan } from '../experiment/compare.ts';
import { measureRun } from '../experiment/measured-run.ts';
import type { MeasuredRun } from '../experiment/measured-run.ts';
import { curvesOf } from '../experiment/run-curves.ts';
import { variantName } from '../experiment/variant-comparison.ts';
import { CellStore } from '../io/cell-store.ts';
import type { OutputFolder } from '../io/output-folder.ts';
import { createRunsProgress } from '../io/progress.ts';
import type { ProgressFacts, RunsProgress } from '../io/progress.ts';
import { runOnThreads } from '../io/run-pool.ts';
import { listenForStop } from '../io/run-simulation.ts';
import type { StopRequest } from '../io/run-simulation.ts';
import type { RunResult } from '../metrics/run-result.ts';
import { limitSentence } from '../report/compare-table.ts';
import { plainText } from '../report/table.ts';
import type { CommandContext } from './command.ts';
import { EXIT_LIMIT, EXIT_OK, exitCodeOf } from './command.ts';
import { birthOf, comparisonFiles, comparisonText } from './comparison-output.ts';
import type { Told } from './comparison-output.ts';
import { comparisonRequest } from './comparison-request.ts';
import type { ComparisonRequest } from './comparison-request.ts';
import { readVariants } from './comparison-variant.ts';
import type { Variant } from './comparison-variant.ts';
import { claimFolder, drive, progressOptions, tellWritten } from './execute-run.ts';
import { tellProblem, tellWarnings } from './failures.ts';
import type { GivenOptions } from './options.ts';
import { repeatLine } from './repeat-line.ts';

export async function executeComparison(given: GivenOptions, context: CommandContext): Promise<number> {
  const folder = claimFolder(given);
  const request = comparisonRequest(given);
  const variants = await readVariants(given, context);
  folder?.lock();
  const store = folder === null ? null : new CellStore(folder.cells, context.version);
  const stop = listenForStop();
  try {
    const runs = await runUntilEnough(variants, request, { given, context, stop, store });
    if (runs !== null) {
      const plan = planOf(variants, request, runs[0].length);
      const repeat = repeatLine('compare', 'scenario', given, context);
      const told = { comparison: compareMeasured(plan, runs), birth: birthOf(variants, repeat), runs };
      return tellComparison(told, folder, { given, context, store });
    }
    const kept = store === null ? '' : '; the runs that ended are kept, and the same command goes on from there';
    tellWarnings([`stopped by ${stop.received ?? ''} before the last run: there is no comparison${kept}`], context);
    return exitCodeOf(stop.received ?? 'SIGINT');
  } finally {
    stop.release();
    folder?.release();
  }
}

interface Surroundings {
  readonly given: GivenOptions;
  readonly context: CommandContext;
  readonly stop: StopRequest;
  /** null: runs are not kept. */
  readonly store: CellStore | null;
}

/** Writes, prints, and returns the exit code. */
function tellComparison(
  told: Told,
  folder: OutputFolder | null,
  { given, context, store }: Omit<Surroundings, 'stop'>,
): number {
  const { terminal } = context;
  const written = folder?.write(comparisonFiles(told)) ?? null;
  store?.clear();
  terminal.out(comparisonText(told, given.text('output') ?? 'table', terminal));
  tellMissing(told.comparison, given, context);
  const code = tellWritten(written, given, context);
  const broken = told.comparison.limits.filter(({ state }) => state === 'broken');
  for (const limit of broken) tellProblem({ message: `limit broken: ${limitSentence(limit)}` }, context);
  return code === EXIT_OK && broken.length > 0 ? EXIT_LIMIT : code;
}

/** Limits and metrics that no run says anything of, and limits that so few seeds cannot judge. */
function tellMissing({ limits, comparisons }: Comparison, given: GivenOptions, context: CommandContext): void {
  const absent = limits.filter(({ state }) => state === 'absent').map((limit) => limitSentence(limit));
  const isEmpty = given.list('metric').length > 0 && comparisons.length === 0;
  const none = isEmpty ? ['no run has a metric that is asked for'] : [];
  tellWarnings([...new Set([...absent, ...none])], context);
}

interface Cell {
  readonly variant: Variant;
  readonly label: string;
  /** Of the store; null: not kept. */
  readonly key: string | null;
  /** Its waits and series are kept for the page of podyard report. */
  readonly isDrawn: boolean;
}

/** Runs by variant; null when stopped. Seeds are added until the targets are reached, or there are no more. */
async function runUntilEnough(
  variants: readonly Variant[],
  { looks, seedOf, targets }: ComparisonRequest,
  surroundings: Surroundings,
): Promise<MeasuredRun[][] | null> {
  const runs: MeasuredRun[][] = variants.map(() => []);
  const most = looks[looks.length - 1];
  for (const seeds of looks) {
    const cells: Cell[] = [];
    for (let seed = runs[0].length; seed < seeds; seed++) {
      variants.forEach((variant, i) => {
        const all = String(most * variants.length);
        const total = targets.length === 0 ? all : `at most ${all}`;
        const at = String(seed * variants.length + i + 1);
        const label = `run ${at} of ${total} (${variantName(i)}, seed ${plainText(seedOf(seed))})`;
        const isDrawn = seed < drawnSeeds(variants.length);
        cells.push(cellOf(withSeed(variant, seedOf(seed)), { label, isDrawn }, surroundings));
      });
    }
    const found = await runCells(cells, surroundings);
    if (found === null) return null;
    found.forEach((run, i) => runs[i % variants.length].push(run));
    if (targets.length > 0 && lookAtRuns(targets, runs).every(({ isReached }) => isReached)) break;
  }
  return runs;
}

/** Runs whose curves stand in runs.json: about 20 kB each, and more lines than that nobody tells apart. */
const MOST_DRAWN = 40;

function drawnSeeds(variants: number): number {
  return Math.max(1, Math.floor(MOST_DRAWN / variants));
}

function cellOf(
  variant: Variant,
  { label, isDrawn }: Pick<Cell, 'label' | 'isDrawn'>,
  { store }: Surroundings,
): Cell {
  return { variant, label, key: store?.keyOf(variant.scenario) ?? null, isDrawn: isDrawn && store !== null };
}

/** Results in the order of the cells; null when stopped. What the store has is not run again. */
async function runCells(cells: readonly Cell[], surroundings: Surroundings): Promise<MeasuredRun[] | null> {
  const { given, context, store } = surroundings;
  const measured = cells.map(({ key }) => (key === null ? null : (store?.read(key) ?? null)));
  const open = [...cells.keys()].filter((i) => measured[i] === null);
  if (open.length < cells.length && !given.flag('quiet')) {
    const kept = String(cells.length - open.length);
    context.terminal.err(`${kept} of ${String(cells.length)} runs are there already, from a start that did not end\n`);
  }
  const labels = open.map((i) => cells[i].label);
  const progress = createRunsProgress({ ...progressOptions(given, context), labels });
  const onResult = (index: number, result: RunResult): void => {
    progress.end(index);
    const { key, label, isDrawn } = cells[open[index]];
    const run = isDrawn ? { ...measureRun(result), curves: curvesOf(result) } : measureRun(result);
    measured[open[index]] = run;
    if (key !== null) store?.write(key, run);
    tellRun(label, result, given, context);
  };
  try {
    const jobs = given.number('jobs') ?? 1;
    const all = open.map((i) => cells[i]);
    const isDone = await (jobs > 1 && all.length > 0
      ? runParallel(all, jobs, progress, onResult, surroundings)
      : runInTurn(all, progress, onResult, surroundings));
    return isDone ? measured.filter((run) => run !== null) : null;
  } finally {
    progress.done();
  }
}

type OnResult = (index: number, result: RunResult) => void;

/** false: stopped. */
async function runParallel(
  cells: readonly Cell[],
  jobs: number,
  progress: RunsProgress,
  onResult: OnResult,
  { given, context, stop }: Surroundings,
): Promise<boolean> {
  const results = await runOnThreads(
    cells.map(({ variant }) => variant.scenario),
    {
      jobs,
      version: context.version,
      plain: given.flag('plain'),
      keepsSeries: cells.some(({ isDrawn }) => isDrawn),
      onProgress: (index, facts) => {
        progress.update(index, facts);
      },
      onResult,
      isStopped: () => stop.received !== null,
    },
  );
  return results !== null;
}

/** false: stopped. */
async function runInTurn(
  cells: readonly Cell[],
  progress: RunsProgress,
  onResult: OnResult,
  { given, context, stop }: Surroundings,
): Promise<boolean> {
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
    if (stop.received !== null) return false;
    onResult(index, withSeries(result));
  }
  return true;
}

function planOf(variants: readonly Variant[], request: ComparisonRequest, seeds: number): VariantsPlan {
  const { metrics, margin, targets, limits, seedOf } = request;
  return {
    scenario: variants[0].scenario.name,
    labels: variants.map(({ label }) => label),
    seeds: Array.from({ length: seeds }, (_, i) => seedOf(i)),
    metrics,
    margin,
    targets,
    limits,
    thresholds: variants.map(({ scenario }) => scenario.thresholds),
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
  const { digest } = result;
  terminal.err(mode === 'json' ? `${JSON.stringify({ run: label, digest })}\n` : `${label}: digest ${digest}\n`);
}
