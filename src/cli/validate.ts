/** `podyard validate`: reads scenarios with everything they name, and says what they resolve to. */
import type { Command, CommandContext } from './command.ts';
import { EXIT_OK, EXIT_USAGE } from './command.ts';
import type { GivenOptions } from './options.ts';
import { experimentIn } from './experiment-file.ts';
import { RUN_OPTIONS } from './options.ts';

const FORMATS = ['table', 'yaml'] as const;

export const VALIDATE: Command = {
  usage: 'validate <scenarios..>',
  summary: 'Check scenarios and the files they name, without running them',
  positionals: [{ name: 'scenarios', describe: 'Scenario files; - reads standard input' }],
  options: {
    seed: RUN_OPTIONS['seed'],
    kubernetes: RUN_OPTIONS['kubernetes'],
    set: RUN_OPTIONS['set'],
    scheduler: RUN_OPTIONS['scheduler'],
    plugin: RUN_OPTIONS['plugin'],
    output: {
      kind: 'text',
      alias: 'o',
      choices: FORMATS,
      fallback: 'table',
      describe: 'table: a summary; yaml: the scenario with every default',
    },
  },
  examples: [
    ['$0 validate my-cluster.yaml', 'every mistake with file, line and column'],
    ['$0 validate my-cluster.yaml -o yaml', 'the scenario with every default written out'],
  ],
  async run(given: GivenOptions, context: CommandContext): Promise<number> {
    const { InputError } = await import('../base/input-error.ts');
    const { checkedScenario, summaryOf } = await import('./scenario-summary.ts');
    const { explainScenario } = await import('../simulation/scenario-explain.ts');
    const { tellFailure } = await import('./failures.ts');
    let exitCode = EXIT_OK;
    for (const [index, path] of given.positionals('scenarios').entries()) {
      try {
        const experiment = await experimentIn(path);
        if (experiment !== null) {
          const { inflationSummary } = await import('./execute-inflation.ts');
          context.terminal.out(await inflationSummary(experiment.text, experiment.name, given));
          continue;
        }
        const scenario = await checkedScenario(path, given, context);
        const isYaml = given.text('output') === 'yaml';
        if (isYaml && index > 0) context.terminal.out('---\n');
        context.terminal.out(isYaml ? explainScenario(scenario) : summaryOf(path, scenario, context.terminal));
      } catch (error) {
        if (!(error instanceof InputError)) throw error;
        tellFailure(error, context);
        exitCode = EXIT_USAGE;
      }
    }
    return exitCode;
  },
};
