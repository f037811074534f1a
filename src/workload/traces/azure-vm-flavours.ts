/**
 * Azure's machines of 2017 as arrivals by flavour: one line for each 300 seconds with the flavours that arrived,
 * tenants apart; a second file holds their run times as numbers of bins, token by token, and two more say what flavours
 * and bins are.
 */
import { InputError } from '../../base/input-error.ts';
import { MICROS_PER_SECOND, type Micros } from '../../base/time.ts';
import { found } from './cells.ts';
import { makeJob } from './make-job.ts';
import { ENDS_OPEN } from './row-jobs.ts';
import { MAX_SECONDS } from './row-cells.ts';
import { RunTimeRule, type RunTime } from './run-time-rule.ts';
import { wordOf } from './settings.ts';
import { plainShape } from './shape-table.ts';
import { Tally } from './tally.ts';
import { TextLineReader } from './text-lines.ts';
import type { FormatFile, FormatInput, JobReader, JobShape, TraceJob } from './trace-format.ts';
import type { ProblemList } from './trace-reader.ts';

const GIBIBYTE = 1_073_741_824;

export function openAzureFlavours(input: FormatInput): JobReader {
  const flavours = input.other('flavours');
  if (flavours === null)
    throw new InputError({
      file: input.name,
      message: 'arrivals by flavour need the sizes of the flavours: expected the file flavours (flav_map.txt)',
    });
  const durations = input.other('durations');
  const bins = input.other('bins');
  if ((durations === null) !== (bins === null)) {
    const [has, lacks] = durations === null ? ['bins', 'durations'] : ['durations', 'bins'];
    throw new InputError({
      file: input.name,
      message: `run times need two files: the file ${has} is given and the file ${lacks} is not`,
    });
  }
  return new FlavourJobs(input, readFlavours(flavours), durations, bins === null ? new Map() : readBins(bins));
}

/** `vCPU,GB letter`, a line each. */
function readFlavours({ bytes, name }: FormatFile): ReadonlyMap<string, JobShape> {
  const shapes = new Map<string, JobShape>();
  eachLine(bytes, name, (text, complain) => {
    const match = /^(\d+(?:\.\d+)?),(\d+(?:\.\d+)?) ([a-z])$/.exec(text);
    if (match === null) return complain(`expected vCPU,GB and a letter, such as "2,3.5 g"; ${found(text)}`);
    const requests = {
      cpu: `${String(Math.round(Number(match[1]) * 1000))}m`,
      memory: String(Math.round(Number(match[2]) * GIBIBYTE)),
    };
    shapes.set(match[3], plainShape('vm', { requests }));
  });
  return shapes;
}

interface Bin {
  readonly lower: Micros;
  readonly upper: Micros;
}

/** `seconds bin`, a line each: the first and the last seconds of a bin are its limits. */
function readBins({ bytes, name }: FormatFile): ReadonlyMap<number, Bin> {
  const bins = new Map<number, Bin>();
  eachLine(bytes, name, (text, complain) => {
    const match = /^(\d{1,9}) (\d{1,6})$/.exec(text);
    if (match === null)
      return complain(`expected seconds and the number of their bin, such as "300 1"; ${found(text)}`);
    const micros = Number(match[1]) * MICROS_PER_SECOND;
    const known = bins.get(Number(match[2]));
    bins.set(Number(match[2]), {
      lower: Math.min(known?.lower ?? micros, micros),
      upper: Math.max(known?.upper ?? micros, micros),
    });
  });
  return bins;
}

function eachLine(
  bytes: FormatFile['bytes'],
  name: string,
  read: (text: string, complain: (message: string) => void) => void,
): void {
  const lines = new TextLineReader(bytes, name);
  let count = 0;
  for (let text = lines.next(); text !== null; text = lines.next()) {
    if (text.trim() === '') continue;
    count++;
    read(text, (message) => {
      throw new InputError({ file: name, line: lines.line, message });
    });
  }
  if (count === 0) throw new InputError({ file: name, line: 1, message: 'the file is empty' });
}

/** A line cut into its time and its tokens. */
interface BinLine {
  readonly seconds: number;
  readonly tokens: readonly string[];
}

class FlavourJobs implements JobReader {
  rowCount = 0;
  private readonly input: FormatInput;
  private readonly flavours: ReadonlyMap<string, JobShape>;
  private readonly bins: ReadonlyMap<number, Bin>;
  private readonly arrivals: TextLineReader;
  private readonly durations: TextLineReader | null;
  private readonly durationsName: string;
  private readonly tally = new Tally();
  private readonly rule: RunTimeRule;
  private queue: TraceJob[] = [];
  private queueOffset = 0;
  private ordinal = 0;
  private batchCount = 0;
  private lineCount = 0;
  private previous = -1;
  private atEnd = false;

  constructor(
    input: FormatInput,
    flavours: ReadonlyMap<string, JobShape>,
    durations: FormatFile | null,
    bins: ReadonlyMap<number, Bin>,
  ) {
    this.input = input;
    this.flavours = flavours;
    this.bins = bins;
    this.arrivals = new TextLineReader(input.bytes, input.name);
    this.durations = durations === null ? null : new TextLineReader(durations.bytes, durations.name);
    this.durationsName = durations?.name ?? '';
    this.rule = new RunTimeRule(input.settings, this.tally, 'Machines');
  }

  get line(): number {
    return this.arrivals.line;
  }

  next(problems: ProblemList): TraceJob | null {
    while (this.queueOffset >= this.queue.length) {
      this.queue = [];
      this.queueOffset = 0;
      if (this.atEnd) return null;
      const before = problems.count;
      this.readLine(problems);
      if (problems.count > before) {
        this.queue = [];
        if (problems.stopsAtFirst) return null;
      }
    }
    return this.queue[this.queueOffset++];
  }

  notes(): readonly string[] {
    return this.tally.notes();
  }

  leftOutRows(): number {
    return this.tally.leftOutRows();
  }

  facts(): Readonly<Record<string, number>> {
    return { bins: this.lineCount, batches: this.batchCount };
  }

  machine(): null {
    return null;
  }

  private readLine(problems: ProblemList): void {
    const { input } = this;
    const complain = (message: string): void => {
      problems.add({ file: input.name, line: this.arrivals.line, message });
    };
    const text = this.arrivals.next();
    if (text === null) return this.finish(complain);
    if (text.trim() === '') return;
    this.lineCount++;
    const line = binLine(text);
    if (line === null) return complain(`expected seconds and flavours, such as "300 g,|,b,m,|"; ${found(text)}`);
    if (line.seconds > MAX_SECONDS)
      return complain(`expected at most ${String(MAX_SECONDS)} seconds, ${found(String(line.seconds))}`);
    if (line.seconds === this.previous) this.tally.count('Lines of the same time as the one before, kept');
    this.previous = line.seconds;
    this.decode(line, this.durationLine(line, complain), complain);
  }

  private finish(complain: (message: string) => void): void {
    this.atEnd = true;
    if (this.lineCount === 0) return complain('the file is empty: expected a line for each 300 seconds');
    for (let text = this.durations?.next() ?? null; text !== null; text = this.durations?.next() ?? null) {
      if (text.trim() !== '')
        return complain(`expected as many lines as the run times have: ${this.durationsName} has more`);
    }
    if (this.arrivals.endsOpen) this.tally.count(ENDS_OPEN);
  }

  /** Tokens of the run times; null: there are none. */
  private durationLine(line: BinLine, complain: (message: string) => void): readonly string[] | null {
    if (this.durations === null) return null;
    const text = this.durations.next();
    const own = text === null ? null : binLine(text);
    const place = `${this.durationsName}:${String(this.durations.line)}`;
    if (own === null)
      complain(
        `expected run times for these arrivals; ${place} holds ` +
          (text === null ? 'no more lines' : `"${text.slice(0, 40)}"`),
      );
    else if (own.seconds !== line.seconds)
      complain(`expected run times of second ${String(line.seconds)}; ${place} has second ${String(own.seconds)}`);
    else if (own.tokens.length !== line.tokens.length)
      complain(`expected ${String(line.tokens.length)} run times; ${place} has ${String(own.tokens.length)}`);
    else return own.tokens;
    return [];
  }

  private decode(
    { seconds, tokens }: BinLine,
    durations: readonly string[] | null,
    complain: (message: string) => void,
  ): void {
    const arrivalMicros = seconds * MICROS_PER_SECOND;
    if (durations !== null && durations.length !== tokens.length) return;
    for (let i = 0; i < tokens.length; i++) {
      if (tokens[i] === '|') {
        this.batchCount++;
        if (durations !== null && durations[i] !== '|')
          complain(
            `expected the end of a batch in ${this.durationsName} as token ${String(i + 1)}, ${found(durations[i])}`,
          );
        continue;
      }
      this.rowCount++;
      const shape = this.flavours.get(tokens[i]);
      if (shape === undefined) complain(`expected a flavour as token ${String(i + 1)}, ${found(tokens[i])}`);
      const runTime = durations === null ? this.rule.unknown() : this.runTime(durations[i], i, complain);
      this.ordinal++;
      if (shape === undefined || runTime === null) continue;
      this.queue.push(makeJob(shape, this.ordinal, arrivalMicros, runTime, { batch: this.batchCount }));
    }
  }

  private runTime(token: string, index: number, complain: (message: string) => void): RunTime | null {
    const bin = /^[UC]\d{1,6}$/.test(token) ? this.bins.get(Number(token.slice(1))) : undefined;
    if (bin === undefined) {
      complain(
        `expected U or C and the number of a bin as token ${String(index + 1)} of ${this.durationsName}, ` +
          found(token),
      );
      return null;
    }
    const point = wordOf(this.input.settings, 'binPoint');
    const micros =
      point === 'lower' ? bin.lower : point === 'upper' ? bin.upper : Math.round((bin.lower + bin.upper) / 2);
    return token.startsWith('C') ? this.rule.censored(micros) : this.rule.known(micros);
  }
}

/** null: the line is none of these. A comma at the end is none of its tokens. */
function binLine(text: string): BinLine | null {
  const space = text.indexOf(' ');
  if (space === -1 || !/^\d{1,12}$/.test(text.slice(0, space))) return null;
  const tokens = text.slice(space + 1).split(',');
  if (tokens[tokens.length - 1].trim() === '') tokens.pop();
  return { seconds: Number(text.slice(0, space)), tokens };
}
