/** `podyard plugins`: which scheduler plugins there are, and what they take. */
import { DEFAULT_KUBERNETES_VERSION } from '../cluster/kubernetes-versions.ts';
import type { Command, CommandContext } from './command.ts';
import { EXIT_OK } from './command.ts';
import type { GivenOptions } from './options.ts';
import { RUN_OPTIONS } from './options.ts';

export const PLUGINS: Command = {
  usage: 'plugins',
  summary: 'List scheduler plugins with their extension points, arguments and defaults',
  positionals: [],
  options: {
    output: {
      kind: 'text',
      alias: 'o',
      choices: ['table', 'json', 'yaml'],
      fallback: 'table',
      describe: 'What to print',
    },
    kubernetes: {
      ...RUN_OPTIONS['kubernetes'],
      describe: `Of which version of Kubernetes. Default: ${DEFAULT_KUBERNETES_VERSION}`,
    },
    plugin: RUN_OPTIONS['plugin'],
  },
  examples: [['$0 plugins --plugin ./my-score.ts', 'also your own']],
  async run(given: GivenOptions, context: CommandContext): Promise<number> {
    const { pluginsText } = await import('./plugin-list.ts');
    context.terminal.out(await pluginsText(given, context.terminal));
    return EXIT_OK;
  },
};
