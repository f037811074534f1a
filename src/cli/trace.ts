/** `podyard trace`: what a trace holds, the same as a table of our own, and a generator fitted to it. */
import { TRACE_FORMAT_NAMES } from '../workload/traces/catalog.ts';
import type { Command, CommandContext } from './command.ts';
import { EXIT_OK } from './command.ts';
import type { GivenOptions, OptionTable } from './options.ts';
import { LOAD_OPTIONS } from './trace-options.ts';

const TRACE_FILE = { name: 'file', describe: 'Trace of any format, gzip and Parquet accepted; - for standard input' };

const TRACE_OPTIONS: OptionTable = {
  format: {
    kind: 'text',
    choices: TRACE_FORMAT_NAMES,
    describe: 'Format of the trace. Default: as its first lines look',
  },
  setting: { kind: 'list', describe: 'Setting of the format, docs/formats/traces.md: name=value; repeatable' },
  with: { kind: 'list', describe: 'Further file of the trace: role=path; repeatable' },
  ...LOAD_OPTIONS,
  seed: { kind: 'text', describe: 'Root of every random stream, any text' },
};

const INFO: Command = {
  usage: 'info <file>',
  summary: 'Tell what a trace holds: rows, span, sizes, run times, what is missing or bent',
  positionals: [TRACE_FILE],
  options: {
    ...TRACE_OPTIONS,
    output: { kind: 'text', alias: 'o', choices: ['table', 'json'], fallback: 'table', describe: 'What to print' },
  },
  examples: [['$0 trace info KTH-SP2-1996-2.swf', 'its jobs, and the rows that need a rule']],
  async run(given: GivenOptions, context: CommandContext): Promise<number> {
    const { traceInfo } = await import('./execute-trace.ts');
    return traceInfo(given, context);
  },
};

const CONVERT: Command = {
  usage: 'convert <file>',
  summary: "Write a trace as a table in Podyard's own format (CSV)",
  positionals: [TRACE_FILE],
  options: {
    ...TRACE_OPTIONS,
    out: { kind: 'text', describe: 'Where to write it; packed when it ends with .gz. Default: standard output' },
    force: { kind: 'flag', describe: 'Replace the file' },
  },
  examples: [['$0 trace convert philly.csv --out pods.csv.gz', 'then podyard replay csv pods.csv.gz']],
  async run(given: GivenOptions, context: CommandContext): Promise<number> {
    const { traceConvert } = await import('./execute-trace.ts');
    return traceConvert(given, context);
  },
};

const FIT: Command = {
  usage: 'fit <file>',
  summary: 'Fit a generator to a trace: arrivals by hour, sizes, run times; and tell how well it fits',
  positionals: [TRACE_FILE],
  options: {
    ...TRACE_OPTIONS,
    cycle: {
      kind: 'text',
      choices: ['day', 'week', 'none'],
      fallback: 'day',
      describe: 'After how long the arrival rates by hour repeat; none: every hour of the trace has its own',
    },
    out: { kind: 'text', required: true, describe: 'Folder for the scenario, the picture of the fit and its numbers' },
    force: { kind: 'flag', describe: 'Replace the folder of an earlier fit' },
    output: { kind: 'text', alias: 'o', choices: ['table', 'json'], fallback: 'table', describe: 'What to print' },
  },
  examples: [
    ['$0 trace fit philly.csv --cycle week --out philly-fit', 'a scenario whose jobs are like those of the trace'],
  ],
  async run(given: GivenOptions, context: CommandContext): Promise<number> {
    const { traceFit } = await import('./execute-trace-fit.ts');
    return traceFit(given, context);
  },
};

export const TRACE: Command = {
  usage: 'trace',
  summary: 'Look at a recorded trace, convert it, or fit a generator to it',
  positionals: [],
  options: {},
  examples: [],
  subcommands: [INFO, CONVERT, FIT],
  run: () => Promise.resolve(EXIT_OK),
};
