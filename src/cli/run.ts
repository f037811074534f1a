/** `podyard run`: one scenario, one result. */
import type { Command, CommandContext } from './command.ts';
import type { GivenOptions } from './options.ts';
import { RUN_OPTIONS } from './options.ts';
import { experimentIn } from './experiment-file.ts';

export const RUN: Command = {
  usage: 'run <scenario>',
  summary: 'Run a scenario and print what happened',
  positionals: [{ name: 'scenario', describe: 'Scenario file (YAML or JSON); - reads standard input' }],
  options: {
    ...RUN_OPTIONS,
    keep: {
      kind: 'flag',
      describe: 'With --out: keep what explain and diff then answer from, in place of playing again',
    },
    jobs: {
      kind: 'number',
      atLeast: 1,
      describe: 'Runs of an experiment at one time, each on a thread; as many as there are cores',
    },
  },
  examples: [
    ['$0 run my-cluster.yaml', 'a table'],
    ['$0 run my-cluster.yaml --seed 7 --out out/seven', 'tables, CSV and a page with plots in a folder'],
    ['$0 run my-cluster.yaml --out out/kept --keep', 'for quick answers: podyard explain out/kept web-0-5587b49ccd-3'],
    ['$0 run my-cluster.yaml --set nodePools[general].count=50 -o json', 'another cluster size, as JSON'],
    ['$0 run my-cluster.yaml --scheduler pack.yaml', 'under another KubeSchedulerConfiguration'],
    ['$0 run my-cluster.yaml --plugin ./my-score.ts', 'with a plugin of your own'],
  ],
  async run(given: GivenOptions, context: CommandContext): Promise<number> {
    const experiment = await experimentIn(given.positional('scenario'));
    if (experiment !== null) {
      const { executeInflation } = await import('./execute-inflation.ts');
      return executeInflation(experiment.text, experiment.name, given, context);
    }
    const { readScenarioFor } = await import('./scenario-input.ts');
    const { executeRun } = await import('./execute-run.ts');
    const source = await readScenarioFor(given.positional('scenario'), given, context);
    return executeRun({ ...source, given, context });
  },
};
