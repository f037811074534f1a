/** `podyard perf`: upstream's scheduler benchmark, file by file as it is, on our scheduler. */
import type { Command, CommandContext } from './command.ts';
import type { GivenOptions } from './options.ts';

export const PERF: Command = {
  usage: 'perf <files..>',
  summary: "Play upstream's scheduler_perf files and tell decisions per second",
  positionals: [{ name: 'files', describe: 'performance-config.yaml files; templates are found beside them' }],
  options: {
    case: { kind: 'list', describe: 'Only test cases of this name; repeatable' },
    workload: { kind: 'list', describe: 'Only workloads of this name; repeatable' },
    label: { kind: 'list', describe: 'Only workloads with this label, or with --label=-NAME without it; repeatable' },
    plain: { kind: 'flag', describe: "Without the scheduler's caches: slower, the same decisions" },
    runs: {
      kind: 'number',
      atLeast: 1,
      describe:
        'Runs of each workload; the first of several warms up, the fastest of the others counts. Default: 2 to 20, ' +
          'as many as fit into 3 s',
    },
    output: {
      kind: 'text',
      alias: 'o',
      choices: ['table', 'json', 'scheduler-perf'],
      fallback: 'table',
      describe: 'What to print',
    },
    quiet: { kind: 'flag', alias: 'q', describe: 'No progress' },
  },
  examples: [
    ['$0 perf misc/performance-config.yaml --label performance', 'the workloads that upstream measures'],
    ['$0 perf misc/performance-config.yaml --case SchedulingBasic --workload 500Nodes -o json', 'one of them, as JSON'],
  ],
  async run(given: GivenOptions, context: CommandContext): Promise<number> {
    const { executePerf } = await import('./execute-perf.ts');
    return executePerf(given, context);
  },
};
