/** `podyard sweep status`, `report` and `merge`: what is there already. */
import { InputError } from '../base/input-error.ts';
import type { Problem } from '../base/input-error.ts';
import { writeCell } from '../experiment/cells.ts';
import { cellsOf } from '../experiment/sweep-record.ts';
import type { CellOutcome, SweepRecord } from '../experiment/sweep-record.ts';
import { SweepFolder } from '../io/sweep-folder.ts';
import { OutputError } from '../io/system-errors.ts';
import { writeJson } from '../report/json.ts';
import { plainText } from '../report/table.ts';
import type { CommandContext } from './command.ts';
import { EXIT_FAILURE, EXIT_OK } from './command.ts';
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

export function sweepMerge(given: GivenOptions, context: CommandContext): number {
  const parts = given.positionals('folders').map((path) => new SweepFolder(path));
  const problems: Problem[] = [];
  const texts = parts.map((part) => gathering(problems, () => part.record()) && part.recordText());
  const text = texts.find((each) => typeof each === 'string') ?? '';
  for (const [i, each] of texts.entries()) {
    if (typeof each !== 'string' || each === text) continue;
    problems.push({ message: `expected parts of one sweep: ${parts[i].path} is of another than ${parts[0].path}` });
  }
  const whole = new SweepFolder(given.text('out') ?? '');
  const there = whole.recordText();
  if (whole.isForeign() || (there !== null && there !== text)) {
    problems.push({ message: `--out ${whole.path}: expected a new folder or one of the same sweep` });
  }
  if (problems.length > 0) throw new InputError(problems);
  const record = parts[0].record();
  whole.prepare(text);
  for (const cell of cellsOf(record)) take(cell, parts, whole);
  writeWhenComplete(whole, record);
  const { cells, done, failed, open } = statusOf(whole, record);
  const told = `${String(cells)} cells, ${String(done)} done, ${String(failed)} failed, ${String(open)} to go`;
  if (!given.flag('quiet')) context.terminal.err(`${whole.path}: ${told}\n`);
  if (open > 0) tellWarnings([`${String(open)} cells are in none of the folders`], context);
  return failed > 0 ? EXIT_FAILURE : EXIT_OK;
}

/** A run counts before a failure. Two runs that differ say that something about them is not deterministic. */
function take(cell: string, parts: readonly SweepFolder[], whole: SweepFolder): void {
  const found = [whole, ...parts].map((part): CellOutcome => part.outcomeOf(cell));
  const runs = found.flatMap((outcome) => (outcome !== null && 'run' in outcome ? [outcome.run] : []));
  const [first] = runs;
  if (runs.some((run) => writeCell(cell, run) !== writeCell(cell, first))) {
    throw new OutputError(`cell ${cell} has two different results: something in its run is not deterministic`);
  }
  const failures = found.flatMap((outcome) => (outcome !== null && 'failure' in outcome ? [outcome.failure] : []));
  if (runs.length > 0) whole.keepRun(cell, first);
  else if (failures.length > 0) whole.keepFailure(cell, failures[0]);
}
