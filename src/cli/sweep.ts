/** `podyard sweep`: parameters x variants x seeds, each run a file, so that a sweep goes on after any kill. */
import type { Command, CommandContext } from './command.ts';
import { EXIT_OK } from './command.ts';
import type { GivenOptions, OptionSpec, OptionTable } from './options.ts';
import { RUN_OPTIONS } from './options.ts';

const FOLDER = { name: 'folder', describe: 'Folder of a sweep, as --out of podyard sweep run names it' };

const REPORT_OPTIONS: OptionTable = {
  metric: {
    kind: 'list',
    value: 'METRIC',
    describe: "Show these metrics, not the sweep's; * for anything; repeatable",
  },
  pareto: {
    kind: 'text',
    value: 'METRIC,METRIC',
    describe: 'Mark rows that no other beats in one metric without losing in the other: cost,queueWait.p99',
  },
  output: { kind: 'text', alias: 'o', choices: ['table', 'json', 'csv'], fallback: 'table', describe: 'What to print' },
};

const PATIENCE_OPTION: OptionSpec = {
  kind: 'number',
  atLeast: 1,
  value: 'SECONDS',
  fallback: '60',
  describe: 'A cell whose plugin does not come back from a call for so long has failed',
};

const REDIS_OPTION: OptionSpec = {
  kind: 'text',
  value: 'URL',
  describe: 'Redis or Valkey that holds the queue, such as redis://localhost:6379',
};

const RUN: Command = {
  usage: 'run <file>',
  summary: 'Run all cells of a sweep that have not run yet, and report',
  positionals: [{ name: 'file', describe: 'Sweep file, docs/sweep.md' }],
  options: {
    out: {
      kind: 'text',
      value: 'FOLDER',
      required: true,
      describe: 'Folder of the sweep; what is there already stays',
    },
    jobs: {
      kind: 'number',
      atLeast: 1,
      describe: 'Cells at one time, each on a thread. Default: as many as processors',
    },
    shard: {
      kind: 'text',
      value: 'I/N',
      describe: 'Only part I of N, from 1/N to N/N; podyard sweep merge joins parts',
    },
    force: { kind: 'flag', describe: 'Take a folder of another sweep: cells that both have are kept' },
    engine: {
      kind: 'text',
      choices: ['threads', 'bullmq'],
      fallback: 'threads',
      describe: 'Who plays the cells: threads of this process, or podyard worker by a BullMQ queue',
    },
    redis: REDIS_OPTION,
    patience: PATIENCE_OPTION,
    ...REPORT_OPTIONS,
    plain: RUN_OPTIONS['plain'],
    progress: RUN_OPTIONS['progress'],
    quiet: RUN_OPTIONS['quiet'],
  },
  examples: [
    ['$0 sweep run sweep.yaml --out out/sweep', 'the same again goes on where it was'],
    ['$0 sweep sweep.yaml --out out/sweep', 'for short'],
    ['$0 sweep run sweep.yaml --out out/part-2 --shard 2/3', 'the second of three machines'],
    ['$0 sweep run sweep.yaml --out out/sweep --engine bullmq --redis redis://queue:6379', 'by podyard worker'],
  ],
  async run(given: GivenOptions, context: CommandContext): Promise<number> {
    const { sweepRun } = await import('./execute-sweep.ts');
    return sweepRun(given, context);
  },
};

const STATUS: Command = {
  usage: 'status <folder>',
  summary: 'Tell how many cells of a sweep have run, and which have failed',
  positionals: [FOLDER],
  options: { output: { ...REPORT_OPTIONS['output'], choices: ['table', 'json'] } },
  examples: [['$0 sweep status out/sweep', 'while it runs, too']],
  async run(given: GivenOptions, context: CommandContext): Promise<number> {
    const { sweepStatus } = await import('./execute-sweep-folders.ts');
    return sweepStatus(given, context);
  },
};

const REPORT: Command = {
  usage: 'report <folder>',
  summary: 'Print a row for each point and variant, and which parameter moves which metric',
  positionals: [FOLDER],
  options: REPORT_OPTIONS,
  examples: [
    ['$0 sweep report out/sweep --pareto cost,queueWait.p99', 'what is worth its price'],
    ["$0 sweep report out/sweep --metric '*' -o csv", 'everything, for a spreadsheet'],
  ],
  async run(given: GivenOptions, context: CommandContext): Promise<number> {
    const { sweepReportOf } = await import('./execute-sweep-folders.ts');
    return sweepReportOf(given, context);
  },
};

const COLLECT: Command = {
  usage: 'collect <folders..>',
  summary: 'Print every run of a sweep with all that it measured, for a notebook',
  positionals: [{ name: 'folders', describe: 'Folder of a sweep, or folders of its parts' }],
  options: {
    metric: { kind: 'list', value: 'METRIC', describe: 'Only these metrics; * for anything; repeatable' },
    output: { ...REPORT_OPTIONS['output'], choices: ['csv', 'json'], fallback: 'csv' },
  },
  examples: [
    ['$0 sweep collect out/sweep > runs.csv', 'a row a run: parameters, variant, seed, metrics, digest'],
    ["$0 sweep collect part-1 part-2 --metric 'queueWait.*' -o json", 'of parts that are not joined'],
  ],
  async run(given: GivenOptions, context: CommandContext): Promise<number> {
    const { sweepCollect } = await import('./execute-sweep-folders.ts');
    return sweepCollect(given, context);
  },
};

const MERGE: Command = {
  usage: 'merge <folders..>',
  summary: 'Join the folders of the parts of a sweep',
  positionals: [{ name: 'folders', describe: 'Folders of parts of one sweep' }],
  options: {
    out: {
      kind: 'text',
      value: 'FOLDER',
      required: true,
      describe: 'Folder of the whole sweep; it may be there already',
    },
    quiet: RUN_OPTIONS['quiet'],
  },
  examples: [['$0 sweep merge part-1 part-2 part-3 --out whole', 'the same files as of one machine']],
  async run(given: GivenOptions, context: CommandContext): Promise<number> {
    const { sweepMerge } = await import('./execute-sweep-folders.ts');
    return sweepMerge(given, context);
  },
};

export const SWEEP: Command = {
  usage: 'sweep',
  summary: 'Run a scenario with many values of its fields: a table, what moves what, the best trade-offs',
  positionals: [],
  options: {},
  examples: [['$0 sweep sweep.yaml --out out/sweep', 'the same as podyard sweep run']],
  subcommands: [RUN, STATUS, REPORT, COLLECT, MERGE],
  run: () => Promise.resolve(EXIT_OK),
};

/** Plays cells that another process asks for. */
export const WORKER: Command = {
  usage: 'worker <file>',
  summary: 'Play cells of a sweep that podyard sweep run --engine bullmq asks for, on any machine',
  positionals: [{ name: 'file', describe: 'Sweep file, with the same files beside it as where the sweep is run' }],
  options: {
    redis: { ...REDIS_OPTION, required: true },
    jobs: {
      kind: 'number',
      atLeast: 1,
      describe: 'Cells at one time, each on a thread. Default: as many as processors',
    },
    patience: PATIENCE_OPTION,
    plain: RUN_OPTIONS['plain'],
    quiet: RUN_OPTIONS['quiet'],
  },
  examples: [['$0 worker sweep.yaml --redis redis://queue:6379', 'ends when the sweep is done']],
  async run(given: GivenOptions, context: CommandContext): Promise<number> {
    const { workOn } = await import('./execute-worker.ts');
    return workOn(given, context);
  },
};
