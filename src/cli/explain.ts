/** Why a run went as it did: `podyard explain`, of one pod, and `podyard diff`, of where two runs part. */
import type { Command, CommandContext } from './command.ts';
import type { GivenOptions } from './options.ts';
import { RUN_OPTIONS } from './options.ts';

export const EXPLAIN: Command = {
  usage: 'explain <scenario> <pod>',
  summary: 'Tell why a pod of a run got its node: verdict and scores of every node',
  positionals: [
    { name: 'scenario', describe: 'Scenario file, or the --out folder of its run; - reads standard input' },
    { name: 'pod', describe: 'Name of the pod, or namespace/name' },
  ],
  options: {
    at: { kind: 'text', value: 'TIME', describe: 'Its last decision up to then, such as 90m; without, its last one' },
    last: { kind: 'flag', describe: 'Its last decision: the default' },
    sort: {
      kind: 'text',
      choices: ['total', 'node', 'verdict', 'scheduler'],
      fallback: 'total',
      describe: "Order of the nodes; scheduler: its own",
    },
    limit: { kind: 'number', atLeast: 1, fallback: '20', describe: 'Nodes shown in the table' },
    counterfactual: {
      kind: 'text', value: 'FILE', describe: 'KubeSchedulerConfiguration: where would it have put the pod?',
    },
    output: {
      kind: 'text', alias: 'o', choices: ['table', 'json', 'csv'], fallback: 'table', describe: 'What to print',
    },
    seed: RUN_OPTIONS['seed'],
    kubernetes: RUN_OPTIONS['kubernetes'],
    set: RUN_OPTIONS['set'],
    scheduler: RUN_OPTIONS['scheduler'],
    plugin: RUN_OPTIONS['plugin'],
  },
  examples: [
    ['$0 explain my-cluster.yaml web-0-5587b49ccd-3', 'why here, why not there'],
    ['$0 explain my-cluster.yaml web-0-5587b49ccd-3 --at 2h --sort verdict -o csv', 'as it stood after two hours'],
    ['$0 explain out/kept web-0-5587b49ccd-3', 'of a run that was played with --keep: at once'],
    [
      '$0 explain my-cluster.yaml web-0-5587b49ccd-3 --counterfactual pack.yaml',
      'where another configuration would put it',
    ],
  ],
  async run(given: GivenOptions, context: CommandContext): Promise<number> {
    const { executeExplain } = await import('./execute-explain.ts');
    return executeExplain(given, context);
  },
};

export const DIFF: Command = {
  usage: 'diff <a> <b>',
  summary: 'Find the first decision in which two runs part, and tell why',
  positionals: [
    { name: 'a', describe: 'Scenario file, or the --out folder of its run' },
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
