/** `podyard compare`: two variants of a scenario on the same arrivals, sizes and failures. */
import type { Command, CommandContext } from './command.ts';
import type { GivenOptions } from './options.ts';
import { RUN_OPTIONS } from './options.ts';
import { COMPARED_TRACE } from './replay.ts';

const VARIANT = 'KubeSchedulerConfiguration, or a change as for --set, such as kubernetes=1.36; repeatable';

export const COMPARE: Command = {
  usage: 'compare [scenario]',
  summary: 'Compare two scheduler configurations, versions or other variants on the same arrivals, sizes and failures',
  positionals: [{ name: 'scenario', describe: 'Scenario file; - reads standard input; with --replay csv the trace' }],
  options: {
    a: { kind: 'list', value: 'FILE|PATH=VALUE', required: true, describe: `Variant A: ${VARIANT}` },
    b: { kind: 'list', value: 'FILE|PATH=VALUE', required: true, describe: 'Variant B, likewise' },
    seeds: { kind: 'number', atLeast: 2, fallback: '10', describe: 'Pairs of runs, each with a seed of its own' },
    'seed-prefix': { kind: 'text', describe: 'Seeds are the prefix and 1, 2, 3, ...; without it the bare numbers' },
    jobs: { kind: 'number', atLeast: 1, fallback: '1', describe: 'Runs at one time, each on a thread of its own' },
    kubernetes: RUN_OPTIONS['kubernetes'],
    set: RUN_OPTIONS['set'],
    plugin: RUN_OPTIONS['plugin'],
    out: { kind: 'text', value: 'FOLDER', describe: 'Folder for comparison.json and comparison.csv' },
    force: RUN_OPTIONS['force'],
    output: {
      kind: 'text',
      alias: 'o',
      choices: ['table', 'json', 'csv'],
      fallback: 'table',
      describe: 'What to print',
    },
    plain: RUN_OPTIONS['plain'],
    progress: RUN_OPTIONS['progress'],
    quiet: RUN_OPTIONS['quiet'],
    ...COMPARED_TRACE,
  },
  examples: [
    ['$0 compare my-cluster.yaml --a spread.yaml --b pack.yaml', 'ten pairs of runs'],
    [
      '$0 compare my-cluster.yaml --a kubernetes=1.36 --b kubernetes=1.37',
      'what another version of Kubernetes changes',
    ],
    [
      '$0 compare my-cluster.yaml --a a.yaml --b b.yaml --seeds 30 --jobs 4 -o csv',
      'thirty pairs, four runs at a time',
    ],
    [
      '$0 compare --replay openb --nodes nodes.csv --pods pods.csv --compress 400 --a a.yaml --b b.yaml --seeds 2',
      'on a recorded trace',
    ],
    [
      '$0 compare pods.csv --replay csv --node-pool count=100,cpu=16,memory=64Gi --a a.yaml --b b.yaml',
      "on one of Podyard's own format",
    ],
  ],
  async run(given: GivenOptions, context: CommandContext): Promise<number> {
    const { executeComparison } = await import('./execute-comparison.ts');
    return executeComparison(given, context);
  },
};
