/** `podyard compact`: how few of its nodes hold what a cluster holds. */
import type { Command, CommandContext } from './command.ts';
import type { GivenOptions } from './options.ts';
import { ASKED_OUTPUT, CLUSTER_POSITIONAL, MOMENT_OPTIONS } from './whatif.ts';

export const COMPACT: Command = {
  usage: 'compact <cluster>',
  summary: 'Find how few of its nodes hold what a cluster holds, over many orders of arrival',
  positionals: [CLUSTER_POSITIONAL],
  options: {
    trials: {
      kind: 'number',
      atLeast: 1,
      fallback: '11',
      describe: 'Orders of nodes and pods that are tried, each with a seed of its own: the seed and -1, -2, ...',
    },
    out: { kind: 'text', value: 'FILE', describe: 'Write the smallest cluster as a scenario to run' },
    force: { kind: 'flag', describe: 'Replace the file' },
    ...MOMENT_OPTIONS,
    ...ASKED_OUTPUT,
  },
  examples: [
    ['$0 compact dump.yaml', 'a distribution over 11 orders'],
    ['$0 compact dump.yaml --trials 50 --out small.yaml && $0 run small.yaml', 'the smallest one, run'],
  ],
  async run(given: GivenOptions, context: CommandContext): Promise<number> {
    const { executeCompact } = await import('./execute-compact.ts');
    return executeCompact(given, context);
  },
};
