/**
 * The Standard Workload Format, version 2.2 (Parallel Workloads Archive): one job a line, 18 numbers, -1 for what is
 * not known; comments begin with `;`, and those above the jobs tell the machine. docs/formats/swf.md says how each
 * field is read.
 */
import { MICROS_PER_SECOND, type Micros } from '../../../base/time.ts';
import { found } from '../cells.ts';
import { DuplicateWatch } from '../duplicate-watch.ts';
import { appendPieces } from '../job-pieces.ts';
import { MAX_SECONDS, RowCells } from '../row-cells.ts';
import { RowJobs, type RowDecoder, type RowSource } from '../row-jobs.ts';
import { RunTimeRule, type RunTime } from '../run-time-rule.ts';
import { numberOf, wordOf, type TraceSettings } from '../settings.ts';
import { plainShape, ShapeTable } from '../shape-table.ts';
import { Tally } from '../tally.ts';
import { TextLineReader } from '../text-lines.ts';
import type { FormatFile, JobShape, TraceFormat, TraceJob, TraceMachine } from '../trace-format.ts';

const FIELDS = [
  'job number',
  'submit time',
  'wait time',
  'run time',
  'allocated processors',
  'average CPU time',
  'used memory',
  'requested processors',
  'requested time',
  'requested memory',
  'status',
  'user',
  'group',
  'executable',
  'queue',
  'partition',
  'preceding job',
  'think time',
] as const;
const SPACE = 32;
const NUMBER = 0;
const SUBMIT = 1;
const RUN = 3;
const ALLOCATED = 4;
const REQUESTED = 7;
const REQUESTED_TIME = 8;
const MEMORY = 9;
const STATUS = 10;
const QUEUE = 14;

/** More processors than any machine has: such a number is a mistake. */
const MOST_PROCESSORS = 100_000_000;
/** The format speaks of kilobytes. */
const KILOBYTE = 1024;

export const SWF: TraceFormat = {
  open(input) {
    const rows = new SwfRows(input);
    const tally = new Tally();
    const cells = new RowCells(
      input.name,
      FIELDS.map((name, index) => `field ${String(index + 1)}: ${name}`),
    );
    return new RowJobs(
      { rows, cells, width: -1, file: input.name },
      new SwfDecoder(rows, input.settings, tally),
      tally,
    );
  },
  recognises: (head) => /^;|^\s*-?\d+(?:\s+-?[\d.]+){17}/.test(head),
};

/** Jobs as fields; the comments above them as a header. */
class SwfRows implements RowSource {
  readonly header = new Map<string, string>();
  /** `Key: value` lines behind the first job. */
  lateHeaderLines = 0;
  private readonly lines: TextLineReader;
  private sawJob = false;

  constructor({ bytes, name }: FormatFile) {
    this.lines = new TextLineReader(bytes, name);
  }

  get line(): number {
    return this.lines.line;
  }

  get endsOpen(): boolean {
    return this.lines.endsOpen;
  }

  nextInto(cells: RowCells): boolean {
    for (let text = this.lines.next(); text !== null; text = this.lines.next()) {
      cells.beginRow(text);
      for (let at = 0; at < text.length; at++) {
        if (text.charCodeAt(at) <= SPACE) continue;
        const from = at;
        while (at < text.length && text.charCodeAt(at) > SPACE) at++;
        cells.addField(from, at);
      }
      if (cells.fieldCount === 0) continue;
      if (!cells.text(0).startsWith(';')) {
        this.sawJob = true;
        return true;
      }
      this.readComment(text);
    }
    return false;
  }

  private readComment(text: string): void {
    const match = /^\s*;\s*(MaxProcs|MaxNodes)\s*:\s*(\d+)\s*$/.exec(text);
    if (match === null) return;
    if (this.sawJob) this.lateHeaderLines++;
    else this.header.set(match[1], match[2]);
  }
}

class SwfDecoder implements RowDecoder {
  private readonly rows: SwfRows;
  private readonly settings: TraceSettings;
  private readonly tally: Tally;
  private readonly rule: RunTimeRule;
  private readonly shapes = new ShapeTable();
  private readonly numbers = new DuplicateWatch();
  private readonly values = new Float64Array(FIELDS.length);
  private readonly keepsMemory: boolean;
  private readonly cutsOverruns: boolean;
  private jobCount = 0;
  /** Processors of a node; 0 before the first job. */
  private perNode = 0;
  private known: TraceMachine | null = null;

  constructor(rows: SwfRows, settings: TraceSettings, tally: Tally) {
    this.rows = rows;
    this.settings = settings;
    this.tally = tally;
    this.rule = new RunTimeRule(settings, tally, 'Jobs');
    this.keepsMemory = wordOf(settings, 'memory') === 'keep';
    this.cutsOverruns = wordOf(settings, 'overrun') === 'cut';
  }

  decode(cells: RowCells, jobs: TraceJob[]): void {
    if (this.perNode === 0) this.learnMachine();
    this.jobCount++;
    if (!this.readNumbers(cells)) return;
    const { values, tally } = this;
    if (cells.fieldCount > FIELDS.length) tally.count('Rows with more than 18 fields, of which the first 18 are read');
    if (values[STATUS] >= 2 && values[STATUS] <= 4)
      return tally.leaveOut('Parts of a job that is told as a whole, too (status 2 to 4), left out');
    if (values[NUMBER] >= 0 && this.numbers.sawBefore(values[NUMBER]))
      tally.count('Rows with the job number of an earlier one, kept as jobs of their own');
    const processors = this.processors();
    if (processors <= 0) return tally.leaveOut('Jobs without processors, left out');
    const runTime = this.runTime();
    if (runTime === null) return;
    if (this.known !== null && processors > this.known.nodes * this.known.cpuPerNode)
      tally.count('Jobs with more processors than the machine of the header has');
    const ordinal = values[NUMBER] >= 0 ? values[NUMBER] : this.jobCount;
    const job = { ordinal, batch: this.jobCount, arrivalMicros: seconds(values[SUBMIT]), runTime };
    const memoryPerProcessor = this.memoryPerProcessor(cells, processors);
    appendPieces(job, processors, this.perNode, (units) => this.shape(units, memoryPerProcessor), jobs);
  }

  notes(): readonly string[] {
    const late = this.rows.lateHeaderLines;
    return late === 0 ? [] : [`Header lines behind the first job, which come too late to count: ${String(late)}`];
  }

  machine(): TraceMachine | null {
    return this.known;
  }

  private readNumbers(cells: RowCells): boolean {
    if (cells.fieldCount < FIELDS.length) {
      cells.complain(-1, `expected 18 numbers, found ${String(cells.fieldCount)}`);
      return false;
    }
    for (let i = 0; i < FIELDS.length; i++) {
      const value = cells.anyDecimal(i);
      this.values[i] = value;
      if (Number.isNaN(value))
        cells.complain(i, `expected a number, -1 for what is not known; ${found(cells.text(i))}`);
    }
    if (!cells.isRight) return false;
    const { values } = this;
    if (values[SUBMIT] < 0) cells.complain(SUBMIT, `expected a time from 0, ${found(cells.text(SUBMIT))}`);
    for (const field of [SUBMIT, RUN]) {
      if (values[field] > MAX_SECONDS)
        cells.complain(field, `expected at most ${String(MAX_SECONDS)} seconds, ${found(cells.text(field))}`);
    }
    for (const field of [ALLOCATED, REQUESTED]) {
      const isCount = Number.isInteger(values[field]) && values[field] <= MOST_PROCESSORS;
      if (!isCount)
        cells.complain(
          field,
          `expected a whole number of processors, at most ${String(MOST_PROCESSORS)}, ${found(cells.text(field))}`,
        );
    }
    if (!Number.isInteger(values[NUMBER]))
      cells.complain(NUMBER, `expected a whole number, ${found(cells.text(NUMBER))}`);
    if (cells.isRight) this.countOddUnknowns();
    return cells.isRight;
  }

  /** Only -1 says that something is not known. Run times have a note of their own. */
  private countOddUnknowns(): void {
    const { values } = this;
    for (let i = 0; i < values.length; i++) {
      if (values[i] >= 0 || values[i] === -1 || i === RUN) continue;
      this.tally.count('Rows with numbers below 0 other than -1, which are taken as not known');
      return;
    }
  }

  /** What was asked for, else what was given. */
  private processors(): number {
    const { values } = this;
    if (values[REQUESTED] > 0 && values[ALLOCATED] > 0 && values[REQUESTED] !== values[ALLOCATED]) {
      this.tally.count('Jobs that got another number of processors than they asked for, of which the second counts');
    }
    return values[REQUESTED] > 0 ? values[REQUESTED] : values[ALLOCATED];
  }

  private runTime(): RunTime | null {
    const { values, tally } = this;
    const run = values[RUN];
    const limit = values[REQUESTED_TIME];
    if (run < 0) {
      if (run !== -1) tally.count('Run times below 0 other than -1, taken as not known');
      return this.rule.unknown();
    }
    if (run === 0) tally.count('Jobs with a run time of 0');
    if (limit > 0 && run > limit) {
      tally.count(
        'Jobs that ran longer than they asked for, ' +
          (this.cutsOverruns ? 'cut at what they asked for' : 'and here run as long as recorded'),
      );
      if (this.cutsOverruns) return this.rule.known(seconds(limit));
    }
    return this.rule.known(seconds(run));
  }

  /**
   * Bytes; 0: none asked for. Logs with more fields than 18 (as made with Alea) hold bytes of the whole job instead.
   */
  private memoryPerProcessor(cells: RowCells, processors: number): number {
    const asked = this.values[MEMORY];
    if (!this.keepsMemory || asked <= 0) return 0;
    if (cells.fieldCount > FIELDS.length && cells.text(FIELDS.length).startsWith('{')) {
      this.tally.count('Rows of the extended format, whose memory is read as bytes of the whole job');
      return asked / processors;
    }
    return asked * KILOBYTE;
  }

  private shape(units: number, memoryPerProcessor: number): JobShape {
    const queue = this.values[QUEUE];
    const memoryBytes = Math.round(memoryPerProcessor * units);
    return this.shapes.of(units, memoryBytes, queue, 0, () =>
      plainShape('job', {
        class: queue >= 0 ? `queue-${String(queue)}` : 'job',
        requests: { cpu: String(units), ...(memoryBytes > 0 ? { memory: String(memoryBytes) } : {}) },
      }),
    );
  }

  /** Behind the header: the first job has been read. */
  private learnMachine(): void {
    const { header } = this.rows;
    const given = numberOf(this.settings, 'procsPerNode');
    const maxNodes = Number(header.get('MaxNodes') ?? 0);
    const maxProcs = Number(header.get('MaxProcs') ?? 0);
    const processors = maxProcs > 0 ? maxProcs : maxNodes;
    const nodes = maxNodes > 0 ? maxNodes : processors;
    this.perNode = given > 0 ? given : nodes > 0 ? Math.ceil(processors / nodes) : 1;
    if (processors > 0) this.known = { nodes: Math.ceil(processors / this.perNode), cpuPerNode: this.perNode };
  }
}

function seconds(value: number): Micros {
  return Math.round(value * MICROS_PER_SECOND);
}
