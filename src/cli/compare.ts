/**
 * `podyard compare`: variants of a scenario on the same arrivals, sizes and failures. `podyard report`: one page over
 * what that and other commands wrote.
 */
import type { Command, CommandContext } from './command.ts';
import type { GivenOptions, OptionTable } from './options.ts';
import { RUN_OPTIONS } from './options.ts';
import { COMPARED_TRACE } from './replay.ts';

const VARIANT = 'KubeSchedulerConfiguration, plugin or file with fields of a scenario, or a change as for --set';

/** Further variants; what they may be stands at `--a`. */
const FURTHER: OptionTable = Object.fromEntries(
  ['c', 'd', 'e', 'f', 'g'].map((option) => [
    option,
    { kind: 'list', value: 'FILE|PATH=VALUE', describe: `Variant ${option.toUpperCase()}, likewise` },
  ]),
);

export const COMPARE: Command = {
  usage: 'compare [scenario]',
  summary: 'Compare scheduler configurations, versions or other variants on the same arrivals, sizes and failures',
  positionals: [{ name: 'scenario', describe: 'Scenario file; - reads standard input; with --replay csv the trace' }],
  options: {
    a: {
      kind: 'list', value: 'FILE|PATH=VALUE', required: true,
      describe: `Variant A, the base: ${VARIANT}; repeatable`,
    },
    b: { kind: 'list', value: 'FILE|PATH=VALUE', required: true, describe: 'Variant B, likewise' },
    ...FURTHER,
    variant: {
      kind: 'list', value: 'FILE|PATH=VALUE',
      describe: 'One more variant each time; commas between its parts',
    },
    seeds: {
      kind: 'number', atLeast: 2,
      describe: 'Runs of each variant, each with a seed of its own (10); with --until the most (200)',
    },
    until: {
      kind: 'list', value: "'METRIC:±N%'",
      describe: 'Add seeds until the interval of the difference is so narrow: queueWait.p99:±3%; repeatable',
    },
    metric: { kind: 'list', value: 'METRIC', describe: 'Compare these metrics only, * for anything; repeatable' },
    margin: { kind: 'text', value: 'N%', fallback: '1%', describe: 'What counts as equal for practical purposes' },
    'fail-if': {
      kind: 'list', value: "'METRIC:+N%'",
      describe: 'Exit with 99 when a variant is shown to be beyond that of A: cost:+2%; repeatable',
    },
    'seed-prefix': { kind: 'text', describe: 'Seeds are the prefix and 1, 2, 3, ...; without it the bare numbers' },
    jobs: { kind: 'number', atLeast: 1, fallback: '1', describe: 'Runs at one time, each on a thread of its own' },
    kubernetes: RUN_OPTIONS['kubernetes'],
    set: RUN_OPTIONS['set'],
    plugin: RUN_OPTIONS['plugin'],
    out: { kind: 'text', value: 'FOLDER', describe: 'Folder for comparison.json, comparison.csv, runs.json' },
    force: RUN_OPTIONS['force'],
    output: {
      kind: 'text',
      alias: 'o',
      choices: ['table', 'json', 'csv', 'markdown', 'benchstat'],
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
    ["$0 compare my-cluster.yaml --a a.yaml --b b.yaml --until 'queueWait.p99:±3%'", 'as many as it takes'],
    ["$0 compare my-cluster.yaml --a a.yaml --b b.yaml --fail-if 'cost:+2%'", 'a gate for CI: exit code 99'],
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
