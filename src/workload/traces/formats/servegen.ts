/**
 * Request load of one client of ServeGen (Alibaba, 2025): windows of 600 s with their rate and the burstiness of their
 * gaps. Every request becomes a pod. All windows are read first (a client has about two thousand), so they may stand in
 * any order. See docs/formats/servegen.md.
 */
import { InputError } from '../../../base/input-error.ts';
import { MICROS_PER_SECOND, type Micros } from '../../../base/time.ts';
import { RandomStream } from '../../../kernel/random.ts';
import { drawRequests, type RequestWindow } from '../../generators/request-windows.ts';
import { found } from '../cells.ts';
import { makeJob } from '../make-job.ts';
import { requestShape } from '../request-shape.ts';
import type { RowCells } from '../row-cells.ts';
import { ENDS_OPEN, type RowTable } from '../row-jobs.ts';
import { RunTimeRule } from '../run-time-rule.ts';
import { csvRows, headerlessTable } from '../table-source.ts';
import { Tally } from '../tally.ts';
import type { FormatInput, JobReader, JobShape, TraceFormat, TraceJob } from '../trace-format.ts';
import type { ProblemList } from '../trace-reader.ts';

const COLUMNS = ['start of the window', 'rate', 'coefficient of variation', 'family', 'shape', 'scale'] as const;
const WINDOW_SECONDS = 600;
const MOST_WINDOWS = 1_000_000;
const MOST_REQUESTS = 10_000_000;

export const SERVEGEN: TraceFormat = {
  open: (input) => new ServeGenJobs(input),
  recognises: (head) => /^(?:\u00ef\u00bb\u00bf)?\d+,[\d.]+,[\d.]+,(?:Gamma|Weibull)?,[\d.]+,[\d.]+\s/.test(head),
};

interface Window extends RequestWindow {
  readonly startMicros: Micros;
}

class ServeGenJobs implements JobReader {
  rowCount = 0;
  line = 0;
  private readonly table: RowTable;
  private readonly tally = new Tally();
  private readonly rule: RunTimeRule;
  private readonly shape: JobShape;
  private readonly seed: string;
  private windows: readonly Window[] | null = null;
  private nextWindow = 0;
  private offsets: Float64Array = new Float64Array(0);
  private nextOffset = 0;
  private start: Micros = 0;
  private requestCount = 0;

  constructor(input: FormatInput) {
    this.table = headerlessTable(csvRows(input), COLUMNS, input.name);
    this.rule = new RunTimeRule(input.settings, this.tally, 'Requests');
    this.shape = requestShape(input.settings);
    this.seed = input.seed;
  }

  next(problems: ProblemList): TraceJob | null {
    this.windows ??= this.readAll(problems);
    if (problems.count > 0) return null;
    for (;;) {
      while (this.nextOffset >= this.offsets.length) {
        if (this.nextWindow >= this.windows.length) return null;
        this.draw(this.windows[this.nextWindow], this.nextWindow++);
      }
      const arrivalMicros = this.start + this.offsets[this.nextOffset++];
      const ordinal = ++this.requestCount;
      const runTime = this.rule.unknown();
      if (runTime !== null) return makeJob(this.shape, ordinal, arrivalMicros, runTime);
    }
  }

  notes(): readonly string[] {
    return this.tally.notes();
  }

  /** Rows are windows: none is left out. */
  leftOutRows(): number {
    return 0;
  }

  facts(): Readonly<Record<string, number>> {
    return { windows: this.rowCount, requests: this.requestCount };
  }

  machine(): null {
    return null;
  }

  private draw(window: Window, index: number): void {
    this.offsets = drawRequests(window, new RandomStream(`${this.seed}/trace-window/${String(index)}`));
    this.nextOffset = 0;
    this.start = window.startMicros;
  }

  private readAll(problems: ProblemList): readonly Window[] {
    const { rows, cells, file } = this.table;
    const windows: Window[] = [];
    while (rows.nextInto(cells)) {
      if (++this.rowCount > MOST_WINDOWS)
        throw new InputError({ file, line: rows.line, message: `more than ${String(MOST_WINDOWS)} windows` });
      this.line = rows.line;
      cells.startRow(rows.line, problems);
      if (cells.fieldCount !== COLUMNS.length)
        cells.complain(-1, `expected ${String(COLUMNS.length)} fields, found ${String(cells.fieldCount)}`);
      else this.readWindow(cells, windows);
      if (!cells.isRight && problems.stopsAtFirst) return windows;
    }
    if (this.rowCount === 0)
      problems.add({ file, line: 1, message: 'the table has no rows: expected one for each window' });
    if (rows.endsOpen) this.tally.count(ENDS_OPEN);
    return this.ordered(windows);
  }

  private readWindow(cells: RowCells, windows: Window[]): void {
    const startMicros = cells.micros(0);
    const rate = cells.decimal(1);
    const cv = cells.decimal(2);
    const family = cells.text(3);
    const shape = cells.decimal(4);
    const scale = cells.decimal(5);
    const requests = Math.round(rate * WINDOW_SECONDS);
    if (requests > MOST_REQUESTS)
      cells.complain(1, `expected at most ${String(MOST_REQUESTS)} requests in a window, ${found(cells.text(1))}`);
    if (requests > 0) this.checkFamily(cells, family, cv, requests, shape, scale);
    if (!cells.isRight) return;
    if (Math.abs(rate * WINDOW_SECONDS - requests) > 1e-6)
      this.tally.count('Windows whose rate gives no whole number of requests, rounded');
    if (requests === 0) return this.tally.count('Windows without a request');
    const name = family === 'Weibull' ? 'Weibull' : 'Gamma';
    windows.push({
      startMicros,
      lengthMicros: WINDOW_SECONDS * MICROS_PER_SECOND,
      requests,
      cv,
      family: name,
      shape,
      scaleMicros: scale * MICROS_PER_SECOND,
    });
  }

  private checkFamily(
    cells: RowCells,
    family: string,
    cv: number,
    requests: number,
    shape: number,
    scale: number,
  ): void {
    if (family !== 'Gamma' && family !== 'Weibull')
      cells.complain(3, `expected Gamma or Weibull for a window with requests, ${found(family)}`);
    if (!(shape > 0 && shape <= 1e6))
      cells.complain(4, `expected a number above 0 and up to 1000000, ${found(cells.text(4))}`);
    if (!(scale > 0 && scale <= 1e6))
      cells.complain(5, `expected a number above 0 and up to 1000000, ${found(cells.text(5))}`);
    // So many gaps cannot vary more.
    if (requests > 2 && cv > Math.sqrt(requests - 2))
      this.tally.count('Windows that are burstier than so few requests can be, drawn as bursty as they can');
  }

  private ordered(windows: Window[]): readonly Window[] {
    const outOfOrder = windows.reduce(
      (count, { startMicros }, i) => (i > 0 && startMicros < windows[i - 1].startMicros ? count + 1 : count),
      0,
    );
    if (outOfOrder > 0) this.tally.count('Windows out of order of time, put in order', outOfOrder);
    const sorted = windows.sort((a, b) => a.startMicros - b.startMicros);
    const overlapping = sorted.reduce(
      (count, { startMicros }, i) =>
        i > 0 && startMicros < sorted[i - 1].startMicros + sorted[i - 1].lengthMicros ? count + 1 : count,
      0,
    );
    if (overlapping > 0) this.tally.count('Windows that begin before the one before has ended, kept', overlapping);
    return sorted;
  }
}
