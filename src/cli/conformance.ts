/** `podyard conformance`: recorded answers of the real scheduler, controllers and API server against ours. */
import type { Command, CommandContext } from './command.ts';
import type { GivenOptions } from './options.ts';

export const CONFORMANCE: Command = {
  usage: 'conformance <paths..>',
  summary: 'Replay recorded answers of the real Kubernetes and tell every difference',
  positionals: [{ name: 'paths', describe: 'Recordings (.jsonl, .jsonl.gz), or folders that hold some' }],
  options: {
    output: { kind: 'text', alias: 'o', choices: ['table', 'json'], fallback: 'table', describe: 'What to print' },
    differences: { kind: 'number', atLeast: 0, fallback: '10', describe: 'Differences shown in full' },
    traces: { kind: 'text', describe: 'Folder of the openb lists, for published curves of GPU sharing' },
    plain: { kind: 'flag', describe: "Without the scheduler's caches: slower, the same decisions" },
    quiet: { kind: 'flag', alias: 'q', describe: 'No progress' },
  },
  examples: [['$0 conformance recordings/', 'exit code 0 only if every decision is equal']],
  async run(given: GivenOptions, context: CommandContext): Promise<number> {
    const { executeConformance } = await import('./execute-conformance.ts');
    return executeConformance(given, context);
  },
};
