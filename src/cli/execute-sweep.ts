/** `podyard sweep run`: plays the cells that are not there yet, keeps each as it ends, and reports. */
import { availableParallelism } from 'node:os';
import { InputError } from '../base/input-error.ts';
import { withoutTables } from '../experiment/compare.ts';
import { measureRun } from '../experiment/measured-run.ts';
import type { SweepPlan } from '../experiment/sweep-plan.ts';
import { readSweepPlan } from '../experiment/sweep-plan.ts';
import { shardOf, sweepRecord } from '../experiment/sweep-record.ts';
import type { SweepRecord } from '../experiment/sweep-record.ts';
import { CellStore } from '../io/cell-store.ts';
import { createInputFiles } from '../io/input-files.ts';
import { createRunsProgress } from '../io/progress.ts';
import { listenForStop } from '../io/run-simulation.ts';
import type { StopRequest } from '../io/run-simulation.ts';
import { SweepFolder } from '../io/sweep-folder.ts';
import { sweepOnThreads } from '../io/sweep-pool.ts';
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
import { reportAsked, shardAsked } from './sweep-request.ts';

export async function sweepRun(given: GivenOptions, context: CommandContext): Promise<number> {
  const problems: InputError['problems'][number][] = [];
  const asked = gathering(problems, () => reportAsked(given));
  const shard = gathering(problems, () => shardAsked(given));
  const plan = gathering(problems, () => readSweepPlan(given.positional('file'), createInputFiles()));
  if (problems.length > 0 || asked === undefined || shard === undefined || plan === undefined) {
    throw new InputError(problems);
  }
  const scenarios = await sweepScenarios(plan, context);
  const folder = new SweepFolder(given.text('out') ?? '');
  // Names of cells are made by a store, which keeps nothing here.
  const cells = cellNames(plan, scenarios, new CellStore(folder.path, context.version));
  const record = sweepRecord(plan, context.version, cells);
  claim(folder, record, given);
  const all = cellsToPlay(plan, record, scenarios);
  const stop = listenForStop();
  try {
    const mine = shard === null ? all : shardOf(all, shard);
    const isDone = await playOpen(mine, { folder, given, context, stop });
    if (!isDone) {
      const kept = 'the cells that ended are kept, and the same command goes on from there';
      tellWarnings([`stopped by ${stop.received ?? ''} before the last cell: ${kept}`], context);
      return exitCodeOf(stop.received ?? 'SIGINT');
    }
    return tellSweep(folder, record, mine, { given, context, asked });
  } finally {
    stop.release();
  }
}

interface SweepCell {
  readonly key: string;
  readonly label: string;
  readonly scenario: Scenario;
}

/** Each cell once, in the order of the rows. */
function cellsToPlay(plan: SweepPlan, { rows }: SweepRecord, scenarios: readonly Scenario[]): SweepCell[] {
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
  readonly given: GivenOptions;
  readonly context: CommandContext;
  readonly stop: StopRequest;
}

/** What failed before is played again. false: stopped. */
async function playOpen(
  cells: readonly SweepCell[],
  { folder, given, context, stop }: Surroundings,
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
  const tell = (index: number, facts: { readonly digest: string } | { readonly failure: string }): void => {
    progress.end(index);
    ended++;
    if (!isTold) return;
    const { label } = open[index];
    const words = 'digest' in facts ? `digest ${facts.digest}` : `failed: ${plainText(facts.failure)}`;
    const at = `cell ${String(ended)} of ${String(open.length)}`;
    const isJson = given.text('progress') === 'json';
    terminal.err(isJson ? `${JSON.stringify({ cell: label, ...facts })}\n` : `${at} (${label}): ${words}\n`);
  };
  try {
    return await sweepOnThreads(open.length, (index) => open[index].scenario, {
      jobs: given.number('jobs') ?? availableParallelism(),
      version: context.version,
      plain: given.flag('plain'),
      patienceSeconds: given.number('patience') ?? 60,
      onProgress: (index, facts) => { progress.update(index, facts); },
      onResult: (index, result) => {
        folder.keepRun(open[index].key, measureRun(withoutTables(result)));
        tell(index, { digest: result.digest });
      },
      onFailure: (index, failure) => {
        folder.keepFailure(open[index].key, failure);
        tell(index, { failure });
      },
      isStopped: () => stop.received !== null,
    });
  } finally {
    progress.done();
  }
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
