/** `podyard sweep status`, `report`, `collect` and `merge`: what is there already. */
import { InputError } from '../base/input-error.ts';
import type { Problem } from '../base/input-error.ts';
import { writeCell } from '../experiment/cells.ts';
import { collectRuns } from '../experiment/collected-runs.ts';
import { cellsOf } from '../experiment/sweep-record.ts';
import type { CellOutcome, SweepRecord } from '../experiment/sweep-record.ts';
import { SweepFolder } from '../io/sweep-folder.ts';
import { OutputError } from '../io/system-errors.ts';
import { formatPlural } from '../report/format.ts';
import { writeJson } from '../report/json.ts';
import { collectedCsv, collectedJson } from '../report/sweep-table.ts';
import { plainText } from '../report/table.ts';
import type { CommandContext } from './command.ts';
import { EXIT_FAILURE, EXIT_OK } from './command.ts';
import { metricsAsked } from './comparison-request.ts';
import { tellWarnings } from './failures.ts';
import type { GivenOptions } from './options.ts';
import { gathering } from './scenario-input.ts';
import { reportIn, sweepText, writeWhenComplete } from './sweep-output.ts';
import { reportAsked } from './sweep-request.ts';

interface Status {
  readonly name: string;
  readonly cells: number;
  readonly done: number;
  readonly failed: number;
  readonly open: number;
  readonly failures: readonly { readonly cell: string; readonly reason: string }[];
}

export function sweepStatus(given: GivenOptions, context: CommandContext): number {
  const folder = new SweepFolder(given.positional('folder'));
  const status = statusOf(folder, folder.record());
  const { name, cells, done, failed, open, failures } = status;
  const lines = [
    `${plainText(name)}: ${String(cells)} cells, ${String(done)} done, ${String(failed)} failed, ${String(open)} to go`,
    ...failures.map(({ cell, reason }) => `  cells/${cell}.failed.json: ${plainText(reason)}`),
  ];
  context.terminal.out(given.text('output') === 'json' ? `${writeJson(status, '')}\n` : `${lines.join('\n')}\n`);
  return EXIT_OK;
}

function statusOf(folder: SweepFolder, record: SweepRecord): Status {
  const cells = cellsOf(record);
  const outcomes = cells.map((cell) => folder.outcomeOf(cell));
  const failures = outcomes.flatMap((outcome, i) =>
    outcome !== null && 'failure' in outcome ? [{ cell: cells[i], reason: outcome.failure }] : [],
  );
  const done = outcomes.filter((outcome) => outcome !== null).length - failures.length;
  const open = cells.length - done - failures.length;
  return { name: record.name, cells: cells.length, done, failed: failures.length, open, failures };
}

export function sweepReportOf(given: GivenOptions, context: CommandContext): number {
  const asked = reportAsked(given);
  const folder = new SweepFolder(given.positional('folder'));
  const report = reportIn(folder, folder.record(), asked);
  context.terminal.out(sweepText(report, given.text('output') ?? 'table', context.terminal));
  return EXIT_OK;
}

/** Every run that is there, of one folder or of several parts. */
export function sweepCollect(given: GivenOptions, context: CommandContext): number {
  const problems: Problem[] = [];
  const metrics = gathering(problems, () => metricsAsked(given.list('metric')));
  const parts = partsOf(given, problems);
  if (problems.length > 0) throw new InputError(problems);
  const record = parts[0].record();
  const collected = collectRuns(record, (cell) => outcomeIn(cell, parts), metrics ?? ['*']);
  context.terminal.out(given.text('output') === 'json' ? collectedJson(collected) : collectedCsv(collected));
  const open = record.rows.length * record.seeds.length - collected.runs.length;
  if (open > 0) tellWarnings([`${formatPlural(open, 'run')} of ${plainText(record.name)} to go`], context);
  return EXIT_OK;
}

export function sweepMerge(given: GivenOptions, context: CommandContext): number {
  const problems: Problem[] = [];
  const parts = partsOf(given, problems);
  const text = parts[0]?.recordText() ?? '';
  const whole = new SweepFolder(given.text('out') ?? '');
  const there = whole.recordText();
  if (whole.isForeign() || (there !== null && there !== text)) {
    problems.push({ message: `--out ${whole.path}: expected a new folder or one of the same sweep` });
  }
  if (problems.length > 0) throw new InputError(problems);
  const record = parts[0].record();
  whole.prepare(text);
  for (const cell of cellsOf(record)) {
    const outcome = outcomeIn(cell, [whole, ...parts]);
    if (outcome === null) continue;
    if ('run' in outcome) whole.keepRun(cell, outcome.run);
    else whole.keepFailure(cell, outcome.failure);
  }
  writeWhenComplete(whole, record);
  const { cells, done, failed, open } = statusOf(whole, record);
  const told = `${String(cells)} cells, ${String(done)} done, ${String(failed)} failed, ${String(open)} to go`;
  if (!given.flag('quiet')) context.terminal.err(`${whole.path}: ${told}\n`);
  if (open > 0) tellWarnings([`${String(open)} cells are in none of the folders`], context);
  return failed > 0 ? EXIT_FAILURE : EXIT_OK;
}

/** The folders that are ones of a sweep. Those that are not, and those of another sweep than the first, are told. */
function partsOf(given: GivenOptions, problems: Problem[]): SweepFolder[] {
  const parts = given.positionals('folders').map((path) => new SweepFolder(path));
  const whole = parts.filter((part) => gathering(problems, () => part.record()) !== undefined);
  for (const part of whole.slice(1)) {
    if (part.recordText() === whole[0].recordText()) continue;
    problems.push({ message: `expected parts of one sweep: ${part.path} is of another than ${whole[0].path}` });
  }
  return whole;
}

/** A run counts before a failure. Two runs that differ say that something about them is not deterministic. */
function outcomeIn(cell: string, folders: readonly SweepFolder[]): CellOutcome {
  const found = folders.map((folder): CellOutcome => folder.outcomeOf(cell));
  const runs = found.flatMap((outcome) => (outcome !== null && 'run' in outcome ? [outcome.run] : []));
  const [first] = runs;
  if (runs.slice(1).some((run) => writeCell(cell, run) !== writeCell(cell, first))) {
    throw new OutputError(`cell ${cell} has two different results: something in its run is not deterministic`);
  }
  return runs.length > 0 ? { run: first } : (found.find((outcome) => outcome !== null) ?? null);
}
