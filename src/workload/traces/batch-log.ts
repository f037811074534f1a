/**
 * A log in the Standard Workload Format as a batch machine sees it: whole jobs with what they asked for, where
 * `formats/swf.ts` makes pods of them. The machine's size comes from the header. docs/formats/swf.md says how each
 * field is read.
 */
import { InputError } from '../../base/input-error.ts';
import type { ByteSource } from './byte-source.ts';
import { found } from './cells.ts';
import { Tally } from './tally.ts';
import { TextLineReader } from './text-lines.ts';
import { ProblemList } from './trace-reader.ts';

/** Times in whole seconds. */
export interface LoggedJob {
  readonly number: number;
  readonly submit: number;
  /** As the log has it; -1: not known. */
  readonly wait: number;
  /** At most what was asked for. */
  readonly run: number;
  readonly requested: number;
  readonly processors: number;
  /** Line of its row. */
  readonly line: number;
}

export interface BatchLog {
  readonly processors: number;
  /** In order of submission, jobs of one second in order of their numbers. */
  readonly jobs: readonly LoggedJob[];
  /** Rows that were left out or bent, with their number, a sentence each. */
  readonly notes: readonly string[];
}

const FIELD_COUNT = 18;
const NUMBER = 0;
const SUBMIT = 1;
const WAIT = 2;
const RUN = 3;
const ALLOCATED = 4;
const REQUESTED_PROCESSORS = 7;
const REQUESTED_TIME = 8;
const STATUS = 10;
const WHOLE = /^-?\d{1,15}$/;
const DECIMAL = /^-?\d{1,15}(?:\.\d*)?$/;

/** `processors`: of the machine; null: as the header says. Throws InputError with all mistakes. */
export function readBatchLog(bytes: ByteSource, file: string, processors: number | null = null): BatchLog {
  const lines = new TextLineReader(bytes, file);
  const problems = new ProblemList();
  const tally = new Tally();
  const jobs: LoggedJob[] = [];
  let machine = processors ?? 0;
  for (let text = lines.next(); text !== null; text = lines.next()) {
    const row = text.trim();
    if (row === '') continue;
    if (row.startsWith(';')) {
      const given = /^;\s*MaxProcs\s*:\s*(\d+)\s*$/.exec(row);
      if (given !== null && jobs.length === 0 && processors === null) machine = Number(given[1]);
      continue;
    }
    const job = readJob(row.split(/\s+/), lines.line, tally, (message) => {
      problems.add({ file, line: lines.line, message });
    });
    if (job !== null) jobs.push(job);
  }
  problems.throwIfAny(file);
  if (machine <= 0)
    throw new InputError({ file, message: 'the header of the log names no machine: expected MaxProcs' });
  const fitting = jobs.filter((job) => job.processors <= machine);
  if (fitting.length < jobs.length)
    tally.leaveOut('Jobs with more processors than the machine has, left out', jobs.length - fitting.length);
  if (fitting.length === 0) throw new InputError({ file, message: 'the log holds no job that can run' });
  if (fitting.some(({ submit }, i) => i > 0 && submit < fitting[i - 1].submit))
    tally.count('Rows out of order of time, put in order');
  return {
    processors: machine,
    jobs: fitting.sort((a, b) => a.submit - b.submit || a.number - b.number),
    notes: tally.notes(),
  };
}

function readJob(
  fields: readonly string[],
  line: number,
  tally: Tally,
  complain: (message: string) => void,
): LoggedJob | null {
  if (fields.length < FIELD_COUNT) {
    complain(`expected 18 numbers, found ${String(fields.length)}`);
    return null;
  }
  const whole = (field: number, name: string): number => {
    if (!WHOLE.test(fields[field]))
      complain(`field ${String(field + 1)}: ${name}: expected a whole number, ${found(fields[field])}`);
    return Number(fields[field]);
  };
  const seconds = (field: number, name: string): number => {
    if (!DECIMAL.test(fields[field]))
      complain(`field ${String(field + 1)}: ${name}: expected seconds, ${found(fields[field])}`);
    const value = Number(fields[field]);
    if (!Number.isInteger(value)) tally.count('Times with fractions of a second, rounded');
    return Math.round(value);
  };
  const number = whole(NUMBER, 'job number');
  const submit = seconds(SUBMIT, 'submit time');
  const wait = seconds(WAIT, 'wait time');
  const run = seconds(RUN, 'run time');
  const processors = processorsOf(
    whole(ALLOCATED, 'allocated processors'),
    whole(REQUESTED_PROCESSORS, 'requested processors'),
  );
  const limit = seconds(REQUESTED_TIME, 'requested time');
  if (Number.isNaN(number + submit + wait + run + processors + limit)) return null;
  if (submit < 0) complain(`field 2: submit time: expected seconds from 0, ${found(fields[SUBMIT])}`);
  const status = Number(fields[STATUS]);
  if (status >= 2 && status <= 4)
    return left(tally, 'Parts of a job that is told as a whole, too (status 2 to 4), left out');
  if (processors <= 0) return left(tally, 'Jobs without processors, left out');
  if (run <= 0) return left(tally, 'Jobs that did not run (0 s, or not known), left out');
  if (limit <= 0) tally.count('Jobs that asked for no time, taken to have asked for what they ran');
  const requested = limit > 0 ? limit : run;
  if (run > requested) tally.count('Jobs that ran longer than they asked for, cut at what they asked for');
  return { number, submit, wait, run: Math.min(run, requested), requested, processors, line };
}

/** What was asked for, else what was given. */
function processorsOf(allocated: number, requested: number): number {
  return requested > 0 ? requested : allocated;
}

function left(tally: Tally, sentence: string): null {
  tally.leaveOut(sentence);
  return null;
}
