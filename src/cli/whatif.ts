/** Questions about a cluster at one moment: `podyard whatif`, `inflate` and `compact`. */
import type { Command, CommandContext } from './command.ts';
import type { GivenOptions, OptionTable } from './options.ts';
import { RUN_OPTIONS } from './options.ts';

/** Options of every question about a cluster at one moment. */
export const MOMENT_OPTIONS: OptionTable = {
  at: { kind: 'text', value: 'TIME', describe: 'Moment of a scenario, such as 90m; without it, its first instant' },
  'ignore-pending': { kind: 'flag', describe: 'Leave out pods of the cluster that wait for a node' },
  seed: RUN_OPTIONS['seed'],
  kubernetes: RUN_OPTIONS['kubernetes'],
  set: RUN_OPTIONS['set'],
  scheduler: RUN_OPTIONS['scheduler'],
  plugin: RUN_OPTIONS['plugin'],
  plain: RUN_OPTIONS['plain'],
};

export const ASKED_OUTPUT: OptionTable = {
  output: { kind: 'text', alias: 'o', choices: ['table', 'json'], fallback: 'table', describe: 'What to print' },
};

export const CLUSTER_POSITIONAL = {
  name: 'cluster',
  describe:
    'What kubectl get nodes,pods,... -A -o yaml prints, in a file or folder, or a scenario; - reads standard input',
};

export const WHATIF: Command = {
  usage: 'whatif <cluster> <files..>',
  summary: 'Tell whether pods fit a cluster now, on which nodes, and whom they would evict',
  positionals: [
    CLUSTER_POSITIONAL,
    { name: 'files', describe: 'Manifests of the pods, Deployments, Jobs, ... in question; Nodes join the cluster' },
  ],
  options: {
    max: { kind: 'number', atLeast: 0, fallback: '1000', describe: 'How far to count what would fit besides' },
    ...MOMENT_OPTIONS,
    ...ASKED_OUTPUT,
  },
  examples: [
    ['$0 whatif dump.yaml web.yaml', 'does it fit: exit code 0, or 3 when not every pod gets a node at once'],
    ['$0 whatif my-cluster.yaml web.yaml --at 12h', 'in the middle of a run'],
  ],
  async run(given: GivenOptions, context: CommandContext): Promise<number> {
    const { executeWhatIf } = await import('./execute-whatif.ts');
    return executeWhatIf(given, context);
  },
};

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
