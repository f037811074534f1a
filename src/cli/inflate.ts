/** `podyard inflate`: how many more of a pod fit a cluster, and what ends it on each node. */
import type { Command, CommandContext } from './command.ts';
import type { GivenOptions } from './options.ts';
import { ASKED_OUTPUT, CLUSTER_POSITIONAL, MOMENT_OPTIONS } from './whatif.ts';

export const INFLATE: Command = {
  usage: 'inflate <cluster> <files..>',
  summary: 'Count how many more of a pod fit a cluster, and tell what ends it on each node',
  positionals: [CLUSTER_POSITIONAL, { name: 'files', describe: 'Manifests of what is added again and again' }],
  options: {
    max: { kind: 'number', atLeast: 1, fallback: '100000', describe: 'How far to count' },
    ...MOMENT_OPTIONS,
    ...ASKED_OUTPUT,
  },
  examples: [
    ['$0 inflate dump.yaml web.yaml', 'until the scheduler finds no node'],
    ['$0 inflate dump.yaml web.yaml --max 50 -o json', 'whether 50 fit'],
  ],
  async run(given: GivenOptions, context: CommandContext): Promise<number> {
    const { executeInflate } = await import('./execute-whatif.ts');
    return executeInflate(given, context);
  },
};
