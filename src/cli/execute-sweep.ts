/** `podyard sweep run`: plays the cells that are not there yet, keeps each as it ends, and reports. */
import { availableParallelism } from 'node:os';
import { InputError } from '../base/input-error.ts';
import type { SweepPlan } from '../experiment/sweep-plan.ts';
import { readSweepPlan } from '../experiment/sweep-plan.ts';
import { shardOf, sweepRecord } from '../experiment/sweep-record.ts';
import type { CellOutcome, SweepRecord } from '../experiment/sweep-record.ts';
import { CellStore } from '../io/cell-store.ts';
import { createInputFiles } from '../io/input-files.ts';
import { createRunsProgress } from '../io/progress.ts';
import { listenForStop } from '../io/run-simulation.ts';
import type { StopRequest } from '../io/run-simulation.ts';
import { SweepFolder } from '../io/sweep-folder.ts';
import { sweepOnThreads } from '../io/sweep-pool.ts';
import type { SweepPoolOptions } from '../io/sweep-pool.ts';
import { writeJson } from '../report/json.ts';
import { plainText } from '../report/table.ts';
import type { Scenario } from '../simulation/scenario.ts';
import type { CommandContext } from './command.ts';
import { EXIT_FAILURE, EXIT_OK, exitCodeOf } from './command.ts';
import { progressOptions } from './execute-run.ts';
import { tellProblem, tellWarnings } from './failures.ts';
import type { GivenOptions } from './options.ts';
import { gathering } from './scenario-input.ts';
import { cellNames, cellScenario, sweepScenarios } from './sweep-cells.ts';
import { reportIn, sweepText, writeWhenComplete } from './sweep-output.ts';
import { redisAsked, reportAsked, shardAsked } from './sweep-request.ts';

export async function sweepRun(given: GivenOptions, context: CommandContext): Promise<number> {
  const problems: InputError['problems'][number][] = [];
  const asked = gathering(problems, () => reportAsked(given));
  const shard = gathering(problems, () => shardAsked(given));
  const redis = gathering(problems, () => redisAsked(given));
  const plan = gathering(problems, () => readSweepPlan(given.positional('file'), createInputFiles()));
  if (problems.length > 0 || asked === undefined || shard === undefined || plan === undefined || redis === undefined) {
    throw new InputError(problems);
  }
  const planned = await plannedSweep(plan, context);
  const { record } = planned;
  const folder = new SweepFolder(given.text('out') ?? '');
  claim(folder, record, given);
  const all = cellsToPlay(plan, planned);
  const stop = listenForStop();
  try {
    const mine = shard === null ? all : shardOf(all, shard);
    const isDone = await playOpen(mine, { folder, record, redis, given, context, stop });
    if (!isDone) {
      const kept = 'the cells that ended are kept, and the same command goes on from there';
      const workers = redis === null ? '' : '; workers go on with what they were asked for';
      tellWarnings([`stopped by ${stop.received ?? ''} before the last cell: ${kept}${workers}`], context);
      return exitCodeOf(stop.received ?? 'SIGINT');
    }
    return tellSweep(folder, record, mine, { given, context, asked });
  } finally {
    stop.release();
  }
}

export interface SweepCell {
  readonly key: string;
  readonly label: string;
  readonly scenario: Scenario;
}

export interface PlannedSweep {
  readonly record: SweepRecord;
  /** By row. */
  readonly scenarios: readonly Scenario[];
}

/** Reads all that the sweep's file names. Throws an InputError with the problems of all. */
export async function plannedSweep(plan: SweepPlan, context: CommandContext): Promise<PlannedSweep> {
  const scenarios = await sweepScenarios(plan, context);
  // Names of cells are made by a store, which keeps nothing here.
  const cells = cellNames(plan, scenarios, new CellStore('', context.version));
  return { record: sweepRecord(plan, context.version, cells), scenarios };
}

/** Each cell once, in the order of the rows. */
export function cellsToPlay(plan: SweepPlan, { record: { rows }, scenarios }: PlannedSweep): SweepCell[] {
  const known = new Map<string, SweepCell>();
  for (const [i, { cells, point, variant }] of rows.entries()) {
    for (const [j, key] of cells.entries()) {
      if (known.has(key)) continue;
      const seed = plan.seeds[j];
      const words = [
        ...point.map((value, k) => `${plan.parameters[k].path}=${JSON.stringify(value)}`),
        ...(plan.variants.length > 1 ? [plan.variants[variant].name] : []),
        `seed ${seed}`,
      ];
      known.set(key, { key, label: plainText(words.join(', ')), scenario: cellScenario(scenarios[i], seed) });
    }
  }
  return [...known.values()];
}

/** Throws an InputError when the folder is not this sweep's. */
function claim(folder: SweepFolder, record: SweepRecord, given: GivenOptions): void {
  const text = recordText(record);
  if (folder.isForeign()) throw new InputError({ message: `--out ${folder.path}: expected a new folder or a sweep's` });
  const there = folder.recordText();
  if (there !== null && there !== text && !given.flag('force')) {
    const message = `--out ${folder.path}: the folder holds another sweep, or this one before a file was changed`;
    throw new InputError({ message: `${message}; --force takes it and keeps the cells that both have` });
  }
  folder.prepare(text);
}

export function recordText(record: SweepRecord): string {
  return `${writeJson(record, '')}\n`;
}

interface Surroundings {
  readonly folder: SweepFolder;
  readonly record: SweepRecord;
  /** Where workers are asked; null: threads of this process play. */
  readonly redis: string | null;
  readonly given: GivenOptions;
  readonly context: CommandContext;
  readonly stop: StopRequest;
}

/** What failed before is played again. false: stopped. */
async function playOpen(
  cells: readonly SweepCell[],
  { folder, record, redis, given, context, stop }: Surroundings,
): Promise<boolean> {
  const open = cells.filter(({ key }) => {
    const outcome = folder.outcomeOf(key);
    return outcome === null || 'failure' in outcome;
  });
  const isTold = !given.flag('quiet') && given.text('progress') !== 'none';
  const { terminal } = context;
  if (open.length < cells.length && isTold) {
    terminal.err(`${String(cells.length - open.length)} of ${String(cells.length)} cells are there already\n`);
  }
  const progress = createRunsProgress({ ...progressOptions(given, context), labels: open.map(({ label }) => label) });
  let ended = 0;
  const onOutcome = (index: number, outcome: NonNullable<CellOutcome>): void => {
    const { key, label } = open[index];
    if ('failure' in outcome) folder.keepFailure(key, outcome.failure);
    else folder.keepRun(key, outcome.run);
    progress.end(index);
    ended++;
    if (!isTold) return;
    if (given.text('progress') === 'json') {
      const facts = 'failure' in outcome ? outcome : { digest: outcome.run.digest };
      terminal.err(`${JSON.stringify({ cell: label, ...facts })}\n`);
      return;
    }
    const words = 'failure' in outcome ? `failed: ${plainText(outcome.failure)}` : `digest ${outcome.run.digest}`;
    terminal.err(`cell ${String(ended)} of ${String(open.length)} (${label}): ${words}\n`);
  };
  const isStopped = (): boolean => stop.received !== null;
  try {
    if (redis !== null && open.length > 0) {
      const { askForCells } = await import('../io/cell-queue.ts');
      const indices = new Map(open.map(({ key }, index) => [key, index]));
      return await askForCells(
        { url: redis, recordText: recordText(record), sweep: record.name },
        [...indices.keys()],
        {
          onOutcome: (cell, outcome) => {
            onOutcome(indices.get(cell) ?? 0, outcome);
          },
          onTrouble: (message) => {
            if (isTold) terminal.err(`${message}\n`);
          },
          isStopped,
        },
      );
    }
    return await sweepOnThreads(open.length, (index) => open[index].scenario, {
      ...threadOptions(given, context),
      onProgress: (index, facts) => { progress.update(index, facts); },
      onOutcome,
      isStopped,
    });
  } finally {
    progress.done();
  }
}

export function threadOptions(
  given: GivenOptions,
  context: CommandContext,
): Pick<SweepPoolOptions, 'jobs' | 'version' | 'plain' | 'patienceSeconds'> {
  return {
    jobs: given.number('jobs') ?? availableParallelism(),
    version: context.version,
    plain: given.flag('plain'),
    patienceSeconds: given.number('patience') ?? 60,
  };
}

interface Telling {
  readonly given: GivenOptions;
  readonly context: CommandContext;
  readonly asked: ReturnType<typeof reportAsked>;
}

/** Writes, prints, and returns the exit code. */
function tellSweep(
  folder: SweepFolder,
  record: SweepRecord,
  mine: readonly SweepCell[],
  { given, context, asked }: Telling,
): number {
  const isComplete = writeWhenComplete(folder, record);
  const failures = mine.flatMap(({ key }) => {
    const outcome = folder.outcomeOf(key);
    return outcome !== null && 'failure' in outcome ? [outcome.failure] : [];
  });
  if (isComplete || given.text('shard') === null) {
    const report = reportIn(folder, record, asked);
    context.terminal.out(sweepText(report, given.text('output') ?? 'table', context.terminal));
  } else if (!given.flag('quiet')) {
    const part = `part ${given.text('shard') ?? ''} is there: ${String(mine.length)} cells`;
    context.terminal.err(`${part}; podyard sweep merge joins the parts\n`);
  }
  if (failures.length === 0) return EXIT_OK;
  const some = `${String(failures.length)} of ${String(mine.length)} cells failed`;
  tellProblem({ message: `${some}; the first: ${failures[0]}` }, context);
  return EXIT_FAILURE;
}
