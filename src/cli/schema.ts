/** `podyard schema`: the JSON Schema of scenarios, for editors and checkers. */
import type { Command, CommandContext } from './command.ts';
import { EXIT_OK } from './command.ts';
import type { GivenOptions } from './options.ts';

export const SCHEMA: Command = {
  usage: 'schema',
  summary: 'Print the JSON Schema of scenario files',
  positionals: [],
  options: {},
  examples: [['$0 schema > scenario.schema.json', 'for an editor that completes and checks YAML']],
  async run(_given: GivenOptions, context: CommandContext): Promise<number> {
    const { scenarioJsonSchema } = await import('../simulation/scenario-schema.ts');
    context.terminal.out(`${JSON.stringify(scenarioJsonSchema(), null, 2)}\n`);
    return EXIT_OK;
  },
};
