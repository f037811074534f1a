/** `podyard diff`: the first decision in which two runs part, and why. */
import type { Command, CommandContext } from './command.ts';
import type { GivenOptions } from './options.ts';
import { RUN_OPTIONS } from './options.ts';

export const DIFF: Command = {
  usage: 'diff <a> <b>',
  summary: 'Find the first decision in which two runs part, and tell why',
  positionals: [
    { name: 'a', describe: 'Scenario file (YAML or JSON)' },
    { name: 'b', describe: 'Another one, or a KubeSchedulerConfiguration for the same scenario' },
  ],
  options: {
    output: { kind: 'text', alias: 'o', choices: ['table', 'json'], fallback: 'table', describe: 'What to print' },
    seed: RUN_OPTIONS['seed'],
    kubernetes: RUN_OPTIONS['kubernetes'],
    set: RUN_OPTIONS['set'],
    plugin: RUN_OPTIONS['plugin'],
  },
  examples: [
    ['$0 diff my-cluster.yaml pack.yaml', 'the same scenario under another configuration'],
    ['$0 diff before.yaml after.yaml', 'two scenarios'],
  ],
  async run(given: GivenOptions, context: CommandContext): Promise<number> {
    const { executeDiff } = await import('./execute-diff.ts');
    return executeDiff(given, context);
  },
};
