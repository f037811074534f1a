/** Opens a trace of any format: its jobs in order, under a load, as pods. */
import { InputError, type Problem } from '../../base/input-error.ts';
import type { ByteSource } from './byte-source.ts';
import type { TraceFormatName, TraceLoad } from './catalog.ts';
import { AsGiven, InOrder, type JobStream } from './in-order.ts';
import { FULL_LOAD, LoadControl } from './load-control.ts';
import { PodsOfJobs } from './pods-of-jobs.ts';
import { traceFormat } from './registry.ts';
import { numberOf, settingsOf, wordOf, type TraceSettings } from './settings.ts';
import type { FormatFile, JobReader } from './trace-format.ts';
import { ProblemList, type TraceReader } from './trace-reader.ts';

export interface TraceOptions extends Partial<TraceLoad> {
  /** Default: those of the format. */
  readonly settings?: TraceSettings;
  /** Files of other roles. Default: none. */
  readonly other?: (role: string) => FormatFile | null;
  /** Root of the random streams. Default `podyard`. */
  readonly seed?: string;
}

export interface OpenedJobs {
  readonly reader: JobReader;
  /** The reader's jobs in order of arrival, before any load control. */
  readonly inOrder: JobStream;
}

/** Throws InputError when the file is not of the format. */
export function openJobs(
  format: TraceFormatName,
  bytes: ByteSource,
  name: string,
  options: TraceOptions = {},
): OpenedJobs {
  const settings = options.settings ?? settingsOf(format);
  const reader = traceFormat(format).open({
    bytes,
    name,
    settings,
    other: options.other ?? ((): null => null),
    seed: options.seed ?? 'podyard',
  });
  if (settings['reorder'] === undefined && settings['origin'] === undefined)
    return { reader, inOrder: new AsGiven(reader) };
  const window = settings['reorder'] === undefined ? 1 : numberOf(settings, 'reorder');
  const origin = settings['origin'] !== undefined && wordOf(settings, 'origin') === 'first' ? 'first' : 'zero';
  return { reader, inOrder: new InOrder(reader, { window, origin, file: name }) };
}

/** The jobs in order of arrival under the load. Throws InputError when the file is not of the format. */
export function openLoadedJobs(
  format: TraceFormatName,
  bytes: ByteSource,
  name: string,
  options: TraceOptions = {},
): { readonly reader: JobReader; readonly jobs: JobStream } {
  const { reader, inOrder } = openJobs(format, bytes, name, options);
  const jobs = new LoadControl(inOrder, { ...FULL_LOAD, ...loadOf(options) }, options.seed ?? 'podyard');
  return { reader, jobs };
}

/** Pods in order of arrival. Throws InputError when the file is not of the format; `next` throws it for a wrong row. */
export function openTrace(
  format: TraceFormatName,
  bytes: ByteSource,
  name: string,
  options: TraceOptions = {},
): TraceReader {
  return new PodsOfJobs(openLoadedJobs(format, bytes, name, options).jobs, name);
}

/** Reads a whole trace and returns its mistakes: the first hundred, then one entry with the number of the others. */
export function checkTrace(
  format: TraceFormatName,
  bytes: ByteSource,
  name: string,
  options: TraceOptions = {},
): readonly Problem[] {
  const problems = new ProblemList();
  try {
    const { inOrder } = openJobs(format, bytes, name, options);
    while (!problems.isOverfull && inOrder.next(problems) !== null);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    // Where the file itself is damaged, its rows are no mistakes of the user.
    if (error.problems.every((problem) => problem.line === undefined)) return error.problems;
    for (const problem of error.problems) problems.add(problem);
  }
  return problems.all(name);
}

function loadOf({ compress, fromMicros, toMicros, sample, clones, scale }: TraceOptions): Partial<TraceLoad> {
  return {
    ...(compress === undefined ? {} : { compress }),
    ...(fromMicros === undefined ? {} : { fromMicros }),
    ...(toMicros === undefined ? {} : { toMicros }),
    ...(sample === undefined ? {} : { sample }),
    ...(clones === undefined ? {} : { clones }),
    ...(scale === undefined ? {} : { scale }),
  };
}
