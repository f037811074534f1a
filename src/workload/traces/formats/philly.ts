/**
 * GPU jobs of Microsoft's Philly clusters, 2017: the table that simulators share, one job a row, or the published job
 * log with the attempts of every job. See docs/formats/philly.md.
 */
import { InputError } from '../../../base/input-error.ts';
import { MICROS_PER_SECOND, type Micros } from '../../../base/time.ts';
import { startOf } from '../byte-source.ts';
import { secondsOfStamp } from '../calendar.ts';
import { clip, detached, found } from '../cells.ts';
import { DuplicateWatch } from '../duplicate-watch.ts';
import { GpuJobShapes } from '../gpu-jobs.ts';
import { JsonElementReader } from '../json-elements.ts';
import { ENDS_OPEN, RowJobs, type RowDecoder } from '../row-jobs.ts';
import { RunTimeRule, wholeRunTime } from '../run-time-rule.ts';
import { csvRows, headerTable } from '../table-source.ts';
import { Tally } from '../tally.ts';
import type { FormatInput, JobReader, TraceFormat, TraceJob } from '../trace-format.ts';
import type { ProblemList } from '../trace-reader.ts';

const COLUMNS = ['timestamp', 'duration', 'num_gpus', 'gpu_time', 'cluster'] as const;

export const PHILLY: TraceFormat = {
  open(input) {
    const { head, bytes } = startOf(input.bytes, 1024);
    return /^\s*\[/.test(head) ? new PhillyLog({ ...input, bytes }) : openTable({ ...input, bytes });
  },
  recognises: (head) =>
    /^(?:\u00ef\u00bb\u00bf)?timestamp,duration,num_gpus\b/.test(head) ||
    /^\s*\[\s*\{[^]*"(?:jobid|vc|attempts)"\s*:/.test(head),
};

function openTable(input: FormatInput): JobReader {
  const tally = new Tally();
  const table = headerTable(csvRows(input), COLUMNS.slice(0, 3), COLUMNS.slice(3), tally, input.name);
  const { at } = table;
  const rows = new DuplicateWatch();
  const shapes = new GpuJobShapes(input.settings, tally);
  let row = 0;
  const decoder: RowDecoder = {
    decode: (cells, jobs): void => {
      row++;
      const stamp = secondsOfStamp(cells.text(at.timestamp));
      if (Number.isNaN(stamp))
        cells.complain(at.timestamp, `expected a time such as 2017-10-09 07:01:55, ${found(cells.text(at.timestamp))}`);
      const micros = cells.micros(at.duration);
      const gpus = shapes.gpus(cells, at.num_gpus);
      if (!cells.isRight) return;
      // There is no name to know a job by.
      if (rows.sawRowBefore(cells)) tally.count('Rows that are equal to an earlier one, kept: the trace names no jobs');
      if (micros === 0) tally.count('Jobs with a run time of 0');
      const podClass = at.cluster === -1 || cells.text(at.cluster) === '' ? 'job' : detached(cells.text(at.cluster));
      const arrivalMicros = Math.round(stamp * MICROS_PER_SECOND);
      shapes.append({ ordinal: row, batch: row, arrivalMicros, runTime: wholeRunTime(micros) }, gpus, podClass, jobs);
    },
  };
  return new RowJobs(table, decoder, tally);
}

interface Attempt {
  /** NaN: not told. */
  readonly start: number;
  readonly end: number;
  readonly gpus: number;
}

/** `cluster_job_log`: a list of jobs with their attempts. */
class PhillyLog implements JobReader {
  rowCount = 0;
  private readonly elements: JsonElementReader;
  private readonly file: string;
  private readonly tally = new Tally();
  private readonly rule: RunTimeRule;
  private readonly shapes: GpuJobShapes;
  private readonly ids = new DuplicateWatch();
  private readonly queue: TraceJob[] = [];
  private isDone = false;

  constructor({ bytes, name, settings }: FormatInput) {
    this.file = name;
    this.elements = new JsonElementReader(bytes, name);
    this.rule = new RunTimeRule(settings, this.tally, 'Jobs');
    this.shapes = new GpuJobShapes(settings, this.tally);
  }

  get line(): number {
    return this.elements.line;
  }

  next(problems: ProblemList): TraceJob | null {
    while (this.queue.length === 0) {
      if (this.isDone) return null;
      const element = this.elements.next();
      if (element === undefined) {
        this.isDone = true;
        if (this.rowCount === 0)
          throw new InputError({ file: this.file, line: 1, message: 'the list is empty: expected jobs' });
        if (this.elements.endsOpen) this.tally.count(ENDS_OPEN);
        continue;
      }
      this.rowCount++;
      const before = problems.count;
      this.decode(element as Record<string, unknown>, problems);
      if (problems.count > before && problems.stopsAtFirst) return null;
    }
    return this.queue.shift() ?? null;
  }

  notes(): readonly string[] {
    return this.tally.notes();
  }

  leftOutRows(): number {
    return this.tally.leftOutRows();
  }

  facts(): Readonly<Record<string, number>> {
    return {};
  }

  machine(): null {
    return null;
  }

  private decode(
    { jobid, submitted_time: submitted, vc, attempts }: Record<string, unknown>,
    problems: ProblemList,
  ): void {
    const complain = (path: string, message: string): void => {
      problems.add({ file: this.file, line: this.elements.line, message, path });
    };
    const before = problems.count;
    const arrival = secondsOfStamp(textOf(submitted));
    if (Number.isNaN(arrival))
      complain('submitted_time', `expected a time such as 2017-10-09 07:01:55, ${found(textOf(submitted))}`);
    if (!Array.isArray(attempts)) complain('attempts', 'expected a list of attempts');
    const runs = Array.isArray(attempts) ? attempts.map((attempt, index) => readAttempt(attempt, index, complain)) : [];
    if (problems.count > before) return;
    if (typeof jobid === 'string' && this.ids.sawTextBefore(jobid))
      this.tally.count('Jobs with the jobid of an earlier one, kept as jobs of their own');
    if (runs.length === 0) return this.tally.leaveOut('Jobs without an attempt, left out');
    if (runs.length > 1) this.tally.count('Jobs with several attempts, which here run once for the sum of their times');
    const runTime = this.runTimeOf(runs);
    const gpus = runs.reduce((most, run) => Math.max(most, run.gpus), 0);
    if (runTime === null) return;
    const arrivalMicros = Math.round(arrival * MICROS_PER_SECOND);
    this.shapes.append(
      { ordinal: this.rowCount, batch: this.rowCount, arrivalMicros, runTime },
      gpus,
      clip(textOf(vc)) || 'job',
      this.queue,
    );
  }

  private runTimeOf(runs: readonly Attempt[]): ReturnType<RunTimeRule['unknown']> {
    let micros: Micros = 0;
    for (const { start, end } of runs) {
      if (!Number.isNaN(start) && !Number.isNaN(end)) micros += Math.round((end - start) * MICROS_PER_SECOND);
    }
    const last = runs[runs.length - 1];
    if (Number.isNaN(last.start)) return micros === 0 ? this.rule.unknown() : this.rule.known(micros);
    return Number.isNaN(last.end) ? this.rule.censored(micros) : this.rule.known(micros);
  }
}

function readAttempt(attempt: unknown, index: number, complain: (path: string, message: string) => void): Attempt {
  const { start_time: startText, end_time: endText, detail } = (attempt ?? {}) as Record<string, unknown>;
  const path = `attempts[${String(index)}]`;
  const start = timeOf(startText, `${path}.start_time`, complain);
  const end = timeOf(endText, `${path}.end_time`, complain);
  if (end < start) complain(`${path}.end_time`, `expected at least the start_time, ${found(textOf(endText))}`);
  const lists = Array.isArray(detail) ? detail.map((part) => ((part ?? {}) as Record<string, unknown>)['gpus']) : [];
  return { start, end, gpus: lists.reduce<number>((sum, gpus) => sum + (Array.isArray(gpus) ? gpus.length : 0), 0) };
}

/** NaN where there is none: absent, empty or `None`. */
function timeOf(value: unknown, path: string, complain: (path: string, message: string) => void): number {
  const text = textOf(value);
  if (text === '' || text === 'None') return Number.NaN;
  const seconds = secondsOfStamp(text);
  if (Number.isNaN(seconds)) complain(path, `expected a time such as 2017-10-09 07:01:55, or None; ${found(text)}`);
  return seconds;
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : value === undefined || value === null ? '' : JSON.stringify(value);
}
