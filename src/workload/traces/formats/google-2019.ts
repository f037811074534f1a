/**
 * Google's cluster trace of 2019 (version 3): instance_events, exported from BigQuery as CSV (nested fields as
 * `resource_request.cpus`) or as JSON lines. See docs/formats/google-2019.md.
 */
import { InputError } from '../../../base/input-error.ts';
import { startOf } from '../byte-source.ts';
import { clip, found } from '../cells.ts';
import { DuplicateWatch } from '../duplicate-watch.ts';
import { JsonElementReader } from '../json-elements.ts';
import { RowCells } from '../row-cells.ts';
import { RowJobs, type RowDecoder, type RowSource, type RowTable } from '../row-jobs.ts';
import { RunTimeRule } from '../run-time-rule.ts';
import { bytesOf, milliOf } from '../settings.ts';
import { plainShape, ShapeTable } from '../shape-table.ts';
import { csvRows, headerTable, intoCells } from '../table-source.ts';
import { Tally } from '../tally.ts';
import { TaskLives, type TaskVerb } from '../task-events.ts';
import type { FormatFile, FormatInput, JobReader, JobShape, TraceFormat, TraceJob } from '../trace-format.ts';

const NEEDED = [
  'time',
  'type',
  'collection_id',
  'instance_index',
  'priority',
  'resource_request.cpus',
  'resource_request.memory',
] as const;
const OPTIONAL = [
  'collection_type',
  'alloc_collection_id',
  'missing_type',
  'scheduling_class',
  'machine_id',
  'alloc_instance_index',
  'constraint',
] as const;
type Column = (typeof NEEDED)[number] | (typeof OPTIONAL)[number];
type Positions = Readonly<Record<Column, number>>;

/** Not the numbers of the trace of 2011. */
const EVENTS = [
  'SUBMIT',
  'QUEUE',
  'ENABLE',
  'SCHEDULE',
  'EVICT',
  'FAIL',
  'FINISH',
  'KILL',
  'LOST',
  'UPDATE_PENDING',
  'UPDATE_RUNNING',
] as const;
const VERBS: readonly TaskVerb[] = [
  'submit',
  'wait',
  'wait',
  'schedule',
  'end',
  'end',
  'end',
  'end',
  'end',
  'update',
  'update',
];
const AFTER_THE_END = '9223372036854775807';

export const GOOGLE_2019: TraceFormat = {
  open(input) {
    const { head, bytes } = startOf(input.bytes, 4096);
    return /^\s*[[{]/.test(head) ? openJson({ ...input, bytes }) : openCsv({ ...input, bytes }, head);
  },
  recognises: (head) => /\bcollection_id\b/.test(head) && /\binstance_index\b/.test(head),
};

function openCsv(input: FormatInput, head: string): JobReader {
  if (/^[^\r\n]*\binstance_events_type\b/.test(head)) {
    const message =
      'a table with instance_events_type is a copy that a spreadsheet has saved: its ids and times are rounded ' +
      '(1.68846E+11); expected instance_events as BigQuery exports it';
    throw new InputError({ file: input.name, line: 1, message });
  }
  const tally = new Tally();
  const table = headerTable<(typeof NEEDED)[number], (typeof OPTIONAL)[number]>(
    csvRows(input),
    NEEDED,
    OPTIONAL,
    tally,
    input.name,
  );
  return new RowJobs(table, new InstanceDecoder(table.at, input, tally), tally);
}

/** Objects as rows with the columns of the CSV. */
function openJson(input: FormatInput): JobReader {
  const names: readonly Column[] = [...NEEDED, ...OPTIONAL];
  const table: RowTable = {
    rows: jsonRows(input, names),
    cells: new RowCells(input.name, names),
    width: names.length,
    file: input.name,
  };
  const at = Object.fromEntries(names.map((name, index) => [name, index])) as Positions;
  const tally = new Tally();
  return new RowJobs(table, new InstanceDecoder(at, input, tally), tally);
}

function jsonRows({ bytes, name }: FormatFile, names: readonly string[]): RowSource {
  const elements = new JsonElementReader(bytes, name);
  return {
    nextInto(cells): boolean {
      const element = elements.next() as Record<string, unknown> | undefined;
      return intoCells(element === undefined ? null : names.map((path) => textAt(element, path)), cells);
    },
    get line() {
      return elements.line;
    },
    get endsOpen() {
      return elements.endsOpen;
    },
  };
}

function textAt(element: Record<string, unknown>, path: string): string {
  let value: unknown = element;
  for (const step of path.split('.'))
    value = typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[step] : undefined;
  if (value === undefined || value === null) return '';
  return typeof value === 'string' ? value : typeof value === 'number' ? String(value) : JSON.stringify(value);
}

class InstanceDecoder implements RowDecoder {
  private readonly at: Positions;
  private readonly tally: Tally;
  private readonly lives: TaskLives;
  private readonly shapes = new ShapeTable();
  private readonly events = new DuplicateWatch();
  /** Columns that tell an event. */
  private readonly eventKey: readonly number[];
  private readonly cpuUnitMilli: number;
  private readonly memoryUnitBytes: number;

  constructor(at: Positions, { settings }: FormatInput, tally: Tally) {
    this.at = at;
    this.eventKey = [at.collection_id, at.instance_index, at.time, at.type];
    this.tally = tally;
    this.lives = new TaskLives(new RunTimeRule(settings, tally, 'Instances'), tally);
    this.cpuUnitMilli = milliOf(settings, 'cpuUnit');
    this.memoryUnitBytes = bytesOf(settings, 'memoryUnit');
  }

  decode(cells: RowCells, jobs: TraceJob[]): void {
    const { at, tally } = this;
    const isAfter = cells.is(at.time, AFTER_THE_END);
    const micros = isAfter ? 0 : cells.wholeMicros(at.time);
    const event = this.eventOf(cells);
    this.id(cells, at.collection_id);
    cells.whole(at.instance_index);
    const shape = this.shape(cells);
    if (shape === null || !cells.isRight) return;
    if (this.optional(cells, 'missing_type') !== '')
      tally.count('Events that Google made up for missing ones (missing_type), taken as they are');
    const alloc = this.optional(cells, 'alloc_collection_id');
    if (alloc !== '' && alloc !== '0')
      return tally.leaveOut(
        'Events of instances that run inside a reservation (alloc set), which itself is kept; left out',
      );
    if (isAfter) return tally.count('Events after the end of the recording, not followed');
    if (this.events.sawCellsBefore(cells, this.eventKey))
      return tally.count('Events that stand in the file twice, taken once');
    this.lives.take(
      micros,
      `${cells.text(at.collection_id)}/${cells.text(at.instance_index)}`,
      VERBS[event],
      shape,
      jobs,
    );
  }

  end(jobs: TraceJob[]): void {
    this.lives.finish(jobs);
  }

  /** By number or by name. */
  private eventOf(cells: RowCells): number {
    const column = this.at.type;
    const named = EVENTS.findIndex((name) => cells.is(column, name));
    if (named !== -1) return named;
    const type = cells.whole(column);
    if (type >= EVENTS.length)
      cells.complain(column, `expected an event from 0 (SUBMIT) to 10 (UPDATE_RUNNING), ${found(cells.text(column))}`);
    return type;
  }

  /** Ids have up to 19 digits and stay texts. */
  private id(cells: RowCells, column: number): void {
    const text = cells.text(column);
    if (/^\d{1,19}$/.test(text)) return;
    const isRounded = /^\d(?:\.\d+)?[eE]\+?\d+$/.test(text);
    cells.complain(
      column,
      `expected a whole number with all its digits, found "${clip(text)}"` +
        (isRounded ? ': a spreadsheet has rounded it' : ''),
    );
  }

  private optional(cells: RowCells, column: Column): string {
    const position = this.at[column];
    return position === -1 ? '' : cells.text(position);
  }

  private shape(cells: RowCells): JobShape | null {
    const { at, tally } = this;
    const priority = cells.whole(at.priority);
    if (priority > 1000)
      cells.complain(at.priority, `expected a priority of at most 1000, ${found(cells.text(at.priority))}`);
    const [cpu, memory] = [at['resource_request.cpus'], at['resource_request.memory']];
    if (cells.isEmpty(cpu) || cells.isEmpty(memory))
      tally.count('Events without a request for CPU or memory, read as a request for none');
    const cpuMilli = cells.isEmpty(cpu) ? 0 : cells.amount(cpu, this.cpuUnitMilli);
    const memoryBytes = cells.isEmpty(memory) ? 0 : cells.amount(memory, this.memoryUnitBytes);
    if (!cells.isRight) return null;
    const kind = this.optional(cells, 'collection_type');
    const isReservation = kind === '1' || kind === 'ALLOC_SET';
    const podClass = isReservation ? 'reservation' : tierOf(priority);
    return this.shapes.of(podClass, priority, cpuMilli, memoryBytes, () =>
      plainShape('task', {
        class: podClass,
        priority,
        requests: { cpu: `${String(cpuMilli)}m`, memory: String(memoryBytes) },
      }),
    );
  }
}

/** The tiers of Tirmazi et al., Borg: the next generation (EuroSys 2020). */
function tierOf(priority: number): string {
  if (priority <= 99) return 'free';
  if (priority <= 115) return 'batch';
  if (priority <= 119) return 'mid';
  return priority <= 359 ? 'production' : 'monitoring';
}
