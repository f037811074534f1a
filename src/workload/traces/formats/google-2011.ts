/**
 * Google's cluster trace of 2011: task_events (headerless, all parts one after the other), or the table of the tasks
 * that stood at time 0. See docs/formats/google-2011.md.
 */
import { startOf } from '../byte-source.ts';
import { found } from '../cells.ts';
import { DuplicateWatch } from '../duplicate-watch.ts';
import { makeJob } from '../make-job.ts';
import type { RowCells } from '../row-cells.ts';
import { RowJobs, type RowDecoder } from '../row-jobs.ts';
import { RunTimeRule } from '../run-time-rule.ts';
import { bytesOf, milliOf, type TraceSettings } from '../settings.ts';
import { plainShape, ShapeTable } from '../shape-table.ts';
import { csvRows, headerlessTable, separatedRows } from '../table-source.ts';
import { Tally } from '../tally.ts';
import { TaskLives, type TaskVerb } from '../task-events.ts';
import type { FormatInput, JobReader, JobShape, TraceFormat, TraceJob } from '../trace-format.ts';

const EVENT_COLUMNS = [
  'time',
  'missing info',
  'job ID',
  'task index',
  'machine ID',
  'event type',
  'user',
  'scheduling class',
  'priority',
  'CPU request',
  'memory request',
  'disk space request',
  'different machines',
] as const;
/** SUBMIT, SCHEDULE, EVICT, FAIL, FINISH, KILL, LOST, UPDATE_PENDING, UPDATE_RUNNING. */
const VERBS: readonly TaskVerb[] = ['submit', 'schedule', 'end', 'end', 'end', 'end', 'end', 'update', 'update'];
/** Columns that tell an event: job, task, time, type. */
const EVENT_KEY = [2, 3, 0, 5];
/** 2^63 - 1: after the end of the trace. */
const AFTER_THE_END = '9223372036854775807';
const STANDING_COLUMNS = [
  'submit time',
  'job ID',
  'task index',
  'user',
  'scheduling class',
  'priority',
  'run time',
  'end time',
  'CPU request',
  'memory request',
] as const;
const HIGHEST_PRIORITY = 12;

const STANDING_ROW = /^(?:\u00ef\u00bb\u00bf)?\d+;\d+;\d+;[^;]*;\d;\d+;/;
const EVENT_ROW = /^(?:\u00ef\u00bb\u00bf)?\d+,\d*,\d+,\d+,\d*,\d,[^,]*,\d*,\d+,/;
const EVENT_HEADER = /^(?:\u00ef\u00bb\u00bf)?#?Time stamp \(microseconds\),Missing info/;

export const GOOGLE_2011: TraceFormat = {
  open(input) {
    const { head, bytes } = startOf(input.bytes, 256);
    return /^(?:\u00ef\u00bb\u00bf)?\d+;\d+;\d+;/.test(head)
      ? openStanding({ ...input, bytes })
      : openEvents({ ...input, bytes });
  },
  recognises: (head) => STANDING_ROW.test(head) || EVENT_ROW.test(head) || EVENT_HEADER.test(head),
};

function openEvents(input: FormatInput): JobReader {
  const rows = csvRows(input);
  // Copies of a piece of the trace have a comment with the names of the columns.
  if (rows.peek()?.[0].startsWith('#') === true) rows.next();
  const tally = new Tally();
  return new RowJobs(headerlessTable(rows, EVENT_COLUMNS, input.name), new EventDecoder(input, tally), tally);
}

class EventDecoder implements RowDecoder {
  private readonly tally: Tally;
  private readonly shapes: TaskShapes;
  private readonly lives: TaskLives;
  private readonly events = new DuplicateWatch();

  constructor({ settings }: FormatInput, tally: Tally) {
    this.tally = tally;
    this.shapes = new TaskShapes(settings);
    this.lives = new TaskLives(new RunTimeRule(settings, tally, 'Tasks'), tally);
  }

  decode(cells: RowCells, jobs: TraceJob[]): void {
    const { tally } = this;
    const isAfter = cells.is(0, AFTER_THE_END);
    const micros = isAfter ? 0 : cells.wholeMicros(0);
    cells.whole(2);
    cells.whole(3);
    const type = cells.whole(5);
    if (type >= VERBS.length)
      cells.complain(
        5,
        `expected the number of an event from 0 to ${String(VERBS.length - 1)}, ${found(cells.text(5))}`,
      );
    const priority = cells.whole(8);
    const shape = this.shapes.read(cells, priority, 8, 9, 10, tally);
    if (shape === null || !cells.isRight) return;
    if (!/^\d?$/.test(cells.text(1))) return cells.complain(1, `expected a digit or nothing, ${found(cells.text(1))}`);
    if (!/^[01]?$/.test(cells.text(12))) return cells.complain(12, `expected 0 or 1, ${found(cells.text(12))}`);
    if (!cells.isEmpty(1)) tally.count('Events that Google made up for missing ones (missing info), taken as they are');
    if (cells.is(12, '1'))
      tally.count("Events of tasks that must run on machines apart from their job's others, which is not kept");
    if (isAfter) return tally.count('Events after the end of the recording, not followed');
    if (this.events.sawCellsBefore(cells, EVENT_KEY))
      return tally.count('Events that stand in the file twice, taken once');
    this.lives.take(micros, `${cells.text(2)}/${cells.text(3)}`, VERBS[type], shape, jobs);
  }

  end(jobs: TraceJob[]): void {
    this.lives.finish(jobs);
  }
}

/** The tasks of time 0 with their run times, as a table cut at semicolons. */
function openStanding(input: FormatInput): JobReader {
  const tally = new Tally();
  const rule = new RunTimeRule(input.settings, tally, 'Tasks');
  const shapes = new TaskShapes(input.settings);
  const ids = new DuplicateWatch();
  /** As the table has them: in machines of the largest kind. */
  const sums = { cpuInLargestMachines: 0, memoryInLargestMachines: 0 };
  let row = 0;
  const decoder: RowDecoder = {
    facts: () => sums,
    decode: (cells, jobs): void => {
      row++;
      const arrivalMicros = cells.wholeMicros(0);
      const micros = cells.wholeMicros(6);
      const stillRuns = cells.is(7, '-1');
      if (!stillRuns) cells.wholeMicros(7);
      const shape = shapes.read(cells, cells.whole(5), 5, 8, 9, tally);
      if (shape === null || !cells.isRight) return;
      sums.cpuInLargestMachines += cells.isEmpty(8) ? 0 : cells.decimal(8);
      sums.memoryInLargestMachines += cells.isEmpty(9) ? 0 : cells.decimal(9);
      if (ids.sawCellsBefore(cells, [1, 2]))
        tally.count('Rows with the job and task of an earlier one, kept as tasks of their own');
      const startedBefore = arrivalMicros === 0;
      if (startedBefore)
        tally.count('Tasks that were there before the recording began, and here arrive at its beginning');
      const runTime = stillRuns ? rule.censored(micros) : rule.known(micros);
      if (runTime !== null) jobs.push(makeJob(shape, row, arrivalMicros, runTime, { startedBefore }));
    },
  };
  return new RowJobs(headerlessTable(separatedRows(input, ';'), STANDING_COLUMNS, input.name), decoder, tally);
}

class TaskShapes {
  private readonly table = new ShapeTable();
  private readonly cpuUnitMilli: number;
  private readonly memoryUnitBytes: number;

  constructor(settings: TraceSettings) {
    this.cpuUnitMilli = milliOf(settings, 'cpuUnit');
    this.memoryUnitBytes = bytesOf(settings, 'memoryUnit');
  }

  /** null when a cell is wrong. Requests that the trace does not tell are none. */
  read(
    cells: RowCells,
    priority: number,
    priorityColumn: number,
    cpuColumn: number,
    memoryColumn: number,
    tally: Tally,
  ): JobShape | null {
    if (priority > HIGHEST_PRIORITY)
      cells.complain(
        priorityColumn,
        `expected a priority from 0 to ${String(HIGHEST_PRIORITY)}, ${found(cells.text(priorityColumn))}`,
      );
    if (cells.isEmpty(cpuColumn) || cells.isEmpty(memoryColumn))
      tally.count('Rows without a request for CPU or memory, read as a request for none');
    const cpuMilli = cells.isEmpty(cpuColumn) ? 0 : cells.amount(cpuColumn, this.cpuUnitMilli);
    const memoryBytes = cells.isEmpty(memoryColumn) ? 0 : cells.amount(memoryColumn, this.memoryUnitBytes);
    if (!cells.isRight) return null;
    return this.table.of(priority, cpuMilli, memoryBytes, 0, () =>
      plainShape('task', {
        class: classOf(priority),
        priority,
        requests: { cpu: `${String(cpuMilli)}m`, memory: String(memoryBytes) },
      }),
    );
  }
}

/** The groups of priorities that the trace's description names. */
function classOf(priority: number): string {
  return priority <= 1 ? 'free' : priority >= 9 ? 'production' : 'other';
}
